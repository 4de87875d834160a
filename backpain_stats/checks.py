"""Checks of what a user hands in, written once for every room.

Each raises an error of :mod:`backpain_stats.errors` that says what was given,
what is allowed, and where.
"""

from __future__ import annotations

import difflib
import importlib
import numbers
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.errors import (
    ArgumentError,
    DataError,
    MissingExtraError,
    PretestError,
    UnknownNameError,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

COUNT_COLUMNS = ("tp", "fp", "fn", "tn")
# The two cells of the cases, and of the non-cases.
ARMS = (("tp", "fn"), ("fp", "tn"))
# From 2**53 on a double no longer holds every integer.
LARGEST_COUNT = 2**53 - 1
# Each flag is drawn thousands of times: these are seconds and a few hundred megabytes.
MOST_FLAG_ROWS = 1_000


def real_number(value: object) -> float:
    """Return a single real number as a float, NaN for whatever is not one.

    Text and truth values are not numbers here: taken for one, they would turn
    up in a result as they were given.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def real_numbers(values: ArrayLike) -> NDArray[np.float64] | None:
    """Return numbers as an array of floats, None where any is not a real number.

    A missing value written NaN or ``pandas.NA`` stays NaN.
    """
    import pandas as pd

    try:
        given = np.asarray(values)
    except ValueError:  # rows of unequal length
        return None
    if given.dtype.kind in "iuf":
        return given.astype(np.float64)
    if given.dtype != object:
        return None
    cells = [np.nan if cell is pd.NA else cell for cell in given.ravel()]
    found = np.array([real_number(cell) for cell in cells], dtype=np.float64)
    refused = [cell for cell, one in zip(cells, found, strict=True) if np.isnan(one)]
    if not all(isinstance(cell, float) for cell in refused):  # NaN itself is a float
        return None
    return found.reshape(given.shape)


def check_fraction(value: float, name: str, *, closed: bool = False) -> float:
    """Return a single probability; ``closed`` admits 0 and 1 themselves."""
    number = real_number(value)
    if isinstance(value, numbers.Rational) and not isinstance(value, numbers.Integral):
        number = float("nan")  # an exact fraction is no number to numpy
    inside = 0 <= number <= 1 if closed else 0 < number < 1
    if not inside:
        hint = ""
        if np.isfinite(number) and 1 < number <= 100:
            hint = f"; {number:g}% is written {number / 100:g}"
        bounds = "from 0 to 1" if closed else "strictly between 0 and 1"
        raise ArgumentError(f"{name} is {value!r}; it must be a number {bounds}{hint}")
    return number


# A confidence level, strictly between 0 and 1.
check_level = partial(check_fraction, name="level")


def check_pretest(pretest: ArrayLike) -> NDArray[np.float64]:
    """Return pre-test probabilities as an array, each strictly between 0 and 1."""
    values = real_numbers(pretest)
    if values is None:
        raise PretestError(f"pre-test probability {pretest!r} is not a number")
    wrong = ~((values > 0) & (values < 1))
    if np.any(wrong):
        first = float(np.atleast_1d(values)[np.atleast_1d(wrong)][0])
        hint = f"; {first:g}% is written {first / 100:g}" if 1 < first <= 100 else ""
        raise PretestError(
            f"pre-test probability is {first:g}; it must be strictly between 0 and 1{hint}"
        )
    return values


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that look like ``name``."""
    return difflib.get_close_matches(str(name), list(known), n=3, cutoff=0.5)


def unknown_name(name: object, known: Iterable[str], what: str) -> UnknownNameError:
    """Build the error for an unknown name, with the nearest known ones."""
    names = sorted(set(known))
    close = nearest(str(name), names)
    if close:
        tail = f"did you mean {' or '.join(close)}?"
    elif len(names) <= 12:
        tail = f"known: {', '.join(names)}" if names else "none is known"
    else:
        tail = f"there are {len(names)}, for example {', '.join(names[:5])}"
    return UnknownNameError(f"unknown {what} {name!r}: {tail}")


def check_known(name: str, known: Iterable[str], what: str) -> str:
    """Return ``name`` if it is one of ``known``; else raise UnknownNameError."""
    names = list(known)
    try:
        found = bool(name in names)
    except (TypeError, ValueError):  # pandas.NA and arrays have no truth value
        found = False
    if not found:
        raise unknown_name(name, names, what)
    return name


def check_truth(value: object, name: str) -> bool:
    """Return True or False; ArgumentError for anything that would only pass for one."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{name} is {value!r}; give True or False")
    return bool(value)


def check_mapping(value: Mapping[Any, Any] | None, name: str) -> Mapping[Any, Any]:
    """Return a mapping, empty for None; ArgumentError for what is none."""
    if value is not None and not isinstance(value, Mapping):
        raise ArgumentError(f"{name} is {value!r}; give a mapping of names to texts")
    return value or {}


def check_path(value: object, name: str) -> Path:
    """Return a path; ArgumentError for what is neither text nor a path, or names no file."""
    text = os.fspath(value) if isinstance(value, (str, PathLike)) else None
    if not isinstance(text, str):
        raise ArgumentError(f"{name} is {value!r}; give a path")
    if not text:
        raise ArgumentError(f"the name of the {name} is empty; '.' is the current folder")
    try:
        possible = b"\x00" not in os.fsencode(text)
    except UnicodeEncodeError:  # half a letter
        possible = False
    if not possible:
        raise ArgumentError(f"{name} is {text!r}; it holds what no file name can have")
    return Path(text)


def check_folder_path(value: object) -> Path:
    """Return the path of a folder, there or to be made; ArgumentError for a file or no name."""
    place = check_path(value, "folder")
    with writing(place):
        there = (one for one in (place, *place.parents) if kind_at(one) is not None)
        lowest = next(there, place)
        if kind_at(lowest) not in (None, stat.S_IFDIR):
            raise ArgumentError(f"{str(lowest)!r} is a file; give a folder")
    return place


def check_file_path(value: object, name: str) -> Path:
    """Return the path of a file, there or to be made; ArgumentError for what is no file."""
    place = check_path(value, name)
    with writing(place):
        kind = kind_at(place)
    if kind not in (None, stat.S_IFREG):
        what = "a folder" if kind == stat.S_IFDIR else "no regular file"
        raise ArgumentError(f"{str(place)!r} is {what}; give the name of a file to write")
    return place


def kind_at(path: Path) -> int | None:
    """Return the kind of what stands at a path, as :mod:`stat` numbers it; None for nothing.

    Raises
    ------
    OSError
        If the system does not say. ``Path.exists`` then raises or says that nothing is there,
        as the version of Python has it.
    """
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def reading(path: str | PathLike[str]) -> Iterator[None]:
    """Read a file or folder that a caller named; what the system refuses is a DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {_refusal(error, path)}") from error


@contextmanager
def writing(path: str | PathLike[str]) -> Iterator[None]:
    """Write a file or folder that a caller named; what the system refuses is an ArgumentError."""
    try:
        yield
    except OSError as error:
        raise ArgumentError(f"{str(path)!r} cannot be written: {_refusal(error, path)}") from error


def _refusal(error: OSError, path: str | PathLike[str]) -> str:
    """Return the words of the system, with the file they are about if it is another."""
    words = error.strerror or str(error)
    named = error.filename
    return words if named is None or str(named) == str(path) else f"{words} ({named})"


def listed(names: Iterable[str], most: int = 5, between: str = ", ") -> str:
    """Join the first few names for a message, and say how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return between.join(every[:most]) + more


def as_names(value: object, name: str) -> list[str]:
    """Return one name or several as a list; ArgumentError for what is neither."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable):
        raise ArgumentError(f"{name} is {value!r}; give a name or a list of names")
    return list(value)


def check_column(value: object, name: str) -> str:
    """Return the name of a column, or raise ArgumentError."""
    if not isinstance(value, str) or not value:
        raise ArgumentError(f"{name} is {value!r}; give the name of a column")
    return value


def check_choice(value: str, name: str, allowed: Sequence[str]) -> str:
    """Return an option's value if allowed; else raise ArgumentError listing all."""
    if not isinstance(value, str) or value not in allowed:
        close = nearest(value, allowed) if isinstance(value, str) else []
        hint = f"; did you mean {close[0]!r}?" if close else ""
        every = ", ".join(repr(one) for one in allowed)
        raise ArgumentError(f"{name} is {value!r}; allowed: {every}{hint}")
    return value


def check_count(value: Any, name: str) -> int:
    """Return a single non-negative whole number, or raise ArgumentError."""
    try:
        # Python would read 1_0 as ten.
        text = value.replace("_", "?") if isinstance(value, str) else ""
        number = float(text) if isinstance(value, str) else real_number(value)
    except ValueError:
        number = np.nan
    if not (np.isfinite(number) and number >= 0 and number % 1 == 0):
        raise ArgumentError(f"{name} is {value!r}; a count must be a whole number, 0 or more")
    if number > LARGEST_COUNT:
        raise ArgumentError(f"{name} is {value!r}; counts of 2**53 or more are not exact")
    return int(number)


def refuse_many_rows(frame: pd.DataFrame) -> None:
    """Raise DataError for more rows, of a flag each, than can be drawn together."""
    if len(frame) > MOST_FLAG_ROWS:
        raise DataError(
            f"the frame has {len(frame):,} rows; flags are drawn together, at most "
            f"{MOST_FLAG_ROWS:,} of them: select the rows first"
        )


def require_columns(frame: pd.DataFrame, columns: Iterable[str], where: str = "the frame") -> None:
    """Raise DataError naming every column of ``columns`` that ``frame`` lacks."""
    if not hasattr(frame, "columns"):
        raise DataError(f"{where} must be a pandas DataFrame, not {type(frame).__name__}")
    columns = list(columns)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        present = ", ".join(map(str, frame.columns)) or "none"
        raise DataError(
            f"{where} lacks the column(s) {', '.join(map(str, missing))}; it has: {present}"
        )
    named = list(frame.columns)
    twice = [column for column in columns if named.count(column) > 1]
    if twice:
        raise DataError(f"{where} has more than one column named {', '.join(twice)}")


def counts_from_frame(frame: pd.DataFrame, where: str = "the frame") -> NDArray[np.int64]:
    """Return the counts of ``frame`` as an (n, 4) integer array ordered tp, fp, fn, tn.

    Raises
    ------
    DataError
        If a column is missing, or any cell is not a whole number of 0 or more;
        the message names up to five such cells by row label and column.
    """
    require_columns(frame, COUNT_COLUMNS, where)
    counts = np.empty((len(frame), 4), dtype=np.int64)
    wrong: list[str] = []
    for position, column in enumerate(COUNT_COLUMNS):
        values = _column_numbers(frame[column])
        good = (values >= 0) & (np.floor(values) == values) & (values <= LARGEST_COUNT)
        wrong += [
            f"row {_plain(frame.index[int(row)])!r}, column {column}: "
            f"{_plain(frame[column].iloc[int(row)])!r}"
            for row in np.flatnonzero(~good)
        ]
        counts[:, position] = np.where(good, values, 0)
    if wrong:
        raise DataError(
            f"{where} has cells that are not counts (whole numbers, 0 or more): "
            f"{listed(wrong, between='; ')}"
        )
    return counts


def fill_empty_arms(frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return the frame with 0 for arms both of whose cells are empty, and which those are.

    A row without any count stays as it is: it says nothing, and is refused later.
    """
    missing = np.stack([frame[list(arm)].isna().all(axis=1).to_numpy() for arm in ARMS], axis=1)
    missing &= ~missing.all(axis=1, keepdims=True)
    if not missing.any():
        return frame, missing
    cells = {
        cell: frame[cell].astype(object).where(~missing[:, arm], 0)
        for arm, pair in enumerate(ARMS)
        for cell in pair
    }
    return frame.assign(**cells), missing


def _column_numbers(cells: pd.Series) -> NDArray[np.float64]:
    """Return a column as floats; NaN for a cell that is no number, or is a truth value."""
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_object_dtype(cells.dtype):
        unboxed = [np.nan if isinstance(cell, (bool, np.bool_)) else cell for cell in cells]
        try:
            cells = pd.to_numeric(pd.Series(unboxed, dtype=object), errors="coerce")
        except OverflowError:
            return np.array([real_number(cell) for cell in unboxed], dtype=np.float64)
    elif kinds.is_string_dtype(cells.dtype) or isinstance(cells.dtype, pd.CategoricalDtype):
        cells = pd.to_numeric(cells.astype(object), errors="coerce")
    number = kinds.is_numeric_dtype(cells.dtype) and not kinds.is_bool_dtype(cells.dtype)
    if not number or kinds.is_complex_dtype(cells.dtype):
        return np.full(len(cells), np.nan)
    return cells.to_numpy(dtype=np.float64, na_value=np.nan)


def _plain(value: Any) -> Any:
    """Return a numpy scalar as Python's own, so that a message shows -1, not np.int64(-1)."""
    return value.item() if isinstance(value, np.generic) else value


def optional_import(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or raise MissingExtraError with the install line."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs the package {module.split('.', maxsplit=1)[0]}: "
            f"pip install 'backpain-stats[{extra}]'"
        ) from error
