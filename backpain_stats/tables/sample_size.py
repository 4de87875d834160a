"""How many patients a study of one or two tests needs for intervals of a stated width."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from backpain_stats.checks import check_choice, check_fraction, check_level, real_number
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.result import Result, Shown
from backpain_stats.tables.score import normal_quantile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SampleSize", "paired_sample_size", "sample_size"]

_Proportion = Literal["sensitivity", "specificity"]
_Measure = Literal["sensitivity", "specificity", "lr_positive", "lr_negative"]


@dataclass(frozen=True, slots=True, repr=False)
class SampleSize(Result):
    """What a study needs.

    Parameters
    ----------
    measure : str
    cases, noncases : int
        Patients with and without the target; those that the measure does not need are the ones
        that come along in a cohort.
    patients : int
        A cohort in which so many are expected.
    prevalence : float
    level : float
    method : str
    """

    measure: str
    cases: int
    noncases: int
    patients: int
    prevalence: float
    level: float
    method: str

    def to_frame(self) -> pd.DataFrame:
        """Return the same as one row."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def _shown(self) -> Shown:
        return Shown(
            f"{self.patients:,} patients ({self.cases:,} cases and {self.noncases:,} non-cases "
            f"expected at a prevalence of {self.prevalence:g}; {self.method})"
        )


def sample_size(
    measure: _Measure,
    *,
    prevalence: float,
    sensitivity: float | None = None,
    specificity: float | None = None,
    half_width: float | None = None,
    factor: float | None = None,
    level: float = 0.95,
) -> SampleSize:
    r"""Return the cohort that gives an interval of a stated width.

    For sensitivity, :math:`n_1 = z^2 Se (1 - Se) / d^2` cases give an interval of :math:`\pm d`
    (Buderer 1996); likewise specificity among non-cases. For LR+, the interval from the ratio
    divided by ``f`` to the ratio times ``f`` needs

    .. math:: n_1 = \frac{z^2}{(\log f)^2} \left(\frac{1 - Se}{Se} + \frac{\pi}{1 - \pi} \cdot
       \frac{Sp}{1 - Sp}\right)

    cases in a cohort with prevalence :math:`\pi` (Simel 1991), and for LR- the same with
    :math:`Se / (1 - Se)` and :math:`(1 - Sp) / Sp`.

    Parameters
    ----------
    measure : {"sensitivity", "specificity", "lr_positive", "lr_negative"}
    prevalence : float
        Expected share of cases.
    sensitivity, specificity : float, optional
        Expected; a ratio needs both.
    half_width : float, optional
        ``d``, for a proportion.
    factor : float, optional
        ``f``, above 1, for a ratio.
    level : float, optional

    Returns
    -------
    SampleSize

    Raises
    ------
    ArgumentError
        If a value is missing or not allowed.

    Notes
    -----
    Normal approximations: with fewer than about ten patients expected in a cell the interval that
    will be made differs. The width is reached on the average; the number of cases in a cohort
    varies.

    References
    ----------
    Buderer NM. Acad Emerg Med 1996;3:895-900, https://doi.org/10.1111/j.1553-2712.1996.tb03538.x;
    Simel DL, Samsa GP, Matchar DB. J Clin Epidemiol 1991;44:763-70,
    https://doi.org/10.1016/0895-4356(91)90128-v

    Examples
    --------
    >>> print(sample_size("sensitivity", sensitivity=0.8, half_width=0.1, prevalence=0.01))
    6,200 patients (62 cases and 6,138 non-cases expected at a prevalence of 0.01; normal
    approximation, half width 0.1)
    >>> sample_size("lr_positive", sensitivity=0.8, specificity=0.7, factor=1.5,
    ...             prevalence=0.2).patients
    100
    """
    check_choice(measure, "measure", ("sensitivity", "specificity", "lr_positive", "lr_negative"))
    check_fraction(prevalence, "prevalence")
    z = normal_quantile(check_level(level))
    given = {"sensitivity": sensitivity, "specificity": specificity}
    if measure in ("sensitivity", "specificity"):
        expected = _needed(given[measure], measure, measure)
        d = _needed(half_width, "half_width", measure)
        needed = z**2 * expected * (1 - expected) / d**2
        return _cohort(measure, needed, prevalence, level, f"half width {d:g}")
    se, sp = (_needed(value, name, measure) for name, value in given.items())
    if factor is None or not 1 < real_number(factor) < math.inf:
        raise ArgumentError(f"factor is {factor!r}; {measure} needs a number above 1")
    parts = ((1 - se) / se, sp / (1 - sp))
    if measure == "lr_negative":
        parts = (se / (1 - se), (1 - sp) / sp)
    variance = parts[0] + prevalence / (1 - prevalence) * parts[1]
    needed = z**2 / math.log(factor) ** 2 * variance
    return _cohort(measure, needed, prevalence, level, f"factor {factor:g}")


def paired_sample_size(
    measure: _Proportion,
    first: float,
    second: float,
    *,
    half_width: float,
    prevalence: float,
    both: float | None = None,
    level: float = 0.95,
) -> SampleSize:
    r"""Return the cohort that compares two tests in the same patients to a stated width.

    The difference of two sensitivities in the same cases depends on the cases in whom the tests
    disagree, in the shares :math:`p_{10}` and :math:`p_{01}`, as McNemar's test does:

    .. math:: n_1 = \frac{z^2}{d^2} \{p_{10} + p_{01} - (p_{10} - p_{01})^2\}.

    Parameters
    ----------
    measure : {"sensitivity", "specificity"}
    first, second : float
        Expected of the two tests.
    half_width : float
        ``d`` of the difference's interval.
    prevalence : float
    both : float, optional
        Expected share of cases that both tests find (of non-cases that both clear); by default
        the product, as if their errors were independent. Tests that agree more need fewer.
    level : float, optional

    Returns
    -------
    SampleSize

    Raises
    ------
    ArgumentError
        If a value is not allowed, or ``both`` contradicts the two others.
    NotEstimableError
        If the tests would never disagree.

    References
    ----------
    McNemar Q. Psychometrika 1947;12:153-7, https://doi.org/10.1007/bf02295996

    Examples
    --------
    >>> paired_sample_size("sensitivity", 0.85, 0.75, both=0.7, half_width=0.05,
    ...                    prevalence=0.5).cases
    292
    """
    check_choice(measure, "measure", ("sensitivity", "specificity"))
    for name, value in (("first", first), ("second", second), ("half_width", half_width),
                        ("prevalence", prevalence)):  # fmt: skip
        check_fraction(value, name)
    z = normal_quantile(check_level(level))
    together = first * second if both is None else check_fraction(both, "both", closed=True)
    low, high = max(0.0, first + second - 1), min(first, second)
    if not low <= together <= high:
        raise ArgumentError(
            f"both is {together:g}; with {first:g} and {second:g} it lies from {low:g} to {high:g}"
        )
    only_first, only_second = first - together, second - together
    variance = only_first + only_second - (only_first - only_second) ** 2
    if variance <= 0:
        raise NotEstimableError("the tests never disagree: there is no difference to estimate")
    words = f"paired, half width {half_width:g} of the difference"
    return _cohort(measure, z**2 * variance / half_width**2, prevalence, level, words)


def _needed(value: float | None, name: str, measure: str) -> float:
    if value is None:
        raise ArgumentError(f"{measure} needs {name}")
    return check_fraction(value, name)


def _cohort(measure: str, needed: float, prevalence: float, level: float, words: str) -> SampleSize:
    """Return the cohort with so many expected cases (non-cases, for specificity)."""
    share = 1 - prevalence if measure == "specificity" else prevalence
    least = math.ceil(needed)
    # rounding must not ask for one patient more
    patients = max(math.ceil(least / share - 1e-9), 1)
    own, others = least, patients - least
    cases, noncases = (others, own) if measure == "specificity" else (own, others)
    method = f"normal approximation, {words}"
    return SampleSize(measure, cases, noncases, patients, prevalence, level, method)
