"""Pre-test probabilities in every form a user may have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from backpain_stats.checks import check_level
from backpain_stats.errors import PretestError
from backpain_stats.meta.arrays import Floats
from backpain_stats.printed import HasPretest, Prevalence, PrevalenceLike, read_prevalence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Pretest", "PretestLike", "is_single", "read_pretests"]


class Distribution(Protocol):
    """A distribution with a quantile function: a frozen one of ``scipy.stats``."""

    def ppf(self, q: ArrayLike) -> Any:
        """Return quantiles."""

    def mean(self) -> Any:
        """Return the mean."""


@dataclass(frozen=True, slots=True)
class DistributedPretest:
    """A pre-test probability known as a distribution.

    Parameters
    ----------
    distribution : object with ``ppf`` and ``mean``
        For example ``scipy.stats.beta(3.5, 31.5)``.
    """

    distribution: Distribution
    kind: str = "distribution"

    def __post_init__(self) -> None:
        """Refuse a distribution that reaches beyond 0 and 1."""
        low, high = float(self.distribution.ppf(1e-9)), float(self.distribution.ppf(1 - 1e-9))
        if not (low >= 0 and high <= 1 and low < 1 and high > 0):
            raise PretestError(
                f"the pre-test distribution goes from {low:g} to {high:g}; it must stay within 0 "
                "and 1"
            )

    @property
    def estimate(self) -> float:
        """The mean."""
        return float(self.distribution.mean())

    def draws(self, uniform: ArrayLike) -> Floats:
        """Return its quantiles."""
        return np.asarray(self.distribution.ppf(uniform), dtype=np.float64)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the equal-tailed interval."""
        tail = (1 - check_level(level)) / 2
        low, high = self.draws(np.array([tail, 1 - tail]))
        return float(low), float(high)

    def __str__(self) -> str:
        """Say it in one printed phrase."""
        low, high = self.interval()
        return f"{100 * self.estimate:.3g}% (distribution, {100 * low:.3g}% to {100 * high:.3g}%)"


Pretest: TypeAlias = Prevalence | DistributedPretest
PretestLike: TypeAlias = PrevalenceLike | Distribution
PretestsLike: TypeAlias = PretestLike | Sequence[PretestLike] | Iterable[PretestLike] | Floats


def is_single(value: PretestsLike) -> bool:
    """Return whether one pre-test probability is given, not several."""
    if isinstance(value, str | Prevalence | HasPretest) or hasattr(value, "ppf"):
        return True
    return np.ndim(value) == 0  # type: ignore[arg-type]


def read_pretests(value: PretestsLike) -> list[Pretest]:
    """Read one pre-test probability or several.

    Parameters
    ----------
    value : float, str, Prevalence, distribution, or several of them
        ``0.01`` or ``"1%"`` is taken as known; ``"13 of 1975"`` brings the uncertainty
        of those counts, ``"0.1% to 0.7%"`` spreads evenly over the range on the log-odds
        scale (:func:`backpain_stats.printed.prevalence.read_prevalence`); an object with
        a quantile function, such as ``scipy.stats.beta(3.5, 31.5)``, is itself.

    Returns
    -------
    list of Prevalence or DistributedPretest

    Raises
    ------
    PretestError
        If a value is none of these, or not strictly between 0 and 1.

    Examples
    --------
    >>> [str(one) for one in read_pretests([0.01, "13 of 1975", "0.1% to 0.7%"])]
    ['1.0%', '0.66% (13 of 1975)', '0.10% to 0.70%']
    """
    several: list[Any] = [value] if is_single(value) else list(value)  # type: ignore[arg-type]
    if not several:
        raise PretestError("no pre-test probability was given")
    return [
        DistributedPretest(one) if hasattr(one, "ppf") else read_prevalence(one) for one in several
    ]


def is_known(pretest: Pretest) -> bool:
    """Return whether the pre-test probability is taken as known."""
    return pretest.kind == "fixed"
