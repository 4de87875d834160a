"""Meta-analysis of the designs that red flags come in: several tests, several thresholds."""

from backpain_stats.meta.designs.compared_tests import ComparedTests, EqualityTest
from backpain_stats.meta.designs.paired import compare_tests

__all__ = ["ComparedTests", "EqualityTest", "compare_tests"]
