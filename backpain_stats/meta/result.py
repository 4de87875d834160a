"""BivariateFit: the state of a fit, with what follows from it for methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backpain_stats.meta.after.bootstrap import bootstrap as _bootstrap
from backpain_stats.meta.after.heterogeneity import full_covariance as _full_covariance
from backpain_stats.meta.after.heterogeneity import heterogeneity as _heterogeneity
from backpain_stats.meta.after.influence import leave_one_out
from backpain_stats.meta.after.parts import at as _at
from backpain_stats.meta.after.parts import subset as _subset
from backpain_stats.meta.after.per_study import shrunken as _shrunken
from backpain_stats.meta.after.per_study import study_weights
from backpain_stats.meta.after.posttest import posttest as _posttest
from backpain_stats.meta.after.prediction import new_setting_draws as _new_setting_draws
from backpain_stats.meta.after.prediction import predict as _predict
from backpain_stats.meta.after.prediction import region as _region
from backpain_stats.meta.after.predictive import predictive_values as _predictive_values
from backpain_stats.meta.after.regression import coefficient_table as _coefficient_table
from backpain_stats.meta.after.regression import subgroups as _subgroups
from backpain_stats.meta.after.revman import revman_parameters
from backpain_stats.meta.after.spread_test import heterogeneity_test as _heterogeneity_test
from backpain_stats.meta.after.sroc import (
    hsroc_parameters,
    sroc_area,
    sroc_curve,
)
from backpain_stats.meta.after.sroc import (
    hsroc_table as _hsroc_table,
)
from backpain_stats.meta.after.sroc import (
    sensitivity_at as _sensitivity_at,
)
from backpain_stats.meta.after.summary import summarise
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
    at = _at
    subset = _subset
    subgroups = _subgroups
    # the summary
    posttest = _posttest
    predictive_values = _predictive_values
    coefficient_table = _coefficient_table
    full_covariance = _full_covariance
    revman = revman_parameters
    summary = summarise
    # the curve
    hsroc_table = _hsroc_table
    sroc = sroc_curve
    sensitivity_at = _sensitivity_at
    auc = sroc_area
    # how studies differ, and a new setting
    region = _region
    predict = _predict
    new_setting_draws = _new_setting_draws
    heterogeneity = _heterogeneity
    heterogeneity_test = _heterogeneity_test
    # the studies
    weights = study_weights
    shrunken = _shrunken
    influence = leave_one_out
    bootstrap = _bootstrap

    @property
    def hsroc(self) -> pd.Series[float]:
        """Rutter and Gatsonis' Theta, Lambda, beta, sigma2theta, sigma2alpha."""
        return hsroc_parameters(self)

    def __repr__(self) -> str:
        """Return one line."""
        return (
            f"<BivariateFit: {self.method}, {self.k} studies, "
            f"log likelihood {self.log_likelihood:.3f}>"
        )

    def __str__(self) -> str:
        """Return the summary as text."""
        return str(summarise(self))

    def _repr_html_(self) -> str:
        return summarise(self)._repr_html_()
