"""``backpain-stats reconstruct``: every 2x2 table behind a set of printed figures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from backpain_stats.cli.options import Excludes, Needs, command
from backpain_stats.cli.output import format_option, split_names, write_frame
from backpain_stats.errors import ArgumentError
from backpain_stats.printed import ROUNDINGS
from backpain_stats.reconstruction import COUNTS, INTERVAL_METHODS, STATISTICS
from backpain_stats.reconstruction import reconstruct as find_tables
from backpain_stats.tables import CORRECTIONS, MEASURES, RATIO_MEASURES

# Listing the first of more tables than this would first have to sort them all.
_MOST_LISTED = 1_000_000
POSTTESTS = ("posttest", "posttest_negative")
# What an option is, where its name in prose does not say so.
_HELP = {
    "n": "Patients.",
    "n_cases": "Patients with the condition.",
    "n_positive": "Patients with a positive test.",
    "tp": "True positives.",
    "fp": "False positives.",
    "fn": "False negatives.",
    "tn": "True negatives.",
    "prevalence": "Share of the patients with the condition.",
    "lr_positive": "Likelihood ratio of a positive result.",
    "lr_negative": "Likelihood ratio of a negative result.",
    "odds_ratio": "Diagnostic odds ratio.",
    "accuracy": "Share of the patients classified rightly.",
    "posttest": "Post-test probability after a positive result; needs --pretest.",
    "posttest_negative": "The same after a negative result.",
    "pretest": "Pre-test probability: 0.01, 1%, 13/1975, '1 in 300', or cohort.",
    "pretest_odds": "The same as odds.",
    "interval_methods": f"Methods that made the intervals: {', '.join(INTERVAL_METHODS)}. "
    "Without it the usual ones are tried.",
    "corrections": f"Zero-cell corrections that may have been used: {', '.join(CORRECTIONS)}.",
    "level": "Level of the intervals.",
    "rounding": f"How digits were printed: {', '.join(ROUNDINGS)}.",
}


def _options_of(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Add one option per named argument of a function, in its order."""

    def decorate(command: Any) -> Any:
        for name, argument in reversed([*inspect.signature(function).parameters.items()]):
            if argument.kind is argument.VAR_KEYWORD:
                continue
            label = MEASURES[name].label if name in MEASURES else ""
            text = _HELP.get(name, f"{label[:1].upper()}{label[1:]}.")
            several = name in ("interval_methods", "corrections")
            default = ("none",) if name == "corrections" else argument.default
            metavar = "COUNT" if name in COUNTS else "FIGURE" if name in STATISTICS else "VALUE"
            command = click.option(
                f"--{name.replace('_', '-')}",
                name,
                metavar="NAMES" if several else metavar,
                type=float if isinstance(argument.default, float) else str,
                default=default,
                show_default=default is not None,
                multiple=several,
                callback=split_names if several else None,
                help=text,
            )(command)
        return command

    return decorate


@command(
    Needs("corrections", [*RATIO_MEASURES, *POSTTESTS]),
    Needs("pretest", POSTTESTS),
    Needs("pretest_odds", POSTTESTS),
    Excludes("pretest", ["pretest_odds"]),
    Excludes("limit", ["output_format=csv", "output_format=json"]),
    epilog="\b\nExample:\n"
    "  backpain-stats reconstruct --n 1975 --n-cases 13 \\\n"
    "      --sensitivity 31% --specificity 98% --lr-positive 14.7\n"
    "  unique: 4/41/9/1921 (tp/fp/fn/tn) is the only table that prints them all.\n"
    "\n\b\nWith an interval:\n"
    "  backpain-stats reconstruct --n-cases 5-120 --sensitivity '0.75 (0.53-0.90)'\n",
)
@_options_of(find_tables)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True,
              help="Tables to list in a table; csv and json list all.")  # fmt: skip
@format_option
def reconstruct(
    interval_methods: list[Any],
    corrections: list[Any],
    output_format: str,
    limit: int,
    **given: Any,
) -> None:
    """List every 2x2 table of whole numbers behind a set of printed figures.

    A FIGURE is given as printed, with all its digits: 0.31, 31%, 14.7, '>0.90';
    its interval, if any, in parentheses: '0.75 (0.53-0.90)'. A COUNT is a number
    or a range, such as 250-308.

    That no table fits is a finding, not an error: the figures contradict each other.
    """
    if not any(given[name] for name in (*STATISTICS, *COUNTS)):
        raise ArgumentError(
            "no figure was given; for example --n 1975 --n-cases 13 --sensitivity 31%"
        )
    if not any("(" in given[name] for name in STATISTICS if given[name]):
        source = click.get_current_context().get_parameter_source
        for name in ("level", "interval_methods"):
            if source(name) is ParameterSource.COMMANDLINE:
                raise ArgumentError(
                    f"--{name.replace('_', '-')} has no effect without a figure that has an "
                    "interval, such as '0.31 (0.09-0.61)'"
                )
    found = find_tables(
        **{name: value for name, value in given.items() if value is not None},
        interval_methods=interval_methods or None,
        corrections=corrections,
    )
    if output_format != "table":
        write_frame(found.tables, output_format, note=found.explanation)
        return
    click.echo(found.explanation)
    if not 0 < found.count <= _MOST_LISTED or not limit:
        return
    click.echo()
    more = max(found.count - limit, 0)
    note = f"... and {more:,} more (--limit, or --format csv)" if more else ""
    write_frame(found.tables.head(limit), "table", note=note)
