"""Which published reports about a flag may be pooled, with which tables, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.evidence import require_evidence
from backpain_stats.published.accuracy_draws import middle_table, table_order
from backpain_stats.published.feasible import VERDICTS, ReportTables, report_tables
from backpain_stats.published.likelihood import likelihood_ratios
from backpain_stats.published.shared_patients import first_cohorts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence

# The likelihood of printed figures is a sum over their tables; neighbouring tables differ
# by one patient, so evenly spaced ones stand for all.
MOST_TABLES = 41
COLUMNS = [
    *("report_id", "flag_id", "cohort_id", "study", "setting", "n", "n_cases"),
    *("tables", *COUNT_COLUMNS, "verdict", "used", "contributes", "reason"),
]


def chosen_reports(
    evidence: Evidence,
    target: str,
    setting: str | None,
    flag: str | None,
    family: str | None,
) -> pd.DataFrame:
    """Return every report about the flag or family, with ``used`` and the reason if not.

    A report is used if a 2x2 table, or one column of it, follows from what is
    printed, and no other report about these patients is used. In a family, the flag
    that most cohorts report goes first.

    Returns
    -------
    pandas.DataFrame
        ``report_id, flag_id, cohort_id, study, setting, n, n_cases, tables, tp, fp, fn,
        tn, verdict, used, contributes, reason``; the counts are the middle table's.
    """
    named = require_evidence(evidence).select(
        target=target, setting=setting, flag=flag, family=family
    )
    names = named.accuracy["report_id"]
    frame = likelihood_ratios(evidence, target, setting)
    frame = frame.loc[frame["report_id"].isin(names)].reset_index(drop=True)
    found = report_tables(evidence)
    frame["first"] = frame["cohort_id"].map(first_cohorts(evidence)["first"])
    frame["contributes"] = [_contribution(found[name]) for name in frame["report_id"]]
    able = frame["contributes"] != "nothing"
    # The flag that most cohorts report goes first, then whole tables, then what the
    # likelihood ratios count.
    cohorts = frame.loc[able].groupby("flag_id")["first"].nunique()
    order = frame.assign(
        cohorts=frame["flag_id"].map(cohorts).fillna(0), part=frame["contributes"] != "both"
    ).sort_values(
        ["cohorts", "part", "counted", "flag_id", "report_id"],
        ascending=[False, True, False, True, True],
    )
    holders = order.loc[able.loc[order.index]].drop_duplicates("first").set_index("first")
    holder = frame["first"].map(holders["report_id"])
    frame["used"] = able & (holder == frame["report_id"])
    frame["reason"] = [
        _reason(str(verdict), reason, str(counted), used=used, able=can)
        for verdict, reason, counted, used, can in zip(
            frame["verdict"], frame["reason"], holder, frame["used"], able, strict=True
        )
    ]
    return frame[COLUMNS].reset_index(drop=True)


def _reason(verdict: str, reason: object, counted: str, *, used: bool, able: bool) -> str:
    """Say why a report is not used; for one in use, keep what has to be kept in mind."""
    if able and not used:
        return f"the same patients are counted by {counted}"
    said = "" if pd.isna(reason) else str(reason)  # type: ignore[call-overload]
    parts = [said] if used else [VERDICTS[verdict], said]
    return "; ".join(part for part in parts if part)


def report_rows(evidence: Evidence, reports: pd.DataFrame) -> pd.DataFrame:
    """Return every table of the reports in use, at most 41 each: ``study, setting`` and counts.

    A group about which nothing is printed has two zeros. ``study`` is the report's name.
    """
    found = report_tables(evidence)
    parts = []
    for report, setting in reports.loc[reports["used"], ["report_id", "setting"]].itertuples(
        index=False, name=None
    ):
        cells = thinned(np.maximum(found[report].cells, 0))
        part = pd.DataFrame(cells, columns=list(COUNT_COLUMNS))
        parts.append(part.assign(study=report, setting=setting))
    columns = ["study", "setting", *COUNT_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def thinned(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most 41 tables, evenly spaced in the order of their LR+, the middle one kept."""
    if len(cells) <= MOST_TABLES:
        return cells
    places = np.linspace(0, len(cells) - 1, MOST_TABLES).astype(int)
    return cells[table_order(cells)[places]]


def middle_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the middle table of each study of :func:`report_rows`."""
    parts = []
    for _, part in rows.groupby("study", sort=False):
        counts = part[list(COUNT_COLUMNS)].to_numpy(dtype=np.int64)
        parts.append(part.iloc[[middle_table(counts)]])
    return pd.concat(parts, ignore_index=True)


def _contribution(report: ReportTables) -> str:
    """Say which column of the 2x2 table the report fills: both, one, or nothing."""
    if report.verdict not in ("unique", "several", "one_group") or not len(report.cells):
        return "nothing"
    tp, fp, fn, tn = report.cells.T
    cases, noncases = bool(np.all((tp >= 0) & (fn >= 0))), bool(np.all((fp >= 0) & (tn >= 0)))
    cases, noncases = cases and bool(np.any(tp + fn > 0)), noncases and bool(np.any(fp + tn > 0))
    if cases and noncases:
        return "both"
    if cases:
        return "sensitivity only"
    return "specificity only" if noncases else "nothing"
