"""What is known of a report whose tables a plain search does not give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from backpain_stats.errors import ArgumentError
from backpain_stats.printed import PrintedValue
from backpain_stats.published.report import Answer, Remark, Report
from backpain_stats.reconstruction import PrintedReport, read_report, reconstruct_report

__all__ = [
    "MOST_ROWS",
    "MOST_TABLES",
    "from_intervals",
    "proportions_only",
    "ratios_only",
    "share_sizes",
]

RATIOS = frozenset({"lr_positive", "lr_negative"})
# Statistics of one group alone, and the counts that go with them.
GROUPS = (
    (("n_cases", "tp", "fn"), ("sensitivity",)),
    (("fp", "tn"), ("specificity", "false_positive_rate")),
)
# A printed interval fixes the size of its group. Groups are looked for up to the
# first of these sizes, and up to the next if that does not hold them all.
LARGEST_GROUPS = (200, 1_000, 5_000)
# What one report of many may cost: the reports shipped here need 9,772 rows at most.
MOST_ROWS = 200_000
# More tables than this say no more than that the group sizes are not known.
MOST_TABLES = 100_000


def ratios_only(printed: PrintedReport) -> Answer:
    """Say that a ratio is used as printed, or that what is printed is a bound."""
    ratios = {name: figure for name, figure in printed.values.items() if name in RATIOS}
    bounds = [f"{name} {figure}" for name, figure in ratios.items() if figure.point is None]
    if len(bounds) < len(ratios):
        return Answer("ratio_printed", remarks=(Remark("ratio_only"),))
    return Answer("ratio_printed", remarks=(Remark("bound_only", tuple(bounds)),))


def proportions_only(printed: PrintedReport, level: float, why: str = "") -> Answer:
    """Return what is known where no table can be listed: the printed proportions, if any.

    One group alone may contradict itself, the other being unknown; then nothing is used.
    """
    for counts, statistics in GROUPS:
        try:
            found = reconstruct_report(
                _part(printed, counts, statistics), level=level, most_rows=MOST_ROWS
            )
        except ArgumentError:
            continue  # the size of this group is not known either
        if found.verdict == "impossible":
            return Answer("impossible", remarks=(Remark("impossible", (found,)),))
    names = printed.values.keys()
    if "sensitivity" in names and names & {"specificity", "false_positive_rate"}:
        return Answer("proportions_printed", remarks=(Remark("no_denominators"),))
    return Answer("nothing_printed", remarks=(Remark("too_little", (why,) if why else ()),))


def _part(printed: PrintedReport, counts: tuple[str, ...], names: tuple[str, ...]) -> PrintedReport:
    """Return a report as if only these counts and statistics had been printed."""
    kept = {name: getattr(printed.margins, name) for name in counts if name in printed.labels}
    return replace(
        read_report(kept, {}),
        values={name: value for name, value in printed.values.items() if name in names},
        intervals={name: ends for name, ends in printed.intervals.items() if name in names},
    )


def from_intervals(printed: PrintedReport, level: float) -> Answer | None:
    """Find both group sizes from the intervals of sensitivity and specificity.

    Each interval fixes the size of its group; every pair of groups is a table.
    None if an interval is not printed, or no usual method reproduces it.
    """
    cases, non_cases = (
        _group_of_interval(
            printed.values.get(name), *printed.intervals.get(name, (None,) * 2), level
        )
        for name in ("sensitivity", "specificity")
    )
    if cases is None or non_cases is None or len(cases) * len(non_cases) > MOST_TABLES:
        return None
    first, second = np.divmod(np.arange(len(cases) * len(non_cases)), len(non_cases))
    cells = np.column_stack(
        [cases[first, 0], non_cases[second, 1], cases[first, 1], non_cases[second, 0]]
    )
    cells.flags.writeable = False
    sizes = [bound for group in (cases, non_cases) for bound in _span(group)]
    remark = Remark("sizes_from_intervals", tuple(sizes))
    return Answer("unique" if len(cells) == 1 else "several", cells, (remark,))


# Publications of one study repeat each other's intervals; the answers cannot be written to.
@lru_cache(maxsize=256)
def _group_of_interval(
    value: PrintedValue | None, low: PrintedValue | None, high: PrintedValue | None, level: float
) -> NDArray[np.int64] | None:
    """Return every (positives, negatives) that prints a proportion and its interval."""
    if value is None or low is None or high is None:
        return None
    for largest in LARGEST_GROUPS:
        # The specificity is to the non-cases what the sensitivity is to the cases.
        group = replace(
            read_report({"n_cases": (1, largest)}, {}),
            values={"sensitivity": value},
            intervals={"sensitivity": (low, high)},
        )
        try:
            found = reconstruct_report(group, level=level, most_rows=MOST_ROWS)
        except ArgumentError:
            return None  # so little is printed that every size would have to be looked at
        if found.set_aside or not found.count:
            continue
        pairs = found.cells[:, [0, 2]]
        # Larger groups have narrower intervals: well below the limit, none is missed.
        if pairs.sum(axis=1).max() < 0.9 * largest:
            pairs = np.unique(pairs, axis=0)
            pairs.flags.writeable = False
            return pairs
    return None


def _span(group: NDArray[np.int64]) -> tuple[int, int]:
    """Return the smallest and the largest size of a group."""
    sizes = group.sum(axis=1)
    return int(sizes.min()), int(sizes.max())


def share_sizes(reports: Sequence[Report]) -> list[Report]:
    """Keep the tables whose group sizes suit every report of one cohort.

    For reports whose number of cases is not printed. Where no sizes suit all of them
    (items with missing values have denominators of their own), every report keeps its
    tables and says so.
    """
    complete = [report for report in reports if report.complete]
    if len(complete) < 2:
        return list(reports)
    sizes = {report.report_id: _size_codes(report.cells) for report in complete}
    common = reduce(np.intersect1d, sizes.values())
    narrowed = {}
    for report in complete:
        others = tuple(sorted(other.report_id for other in complete if other is not report))
        if not len(common):
            remarks = (*report.remarks, Remark("no_common_sizes", others))
            narrowed[report.report_id] = replace(report, remarks=remarks)
            continue
        cells = report.cells[np.isin(sizes[report.report_id], common)]
        cells.flags.writeable = False
        if len(cells) < len(report.cells):
            narrowed[report.report_id] = replace(
                report,
                verdict="unique" if len(cells) == 1 else "several",
                cells=cells,
                remarks=(*report.remarks, Remark("sizes_shared", others)),
            )
    return [narrowed.get(report.report_id, report) for report in reports]


def _size_codes(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one whole number per table that tells its numbers of cases and non-cases."""
    tp, fp, fn, tn = cells.T
    # Counts of one study are below 2**31, so that a pair of them fits in 64 bits.
    return ((tp + fn) << 31) + (fp + tn)
