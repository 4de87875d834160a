"""The published claims, recomputed: what holds, what does not, what nobody can check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.report.parts import Column, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.report.context import Context

COLUMNS = (
    Column("claim_id", "Claim"),
    Column("printed", "Printed"),
    Column("recomputed", "Recomputed"),
    Column("verdict", "Verdict"),
    Column("convention", "Convention"),
    Column("explanation", "Explanation"),
    Column("doi", "DOI", "doi"),
)


def ledger_section(context: Context) -> Section:
    """Build the section on the reproduction ledger."""
    ledger = context.ledger.copy()
    claims = context.evidence.claims.set_index("claim_id")
    sources = context.evidence.sources.set_index("source_id")["doi"]
    original = claims["quotes"].fillna(claims["reported_in"])
    ledger["doi"] = ledger["claim_id"].map(original).map(sources)
    kinds = ledger["verdict"].str.split(" only with").str[0]
    counts = kinds.value_counts()
    items = "".join(f"<li>{kind}: {count}</li>" for kind, count in counts.items())
    conditional = int(ledger["verdict"].str.startswith("reproduced only with").sum())
    paragraphs = (
        f"{len(ledger)} published figures were searched for among the tables, pre-test "
        "probabilities and conventions that could have made them. No verdict is written by hand.",
        f"<ul>{items}</ul>",
        f"{conditional} of the reproduced figures come out only under a particular convention, "
        "such as half a patient added to each cell. A figure hit by one of many conventions "
        "tried is weaker support than one that could come out in one way only: the table says "
        "how many were tried.",
    )
    table = TablePart("reproduction", "The ledger: one row a published figure", ledger, COLUMNS)
    return Section(
        "reproduction", "Can the published conclusions be recomputed?", paragraphs, tables=(table,)
    )
