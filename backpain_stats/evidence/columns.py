"""What a cell of an evidence file may look like: kinds, columns and tables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from backpain_stats.checks import nearest
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.problems import ProblemCode
from backpain_stats.printed import PrintedValue, parse_printed

__all__ = [
    "LIMIT_BOUNDS",
    "MOST_PATIENTS",
    "Column",
    "Kind",
    "Table",
    "count",
    "figure",
    "is_share",
]

Kind = Literal[
    "identifier",  # letters, digits, _ - and .; no spaces
    "identifiers",  # several of them, separated by semicolons
    "text",
    "category",  # one word of a vocabulary
    "integer",
    "year",
    "doi",
    "number",  # a plain decimal number, such as a cut-off
    "level",  # of an interval
    "proportion",  # as printed, 0 to 1
    "pretest",  # a proportion to compute with: a value strictly between 0 and 1
    "proportion_limit",  # an interval end of a proportion: papers print 1.014
    "ratio",  # as printed, 0 or more
    "statistic",  # a proportion or a ratio, as the row's ``statistic`` says
    "statistic_limit",
]
# What is wrong with a cell: the kind of problem, what is wrong, what would be right.
Refusal = tuple[ProblemCode, str, str]

# No study or register counts more patients, and counts up to here are exact in any type.
MOST_PATIENTS = 10**8
# The longest printed figure, "12345 of 100000000 ", has fewer characters; thousands of
# digits are a fault of a program, and cost every later step time.
LONGEST_FIGURE = 40
# A double holds any number of so many digits exactly enough to print it again.
MOST_DIGITS = 15
# Sources print levels such as 0.8, 0.95 and 0.999; beyond these ends it is a slip.
LEVEL_BOUNDS = (0.5, 0.9999)
# Normal-approximation intervals leave [0, 1]: papers print 1.014 and -0.02, and the
# evidence keeps them. With two patients or more such an end is at most
# 0.5 + z * sqrt(0.25 / 2), below 2 for any z up to 4.2 (a level of 99.997%), so an
# end beyond these bounds is a percentage or a slip.
LIMIT_BOUNDS = (-1.0, 2.0)

PRINTED_KINDS: tuple[Kind, ...] = (
    "proportion",
    "pretest",
    "proportion_limit",
    "ratio",
    "statistic",
    "statistic_limit",
)
_NAME = r"[A-Za-z0-9_.\-]+"
_DECIMAL = r"([0-9]+(\.[0-9]+)?|\.[0-9]+)"
# What the reader of printed figures reads, for descriptions of the files; the reader decides.
_FIGURE = rf"([<>]=?|≤|≥)? ?-?{_DECIMAL} ?%?|[0-9]+ ?(of|in|/) ?[0-9]+|infinity|inf|∞"
_PATTERNS: dict[Kind, str] = {
    "identifier": _NAME,
    "identifiers": rf"{_NAME}(;{_NAME})*",
    "integer": r"[0-9]+",
    "year": r"[12][0-9]{3}",
    "doi": r"10\.[0-9]{4,9}/\S+",
    "number": rf"-?{_DECIMAL}",
    "level": r"0?\.[0-9]+",
    **dict.fromkeys(PRINTED_KINDS, _FIGURE),
}
_FORMS: dict[Kind, tuple[str, str]] = {
    "identifier": ("is not a name", "letters, digits, _ - and ., no spaces"),
    "identifiers": (
        "is not a list of names",
        "letters, digits, _ - and ., no spaces; several separated by semicolons",
    ),
    "integer": ("is not a whole number", "digits only, or empty if not printed"),
    "year": ("is not a year", "four digits, or empty if not known"),
    "doi": ("is not a DOI", "it starts with 10., for example 10.1136/bmj.f7095"),
    "number": ("is not a number", "digits, perhaps with a decimal point, such as 50 or 3.5"),
    "level": ("is not a level", "a number between 0 and 1, such as 0.95"),
}
_DTYPES: dict[Kind, str] = {"integer": "Int64", "year": "Int64", "number": "Float64"}
# What no cell holds: control characters (but tabs and line ends, where text may have
# them), and code points that are no characters. Word files and XML cannot hold them.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an evidence file.

    Parameters
    ----------
    name : str
        Its name in the header.
    description : str
        What a cell says.
    kind : str
        What a cell may look like.
    required : bool, default False
        Whether every row must fill it in.
    allowed : tuple of str
        The vocabulary of a ``category``; empty where there is none.
    references : tuple of str
        The files whose key a cell must name; any one of them suffices.
    empty_means : str
        The word an empty cell, or an absent column, counts as; empty where an
        empty cell says nothing.
    former_names : tuple of str
        Names the column had in earlier files; a header may still use them.
    """

    name: str
    description: str
    kind: Kind = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    empty_means: str = ""
    former_names: tuple[str, ...] = ()

    @property
    def pattern(self) -> str | None:
        """Regular expression that a filled cell matches in full, if there is one."""
        return _PATTERNS.get(self.kind)

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number a filled cell may hold."""
        if self.kind in ("proportion", "pretest"):
            return 0.0, 1.0
        if self.kind == "proportion_limit":
            return LIMIT_BOUNDS
        if self.kind == "level":
            return LEVEL_BOUNDS
        if self.kind == "integer":
            return 0, MOST_PATIENTS
        return -math.inf, math.inf

    @property
    def printed(self) -> bool:
        """Whether the cell is a statistic kept as the string that was printed."""
        return self.kind in PRINTED_KINDS

    @property
    def dtype(self) -> str:
        """Type of the column in a frame: numbers are nullable, all else is text."""
        return _DTYPES.get(self.kind, "string")

    def refusal(self, text: str) -> Refusal | None:
        """Say what is wrong with a filled cell; None if nothing is.

        Examples
        --------
        >>> Column("n", "Patients.", "integer").refusal("2e3")[1]
        'is not a whole number'
        """
        if strange := _NO_TEXT.search(text):
            what = f"holds the character U+{ord(strange[0]):04X}, which is no text"
            return "characters", what, "delete it"
        if self.kind == "text":
            return None
        if text != text.strip():
            return "characters", "has spaces around it", repr(text.strip())
        if self.kind in _FORMS and not re.fullmatch(_PATTERNS[self.kind], text):
            return "form", *_FORMS[self.kind]
        further = _FURTHER_CHECKS.get(self.kind)
        return further(self, text) if further else None


@dataclass(frozen=True, slots=True)
class Table:
    """One evidence file: its name, its key and its columns in order."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.csv"

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return [column.name for column in self.columns]

    @property
    def intervals(self) -> list[tuple[str, str, str]]:
        """Names of each estimate that may have an interval, with those of its ends."""
        lows = [name.removesuffix("low") for name in self.names if name.endswith("low")]
        own = "value" if "value" in self.names else "prevalence"
        return [(stem.rstrip("_") or own, f"{stem}low", f"{stem}high") for stem in lows]

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


@lru_cache(maxsize=4096)
def figure(text: str, *, signed: bool = False) -> PrintedValue | None:
    """Return the printed figure a cell holds; None if the reader does not read it.

    Examples
    --------
    >>> figure("31%").value, figure("high")
    (Fraction(31, 100), None)
    """
    if not text or len(text) > LONGEST_FIGURE:
        return None
    try:
        return parse_printed(text, signed=signed)
    except ArgumentError:
        return None


def is_share(text: str) -> bool:
    """Whether a figure is printed as a percentage or as counts: never a likelihood ratio."""
    printed = figure(text, signed=True)
    return printed is not None and ("%" in text or printed.counts is not None)


def count(text: str) -> int | None:
    """Return the count a cell holds; None if it is empty or no count."""
    if not re.fullmatch("[0-9]{1,12}", text) or int(text) > MOST_PATIENTS:
        return None
    return int(text)


def _vocabulary_refusal(column: Column, text: str) -> Refusal | None:
    if text in column.allowed:
        return None
    close = nearest(text, column.allowed)
    hint = f"; did you mean {close[0]}?" if close else ""
    return "vocabulary", "is not in the vocabulary", ", ".join(column.allowed) + hint


def _figure_refusal(column: Column, text: str) -> Refusal | None:
    """Say why the one reader of printed figures, or the column, refuses a cell."""
    form = "a figure as printed, such as 0.31, 31%, 14.7, >0.90 or 13 of 1975"
    if len(text) > LONGEST_FIGURE:
        return "form", f"has {len(text)} characters", f"{form}; at most {LONGEST_FIGURE}"
    if any(character.isdigit() and not character.isascii() for character in text):
        return "characters", "holds digits other than 0 to 9", form
    printed = figure(text, signed=column.kind.endswith("limit"))
    if printed is None:
        dotted = text.replace(",", ".")
        hint = f"; write {dotted}" if text.count(",") == 1 and figure(dotted) else ""
        return "form", "is not a figure", form + hint
    return _value_refusal(column, text, printed)


def _value_refusal(column: Column, text: str, printed: PrintedValue) -> Refusal | None:
    """Say why a figure that can be read does not belong into a column."""
    if column.kind == "ratio" and is_share(text):
        return "form", "is a share, not a ratio", "a ratio as printed, such as 14.7"
    if column.kind == "pretest" and (printed.is_bound or printed.value in (0, 1)):
        what = "is a bound, not a value" if printed.is_bound else "leaves nothing to learn"
        return "bounds", what, "a pre-test probability strictly between 0 and 1"
    low, high = column.bounds
    value = math.inf if printed.value is None else printed.value
    if low <= value <= high:
        return None
    slip = 1 < value <= 100 and "%" not in text
    hint = f"; if it is a percentage, write {text}%" if slip else ""
    return "bounds", "is out of range", f"{low:g} to {high:g}{hint}"


def _integer_refusal(column: Column, text: str) -> Refusal | None:
    digits = text.lstrip("0")
    if len(digits) > len(str(MOST_PATIENTS)) or int(digits or "0") > MOST_PATIENTS:
        what = "is larger than any number of patients"
        return "bounds", what, f"0 to {MOST_PATIENTS:,}"
    return None


def _number_refusal(column: Column, text: str) -> Refusal | None:
    if sum(character.isdigit() for character in text) > MOST_DIGITS:
        return "bounds", "has too many digits", f"at most {MOST_DIGITS} digits"
    return None


def _level_refusal(column: Column, text: str) -> Refusal | None:
    low, high = column.bounds
    if low <= float(text) <= high:
        return None
    return "bounds", "is out of range", f"{low:g} to {high:g}"


_FURTHER_CHECKS: dict[Kind, Callable[[Column, str], Refusal | None]] = {
    "category": _vocabulary_refusal,
    "integer": _integer_refusal,
    "number": _number_refusal,
    "level": _level_refusal,
    **dict.fromkeys(PRINTED_KINDS, _figure_refusal),
}
