"""One 2x2 table and its statistics, and the same for many tables at once."""

from backpain_stats.tables.files import (
    StudyTables,
    TablesLike,
    UnclearTablesError,
    plain_tables,
    read_tables,
    rows_of_studies,
    write_tables,
)
from backpain_stats.tables.frames import accuracy
from backpain_stats.tables.intervals import proportion_interval
from backpain_stats.tables.ratios import (
    bayes_rule,
    corrected_cells,
    middle_table,
    odds_from_probability,
    posttest_from_odds,
    posttest_probability,
    probability_from_odds,
    ratio_interval,
    ratio_order,
)
from backpain_stats.tables.score import increasing_roots, normal_quantile
from backpain_stats.tables.special import stirling_error
from backpain_stats.tables.statistics import (
    CELLS,
    CORRECTIONS,
    MEASURES,
    PROPORTION_METHODS,
    RATIO_MEASURES,
    RATIO_METHODS,
    SUMMARY_MEASURES,
    Correction,
    Factor,
    Form,
    Measure,
    ProportionMethod,
    RatioMeasure,
    RatioMethod,
    cohort_posttest_measure,
)
from backpain_stats.tables.tables import TwoByTwo

__all__ = [
    "CELLS",
    "CORRECTIONS",
    "MEASURES",
    "PROPORTION_METHODS",
    "RATIO_MEASURES",
    "RATIO_METHODS",
    "SUMMARY_MEASURES",
    "Correction",
    "Factor",
    "Form",
    "Measure",
    "ProportionMethod",
    "RatioMeasure",
    "RatioMethod",
    "StudyTables",
    "TablesLike",
    "TwoByTwo",
    "UnclearTablesError",
    "accuracy",
    "bayes_rule",
    "cohort_posttest_measure",
    "corrected_cells",
    "increasing_roots",
    "middle_table",
    "normal_quantile",
    "odds_from_probability",
    "plain_tables",
    "posttest_from_odds",
    "posttest_probability",
    "probability_from_odds",
    "proportion_interval",
    "ratio_interval",
    "ratio_order",
    "read_tables",
    "rows_of_studies",
    "stirling_error",
    "write_tables",
]
