"""A plain table of 2x2 tables becomes rows of an evidence folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import (
    check_folder_path,
    check_path,
    kind_at,
    reading,
    require_columns,
    writing,
)
from backpain_stats.errors import ArgumentError, DataError, EvidenceError
from backpain_stats.evidence.check import check_folder, packaged_files
from backpain_stats.evidence.check_names import known_rows
from backpain_stats.evidence.columns import Column, Table
from backpain_stats.evidence.files import RawTable, read_table
from backpain_stats.evidence.new_rows import FIELDS, NewRows, Wanted
from backpain_stats.evidence.problems import list_problems, problem_frame
from backpain_stats.evidence.schema import TABLES
from backpain_stats.evidence.write import file_text
from backpain_stats.result import Result, Shown, grid_of

if TYPE_CHECKING:
    from backpain_stats.evidence.vocabulary import Setting, Target

__all__ = ["AddedRows", "add_tables", "read_table_file"]

COUNTS = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True, slots=True, repr=False)
class AddedRows(Result):
    """What was written into an evidence folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    rows : pandas.DataFrame
        One row per row written: ``file, name, about``.
    alone : bool
        Whether the folder stands by itself (it holds packaged rows, as an exported one
        does); otherwise it is used in addition to the packaged evidence.
    notes : tuple of str
        What was understood, and what was left open.
    """

    folder: Path
    rows: pd.DataFrame
    alone: bool
    notes: tuple[str, ...] = ()

    def _shown(self) -> Shown:
        written = f"{len(self.rows)} rows written to {self.folder}"
        return Shown(written, (grid_of(self.rows),), self.notes)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows written: ``file, name, about``."""
        return self.rows.copy()


def add_tables(
    folder: str | PathLike[str],
    tables: pd.DataFrame,
    *,
    source: str,
    target: Target | None = None,
    setting: Setting | str | None = None,
    flag: str | None = None,
    study: str | None = None,
    **fields: str,
) -> AddedRows:
    """Add 2x2 tables to an evidence folder, with the source, cohorts and flags they need.

    Each row of ``tables`` becomes a row of ``accuracy.csv``. A source, cohort or flag that is
    there already is used; what is new gets a row. Nothing that is there is changed, and
    nothing is written unless the whole folder passes its check.

    Parameters
    ----------
    folder : path-like
        The folder; made if it does not exist. If it holds rows of the packaged evidence (an
        exported folder) it stands by itself, else it is an addition to the packaged evidence.
    tables : pandas.DataFrame
        One row per 2x2 table: ``tp, fp, fn, tn``, and whatever differs from row to row:
        ``flag, study, year, target, setting, n, n_cases`` and any other column of
        ``accuracy.csv``, ``cohorts.csv`` and ``flags.csv``.
    source : str
        Where the tables were read: the name of a source that is there, a DOI, or a citation.
    target, setting, flag, study : str, optional
        What is the same in every row. ``setting=""`` says that it is not stated. The study
        is that of the source itself, if that is a primary study.
    **fields : str
        A value for every row of any other column of those files, and of the source: ``kind``
        and ``what_was_read`` of a new source, ``category`` of new flags, ``sample``,
        ``verification``, ``directness``, ``replaces`` and so on.

    Returns
    -------
    AddedRows
        The rows written, by file and name.

    Raises
    ------
    ArgumentError
        If something is missing or could be read in two ways: one message asks for all of it.
    DataError
        If ``tables`` lacks a column of counts, or the files of the folder cannot be read.
    EvidenceError
        If the folder would not pass its check; every problem is listed.

    Notes
    -----
    A figure of another study than the source is entered as a quotation (``quotes``,
    ``seen_secondary``), and that study gets a source row of its own that says that only the
    quotation was read. What is not given and has an honest "unknown" is left so.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from backpain_stats import add_tables, likelihood_ratios, load_evidence
    >>> tables = pd.DataFrame({"flag": ["cancer_history"], "study": ["Example 2026"],
    ...                        "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     added = add_tables(folder, tables, source="Review B. An invented review. 2027",
    ...                        kind="systematic review", what_was_read="table",
    ...                        target="malignancy", setting="primary_care")
    ...     evidence = load_evidence(folder, add=True)
    >>> added.rows["name"].tolist()
    ['review2027', 'example2026', 'example2026_malignancy', 'example2026_cancer_history']
    >>> found = likelihood_ratios(evidence, flag="cancer_history").set_index("study")
    >>> print(found.loc["example2026", "lr_positive"].round(1))
    14.7
    """
    _check_fields(fields)
    place = check_folder_path(folder)
    present = _present(place)
    packaged = packaged_files()
    alone = _repeats(present, packaged)
    wanted = Wanted(
        source=source,
        fields=fields
        | {
            name: value
            for name, value in
            (("target", target), ("setting", setting), ("flag", flag), ("study", study))
            if value is not None
        },
    )  # fmt: skip
    rows = NewRows(known_rows(present, {} if alone else packaged), wanted)
    rows.read(_records(tables))
    texts = {
        TABLES[name].file: _appended(present.get(name), name, new)
        for name, new in rows.new.items()
        if new
    }
    _write_checked(place, texts, add=not alone)
    return AddedRows(place, rows.frame(), alone, (*rows.notes, _how_to_use(place, alone)))


def read_table_file(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a CSV file of 2x2 tables as text, one row per table.

    Raises
    ------
    DataError
        If it is not there or no CSV file with a header.
    """
    file = check_path(path, "path")
    columns = [Column(name, f"{name} of the 2x2 table.", "integer") for name in COUNTS]
    raw, problems = read_table(file, Table(file.stem, "2x2 tables.", (), tuple(columns)))
    serious = [one for one in problems if one.severity == "error" and one.code != "unknown_column"]
    if raw is None or serious:
        raise DataError(f"{file} cannot be used:\n{list_problems(problem_frame(serious))}")
    return raw.frame


def _how_to_use(place: Path, alone: bool) -> str:
    if alone:
        return f"the folder stands by itself: use it with --evidence {place}"
    return f"the folder adds to the packaged evidence: use it with --evidence {place} --add"


def _check_fields(fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if name not in FIELDS:
            raise ArgumentError(
                f"{name!r} is no column that can be given for all rows; allowed: "
                f"{', '.join(sorted(FIELDS))}"
            )
        if not isinstance(value, str):
            raise ArgumentError(f"{name} is {value!r}; give it as text, as it stands in a file")


def _present(place: Path) -> dict[str, RawTable]:
    """Read the files of the folder that are there; DataError if one cannot be read."""
    files = {}
    for table in _tables_there(place):
        raw, problems = read_table(place / table.file, table)
        if raw is None:
            raise DataError("; ".join(f"{one.file}: {one.problem}" for one in problems))
        files[table.name] = raw
    return files


def _tables_there(place: Path) -> list[Table]:
    """Return the tables whose files the folder has."""
    with reading(place):
        return [table for table in TABLES.values() if kind_at(place / table.file) is not None]


def _repeats(present: Mapping[str, RawTable], packaged: Mapping[str, RawTable]) -> bool:
    """Say whether a folder holds names of packaged rows: it then stands by itself."""
    return any(
        not set(raw.column(raw.table.key[0])).isdisjoint(
            packaged[name].column(raw.table.key[0])
        )
        for name, raw in present.items()
        if name in packaged
    )  # fmt: skip


def _records(tables: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows as text by column, the columns in small letters."""
    require_columns(tables, (), "the tables")
    frame = tables.rename(columns=lambda name: str(name).strip().lower().replace(" ", "_"))
    require_columns(frame, COUNTS, "the table file")
    if frame.empty:
        raise DataError("the table file has no rows")
    return [
        {str(name): _text(cell) for name, cell in row.items()} for row in frame.to_dict("records")
    ]


def _text(cell: object) -> str:
    """Return a cell as it would be typed: whole numbers without a point, missing ones empty."""
    if cell is None or (not isinstance(cell, str) and bool(pd.isna(cell))):  # type: ignore[call-overload]
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _appended(raw: RawTable | None, name: str, new: list[dict[str, str]]) -> str:
    """Return the file with rows at its end; the columns that were there keep their order."""
    table = TABLES[name]
    if raw is None:
        return file_text(table.names, new)
    filled = [column for column in table.names if any(row.get(column) for row in new)]
    header = [*raw.header, *(column for column in filled if column not in raw.header)]
    old = [dict(zip(raw.header, cells, strict=True)) for cells in raw.rows]
    return file_text(header, [*old, *new])


def _write_checked(place: Path, texts: Mapping[str, str], *, add: bool) -> None:
    """Write the files if the folder with them passes its check; else raise EvidenceError."""
    with tempfile.TemporaryDirectory() as name:
        draft = Path(name)
        for table in _tables_there(place):
            with reading(place):
                content = (place / table.file).read_bytes()
            (draft / table.file).write_bytes(content)
        for file, text in texts.items():
            (draft / file).write_text(text, encoding="utf-8", newline="\n")
        checked = check_folder(draft, add=add)
    if len(checked.errors):
        raise EvidenceError(
            "nothing was written: with these rows the folder would not be valid:\n"
            f"{list_problems(checked.errors)}",
            checked.problems,
        )
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            part = place / f"{file}.part"  # a run that is stopped leaves no half a file
            part.write_text(text, encoding="utf-8", newline="\n")
            part.replace(place / file)
