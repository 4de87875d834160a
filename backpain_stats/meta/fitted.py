"""The state of a fitted bivariate model, and what costs nothing to read off it.

What follows from a fit (curve, regions, predictions, profiles, refits) is a function of
this state, in :mod:`backpain_stats.meta.after`; :class:`~backpain_stats.BivariateFit`
is the state with those functions for methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.design import Design
from backpain_stats.meta.fitting.family import Family
from backpain_stats.meta.fitting.structure import STRUCTURES, StructureName
from backpain_stats.meta.likelihood.parameters import covariance_from_root, sds_from_root
from backpain_stats.meta.point import SummaryPoint
from backpain_stats.meta.studies import Studies

if TYPE_CHECKING:
    import pandas as pd


class Fit(Protocol):
    """What a fit by likelihood and a posterior have in common."""

    @property
    def studies(self) -> Studies:
        """The studies handed in."""

    @property
    def level(self) -> float:
        """Level of the intervals."""

    @property
    def method(self) -> str:
        """The model in a few words."""

    @property
    def design(self) -> Design:
        """What the mean logits depend on."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The covariate values of a part of a fit; empty for a whole one."""

    @property
    def point(self) -> SummaryPoint:
        """The summary point."""

    @property
    def between_study(self) -> Floats:
        """Between-study covariance of the two logits, (2, 2)."""

    @property
    def between_study_sd(self) -> Floats:
        """Between-study standard deviations of the two logits, (2,)."""

    @property
    def correlation(self) -> float:
        """Between-study correlation of the two logits."""

    @property
    def no_curve(self) -> str:
        """Why there is no curve along which studies vary; empty if there is one."""

    @property
    def trades_off(self) -> bool:
        """Whether sensitivity falls between studies where specificity rises."""

    @property
    def interval_name(self) -> str:
        """What its intervals and regions are called: "confidence" or "credible"."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FittedModel:
    """A fitted bivariate model; made by :func:`backpain_stats.fit_bivariate`.

    Parameters
    ----------
    studies : Studies
        What was handed in, with what became of each row.
    design : Design
        What the mean logits depend on.
    family : Family
        What is assumed within a study, with the options of the fit.
    structure_name : str
        Which parts of the between-study covariance were estimated: "unstructured", or
        what the user held.
    effects : {"random", "common"}
    level : float
        Confidence level of all intervals.
    coefficients : ndarray of shape (p,)
        Without covariates the means of (logit sensitivity, logit specificity).
    covariance : ndarray of shape (p, p)
        Of the coefficients.
    root : ndarray of shape (3,)
        Entries l11, l21, l22 of the lower-triangular root of ``between_study``.
    parameter_covariance : ndarray of shape (p + 3, p + 3)
        Of coefficients and root; parameters held at a boundary have zeros.
    log_likelihood : float
        At the maximum. For the normal likelihood it is the density of the (corrected)
        proportions, so it includes the Jacobian of the logit, sum of
        log 1/(p (1 - p)); restricted if ``estimator="reml"``.
    log_likelihood_without_jacobian : float
        The density of the logits; the same number for the binomial likelihood.
    converged : bool
    boundary : bool
        Whether the maximum lies on the boundary of the parameter space.
    boundary_reason : str
        Where on the boundary; empty inside.
    iterations : int
        Likelihood evaluations.
    notes : tuple of str
        What a reader has to know.
    exact : tuple of Estimate
        Exact intervals of a common-effect fit.
    whole : FittedModel, optional
        The fit with covariates of which this is the part at ``values``.
    values : mapping
        The covariate values of a part.

    Notes
    -----
    At a boundary the parameters it holds count as known: standard errors come from the
    curvature along the boundary.
    """

    studies: Studies
    design: Design
    family: Family
    effects: str
    level: float
    coefficients: Floats
    covariance: Floats
    root: Floats
    parameter_covariance: Floats
    log_likelihood: float
    log_likelihood_without_jacobian: float
    converged: bool
    boundary: bool
    boundary_reason: str
    iterations: int
    structure_name: StructureName = "unstructured"
    notes: tuple[str, ...] = ()
    exact: tuple[Estimate, ...] = ()
    whole: FittedModel | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: FittedModel, **changes: Any) -> Self:
        """Return the same state as this class, with some fields changed."""
        return cls(**{one.name: getattr(state, one.name) for one in fields(state)} | changes)

    # What was fitted

    @property
    def likelihood(self) -> str:
        """Name of the likelihood: "binomial", "normal"."""
        return self.family.name

    @property
    def estimator(self) -> str:
        """How it is maximised: "ml", or "reml" for the restricted normal likelihood."""
        return self.family.estimator

    @property
    def correction(self) -> str:
        """Zero-cell correction applied: "none", "zero_cells", "all"."""
        return self.family.correction

    @property
    def nodes(self) -> int | None:
        """Quadrature nodes an axis; None where there is no integral."""
        return self.family.nodes

    @property
    def is_common(self) -> bool:
        """Whether all studies are assumed to share one sensitivity and one specificity."""
        return self.effects == "common"

    @property
    def method(self) -> str:
        """The model in a few words."""
        if self.is_common:
            return "common effect"
        held = STRUCTURES[self.structure_name].words
        return f"{self.family.describe()}, {held}" if held else self.family.describe()

    @property
    def fitted_whole(self) -> FittedModel:
        """The fit itself, or the fit that this is a part of."""
        return self if self.whole is None else self.whole

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def k(self) -> int:
        """Number of studies used."""
        return int(self.studies.used.sum())

    @property
    def rows(self) -> pd.DataFrame:
        """Every study handed in: counts, ``used``, ``contributes``, ``corrected``, ``reason``."""
        table = self.studies.table()
        zero = (self.studies.counts == 0).any(axis=1)
        changed = {"none": np.zeros_like(zero), "zero_cells": zero, "all": np.ones_like(zero)}
        table["corrected"] = changed[self.correction] & self.studies.used
        return table

    @property
    def parameters(self) -> int:
        """Number of parameters: coefficients and, with random effects, SDs and correlation."""
        spread = 0 if self.is_common else len(STRUCTURES[self.structure_name].measures)
        return len(self.fitted_whole.coefficients) + spread

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log likelihood + 2 parameters."""
        return 2 * self.parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz' criterion; each arm of a study counts as one observation."""
        return float(np.log(self.studies.arms.sum()) * self.parameters - 2 * self.log_likelihood)

    @property
    def between_study(self) -> Floats:
        """Between-study covariance of (logit sensitivity, logit specificity), (2, 2)."""
        return covariance_from_root(self.root)

    @property
    def between_study_sd(self) -> Floats:
        """Between-study standard deviations of the two logits, shape (2,)."""
        return sds_from_root(self.root)[:2]

    @property
    def correlation(self) -> float:
        """Between-study correlation of the two logits; NaN if a variance is 0."""
        return float(sds_from_root(self.root)[2])

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def no_curve(self) -> str:
        """Why there is no curve along which studies vary; empty if there is one."""
        if self.is_common:
            return "a common-effect fit has no between-study variation"
        if np.all(self.between_study_sd > 0):
            return ""
        return self.boundary_reason or STRUCTURES[self.structure_name].words

    @property
    def trades_off(self) -> bool:
        """Whether sensitivity falls between studies where specificity rises."""
        return self.correlation < 0

    @property
    def interval_name(self) -> str:
        """What its intervals and regions are called."""
        return "confidence"

    def require_random(self, what: str) -> None:
        """Refuse a common-effect fit, which assumes that there is nothing to ask about."""
        if self.is_common:
            raise NotEstimableError(
                f"a common-effect fit assumes that settings and studies do not differ: {what}; "
                "use effects='random' or inference='bayes'"
            )

    # Summary point

    @property
    def point(self) -> SummaryPoint:
        """The summary point; needs a fit without covariates, or a part of one (:meth:`at`)."""
        if self.design.covariates:
            names = ", ".join(self.design.covariates)
            raise NotEstimableError(
                f"the fit depends on {names}, so it has no single summary point: "
                f"use fit.at({self.design.covariates[0]}=...) or fit.subgroups()"
            )
        return SummaryPoint(self.coefficients, self.covariance, self.level, self.method, self.exact)

    @property
    def mean(self) -> Floats:
        """Logit sensitivity and logit specificity of the summary point, shape (2,)."""
        return self.point.mean

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five summary measures; see ``SummaryPoint.estimate``."""
        return self.point.estimate(measure)

    @property
    def sensitivity(self) -> Estimate:
        """Summary sensitivity."""
        return self.point.sensitivity

    @property
    def specificity(self) -> Estimate:
        """Summary specificity."""
        return self.point.specificity

    @property
    def lr_positive(self) -> Estimate:
        """Summary LR+."""
        return self.point.lr_positive

    @property
    def lr_negative(self) -> Estimate:
        """Summary LR-."""
        return self.point.lr_negative

    @property
    def odds_ratio(self) -> Estimate:
        """Summary diagnostic odds ratio."""
        return self.point.odds_ratio
