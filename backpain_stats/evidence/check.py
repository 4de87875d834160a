"""A folder of evidence files: read, and checked for every problem of every file at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import pandas as pd

from backpain_stats.checks import check_truth, nearest, reading
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.evidence.check_cells import cell_problems
from backpain_stats.evidence.check_names import known_rows, name_problems
from backpain_stats.evidence.check_rows import row_problems
from backpain_stats.evidence.files import (
    RawTable,
    folder_to_read,
    not_a_file,
    packaged_folder,
    read_table,
    typed_frame,
)
from backpain_stats.evidence.instruments import INSTRUMENTS_FILE
from backpain_stats.evidence.problems import Problem, problem_frame
from backpain_stats.evidence.schema import TABLES

__all__ = ["CheckedFolder", "check_folder", "packaged_files"]

# Files that would be evidence if they were CSV: passing over them in silence
# would lose data.
# Packaged beside the evidence, and none of it: what was learned from patients and tests elsewhere,
# and the instruments of study quality.
_BESIDE = ("dependence.csv", "heterogeneity.csv", INSTRUMENTS_FILE)
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


@dataclass(frozen=True, slots=True)
class CheckedFolder:
    """A folder of evidence files, read and checked.

    Parameters
    ----------
    files : mapping of str to RawTable
        The files that are there and could be read.
    problems : pandas.DataFrame
        Every error, warning and note, one row per problem.
    """

    files: Mapping[str, RawTable]
    problems: pd.DataFrame

    @property
    def errors(self) -> pd.DataFrame:
        """The problems because of which the evidence cannot be used."""
        return self.problems[self.problems["severity"] == "error"]

    @property
    def rows(self) -> int:
        """Number of rows in all files."""
        return sum(len(raw.rows) for raw in self.files.values())

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return one typed frame per evidence file; of use only without errors."""
        return {name: typed_frame(self.files.get(name), table) for name, table in TABLES.items()}


def packaged_files() -> dict[str, RawTable]:
    """Read the packaged files; that they are valid is a test of the package."""
    folder = packaged_folder()
    tables = {
        name: read_table(folder / table.file, table)[0]
        for name, table in TABLES.items()
        if not table.optional
    }
    return {name: raw for name, raw in tables.items() if raw is not None}


def check_folder(path: str | PathLike[str] | None = None, *, add: bool = False) -> CheckedFolder:
    """Read and check a folder of evidence files.

    Parameters
    ----------
    path : path-like, optional
        The folder; without it, the packaged one.
    add : bool, default False
        Whether the folder is added to the packaged evidence: its rows may refer
        to it and must not use its names again.

    Raises
    ------
    DataError
        If the folder does not exist, cannot be read, is a file, or holds no evidence file.
    ArgumentError
        If ``add`` is given without a folder, or the name of the folder is empty.
    """
    if check_truth(add, "add") and path is None:
        raise ArgumentError("add=True needs the path of a folder to add")
    folder = packaged_folder() if path is None else folder_to_read(path)
    with reading(folder):
        entries = sorted(folder.iterdir())
        problems = _strange_files(entries)
    names = {entry.name for entry in entries}
    present = [table for table in TABLES.values() if table.file in names]
    if not present and not problems:
        known_files = ", ".join(table.file for table in TABLES.values())
        raise DataError(
            f"the folder {str(folder)!r} holds no evidence file; it may hold: {known_files}"
        )
    files: dict[str, RawTable] = {}
    for table in present:
        if kind := not_a_file(folder / table.file):
            allowed = "a file; if there is nothing to say, delete it"
            problems.append(Problem(table.file, "file", f"is {kind}", allowed))
            continue
        raw, reading_problems = read_table(folder / table.file, table)
        problems += reading_problems
        if raw is not None:
            files[table.name] = raw
    unread = {table.name for table in present} - set(files)
    packaged = packaged_files() if add else {}
    known = known_rows(files, packaged)
    own_words = {"target": known["targets"], "setting": known["settings"]}
    for raw in files.values():
        problems += cell_problems(raw, own_words)
        problems += row_problems(raw, known["cohorts"])
    problems += name_problems(files, unread, packaged, known)
    return CheckedFolder(files, problem_frame(problems))


def _strange_files(entries: Sequence[Path]) -> list[Problem]:
    """Return the files that look like evidence but would not be read."""
    known = [table.file for table in TABLES.values()]
    problems = []
    for entry in entries:
        suffix = entry.suffix.lower()
        if (
            entry.is_dir()
            or entry.name in (*known, *_BESIDE)
            or suffix not in (".csv", ".tsv", *_SPREADSHEETS)
        ):
            continue
        close = nearest(entry.name.lower(), known)
        hint = f"did you mean {close[0]}?" if close else f"files: {', '.join(known)}"
        if suffix in _SPREADSHEETS:
            hint = "export each sheet as CSV, UTF-8; " + hint
        what = "is not an evidence file and would not be read"
        problems.append(Problem(entry.name, "file", what, hint))
    return problems
