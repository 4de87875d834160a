"""The command ``explorer``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("reports/explorer.html"),
    show_default=True,
    help="The page to write.",
)
@click.option(
    "--evidence",
    "folder",
    type=click.Path(path_type=Path),
    help="A folder of evidence of your own, in place of the packaged one.",
)
def explorer(out: Path, folder: Path | None) -> None:
    r"""Write the explorer: one page to play with, no server.

    \b
    Example:
      backpain-stats explorer --out explorer.html
    Then open explorer.html in a browser.
    """
    from backpain_stats.evidence.loading import load_evidence
    from backpain_stats.report.explorer import write_explorer

    page = write_explorer(load_evidence(folder), out, lambda text: click.echo(text, err=True))
    click.echo(f"{page} written ({page.stat().st_size / 1e6:.1f} MB); open it in a browser.")
