"""Every 2x2 table of whole numbers that satisfies exact inequalities.

For a given row of the table (its total R and first cell a) each statistic of
this package is monotone in the one cell that is left free. A constraint on it
is therefore a run of consecutive integers, found by integer division. Rows are
the cases, the non-cases, the positives or the negatives, whichever leaves the
fewest rows to look at. Nothing is tried cell by cell, and no decision is made
in floating point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.intervals import IntervalCheck
from backpain_stats.reconstruction.report import POSTTESTS, PrintedReport
from backpain_stats.reconstruction.runs import (
    Constraint,
    Line,
    Margins,
    Range,
    Runs,
    Tables,
    consecutive,
    narrow,
    table_order,
    total,
)
from backpain_stats.tables import CELLS, MEASURES, RATIO_MEASURES, Correction, Form, Measure

__all__ = ["MOST_ROWS", "Branch", "Solution", "enumerate_tables", "search"]

Array = np.ndarray
# Rows (row total and first cell) looked at in one search: 20 million take about three
# seconds and 2 GB. Pairs of a study size and a row total come before them.
MOST_ROWS = 20_000_000
MOST_PAIRS = 2_000_000
# An orientation with so few rows is good enough; the others are not looked at.
_SMALL = 20_000
# Products beyond this are computed with Python's unbounded integers.
_SAFE = 2**62
# The margin that is the row total, by the cells of the row.
_MARGIN: dict[Form, str] = {("tp", "fn"): "n_cases", ("tp", "fp"): "n_positive"}


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

    def level(self, measure: Measure) -> int:
        """Return what decides a measure: the row (1), its first cell (2) or all cells (3)."""
        a, b, c, d = self.cells
        needed = 1
        for factor in (*measure.numerator, *measure.denominator):
            if (b in factor.form) != (d in factor.form):
                return 3
            if (a in factor.form) != (c in factor.form):
                needed = 2
        return needed


# Cases against non-cases comes first: it is how papers think, and mostly small.
ORIENTATIONS: dict[str, Orientation] = {
    "cases": Orientation.of("tp", "fp", "fn", "tn"),
    "non_cases": Orientation.of("fp", "tp", "tn", "fn"),
    "positives": Orientation.of("tp", "fn", "fp", "tn"),
    "negatives": Orientation.of("fn", "tp", "tn", "fp"),
}


def enumerate_tables(
    margins: Margins,
    constraints: Sequence[Constraint],
    checks: Sequence[IntervalCheck] = (),
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
    checks : sequence of IntervalCheck
        Printed intervals. Those that a row and its first cell decide are applied here;
        the ``methods`` of the answer name them.
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
        steps = ((", ".join(labels.values()), 0),)
        return Runs(CELLS, none, none, none, none, none, steps=steps)
    only_row = ranges[CELLS][1] is None
    names: Iterable[str] = ORIENTATIONS
    if only_row:
        names = [_bounded_row(ranges, constraints, checks)]
        ranges = _without_other_row(ranges, ORIENTATIONS[names[0]])
    plus_and_minus = _implied(constraints)
    if plus_and_minus is not None:
        constraints = [*constraints, plus_and_minus]
    best: _Search | None = None
    for name in names:
        search = _Search(ORIENTATIONS[name], ranges, constraints, labels, only_row)
        search.prepare(most_rows)
        if best is None or search.cost < best.cost:
            best = search
        if not best.too_many and best.rows <= _SMALL:
            break
    assert best is not None  # there is always at least one way to cut the table
    if best.too_many:
        raise ArgumentError(
            f"too little is known: {best.rows:,} {best.too_many} would have to be looked at; "
            "give n_cases, or a narrower range of n or n_cases, or a further figure"
        )
    return best.finish([check for check in checks if check.is_of_pairs])


def _bounded_row(
    ranges: Mapping[Form, Range],
    constraints: Sequence[Constraint],
    checks: Sequence[IntervalCheck],
) -> str:
    """Return the row that can be searched alone when the size of the study is unknown."""
    asked = [(each.label, each.measure) for each in constraints]
    asked += [(check.label, check.measure) for check in checks if check.is_of_pairs]
    problem = "n is unknown and so is every group of patients"
    for name, orientation in ORIENTATIONS.items():
        if ranges[orientation.row][1] is None:
            continue
        outside = {
            label: None
            for label, measure in asked
            for factor in (*measure.numerator, *measure.denominator)
            if not set(factor.form) <= set(orientation.row)
        }
        if not outside:
            return name
        if not problem.startswith("n is unknown,"):
            problem = f"n is unknown, and {', '.join(outside)} needs it"
    raise ArgumentError(f"{problem}; give n, if only as a range such as '250-308'")


def _without_other_row(ranges: Mapping[Form, Range], orientation: Orientation) -> dict[Form, Range]:
    """Return the ranges of a table whose other row is empty."""
    a, b, c, d = ((cell,) for cell in orientation.cells)
    row = ranges[orientation.row]
    return {
        a: ranges[a], c: ranges[c], orientation.row: row, CELLS: row,
        b: (0, 0), d: (0, 0), orientation.other: (0, 0),
        orientation.column: ranges[a], orientation.second_column: ranges[c],
    }  # fmt: skip


def _implied(constraints: Sequence[Constraint]) -> Constraint | None:
    """Return the bounds of sensitivity that two printed likelihood ratios imply."""
    known = {each.measure.name: each for each in constraints if not each.measure.numerator[0].half}
    plus, minus = known.get("lr_positive"), known.get("lr_negative")
    if plus is None or minus is None:
        return None
    p_low, p_high, m_low, m_high = plus.low, plus.high, minus.low or 0, minus.high
    if p_low is None or p_high is None or m_high is None or p_low <= m_high:
        return None
    # LR+ (1 - LR-) / (LR+ - LR-) is monotone in each ratio, so its extremes are at corners.
    corners = [p * (1 - m) / (p - m) for p in (p_low, p_high) for m in (m_low, m_high)]
    label = f"{plus.label} with {minus.label}"
    return Constraint(label, MEASURES["sensitivity"], min(corners), max(corners))


@dataclass(slots=True)
class _Search:
    """One orientation of the table: what is known, what is asked, how far it got."""

    orientation: Orientation
    ranges: Mapping[Form, Range]
    constraints: Sequence[Constraint]
    labels: Mapping[str, str]
    only_row: bool
    rows: int = 0
    # What there is too much of; empty if the search can be finished.
    too_many: str = ""
    steps: list[tuple[str, int]] = field(default_factory=list)
    n: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    row: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    low: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    high: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def cost(self) -> tuple[bool, int]:
        """What a smaller search is told by: whether it can be finished, and its rows."""
        return bool(self.too_many), self.rows

    def prepare(self, most_rows: int) -> None:
        """Find the row totals, and for each the run of first cells; count these rows."""
        cut = self.orientation
        (a, _, c, _), ends = cut.cells, self._bounds
        self._row_totals()
        if self.too_many:
            return
        n, row, other = self.n, self.row, self.n - self.row
        lines: dict[Form, Line] = {
            cut.row: (row, 0), cut.other: (other, 0), CELLS: (n, 0), (a,): (0, 1), (c,): (row, -1)
        }  # fmt: skip
        (a_low, a_high), (c_low, c_high) = ends((a,)), ends((c,))
        low, high = np.maximum(a_low, row - c_high), np.minimum(a_high, row - c_low)
        self._record((a, c), (high - low + 1).clip(0) * (other + 1))
        for constraint in self.constraints:
            if cut.level(constraint.measure) == 2:
                low, high = narrow(constraint, lines, low, high)
                self._record(constraint.label, (high - low + 1).clip(0) * (other + 1))
        self.low, self.high = low, high
        self.rows = total((high - low + 1).clip(0))
        if self.rows > most_rows:
            self.too_many = f"rows of tables (at most {most_rows:,})"

    def _row_totals(self) -> None:
        """Set ``n`` and ``row`` to every pair that the counts and the constraints allow."""
        cut = self.orientation
        n_low, n_high = self._bounds(CELLS)
        if n_high - n_low >= MOST_PAIRS:
            self.rows, self.too_many = n_high - n_low + 1, f"sizes of n (at most {MOST_PAIRS:,})"
            return
        products = max((_largest_product(each, n_high) for each in self.constraints), default=0)
        # A 64-bit integer where every product fits, else Python's integers. Counts of
        # tables grow like n cubed, summed over n, and must be exact too.
        dtype = np.int64 if max(products, (n_high + 2) ** 4) < _SAFE else object
        n = np.arange(n_low, n_high + 1).astype(dtype)
        (low_row, high_row), (low_other, high_other) = (
            self._bounds(cut.row),
            self._bounds(cut.other),
        )
        low, high = np.maximum(n - high_other, low_row), np.minimum(n - low_other, high_row)
        high = np.maximum(high, low - 1)
        margin = _MARGIN.get(cut.row, "")
        self._record(("n", margin), _tables_of_rows(n, high) - _tables_of_rows(n, low - 1))
        lines: dict[Form, Line] = {cut.row: (0, 1), cut.other: (n, -1), CELLS: (n, 0)}
        for constraint in self.constraints:
            if cut.level(constraint.measure) == 1:
                low, high = narrow(constraint, lines, low, high)
                high = np.maximum(high, low - 1)
                left = _tables_of_rows(n, high) - _tables_of_rows(n, low - 1)
                self._record(constraint.label, left)
        self.rows = total((high - low + 1).clip(0))
        if self.rows > MOST_PAIRS:
            self.too_many = f"pairs of n and a margin (at most {MOST_PAIRS:,})"
            return
        index, self.row = consecutive(low, high)
        self.n = n[index]

    def finish(self, checks: Sequence[IntervalCheck]) -> Runs:
        """Find for each row and first cell the run of the free cell."""
        cut = self.orientation
        (a, b, c, d), ends = cut.cells, self._bounds
        index, first = consecutive(self.low, self.high)
        n, row = self.n[index], self.row[index]
        methods: dict[str, Array] = {}
        for check in checks:
            count, group = check.measure.numerator[0].form, check.measure.denominator[0].form
            if group == cut.row and count in {(a,), (c,)}:
                fitting = check.fitting_pairs(first if count == (a,) else row - first, row)
                keep = fitting > 0
                n, row, first = n[keep], row[keep], first[keep]
                methods = {name: known[keep] for name, known in methods.items()}
                methods[check.name] = fitting[keep]
                self._record(check.label, n - row + 1)
        spare, second = n - row, row - first
        (b_low, b_high), (d_low, d_high) = ends((b,)), ends((d,))
        (column, most), (other_column, other_most) = ends(cut.column), ends(cut.second_column)
        low = np.maximum.reduce(
            [first * 0 + b_low, spare - d_high, column - first, spare + second - other_most]
        )
        high = np.minimum.reduce(
            [first * 0 + b_high, spare - d_low, most - first, spare + second - other_column]
        )
        self._record((b, d, *_MARGIN.values()), (high - low + 1).clip(0))
        lines: dict[Form, Line] = {
            (a,): (first, 0), (c,): (second, 0), (b,): (0, 1), (d,): (spare, -1),
            cut.row: (row, 0), cut.other: (spare, 0), CELLS: (n, 0),
            cut.column: (first, 1), cut.second_column: (second + spare, -1),
            cut.falling: (first + spare, -1), cut.rising: (second, 1),
        }  # fmt: skip
        for constraint in self.constraints:
            if cut.level(constraint.measure) == 3:
                low, high = narrow(constraint, lines, low, high)
                self._record(constraint.label, (high - low + 1).clip(0))
        found = Runs(cut.cells, n, row, first, low, high, self.only_row, tuple(self.steps), methods)
        return found.pick(low <= high, low, high)

    def _bounds(self, form: Form) -> tuple[int, int]:
        """Return the range of a sum of cells, which is bounded as n is."""
        low, high = self.ranges[form]
        assert high is not None
        return low, high

    def _record(self, label: str | Sequence[str], counts: Array) -> None:
        """Note how many tables are left; of counts that were given, only if they changed it."""
        left = total(counts)
        if not isinstance(label, str):
            given = label
            label = ", ".join(self.labels[name] for name in given if name in self.labels)
            if self.steps and given[0] != "n" and left == self.steps[-1][1]:
                return
        if label:
            self.steps.append((label, left))


def _largest_product(constraint: Constraint, n: int) -> int:
    """Return a bound of every whole number met when solving a constraint for tables of ``n``."""
    weight = max((abs(u) + abs(v) for u, v, _ in constraint.inequalities()), default=1)
    return weight * (4 * n + 8) ** len(constraint.measure.numerator)


def _tables_of_rows(n: Array, largest: Array) -> Array:
    """Return how many tables of size n have a row total from 0 to ``largest``.

    It is the sum of (r + 1) (n - r + 1) over the row totals r.
    """
    m = largest
    return (n + 1) * (m + 1) + n * (m * (m + 1) // 2) - m * (m + 1) * (2 * m + 1) // 6


# An interval check of this many tables takes a minute.
MOST_CHECKED = 2_000_000
# Listing this many tables takes about 1.5 GB.
MOST_LISTED = 20_000_000
# Which tables get 0.5 added to their cells, by the correction: those without a zero, or with.
_CORRECTED: Mapping[Correction, tuple[bool, ...]] = {
    "none": (False,), "all": (True,), "zero_cells": (False, True)
}  # fmt: skip

Verdict = Literal["unique", "several", "impossible"]


@dataclass(frozen=True, eq=False)
class Branch:
    """The tables found under one zero-cell correction.

    Parameters
    ----------
    correction : {"none", "zero_cells", "all"}
        The correction.
    runs : tuple of Runs
        What the search found.
    steps : tuple of (str, int)
        Each condition, and how many tables were left after it.
    left : Tables or None
        The tables left after interval checks that need the whole table; None if there are none.
    """

    correction: Correction
    runs: tuple[Runs, ...]
    steps: tuple[tuple[str, int], ...]
    left: Tables | None = None

    @property
    def count(self) -> int:
        """How many tables there are."""
        return len(self.left.cells) if self.left else sum(runs.count for runs in self.runs)

    @cached_property
    def tables(self) -> Tables:
        """The tables one by one."""
        return self.left or Tables.joined([runs.expand() for runs in self.runs])

    def checked(self, check: IntervalCheck) -> Branch:
        """Return the tables whose interval is the printed one by some method."""
        if self.count > MOST_CHECKED:
            raise ArgumentError(
                f"{self.count:,} tables fit before the {check.label} is looked at, too many "
                f"to check (at most {MOST_CHECKED:,}); give n_cases or a further figure"
            )
        fitting = check.fitting(self.tables.cells, self.correction)
        keep = fitting > 0
        left = self.tables.of(keep)
        left = Tables(left.cells, {**left.methods, check.name: fitting[keep]})
        steps = (*self.steps, (check.label, len(left.cells)))
        return Branch(self.correction, self.runs, steps, left)


@dataclass(frozen=True, eq=False)
class Solution:
    """The tables that agree with a report, and how they were found.

    Parameters
    ----------
    report : PrintedReport
        What was printed.
    checks : tuple of IntervalCheck
        Its printed intervals.
    corrections : tuple of str
        The zero-cell corrections that were tried, one branch each.
    rounding : str
        How its digits were read.
    branches : tuple of Branch
        The tables under each correction.
    set_aside : tuple of str
        Statistics whose interval no table reproduces, and which was left out for that.
    """

    report: PrintedReport = field(repr=False)
    checks: tuple[IntervalCheck, ...] = field(repr=False)
    corrections: tuple[Correction, ...]
    rounding: str
    branches: tuple[Branch, ...] = field(repr=False)
    set_aside: tuple[str, ...]

    @cached_property
    def count(self) -> int:
        """How many tables print all figures."""
        several = len(self.branches) > 1
        return len(self.listed.cells) if several else self.branches[0].count

    @property
    def verdict(self) -> Verdict:
        """Whether one table, more than one, or none prints all figures."""
        return "impossible" if self.count == 0 else "unique" if self.count == 1 else "several"

    @property
    def known(self) -> tuple[str, ...]:
        """The cells that are part of the answer; the others are of a group of unknown size."""
        return self.branches[0].runs[0].known

    @property
    def listed(self) -> Tables:
        """Every table that prints all figures, each once; in cells that are not known 0."""
        return self._merged[0]

    @property
    def correction_bits(self) -> NDArray[np.int64]:
        """By table, which corrections print all figures: bit k for the k-th that was tried."""
        return self._merged[1]

    @cached_property
    def _merged(self) -> tuple[Tables, NDArray[np.int64]]:
        found = sum(branch.count for branch in self.branches)
        if found > MOST_LISTED:
            raise ArgumentError(
                f"{found:,} tables fit, too many for a frame (at most {MOST_LISTED:,}); "
                "give a further figure, or use .count"
            )
        parts = [branch.tables for branch in self.branches]
        bits = np.repeat(1 << np.arange(len(parts)), [len(part.cells) for part in parts])
        if len(parts) == 1:
            return parts[0], bits
        # What several corrections say about one table is joined.
        cells = np.concatenate([part.cells for part in parts])
        order = table_order(cells)
        cells, bits = cells[order], bits[order]
        new = np.ones(len(cells), dtype=bool)
        new[1:] = (cells[1:] != cells[:-1]).any(axis=1)
        start = np.flatnonzero(new)
        if not len(start):
            return Tables(cells, dict(parts[0].methods)), bits
        methods = {
            name: np.bitwise_or.reduceat(
                np.concatenate([part.methods[name] for part in parts])[order], start
            )
            for name in parts[0].methods
        }
        return Tables(cells[start], methods), np.bitwise_or.reduceat(bits, start)


S = TypeVar("S", bound=Solution)


def search(
    report: PrintedReport,
    checks: Sequence[IntervalCheck],
    corrections: tuple[Correction, ...],
    rounding: str,
    *,
    kind: type[S],
    most_rows: int = MOST_ROWS,
) -> S:
    """Find the tables of a report that has been read.

    Intervals whose method was not named are first asked for like the others;
    if that leaves nothing, the ones that no table reproduces are set aside.

    Parameters
    ----------
    report, checks, corrections, rounding
        As in :class:`Solution`.
    kind : type
        :class:`Solution`, or what is made of one.
    most_rows : int
        As in :func:`enumerate_tables`.

    Raises
    ------
    ArgumentError
        If too little is known to list the tables.
    """
    corrected = {*RATIO_MEASURES, *POSTTESTS}
    if corrected.isdisjoint(report.values) and corrected.isdisjoint(report.intervals):
        corrections = ("none",)
    branches = [_find_branch(report, checks, each, most_rows) for each in corrections]
    set_aside: list[str] = []
    optional = [check for check in checks if not check.required]
    if optional and not any(branch.count for branch in branches):
        required = [check for check in checks if check.required]
        branches = [_find_branch(report, required, each, most_rows) for each in corrections]
        for check in optional:
            narrowed = [branch.checked(check) for branch in branches]
            if any(branch.count for branch in narrowed):
                branches = narrowed
            else:
                set_aside.append(check.name)
    return kind(report, tuple(checks), corrections, rounding, tuple(branches), tuple(set_aside))


def _find_branch(
    report: PrintedReport,
    checks: Sequence[IntervalCheck],
    correction: Correction,
    most_rows: int,
) -> Branch:
    """Return the tables under one correction that pass every check."""
    parts = []
    for corrected in _CORRECTED[correction]:
        constraints = report.constraints(corrected=corrected)
        runs = enumerate_tables(report.margins, constraints, checks, report.labels, most_rows)
        parts.append(runs.split_zeros(zero=corrected) if correction == "zero_cells" else runs)
    # A check that only one of two searches met is made of all their tables.
    met = set.intersection(*(set(runs.methods) for runs in parts))
    parts = [replace(runs, methods={name: runs.methods[name] for name in met}) for runs in parts]
    # With "zero_cells" the steps are those of the tables without a zero, the usual ones.
    branch = Branch(correction, tuple(parts), parts[0].steps)
    for check in checks:
        if check.name not in met:
            branch = branch.checked(check)
    return branch
