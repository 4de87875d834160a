"""The command ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backpain_stats.cli.output import evidence_options, read_evidence, writable_folder


@click.command(
    epilog="\b\nExample:\n"
    "  backpain-stats report --out reports\n"
    "writes reports/index.html, reports/explorer.html, reports/tables/*.csv\n"
    "and reports/figures/*.svg.\n"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="The folder to write to; made if it does not exist.",
)
@click.option("--explorer/--no-explorer", default=True, help="Write explorer.html too.")
@evidence_options
def report(out: Path, explorer: bool, **evidence: Any) -> None:
    """Build the whole report: page, tables and figures."""
    from backpain_stats.report.main.build import build_report

    page = build_report(
        read_evidence(**evidence),
        writable_folder(out),
        explorer=explorer,
        progress=lambda message: click.echo(f"  {message}", err=True),
    )
    click.echo(f"{page} written; open it in a browser.")
