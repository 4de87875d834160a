"""One published report, read once: tables, ratio, prevalence, post-test."""

from backpain_stats.published.accuracy import (
    LABELS,
    AccuracyDraws,
    KnownAccuracy,
    TableAccuracy,
    report_accuracy,
)
from backpain_stats.published.counting import RULES, Rule
from backpain_stats.published.feasible import feasible_tables
from backpain_stats.published.overview import displacements, flag_overview
from backpain_stats.published.posttest import posttest
from backpain_stats.published.prevalence import (
    SettingPrevalence,
    prevalence_candidates,
    setting_prevalence,
)
from backpain_stats.published.ratios import likelihood_ratios, ratio_rows
from backpain_stats.published.reading import (
    PublishedReports,
    filled_rows,
    published_reports,
    read_cohorts,
)
from backpain_stats.published.remarks import codes, sentence, sentences
from backpain_stats.published.report import VERDICTS, Cohort, Kind, Remark, Report, Verdict

__all__ = [
    "LABELS",
    "RULES",
    "VERDICTS",
    "AccuracyDraws",
    "Cohort",
    "Kind",
    "KnownAccuracy",
    "PublishedReports",
    "Remark",
    "Report",
    "Rule",
    "SettingPrevalence",
    "TableAccuracy",
    "Verdict",
    "codes",
    "displacements",
    "feasible_tables",
    "filled_rows",
    "flag_overview",
    "likelihood_ratios",
    "posttest",
    "prevalence_candidates",
    "published_reports",
    "ratio_rows",
    "read_cohorts",
    "report_accuracy",
    "sentence",
    "sentences",
    "setting_prevalence",
]
