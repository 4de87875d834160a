"""The command ``risk``: one patient, several findings."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import click

from backpain_stats.cli.options import Excludes, Needs, command
from backpain_stats.cli.output import (
    evidence_options,
    format_option,
    read_evidence,
    split_names,
    write_frame,
)
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Setting, Target

# A column of --patients of this name, or the one of --id, names the patients.
PATIENT_ID = "patient_id"


class DependenceName(click.ParamType):
    """A registered dependence model; the registry is asked when the command runs."""

    name = "dependence"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the names in brackets."""
        from backpain_stats.combine.dependence.registry import registered

        return f"[{'|'.join(registered())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a name that is not registered."""
        from backpain_stats.combine.dependence.registry import registered

        if value not in registered():
            self.fail(f"{value!r} is not one of {', '.join(registered())}.", param, ctx)
        return value


@command(
    Excludes("patients", ["present", "absent"]),
    Needs("patient_id", ["patients"]),
    epilog="\b\nExamples:\n"
    "  backpain-stats risk --present cancer_history,age_50 \\\n"
    "      --absent weight_loss_unexplained --setting primary_care\n"
    "  backpain-stats risk --patients patients.csv --format csv\n",
)
@click.option(
    "--present",
    multiple=True,
    callback=split_names,
    help="Flags that were found, and values that were measured: a,b,crp=62.",
)
@click.option(
    "--absent", multiple=True, callback=split_names, help="Flags looked for and not found."
)
@click.option(
    "--patients",
    type=click.Path(),
    metavar="FILE.csv",
    help="Many patients instead: one row each, one column a flag (1, 0, or empty) or a quantity.",
)
@click.option(
    "--id",
    "patient_id",
    metavar="COLUMN",
    help="Column of --patients that names them; it is kept.  [default: patient_id, if there]",
)
@click.option("--target", default="malignancy", show_default=True, help="The condition.")
@click.option(
    "--setting", default="primary_care", show_default=True, help="Where the patient is seen."
)
@click.option(
    "--dependence",
    type=DependenceName(),
    help="How findings hang together within a disease group.  "
    "[default: shrunken; with --rho one-factor]",
)
@click.option(
    "--rho",
    help="Correlation for one-factor dependence: one number, or two for cases,non-cases.  "
    "[default: 0.2]",
)
@click.option(
    "--pretest",
    help="Pre-test probability: 0.01, 1%, 13/1975 or '0.1% to 0.7%'.  "
    "[default: the pooled samples of the setting]",
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Level of intervals.")
@evidence_options
@format_option
def risk(
    *,
    present: list[str],
    absent: list[str],
    patients: str | None,
    patient_id: str | None,
    target: Target,
    setting: Setting,
    dependence: str | None,
    rho: str | None,
    pretest: str | None,
    level: float,
    folder: str | None,
    add: bool,
    output_format: str,
) -> None:
    """Risk of one patient with several findings, or of many patients.

    Flags in neither list count as not assessed. The names of the flags are
    those of the command "flags".
    """
    from backpain_stats.combine.dependence.one_factor import OneFactor
    from backpain_stats.combine.dependence.registry import DEFAULT, dependence_from_words
    from backpain_stats.combine.risk.model import RiskModel

    everybody = None if patients is None else _read_patients(patients, patient_id)
    model = RiskModel(
        read_evidence(folder, add=add),
        target,
        setting,
        dependence=dependence_from_words(
            dependence or (DEFAULT if rho is None else OneFactor.name),
            {} if rho is None else {"rho": rho},
        ),
        pretest=pretest,
    )
    if everybody is not None:
        risks = model.risks(everybody, level=level)
        frame = risks.reset_index() if everybody.index.name else risks
        write_frame(frame, output_format, note=model.dependence.describe())
        return
    found = model.risk(_read_present(present), absent, level=level)
    if output_format == "table":
        click.echo(str(found))
    else:
        write_frame(found.to_frame(), output_format, note="; ".join(found.warnings))


def _read_present(words: list[str]) -> list[str] | dict[str, float]:
    """Return the flags found; with their values if a word is ``quantity=value``."""
    if not any("=" in word for word in words):
        return words
    found: dict[str, float] = {}
    for word in words:
        name, given, value = word.partition("=")
        if name in found:
            raise ArgumentError(f"--present names {name} twice; give it once")
        try:
            found[name] = float(value) if given else True
        except ValueError as error:
            raise ArgumentError(
                f"--present {word}: {value!r} is no number; give quantity=value, such as crp=62"
            ) from error
    return found


def _read_patients(path: str, patient_id: str | None) -> pd.DataFrame:
    """Return the patients of a file, named by the column that names them."""
    import pandas as pd

    try:
        with open(path, encoding="utf-8-sig") as lines, warnings.catch_warnings():
            # A row longer than the header must not lose cells, nor shift them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            header = lines.readline()
            lines.seek(0)
            separator = ";" if ";" in header and "," not in header else ","
            types = {patient_id or PATIENT_ID: str}
            frame = pd.read_csv(lines, sep=separator, dtype=types, index_col=False)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise ArgumentError(f"cannot read {path!r} as a CSV file: {error}") from error
    name = patient_id or PATIENT_ID
    if name in frame.columns:
        return frame.set_index(name)
    if patient_id is not None:
        known = ", ".join(map(str, frame.columns))
        raise ArgumentError(f"{path!r} has no column {patient_id!r}; its columns: {known}")
    # Lines of the file, the header being the first: what an error message then names.
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2), axis=0)
