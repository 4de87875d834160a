"""What every model of several thresholds has: where its thresholds lie, its curve and its face."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import real_number, real_numbers
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate, format_number, format_percent
from backpain_stats.meta.designs.delta import MEASURES, PROPORTIONS, SummaryPoint
from backpain_stats.meta.designs.threshold_data import ThresholdStudies, Transform, scale_of
from backpain_stats.result import Grid, Result

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["ThresholdModel", "printed", "printed_optimum"]

_COLUMNS = ["estimate", "ci_low", "ci_high", "ci_level", "method"]
_PRINTED = ("sensitivity", "specificity", "lr_positive", "lr_negative")
# Thresholds of the printed summary.
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ThresholdModel(Result):
    """Accuracy by threshold; a subclass has the estimates of a summary point and their intervals.

    Parameters
    ----------
    studies : ThresholdStudies
        The rows used, and those set aside.
    threshold : str
        Name of the thresholds' column.
    transform : {"log", "identity"}
        Scale on which values are logistic.
    effects : {"location", "common_scale", "separate_scales"}
    nodes : int or None
        Quadrature nodes per random effect.
    centre, spread : float
        Values are placed at ``(g - centre) / spread`` of the transformed scale ``g``.
    slopes_known : bool
        False where all rows have the same threshold: the slopes are then 1 by convention.
    """

    studies: ThresholdStudies
    threshold: str
    transform: Transform
    effects: str
    nodes: int | None
    centre: float
    spread: float
    slopes_known: bool

    @abstractmethod
    def point(self, threshold: float) -> SummaryPoint:
        """Return the summary point of one threshold."""

    @property
    def observed_range(self) -> tuple[float, float]:
        """Lowest and highest threshold that a study reported: the model speaks of no other."""
        return self.studies.observed_range

    def _places(self, values: Floats) -> Floats:
        scaled = scale_of(values, self.transform, self.studies.positive)
        places: Floats = (scaled - self.centre) / self.spread
        return places

    def _values_at(self, places: Floats) -> Floats:
        scaled = self.centre + self.spread * places
        if self.studies.positive == "below":
            scaled = -scaled
        return np.exp(scaled) if self.transform == "log" else scaled

    def _value_at(self, place: float) -> float:
        return float(self._values_at(np.array(place)))

    def _inside(self, value: float, what: str) -> float:
        """Return a value's place, refusing one outside the range observed."""
        number = real_number(value)
        low, high = self.observed_range
        if not low <= number <= high:
            raise ArgumentError(
                f"{what} is {value!r}; the studies report thresholds from {low:g} to {high:g}, and "
                "the model says nothing beyond"
            )
        return float(self._places(np.array(number)))

    def _need_slopes(self, what: str) -> None:
        if not self.slopes_known:
            raise NotEstimableError(
                f"{what} needs studies at different thresholds; all report "
                f"{self.observed_range[0]:g}"
            )

    def _places_in_order(self) -> tuple[float, float]:
        """Return the places of the ends of the observed range, the lower one first."""
        low, high = np.sort(self._places(np.array(self.observed_range)))
        return float(low), float(high)

    def _band(self, low: float | None, high: float | None) -> tuple[float, float]:
        """Return the places of the ends of a band, in order; an end that is open is infinite."""
        if low is None and high is None:
            raise ArgumentError("low and high are both None; give at least one end of the band")
        if low is not None and high is not None:
            if not low < high:
                raise ArgumentError(f"low is {low!r} and high {high!r}; low must be below high")
            self._need_slopes("the likelihood ratio of a band")
        ends = [
            open_end if end is None else self._inside(end, name)
            for end, name, open_end in ((low, "low", -np.inf), (high, "high", np.inf))
        ]
        if self.studies.positive == "below":  # the scale runs the other way
            ends = [-end if np.isinf(end) else end for end in reversed(ends)]
        return ends[0], ends[1]

    def accuracy(self, thresholds: Iterable[float] | float | None = None) -> pd.DataFrame:
        """Return the five measures at thresholds, by default at those that studies report.

        Returns
        -------
        pandas.DataFrame
            One row per threshold and measure: ``threshold, measure, estimate, ci_low, ci_high,
            ci_level, method``.
        """
        import pandas as pd

        if thresholds is None:
            thresholds = np.unique(self.studies.thresholds)
        values = real_numbers(np.atleast_1d(np.asarray(thresholds)))
        if values is None:
            raise ArgumentError(f"thresholds is {thresholds!r}; give a number or several")
        rows = [
            point.estimate(name).as_dict() | {"threshold": value}
            for value in values
            for point in [self.point(value)]
            for name in MEASURES
        ]
        return pd.DataFrame(rows)[["threshold", "measure", *_COLUMNS]]

    def curve(self, points: int = 101) -> pd.DataFrame:
        """Return :meth:`accuracy` at thresholds spaced evenly on the model's scale."""
        low, high = self._places_in_order()
        inner = [self._value_at(place) for place in np.linspace(low, high, points)[1:-1]]
        lowest, highest = self.observed_range
        return self.accuracy([lowest, *np.sort(inner), highest])

    def sroc(self, points: int = 101) -> pd.DataFrame:
        """Return the summary ROC curve over the range observed.

        Returns
        -------
        pandas.DataFrame
            ``threshold, false_positive_fraction, sensitivity, specificity``.
        """
        long = self.curve(points).pivot_table(
            index="threshold", columns="measure", values="estimate"
        )
        frame = long[["sensitivity", "specificity"]].reset_index().rename_axis(columns=None)
        frame.insert(1, "false_positive_fraction", 1 - frame["specificity"])
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`accuracy` at the thresholds that studies report."""
        return self.accuracy()

    def _thresholds_shown(self) -> Floats:
        """Return the thresholds of the printed summary."""
        observed = np.unique(self.studies.thresholds)
        return np.unique(np.quantile(observed, np.linspace(0, 1, _SHOWN), method="nearest"))

    def _accuracy_shown(self) -> Grid:
        rows = []
        for value in self._thresholds_shown():
            point = self.point(float(value))
            rows.append((f"{value:g}", *(printed(point.estimate(m)) for m in _PRINTED)))
        return Grid(rows, (self.threshold, "Sensitivity", "Specificity", "LR+", "LR-"))

    def _facts_shown(self) -> list[tuple[str, str]]:
        return [
            ("Studies, rows", f"{len(self.studies.names)}, {len(self.studies.study)}"),
            ("Random effects", self.effects.replace("_", " ")),
        ]

    def _notes_of_rows(self) -> list[str]:
        """Return which rows were set aside."""
        return [
            f"{study}, threshold {value:g}, set aside: {reason}."
            for study, value, reason in self.studies.set_aside
        ]


def printed(estimate: Estimate) -> str:
    """Return an estimate with its interval as they are printed."""
    write = format_percent if estimate.measure in PROPORTIONS else format_number
    middle, low, high = (
        write(x, 3) for x in (estimate.estimate, estimate.ci_low, estimate.ci_high)
    )
    return f"{middle} ({low} to {high})"


def printed_optimum(estimate: Estimate) -> str:
    """Return the optimal threshold as it is printed."""
    if np.isnan(estimate.ci_low):
        return f"{format_number(estimate.estimate)}, at an end of the range observed"
    return printed(estimate)
