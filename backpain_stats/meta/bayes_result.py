"""What a Bayesian fit of the bivariate model gives: posteriors of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtri

from backpain_stats.checks import check_choice
from backpain_stats.estimate import Estimate
from backpain_stats.meta.parameters import covariance_from_root, root_from_sds
from backpain_stats.meta.point import MEASURES, log_measures
from backpain_stats.meta.priors import PARAMETERS, Priors
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["BayesianFit"]


def weighted_quantile(values: Array, weights: Array, probabilities: ArrayLike) -> Array:
    """Return quantiles of a weighted sample, interpolated between its points.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5]), 0.5)
    array(2.)
    """
    order = np.argsort(values, kind="stable")
    ordered = weights[order]
    # A point stands at the middle of the mass it carries.
    position = (np.cumsum(ordered) - 0.5 * ordered) / ordered.sum()
    return np.asarray(np.interp(probabilities, position, values[order]))


@dataclass(frozen=True, slots=True)
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
    rows : pandas.DataFrame
        One row a study: counts, ``used``, ``contributes``, ``reason``, and ``tables``,
        the number of tables its printed figures admit (the counts shown are then the
        middle one's).
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
    rows: pd.DataFrame
    sampler: str
    effective_size: float
    k_hat: float
    r_hat: float
    log_evidence: float

    def _column(self, name: str) -> Array:
        return self.draws[name].to_numpy(dtype=np.float64)

    @property
    def method(self) -> str:
        """How the numbers were made, in a few words."""
        return f"Bayesian, exact binomial likelihood, {self.sampler} sampling"

    def quantity(self, values: Array, measure: str) -> Estimate:
        """Return median and equal-tailed interval of any function of the draws, one value each.

        Examples
        --------
        Youden's index, which no attribute gives: ``fit.quantity(expit(draws[...]) + ... - 1,
        "youden")``.
        """
        tail = (1 - self.level) / 2
        low, middle, high = weighted_quantile(
            np.asarray(values, dtype=np.float64), self._column("weight"), [tail, 0.5, 1 - tail]
        )
        ends = (float(middle), float(low), float(high))
        return Estimate(*ends, self.level, f"{self.method}, posterior median", measure)

    def probability(self, statement: ArrayLike) -> float:
        """Return the posterior probability of a statement, given True or False for each draw."""
        return float(self._column("weight") @ np.asarray(statement, dtype=np.float64))

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five summary measures.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        """
        check_choice(measure, "measure", MEASURES)
        logs = log_measures(self._column("logit_sensitivity"), self._column("logit_specificity"))
        back = expit if measure in ("sensitivity", "specificity") else np.exp
        return self.quantity(back(logs[measure]), measure)

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
                self.quantity(self._column(name), name).estimate
                for name in ("sd_sensitivity", "sd_specificity")
            ]
        )

    @property
    def correlation(self) -> float:
        """Posterior median of the between-study correlation."""
        return self.quantity(self._column("correlation"), "correlation").estimate

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.rows)

    @property
    def coefficients(self) -> Array:
        """Posterior means of logit sensitivity and logit specificity, shape (2,)."""
        return np.asarray(self._column("weight") @ self._logits(), dtype=np.float64)

    @property
    def covariance(self) -> Array:
        """Posterior covariance of the two mean logits, shape (2, 2)."""
        centred = self._logits() - self.coefficients
        return np.asarray((centred.T * self._column("weight")) @ centred, dtype=np.float64)

    @property
    def between_study(self) -> Array:
        """Posterior mean of the between-study covariance of the two logits, shape (2, 2)."""
        root = self._roots()
        covariance = covariance_from_root(root)
        return np.asarray(np.tensordot(self._column("weight"), covariance, axes=1))

    def _logits(self) -> Array:
        return self.draws[["logit_sensitivity", "logit_specificity"]].to_numpy(dtype=np.float64)

    def _roots(self) -> Array:
        columns = ("sd_sensitivity", "sd_specificity", "correlation")
        return root_from_sds(*(self._column(name) for name in columns))

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
        rng = generator(seed)
        ladder = (rng.random() + np.arange(draws)) / draws
        chosen = np.searchsorted(np.cumsum(self._column("weight")), ladder)
        chosen = rng.permutation(np.minimum(chosen, len(self.draws) - 1))
        return self.draws.drop(columns="weight").iloc[chosen].reset_index(drop=True)

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
        import pandas as pd

        rng = generator(seed)
        parameters = self.equal_draws(draws, rng)[list(PARAMETERS)].to_numpy(dtype=np.float64)
        l11, l21, l22 = root_from_sds(*parameters.T[2:]).T
        b1, b2 = ndtri(quasi_uniform(draws, 2, rng)).T
        logs = log_measures(parameters[:, 0] + l11 * b1, parameters[:, 1] + l21 * b1 + l22 * b2)
        proportions = ("sensitivity", "specificity")
        return pd.DataFrame(
            {name: (expit if name in proportions else np.exp)(logs[name]) for name in MEASURES}
        )
