"""Flags in the order of their likelihood ratio, with the uninformative zone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.plots.marks import Look, draw_interval, draw_zone, explain_marks, figure
from backpain_stats.plots.style import (
    GREY,
    RATIOS,
    axes_or_new,
    colour_of,
    flag_names,
    interval_text,
    ratio_axis,
    ratio_limits,
    refuse_empty,
    refuse_many,
    tidy,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MEASURES = ("lr_positive", "lr_negative")
ELEMENTS = ("zone", "unity", "intervals", "points", "numbers")
LONGEST_NAME = 46  # letters; a longer name would leave the axis too little room


def ranking_coordinates(result: pd.DataFrame, measure: str = "lr_positive") -> pd.DataFrame:
    """Return one row a report, the most informative on top.

    Parameters
    ----------
    result : pandas.DataFrame
        As for :func:`ranking`.
    measure : {"lr_positive", "lr_negative"}
        What to order by: LR+ from the largest down, LR- from the smallest up.

    Returns
    -------
    pandas.DataFrame
        ``name, origin, estimate, low, high, counted, y``. Reports without a
        ratio come last, with NaN.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    ArgumentError
        If the measure is not one of the two.
    """
    import pandas as pd

    check_choice(measure, "measure", MEASURES)
    require_columns(result, (measure, f"{measure}_low", f"{measure}_high"), "the frame of ratios")
    refuse_empty(result, "the frame of ratios")
    refuse_many(result, "the frame of ratios")
    origins = [
        ", ".join(filter(None, (words(row.get("study")), words(row.get("setting")))))
        for row in result.to_dict("records")
    ]
    places = pd.DataFrame(
        {
            "name": flag_names(result),
            "origin": origins,
            "estimate": result[measure].to_numpy(dtype=float),
            "low": result[f"{measure}_low"].to_numpy(dtype=float),
            "high": result[f"{measure}_high"].to_numpy(dtype=float),
            "counted": result["counted"].to_numpy(dtype=bool) if "counted" in result else True,
        }
    )
    places = places.sort_values(
        ["estimate", "name", "origin"],
        ascending=[measure == "lr_negative", True, True],
        na_position="last",
        ignore_index=True,
    )
    places["y"] = np.arange(len(places), 0, -1, dtype=float)
    return places


@figure
def ranking(
    result: pd.DataFrame,
    *,
    measure: str = "lr_positive",
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw the flags in the order of their likelihood ratio.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.likelihood_ratios`, or any with the
        columns ``flag_id`` (or ``label``) and ``lr_positive, lr_positive_low,
        lr_positive_high`` (or those of ``lr_negative``); ``study``,
        ``setting`` and ``counted`` are used if there.
    measure : {"lr_positive", "lr_negative"}
        Which ratio.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``zone`` (words of
        ``axvspan``), ``unity`` (of ``axvline``), ``intervals`` and ``points`` (of ``plot``),
        ``numbers`` (of ``annotate``).

    Returns
    -------
    matplotlib.axes.Axes
        A dot and a line a report on a logarithmic axis; the zone from 0.5 to
        2, where a result hardly moves a probability, is shaded. A line or dot
        that goes on beyond the axis, to 0 or to infinity, ends in an arrow. An
        open dot is a report on patients who are counted in another row, a
        diamond a ratio printed without an interval. Reports without a ratio
        stand in grey below.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    ArgumentError
        If the measure is not one of the two.

    Examples
    --------
    >>> from backpain_stats import likelihood_ratios, load_evidence, plots
    >>> ax = plots.ranking(likelihood_ratios(load_evidence(), target="cauda_equina"))
    >>> ax.get_xscale()
    'log'
    """
    look = Look(style, ELEMENTS)
    places = ranking_coordinates(result, measure)
    ax = axes_or_new(ax, 8.5, 1.6 + 0.36 * len(places))
    low, high = ratio_limits(places[["estimate", "low", "high"]].to_numpy().ravel())
    ax.set_xscale("log")
    ax.set_xlim(low / 1.12, high * 1.12)
    draw_zone(ax, look)
    colour = colour_of(measure)
    beside = ax.get_yaxis_transform()
    for row in places.to_dict("records"):
        values = row["estimate"], row["low"], row["high"]
        if np.isnan(values[0]):
            ax.text(0.5, row["y"], "no ratio can be estimated", ha="center", va="center",
                    fontsize=8, style="italic", color=GREY, transform=beside,
                    bbox={"color": "white", "pad": 1})  # fmt: skip
            continue
        shape, face = "D" if np.isnan(row["low"]) else "o", colour if row["counted"] else "white"
        draw_interval(
            ax, row["y"], values, (low, high),
            interval=look("intervals", color=colour, linewidth=1.4, zorder=2),
            point=look("points", color=colour, markerfacecolor=face, marker=shape,
                       markersize=5.5, zorder=3),
        )  # fmt: skip
        ax.annotate(interval_text(*values), (1.01, row["y"]), xycoords=beside,
                    **look("numbers", va="center", fontsize=8, annotation_clip=False))  # fmt: skip
    ratio_axis(ax)
    names = [
        "\n".join(filter(None, (textwrap.shorten(name, LONGEST_NAME, placeholder=" …"), origin)))
        for name, origin in zip(places["name"], places["origin"], strict=True)
    ]
    ax.set_yticks(places["y"], names, fontsize=7.5, linespacing=1.15)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(0.4, len(places) + 0.6)
    tidy(ax, grid="x", xlabel=RATIOS[measure][1])
    ax.spines["left"].set_visible(False)
    explain_marks(ax, places)
    return ax
