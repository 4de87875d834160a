"""Estimates and intervals of the measures of many 2x2 tables, and why one may not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.tables.intervals import proportion_interval
from backpain_stats.tables.ratios import ratio_interval
from backpain_stats.tables.statistics import MEASURES, RATIO_MEASURES, SUMMARY_MEASURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array = NDArray[np.float64]

_EMPTY = {
    "sensitivity": "no cases",
    "specificity": "no non-cases",
    "ppv": "no positive results",
    "npv": "no negative results",
    "prevalence": "no patients",
    "lr_positive": "no positive results, the ratio is 0/0",
    "lr_negative": "no negative results, the ratio is 0/0",
    "odds_ratio": "zeros in numerator and denominator, the ratio is 0/0",
}


def estimate_measure(
    tables: _Array, measure: str, method: str, correction: str = "none", level: float = 0.95
) -> tuple[_Array, _Array, _Array]:
    """Return estimates and ends of one measure, each of shape (n,), of (n, 4) tables.

    The estimate of a proportion is its sample value under every method.
    Proportions take no correction. Where a measure does not exist the estimate
    is NaN and the interval the whole range; :func:`reasons` says why.
    """
    check_choice(measure, "measure", SUMMARY_MEASURES)
    if measure in RATIO_MEASURES:
        tp, fp, fn, tn = tables.T
        return ratio_interval(tp, fp, fn, tn, measure, method, correction, level)
    count, group = MEASURES[measure].parts(tables)
    low, high = proportion_interval(count, group, method, level)
    return MEASURES[measure].of(tables), low, high


def reasons(tables: _Array, measure: str, estimate: _Array) -> NDArray[np.object_]:
    """Return why each estimate does not exist; an empty text where it does.

    Examples
    --------
    >>> reasons(np.array([[0, 5, 0, 7]]), "lr_positive", np.full(1, np.nan))
    array(['no cases'], dtype=object)
    """
    answer = np.full(np.shape(estimate), "", dtype=object)
    missing = np.isnan(estimate)
    answer[missing] = _EMPTY[measure]
    if measure in RATIO_MEASURES:
        tp, fp, fn, tn = tables.T
        cases, non_cases = tp + fn, fp + tn
        answer[missing & (non_cases == 0)] = "no non-cases"
        answer[missing & (cases == 0)] = "no cases"
        answer[missing & (cases == 0) & (non_cases == 0)] = "no patients"
    return answer
