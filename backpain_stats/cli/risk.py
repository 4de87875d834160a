"""The command ``risk``: one patient, several findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backpain_stats.cli.output import (
    evidence_options,
    format_option,
    read_evidence,
    split_names,
    write_frame,
)
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from backpain_stats.combine.dependence.base import Dependence
    from backpain_stats.evidence import Setting, Target

DEPENDENCE = ("one-factor", "independent", "maximum-entropy", "bounds")


@click.command(
    epilog="\b\nExample:\n"
    "  backpain-stats risk --present cancer_history,age_50 \\\n"
    "      --absent weight_loss_unexplained --setting primary_care\n"
)
@click.option("--present", callback=split_names, help="Flags that were found: a,b,c.")
@click.option("--absent", callback=split_names, help="Flags looked for and not found.")
@click.option("--target", default="malignancy", show_default=True, help="The condition.")
@click.option(
    "--setting", default="primary_care", show_default=True, help="Where the patient is seen."
)
@click.option(
    "--dependence",
    type=click.Choice(DEPENDENCE),
    default=DEPENDENCE[0],
    show_default=True,
    help="How findings hang together within a disease group.",
)
@click.option(
    "--rho",
    help="Correlation for one-factor dependence: one number, or two for cases,non-cases.  "
    "[default: 0.2]",
)
@click.option(
    "--pretest",
    help="Pre-test probability: 0.01, 1%, 13/1975 or '0.1% to 0.7%'.  "
    "[default: the published prevalence of the setting]",
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of intervals.")
@evidence_options
@format_option
def risk(
    *,
    present: list[str],
    absent: list[str],
    target: Target,
    setting: Setting,
    dependence: str,
    rho: str | None,
    pretest: str | None,
    level: float,
    folder: str | None,
    add: bool,
    output_format: str,
) -> None:
    """Risk of one patient with several findings.

    Flags in neither list count as not assessed. The names of the flags are
    those of the command "flags".
    """
    from backpain_stats.combine.risk.model import RiskModel

    model = RiskModel(
        read_evidence(folder, add=add),
        target,
        setting,
        dependence=_dependence(dependence, rho),
        pretest=pretest,
    )
    found = model.risk(present, absent, level=level)
    if output_format == "table":
        click.echo(str(found))
    else:
        write_frame(found.to_frame(), output_format, note="; ".join(found.warnings))


def _dependence(name: str, rho: str | None) -> Dependence:
    """Return the dependence model of that name."""
    from backpain_stats.combine.dependence.bounds import Bounds
    from backpain_stats.combine.dependence.independent import Independent
    from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
    from backpain_stats.combine.dependence.one_factor import OneFactor

    if name != "one-factor":
        if rho is not None:
            raise ArgumentError(f"--rho is for one-factor dependence; {name} has no correlation")
        return {
            "independent": Independent(),
            "maximum-entropy": MaximumEntropy(),
            "bounds": Bounds(),
        }[name]
    if rho is None:
        return OneFactor()
    try:
        values = [float(one) for one in rho.replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) not in {1, 2}:
        raise ArgumentError(f"--rho is {rho!r}; give one number, or two: cases,non-cases")
    return OneFactor(values[0], values[-1])
