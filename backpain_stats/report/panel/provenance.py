"""The panel's page on sources: every number traced to where it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.report.page.parts import Block, Column, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["provenance_section"]


def provenance_section(results: PanelResults) -> Section:
    """Trace every number to its row and to the page where it was read."""
    found = results.sources
    tables = []
    paragraphs: list[Block] = []
    if len(found):
        second_hand = int((found["quotes"] != "").sum())
        paragraphs.append(
            f"{len(found)} figures of {len(results.cohort_ids)} cohorts and of the samples behind "
            f"the prevalences. {second_hand} of them were read on a page that quotes the "
            "original, which was not read: cite that page, not the original. Where several "
            "tables agree with what was printed, all of them carry weight. The accuracy of a "
            "flag is taken to be the same at every prevalence; patients who are sicker or "
            "already selected may differ."
        )
        tables.append(
            TablePart(
                "sources",
                "Every figure: what was printed, and where it was read",
                found,
                (
                    Column("report_id", "Row"),
                    Column("about", "About"),
                    Column("printed", "Printed"),
                    Column("read_in", "Read in (kind of page)"),
                    Column("quotes", "Which quotes"),
                    Column("doi", "DOI", "doi"),
                    Column("note", "To keep in mind", "fold"),
                ),
            )
        )
    if len(results.cohorts):
        tables.append(
            TablePart(
                "cohorts",
                "The cohorts",
                results.cohorts,
                (
                    Column("cohort_id", "Cohort"),
                    Column("n", "Patients", "count"),
                    Column("n_cases", "Cases", "count"),
                    Column("setting_note", "Setting"),
                    Column("population_note", "Patients are"),
                    Column("reference_standard", "Reference standard"),
                    Column("low_back_pain_only", "Low back pain only"),
                    Column("note", "To keep in mind", "fold"),
                    Column("doi", "DOI", "doi"),
                ),
            )
        )
    if len(results.samples):
        tables.append(
            TablePart(
                "prevalences",
                f"Every sample of {results.place} on file that bears on the prevalence",
                results.samples,
                (
                    Column("prevalence_id", "Sample"),
                    Column("n_cases", "Cases", "count"),
                    Column("n", "Patients", "count"),
                    Column("prevalence", "Printed"),
                    Column("low", "from"),
                    Column("high", "to"),
                    Column("reported_in", "Read in"),
                    Column("reason", "Why it is not chosen by itself"),
                ),
                folded=True,
            )
        )
    if not tables:
        paragraphs.append("Nothing is on file for this condition and setting.")
    return Section(
        "sources", "Where the numbers come from", tuple(paragraphs), tables=tuple(tables)
    )
