"""Influence: the summary without each study in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.estimate import format_number
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    ratio_axis,
    refuse_empty,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LABELS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "lr_positive": "LR+",
    "lr_negative": "LR−",
    "odds_ratio": "Diagnostic odds ratio",
}
# Cook's distance above which a study moves the summary by about its standard error.
NOTABLE_DISTANCE = 1.0


def influence_coordinates(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return one row a study, the most influential on top: ``study, x, x_low, x_high, y``.

    ``distance`` and ``notable`` come along; a study without which nothing can be fitted
    has NaN.
    """
    import pandas as pd

    check_choice(measure, "measure", tuple(LABELS))
    columns = (measure, f"{measure}_low", f"{measure}_high")
    require_columns(table, ("study", *columns, "distance"), "the influence frame (fit.influence())")
    refuse_empty(table, "the influence frame")
    ordered = table.sort_values("distance", ascending=False, na_position="first", kind="stable")
    return pd.DataFrame(
        {
            "study": ordered["study"],
            "x": ordered[measure],
            "x_low": ordered[f"{measure}_low"],
            "x_high": ordered[f"{measure}_high"],
            "y": np.arange(len(ordered), 0, -1, dtype=float),
            "distance": ordered["distance"],
            "notable": ordered["distance"] > NOTABLE_DISTANCE,
        }
    ).reset_index(drop=True)


def influence(
    table: pd.DataFrame,
    *,
    measure: str = "lr_positive",
    fit: object = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the summary without each study, the most influential study on top.

    Parameters
    ----------
    table : pandas.DataFrame
        What ``fit.influence()`` returned.
    measure : {"lr_positive", "lr_negative", "odds_ratio", "sensitivity", "specificity"}
    fit : BivariateFit, optional
        Adds the summary of all studies as a line with its interval as a band.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Studies with a Cook's distance above 1 are filled squares in another colour;
        the distance is printed at the right.

    Raises
    ------
    ArgumentError, DataError
        If the measure is unknown, or the frame lacks its columns.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> fit = fit_bivariate(data)
    >>> ax = plots.influence(fit.influence(), fit=fit)
    >>> ax.get_yticklabels()[0].get_text()
    'without C'
    >>> plt.close(ax.figure)
    """
    rows = influence_coordinates(table, measure)
    ax = axes_or_new(ax, 6.4, 1.3 + 0.25 * len(rows))
    if fit is not None:
        whole = getattr(fit, measure)
        ax.axvspan(whole.ci_low, whole.ci_high, color=LIGHT_GREY, alpha=0.6, linewidth=0)
        ax.axvline(whole.estimate, color=BLACK, linewidth=1)
    for notable, colour, marker in ((False, BLUE, "o"), (True, VERMILION, "s")):
        some = rows.loc[rows["notable"] == notable]
        ax.hlines(some["y"], some["x_low"], some["x_high"], color=colour, linewidth=1.1)
        ax.scatter(some["x"], some["y"], color=colour, marker=marker, s=26, zorder=3)
    ax.set_yticks(rows["y"], [f"without {name}" for name in rows["study"]])
    ax.tick_params(axis="y", length=0, labelsize=8)
    for y, distance in zip(rows["y"], rows["distance"], strict=True):
        text = "not estimable" if np.isnan(distance) else format_number(float(distance), 2)
        ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    ax.text(1.02, len(rows) + 0.9, "distance", transform=ax.get_yaxis_transform(), va="center",
            fontsize=8, fontweight="bold")  # fmt: skip
    ax.set_ylim(0.3, len(rows) + 1.2)
    if measure not in ("sensitivity", "specificity"):
        ratio_axis(ax)
    return tidy(ax, xlabel=f"{LABELS[measure]} of the remaining studies")
