"""The 2x2 tables behind the printed figures of one report."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backpain_stats.errors import ArgumentError
from backpain_stats.published.report import Remark, Report, Verdict
from backpain_stats.reconstruction import PrintedReport, Reconstruction, read_report
from backpain_stats.reconstruction import reconstruct_report as tables_behind

__all__ = ["Answer", "find_tables", "share_sizes"]

RATIOS = frozenset({"lr_positive", "lr_negative"})
# Statistics of one group alone, and the counts that go with them.
GROUPS = (
    (("n_cases", "tp", "fn"), ("sensitivity",)),
    (("fp", "tn"), ("specificity", "false_positive_rate")),
)
# A printed interval fixes the size of its group. Groups are looked for up to the
# first of these sizes, and up to the second if the first does not hold them all.
LARGEST_GROUPS = (1_000, 5_000)
# More tables than this say no more than that the group sizes are not known.
MOST_TABLES = 100_000
NO_CELLS = np.empty((0, 4), dtype=np.int64)
NO_CELLS.flags.writeable = False


class Answer(NamedTuple):
    """What is known of a table: the verdict, the tables, and what to keep in mind."""

    verdict: Verdict
    cells: NDArray[np.int64] = NO_CELLS
    remarks: tuple[Remark, ...] = ()


def find_tables(printed: PrintedReport, level: float) -> Answer:
    """Return the tables behind the printed figures of one report.

    Parameters
    ----------
    printed : PrintedReport
        Its figures, with n and n_cases of its cohort where they are printed.
    level : float
        Level of its intervals.

    Returns
    -------
    Answer
        Where no table can be listed, what can be used instead: printed proportions or
        printed ratios.
    """
    counts = printed.labels.keys()
    cells = counts & {"tp", "fp", "fn", "tn"}
    # The prevalence is a figure of the cohort, not of this report.
    points = printed.values.keys() - {"prevalence"}
    if not points and not printed.intervals and not cells:
        return Answer("nothing_printed", remarks=(Remark("no_figure"),))
    if not cells and points <= RATIOS:
        return Answer("ratio_printed", remarks=(_ratio_remark(printed),))
    if not counts & {"n", "n_cases"} and not ({"tp", "fn"} <= cells or {"fp", "tn"} <= cells):
        return _from_intervals(printed, level) or _proportions_only(printed)
    try:
        return _from_reconstruction(tables_behind(printed, level=level))
    except ArgumentError as error:
        # Raised where so little is printed that the tables cannot be listed.
        return _contradiction(printed, level) or _proportions_only(printed, str(error))


def _ratio_remark(printed: PrintedReport) -> Remark:
    """Say that a ratio is used as printed, or that what is printed is a bound."""
    ratios = {name: figure for name, figure in printed.values.items() if name in RATIOS}
    bounds = [f"{name} {figure}" for name, figure in ratios.items() if figure.point is None]
    if len(bounds) < len(ratios):
        return Remark("ratio_only")
    return Remark("bound_only", tuple(bounds))


def _proportions_only(printed: PrintedReport, why: str = "") -> Answer:
    """Return what is known where no table can be found."""
    names = printed.values.keys()
    if "sensitivity" in names and names & {"specificity", "false_positive_rate"}:
        return Answer("proportions_printed", remarks=(Remark("no_denominators"),))
    return Answer("nothing_printed", remarks=(Remark("too_little", (why,) if why else ()),))


def _from_reconstruction(found: Reconstruction) -> Answer:
    """Read the answer of the reconstruction for use in calculations."""
    if found.verdict == "impossible":
        return Answer("impossible", remarks=(Remark("impossible", (found,)),))
    if found.count > MOST_TABLES:
        raise ArgumentError(f"{found.count:,} tables print these figures: too little is printed")
    remarks = [Remark("warning", (warning,)) for warning in found.warnings]
    if found.set_aside:
        remarks = [Remark("interval_set_aside", (found,))]
    cells, unknown = _one_group_only(found.cells)
    if unknown:
        return Answer("one_group", cells, (Remark(unknown), *remarks))
    return Answer("unique" if found.count == 1 else "several", cells, tuple(remarks))


def _contradiction(printed: PrintedReport, level: float) -> Answer | None:
    """Say whether one group alone contradicts itself, the other being unknown."""
    for counts, statistics in GROUPS:
        try:
            found = tables_behind(_part(printed, counts, statistics), level=level)
        except ArgumentError:
            continue  # the size of this group is not known either
        if found.verdict == "impossible":
            return _from_reconstruction(found)
    return None


def _part(printed: PrintedReport, counts: tuple[str, ...], names: tuple[str, ...]) -> PrintedReport:
    """Return a report as if only these counts and statistics had been printed."""
    kept = {name: getattr(printed.margins, name) for name in counts if name in printed.labels}
    return replace(
        read_report(kept, {}),
        values={name: value for name, value in printed.values.items() if name in names},
        intervals={name: ends for name, ends in printed.intervals.items() if name in names},
    )


def _one_group_only(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], str]:
    """Find a group in which every number of positives fits: nothing is printed about it.

    Returns the tables of the other group alone with the code of the remark, or all
    tables and no code.
    """
    for positive, negative, code in ((1, 3, "non_cases_unknown"), (0, 2, "cases_unknown")):
        totals = cells[:, positive] + cells[:, negative]
        pairs = {*zip(totals.tolist(), cells[:, positive].tolist(), strict=True)}
        sizes = {total for total, _ in pairs}
        unknown = (cells[:, positive] < 0).all()
        if unknown or (max(sizes) > 0 and len(pairs) == sum(total + 1 for total in sizes)):
            kept = cells.copy()
            kept[:, [positive, negative]] = -1
            return _frozen(np.unique(kept, axis=0)), code
    return cells, ""


def _from_intervals(printed: PrintedReport, level: float) -> Answer | None:
    """Find both group sizes from the intervals of sensitivity and specificity.

    Each interval fixes the size of its group; every pair of groups is a table.
    None if an interval is not printed, or no usual method reproduces it.
    """
    groups = [_group_of_interval(printed, name, level) for name in ("sensitivity", "specificity")]
    cases, non_cases = groups
    if cases is None or non_cases is None or len(cases) * len(non_cases) > MOST_TABLES:
        return None
    first, second = np.divmod(np.arange(len(cases) * len(non_cases)), len(non_cases))
    cells = np.column_stack(
        [cases[first, 0], non_cases[second, 1], cases[first, 1], non_cases[second, 0]]
    )
    sizes = [bound for group in (cases, non_cases) for bound in _span(group)]
    remark = Remark("sizes_from_intervals", tuple(sizes))
    return Answer("unique" if len(cells) == 1 else "several", _frozen(cells), (remark,))


def _group_of_interval(printed: PrintedReport, name: str, level: float) -> NDArray[np.int64] | None:
    """Return every (positives, negatives) that prints a proportion and its interval."""
    ends = printed.intervals.get(name, (None, None))
    if name not in printed.values or None in ends:
        return None
    for largest in LARGEST_GROUPS:
        # The specificity is to the non-cases what the sensitivity is to the cases.
        group = replace(
            read_report({"n_cases": (1, largest)}, {}),
            values={"sensitivity": printed.values[name]},
            intervals={"sensitivity": ends},
        )
        found = tables_behind(group, level=level)
        if found.set_aside or not found.count:
            continue
        pairs = found.cells[:, [0, 2]]
        # Larger groups have narrower intervals: well below the limit, none is missed.
        if pairs.sum(axis=1).max() < 0.9 * largest:
            return np.unique(pairs, axis=0)
    return None


def _span(group: NDArray[np.int64]) -> tuple[int, int]:
    """Return the smallest and the largest size of a group."""
    sizes = group.sum(axis=1)
    return int(sizes.min()), int(sizes.max())


def share_sizes(reports: list[Report]) -> list[Report]:
    """Keep the tables whose group sizes suit every report of one cohort.

    For reports whose number of cases is not printed. Where no sizes suit all of them
    (items with missing values have denominators of their own), every report keeps its
    tables and says so.
    """
    complete = [report for report in reports if report.complete]
    if len(complete) < 2:
        return reports
    common = set.intersection(*(report.group_sizes for report in complete))
    narrowed = {}
    for report in complete:
        others = tuple(sorted(other.report_id for other in complete if other is not report))
        if not common:
            remarks = (*report.remarks, Remark("no_common_sizes", others))
            narrowed[report.report_id] = replace(report, remarks=remarks)
            continue
        tp, fp, fn, tn = report.cells.T
        pairs = zip((tp + fn).tolist(), (fp + tn).tolist(), strict=True)
        cells = _frozen(report.cells[[pair in common for pair in pairs]])
        if len(cells) < len(report.cells):
            narrowed[report.report_id] = replace(
                report,
                verdict="unique" if len(cells) == 1 else "several",
                cells=cells,
                remarks=(*report.remarks, Remark("sizes_shared", others)),
            )
    return [narrowed.get(report.report_id, report) for report in reports]


def _frozen(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the array, not to be written to."""
    cells.flags.writeable = False
    return cells
