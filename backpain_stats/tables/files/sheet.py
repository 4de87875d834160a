"""A sheet of cells, wherever it came from: a header, rows, and what to call each row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from backpain_stats.errors import DataError
from backpain_stats.tables.files.names import STUDY, normal, role_of, split_name

__all__ = ["Sheet", "header_score", "sheet_of_frame", "sheet_of_rows"]

# Titles and notes above a header; further down it is no header any more.
_LINES_ABOVE = 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and the rows below it.

    Parameters
    ----------
    where : str
        What to call it in a message.
    header : tuple of str
        Names of the columns; an empty one stands for row names.
    columns : tuple of pandas.Series
        The cells, one series a column, all with the same index.
    labels : tuple of str
        What to call each row: ``"line 3"``.
    remarks : tuple of str
        What a reader should know of how it was read.
    decimal_comma : bool
        Whether ``1,5`` is a number here.
    """

    where: str
    header: tuple[str, ...]
    columns: tuple[pd.Series, ...]
    labels: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    decimal_comma: bool = False

    def named(self, name: str) -> int | None:
        """Return the position of a column: by its name, or by the only one alike but for case."""
        if self.header.count(name) == 1:
            return self.header.index(name)
        folded = [one.strip().casefold() for one in self.header]
        wanted = name.strip().casefold()
        return folded.index(wanted) if folded.count(wanted) == 1 else None

    def with_remarks(self, *remarks: str) -> Sheet:
        """Return the same sheet with more to say of it."""
        return replace(self, remarks=(*self.remarks, *remarks))


def header_score(cells: Sequence[Any], asked: frozenset[str] = frozenset()) -> int:
    """Return how many of these cells are names of columns of 2x2 tables, or were asked for."""
    names = [cell for cell in cells if isinstance(cell, str)]
    return sum(
        bool(role_of(name) or split_name(name) or name.strip().casefold() in asked)
        for name in names
    )


def sheet_of_rows(
    rows: Sequence[tuple[str, Sequence[Any]]],
    where: str,
    *,
    asked: frozenset[str] = frozenset(),
    remarks: tuple[str, ...] = (),
    decimal_comma: bool = False,
) -> Sheet:
    """Find the header among the first rows and return the sheet below it.

    Parameters
    ----------
    rows : sequence of (str, sequence)
        What to call each row, and its cells; rows without anything are skipped.
    where : str
        What to call the file.
    asked : frozenset of str
        Names of columns the caller gave, in lower case.
    remarks, decimal_comma
        As in :class:`Sheet`.
    """
    filled = [(label, list(cells)) for label, cells in rows if not _empty(cells)]
    if not filled:
        raise DataError(f"{where} is empty: no header and no rows")
    scores = [header_score(cells, asked) for _, cells in filled[:_LINES_ABOVE]]
    best = max(scores)
    # two names are a header wherever it stands; fewer are one only where a header belongs
    start = scores.index(best) if best > 1 else 0
    if start:
        remarks = (*remarks, f"header in {filled[start][0]}")
    header = ["" if cell is None else " ".join(str(cell).split()) for cell in filled[start][1]]
    body = filled[start + 1 :]
    if body and all(len(cells) == len(header) + 1 for _, cells in body):
        if _empty([cells[-1] for _, cells in body]):
            header.append("")  # a separator at the end of each row
        elif _row_names([str(cells[0]).strip() for _, cells in body], header):
            header.insert(0, "")
    even = [_even(label, cells, header, where) for label, cells in body]
    while len(header) > 1 and not header[-1]:
        header.pop()
    columns = tuple(
        pd.Series([cells[position] for cells in even], dtype=object)
        for position in range(len(header))
    )
    labels = tuple(label for label, _ in body)
    return Sheet(where, tuple(header), columns, labels, remarks, decimal_comma)


def _row_names(first: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether the first cells are row names, which R writes without a column's name.

    Else the cell too many may be the last, and everything would move by a column.
    """
    if first == [str(row) for row in range(1, len(first) + 1)] and len(first) > 2:
        return True
    names_study = any(normal(name) in STUDY for name in header)
    return not names_study and not any(re.fullmatch(r"[\d.,+-]*", cell) for cell in first)


def _empty(cells: Sequence[Any]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _even(label: str, cells: Sequence[Any], header: Sequence[str], where: str) -> list[Any]:
    """Return the cells below the header: as many as it has, and none below no name."""
    if len(cells) != len(header):
        raise DataError(
            f"{where}, {label}: the row has {len(cells)} cells, the header {len(header)}; each row "
            "needs one cell a column (a cell with the separator in it is quoted; a note below the "
            "table is deleted)"
        )
    if not _empty([cell for cell, name in zip(cells[1:], header[1:], strict=True) if not name]):
        raise DataError(f"{where}, {label}: a cell is filled in a column without a name; name it")
    return list(cells)


def sheet_of_frame(frame: pd.DataFrame, where: str) -> Sheet:
    """Return a data frame as a sheet; names in its index come first, as row names."""
    if isinstance(frame.columns, pd.MultiIndex):
        raise DataError(f"{where} has columns of several levels; give each column one name")
    header = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    index = frame.index
    if index.dtype.kind not in "iuf" and not isinstance(index, pd.MultiIndex):
        header.insert(0, "" if index.name is None else str(index.name))
        columns.insert(0, pd.Series(index, index=index))
    labels = tuple(f"row {label!r}" for label in index.tolist())
    return Sheet(where, tuple(header), tuple(columns), labels)
