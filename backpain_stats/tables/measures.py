"""The eight measures of a 2x2 table: which cells each takes, and why it may not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.tables.intervals import proportion_interval
from backpain_stats.tables.ratios import RATIO_MEASURES, ratio_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array = NDArray[np.float64]

# Measure -> (cells counted, cells counted among), of tp, fp, fn, tn.
PROPORTION_CELLS = {
    "sensitivity": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("fp", "tn")),
    "ppv": (("tp",), ("tp", "fp")),
    "npv": (("tn",), ("fn", "tn")),
    "prevalence": (("tp", "fn"), ("tp", "fp", "fn", "tn")),
}
MEASURES = (
    "sensitivity",
    "specificity",
    "lr_positive",
    "lr_negative",
    "odds_ratio",
    "ppv",
    "npv",
    "prevalence",
)
_EMPTY = {
    "sensitivity": "no cases",
    "specificity": "no non-cases",
    "ppv": "no positive results",
    "npv": "no negative results",
    "prevalence": "no patients",
}

Cells = dict[str, "_Array"]


def successes_and_totals(cells: Cells, measure: str) -> tuple[_Array, _Array]:
    """Return the numerators and denominators of a proportion.

    Examples
    --------
    >>> cells = {name: np.array([v]) for name, v in zip(("tp", "fp", "fn", "tn"), (4, 41, 9, 1921))}
    >>> successes_and_totals(cells, "ppv")
    (array([4]), array([45]))
    """
    counted, among = PROPORTION_CELLS[measure]
    return (
        np.add.reduce([cells[cell] for cell in counted]),
        np.add.reduce([cells[cell] for cell in among]),
    )


def estimate_measure(
    cells: Cells, measure: str, method: str, correction: str = "none", level: float = 0.95
) -> tuple[_Array, _Array, _Array]:
    """Return estimates and ends of one measure for arrays of cells.

    The estimate of a proportion is its sample value under every method.
    Proportions take no correction. Where a measure does not exist the estimate
    is NaN and the interval the whole range; :func:`reasons` says why.
    """
    check_choice(measure, "measure", MEASURES)
    if measure in RATIO_MEASURES:
        return ratio_interval(
            **cells, measure=measure, method=method, correction=correction, level=level
        )
    x, n = successes_and_totals(cells, measure)
    low, high = proportion_interval(x, n, method=method, level=level)
    return np.where(n > 0, x / np.where(n > 0, n, 1.0), np.nan), low, high


def reasons(cells: Cells, measure: str, estimate: _Array) -> NDArray[np.object_]:
    """Return why each estimate does not exist; an empty text where it does.

    Examples
    --------
    >>> one = np.ones(1)
    >>> cells = {"tp": 0 * one, "fp": 5 * one, "fn": 0 * one, "tn": 7 * one}
    >>> reasons(cells, "lr_positive", np.full(1, np.nan))
    array(['no cases'], dtype=object)
    """
    missing = np.isnan(estimate)
    answer = np.full(np.shape(estimate), "", dtype=object)
    if measure not in RATIO_MEASURES:
        answer[missing] = _EMPTY[measure]
        return answer
    cases, controls = cells["tp"] + cells["fn"], cells["fp"] + cells["tn"]
    answer[missing] = {
        "lr_positive": "no positive results, the ratio is 0/0",
        "lr_negative": "no negative results, the ratio is 0/0",
        "odds_ratio": "zeros in numerator and denominator, the ratio is 0/0",
    }[measure]
    answer[missing & (controls == 0)] = "no non-cases"
    answer[missing & (cases == 0)] = "no cases"
    answer[missing & (cases == 0) & (controls == 0)] = "no patients"
    return answer
