"""BayesianFit: the posterior of the bivariate model, with what follows from it for methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backpain_stats.meta.after import sensitivity as robustness
from backpain_stats.meta.after.sroc import sroc_curve
from backpain_stats.meta.bayes import (
    coefficients,
    new_study,
    predictive_check,
    quantities,
    refits,
)
from backpain_stats.meta.bayes.posterior import Posterior

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BayesianFit"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BayesianFit(Posterior):
    """The posterior of the bivariate model, and what follows from it.

    Its fields are those of :class:`backpain_stats.meta.bayes.posterior.Posterior`. Names
    are those of :class:`~backpain_stats.BivariateFit` where both have them; estimates are
    posterior medians, intervals are equal-tailed. What no patient informs is NaN, not the
    prior. Whatever works on a fit without covariates works on ``fit.at(...)``, which is one
    too. ``hsroc_table``, ``sensitivity_at``, ``weights``, ``shrunken``,
    ``heterogeneity_test``, ``revman`` and ``bootstrap`` are for fits by likelihood: they are
    about standard errors, or a maximum.
    """

    # a part of the fit
    at = coefficients.at
    subset = refits.subset
    subgroups = refits.subgroups
    compare_groups = coefficients.compare_groups
    # the summary
    posttest = quantities.posttest
    predictive_values = quantities.predictive_values
    posterior = quantities.posterior
    coefficient_table = coefficients.coefficient_table
    full_covariance = quantities.full_covariance
    prior_share = quantities.prior_share
    summary = quantities.summarise
    # the curve
    sroc = sroc_curve
    auc = quantities.area
    # how studies differ, and a new practice
    region = quantities.region
    predict = quantities.predict
    predict_study = new_study.predict_study
    equal_draws = quantities.equal_draws
    new_practice_draws = quantities.new_practice_draws
    heterogeneity = quantities.heterogeneity
    # the studies
    influence = refits.leave_one_out
    sensitivity_analysis = robustness.sensitivity_analysis
    predictive_check = predictive_check.predictive_check

    @property
    def hsroc(self) -> pd.Series[float]:
        """Posterior medians of Theta, Lambda, beta, sigma2theta, sigma2alpha."""
        return quantities.hsroc(self)

    def __str__(self) -> str:
        """Return the summary as text."""
        return str(quantities.summarise(self))

    def __repr__(self) -> str:
        """Return one line."""
        return f"<BayesianFit: {self.k} studies, {self.effective_size:.0f} effective draws>"

    def _repr_html_(self) -> str:
        return quantities.summarise(self)._repr_html_()
