"""What a Bayesian fit of the bivariate model gives: posteriors of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_level, check_pretest
from backpain_stats.estimate import Estimate, PosttestEstimate
from backpain_stats.meta.after.point import MEASURES, SummaryPoint
from backpain_stats.meta.after.prediction import prediction_frame
from backpain_stats.meta.after.sroc import sroc_curve
from backpain_stats.meta.bayes import quantities
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.data import Studies
from backpain_stats.meta.likelihood.parameters import covariance_from_root, root_from_sds
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.meta.after.summary import Summary

    Array = NDArray[np.float64]

__all__ = ["BayesianFit"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BayesianFit:
    """The posterior of the bivariate model, and what follows from it.

    Attributes have the names of :class:`~backpain_stats.BivariateFit` where both
    have them; estimates are posterior medians, intervals are equal-tailed.

    Parameters
    ----------
    draws : pandas.DataFrame
        One row a posterior draw: ``logit_sensitivity, logit_specificity,
        sd_sensitivity, sd_specificity, correlation, weight``. The weights sum to 1.
    priors : Priors
    nodes : int
        Quadrature nodes an axis.
    level : float
        Level of the intervals.
    studies : Studies
        The studies; of one that several tables fit, the middle table.
    tables : tuple of int
        How many tables fit each study.
    sampler : str
        ``"importance"`` or ``"ensemble"``.
    effective_size : float
        Effective number of posterior draws.
    k_hat : float
        Pareto shape of the largest importance weights; below 0.7 is usable.
    r_hat : float
        R-hat of the ensemble; NaN after importance sampling.
    log_evidence : float
        Log probability of the data averaged over the prior.
    """

    draws: pd.DataFrame
    priors: Priors
    nodes: int
    level: float
    studies: Studies
    tables: tuple[int, ...]
    sampler: str
    effective_size: float
    k_hat: float
    r_hat: float
    log_evidence: float

    def column(self, name: str) -> Array:
        """Return one column of the draws as an array."""
        return self.draws[name].to_numpy(dtype=np.float64)

    @property
    def method(self) -> str:
        """How the numbers were made, in a few words."""
        return f"Bayesian, exact binomial likelihood, {self.sampler} sampling"

    def quantity(self, values: Array, measure: str) -> Estimate:
        """Return median and equal-tailed interval of any quantity, given its value at each draw.

        Parameters
        ----------
        values : numpy.ndarray of shape (draws,)
            For example ``expit(fit.column("logit_sensitivity")) - 0.5``.
        measure : str
            What to call it.
        """
        tail = (1 - self.level) / 2
        low, middle, high = quantities.weighted_quantile(
            np.asarray(values, dtype=np.float64), self.column("weight"), [tail, 0.5, 1 - tail]
        )
        ends = (float(middle), float(low), float(high))
        return Estimate(*ends, self.level, f"{self.method}, posterior median", measure)

    def probability(self, statement: ArrayLike) -> float:
        """Return the posterior probability of a statement, given True or False for each draw."""
        return float(self.column("weight") @ np.asarray(statement, dtype=np.float64))

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five summary measures.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        """
        check_choice(measure, "measure", MEASURES)
        return self.quantity(quantities.summary_measures(self)[measure], measure)

    @property
    def sensitivity(self) -> Estimate:
        """Summary sensitivity: that of the middle setting."""
        return self.estimate("sensitivity")

    @property
    def specificity(self) -> Estimate:
        """Summary specificity."""
        return self.estimate("specificity")

    @property
    def lr_positive(self) -> Estimate:
        """LR+ of the summary sensitivity and specificity."""
        return self.estimate("lr_positive")

    @property
    def lr_negative(self) -> Estimate:
        """LR- of the summary sensitivity and specificity."""
        return self.estimate("lr_negative")

    @property
    def odds_ratio(self) -> Estimate:
        """Diagnostic odds ratio of the summary sensitivity and specificity."""
        return self.estimate("odds_ratio")

    @property
    def between_study_sd(self) -> Array:
        """Posterior medians of the two between-study standard deviations, shape (2,)."""
        return np.array(
            [
                self.quantity(self.column(name), name).estimate
                for name in ("sd_sensitivity", "sd_specificity")
            ]
        )

    @property
    def correlation(self) -> float:
        """Posterior median of the between-study correlation."""
        return self.quantity(self.column("correlation"), "correlation").estimate

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.tables)

    @property
    def rows(self) -> pd.DataFrame:
        """One row a study: counts, ``used``, ``contributes``, ``reason``, ``tables``."""
        return self.studies.table().assign(tables=list(self.tables))

    @property
    def boundary_reason(self) -> str:
        """Always empty: a posterior has no boundary fits."""
        return ""

    @property
    def effects(self) -> str:
        """Always "random": common effects are a prior that this fit does not offer."""
        return "random"

    @property
    def point(self) -> SummaryPoint:
        """Posterior mean and covariance of the two mean logits, as a normal summary point.

        An approximation for what needs a normal distribution; the estimates of this
        object come from the draws.
        """
        method = f"{self.method}, normal approximation"
        return SummaryPoint(self.coefficients, self.covariance, self.level, method)

    @property
    def coefficients(self) -> Array:
        """Posterior means of logit sensitivity and logit specificity, shape (2,)."""
        return np.asarray(self.column("weight") @ self._logits(), dtype=np.float64)

    @property
    def covariance(self) -> Array:
        """Posterior covariance of the two mean logits, shape (2, 2)."""
        centred = self._logits() - self.coefficients
        return np.asarray((centred.T * self.column("weight")) @ centred, dtype=np.float64)

    @property
    def between_study(self) -> Array:
        """Posterior mean of the between-study covariance of the two logits, shape (2, 2)."""
        spread = quantities.spread_parameters(self).values()
        covariance = covariance_from_root(root_from_sds(*spread))
        return np.asarray(np.tensordot(self.column("weight"), covariance, axes=1))

    def _logits(self) -> Array:
        return self.draws[["logit_sensitivity", "logit_specificity"]].to_numpy(dtype=np.float64)

    def equal_draws(self, draws: int = 4096, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
        """Return draws of equal weight, by systematic resampling in a random order.

        Parameters
        ----------
        draws : int
        seed : int, Generator or None

        Returns
        -------
        pandas.DataFrame
            The columns of ``draws`` without ``weight``.
        """
        return quantities.equal_draws(self, draws, seed)

    # Beyond the summary point

    @property
    def hsroc(self) -> pd.Series[float]:
        """Posterior medians of Theta, Lambda, beta, sigma2theta, sigma2alpha."""
        import pandas as pd

        found = quantities.hsroc_draws(self).items()
        medians = {name: self.quantity(values, name).estimate for name, values in found}
        return pd.Series(medians, name="hsroc")

    def auc(self) -> Estimate:
        """Posterior of the area under the HSROC curve, extrapolation included."""
        return self.quantity(quantities.areas(self), "area")

    def sroc(self, kind: str = "hsroc", points: int = 201) -> pd.DataFrame:
        """Return the curve at the posterior means and median SDs; see ``meta.sroc.sroc_curve``."""
        return sroc_curve(self, kind=kind, points=points)

    def heterogeneity(self) -> pd.DataFrame:
        """Return SDs, correlation and I2 with posterior intervals, one row a measure.

        I2 is that of :func:`backpain_stats.meta.after.heterogeneity.i_squared`, at each draw.
        """
        return self._frame(quantities.spread_parameters(self) | quantities.i_squared_draws(self))

    def posterior(self) -> pd.DataFrame:
        """Return every quantity: the five measures, heterogeneity, HSROC parameters and area.

        Returns
        -------
        pandas.DataFrame
            ``measure, estimate, ci_low, ci_high, ci_level, method``.
        """
        return self._frame(
            quantities.summary_measures(self)
            | quantities.spread_parameters(self)
            | quantities.i_squared_draws(self)
            | quantities.hsroc_draws(self)
            | {"area": quantities.areas(self)}
        )

    def _frame(self, found: quantities.Quantities) -> pd.DataFrame:
        import pandas as pd

        columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
        rows = [self.quantity(values, name).as_dict() for name, values in found.items()]
        return pd.DataFrame(rows)[columns]

    def region(
        self, kind: str = "confidence", *, level: float | None = None, points: int = 181
    ) -> pd.DataFrame:
        """Return the outline of a region that holds ``level`` of the posterior.

        An ellipse on the logit scale with the shape of the draws' covariance, as large
        as it must be to hold that share of the draws.

        Parameters
        ----------
        kind : {"confidence", "prediction"}
            Of the summary point, or of the true point of a new setting.
        level : float, optional
            That of the fit unless given.
        points : int

        Returns
        -------
        pandas.DataFrame
            As :func:`backpain_stats.meta.after.prediction.region`.
        """
        return quantities.posterior_region(self, kind, level, points)

    def predict(
        self,
        pretest: ArrayLike | None = None,
        *,
        level: float | None = None,
        draws: int = 2**14,
        seed: Seed = DEFAULT_SEED,
    ) -> pd.DataFrame:
        """Return what to expect in a new setting, and the post-test probability there.

        Parameters
        ----------
        pretest : float or array_like of float, optional
            Pre-test probabilities in the new setting, taken as known.
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
        PretestError
            If a pre-test probability is not strictly between 0 and 1.
        """
        level = self.level if level is None else check_level(level)
        found = self.new_setting_draws(draws, seed)
        return prediction_frame(found, pretest, level, f"{self.method}, prediction")

    def posttest(
        self, pretest: float, result: str = "positive", pretest_source: str = ""
    ) -> PosttestEstimate:
        """Return the post-test probability by the summary LR, with its posterior interval.

        Neither the uncertainty of the pre-test probability nor the difference between
        settings is in it (:meth:`predict` has the second).

        Raises
        ------
        PretestError
            If the pre-test probability is not strictly between 0 and 1.
        """
        before = float(check_pretest(pretest))
        check_choice(result, "result", ("positive", "negative"))
        ratio = quantities.summary_measures(self)[f"lr_{result}"]
        after = expit(logit(before) + np.log(ratio))
        found = self.quantity(after, "posttest_probability").as_dict()
        return PosttestEstimate(
            **found, pretest=before, pretest_source=pretest_source, result=result
        )

    def summary(self) -> Summary:
        """Return the summary: ``str()``, HTML in a notebook, ``.frame``."""
        from backpain_stats.meta.after.summary import summarise_posterior

        return summarise_posterior(self)

    def __str__(self) -> str:
        """Return the summary as text."""
        return str(self.summary())

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<BayesianFit: {self.k} studies, {self.effective_size:.0f} effective draws "
            f"by {self.sampler} sampling>"
        )

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def new_setting_draws(self, draws: int = 4096, seed: Seed = DEFAULT_SEED) -> pd.DataFrame:
        """Return draws of the accuracy in a new, exchangeable setting.

        Parameters
        ----------
        draws : int
            A power of two keeps the balance of the quasi-random points.
        seed : int, Generator or None

        Returns
        -------
        pandas.DataFrame
            ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``, one row
            a draw, of equal weight; uncertainty of the parameters and difference
            between settings are both in it.
        """
        return quantities.new_setting_draws(self, draws, seed)
