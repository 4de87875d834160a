"""The studies handed in: checked once, every row kept with what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import COUNT_COLUMNS, counts_from_frame, require_columns
from backpain_stats.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Studies", "check_studies"]

BOTH, ONLY_SENSITIVITY, ONLY_SPECIFICITY = (
    "sensitivity and specificity",
    "sensitivity only",
    "specificity only",
)


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
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    used: NDArray[np.bool_]
    reasons: tuple[str, ...]

    @property
    def used_counts(self) -> NDArray[np.int64]:
        """Counts of the rows in use, shape (k, 4)."""
        return self.counts[self.used]

    @property
    def used_names(self) -> tuple[str, ...]:
        """Names of the rows in use."""
        return tuple(name for name, used in zip(self.names, self.used, strict=True) if used)

    @property
    def arms(self) -> NDArray[np.bool_]:
        """Whether each row in use has cases and has non-cases, shape (k, 2)."""
        tp, fp, fn, tn = self.used_counts.T
        return np.stack([tp + fn > 0, fp + tn > 0], axis=1)

    def without(self, rows: Iterable[int], reason: str) -> Studies:
        """Return the same studies with some rows set aside for ``reason``."""
        used, reasons = self.used.copy(), list(self.reasons)
        for row in rows:
            used[row], reasons[row] = False, reason
        return replace(self, used=used, reasons=tuple(reasons))

    def table(self) -> pd.DataFrame:
        """Return one row a study handed in: counts, ``used``, ``contributes``, ``reason``."""
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


def check_studies(data: pd.DataFrame, where: str = "the data") -> Studies:
    """Check a frame of 2x2 tables with columns ``study, tp, fp, fn, tn``.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a study; further columns may serve as covariates.
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
    require_columns(data, ("study", *COUNT_COLUMNS), where)
    counts = counts_from_frame(data, where)
    if not len(counts):
        raise DataError(f"{where} has no rows; a meta-analysis needs at least one study")
    missing = data["study"].isna().to_numpy()
    names = tuple(str(name).strip() for name in data["study"])
    empty = [row for row, name in enumerate(names) if missing[row] or not name]
    if empty:
        rows = _listed(repr(data.index[row]) for row in empty)
        raise DataError(f"{where} has no study name in row(s) {rows}; each study needs one")
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = dict.fromkeys(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DataError(
            f"{where} names a study more than once: {_listed(map(repr, twice))}; give separate "
            "populations separate names, and use only one table of the same patients"
        )
    nothing = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(nothing):
        rows = _listed(repr(names[row]) for row in nothing)
        raise DataError(
            f"{where} has four zeros for {rows}; a study without patients says nothing: remove it"
        )
    cases, noncases = counts[:, 0] + counts[:, 2], counts[:, 1] + counts[:, 3]
    reasons = [""] * len(names)
    for row in np.flatnonzero(cases == 0):
        reasons[row] = "no cases: informs specificity only"
    for row in np.flatnonzero(noncases == 0):
        reasons[row] = "no non-cases: informs sensitivity only"
    frame = data.reset_index(drop=True)
    return Studies(frame, names, counts, np.ones(len(names), dtype=bool), tuple(reasons))


def _listed(names: Iterable[str], most: int = 5) -> str:
    """Join up to five names, and say how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
