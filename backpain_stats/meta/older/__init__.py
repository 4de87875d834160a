"""Curves and tests of older reviews, so that these can be recomputed; not for new ones."""

from backpain_stats.meta.older.curve import OlderCurve
from backpain_stats.meta.older.homogeneity import homogeneity_tests
from backpain_stats.meta.older.moses import moses_littenberg
from backpain_stats.meta.older.proportional_hazards import proportional_hazards
from backpain_stats.meta.older.weighted_youden import weighted_youden

__all__ = [
    "OlderCurve",
    "homogeneity_tests",
    "moses_littenberg",
    "proportional_hazards",
    "weighted_youden",
]
