"""The panel's page on sources: every number traced to where it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.report.page.parts import Block, Bullets, Column, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["provenance_section", "references", "references_section"]

METHODS = (
    "Schünemann HJ et al. GRADE guidelines: 16. GRADE evidence to decision frameworks for tests in "
    "clinical practice and public health. J Clin Epidemiol 2016;76:89-98. "
    "doi:10.1016/j.jclinepi.2016.01.032",
    "Schünemann HJ et al. GRADE guidelines: 21 part 1. Study design, risk of bias, and "
    "indirectness in rating the certainty across a body of evidence for test accuracy. "
    "J Clin Epidemiol 2020;122:129-141. doi:10.1016/j.jclinepi.2019.12.020",
    "Schünemann HJ et al. GRADE guidelines: 21 part 2. Test accuracy: inconsistency, imprecision, "
    "publication bias, and other domains for rating the certainty of evidence and presenting it "
    "in evidence profiles and summary of findings tables. J Clin Epidemiol 2020;122:142-152. "
    "doi:10.1016/j.jclinepi.2019.12.021",
    "Schünemann HJ et al. GRADE guidelines: 22. The GRADE approach for tests and strategies: from "
    "test accuracy to patient-important outcomes and recommendations. "
    "J Clin Epidemiol 2019;111:69-82. doi:10.1016/j.jclinepi.2019.02.003",
)


def references(results: PanelResults) -> list[str]:
    """Return the pages that were read, the originals they quote, and the methods, each once."""
    found = results.sources
    quoted = found["quotes"][found["quotes"] != ""]
    named = dict.fromkeys([*map(str, found["read_in"]), *map(str, quoted)])
    return [*map(results.plain.words, named), *METHODS]


def provenance_section(results: PanelResults) -> Section:
    """Trace every number to its row and to the page where it was read."""
    paragraphs: list[Block] = []
    tables = []
    if len(results.sources):
        paragraphs.append(_reading(results))
        tables.append(_figures_table(results))
    if len(results.cohorts):
        tables.append(_cohorts_table(results))
    if len(results.samples):
        tables.append(_samples_table(results))
    if not tables:
        paragraphs.append("Nothing is on file for this condition and setting.")
    return Section(
        "sources", "Where the numbers come from", tuple(paragraphs), tables=tuple(tables)
    )


def _reading(results: PanelResults) -> str:
    """Say how many figures were read second-hand, and what to keep in mind of all."""
    found = results.sources
    second_hand = int((found["quotes"] != "").sum())
    return (
        f"{len(found)} figures of {len(results.cohort_ids)} cohorts and of the samples behind "
        f"the prevalences. {second_hand} of them were read on a page that quotes the "
        "original, which was not read: cite that page, not the original. Where several "
        "tables agree with what was printed, all of them carry weight. The accuracy of a "
        "flag is taken to be the same at every prevalence; patients who are sicker or "
        "already selected may differ. The CSV files have the curator's notes on each figure "
        "and the names of its row."
    )


def _figures_table(results: PanelResults) -> TablePart:
    return TablePart(
        "sources",
        "Every figure: what was printed, and where it was read",
        results.sources,
        (
            Column("about", "About"),
            Column("study", "Study"),
            Column("printed", "Printed"),
            Column("read_where", "Read in (kind of page)"),
            Column("quotes_whom", "Which quotes"),
            Column("doi", "DOI", "doi"),
        ),
    )


def _cohorts_table(results: PanelResults) -> TablePart:
    return TablePart(
        "cohorts",
        "The cohorts",
        results.cohorts.assign(**_in_words(results, results.cohorts)),
        (
            Column("study", "Study"),
            Column("n", "Patients", "count"),
            Column("n_cases", "Cases", "count"),
            Column("setting_note", "Setting"),
            Column("population_note", "Patients are"),
            Column("reference_standard", "Reference standard"),
            Column("low_back_pain_only", "Low back pain only"),
            Column("doi", "DOI", "doi"),
        ),
    )


def _samples_table(results: PanelResults) -> TablePart:
    return TablePart(
        "prevalences",
        f"Every sample of {results.place} on file that bears on the prevalence",
        results.samples.assign(**_in_words(results, results.samples)),
        (
            Column("study", "Sample"),
            Column("n_cases", "Cases", "count"),
            Column("n", "Patients", "count"),
            Column("prevalence", "Printed"),
            Column("low", "from"),
            Column("high", "to"),
            Column("read_in", "Read in"),
            Column("reason_in_words", "Why it is not chosen by itself"),
        ),
        folded=True,
    )


def references_section(results: PanelResults) -> Section:
    """List in full what was read, what it quotes, and where the layout comes from."""
    return Section("references", "References", (Bullets(tuple(references(results))),))


# A column with identifiers -> the column that says the same in words.
WORDED = {
    "cohort_id": "study",
    "prevalence_id": "study",
    "reported_in": "read_in",
    "reason": "reason_in_words",
    "setting_note": "setting_note",
    "population_note": "population_note",
}


def _in_words(results: PanelResults, frame: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of a frame that a reader would not understand, in words."""
    plain = results.plain
    found: dict[str, list[str]] = {}
    for column, worded in WORDED.items():
        if column not in frame or worded in found:
            continue
        texts = ["" if pd.isna(value) else str(value) for value in frame[column]]
        say = plain.citation if column == "reported_in" else plain.words
        found[worded] = [say(text) for text in texts]
    return found
