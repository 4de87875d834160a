"""The group ``evidence``: folders of evidence, what they hold, and what is added to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backpain_stats.cli.evidence import check, displaced_reports, template
from backpain_stats.cli.options import CheckedGroup
from backpain_stats.cli.output import evidence_options, format_option, read_evidence, write_frame
from backpain_stats.evidence import read_table_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from backpain_stats.evidence import Evidence

# What a list of names shows of each row.
LISTED = {
    "sources": ("source_id", "kind", "year", "doi", "citation"),
    "cohorts": ("cohort_id", "study_id", "target", "setting", "n", "n_cases", "population_note"),
    "prevalence": ("prevalence_id", "target", "setting", "n", "n_cases", "prevalence", "sample"),
    "flags": ("flag_id", "label", "category", "family"),
}


@click.group(
    cls=CheckedGroup,
    epilog="\b\nExample:\n"
    "  backpain-stats evidence cohorts --target malignancy\n"
    "  backpain-stats evidence add mine --tables table3.csv --source 10.1136/bmj.f7095\n"
    "  backpain-stats evidence check mine --add\n",
)
def evidence() -> None:
    """Folders of evidence: write them out, list their names, add to them, check them.

    The packaged evidence, or a folder of your own; see "template" for the files.
    """


evidence.add_command(check)
evidence.add_command(template)


@evidence.command(
    epilog="\b\nExample:\n"
    "  backpain-stats evidence export all_evidence\n"
    "  (change what you know better)\n"
    "  backpain-stats diff --evidence all_evidence\n"
)
@click.argument("folder", type=click.Path())
@click.option("--force", "--overwrite", is_flag=True, help="Replace files of the same names.")
def export(folder: str, force: bool) -> None:
    """Write the packaged evidence into FOLDER, to be changed.

    The folder then stands by itself: use it with --evidence FOLDER, without
    --add. Rows of your own beside the packaged ones need no copy: see "add".
    """
    from backpain_stats.evidence import export_evidence

    written = export_evidence(folder, force=force)
    click.echo(f"Wrote {len(written)} files to {folder}; use them with --evidence {folder}.")


def _list_command(name: str) -> None:
    """Register the command that lists the names of one file."""

    @evidence.command(name, help=f"List the {name} by name, with what they are.")
    @click.option("--target", help="Only those of this condition.")
    @click.option("--setting", help="Only those of this setting.")
    @evidence_options
    @format_option
    def listing(folder: str | None, add: bool, output_format: str, **chosen: Any) -> None:
        whole = read_evidence(folder, add=add)
        table = _listed(whole, name, **chosen)
        write_frame(table, output_format, note=f"{len(table)} {name}.")


for _name in LISTED:
    _list_command(_name)


def _listed(whole: Evidence, name: str, target: str | None, setting: str | None) -> pd.DataFrame:
    """Return the names of one file; sources and flags are those that the rows refer to."""
    part = whole.select(target, setting)  # type: ignore[arg-type]
    frame: pd.DataFrame = getattr(part, name)
    if (target, setting) != (None, None) and name in ("flags", "sources"):
        used = (
            set(part.accuracy["flag_id"])
            if name == "flags"
            else {
                *part.accuracy["reported_in"],
                *part.cohorts["source_id"],
                *part.cohorts["study_id"],
                *part.prevalence["reported_in"],
            }
        )
        frame = frame[frame[f"{name.removesuffix('s')}_id"].isin(used)]
    return frame[list(LISTED[name])].reset_index(drop=True)


_ADD_OPTIONS: tuple[Callable[..., Any], ...] = (
    click.option("--tables", type=click.Path(), required=True, metavar="FILE",
                 help="CSV: tp, fp, fn, tn, one row a table, and what differs: flag, study, ..."),
    click.option("--source", required=True, metavar="TEXT",
                 help="Where the tables were read: a citation, a DOI or the name of a source."),
    click.option("--target", help="The condition."),
    click.option("--setting", help="Where the patients were seen; '' if it is not stated."),
    click.option("--flag", help="The flag: its name, its label, or new words."),
    click.option("--study", help="Whose patients they are, such as 'Deyo 1988'."),
    click.option("--kind", help="Of a new source: 'primary study', 'systematic review', ..."),
    click.option("--read", "what_was_read", help="Of a new source: abstract, full text, ..."),
    click.option("--category", help="Of new flags: history, symptom, examination, ..."),
    click.option("--replaces", help="The row that the one table replaces."),
    click.option("--set", "values", multiple=True, metavar="COLUMN=VALUE",
                 help="Any other column, for all rows: --set sample=unselected."),
)  # fmt: skip


def _add_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_ADD_OPTIONS):
        function = option(function)
    return function


@evidence.command(
    may_be_empty=["setting"],
    epilog="\b\nExample:\n"
    "  backpain-stats evidence add mine --tables table3.csv \\\n"
    "      --source 'Author A. A review. Journal 2020;1:1-9' --kind 'systematic review' \\\n"
    "      --read table --target malignancy --setting primary_care\n"
    "  backpain-stats diff --evidence mine --add\n",
)
@click.argument("folder", type=click.Path())
@_add_options
def add(folder: str, tables: str, source: str, values: tuple[str, ...], **given: Any) -> None:
    """Add a plain table of 2x2 tables to the evidence in FOLDER.

    A source, cohort or flag that is there already is used, and what is new gets
    a row. Nothing that is there is changed. What is missing is asked for, all
    of it at once.
    """
    from backpain_stats.evidence import add_tables

    fields = {name: value for name, value in given.items() if value is not None}
    for one in values:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.UsageError(f"--set is {one!r}; it is written COLUMN=VALUE")
        fields[name.strip()] = value.strip()
    added = add_tables(folder, read_table_file(tables), source=source, **fields)
    click.echo(f"{len(added.rows)} rows written to {folder}:")
    write_frame(added.to_frame(), "table")
    for line in (*added.notes, *displaced_reports(folder, add=not added.alone)):
        click.echo(line)
