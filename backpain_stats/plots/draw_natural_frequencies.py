"""Icon array: each of 1,000 patients is one mark, told apart by shape and by colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import require_columns
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.style import BLACK, GREY, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["natural_frequencies"]

PALE_BLUE = "#D3EAF8"  # a tint of the palette's sky: light beside the found, also in grey
# Cell, words, and the mark: filled for the imaged, a cross or open for the others.
_GROUPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("tp", "found: diseased and imaged", {"marker": "D", "facecolor": VERMILION}),
    ("fp", "imaged in vain", {"marker": "s", "facecolor": PALE_BLUE}),
    ("fn", "missed: diseased, not imaged", {"marker": "X", "facecolor": BLACK}),
    ("tn", "correctly reassured", {"marker": "o", "facecolor": "none"}),
)
_EDGES = {"tp": BLACK, "fp": BLACK, "fn": BLACK, "tn": GREY}
_SIZES = {"tp": 1.9, "fp": 1.0, "fn": 1.8, "tn": 0.35}
LARGEST = 10_000


def natural_frequencies(
    result: pd.DataFrame,
    *,
    row: int = 0,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what becomes of each patient as an icon array.

    Parameters
    ----------
    result : DataFrame
        From :func:`backpain_stats.natural_frequencies`.
    row : int, default 0
        Which of its rows, by position.
    title : str, optional
        By default the flag and the prevalence.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        One collection of marks a group, in the order found, imaged in vain,
        missed, reassured; marks run row by row from the top.

    Raises
    ------
    DataError
        If the row has no counts.
    ArgumentError
        If there is no such row, or it is of more than 10,000 patients.

    Examples
    --------
    >>> import pandas as pd
    >>> import backpain_stats as bs
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> ax = bs.plots.natural_frequencies(bs.natural_frequencies(table, 0.003))
    >>> [len(marks.get_offsets()) for marks in ax.collections]
    [1, 21, 2, 976]
    """
    require_columns(result, ["per", "flag_id", *(cell for cell, _, _ in _GROUPS)], "result")
    if not 0 <= row < len(result):
        raise ArgumentError(f"row is {row!r}; the result has rows 0 to {len(result) - 1}")
    chosen = result.iloc[row]
    if pd.isna(chosen["tp"]):
        raise DataError(f"{chosen['flag_id']} has no counts: {chosen['reason']}")
    per = int(chosen["per"])
    if per > LARGEST:
        raise ArgumentError(f"{per:,} patients are too many to draw one by one; use per=1000")
    columns = max(10, 10 * math.ceil(math.sqrt(1.6 * per) / 10))
    rows = math.ceil(per / columns)
    axes = axes_or_new(ax, 7.0, 5.2)
    place = np.arange(per)
    x, y = place % columns, -(place // columns)
    # A mark spans about two thirds of its cell at the figure's present size.
    box = axes.get_position()
    figure = axes.figure
    width = figure.get_figwidth() * box.width * 72 / columns  # type: ignore[union-attr]
    area = (0.62 * width) ** 2
    start = 0
    for cell, words, mark in _GROUPS:
        count = int(chosen[cell])
        here = slice(start, start + count)
        axes.scatter(
            x[here],
            y[here],
            s=area * _SIZES[cell],
            edgecolor=_EDGES[cell],
            linewidth=0.6,
            label=f"{count_phrase(chosen, cell)} {words}",
            **mark,
        )
        start += count
    axes.set_xlim(-1, columns)
    axes.set_ylim(-rows, 1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    level = f"{100 * chosen['ci_level']:g}%"
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=2,
        frameon=False,
        markerscale=1.2,
        title=f"of {per:,} patients ({level} interval)",
    )
    axes.set_title(title or f"{chosen['flag_id']}, {int(chosen['diseased'])} diseased of {per:,}")
    return axes
