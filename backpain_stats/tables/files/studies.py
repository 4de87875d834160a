"""What each row is called: the study it is of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from backpain_stats.checks import check_column, listed
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.tables.files.counts import is_missing
from backpain_stats.tables.files.names import AUTHOR, STUDY, YEAR, word_in
from backpain_stats.tables.files.sheet import Sheet

__all__ = ["StudyNames", "covariate", "plain_text", "study_names"]


@dataclass(frozen=True, slots=True)
class StudyNames:
    """The name of each row, and where it is from.

    Parameters
    ----------
    names : list of str
    places : tuple of int
        The columns they are made of; none if the rows were numbered.
    origin : str
        The same in words.
    """

    names: list[str]
    places: tuple[int, ...]
    origin: str


def plain_text(cell: Any) -> str:
    """Return a cell as text, whole numbers without decimals, nothing for a missing one.

    Examples
    --------
    >>> plain_text(" Deyo "), plain_text(1997.0), plain_text(None)
    ('Deyo', '1997', '')
    """
    if is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def study_names(
    sheet: Sheet, rows: Sequence[int], study: Sequence[str] | None, used: Collection[int]
) -> StudyNames:
    """Name the rows by the columns asked for, or by those that are usual.

    Parameters
    ----------
    sheet : Sheet
    rows : sequence of int
        The rows that have counts; the others need no name.
    study : sequence of str or None
        Columns whose cells make up the name.
    used : collection of int
        Columns that hold counts.
    """
    if study is not None:
        return _checked(sheet, rows, _joined(sheet, _asked(sheet, study)))
    header = ["" if place in used else name for place, name in enumerate(sheet.header)]
    first = word_in(header, STUDY)
    year = word_in(header, YEAR)
    if first is None:
        return _unnamed(sheet, rows)
    alone = _joined(sheet, [first])
    if year is None:
        return _checked(sheet, rows, alone)
    with_year = _joined(sheet, [first, year])
    is_author = first == word_in(header, AUTHOR)
    # A year is added to a study's name only where that tells all studies apart.
    repeated = _repeats(alone, rows) and not _repeats(with_year, rows)
    return _checked(sheet, rows, with_year if is_author or repeated else alone)


def _asked(sheet: Sheet, study: Sequence[str]) -> list[int]:
    if not study:
        raise ArgumentError("study is an empty list; give the column(s) that name a study")
    places = []
    for name in study:
        place = sheet.named(check_column(name, "study"))
        if place is None:
            header = ", ".join(filter(None, sheet.header))
            raise ArgumentError(f"study has {name!r}; {sheet.where} has: {header}")
        places.append(place)
    return places


def _joined(sheet: Sheet, places: Sequence[int]) -> StudyNames:
    cells = [[plain_text(cell) for cell in sheet.columns[place]] for place in places]
    # without its first part, the author, a year would pass for a name
    names = [
        " ".join(filter(None, parts)) if parts[0] else "" for parts in zip(*cells, strict=True)
    ]
    shown = [sheet.header[place] or "the row names" for place in places]
    return StudyNames(names, tuple(places), " and ".join(shown))


def _repeats(found: StudyNames, rows: Sequence[int]) -> bool:
    names = [found.names[row] for row in rows]
    return len(set(names)) < len(names)


def _unnamed(sheet: Sheet, rows: Sequence[int]) -> StudyNames:
    """Name rows by the row names, if they are more than a count; else number them."""
    if sheet.header and not sheet.header[0]:
        found = _joined(sheet, [0])
        if not _counting(found.names):
            return _checked(sheet, rows, found)
    names = [f"Study {number}" for number in range(1, len(sheet.labels) + 1)]
    return StudyNames(names, (), "")


def _counting(names: Sequence[str]) -> bool:
    """Return whether row names only count the rows."""
    return any(list(names) == [str(start + row) for row in range(len(names))] for start in (0, 1))


def _checked(sheet: Sheet, rows: Sequence[int], found: StudyNames) -> StudyNames:
    nameless = [sheet.labels[row] for row in rows if not found.names[row]]
    if nameless:
        raise DataError(
            f"{sheet.where} has no study name in {listed(nameless)} (column "
            f"{found.origin}); each row needs its own"
        )
    return found


def covariate(cells: pd.Series, decimal_comma: bool) -> pd.Series:
    """Return a column of a file as numbers if all its filled cells are, else as text."""
    texts = pd.Series([None if is_missing(cell) else cell for cell in cells], dtype=object)
    filled = texts.dropna()
    if not len(filled):
        return texts
    for swap in (False, True)[: 1 + decimal_comma]:
        tried = filled.map(
            lambda cell, swap=swap: (
                cell.replace(",", ".") if swap and isinstance(cell, str) else cell
            )
        )
        numbers = pd.to_numeric(tried, errors="coerce")
        if numbers.notna().all() and not any(isinstance(cell, bool) for cell in filled):
            return numbers.reindex(texts.index)
    return pd.Series(texts.tolist())
