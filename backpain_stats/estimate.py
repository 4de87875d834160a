"""Estimate: a number that never travels without its interval, level and method."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Estimate", "PosttestEstimate", "format_number", "format_percent"]


def format_number(value: float, digits: int = 3) -> str:
    """Print a number to ``digits`` significant digits; infinity is a value here.

    Examples
    --------
    >>> format_number(14.8195), format_number(0.0), format_number(float("inf"))
    ('14.8', '0', 'infinity')
    """
    if value is None or math.isnan(value):
        return "not estimable"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def format_percent(value: float, digits: int = 2) -> str:
    """Print a fraction as percent, keeping small ones and those near 1 legible.

    Above 99% the distance from 100% keeps ``digits - 1`` significant digits, so
    that only certainty prints as 100%.

    Examples
    --------
    >>> format_percent(0.0892), format_percent(0.0066), format_percent(0.71)
    ('8.9%', '0.66%', '71%')
    >>> format_percent(0.9953), format_percent(1.0)
    ('99.5%', '100%')
    """
    if value is None or math.isnan(value):
        return "not estimable"
    if 0.99 < value < 1:
        decimals = max(0, digits - 2 - math.floor(math.log10(100 * (1 - value))))
        return f"{100 * value:.{decimals}f}%"
    return f"{format_number(100 * value, digits)}%"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate with its interval.

    Parameters
    ----------
    estimate : float
        The point estimate; ``inf`` and 0 are honest values of a ratio,
        NaN means not estimable.
    ci_low, ci_high : float
        Ends of the interval.
    ci_level : float
        Its level, for example 0.95; NaN for a range that is no confidence interval.
    method : str
        How the interval was made, corrections included.
    measure : str, optional
        What is estimated, for example ``"lr_positive"``.

    Examples
    --------
    >>> print(Estimate(0.31, 0.12, 0.58, 0.95, "wilson", "sensitivity"))
    0.310 (95% interval 0.120 to 0.580; wilson)
    """

    estimate: float
    ci_low: float
    ci_high: float
    ci_level: float
    method: str
    measure: str = ""

    def __str__(self) -> str:
        """Return the estimate as one printed phrase."""
        low, high = format_number(self.ci_low), format_number(self.ci_high)
        return f"{format_number(self.estimate)} ({self._ends} {low} to {high}; {self.method})"

    @property
    def _ends(self) -> str:
        """What the ends are: an interval of a level, or (level NaN) a range such as bounds."""
        return "range" if math.isnan(self.ci_level) else f"{100 * self.ci_level:g}% interval"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields under the column names every frame of the package uses."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PosttestEstimate(Estimate):
    """A post-test probability; it carries its pre-test, always.

    Parameters
    ----------
    pretest : float
        The pre-test probability it was computed from.
    pretest_source : str
        Where that came from, for example ``"deyo1988_malignancy: 13 of 1975"``.
    result : str
        The test result: ``"positive"`` or ``"negative"``, or a description of a pattern.

    Other Parameters
    ----------------
    estimate, ci_low, ci_high, ci_level, method, measure
        As in :class:`Estimate`.
    """

    pretest: float = math.nan
    pretest_source: str = ""
    result: str = "positive"

    def __str__(self) -> str:
        """Return the post-test probability beside its pre-test as one printed phrase."""
        return (
            f"{format_percent(self.estimate)} ({self._ends} "
            f"{format_percent(self.ci_low)} to {format_percent(self.ci_high)}; {self.method}) "
            f"after {self.result}, from a pre-test probability of {format_percent(self.pretest)}"
            + (f" [{self.pretest_source}]" if self.pretest_source else "")
        )
