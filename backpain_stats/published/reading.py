"""The reports of an evidence, each read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.evidence import TABLES, Evidence, require_evidence
from backpain_stats.published.counting import displaced
from backpain_stats.published.report import (
    Answer,
    Cohort,
    Kind,
    Remark,
    Report,
    Uses,
    Verdict,
)
from backpain_stats.published.without_search import (
    MOST_ROWS,
    MOST_TABLES,
    from_intervals,
    proportions_only,
    ratios_only,
    share_sizes,
)
from backpain_stats.reconstruction import (
    STATISTICS,
    PrintedReport,
    Solution,
    find_tables,
    interval_checks,
    read_report,
)

__all__ = ["PublishedReports", "published_reports", "read_cohorts"]

# Level of printed intervals whose level is not stated: nearly all are 95%.
USUAL_LEVEL = 0.95
_CELLS = ("tp", "fp", "fn", "tn")
_PRINTED = frozenset(
    (*_CELLS, *(name + end for name in STATISTICS for end in ("", "_low", "_high")))
)
# In one order, so that the steps of an explanation do not hang on the file.
_ORDER = tuple(name for name in TABLES["accuracy"].names if name in _PRINTED)
_FILES: Mapping[Kind, tuple[str, str]] = {
    "flag": ("accuracy", "report_id"),
    "combination": ("combinations", "combination_id"),
}

Row = dict[str, Any]

# Reports about the same patients: as many take some seconds, ten times as many gigabytes.
MOST_REPORTS = 2_000


class PublishedReports(Mapping[str, Report]):
    """Every report of one kind, by name, in the order of its file; read when first asked for.

    Reports about the same patients are read together: they share the number of cases,
    and only one of several about one flag counts.
    """

    def __init__(
        self, rows: list[Row], cohorts: Mapping[str, Cohort], shares: Mapping[str, str], kind: Kind
    ) -> None:
        self._kind: Kind = kind
        self._cohorts, self._shares = cohorts, shares
        self._groups: dict[str, list[Row]] = {}
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            if row["cohort_id"] in cohorts:
                cohort = cohorts[row["cohort_id"]]
                group = groups.setdefault((cohort.first, cohort.target), [])
                group.append(row)
                self._groups[row["report_id"]] = group
        self._read: dict[str, Report] = {}

    def __getitem__(self, name: str) -> Report:
        """Return a report by name; KeyError if there is none.

        All reports about its patients and its target are read with it.
        """
        if name in self._read:
            return self._read[name]
        group = self._groups[name]
        if len(group) > MOST_REPORTS:
            raise DataError(
                f"{len(group):,} reports are about the patients of {name} and its target; up to "
                f"{MOST_REPORTS:,} are read, since each is compared with every other"
            )
        of_cohort: dict[str, list[Report]] = {}
        for row in group:
            report = self._report(row)
            of_cohort.setdefault(report.cohort.cohort_id, []).append(report)
        reports = []
        for several in of_cohort.values():
            cohort = several[0].cohort
            open_cases = cohort.n is not None and cohort.n_cases is None
            reports += share_sizes(several) if open_cases else several
        names = sorted(report.report_id for report in reports)
        of_flag: dict[str, list[Report]] = {}
        for report in reports:
            others = tuple(other for other in names if other != report.report_id)
            remarks = (*report.remarks, *_remarks(report))
            of_flag.setdefault(report.flag_id, []).append(
                replace(
                    report,
                    shares_patients_with=others,
                    remarks=remarks,
                    uses=_uses(report.printed, report.verdict, report.cells),
                )
            )
        for several in of_flag.values():
            counted = displaced(several) if len(several) > 1 else several
            self._read |= {report.report_id: report for report in counted}
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order of the file."""
        return iter(self._groups)

    def __len__(self) -> int:
        """Return the number of reports."""
        return len(self._groups)

    def _report(self, row: Row) -> Report:
        """Read one row and find its tables."""
        cohort = self._cohorts[row["cohort_id"]]
        figures = {name: row[name] for name in _ORDER if name in row}
        counts = {name: int(figures.pop(name)) for name in _CELLS if name in figures}
        sizes = {"n": cohort.n, "n_cases": cohort.n_cases}
        counts |= {name: size for name, size in sizes.items() if size is not None}
        if cohort.n_cases is None and cohort.cohort_id in self._shares:
            figures = {"prevalence": self._shares[cohort.cohort_id]} | figures
        try:
            printed = read_report(counts, figures)
        except ArgumentError as error:
            file, key = _FILES[self._kind]
            raise DataError(f"{file}.csv, {key} {row['report_id']}: {error}") from error
        level = float(row["ci_level"]) if "ci_level" in row else None
        answer = _tables_behind(printed, USUAL_LEVEL if level is None else level)
        own_text = row.get("status") == "seen_primary"
        return Report(
            report_id=row["report_id"],
            kind=self._kind,
            flag_id=row["flag_id"],
            cohort=cohort,
            printed=printed,
            level=level,
            reading=row.get("reading", "printed" if own_text else "quoted"),
            replaces=tuple(filter(None, row.get("replaces", "").split(";"))),
            verdict=answer.verdict,
            cells=answer.cells,
            uses=_uses(printed, answer.verdict, answer.cells),
            remarks=answer.remarks,
        )


def _uses(printed: PrintedReport, verdict: Verdict, cells: NDArray[np.int64]) -> Uses:
    """Return what the tables and the printed figures of a report can be used for."""
    # What is not known of one table is known of none.
    cases = len(cells) > 0 and bool(cells[0, 0] >= 0 and cells[0, 2] >= 0)
    non_cases = len(cells) > 0 and bool(cells[0, 1] >= 0 and cells[0, 3] >= 0)
    some = bool((cells[:, :2] + cells[:, 2:] > 0).all())
    points = {name for name, figure in printed.values.items() if figure.point is not None}
    shares = bool(points & {"specificity", "false_positive_rate"})
    usable = {
        "ratio_printed": bool(points & {"lr_positive", "lr_negative"}),
        "proportions_printed": "sensitivity" in points and shares,
    }.get(verdict, verdict in ("unique", "several"))
    return Uses(cases, non_cases, cases and non_cases and some, usable)


def _tables_behind(printed: PrintedReport, level: float) -> Answer:
    """Return the tables behind the printed figures of one report.

    Where none can be listed, what can be used instead: printed proportions, or ratios.
    """
    counts = printed.labels.keys()
    cells = counts & set(_CELLS)
    # The prevalence is a figure of the cohort, not of this report.
    points = printed.values.keys() - {"prevalence"}
    if not cells and points <= {"lr_positive", "lr_negative"}:
        nothing = Answer("nothing_printed", remarks=(Remark("no_figure"),))
        return ratios_only(printed) if points or printed.intervals else nothing
    sized = counts & {"n", "n_cases"} or {"tp", "fn"} <= cells or {"fp", "tn"} <= cells
    try:
        if not sized:
            return from_intervals(printed, level) or proportions_only(printed, level)
        checks = interval_checks(printed, None, level) if printed.intervals else []
        # How many tables each figure leaves belongs to an explanation, and is found then.
        found = find_tables(
            printed,
            checks,
            ("none",),
            "nearest",
            kind=Solution,
            steps=False,
            most_rows=MOST_ROWS,
            most_tables=MOST_TABLES,
            most_checked=MOST_TABLES,
        )
    except ArgumentError as error:
        # Raised where so little is printed that the tables cannot be listed.
        return proportions_only(printed, level, str(error))
    tables = found.cells
    if not len(tables):
        return Answer("impossible", remarks=(Remark("impossible", (found,)),))
    remarks: tuple[Remark, ...] = ()
    if printed.intervals:
        remarks = tuple(Remark("warning", (warning,)) for warning in printed.warnings)
    if found.set_aside:
        remarks = (Remark("interval_set_aside", (found,)),)
    for positive, negative, code in ((1, 3, "non_cases_unknown"), (0, 2, "cases_unknown")):
        # Nothing is printed about a group in which every number of positives fits.
        counted = tables[:, positive]
        totals = counted + tables[:, negative]
        if counted.min() > 0 or (counted < totals).all():
            continue
        every = sum(total + 1 for total in np.unique(totals).tolist())
        pairs = len(np.unique(totals * (totals.max() + 2) + counted))
        if (counted < 0).all() or (totals.max() > 0 and pairs == every):
            kept = tables.copy()
            kept[:, [positive, negative]] = -1
            kept = np.unique(kept, axis=0)
            kept.flags.writeable = False
            return Answer("one_group", kept, (Remark(code), *remarks))
    return Answer("unique" if len(tables) == 1 else "several", tables, remarks)


def _remarks(report: Report) -> Iterator[Remark]:
    """Say what cannot be estimated although there is a table, and what kind of study it is."""
    tp, fp, fn, tn = report.cells.T
    if len(report.cells):
        cases = tp + fn
        if cases.min() < cases.max():
            yield Remark("n_cases_open", (int(cases.min()), int(cases.max())))
        if (cases == 0).all():
            yield Remark("no_cases")
        if (fp + tn == 0).all():
            yield Remark("only_cases")
    if report.cohort.is_indirect:
        yield Remark(report.cohort.directness)
    if report.cohort.sample == "case_control":
        yield Remark("case_control")


@dataclass(frozen=True, slots=True)
class _Reports:
    """The reports of an evidence, of flags and of combinations."""

    flag: PublishedReports
    combination: PublishedReports


def published_reports(evidence: Evidence, kind: Kind = "flag") -> PublishedReports:
    """Return every report of the whole evidence, by name.

    Parameters
    ----------
    evidence : Evidence
        The evidence, or a part of it: the reports are those of the whole, since what
        other reports say of the same patients belongs to what is known.
    kind : {"flag", "combination"}
        Reports of ``accuracy.csv`` or of ``combinations.csv``.

    Returns
    -------
    PublishedReports
        A mapping of names to :class:`Report`. It belongs to the evidence: it is built
        once, and two evidences share nothing.

    Raises
    ------
    ArgumentError
        If ``evidence`` is something else.
    DataError
        When a report is read whose figures are none; the message names its row.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> report = published_reports(load_evidence())["deyo1988_cancer_history"]
    >>> report.verdict, len(report.cells), report.cohort.n_cases
    ('several', 20, 13)
    """
    reports = require_evidence(evidence).derived("published_reports", _all_reports)
    return reports.flag if kind == "flag" else reports.combination


def _all_reports(evidence: Evidence) -> _Reports:
    """Read the rows of both files, and the share of cases printed for each cohort."""
    cohorts = read_cohorts(evidence)
    shares: dict[str, str] = {}
    for row in filled_rows(evidence.prevalence):
        cohort = cohorts.get(row.get("cohort_id", ""))
        printed = row.get("range_kind") == "point" and "prevalence" in row
        # The share is a figure of the same patients only if it has the same denominator.
        if cohort is not None and printed and row.get("n", cohort.n) == cohort.n:
            shares.setdefault(cohort.cohort_id, row["prevalence"])
    flags = filled_rows(evidence.accuracy)
    rules = [
        row | {"report_id": row["combination_id"], "flag_id": row["combination_id"]}
        for row in filled_rows(evidence.combinations)
    ]
    return _Reports(
        PublishedReports(flags, cohorts, shares, "flag"),
        PublishedReports(rules, cohorts, shares, "combination"),
    )


def read_cohorts(evidence: Evidence) -> dict[str, Cohort]:
    """Return the cohorts of an evidence by name.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> cohort = read_cohorts(load_evidence())["tsiang2017_malignancy"]
    >>> cohort.first, cohort.steps
    ('tsiang2019_malignancy', 1)
    """
    rows = filled_rows(evidence.cohorts)
    follows = {row["cohort_id"]: row.get("same_patients_as", "") for row in rows}
    cohorts = {}
    for row in rows:
        name = row["cohort_id"]
        path = [name]
        # Validation refuses circles; the second condition is for frames made by hand.
        while (following := follows.get(path[-1], "")) and following not in path:
            path.append(following)
        facts = {
            fact: row.get(fact, "unknown")
            for fact in ("sample", "case_control", "verification", "directness")
        }
        cohorts[name] = Cohort(
            name,
            row["study_id"],
            row["target"],
            row.get("setting", ""),
            row.get("n"),
            row.get("n_cases"),
            first=path[-1],
            steps=len(path) - 1,
            is_indirect=facts["directness"].startswith("indirect"),
            **facts,
        )
    return cohorts


def filled_rows(frame: pd.DataFrame) -> list[Row]:
    """Return a frame row by row, empty cells left out, whole numbers as int."""
    return [
        {
            str(name): int(value) if isinstance(value, float) else value
            for name, value in row.items()
            if not pd.isna(value)
        }
        for row in frame.to_dict("records")
    ]
