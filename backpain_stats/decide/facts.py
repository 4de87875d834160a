"""What a panel must know of a body of evidence before it reads its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from backpain_stats.decide.findings_layout import BlockFacts
from backpain_stats.estimate import format_proportion

if TYPE_CHECKING:
    from backpain_stats.decide.bodies import EvidenceBody
    from backpain_stats.evidence import Evidence, Setting, Target

__all__ = ["block_facts", "derivation_words", "directness_words", "is_derivation_open"]

GROUPS: tuple[Literal["cases", "noncases"], ...] = ("cases", "noncases")
# The evidence's word for how cases and others were sampled -> GRADE's word for the design.
DESIGNS = {
    "no": "cohort type accuracy study",
    "yes": "case-control type accuracy study",
    "unknown": "accuracy study, type not stated",
}
NOT_STATED = "not stated in what was read"
DERIVATION_OPEN = "not stated in the sources read"


def block_facts(
    evidence: Evidence, body: EvidenceBody, target: Target, setting: Setting
) -> BlockFacts:
    """Return what the GRADE profile shows above and beside the numbers of one body.

    Parameters
    ----------
    evidence : Evidence
    body : EvidenceBody
    target, setting : str
        The panel's question.
    """
    cohorts = evidence.cohorts.set_index("cohort_id").reindex(body.studies["cohort_id"])
    condition = evidence.target_labels[target].lower()
    place = evidence.setting_labels[setting]
    about = [
        f"Index test: {_index_test(evidence, body)}",
        f"Reference standard: {_joined(cohorts['reference_standard'])}",
        f"Patients sampled as: {_joined(cohorts['sample'].str.replace('_', ' '))}",
        *_ranges(body),
        directness_words(evidence, body, setting),
    ]
    if is_derivation_open(body):
        about.append(
            "The sources read do not say whether the rule was made from these same patients; "
            "a rule looks better in those than elsewhere"
        )
    return BlockFacts(
        f"Should {_asked(body)} be used to diagnose {condition} in patients with back pain "
        f"in {place}?",
        tuple(about),
        {group: _designs(cohorts) for group in GROUPS},
        {group: _size(body, group) for group in GROUPS},
    )


def directness_words(evidence: Evidence, body: EvidenceBody, setting: Setting) -> str:
    """Say whose patients stand behind a body, seen from the panel's setting."""
    place = evidence.setting_labels[setting]
    places = body.studies["setting"].map(evidence.setting_labels).fillna("a setting not stated")
    if body.directness == "direct":
        own = int((body.studies["setting"] == setting).sum())
        if own == len(body.studies):
            return f"Direct: all studies in {place}"
        others = " and ".join(sorted(set(places[body.studies["setting"] != setting])))
        return (
            f"Direct: {own} of {len(body.studies)} studies in {place}; those in {others} count less"
        )
    found = ", ".join(sorted(set(places)))
    if body.directness == "other settings":
        return f"INDIRECT: no usable study in {place}; studied in {found}"
    return f"INDIRECT: other patients or another target than asked about; studied in {found}"


def is_derivation_open(body: EvidenceBody) -> bool:
    """Tell whether a rule may have been tested on the patients it was made from.

    The evidence has no column for it, so this is open for every rule.
    """
    return body.kind == "rule"


def derivation_words(body: EvidenceBody) -> str:
    """Say whether a body was tested on the patients it was made from; a flag was made from none."""
    return DERIVATION_OPEN if is_derivation_open(body) else ""


def _asked(body: EvidenceBody) -> str:
    """Name the finding within a question."""
    name = body.label.removeprefix("Rule: ")
    named = f"the rule “{name}”" if body.kind == "rule" else f"“{name}”"
    return named if body.acts_if == "present" else f"the absence of {named}"


def _index_test(evidence: Evidence, body: EvidenceBody) -> str:
    """Return what was asked, with its cut-off, and how the studies word it."""
    name = body.label.removeprefix("Rule: ")
    if body.kind != "flag":
        return name
    definitions = evidence.accuracy.set_index("report_id")["definition"]
    worded = definitions.reindex(body.studies["report_id"]).dropna()
    # "As in the abstract" is no wording.
    texts = [text for text in dict.fromkeys(map(str, worded)) if "as in the" not in text]
    other = [text for text in texts if text.lower() != name.lower()]
    return f"{name} (in the studies: {'; '.join(texts)})" if other else name


def _joined(values: pd.Series) -> str:
    """List what the studies state, each once."""
    stated = [str(value) for value in dict.fromkeys(values.dropna())]
    unknown = int(values.isna().sum())
    count = "1 study" if unknown == 1 else f"{unknown} studies"
    rest = f"; {NOT_STATED} for {count}" if unknown else ""
    return f"{'; '.join(stated)}{rest}" if stated else NOT_STATED


def _ranges(body: EvidenceBody) -> list[str]:
    """Return the range of each proportion over the studies, where there are two."""
    found = []
    for name in ("sensitivity", "specificity"):
        ends: Any = body.span("sensitivity" if name == "sensitivity" else "specificity")
        if ends is not None:
            if body.acts_if == "absent":
                ends = (1 - ends[1], 1 - ends[0])
            low, high = map(format_proportion, ends)
            found.append(f"{name.capitalize()} of the studies {low} to {high}")
    return found


def _designs(cohorts: pd.DataFrame) -> str:
    """Return the designs in GRADE's words, with how many studies have each."""
    counts = cohorts["case_control"].fillna("unknown").value_counts()
    if len(counts) == 1:
        return DESIGNS[str(counts.index[0])]
    return "; ".join(f"{DESIGNS[str(kind)]} ({number})" for kind, number in counts.items())


def _size(body: EvidenceBody, group: Literal["cases", "noncases"]) -> str:
    """Print how many studies inform a group, and with how many patients."""
    studies, patients = body.size(group)
    return f"{studies} ({'number not printed' if patients is None else f'{patients:,}'})"
