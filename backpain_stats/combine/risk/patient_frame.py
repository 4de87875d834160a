"""A frame of patients, one row each, as patterns of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, distinct
from backpain_stats.combine.inputs.entries import Entries
from backpain_stats.combine.risk.patient import check_flag, refused_patterns
from backpain_stats.combine.risk.values import is_quantity, value_states
from backpain_stats.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def frame_patterns(entries: Entries, frame: pd.DataFrame) -> NDArray[np.int8]:
    """Return the patterns of a frame of patients, (patients, flags); see ``RiskModel.risks``.

    Raises
    ------
    UnknownNameError
        If a column is no flag; the message suggests the nearest.
    NotEstimableError
        If a flag has no usable report; the message says which failed and why.
    ArgumentError, DataError
        If it is no frame, a column occurs twice, a cell is no finding, or a patient has findings
        that contradict each other; the message names row and column.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ArgumentError(
            f"patients is a {type(frame).__name__}; give a DataFrame with one row a patient"
        )
    columns = [str(name) for name in frame.columns]
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise DataError(f"column {repeated[0]!r} occurs twice; name each flag once")
    patterns = np.full((len(frame), len(entries.flags)), NOT_ASSESSED, dtype=np.int8)
    by_column: dict[str, str] = {}
    for place, name in enumerate(columns):
        for flag, states in _column_states(entries, name, frame.iloc[:, place]).items():
            if flag in by_column:
                raise DataError(
                    f"columns {by_column[flag]!r} and {name!r} both say {flag}; give one of them"
                )
            by_column[flag] = name
            patterns[:, entries.flags.index(flag)] = states
    different, which = distinct(patterns)
    refused = refused_patterns(entries, different)
    wrong = np.flatnonzero(np.isin(which, list(refused)))
    if wrong.size:
        raise ArgumentError(f"{_row(frame, wrong[0])}: {refused[int(which[wrong[0]])]}")
    return patterns


def _column_states(entries: Entries, name: str, cells: pd.Series) -> dict[str, NDArray[np.int8]]:
    """Return what a column says, by flag: a flag itself, or the thresholds of a quantity."""
    if not is_quantity(entries, name):
        check_flag(entries, name)
        return {name: _states(cells)}
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(cells.notna().to_numpy(dtype=bool) & ~np.isfinite(values))
    if wrong.size:
        raise DataError(
            f"{_row(cells, wrong[0])}, column {name!r} is {cells.iloc[wrong[0]]!s:.40}; allowed: "
            "a finite number, or missing (not measured)"
        )
    return value_states(entries, name, values)


def _states(cells: pd.Series) -> NDArray[np.int8]:
    """Return a column as 1, 0 and not assessed, or raise DataError."""
    missing = cells.isna().to_numpy(dtype=bool)
    known = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = np.flatnonzero(~missing & (known != 0) & (known != 1))
    if wrong.size:
        raise DataError(
            f"{_row(cells, wrong[0])}, column {cells.name!r} is {cells.iloc[wrong[0]]!s:.40}; "
            "allowed: 1 (present), 0 (absent), or missing (not assessed)"
        )
    return np.where(missing, NOT_ASSESSED, np.where(missing, 0, known)).astype(np.int8)


def _row(rows: pd.DataFrame | pd.Series, place: int) -> str:
    return f"row {rows.index[place]!s:.40}"
