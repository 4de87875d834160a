"""Accuracy of many 2x2 tables at once, as a long frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from backpain_stats.checks import (
    COUNT_COLUMNS,
    check_choice,
    check_level,
    counts_from_frame,
    fill_empty_arms,
    require_columns,
)
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.tables.estimates import estimate_measure, reasons
from backpain_stats.tables.files import TablesLike, read_tables
from backpain_stats.tables.statistics import (
    CORRECTIONS,
    PROPORTION_METHODS,
    RATIO_MEASURES,
    RATIO_METHODS,
    SUMMARY_MEASURES,
    Correction,
    ProportionMethod,
    RatioMethod,
)

__all__ = ["accuracy"]

_RESULT_COLUMNS = (
    "measure",
    "estimate",
    "ci_low",
    "ci_high",
    "ci_level",
    "method",
    "correction",
)


def accuracy(
    frame: TablesLike,
    *,
    measures: Sequence[str] = SUMMARY_MEASURES,
    proportion_method: ProportionMethod = "wilson",
    ratio_method: RatioMethod = "score",
    correction: Correction = "none",
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate the accuracy of every 2x2 table of a frame, with intervals.

    Parameters
    ----------
    frame : pandas.DataFrame, StudyTables, str or path-like
        One row per table, counts in the columns ``tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such. All other columns are kept:
        they say which table a row is about. An arm without counts has no patients.
    measures : sequence of str
        Which of ``sensitivity, specificity, lr_positive, lr_negative,
        odds_ratio, ppv, npv, prevalence``; all by default.
    proportion_method : str
        Interval of proportions: ``wilson``, ``wilson_cc``, ``clopper_pearson``,
        ``jeffreys``, ``agresti_coull`` or ``wald``; see
        :func:`backpain_stats.tables.intervals.proportion_interval`.
    ratio_method : str
        Interval of ratios: ``score``, ``log`` or ``bayes``; see
        :func:`backpain_stats.tables.ratios.ratio_interval`.
    correction : {"none", "zero_cells", "all"}
        Where 0.5 is added to the four cells before a ratio is taken.
        Proportions are never corrected.
    level : float
        Confidence (or posterior) level.

    Returns
    -------
    pandas.DataFrame
        One row per table and measure, in the order of ``frame``: its other
        columns, then ``measure, estimate, ci_low, ci_high, ci_level, method,
        correction``. What cannot be estimated stays as a row: the estimate is
        NaN, the interval the whole range, and ``method`` says why.

    Raises
    ------
    DataError
        If a count column is missing, a cell is not a whole number of 0 or
        more, or a column is named like one of the result.
    ArgumentError
        If a method, correction, measure or level is not allowed.

    Notes
    -----
    ``ppv`` and ``npv`` hold at the prevalence of their table only, and only if
    the table is a sample of patients rather than of cases and non-cases.

    Examples
    --------
    >>> tables = pd.DataFrame(
    ...     {"study": ["A", "B"], "tp": [4, 0], "fp": [41, 3], "fn": [9, 0], "tn": [1921, 80]}
    ... )
    >>> accuracy(tables, measures=["sensitivity", "lr_positive"]).drop(
    ...     columns=["ci_level", "correction"]).round(2)
      study      measure  estimate  ci_low  ci_high                    method
    0     A  sensitivity      0.31    0.13     0.58                    wilson
    1     A  lr_positive     14.72    5.81    30.20                     score
    2     B  sensitivity       NaN    0.00     1.00  not estimable: no cases
    3     B  lr_positive       NaN    0.00      inf  not estimable: no cases
    """
    check_choice(proportion_method, "proportion_method", PROPORTION_METHODS)
    check_choice(ratio_method, "ratio_method", RATIO_METHODS)
    check_choice(correction, "correction", CORRECTIONS)
    level = check_level(level)
    if isinstance(measures, str) or not isinstance(measures, Iterable):
        raise ArgumentError(f"measures is {measures!r}; it must be a list, such as ['sensitivity']")
    measures = [check_choice(measure, "measure", SUMMARY_MEASURES) for measure in measures]
    if not isinstance(frame, pd.DataFrame) or not set(COUNT_COLUMNS) <= set(frame.columns):
        frame = read_tables(frame).frame
    require_columns(frame, COUNT_COLUMNS)
    frame, _ = fill_empty_arms(frame)
    counts = counts_from_frame(frame).astype(float)
    clashes = [column for column in frame.columns if column in _RESULT_COLUMNS]
    if clashes:
        raise DataError(
            f"the frame has the column(s) {', '.join(clashes)}, which the result also has; "
            "rename or drop them"
        )

    blocks = []
    for measure in measures:
        ratio = measure in RATIO_MEASURES
        method = ratio_method if ratio else proportion_method
        applied = correction if ratio else "none"
        estimate, low, high = estimate_measure(counts, measure, method, applied, level)
        reason = reasons(counts, measure, estimate)
        blocks.append(
            pd.DataFrame(
                {
                    "measure": measure,
                    "estimate": estimate,
                    "ci_low": low,
                    "ci_high": high,
                    "ci_level": level,
                    "method": np.where(reason == "", method, "not estimable: " + reason),
                    "correction": applied,
                }
            )
        )
    others = frame.drop(columns=list(COUNT_COLUMNS))
    if not blocks:
        return others.iloc[:0].reindex(columns=[*others.columns, *_RESULT_COLUMNS])
    rows = np.arange(len(frame))
    order = np.argsort(np.tile(rows, len(measures)), kind="stable")
    results = pd.concat(blocks, ignore_index=True).iloc[order].reset_index(drop=True)
    identity = others.iloc[np.repeat(rows, len(measures))].reset_index(drop=True)
    return pd.concat([identity, results], axis=1)
