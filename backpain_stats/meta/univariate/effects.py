"""Log ratios of each study with their standard errors: what univariate methods pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.studies import check_studies
from backpain_stats.tables import corrected_cells

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike


EMPTY_GROUPS = ("exclude", "correct")


def log_ratio(cells: tuple[Floats, ...], measure: str) -> tuple[Floats, Floats]:
    """Return the log ratio and its delta-method variance of each table."""
    tp, fp, fn, tn = cells
    cases, noncases = tp + fn, fp + tn
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "odds_ratio":
            return np.log(tp * tn) - np.log(fp * fn), 1 / tp + 1 / fp + 1 / fn + 1 / tn
        a, b = (tp, fp) if measure == "lr_positive" else (fn, tn)
        return np.log(a / cases) - np.log(b / noncases), 1 / a - 1 / cases + 1 / b - 1 / noncases


def left_out(studies: pd.DataFrame) -> list[str]:
    """Say which of some studies are not used, and why."""
    rows = studies.loc[~studies["used"], ["study", "reason"]].itertuples(index=False, name=None)
    return [f"not used: {study} ({reason})" for study, reason in rows]


def log_ratios(
    data: TablesLike,
    measure: str,
    *,
    correction: str,
    empty_groups: str = "exclude",
    keep_infinite: bool = False,
) -> pd.DataFrame:
    """Return one row a study: counts, ``log_ratio``, ``standard_error``, ``used``, ``reason``.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such.
    measure : {"odds_ratio", "lr_positive", "lr_negative"}
    correction : {"zero_cells", "all", "none"}
        To which studies 0.5 is added in all four cells.
    empty_groups : {"exclude", "correct"}
        Whether a study without cases or without non-cases is left out.
    keep_infinite : bool
        Whether a study with an infinite log ratio stays in use
        (Mantel-Haenszel weighs counts, not log ratios).

    Raises
    ------
    DataError
        As in :func:`backpain_stats.meta.studies.check_studies`.
    """
    checked = check_studies(data)
    counts = checked.counts.astype(np.float64)
    raw = (counts[:, 0], counts[:, 1], counts[:, 2], counts[:, 3])
    cells = corrected_cells(raw, correction)
    log, variance = log_ratio(cells, measure)
    reason = np.full(len(counts), "", dtype=object)
    informative = np.isfinite(log) & np.isfinite(variance) & (variance > 0)
    if not keep_infinite:
        reason[~informative] = f"its {measure} is 0, infinite or without variance"
    if empty_groups == "exclude" or correction == "none":
        reason[counts[:, 1] + counts[:, 3] == 0] = "no non-cases"
        reason[counts[:, 0] + counts[:, 2] == 0] = "no cases"
    studies = checked.table()[["study", *COUNT_COLUMNS]]
    return studies.assign(
        corrected=cells[0] != counts[:, 0],
        log_ratio=log,
        standard_error=np.sqrt(np.where(variance > 0, variance, np.nan)),
        used=reason == "",
        reason=reason.astype(str),
    )
