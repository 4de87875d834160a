"""The printed summary of findings: the layout of GRADE's evidence profile for test accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.decide.judgements import GRADE_DOMAINS
from backpain_stats.decide.wording import without
from backpain_stats.estimate import format_proportion
from backpain_stats.outputs import Layout

if TYPE_CHECKING:
    from backpain_stats.decide.findings import SummaryOfFindings

__all__ = ["OUTCOMES", "SYMBOLS", "BlockFacts", "findings_layout"]

# Outcome -> (cell of the table, group of patients, words).
OUTCOMES = {
    "true_positives": ("tp", "cases", "True positives (with the condition, {action})"),
    "false_negatives": ("fn", "cases", "False negatives (with the condition, {none})"),
    "true_negatives": ("tn", "noncases", "True negatives (without it, {none})"),
    "false_positives": ("fp", "noncases", "False positives (without it, {action})"),
}
SYMBOLS = {
    "high": "⊕⊕⊕⊕ high",
    "moderate": "⊕⊕⊕◯ moderate",
    "low": "⊕⊕◯◯ low",
    "very low": "⊕◯◯◯ very low",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What stands above and beside the numbers of one body of evidence.

    Parameters
    ----------
    question : str
        "Should ... be used to diagnose ...?"
    about : sequence of str
        Index test, reference standard, range over the studies, directness.
    designs, studies : mapping of str to str
        By group of patients (``cases, noncases``): the design in GRADE's words, and
        "3 (44)", the studies with their patients.
    """

    question: str = ""
    about: tuple[str, ...] = ()
    designs: Mapping[str, str] = field(default_factory=dict)
    studies: Mapping[str, str] = field(default_factory=dict)


class _Footnotes:
    """Letters for reasons, in the order in which they are met; the same reason, the same one."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def mark(self, text: str, reason: str) -> str:
        """Return a cell's text with the letter of its reason."""
        if not reason:
            return text
        if reason not in self.reasons:
            self.reasons.append(reason)
        return f"{text} [{self._letter(self.reasons.index(reason))}]".strip()

    def _letter(self, place: int) -> str:
        """Return a, b, ..., z, aa, ab, ..."""
        first, last = divmod(place, len(_LETTERS))
        return (_LETTERS[first - 1] if first else "") + _LETTERS[last]

    def notes(self) -> list[str]:
        """Return every reason behind its letter."""
        return [f"{self._letter(place)}. {reason}" for place, reason in enumerate(self.reasons)]


def findings_layout(findings: SummaryOfFindings) -> Layout:
    """Return the printed table: headings, one block of four rows a body of evidence, notes.

    True positives and false negatives are rated together, and so are true negatives and false
    positives: each pair shares its cells.

    References
    ----------
    Schünemann HJ et al. GRADE guidelines: 21 part 2. J Clin Epidemiol 2020;122:142-152.
    https://doi.org/10.1016/j.jclinepi.2019.12.021
    """
    frame = findings.frame
    per = int(frame["per"].iloc[0])
    head = [
        *(("", own) for own in ("Outcome", "Studies (patients)", "Study design")),
        *(("Factors that may lower the certainty", _words(name)) for name in GRADE_DOMAINS),
        *((f"Effect per {per:,} patients", one) for one in findings.scenarios),
        ("", "Certainty of the evidence"),
    ]
    sheet = findings.judgements.set_index(["flag_id", "group"])
    footnotes = _Footnotes()
    blocks = []
    for _, rows in frame.groupby("block", sort=False):
        flag = rows["flag_id"].iloc[0]
        facts = findings.facts.get(flag, BlockFacts())
        lines: list[list[str | None]] = []
        above = ""
        for outcome, (_, group, words) in OUTCOMES.items():
            cells = rows[rows["outcome"] == outcome]
            shared: list[str | None] = [None] * (3 + len(GRADE_DOMAINS))
            if group != above:
                shared = _shared(rows.iloc[0], facts, sheet.loc[(flag, group)], group, footnotes)
            # No line breaks inside "21 (15 to 28)".
            effects = [effect.replace(" ", "\u00a0") for effect in cells["effect"]]
            lines.append(
                [
                    words.format(action=findings.action, none=without(findings.action)),
                    *shared[:-1],
                    *effects,
                    shared[-1],
                ]
            )
            above = group
        blocks.append((_title(rows.iloc[0], facts, findings.labels), lines))
    return Layout(findings.title, head, blocks, [*footnotes.notes(), *_notes(findings)])


def _shared(
    row: pd.Series, facts: BlockFacts, judged: pd.Series, group: str, footnotes: _Footnotes
) -> list[str | None]:
    """Return the cells of a pair of outcomes: studies, design, domains and certainty."""
    return [
        facts.studies.get(group, _studies(row, group)),
        facts.designs.get(group, str(row["study_design"])),
        *(
            footnotes.mark(str(judged[name]), str(judged[f"{name}_reason"]))
            for name in GRADE_DOMAINS
        ),
        footnotes.mark(SYMBOLS.get(str(judged["certainty"]), ""), str(judged["reason"])),
    ]


def _title(row: pd.Series, facts: BlockFacts, labels: Mapping[str, str]) -> str:
    """Return the heading of a block: the question, the accuracy, and what it is about."""
    named = facts.question or f"{labels.get(row['flag_id'], row['flag_id'])}:"
    accuracy = (
        f"sensitivity {_fraction(row, 'sensitivity')}, specificity {_fraction(row, 'specificity')}"
    )
    if facts.question:
        return ". ".join([f"{named} {accuracy.capitalize()}", *facts.about]) + "."
    cohort = "" if pd.isna(row["cohort_id"]) else f" [{row['cohort_id']}]"
    return f"{named} {accuracy}{cohort}"


def _notes(findings: SummaryOfFindings) -> list[str]:
    """Return what a reader must know to read the table."""
    level = f"{100 * float(findings.frame['ci_level'].iloc[0]):g}%"
    # Facts stand beside bodies of evidence; what is known of these is about an average practice.
    average = (
        " The intervals say how well the mean of practices is known; a single practice may "
        "differ more."
        if findings.facts
        else ""
    )
    return [
        f"Sensitivity, specificity and effects have {level} intervals. They carry the uncertainty "
        "of sensitivity and specificity, and of a prevalence that is not a single figure; they "
        f"are not for the next patients, who vary by chance.{average} Effects are whole "
        "patients; the ends of their intervals are rounded outwards.",
        *([f"Prevalence: {findings.prevalence_note}."] if findings.prevalence_note else []),
        "Judgements of the five domains and of the certainty are the panel's own; an empty "
        "cell has not been judged. Inconclusive results and complications of the test: not "
        "reported in the sources read.",
        *(f"To be looked at: {one}." for one in findings.contradictions),
        "Layout: GRADE guidelines 21, part 2 (doi:10.1016/j.jclinepi.2019.12.021).",
    ]


def _studies(row: pd.Series, group: str) -> str:
    """Print how many studies and how many of their patients are in this group."""
    if pd.isna(row["n_cases"]) or pd.isna(row["n"]):
        return str(row["studies"])
    patients = row["n_cases"] if group == "cases" else row["n"] - row["n_cases"]
    return f"{row['studies']} ({patients:,})"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _fraction(row: Any, name: str) -> str:
    point, low, high = (format_proportion(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return f"{point} ({low} to {high})"
