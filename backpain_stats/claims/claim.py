"""One published claim, its figures read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.printed import PrintedValue, parse_printed
from backpain_stats.published import filled_rows

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["LR_OF_POSTTEST", "Claim", "exact_odds", "read_claims"]

Ends = tuple[PrintedValue | None, PrintedValue | None]
# Levels of the intervals by how the source labels them; unlabelled ones are
# nearly always 95%.
LEVELS = {"ci95": 0.95, "ci975": 0.975, "interval_unlabelled": 0.95}
# Other names for a statistic of a 2x2 table.
STATISTICS = {"frequency_in_cases": "sensitivity", "diagnostic_accuracy": "accuracy"}
# The ratio that a post-test probability is made from.
LR_OF_POSTTEST = {"posttest": "lr_positive", "posttest_negative": "lr_negative"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of claims.csv, its figures read.

    Parameters
    ----------
    row : mapping
        The row, empty cells left out.
    value : PrintedValue or None
        The printed point or bound.
    ends : pair of PrintedValue or None
        The printed interval or range.
    pretest : PrintedValue or None
        The printed pre-test probability.
    """

    row: dict[str, Any]
    value: PrintedValue | None
    ends: Ends
    pretest: PrintedValue | None

    def get(self, column: str) -> str:
        """Return a cell as text, empty if nothing is printed."""
        return str(self.row.get(column, ""))

    @property
    def statistic(self) -> str:
        """The statistic; a frequency among the cases is a sensitivity."""
        return STATISTICS.get(self.get("statistic"), self.get("statistic"))

    @property
    def measure(self) -> str:
        """The statistic of a table that it comes from; of a post-test probability, the LR."""
        return LR_OF_POSTTEST.get(self.statistic, self.statistic)

    @property
    def is_posttest(self) -> bool:
        """Whether a pre-test probability goes into it."""
        return self.statistic in LR_OF_POSTTEST

    @property
    def exact_pretest(self) -> Fraction | None:
        """The printed pre-test, taken as exact; None if none, a bound, 0 or 1 is printed."""
        point = None if self.pretest is None else self.pretest.point
        return point if point is not None and 0 < float(point) < 1 else None

    @property
    def has_interval(self) -> bool:
        """Whether a confidence interval is printed (a range over studies is none)."""
        return self.get("range_kind") in LEVELS and any(end is not None for end in self.ends)

    @property
    def has_range(self) -> bool:
        """Whether a range of point estimates is printed."""
        return not self.has_interval and any(end is not None for end in self.ends)

    @property
    def level(self) -> float:
        """Level of the interval."""
        return LEVELS.get(self.get("range_kind"), 0.95)

    @property
    def decimals(self) -> int:
        """Digits after the point of what is printed."""
        figures = (self.value, *self.ends)
        return max((figure.decimals for figure in figures if figure is not None), default=0)

    @property
    def printed(self) -> str:
        """The figures as printed."""
        low, high = ("?" if end is None else end.text for end in self.ends)
        if not self.has_interval and not self.has_range:
            return "" if self.value is None else self.value.text
        ends = f"{low} to {high}"
        return ends if self.value is None else f"{self.value.text} ({ends})"


def read_claims(evidence: Evidence) -> Iterator[Claim]:
    """Yield the claims of the evidence with their figures read.

    Raises
    ------
    DataError
        If a figure is none; the message names its row.
    """
    for row in filled_rows(evidence.claims):
        try:
            value, low, high, pretest = (
                parse_printed(row[column], column) if column in row else None
                for column in ("value", "low", "high", "pretest")
            )
        except ArgumentError as error:
            raise DataError(f"claims.csv, claim_id {row['claim_id']}: {error}") from error
        yield Claim(row, value, (low, high), pretest)


def exact_odds(probability: Fraction) -> Fraction:
    """Return the odds of a probability below 1.

    Examples
    --------
    >>> exact_odds(Fraction(1, 100))
    Fraction(1, 99)
    """
    return probability / (1 - probability)
