"""Meta-analysis of the designs that red flags come in: several tests, several thresholds."""

from backpain_stats.meta.designs.compared_tests import ComparedTests, EqualityTest
from backpain_stats.meta.designs.fitted_thresholds import FittedThresholds
from backpain_stats.meta.designs.paired import compare_tests
from backpain_stats.meta.designs.thresholds import fit_thresholds

__all__ = [
    "ComparedTests",
    "EqualityTest",
    "FittedThresholds",
    "compare_tests",
    "fit_thresholds",
]
