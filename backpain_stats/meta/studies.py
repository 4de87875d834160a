"""The studies handed in: checked once, every row kept with what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import (
    ARMS,
    COUNT_COLUMNS,
    counts_from_frame,
    fill_empty_arms,
    listed,
    require_columns,
)
from backpain_stats.errors import DataError
from backpain_stats.meta.arrays import Booleans, Counts
from backpain_stats.tables import plain_tables, proportion_interval

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.tables import TablesLike

__all__ = ["Studies", "check_studies", "refuse_many", "study_accuracy"]

OUTCOMES = ("sensitivity", "specificity")
# Whom each outcome is about; their two cells are in ARMS.
PATIENTS = ("cases", "non-cases")

BOTH, ONLY_SENSITIVITY, ONLY_SPECIFICITY = (
    "sensitivity and specificity",
    "sensitivity only",
    "specificity only",
)


# An exact likelihood takes some milliseconds a study and fit: beyond this it would be minutes.
MOST_STUDIES = 2_000


@dataclass(frozen=True, slots=True)
class Studies:
    """The rows of a meta-analysis.

    Parameters
    ----------
    frame : pandas.DataFrame
        What was handed in, rows numbered from 0.
    names : tuple of str
        Study names, unique.
    counts : ndarray of shape (rows, 4)
        tp, fp, fn, tn.
    used : ndarray of bool, shape (rows,)
    reasons : tuple of str
        Why a row is not used, or uses only one of its arms; else empty.
    origin : str
        What was read, and how; empty if it was a frame with these columns.
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    counts: Counts
    used: Booleans
    reasons: tuple[str, ...]
    origin: str = ""

    @property
    def used_counts(self) -> Counts:
        """Counts of the rows in use, shape (k, 4)."""
        return self.counts[self.used]

    @property
    def used_names(self) -> tuple[str, ...]:
        """Names of the rows in use."""
        return tuple(name for name, used in zip(self.names, self.used, strict=True) if used)

    @property
    def arms(self) -> Booleans:
        """Whether each row in use has cases and has non-cases, shape (k, 2)."""
        tp, fp, fn, tn = self.used_counts.T
        return np.stack([tp + fn > 0, fp + tn > 0], axis=1)

    @property
    def informed(self) -> tuple[bool, bool]:
        """Whether any row in use has cases, and whether any has non-cases."""
        return bool(self.arms[:, 0].any()), bool(self.arms[:, 1].any())

    def without(self, rows: Iterable[int], reason: str) -> Studies:
        """Return the same studies with some rows set aside for ``reason``."""
        used, reasons = self.used.copy(), list(self.reasons)
        for row in rows:
            used[row], reasons[row] = False, reason
        return replace(self, used=used, reasons=tuple(reasons))

    def table(self) -> pd.DataFrame:
        """Return one row per study handed in: counts, ``used``, ``contributes``, ``reason``."""
        import pandas as pd

        frame = pd.DataFrame(self.counts, columns=list(COUNT_COLUMNS))
        frame.insert(0, "study", list(self.names))
        cases, noncases = frame["tp"] + frame["fn"] > 0, frame["fp"] + frame["tn"] > 0
        contributes = np.where(cases & noncases, BOTH, ONLY_SENSITIVITY)
        contributes = np.where(cases, contributes, ONLY_SPECIFICITY)
        frame["used"] = self.used
        frame["contributes"] = np.where(self.used, contributes, "nothing")
        frame["reason"] = list(self.reasons)
        return frame


def check_studies(data: TablesLike, where: str = "the data") -> Studies:
    """Check the 2x2 tables of studies, one table a study.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such; further columns may serve as
        covariates. Where ``tp`` and
        ``fn`` are both empty the study had no cases, where ``fp`` and ``tn`` are, no
        non-cases: they count as 0, and the row's reason says so.
    where : str, optional
        What to call the frame in messages.

    Returns
    -------
    Studies
        All rows in use; one without cases or without non-cases is noted.

    Raises
    ------
    DataError
        If a column is missing, a cell is not a count, a study name is empty or
        occurs twice, a row has four zeros, or there is no row.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": ["Deyo", "Henschke"], "tp": [4, 0], "fp": [41, 47],
    ...                      "fn": [9, 0], "tn": [1921, 1125]})
    >>> check_studies(data).reasons
    ('', 'no cases: informs specificity only')
    """
    frame, origin = plain_tables(data, where)
    require_columns(frame, ("study", *COUNT_COLUMNS), where)
    filled, empty_arms = fill_empty_arms(frame)
    counts = counts_from_frame(filled, where)
    if not len(counts):
        raise DataError(f"{where} has no rows; a meta-analysis needs at least one study")
    missing = frame["study"].isna().to_numpy()
    names = tuple(str(name).strip() for name in frame["study"])
    empty = [row for row, name in enumerate(names) if missing[row] or not name]
    if empty:
        rows = listed(repr(frame.index[row]) for row in empty)
        raise DataError(f"{where} has no study name in row(s) {rows}; each study needs one")
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = dict.fromkeys(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DataError(
            f"{where} names a study more than once: {listed(map(repr, twice))}; give separate "
            "populations separate names, and use only one table of the same patients"
        )
    nothing = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(nothing):
        rows = listed(repr(names[row]) for row in nothing)
        raise DataError(
            f"{where} has four zeros for {rows}; a study without patients says nothing: remove it"
        )
    reasons = [""] * len(names)
    for outcome, (patients, arm) in enumerate(zip(PATIENTS, ARMS, strict=True)):
        other = OUTCOMES[1 - outcome]
        for row in np.flatnonzero(counts[:, [0, 2] if outcome == 0 else [1, 3]].sum(axis=1) == 0):
            why = f"no {patients}"
            if empty_arms[row, outcome]:
                why = f"{arm[0]} and {arm[1]} are empty, read as {why}"
            reasons[row] = f"{why}: informs {other} only"
    used = np.ones(len(names), dtype=bool)
    return Studies(frame.reset_index(drop=True), names, counts, used, tuple(reasons), origin)


def refuse_many(studies: int, instead: str = "") -> None:
    """Raise DataError for more studies than an exact likelihood takes."""
    if studies > MOST_STUDIES:
        raise DataError(
            f"{studies:,} studies are given; an exact likelihood takes up to {MOST_STUDIES:,}"
            f"{instead}"
        )


def study_accuracy(
    data: TablesLike, *, method: str = "wilson", level: float = 0.95
) -> pd.DataFrame:
    """Return sensitivity and specificity of each study with intervals, one row per study.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``study, tp, fp, fn, tn``, or whatever
        :func:`backpain_stats.read_tables` reads as such; any others are carried along.
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
        method``, then the other columns of ``data``, so that a figure can be sorted or
        grouped by them (a column with one of the names above is not carried along). A
        study without cases has NaN for its sensitivity, one without non-cases for its
        specificity.

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
    frame = frame.assign(ci_level=level, method=method)
    others = [name for name in checked.frame.columns if name not in frame.columns]
    return frame.join(checked.frame[others])
