"""Sensitivity and specificity of each study, side by side, with the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import require_columns
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    refuse_empty,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MEASURES = ("sensitivity", "specificity")
INTERVALS = tuple(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high"))
COLUMNS = ("study", "tp", "fp", "fn", "tn", *INTERVALS)
# Both panels live on one Axes: specificity is drawn this far to the right.
PANEL_STEP = 1.2
COUNT_PLACES = {"tp": -0.84, "fp": -0.60, "fn": -0.38, "tn": -0.12}
# Width of a letter in units of the axis, and inches a unit.
LETTER, INCHES = 0.042, 1.75
NUMBER_PLACES = (2 * PANEL_STEP + 0.02, 2 * PANEL_STEP + 0.98)
RIGHT_END = 2 * PANEL_STEP + 1.9
NUMBER_FORMAT = "{:.2f} ({:.2f} to {:.2f})"


def paired_coordinates(studies: pd.DataFrame) -> pd.DataFrame:
    """Return one row a mark: ``study, measure, x, x_low, x_high, y, area``.

    ``x`` is the fraction moved to its panel; ``area`` is the marker's area,
    proportional to the patients behind the fraction.
    """
    import pandas as pd

    require_columns(studies, COLUMNS, "the frame of studies (see study_accuracy)")
    refuse_empty(studies, "the frame of studies")
    groups = (studies["tp"] + studies["fn"], studies["fp"] + studies["tn"])
    parts = []
    for step, (measure, patients) in enumerate(zip(MEASURES, groups, strict=True)):
        size = patients.to_numpy(dtype=float)
        parts.append(
            pd.DataFrame(
                {
                    "study": studies["study"].to_numpy(),
                    "measure": measure,
                    "x": studies[measure].to_numpy(dtype=float) + step * PANEL_STEP,
                    "x_low": studies[f"{measure}_low"].to_numpy(dtype=float) + step * PANEL_STEP,
                    "x_high": studies[f"{measure}_high"].to_numpy(dtype=float) + step * PANEL_STEP,
                    "y": np.arange(len(studies), 0, -1, dtype=float),
                    "area": 12 + 48 * size / max(size.max(), 1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def forest_paired(studies: pd.DataFrame, *, fit: Any = None, ax: Axes | None = None) -> Axes:
    """Draw sensitivity and specificity of each study side by side, with the counts.

    Parameters
    ----------
    studies : pandas.DataFrame
        The frame of :func:`backpain_stats.meta.studies.study_accuracy` (or any
        with its columns). A study without cases shows "no cases" in place of a
        sensitivity, one without non-cases the same on the right.
    fit : BivariateFit or BayesianFit, optional
        Adds the summary of the fit as a diamond below the studies.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Squares grow with the number of patients behind them.

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
    >>> ax = plots.forest_paired(study_accuracy(data))
    >>> [text.get_text() for text in ax.texts][:3]
    ['Study', 'A', 'B']
    >>> plt.close(ax.figure)
    """
    marks = paired_coordinates(studies)
    rows = len(studies)
    left = COUNT_PLACES["tp"] - 0.25 - LETTER * max(7, *studies["study"].astype(str).str.len())
    width = (RIGHT_END - left) * INCHES
    ax = axes_or_new(ax, width, 1.3 + 0.27 * (rows + (fit is not None)))
    for measure, colour in zip(MEASURES, (BLUE, VERMILION), strict=True):
        one = marks.loc[marks["measure"] == measure]
        ax.hlines(one["y"], one["x_low"], one["x_high"], color=BLACK, linewidth=0.9)
        ax.scatter(one["x"], one["y"], s=one["area"], marker="s", color=colour, zorder=3)
    _write_counts(ax, studies, left)
    _write_numbers(ax, studies)
    if fit is not None:
        _draw_summary(ax, fit, left)
    _dress(ax, rows, left=left, lowest=-0.6 if fit is not None else 0.4)
    return ax


def _write_counts(ax: Axes, studies: pd.DataFrame, left: float) -> None:
    rows = len(studies)
    heads = {"study": (left, "left"), **{c: (x, "right") for c, x in COUNT_PLACES.items()}}
    for column, (x, side) in heads.items():
        title = "Study" if column == "study" else column.upper()
        ax.text(x, rows + 0.9, title, ha=side, va="center", fontsize=8, fontweight="bold")
        for y, value in zip(range(rows, 0, -1), studies[column], strict=True):
            text = words(value) if column == "study" else str(value)
            ax.text(x, y, text, ha=side, va="center", fontsize=8)


def _write_numbers(ax: Axes, studies: pd.DataFrame) -> None:
    empty = {"sensitivity": "no cases", "specificity": "no non-cases"}
    for step, measure in enumerate(MEASURES):
        numbers = studies[[measure, f"{measure}_low", f"{measure}_high"]].to_numpy(dtype=float)
        for y, values in zip(range(len(studies), 0, -1), numbers, strict=True):
            if np.isnan(values[0]):
                ax.text(step * PANEL_STEP + 0.5, y, empty[measure], ha="center", va="center",
                        fontsize=8, color=GREY, style="italic")  # fmt: skip
            text = "" if np.isnan(values[0]) else NUMBER_FORMAT.format(*values)
            ax.text(NUMBER_PLACES[step], y, text, ha="left", va="center", fontsize=8)
        ax.text(NUMBER_PLACES[step], len(studies) + 0.9, measure.capitalize(), ha="left",
                va="center", fontsize=8, fontweight="bold")  # fmt: skip


def _draw_summary(ax: Axes, fit: Any, left: float) -> None:
    ax.text(left, 0, "Summary", ha="left", va="center", fontsize=8, fontweight="bold")
    for step, estimate in enumerate((fit.sensitivity, fit.specificity)):
        low, mid, high = estimate.ci_low, estimate.estimate, estimate.ci_high
        x = np.array([low, mid, high, mid]) + step * PANEL_STEP
        ax.fill(x, [0, 0.28, 0, -0.28], color=BLACK, zorder=3)
        text = NUMBER_FORMAT.format(mid, low, high)
        ax.text(NUMBER_PLACES[step], 0, text, ha="left", va="center", fontsize=8, fontweight="bold")


def _dress(ax: Axes, rows: int, *, left: float, lowest: float) -> None:
    ticks = np.linspace(0, 1, 6)
    for step, measure in enumerate(MEASURES):
        ax.vlines(ticks + step * PANEL_STEP, lowest, rows + 0.5, color=LIGHT_GREY, linewidth=0.6,
                  zorder=0)  # fmt: skip
        ax.text(step * PANEL_STEP + 0.5, rows + 0.9, measure.capitalize(), ha="center",
                va="center", fontsize=9, fontweight="bold")  # fmt: skip
    ax.set_xticks([*ticks, *(ticks + PANEL_STEP)], [f"{tick:g}" for tick in ticks] * 2)
    ax.tick_params(axis="x", labelsize=8)
    ax.set_yticks([])
    ax.set_xlim(left - 0.05, RIGHT_END)
    ax.set_ylim(lowest, rows + 1.4)
    ax.spines[["left", "top", "right", "bottom"]].set_visible(False)
