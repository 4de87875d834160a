"""Meta-analysis of the designs that red flags come in: several tests, several thresholds."""

from backpain_stats.meta.designs.agreement import agreement_sensitivity
from backpain_stats.meta.designs.compared_bayes import BayesianComparison
from backpain_stats.meta.designs.compared_tests import ComparedTests, Contrast, EqualityTest
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.paired import compare_tests
from backpain_stats.meta.designs.posterior_thresholds import BayesianThresholds
from backpain_stats.meta.designs.threshold_priors import ThresholdPriors
from backpain_stats.meta.designs.thresholds import fit_thresholds

__all__ = [
    "BayesianComparison",
    "BayesianThresholds",
    "ComparedTests",
    "Contrast",
    "EqualityTest",
    "FittedThresholds",
    "ThresholdPriors",
    "agreement_sensitivity",
    "compare_tests",
    "fit_thresholds",
]
