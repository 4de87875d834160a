"""The later sections of the panel's report: endorsements, GRADE layout, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.report.page.parts import (
    Block,
    Bullets,
    Code,
    Column,
    FigurePart,
    Link,
    PrintedTable,
    Prose,
    Section,
    TablePart,
)

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["endorsement_section", "grade_section", "provenance_section"]


def endorsement_section(results: PanelResults) -> Section:
    """Set what guidelines endorse beside what is known."""
    found, target = results.endorsement, results.question.target
    word = results.evidence.target_labels[target].lower()
    flags = found.flags
    named = flags[flags["guidelines"] + flags["other_documents"] > 0]
    endorsed = flags[flags["guidelines"] > 0]
    states = Bullets(
        tuple(
            f"{state}: {count} of {len(endorsed)} endorsed flags"
            for state, count in endorsed["evidence"].value_counts().items()
        )
    )
    silent = flags[(flags["guidelines"] == 0) & (flags["evidence"] == "informative")]
    general = int((found.statements["verdict"] == "unspecified list").sum())
    paragraphs: list[Block] = [
        f"What guidelines endorse for {word}, beside what was measured in any setting:",
        states,
        f"The rule: {found.rule}.",
        f"Further {general} statements stand in general lists or lists shared by conditions. They "
        "stay unspecified and are assigned to no condition.",
    ]
    if len(silent):
        listed = "; ".join(map(str, silent["label"]))
        paragraphs.insert(2, f"Informative, and endorsed by none of these guidelines: {listed}.")
    figures = []
    if len(named):
        figures.append(
            FigurePart(
                "endorsement",
                "Guidelines by flags. A dot means that the text names the flag; the first column "
                "says what is known about it.",
                f"Endorsement map of {len(named)} flags for {word}; the table below says the same.",
                lambda: plots.endorsement(found, target=target),
            )
        )
    return Section(
        "endorsement",
        "Which endorsed flags earn their place?",
        tuple(paragraphs),
        tuple(figures),
        _endorsement_tables(results, word),
    )


def _endorsement_tables(results: PanelResults, word: str) -> tuple[TablePart, ...]:
    """Return the endorsed flags, and every endorsement as written."""
    found = results.endorsement
    flags = found.flags
    table = TablePart(
        "endorsement",
        f"Endorsed flags for {word}, with what is known of each",
        flags[(flags["guidelines"] > 0) | (flags["evidence"] == "informative")].sort_values(
            ["guidelines", "label"], ascending=[False, True]
        ),
        (
            Column("label", "Flag"),
            Column("guidelines", "Guidelines", "count"),
            Column("first_year", "First dated"),
            Column("evidence", "Evidence"),
            Column("reports", "Reports", "count"),
            Column("measured_in_family", "Measured relatives"),
            Column("reason", "To keep in mind"),
        ),
        folded=True,
    )
    statements = TablePart(
        "endorsement_statements",
        "Every endorsement as written",
        found.statements,
        (
            Column("red_flag_as_written", "As written"),
            Column("guideline", "Guideline"),
            Column("year", "Year"),
            Column("condition_as_written", "Under the heading"),
            Column("verdict", "Verdict"),
            Column("reported_in", "Read in"),
            Column("doi", "DOI", "doi"),
        ),
        folded=True,
    )
    return table, statements


def grade_section(results: PanelResults) -> Section:
    """Show the summary of findings and, where there are judgements, study quality."""
    judged = bool(
        (results.findings.judgements.drop(columns=["flag_id", "group"]) != "").any(axis=None)
    )
    layout = "The layout of GRADE for diagnostic accuracy, ready to paste. "
    sheet = Link("the sheet", f"tables/{results.sheet}")
    instruction = (
        "The five domains and the certainty are the panel's to judge: fill in ", sheet,
        " and hand it in with ", Code("--judgements"), ". Nothing is judged by the software.",
    )  # fmt: skip
    files: tuple[str | Link, ...] = (Link("CSV", "tables/summary_of_findings.csv"),)
    if results.word:
        files = (*files, ", ", Link("Word", "tables/summary_of_findings.docx"))
    paragraphs: list[Block] = [
        layout + "The judgements are the panel's own." if judged else Prose(layout, *instruction),
        Prose("As a file: ", *files, "."),
        PrintedTable("Summary of findings", results.findings.layout()),
    ]
    figures = []
    if results.quality.empty:
        paragraphs.append(
            Prose(
                "No judgements of study quality (QUADAS-2) are published in this evidence; a "
                "folder with a ",
                Code("quality.csv"),
                " brings your own.",
            )
        )
    else:
        figures.append(
            FigurePart(
                "quality",
                "Study quality by QUADAS-2, as judged by the user.",
                f"Traffic lights of {results.quality['cohort_id'].nunique()} studies.",
                lambda: plots.quality(results.quality),
            )
        )
    return Section("summary-of-findings", "Summary of findings", tuple(paragraphs), tuple(figures))


def provenance_section(results: PanelResults) -> Section:
    """Trace every number to its row and its source."""
    reports = results.frequencies
    table = TablePart(
        "sources",
        "Every report: what was printed, where, and how many tables fit it",
        reports,
        (
            Column("report_id", "Row"),
            Column("label", "Flag or rule"),
            Column("printed", "Printed"),
            Column("tables", "Tables that fit", "count"),
            Column("citation", "Source"),
            Column("reported_in", "Read in"),
            Column("note", "To keep in mind"),
            Column("doi", "DOI", "doi"),
        ),
    )
    cohorts = TablePart(
        "cohorts",
        "The cohorts",
        results.cohorts,
        (
            Column("cohort_id", "Cohort"),
            Column("n", "Patients", "count"),
            Column("n_cases", "Cases", "count"),
            Column("setting_note", "Setting"),
            Column("population_note", "Patients are"),
            Column("low_back_pain_only", "Low back pain only"),
            Column("note", "To keep in mind"),
            Column("doi", "DOI", "doi"),
        ),
    )
    second_hand = int(reports["quotes"].notna().sum())
    paragraphs = (
        f"{len(reports)} reports of {reports['cohort_id'].nunique()} cohorts. {second_hand} of "
        "them were read on a page that quotes the original. Where several tables agree with what "
        "was printed, the point is the middle table, and the intervals mix all of them.",
        "The accuracy of a flag is taken to be the same at every prevalence. Patients who are "
        "sicker, older or already selected may differ: see what the cohorts were.",
    )
    return Section("sources", "Where the numbers come from", paragraphs, tables=(table, cohorts))
