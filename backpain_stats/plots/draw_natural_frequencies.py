"""Icon array: each of 1,000 patients is one mark, told apart by shape and by colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import real_number, require_columns
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.decide.wording import without
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.estimate import format_level
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import BLACK, GREY, VERMILION, axes_or_new, printable, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from numpy.typing import NDArray

__all__ = ["natural_frequencies", "natural_frequencies_coordinates"]

PALE_BLUE = "#D3EAF8"  # a tint of the palette's sky: light beside the found, also in grey
# Cell, element, words, and the mark: filled for the imaged, a cross or open for the others.
_GROUPS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("tp", "found", "with the condition, {action}",
     {"marker": "D", "facecolor": VERMILION, "edgecolor": BLACK}),
    ("fp", "alarmed", "without it, {action}",
     {"marker": "s", "facecolor": PALE_BLUE, "edgecolor": GREY}),
    ("fn", "missed", "with the condition, {none}",
     {"marker": "X", "facecolor": BLACK, "edgecolor": BLACK}),
    ("tn", "reassured", "without it, {none}",
     {"marker": "o", "facecolor": "none", "edgecolor": GREY}),
)  # fmt: skip
ELEMENTS = tuple(element for _, element, _, _ in _GROUPS)
# Width of each mark as a share of a patient's place: the cases are few and drawn largest.
_WIDTHS = {"tp": 1.25, "fp": 0.7, "fn": 1.25, "tn": 0.4}
LARGEST = 10_000


def natural_frequencies_coordinates(result: pd.DataFrame, row: int = 0) -> pd.DataFrame:
    """Return one row per patient: ``cell`` (tp, fp, fn or tn) and the place ``x, y``.

    Places run row by row from the top, in the order found, alarmed, missed, reassured.

    Raises
    ------
    DataError
        If the row has no counts.
    ArgumentError
        If there is no such row, or it is of more than 10,000 patients.
    """
    chosen = _chosen(result, row)
    per = int(chosen["per"])
    columns = max(10, 10 * math.ceil(math.sqrt(1.6 * per) / 10))
    place = np.arange(per)
    cells = np.repeat([cell for cell, *_ in _GROUPS], [int(chosen[cell]) for cell, *_ in _GROUPS])
    return pd.DataFrame({"cell": cells, "x": place % columns, "y": -(place // columns)})


def _chosen(result: pd.DataFrame, row: int) -> pd.Series:
    """Return the row to draw, after a look at it."""
    require_columns(result, ["per", "flag_id", *(cell for cell, *_ in _GROUPS)], "result")
    if not 0 <= real_number(row) < len(result) or row % 1:
        raise ArgumentError(f"row is {row!r}; the result has rows 0 to {len(result) - 1}")
    chosen = result.iloc[int(row)]
    if pd.isna(chosen["tp"]):
        raise DataError(f"{chosen['flag_id']} has no counts: {chosen['reason']}")
    if int(chosen["per"]) > LARGEST:
        raise ArgumentError(
            f"{int(chosen['per']):,} patients are too many to draw one by one; use per=1000"
        )
    return chosen


@figure
def natural_frequencies(
    result: pd.DataFrame,
    *,
    row: int = 0,
    action: str = "imaging",
    title: str | None = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw what becomes of each patient as an icon array.

    Parameters
    ----------
    result : DataFrame
        From :func:`backpain_stats.natural_frequencies`.
    row : int, default 0
        Which of its rows, by position.
    action : str, default "imaging"
        What is done where the flag is present, as a noun.
    title : str, optional
        By default the flag and the number of diseased.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``found,
        alarmed, missed, reassured`` (words of a collection of paths).

    Returns
    -------
    matplotlib Axes
        One collection of marks per group, in the order found, alarmed,
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
    look = Look(style, ELEMENTS)
    chosen = _chosen(result, row)
    places = natural_frequencies_coordinates(result, row)
    ax = axes_or_new(ax, 6.4, 5.5)
    keys = []
    for cell, element, text, mark in _GROUPS:
        own = places.loc[places["cell"] == cell, ["x", "y"]].to_numpy(dtype=float)
        said = text.format(action=printable(action), none=printable(without(action)))
        label = f"{count_phrase(chosen, cell)} {said}"
        shown = look(element, linewidth=0.5, zorder=3 if cell in ("tp", "fn") else 1, label=label,
                     **mark)  # fmt: skip
        shape = shown.pop("marker")
        _marks(ax, own, shape, _WIDTHS[cell], shown)
        keys.append((shape, shown))
    ax.set_xlim(-1, places["x"].max() + 1)
    ax.set_ylim(places["y"].min() - 1, 1)
    ax.set_aspect("equal")
    ax.set_axis_off()
    _legend(ax, keys, chosen)
    per = int(chosen["per"])
    default = f"{words(chosen['flag_id'])}, {int(chosen['diseased'])} diseased of {per:,}"
    ax.set_title(default if title is None else printable(title))
    return ax


def _legend(ax: Axes, keys: list[tuple[str, dict[str, Any]]], chosen: pd.Series) -> None:
    """Explain the marks with their counts, and say what stands in brackets."""
    from matplotlib.lines import Line2D

    handles = []
    for shape, shown in keys:
        if shown["label"] != "_nolegend_":
            face, edge = shown["facecolor"], shown["edgecolor"]
            mark = {"marker": shape, "markerfacecolor": face, "markeredgecolor": edge}
            handles.append(Line2D([], [], linestyle="", label=shown["label"], **mark))
    level = chosen.get("ci_level")
    title = (
        None if level is None or pd.isna(level) else f"{format_level(level)} interval in brackets"
    )
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), frameon=False,
              borderpad=0.2, title=title, alignment="left", title_fontsize=8)  # fmt: skip


def _marks(
    ax: Axes, places: NDArray[np.float64], shape: str, width: float, look: dict[str, Any]
) -> PathCollection:
    """Add one group of marks, sized by the places of the patients and not in points."""
    from matplotlib.collections import PathCollection
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import Affine2D, AffineDeltaTransform

    style = MarkerStyle(shape)
    data: Any = ax.transData
    path = style.get_path().transformed(style.get_transform())
    scale = width / path.get_extents().width
    marks = PathCollection(
        [path],
        offsets=places,
        offset_transform=ax.transData,
        transform=Affine2D().scale(scale) + AffineDeltaTransform(data),
        **look,
    )
    ax.add_collection(marks)
    return marks
