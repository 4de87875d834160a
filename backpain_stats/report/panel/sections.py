"""The sections of the panel's page to read; every sentence with a number computes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

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
from backpain_stats.report.panel.flags import accuracy_section, decisions_section
from backpain_stats.report.panel.grade import etd_section, findings_section
from backpain_stats.report.panel.provenance import provenance_section

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["flag_cards", "lead_of", "panel_sections", "picture", "title_of"]

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
            f"What each red flag for {results.condition} does to patients with back pain in "
            f"{results.place}. "
        )
    indirect = [body for body in results.bodies if body.directness != "direct"]
    if indirect:
        of_them = (
            "Everything here"
            if len(indirect) == len(results.bodies)
            else (f"{len(indirect)} of {len(results.bodies)} bodies of evidence")
        )
        parts += [
            Strong(f"Indirect evidence. {of_them} comes from other settings or other patients"),
            f": no usable study in {results.place}. Rate it as indirect. ",
        ]
    if results.scenarios:
        listed = "; ".join(
            f"{one.head} ({one.source}{f', {one.caution}' if one.caution else ''})"
            for one in results.scenarios
        )
        parts += ["Prevalences: ", Strong(listed), ". "]
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
            Column("per_found", f"{action[0].upper()}{action[1:]} per case found"),
        ),
    )
    paragraphs: list[Block] = [
        Cards(tuple(flag_cards(results))),
        "Behind these numbers:",
        Bullets(tuple(_cohort_lines(results))),
        "Counts are whole patients and add up in every row. Their intervals carry what is not "
        "known about sensitivity and specificity in an average practice; a single practice may "
        "differ more (see the accuracy of the flags). They are not about the next patients, who "
        "vary by chance on top. Of an inverse flag, which is rarer in patients with the "
        "condition, the absence is the finding that counts.",
    ]
    if any(is_derivation_open(body) for body in results.bodies):
        paragraphs.append(
            "A rule looks better in the patients it was made from than elsewhere. Whether these "
            "rules were made from the same patients is not stated in the sources read."
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
    why = "" if results.question.chosen else " (among the most endorsed)"
    for _, row in frame.head(MOST_CARDS).iterrows():
        cards.append(
            (
                f"{count_phrase(row, 'tp')} found",
                f"by “{row['label']}”{why}: {count_phrase(row, 'fn')} missed, and "
                f"{count_phrase(row, 'fp')} without the condition get {action}.",
            )
        )
    cases = [body.size("cases")[1] for body in results.bodies]
    known = [number for number in cases if number is not None]
    if known:
        cards.append(
            (
                f"{min(known):,} to {max(known):,}" if min(known) < max(known) else f"{known[0]:,}",
                "patients with the condition stand behind the figures of a flag.",
            )
        )
    return cards


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


def _cohort_lines(results: PanelResults) -> list[Prose]:
    """Say in one line per cohort who its patients were, and what to keep in mind."""
    lines = []
    for row in results.cohorts.to_dict("records"):
        about = [row[name] for name in ("setting_note", "population_note", "note")]
        said = "; ".join(str(text) for text in about if not pd.isna(text))
        place = results.evidence.setting_labels.get(row["setting"], "setting not stated")
        lines.append(
            Prose(Strong(str(row["study_id"])), f" ({place}): {said or 'nothing stated'}.")
        )
    return lines


def _patients_title(results: PanelResults) -> str:
    per, share = results.picture_per, results.leading.prevalence.estimate
    if per is None:
        return (
            f"At a prevalence of {format_percent(share)} no picture of 10,000 patients would "
            "show a case; see the table."
        )
    return (
        f"Each mark is one of {per:,} patients at a prevalence of {format_percent(share)}: a "
        f"diamond has the condition and gets {results.question.action}, a square gets it without "
        "the condition, a cross has the condition and does not get it, a circle neither."
    )


def _patients(results: PanelResults) -> Section:
    """Draw an icon array a finding."""
    frame = results.pictures
    rows = range(0 if frame is None else len(frame))
    figures = tuple(picture(results, row) for row in rows)
    return Section("patients", "One mark, one patient", (_patients_title(results),), figures)


def picture(results: PanelResults, row: int) -> FigurePart:
    """Return the icon array of one finding."""
    frame, action = results.pictures, results.question.action
    assert frame is not None
    one = frame.iloc[row]
    return FigurePart(
        f"patients_{one['flag_id']}",
        f"“{one['label']}”: {count_phrase(one, 'imaged')} get {action}.",
        f"Icon array of {int(one['per']):,} patients: {count_phrase(one, 'tp')} with the condition "
        f"get {action}, {count_phrase(one, 'fp')} get it without, {count_phrase(one, 'fn')} with "
        f"the condition do not, {count_phrase(one, 'tn')} neither.",
        partial(plots.natural_frequencies, frame, row=row, title="", action=action),
    )
