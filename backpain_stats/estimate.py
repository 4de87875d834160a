"""Estimate: a number that never travels without its interval, level and method."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from backpain_stats.result import (
    Result,
    Shown,
    format_level,
    format_number,
    format_percent,
    format_proportion,
    format_ratios,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Estimate",
    "PosttestEstimate",
    "format_level",
    "format_number",
    "format_percent",
    "format_proportion",
    "format_ratios",
]


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(Result):
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

    def _shown(self) -> Shown:
        """Return the estimate as one printed phrase."""
        low, high = format_number(self.ci_low), format_number(self.ci_high)
        number = format_number(self.estimate)
        # The ends of a level, or (level NaN) of a range such as bounds.
        known = not math.isnan(self.ci_level)
        ends = f"{format_level(self.ci_level)} interval" if known else "range"
        return Shown(f"{number} ({ends} {low} to {high}; {self.method})")

    def as_dict(self) -> dict[str, Any]:
        """Return the fields under the column names every frame of the package uses."""
        names = (field.name for field in fields(self))
        return {name: getattr(self, name) for name in names if not name.startswith("_")}

    def to_frame(self) -> pd.DataFrame:
        """Return the same as a frame of one row."""
        import pandas as pd  # loaded when first asked for: an estimate alone needs no frame

        return pd.DataFrame([self.as_dict()])


@dataclass(frozen=True, slots=True, repr=False)
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

    def _shown(self) -> Shown:
        """Return the post-test probability beside its pre-test as one printed phrase."""
        known = not math.isnan(self.ci_level)
        ends = f"{format_level(self.ci_level)} interval" if known else "range"
        return Shown(
            f"{format_percent(self.estimate)} ({ends} "
            f"{format_percent(self.ci_low)} to {format_percent(self.ci_high)}; {self.method}) "
            f"after {self.result}, from a pre-test probability of {format_percent(self.pretest)}"
            + (f" [{self.pretest_source}]" if self.pretest_source else "")
        )
