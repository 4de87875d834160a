"""Crosshairs: both intervals of each study in ROC space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats.checks import require_columns
from backpain_stats.plots.draw_forest_paired import COLUMNS
from backpain_stats.plots.style import BLUE, GREY, LIGHT_GREY, axes_or_new, refuse_empty, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def crosshair_coordinates(studies: pd.DataFrame) -> pd.DataFrame:
    """Return one row a study: ``study, x, x_low, x_high, y, y_low, y_high`` in ROC space.

    Studies that lack one of the two groups have no place in ROC space and are
    not among the rows.
    """
    import pandas as pd

    require_columns(studies, COLUMNS, "the frame of studies (see study_accuracy)")
    refuse_empty(studies, "the frame of studies")
    frame = pd.DataFrame(
        {
            "study": studies["study"],
            "x": 1 - studies["specificity"],
            "x_low": 1 - studies["specificity_high"],
            "x_high": 1 - studies["specificity_low"],
            "y": studies["sensitivity"],
            "y_low": studies["sensitivity_low"],
            "y_high": studies["sensitivity_high"],
        }
    )
    return frame.dropna(subset=["x", "y"]).reset_index(drop=True)


def crosshair(studies: pd.DataFrame, *, label: bool = False, ax: Axes | None = None) -> Axes:
    """Draw each study in ROC space with the intervals of both its fractions.

    Parameters
    ----------
    studies : pandas.DataFrame
        The frame of :func:`backpain_stats.meta.studies.study_accuracy`.
    label : bool
        Whether the studies' names stand beside their points.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> from backpain_stats.meta.studies import study_accuracy
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.crosshair(study_accuracy(data))
    >>> ax.get_xlabel()
    '1 − specificity (false-positive fraction)'
    >>> plt.close(ax.figure)
    """
    points = crosshair_coordinates(studies)
    ax = axes_or_new(ax, 5.4, 5.2)
    ax.hlines(points["y"], points["x_low"], points["x_high"], color=GREY, linewidth=0.9)
    ax.vlines(points["x"], points["y_low"], points["y_high"], color=GREY, linewidth=0.9)
    ax.scatter(points["x"], points["y"], s=22, color=BLUE, zorder=3)
    if label:
        for row in points.itertuples():
            ax.annotate(str(row.study), (row.x, row.y), xytext=(4, 4),
                        textcoords="offset points", fontsize=7)  # fmt: skip
    draw_roc_space(ax)
    missing = len(studies) - len(points)
    if missing:
        ax.set_title(f"{missing} of {len(studies)} studies lack cases or non-cases", fontsize=8)
    return ax


def draw_roc_space(ax: Axes) -> None:
    """Set the limits, labels and the diagonal of a useless test."""
    ax.plot([0, 1], [0, 1], color=LIGHT_GREY, linewidth=1, zorder=0)
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_aspect("equal")
    tidy(ax, xlabel="1 − specificity (false-positive fraction)", ylabel="Sensitivity")
