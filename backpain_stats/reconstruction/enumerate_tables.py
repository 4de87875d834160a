"""Every 2x2 table of whole numbers that satisfies exact inequalities.

For a given row of the table (its total R and first cell a) each statistic of
this package is monotone in the one cell that is left free. A constraint on it
is therefore a run of consecutive integers, found by integer division. Rows are
the cases, the non-cases, the positives or the negatives, whichever leaves the
fewest rows to look at. Nothing is tried cell by cell, and no decision is made
in floating point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.integer_runs import Constraint, Line, consecutive, narrow, total
from backpain_stats.reconstruction.margins import Margins, Range
from backpain_stats.reconstruction.measures import CELLS, MEASURES, Form
from backpain_stats.reconstruction.table_runs import Runs

__all__ = ["RowFilter", "enumerate_tables"]

Array = np.ndarray
# Per orientation the cells (a, b, c, d): a + c is the row, a + b the column.
ORIENTATIONS: dict[str, tuple[str, str, str, str]] = {
    "cases": ("tp", "fp", "fn", "tn"),
    "non_cases": ("fp", "tp", "tn", "fn"),
    "positives": ("tp", "fn", "fp", "tn"),
    "negatives": ("fn", "tp", "tn", "fp"),
}
# The margin that is the row total, by the cells of the row.
_MARGIN: dict[Form, str] = {("tp", "fn"): "n_cases", ("tp", "fp"): "n_positive"}
# Rows looked at in one search: 20 million take about three seconds and 2 GB.
MOST_ROWS = 20_000_000
_SMALL = 20_000
# Products beyond this are computed with Python's unbounded integers.
_SAFE = 2**62


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A condition on a count out of a group, such as a printed confidence interval.

    ``keep(count, group)`` returns which pairs satisfy it.
    """

    label: str
    count: Form
    group: Form
    keep: Callable[[Array, Array], Array]


def enumerate_tables(
    margins: Margins,
    constraints: Sequence[Constraint],
    filters: Sequence[RowFilter] = (),
    labels: Mapping[str, str] | None = None,
    most_rows: int = MOST_ROWS,
) -> Runs:
    """Return every table of whole numbers within the margins that satisfies all constraints.

    Parameters
    ----------
    margins : Margins
        What is known of the counts. n must be bounded, or one row must be and
        every constraint must concern that row alone.
    constraints : sequence of Constraint
        Exact bounds of statistics.
    filters : sequence of RowFilter
        Conditions checked pair by pair, where the search meets such pairs.
    labels : mapping of str to str, optional
        How ``steps`` names each count that was given.
    most_rows : int
        Give up when more rows than this would have to be looked at.

    Returns
    -------
    Runs
        The tables, and in ``steps`` how many were left after each condition.

    Raises
    ------
    ArgumentError
        If the counts are unbounded, or there are too many rows to look at.
    """
    labels = labels or {}
    ranges = margins.ranges()
    if ranges is None:
        none = np.zeros(0, dtype=np.int64)
        label = ", ".join(labels.values())
        cells = ORIENTATIONS["cases"]
        return Runs(cells, none, none, none, none, none, steps=((label, 0),))
    only_row = ranges[CELLS][1] is None
    names = _bounded_rows(ranges, constraints, filters) if only_row else list(ORIENTATIONS)
    constraints = [*constraints, *_implied(constraints)]
    best: _Search | None = None
    for name in names:
        cut = _Search(ORIENTATIONS[name], ranges, constraints, filters, labels, only_row, most_rows)
        if cut.prepare() < (best.rows if best else math.inf):
            best = cut
        # Cases against non-cases comes first: it is how papers think, and mostly small.
        if best is not None and best.rows <= _SMALL:
            break
    assert best is not None  # there is always at least one way to cut the table
    if best.rows > most_rows:
        raise ArgumentError(
            f"too little is known: {best.rows:,} rows of tables would have to be looked at "
            f"(at most {most_rows:,}); give n_cases, or a narrower range of n or n_cases, "
            "or a further figure"
        )
    return best.finish()


def _bounded_rows(
    ranges: Mapping[Form, Range], constraints: Sequence[Constraint], filters: Sequence[RowFilter]
) -> list[str]:
    """Return the row that can be searched alone when the size of the study is unknown."""
    asked = [(one.label, form) for one in constraints for form in one.measure.forms]
    asked += [(one.label, one.group) for one in filters]
    problem = "n is unknown and so is every group of patients"
    for name, (a, _, c, _) in ORIENTATIONS.items():
        row = _ordered(a, c)
        if ranges[row][1] is None:
            continue
        outside = {label: None for label, form in asked if not set(form) <= set(row)}
        if not outside:
            return [name]
        if not problem.startswith("n is unknown,"):
            problem = f"n is unknown, and {', '.join(outside)} needs it"
    raise ArgumentError(f"{problem}; give n, if only as a range such as '250-308'")


def _implied(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Return the bounds of sensitivity that two printed likelihood ratios imply."""
    found = {one.measure: one for one in constraints}
    plus, minus = found.get(MEASURES["lr_positive"]), found.get(MEASURES["lr_negative"])
    if plus is None or minus is None:
        return []
    p_low, p_high, m_low, m_high = plus.low, plus.high, minus.low, minus.high
    if p_low is None or p_high is None or m_low is None or m_high is None or p_low <= m_high:
        return []
    # LR+ (1 - LR-) / (LR+ - LR-) is monotone in each ratio, so its extremes are at corners.
    corners = [p * (1 - m) / (p - m) for p in (p_low, p_high) for m in (m_low, m_high)]
    label = f"{plus.label} with {minus.label}"
    return [Constraint(label, MEASURES["sensitivity"], min(corners), max(corners))]


@dataclass(slots=True)
class _Search:
    """One orientation of the table: what is known, what is asked, how far it got."""

    cells: tuple[str, str, str, str]
    ranges: Mapping[Form, Range]
    constraints: Sequence[Constraint]
    filters: Sequence[RowFilter]
    labels: Mapping[str, str]
    only_row: bool
    most_rows: int
    rows: int = 0
    steps: list[tuple[str, int]] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)
    n: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    row: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    low: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    high: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def prepare(self) -> int:
        """Find the row totals, and for each the run of first cells; return their number."""
        a, b, c, d = self.cells
        self._row_totals()
        if self.rows > self.most_rows:
            return self.rows
        other = self.n - self.row
        lines: dict[Form, Line] = {
            _ordered(a, c): (self.row, 0),
            _ordered(b, d): (other, 0),
            CELLS: (self.n, 0),
        }
        self._record(
            self._label("n", _MARGIN.get(_ordered(a, c), "")), (self.row + 1) * (other + 1)
        )
        for constraint in self._at_level(1):
            low, high = narrow(constraint, lines, self.row, self.row)
            keep = low <= high
            self.n, self.row, other = self.n[keep], self.row[keep], other[keep]
            lines = {form: (np.asarray(line)[keep], 0) for form, (line, _) in lines.items()}
            self._record(constraint.label, (self.row + 1) * (other + 1))
        self.low = np.maximum(self._range(a)[0], _minus(self.row, self._range(c)[1], 0))
        self.high = np.minimum(_or(self._range(a)[1], self.row), self.row - self._range(c)[0])
        lines |= {(a,): (0, 1), (c,): (self.row, -1)}
        self._record_change(self._label(a, c), self._widths(other))
        for constraint in self._at_level(2):
            self.low, self.high = narrow(constraint, lines, self.low, self.high)
            self._record(constraint.label, self._widths(other))
        self.rows = total((self.high - self.low + 1).clip(0))
        return self.rows

    def finish(self) -> Runs:
        """Find for each row and first cell the run of the free cell."""
        a, b, c, d = self.cells
        index, first = consecutive(self.low, self.high)
        n, row = self.n[index], self.row[index]
        for one in self.filters:
            if set(one.group) == {a, c} and set(one.count) < {a, c}:
                keep = one.keep(first if one.count == (a,) else row - first, row)
                n, row, first = n[keep], row[keep], first[keep]
                self._record(one.label, n - row + 1)
                self.checked.add(one.label)
        spare = n - row
        (column, most), (other_column, other_most) = self._range(a, b), self._range(c, d)
        second = row - first
        low = np.maximum.reduce(
            [
                first * 0 + self._range(b)[0],
                _minus(spare, self._range(d)[1], 0),
                column - first,
                _minus(spare + second, other_most, 0),
            ]
        )
        high = np.minimum.reduce(
            [
                _or(self._range(b)[1], spare),
                spare - self._range(d)[0],
                _or(most, first + spare) - first,
                spare + second - other_column,
            ]
        )
        self._record_change(self._label(b, d, *_MARGIN.values()), (high - low + 1).clip(0))
        lines: dict[Form, Line] = {
            (a,): (first, 0), (c,): (second, 0), (b,): (0, 1), (d,): (spare, -1),
            _ordered(a, c): (row, 0), _ordered(b, d): (spare, 0), CELLS: (n, 0),
            _ordered(a, b): (first, 1), _ordered(c, d): (second + spare, -1),
            _ordered(a, d): (first + spare, -1), _ordered(b, c): (second, 1),
        }  # fmt: skip
        for constraint in self._at_level(3):
            low, high = narrow(constraint, lines, low, high)
            self._record(constraint.label, (high - low + 1).clip(0))
        keep = low <= high
        return Runs(
            self.cells, n[keep], row[keep], first[keep], low[keep], high[keep], self.only_row,
            tuple(self.steps), frozenset(self.checked),
        )  # fmt: skip

    def _row_totals(self) -> None:
        """Set ``n`` and ``row`` to every pair that the ranges of the counts allow."""
        a, b, c, d = self.cells
        row_low, row_high = self._range(a, c)
        n_low, n_high = self._range(a, c) if self.only_row else self._range(*CELLS)
        assert n_high is not None  # the caller chose a row, or n, that is bounded
        dtype = self._dtype(n_high)
        n: Array = np.arange(n_low, n_high + 1).astype(dtype)
        if self.only_row:
            self.n = self.row = n
            return
        other_low, other_high = self._range(b, d)
        low = np.maximum(_minus(n, other_high, 0), row_low)
        high = np.minimum(_or(row_high, n), n - other_low)
        self.rows = total((high - low + 1).clip(0))
        if self.rows <= self.most_rows:
            index, self.row = consecutive(low, high)
            self.n = n[index]

    def _dtype(self, n: int) -> type:
        """Return a 64-bit integer where every product fits, else Python's integers."""
        products = max((one.largest_product(n) for one in self.constraints), default=0)
        # Counts of tables grow like n cubed, summed over n, and must be exact too.
        return np.int64 if max(products, (n + 2) ** 4) < _SAFE else object

    def _range(self, *cells: str) -> Range:
        return self.ranges[_ordered(*cells)]

    def _label(self, *names: str) -> str:
        return ", ".join(self.labels[name] for name in names if name in self.labels)

    def _widths(self, other: Array) -> Array:
        return np.asarray((self.high - self.low + 1).clip(0) * (other + 1))

    def _record(self, label: str, counts: Array) -> None:
        if label:
            self.steps.append((label, total(counts)))

    def _record_change(self, label: str, counts: Array) -> None:
        left = total(counts)
        if label and (not self.steps or left != self.steps[-1][1]):
            self.steps.append((label, left))

    def _at_level(self, level: int) -> list[Constraint]:
        """Return the constraints decided by the row (1), its first cell (2) or all cells (3)."""
        return [one for one in self.constraints if self._level(one.measure.forms) == level]

    def _level(self, forms: Sequence[Form]) -> int:
        a, b, c, d = self.cells
        needed = 1
        for form in forms:
            if (b in form) != (d in form):
                return 3
            if (a in form) != (c in form):
                needed = 2
        return needed


def _ordered(*cells: str) -> Form:
    return tuple(cell for cell in CELLS if cell in cells)


def _minus(total: Array, largest: int | None, default: int) -> Any:
    """Return what is at least left of ``total`` when a part is at most ``largest``."""
    return total * 0 + default if largest is None else total - largest


def _or(largest: int | None, default: Array) -> Any:
    return default if largest is None else default * 0 + largest
