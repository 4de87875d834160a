"""The one definition of the evidence files: their columns, kinds and vocabularies.

Loading, validation, the templates and ``data/datapackage.json`` are all made
from the tables below; nothing else lists a column.
"""

from __future__ import annotations

from backpain_stats.evidence.columns import LIMIT_BOUNDS, Column, Kind, Table
from backpain_stats.evidence.vocabulary import (
    CATEGORIES,
    CLAIM_STATISTICS,
    DIRECTIONS,
    DIRECTNESS,
    JUDGEMENTS,
    QUALITY_DOMAINS,
    RANGE_KINDS,
    READ_FORMS,
    READINGS,
    RULES,
    SAMPLES,
    SETTINGS,
    SOURCE_KINDS,
    STATUSES,
    TARGETS,
    VERIFICATIONS,
    YES_NO,
    YES_NO_UNKNOWN,
)

__all__ = ["LIMIT_BOUNDS", "TABLES", "Column", "Table"]


def _target(description: str = "The serious condition.", *, unspecified: bool = False) -> Column:
    allowed = (*TARGETS, "unspecified") if unspecified else TARGETS
    return Column("target", description, "category", True, allowed)


def _provenance() -> list[Column]:
    return [
        Column(
            "reported_in",
            "The source in which the figures were read.",
            "identifier",
            True,
            references=("sources",),
        ),
        Column(
            "quotes",
            "The original it quotes; empty if it is the original or that is not established.",
            "identifier",
            references=("sources",),
        ),
        _STATUS,
        _NOTE,
    ]


def _setting() -> Column:
    return Column(
        "setting", "Where the patients were seen; empty if not stated.", "category", False, SETTINGS
    )


def _flag(required: bool) -> Column:
    return Column("flag_id", "The red flag.", "identifier", required, references=("flags",))


def _cohort(required: bool, description: str = "The cohort.") -> Column:
    return Column("cohort_id", description, "identifier", required, references=("cohorts",))


def _counts() -> list[Column]:
    words = {
        "tp": "Cases with the flag (true positives)",
        "fp": "Non-cases with the flag (false positives)",
        "fn": "Cases without the flag (false negatives)",
        "tn": "Non-cases without the flag (true negatives)",
    }
    return [
        Column(name, f"{text}; only if printed or exact from printed counts.", "integer")
        for name, text in words.items()
    ]


def _measured(name: str, words: str, kind: Kind) -> list[Column]:
    limit: Kind = "proportion_limit" if kind == "proportion" else kind
    return [
        Column(name, f"{words}, as printed.", kind),
        Column(f"{name}_low", f"{words}: lower end of its interval, as printed.", limit),
        Column(f"{name}_high", f"{words}: upper end of its interval, as printed.", limit),
    ]


def _statistics(*, auc: bool) -> list[Column]:
    columns = [
        *_measured("sensitivity", "Sensitivity", "proportion"),
        *_measured("specificity", "Specificity", "proportion"),
        *_measured("lr_positive", "Positive likelihood ratio", "ratio"),
        *_measured("lr_negative", "Negative likelihood ratio", "ratio"),
        *_measured("ppv", "Positive predictive value", "proportion"),
        *_measured("npv", "Negative predictive value", "proportion"),
    ]
    if auc:
        columns += _measured("auc", "Area under the ROC curve", "proportion")
    return [
        *columns,
        Column(
            "ci_level",
            "Level of the intervals, only where the source states it; 0.95 for 95%.",
            "level",
        ),
    ]


def _statistics_tail() -> list[Column]:
    return [
        Column(
            "false_positive_rate",
            "Share of non-cases with the flag, where that is what was printed.",
            "proportion",
        ),
        Column(
            "test_positive_rate",
            "Share of all patients with the flag, where that is what was printed.",
            "proportion",
        ),
        _ALSO,
    ]


def _replaces(file: str) -> Column:
    return Column(
        "replaces",
        "Rows of this file that this one displaces: the same finding in the same patients; "
        "separated by semicolons.",
        "identifiers",
        references=(file,),
        former_names=("better_than",),
    )


_STATUS = Column(
    "status",
    "seen_primary: read in the source's own text; seen_secondary: read on another page.",
    "category",
    True,
    STATUSES,
)
_NOTE = Column("note", "What a user of the row has to know.")
_ALSO = Column(
    "also_reported_in",
    "Further sources with the same figure, separated by semicolons.",
    "identifiers",
    references=("sources",),
)
_DEFINITION = Column("definition", "The finding in the source's words.")
_SAMPLE = Column(
    "sample",
    "Who was sampled; the first of the list that fits.",
    "category",
    allowed=SAMPLES,
    empty_means="unknown",
)
_DIRECTNESS = Column(
    "directness",
    "Whether it answers the question asked: this target, in patients with back pain.",
    "category",
    allowed=DIRECTNESS,
    empty_means="unknown",
)

_SOURCES = Table(
    "sources",
    "Every publication, and every secondary page that quotes one.",
    ("source_id",),
    (
        Column("source_id", "Name of the source.", "identifier", True),
        Column("kind", "What kind of publication it is.", "category", True, SOURCE_KINDS),
        Column("citation", "The reference.", required=True),
        Column("year", "Year of publication.", "year"),
        Column("doi", "Digital object identifier, without the resolver.", "doi"),
        Column("what_was_read", "How much of it was read.", "category", True, READ_FORMS),
        _NOTE,
        Column("read_where", "Where it was read, in words for a reader."),
    ),
)
_FLAGS = Table(
    "flags",
    "The red flags; each threshold or definition is a flag of its own.",
    ("flag_id",),
    (
        Column("flag_id", "Name of the flag.", "identifier", True),
        Column("label", "The flag in words.", required=True),
        Column("category", "How it is found out.", "category", True, CATEGORIES),
        Column("family", "Groups the definitions of one idea.", "identifier", True),
        Column("definition_note", "What the definition leaves open."),
        Column("synonyms", "Wordings met in the sources, separated by semicolons."),
        Column("quantity", "The measured quantity the flag cuts, if it cuts one.", "identifier"),
        Column("threshold", "Where it is cut; empty if the cut-off is not stated.", "number"),
        Column("unit", "Unit of the threshold; empty if not printed, or a ratio."),
        Column(
            "direction",
            "Whether values above or below the threshold are positive.",
            "category",
            allowed=DIRECTIONS,
        ),
        Column("level_of", "The quantity of which the flag is a band with two ends.", "identifier"),
        Column(
            "contains",
            "Flags whose presence makes this flag present by definition, separated by semicolons.",
            "identifiers",
            references=("flags",),
        ),
    ),
)
_COHORTS = Table(
    "cohorts",
    "One row a study and target.",
    ("cohort_id",),
    (
        Column("cohort_id", "Name of the cohort: study and target.", "identifier", True),
        Column("study_id", "The study.", "identifier", True, references=("sources",)),
        _target(),
        _setting(),
        Column("setting_note", "The setting in more words."),
        Column("country", "Country; empty if not stated."),
        Column("n", "Patients; empty unless printed.", "integer"),
        Column("n_cases", "Patients with the condition; empty unless printed.", "integer"),
        Column("design_note", "Design, as stated."),
        Column("reference_standard", "How the condition was established."),
        Column("population_note", "Who the patients were."),
        Column(
            "source_id",
            "Where n and n_cases were read.",
            "identifier",
            True,
            references=("sources",),
        ),
        _STATUS,
        _NOTE,
        Column(
            "low_back_pain_only",
            "Whether all patients had low back pain: no means another or a wider population.",
            "category",
            True,
            YES_NO_UNKNOWN,
        ),
        Column(
            "same_patients_as",
            "A cohort of the same or of nested patients: only one of the two may be used.",
            "identifier",
            references=("cohorts",),
        ),
        _SAMPLE,
        Column(
            "case_control",
            "Whether cases and others were sampled apart: prevalence and predictive values then "
            "have no meaning.",
            "category",
            allowed=YES_NO_UNKNOWN,
            empty_means="unknown",
        ),
        Column(
            "verification",
            "Who had the reference test: all, mainly those with a positive test, all by "
            "follow-up or records, or different tests by test result.",
            "category",
            allowed=VERIFICATIONS,
            empty_means="unknown",
        ),
        _DIRECTNESS,
    ),
)
_ACCURACY = Table(
    "accuracy",
    "One row a flag in a cohort: what was printed about its accuracy.",
    ("report_id",),
    (
        Column("report_id", "Name of the row.", "identifier", True),
        _cohort(True),
        _flag(True),
        _DEFINITION,
        *_counts(),
        *_statistics(auc=False),
        *_provenance(),
        *_statistics_tail(),
        Column(
            "reading",
            "printed: read in the source's own text; quoted: read on another page.",
            "category",
            allowed=READINGS,
        ),
        _replaces("accuracy"),
    ),
)
_COMBINATIONS = Table(
    "combinations",
    "Several flags together: any of, all of, scores, algorithms.",
    ("combination_id",),
    (
        Column("combination_id", "Name of the combination.", "identifier", True),
        _target(),
        _cohort(True),
        Column(
            "flags",
            "Its flags, separated by semicolons; empty if not stated.",
            "identifiers",
            references=("flags",),
        ),
        Column("rule", "How the flags are combined.", "category", True, RULES),
        Column("k", "How many must be present, for any and at_least_k.", "integer"),
        Column("level_label", "The cut-off in the source's words."),
        *_counts(),
        *_statistics(auc=True),
        *_provenance(),
        _DEFINITION,
        *_statistics_tail(),
        _replaces("combinations"),
    ),
)
_CLAIMS = Table(
    "claims",
    "Published results to be recomputed; never used as input.",
    ("claim_id",),
    (
        Column("claim_id", "Name of the claim.", "identifier", True),
        _target(),
        Column(
            "flag_id",
            "A flag or a combination; empty where only the definition says what.",
            "identifier",
            references=("flags", "combinations"),
        ),
        _setting(),
        Column("statistic", "What was printed.", "category", True, CLAIM_STATISTICS),
        Column("pretest", "Pre-test probability printed with it.", "proportion"),
        Column("value", "The figure, as printed.", "statistic"),
        Column("low", "Lower end, as printed.", "statistic_limit"),
        Column("high", "Upper end, as printed.", "statistic_limit"),
        Column("range_kind", "What value, low and high are.", "category", True, RANGE_KINDS),
        *_provenance(),
        _DEFINITION,
        _cohort(False, "The cohort it is about, if it is about one."),
        _ALSO,
        Column(
            "inputs_read",
            "Whether the figures from which the value would be computed were read; no is not "
            "the same as never published.",
            "category",
            allowed=YES_NO,
        ),
    ),
)
_PREVALENCE = Table(
    "prevalence",
    "How often the condition was found, by target and setting.",
    ("prevalence_id",),
    (
        Column("prevalence_id", "Name of the row.", "identifier", True),
        _target(),
        _setting(),
        Column("country", "Country; empty if not stated."),
        Column("n", "Patients; empty unless printed.", "integer"),
        Column("n_cases", "Patients with the condition; empty unless printed.", "integer"),
        Column("prevalence", "The share, as printed.", "proportion"),
        Column("low", "Lower end, as printed.", "proportion_limit"),
        Column("high", "Upper end, as printed.", "proportion_limit"),
        Column("range_kind", "What the figures are.", "category", False, RANGE_KINDS),
        *_provenance(),
        _cohort(False, "The cohort it comes from, if it comes from one."),
        _ALSO,
        _SAMPLE,
        _DIRECTNESS,
    ),
)
_ENDORSEMENTS = Table(
    "endorsements",
    "Red flags as guidelines and patient pages write them.",
    ("endorsement_id",),
    (
        Column("endorsement_id", "Name of the row.", "identifier", True),
        Column("guideline_id", "The guideline.", "identifier", True),
        Column("guideline", "Its name.", required=True),
        Column("country", "Country; empty if not stated."),
        Column("year", "Year of publication.", "year"),
        _target("The condition; unspecified for general and shared lists.", unspecified=True),
        Column("red_flag_as_written", "The wording, or its translation.", required=True),
        Column(
            "flag_id",
            "The flag it is; empty where that is not clear.",
            "identifier",
            references=("flags",),
        ),
        *(column for column in _provenance() if column.name != "quotes"),
        Column("condition_as_written", "The heading of the list."),
    ),
)
_ENDORSEMENT_COUNTS = Table(
    "endorsement_counts",
    "Statements about sets of guidelines.",
    ("count_id",),
    (
        Column("count_id", "Name of the row.", "identifier", True),
        Column("guideline_set", "Which guidelines.", required=True),
        _target("The condition; unspecified for general lists.", unspecified=True),
        Column("k", "How many of them; empty unless printed.", "integer"),
        Column("of", "Out of how many.", "integer"),
        Column("statement", "What is said.", required=True),
        *(column for column in _provenance() if column.name != "quotes"),
    ),
)
_QUALITY = Table(
    "quality",
    "QUADAS-2: risk of bias and applicability, by cohort, assessor and domain.",
    ("cohort_id", "assessor", "domain"),
    (
        _cohort(True),
        Column("assessor", "Who judged.", required=True),
        Column(
            "domain",
            "QUADAS-2 domain.",
            "category",
            True,
            QUALITY_DOMAINS,
        ),
        Column("risk_of_bias", "Judgement.", "category", True, JUDGEMENTS),
        Column(
            "applicability",
            "Concern about applicability; empty for flow_and_timing, which has none.",
            "category",
            False,
            JUDGEMENTS,
        ),
        Column("reason", "Why."),
    ),
    optional=True,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _SOURCES,
        _FLAGS,
        _COHORTS,
        _ACCURACY,
        _COMBINATIONS,
        _CLAIMS,
        _PREVALENCE,
        _ENDORSEMENTS,
        _ENDORSEMENT_COUNTS,
        _QUALITY,
    )
}
