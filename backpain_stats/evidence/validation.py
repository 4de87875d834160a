"""Is a folder of evidence files valid? Every problem of every file, at once.

Cells are checked with pandera, file by file; what concerns several cells or
several files is in :mod:`backpain_stats.evidence.consistency`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import nearest
from backpain_stats.errors import DataError
from backpain_stats.evidence.consistency import consistency_problems
from backpain_stats.evidence.problems import Problem
from backpain_stats.evidence.reading import RawTable, read_table, typed_frame
from backpain_stats.evidence.schema import TABLES, Column, Table
from backpain_stats.printed.cells import number, numbers

if TYPE_CHECKING:
    import pandera.pandas as pandera

__all__ = ["read_folder"]

# Files that would be evidence if they were CSV: passing over them in silence
# would lose data.
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


def read_folder(
    path: str | PathLike[str], packaged: Mapping[str, pd.DataFrame] | None = None
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Read and check a folder of evidence files.

    Parameters
    ----------
    path : path-like
        The folder.
    packaged : mapping of str to DataFrame, optional
        Frames the folder is added to: its rows may refer to them and must not
        use their names again.

    Returns
    -------
    frames : dict of str to DataFrame
        One frame an evidence file, typed; of use only if no problem is an error.
    problems : list of Problem
        Every error and every warning.

    Raises
    ------
    DataError
        If the folder does not exist, is a file, or holds no evidence file.
    """
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"there is no folder {str(path)!r}")
    if not folder.is_dir():
        raise DataError(f"{str(path)!r} is a file; give the folder that holds the evidence files")
    raw: dict[str, RawTable] = {}
    problems = _strange_files(folder)
    present = [table for table in TABLES.values() if (folder / table.file).is_file()]
    if not present and not problems:
        names = ", ".join(table.file for table in TABLES.values())
        raise DataError(f"the folder {str(path)!r} holds no evidence file; it may hold: {names}")
    for table in present:
        read, found = read_table(folder / table.file, table)
        problems += found
        if read is not None:
            raw[table.name] = read
            problems += _cell_problems(read)
    unread = {table.name for table in present} - set(raw)
    problems += consistency_problems(raw, unread, packaged or {})
    return {name: typed_frame(raw.get(name), table) for name, table in TABLES.items()}, problems


def _strange_files(folder: Path) -> list[Problem]:
    """Return the files that look like evidence but would not be read."""
    known = [table.file for table in TABLES.values()]
    problems = []
    for entry in sorted(folder.iterdir()):
        suffix = entry.suffix.lower()
        if entry.is_dir() or entry.name in known or suffix not in (".csv", ".tsv", *_SPREADSHEETS):
            continue
        close = nearest(entry.name.lower(), known)
        hint = f"did you mean {close[0]}?" if close else f"files: {', '.join(known)}"
        if suffix in _SPREADSHEETS:
            hint = "export each sheet as CSV, UTF-8; " + hint
        problems.append(Problem(entry.name, "is not an evidence file and would not be read", hint))
    return problems


def _cell_problems(raw: RawTable) -> list[Problem]:
    """Check every cell of one file with pandera and translate what it found."""
    import pandera.errors

    problems = _absent_columns(raw)
    try:
        _schema(raw.table).validate(raw.frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        found = errors.failure_cases[["column", "check", "failure_case", "index"]]
        problems += [_translate(raw, *case) for case in found.itertuples(index=False, name=None)]
    return problems


@cache
def _schema(table: Table) -> pandera.DataFrameSchema:
    """Return the pandera schema of one file, all of its cells still text."""
    import pandera.pandas as pandera

    def column_schema(column: Column) -> pandera.Column:
        checks = []
        if column.allowed or column.pattern is not None:
            checks.append(pandera.Check(partial(_has_form, column=column), name="form"))
        if np.isfinite(column.bounds).any():
            checks.append(pandera.Check(partial(_is_inside, column=column), name="range"))
        return pandera.Column(
            nullable=not column.required,
            required=column.required,
            unique=table.key == (column.name,),
            report_duplicates="exclude_first",
            checks=checks,
        )

    return pandera.DataFrameSchema(
        {column.name: column_schema(column) for column in table.columns},
        unique=list(table.key) if len(table.key) > 1 else None,
        report_duplicates="exclude_first",
    )


def _has_form(cells: pd.Series, column: Column) -> pd.Series:
    """Say of each cell whether it is in its vocabulary or fits its pattern."""
    if column.pattern is None:
        return cells.isin(column.allowed) | cells.isna()
    return cells.str.fullmatch(column.pattern).fillna(value=True).astype(bool)


def _is_inside(cells: pd.Series, column: Column) -> pd.Series:
    """Say of each cell whether its number is within bounds; other cells pass here."""
    low, high = column.bounds
    return ~(numbers(cells) < low) & ~(numbers(cells) > high)


def _translate(raw: RawTable, column: object, check: str, value: object, row: object) -> Problem:
    """Turn one failure case of pandera into a problem in plain words."""
    table = raw.table
    if check == "column_in_dataframe":
        name = str(value)
        description = table.column(name).description
        return Problem(table.file, "column is missing", f"it must be there: {description}", 1, name)
    name = str(column)
    spec = table.column(name)
    line = raw.line(int(row), name)  # type: ignore[call-overload]
    shown = "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
    if check == "not_nullable":
        what, allowed = "cell is empty", f"it must be filled in: {spec.description}"
    elif check in ("field_uniqueness", "multiple_fields_uniqueness"):
        what, allowed = "is there already, further up", "each name once: " + ", ".join(table.key)
    elif check == "range":
        low, high = spec.bounds
        what, allowed = "is out of range", f"{low:g} to {high:g}{_percent_hint(shown)}"
    elif check == "form":
        what, allowed = _form_problem(spec, shown)
    else:
        what, allowed = f"fails the check {check!r}", spec.description
    return Problem(table.file, what, allowed, line, name, shown)


_FORMS = {
    "integer": ("is not a whole number", "digits only, or empty if not printed"),
    "year": ("is not a year", "four digits, or empty if not known"),
    "level": ("is not a level", "a number between 0 and 1, such as 0.95"),
    "doi": ("is not a DOI", "it starts with 10., for example 10.1136/bmj.f7095"),
    "identifier": ("is not a name", "letters, digits, _ - and ., no spaces"),
    "identifiers": (
        "is not a list of names",
        "letters, digits, _ - and ., no spaces; several separated by semicolons",
    ),
}


def _form_problem(column: Column, value: str) -> tuple[str, str]:
    """Say what form a cell should have, and what its writer probably meant."""
    if value != value.strip():
        return "has spaces around it", repr(value.strip())
    if column.allowed:
        close = nearest(value, column.allowed)
        hint = f"; did you mean {close[0]}?" if close else ""
        return "is not in the vocabulary", ", ".join(column.allowed) + hint
    hint = _decimal_comma_hint(value) or _percent_hint(value) if column.printed else ""
    what, allowed = _FORMS.get(
        column.kind, ("is not a number", "a number as printed, perhaps with < or >")
    )
    return what, allowed + hint


def _decimal_comma_hint(value: str) -> str:
    dotted = value.replace(",", ".")
    return f"; write {dotted}" if value.count(",") == 1 and number(dotted) is not None else ""


def _percent_hint(value: str) -> str:
    """Say how a percentage is written, keeping the printed digits."""
    sign, digits = ("", value) if value[:1] not in "<>" else (value[:1], value[1:])
    digits = digits.rstrip("% ")
    if number(digits) is None or not 1 < float(digits) <= 100:
        return ""
    return f"; {digits}% is written {sign}{Decimal(digits).scaleb(-2)}"


def _absent_columns(raw: RawTable) -> list[Problem]:
    """Say which optional columns are not there; they are read as empty."""
    absent = [
        column.name
        for column in raw.table.columns
        if not column.required and column.name not in raw.frame.columns
    ]
    if not absent:
        return []
    what = f"column(s) not there, read as empty: {', '.join(absent)}"
    return [Problem(raw.table.file, what, line=1, severity="note")]
