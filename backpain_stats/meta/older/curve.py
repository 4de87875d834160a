"""OlderCurve: a summary ROC curve that is not the hierarchical one, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_count
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.after.sroc import area_under_line
from backpain_stats.meta.studies import check_studies
from backpain_stats.result import Result, Shown, grid_of
from backpain_stats.tables import CORRECTIONS, corrected_cells

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Cells", "OlderCurve", "both_groups"]

Shape = Literal["logit", "power"]
_FEWEST_STUDIES = 3


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OlderCurve(Result):
    """A summary ROC curve of an older method.

    Parameters
    ----------
    method : str
        Whose curve it is.
    parameters : pandas.DataFrame
        ``parameter, estimate, ci_low, ci_high, ci_level``; NaN where the method has no interval.
    shape : {"logit", "power"}
        ``logit Se = intercept + slope logit FPF``, or ``Se = FPF ** slope``.
    intercept, slope : float
    observed_range : tuple of float
        Of the false-positive fractions of the studies.
    note : str
        What a reader has to know.
    """

    method: str
    parameters: pd.DataFrame
    shape: Shape
    intercept: float
    slope: float
    observed_range: tuple[float, float]
    note: str

    def sensitivity_at(self, false_positive_fraction: Floats | float) -> Floats:
        """Return the sensitivity on the curve at false-positive fractions."""
        false = np.asarray(false_positive_fraction, dtype=np.float64)
        if self.shape == "power":
            return np.asarray(false**self.slope)
        return np.asarray(expit(self.intercept + self.slope * logit(false)))

    def sroc(self, *, points: int = 201) -> pd.DataFrame:
        """Return the curve, in the columns of ``fit.sroc()`` of the hierarchical one.

        ``false_positive_fraction, specificity, sensitivity, observed, kind``.
        """
        import pandas as pd

        if check_count(points, "points") < 2:
            raise ArgumentError(f"points is {points!r}; a curve needs 2 or more")
        false = np.linspace(0.001, 0.999, int(points))
        low, high = self.observed_range
        return pd.DataFrame(
            {
                "false_positive_fraction": false,
                "specificity": 1 - false,
                "sensitivity": self.sensitivity_at(false),
                "observed": (false >= low) & (false <= high),
                "kind": self.method,
            }
        )

    @property
    def area(self) -> float:
        """Area under the whole curve, most of it beyond the studies."""
        if self.shape == "power":
            return 1 / (1 + self.slope)
        return float(area_under_line(np.array(self.intercept), np.array(self.slope)))

    def to_frame(self) -> pd.DataFrame:
        """Return ``parameters``."""
        return self.parameters

    def _shown(self) -> Shown:
        return Shown(f"Summary ROC curve, {self.method}", (grid_of(self.parameters),), [self.note])


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of studies with cases and non-cases, corrected.

    Parameters
    ----------
    tp, fp, fn, tn : ndarray of shape (studies,)
    observed_range : tuple of float
        Of the false-positive fractions as counted.
    """

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats
    observed_range: tuple[float, float]

    @property
    def logits(self) -> tuple[Floats, Floats]:
        """Logit of sensitivity and of the false-positive fraction."""
        return np.log(self.tp / self.fn), np.log(self.fp / self.tn)

    @property
    def reciprocals(self) -> Floats:
        """Variance of the log diagnostic odds ratio."""
        return np.asarray(1 / self.tp + 1 / self.fp + 1 / self.fn + 1 / self.tn)


def both_groups(data: pd.DataFrame, correction: str) -> Cells:
    """Return the corrected cells of the studies that have cases and non-cases.

    Raises
    ------
    DataError, ArgumentError
    NotEstimableError
        If there are fewer than three, or a zero cell is left.
    """
    check_choice(correction, "correction", CORRECTIONS)
    counts = check_studies(data).counts.astype(np.float64)
    both = (counts[:, 0] + counts[:, 2] > 0) & (counts[:, 1] + counts[:, 3] > 0)
    raw = counts[both]
    if len(raw) < _FEWEST_STUDIES:
        raise NotEstimableError(
            f"{len(raw)} studies have cases and non-cases; a curve needs at least {_FEWEST_STUDIES}"
        )
    cells = corrected_cells((raw[:, 0], raw[:, 1], raw[:, 2], raw[:, 3]), correction)
    if min(one.min() for one in cells) == 0:
        raise NotEstimableError("a cell is 0, whose logit is infinite; choose a correction")
    false = raw[:, 1] / (raw[:, 1] + raw[:, 3])
    tp, fp, fn, tn = cells
    return Cells(tp, fp, fn, tn, (float(false.min()), float(false.max())))
