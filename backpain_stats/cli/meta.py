"""The command ``meta``: pool the 2x2 tables of a user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backpain_stats.cli.meta_designs import (
    BIASES,
    compare,
    fit_by_threshold,
    show_bias,
    write_figure,
)
from backpain_stats.cli.options import Excludes, Needs, command
from backpain_stats.cli.output import forced, format_option, write_frame
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.estimate import format_level
from backpain_stats.outputs import check_free

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.meta import BayesianFit, BivariateFit, UnivariatePool

FIGURES = ("sroc", "forest", "crosshair", "funnel", "influence")
IMAGES = (".svg", ".png", ".pdf")
RATIOS = ("lr_positive", "lr_negative", "odds_ratio")
OUTCOMES = ("sensitivity", "specificity")
STRUCTURES = ("unstructured", "uncorrelated", "common_sensitivity", "common_specificity")
# What belongs to a bivariate fit alone, and to fits that may be Bayesian.
_BIVARIATE = ["formula", "values", "common", "likelihood", "estimator", "structure"]
_FIT = [*_BIVARIATE, "bayes", "seed"]
COLUMNS = ("kind", "measure", "pretest", "estimate", "ci_low", "ci_high", "ci_level", "method")


@command(
    Needs("kind", ["figure"]),
    Needs("below", ["threshold"]),
    Needs("seed", ["bayes"]),
    Needs("values", ["formula"]),
    Excludes("bayes", ["common"]),
    Excludes(
        "test", ["threshold", "bias", "univariate", "correction", "pretest", "figure", *_BIVARIATE]
    ),
    Excludes("threshold", ["bias", "univariate", "correction", "pretest", "kind", *_BIVARIATE]),
    Excludes("bias", ["univariate", "pretest", "kind"]),
    Excludes("univariate", ["pretest", *_FIT]),
    *(Excludes(f"univariate={outcome}", ["correction"]) for outcome in OUTCOMES),
    epilog="\b\nExample:\n"
    "  backpain-stats meta studies.csv --pretest 1% --figure sroc.svg\n"
    "  backpain-stats meta studies.csv --formula '~ setting' --at setting=primary\n"
    "  backpain-stats meta book.xlsx --columns tp=TruePos,cases=n1 --study author,year\n"
    "\n\b\nA file to try --bayes on:\n"
    "  study,tp,fp,fn,tn\n"
    "  Deyo 1988,4,41,9,1921\n"
    "  Reinus 1998,7,13,0,462\n",
)
@click.argument("data", type=click.Path(), metavar="FILE")
@click.option(
    "--columns",
    multiple=True,
    metavar="NAME=COLUMN,...",
    help="Which column holds what, where names do not say: tp, fp, fn, tn, cases, noncases, "
    "positives, negatives, n.",
)
@click.option("--study", metavar="COLUMN,...", help="The column(s) that name a study.")
@click.option(
    "--only",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Keep the rows with this value, such as one of several tests; may be repeated.",
)
@click.option("--sheet", metavar="NAME", help="Which sheet of a workbook, or file of a package.")
@click.option(
    "--likelihood",
    metavar="NAME",
    help="binomial: exact counts (the default); normal: normal logits (Reitsma).",
)
@click.option("--estimator", type=click.Choice(["ml", "reml"]), help="For --likelihood normal.")
@click.option(
    "--correction",
    type=click.Choice(["none", "zero_cells", "all"]),
    help="Where 0.5 is added to all four cells; for --likelihood normal and --univariate.",
)
@click.option("--formula", metavar="FORMULA", help="Covariates, such as '~ setting'.")
@click.option(
    "--at",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Look at one value of a covariate of --formula; one --at for each.",
)
@click.option(
    "--structure",
    type=click.Choice(STRUCTURES),
    help="What is estimated of the variation between studies; simpler for sparse data.",
)
@click.option(
    "--without", multiple=True, metavar="STUDY", help="Leave a study out; may be repeated."
)
@click.option(
    "--bayes",
    is_flag=True,
    help="Sample the posterior; what one to three studies need. Also for --test and --threshold.",
)
@click.option("--common", is_flag=True, help="Add the tables up: studies taken as equal.")
@click.option(
    "--univariate",
    type=click.Choice([*RATIOS, *OUTCOMES]),
    help="Pool this one ratio as older reviews did (REML, Hartung-Knapp), or sensitivity or "
    "specificity alone (random-effects logistic model).",
)
@click.option(
    "--test", metavar="COLUMN", help="Compare the tests that this column names, study by study."
)
@click.option(
    "--threshold", metavar="COLUMN", help="Model accuracy by this column, one row a threshold."
)
@click.option("--below", is_flag=True, help="For --threshold: low values are positive.")
@click.option(
    "--bias", type=click.Choice(BIASES), help="What this bias would do to the summary, as a curve."
)
@click.option("--pretest", metavar="P,P", help="Pre-test probabilities: 1%,13 of 1975,1% to 5%.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of intervals.")
@click.option("--seed", type=int, help="For --bayes.")
@click.option("--figure", type=click.Path(), metavar="FILE", help="Write a figure: .svg .png .pdf")
@click.option(
    "--kind", type=click.Choice(FIGURES), default="sroc", show_default=True, help="Which figure."
)
@format_option
def meta(
    *,
    data: str,
    univariate: str | None,
    test: str | None,
    threshold: str | None,
    below: bool,
    bias: str | None,
    pretest: str | None,
    without: tuple[str, ...],
    figure: str | None,
    kind: str,
    output_format: str,
    **options: Any,
) -> None:
    """Pool the 2x2 tables of your own file.

    CSV, TSV, semicolons, Excel, or the data package of a Cochrane review of
    test accuracy. The columns are study, tp, fp, fn, tn, or what is usual for
    them; what was understood is printed. Further columns may be covariates. A
    study without cases, or without non-cases, informs what it can: leave the
    two cells empty, or write zeros.
    """
    if figure is not None:
        _check_figure(figure)
    if univariate is not None and figure is not None and kind in ("sroc", "influence"):
        raise ArgumentError(f"--univariate has no figure of kind {kind}; try forest or funnel")
    reading = {name: options.pop(name) for name in ("columns", "study", "only", "sheet")}
    several = test is not None or threshold is not None
    studies = _without(_read(data, several=several, **reading), without)
    if test is not None:
        compare(studies, test, options, output_format)
        return
    if threshold is not None:
        fit_by_threshold(studies, threshold, options, below=below, output_format=output_format,
                         figure=figure)  # fmt: skip
        return
    if bias is not None:
        show_bias(_fit(studies, options), bias, output_format, figure)
        return
    if univariate is not None:
        fit = None
        pooled = _print_univariate(studies, univariate, options, output_format)
    else:
        fit = _fit(studies, options)
        if figure is not None and (grouped := _grouped(fit)):
            first = grouped.design.covariates[0]
            raise ArgumentError(
                f"--figure needs one summary, and --formula gives one for each value: add "
                f"--at {first}=..."
            )
        _print_fit(fit, pretest, output_format)
        pooled = None
    if figure is not None:
        _draw(kind, studies, fit, pooled, Path(figure))
        click.echo(f"written: {figure}", err=True)


def _check_figure(figure: str) -> None:
    """Refuse a file that is no image or cannot be written, before anything is computed."""
    if Path(figure).suffix.lower() not in IMAGES:
        raise ArgumentError(f"--figure is {figure!r}; its name must end in {', '.join(IMAGES)}")
    check_free(figure, force=forced())


def _read(
    data: str,
    *,
    several: bool,
    columns: tuple[str, ...],
    study: str | None,
    only: tuple[str, ...],
    sheet: str | None,
) -> pd.DataFrame:
    """Return the studies; what was understood of the file is said on standard error."""
    from backpain_stats.tables import UnclearTablesError, read_tables

    parts = [part for text in columns for part in text.split(",")]
    try:
        tables = read_tables(
            data,
            columns=dict(_pair(part, "--columns tp=TruePos,fn=FalseNeg") for part in parts),
            study=None if study is None else [one.strip() for one in study.split(",")],
            only=dict(_pair(text, "--only test=CT") for text in only),
            sheet=sheet,
        )
        click.echo(tables.understood, err=True)
        return tables.frame if several else tables.one_row_a_study()
    except UnclearTablesError as question:
        raise DataError(question.at_command_line()) from question


def _without(studies: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the studies but those named, said on standard error."""
    from backpain_stats.checks import check_known

    known = studies["study"].astype(str).str.strip()
    for name in names:
        check_known(name, known, "study")
        click.echo(f"left out: {name}", err=True)
    return studies.loc[~known.isin(names)].reset_index(drop=True)


def _pair(text: str, example: str) -> tuple[str, str]:
    """Read one ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise ArgumentError(f"{text!r} is not NAME=VALUE; for example {example}")
    return name.strip(), value.strip()


def _fit(studies: pd.DataFrame, options: dict[str, Any]) -> BivariateFit | BayesianFit:
    from backpain_stats.meta import fit_bivariate

    names = ("likelihood", "estimator", "correction", "formula", "structure", "level")
    chosen = {name: options[name] for name in names if options[name] is not None}
    if options["bayes"]:
        chosen["inference"] = "bayes"
        if options["seed"] is not None:
            chosen["seed"] = options["seed"]
    elif options["common"]:
        chosen["effects"] = "common"
    try:
        fit = fit_bivariate(studies, **chosen)
    except NotEstimableError as error:
        # The message names the arguments of the function.
        hint = "; at the command line: --bayes or --common" if "inference=" in str(error) else ""
        raise NotEstimableError(f"{error}{hint}") from error
    values = dict(_value(text, studies) for text in options["values"])
    return fit.at(**values) if values else fit


def _value(text: str, studies: pd.DataFrame) -> tuple[str, Any]:
    """Read one ``NAME=VALUE``, as a number where the column holds numbers."""
    import pandas as pd

    name, value = _pair(text, "--at year=2005")
    if name in studies.columns and pd.api.types.is_numeric_dtype(studies[name]):
        try:
            return name, float(value)
        except ValueError:
            raise ArgumentError(f"--at is {text!r}; {name} is a number in the file") from None
    return name, value


def _grouped(fit: BivariateFit | BayesianFit) -> BivariateFit | BayesianFit | None:
    """Return the fit if it has covariates and no value of them was asked for."""
    return fit if fit.design.covariates else None


def _print_fit(fit: BivariateFit | BayesianFit, pretest: str | None, output_format: str) -> None:
    """Print the summary, what to expect in a new practice, and RevMan's parameters."""
    import pandas as pd

    pretests = None
    if pretest is not None:
        pretests = [one.strip() for one in pretest.split(",") if one.strip()]
    if grouped := _grouped(fit):
        _print_groups(grouped, pretests, output_format)
        return
    if fit.is_common and pretests:
        raise ArgumentError("--pretest is about a new practice, of which --common knows nothing")
    parts = {"summary": fit.summary().to_frame()}
    if not fit.is_common:
        parts |= _more(fit)
        parts["new practice"] = fit.predict(pretest=pretests)
    if output_format == "table":
        click.echo(str(fit))
        if "new practice" in parts:
            columns = ["measure", "pretest", "estimate", "ci_low", "ci_high"]
            shown = parts["new practice"][columns]
            click.echo(f"\nIn a new practice ({format_level(fit.level)} prediction interval):")
            write_frame(shown.dropna(axis="columns", how="all").round(4), "table")
        if "RevMan" in parts:
            click.echo("\nParameters for RevMan:")
            write_frame(parts["RevMan"][["measure", "estimate"]].dropna().round(4), "table")
        return
    frame = pd.concat(
        [part.assign(kind=kind).dropna(axis="columns", how="all") for kind, part in parts.items()]
    )
    write_frame(frame.reindex(columns=list(COLUMNS)), output_format, note="; ".join(fit.notes))


def _more(fit: BivariateFit | BayesianFit) -> dict[str, pd.DataFrame]:
    """Return heterogeneity, HSROC and RevMan's parameters of a fit by likelihood."""
    from backpain_stats.meta import BivariateFit

    if not isinstance(fit, BivariateFit):
        return {}
    parts = {"heterogeneity": fit.heterogeneity()}
    if not fit.no_curve:
        parts["HSROC"] = fit.hsroc_table().rename(columns={"parameter": "measure"})
    revman = fit.revman().drop(columns="measure").rename(columns={"parameter": "measure"})
    return parts | {"RevMan": revman}


def _print_groups(
    fit: BivariateFit | BayesianFit, pretests: list[str] | None, output_format: str
) -> None:
    """Print the coefficients and the summary of each group."""
    if pretests:
        raise ArgumentError("--pretest needs one summary; a formula has one a group: add --at")
    groups = fit.subgroups()
    if output_format == "table":
        click.echo(f"{fit}\n\nSummary of each group:")
        dropped = [name for name in groups.columns if name.startswith("odds_ratio")]
        groups = groups.drop(columns=[*dropped, "ci_level", "method"]).round(3)
    write_frame(groups, output_format)


def _print_univariate(
    studies: pd.DataFrame, measure: str, options: dict[str, Any], output_format: str
) -> UnivariatePool | None:
    """Print the pooled measure; return it where it is a ratio, which has a forest of its own."""
    from backpain_stats.meta import pool_proportion, pool_univariate

    level, ratio = options["level"], None
    if measure in OUTCOMES:
        pooled: Any = pool_proportion(studies, measure, level=level)
    else:
        correction = options["correction"] or "zero_cells"
        ratio = pooled = pool_univariate(studies, measure, correction=correction, level=level)
    if output_format == "table":
        click.echo(str(pooled))
    else:
        write_frame(pooled.to_frame(), output_format)
    return ratio


def _draw(
    kind: str,
    studies: pd.DataFrame,
    fit: BivariateFit | BayesianFit | None,
    pooled: UnivariatePool | None,
    path: Path,
) -> None:
    """Write one figure."""
    from backpain_stats import plots
    from backpain_stats.meta import deeks_test, study_accuracy

    def figure() -> Axes:
        if kind == "forest" and pooled is not None:
            return plots.forest(pooled, counts=True)
        if kind == "forest":
            return plots.forest_paired(study_accuracy(studies), fit=fit)
        if kind == "crosshair":
            return plots.crosshair(study_accuracy(studies), label=True)
        if kind == "funnel":
            return plots.funnel_deeks(deeks_test(studies))
        if fit is None:
            raise ArgumentError(f"there is no fit to draw as {kind}")
        return plots.sroc(fit) if kind == "sroc" else plots.influence(fit.influence(), fit=fit)

    write_figure(figure, path)
