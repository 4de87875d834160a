"""The exception family: each error is also the builtin kind a caller would expect.

Messages say what was given, what is allowed, and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ArgumentError",
    "BackpainStatsError",
    "ConstraintError",
    "DataError",
    "EvidenceError",
    "FitError",
    "MissingExtraError",
    "NotEstimableError",
    "PretestError",
    "UnknownNameError",
]


class BackpainStatsError(Exception):
    """Base of every error this package raises on purpose."""


class ArgumentError(BackpainStatsError, ValueError):
    """An argument has a value that is not allowed."""


class PretestError(ArgumentError):
    """A pre-test probability is missing or is not strictly between 0 and 1."""


class DataError(BackpainStatsError, ValueError):
    """A user's frame or file cannot be used as it is."""


class EvidenceError(DataError):
    """An evidence folder is not valid; every problem is listed in ``problems``.

    Parameters
    ----------
    message : str
        One readable text that lists the problems.
    problems : pandas.DataFrame
        One row a problem: ``file, line, column, value, problem, allowed``.
    """

    def __init__(self, message: str, problems: pd.DataFrame | None = None) -> None:
        super().__init__(message)
        self.problems = problems


class UnknownNameError(BackpainStatsError, LookupError):
    """A flag, cohort, target, setting or column of that name does not exist."""


class ConstraintError(BackpainStatsError, ValueError):
    """Published figures contradict each other; the message names which."""


class NotEstimableError(BackpainStatsError, ArithmeticError):
    """The data do not determine the quantity asked for; the message says why."""


class FitError(BackpainStatsError, RuntimeError):
    """A model could not be fitted, or its diagnostics are too bad to be used."""


class MissingExtraError(BackpainStatsError, ImportError):
    """An optional package is needed; the message gives the ``pip install`` line."""
