"""The command ``value``: which study would change the decision, and what to ask together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backpain_stats.cli.options import command
from backpain_stats.cli.output import (
    evidence_options,
    format_option,
    read_evidence,
    split_names,
    write_frame,
)
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from backpain_stats.combine.risk.model import RiskModel

SHOW = ("value", "sets", "order")


@command(
    epilog="\b\nExamples:\n"
    "  backpain-stats value --threshold 0.01\n"
    "  backpain-stats value --benefit 99 --harm 1 --design case-control --sizes 200,1000\n"
    "  backpain-stats value --threshold 0.01 --show sets\n"
)
@click.option("--target", default="malignancy", show_default=True, help="The condition.")
@click.option(
    "--setting", default="primary_care", show_default=True, help="Where patients are seen."
)
@click.option("--flags", callback=split_names, help="Flags a,b,c.  [default: all with a report]")
@click.option("--threshold", type=float, help="Probability of disease from which on to act.")
@click.option("--benefit", type=float, help="In its place: benefit of acting on a case.")
@click.option("--harm", type=float, help="Harm of acting on a patient without the condition.")
@click.option(
    "--test-harm", type=float, default=0.0, show_default=True, help="Harm of one question."
)
@click.option(
    "--pretest",
    help="Prevalence: 0.01, 1%, 13/1975 or '0.1% to 0.7%'.  [default: that of the setting]",
)
@click.option(
    "--show",
    type=click.Choice(SHOW),
    default="value",
    show_default=True,
    help="What knowing more is worth; which flags to ask together; what to ask first.",
)
@click.option(
    "--design",
    type=click.Choice(("cohort", "case-control")),
    default="cohort",
    show_default=True,
    help="Of the studies considered.",
)
@click.option("--sizes", callback=split_names, help="Numbers of patients: 500,4000.")
@click.option(
    "--practices", type=int, default=10, show_default=True, help="Practices a study visits."
)
@click.option("--population", type=float, help="Patients to whom the answer will be applied.")
@click.option("--cost", type=float, default=0.0, help="Of each patient of a study.")
@click.option("--fixed-cost", type=float, default=0.0, help="Of the study itself.")
@click.option("--per", type=int, default=1000, show_default=True, help="Number of patients.")
@click.option("--action", default="imaging", show_default=True, help="What the flags send to.")
@evidence_options
@format_option
def value(*, folder: str | None, add: bool, show: str, output_format: str, **asked: Any) -> None:
    """Say which unknown and which study would change a recommendation.

    With --show sets: the flags to ask together, for one to four questions. With
    --show order: what to ask first, as a tree.
    """
    from backpain_stats.combine.risk.model import RiskModel

    model = RiskModel(
        read_evidence(folder, add=add),
        asked.pop("target"),
        asked.pop("setting"),
        flags=asked.pop("flags") or None,
        pretest=asked.pop("pretest"),
    )
    found = {"value": _value, "sets": _sets, "order": _order}[show](model, asked)
    if output_format == "table":
        click.echo(str(found))
    else:
        write_frame(found.to_frame(), output_format)


def _value(model: RiskModel, asked: dict[str, Any]) -> Any:
    from backpain_stats.decide.value import value_of_information
    from backpain_stats.decide.value.studies import SIZES

    asked["sizes"] = _counts(asked["sizes"]) or SIZES
    return value_of_information(model, **asked)


def _sets(model: RiskModel, asked: dict[str, Any]) -> Any:
    from backpain_stats.decide.value import flag_sets
    from backpain_stats.decide.value.rules import read_stakes

    values = [asked[name] for name in ("threshold", "benefit", "harm", "test_harm")]
    stakes = read_stakes(*values)
    return flag_sets(
        model,
        thresholds=[stakes.threshold],
        test_harm=stakes.test_harm / stakes.benefit,
        per=asked["per"],
    )


def _order(model: RiskModel, asked: dict[str, Any]) -> Any:
    from backpain_stats.decide.value import question_order

    names = ("threshold", "benefit", "harm", "test_harm", "per", "action")
    return question_order(model, **{name: asked[name] for name in names})


def _counts(words: list[str]) -> list[int]:
    if not all(word.isdigit() for word in words):
        raise ArgumentError(f"--sizes is {','.join(words)!r}; give whole numbers: 500,4000")
    return [int(word) for word in words]
