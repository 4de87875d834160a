"""Reading one CSV file as it is: every cell as text, every row with its line.

Nothing is repaired. A file that can be read in only one way is read; one that
could mean two things is read with a warning or refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from backpain_stats.checks import nearest
from backpain_stats.evidence.problems import Problem
from backpain_stats.evidence.schema import Column, Table

__all__ = ["RawTable", "read_table", "typed_frame"]

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


@dataclass(frozen=True, slots=True)
class RawTable:
    """The cells of one file as text, in the file's own column order.

    Parameters
    ----------
    table : Table
        What the file should look like.
    frame : pandas.DataFrame
        Its cells; empty ones are ``pd.NA``.
    lines : sequence of int
        Physical line on which each row starts.
    """

    table: Table
    frame: pd.DataFrame
    lines: Sequence[int]

    def line(self, row: int, column: str) -> int:
        """Return the physical line of a cell: rows may span lines within quotes."""
        if column not in self.frame.columns:
            return self.lines[row]
        before = self.frame.iloc[row, : self.frame.columns.get_loc(column)].fillna("")
        return self.lines[row] + sum(len(_LINE_END.findall(cell)) for cell in before)


def read_table(path: Path, table: Table) -> tuple[RawTable | None, list[Problem]]:
    """Read one file.

    Returns
    -------
    RawTable or None
        None if the file could not be read at all.
    list of Problem
        What was found on the way; unknown and missing columns are left to
        validation.
    """
    text, problems = _decode(path)
    if text is None:
        return None, problems
    separator, found = _separator(text, table, path.name)
    problems += found
    if separator is None:
        return None, problems
    records, found = _records(text, separator, path.name)
    problems += found
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
        found = _row_problems(cells, header, table.file, line)
        problems += found
        if not found:
            rows.append(cells)
            lines.append(line)
    frame = pd.DataFrame(rows, columns=header, dtype="string").replace("", pd.NA)
    return RawTable(table, frame, lines), problems


def typed_frame(raw: RawTable | None, table: Table) -> pd.DataFrame:
    """Return the frame with every column in its place and of its type; no file, no rows."""
    if raw is None:
        return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in table.columns})
    # What is not a number has been reported as an error; the frame is then not used.
    texts = raw.frame.reindex(columns=table.names)
    frame = {column.name: _typed_column(texts[column.name], column) for column in table.columns}
    return pd.DataFrame(frame).reset_index(drop=True)


def _typed_column(cells: pd.Series, column: Column) -> pd.Series:
    """Return the cells of one column in its type; where empty means a word, that word."""
    if column.dtype != "string":
        return pd.to_numeric(cells, errors="coerce").astype(column.dtype)
    texts = cells.astype("string")
    return texts.fillna(column.empty_means) if column.empty_means else texts


def _present_names(header: list[str], table: Table) -> list[str]:
    """Return the header with former names of columns replaced by the present ones."""
    renamed = {former: column.name for column in table.columns for former in column.former_names}
    return [renamed.get(name, name) for name in header]


def _decode(path: Path) -> tuple[str | None, list[Problem]]:
    """Return the file's text, or say why these bytes are not UTF-8 text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, [Problem(path.name, f"cannot be read: {error.strerror}")]
    for magic, kind in _NOT_TEXT.items():
        if data.startswith(magic):
            return None, [Problem(path.name, f"is {kind}, not CSV", _SAVE)]
    if not data.strip():
        return None, [
            Problem(path.name, "is an empty file", "a header line, even without rows below it")
        ]
    if b"\x00" in data:
        return None, [Problem(path.name, "contains zero bytes: it is not text", _SAVE)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - 20)
        context = data[start : error.end + 10].decode("cp1252", errors="replace")
        line = len(_LINE_END.findall(data[: error.start].decode("latin-1"))) + 1
        return None, [
            Problem(
                path.name,
                f"byte 0x{data[error.start]:02X} is not UTF-8; the file seems to be Latin-1 or "
                "Windows-1252, which cannot be told apart with certainty",
                _SAVE,
                line,
                value=_LINE_END.split(context)[0],
            )
        ]
    return text, []


def _separator(text: str, table: Table, file: str) -> tuple[str | None, list[Problem]]:
    """Return the separator that splits the first line into the most known columns."""
    first = next((line for line in _LINE_END.split(text) if line.strip()), "")
    known = {
        separator: sum(cell.strip('" ') in table.names for cell in first.split(separator))
        for separator in _SEPARATORS
    }
    best = max(known, key=lambda separator: known[separator])
    if known[best] == 0:
        return None, [
            Problem(
                file,
                "the first line names no known column; it must be the header",
                f"columns: {', '.join(table.names)}",
                1,
                value=first[:80],
            )
        ]
    if best == "," or known[best] == known[","]:
        return ",", []
    return best, [
        Problem(
            file,
            f"is separated by {_SEPARATORS[best]} and was read so",
            "a comma",
            1,
            severity="warning",
        )
    ]


def _records(
    text: str, separator: str, file: str
) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
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
        return records, [
            Problem(
                file,
                f"cannot be read from here on ({error}): a quotation mark is not closed or not "
                "doubled",
                'a cell with a quotation mark is written "so ""quoted"" here"',
                start,
            )
        ]
    return records, []


def _header_problems(header: list[str], table: Table, line: int) -> list[Problem]:
    """Return the columns that are repeated or not known; nothing in them would be read."""
    problems = []
    for position, name in enumerate(header, start=1):
        if name and name in header[: position - 1]:
            problems.append(
                Problem(table.file, "column is there twice", "each column once", line, name)
            )
        elif name not in table.names:
            close = nearest(name.strip().lower(), table.names)
            hint = f"did you mean {close[0]}?" if close else f"columns: {', '.join(table.names)}"
            what = "unexpected column" if name else f"column number {position} has no name"
            problems.append(Problem(table.file, what, hint, line, name, name))
    return problems


def _row_problems(cells: list[str], header: list[str], file: str, line: int) -> list[Problem]:
    """Say whether a record has another number of cells than the header, or is all empty."""
    if not any(cell.strip() for cell in cells):
        return [Problem(file, "the row is empty", "delete the line", line)]
    if len(cells) != len(header):
        return [
            Problem(
                file,
                f"the row has {len(cells)} cells, the header {len(header)}",
                "one cell a column; a cell with a comma is quoted",
                line,
                value=", ".join(cells)[:80],
            )
        ]
    return []
