"""Text columns beside panels that share their rows: the frame of every forest plot.

The given Axes becomes the first panel, on its own scale; further panels are inset Axes that share
its rows. Text columns are as wide as their texts, and the panels share what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.plots.style import FONT, printable, text_width, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

__all__ = [
    "TextColumn",
    "cell_text",
    "lay_out",
    "natural_width",
    "patients_text",
    "turned_height",
    "width_before",
]

# Points between columns, and the least width of a panel: below it the figure is too narrow.
GAP = 9.0
NARROWEST = 40.0
# Points: the least width of a column with a turned heading, and what keeps its heading apart.
TURNED = 12.0
APART = 5.0
# Inches of a panel where the figure is made for it.
PANEL = 2.3


@dataclass(frozen=True)
class TextColumn:
    """A column of texts, one per row, with its heading.

    Parameters
    ----------
    head : str
    texts : sequence of str
        From the first row (the top) to the last.
    align : {"left", "right", "center"}
    looks : sequence of dict, optional
        matplotlib's keywords for each text; by default none.
    turned : bool
        Whether the heading stands upright, so that the column may be narrow.
    above : str
        A further heading above this turned one and those that follow.
    """

    head: str
    texts: Sequence[str]
    align: str = "left"
    looks: Sequence[dict[str, Any]] = field(default=())
    turned: bool = False
    above: str = ""

    @cached_property
    def width(self) -> float:
        """The width in points."""
        looks = self.looks or [{}] * len(self.texts)
        own = [
            text_width(text, bold=look.get("fontweight") == "bold")
            for text, look in zip(self.texts, looks, strict=True)
        ]
        return max([TURNED if self.turned else text_width(self.head, bold=True), *own])


def turned_height(columns: Sequence[TextColumn]) -> float:
    """Return how many points the turned headings stand above the line of headings."""
    lines = max((1 + column.above.count("\n") for column in columns if column.above), default=0)
    return _upright(columns) + 1.3 * FONT * lines


def _upright(columns: Sequence[TextColumn]) -> float:
    """Return the height of the longest turned heading, in points."""
    return max((APART + text_width(column.head) for column in columns if column.turned), default=0)


def width_before(columns: Sequence[TextColumn]) -> float:
    """Return the width in points of the columns left of the first panel."""
    return sum(column.width + GAP for column in columns)


def natural_width(before: Sequence[TextColumn], after: Sequence[Sequence[TextColumn]]) -> float:
    """Return the width in inches at which every panel has room for its scale."""
    text = width_before(before) + sum(width_before(columns) + 2 * GAP for columns in after)
    return text / 72 + PANEL * len(after)


class _Place:
    """Where one panel stands: what the text columns leave of the place of the first Axes."""

    def __init__(self, first: Axes, before: float, fixed: float, panel: int, panels: int) -> None:
        self.first, self.before, self.fixed = first, before, fixed
        self.panel, self.panels = panel, panels

    def __call__(self, ax: object, renderer: object) -> Bbox:
        from matplotlib.transforms import Bbox

        place = self.first.get_position(original=True)
        owner = self.first.get_figure(root=False)
        assert owner is not None
        corners = owner.transSubfigure.transform([(0, 0), (1, 0)])
        whole = float(corners[1, 0] - corners[0, 0]) * 72 / owner.dpi
        width = max((place.width * whole - self.fixed) / self.panels, NARROWEST) / whole
        left = place.x0 + self.before / whole + self.panel * width
        return Bbox.from_bounds(left, place.y0, width, place.height)


def cell_text(value: object) -> str:
    """Return what a cell of a column of numbers or words prints."""
    if isinstance(value, str):
        return words(value)
    return f"{value:,.3g}" if isinstance(value, float) and value % 1 else f"{value:,.0f}"


def patients_text(n_cases: Any, n: Any) -> str:
    """Return the cases of the patients; a question mark for what is not known of one of them."""
    if pd.isna(n_cases) and pd.isna(n):
        return ""
    return " of ".join("?" if pd.isna(count) else f"{int(count):,}" for count in (n_cases, n))


def lay_out(
    ax: Axes,
    rows: Sequence[float],
    before: Sequence[TextColumn],
    after: Sequence[Sequence[TextColumn]],
    head: float,
) -> list[Axes]:
    """Return one Axes per panel, with the text columns written beside them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The first panel; its place is divided.
    rows : sequence of float
        The vertical coordinate of each row.
    before : sequence of TextColumn
        The columns left of the first panel.
    after : sequence of sequence of TextColumn
        For each panel the columns to its right.
    head : float
        The vertical coordinate of the headings.
    """
    lefts = [width_before(before)]
    rights = [sum(GAP + column.width for column in columns) for columns in after]
    starts = [lefts[0]]
    for width in rights[:-1]:
        starts.append(starts[-1] + width + 2 * GAP)
    fixed = starts[-1] + rights[-1]
    panels = [ax]
    for _ in after[1:]:
        panels.append(ax.inset_axes((0, 0, 1, 1), sharey=ax))
    for number, (panel, start) in enumerate(zip(panels, starts, strict=True)):
        place = _Place(ax, start, fixed, number, len(panels))
        panel.set_axes_locator(place)
        panel.apply_aspect(place(panel, None))
        panel.spines[["left", "top", "right"]].set_visible(False)
        panel.tick_params(axis="x", labelsize=FONT)
    left = -lefts[0]
    upright = _upright([column for columns in (before, *after) for column in columns])
    for column in before:
        _write(ax, column, rows, head, upright, edge=0.0, left=left)
        left += column.width + GAP
    for panel, columns in zip(panels, after, strict=True):
        left = GAP
        for column in columns:
            _write(panel, column, rows, head, upright, edge=1.0, left=left)
            left += column.width + GAP
    ax.set_yticks([])
    return panels


def _write(
    ax: Axes, column: TextColumn, rows: Sequence[float], head: float, upright: float, *,
    edge: float, left: float,
) -> None:  # fmt: skip
    """Write a column; ``left`` is its left end in points from an edge of the panel (0 or 1)."""
    place = left + {"left": 0.0, "center": 0.5, "right": 1.0}[column.align] * column.width
    looks = column.looks or [{}] * len(rows)
    cells = list(zip(rows, column.texts, looks, strict=True))
    if not column.turned:
        cells.insert(0, (head, column.head, {"fontweight": "bold"}))
    for y, text, look in cells:
        if text:
            ax.annotate(
                printable(text), (edge, y), (place, 0), xycoords=ax.get_yaxis_transform(),
                textcoords="offset points", ha=column.align, va="center",
                annotation_clip=False, **{"fontsize": FONT, **look},
            )  # fmt: skip
    if column.turned:
        where: dict[str, Any] = {
            "xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "va": "bottom",
            "annotation_clip": False, "fontsize": FONT,
        }  # fmt: skip
        middle = left + column.width / 2
        ax.annotate(column.head, (edge, head), (middle, -FONT / 2), rotation=90, ha="center",
                    **where)  # fmt: skip
        ax.annotate(column.above, (edge, head), (left, upright), fontweight="bold", **where)
