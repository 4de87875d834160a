"""The studies behind a meta-analysis, each with its own intervals: what the figures draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.meta.data import check_studies
from backpain_stats.tables.intervals import proportion_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["study_accuracy"]


def study_accuracy(
    data: pd.DataFrame, *, method: str = "wilson", level: float = 0.95
) -> pd.DataFrame:
    """Return sensitivity and specificity of each study with intervals, one row a study.

    Parameters
    ----------
    data : pandas.DataFrame
        Columns ``study, tp, fp, fn, tn``.
    method : str
        Interval of a proportion, as in
        :func:`backpain_stats.tables.intervals.proportion_interval`.
    level : float
        Confidence level.

    Returns
    -------
    pandas.DataFrame
        ``study, tp, fp, fn, tn, n, n_cases, sensitivity, sensitivity_low,
        sensitivity_high, specificity, specificity_low, specificity_high, ci_level,
        method``. A study without cases has NaN for its sensitivity, one without
        non-cases for its specificity.

    Raises
    ------
    DataError
        If a column is missing, a cell is not a count, a study is named twice or has
        four zeros, or there is no row.
    ArgumentError
        If ``method`` or ``level`` is not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"study": ["Reinus"], "tp": [7], "fp": [13], "fn": [0], "tn": [462]})
    >>> study_accuracy(frame)[["sensitivity", "sensitivity_low", "specificity"]].round(3)
       sensitivity  sensitivity_low  specificity
    0          1.0            0.646        0.973
    """
    checked = check_studies(data)
    counts = checked.counts
    tp, fp, fn, tn = counts.T
    frame = checked.table()[["study", *COUNT_COLUMNS]]
    frame["n"], frame["n_cases"] = counts.sum(axis=1), tp + fn
    for measure, successes, totals in (("sensitivity", tp, tp + fn), ("specificity", tn, tn + fp)):
        known = totals > 0
        low, high = proportion_interval(successes, totals, method, level)
        frame[measure] = np.where(known, successes / np.maximum(totals, 1), np.nan)
        frame[f"{measure}_low"] = np.where(known, low, np.nan)
        frame[f"{measure}_high"] = np.where(known, high, np.nan)
    return frame.assign(ci_level=level, method=method)
