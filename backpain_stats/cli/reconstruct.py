"""``backpain-stats reconstruct``: every 2x2 table behind a set of printed figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from backpain_stats.cli.output import format_option, split_names, write_frame
from backpain_stats.errors import ArgumentError

# Option -> what is printed. The names are those of backpain_stats.reconstruct.
_FIGURES = {
    "sensitivity": "Sensitivity.",
    "specificity": "Specificity.",
    "false_positive_rate": "False-positive rate.",
    "ppv": "Positive predictive value.",
    "npv": "Negative predictive value.",
    "lr_positive": "Likelihood ratio of a positive result.",
    "lr_negative": "Likelihood ratio of a negative result.",
    "odds_ratio": "Diagnostic odds ratio.",
    "prevalence": "Share of the patients with the condition.",
    "test_positive_rate": "Share of the patients with a positive test.",
    "accuracy": "Share of the patients classified rightly.",
    "posttest": "Post-test probability after a positive result; needs --pretest.",
    "posttest_negative": "The same after a negative result.",
}
# Listing the first of more tables than this would first have to sort them all.
_MOST_LISTED = 1_000_000
_COUNTS = {
    "n": "Patients.",
    "n_cases": "Patients with the condition.",
    "n_positive": "Patients with a positive test.",
    "tp": "True positives.",
    "fp": "False positives.",
    "fn": "False negatives.",
    "tn": "True negatives.",
}


def _options(names: dict[str, str], metavar: str) -> Callable[[Any], Any]:
    """Add one text option a name."""

    def decorate(function: Any) -> Any:
        for name, text in reversed(names.items()):
            flag = f"--{name.replace('_', '-')}"
            function = click.option(flag, name, metavar=metavar, help=text)(function)
        return function

    return decorate


@click.command(
    epilog="\b\nExample:\n"
    "  backpain-stats reconstruct --n 1975 --n-cases 13 \\\n"
    "      --sensitivity 31% --specificity 98% --lr-positive 14.7\n"
    "  unique: 4/41/9/1921 (tp/fp/fn/tn) is the only table that prints them all.\n"
    "\n\b\nWith an interval:\n"
    "  backpain-stats reconstruct --n-cases 5-120 --sensitivity '0.75 (0.53-0.90)'\n"
)
@_options(_COUNTS, "COUNT")
@_options(_FIGURES, "FIGURE")
@click.option("--pretest", metavar="P", help="Pre-test: 0.01, 1%, 13/1975, or cohort.")
@click.option("--pretest-odds", metavar="ODDS", help="The same as odds.")
@click.option(
    "--interval-methods",
    metavar="NAMES",
    callback=split_names,
    help="Methods that made the intervals: wilson, clopper_pearson, jeffreys, agresti_coull, "
    "wald, log, score, bayes. Without it the usual ones are tried.",
)
@click.option(
    "--corrections",
    metavar="NAMES",
    default="none",
    show_default=True,
    callback=split_names,
    help="Zero-cell corrections that may have been used: none, zero_cells, all.",
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Of the intervals.")
@click.option(
    "--rounding",
    default="nearest",
    show_default=True,
    metavar="RULE",
    help="How digits were printed: nearest, half_up, no_ties or truncated.",
)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True,
              help="Tables to list in a table; csv and json list all.")  # fmt: skip
@format_option
def reconstruct(
    interval_methods: list[str],
    corrections: list[str],
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
    from backpain_stats import reconstruct as search

    if not any(given[name] for name in (*_FIGURES, *_COUNTS)):
        raise ArgumentError(
            "no figure was given; for example --n 1975 --n-cases 13 --sensitivity 31%"
        )
    found = search(
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
