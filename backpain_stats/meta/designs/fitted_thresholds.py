"""FittedThresholds: what a model of several thresholds gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_fraction, real_number, real_numbers
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate, format_number, format_percent
from backpain_stats.meta.designs.delta import MEASURES, Inference, SummaryPoint
from backpain_stats.meta.designs.logistic_pair import (
    area,
    log_band_ratio,
    log_density_ratio,
    logits,
    optimal_place,
)
from backpain_stats.meta.designs.threshold_data import ThresholdStudies, Transform, scale_of
from backpain_stats.result import Grid, Result, Shown
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FittedThresholds"]

_COLUMNS = ["estimate", "ci_low", "ci_high", "ci_level", "method"]
_PRINTED = ("sensitivity", "specificity", "lr_positive", "lr_negative")
# Thresholds of the printed summary, and points of the curve by which diagmeta's area is summed.
_SHOWN, _CURVE = 5, 1001
_EXTREME = 1e-6


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedThresholds(Result):
    """A model of several thresholds; made by :func:`~backpain_stats.meta.designs.fit_thresholds`.

    Parameters
    ----------
    studies : ThresholdStudies
        The rows used, and those set aside.
    threshold : str
        Name of the thresholds' column.
    likelihood : {"multinomial", "normal"}
    transform : {"log", "identity"}
        Scale on which values are logistic.
    transform_log_likelihoods : tuple of (str, float)
        Of the transforms that were compared; empty where one was asked for.
    effects : {"location", "common_scale", "separate_scales"}
    nodes : int or None
        Quadrature nodes per random effect.
    centre, spread : float
        Values are placed at ``(g - centre) / spread`` of the transformed scale ``g``.
    coefficients : ndarray of shape (4,)
        Location and log slope of the cases, then of the non-cases, at those places.
    inference : Inference
        Their covariance, and what intervals are made of.
    between_covariance : ndarray of shape (q, q)
        Of the random effects: locations of cases and of non-cases, then log slopes (or the
        intercept and the slope of the normal model).
    row_variance : ndarray of shape (2,)
        Added to the variance of a fitted logit by the normal model; 0 for the exact one.
    slopes_known : bool
        False where all rows have the same threshold: the slopes are then 1 by convention.
    log_likelihood : float
        Restricted, for the normal model.
    quadrature : tuple of (int, float)
        Log likelihood at the estimates by numbers of nodes.
    boundary_reason : str
    notes : tuple of str
    """

    studies: ThresholdStudies
    threshold: str
    likelihood: str
    transform: Transform
    transform_log_likelihoods: tuple[tuple[str, float], ...]
    effects: str
    nodes: int | None
    centre: float
    spread: float
    coefficients: Floats
    inference: Inference
    between_covariance: Floats
    row_variance: Floats
    slopes_known: bool
    log_likelihood: float
    quadrature: tuple[tuple[int, float], ...]
    boundary_reason: str
    notes: tuple[str, ...]

    @property
    def level(self) -> float:
        """Confidence level of all intervals."""
        return self.inference.level

    @property
    def method(self) -> str:
        """How the fit was made."""
        likelihoods = {"multinomial": "exact multinomial likelihood", "normal": "normal model"}
        return f"{likelihoods[self.likelihood]}, {self.transform} scale"

    @property
    def boundary(self) -> bool:
        """Whether the between-study covariance is singular."""
        return bool(self.boundary_reason)

    @property
    def observed_range(self) -> tuple[float, float]:
        """Lowest and highest threshold that a study reported: the model speaks of no other."""
        return self.studies.observed_range

    def _places(self, values: Floats) -> Floats:
        scaled = scale_of(values, self.transform, self.studies.positive)
        places: Floats = (scaled - self.centre) / self.spread
        return places

    def _value_at(self, place: float) -> float:
        scaled = self.centre + self.spread * place
        if self.studies.positive == "below":
            scaled = -scaled
        return float(np.exp(scaled)) if self.transform == "log" else float(scaled)

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

    def _log_ratio(self, value: float, gradient: Floats, measure: str) -> Estimate:
        return self.inference.estimate(value, gradient, np.exp, method=self.method, measure=measure)

    def point(self, threshold: float) -> SummaryPoint:
        """Return the summary point of one threshold: five measures, post-test probabilities.

        Raises
        ------
        ArgumentError
            If the threshold lies outside the range observed.
        """
        mean, gradient = logits(self.coefficients, self._inside(threshold, "threshold"))
        point = self.inference.point(mean, gradient, self.method)
        if self.row_variance.any():
            point = replace(point, covariance=point.covariance + np.diag(self.row_variance))
        return point

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
        low, high = np.sort(self._places(np.array(self.observed_range)))
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

    def likelihood_ratio(self, value: float) -> Estimate:
        r"""Return the likelihood ratio of an observed value, :math:`f_1(x) / f_0(x)`.

        Not LR+ of a threshold at ``x``, which is the ratio for all values beyond it.

        Raises
        ------
        ArgumentError
            If the value lies outside the range observed.
        NotEstimableError
            If all studies report the same threshold.
        """
        self._need_slopes("the likelihood ratio of a value")
        ratio, gradient = log_density_ratio(self.coefficients, self._inside(value, "value"))
        return self._log_ratio(ratio, gradient, "likelihood_ratio")

    def likelihood_ratio_of_band(
        self, low: float | None = None, high: float | None = None
    ) -> Estimate:
        """Return the likelihood ratio of a value between two thresholds; None leaves an end open.

        Raises
        ------
        ArgumentError
            If both ends are open, one lies outside the range observed, or they are not in order.
        """
        if low is None and high is None:
            raise ArgumentError("low and high are both None; give at least one end of the band")
        if low is not None and high is not None and not low < high:
            raise ArgumentError(f"low is {low!r} and high {high!r}; low must be below high")
        if low is not None and high is not None:
            self._need_slopes("the likelihood ratio of a band")
        ends = [
            open_end if end is None else self._inside(end, name)
            for end, name, open_end in ((low, "low", -np.inf), (high, "high", np.inf))
        ]
        if self.studies.positive == "below":  # the scale runs the other way
            ends = [-end if np.isinf(end) else end for end in reversed(ends)]
        ratio, gradient = log_band_ratio(self.coefficients, ends[0], ends[1])
        return self._log_ratio(ratio, gradient, "likelihood_ratio")

    def optimal_threshold(self, weight: float = 0.5) -> Estimate:
        r"""Return the threshold that maximises ``weight * Se + (1 - weight) * Sp``.

        Parameters
        ----------
        weight : float, optional
            Of sensitivity; 0.5 maximises Youden's index.

        Returns
        -------
        Estimate
            Interval by the delta method on the model's scale, cut to the range observed. Where
            the maximum is at an end of that range there is no interval: the optimum lies there or
            beyond.
        """
        check_fraction(weight, "weight")
        self._need_slopes("an optimal threshold")
        low, high = np.sort(self._places(np.array(self.observed_range)))
        place, gradient = optimal_place(self.coefficients, low, high, weight)
        middle = self._value_at(place)
        if gradient is None:
            method = f"{self.method}; at an end of the range observed"
            return Estimate(middle, np.nan, np.nan, self.level, method, "optimal_threshold")
        width = self.inference.half_width(gradient)
        ends = sorted(self._value_at(np.clip(place + s, low, high)) for s in (-width, width))
        method = f"{self.method}, {self.inference.words}"
        return Estimate(middle, ends[0], ends[1], self.level, method, "optimal_threshold")

    def area_under_curve(self, interval: Literal["delta", "band"] = "delta") -> Estimate:
        """Return the area under the model's whole ROC curve.

        It goes beyond the thresholds observed, where the curve is the logistic distributions'
        and nobody's data.

        Parameters
        ----------
        interval : {"delta", "band"}, optional
            By the delta method on the logit scale, or the areas under the pointwise limits of
            sensitivity, as diagmeta has it.
        """
        check_choice(interval, "interval", ("delta", "band"))
        self._need_slopes("an area under the curve")
        value, gradient = area(self.coefficients)
        if interval == "band":
            low, high = self._areas_under_band()
            method = f"{self.method}, area under the band of sensitivity"
            return Estimate(value, low, high, self.level, method, "area_under_curve")
        return self.inference.estimate(
            float(logit(value)),
            gradient / (value * (1 - value)),
            expit,
            method=self.method,
            measure="area_under_curve",
        )

    def _areas_under_band(self) -> tuple[float, float]:
        """Sum the area under the limits of sensitivity, from where it is 1 - 1e-6 on."""
        mu, slope = self.coefficients[0::2], np.exp(self.coefficients[1::2])
        ends = mu[0] - logit(1 - _EXTREME) / slope[0], mu[1] + logit(1 - _EXTREME) / slope[1]
        specificity, limits = np.empty(_CURVE), np.empty((2, _CURVE))
        width = normal_quantile(self.level)
        for row, place in enumerate(np.linspace(*ends, _CURVE)):
            mean, gradient = logits(self.coefficients, float(place))
            variance = gradient[0] @ self.inference.covariance @ gradient[0]
            error = width * np.sqrt(variance + self.row_variance[0])
            specificity[row] = expit(mean[1])
            limits[:, row] = expit(mean[0] + np.array([-error, error]))
        steps = np.diff(specificity)
        low, high = (0.5 * (limits[:, 1:] + limits[:, :-1])) @ steps
        return float(low), float(high)

    def distributions(self) -> pd.DataFrame:
        """Return the two distributions: their medians and scales, one row per group.

        ``location`` is the median value; ``scale`` is that of the logistic distribution on the
        model's scale (of the logs, for the log transform).
        """
        import pandas as pd

        self._need_slopes("the scale of a distribution")
        return pd.DataFrame(
            {
                "group": ["cases", "non-cases"],
                "location": [self._value_at(mu) for mu in self.coefficients[0::2]],
                "scale": self.spread / np.exp(self.coefficients[1::2]),
            }
        )

    def _shown(self) -> Shown:
        labels = ("Sensitivity", "Specificity", "LR+", "LR-")
        rows: list[tuple[str, ...]] = []
        observed = np.unique(self.studies.thresholds)
        shown = np.unique(np.quantile(observed, np.linspace(0, 1, _SHOWN), method="nearest"))
        for value in shown:
            point = self.point(value)
            rows.append((f"{value:g}", *(_printed(point.estimate(m)) for m in _PRINTED)))
        facts = [
            ("Studies, rows", f"{len(self.studies.names)}, {len(self.studies.study)}"),
            ("Random effects", self.effects.replace("_", " ")),
            ("Log likelihood", f"{self.log_likelihood:.4f}"),
        ]
        if self.nodes:
            facts.append(("Quadrature nodes", f"{self.nodes} per random effect"))
        if self.slopes_known:
            best = self.optimal_threshold()
            facts.insert(2, ("Optimal threshold (Youden)", _range(best)))
        title = f"Accuracy by threshold of {self.threshold}: {self.method}"
        notes = [f"Note: {note}" for note in self._all_notes()]
        return Shown(title, (Grid(rows, (self.threshold, *labels)), Grid(facts)), notes)

    def _all_notes(self) -> tuple[str, ...]:
        notes = list(self.notes)
        if self.boundary:
            notes.insert(0, f"At the boundary: {self.boundary_reason}.")
        for study, value, reason in self.studies.set_aside:
            notes.append(f"{study}, threshold {value:g}, set aside: {reason}.")
        return tuple(notes)

    def to_frame(self) -> pd.DataFrame:
        """Return :meth:`accuracy` at the thresholds that studies report."""
        return self.accuracy()


def _printed(estimate: Estimate) -> str:
    proportion = estimate.measure in ("sensitivity", "specificity")
    write = format_percent if proportion else format_number
    middle, low, high = (
        write(x, 3) for x in (estimate.estimate, estimate.ci_low, estimate.ci_high)
    )
    return f"{middle} ({low} to {high})"


def _range(estimate: Estimate) -> str:
    if np.isnan(estimate.ci_low):
        return f"{format_number(estimate.estimate)}, at an end of the range observed"
    return _printed(estimate)
