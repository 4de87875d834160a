"""Which published reports about a flag may be pooled, with which tables, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import COUNT_COLUMNS, as_names, check_choice, check_known, check_truth
from backpain_stats.evidence import (
    Evidence,
    Setting,
    Target,
    require_evidence,
)
from backpain_stats.published import (
    VERDICTS,
    Remark,
    Report,
    codes,
    published_reports,
    read_cohorts,
    sentences,
)
from backpain_stats.tables import middle_table, ratio_order

# The likelihood of printed figures is a sum over their tables; neighbouring tables differ
# by one patient, so evenly spaced ones stand for all.
MOST_TABLES = 41
COLUMNS = [
    *("report_id", "flag_id", "cohort_id", "study", "setting", "directness", "n", "n_cases"),
    *("tables", *COUNT_COLUMNS, "verdict", "used", "contributes", "reason_code", "reason"),
]


def named_reports(
    evidence: Evidence,
    target: Target | None,
    setting: Setting | None = None,
    flag: str | Sequence[str] | None = None,
    family: str | None = None,
) -> list[Report]:
    """Return the reports about a condition, a setting and some flags, in the evidence's order.

    The same as ``evidence.select`` and its reports, without building the other frames.

    Raises
    ------
    ArgumentError, UnknownNameError
        As in :meth:`backpain_stats.Evidence.select`.
    """
    require_evidence(evidence)
    if target is not None:
        check_choice(target, "target", list(evidence.targets["target"]))
    if setting is not None:
        check_choice(setting, "setting", list(evidence.settings["setting"]))
    families = evidence.derived("families", _families)
    kept = set(evidence.flags["flag_id"]) if flag is not None or family is not None else None
    if kept is not None and flag is not None:
        kept &= {check_known(name, kept, "flag") for name in as_names(flag, "flag")}
    if kept is not None and family is not None:
        check_known(family, set(families.values()), "family of flags")
        kept = {name for name in kept if families[name] == family}
    every = published_reports(evidence)
    cohorts = evidence.derived("cohorts of the pooled evidence", read_cohorts)
    rows = evidence.accuracy[["report_id", "flag_id", "cohort_id"]]
    # A report is read when it is first looked at: those of other conditions are not.
    return [
        every[name]
        for name, own, cohort in rows.itertuples(index=False)
        if (target is None or cohorts[cohort].target == target)
        and (setting is None or cohorts[cohort].setting == setting)
        and (kept is None or own in kept)
    ]


def _families(evidence: Evidence) -> dict[str, str]:
    return dict(zip(evidence.flags["flag_id"], evidence.flags["family"], strict=True))


def chosen_reports(
    evidence: Evidence,
    target: Target,
    setting: Setting | None,
    flag: str | None,
    family: str | None,
    *,
    indirect: bool = False,
    borrow: bool = False,
) -> pd.DataFrame:
    """Return every report about the flag or family, with ``used`` and the reason if not.

    A report is used if a 2x2 table, or one column of it, follows from what is
    printed, and no other report about these patients is used. In a family, the flag
    that most cohorts report goes first. Indirect evidence (other patients, another
    target) is used only on request. With ``borrow`` the cohorts of other settings are
    listed, too.

    Returns
    -------
    pandas.DataFrame
        ``report_id, flag_id, cohort_id, study, setting, directness, n, n_cases, tables,
        tp, fp, fn, tn, verdict, used, contributes, reason_code, reason``; the counts are
        the middle table's.
    """
    indirect = check_truth(indirect, "indirect")
    reports = named_reports(evidence, target, setting, flag, family)
    if borrow and setting is not None:
        reports = named_reports(evidence.whole, target, None, flag, family)
    able = [
        report
        for report in reports
        if report.contributes != "nothing" and (indirect or not report.cohort.is_indirect)
    ]
    holders = _holders(able)
    frame = pd.DataFrame([_row(report, holders, indirect=indirect) for report in reports])
    types = dict.fromkeys(("n", "n_cases", *COUNT_COLUMNS), "Int64") | {"used": "bool"}
    texts = [name for name in COLUMNS if name not in (*types, "tables")]
    types |= dict.fromkeys(texts, "string") | {"tables": "int64"}
    return frame.reindex(columns=COLUMNS).astype(types)


def _holders(reports: Iterable[Report]) -> dict[str, Report]:
    """Choose the report that counts for each group of patients.

    The flag that most cohorts report goes first, then whole tables, then the report
    that counts among those of its flag.
    """
    several = list(reports)
    groups: dict[str, set[str]] = {}
    for report in several:
        groups.setdefault(report.flag_id, set()).add(report.cohort.first)

    def rank(report: Report) -> tuple[object, ...]:
        return (
            -len(groups[report.flag_id]),
            report.contributes != "both",
            bool(report.displaced_by),
            report.flag_id,
            report.report_id,
        )

    holders: dict[str, Report] = {}
    for report in sorted(several, key=rank):
        holders.setdefault(report.cohort.first, report)
    return holders


def _row(report: Report, holders: dict[str, Report], *, indirect: bool) -> dict[str, object]:
    """Return what is shown of a report: its middle table, whether it is used, and why not."""
    cohort = report.cohort
    holder = holders.get(cohort.first)
    used = report is holder
    if report.contributes == "nothing":
        remarks = (Remark("verdict", (VERDICTS[report.verdict],)), *report.remarks)
    elif cohort.is_indirect and not indirect:
        remarks = (Remark("indirect_left_out"), *report.remarks)
    elif not used and holder is not None:
        remarks = (Remark("same_patients", (holder.report_id,)),)
    else:
        remarks = tuple(remark for remark in report.remarks if remark.code != "displaced")
    middle = report.cells[middle_table(report.cells)] if len(report.cells) else [-1] * 4
    counts = {
        cell: int(count) if count >= 0 else None
        for cell, count in zip(COUNT_COLUMNS, middle, strict=True)
    }
    return counts | {
        "report_id": report.report_id,
        "flag_id": report.flag_id,
        "cohort_id": cohort.cohort_id,
        "study": cohort.study,
        "setting": cohort.setting or None,
        "directness": cohort.directness,
        "n": cohort.n,
        "n_cases": cohort.n_cases,
        "tables": len(report.cells) if report.complete else 0,
        "verdict": report.verdict,
        "used": used,
        "contributes": report.contributes,
        "reason_code": codes(remarks),
        "reason": sentences(remarks),
    }


def report_rows(evidence: Evidence, reports: pd.DataFrame) -> pd.DataFrame:
    """Return every table of the reports in use, at most 41 each: ``study, setting`` and counts.

    A group about which nothing is printed has two zeros. ``study`` is the report's name.
    """
    every = published_reports(evidence)
    parts = []
    for name in reports.loc[reports["used"], "report_id"]:
        cells = thinned(np.maximum(every[name].cells, 0))
        part = pd.DataFrame(cells, columns=list(COUNT_COLUMNS))
        parts.append(part.assign(study=name, setting=every[name].cohort.setting or None))
    columns = ["study", "setting", *COUNT_COLUMNS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def thinned(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most 41 tables, evenly spaced in the order of their LR+, the middle one kept."""
    if len(cells) <= MOST_TABLES:
        return cells
    places = np.linspace(0, len(cells) - 1, MOST_TABLES).astype(int)
    return cells[ratio_order(cells)[places]]


def middle_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the middle table of each study of :func:`report_rows`."""
    parts = []
    for _, part in rows.groupby("study", sort=False):
        counts = part[list(COUNT_COLUMNS)].to_numpy(dtype=np.int64)
        parts.append(part.iloc[[middle_table(counts)]])
    return pd.concat(parts, ignore_index=True)
