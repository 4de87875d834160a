"""One 2x2 table and its statistics."""

from backpain_stats.tables.bayes_rule import (
    odds_from_probability,
    posttest_probability,
    probability_from_odds,
)
from backpain_stats.tables.frames import accuracy
from backpain_stats.tables.intervals import PROPORTION_METHODS, proportion_interval
from backpain_stats.tables.ratios import CORRECTIONS, RATIO_METHODS, ratio_interval
from backpain_stats.tables.tables import TwoByTwo

__all__ = [
    "CORRECTIONS",
    "PROPORTION_METHODS",
    "RATIO_METHODS",
    "TwoByTwo",
    "accuracy",
    "odds_from_probability",
    "posttest_probability",
    "probability_from_odds",
    "proportion_interval",
    "ratio_interval",
]
