"""The commands about the evidence: check, template, flags, lr, posttest."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from backpain_stats.cli.options import Needs, command
from backpain_stats.cli.output import (
    TO_READ,
    evidence_options,
    format_option,
    read_evidence,
    split_names,
    write_frame,
)
from backpain_stats.estimate import format_level, format_number, format_percent

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Target

_target = click.option(
    "--target",
    help="The condition: malignancy, fracture, infection, cauda_equina or any_serious.",
)
_setting = click.option(
    "--setting",
    help="primary_care, emergency, secondary_care, tertiary_care or mixed.",
)
_level = click.option(
    "--level", type=float, default=0.95, show_default=True, help="Level of the intervals."
)
_method = click.option(
    "--method", default="score", show_default=True, help="Of the LR intervals: score, log, bayes."
)
_correction = click.option(
    "--correction",
    default="none",
    show_default=True,
    help="0.5 added to the cells: none, zero_cells (of tables with a zero), all.",
)


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats template my_evidence\n"
    "  backpain-stats check my_evidence\n"
    "  my_evidence is valid: 0 rows in 12 files.\n"
)
@click.argument("folder", required=False, type=click.Path())
@click.option("--add", is_flag=True, help="Check it as an addition to the packaged evidence.")
@format_option
@click.pass_context
def check(ctx: click.Context, folder: str | None, add: bool, output_format: str) -> None:
    """Check a folder of evidence files and list every problem of every file.

    Without a FOLDER the packaged evidence is checked. Exit code 0: valid,
    perhaps with warnings; 2: there are errors.
    """
    from backpain_stats.evidence import TABLES, check_folder, list_problems

    if add and folder is None:
        raise click.UsageError("--add needs a FOLDER to add")
    checked = check_folder(folder, add=add)
    errors = len(checked.errors)
    name = "the packaged evidence" if folder is None else str(folder)
    if output_format != "table":
        write_frame(checked.problems, output_format)
    elif errors:
        click.echo(f"{name}: {_number(errors, 'problem')}")
        click.echo(list_problems(checked.problems, limit=len(checked.problems)))
        if not add and folder is not None and _mended_by_adding(folder, checked.errors):
            click.echo(
                "Some of these names are in the packaged evidence: --add checks the folder as an "
                "addition to it."
            )
    else:
        rows, files = _number(checked.rows, "row"), _number(len(checked.files), "file")
        click.echo(f"{name} is valid: {rows} in {files}.")
        if len(checked.problems):
            click.echo(list_problems(checked.problems, limit=len(checked.problems)))
        if folder is not None and len(checked.files) < len(TABLES):
            click.echo("Files that are not there are taken as empty.")
        if folder is not None:
            for line in displaced_reports(folder, add=add):
                click.echo(line)
    if errors:
        ctx.exit(2)


def displaced_reports(folder: str, *, add: bool) -> Iterator[str]:
    """Say which reports stand behind another on the same patients, and why."""
    import warnings

    from backpain_stats.evidence import load_evidence
    from backpain_stats.published import displacements

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the remarks on the files are listed above
        found = displacements(load_evidence(folder, add=add))
        if add:  # what the folder changes, not what the packaged reports do to each other
            packaged = displacements(load_evidence())
            found = found[~found["report_id"].isin(packaged["report_id"])]
    for row in found.to_dict("records"):
        yield (
            f"accuracy.csv: {row['displaced_by']} counts instead of {row['report_id']} "
            f"(same patients, same flag): {row['reason']}"
        )


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _mended_by_adding(folder: str, errors: pd.DataFrame) -> bool:
    """Say whether some broken references would hold beside the packaged evidence."""
    from backpain_stats.evidence import check_folder

    broken = int((errors["code"] == "reference").sum())
    if not broken:
        return False
    added = check_folder(folder, add=True).errors
    return int((added["code"] == "reference").sum()) < broken


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats template my_evidence\n"
    "  (fill in my_evidence/accuracy.csv and the files it refers to)\n"
    "  backpain-stats check my_evidence --add\n"
    "  backpain-stats lr --evidence my_evidence --add\n"
)
@click.argument("folder", type=click.Path())
@click.option("--force", "--overwrite", is_flag=True, help="Replace files of the same names.")
def template(folder: str, force: bool) -> None:
    """Write empty evidence files into FOLDER, with a page that explains every column.

    README.md beside them holds the comments that CSV cannot; the folder
    "example" one filled, invented row per file. Files that are there already
    are not touched, unless --force is given.
    """
    from pathlib import Path

    from backpain_stats.evidence import README, write_template

    written = write_template(folder, force=force)
    click.echo(f"Wrote {len(written)} files to {folder}; start with {Path(folder) / README}:")
    for path in written:
        click.echo(f"  {path.relative_to(folder)}")


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats flags --family cancer_history\n"
    "  backpain-stats flags --target fracture --format csv > fracture_flags.csv\n"
)
@_target
@click.option(
    "--family", multiple=True, callback=split_names, help="One or several families: age,trauma."
)
@evidence_options
@format_option
def flags(
    target: Target | None, family: list[str], folder: str | None, add: bool, output_format: str
) -> None:
    """List the red flags by family, and how often each was measured and endorsed.

    "reports" counts the published results on its accuracy, "usable" those
    whose figures can be used, "displaced" those of them for which another
    report on the same patients counts, "lists" the guidelines and pages that
    name the flag.
    """
    from backpain_stats.published import flag_overview

    table = flag_overview(read_evidence(folder, add=add), target, family=family or None)
    measured = int((table["reports"] > 0).sum())
    write_frame(table, output_format, note=f"{len(table)} flags, {measured} of them measured.")


@command(
    epilog="\b\nExample:\n"
    "  backpain-stats lr --target malignancy --setting primary_care --flag cancer_history\n"
    "  (LR+ 15.1, 95% interval 4.9 to 42.5 over the 20 tables that fit the printed figures)\n"
)
@_target
@_setting
@click.option(
    "--flag",
    multiple=True,
    callback=split_names,
    help="One or several flags: age_50,cancer_history.",
)
@_level
@_method
@_correction
@evidence_options
@format_option
def lr(flag: list[str], folder: str | None, add: bool, output_format: str, **options: Any) -> None:
    """Likelihood ratios of the published evidence, one row a flag and cohort.

    Where several tables fit what was printed, the row gives the middle one and
    the interval over all of them. Contradictory reports stay, without a
    figure. csv and json hold every column, and the reasons in full.
    """
    from backpain_stats.published import likelihood_ratios

    found = likelihood_ratios(read_evidence(folder, add=add), flag=flag or None, **options)
    if output_format not in TO_READ:
        write_frame(found, output_format)
        return
    table = found[["flag_id", "study", "target", "setting", "tables"]].copy()
    for name, label in (("lr_positive", "LR+"), ("lr_negative", "LR-")):
        table[label] = _column(format_number, found, name)
    table["remark"] = [_remark(row) for _, row in found.iterrows()]
    note = f"Intervals: {format_level(options['level'])}, {options['method']}"
    if options["correction"] != "none":
        note += f", correction {options['correction']}"
    write_frame(table, "table", note=f"{note}.")


def _column(
    write: Callable[[float], str],
    found: pd.DataFrame,
    name: str,
    ends: tuple[str, str] | None = None,
) -> list[str]:
    """Write each number of a column with its interval; what is not known is left out."""
    low, high = ends or (f"{name}_low", f"{name}_high")
    texts = []
    for value, lowest, highest in zip(found[name], found[low], found[high], strict=True):
        text = "" if math.isnan(value) else write(value)
        known = text and not math.isnan(lowest)
        texts.append(f"{text} ({write(lowest)} to {write(highest)})" if known else text)
    return texts


_REMARKS = {
    "no_cases": "no cases: specificity only",
    "only_cases": "only cases: sensitivity only",
    "impossible": "impossible: no table prints these figures",
    "non_cases_unknown": "sensitivity only",
    "cases_unknown": "specificity only",
    "ratio_only": "only the ratio is printed",
    "bound_only": "only a bound is printed",
    "no_denominators": "denominators not printed",
    "no_figure": "no figure is printed",
    "too_little": "too little is printed",
    "case_control": "case-control study",
    "indirect_population": "indirect: other patients",
    "indirect_target": "indirect: another target",
    "indirect_both": "indirect: other patients, another target",
}


def _remark(row: pd.Series) -> str:
    """Say in a few words what the reader of one row has to know."""
    words = [_REMARKS[code] for code in row["reason_code"].split(";") if code in _REMARKS]
    if row["displaced_by"]:
        words.insert(0, f"{row['displaced_by']} counts instead ({row['displaced_because']})")
    return "; ".join(words)


@command(
    Needs("carry_over", ["setting"]),
    epilog="\b\nExample:\n"
    "  backpain-stats posttest cancer_history --setting primary_care\n"
    "  backpain-stats posttest cancer_history --setting emergency --pretest 7/482\n"
    "  backpain-stats posttest age_50 --pretest '0.1% to 0.7%' --interval pretest_range\n",
)
@click.argument("flag", callback=split_names)
@click.option("--target", default="malignancy", show_default=True, help="The condition.")
@_setting
@click.option(
    "--pretest",
    help="Pre-test: 0.01, 1%, 13/1975, '0.1% to 0.7%', or cohort.  "
    "[default: the published prevalence of the setting]",
)
@click.option("--prevalence", "prevalence_id", help="The row of prevalence.csv to take it from.")
@click.option(
    "--result", default="both", show_default=True, help="The flag is: positive, negative, both."
)
@click.option(
    "--interval",
    default="full",
    show_default=True,
    help="full, published (pre-test taken as known) or pretest_range.",
)
@click.option("--carry-over", is_flag=True, help="Show reports from other settings as well.")
@click.option("--indirect", is_flag=True, help="Apply ratios of other patients or targets too.")
@_level
@_method
@_correction
@evidence_options
@format_option
def posttest(
    flag: list[str], folder: str | None, add: bool, output_format: str, **options: Any
) -> None:
    """Post-test probability after a FLAG, always with its pre-test.

    Without --setting every report is shown at the prevalence of its own setting.
    """
    from backpain_stats.published import posttest as compute

    found = compute(read_evidence(folder, add=add), flag, **options)
    if output_format not in TO_READ:
        write_frame(found, output_format)
        return
    table = found[["flag_id", "study", "setting", "result"]].copy()
    table["pre-test"] = [
        "" if math.isnan(value) else format_percent(value) for value in found["pretest"]
    ]
    table["LR"] = _column(format_number, found, "lr")
    table["post-test"] = _column(format_percent, found, "estimate", ("ci_low", "ci_high"))
    table["remark"] = found["reason"]
    sources = "; ".join(dict.fromkeys(text for text in found["pretest_source"].dropna() if text))
    note = f"Pre-test: {sources or 'none'}. Interval: {options['interval']}."
    write_frame(table, "table", note=note)
