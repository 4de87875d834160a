"""The command ``sources``: the references, for a reference manager."""

from __future__ import annotations

import click

from backpain_stats.cli.options import command
from backpain_stats.cli.output import evidence_options, read_evidence
from backpain_stats.evidence import CITATION_FORMATS, CitationFormat


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats sources --format ris > sources.ris\n"
    "  backpain-stats sources --format bibtex --evidence mine --add > sources.bib\n"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(CITATION_FORMATS),
    default="bibtex",
    show_default=True,
    help="bibtex, ris, or csl (CSL-JSON, for Zotero and pandoc).",
)
@evidence_options
def sources(*, form: CitationFormat, folder: str | None, add: bool) -> None:
    """Print the sources for a reference manager, with what was read of each.

    Each reference stands whole in the title, as the evidence has it, with year
    and DOI beside it. For a table of them see "evidence sources".
    """
    from backpain_stats.evidence import cite_sources

    click.echo(cite_sources(read_evidence(folder, add=add), form), nl=False)
