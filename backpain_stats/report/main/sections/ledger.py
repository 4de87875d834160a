"""The published claims, recomputed: what holds, what does not, what nobody can check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.claims import FINDINGS
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Bullets, Column, Section, TablePart

if TYPE_CHECKING:
    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("source", "Source"),
    Column("statistic", "Figure", "words"),
    Column("printed", "Printed"),
    Column("printed_pretest", "From pre-test"),
    Column("recomputed", "Recomputed"),
    Column("recomputed_pretest", "From pre-test"),
    Column("verdict", "Verdict"),
    Column("explanation", "Explanation", "fold"),
    Column("conventions_tried", "Tried", "count"),
    Column("conventions_fitting", "Fit", "count"),
    Column("doi", "DOI", "doi"),
)
WITHOUT_INPUTS = (
    Column("label", "Flag"),
    Column("source", "Source"),
    Column("statistic", "Figure", "words"),
    Column("printed", "Printed"),
    Column("verdict", "Verdict"),
    Column("explanation", "Explanation", "fold"),
    Column("doi", "DOI", "doi"),
)


TITLE = "Can the published conclusions be recomputed?"


def ledger_section(context: Context) -> Section | LeftOut:
    """Build the section on the reproduction ledger."""
    if lacking := context.without("claims"):
        return LeftOut(TITLE, lacking)
    ledger = context.ledger.copy()
    claims = context.evidence.claims.set_index("claim_id")
    sources = context.evidence.sources.set_index("source_id")["doi"]
    original = claims["quotes"].fillna(claims["reported_in"])
    ledger["source"] = ledger["claim_id"].map(original)
    ledger["doi"] = ledger["source"].map(sources)
    definitions = claims["definition"].reindex(ledger["claim_id"]).to_numpy()
    ledger = context.label_flags(ledger)
    ledger["label"] = ledger["label"].fillna(pd.Series(definitions, index=ledger.index))
    counts = ledger["finding"].value_counts()
    items = tuple(
        f"{words}: {counts[finding]}" for finding, words in FINDINGS.items() if finding in counts
    )
    conditional = int(counts.get("conditional", 0))
    paragraphs = (
        f"{len(ledger)} published figures were searched for among the tables, pre-test "
        "probabilities and conventions that could have made them. No verdict is written by hand.",
        Bullets(items),
        f"{conditional} of the reproduced figures come out only under a particular convention, "
        "such as half a patient added to each cell. A figure that follows from inputs which its "
        "source does not name is not called reproduced: those inputs were found because they "
        "fit. A figure hit by one of many conventions "
        "tried is weaker support than one that could come out in one way only: the table says "
        "how many were tried.",
    )
    known = ~ledger["finding"].isin(["not_read", "not_on_file"])
    tables = (
        TablePart(
            "reproduction",
            "The ledger: published figures for which there is something to compute from",
            ledger,
            COLUMNS,
            shown=ledger[known],
        ),
        TablePart(
            "claims_without_inputs",
            "Published figures whose inputs were not read",
            ledger[~known],
            WITHOUT_INPUTS,
            folded=True,
        ),
    )
    return Section("reproduction", TITLE, paragraphs, tables=tables)
