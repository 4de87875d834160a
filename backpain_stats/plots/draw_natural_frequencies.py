"""Icon array: each of 1,000 patients is one mark, told apart by shape and by colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import real_number, require_columns
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.style import BLACK, GREY, VERMILION, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from numpy.typing import NDArray

__all__ = ["natural_frequencies"]

PALE_BLUE = "#D3EAF8"  # a tint of the palette's sky: light beside the found, also in grey
# Cell, words, and the mark: filled for the imaged, a cross or open for the others.
_GROUPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("tp", "found: diseased and imaged", {"marker": "D", "face": VERMILION, "edge": BLACK}),
    ("fp", "imaged in vain", {"marker": "s", "face": PALE_BLUE, "edge": BLACK}),
    ("fn", "missed: diseased, not imaged", {"marker": "X", "face": BLACK, "edge": BLACK}),
    ("tn", "correctly reassured", {"marker": "o", "face": "none", "edge": GREY}),
)
# Width of each mark as a share of a patient's place.
_WIDTHS = {"tp": 0.62, "fp": 0.7, "fn": 0.9, "tn": 0.4}
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
        By default the flag and the number of diseased.
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
    from matplotlib.lines import Line2D

    if not 0 <= real_number(row) < len(result) or row % 1:
        raise ArgumentError(f"row is {row!r}; the result has rows 0 to {len(result) - 1}")
    chosen = result.iloc[int(row)]
    if pd.isna(chosen["tp"]):
        raise DataError(f"{chosen['flag_id']} has no counts: {chosen['reason']}")
    per = int(chosen["per"])
    if per > LARGEST:
        raise ArgumentError(f"{per:,} patients are too many to draw one by one; use per=1000")
    columns = max(10, 10 * math.ceil(math.sqrt(1.6 * per) / 10))
    rows = math.ceil(per / columns)
    axes = axes_or_new(ax, 6.4, 5.5)
    place = np.arange(per)
    x, y = place % columns, -(place // columns)
    start = 0
    for cell, words, look in _GROUPS:
        here = slice(start, start + int(chosen[cell]))
        start = here.stop
        marks = _marks(axes, np.column_stack([x[here], y[here]]), look, _WIDTHS[cell])
        marks.set_label(f"{count_phrase(chosen, cell)} {words}")
    axes.set_xlim(-1, columns)
    axes.set_ylim(-rows, 1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=look["marker"],
            markerfacecolor=look["face"],
            markeredgecolor=look["edge"],
            label=marks.get_label(),
        )
        for marks, (_, _, look) in zip(axes.collections, _GROUPS, strict=True)
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), frameon=False, borderpad=0.2
    )
    default = f"{chosen['flag_id']}, {int(chosen['diseased'])} diseased of {per:,}"
    axes.set_title(default if title is None else title)
    return axes


def _marks(
    axes: Axes, places: NDArray[np.float64], look: dict[str, Any], width: float
) -> PathCollection:
    """Add one group of marks, sized by the places of the patients and not in points."""
    from matplotlib.collections import PathCollection
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import Affine2D, AffineDeltaTransform

    style = MarkerStyle(look["marker"])
    data: Any = axes.transData
    path = style.get_path().transformed(style.get_transform())
    scale = width / path.get_extents().width
    marks = PathCollection(
        [path],
        offsets=places,
        offset_transform=axes.transData,
        transform=Affine2D().scale(scale) + AffineDeltaTransform(data),
        facecolor=look["face"],
        edgecolor=look["edge"],
        linewidth=0.5,
    )
    axes.add_collection(marks)
    return marks
