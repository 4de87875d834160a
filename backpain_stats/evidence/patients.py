"""The only patients: pain types in 464 people with low back pain, kept beside the package."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import pandas as pd

from backpain_stats.checks import kind_at, reading
from backpain_stats.errors import DataError
from backpain_stats.evidence.check_cells import cell_problems
from backpain_stats.evidence.columns import Column, Table
from backpain_stats.evidence.files import (
    folder_to_read,
    not_a_file,
    packaged_folder,
    read_table,
    typed_frame,
)
from backpain_stats.evidence.problems import list_problems, problem_frame

__all__ = ["CRITERIA", "PAIN_TYPES", "load_patients", "patients_table"]

PAIN_TYPES = ("nociceptive", "peripheral_neuropathic", "central_neuropathic")
CRITERIA = Table(
    "smart2011_criteria",
    "The eleven clinical criteria of the patient file.",
    ("criterion",),
    (
        Column("criterion", "Name of the column.", "identifier", True),
        Column("description", "What the criterion says.", required=True),
    ),
)


def patients_table(criteria: dict[str, str]) -> Table:
    """Describe the file of the patients: one column per criterion.

    Parameters
    ----------
    criteria : dict of str to str
        Name of each column and what its criterion says.
    """
    findings = (
        Column(
            name, f"{text}: 1 present, 0 absent, empty not recorded.", "category", False, ("0", "1")
        )
        for name, text in criteria.items()
    )
    return Table(
        "smart2011_patients",
        "Patients with low back pain, their criteria and their pain type.",
        ("patient",),
        (
            Column("patient", "Number of the patient.", "integer", True),
            *findings,
            Column("pain_type", "Pain type of the clinicians.", "category", True, PAIN_TYPES),
        ),
    )


def load_patients(path: str | PathLike[str] | None = None) -> pd.DataFrame:
    """Load the patient-level data of Smart 2011.

    464 patients with low back pain, with or without leg pain; eleven clinical
    criteria each, and the pain type the clinicians assigned. The data show
    whether multiplying likelihood ratios gives honest probabilities when
    several findings are present in one patient. The target is the pain type:
    nothing here is evidence about malignancy or any other serious condition.

    Parameters
    ----------
    path : path-like, optional
        A folder with ``smart2011_patients.csv`` (columns ``patient``,
        ``criterion_2`` to ``criterion_37``, ``pain_type``) and
        ``smart2011_criteria.csv`` (``criterion, description``). Without it the
        folder ``data/patients`` of a checkout of the repository is read.

    Returns
    -------
    pandas.DataFrame
        Columns ``patient``; ``criterion_2`` to ``criterion_37`` (1 present, 0
        absent, ``pd.NA`` not recorded: five cells); ``pain_type``. What each
        criterion says is in ``frame.attrs["criteria"]``, a dict.

    Raises
    ------
    DataError
        If the folder is not there or lacks a file, as an installed package does, or a
        file cannot be read or is not valid.

    Notes
    -----
    The rows come from a package under the GNU General Public License, this one
    is under the MIT licence: so they are not part of its distributions.
    ``data/LICENSE.md`` says more.

    Source: Smart KM, Blake C, Staines A, Doody C. The discriminative validity
    of "nociceptive", "peripheral neuropathic", and "central sensitization" as
    mechanisms-based classifications of musculoskeletal pain. Clin J Pain
    2011;27:655-63. The eleven criteria are those kept by Fop M, Smart KM,
    Murphy TB. Ann Appl Stat 2017;11:2080-2110,
    https://doi.org/10.1214/17-AOAS1061. Read from the data set ``lowbackpain``
    of the R package flexord.

    Examples
    --------
    >>> from backpain_stats import load_patients
    >>> patients = load_patients()
    >>> patients["pain_type"].value_counts().to_dict()
    {'nociceptive': 256, 'central_neuropathic': 106, 'peripheral_neuropathic': 102}
    >>> int(patients.isna().sum().sum())
    5
    """
    folder = packaged_folder() / "patients" if path is None else folder_to_read(path)
    criteria = _read(folder, CRITERIA)
    says = dict(zip(criteria["criterion"], criteria["description"], strict=True))
    patients = _read(folder, patients_table(says))
    patients = patients.astype(dict.fromkeys(says, "Int64"))
    patients.attrs["criteria"] = says
    return patients


def _read(folder: Path, table: Table) -> pd.DataFrame:
    """Read one of the two files, or say where they can be had."""
    file = folder / table.file
    with reading(folder):
        absent = kind_at(file) is None
    if absent:
        raise DataError(
            f"there is no {table.file} in {str(folder)!r}. The patients' rows are not distributed "
            "with the package, for their licence is another: take the folder data/patients of its "
            "repository, or the data set lowbackpain of the R package flexord, and give "
            "load_patients(path) the folder"
        )
    if kind := not_a_file(file):
        raise DataError(f"{str(file)!r} is {kind}")
    raw, problems = read_table(file, table)
    if raw is not None:
        problems += cell_problems(raw)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or raw is None:
        raise DataError(f"{table.file} cannot be used:\n{list_problems(problem_frame(errors))}")
    return typed_frame(raw, table)
