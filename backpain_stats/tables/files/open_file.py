"""From bytes to a sheet of cells: text with a separator, Excel, a data package of Cochrane."""

from __future__ import annotations

import csv
import io
import re
import stat
import warnings
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from backpain_stats.checks import kind_at, optional_import, reading
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.tables.files.names import CELLS, role_of
from backpain_stats.tables.files.sheet import Sheet, header_score, sheet_of_rows
from backpain_stats.tables.files.unclear import UnclearTablesError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["open_sheet"]

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
# First bytes of what is no text, and what to do instead.
_NOT_READ = {
    b"\xd0\xcf\x11\xe0": "an old Excel (.xls) or a locked Excel file; save it as .xlsx or CSV",
    b"%PDF": "a PDF file; type its table into a CSV file",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"PAR1": "a Parquet file; read it with pandas and hand in the frame",
    b"RDX": "an R data file; write it with write.csv in R",
}
_MOST_BYTES = 50_000_000
# The files of a data package that hold 2x2 tables, the better one first.
_OF_REVMAN = ("study-test-data.csv", "data-rows.csv")
_RM5 = (
    "is a RevMan 5 file; how it stores the 2x2 tables of a diagnostic review is not published. "
    "Take the data package of the review (.zip) or a CSV export of its data tables instead"
)


def open_sheet(path: Path, sheet: str | None, asked: frozenset[str]) -> Sheet:
    """Read one file.

    Parameters
    ----------
    path : pathlib.Path
        Text with a separator, ``.xlsx``, or a data package (``.zip``).
    sheet : str or None
        Which sheet of a workbook, or which file of a data package.
    asked : frozenset of str
        Names of columns the caller gave, in lower case.

    Raises
    ------
    DataError
        If it cannot be read, or, as a question, if it holds several tables.
    ArgumentError
        If ``sheet`` is given for a file that has none, or names none.
    MissingExtraError
        If ``.xlsx`` is to be read and openpyxl is not installed.
    """
    with reading(path):
        kind = kind_at(path)
        if kind not in (None, stat.S_IFREG):
            what = "a directory" if kind == stat.S_IFDIR else "no regular file"
            raise DataError(f"{str(path)!r} cannot be read: it is {what}")
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path.name} has more than {_MOST_BYTES // 10**6} MB: no table of 2x2")
        data = path.read_bytes()
    for magic, what in _NOT_READ.items():
        if data.startswith(magic):
            raise DataError(f"{path.name} is {what}")
    if path.suffix.lower() == ".rm5" or b"<COCHRANE_REVIEW" in data[:4096]:
        raise DataError(f"{path.name} {_RM5}")
    if data.startswith(b"PK\x03\x04"):
        return _archive(data, path, sheet, asked)
    if sheet is not None:
        raise ArgumentError(f"sheet is {sheet!r}, but {path.name} is text and has no sheets")
    return _text(data, path.name, asked)


def _archive(data: bytes, path: Path, sheet: str | None, asked: frozenset[str]) -> Sheet:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise DataError(f"{path.name} unpacks to more than {_MOST_BYTES // 10**6} MB")
            names = archive.namelist()
            if "xl/workbook.xml" in names:
                return _workbook(data, path.name, sheet, asked)
            if "content.xml" in names or "xl/workbook.bin" in names:
                raise DataError(
                    f"{path.name} is an OpenDocument or binary Excel file; save it as .xlsx or CSV"
                )
            texts = {name: archive.read(name) for name in names if name.lower().endswith(".csv")}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise DataError(f"{path.name} is a damaged or locked zip or Excel file") from error
    return _package(texts, path.name, sheet, asked)


def _package(
    texts: dict[str, bytes], where: str, sheet: str | None, asked: frozenset[str]
) -> Sheet:
    """Return the 2x2 tables of a data package: the file whose header names the four cells."""
    short = {PurePosixPath(name).name: name for name in texts}

    def read(name: str) -> Sheet:
        return _text(texts[short[name]], f"{where}: {name}", asked).with_remarks(f"from {name}")

    if sheet is not None:
        return read(_chosen(sheet, list(short), where))
    holding = [name for name in sorted(short) if _holds_tables(texts[short[name]])]
    for end in _OF_REVMAN:
        ending = [name for name in holding if name.endswith(end)]
        if len(ending) == 1:
            return read(ending[0])
    if not holding:
        raise DataError(
            f"{where} holds no file with columns TP, FP, FN and TN (a data package of an "
            "intervention review has none); files: " + (", ".join(sorted(short)) or "no CSV")
        )
    return read(_only_one(holding, where, "files with 2x2 tables"))


def _holds_tables(data: bytes) -> bool:
    first = data[:20_000].decode("utf-8-sig", errors="replace").splitlines()[:1]
    header = next(csv.reader(first), [])
    return set(CELLS) <= {role_of(name) for name in header}


def _chosen(sheet: str, names: Sequence[str], where: str) -> str:
    if sheet not in names:
        raise ArgumentError(f"sheet is {sheet!r}; {where} has: {', '.join(names) or 'none'}")
    return sheet


def _only_one(names: Sequence[str], where: str, what: str) -> str:
    if len(names) > 1:
        raise UnclearTablesError(
            f"{where} has {len(names)} {what} ({', '.join(names)}): choose one, such as ",
            ("sheet", names[0]),
        )
    return names[0]


def _text(data: bytes, where: str, asked: frozenset[str]) -> Sheet:
    text, remarks = _decoded(data, where)
    if not text.strip():
        raise DataError(f"{where} is an empty file")
    head = "\n".join(text.splitlines()[:40])

    def score(separator: str) -> int:
        found = csv.reader(io.StringIO(head), delimiter=separator, skipinitialspace=True)
        try:
            return max((header_score(cells, asked) for cells in found), default=0)
        except csv.Error:
            return 0

    # max() keeps the first of equals: the comma
    separator = max(_SEPARATORS, key=score)
    if separator != ",":
        remarks.append(f"separated by {_SEPARATORS[separator]}")
    rows = _records(text, separator, where)
    decimal_comma = separator != ","
    return sheet_of_rows(
        rows, where, asked=asked, remarks=tuple(remarks), decimal_comma=decimal_comma
    )


def _decoded(data: bytes, where: str) -> tuple[str, list[str]]:
    """Return the text, and what to say of its encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), []
        except UnicodeDecodeError as error:
            raise DataError(f"{where} is damaged UTF-16 text") from error
    if b"\x00" in data:
        raise DataError(f"{where} contains zero bytes: it is not text")
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        try:
            return data.decode("cp1252"), ["letters read as Windows-1252"]
        except UnicodeDecodeError as error:
            raise DataError(
                f"{where} is neither UTF-8 nor Windows-1252 text (byte 0x{data[error.start]:02X}); "
                "save it as CSV, UTF-8"
            ) from error


def _records(text: str, separator: str, where: str) -> list[tuple[str, list[str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True,
        skipinitialspace=separator == " ",
    )  # fmt: skip
    records: list[tuple[str, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if separator == " " and cells and not cells[-1]:
                cells.pop()  # a blank at the end of the line
            records.append((f"line {start}", cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{where} cannot be read from line {start} on: a quotation mark is not closed or not "
            "doubled, or a cell is far too long"
        ) from error
    return records


def _workbook(data: bytes, where: str, sheet: str | None, asked: frozenset[str]) -> Sheet:
    """Return a sheet of an Excel file: values as they were last calculated and saved."""
    openpyxl = optional_import("openpyxl", "excel", "reading an Excel file")
    load: Callable[..., Any] = openpyxl.load_workbook
    try:
        with warnings.catch_warnings():
            # openpyxl warns of what it leaves out, such as drop-down lists: no values
            warnings.simplefilter("ignore")
            values = load(io.BytesIO(data), data_only=True)
            formulas = load(io.BytesIO(data))
    except Exception as error:  # openpyxl documents no errors of its own; a damaged file has many
        raise DataError(f"{where} is a damaged or locked Excel file") from error
    by_name = {one.title: one for one in values.worksheets}
    if sheet is None:
        holding = [name for name, one in by_name.items() if _best_score(one, asked) > 1]
        filled = [name for name, one in by_name.items() if one.max_row > 1]
        candidates = holding or filled or list(by_name)
        if not candidates:
            raise DataError(f"{where} has no sheet of cells")
        name = _only_one(candidates, where, "sheets with tables")
    else:
        name = _chosen(sheet, list(by_name), where)
    remarks = (f"sheet {name}",) if len(by_name) > 1 else ()
    return _worksheet(by_name[name], formulas[name], where, asked, remarks)


def _best_score(cells: Worksheet, asked: frozenset[str]) -> int:
    rows = cells.iter_rows(max_row=20, values_only=True)
    return max((header_score(row, asked) for row in rows), default=0)


def _worksheet(
    cells: Worksheet,
    formulas: Worksheet,
    where: str,
    asked: frozenset[str],
    remarks: tuple[str, ...],
) -> Sheet:
    """Return the cells; refuse where what one sees is not what is stored."""
    merged = [str(one) for one in cells.merged_cells.ranges if one.max_row > one.min_row]
    if merged:
        raise DataError(
            f"{where}: cells {', '.join(merged[:5])} are merged over several rows; split them and "
            "give every row its own values"
        )
    for row in formulas.iter_rows():
        for cell in row:
            stored = cells[cell.coordinate].value
            if cell.data_type == "f" and stored is None:
                raise DataError(
                    f"{where}: cell {cell.coordinate} is a formula whose value was not saved; open "
                    "the file in a spreadsheet program, save it, and try again"
                )
    hidden = sum(bool(one.hidden) for one in cells.row_dimensions.values())
    if hidden:
        remarks = (*remarks, f"{hidden} hidden row{'s' * (hidden > 1)} read as well")
    rows = [
        (f"row {number}", [_plain(value) for value in row])
        for number, row in enumerate(cells.iter_rows(values_only=True), start=1)
    ]
    return sheet_of_rows(rows, where, asked=asked, remarks=remarks)


def _plain(value: Any) -> Any:
    """Return a cell's value; a date stays one, and is then no count."""
    if isinstance(value, str):
        return re.sub(r"\s+", " ", value).strip()
    return value if not isinstance(value, (date, time)) else value.isoformat()
