"""Likelihood ratios of the evidence: one row a report, from its tables or as printed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, check_level
from backpain_stats.estimate import format_number
from backpain_stats.printed.cells import number
from backpain_stats.printed.value import parse_printed
from backpain_stats.published.accuracy_draws import middle_table
from backpain_stats.published.feasible import ReportTables, report_tables
from backpain_stats.published.shared_patients import counted_reports, shared_reports
from backpain_stats.tables.intervals import proportion_interval
from backpain_stats.tables.ratios import ratio_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.evidence import Evidence, Names

__all__ = ["likelihood_ratios"]

MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative")
ESTIMATES = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
COLUMNS = [
    *("report_id", "flag_id", "family", "cohort_id", "study", "target", "setting"),
    *("n", "n_cases", "tables", *COUNT_COLUMNS, "table_source"),
    *ESTIMATES,
    *("ci_level", "method", "verdict", "usable", "counted", "shares_patients_with", "reason"),
]
_USABLE = ("unique", "several", "ratio_printed", "proportions_printed")


def likelihood_ratios(
    evidence: Evidence,
    target: str | None = None,
    setting: str | None = None,
    flag: Names = None,
    *,
    level: float = 0.95,
    method: str = "score",
    correction: str = "none",
) -> pd.DataFrame:
    r"""Return the likelihood ratios of every report of the evidence.

    .. math::
       LR^+ = \frac{\text{sensitivity}}{1 - \text{specificity}}, \qquad
       LR^- = \frac{1 - \text{sensitivity}}{\text{specificity}}

    Where several tables agree with what a report prints
    (:func:`~backpain_stats.feasible_tables`), the estimates are those of the
    middle table and each interval runs from the lowest to the highest end over
    all of them. No row is left out: a report whose figures contradict each
    other stays, with the reason, and has no estimate.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting, flag : str, optional
        As in :meth:`~backpain_stats.Evidence.select`.
    level : float, default 0.95
        Level of the intervals.
    method : {"score", "log", "bayes"}
        Interval of the ratios; see
        :func:`~backpain_stats.tables.ratios.ratio_interval`. Sensitivity and
        specificity have Wilson intervals, with ``"bayes"`` Jeffreys'.
    correction : {"none", "zero_cells", "all"}
        Zero-cell correction of the ratios.

    Returns
    -------
    pandas.DataFrame
        One row a report (a flag in a cohort):

        * ``report_id, flag_id, family, cohort_id, study, target, setting``;
        * ``n, n_cases`` as printed; ``tables``: how many tables fit; ``tp, fp,
          fn, tn``: the middle one, that with the median LR+; ``table_source``:
          whether its counts are ``printed`` or ``reconstructed``;
        * ``sensitivity, specificity, lr_positive, lr_negative``, each with
          ``_low`` and ``_high``; NaN where it cannot be estimated;
        * ``ci_level, method``: of the intervals;
        * ``verdict``: ``unique``, ``several``, ``impossible``, ``one_group``,
          ``proportions_printed``, ``ratio_printed`` or ``nothing_printed``
          (:data:`backpain_stats.published.feasible.VERDICTS` says what each means);
        * ``usable``: whether its figures may enter a calculation. A report from
          a cohort without cases is usable, for its specificity;
        * ``counted``: False for all but one of the usable reports about one flag
          in the same patients; the others must not be added to it;
        * ``shares_patients_with``: the other reports about these patients and
          this target, joined by semicolons: their errors are not independent;
        * ``reason``: why something is missing, or what to keep in mind.

    Raises
    ------
    ArgumentError
        If a target, a setting, the level, the method or the correction is not
        allowed.
    UnknownNameError
        If there is no such flag.

    Notes
    -----
    An interval from several tables is wider than its level says: it contains
    the interval of whichever table is the right one. Not for pooling: a
    meta-analysis takes the tables.

    Examples
    --------
    >>> from backpain_stats import likelihood_ratios, load_evidence
    >>> found = likelihood_ratios(load_evidence(), "malignancy", "primary_care", "cancer_history")
    >>> found[["study", "tables", "lr_positive", "lr_positive_low", "lr_positive_high"]].round(1)
              study  tables  lr_positive  lr_positive_low  lr_positive_high
    0      deyo1988      20         15.1              4.9              42.5
    1  henschke2009      11          NaN              NaN               NaN
    >>> found["reason"][1]
    'the cohort has no cases: neither sensitivity nor likelihood ratios can be estimated'
    """
    check_level(level)
    found = report_tables(evidence)
    usable = pd.Series({report: one.verdict in _USABLE for report, one in found.items()})
    counted = counted_reports(evidence, usable)
    reports = evidence.select(target, setting, flag).accuracy
    estimates = _estimates(reports, found, level, method, correction)
    frame = _identified(reports, evidence).join(estimates, on="report_id")
    all_printed = reports[list(COUNT_COLUMNS)].notna().all(axis=1)
    frame["table_source"] = np.where(all_printed, "printed", "reconstructed")
    frame.loc[frame["tables"] == 0, "table_source"] = pd.NA
    frame["usable"] = frame["report_id"].map(usable).astype(bool)
    frame["counted"] = frame["report_id"].isin(counted)
    frame["shares_patients_with"] = frame["report_id"].map(shared_reports(evidence))
    again = frame["usable"] & ~frame["counted"]
    frame.loc[again, "reason"] = [
        "; ".join(filter(None, [reason, "another report on these patients is counted"]))
        for reason in frame.loc[again, "reason"]
    ]
    texts = dict.fromkeys(
        ["report_id", "table_source", "method", "verdict", "shares_patients_with", "reason"],
        "string",
    )
    counts = dict.fromkeys(["tables", *COUNT_COLUMNS], "Int64") | {"tables": "int64"}
    floats = dict.fromkeys([*ESTIMATES, "ci_level"], "float64")
    return frame[COLUMNS].astype(texts | counts | floats).reset_index(drop=True)


def _identified(reports: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return what each report is about."""
    cohorts = evidence.cohorts.set_index("cohort_id").rename(columns={"study_id": "study"})
    families = evidence.flags.set_index("flag_id")["family"]
    return (
        reports[["report_id", "cohort_id", "flag_id"]]
        .join(cohorts[["study", "target", "setting", "n", "n_cases"]], on="cohort_id")
        .join(families, on="flag_id")
    )


def _estimates(
    reports: pd.DataFrame,
    found: Mapping[str, ReportTables],
    level: float,
    method: str,
    correction: str,
) -> pd.DataFrame:
    """Return the estimates of each report, indexed by report."""
    names = list(reports["report_id"])
    tabled = [name for name in names if len(found[name].cells)]
    computed = _from_tables([found[name] for name in tabled], level, method, correction)
    rows: dict[str, dict[str, Any]] = dict(zip(tabled, computed, strict=True))
    printed = reports.set_index("report_id")
    for name in names:
        if name not in rows:
            rows[name] = _from_printed(printed.loc[name], found[name], level)
    columns = ["tables", *COUNT_COLUMNS, *ESTIMATES, "ci_level", "method", "verdict", "reason"]
    frame = pd.DataFrame([rows[name] for name in names], index=names, columns=columns)
    return frame.astype(dict.fromkeys(COUNT_COLUMNS, "Int64"))


def _from_tables(
    reports: list[ReportTables], level: float, method: str, correction: str
) -> list[dict[str, Any]]:
    """Return the estimates of reports that have tables, all tables at once."""
    sizes = np.array([len(report.cells) for report in reports], dtype=int)
    stacked = np.concatenate([np.empty((0, 4), dtype=np.int64), *(one.cells for one in reports)])
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    middle = starts + [middle_table(report.cells) for report in reports] if reports else starts
    known = (stacked >= 0).all(axis=1)
    cells = np.where(stacked >= 0, stacked, 0)
    tp, fp, fn, tn = cells.T
    proportions = "jeffreys" if method == "bayes" else "wilson"
    values: dict[str, NDArray[np.float64]] = {}
    for name, positive, total in (
        ("sensitivity", tp, tp + fn),
        ("specificity", tn, fp + tn),
    ):
        with np.errstate(invalid="ignore"):
            triple = (positive / total, *proportion_interval(positive, total, proportions, level))
        _store(values, name, triple, estimable=total > 0, starts=starts, middle=middle)
    for name in ("lr_positive", "lr_negative"):
        triple = ratio_interval(
            tp, fp, fn, tn, measure=name, method=method, correction=correction, level=level
        )
        estimable = known & (tp + fn > 0) & (fp + tn > 0)
        _store(values, name, triple, estimable=estimable, starts=starts, middle=middle)
    return [
        {name: values[name][position] for name in ESTIMATES}
        | dict(
            zip(
                COUNT_COLUMNS,
                [pd.NA if cell < 0 else cell for cell in stacked[middle[position]]],
                strict=True,
            )
        )
        | {
            "tables": sizes[position] if report.complete else 0,
            "ci_level": level,
            "method": _method_text(method, correction, sizes[position]),
            "verdict": report.verdict,
            "reason": _table_reason(report),
        }
        for position, report in enumerate(reports)
    ]


def _store(
    values: dict[str, NDArray[np.float64]],
    name: str,
    triple: tuple[NDArray[np.float64], ...],
    *,
    estimable: NDArray[np.bool_],
    starts: NDArray[np.int64],
    middle: NDArray[np.int64],
) -> None:
    """Keep the middle table's estimate and the envelope of the intervals, report by report."""
    estimate, low, high = (np.where(estimable, ends, np.nan) for ends in triple)
    values[name] = estimate[middle]
    # A report may hold tables without cases beside others; they exclude nothing.
    values[f"{name}_low"] = np.fmin.reduceat(low, starts) if len(starts) else low
    values[f"{name}_high"] = np.fmax.reduceat(high, starts) if len(starts) else high


def _method_text(method: str, correction: str, tables: int) -> str:
    """Name the interval method, its correction, and how many tables it runs over."""
    parts = [method]
    if correction != "none":
        parts.append(f"correction {correction}")
    if tables > 1:
        parts.append(f"envelope of {tables} tables")
    return ", ".join(parts)


def _table_reason(report: ReportTables) -> str:
    """Say what cannot be estimated although there is a table."""
    tp, fp, fn, tn = report.cells.T
    remarks = [report.reason]
    sizes = np.unique(tp + fn)
    if len(sizes) > 1:
        remarks.append(f"n_cases is not printed; {sizes[0]} to {sizes[-1]} cases fit")
    if (tp + fn == 0).all():
        remarks.append(
            "the cohort has no cases: neither sensitivity nor likelihood ratios can be estimated"
        )
    if (fp + tn == 0).all():
        remarks.append(
            "the cohort has only cases: neither specificity nor likelihood ratios can be estimated"
        )
    return "; ".join(filter(None, remarks))


def _from_printed(row: pd.Series, report: ReportTables, level: float) -> dict[str, Any]:
    """Return the estimates of a report without a table: as printed, or none."""
    result: dict[str, Any] = dict.fromkeys(ESTIMATES, math.nan) | dict.fromkeys(
        COUNT_COLUMNS, pd.NA
    )
    result |= {
        "tables": 0,
        "ci_level": math.nan,
        "method": "none",
        "verdict": report.verdict,
        "reason": report.reason,
    }
    if report.verdict == "ratio_printed":
        for name in ("lr_positive", "lr_negative"):
            for column in (name, f"{name}_low", f"{name}_high"):
                result[column] = _printed_number(row[column])
        printed_level = _printed_number(row["ci_level"])
        intervals = [result[f"{name}_low"] for name in ("lr_positive", "lr_negative")]
        result |= {"method": "as printed", "ci_level": printed_level}
        if np.isnan(intervals).all():
            result["reason"] += "; no interval is printed"
        elif math.isnan(printed_level):
            result["reason"] += "; the level of its interval is not stated"
    elif report.verdict == "proportions_printed":
        result |= {"method": "from printed proportions"} | _ratios_of_printed(row, report.reason)
    return result


def _printed_number(cell: object) -> float:
    """Return the number of a printed cell; NaN if it is empty or an inequality."""
    if pd.isna(cell) or str(cell).startswith(("<", ">")):  # type: ignore[call-overload]
        return math.nan
    value = number(str(cell))
    return math.nan if value is None else value


def _ratios_of_printed(row: pd.Series, reason: str) -> dict[str, Any]:
    """Return the ratios that printed proportions give, and what rounding alone leaves open."""
    false_positive = pd.isna(row["specificity"])
    sens = parse_printed(row["sensitivity"], "sensitivity")
    other = row["false_positive_rate"] if false_positive else row["specificity"]
    figure = parse_printed(other, "false_positive_rate" if false_positive else "specificity")
    sens_low, sens_high = _ends(sens.low, sens.high)
    spec_low, spec_high = _ends(figure.low, figure.high)
    sensitivity = _printed_number(row["sensitivity"])
    specificity = _printed_number(other)
    if false_positive:
        specificity, spec_low, spec_high = 1 - specificity, 1 - spec_high, 1 - spec_low
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = np.array([sensitivity, sens_low, sens_high]) / (
            1 - np.array([specificity, spec_low, spec_high])
        )
        negative = (1 - np.array([sensitivity, sens_high, sens_low])) / np.array(
            [specificity, spec_high, spec_low]
        )
    ranges = " and ".join(
        f"{label} {format_number(low)} to {format_number(high)}"
        for label, (_, low, high) in (("LR+", positive), ("LR-", negative))
    )
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "lr_positive": positive[0],
        "lr_negative": negative[0],
        "reason": f"{reason}; rounding alone allows {ranges}",
    }


def _ends(low: Any, high: Any) -> tuple[float, float]:
    """Return the ends of a rounding interval as fractions inside 0 to 1."""
    return (
        max(0.0, float(low)) if low is not None else 0.0,
        min(1.0, float(high)) if high is not None else 1.0,
    )
