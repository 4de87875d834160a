"""FittedThresholds: what a model of several thresholds gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_fraction
from backpain_stats.estimate import Estimate
from backpain_stats.meta.designs.delta import Inference, SummaryPoint
from backpain_stats.meta.designs.logistic_pair import (
    area,
    log_band_ratio,
    log_density_ratio,
    logits,
    optimal_place,
)
from backpain_stats.meta.designs.threshold_model import ThresholdModel, printed_optimum
from backpain_stats.result import Grid, Shown
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FittedThresholds"]

# Points of the curve by which diagmeta's area is summed, and how near to 1 it begins.
_CURVE, _EXTREME = 1001, 1e-6


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedThresholds(ThresholdModel):
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

    likelihood: str
    transform_log_likelihoods: tuple[tuple[str, float], ...]
    coefficients: Floats
    inference: Inference
    between_covariance: Floats
    row_variance: Floats
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

    def _log_ratio(self, value: Floats, gradient: Floats, measure: str) -> Estimate:
        return self.inference.estimate(
            float(value), gradient, np.exp, method=self.method, measure=measure
        )

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
        ratio, gradient = log_band_ratio(self.coefficients, *self._band(low, high))
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
        low, high = self._places_in_order()
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
            return Estimate(float(value), low, high, self.level, method, "area_under_curve")
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
        facts = self._facts_shown()
        facts.append(("Log likelihood", f"{self.log_likelihood:.4f}"))
        if self.nodes:
            facts.append(("Quadrature nodes", f"{self.nodes} per random effect"))
        if self.slopes_known:
            best = self.optimal_threshold()
            facts.insert(2, ("Optimal threshold (Youden)", printed_optimum(best)))
        title = f"Accuracy by threshold of {self.threshold}: {self.method}"
        notes = [f"Note: {note}" for note in self._all_notes()]
        return Shown(title, (self._accuracy_shown(), Grid(facts)), notes)

    def _all_notes(self) -> tuple[str, ...]:
        notes = list(self.notes)
        if self.boundary:
            notes.insert(0, f"At the boundary: {self.boundary_reason}.")
        return (*notes, *self._notes_of_rows())
