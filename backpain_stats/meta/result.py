"""BivariateFit: the state of a fit, with what follows from it for methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backpain_stats.meta.after import bootstrap as simulation
from backpain_stats.meta.after import heterogeneity as spread
from backpain_stats.meta.after import hsroc as parameters
from backpain_stats.meta.after import influence as refits
from backpain_stats.meta.after import (
    parts,
    per_study,
    prediction,
    predictive,
    regression,
    spread_test,
)
from backpain_stats.meta.after import posttest as probability
from backpain_stats.meta.after import (
    revman as cochrane,
)
from backpain_stats.meta.after import sensitivity as robustness
from backpain_stats.meta.after import sroc as curve
from backpain_stats.meta.after import summary as words
from backpain_stats.meta.fitted import FittedModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BivariateFit"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BivariateFit(FittedModel):
    """A fitted bivariate model; made by :func:`backpain_stats.fit_bivariate`.

    Its fields are those of :class:`backpain_stats.meta.fitted.FittedModel`: estimates with
    covariances, log likelihood, what was used and what was assumed. Its methods are the
    functions of :mod:`backpain_stats.meta.after`; whatever works on a fit without
    covariates works on ``fit.at(...)``, which is one too.
    """

    # a part of the fit
    at = parts.at
    subset = parts.subset
    subgroups = regression.subgroups
    compare_groups = regression.compare_groups
    # the summary
    posttest = probability.posttest
    predictive_values = predictive.predictive_values
    coefficient_table = regression.coefficient_table
    full_covariance = spread.full_covariance
    revman = cochrane.revman_parameters
    summary = words.summarise
    # the curve
    hsroc_table = parameters.hsroc_table
    sroc = curve.sroc_curve
    sensitivity_at = parameters.sensitivity_at
    auc = curve.sroc_area
    # how studies differ, and a new practice
    region = prediction.region
    predict = prediction.predict
    new_practice_draws = prediction.new_practice_draws
    heterogeneity = spread.heterogeneity
    heterogeneity_test = spread_test.heterogeneity_test
    # the studies
    weights = per_study.study_weights
    shrunken = per_study.shrunken
    influence = refits.leave_one_out
    sensitivity_analysis = robustness.sensitivity_analysis
    bootstrap = simulation.bootstrap

    @property
    def hsroc(self) -> pd.Series[float]:
        """Rutter and Gatsonis' Theta, Lambda, beta, sigma2theta, sigma2alpha."""
        return parameters.hsroc_parameters(self)

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<BivariateFit: {self.method}, {self.k} studies, "
            f"log likelihood {self.log_likelihood:.3f}>"
        )

    def __str__(self) -> str:
        """Return the summary as text."""
        return str(words.summarise(self))

    def _repr_html_(self) -> str:
        return words.summarise(self)._repr_html_()
