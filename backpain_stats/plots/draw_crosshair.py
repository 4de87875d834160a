"""Crosshairs: both intervals of each study in ROC space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import require_columns
from backpain_stats.plots.glyphs import ColorBy, draw_glyphs, glyphs_of
from backpain_stats.plots.marks import (
    STUDY_COLUMNS,
    Look,
    draw_roc_space,
    figure,
    legend_below,
    write_names,
)
from backpain_stats.plots.style import BLUE, GREY, axes_or_new, refuse_empty, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["crosshair", "crosshair_coordinates"]

ELEMENTS = ("intervals", "points", "diagonal", "names")


def crosshair_coordinates(result: pd.DataFrame) -> pd.DataFrame:
    """Return one row per study: ``study, x, x_low, x_high, y, y_low, y_high`` in ROC space.

    Studies that lack one of the two groups have no place in ROC space and are
    not among the rows.
    """
    require_columns(result, STUDY_COLUMNS, "the frame of studies (see study_accuracy)")
    refuse_empty(result, "the frame of studies")
    frame = pd.DataFrame(
        {
            "study": result["study"],
            "x": 1 - result["specificity"],
            "x_low": 1 - result["specificity_high"],
            "x_high": 1 - result["specificity_low"],
            "y": result["sensitivity"],
            "y_low": result["sensitivity_low"],
            "y_high": result["sensitivity_high"],
        }
    )
    return frame.dropna(subset=["x", "y"]).reset_index(drop=True)


@figure
def crosshair(
    result: pd.DataFrame,
    *,
    label: bool | str = False,
    color: str | None = None,
    color_by: ColorBy = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw each study in ROC space with the intervals of both its fractions.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.study_accuracy`.
    label : bool or str
        True writes the studies' names beside their points; a text is the name of these studies
        in a legend.
    color : str, optional
        The colour of points and intervals; of the intervals only beside ``color_by``.
    color_by : str, mapping, Series or DataFrame, optional
        Gives each group of studies a shape and a colour, and names them in a legend: a column of
        ``result`` with up to seven values; the group of each study by its name; or judgements of
        study quality (:func:`backpain_stats.read_quality`), of which the worst one of a study
        counts.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``intervals``
        (words of ``hlines``), ``points`` (of ``scatter``), ``diagonal`` (of ``plot``), ``names``
        (of ``annotate``).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If a column is missing, or a study is judged that is not among the rows.
    ArgumentError
        If ``color_by`` has more than seven values, or names no study.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import plots, study_accuracy
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.crosshair(study_accuracy(data))
    >>> ax.get_xlabel()
    '1 − specificity (false-positive fraction)'
    >>> plt.close(ax.figure)
    """
    look = Look(style, ELEMENTS)
    points = crosshair_coordinates(result)
    ax = axes_or_new(ax, 5.4, 5.2)
    lines = look("intervals", color=color or GREY, linewidth=0.9, alpha=0.7)
    ax.hlines(points["y"], points["x_low"], points["x_high"], **lines)
    ax.vlines(points["x"], points["y_low"], points["y_high"], **lines)
    own = label if isinstance(label, str) else None
    if color_by is None:
        ax.scatter(points["x"], points["y"],
                   **look("points", color=color or BLUE, s=22, zorder=3, label=own))  # fmt: skip
    else:
        known = result.dropna(subset=["sensitivity", "specificity"])
        draw_glyphs(ax, points, glyphs_of(known, color_by), look, "points")
        legend_below(ax)
    draw_roc_space(ax, look)
    if label is True:
        names = [words(str(name)) for name in points["study"]]
        write_names(ax, names, points["x"], points["y"], look("names", fontsize=7))
    if own and color_by is None:
        ax.legend(loc="lower right", frameon=False, fontsize=8)
    missing = len(result) - len(points)
    if missing:
        ax.set_title(f"{missing} of {len(result)} studies lack cases or non-cases", fontsize=8)
    return ax
