"""Accuracy against the threshold, with the studies behind it, and the model's ROC curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import format_level
from backpain_stats.plots.marks import Look, draw_roc_space, figure
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    percent_text,
    ratio_limits,
    ratio_ticks,
    require_result,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.meta.designs import BayesianThresholds, FittedThresholds

    AnyThresholds: TypeAlias = FittedThresholds | BayesianThresholds

__all__ = ["ThresholdCoordinates", "threshold_coordinates", "thresholds"]

ELEMENTS = ("studies", "line", "band", "optimum", "curve", "diagonal", "unity")
LOOKS = {
    "sensitivity": ("Sensitivity", BLUE, "-"),
    "specificity": ("Specificity", GREEN, "--"),
    "lr_positive": ("LR+", BLUE, "-"),
    "lr_negative": ("LR−", VERMILION, "--"),
}
# Whose band is explained in the legend.
FIRST = ("sensitivity", "lr_positive")
POINTS = 61
# Places of the three panels on the page: left, bottom, width, height.
PLACES = ((0.08, 0.58, 0.38, 0.37), (0.08, 0.10, 0.38, 0.37), (0.58, 0.22, 0.40, 0.60))


class ThresholdCoordinates(NamedTuple):
    """Everything the figure draws.

    Parameters
    ----------
    curve : pandas.DataFrame
        ``threshold, measure, y, y_low, y_high``.
    studies : pandas.DataFrame
        ``study, threshold, sensitivity, specificity, lr_positive, lr_negative``; NaN where a
        group is missing.
    optimum : float or None
        The threshold of the highest Youden index; None where there is none inside the range.
    """

    curve: pd.DataFrame
    studies: pd.DataFrame
    optimum: float | None


def threshold_coordinates(result: AnyThresholds) -> ThresholdCoordinates:
    """Return the coordinates of :func:`thresholds`."""
    require_result(result, ("curve", "studies", "threshold"), "fit_thresholds")
    names = {"estimate": "y", "ci_low": "y_low", "ci_high": "y_high"}
    curve = result.curve(POINTS).rename(columns=names)
    counts = result.studies.counts.astype(float)
    tp, fp, fn, tn = counts.T
    with np.errstate(divide="ignore", invalid="ignore"):
        found, cleared = tp / (tp + fn), tn / (tn + fp)
        studies = pd.DataFrame(
            {
                "study": [result.studies.names[place] for place in result.studies.study],
                "threshold": result.studies.thresholds,
                "sensitivity": found,
                "specificity": cleared,
                "lr_positive": found / (1 - cleared),
                "lr_negative": (1 - found) / cleared,
            }
        )
    try:
        best = result.optimal_threshold()
    except NotEstimableError:
        return ThresholdCoordinates(curve, studies, None)
    inside = best.estimate if not np.isnan(best.ci_low) else None
    return ThresholdCoordinates(curve, studies, inside)


@figure
def thresholds(result: AnyThresholds, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw sensitivity, specificity and likelihood ratios against the threshold, and the ROC curve.

    Parameters
    ----------
    result : FittedThresholds or BayesianThresholds
        What :func:`backpain_stats.fit_thresholds` returned.
    ax : matplotlib.axes.Axes, optional
        The page; a new figure by default. Its place is divided among the panels.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``studies`` (thin
        lines with dots, one a study and measure), ``line`` and ``curve`` (words of ``plot``),
        ``band`` (of ``fill_between``), ``optimum`` (of ``axvline``, and of ``plot`` on the ROC
        curve), ``diagonal`` (of ``plot``), ``unity`` (of ``axhline``).

    Returns
    -------
    matplotlib.axes.Axes
        The page; its ``child_axes`` are accuracy, ratios and the ROC curve. The threshold has the
        model's own scale. Curves end where no study reported a threshold.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import fit_thresholds, plots
    >>> data = pd.DataFrame(
    ...     {"study": list("AAABBCCCDDEF"), "esr": [10, 20, 50, 20, 50, 15, 30, 60, 20, 40, 25, 30],
    ...      "tp": [19, 17, 12, 20, 9, 11, 9, 4, 31, 29, 10, 8],
    ...      "fp": [80, 41, 12, 40, 8, 50, 21, 5, 101, 53, 20, 14],
    ...      "fn": [1, 3, 8, 8, 19, 1, 3, 8, 3, 5, 7, 4],
    ...      "tn": [40, 79, 108, 110, 142, 40, 69, 85, 99, 147, 72, 48]})
    >>> ax = plots.thresholds(fit_thresholds(data, threshold="esr"))
    >>> [panel.get_xlabel() for panel in ax.child_axes]
    ['esr', 'esr', '1 − specificity (false-positive fraction)']
    >>> plt.close(ax.figure)
    """
    look = Look(style, ELEMENTS)
    drawn = threshold_coordinates(result)
    ax = axes_or_new(ax, 9.4, 6.0)
    ax.set_axis_off()
    accuracy, ratios, roc = (ax.inset_axes(place) for place in PLACES)
    for panel, names in (
        (accuracy, ("sensitivity", "specificity")),
        (ratios, ("lr_positive", "lr_negative")),
    ):
        for name in names:
            _draw_measure(panel, name, drawn, f"{format_level(result.level)}", look)
        if drawn.optimum is not None:
            panel.axvline(drawn.optimum,
                          **look("optimum", color=GREY, linewidth=0.9, linestyle=":",
                                 label="highest Youden index"))  # fmt: skip
        _threshold_axis(panel, result)
    ticks = np.linspace(0, 1, 6)
    accuracy.set_yticks(ticks, [percent_text(tick) for tick in ticks])
    accuracy.set_ylim(-0.01, 1.01)
    _ratio_scale(ratios, drawn, look)
    _draw_roc(roc, result, drawn, look)
    for panel in (accuracy, ratios):
        tidy(panel)
        panel.legend(frameon=False, fontsize=7, loc="best")
    return ax


def _draw_measure(ax: Axes, name: str, drawn: ThresholdCoordinates, level: str, look: Look) -> None:
    """Draw one measure: each study's rows, the model's line and its band."""
    label, colour, dashes = LOOKS[name]
    for _, rows in drawn.studies.groupby("study", sort=False):
        known = rows.replace([np.inf, 0.0], np.nan) if name.startswith("lr") else rows
        ax.plot(known["threshold"], known[name],
                **look("studies", color=colour, linewidth=0.5, alpha=0.45, marker=".",
                       markersize=3, label="_"))  # fmt: skip
    own = drawn.curve[drawn.curve["measure"] == name]
    ax.fill_between(own["threshold"], own["y_low"], own["y_high"],
                    **look("band", color=colour, alpha=0.18, linewidth=0,
                           label=f"{level} interval" if name in FIRST else "_"))  # fmt: skip
    ax.plot(own["threshold"], own["y"],
            **look("line", color=colour, linestyle=dashes, linewidth=1.8, label=label))  # fmt: skip


def _threshold_axis(ax: Axes, result: AnyThresholds) -> None:
    low, high = result.observed_range
    if result.transform == "log":
        ax.set_xscale("log")
        ticks = ratio_ticks(low, high, most=6)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    ax.set_xlabel(words(result.threshold))


def _ratio_scale(ax: Axes, drawn: ThresholdCoordinates, look: Look) -> None:
    curve = drawn.curve[drawn.curve["measure"].str.startswith("lr_")]
    limits = ratio_limits(curve[["y", "y_low", "y_high"]])
    ax.set_yscale("log")
    ax.set_ylim(*limits)
    ticks = ratio_ticks(*limits)
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylabel("Likelihood ratio")
    ax.axhline(1, **look("unity", color=LIGHT_GREY, linewidth=0.8, zorder=0))


def _draw_roc(ax: Axes, result: AnyThresholds, drawn: ThresholdCoordinates, look: Look) -> None:
    """Draw each study's points joined, and the model's curve over the thresholds observed."""
    draw_roc_space(ax, look)
    for _, rows in drawn.studies.dropna().groupby("study", sort=False):
        ax.plot(
            1 - rows["specificity"],
            rows["sensitivity"],
            **look("studies", color=GREY, linewidth=0.5, alpha=0.6, marker=".", markersize=3),
        )
    line = drawn.curve.pivot_table(index="threshold", columns="measure", values="y")
    ax.plot(1 - line["specificity"], line["sensitivity"],
            **look("curve", color=BLACK, linewidth=1.8))  # fmt: skip
    if drawn.optimum is not None:
        best = result.point(drawn.optimum)
        ax.plot([1 - best.specificity.estimate], [best.sensitivity.estimate],
                **{**look("optimum", color=VERMILION), "marker": "D", "markersize": 5,
                   "linestyle": "none"})  # fmt: skip
    ax.set_title("Summary ROC over the thresholds observed", fontsize=10)
