"""The sections of the panel's report; every sentence with a number computes it."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats import plots
from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.estimate import format_level, format_number
from backpain_stats.report.page.parts import (
    Bullets,
    Cards,
    Column,
    FigurePart,
    Prose,
    Section,
    Strong,
    TablePart,
)
from backpain_stats.report.panel.evidence import (
    endorsement_section,
    grade_section,
    provenance_section,
)
from backpain_stats.report.panel.flags import decisions_section, ranking_section

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["panel_sections"]

_FREQUENCY_COLUMNS = (
    Column("label", "Flag or rule"),
    Column("found_text", "Found"),
    Column("missed_text", "Missed"),
    Column("alarmed_text", "Imaged in vain"),
    Column("reassured_text", "Correctly reassured"),
    Column("per_found_text", "Imaged per case found"),
    Column("per_missed_text", "Reassured per case missed"),
    Column("n_cases", "Cases behind it", "count"),
    Column("report_id", "Row"),
)
_TEXTS = {
    "found_text": "tp",
    "missed_text": "fn",
    "alarmed_text": "fp",
    "reassured_text": "tn",
}


def panel_sections(results: PanelResults) -> tuple[list[Section], Prose, str]:
    """Return the sections in reading order, the first paragraph and the title.

    Parameters
    ----------
    results : PanelResults
        Everything that is shown.

    Returns
    -------
    sections : list of Section
    lead : Prose
    title : str
    """
    asked = results.question
    target = results.evidence.target_labels[asked.target]
    setting = results.evidence.setting_labels[asked.setting]
    steps: list[tuple[str, Any]] = [
        ("natural frequencies", _findings),
        ("icon arrays", _patients),
        ("comparison of the flags", ranking_section),
        ("decisions", decisions_section),
        ("endorsements", endorsement_section),
        ("summary of findings", grade_section),
        ("sources", provenance_section),
    ]
    sections = []
    for name, build in steps:
        results.progress(name)
        sections.append(build(results))
    lead = Prose(
        f"What each red flag for {target.lower()} does to {asked.per:,} patients with back pain "
        f"in {setting}, at a prevalence of ",
        Strong(str(results.prevalence)),
        f" ({results.prevalence_source}). Five minutes to read; the numbers behind every "
        "sentence are in the tables.",
    )
    return sections, lead, f"Red flags for {target.lower()} in {setting}: for the guideline panel"


def _findings(results: PanelResults) -> Section:
    """Say the main results, then give the table of natural frequencies."""
    per = f"{results.question.per:,}"
    frame = results.usable.copy()
    for text, cell in _TEXTS.items():
        frame[text] = [_unbroken(count_phrase(row, cell)) for _, row in frame.iterrows()]
    for text, name, none in (
        ("per_found_text", "imaged_per_found", "none found"),
        ("per_missed_text", "reassured_per_missed", "none missed"),
    ):
        frame[text] = [_ratio_text(row, name, none) for _, row in frame.iterrows()]
    table = TablePart(
        "natural_frequencies",
        f"What becomes of {per} patients if those with the flag are imaged "
        f"({format_level(results.question.level)} intervals)",
        frame,
        _FREQUENCY_COLUMNS,
    )
    idle = results.frequencies[~results.frequencies["usable"]]
    idle_table = TablePart(
        "reports_without_table",
        "Reports that give no natural frequencies, and why",
        idle,
        (
            Column("label", "Flag or rule"),
            Column("study", "Study"),
            Column("printed", "Printed"),
            Column("reason", "Why it cannot be used"),
            Column("doi", "DOI", "doi"),
        ),
        folded=True,
    )
    paragraphs = (
        Cards(tuple(_cards(results))),
        "Behind these numbers:",
        Bullets(tuple(_cohort_lines(results))),
        "Counts are whole patients and add up in every row. The intervals carry what is not "
        "known about sensitivity and specificity"
        + ("." if results.prevalence.kind == "fixed" else ", and about the prevalence.")
        + " They are not about the next patients, who vary by chance on top.",
    )
    tables = (table, idle_table) if len(idle) else (table,)
    return Section("findings", "Findings", paragraphs, tables=tables)


def _cards(results: PanelResults) -> list[tuple[str, str]]:
    """Return the main results: a figure and what it says, one per card."""
    frame, per = results.usable, f"{results.question.per:,}"
    word = results.evidence.target_labels[results.question.target].lower()
    cards = [
        (
            f"{_diseased_text(frame.iloc[0])} of {per}",
            f"have {word}, at a prevalence of {results.prevalence}.",
        )
    ]
    fewest = frame.sort_values("imaged_per_found").iloc[0]
    cards.append(_fewest_card(fewest))
    least_missed = frame.sort_values(["fn_expected", "imaged_expected"]).iloc[0]
    cards.append(
        (
            f"{count_phrase(least_missed, 'fn')} missed",
            f"with the flag that misses fewest, {_named(least_missed)}; it sends "
            f"{count_phrase(least_missed, 'imaged')} of {per} to imaging.",
        )
    )
    cases = frame.drop_duplicates("cohort_id")["n_cases"].sum()
    cohorts = frame["cohort_id"].nunique()
    cards.append(
        (
            f"{int(cases):,} cases",
            f"in {cohorts} cohort{'s' if cohorts > 1 else ''} are all that stands behind these "
            "numbers.",
        )
    )
    flags = results.endorsement.flags
    endorsed = flags[flags["guidelines"] > 0]
    if len(endorsed):
        absent = int((endorsed["evidence"] == NOT_FOUND).sum())
        cards.append(
            (
                f"{absent} of {len(endorsed)}",
                f"flags that guidelines endorse for {word} have no usable figure in the sources "
                "read here, in any setting.",
            )
        )
    return cards


def _unbroken(text: str) -> str:
    """Keep "21 (12 to 30)" on one line."""
    return text.replace(" ", "\u00a0")


def _patients_text(value: float) -> str:
    """Print a number of patients: whole from 10 on, with two digits below."""
    return f"{value:,.0f}" if value >= 10 else format_number(value, 2)


def _ratio_text(row: pd.Series, name: str, none: str) -> str:
    """Print patients per case; without any such case only the lower end is a number."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if math.isinf(row[name]):
        return f"{none}; {_patients_text(low)}\u00a0or\u00a0more"
    ends = (
        f"({_patients_text(low)} or more)"
        if math.isinf(high)
        else f"({_patients_text(low)} to {_patients_text(high)})"
    )
    return _unbroken(f"{_patients_text(row[name])} {ends}")


def _cohort_lines(results: PanelResults) -> list[Prose]:
    """Say in one line per cohort who its patients were, and what to keep in mind."""
    cohorts = results.cohorts
    used = cohorts[cohorts["cohort_id"].isin(results.usable["cohort_id"])]
    lines = []
    for row in used.to_dict("records"):
        about = [row[name] for name in ("setting_note", "population_note", "note")]
        said = "; ".join(str(text) for text in about if not pd.isna(text))
        lines.append(Prose(Strong(str(row["study_id"])), f": {said or 'nothing stated'}."))
    return lines


def _diseased_text(row: pd.Series) -> str:
    """Print how many are diseased, with the range that the prevalence leaves."""
    if row["prevalence_low"] == row["prevalence_high"]:
        return f"{int(row['diseased'])}"
    low, high = (row["per"] * row[f"prevalence_{end}"] for end in ("low", "high"))
    return f"{int(row['diseased'])} ({math.floor(low):,} to {math.ceil(high):,})"


def _fewest_card(row: pd.Series) -> tuple[str, str]:
    """Say which flag images fewest patients for each case it finds."""
    low, high = (_patients_text(row[f"imaged_per_found_{end}"]) for end in ("low", "high"))
    return (
        f"{_patients_text(row['imaged_per_found'])} imaged",
        f"({low} to {high}) for each case found by the flag that needs the fewest, {_named(row)}; "
        f"it misses {count_phrase(row, 'fn')} of {_diseased_text(row)}.",
    )


def _named(row: pd.Series) -> str:
    return f"“{row['label']}” ({row['study']})"


def _patients(results: PanelResults) -> Section:
    """Draw an icon array a flag."""
    frame = results.usable.reset_index(drop=True)
    figures = []
    for position in range(len(frame)):
        row = frame.iloc[position]
        title = _named(row)
        figures.append(
            FigurePart(
                f"patients_{row['report_id']}",
                f"{title}: {count_phrase(row, 'imaged')} imaged.",
                f"Icon array of {int(row['per']):,} patients: {count_phrase(row, 'tp')} found, "
                f"{count_phrase(row, 'fp')} imaged in vain, {count_phrase(row, 'fn')} missed, "
                f"{count_phrase(row, 'tn')} correctly reassured.",
                partial(plots.natural_frequencies, frame, row=position, title=""),
            )
        )
    text = (
        f"Each mark is one of {results.question.per:,} patients: a diamond is a case found, a "
        "square a patient imaged in vain, a cross a case missed, a circle a patient rightly "
        "reassured."
    )
    return Section("patients", "One mark, one patient", (text,), tuple(figures))
