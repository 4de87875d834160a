"""The command ``diff``: what another evidence changes."""

from __future__ import annotations

import click

from backpain_stats.cli.options import command
from backpain_stats.cli.output import (
    evidence_options,
    forced,
    format_option,
    make_stamp,
    read_evidence,
    write_frame,
)

# As other programs that compare: 0 nothing, and a code of its own that is no error.
SOMETHING_MOVED = 3
MOST_ROWS = 40


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats diff --evidence mine --add --page diff.html\n"
    "\n\b\nIn a pull request on an exported folder, quiet below a tenth:\n"
    "  backpain-stats diff --other main/data --evidence branch/data --tolerance 0.1\n"
)
@click.option(
    "--other",
    type=click.Path(),
    metavar="FOLDER",
    help="The evidence before.  [default: the packaged evidence]",
)
@evidence_options
@click.option(
    "--tolerance",
    type=float,
    default=0.0,
    show_default=True,
    help="The largest move that counts as none: log ratio, or log odds of a probability.",
)
@click.option("--page", type=click.Path(), metavar="FILE", help="Write one HTML page too.")
@format_option
@click.pass_context
def diff(
    ctx: click.Context,
    *,
    other: str | None,
    folder: str | None,
    add: bool,
    tolerance: float,
    page: str | None,
    output_format: str,
) -> None:
    """Show what another evidence changes: every figure, before and after.

    With --add both folders are added to the packaged evidence. Exit code 0:
    nothing moved by more than the tolerance; 3: something did, is new, gone or
    impossible, or has another verdict.
    """
    from backpain_stats.changes import diff_evidence, display_frame

    if folder is None:
        raise click.UsageError("diff needs --evidence FOLDER: the evidence after")
    before = read_evidence(other, add=add and other is not None)
    found = diff_evidence(before, read_evidence(folder, add=add))
    shown = found.beyond(tolerance)
    if page is not None:
        from backpain_stats.report.diff.build import write_diff

        names = {
            "before": other or "the packaged evidence",
            "after": f"{folder}{' added' if add else ''}",
        }
        written = write_diff(
            found, page, **names, tolerance=tolerance, stamp=make_stamp(), force=forced()
        )
        click.echo(f"wrote {written}", err=True)
    counted = found.rows["status"].value_counts()
    rows = ", ".join(f"{number} {status}" for status, number in counted.items()) or "the same"
    note = (
        f"{len(shown)} of {len(found.figures)} figures changed by more than {tolerance:g}. "
        f"Rows of the evidence: {rows}."
    )
    if output_format != "table":
        write_frame(shown, output_format, note=note)
    elif len(shown):
        more = len(shown) - MOST_ROWS
        if more > 0:
            note += f" {more} of the figures are not shown here: --format csv, or --page."
        write_frame(display_frame(shown.head(MOST_ROWS)), "table", note=note)
    else:
        click.echo(note)
    if len(shown):
        ctx.exit(SOMETHING_MOVED)
