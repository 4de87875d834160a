"""The same verbs at the command line.

Each command lives in a file of its own that is imported only when the command
runs, so that ``backpain-stats --help`` answers at once.
"""

from __future__ import annotations

import importlib
import io
import sys
from typing import NoReturn

import click

from backpain_stats import __version__
from backpain_stats.errors import BackpainStatsError

# Command -> (module below backpain_stats.cli, one line for the overview).
COMMANDS = {
    "check": ("evidence", "Check a folder of evidence files and list every problem."),
    "diff": ("diff", "What another evidence changes: every figure, before and after."),
    "evidence": ("folder", "Folders of evidence: export, add to, list, check."),
    "explorer": ("explorer", "Write the explorer: one page to play with, no server."),
    "flags": ("evidence", "List the red flags, by family, with what is known of each."),
    "lr": ("evidence", "Likelihood ratios of the published evidence."),
    "meta": ("meta", "Pool the 2x2 tables of your own file."),
    "panel": ("panel", "Build the report for a guideline panel."),
    "posttest": ("evidence", "Post-test probability after a flag, with its pre-test."),
    "reconstruct": ("reconstruct", "Every 2x2 table behind a set of printed figures."),
    "report": ("report", "Build the whole report: page, tables and figures."),
    "reproduce": ("reproduce", "Recompute the published claims and say which hold."),
    "risk": ("risk", "Risk of one patient with several findings."),
    "sources": ("sources", "The sources as BibTeX, RIS or CSL-JSON."),
    "value": ("value", "Which study would change the decision, and what to ask together."),
    "template": ("evidence", "Write empty, commented evidence files to fill in."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"backpain_stats.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from backpain_stats.checks import nearest
        from backpain_stats.cli.output import remember_words

        remember_words(ctx, args)
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            close = nearest(args[0], COMMANDS)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise click.UsageError(
                f"No such command {args[0]!r}.{hint} Commands: {', '.join(sorted(COMMANDS))}.", ctx
            ) from None


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="backpain-stats")
def cli() -> None:
    """Recompute the evidence behind back-pain red flags.

    Research and teaching software, not a medical device.
    """


def main() -> None:
    """Run the command line; a user's mistake ends in one message and exit code 2."""
    from backpain_stats.result import visible

    if sys.stdout is None or sys.stderr is None:
        closed = "output" if sys.stdout is None else "error"
        _fail(f"the standard {closed} is closed: there is nowhere to print to")
    for stream in (sys.stdout, sys.stderr):
        # A letter that the terminal's or the file's encoding lacks is written as \uXXXX.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(standalone_mode=True)
    except BackpainStatsError as error:
        _fail(visible(str(error)))
    except OSError as error:
        # A file that cannot be written or read is the user's to mend, not a fault in here.
        where = f" {error.filename}" if error.filename else ""
        _fail(visible(f"cannot use the file{where}: {error.strerror or error}"))


def _fail(message: str) -> NoReturn:
    """End with one message and exit code 2."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(2)
