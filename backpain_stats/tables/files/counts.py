"""From columns of counts and totals to the four cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import ARMS, LARGEST_COUNT, listed, real_number
from backpain_stats.errors import DataError
from backpain_stats.tables.files.names import CELLS, HOLDS, Role

__all__ = ["MISSING", "Given", "determines", "four_cells", "is_missing"]

Floats = NDArray[np.float64]

# What is written where nothing was measured. A dash is not among them: it may be a zero.
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "<na>", "none", "null", "nr", "."})
_ARMS = np.array([HOLDS["cases"], HOLDS["noncases"]])
PATIENTS = ("cases", "non-cases")
# 12 and 12.0, but not 12.000 or 12,000: that may be twelve thousand.
_WHOLE = re.compile(r"\+?[0-9]+([.,](0{0,2}|0{4,}))?")


@dataclass(frozen=True, slots=True)
class Given:
    """A column of counts or totals: its name in the file and its cells."""

    name: str
    cells: Sequence[Any]


def is_missing(cell: Any) -> bool:
    """Return whether a cell says that nothing was measured.

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", "NA", None, 0, "0", "-")]
    [True, True, True, False, False, False]
    """
    if isinstance(cell, str):
        return cell.strip().casefold() in MISSING
    return cell is None or bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _count(cell: Any) -> float:
    """Return a count, NaN where none was given, -1 for what is no count."""
    if is_missing(cell):
        return np.nan
    if isinstance(cell, str):
        text = cell.strip()
        number = float(text.split(".")[0].split(",")[0]) if _WHOLE.fullmatch(text) else -1.0
    else:
        number = real_number(cell)
    # also where it is no number: a comparison with NaN is false
    return number if 0 <= number <= LARGEST_COUNT and number % 1 == 0 else -1.0


def determines(roles: Sequence[Role]) -> bool:
    """Return whether columns of these kinds tell all four cells.

    Examples
    --------
    >>> determines(["tp", "tn", "cases", "noncases"]), determines(["tp", "fp", "n"])
    (True, False)
    """
    return _rank(np.array([HOLDS[role] for role in roles])) == len(CELLS)


def _rank(rows: NDArray[Any]) -> int:
    return int(np.linalg.matrix_rank(rows.astype(float))) if len(rows) else 0


def four_cells(given: Mapping[Role, Given], labels: Sequence[str], where: str) -> Floats:
    """Return tp, fp, fn, tn of each row, NaN where an arm was not studied.

    Parameters
    ----------
    given : mapping
        The columns; together they have to tell the four cells.
    labels : sequence of str
        What to call each row in a message.
    where : str
        What to call the file.

    Returns
    -------
    ndarray of shape (rows, 4)

    Raises
    ------
    DataError
        If a cell is no count, a total is smaller than its part, or half an arm is missing.

    Examples
    --------
    >>> given = {"tp": Given("tp", [20, "NA"]), "cases": Given("np", [25, "NA"]),
    ...          "tn": Given("tn", ["29", 47]), "noncases": Given("nn", [29, 49])}
    >>> four_cells(given, ["line 2", "line 3"], "mine.csv")
    array([[20.,  0.,  5., 29.],
           [nan,  2., nan, 47.]])
    """
    holds = np.array([HOLDS[role] for role in given])
    columns = [[_count(cell) for cell in column.cells] for column in given.values()]
    values = np.array(columns, dtype=np.float64).T.reshape(len(labels), len(given))
    _refuse_no_counts(values, list(given.values()), labels, where)
    known = ~np.isnan(values)
    cells, arms = np.full((len(labels), 4), np.nan), np.full((len(labels), 2), np.nan)
    for pattern in np.unique(known, axis=0):
        rows = np.flatnonzero((known == pattern).all(axis=1))
        there = values[np.ix_(rows, pattern)]
        cells[rows] = _solved(holds[pattern], there, np.eye(4))
        arms[rows] = _solved(holds[pattern], there, _ARMS)
    # where an arm is known to be empty, so are its cells
    cells = np.where(np.isnan(cells) & (arms[:, [0, 1, 0, 1]] == 0), 0.0, cells)
    _refuse_contradictions(cells, values, given, labels, where)
    _refuse_half_arms(cells, arms, labels, where)
    return cells


def _solved(holds: NDArray[Any], values: Floats, wanted: NDArray[Any]) -> Floats:
    """Solve for the sums of cells that these columns tell; NaN for the others."""
    found = np.full((len(values), len(wanted)), np.nan)
    if not len(holds):
        return found
    rank = _rank(holds)
    told = [_rank(np.vstack([holds, one])) == rank for one in wanted]
    # The pseudo-inverse of a matrix of 0 and 1 is of small fractions: what is a whole number
    # comes back by rounding, and is checked against the totals afterwards.
    solution = values @ np.linalg.pinv(holds.astype(float)).T @ wanted.T
    found[:, told] = np.rint(solution[:, told]) + 0.0  # no minus zero
    return found


def _refuse_no_counts(
    values: Floats, given: Sequence[Given], labels: Sequence[str], where: str
) -> None:
    wrong = [
        f"{labels[row]}, column {given[column].name}: {_shown(given[column].cells[row])}"
        for column, row in np.argwhere(values.T < 0)
    ]
    if wrong:
        raise DataError(
            f"{where} has cells that are not counts (whole numbers, 0 or more; leave a cell "
            f"empty where nothing was measured): {listed(wrong, between='; ')}"
        )


def _refuse_contradictions(
    cells: Floats,
    values: Floats,
    given: Mapping[Role, Given],
    labels: Sequence[str],
    where: str,
) -> None:
    """Refuse rows whose columns cannot all be right: a part larger than its whole."""
    holds = np.array([HOLDS[role] for role in given])
    told = ~np.isnan(cells)
    whole = ~((holds[None, :, :] > 0) & ~told[:, None, :]).any(axis=2) & ~np.isnan(values)
    differs = whole & (np.nan_to_num(cells) @ holds.T != values)
    wrong = np.flatnonzero((cells < 0).any(axis=1) | differs.any(axis=1))
    if len(wrong):
        names = ", ".join(column.name for column in given.values())
        raise DataError(
            f"{where} has rows in which {names} do not go together (a part larger than its "
            "whole, or a sum that is not): "
            f"{listed((labels[int(row)] for row in wrong), between='; ')}"
        )


def _refuse_half_arms(cells: Floats, arms: Floats, labels: Sequence[str], where: str) -> None:
    """Refuse rows that give one of the two cells of an arm, or their sum only."""
    wrong = []
    names: Sequence[str] = CELLS
    for arm, (one, other) in enumerate(ARMS):
        pair = cells[:, [names.index(one), names.index(other)]]
        for row in np.flatnonzero(np.isnan(pair).sum(axis=1) == 1):
            there, gone = (other, one) if np.isnan(pair[row, 0]) else (one, other)
            wrong.append(f"{labels[int(row)]} gives {there} but not {gone}")
        for row in np.flatnonzero(np.isnan(pair).all(axis=1) & (arms[:, arm] > 0)):
            patients = f"{arms[row, arm]:g} {PATIENTS[arm]}"
            wrong.append(f"{labels[int(row)]} has {patients} but neither {one} nor {other}")
    if wrong:
        raise DataError(
            f"{where} has rows with half an arm: {listed(wrong, between='; ')}; fill in both "
            "counts of the arm, or leave both empty if that arm was not studied"
        )


def _shown(cell: Any) -> str:
    text = repr(cell.item() if isinstance(cell, np.generic) else cell)
    return text if len(text) <= 42 else f"{text[:40]}..."
