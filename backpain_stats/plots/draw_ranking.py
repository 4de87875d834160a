"""Flags in the order of their likelihood ratio, with the uninformative zone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.plots.style import (
    BLUE,
    GREY,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    flag_names,
    interval_text,
    ratio_limits,
    ratio_ticks,
    refuse_empty,
    tidy,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MEASURES = {
    "lr_positive": ("LR+", "likelihood ratio of a positive result (LR+)"),
    "lr_negative": ("LR−", "likelihood ratio of a negative result (LR−)"),
}
UNINFORMATIVE = (0.5, 2.0)
LONGEST_NAME = 46  # letters; a longer name would leave the axis too little room


def ranking_coordinates(ratios: pd.DataFrame, measure: str = "lr_positive") -> pd.DataFrame:
    """Return one row a report, the most informative on top.

    Parameters
    ----------
    ratios : pandas.DataFrame
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

    check_choice(measure, "measure", tuple(MEASURES))
    require_columns(ratios, (measure, f"{measure}_low", f"{measure}_high"), "the frame of ratios")
    refuse_empty(ratios, "the frame of ratios")
    origins = [
        ", ".join(filter(None, (words(row.get("study")), words(row.get("setting")))))
        for row in ratios.to_dict("records")
    ]
    places = pd.DataFrame(
        {
            "name": flag_names(ratios),
            "origin": origins,
            "estimate": ratios[measure].to_numpy(dtype=float),
            "low": ratios[f"{measure}_low"].to_numpy(dtype=float),
            "high": ratios[f"{measure}_high"].to_numpy(dtype=float),
            "counted": ratios["counted"].to_numpy(dtype=bool) if "counted" in ratios else True,
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


def ranking(ratios: pd.DataFrame, *, measure: str = "lr_positive", ax: Axes | None = None) -> Axes:
    """Draw the flags in the order of their likelihood ratio.

    Parameters
    ----------
    ratios : pandas.DataFrame
        The frame of :func:`backpain_stats.likelihood_ratios`, or any with the
        columns ``flag_id`` (or ``label``) and ``lr_positive, lr_positive_low,
        lr_positive_high`` (or those of ``lr_negative``); ``study``,
        ``setting`` and ``counted`` are used if there.
    measure : {"lr_positive", "lr_negative"}
        Which ratio.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

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
    places = ranking_coordinates(ratios, measure)
    ax = axes_or_new(ax, 8.5, 1.4 + 0.34 * len(places))
    low, high = ratio_limits(places[["estimate", "low", "high"]].to_numpy().ravel())
    ax.set_xscale("log")
    ax.set_xlim(low / 1.12, high * 1.12)
    ax.axvspan(*UNINFORMATIVE, color=LIGHT_GREY, alpha=0.5, linewidth=0, zorder=0)
    ax.axvline(1, color=GREY, linewidth=0.8, zorder=1)
    for row in places.to_dict("records"):
        values = row["estimate"], row["low"], row["high"]
        if np.isnan(values[0]):
            ax.text(0.5, row["y"], "no ratio can be estimated", ha="center", va="center",
                    fontsize=8, style="italic", color=GREY, transform=ax.get_yaxis_transform(),
                    bbox={"color": "white", "pad": 1})  # fmt: skip
            continue
        draw_ratio(ax, row["y"], values, (low, high), counted=row["counted"],
                   colour=colour_of(measure))  # fmt: skip
        ax.annotate(interval_text(*values), (1.01, row["y"]), va="center", fontsize=8,
                    xycoords=ax.get_yaxis_transform(), annotation_clip=False)  # fmt: skip
    ax.set_xticks(ratio_ticks(low, high), [f"{tick:g}" for tick in ratio_ticks(low, high)])
    ax.minorticks_off()
    names = [
        "\n".join(filter(None, (textwrap.shorten(name, LONGEST_NAME, placeholder=" …"), origin)))
        for name, origin in zip(places["name"], places["origin"], strict=True)
    ]
    ax.set_yticks(places["y"], names, fontsize=7.5, linespacing=1.05)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(0.4, len(places) + 0.6)
    tidy(ax, grid="x")
    note = ratio_note(places["low"], places["estimate"], places["counted"])
    ax.set_xlabel("\n".join([MEASURES[measure][1], *note.split("; ")]), fontsize=8)
    ax.spines["left"].set_visible(False)
    return ax


def ratio_note(low: pd.Series, estimate: pd.Series, counted: pd.Series) -> str:
    """Explain the shading and those markers that occur."""
    notes = ["shaded: uninformative, 0.5 to 2"]
    if not counted.all():
        notes.append("open: patients counted in another row")
    if (low.isna() & estimate.notna()).any():
        notes.append("diamond: printed without an interval")
    return "; ".join(notes)


def colour_of(measure: str) -> str:
    """Return the colour of a measure, the same in every figure."""
    return BLUE if measure == "lr_positive" else VERMILION


def draw_ratio(
    ax: Axes,
    y: float,
    values: tuple[float, float, float],
    limits: tuple[float, float],
    *,
    counted: bool,
    colour: str,
) -> None:
    """Draw estimate, low and high of one ratio; what leaves the limits ends in an arrow."""
    estimate, low, high = values
    bottom, top = limits
    if not np.isnan(low):
        ax.hlines(y, max(low, bottom), min(high, top), color=colour, linewidth=1.4, zorder=2)
        for end, beyond, marker in ((bottom, low < bottom, "<"), (top, high > top, ">")):
            if beyond:
                ax.plot(end, y, marker=marker, color=colour, markersize=5, clip_on=False, zorder=2)
    shape = "D" if np.isnan(low) else "o"
    face = colour if counted else "white"
    if bottom <= estimate <= top:
        ax.plot(estimate, y, marker=shape, color=colour, markerfacecolor=face, markersize=5.5,
                linestyle="none", zorder=3)  # fmt: skip
    else:
        end, marker = (bottom, "<") if estimate < bottom else (top, ">")
        ax.plot(end, y, marker=marker, color=colour, markerfacecolor=face, markersize=8,
                linestyle="none", clip_on=False, zorder=3)  # fmt: skip
