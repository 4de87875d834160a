"""Likelihood ratios of the evidence: one row per report, from its tables or as printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import COUNT_COLUMNS, check_choice, check_level
from backpain_stats.evidence import Evidence, Names, Setting, Target, require_evidence
from backpain_stats.printed import PrintedValue
from backpain_stats.published.accuracy import middle_table
from backpain_stats.published.reading import published_reports
from backpain_stats.published.remarks import codes, sentences
from backpain_stats.published.report import Remark, Report
from backpain_stats.tables import RATIO_METHODS, proportion_interval, ratio_interval

__all__ = ["likelihood_ratios", "ratio_rows"]

MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative")
RATIOS = ("lr_positive", "lr_negative")
ESTIMATES = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
ROUNDING = [f"{name}_rounding_{end}" for name in RATIOS for end in ("low", "high")]
COLUMNS = [
    *("report_id", "flag_id", "family", "cohort_id", "study", "target", "setting"),
    *("sample", "verification", "directness"),
    *("n", "n_cases", "tables", *COUNT_COLUMNS, "table_source"),
    *ESTIMATES,
    *ROUNDING,
    *("ci_level", "method", "correction", "verdict", "usable", "counted", "displaced_by"),
    *("displaced_because", "shares_patients_with", "reason_code", "reason"),
]
_INTEGERS = ("n", "n_cases", *COUNT_COLUMNS)

Row = dict[str, Any]


def likelihood_ratios(
    evidence: Evidence,
    target: Target | None = None,
    setting: Setting | None = None,
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
        Interval of the ratios; see :func:`~backpain_stats.tables.ratio_interval`.
        Sensitivity and specificity have Wilson intervals, with ``"bayes"``
        Jeffreys'.
    correction : {"none", "zero_cells", "all"}
        Zero-cell correction of the ratios.

    Returns
    -------
    pandas.DataFrame
        One row per report (a flag in a cohort):

        * ``report_id, flag_id, family, cohort_id, study, target, setting``;
        * ``sample, verification, directness``: who was sampled, how the condition
          was verified, and whether patients and target are those of the question;
        * ``n, n_cases`` as printed; ``tables``: how many tables fit; ``tp, fp, fn,
          tn``: the middle one, that with the median LR+; ``table_source``:
          whether its counts are ``printed`` or ``reconstructed``;
        * ``sensitivity, specificity, lr_positive, lr_negative``, each with
          ``_low`` and ``_high``; NaN where it cannot be estimated;
        * ``lr_positive_rounding_low`` and so on: where a ratio comes from printed
          figures without a table, the values that their rounding leaves open; a
          printed bound or a printed 0 has no point value, only these;
        * ``ci_level, method, correction``: of the intervals;
        * ``verdict``: ``unique``, ``several``, ``impossible``, ``one_group``,
          ``proportions_printed``, ``ratio_printed`` or ``nothing_printed``
          (:data:`backpain_stats.VERDICTS` says what each means);
        * ``usable``: whether its figures may enter a calculation. A report from
          a cohort without cases is usable, for its specificity;
        * ``counted``: False for all but one of the usable reports about one flag
          in the same patients; ``displaced_by`` names the one that counts, and
          ``displaced_because`` the rule: ``replaces``, ``ratio``, ``counts``,
          ``own_text``, ``fuller``, ``cohort`` or ``tie``;
        * ``shares_patients_with``: the other reports about these patients and
          this target, joined by semicolons: their errors are not independent;
        * ``reason_code``: why something is missing, or what to keep in mind;
          ``reason`` says it in words.

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
    >>> found = found.set_index("report_id").loc[
    ...     ["deyo1988_cancer_history", "henschke2009_cancer_history"]]
    >>> found[["tables", "lr_positive_low", "lr_positive_high"]].round(1)
                                 tables  lr_positive_low  lr_positive_high
    report_id
    deyo1988_cancer_history          20              4.9              42.5
    henschke2009_cancer_history      11              NaN               NaN
    >>> found["reason"].iloc[1]
    'the cohort has no cases: neither sensitivity nor likelihood ratios can be estimated'
    """
    selected = require_evidence(evidence).select(target, setting, flag).accuracy["report_id"]
    reports = published_reports(evidence)
    chosen = [reports[name] for name in selected]
    rows = ratio_rows(chosen, level=level, method=method, correction=correction)
    families = dict(
        zip(evidence.whole.flags["flag_id"], evidence.whole.flags["family"], strict=True)
    )
    frame = pd.DataFrame(
        [
            _about(report, families.get(report.flag_id))
            | row
            | {"reason_code": codes(row["remarks"]), "reason": sentences(row["remarks"])}
            for report, row in zip(chosen, rows, strict=True)
        ],
        columns=COLUMNS,
    )
    floats = [*ESTIMATES, *ROUNDING, "ci_level"]
    types: dict[str, str] = dict.fromkeys(COLUMNS, "string") | dict.fromkeys(_INTEGERS, "Int64")
    types |= dict.fromkeys(floats, "float64") | {"tables": "int64"}
    return frame.astype(types | dict.fromkeys(("usable", "counted"), "bool"))


def _about(report: Report, family: str | None) -> Row:
    """Return what a report is about, and whether it counts."""
    cohort = report.cohort
    source = "printed" if report.counts_are_printed else "reconstructed"
    return {
        "report_id": report.report_id,
        "flag_id": report.flag_id,
        "family": family,
        "cohort_id": cohort.cohort_id,
        "study": cohort.study,
        "target": cohort.target,
        "setting": cohort.setting or None,
        "sample": cohort.sample,
        "verification": cohort.verification,
        "directness": cohort.directness,
        "n": cohort.n,
        "n_cases": cohort.n_cases,
        "table_source": source if report.complete else None,
        "verdict": report.verdict,
        "usable": report.usable,
        "counted": report.counted,
        "displaced_by": report.displaced_by,
        "displaced_because": report.displaced_because,
        "shares_patients_with": ";".join(report.shares_patients_with),
    }


def ratio_rows(
    reports: Sequence[Report],
    *,
    level: float = 0.95,
    method: str = "score",
    correction: str = "none",
    ratios: bool = False,
) -> list[Row]:
    """Return the estimates of reports, the tables of all of them at once.

    Parameters
    ----------
    reports : sequence of Report
        Reports of flags or of combinations.
    level, method, correction
        As in :func:`likelihood_ratios`.
    ratios : bool, default False
        Whether only the likelihood ratios are wanted; sensitivity and specificity are then
        left out.

    Returns
    -------
    list of dict
        One per report: ``tables``, the four cells of the middle table, the four
        measures with their ends, the ranges that rounding leaves open, ``ci_level,
        method, correction, remarks``.

    Raises
    ------
    ArgumentError
        If the level, the method or the correction is not allowed.
    """
    check_level(level)
    check_choice(method, "method", RATIO_METHODS)
    tabled = [report for report in reports if len(report.cells)]
    computed = dict(
        zip(
            (report.report_id for report in tabled),
            _from_tables(tabled, level, method, correction, ratios=ratios),
            strict=True,
        )
    )
    rows = []
    for report in reports:
        row = computed.get(report.report_id)
        if row is None:
            row, remarks = _from_printed(report)
        else:
            remarks = ()
            row |= {"ci_level": level, "method": method, "correction": correction}
        rows.append(row | {"remarks": (*report.remarks, *remarks)})
    return rows


def _from_tables(
    reports: Sequence[Report], level: float, method: str, correction: str, *, ratios: bool
) -> list[Row]:
    """Return the estimates of reports that have tables, all tables at once."""
    sizes = np.array([len(report.cells) for report in reports], dtype=int)
    stacked = np.concatenate(
        [np.empty((0, 4), dtype=np.int64), *(report.cells for report in reports)]
    )
    starts = np.cumsum(sizes) - sizes
    middle = starts + np.array([middle_table(report.cells) for report in reports], dtype=int)
    known = (stacked >= 0).all(axis=1)
    tp, fp, fn, tn = np.maximum(stacked, 0).T
    proportions = "jeffreys" if method == "bayes" else "wilson"
    triples = {}
    shares = (("sensitivity", tp, tp + fn), ("specificity", tn, fp + tn))
    for name, positive, total in () if ratios else shares:
        with np.errstate(invalid="ignore"):
            share = positive / total
        triples[name] = (
            (share, *proportion_interval(positive, total, proportions, level)),
            total > 0,
        )
    both = known & (tp + fn > 0) & (fp + tn > 0)
    for name in RATIOS:
        ends = ratio_interval(
            tp, fp, fn, tn, measure=name, method=method, correction=correction, level=level
        )
        triples[name] = ends, both
    values: dict[str, NDArray[np.float64]] = {}
    for name, (triple, estimable) in triples.items():
        estimate, low, high = (np.where(estimable, ends, np.nan) for ends in triple)
        values[name] = estimate[middle]
        # A report may hold tables without cases beside others; they exclude nothing.
        values[f"{name}_low"] = np.fmin.reduceat(low, starts) if len(starts) else low
        values[f"{name}_high"] = np.fmax.reduceat(high, starts) if len(starts) else high
    return [
        {name: column[place] for name, column in values.items()}
        | {
            cell: int(count) if count >= 0 else None
            for cell, count in zip(COUNT_COLUMNS, stacked[middle[place]], strict=True)
        }
        | {
            "tables": int(sizes[place])
            if report.uses.knows_cases and report.uses.knows_non_cases
            else 0
        }
        for place, report in enumerate(reports)
    ]


def _from_printed(report: Report) -> tuple[Row, tuple[Remark, ...]]:
    """Return the estimates of a report without a table: as printed, or none."""
    row: Row = dict.fromkeys([*ESTIMATES, *ROUNDING], math.nan) | dict.fromkeys(COUNT_COLUMNS)
    row |= {"tables": 0, "ci_level": math.nan, "method": "none", "correction": "none"}
    if report.verdict == "ratio_printed":
        return _ratios_as_printed(report, row)
    if report.verdict == "proportions_printed":
        return _ratios_of_proportions(report, row)
    return row, ()


def _ratios_as_printed(report: Report, row: Row) -> tuple[Row, tuple[Remark, ...]]:
    """Fill in printed ratios; a bound, and a printed 0, give a range and no point."""
    remarks = []
    for name in RATIOS:
        figure = report.printed.values.get(name)
        if figure is None:
            continue
        low, high = _bounds(figure)
        row |= {f"{name}_rounding_low": low, f"{name}_rounding_high": high}
        if figure.point is None:
            continue
        if figure.point == 0:
            remarks.append(Remark("zero_or_infinite", (f"{name} {figure}",)))
            continue
        row[name] = float(figure.point)
        for end, printed in zip(
            ("low", "high"), report.printed.intervals.get(name, ()), strict=False
        ):
            if printed is not None and printed.point is not None:
                row[f"{name}_{end}"] = float(printed.point)
    row |= {"method": "as printed", "ci_level": report.level or math.nan}
    if all(math.isnan(row[f"{name}_low"]) for name in RATIOS):
        remarks.append(Remark("no_interval"))
    elif report.level is None:
        remarks.append(Remark("level_not_stated"))
    return row, tuple(remarks)


def _ratios_of_proportions(report: Report, row: Row) -> tuple[Row, tuple[Remark, ...]]:
    """Fill in the ratios of printed proportions, and what their rounding leaves open."""
    figures = report.printed.values
    sensitivity = figures["sensitivity"]
    # The share of non-cases with the flag, from whichever of the two was printed.
    if "specificity" in figures:
        other = figures["specificity"]
        high, low = (1 - end for end in _bounds(other, most=1.0))
        false_positive = None if other.point is None else 1 - float(other.point)
    else:
        other = figures["false_positive_rate"]
        low, high = _bounds(other, most=1.0)
        false_positive = None if other.point is None else float(other.point)
    row["method"] = "from printed proportions"
    if sensitivity.point is not None:
        row["sensitivity"] = float(sensitivity.point)
    if false_positive is not None:
        row["specificity"] = 1 - false_positive
    least, most = _bounds(sensitivity, most=1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.array([least, most, 1 - most, 1 - least]) / np.array(
            [high, low, 1 - low, 1 - high]
        )
        points = np.array([row["sensitivity"], 1 - row["sensitivity"]]) / np.array(
            [1 - row["specificity"], row["specificity"]]
        )
    row |= dict(zip(ROUNDING, ends.tolist(), strict=True))
    remarks = [Remark("rounding", tuple(ends.tolist()))]
    for name, point in zip(RATIOS, points.tolist(), strict=True):
        if math.isfinite(point) and point > 0:
            row[name] = point
        elif not math.isnan(point):
            remarks.append(Remark("zero_or_infinite", (name,)))
    return row, tuple(remarks)


def _bounds(figure: PrintedValue, most: float = math.inf) -> tuple[float, float]:
    """Return the ends of what a printed figure allows, from 0 to ``most``."""
    low = 0.0 if figure.low is None else max(float(figure.low), 0.0)
    high = most if figure.high is None else min(float(figure.high), most)
    return low, high
