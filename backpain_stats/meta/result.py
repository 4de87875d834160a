"""BivariateFit: what a fit of the bivariate model gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, PosttestEstimate
from backpain_stats.meta.after.point import SummaryPoint
from backpain_stats.meta.data import Studies
from backpain_stats.meta.design import Design
from backpain_stats.meta.likelihood.parameters import covariance_from_root, sds_from_root
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.meta.after.summary import Summary

    Floats = NDArray[np.float64]

__all__ = ["BivariateFit"]


def read_only(values: Floats) -> Floats:
    """Return a copy that cannot be written to."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BivariateFit:
    """A fitted bivariate model; made by :func:`backpain_stats.fit_bivariate`.

    Parameters
    ----------
    studies : Studies
        What was handed in, with what became of each row.
    design : Design
        What the mean logits depend on.
    likelihood : {"binomial", "normal"}
    estimator : {"ml", "reml"}
    nodes : int or None
        Quadrature nodes an axis.
    correction : {"none", "zero_cells", "all"}
        Zero-cell correction applied.
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

    Notes
    -----
    At a boundary the parameters it holds count as known: standard errors come from the
    curvature along the boundary.
    """

    studies: Studies
    design: Design
    likelihood: str
    estimator: str
    nodes: int | None
    correction: str
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
    notes: tuple[str, ...] = ()
    exact: tuple[Estimate, ...] = ()

    # What was fitted

    @property
    def method(self) -> str:
        """The model in a few words."""
        if self.effects == "common":
            return "common effect"
        if self.likelihood == "binomial":
            laplace = " (Laplace)" if self.nodes == 1 else ""
            return f"exact binomial likelihood{laplace}"
        corrected = {
            "none": "no correction",
            "zero_cells": "0.5 added to studies with a zero",
            "all": "0.5 added to every study",
        }[self.correction]
        return f"normal likelihood, {self.estimator.upper()}, {corrected}"

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
        """Number of parameters: the coefficients and, with random effects, three more."""
        return len(self.coefficients) + (3 if self.effects == "random" else 0)

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

    # Summary point

    @property
    def point(self) -> SummaryPoint:
        """The summary point; needs a fit without covariates (else :meth:`at`)."""
        if self.design.covariates:
            names = ", ".join(self.design.covariates)
            raise NotEstimableError(
                f"the fit depends on {names}, so it has no single summary point: "
                f"use fit.at({self.design.covariates[0]}=...) or fit.subgroups()"
            )
        return SummaryPoint(self.coefficients, self.covariance, self.level, self.method, self.exact)

    def at(self, **values: Any) -> SummaryPoint:
        """Return the summary point at given values of all covariates.

        Raises
        ------
        ArgumentError
            If a value is missing or its level is not in the data.
        UnknownNameError
            If a covariate is not in the fit.
        """
        if not self.design.covariates and not values:
            return self.point
        rows = self.design.rows_at(values)
        return SummaryPoint(
            rows @ self.coefficients, rows @ self.covariance @ rows.T, self.level, self.method
        )

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

    def posttest(
        self, pretest: float, result: Any = "positive", pretest_source: str = ""
    ) -> PosttestEstimate:
        """Return the post-test probability by the summary LR; see ``SummaryPoint.posttest``."""
        return self.point.posttest(pretest, result, pretest_source)

    # Beyond the summary point

    @property
    def hsroc(self) -> pd.Series[float]:
        """Rutter and Gatsonis' Theta, Lambda, beta, sigma2theta, sigma2alpha."""
        from backpain_stats.meta.after.sroc import hsroc_parameters

        return hsroc_parameters(self)

    def sroc(self, kind: str = "hsroc", points: int = 201) -> pd.DataFrame:
        """Return the summary ROC curve; see :func:`backpain_stats.meta.after.sroc.sroc_curve`."""
        from backpain_stats.meta.after.sroc import sroc_curve

        return sroc_curve(self, kind=kind, points=points)

    def auc(
        self, *, partial: bool = False, replicates: int = 200, seed: Seed = DEFAULT_SEED
    ) -> Estimate:
        """Return the area under the curve; see :func:`backpain_stats.meta.after.sroc.sroc_area`."""
        from backpain_stats.meta.after.sroc import sroc_area

        return sroc_area(self, partial=partial, replicates=replicates, seed=seed)

    def region(
        self, kind: str = "confidence", *, level: float | None = None, points: int = 181
    ) -> pd.DataFrame:
        """Return a region's outline; see :func:`backpain_stats.meta.after.prediction.region`."""
        from backpain_stats.meta.after.prediction import region

        return region(self, kind=kind, level=level, points=points)

    def predict(
        self, pretest: ArrayLike | None = None, *, level: float | None = None, **values: Any
    ) -> pd.DataFrame:
        """Return what to expect in a new setting; see ``meta.prediction.predict``."""
        from backpain_stats.meta.after.prediction import predict

        return predict(self, pretest=pretest, level=level, **values)

    def new_setting_draws(
        self, draws: int = 4096, seed: Seed = DEFAULT_SEED, **values: Any
    ) -> pd.DataFrame:
        """Return draws of the accuracy in a new setting; see ``meta.prediction``."""
        from backpain_stats.meta.after.prediction import new_setting_draws

        return new_setting_draws(self, draws, seed, **values)

    def heterogeneity(self, *, level: float | None = None) -> pd.DataFrame:
        """Return SDs, correlation and I2; see :mod:`backpain_stats.meta.after.heterogeneity`."""
        from backpain_stats.meta.after.heterogeneity import heterogeneity

        return heterogeneity(self, level=level)

    def influence(self) -> pd.DataFrame:
        """Return the fits that leave one study out; see ``leave_one_out``."""
        from backpain_stats.meta.after.influence import leave_one_out

        return leave_one_out(self)

    def subgroups(self) -> pd.DataFrame:
        """Return the summary of each subgroup; see :mod:`backpain_stats.meta.after.regression`."""
        from backpain_stats.meta.after.regression import subgroups

        return subgroups(self)

    def full_covariance(self) -> pd.DataFrame:
        """Return the covariance of coefficients, SDs and correlation, by the delta method.

        Raises
        ------
        NotEstimableError
            At the boundary, where SDs and correlation have no normal approximation:
            use :meth:`heterogeneity`, whose intervals are by profile likelihood.
        """
        from backpain_stats.meta.after.heterogeneity import full_covariance

        return full_covariance(self)

    def summary(self) -> Summary:
        """Return the summary: ``str()``, HTML in a notebook, ``.frame``."""
        from backpain_stats.meta.after.summary import summarise

        return summarise(self)

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<BivariateFit: {self.method}, {self.k} studies, "
            f"log likelihood {self.log_likelihood:.3f}>"
        )

    def __str__(self) -> str:
        """Return the summary as text."""
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
