"""Several studies of one test, pooled: the bivariate model and what follows from it.

Other rooms import from here. What knows the evidence is in a room of its own inside,
:mod:`backpain_stats.meta.published`.
"""

from backpain_stats.meta.after.regression import (
    LikelihoodRatioTest,
    compare_fits,
    compare_groups,
    compare_points,
)
from backpain_stats.meta.after.sensitivity import sensitivity_analysis
from backpain_stats.meta.after.spread_test import SpreadTest
from backpain_stats.meta.after.summary import Summary
from backpain_stats.meta.bayes.fit import fit_bayes
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.bivariate import fit_bivariate
from backpain_stats.meta.fitting.registry import FAMILIES
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.meta.point import MEASURES, SummaryPoint
from backpain_stats.meta.result import BivariateFit
from backpain_stats.meta.studies import check_studies, study_accuracy
from backpain_stats.meta.univariate.deeks import DeeksTest, deeks_test
from backpain_stats.meta.univariate.pool import UnivariatePool, pool_univariate
from backpain_stats.meta.univariate.proportion import PooledProportion, pool_proportion

__all__ = [
    "FAMILIES",
    "MEASURES",
    "STRUCTURES",
    "BayesianFit",
    "BivariateFit",
    "DeeksTest",
    "LikelihoodRatioTest",
    "PooledProportion",
    "Priors",
    "SpreadTest",
    "Summary",
    "SummaryPoint",
    "UnivariatePool",
    "check_studies",
    "compare_fits",
    "compare_groups",
    "compare_points",
    "deeks_test",
    "fit_bayes",
    "fit_bivariate",
    "pool_proportion",
    "pool_univariate",
    "sensitivity_analysis",
    "study_accuracy",
]
