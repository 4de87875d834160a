"""The sections of the panel's page to read; every sentence with a number computes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats import plots
from backpain_stats.decide.facts import is_derivation_open
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.decide.wording import without
from backpain_stats.estimate import format_number, format_percent
from backpain_stats.report.page.parts import (
    Block,
    Bullets,
    Cards,
    Code,
    Column,
    FigurePart,
    Link,
    Prose,
    Section,
    Strong,
    TablePart,
)
from backpain_stats.report.panel.endorsed import endorsement_section
from backpain_stats.report.panel.flags import (
    accuracy_section,
    decisions_section,
    derivation_column,
)
from backpain_stats.report.panel.grade import etd_section, findings_section
from backpain_stats.report.panel.provenance import provenance_section, references_section
from backpain_stats.report.panel.sources import scenario_lines

if TYPE_CHECKING:
    from backpain_stats.decide.bodies import EvidenceBody
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["cohort_lines", "flag_cards", "lead_of", "panel_sections", "picture", "title_of"]

# No more cards than can be read at a glance.
MOST_CARDS = 3


def title_of(results: PanelResults) -> str:
    """Return the title of every page and document."""
    return f"Red flags for {results.condition} in {results.place}: for the guideline panel"


def panel_sections(results: PanelResults) -> list[Section]:
    """Return the sections in reading order; what cannot be said is left out, with its reason."""
    steps: list[tuple[str, Callable[[PanelResults], Section]]] = []
    if results.has_numbers:
        steps = [
            ("natural frequencies", _findings),
            ("icon arrays", _patients),
            ("accuracy of the flags", accuracy_section),
            ("decisions", decisions_section),
            ("summary of findings", findings_section),
            ("evidence to decision", etd_section),
        ]
    elif results.bodies:
        steps = [("accuracy of the flags", accuracy_section)]
    steps += [("endorsements", endorsement_section), ("sources", provenance_section)]
    steps.append(("references", references_section))
    sections = []
    for name, build in steps:
        results.progress(name)
        sections.append(build(results))
    return sections


def lead_of(results: PanelResults, *, to_read: bool = True) -> Prose:
    """Return the first paragraph: the question, the prevalences, and how direct all this is.

    The page to read has a link to the one to project.
    """
    parts: list[str | Strong | Link | Code] = []
    if not results.bodies:
        parts.append(
            f"No usable figure on a red flag for {results.condition} was found in the sources "
            "read, in this setting or any other; it may have been measured all the same. What "
            "can be said: which flags guidelines endorse, and how common the condition was. "
        )
    else:
        parts.append(
            f"What becomes of patients with back pain in {results.place} if a red flag for "
            f"{results.condition} decides who gets {results.question.action}. "
        )
    indirect = [body for body in results.bodies if body.directness != "direct"]
    if indirect:
        of_them, where = "Everything here comes", f"no usable study in {results.place} was read"
        if len(indirect) < len(results.bodies):
            of_them = f"The figures of {len(indirect)} of {len(results.bodies)} flags come"
            where += " for them"
        parts += [
            Strong(f"Indirect evidence. {of_them} from other settings or other patients"),
            f": {where}. Rate it as indirect. ",
        ]
    if results.question.chosen and results.bodies and len(results.missing):
        named = ", ".join(f"“{label}”" for label in results.missing["label"])
        parts.append(f"Without a usable figure in the sources read: {named}. ")
    if results.scenarios:
        parts += ["Prevalence: ", Strong("; ".join(scenario_lines(results.scenarios))), ". "]
    else:
        parts += ["No sample gives a prevalence: state one with ", Code("--prevalence"), ". "]
    if results.has_numbers and to_read:
        parts += ["To project: ", Link("one flag a screen", "meeting.html"), "."]
    return Prose(*parts)


def _findings(results: PanelResults) -> Section:
    """Say the main results, then give the table of natural frequencies."""
    action = results.question.action
    frame = results.frequencies.copy()
    for cell in ("tp", "fn", "fp", "tn"):
        frame[f"{cell}_text"] = [
            count_phrase(row, cell).replace(" ", "\u00a0") for _, row in frame.iterrows()
        ]
    frame["per_found"] = [_per_case(row, "imaged_per_found") for _, row in frame.iterrows()]
    table = TablePart(
        "natural_frequencies",
        f"What becomes of {results.per:,} patients if those with the finding get {action} "
        f"({100 * results.question.level:g}% intervals)",
        frame,
        (
            Column("label", "Flag or rule"),
            Column("scenario", "Prevalence"),
            Column("tp_text", f"With the condition, {action}"),
            Column("fn_text", f"With the condition, {without(action)}"),
            Column("fp_text", f"Without it, {action}"),
            Column("tn_text", f"Without it, {without(action)}"),
            Column("per_found", f"Patients who get {action} per case found"),
            *derivation_column(results),
        ),
    )
    paragraphs: list[Block] = [
        Cards(tuple(flag_cards(results))),
        "Behind these numbers:",
        Bullets(tuple(cohort_lines(results))),
        "Counts are whole patients and add up in every row. Their intervals carry what is not "
        "known about sensitivity and specificity in an average practice; a single practice may "
        "differ more (see the accuracy of the flags). They are not about the next patients, who "
        "vary by chance on top.",
    ]
    if any(body.acts_if == "absent" for body in results.bodies):
        paragraphs.append(
            "“No:” marks an inverse flag, which is rarer in patients with the condition: its "
            "absence is the finding that counts."
        )
    if any(is_derivation_open(body) for body in results.bodies):
        paragraphs.append(
            "A rule looks better in the patients it was made from than elsewhere. Whether these "
            "rules were made from the same patients is not stated in the sources read; the tables "
            "mark them."
        )
    return Section("findings", "Findings", tuple(paragraphs), tables=(table,))


def flag_cards(results: PanelResults) -> list[tuple[str, str]]:
    """Return the main results: of the flags that the panel asked about, in its own order.

    None is chosen by its result: without a choice of the panel's the most endorsed are shown.
    """
    frame, action = results.leading_frequencies, results.question.action
    first = frame.iloc[0]
    cards = [
        (
            f"{int(first['diseased']):,} of {results.per:,}",
            f"have {results.condition} at a prevalence of {results.leading.head}.",
        )
    ]
    for (_, row), body in zip(frame.head(MOST_CARDS).iterrows(), results.bodies, strict=False):
        ill, well = int(row["diseased"]), int(row["per"] - row["diseased"])
        cards.append(
            (
                f"{count_phrase(row, 'tp')} of {ill:,} found",
                f"by “{row['label']}”{_endorsed(results, body)}, and {count_phrase(row, 'fn')} "
                f"missed; of the {well:,} without the condition {count_phrase(row, 'fp')} get "
                f"{action}.",
            )
        )
    cases = [body.size("cases")[1] for body in results.bodies]
    known = [number for number in cases if number is not None]
    if known:
        cards.append(
            (
                f"{min(known):,} to {max(known):,}" if min(known) < max(known) else f"{known[0]:,}",
                f"patients with {results.condition} were in the studies of each flag or rule.",
            )
        )
    return cards


def _endorsed(results: PanelResults, body: EvidenceBody) -> str:
    """Say why a flag that nobody asked about is shown first."""
    if results.question.chosen:
        return ""
    number = results.endorsed_by(body)
    return f" (named by {number} of the guidelines read)" if number else ""


def _per_case(row: pd.Series, name: str) -> str:
    """Print patients per case; without any such case only the lower end is a number."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if math.isinf(row[name]):
        return f"none found; {_number(low)} or more"
    ends = f"{_number(low)} or more" if math.isinf(high) else f"{_number(low)} to {_number(high)}"
    return f"{_number(row[name])} ({ends})".replace(" ", "\u00a0")


def _number(value: float) -> str:
    """Print a number of patients: whole from 10 on, with two digits below."""
    return f"{value:,.0f}" if value >= 10 else format_number(value, 2)


def cohort_lines(results: PanelResults) -> list[Prose]:
    """Say in one line per cohort who its patients were, and how many of them."""
    lines = []
    for row in results.cohorts.to_dict("records"):
        notes = [str(row[name]) for name in ("setting_note", "population_note")
                 if not pd.isna(row[name])]  # fmt: skip
        # One note often holds the other.
        kept = [note for note in notes if not any(note in one for one in notes if one != note)]
        said = dict.fromkeys(map(results.plain.words, kept))
        place = results.evidence.setting_labels.get(row["setting"], "setting not stated")
        lines.append(
            Prose(Strong(row["study"]), f" ({place}): {'; '.join([*said, _size_words(row)])}.")
        )
    return lines


def _size_words(row: Mapping[Any, Any]) -> str:
    """Say how many patients a cohort has, and how many of them with the condition."""
    n, cases = row["n"], row["n_cases"]
    patients = "number of patients not printed" if pd.isna(n) else f"{int(n):,} patients"
    if pd.isna(cases):
        return f"{patients}, number with the condition not printed"
    if cases == 0:
        return f"{patients}, none with the condition: only the specificity can be learnt"
    return f"{patients}, {int(cases):,} with the condition"


def _patients_title(results: PanelResults) -> str:
    per, share = results.picture_per, results.leading.prevalence.estimate
    if per is None:
        return (
            f"At a prevalence of {format_percent(share)} no picture of 10,000 patients would "
            "show a case; see the table."
        )
    return (
        f"Each mark is one of {per:,} patients at a prevalence of {results.leading.head}: a "
        f"diamond has the condition and gets {results.question.action}, a square gets it without "
        "the condition, a cross has the condition and does not get it, a circle neither."
    )


def _patients(results: PanelResults) -> Section:
    """Draw an icon array a finding."""
    frame = results.pictures
    rows = range(0 if frame is None else len(frame))
    figures = tuple(picture(results, row) for row in rows)
    return Section("patients", "One mark, one patient", (_patients_title(results),), figures)


def picture(results: PanelResults, row: int, *, named: bool = True) -> FigurePart:
    """Return the icon array of one finding; its caption names it unless the screen does."""
    frame, action = results.pictures, results.question.action
    assert frame is not None
    one = frame.iloc[row]
    by = f" by “{one['label']}”" if named else ""
    return FigurePart(
        f"patients_{one['flag_id']}",
        f"Picture of {int(one['per']):,} patients at a prevalence of {results.leading.head}: "
        f"{count_phrase(one, 'imaged')} of them get {action}{by}.",
        f"Icon array of {int(one['per']):,} patients: {count_phrase(one, 'tp')} with the condition "
        f"get {action}, {count_phrase(one, 'fp')} get it without, {count_phrase(one, 'fn')} with "
        f"the condition do not, {count_phrase(one, 'tn')} neither.",
        partial(plots.natural_frequencies, frame, row=row, title="", action=action),
    )
