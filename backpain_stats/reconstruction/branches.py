"""The tables that agree with a report, one branch a zero-cell correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.enumerate_tables import enumerate_tables
from backpain_stats.reconstruction.measures import CELLS
from backpain_stats.reconstruction.printed_intervals import IntervalCheck
from backpain_stats.reconstruction.printed_report import PrintedReport
from backpain_stats.reconstruction.table_runs import Runs

__all__ = ["Branch", "checked_branch", "find_branch", "tables_frame"]

# An interval check of this many tables takes a minute.
MOST_CHECKED = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """The tables found under one zero-cell correction."""

    correction: str
    runs: tuple[Runs, ...]
    steps: tuple[tuple[str, int], ...]
    cells: Mapping[str, np.ndarray] | None = None
    methods: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many tables there are."""
        if self.cells is not None:
            return len(self.cells["tp"])
        return sum(runs.count for runs in self.runs)

    def expanded(self) -> Mapping[str, np.ndarray]:
        """Return the four counts of every table."""
        if self.cells is not None:
            return self.cells
        parts = [runs.expand() for runs in self.runs]
        return {cell: np.concatenate([part[cell] for part in parts]) for cell in CELLS}


def find_branch(
    report: PrintedReport, checks: Sequence[IntervalCheck], correction: str, most_rows: int
) -> Branch:
    """Return the tables under one correction that pass every check."""
    filters = [one for one in (check.row_filter() for check in checks) if one is not None]
    found = []
    for corrected in {"none": (False,), "all": (True,), "zero_cells": (False, True)}[correction]:
        runs = enumerate_tables(
            report.margins,
            report.constraints(corrected=corrected),
            filters,
            report.labels,
            most_rows,
        )
        found.append(runs.split_zeros(zero=corrected) if correction == "zero_cells" else runs)
    # With "zero_cells" the steps are those of the tables without a zero, the usual ones.
    branch = Branch(correction, tuple(found), found[0].steps)
    for check in checks:
        branch = checked_branch(branch, check)
    return branch


def checked_branch(branch: Branch, check: IntervalCheck) -> Branch:
    """Return the tables of a branch whose interval is the printed one by some method."""
    if branch.count > MOST_CHECKED:
        raise ArgumentError(
            f"{branch.count:,} tables fit before the {check.label} is looked at, too many "
            f"to check (at most {MOST_CHECKED:,}); give n_cases or a further figure"
        )
    cells = branch.expanded()
    fitting = check.fitting_methods(cells, branch.correction)
    keep = np.logical_or.reduce(list(fitting.values()))
    names = np.full(len(keep), "", dtype=object)
    for method, good in fitting.items():
        names = np.where(good, np.where(names == "", method, names + f", {method}"), names)
    steps = branch.steps
    if all(check.label not in runs.checked for runs in branch.runs):
        steps = (*steps, (check.label, int(keep.sum())))
    return Branch(
        branch.correction,
        branch.runs,
        steps,
        {cell: values[keep] for cell, values in cells.items()},
        {name: values[keep] for name, values in branch.methods.items()} | {check.name: names[keep]},
    )


def tables_frame(branches: Sequence[Branch], checks: Sequence[IntervalCheck]) -> pd.DataFrame:
    """Return the tables of all corrections as one frame, each table once."""
    frames = [_branch_frame(branch, checks) for branch in branches]
    if len(branches) == 1:
        correction = branches[0].correction
        return frames[0] if correction == "none" else frames[0].assign(correction=correction)
    together = pd.concat(
        [
            frame.assign(correction=branch.correction)
            for frame, branch in zip(frames, branches, strict=True)
        ],
        ignore_index=True,
    )
    columns = [*CELLS, "n", "n_cases"]
    grouped = together.groupby(columns, sort=False, dropna=False, as_index=False)
    merged = grouped.agg({name: _listed for name in together.columns if name not in columns})
    return merged.sort_values(["n", "n_cases", "tp", "fp"], ignore_index=True)


def _listed(values: pd.Series) -> Any:
    """Join what several corrections say about one table."""
    seen = dict.fromkeys(part for value in values.dropna() for part in str(value).split(", "))
    return ", ".join(seen) if seen else pd.NA


def _branch_frame(branch: Branch, checks: Sequence[IntervalCheck]) -> pd.DataFrame:
    """Return the tables of one correction."""
    cells = branch.expanded()
    known = set(branch.runs[0].known)
    columns: dict[str, Any] = {}
    size = len(cells["tp"])
    for cell in CELLS:
        columns[cell] = cells[cell] if cell in known else [pd.NA] * size
    columns["n"] = sum(cells.values()) if known == set(CELLS) else [pd.NA] * size
    cases = {"tp", "fn"} <= known
    columns["n_cases"] = cells["tp"] + cells["fn"] if cases else [pd.NA] * size
    frame = pd.DataFrame({name: pd.array(one, dtype="Int64") for name, one in columns.items()})
    for check in checks:
        methods = branch.methods.get(check.name, np.full(size, pd.NA, dtype=object))
        frame[f"{check.name}_interval"] = pd.array(methods, dtype="string")
    return frame
