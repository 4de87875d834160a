"""BayesianThresholds: what a model of several thresholds gives under priors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from backpain_stats.checks import check_choice, check_fraction, check_level
from backpain_stats.estimate import Estimate
from backpain_stats.meta.after.prediction import prediction_frame
from backpain_stats.meta.bayes.importance import resample
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.designs.beside_likelihood import beside_likelihood
from backpain_stats.meta.designs.delta import MEASURES, SummaryPoint
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.logistic_pair import (
    area,
    log_band_ratio,
    log_density_ratio,
    logits,
    optimal_places,
)
from backpain_stats.meta.designs.threshold_model import ThresholdModel, printed_optimum
from backpain_stats.meta.designs.threshold_priors import ThresholdPriors
from backpain_stats.meta.point import DRAWS, MEASURE_TABLE, accuracy_frame, log_measure
from backpain_stats.result import Grid, Shown, format_number, format_percent
from backpain_stats.sampling import DEFAULT_SEED, Seed, check_draws, generator, quasi_uniform

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.pretest import PretestsLike

    Floats = NDArray[np.float64]

__all__ = ["BayesianThresholds"]

# Draws whose areas are summed at once: 400 nodes each.
_AREAS_AT_ONCE = 512
# A median lies at an end of a range if this share of the posterior does.
_MAJORITY = 0.5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BayesianThresholds(ThresholdModel):
    """Several thresholds under priors; made by ``fit_thresholds(..., inference="bayes")``.

    Estimates are posterior medians, intervals are equal-tailed. All but :meth:`predict` speak of
    the median study, as :class:`~backpain_stats.FittedThresholds` does.

    Parameters
    ----------
    studies : ThresholdStudies
        The rows used, and those set aside.
    threshold : str
        Name of the thresholds' column.
    transform : {"log", "identity"}
        Scale on which values are logistic.
    effects : {"location", "common_scale", "separate_scales"}
    nodes : int
        Quadrature nodes per random effect.
    centre, spread : float
        Values are placed at ``(g - centre) / spread`` of the transformed scale ``g``.
    slopes_known : bool
        False where all rows have the same threshold: the slopes are then 1 by convention.
    coefficients : ndarray of shape (draws, 4)
        Location and log slope of the cases, then of the non-cases, at those places.
    roots : ndarray of shape (draws, 4, q)
        What the standard normal random effects of a study are multiplied with, before they are
        added to its coefficients.
    weights : ndarray of shape (draws,)
        Of the draws; they sum to 1.
    priors : ThresholdPriors
    level : float
        Level of the intervals.
    effective_size, k_hat, log_evidence : float
        As in :class:`~backpain_stats.BayesianFit`.
    likelihood : FittedThresholds or None
        The same model by its likelihood; None where that has no estimate.
    no_likelihood : str
        Why not; empty if it has.
    """

    coefficients: Floats
    roots: Floats
    weights: Floats
    priors: ThresholdPriors
    level: float
    effective_size: float
    k_hat: float
    log_evidence: float
    likelihood: FittedThresholds | None
    no_likelihood: str

    @property
    def method(self) -> str:
        """How the numbers were made."""
        return (
            f"Bayesian, exact multinomial likelihood, {self.transform} scale, importance sampling"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The priors, and why there is no likelihood estimate beside the posterior."""
        plain = Priors.describe(self.priors)
        notes = [f"Priors: {self.priors.describe() if self.slopes_known else plain}"]
        if self.no_likelihood:
            notes.append(f"The likelihood alone has no estimate: {self.no_likelihood}")
        return (*notes, *self._notes_of_rows())

    def _estimate(self, draws: Floats, measure: str, more: str = "") -> Estimate:
        tail = (1 - self.level) / 2
        low, middle, high = weighted_quantile(draws, self.weights, [tail, 0.5, 1 - tail])
        method = f"{self.method}{more}"
        return Estimate(float(middle), float(low), float(high), self.level, method, measure)

    def draws(self, measure: str, threshold: float) -> Floats:
        """Return the posterior draws of one measure at one threshold; they have ``weights``.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        threshold : float

        Raises
        ------
        ArgumentError
            If there is no such measure, or the threshold lies outside the range observed.
        """
        check_choice(measure, "measure", MEASURES)
        mean, _ = logits(self.coefficients, self._inside(threshold, "threshold"))
        return MEASURE_TABLE[measure].back(log_measure(measure, mean[:, 0], mean[:, 1]))

    def point(self, threshold: float) -> SummaryPoint:
        """Return the summary point of one threshold: five measures, post-test probabilities.

        Its intervals are those of the draws; a post-test probability is, too, but for pre-test
        probabilities that are uncertain themselves, where the log of the ratio is taken for
        normal.

        Raises
        ------
        ArgumentError
            If the threshold lies outside the range observed.
        """
        drawn, _ = logits(self.coefficients, self._inside(threshold, "threshold"))
        mean = self.weights @ drawn
        centred = drawn - mean
        return SummaryPoint(
            mean,
            (centred.T * self.weights) @ centred,
            self.level,
            self.method,
            tuple(self._estimate(self.draws(name, threshold), name) for name in MEASURES),
        )

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
        ratio, _ = log_density_ratio(self.coefficients, self._inside(value, "value"))
        return self._estimate(np.exp(ratio), "likelihood_ratio")

    def likelihood_ratio_of_band(
        self, low: float | None = None, high: float | None = None
    ) -> Estimate:
        """Return the likelihood ratio of a value between two thresholds; None leaves an end open.

        Raises
        ------
        ArgumentError
            If both ends are open, one lies outside the range observed, or they are not in order.
        """
        ratio, _ = log_band_ratio(self.coefficients, *self._band(low, high))
        return self._estimate(np.exp(ratio), "likelihood_ratio")

    def optimal_threshold(self, weight: float = 0.5) -> Estimate:
        r"""Return the threshold that maximises ``weight * Se + (1 - weight) * Sp``.

        Parameters
        ----------
        weight : float, optional
            Of sensitivity; 0.5 maximises Youden's index.

        Returns
        -------
        Estimate
            Its method says which share of the posterior has the maximum at an end of the range
            observed, or beyond. Where that is half or more there is no interval.
        """
        check_fraction(weight, "weight")
        self._need_slopes("an optimal threshold")
        ends = self._places_in_order()
        places = optimal_places(self.coefficients, *ends, weight)
        at_ends = [float(self.weights @ (places == end)) for end in ends]
        share = f"; {format_percent(sum(at_ends))} at an end of the range observed"
        found = self._estimate(
            self._values_at(places), "optimal_threshold", share if sum(at_ends) else ""
        )
        if max(at_ends) < _MAJORITY:
            return found
        nearer = self._value_at(ends[int(np.argmax(at_ends))])
        return replace(found, estimate=nearer, ci_low=np.nan, ci_high=np.nan)

    def area_under_curve(self) -> Estimate:
        """Return the area under the model's whole ROC curve.

        It goes beyond the thresholds observed, where the curve is the logistic distributions'
        and nobody's data.
        """
        self._need_slopes("an area under the curve")
        count = len(self.coefficients)
        parts = [
            area(self.coefficients[first : first + _AREAS_AT_ONCE])[0]
            for first in range(0, count, _AREAS_AT_ONCE)
        ]
        return self._estimate(np.concatenate(parts), "area_under_curve")

    def distributions(self) -> pd.DataFrame:
        """Return the two distributions: their medians and scales, one row per group.

        Returns
        -------
        pandas.DataFrame
            ``group, location, location_low, location_high, scale, scale_low, scale_high``; the
            location is the median value, the scale that of the logistic distribution on the
            model's scale (of the logs, for the log transform).
        """
        import pandas as pd

        self._need_slopes("the scale of a distribution")
        rows = []
        for group, first in (("cases", 0), ("non-cases", 2)):
            location = self._estimate(self._values_at(self.coefficients[:, first]), "location")
            scales = self.spread / np.exp(self.coefficients[:, first + 1])
            scale = self._estimate(scales, "scale")
            row: dict[str, str | float] = {"group": group}
            for one in (location, scale):
                names = (one.measure, f"{one.measure}_low", f"{one.measure}_high")
                row |= dict(zip(names, (one.estimate, one.ci_low, one.ci_high), strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def new_practice_draws(
        self, threshold: float, draws: int = DRAWS, seed: Seed = DEFAULT_SEED
    ) -> pd.DataFrame:
        """Return draws of the accuracy at a threshold in a new, exchangeable practice.

        Parameters
        ----------
        threshold : float
        draws : int
            A power of two keeps the balance of the quasi-random points.
        seed : int, Generator or None

        Returns
        -------
        pandas.DataFrame
            ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``, one row per draw,
            of equal weight.
        """
        place, rng = self._inside(threshold, "threshold"), generator(seed)
        chosen = resample(self.weights, check_draws(draws), rng)
        effects = ndtri(quasi_uniform(draws, self.roots.shape[-1], rng))
        own = (self.roots[chosen] @ effects[..., None])[..., 0]
        return accuracy_frame(*logits(self.coefficients[chosen] + own, place)[0].T)

    def predict(
        self,
        threshold: float,
        pretest: PretestsLike | None = None,
        *,
        level: float | None = None,
        draws: int = DRAWS,
        seed: Seed = DEFAULT_SEED,
    ) -> pd.DataFrame:
        """Return what to expect of a threshold in a new practice.

        Parameters
        ----------
        threshold : float
        pretest : float, str, Prevalence, distribution, or several of them, optional
            Pre-test probabilities in the new practice.
        level : float, optional
            That of the fit unless given.
        draws : int
        seed : int, Generator or None

        Returns
        -------
        pandas.DataFrame
            As :func:`backpain_stats.meta.after.prediction.predict`.

        Raises
        ------
        ArgumentError
            If the threshold lies outside the range observed.
        PretestError
            If a pre-test probability is not strictly between 0 and 1.
        """
        level = self.level if level is None else check_level(level)
        found = self.new_practice_draws(threshold, draws, seed)
        return prediction_frame(found, pretest, level, f"{self.method}, prediction")

    def spread_draws(self) -> dict[str, Floats]:
        """Return how studies differ, at each draw.

        Returns
        -------
        dict of ndarray
            ``sd_sensitivity, sd_specificity, correlation`` of the two logits at the mean of the
            thresholds, in studies with the usual slopes; and, where slopes are random,
            ``sd_log_slope``, or one for cases and one for non-cases.
        """
        covariance = self.roots @ np.swapaxes(self.roots, -1, -2)
        sds = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        slopes = np.exp(self.coefficients[:, 1::2])
        found = {
            "sd_sensitivity": sds[:, 0] * slopes[:, 0],
            "sd_specificity": sds[:, 2] * slopes[:, 1],
            # a higher location of the non-cases is a lower specificity
            "correlation": -covariance[:, 0, 2] / (sds[:, 0] * sds[:, 2]),
        }
        if self.effects == "common_scale":
            found["sd_log_slope"] = sds[:, 1]
        elif self.effects == "separate_scales":
            found |= {"sd_log_slope_cases": sds[:, 1], "sd_log_slope_noncases": sds[:, 3]}
        return found

    def between_studies(self) -> pd.DataFrame:
        """Return :meth:`spread_draws` as posterior medians and intervals, one row each."""
        import pandas as pd

        found = [self._estimate(drawn, name) for name, drawn in self.spread_draws().items()]
        columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
        return pd.DataFrame([one.as_dict() for one in found])[columns]

    def prior_influence(self, thresholds: Iterable[float] | float | None = None) -> pd.DataFrame:
        """Return how far the priors moved the answer: the posterior beside the likelihood.

        Parameters
        ----------
        thresholds : float or several, optional
            By default those of the printed summary.

        Returns
        -------
        pandas.DataFrame
            One row per threshold and measure: ``threshold, measure, estimate, ci_low, ci_high``
            (posterior), ``likelihood, likelihood_low, likelihood_high``, and ``width_ratio``: the
            width of the posterior's interval by that of the likelihood's, on the logit or log
            scale. NaN where the likelihood has no estimate (``no_likelihood`` says why).
        """
        values = self._thresholds_shown() if thresholds is None else thresholds
        other = None if self.likelihood is None else self.likelihood.accuracy(values)
        return beside_likelihood(self.accuracy(values), other)

    def _shown(self) -> Shown:
        facts = self._facts_shown()
        if self.slopes_known:
            best = self.optimal_threshold()
            facts.append(("Optimal threshold (Youden)", printed_optimum(best)))
        for row in self.between_studies().to_dict("records"):
            ends = (format_number(row[name]) for name in ("estimate", "ci_low", "ci_high"))
            label = str(row["measure"]).replace("sd_", "SD of ").replace("_", " ")
            facts.append((f"Between studies: {label}", "{} ({} to {})".format(*ends)))
        facts += [
            ("Quadrature nodes", f"{self.nodes} per random effect"),
            ("Effective draws", f"{self.effective_size:.0f}"),
            ("Pareto k-hat", f"{self.k_hat:.2f}"),
        ]
        title = f"Accuracy by threshold of {self.threshold}: {self.method}"
        return Shown(title, (self._accuracy_shown(), Grid(facts)), self.notes)
