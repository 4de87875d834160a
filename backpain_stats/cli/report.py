"""The command ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backpain_stats.cli.options import command
from backpain_stats.cli.output import (
    evidence_options,
    force_option,
    make_stamp,
    read_evidence,
    writable_folder,
)


@command(
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
@force_option
@evidence_options
def report(out: Path, explorer: bool, force: bool, **evidence: Any) -> None:
    """Build the whole report: page, tables and figures.

    All files take their place at once. Those of an earlier run are replaced, or removed if
    there is nothing to put in their place; files of others are left alone.
    """
    from backpain_stats.report.main.build import build_report

    page = build_report(
        read_evidence(**evidence),
        writable_folder(out),
        explorer=explorer,
        stamp=make_stamp(),
        force=force,
        progress=lambda message: click.echo(f"  {message}", err=True),
    )
    click.echo(f"{page} written; open it in a browser.")
