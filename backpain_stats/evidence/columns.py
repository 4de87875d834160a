"""What an evidence file may hold: forms of cells, columns and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "identifier",  # letters, digits, _ - and .; no spaces
    "identifiers",  # several of them, separated by semicolons
    "text",
    "category",  # one word of a vocabulary
    "integer",
    "year",
    "doi",
    "proportion",  # as printed, 0 to 1, perhaps with < or >
    "level",  # of an interval, strictly between 0 and 1
    "proportion_limit",  # an interval end of a proportion: papers print 1.014
    "ratio",  # as printed, 0 or more, perhaps with < or >
    "statistic",  # a proportion or a ratio, as the row's ``statistic`` says
    "statistic_limit",
    "number",  # a plain decimal number, such as a cut-off
]

IDENTIFIER_PATTERN = r"[A-Za-z0-9_.\-]+"
IDENTIFIERS_PATTERN = rf"{IDENTIFIER_PATTERN}(;{IDENTIFIER_PATTERN})*"
# Some journals print .31 for 0.31.
_DIGITS = r"([0-9]+(\.[0-9]+)?|\.[0-9]+)"
PRINTED_PATTERN = rf"([<>]=?)?{_DIGITS}"
# Normal-approximation intervals leave [0, 1]: papers print 1.014 and -0.02, and the
# evidence keeps them. With two patients or more such an end is at most
# 0.5 + z * sqrt(0.25 / 2), below 2 for any z up to 4.2 (a level of 99.997%), so an
# end beyond these bounds is a percentage or a slip.
LIMIT_BOUNDS = (-1.0, 2.0)
PRINTED_LIMIT_PATTERN = rf"([<>]=?)?-?{_DIGITS}"
PRINTED_RATIO_PATTERN = rf"({PRINTED_PATTERN}|infinity)"
PRINTED_KINDS = (
    "proportion",
    "level",
    "proportion_limit",
    "ratio",
    "statistic",
    "statistic_limit",
)
_PATTERNS = {
    "identifier": IDENTIFIER_PATTERN,
    "identifiers": IDENTIFIERS_PATTERN,
    "text": None,
    "category": None,
    "integer": r"[0-9]+",
    "year": r"[12][0-9]{3}",
    "doi": r"10\.[0-9]{4,9}/\S+",
    "proportion": PRINTED_PATTERN,
    "level": r"0?\.[0-9]+",
    "proportion_limit": PRINTED_LIMIT_PATTERN,
    "ratio": PRINTED_RATIO_PATTERN,
    "statistic": PRINTED_RATIO_PATTERN,
    "statistic_limit": rf"({PRINTED_LIMIT_PATTERN}|infinity)",
    "number": rf"-?{_DIGITS}",
}
_DTYPES = {"integer": "Int64", "year": "Int64", "number": "Float64"}


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
        """Regular expression that a filled cell must match in full, if there is one."""
        return _PATTERNS[self.kind]

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number a filled cell may hold."""
        if self.kind in ("proportion", "level"):
            return 0.0, 1.0
        if self.kind == "proportion_limit":
            return LIMIT_BOUNDS
        return -math.inf, math.inf

    @property
    def printed(self) -> bool:
        """Whether the cell is a statistic kept as the string that was printed."""
        return self.kind in PRINTED_KINDS

    @property
    def dtype(self) -> str:
        """Type of the column in a frame: numbers are nullable, all else is text."""
        return _DTYPES.get(self.kind, "string")


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
