"""Sensitivity analysis: the summary of all studies, and without some of them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import as_names, check_choice, require_columns
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.marks import Look, draw_interval, figure, interval_name
from backpain_stats.plots.rows import TextColumn, lay_out, natural_width
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    FONT,
    GREY,
    RATIOS,
    VERMILION,
    axes_or_new,
    colour_of,
    interval_text,
    printable,
    ratio_axis,
    ratio_limits,
    refuse_empty,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sensitivity_analysis", "sensitivity_analysis_coordinates"]

ELEMENTS = ("line", "intervals", "points")
FRACTIONS = {"sensitivity": BLUE, "specificity": VERMILION}
NUMBER_FORMAT = "{:.2f} ({:.2f} to {:.2f})"
# Letters of a label, and of a reason, which has the width of a panel.
LONGEST_LABEL, LONGEST_REASON = 60, 44


def sensitivity_analysis_coordinates(
    result: pd.DataFrame, measure: str | Sequence[str] = ("sensitivity", "specificity")
) -> pd.DataFrame:
    """Return one row a measure and analysis: ``measure, analysis, x, x_low, x_high, y, whole``.

    The first analysis stands on top; ``whole`` says that it is the one the others are compared
    with. ``studies`` and ``reason`` come along.

    Raises
    ------
    ArgumentError
        If a measure is not known.
    DataError
        If a column is missing or there is no row.
    """
    measures = as_names(measure, "measure")
    for one in measures:
        check_choice(one, "measure", (*FRACTIONS, *RATIOS))
    if not measures:
        raise ArgumentError(f"measure is empty; choose one or more of {', '.join(RATIOS)}")
    needed = [f"{one}{end}" for one in measures for end in ("", "_low", "_high")]
    where = "the frame of sensitivity_analysis"
    require_columns(result, ("analysis", "studies", "reason", *needed), where)
    refuse_empty(result, where)
    parts = [
        pd.DataFrame(
            {
                "measure": one,
                "analysis": result["analysis"].to_numpy(),
                "x": result[one].to_numpy(dtype=float),
                "x_low": result[f"{one}_low"].to_numpy(dtype=float),
                "x_high": result[f"{one}_high"].to_numpy(dtype=float),
                "y": np.arange(len(result), 0, -1, dtype=float),
                "whole": np.arange(len(result)) == 0,
                "studies": result["studies"].to_numpy(),
                "reason": result["reason"].to_numpy(),
            }
        )
        for one in measures
    ]
    return pd.concat(parts, ignore_index=True)


@figure
def sensitivity_analysis(
    result: pd.DataFrame,
    *,
    measure: str | Sequence[str] = ("sensitivity", "specificity"),
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw the summary of all studies and, below it, without some of them.

    Parameters
    ----------
    result : pandas.DataFrame
        What :func:`backpain_stats.sensitivity_analysis` returned.
    measure : str or sequence of str
        One panel each: ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Its place is divided among text and panels.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``line``, the
        summary of all studies (words of ``axvline``), ``intervals`` and ``points`` (of ``plot``).

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the first measure; the others are its ``child_axes``. Ratios have a
        logarithmic axis. A scale shows what the intervals need: it rarely starts at 0. An
        analysis that could not be made keeps its row, with the reason.

    Raises
    ------
    ArgumentError
        If a measure is not known.
    DataError
        If a column is missing or there is no row.

    Notes
    -----
    The rows share studies. Whether two intervals overlap says nothing of a difference.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate, plots
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> table = fit_bivariate(data).sensitivity_analysis({"without A": ["A"]})
    >>> ax = plots.sensitivity_analysis(table)
    >>> ax.get_xlabel(), ax.child_axes[0].get_xlabel()
    ('Sensitivity', 'Specificity')
    >>> plt.close(ax.figure)
    """
    look = Look(style, ELEMENTS)
    marks = sensitivity_analysis_coordinates(result, measure)
    measures = list(marks["measure"].unique())
    rows = marks[marks["measure"] == measures[0]]
    before, printed = _texts(rows, marks, measures, _level_name(result))
    head = float(len(rows)) + 1.1
    width = natural_width(before, printed)
    ax = axes_or_new(ax, width, 1.0 + 0.25 * head)
    panels = lay_out(ax, list(rows["y"]), before, printed, head)
    for panel, one in zip(panels, measures, strict=True):
        _draw_panel(panel, one, marks[marks["measure"] == one], look)
    ax.set_ylim(0.4, head + 0.5)
    return ax


def _level_name(result: pd.DataFrame) -> str:
    return interval_name(result["ci_level"].dropna() if "ci_level" in result else [])


def _texts(
    rows: pd.DataFrame, marks: pd.DataFrame, measures: Sequence[str], interval: str
) -> tuple[list[TextColumn], list[list[TextColumn]]]:
    """Return the columns left of the panels, and those right of each."""
    bold = {"fontweight": "bold"}
    looks: list[dict[str, Any]] = [bold if whole else {} for whole in rows["whole"]]
    names = [
        textwrap.shorten(printable(n), LONGEST_LABEL, placeholder=" …") for n in rows["analysis"]
    ]
    before = [
        TextColumn("Analysis", names, looks=looks),
        TextColumn("Studies", [f"{n:,.0f}" for n in rows["studies"]], align="right", looks=looks),
    ]
    after = []
    for measure in measures:
        own = marks.loc[marks["measure"] == measure, ["x", "x_low", "x_high"]].to_numpy()
        texts = [_number(measure, *values) for values in own]
        name = RATIOS[measure][0] if measure in RATIOS else measure.capitalize()
        after.append([TextColumn(f"{name} ({interval})", texts, looks=looks)])
    return before, after


def _number(measure: str, value: float, low: float, high: float) -> str:
    """Print an estimate with its interval; nothing for none."""
    if math.isnan(value):
        return ""
    if measure in RATIOS:
        return interval_text(value, low, high)
    return (
        f"{value:.2f} (no interval)" if math.isnan(low) else NUMBER_FORMAT.format(value, low, high)
    )


def _draw_panel(ax: Axes, measure: str, marks: pd.DataFrame, look: Look) -> None:
    """Draw one measure of every analysis."""
    ends = marks[["x", "x_low", "x_high"]].to_numpy()
    ratio = measure in RATIOS
    limits = ratio_limits(ends, around=False) if ratio else _fraction_limits(ends)
    if ratio:
        ax.set_xscale("log")
    ax.set_xlim(*limits)
    whole = float(marks.loc[marks["whole"], "x"].iloc[0])
    if limits[0] <= whole <= limits[1]:
        ax.axvline(whole, **look("line", color=GREY, linewidth=0.9, linestyle=(0, (4, 3)),
                                 zorder=1))  # fmt: skip
    colour = colour_of(measure) if ratio else FRACTIONS[measure]
    for mark in marks.to_dict("records"):
        if math.isnan(mark["x"]):
            _say_why(ax, mark)
            continue
        own = BLACK if mark["whole"] else colour
        draw_interval(
            ax, mark["y"], (mark["x"], mark["x_low"], mark["x_high"]), limits,
            interval=look("intervals", color=own, linewidth=1.4, zorder=2),
            point=look("points", color=own, marker="D" if mark["whole"] else "o", markersize=5.5,
                       zorder=3),
        )  # fmt: skip
    if ratio:
        ratio_axis(ax)
    else:
        ax.locator_params(axis="x", nbins=5)
    tidy(ax, grid="x", xlabel=RATIOS[measure][1] if ratio else measure.capitalize())
    ax.xaxis.label.set_fontsize(FONT)


def _fraction_limits(ends: Any) -> tuple[float, float]:
    """Return limits in steps of 0.05, a fifth of the scale or more, that hold the ends."""
    known = ends[np.isfinite(ends)]
    if not known.size:
        return 0.0, 1.0
    # a hair beyond, so that a point at a limit stays whole
    low = max(math.floor(20 * known.min() - 0.2), 0)
    high = min(max(math.ceil(20 * known.max() + 0.2), low + 4), 20)
    return min(low, high - 4) / 20, high / 20


def _say_why(ax: Axes, mark: dict[Any, Any]) -> None:
    """Write into the row of an analysis that could not be made why it could not."""
    text = textwrap.shorten(printable(mark["reason"]) or "not estimable", LONGEST_REASON,
                            placeholder=" …")  # fmt: skip
    ax.annotate(text, (0, mark["y"]), (3, 0), xycoords=ax.get_yaxis_transform(),
                textcoords="offset points", va="center", fontsize=FONT - 0.5, color=GREY,
                style="italic", bbox={"color": "white", "pad": 0.6}, zorder=3)  # fmt: skip
