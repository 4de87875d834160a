"""Patient-level data as the calibration of dependence models needs them, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_known, require_columns
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MISSING = ("integrate", "drop")
DEFAULT_CORRECTION = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class PatientData:
    """Findings and outcome of patients.

    Parameters
    ----------
    patterns : numpy.ndarray
        Shape (patients, findings), 1 present, 0 absent, -1 not assessed.
    outcome : numpy.ndarray
        Shape (patients,), True for a case.
    findings : tuple of str
        The names of the columns of ``patterns``.
    rows : pandas.Index
        The labels of the patients in the frame they came from.
    """

    patterns: NDArray[np.int8]
    outcome: NDArray[np.bool_]
    findings: tuple[str, ...]
    rows: pd.Index

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        outcome: str | ArrayLike,
        findings: Sequence[str] | None = None,
        missing: str = "integrate",
    ) -> PatientData:
        """Read a frame of 0, 1 and missing; see :func:`backpain_stats.calibration.predictions`.

        Raises
        ------
        ArgumentError
            If ``missing`` is neither ``"integrate"`` nor ``"drop"``.
        UnknownNameError
            If the outcome or a finding is not a column.
        DataError
            If a value is not 0, 1 or missing, an outcome is missing, no column
            can be a finding, or one of the two groups is empty.
        """
        check_choice(missing, "missing", MISSING)
        require_columns(frame, [], "the frame of patients")
        _refuse_unclear_columns(frame)
        name, is_case = _outcome(frame, outcome)
        candidates = [column for column in frame.columns if column != name]
        if findings is None:
            findings = [one for one in candidates if _is_finding(frame[one], one)]
            if not findings:
                raise DataError(
                    "no column holds only 0, 1 and missing values: name the findings; "
                    f"the frame has {', '.join(candidates) or 'no column'}"
                )
        chosen = [check_known(one, candidates, "finding (a column)") for one in findings]
        if not chosen or len(set(chosen)) < len(chosen):
            raise DataError(f"findings are {list(findings)!r}; give at least one, each once")
        columns = [_zero_one(frame[one], one) for one in chosen]
        patterns = np.stack(columns, axis=1)
        keep = np.ones(len(frame), dtype=bool)
        if missing == "drop":
            keep = (patterns != NOT_ASSESSED).all(axis=1)
        data = cls(patterns[keep], is_case[keep], tuple(chosen), frame.index[keep])
        cases = int(data.outcome.sum())
        if not 0 < cases < len(data.outcome):
            raise DataError(
                f"{cases} of {len(data.outcome)} patients are cases; there must be some of each"
            )
        return data

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Whether every finding of a patient was assessed, shape (patients,)."""
        return np.asarray((self.patterns != NOT_ASSESSED).all(axis=1))

    def take(self, rows: NDArray[np.bool_]) -> PatientData:
        """Return some of the patients."""
        return PatientData(self.patterns[rows], self.outcome[rows], self.findings, self.rows[rows])

    def frequencies(self, correction: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return P(present) among cases and non-cases, ``correction`` added to both cells."""
        present = np.empty((2, len(self.findings)))
        for row, group in enumerate((self.outcome, ~self.outcome)):
            patterns = self.patterns[group]
            positive = (patterns == PRESENT).sum(axis=0) + correction
            present[row] = positive / (positive + (patterns == ABSENT).sum(axis=0) + correction)
        return present[0], present[1]

    def marginals(self, correction: float) -> Marginals:
        """Return the marginals of both groups, ``correction`` added to each cell."""
        return Marginals(*self.frequencies(correction), labels=self.findings)


def _refuse_unclear_columns(frame: pd.DataFrame) -> None:
    """Refuse columns that cannot be named one by one: no text, or named twice."""
    columns = list(frame.columns)
    for column in columns:
        if not isinstance(column, str):
            raise DataError(f"the column {column!r} of the frame of patients must be named by text")
    require_columns(frame, columns, "the frame of patients")


def _outcome(frame: pd.DataFrame, outcome: str | ArrayLike) -> tuple[str | None, NDArray[np.bool_]]:
    """Return the outcome's column (None if it is none) and who is a case."""
    if isinstance(outcome, str):
        check_known(outcome, [str(column) for column in frame.columns], "outcome (a column)")
        name, values = outcome, frame[outcome]
    else:
        name, values = None, pd.Series(outcome)
        if len(values) != len(frame):
            raise ArgumentError(
                f"the outcome has {len(values)} values and the frame {len(frame)} rows"
            )
    coded = _zero_one(values, name or "the outcome")
    if (coded == NOT_ASSESSED).any():
        raise DataError(
            f"{name or 'the outcome'} is missing for {int((coded == NOT_ASSESSED).sum())} "
            "patient(s); leave them out first"
        )
    return name, coded == PRESENT


# A column most of whose values are 0 or 1 is a finding with mistakes, not another variable.
_MOSTLY = 0.5


def _is_finding(values: pd.Series, name: str) -> bool:
    """Say whether a column is taken as a finding; refuse one that nearly is.

    A mistyped cell, or a finding coded in two other values, must not leave the model
    without a word.
    """
    wrong, known = _wrong_values(values), values.dropna()
    if wrong.empty:
        return True
    if len(wrong) < _MOSTLY * len(known) or known.nunique() == 2:
        raise DataError(
            f"{_first(wrong, name)}; a finding is coded 0, 1 and "
            f"missing. Correct it, or name the findings without {name}"
        )
    return False


def _wrong_values(values: pd.Series) -> pd.Series:
    """Return the values that are not 0, 1 or missing."""
    numbers = pd.to_numeric(values, errors="coerce")
    return values[values.notna() & ~numbers.isin([0, 1]).fillna(False).astype(bool)]


def refuse_other_codes(values: pd.Series, name: str) -> None:
    """Raise DataError where a value is missing or neither 0 nor 1."""
    wrong = values[values.isna()] if values.isna().any() else _wrong_values(values)
    if len(wrong):
        raise DataError(f"{_first(wrong, name)}; allowed: 0 and 1")


def _first(wrong: pd.Series, name: str) -> str:
    """Say where the first wrong value is and what it is, without the types of NumPy."""
    row, value = (
        one.item() if isinstance(one, np.generic) else one
        for one in (wrong.index[0], wrong.iloc[0])
    )
    return f"{name}, row {row!r}: {value!r}"


def _zero_one(values: pd.Series, name: str) -> NDArray[np.int8]:
    """Return 1, 0 and -1 (missing), or raise DataError naming the first other value."""
    wrong = _wrong_values(values)
    if not wrong.empty:
        raise DataError(f"{_first(wrong, name)}; allowed: 0, 1 and missing")
    numbers = pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(numbers), NOT_ASSESSED, numbers).astype(np.int8)
