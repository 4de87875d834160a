"""Where every number came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.report.page.parts import Column, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("source_id", "Source"),
    Column("citation", "Citation"),
    Column("kind", "Kind"),
    Column("what_was_read", "What was read"),
    Column("note", "Note"),
    Column("doi", "DOI", "doi"),
)


def sources_section(context: Context) -> Section:
    """Build the section on provenance."""
    sources = context.evidence.sources
    accuracy = context.evidence.accuracy
    second_hand = int((accuracy["status"] == "seen_secondary").sum())
    paragraphs = (
        f"{len(sources)} sources, {int(sources['doi'].notna().sum())} of them with a DOI. "
        f"{second_hand} of the {len(accuracy)} single-flag reports were read on a page that "
        "quotes the original, not in the original: the full tables of the reviews were not "
        "available. Nothing is computed in the data files; an empty cell means not printed.",
    )
    table = TablePart("sources", "Sources", sources, COLUMNS, True)
    return Section("sources", "Where the numbers came from", paragraphs, tables=(table,))
