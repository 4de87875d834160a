"""One common ratio of several tables, weighted by counts (Mantel & Haenszel)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import NotEstimableError

if TYPE_CHECKING:
    import pandas as pd


def mantel_haenszel(rows: pd.DataFrame, measure: str) -> tuple[float, float]:
    """Return the Mantel-Haenszel log ratio and its standard error, from raw counts.

    The odds ratio is statsmodels' (Robins, Breslow & Greenland's variance); the
    likelihood ratios are risk ratios between the groups, with Greenland & Robins'
    (1985) variance, which statsmodels lacks.
    """
    tp, fp, fn, tn = (rows[c].to_numpy(dtype=float) for c in ("tp", "fp", "fn", "tn"))
    if measure == "odds_ratio":
        from statsmodels.stats.contingency_tables import StratifiedTable

        if not (tp @ tn > 0 and fp @ fn > 0):
            raise NotEstimableError(
                "the Mantel-Haenszel odds ratio of these studies is 0 or infinite"
            )
        tables = np.moveaxis(np.array([[tp, fn], [fp, tn]]), -1, 0)
        pooled = StratifiedTable(list(tables))
        return float(pooled.logodds_pooled), float(pooled.logodds_pooled_se)
    cases, noncases = tp + fn, fp + tn
    a, b = (tp, fp) if measure == "lr_positive" else (fn, tn)
    total = cases + noncases
    top, bottom = np.sum(a * noncases / total), np.sum(b * cases / total)
    if not (top > 0 and bottom > 0):
        raise NotEstimableError(f"the Mantel-Haenszel {measure} of these studies is 0 or infinite")
    product = np.sum((cases * noncases * (a + b) - a * b * total) / total**2)
    return float(np.log(top / bottom)), float(np.sqrt(product / (top * bottom)))
