"""The four ways to cut a 2x2 table into rows, and the one way when n is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.runs import Constraint, Range
from backpain_stats.tables import CELLS, MEASURES, Form, Measure

__all__ = ["ORIENTATIONS", "Orientation", "bounded_row", "implied", "without_other_row"]


@dataclass(frozen=True, slots=True)
class Orientation:
    """A way to cut the table: a + c is the row that is fixed first, a + b a column.

    Each part is a sum of cells, in the order of the package.
    """

    cells: tuple[str, str, str, str]
    row: Form
    other: Form
    column: Form
    second_column: Form
    falling: Form
    rising: Form

    @classmethod
    def of(cls, a: str, b: str, c: str, d: str) -> Orientation:
        """Return the orientation of four cells."""
        pairs = ((a, c), (b, d), (a, b), (c, d), (a, d), (b, c))
        return cls((a, b, c, d), *(tuple(cell for cell in CELLS if cell in p) for p in pairs))


# Cases against non-cases comes first: it is how papers think, and mostly small.
ORIENTATIONS: dict[str, Orientation] = {
    "cases": Orientation.of("tp", "fp", "fn", "tn"),
    "non_cases": Orientation.of("fp", "tp", "tn", "fn"),
    "positives": Orientation.of("tp", "fn", "fp", "tn"),
    "negatives": Orientation.of("fn", "tp", "tn", "fp"),
}


def bounded_row(ranges: Mapping[Form, Range], asked: Sequence[tuple[str, Measure]]) -> Orientation:
    """Return the row that can be searched alone when the size of the study is unknown.

    ``asked`` holds what is printed: how it is named, and the measure.
    """
    problem = "n is unknown and so is every group of patients"
    for orientation in ORIENTATIONS.values():
        if ranges[orientation.row][1] is None:
            continue
        outside = {
            label: None
            for label, measure in asked
            for factor in (*measure.numerator, *measure.denominator)
            if not set(factor.form) <= set(orientation.row)
        }
        if not outside:
            return orientation
        if not problem.startswith("n is unknown,"):
            problem = f"n is unknown, and {', '.join(outside)} needs it"
    raise ArgumentError(f"{problem}; give n, if only as a range such as '250-308'")


def without_other_row(ranges: Mapping[Form, Range], orientation: Orientation) -> dict[Form, Range]:
    """Return the ranges of a table whose other row is empty."""
    a, b, c, d = ((cell,) for cell in orientation.cells)
    row = ranges[orientation.row]
    return {
        a: ranges[a], c: ranges[c], orientation.row: row, CELLS: row,
        b: (0, 0), d: (0, 0), orientation.other: (0, 0),
        orientation.column: ranges[a], orientation.second_column: ranges[c],
    }  # fmt: skip


def implied(plus: Constraint, minus: Constraint) -> Iterator[Constraint]:
    """Yield the bounds of sensitivity that two printed likelihood ratios imply, if any."""
    p_low, p_high, m_low, m_high = plus.low, plus.high, minus.low or 0, minus.high
    if p_low is None or p_high is None or m_high is None or p_low <= m_high:
        return
    # LR+ (1 - LR-) / (LR+ - LR-) is monotone in each ratio, so its extremes are at corners.
    corners = [p * (1 - m) / (p - m) for p in (p_low, p_high) for m in (m_low, m_high)]
    label = f"{plus.label} with {minus.label}"
    yield Constraint(label, MEASURES["sensitivity"], min(corners), max(corners))
