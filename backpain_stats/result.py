"""What every result shows of itself: as text, as HTML and as a frame, from one description."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Grid", "Result", "Shown", "format_number", "format_percent", "format_proportion",
    "format_ratios", "grid_of", "visible",
]  # fmt: skip

LINE = 88
# A ratio beyond these is printed as that: further digits say nothing to a reader.
_LEAST_RATIO, _LARGEST_RATIO = 0.001, 1000
# Control characters but the tab and the line break, and marks that turn the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Grid(NamedTuple):
    """A table of text: its rows, and what stands above them if anything does."""

    rows: Sequence[Sequence[str]]
    head: Sequence[str] = ()


class Shown(NamedTuple):
    """What a result shows: a title, tables of text, and what a reader has to know."""

    title: str
    grids: Sequence[Grid] = ()
    notes: Sequence[str] = ()


class Result(ABC):
    """A result with a face: a subclass says what is shown, and gives its data as a frame.

    A dataclass of results is declared with ``repr=False``, so that an interactive session
    shows the text and not its fields.
    """

    __slots__ = ()

    @abstractmethod
    def _shown(self) -> Shown:
        """Return the title, the tables and the notes to show."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded, as a data frame."""

    def __str__(self) -> str:
        """Return what is shown as text."""
        title, grids, notes = self._shown()
        blocks = [title, *map(_text, grids), "\n".join(_wrapped(note) for note in notes)]
        return visible("\n\n".join(filter(None, blocks)))

    def __repr__(self) -> str:
        """Return the same as ``str``."""
        return str(self)

    def _repr_html_(self) -> str:
        """Return the same for notebooks; every word of it is escaped."""
        title, grids, notes = self._shown()
        return "".join([f"<p>{escape(title)}</p>", *map(_html, grids),
                        *(f"<p>{escape(note)}</p>" for note in notes)])  # fmt: skip


def visible(text: str) -> str:
    r"""Return a text whose control characters can be seen and command no terminal.

    Examples
    --------
    >>> print(visible("Deyo \x1b[31m1988"))
    Deyo \x1b[31m1988
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def format_number(value: float, digits: int = 3) -> str:
    """Print a number to ``digits`` significant digits; infinity is a value here.

    Examples
    --------
    >>> format_number(14.8195), format_number(0.0), format_number(float("inf"))
    ('14.8', '0', 'infinity')
    """
    if value is None or math.isnan(value):
        return "not estimable"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def format_level(level: float) -> str:
    """Return the level of an interval in percent, with all its digits.

    Examples
    --------
    >>> format_level(0.95), format_level(0.9999999)
    ('95%', '99.99999%')
    """
    return f"{(100 * Decimal(repr(float(level)))).normalize():f}%"


def format_percent(value: float, digits: int = 2) -> str:
    """Print a fraction as percent, keeping small ones and those near 1 legible.

    Above 99% the distance from 100% keeps ``digits - 1`` significant digits, so
    that only certainty prints as 100%.

    Examples
    --------
    >>> format_percent(0.0892), format_percent(0.0066), format_percent(0.71)
    ('8.9%', '0.66%', '71%')
    >>> format_percent(0.9953), format_percent(1.0)
    ('99.5%', '100%')
    """
    if value is None or math.isnan(value):
        return "not estimable"
    if 0.99 < value < 1:
        decimals = max(0, digits - 2 - math.floor(math.log10(100 * (1 - value))))
        return f"{100 * value:.{decimals}f}%"
    return f"{format_number(100 * value, digits)}%"


def format_ratios(*values: float) -> list[str]:
    """Print a ratio and the ends of its interval, all with the same number of decimals.

    The smallest has two significant digits, but no more than two decimals (one beside hundreds);
    the largest has two, but no more than three decimals. What is not 1 is not printed as 1 where
    three decimals tell them apart. What has no digit left is ``"<0.01"``, or ``">1,000"``.

    Examples
    --------
    >>> format_ratios(13.8, 3.0, 60.4), format_ratios(0.011, 9.5e-6, 0.88)
    (['13.8', '3.0', '60.4'], ['0.01', '<0.01', '0.88'])
    >>> format_ratios(29, 1.2, 20662), format_ratios(0.55, 0.31, 0.9996)
    (['29.0', '1.2', '>1,000'], ['0.55', '0.31', '1.00'])
    """
    known = [value for value in values if math.isfinite(value)]
    inside = [min(max(value, _LEAST_RATIO), _LARGEST_RATIO) for value in known]
    if not inside:
        return [format_number(value) for value in values]
    most = 1 if max(inside) >= 100 else 2
    least = max(min(_decimals(min(inside)), most), min(_decimals(max(inside)), 3), 0)
    beside_one = [value for value in known if value != 1]
    told_apart = (places for places in range(least, 4)
                  if all(round(value, places) != 1 for value in beside_one))  # fmt: skip
    decimals = next(told_apart, least)
    return [_ratio(value, decimals) for value in values]


def _decimals(value: float, digits: int = 2) -> int:
    """Return how many decimals show so many significant digits of a rounded value."""
    return digits - 1 - math.floor(math.log10(float(f"{value:.{digits - 1}e}")))


def _ratio(value: float, decimals: int) -> str:
    if not math.isfinite(value) or value == 0:
        return format_number(value)
    if value > _LARGEST_RATIO:
        return f">{_LARGEST_RATIO:,}"
    step = 10.0**-decimals
    return f"<{step:.{decimals}f}" if value < step / 2 else f"{value:.{decimals}f}"


def format_proportion(value: float) -> str:
    """Print a proportion with two decimals; only what is 0 or 1 is printed as 0.00 or 1.00.

    Examples
    --------
    >>> format_proportion(0.665), format_proportion(0.0048), format_proportion(0.9996)
    ('0.67', '<0.01', '>0.99')
    """
    if value is None or math.isnan(value):
        return "not estimable"
    text = f"{value:.2f}"
    if text == "0.00" and value > 0:
        return "<0.01"
    return ">0.99" if text == "1.00" and value < 1 else text


def grid_of(frame: pd.DataFrame, columns: Sequence[str] | None = None) -> Grid:
    """Return a frame as a table of text; floats to three digits, missing values empty.

    Examples
    --------
    >>> import pandas as pd
    >>> grid_of(pd.DataFrame({"flag_id": ["age_50"], "lr_positive": [2.6143], "n": [None]}))
    Grid(rows=[['age_50', '2.61', '']], head=['flag_id', 'lr_positive', 'n'])
    """
    chosen = frame if columns is None else frame[list(columns)]
    rows = [[_cell(value) for value in row] for row in chosen.itertuples(index=False)]
    return Grid(rows, [str(name) for name in chosen.columns])


def _cell(value: Any) -> str:
    import pandas as pd  # the ground is light: only who shows a frame has loaded pandas

    if pd.isna(value):
        return ""
    return format_number(value) if isinstance(value, float) else str(value)


def _text(grid: Grid) -> str:
    """Align the columns: the first to the left, and the others to the right under a head."""
    rows = [row for row in (grid.head, *grid.rows) if row]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    side = ">" if grid.head else "<"
    return "\n".join(
        "  ".join(
            f"{cell:{side if place else '<'}{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _html(grid: Grid) -> str:
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in grid.head)
    rows = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in others)
        + "</tr>"
        for first, *others in grid.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _wrapped(note: str) -> str:
    return fill(note, LINE, subsequent_indent="  ", break_on_hyphens=False)
