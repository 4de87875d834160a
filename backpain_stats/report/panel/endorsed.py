"""The panel's page on endorsements: what guidelines name, beside what is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.decide.endorsement import STATES
from backpain_stats.report.page.parts import (
    Block,
    Bullets,
    Column,
    FigurePart,
    Section,
    TablePart,
)

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.report.panel.results import PanelResults

__all__ = ["endorsement_section"]


def endorsement_section(results: PanelResults) -> Section:
    """Set what guidelines endorse beside what is known in the panel's setting."""
    found = results.endorsement
    flags = found.flags
    endorsed = flags[flags["guidelines"] > 0]
    general = int((found.statements["verdict"] == "unspecified list").sum())
    paragraphs: list[Block] = []
    if endorsed.empty:
        paragraphs.append(
            f"No guideline read here names a flag for {results.condition} in particular."
        )
    else:
        paragraphs += [
            f"What guidelines endorse for {results.condition}, beside what was measured in "
            f"{results.place}:",
            Bullets(tuple(_state_lines(endorsed))),
            "Here these words mean:",
            Bullets(found.rules),
            "Figures from other settings are indirect evidence and stand in a column of their own.",
        ]
    paragraphs.append(
        f"Further {general} statements stand in general lists or lists shared by conditions. They "
        "stay unspecified and are assigned to no condition."
    )
    figures = []
    if len(endorsed):
        figures.append(
            FigurePart(
                "endorsement",
                "Texts by flags; patient articles are marked as such in the table. A dot means "
                f"that the text names the flag; the first column says what is known about it in "
                f"{results.place}.",
                f"Endorsement map for {results.condition}; the table below says the same.",
                lambda: plots.endorsement(found, target=results.question.target),
            )
        )
    return Section(
        "endorsement",
        "Which endorsed flags earn their place?",
        tuple(paragraphs),
        tuple(figures),
        _tables(results),
    )


def _state_lines(endorsed: pd.DataFrame) -> list[str]:
    """Count the endorsed flags by what is known of them here, and of those, elsewhere."""
    lines = []
    for state, rows in endorsed.groupby("evidence", sort=False):
        elsewhere = int((rows["elsewhere"] == "informative").sum())
        verb = "is" if elsewhere == 1 else "are"
        more = f"; of these {elsewhere} {verb} informative in other settings" if elsewhere else ""
        lines.append(f"{state}: {len(rows)} of {len(endorsed)} endorsed flags{more}")
    return sorted(lines, key=lambda line: STATES.index(line.partition(":")[0]))


def _tables(results: PanelResults) -> tuple[TablePart, ...]:
    """Return the endorsed flags, and every endorsement as written."""
    found = results.endorsement
    flags = found.flags
    named = flags["guidelines"] + flags["other_documents"] > 0
    table = TablePart(
        "endorsement",
        f"Endorsed flags for {results.condition}, with what is known of each in {results.place}",
        _in_words(results, flags[named]),
        (
            Column("label", "Flag"),
            Column("guidelines", "Guidelines", "count"),
            Column("other_documents", "Other texts", "count"),
            Column("first_year", "First dated"),
            Column("evidence", f"Evidence in {results.place}"),
            Column("elsewhere", "Elsewhere (indirect)"),
            Column("relatives", "Measured relatives"),
            Column("reason_in_words", "To keep in mind, by study"),
        ),
        folded=True,
    )
    statements = TablePart(
        "endorsement_statements",
        "Every endorsement as written",
        found.statements.assign(
            read_in=found.statements["reported_in"].map(results.plain.citation)
        ),
        (
            Column("red_flag_as_written", "As written"),
            Column("guideline", "Text"),
            Column("document", "Kind of text"),
            Column("year", "Year"),
            Column("condition_as_written", "Under the heading"),
            Column("verdict", "Verdict"),
            Column("read_in", "Read in"),
            Column("doi", "DOI", "doi"),
        ),
        folded=True,
    )
    return table, statements


def _in_words(results: PanelResults, flags: pd.DataFrame) -> pd.DataFrame:
    """Return the endorsed flags, most endorsed first, with words for what has identifiers."""
    labels = results.evidence.flags.set_index("flag_id")["label"].to_dict()
    relatives = [
        "; ".join(labels[name] for name in names.split(";") if name)
        for names in flags["measured_in_family"]
    ]
    worded = flags.assign(
        relatives=relatives, reason_in_words=flags["reason"].map(results.plain.words)
    )
    return worded.sort_values(["guidelines", "label"], ascending=[False, True])
