"""What a page is made of: sections, texts, tables and figures. No markup: templates write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import (
    format_number,
    format_percent,
    format_proportion,
    format_ratios,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.outputs import Layout

__all__ = [
    "Argument",
    "Block",
    "Bullets",
    "Cards",
    "Code",
    "Column",
    "FigurePart",
    "Heading",
    "Link",
    "PrintedTable",
    "Prose",
    "Section",
    "Strong",
    "TablePart",
]

# The smallest probability that is printed as a number.
SMALLEST = 1e-5
# Where a link may lead: a place on the page, a file beside it, a publication.
ADDRESSES = ("#", "tables/", "explorer.html", "index.html", "meeting.html", "https://doi.org/")


@dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    text: str
    kind: ClassVar[str] = "strong"


@dataclass(frozen=True)
class Code:
    """What is typed: an option, the name of a file."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Link:
    """Words that lead to a place on the page, a file beside it or a publication.

    Raises
    ------
    ArgumentError
        If it leads anywhere else.
    """

    text: str
    address: str
    kind: ClassVar[str] = "link"

    def __post_init__(self) -> None:
        """Refuse an address that could do more than lead somewhere."""
        if not self.address.startswith(ADDRESSES):
            raise ArgumentError(
                f"a link leads to {self.address!r}; it must begin with {', '.join(ADDRESSES)}"
            )


class Prose:
    """A paragraph of plain texts and words that stand out, are typed or lead somewhere."""

    kind = "prose"

    def __init__(self, *parts: str | Strong | Code | Link) -> None:
        self.parts = parts


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Bullets:
    """A list, one item per line."""

    items: tuple[str | Prose, ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Cards:
    """The main results: a large figure each, and what it says."""

    items: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "cards"


@dataclass(frozen=True)
class Argument:
    """The opening of a page: what was asked, what is known of it and so on, a step each."""

    items: tuple[tuple[str, str | Prose], ...]
    kind: ClassVar[str] = "argument"


@dataclass(frozen=True)
class PrintedTable:
    """A table that another room has laid out, cell by cell."""

    label: str
    layout: Layout
    kind: ClassVar[str] = "printed"


# A text by itself is a paragraph.
Block = str | Prose | Heading | Bullets | Cards | Argument | PrintedTable


def _text(value: Any) -> str:
    import pandas as pd

    return "" if value is None or value is pd.NA or pd.isna(value) else str(value)


def _count(value: Any) -> str:
    return f"{int(value):,}" if _text(value) else ""


def _percent(value: float) -> str:
    """Print a probability; beyond 1 in 100,000 further digits say nothing to a reader."""
    if 0 < value < SMALLEST:
        return f"<{format_percent(SMALLEST, 1)}"
    return f">{format_percent(1 - SMALLEST)}" if 1 - SMALLEST < value < 1 else format_percent(value)


FORMATTERS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "words": lambda value: _text(value).replace("_", " "),
    "fold": _text,
    "count": _count,
    "number": lambda value: format_number(float(value)) if _text(value) else "",
    "percent": lambda value: _percent(float(value)) if _text(value) else "",
    "proportion": lambda value: format_proportion(float(value)) if _text(value) else "",
    "ratio": lambda value: format_ratios(float(value))[0] if _text(value) else "",
    "doi": _text,
}
NUMERIC = ("count", "number", "percent", "proportion", "ratio")


@dataclass(frozen=True)
class Column:
    """One printed column: which field or fields, under which heading, in which form.

    Parameters
    ----------
    field : str
        The frame's column. With ``low`` and ``high`` the cell reads "2.4 (1.1 to 5.0)".
    label : str
        The heading.
    kind : {"text", "words", "fold", "count", "number", "percent", "proportion", "ratio", "doi"}
        How values are printed. Words lose their underscores, a fold hides a long
        text until it is asked for, a DOI becomes a link. A ratio has as many decimals as the
        ends of its interval.
    low, high : str, optional
        The columns of the interval's ends.
    """

    field: str
    label: str
    kind: str = "text"
    low: str | None = None
    high: str | None = None

    @property
    def numeric(self) -> bool:
        """Whether the cells are aligned as numbers."""
        return self.kind in NUMERIC

    def cell(self, row: dict[str, Any]) -> str:
        """Return the printed text of this column in one row."""
        form = FORMATTERS[self.kind]
        text = form(row[self.field])
        if not (self.low and self.high and text and _text(row[self.low])):
            return text
        several = [row[self.field], row[self.low], row[self.high]]
        printed = format_ratios(*several) if self.kind == "ratio" else list(map(form, several))
        return f"{printed[0]} ({printed[1]} to {printed[2]})"


@dataclass(frozen=True)
class TablePart:
    """A table: all of ``frame`` goes to ``name``.csv, ``columns`` of it to the page.

    ``shown`` restricts the page to some of the rows.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    folded: bool = False
    shown: pd.DataFrame | None = None

    def rows(self) -> list[list[str]]:
        """Return the printed cells, row by row."""
        records = (self.frame if self.shown is None else self.shown).to_dict("records")
        return [
            [column.cell({str(k): v for k, v in row.items()}) for column in self.columns]
            for row in records
        ]


@dataclass(frozen=True)
class FigurePart:
    """A figure: ``draw`` returns the Axes of a new figure, one of :mod:`backpain_stats.plots`."""

    name: str
    caption: str
    alt: str
    draw: Callable[[], Axes]


@dataclass(frozen=True)
class Section:
    """A titled part of the page."""

    id: str
    title: str
    paragraphs: tuple[Block, ...] = ()
    figures: tuple[FigurePart, ...] = field(default=())
    tables: tuple[TablePart, ...] = field(default=())
