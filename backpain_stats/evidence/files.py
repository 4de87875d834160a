"""From bytes to cells: one CSV file as it is, every cell as text, every row with its line.

Nothing is repaired. A file that can be read in only one way is read; one that
could mean two things is read with a warning or refused.
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from backpain_stats.checks import check_path, kind_at, nearest, reading
from backpain_stats.errors import DataError
from backpain_stats.evidence.columns import Column, Table
from backpain_stats.evidence.packaged import packaged_folder
from backpain_stats.evidence.problems import Problem, ProblemCode

__all__ = [
    "RawTable",
    "folder_to_read",
    "not_a_file",
    "packaged_folder",
    "read_table",
    "typed_frame",
]

_LINE_END = re.compile(r"\r\n|\r|\n")
_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
# First bytes of what is sometimes renamed to .csv.
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel (.xlsx) or other zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel (.xls) file",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_SAVE = "save it as CSV, UTF-8, separated by commas"
_KINDS_OF_FILE = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class RawTable:
    """The cells of one file as text, in the file's own column order.

    Parameters
    ----------
    table : Table
        What the file should look like.
    header : sequence of str
        Its columns, former names replaced by the present ones.
    rows : sequence of sequence of str
        Its cells, one per column of the header; empty ones are ``""``.
    lines : sequence of int
        Physical line on which each row starts.
    """

    table: Table
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    def column(self, name: str) -> list[str]:
        """Return the cells of one column; all of them empty, if the file lacks it."""
        if name not in self.header:
            return [""] * len(self.rows)
        position = self.header.index(name)
        return [cells[position] for cells in self.rows]

    def records(self) -> list[dict[str, str]]:
        """Return the rows by column name, with every column of the table."""
        names = self.table.names
        columns = [self.column(name) for name in names]
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def line(self, row: int, column: str) -> int:
        """Return the physical line of a cell: rows may span lines within quotes."""
        if column not in self.header:
            return self.lines[row]
        before = self.rows[row][: self.header.index(column)]
        return self.lines[row] + sum(len(_LINE_END.findall(cell)) for cell in before)

    @property
    def frame(self) -> pd.DataFrame:
        """The cells as a frame of text, in the file's own order; empty ones are ``pd.NA``."""
        frame = pd.DataFrame(list(self.rows), columns=list(self.header), dtype="string")
        return frame.replace("", pd.NA)


def typed_frame(raw: RawTable | None, table: Table) -> pd.DataFrame:
    """Return the frame with every column in its place and of its type; no file, no rows.

    A cell that is not valid is missing in the frame: it has been reported as an
    error, and the frame is then not used.
    """
    columns = {
        column.name: _typed(raw.column(column.name) if raw is not None else [], column)
        for column in table.columns
    }
    return pd.DataFrame(columns)


def _typed(cells: Sequence[str], column: Column) -> pd.Series:
    """Return the cells of one column in its type; where empty means a word, that word."""
    if column.dtype == "string":
        texts = [cell or column.empty_means or None for cell in cells]
        return pd.Series(texts, dtype="string")
    convert = float if column.dtype == "Float64" else int
    numbers = [convert(cell) if cell and not column.refusal(cell) else None for cell in cells]
    return pd.Series(numbers, dtype=column.dtype)


def folder_to_read(path: object) -> Path:
    """Return the path of a folder that a caller named.

    Raises
    ------
    ArgumentError
        If it is no path, or its name is empty.
    DataError
        If it does not exist, may not be looked at, or is a file.
    """
    folder = check_path(path, "folder")
    with reading(folder):
        kind = kind_at(folder)
    if kind is None:
        raise DataError(f"there is no folder {str(folder)!r}")
    if kind != stat.S_IFDIR:
        raise DataError(f"{str(folder)!r} is a file; give the folder that holds the files")
    return folder


def not_a_file(path: Path) -> str:
    """Say what stands at ``path`` in place of a regular file; empty if it is one.

    Nothing is opened: reading from a pipe would wait for ever.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        linked = os.path.islink(path)  # of a place that may not be looked at it says no
        return "a link that leads nowhere" if linked else f"not readable: {error.strerror}"
    return "" if stat.S_ISREG(mode) else _KINDS_OF_FILE.get(stat.S_IFMT(mode), "no regular file")


def read_table(path: Path, table: Table) -> tuple[RawTable | None, list[Problem]]:
    """Read one file.

    Returns
    -------
    RawTable or None
        None if the file could not be read at all.
    list of Problem
        What came up on the way; missing columns and the cells are left to the checks.
    """
    text, problem = _decode(path)
    if text is None:
        return None, [problem] if problem else []
    separator, problem = _separator(text, table, path.name)
    problems = [problem] if problem else []
    if separator is None:
        return None, problems
    records, problem = _records(text, separator, path.name)
    if problem:
        problems.append(problem)
    if not records:
        return None, problems
    (header_line, header), *body = records
    header = _present_names(header, table)
    problems += _header_problems(header, table, header_line)
    if len(set(header)) < len(header):
        return None, problems
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, cells in body:
        problem = _row_problem(cells, header, table.file, line)
        if problem:
            problems.append(problem)
        else:
            rows.append(cells)
            lines.append(line)
    return RawTable(table, header, rows, lines), problems


def _decode(path: Path) -> tuple[str | None, Problem | None]:
    """Return the file's text, or say why these bytes are not UTF-8 text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, Problem(path.name, "file", f"cannot be read: {error.strerror}")
    for magic, kind in _NOT_TEXT.items():
        if data.startswith(magic):
            return None, Problem(path.name, "file", f"is {kind}, not CSV", _SAVE)
    if not data.strip():
        allowed = "a header line, even without rows below it"
        return None, Problem(path.name, "file", "is an empty file", allowed)
    # A zero byte further down is the fault of one cell, and is named there.
    if b"\x00" in data.lstrip().splitlines()[0]:
        return None, Problem(path.name, "file", "contains zero bytes: it is not text", _SAVE, 1)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - 20)
        context = data[start : error.end + 10].decode("cp1252", errors="replace")
        return None, Problem(
            path.name,
            "file",
            f"byte 0x{data[error.start]:02X} is not UTF-8; the file seems to be Latin-1 or "
            "Windows-1252, which cannot be told apart with certainty",
            _SAVE,
            _line_of(data, error.start),
            value=_LINE_END.split(context)[0],
        )


def _line_of(data: bytes, position: int) -> int:
    """Return the physical line on which a byte stands."""
    return len(_LINE_END.findall(data[:position].decode("latin-1"))) + 1


def _separator(text: str, table: Table, file: str) -> tuple[str | None, Problem | None]:
    """Return the separator that splits the first line into the most known columns."""
    first = next((line for line in _LINE_END.split(text) if line.strip()), "")
    names = {*table.names, *(former for column in table.columns for former in column.former_names)}
    known = {
        separator: sum(cell.strip('" ') in names for cell in first.split(separator))
        for separator in _SEPARATORS
    }
    best = max(known, key=lambda separator: known[separator])
    if known[best] == 0:
        what = "the first line names no known column; it must be the header"
        allowed = f"columns: {', '.join(table.names)}"
        return None, Problem(file, "header", what, allowed, 1, value=first[:80])
    if best == "," or known[best] == known[","]:
        return ",", None
    what = f"is separated by {_SEPARATORS[best]} and was read so"
    return best, Problem(file, "file", what, "a comma", 1, severity="warning")


def _records(
    text: str, separator: str, file: str
) -> tuple[list[tuple[int, list[str]]], Problem | None]:
    """Return each record with the physical line on which it starts; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if cells:
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        return records, Problem(
            file,
            "file",
            f"cannot be read from here on ({error}): a quotation mark is not closed or not "
            "doubled, or a cell is far too long",
            'a cell with a quotation mark is written "so ""quoted"" here"',
            start,
        )
    return records, None


def _present_names(header: Sequence[str], table: Table) -> list[str]:
    """Return the header with former names of columns replaced by the present ones."""
    renamed = {former: column.name for column in table.columns for former in column.former_names}
    return [renamed.get(name, name) for name in header]


def _header_problems(header: Sequence[str], table: Table, line: int) -> list[Problem]:
    """Return the columns that are repeated or not known; nothing in them would be read."""
    problems = []
    for position, name in enumerate(header, start=1):
        if name and name in header[: position - 1]:
            what, allowed = "column is there twice", "each column once"
            problems.append(Problem(table.file, "header", what, allowed, line, name))
        elif name not in table.names:
            close = nearest(name.strip().lower(), table.names)
            hint = f"did you mean {close[0]}?" if close else f"columns: {', '.join(table.names)}"
            code: ProblemCode = "unknown_column" if name else "header"
            what = "unexpected column" if name else f"column number {position} has no name"
            problems.append(Problem(table.file, code, what, hint, line, name, name))
    return problems


def _row_problem(
    cells: Sequence[str], header: Sequence[str], file: str, line: int
) -> Problem | None:
    """Say whether a record has another number of cells than the header, or is all empty."""
    if not any(cell.strip() for cell in cells):
        return Problem(file, "row", "the row is empty", "delete the line", line)
    if len(cells) != len(header):
        what = f"the row has {len(cells)} cells, the header {len(header)}"
        allowed = "one cell per column; a cell with a comma is quoted"
        return Problem(file, "row", what, allowed, line, value=", ".join(cells)[:80])
    return None
