"""Influence: the summary without each study in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_level, format_number
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    ratio_axis,
    ratio_limits,
    refuse_empty,
    refuse_many,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["influence", "influence_coordinates"]

ELEMENTS = ("intervals", "points", "band", "line")
LABELS = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "lr_positive": "LR+",
    "lr_negative": "LR−",
    "odds_ratio": "Diagnostic odds ratio",
}
# Cook's distance above which a study moves the summary by about its standard error.
NOTABLE_DISTANCE = 1.0


def influence_coordinates(result: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return one row per study, the most influential on top: ``study, x, x_low, x_high, y``.

    ``distance`` and ``notable`` come along; a study without which nothing can be fitted
    has NaN.
    """
    check_choice(measure, "measure", tuple(LABELS))
    columns = (measure, f"{measure}_low", f"{measure}_high")
    require_columns(
        result, ("study", *columns, "distance"), "the influence frame (fit.influence())"
    )
    refuse_empty(result, "the influence frame")
    refuse_many(result, "the influence frame")
    ordered = result.sort_values("distance", ascending=False, na_position="first", kind="stable")
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


@figure
def influence(
    result: pd.DataFrame,
    *,
    measure: str = "lr_positive",
    fit: object = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw the summary without each study, the most influential study on top.

    Parameters
    ----------
    result : pandas.DataFrame
        What ``fit.influence()`` returned.
    measure : {"lr_positive", "lr_negative", "odds_ratio", "sensitivity", "specificity"}
    fit : BivariateFit, optional
        Adds the summary of all studies as a line with its interval as a band.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``intervals`` (words
        of ``hlines``), ``points`` (of ``scatter``), ``band`` and ``line``, the summary of all
        studies (of ``axvspan`` and ``axvline``).

    Returns
    -------
    matplotlib.axes.Axes
        Studies with a Cook's distance above 1 are filled squares in another colour;
        the distance is printed at the right: how far the summary moves without the study, in
        units of its own uncertainty (squared).

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
    look = Look(style, ELEMENTS)
    rows = influence_coordinates(result, measure)
    ax = axes_or_new(ax, 6.8, 1.6 + 0.25 * len(rows))
    ratios = measure not in ("sensitivity", "specificity")
    ends = rows[["x", "x_low", "x_high"]].to_numpy(dtype=float).ravel()
    if fit is not None:
        if not hasattr(fit, measure):
            raise ArgumentError(f"fit is {fit!r}; give the fit that the influence is of")
        whole = getattr(fit, measure)
        interval = f"{format_level(whole.ci_level)} interval"
        ax.axvspan(whole.ci_low, whole.ci_high,
                   **look("band", color=LIGHT_GREY, alpha=0.6, linewidth=0,
                          label=f"all studies, {interval}"))  # fmt: skip
        ax.axvline(whole.estimate, **look("line", color=BLACK, linewidth=1, label="all studies"))
        ends = np.append(ends, [whole.ci_low, whole.ci_high])
    for notable, colour, marker in ((False, BLUE, "o"), (True, VERMILION, "s")):
        some = rows.loc[rows["notable"] == notable]
        ax.hlines(some["y"], some["x_low"], some["x_high"],
                  **look("intervals", color=colour, linewidth=1.1))  # fmt: skip
        text = f"Cook's distance above {NOTABLE_DISTANCE:g}" if notable and len(some) else None
        ax.scatter(some["x"], some["y"],
                   **look("points", color=colour, marker=marker, s=26, zorder=3,
                          label=text))  # fmt: skip
    names = [f"without {words(str(name))}" for name in rows["study"]]
    ax.set_yticks(rows["y"], names)
    ax.tick_params(axis="y", length=0, labelsize=8)
    beside = ax.get_yaxis_transform()
    for y, distance in zip(rows["y"], rows["distance"], strict=True):
        text = "not estimable" if np.isnan(distance) else format_number(float(distance), 2)
        ax.text(1.02, y, text, transform=beside, va="center", fontsize=8)
    ax.text(1.02, len(rows) + 0.9, "Cook's distance", transform=beside, va="center",
            fontsize=8, fontweight="bold")  # fmt: skip
    ax.set_ylim(0.3, len(rows) + 1.2)
    if ratios:
        ax.set_xscale("log")
        ax.set_xlim(*ratio_limits(ends, around=False))
        ratio_axis(ax)
    tidy(ax, grid="x", xlabel=f"{LABELS[measure]} of the remaining studies")
    legend_below(ax, ncols=3)
    return ax
