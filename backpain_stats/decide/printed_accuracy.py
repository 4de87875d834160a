"""Pooled sensitivity and specificity as a review prints them, as a source of decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit, ndtri

from backpain_stats.checks import check_count, check_level, real_number
from backpain_stats.errors import ArgumentError
from backpain_stats.published import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PrintedAccuracy", "printed_accuracy"]

# A printed 0 or 1 has no logit: the draws stop one in a million before it.
NEAREST = 1e-6
# Draws this near to an end, in shares of the half interval, are the end itself: so whatever the
# sample, its interval is the printed one, and no count is off by the last digit of a quantile.
SNAP = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class PrintedAccuracy:
    """Accuracy known from two printed estimates with their intervals.

    Made by :func:`printed_accuracy`, which checks what it is given.

    Parameters
    ----------
    printed : numpy.ndarray
        Shape (2, 3): sensitivity and specificity, each with the ends of its interval.
    labels : mapping of str to Any
        What it is.
    level : float
        Level of the intervals.
    studies : int
        How many studies were pooled.
    n, n_cases : int or None
        Patients and cases in all of them together.
    tables : int
        How many 2x2 tables are possible; always 1 here.
    basis : str
        What the draws rest on, in words.

    Examples
    --------
    >>> printed_accuracy((0.97, 0.91, 0.99), (0.90, 0.83, 0.94)).sensitivity
    0.97
    """

    printed: NDArray[np.float64]
    labels: Mapping[str, Any]
    level: float = 0.95
    studies: int = 1
    n: int | None = None
    n_cases: int | None = None
    tables: int = 1
    basis: str = "split normal distribution of the printed logits"

    @property
    def sensitivity(self) -> float:
        """Printed sensitivity."""
        return float(self.printed[0, 0])

    @property
    def specificity(self) -> float:
        """Printed specificity."""
        return float(self.printed[1, 0])

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        steps = ndtri(uniform[:, 1:3]) / ndtri((1 + self.level) / 2)
        steps = np.where(np.abs(np.abs(steps) - 1) < SNAP, np.sign(steps), steps)
        point, low, high = logit(np.clip(self.printed, NEAREST, 1 - NEAREST)).T
        logits = point + np.where(steps < 0, point - low, high - point) * steps
        return expit(logits[:, 0]), expit(logits[:, 1])


def printed_accuracy(
    sensitivity: Sequence[float],
    specificity: Sequence[float],
    *,
    flag: str = "pooled flag",
    studies: int = 1,
    n: int | None = None,
    n_cases: int | None = None,
    level: float = 0.95,
) -> PrintedAccuracy:
    r"""Return what a review prints of a pooled test, ready for a table or a decision.

    :func:`~backpain_stats.summary_of_findings`, :func:`~backpain_stats.natural_frequencies`,
    :func:`~backpain_stats.thresholds` and :func:`~backpain_stats.decision_curve` take it as they
    take a fit. With an estimate :math:`p` and its interval from :math:`l` to :math:`h`, the
    logit is drawn from two halves of a normal distribution that meet in
    :math:`\operatorname{logit} p`; one has :math:`l`, the other :math:`h` as its end of the
    interval.

    Parameters
    ----------
    sensitivity, specificity : sequence of three floats
        The estimate, the lower and the upper end, as fractions: ``(0.97, 0.91, 0.99)``.
    flag : str, default "pooled flag"
        What the test is called.
    studies : int, default 1
        How many studies were pooled.
    n, n_cases : int, optional
        Patients, and those with the condition, in all studies together.
    level : float, default 0.95
        Level of the printed intervals.

    Returns
    -------
    PrintedAccuracy
        With the printed intervals, to the digit.

    Raises
    ------
    ArgumentError
        If an estimate does not lie within its interval and between 0 and 1, or there are more
        cases than patients.

    Notes
    -----
    Sensitivity and specificity are drawn independently: two printed intervals do not say how
    they depend on each other. Not for the studies themselves, which
    :func:`~backpain_stats.fit_bivariate` pools, and not for a new practice, whose interval is
    wider.

    Examples
    --------
    Endoscopic ultrasound for stones in the bile duct, five studies
    (https://doi.org/10.1016/j.gie.2017.06.009):

    >>> from backpain_stats import summary_of_findings
    >>> eus = printed_accuracy((0.97, 0.91, 0.99), (0.90, 0.83, 0.94), flag="EUS", studies=5)
    >>> found = summary_of_findings(eus, 0.20)
    >>> found.frame["effect"].to_list()
    ['194 (182 to 198)', '6 (2 to 18)', '720 (664 to 752)', '80 (48 to 136)']
    """
    check_level(level)
    if check_count(studies, "studies") < 1:
        raise ArgumentError(f"studies is {studies!r}; at least 1 is needed")
    for name, number in (("n", n), ("n_cases", n_cases)):
        if number is not None:
            check_count(number, name)
    if n is not None and n_cases is not None and n_cases > n:
        raise ArgumentError(f"n_cases is {n_cases}, more than the {n} patients of n")
    printed = [_three(sensitivity, "sensitivity"), _three(specificity, "specificity")]
    labels = dict.fromkeys(LABELS) | {"flag_id": str(flag)}
    return PrintedAccuracy(np.array(printed), labels, level, studies, n, n_cases)


def _three(given: Sequence[float], name: str) -> list[float]:
    """Return an estimate and the ends of its interval as numbers."""
    several = list(given) if isinstance(given, Sequence | np.ndarray) else [given]
    numbers = [real_number(one) for one in several]
    if len(numbers) != 3 or not 0 <= numbers[1] <= numbers[0] <= numbers[2] <= 1:
        raise ArgumentError(
            f"{name} is {given!r}; give the estimate, the lower and the upper end as fractions, "
            "such as (0.97, 0.91, 0.99)"
        )
    return numbers
