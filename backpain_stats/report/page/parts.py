"""What a page is made of: sections, tables and figures, before any HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backpain_stats.estimate import format_number, format_percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as MatplotlibFigure

__all__ = ["Column", "FigurePart", "Section", "TablePart"]


def _text(value: Any) -> str:
    import pandas as pd

    return "" if value is None or value is pd.NA or pd.isna(value) else str(value)


def _count(value: Any) -> str:
    return f"{int(value):,}" if _text(value) else ""


FORMATTERS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "words": lambda value: _text(value).replace("_", " "),
    "fold": _text,
    "count": _count,
    "number": lambda value: format_number(float(value)) if _text(value) else "",
    "percent": lambda value: format_percent(float(value)) if _text(value) else "",
    "doi": _text,
}


@dataclass(frozen=True)
class Column:
    """One printed column: which field or fields, under which heading, in which form.

    Parameters
    ----------
    field : str
        The frame's column. With ``low`` and ``high`` the cell reads "2.4 (1.1 to 5.0)".
    label : str
        The heading.
    kind : {"text", "words", "fold", "count", "number", "percent", "doi"}
        How values are printed. Words lose their underscores, a fold hides a long
        text until it is asked for, a DOI becomes a link.
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
        return self.kind in ("count", "number", "percent")

    def cell(self, row: dict[str, Any]) -> str:
        """Return the printed text of this column in one row."""
        form = FORMATTERS[self.kind]
        text = form(row[self.field])
        if self.low and self.high and text and _text(row[self.low]):
            text += f" ({form(row[self.low])} to {form(row[self.high])})"
        return text


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
    """A figure: ``draw`` fills an empty matplotlib Figure of ``size`` inches."""

    name: str
    caption: str
    alt: str
    draw: Callable[[MatplotlibFigure], Any]
    size: tuple[float, float] = (8.0, 5.0)


@dataclass(frozen=True)
class Section:
    """A titled part of the page; ``paragraphs`` are HTML written by the package itself."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[FigurePart, ...] = field(default=())
    tables: tuple[TablePart, ...] = field(default=())
