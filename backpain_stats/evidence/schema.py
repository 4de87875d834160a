"""The one definition of the evidence files: their columns, kinds and vocabularies.

Loading, validation, the templates and ``data/datapackage.json`` are all made
from the tables below; nothing else lists a column.
"""

from __future__ import annotations

from backpain_stats.evidence.columns import LIMIT_BOUNDS, Column, Kind, Table
from backpain_stats.evidence.instruments import (
    DEFAULT_INSTRUMENT,
    INSTRUMENTS,
    all_domains,
    all_judgements,
)
from backpain_stats.evidence.vocabulary import (
    CATEGORIES,
    CLAIM_STATISTICS,
    DIRECTIONS,
    DIRECTNESS,
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


def _name(name: str, description: str, *files: str, required: bool = False) -> Column:
    """Describe a column with the name of a row: of this file, or of one of ``files``."""
    return Column(name, description, "identifier", required, references=files)


def _names(name: str, description: str, *files: str, former: tuple[str, ...] = ()) -> Column:
    """Describe a column with several names of rows."""
    text = f"{description}, separated by semicolons."
    return Column(name, text, "identifiers", references=files, former_names=former)


def _word(
    name: str,
    description: str,
    allowed: tuple[str, ...],
    *,
    required: bool = False,
    empty_means: str = "",
) -> Column:
    """Describe a column with one word of a vocabulary."""
    return Column(name, description, "category", required, allowed, empty_means=empty_means)


def _target(description: str = "The serious condition.", *more: str) -> Column:
    return _word("target", description, (*TARGETS, *more), required=True)


def _provenance() -> list[Column]:
    return [
        _name(
            "reported_in", "The source in which the figures were read.", "sources", required=True
        ),
        _name(
            "quotes",
            "The original it quotes; empty if it is the original or that is not established.",
            "sources",
        ),
        _STATUS,
        _NOTE,
    ]


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


def _statistics(*more: Column) -> list[Column]:
    return [
        *_measured("sensitivity", "Sensitivity", "proportion"),
        *_measured("specificity", "Specificity", "proportion"),
        *_measured("lr_positive", "Positive likelihood ratio", "ratio"),
        *_measured("lr_negative", "Negative likelihood ratio", "ratio"),
        *_measured("ppv", "Positive predictive value", "proportion"),
        *_measured("npv", "Negative predictive value", "proportion"),
        *more,
        Column(
            "ci_level",
            "Level of the intervals, only where the source states it; 0.95 for 95%.",
            "level",
        ),
    ]


def _shares() -> list[Column]:
    words = {"false_positive_rate": "non-cases", "test_positive_rate": "all patients"}
    return [
        Column(
            name, f"Share of {whom} with the flag, where that is what was printed.", "proportion"
        )
        for name, whom in words.items()
    ]


def _replaces(file: str) -> Column:
    description = "Rows of this file that this one displaces: same finding, same patients"
    return _names("replaces", description, file, former=("better_than",))


_SETTING = _word("setting", "Where the patients were seen; empty if not stated.", SETTINGS)
_STATUS = _word(
    "status",
    "seen_primary: read in the source's own text; seen_secondary: read on another page.",
    STATUSES,
    required=True,
)
_NOTE = Column("note", "What a user of the row has to know.")
_ALSO = _names("also_reported_in", "Further sources with the same figure", "sources")
_DEFINITION = Column("definition", "The finding in the source's words.")
_COUNTRY = Column("country", "Country; empty if not stated.")
_N = Column("n", "Patients; empty unless printed.", "integer")
_N_CASES = Column("n_cases", "Patients with the condition; empty unless printed.", "integer")
_SAMPLE = _word(
    "sample", "Who was sampled; the first of the list that fits.", SAMPLES, empty_means="unknown"
)
_DIRECTNESS = _word(
    "directness",
    "Whether it answers the question asked: this target, in patients with back pain.",
    DIRECTNESS,
    empty_means="unknown",
)

_SOURCES = Table(
    "sources",
    "Every publication, and every secondary page that quotes one.",
    ("source_id",),
    (
        _name("source_id", "Name of the source.", required=True),
        _word("kind", "What kind of publication it is.", SOURCE_KINDS, required=True),
        Column("citation", "The reference.", required=True),
        Column("year", "Year of publication.", "year"),
        Column("doi", "Digital object identifier, without the resolver.", "doi"),
        _word("what_was_read", "How much of it was read.", READ_FORMS, required=True),
        _NOTE,
        Column("read_where", "Where it was read, in words for a reader."),
    ),
)
_FLAGS = Table(
    "flags",
    "The red flags; each threshold or definition is a flag of its own.",
    ("flag_id",),
    (
        _name("flag_id", "Name of the flag.", required=True),
        Column("label", "The flag in words.", required=True),
        _word("category", "How it is found out.", CATEGORIES, required=True),
        _name("family", "Groups the definitions of one idea.", required=True),
        Column("definition_note", "What the definition leaves open."),
        Column("synonyms", "Wordings met in the sources, separated by semicolons."),
        _name("quantity", "The measured quantity the flag cuts, if it cuts one."),
        Column("threshold", "Where it is cut; empty if the cut-off is not stated.", "number"),
        Column("unit", "Unit of the threshold; empty if not printed, or a ratio."),
        _word("direction", "Whether values above or below it are positive.", DIRECTIONS),
        _name("level_of", "The quantity of which the flag is a band with two ends."),
        _names("contains", "Flags whose presence makes this one present by definition", "flags"),
    ),
)
_COHORTS = Table(
    "cohorts",
    "One row per study and target.",
    ("cohort_id",),
    (
        _name("cohort_id", "Name of the cohort: study and target.", required=True),
        _name("study_id", "The study.", "sources", required=True),
        _target(),
        _SETTING,
        Column("setting_note", "The setting in more words."),
        _COUNTRY,
        _N,
        _N_CASES,
        Column("design_note", "Design, as stated."),
        Column("reference_standard", "How the condition was established."),
        Column("population_note", "Who the patients were."),
        _name("source_id", "Where n and n_cases were read.", "sources", required=True),
        _STATUS,
        _NOTE,
        _word(
            "low_back_pain_only",
            "Whether all patients had low back pain: no means another or a wider population.",
            YES_NO_UNKNOWN,
            required=True,
        ),
        _name(
            "same_patients_as",
            "A cohort of the same or of nested patients: only one of the two may be used.",
            "cohorts",
        ),
        _SAMPLE,
        _word(
            "case_control",
            "Whether cases and others were sampled apart: prevalence and predictive values then "
            "have no meaning.",
            YES_NO_UNKNOWN,
            empty_means="unknown",
        ),
        _word(
            "verification",
            "Who had the reference test: all, mainly those with a positive test, all by "
            "follow-up or records, or different tests by test result.",
            VERIFICATIONS,
            empty_means="unknown",
        ),
        _DIRECTNESS,
    ),
)
_ACCURACY = Table(
    "accuracy",
    "One row per flag in a cohort: what was printed about its accuracy.",
    ("report_id",),
    (
        _name("report_id", "Name of the row.", required=True),
        _name("cohort_id", "The cohort.", "cohorts", required=True),
        _name("flag_id", "The red flag.", "flags", required=True),
        _DEFINITION,
        *_counts(),
        *_statistics(),
        *_provenance(),
        *_shares(),
        _ALSO,
        _word(
            "reading",
            "printed: read in the source's own text; quoted: read on another page.",
            READINGS,
        ),
        _replaces("accuracy"),
    ),
)
_COMBINATIONS = Table(
    "combinations",
    "Several flags together: any of, all of, scores, algorithms.",
    ("combination_id",),
    (
        _name("combination_id", "Name of the combination.", required=True),
        _target(),
        _name("cohort_id", "The cohort.", "cohorts", required=True),
        _names("flags", "Its flags, as far as they are stated", "flags"),
        _word("rule", "How the flags are combined.", RULES, required=True),
        Column("k", "How many must be present, for any and at_least_k.", "integer"),
        Column("level_label", "The cut-off in the source's words."),
        *_counts(),
        *_statistics(*_measured("auc", "Area under the ROC curve", "proportion")),
        *_provenance(),
        _DEFINITION,
        *_shares(),
        _ALSO,
        _replaces("combinations"),
    ),
)
_CLAIMS = Table(
    "claims",
    "Published results to be recomputed; never used as input.",
    ("claim_id",),
    (
        _name("claim_id", "Name of the claim.", required=True),
        _target(),
        _name(
            "flag_id",
            "A flag or a combination; empty where only the definition says what.",
            "flags",
            "combinations",
        ),
        _SETTING,
        _word("statistic", "What was printed.", CLAIM_STATISTICS, required=True),
        Column("pretest", "Pre-test probability printed with it.", "pretest"),
        Column("value", "The figure, as printed.", "statistic"),
        Column("low", "Lower end, as printed.", "statistic_limit"),
        Column("high", "Upper end, as printed.", "statistic_limit"),
        _word("range_kind", "What value, low and high are.", RANGE_KINDS, required=True),
        *_provenance(),
        _DEFINITION,
        _name("cohort_id", "The cohort it is about, if it is about one.", "cohorts"),
        _ALSO,
        _word(
            "inputs_read",
            "Whether the figures from which the value would be computed were read; no is not "
            "the same as never published.",
            YES_NO,
        ),
    ),
)
_PREVALENCE = Table(
    "prevalence",
    "How often the condition was found, by target and setting.",
    ("prevalence_id",),
    (
        _name("prevalence_id", "Name of the row.", required=True),
        _target(),
        _SETTING,
        _COUNTRY,
        _N,
        _N_CASES,
        Column("prevalence", "The share, as printed.", "proportion"),
        Column("low", "Lower end, as printed.", "proportion_limit"),
        Column("high", "Upper end, as printed.", "proportion_limit"),
        _word("range_kind", "What the figures are.", RANGE_KINDS),
        *_provenance(),
        _name("cohort_id", "The cohort it comes from, if it comes from one.", "cohorts"),
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
        _name("endorsement_id", "Name of the row.", required=True),
        _name("guideline_id", "The guideline.", required=True),
        Column("guideline", "Its name.", required=True),
        _COUNTRY,
        Column("year", "Year of publication.", "year"),
        _target("The condition; unspecified for general and shared lists.", "unspecified"),
        Column("red_flag_as_written", "The wording, or its translation.", required=True),
        _name("flag_id", "The flag it is; empty where that is not clear.", "flags"),
        *(column for column in _provenance() if column.name != "quotes"),
        Column("condition_as_written", "The heading of the list."),
    ),
)
_ENDORSEMENT_COUNTS = Table(
    "endorsement_counts",
    "Statements about sets of guidelines.",
    ("count_id",),
    (
        _name("count_id", "Name of the row.", required=True),
        Column("guideline_set", "Which guidelines.", required=True),
        _target("The condition; unspecified for general lists.", "unspecified"),
        Column("k", "How many of them; empty unless printed.", "integer"),
        Column("of", "Out of how many.", "integer"),
        Column("statement", "What is said.", required=True),
        *(column for column in _provenance() if column.name != "quotes"),
    ),
)
_QUALITY = Table(
    "quality",
    "Risk of bias and applicability, by cohort, assessor, instrument and domain.",
    ("cohort_id", "assessor", "instrument", "domain"),
    (
        _name("cohort_id", "The cohort.", "cohorts", required=True),
        Column("assessor", "Who judged.", required=True),
        _word("domain", "Domain of the instrument.", all_domains(), required=True),
        _word("risk_of_bias", "Judgement.", all_judgements(), required=True),
        _word(
            "applicability",
            "Concern about applicability; empty in a domain that has none, such as "
            "flow_and_timing.",
            all_judgements(),
        ),
        Column("reason", "Why."),
        _word(
            "instrument",
            "What was judged by; data/instruments.csv lists its domains and judgements.",
            tuple(INSTRUMENTS),
            empty_means=DEFAULT_INSTRUMENT,
        ),
    ),
    optional=True,
)

_TARGETS, _SETTINGS = (
    Table(
        f"{word}s",
        f"{what} beside those that the package knows.",
        (word,),
        (
            _name(word, "Its name in every other file.", required=True),
            Column("label", f"The same in words, {written}.", required=True),
        ),
        optional=True,
    )
    for word, what, written in (
        ("target", "Conditions", "as it begins a sentence"),
        ("setting", "Settings", "as it stands within a sentence"),
    )
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
        _TARGETS,
        _SETTINGS,
    )
}
