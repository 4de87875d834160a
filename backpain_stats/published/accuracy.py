"""Sensitivity and specificity as draws: of one cohort's tables, or taken as known.

Whatever a risk or a decision rests on, it asks only for a point and for draws;
nothing above this module asks where they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from backpain_stats.published.report import Report
from backpain_stats.sampling import table_draws
from backpain_stats.tables import middle_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LABELS",
    "AccuracyDraws",
    "KnownAccuracy",
    "TableAccuracy",
    "report_accuracy",
]


# What every accuracy is labelled with.
LABELS = ("flag_id", "report_id", "cohort_id", "study", "target", "setting")


class AccuracyDraws(Protocol):
    """Sensitivity and specificity of one flag or rule: a point and a way to draw them."""

    @property
    def labels(self) -> Mapping[str, Any]:
        """What it is: ``flag_id, report_id, cohort_id, study, target, setting``."""
        ...

    @property
    def sensitivity(self) -> float:
        """Point value."""
        ...

    @property
    def specificity(self) -> float:
        """Point value."""
        ...

    @property
    def n_cases(self) -> int | None:
        """Cases behind the sensitivity, if that is known."""
        ...

    @property
    def n(self) -> int | None:
        """Patients behind both, if that is known."""
        ...

    @property
    def studies(self) -> int:
        """How many studies they are."""
        ...

    @property
    def tables(self) -> int:
        """How many tables fit what was printed."""
        ...

    @property
    def basis(self) -> str:
        """How the draws are made, in words."""
        ...

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TableAccuracy:
    """Accuracy known from one cohort: its table, or every table that fits its report.

    The draws come from the Jeffreys posterior (Beta with 1/2 added to each
    cell) of the two proportions, independent of each other; where several
    tables fit, each of them is equally likely. The point is the observed
    proportion in the middle table.

    Parameters
    ----------
    tables_array : numpy.ndarray
        Shape (tables, 4), ordered tp, fp, fn, tn.
    labels : mapping
        What it is: ``flag_id, report_id, cohort_id, study, target, setting``.
    """

    tables_array: NDArray[np.int64]
    labels: Mapping[str, Any]

    @property
    def middle(self) -> NDArray[np.int64]:
        """Return the middle table; see :func:`middle_table`."""
        middle: NDArray[np.int64] = self.tables_array[middle_table(self.tables_array)]
        return middle

    @property
    def sensitivity(self) -> float:
        """Observed share of the cases with the flag."""
        tp, _, fn, _ = self.middle
        return float(tp / (tp + fn))

    @property
    def specificity(self) -> float:
        """Observed share of the patients without the disease who lack the flag."""
        _, fp, _, tn = self.middle
        return float(tn / (fp + tn))

    @property
    def n_cases(self) -> int | None:
        """Cases behind the sensitivity."""
        return int(self.middle[0] + self.middle[2])

    @property
    def n(self) -> int | None:
        """Patients in the table."""
        return int(self.middle.sum())

    @property
    def studies(self) -> int:
        """One: each table is one cohort."""
        return 1

    @property
    def tables(self) -> int:
        """How many tables fit what was printed."""
        return len(self.tables_array)

    @property
    def basis(self) -> str:
        """How the draws are made."""
        mixed = "" if self.tables == 1 else f", mixed over {self.tables} tables"
        return f"Jeffreys posterior{mixed}"

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Map uniforms of shape (draws, 3) to draws of sensitivity and specificity."""
        return table_draws(self.tables_array, uniform)


@dataclass(frozen=True, slots=True, eq=False)
class KnownAccuracy:
    """Sensitivity and specificity taken as known: no counts, so no uncertainty."""

    sensitivity: float
    specificity: float
    labels: Mapping[str, Any] = field(default_factory=dict)
    n_cases: int | None = None
    n: int | None = None
    studies: int = 1
    tables: int = 0
    basis: str = "taken as known"

    def draws(self, uniform: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return the same value in every draw."""
        rows = len(uniform)
        return np.full(rows, self.sensitivity), np.full(rows, self.specificity)


def report_accuracy(report: Report) -> AccuracyDraws | None:
    """Return what one report says of sensitivity and specificity; None unless it gives both.

    Parameters
    ----------
    report : Report
        A published report.

    Returns
    -------
    AccuracyDraws or None
        From its tables; where only the two proportions are printed, those, taken as known.
    """
    labels = {
        "flag_id": report.flag_id,
        "report_id": report.report_id,
        "cohort_id": report.cohort.cohort_id,
        "study": report.cohort.study,
        "target": report.cohort.target,
        "setting": report.cohort.setting,
    }
    if report.uses.has_groups:
        return TableAccuracy(report.cells, labels)
    if report.verdict != "proportions_printed" or not report.usable:
        return None
    figures = {
        name: float(figure.point)
        for name, figure in report.printed.values.items()
        if figure.point is not None
    }
    specificity = figures.get("specificity", 1 - figures.get("false_positive_rate", 0.0))
    return KnownAccuracy(figures["sensitivity"], specificity, labels)
