"""The closed vocabularies of the evidence: every word a cell of such a column may hold.

Each is a ``Literal`` type, for signatures, and a tuple of the same words in the
same order, for checks and lists.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = [
    "CATEGORIES",
    "CLAIM_STATISTICS",
    "DIRECTIONS",
    "DIRECTNESS",
    "RANGE_KINDS",
    "RATIO_STATISTICS",
    "READINGS",
    "READ_FORMS",
    "RULES",
    "SAMPLES",
    "SETTINGS",
    "SETTING_LABELS",
    "SOURCE_KINDS",
    "STATUSES",
    "TARGETS",
    "TARGET_LABELS",
    "VERIFICATIONS",
    "YES_NO",
    "YES_NO_UNKNOWN",
    "Category",
    "ClaimStatistic",
    "Direction",
    "Directness",
    "RangeKind",
    "ReadForm",
    "Reading",
    "Rule",
    "Sample",
    "Setting",
    "SourceKind",
    "Status",
    "Target",
    "Verification",
    "YesNo",
    "YesNoUnknown",
]

Target = Literal["malignancy", "fracture", "infection", "cauda_equina", "any_serious"]
Setting = Literal["primary_care", "emergency", "secondary_care", "tertiary_care", "mixed"]
# Who was sampled. Where several fit, the first of this list is given.
Sample = Literal[
    "review",
    "case_control",
    "known_disease",
    "trauma",
    "suspected",
    "imaged",
    "general_population",
    "unselected",
    "unknown",
]
# Who had the reference test.
Verification = Literal["all", "positives", "follow_up", "differential", "unknown"]
# Whether the row answers the question asked: this target, in patients with back pain.
Directness = Literal["direct", "indirect_population", "indirect_target", "indirect_both", "unknown"]
YesNoUnknown = Literal["yes", "no", "unknown"]
YesNo = Literal["yes", "no"]
Category = Literal["history", "symptom", "examination", "laboratory", "judgement", "demographic"]
Direction = Literal["above", "below"]
Status = Literal["seen_primary", "seen_secondary"]
Reading = Literal["printed", "quoted"]
SourceKind = Literal[
    "primary study",
    "systematic review",
    "guideline",
    "teaching material",
    "news or blog",
    "conference abstract",
]
ReadForm = Literal["abstract", "full text", "table", "excerpt", "quotation only"]
Rule = Literal["any", "all", "at_least_k", "score", "algorithm"]
ClaimStatistic = Literal[
    "posttest",
    "posttest_negative",
    "lr_positive",
    "lr_negative",
    "sensitivity",
    "specificity",
    "diagnostic_accuracy",
    "odds_ratio",
    "odds_ratio_adjusted",
    "frequency_in_cases",
    "test_positive_rate",
]
RangeKind = Literal[
    "point",
    "ci95",
    "ci975",
    "interval_unlabelled",
    "range_over_studies",
    "range_over_flags",
    "range_unspecified",
    "upper_bound",
    "lower_bound",
]

TARGETS: tuple[Target, ...] = get_args(Target)
SETTINGS: tuple[Setting, ...] = get_args(Setting)
SAMPLES: tuple[Sample, ...] = get_args(Sample)
VERIFICATIONS: tuple[Verification, ...] = get_args(Verification)
DIRECTNESS: tuple[Directness, ...] = get_args(Directness)
YES_NO_UNKNOWN: tuple[YesNoUnknown, ...] = get_args(YesNoUnknown)
YES_NO: tuple[YesNo, ...] = get_args(YesNo)
CATEGORIES: tuple[Category, ...] = get_args(Category)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
STATUSES: tuple[Status, ...] = get_args(Status)
READINGS: tuple[Reading, ...] = get_args(Reading)
SOURCE_KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
READ_FORMS: tuple[ReadForm, ...] = get_args(ReadForm)
RULES: tuple[Rule, ...] = get_args(Rule)
CLAIM_STATISTICS: tuple[ClaimStatistic, ...] = get_args(ClaimStatistic)
RANGE_KINDS: tuple[RangeKind, ...] = get_args(RangeKind)

# Of the claims' statistics those that are ratios, not proportions.
RATIO_STATISTICS: tuple[ClaimStatistic, ...] = (
    "lr_positive",
    "lr_negative",
    "odds_ratio",
    "odds_ratio_adjusted",
)

# The words for a reader, where a title or a sentence names a target or a setting.
TARGET_LABELS: dict[str, str] = {
    "malignancy": "Malignancy",
    "fracture": "Fracture",
    "infection": "Infection",
    "cauda_equina": "Cauda equina syndrome",
    "any_serious": "Any serious pathology",
}
SETTING_LABELS: dict[str, str] = {
    "primary_care": "primary care",
    "emergency": "emergency care",
    "secondary_care": "secondary care",
    "tertiary_care": "tertiary care",
    "mixed": "mixed settings",
}
