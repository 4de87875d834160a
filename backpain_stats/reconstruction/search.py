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
from functools import cache, cached_property
from typing import Literal, TypeVar

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.intervals import IntervalCheck
from backpain_stats.reconstruction.orientations import (
    ORIENTATIONS,
    Orientation,
    bounded_row,
    implied,
    without_other_row,
)
from backpain_stats.reconstruction.report import POSTTESTS, PrintedReport
from backpain_stats.reconstruction.runs import (
    Constraint,
    Line,
    Margins,
    Runs,
    Tables,
    consecutive,
    narrow,
    tables_of_rows,
)
from backpain_stats.tables import CELLS, RATIO_MEASURES, Correction, Form, Measure

__all__ = ["MOST_ROWS", "Branch", "Solution", "enumerate_tables", "find_tables"]

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


def enumerate_tables(
    margins: Margins,
    constraints: Sequence[Constraint],
    checks: Sequence[IntervalCheck] = (),
    labels: Mapping[str, str] | None = None,
    most_rows: int = MOST_ROWS,
    *,
    steps: bool = True,
) -> Runs:
    """Return every table of whole numbers within the margins that satisfies all constraints.

    n must be bounded, or one row must be and every constraint must concern that row
    alone. Interval checks that a row and its first cell decide are applied here; the
    ``methods`` of the answer name them. ``labels`` say how its steps name each count;
    without ``steps`` it is not counted how many tables each condition leaves.

    Raises
    ------
    ArgumentError
        If the counts are unbounded, or there are too many rows to look at.
    """
    labels = labels or {}
    of_pairs = [check for check in checks if check.is_of_pairs]
    ranges = margins.ranges()
    if ranges is None:
        none = np.zeros(0, dtype=np.int64)
        conflict = ((", ".join(labels.values()), 0),)
        return Runs(CELLS, none, none, none, none, none, steps=conflict)
    cuts: Iterable[Orientation] = ORIENTATIONS.values()
    known: Form = CELLS
    if ranges[CELLS][1] is None:
        asked = [(each.label, each.measure) for each in constraints]
        asked += [(check.label, check.measure) for check in of_pairs]
        cuts = [bounded_row(ranges, asked)]
        known = cuts[0].row
        ranges = without_other_row(ranges, cuts[0])
    bounds = {form: (low, high) for form, (low, high) in ranges.items() if high is not None}
    ratios = {each.measure.name: each for each in constraints if not each.measure.numerator[0].half}
    if "lr_positive" in ratios and "lr_negative" in ratios:
        constraints = [*constraints, *implied(ratios["lr_positive"], ratios["lr_negative"])]
    # A 64-bit integer where every product fits, else Python's integers. Counts of tables
    # grow like n cubed, summed over n, and must be exact too.
    n = bounds[CELLS][1]
    largest = (n + 2) ** 4
    for each in constraints:
        weight = max((abs(u) + abs(v) for u, v, _ in each.inequalities()), default=1)
        largest = max(largest, weight * (4 * n + 8) ** len(each.measure.numerator))
    dtype: type = np.int64 if largest < _SAFE else object
    best: _Search | None = None
    for cut in cuts:
        search = _Search(cut, bounds, constraints, labels, known, dtype, record=steps)
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
    return best.finish(of_pairs)


@dataclass(slots=True)
class _Search:
    """One orientation of the table: what is known, what is asked, how far it got."""

    orientation: Orientation
    bounds: Mapping[Form, tuple[int, int]]
    constraints: Sequence[Constraint]
    labels: Mapping[str, str]
    known: Form
    dtype: type
    record: bool = True
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
        cut, bounds = self.orientation, self.bounds
        a, _, c, _ = cut.cells
        n_low, n_high = bounds[CELLS]
        if n_high - n_low >= MOST_PAIRS:
            self.rows, self.too_many = n_high - n_low + 1, f"sizes of n (at most {MOST_PAIRS:,})"
            return
        # Every pair of a size and a row total that the counts and the constraints allow.
        n: Array = np.arange(n_low, n_high + 1).astype(self.dtype)
        (least, most), (other_least, other_most) = bounds[cut.row], bounds[cut.other]
        low, high = np.maximum(n - other_most, least), np.minimum(n - other_least, most)
        high = np.maximum(high, low - 1)
        if self.record:
            self._record(("n", _MARGIN.get(cut.row, "")), tables_of_rows(n, low, high))
        lines: dict[Form, Line] = {cut.row: (0, 1), cut.other: (n, -1), CELLS: (n, 0)}
        for constraint in self.constraints:
            if _level(cut, constraint.measure) == 1:
                low, high = narrow(constraint, lines, low, high)
                high = np.maximum(high, low - 1)
                if self.record:
                    self._record(constraint.label, tables_of_rows(n, low, high))
        self.rows = int((high - low + 1).sum())
        if self.rows > MOST_PAIRS:
            self.too_many = f"pairs of n and a margin (at most {MOST_PAIRS:,})"
            return
        index, row = consecutive(low, high)
        n = n[index]
        self.n, self.row = n, row
        other = n - row
        lines = {
            cut.row: (row, 0), cut.other: (other, 0), CELLS: (n, 0), (a,): (0, 1), (c,): (row, -1)
        }  # fmt: skip
        (a_low, a_high), (c_low, c_high) = bounds[a,], bounds[c,]
        low, high = np.maximum(a_low, row - c_high), np.minimum(a_high, row - c_low)
        if self.record:
            self._record((a, c), (high - low + 1).clip(0) * (other + 1))
        for constraint in self.constraints:
            if _level(cut, constraint.measure) == 2:
                low, high = narrow(constraint, lines, low, high)
                if self.record:
                    self._record(constraint.label, (high - low + 1).clip(0) * (other + 1))
        self.low, self.high = low, high
        self.rows = int((high - low + 1).clip(0).sum())
        if self.rows > most_rows:
            self.too_many = f"rows of tables (at most {most_rows:,})"

    def finish(self, checks: Sequence[IntervalCheck]) -> Runs:
        """Find for each row and first cell the run of the free cell."""
        cut, bounds = self.orientation, self.bounds
        a, b, c, d = cut.cells
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
                if self.record:
                    self._record(check.label, n - row + 1)
        spare, second = n - row, row - first
        (b_low, b_high), (d_low, d_high) = bounds[b,], bounds[d,]
        (column, most), (other_column, other_most) = bounds[cut.column], bounds[cut.second_column]
        low = np.maximum.reduce(
            [first * 0 + b_low, spare - d_high, column - first, spare + second - other_most]
        )
        high = np.minimum.reduce(
            [first * 0 + b_high, spare - d_low, most - first, spare + second - other_column]
        )
        if self.record:
            self._record((b, d, *_MARGIN.values()), (high - low + 1).clip(0))
        lines: dict[Form, Line] = {
            (a,): (first, 0), (c,): (second, 0), (b,): (0, 1), (d,): (spare, -1),
            cut.row: (row, 0), cut.other: (spare, 0), CELLS: (n, 0),
            cut.column: (first, 1), cut.second_column: (second + spare, -1),
            cut.falling: (first + spare, -1), cut.rising: (second, 1),
        }  # fmt: skip
        for constraint in self.constraints:
            if _level(cut, constraint.measure) == 3:
                low, high = narrow(constraint, lines, low, high)
                if self.record:
                    self._record(constraint.label, (high - low + 1).clip(0))
        keep = low <= high
        n, row, first, low, high = (part[keep] for part in (n, row, first, low, high))
        methods = {name: fitting[keep] for name, fitting in methods.items()}
        return Runs(cut.cells, n, row, first, low, high, self.known, tuple(self.steps), methods)

    def _record(self, label: str | Sequence[str], counts: Array) -> None:
        """Note how many tables are left; of counts that were given, only if they changed it."""
        left = int(counts.sum())
        if not isinstance(label, str):
            given = label
            label = ", ".join(self.labels[name] for name in given if name in self.labels)
            if self.steps and given[0] != "n" and left == self.steps[-1][1]:
                return
        if label:
            self.steps.append((label, left))


# A matter of the names of cells alone, and asked again in every search.
@cache
def _level(cut: Orientation, measure: Measure) -> int:
    """Return what decides a measure: the row (1), its first cell (2) or all cells (3)."""
    a, b, c, d = cut.cells
    needed = 1
    for factor in (*measure.numerator, *measure.denominator):
        if (b in factor.form) != (d in factor.form):
            return 3
        if (a in factor.form) != (c in factor.form):
            needed = 2
    return needed


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

    ``left`` are those left after interval checks that need the whole table, None if there
    are no such checks; ``steps`` say how many were left after each condition, ``count`` how
    many there are.
    """

    correction: Correction
    runs: tuple[Runs, ...]
    steps: tuple[tuple[str, int], ...]
    count: int
    left: Tables | None = None

    @cached_property
    def tables(self) -> Tables:
        """The tables one by one."""
        if self.left is not None:
            return self.left
        parts = [runs.expand() for runs in self.runs]
        return parts[0] if len(parts) == 1 else replace(Tables.joined(parts), corrections=None)

    def checked(self, check: IntervalCheck, most: int = MOST_CHECKED) -> Branch:
        """Return the tables whose interval is the printed one by some method."""
        if self.count > most:
            raise ArgumentError(
                f"{self.count:,} tables fit before the {check.label} is looked at, too many "
                f"to check (at most {most:,}); give n_cases or a further figure"
            )
        fitting = check.fitting(self.tables.cells, self.correction)
        keep = fitting > 0
        left = self.tables.of(keep)
        left = Tables(left.cells, {**left.methods, check.name: fitting[keep]})
        steps = (*self.steps, (check.label, len(left.cells)))
        return Branch(self.correction, self.runs, steps, len(left.cells), left)


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

    @cached_property
    def cells(self) -> Array:
        """The tables as an array of shape (tables, 4), ordered tp, fp, fn, tn; -1 is unknown."""
        single = len(self.branches) == 1
        cells = (self.branches[0].tables if single else self.listed).cells.copy()
        known = self.branches[0].runs[0].known
        cells[:, [cell not in known for cell in CELLS]] = -1
        cells.flags.writeable = False
        return cells

    @cached_property
    def listed(self) -> Tables:
        """Every table that prints all figures, each once; in cells that are not known 0."""
        listed = sum(branch.count for branch in self.branches)
        if listed > MOST_LISTED:
            raise ArgumentError(
                f"{listed:,} tables fit, too many for a frame (at most {MOST_LISTED:,}); "
                "give a further figure, or use .count"
            )
        parts = [branch.tables for branch in self.branches]
        return parts[0] if len(parts) == 1 else Tables.joined(parts).merged()


S = TypeVar("S", bound=Solution)


def find_tables(
    report: PrintedReport,
    checks: Sequence[IntervalCheck],
    corrections: tuple[Correction, ...],
    rounding: str,
    *,
    kind: type[S],
    steps: bool = True,
    most_rows: int = MOST_ROWS,
    most_tables: int | None = None,
    most_checked: int = MOST_CHECKED,
) -> S:
    """Find the tables of a report that has been read.

    Intervals whose method was not named are first asked for like the others;
    if that leaves nothing, the ones that no table reproduces are set aside. Without
    ``steps`` it is not counted how many tables each figure leaves.

    Raises
    ------
    ArgumentError
        If too little is known to list the tables, more than ``most_tables`` fit, or more
        than ``most_checked`` would have to be compared with an interval.
    """
    corrected = {*RATIO_MEASURES, *POSTTESTS}
    if corrected.isdisjoint(report.values) and corrected.isdisjoint(report.intervals):
        corrections = ("none",)
    most = (most_rows, most_checked)
    branches = [_find_branch(report, checks, each, *most, steps=steps) for each in corrections]
    set_aside: list[str] = []
    optional = [check for check in checks if not check.required]
    if optional and not any(branch.count for branch in branches):
        required = [check for check in checks if check.required]
        branches = [
            _find_branch(report, required, each, *most, steps=steps) for each in corrections
        ]
        for check in optional:
            narrowed = [branch.checked(check, most_checked) for branch in branches]
            if any(branch.count for branch in narrowed):
                branches = narrowed
            else:
                set_aside.append(check.name)
    count = sum(branch.count for branch in branches)
    if most_tables is not None and count > most_tables:
        raise ArgumentError(f"{count:,} tables print these figures, more than {most_tables:,}")
    return kind(report, tuple(checks), corrections, rounding, tuple(branches), tuple(set_aside))


def _find_branch(
    report: PrintedReport,
    checks: Sequence[IntervalCheck],
    correction: Correction,
    most_rows: int,
    most_checked: int,
    *,
    steps: bool,
) -> Branch:
    """Return the tables under one correction that pass every check."""
    parts = []
    for corrected in _CORRECTED[correction]:
        constraints = report.constraints(corrected=corrected)
        runs = enumerate_tables(
            report.margins, constraints, checks, report.labels, most_rows, steps=steps
        )
        parts.append(runs.split_zeros(zero=corrected) if correction == "zero_cells" else runs)
    # A check that only one of two searches met is made of all their tables.
    met = set.intersection(*(set(runs.methods) for runs in parts))
    parts = [replace(runs, methods={name: runs.methods[name] for name in met}) for runs in parts]
    # With "zero_cells" the steps are those of the tables without a zero, the usual ones.
    count = sum(int((runs.high - runs.low + 1).sum()) for runs in parts)
    branch = Branch(correction, tuple(parts), parts[0].steps, count)
    for check in checks:
        if check.name not in met:
            branch = branch.checked(check, most_checked)
    return branch
