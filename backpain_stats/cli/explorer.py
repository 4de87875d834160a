"""The command ``explorer``."""

from __future__ import annotations

from pathlib import Path

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
    "  backpain-stats explorer --out explorer.html\n"
    "Then open explorer.html in a browser.\n"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("reports/explorer.html"),
    show_default=True,
    help="The page to write.",
)
@force_option
@evidence_options
def explorer(out: Path, folder: str | None, *, add: bool, force: bool) -> None:
    """Write the explorer: one page to play with, no server."""
    from backpain_stats.report.explorer.build import write_explorer

    writable_folder(out.parent)
    evidence = read_evidence(folder, add=add)
    page = write_explorer(
        evidence,
        out,
        lambda text: click.echo(text, err=True),
        stamp=make_stamp(),
        force=force,
    )
    click.echo(f"{page} written ({page.stat().st_size / 1e6:.1f} MB); open it in a browser.")
