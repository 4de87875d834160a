"""2x2 tables from a file or a frame, however its columns are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import as_names, check_column, check_mapping, check_path, listed
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.tables.files.counts import Given, four_cells
from backpain_stats.tables.files.layout import Layout, find_layout
from backpain_stats.tables.files.names import CELLS, normal
from backpain_stats.tables.files.open_file import open_sheet
from backpain_stats.tables.files.sheet import Sheet, sheet_of_frame
from backpain_stats.tables.files.studies import StudyNames, covariate, plain_text, study_names
from backpain_stats.tables.files.study_tables import StudyTables
from backpain_stats.tables.files.unclear import UnclearTablesError

__all__ = ["TablesLike", "plain_tables", "read_tables", "rows_of_studies"]

# What a function of 2x2 tables accepts.
TablesLike = pd.DataFrame | StudyTables | str | PathLike[str]
_TOTALS = {"total", "totals", "sum", "overall", "all", "allstudies", "pooled", "combined"}


class _Block(NamedTuple):
    """The tables of one test: the rows kept, their counts, and the rows set aside."""

    test: str
    rows: NDArray[np.intp]
    counts: NDArray[np.float64]
    aside: list[tuple[int, str]]


def read_tables(
    data: TablesLike,
    *,
    columns: Mapping[str, str] | None = None,
    study: str | Sequence[str] | None = None,
    only: Mapping[str, Any] | None = None,
    sheet: str | None = None,
) -> StudyTables:
    r"""Read 2x2 tables of studies, whatever their columns are called.

    Parameters
    ----------
    data : str, path-like, pandas.DataFrame or StudyTables
        A file of text separated by commas, semicolons, tabs, bars or blanks (UTF-8, UTF-16
        or Windows-1252), an Excel file (``.xlsx``, extra ``excel``), the data package of a
        Cochrane review of test accuracy (``.zip``), or a frame.
    columns : mapping of str to str, optional
        Which column holds what, where names do not say: ``{"tp": "TruePos", "cases": "n1"}``.
        May name ``tp, fp, fn, tn``, ``cases`` (tp + fn), ``noncases`` (fp + tn),
        ``positives`` (tp + fp), ``negatives`` (fn + tn) and ``n``.
    study : str or sequence of str, optional
        The column or columns that name a study, such as ``["author", "year"]``.
    only : mapping, optional
        Rows to keep, by a column's value: ``{"test": "CT"}``.
    sheet : str, optional
        The sheet of a workbook, or the file of a data package.

    Returns
    -------
    StudyTables
        ``frame`` has one row per table: ``study``, ``test`` if tests stood side by side,
        ``tp, fp, fn, tn``, and the other columns under their own names. Counts of an arm
        that was not studied are missing. ``understood`` says in one line what was read how,
        ``set_aside`` which rows were not used, and why.

    Raises
    ------
    DataError
        If the file cannot be read, a cell is no count, or columns contradict each other.
        Where a file can be read two ways, the message asks, and names the option that
        answers.
    ArgumentError
        If an option names what there is not.
    MissingExtraError
        If an Excel file is to be read and openpyxl is not installed.

    Notes
    -----
    Recognised without help: ``TP``, ``true_positives``, ``TruePos`` and the like in any
    capitalisation; totals in place of cells (``tp`` with ``n_cases``, ``tn`` with
    ``n_noncases``; R's metadat calls them ``np`` and ``nn``); ``study``, ``StudyID``,
    ``names``, ``author`` with ``year``, row names; tests side by side (``tp1, ..., tp2, ...``
    or ``tp_CT, ..., tp_MRI, ...``). A column whose name has two meanings, such as ``n1`` or
    ``positives``, is never guessed. The page ``docs/tables-from-files.md`` has it all.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("Author;Year;TP;FN;FP;TN\nDeyo;1988;4;9;41;1921\n")
    >>> tables = read_tables(path)
    >>> tables.understood
    '1 study; tp from TP, fp from FP, fn from FN, tn from TN; study from Author and Year; separated by semicolons'
    >>> tables.frame
           study  tp  fp  fn    tn Author  Year
    0  Deyo 1988   4  41   9  1921   Deyo  1988
    """  # noqa: E501 - one line is what is promised
    columns, only = check_mapping(columns, "columns"), check_mapping(only, "only")
    if isinstance(data, StudyTables) and study is None and sheet is None and not columns:
        return _kept(data, only)
    opened = _opened(data, columns, study, sheet)
    layout = find_layout(opened, dict(columns))
    blocks = _blocks(opened, layout)
    counted = sorted({int(row) for block in blocks for row in block.rows})
    parts = None if study is None else as_names(study, "study")
    names = study_names(opened, counted, parts, layout.used)
    blocks = [_without_totals(block, names, opened) for block in blocks]
    frame, places = _assembled(opened, layout, blocks, names, not isinstance(data, (str, PathLike)))
    aside = [(row, reason) for block in blocks for row, reason in block.aside]
    if layout.tests:
        frame, places, twice = _once(frame, places, opened)
        aside += twice
    if not len(frame):
        raise DataError(f"{opened.where} has no rows with counts")
    labels = tuple(opened.labels[row] for row in places)
    set_aside = pd.DataFrame(
        [(opened.labels[row], names.names[row], reason) for row, reason in sorted(set(aside))],
        columns=["row", "study", "reason"],
    )
    origin = tuple(opened.header[place] for place in names.places)
    words = tuple(_words(opened, layout, names))
    tables = StudyTables(frame, set_aside, opened.where, words, origin, labels)
    return _kept(tables, only)


def plain_tables(data: TablesLike, where: str = "the data") -> tuple[pd.DataFrame, str]:
    """Return a frame with ``study, tp, fp, fn, tn`` from whatever a function was handed.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        A frame that has these columns is returned as it is.
    where : str, optional
        What to call a frame in messages.

    Returns
    -------
    pandas.DataFrame, str
        The frame, and what was understood of it; nothing, if there was nothing to read.

    Raises
    ------
    DataError
        As :func:`read_tables`; and if a study has several rows.
    """
    if isinstance(data, pd.DataFrame) and {"study", *CELLS} <= set(data.columns):
        return data, ""
    if not isinstance(data, (pd.DataFrame, StudyTables, str, PathLike)):
        raise DataError(f"{where} must be a pandas DataFrame, not {type(data).__name__}")
    tables = data if isinstance(data, StudyTables) else read_tables(data)
    return tables.one_row_a_study(), f"{tables.where}: {tables.understood}"


def rows_of_studies(data: TablesLike, study: str = "study") -> pd.DataFrame:
    """Return a frame with ``tp, fp, fn, tn`` and a column of studies, each with any rows.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        A frame that has these columns is returned as it is.
    study : str, optional
        The column that names the study.

    Raises
    ------
    DataError
        As :func:`read_tables`; and if nothing names the studies: rows of the same patients
        would pass for studies of their own.
    """
    check_column(study, "study")
    if isinstance(data, pd.DataFrame) and {study, *CELLS} <= set(data.columns):
        return data
    tables = read_tables(data, study=None if study == "study" else study)
    if not tables.study_columns:
        raise UnclearTablesError(
            f"{tables.where} lacks a column that names the study of each row; say which it is, "
            "such as ",
            ("study", "COLUMN"),
        )
    return tables.frame.rename(columns={"study": study})


def _opened(
    data: TablesLike,
    columns: Mapping[str, str] | None,
    study: str | Sequence[str] | None,
    sheet: str | None,
) -> Sheet:
    if isinstance(data, (pd.DataFrame, StudyTables)):
        if sheet is not None:
            raise ArgumentError(f"sheet is {sheet!r}, but a frame has no sheets")
        if isinstance(data, StudyTables):
            return sheet_of_frame(data.frame, data.where)
        return sheet_of_frame(data, "the data")
    if not isinstance(data, (str, PathLike)):
        raise DataError(f"data must be a file or a pandas DataFrame, not {type(data).__name__}")
    asked = [*(columns or {}).values(), *([study] if isinstance(study, str) else study or [])]
    return open_sheet(check_path(data, "file"), sheet, frozenset(map(_folded, asked)))


def _folded(name: object) -> str:
    """Return a name as names of columns are compared."""
    return str(name).strip().casefold()


def _blocks(sheet: Sheet, layout: Layout) -> list[_Block]:
    """Return the counts of each test, rows without any set aside."""
    blocks = []
    for test in layout.tests or [""]:
        roles = layout.columns_of(test) if layout.tests else layout.roles
        given = {
            role: Given(sheet.header[place], list(sheet.columns[place]))
            for role, place in roles.items()
        }
        counts = four_cells(given, sheet.labels, sheet.where)
        nothing = np.isnan(counts).all(axis=1)
        rows = np.flatnonzero(~nothing)
        # beside another test, an empty one was just not given
        aside = [] if layout.tests else [(int(row), "no counts") for row in np.flatnonzero(nothing)]
        blocks.append(_Block(test, rows, counts[rows], aside))
    return blocks


def _without_totals(block: _Block, names: StudyNames, sheet: Sheet) -> _Block:
    """Set a last row aside that is the sum of the others; refuse what may be one or not."""
    if len(block.rows) < 3:
        return block
    row, rest = int(block.rows[-1]), block.counts[:-1]
    name = names.names[row] if names.places else ""
    last = np.nan_to_num(block.counts[-1])
    is_sum = bool(last.any()) and np.array_equal(last, np.nansum(rest, axis=0))
    is_called = normal(name) in _TOTALS
    if is_sum and (is_called or not name):
        aside = [*block.aside, (row, "the sum of the other rows")]
        return block._replace(rows=block.rows[:-1], counts=rest, aside=aside)
    if not is_sum and not is_called:
        return block
    what, way_out = ("is", "move it up") if is_sum else ("is not", "give it another name")
    raise DataError(
        f"{sheet.where}, {sheet.labels[row]}: the row {name!r} {what} the sum of the others; "
        f"delete it if it is a total, {way_out} if it is a study"
    )


def _assembled(
    sheet: Sheet, layout: Layout, blocks: Sequence[_Block], names: StudyNames, as_given: bool
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the long frame, rows in the file's order, and which row of the file each is of."""
    places = np.concatenate([block.rows for block in blocks])
    order = np.argsort(places, kind="stable")
    places = places[order]
    counts = np.concatenate([block.counts for block in blocks])[order]
    tests = np.repeat([block.test for block in blocks], [len(block.rows) for block in blocks])
    tests = tests[order]
    frame: dict[str, Any] = {"study": [names.names[row] for row in places]}
    for stem, of_test in _with_names(layout).items():
        cells = [
            sheet.columns[of_test[test]].iloc[row] if of_test else test
            for row, test in zip(places, tests, strict=True)
        ]
        frame[stem] = covariate(pd.Series(cells, dtype=object), sheet.decimal_comma)
    for position, cell in enumerate(CELLS):
        known = pd.Series(counts[:, position])
        frame[cell] = known.astype("Int64" if known.isna().any() else "int64")
    for place, name in _others(sheet, layout, names):
        column = sheet.columns[place]
        column = column if as_given else covariate(column, sheet.decimal_comma)
        frame[_free(name, frame)] = column.iloc[places].reset_index(drop=True)
    return pd.DataFrame(frame), places


def _with_names(layout: Layout) -> dict[str, Mapping[str, int]]:
    """Return what each test has one of, the test's name first and always."""
    return {"test": {}, **layout.companions} if layout.tests else {}


def _others(sheet: Sheet, layout: Layout, names: StudyNames) -> list[tuple[int, str]]:
    """Return the columns that are carried along, and their names."""
    taken = set(layout.used)
    taken |= {place for place in names.places if len(names.places) == 1}
    taken |= {place for place in names.places if sheet.header[place] == "study"}
    carried = []
    for place, name in enumerate(sheet.header):
        empty = not name and all(not plain_text(cell) for cell in sheet.columns[place])
        if place not in taken and not empty and (name or place):
            carried.append((place, name or f"column {place + 1}"))
    return carried


def _free(name: str, frame: Mapping[str, Any]) -> str:
    """Return a column's name, with an addition if another column has it."""
    while name in frame:
        name = f"{name}_in_file"
    return name


def _once(
    frame: pd.DataFrame, places: NDArray[np.intp], sheet: Sheet
) -> tuple[pd.DataFrame, NDArray[np.intp], list[tuple[int, str]]]:
    """Keep one of equal tables of one test and study: side by side, one stands beside two."""
    again = frame.duplicated(subset=["study", "test", *CELLS]).to_numpy()
    keys = list(frame[["study", "test", *CELLS]].astype(str).itertuples(index=False, name=None))
    reasons = []
    for at in np.flatnonzero(again):
        first = sheet.labels[places[keys.index(keys[at])]]
        test = frame["test"].iloc[int(at)]
        reasons.append((int(places[at]), f"the table of {test} is the same as in {first}"))
    return frame.loc[~again].reset_index(drop=True), places[~again], reasons


def _kept(tables: StudyTables, only: Mapping[str, Any]) -> StudyTables:
    """Return the tables whose columns have the values asked for."""
    kept = np.ones(len(tables.frame), dtype=bool)
    for column, value in only.items():
        kept &= _matches(tables.frame, column, value, tables.where)
    chosen = [f"only {column}={value}" for column, value in only.items()]
    if not kept.any():
        raise ArgumentError(f"{' and '.join(chosen)}: {tables.where} has no such row")
    return replace(
        tables,
        frame=tables.frame.loc[kept].reset_index(drop=True),
        words=(*tables.words, *chosen),
        labels=tuple(label for label, keep in zip(tables.labels, kept, strict=True) if keep),
    )


def _matches(frame: pd.DataFrame, column: str, value: Any, where: str) -> NDArray[np.bool_]:
    """Return the rows in which a column has a value, as it would be written."""
    name = column if column in frame.columns else None
    if name is None:
        alike = [one for one in frame.columns if str(one).casefold() == column.casefold()]
        if len(alike) != 1:
            raise ArgumentError(
                f"only names {column!r}; {where} has: {', '.join(map(str, frame.columns))}"
            )
        name = alike[0]
    texts = [plain_text(cell) for cell in frame[name]]
    wanted = plain_text(value)
    found = np.array([text == wanted for text in texts], dtype=bool)
    if not found.any():
        there = list(dict.fromkeys(filter(None, texts)))
        raise ArgumentError(f"only has {name}={wanted}; {where} has there: {listed(there, 10)}")
    return found


def _words(sheet: Sheet, layout: Layout, names: StudyNames) -> list[str]:
    """Say which columns were read as what."""
    if layout.tests:
        words = [f"{len(layout.tests)} tests side by side ({', '.join(layout.tests)})"]
        if "test" in layout.companions:
            named = [sheet.header[place] for place in layout.companions["test"].values()]
            words = [f"{words[0][:-1]}, named in {' and '.join(named)})"]
        others = [stem for stem in layout.companions if stem != "test"]
        words += [f"of each test: {', '.join(others)}"] if others else []
    else:
        roles = {role: sheet.header[place] for role, place in layout.roles.items()}
        same = all(role == name for role, name in roles.items())
        words = [
            f"{', '.join(roles)} by name"
            if same
            else ", ".join(f"{role} from {name}" for role, name in roles.items())
        ]
        words += _totals(sheet, layout)
    if not names.places:
        words.append("no study names: rows numbered")
    elif names.origin != "study":
        words.append(f"study from {names.origin}")
    return [*words, *sheet.remarks]


def _totals(sheet: Sheet, layout: Layout) -> list[str]:
    """Say what totals were taken for."""
    meant = {
        "cases": "cases = tp + fn",
        "noncases": "noncases = fp + tn",
        "positives": "positives = tp + fp",
        "negatives": "negatives = fn + tn",
        "n": "n = all four",
    }
    return [", ".join(meant[role] for role in layout.roles if role in meant)] if (
        set(layout.roles) - set(CELLS)) else []  # fmt: skip
