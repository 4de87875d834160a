"""The command ``meta``: pool the 2x2 tables of a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backpain_stats.cli.output import format_option, write_frame
from backpain_stats.errors import ArgumentError, NotEstimableError

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.meta.bayes.result import BayesianFit
    from backpain_stats.meta.result import BivariateFit

FIGURES = ("sroc", "forest", "crosshair", "funnel", "influence")
IMAGES = (".svg", ".png", ".pdf")


@click.command(
    epilog="\b\nExample:\n"
    "  backpain-stats meta studies.csv --pretest 1% --figure sroc.svg\n"
    "\n\b\nA file to try --bayes on:\n"
    "  study,tp,fp,fn,tn\n"
    "  Deyo 1988,4,41,9,1921\n"
    "  Reinus 1998,7,13,0,462\n"
)
@click.argument("data", type=click.Path(), metavar="DATA.csv")
@click.option(
    "--likelihood",
    type=click.Choice(["binomial", "normal"]),
    default="binomial",
    show_default=True,
    help="Exact binomial counts, or normal logits (Reitsma).",
)
@click.option("--estimator", type=click.Choice(["ml", "reml"]), help="For --likelihood normal.")
@click.option(
    "--correction",
    type=click.Choice(["none", "zero_cells", "all"]),
    help="Where 0.5 is added to all four cells; for --likelihood normal and --univariate.",
)
@click.option("--formula", metavar="FORMULA", help="Covariates, such as '~ setting'.")
@click.option("--bayes", is_flag=True, help="Sample the posterior; what one to three studies need.")
@click.option("--common", is_flag=True, help="Add the tables up: studies taken as equal.")
@click.option(
    "--univariate",
    type=click.Choice(["lr_positive", "lr_negative", "odds_ratio"]),
    help="Pool this one ratio as older reviews did (REML, Hartung-Knapp).",
)
@click.option("--pretest", metavar="P,P", help="Pre-test probabilities in a new setting: 1%,5%.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of intervals.")
@click.option("--seed", type=int, default=20131, show_default=True, help="For --bayes.")
@click.option("--figure", type=click.Path(), metavar="FILE", help="Write a figure: .svg .png .pdf")
@click.option(
    "--kind", type=click.Choice(FIGURES), default="sroc", show_default=True, help="Which figure."
)
@format_option
def meta(
    *,
    data: str,
    univariate: str | None,
    pretest: str | None,
    figure: str | None,
    kind: str,
    output_format: str,
    **options: Any,
) -> None:
    """Pool the 2x2 tables of your own CSV file.

    The file has the columns study, tp, fp, fn, tn, one row a study; further
    columns may be covariates. A study without cases, or without non-cases,
    informs what it can.
    """
    from backpain_stats.meta.reading import read_studies

    if figure is not None and Path(figure).suffix.lower() not in IMAGES:
        raise ArgumentError(f"--figure is {figure!r}; its name must end in {', '.join(IMAGES)}")
    studies = read_studies(data)
    if univariate is not None:
        if figure is not None and kind in ("sroc", "influence"):
            raise ArgumentError(f"--univariate has no figure of kind {kind}; try forest or funnel")
        fit = None
        _print_univariate(studies, univariate, options, output_format)
    else:
        fit = _fit(studies, options)
        _print_fit(fit, _pretests(pretest), output_format)
    if figure is not None:
        _draw(kind, studies, fit, Path(figure))
        click.echo(f"written: {figure}", err=True)


def _fit(studies: pd.DataFrame, options: dict[str, Any]) -> BivariateFit | BayesianFit:
    from backpain_stats.meta.fitting.bivariate import fit_bivariate

    chosen: dict[str, Any] = {
        name: options[name]
        for name in ("likelihood", "estimator", "correction", "formula", "level")
    }
    if options["bayes"] and options["common"]:
        raise ArgumentError("--bayes and --common are two different answers; give one of them")
    if options["bayes"]:
        chosen |= {"inference": "bayes", "seed": options["seed"]}
    elif options["common"]:
        chosen["effects"] = "common"
    try:
        return fit_bivariate(studies, **chosen)
    except NotEstimableError as error:
        # The message names the arguments of the function.
        hint = "; at the command line: --bayes or --common" if "inference=" in str(error) else ""
        raise NotEstimableError(f"{error}{hint}") from error


def _pretests(text: str | None) -> list[float] | None:
    from backpain_stats.printed.prevalence import read_prevalences

    if text is None:
        return None
    named = [one.strip() for one in text.split(",") if one.strip()]
    return [one.estimate for one in read_prevalences(named)]


def _print_fit(
    fit: BivariateFit | BayesianFit, pretests: list[float] | None, output_format: str
) -> None:
    """Print the summary and what to expect in a new setting."""
    import pandas as pd

    from backpain_stats.meta.result import BivariateFit

    if isinstance(fit, BivariateFit) and fit.design.covariates:
        if pretests:
            raise ArgumentError("--pretest needs one summary; a formula has one a group")
        groups = fit.subgroups()
        if output_format == "table":
            click.echo(f"{fit}\n\nSummary of each group:")
            dropped = [name for name in groups.columns if name.startswith("odds_ratio")]
            groups = groups.drop(columns=[*dropped, "ci_level", "method"]).round(3)
        write_frame(groups, output_format)
        return
    common = fit.effects == "common"
    if common and pretests:
        raise ArgumentError("--pretest is about a new setting, of which --common knows nothing")
    parts = [fit.summary().frame.assign(kind="summary")]
    expected = None
    if not common:
        if isinstance(fit, BivariateFit):
            parts.append(fit.heterogeneity().assign(kind="heterogeneity"))
        expected = fit.predict(pretest=pretests)
        parts.append(expected.assign(kind="new setting"))
    if output_format == "table":
        click.echo(str(fit))
        if expected is not None:
            shown = expected[["measure", "pretest", "estimate", "ci_low", "ci_high"]]
            click.echo(f"\nIn a new setting ({100 * fit.level:g}% prediction interval):")
            write_frame(shown.dropna(axis="columns", how="all").round(4), "table")
        return
    names = ["kind", "measure", "pretest", "estimate", "ci_low", "ci_high", "ci_level", "method"]
    frame = pd.concat([part.dropna(axis="columns", how="all") for part in parts])
    write_frame(
        frame.reindex(columns=names), output_format, note="; ".join(getattr(fit, "notes", ()))
    )


def _print_univariate(
    studies: pd.DataFrame, measure: str, options: dict[str, Any], output_format: str
) -> None:
    from backpain_stats.meta.univariate.pool import pool_univariate

    pooled = pool_univariate(
        studies, measure, correction=options["correction"] or "zero_cells", level=options["level"]
    )
    if output_format == "table":
        click.echo(str(pooled))
    else:
        write_frame(pooled.summary(), output_format)


def _draw(
    kind: str, studies: pd.DataFrame, fit: BivariateFit | BayesianFit | None, path: Path
) -> None:
    """Write one figure."""
    import matplotlib as mpl

    mpl.use("Agg")
    from backpain_stats import plots
    from backpain_stats.meta.result import BivariateFit
    from backpain_stats.meta.studies import study_accuracy
    from backpain_stats.meta.univariate.deeks import deeks_test

    if kind == "sroc":
        assert fit is not None  # --univariate with this kind has been refused before
        ax = plots.sroc(fit)
    elif kind == "forest":
        ax = plots.forest_paired(study_accuracy(studies), fit=fit)
    elif kind == "crosshair":
        ax = plots.crosshair(study_accuracy(studies), label=True)
    elif kind == "funnel":
        ax = plots.funnel_deeks(deeks_test(studies))
    else:
        if not isinstance(fit, BivariateFit):
            raise ArgumentError("--kind influence needs a fit by likelihood: leave out --bayes")
        ax = plots.influence(fit.influence(), fit=fit)
    try:
        # No date inside, so that two runs write the same file.
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        ax.figure.figure.savefig(path, dpi=150, bbox_inches="tight", metadata=metadata)
    except OSError as error:
        raise ArgumentError(f"--figure {path} cannot be written: {error.strerror}") from error
