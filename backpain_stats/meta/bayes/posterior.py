"""The state of a Bayesian fit: weighted draws of its parameters, and what is read off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.arrays import Counts, Floats
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.design import Design
from backpain_stats.meta.likelihood.parameters import covariance_from_root, root_from_sds
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES, SummaryPoint, log_measure
from backpain_stats.meta.studies import OUTCOMES, PATIENTS, Studies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

# A curve is drawn only where a trade-off is as sure as an interval of the usual level is.
SURE_OF_A_TRADE_OFF = 0.95

Quantities = dict[str, Floats]


def weighted_quantile(values: Floats, weights: Floats, probabilities: ArrayLike) -> Floats:
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
    wanted = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(np.interp(wanted, position, values[order]))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Posterior:
    """The posterior of the bivariate model.

    Parameters
    ----------
    draws : pandas.DataFrame
        One row per posterior draw: ``logit_sensitivity, logit_specificity,
        sd_sensitivity, sd_specificity, correlation, weight``; with covariates the
        coefficients, as ``design`` names them, in place of the two means. The weights sum
        to 1. What no patient informs is NaN: its draws would be the prior's.
    priors : Priors
    nodes : int
        Quadrature nodes an axis.
    level : float
        Level of the intervals.
    studies : Studies
        The studies; of one that several tables fit, the middle table.
    design : Design
        What the mean logits depend on.
    tables : tuple of int
        How many tables fit each study.
    effective_size : float
        Effective number of posterior draws.
    k_hat : float
        Pareto shape of the largest importance weights; below 0.7 is usable.
    log_evidence : float
        Log probability of the data averaged over the prior.
    counts : ndarray of shape (tables, 4)
        All tables, those of a study side by side.
    asked : int
        The effective draws asked for.
    seed : int, optional
        The seed of the draws; None where a generator was handed in.
    places : tuple of str
        The setting of each study, where the model has settings; else empty.
    place : str
        The setting that the draws are about; empty for all.
    whole : Posterior, optional
        The fit with covariates of which this is the part at ``values``.
    values : mapping
        The covariate values of a part.
    """

    draws: pd.DataFrame
    priors: Priors
    nodes: int
    level: float
    studies: Studies
    design: Design
    tables: tuple[int, ...]
    effective_size: float
    k_hat: float
    log_evidence: float
    counts: Counts
    asked: int
    seed: int | None = None
    places: tuple[str, ...] = ()
    place: str = ""
    whole: Posterior | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Posterior, **changes: Any) -> Self:
        """Return the same state as this class, with some fields changed."""
        return cls(**{one.name: getattr(state, one.name) for one in fields(state)} | changes)

    def column(self, name: str) -> Floats:
        """Return one column of the draws as an array."""
        return self.draws[name].to_numpy(dtype=np.float64)

    @property
    def method(self) -> str:
        """How the numbers were made, in a few words."""
        return "Bayesian, exact binomial likelihood, importance sampling"

    @property
    def described_priors(self) -> str:
        """The priors as one printed phrase, those of coefficients if there are covariates."""
        if not self.fitted_whole.design.covariates:
            return self.priors.describe()
        return f"{self.priors.describe()}, {self.priors.describe_coefficients()}"

    @property
    def uninformed(self) -> tuple[str, ...]:
        """Which of ``sensitivity, specificity`` no patient informs."""
        return tuple(name for name, any_study in zip(OUTCOMES, self.studies.informed, strict=True)
                     if not any_study)  # fmt: skip

    @property
    def no_curve(self) -> str:
        """Why there is no curve along which studies vary; empty if there is one."""
        return self._nobody(self.uninformed)

    @property
    def trades_off(self) -> bool:
        """Whether the correlation is negative with a posterior probability of 0.95 or more."""
        return self.probability(self.column("correlation") < 0) >= SURE_OF_A_TRADE_OFF

    @property
    def interval_name(self) -> str:
        """What its intervals and regions are called."""
        return "credible"

    def _nobody(self, outcomes: tuple[str, ...]) -> str:
        """Say that no study has the patients of some outcomes; empty for none."""
        patients = [who for name, who in zip(OUTCOMES, PATIENTS, strict=True) if name in outcomes]
        return f"no study has any {' or '.join(patients)}" if patients else ""

    def reason(self, measure: str) -> str:
        """Say why a measure is not estimable; empty if it is."""
        outcomes = tuple(
            name for name in self.uninformed
            if name in measure or not any(other in measure for other in OUTCOMES)
        )  # fmt: skip
        if not outcomes and measure == "correlation" and not self.studies.arms.all(axis=1).any():
            return "no study has both cases and non-cases"
        return self._nobody(outcomes)

    def require(self, measure: str) -> None:
        """Refuse a measure that no patient informs."""
        if reason := self.reason(measure):
            raise NotEstimableError(f"{measure} is not estimable: {reason}")

    def quantity(self, values: Floats, measure: str) -> Estimate:
        """Return median and equal-tailed interval of any quantity, given its value at each draw.

        Parameters
        ----------
        values : numpy.ndarray of shape (draws,)
            For example ``expit(fit.column("logit_sensitivity")) - 0.5``.
        measure : str
            What to call it.

        Returns
        -------
        Estimate
            Of NaN, its method saying why, where the values are not known.
        """
        tail = (1 - self.level) / 2
        low, middle, high = weighted_quantile(
            np.asarray(values, dtype=np.float64), self.column("weight"), [tail, 0.5, 1 - tail]
        )
        ends = (float(middle), float(low), float(high))
        reason = self.reason(measure) if np.isnan(middle) else ""
        method = f"not estimable: {reason}" if reason else f"{self.method}, posterior median"
        return Estimate(*ends, self.level, method, measure)

    def probability(self, statement: ArrayLike) -> float:
        """Return the posterior probability of a statement, given True or False for each draw."""
        return float(self.column("weight") @ np.asarray(statement, dtype=np.float64))

    def summary_measures(self) -> Quantities:
        """Return the five measures at each draw."""
        return {name: self.measure_draws(name) for name in MEASURES}

    def measure_draws(self, name: str) -> Floats:
        """Return one of the five measures at each draw."""
        return MEASURE_TABLE[name].back(log_measure(name, *self.logits.T))

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five summary measures.

        Parameters
        ----------
        measure : {"sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio"}
        """
        check_choice(measure, "measure", MEASURES)
        return self.quantity(self.measure_draws(measure), measure)

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

    def spread_parameters(self) -> Quantities:
        """Return the two SDs and the correlation at each draw; NaN where nobody informs them."""
        found = {name: self.column(name) for name in PARAMETERS[2:]}
        if self.reason("correlation"):
            found["correlation"] = np.full(len(self.draws), np.nan)
        return found

    @property
    def between_study_sd(self) -> Floats:
        """Posterior medians of the two between-study standard deviations, shape (2,)."""
        names = ("sd_sensitivity", "sd_specificity")
        return np.array([self.quantity(self.column(name), name).estimate for name in names])

    @property
    def correlation(self) -> float:
        """Posterior median of the between-study correlation."""
        return self.quantity(self.spread_parameters()["correlation"], "correlation").estimate

    @property
    def k(self) -> int:
        """Number of studies used."""
        return int(self.studies.used.sum())

    @property
    def rows(self) -> pd.DataFrame:
        """One row per study: counts, ``used``, ``contributes``, ``reason``, ``tables``."""
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
    def is_common(self) -> bool:
        """Always False."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader has to know."""
        several = sum(count > 1 for count in self.tables)
        notes = [f"{several} studies print figures that several tables fit."] if several else []
        notes += [
            f"The {outcome} is not estimable: {self._nobody((outcome,))}."
            for outcome in self.uninformed
        ]
        return tuple(notes)

    @property
    def fitted_whole(self) -> Posterior:
        """The fit itself, or the fit that this is a part of."""
        return self if self.whole is None else self.whole

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def point(self) -> SummaryPoint:
        """Posterior mean and covariance of the two mean logits, as a normal summary point.

        An approximation for what needs a normal distribution; the estimates of this
        object come from the draws.
        """
        method = f"{self.method}, normal approximation"
        return SummaryPoint(self.mean, self.covariance, self.level, method)

    @property
    def mean(self) -> Floats:
        """Posterior means of the two mean logits, shape (2,)."""
        return np.asarray(self.column("weight") @ self.logits, dtype=np.float64)

    @property
    def coefficient_draws(self) -> Floats:
        """The coefficients at each draw, (draws, p)."""
        return self.draws[list(self.names)].to_numpy(dtype=np.float64)

    @property
    def coefficients(self) -> Floats:
        """Posterior means of the coefficients, shape (p,).

        Without covariates the two mean logits.
        """
        return np.asarray(self.column("weight") @ self.coefficient_draws, dtype=np.float64)

    @property
    def covariance(self) -> Floats:
        """Posterior covariance of the coefficients, shape (p, p)."""
        centred = self.coefficient_draws - self.coefficients
        return np.asarray((centred.T * self.column("weight")) @ centred, dtype=np.float64)

    @property
    def roots(self) -> Floats:
        """Roots l11, l21, l22 of the between-study covariance at each draw, (draws, 3)."""
        sd1, sd2, correlation = (self.column(name) for name in PARAMETERS[2:])
        # without patients of one kind there is no second logit to be correlated with
        return root_from_sds(sd1, sd2, np.nan_to_num(correlation))

    @property
    def between_study(self) -> Floats:
        """Posterior mean of the between-study covariance of the two logits, shape (2, 2)."""
        covariance = covariance_from_root(self.roots)
        return np.asarray(np.tensordot(self.column("weight"), covariance, axes=1))

    @property
    def logits(self) -> Floats:
        """The two mean logits at each draw, (draws, 2).

        Needs a fit without covariates, or a part of one (:meth:`at`).
        """
        if self.design.covariates:
            names, first = ", ".join(self.design.covariates), self.design.covariates[0]
            raise NotEstimableError(
                f"the fit depends on {names}, so it has no single summary point: "
                f"use fit.at({first}=...) or fit.subgroups()"
            )
        return self.draws[["logit_sensitivity", "logit_specificity"]].to_numpy(dtype=np.float64)

    @property
    def study_logits(self) -> Floats:
        """The mean logits where each used study is, at each draw: (2, draws, studies).

        The last axis has length 1 if all studies have the same. Of a part of a fit they
        are those of the whole.
        """
        whole = self.fitted_whole
        if not whole.design.covariates:
            return whole.logits.T[:, :, None]
        return np.stack(whole.design.means(whole.coefficient_draws))
