"""Calibration: observed frequencies against predicted probabilities, bin by bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.errors import DataError
from backpain_stats.estimate import format_level
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    GREY,
    MARKERS,
    PALETTE,
    axes_or_new,
    percent_axis,
    printable,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["calibration", "calibration_coordinates"]

ELEMENTS = ("diagonal", "intervals", "curves", "points", "counts")
COLUMNS = ("model", "bin", "predicted", "estimate", "ci_low", "ci_high", "ci_level")
SCALES = ("logit", "linear")
# The ends of the log-odds axes; what lies beyond is drawn at the end, as an open mark.
EDGE = 0.001
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def calibration_coordinates(result: pd.DataFrame, scale: str = "logit") -> pd.DataFrame:
    """Return one row per point: ``model, x, y, low, high, n, at_edge``, as they are drawn.

    On the log-odds scale coordinates stop at 0.1% and 99.9%; ``at_edge`` marks
    the points that lie beyond (an observed 0% among them).
    """
    require_columns(result, COLUMNS, "the frame of a calibration curve")
    check_choice(scale, "scale", SCALES)
    points = (
        result.assign(n=result["n"] if "n" in result else float("nan"))
        .rename(columns={"predicted": "x", "estimate": "y", "ci_low": "low", "ci_high": "high"})[
            ["model", "x", "y", "low", "high", "n"]
        ]
        .reset_index(drop=True)
    )
    if scale == "linear":
        return points.assign(at_edge=False)
    ends = ["x", "y", "low", "high"]
    inside = points[ends].clip(EDGE, 1 - EDGE)
    beyond = (inside[["x", "y"]] != points[["x", "y"]]).any(axis=1)
    return points.assign(**inside, at_edge=beyond)


@figure
def calibration(
    result: pd.DataFrame, *, scale: str = "logit", ax: Axes | None = None, **style: Any
) -> Axes:
    """Draw calibration curves: observed frequencies against predicted probabilities.

    Predictions that come true as often as they say lie on the diagonal.

    Where predictions are overconfident the curve is flatter than the diagonal:
    high predictions come true less often than they say, low ones more often.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.calibration.calibration_curve`; one
        line a model, up to seven.
    scale : {"logit", "linear"}
        Log odds show what happens near 0 and 1, where most predictions lie;
        points beyond 0.1% and 99.9% are drawn there, as open marks.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``diagonal`` and
        ``curves`` (words of ``plot``), ``intervals`` (of ``vlines``), ``points`` (of
        ``scatter``), ``counts``, the bars below that show how many predictions each point
        stands for (of ``vlines``).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        If a column is missing, the frame is empty or it has more than seven models.
    ArgumentError
        If the scale is not allowed.

    Examples
    --------
    >>> from backpain_stats import Independent, calibration, load_patients, plots
    >>> patients = load_patients()
    >>> made = calibration.predictions(
    ...     patients, patients["pain_type"] == "nociceptive", models={"product": Independent()}
    ... )
    >>> ax = plots.calibration(calibration.calibration_curve(made, bins=5))
    >>> ax.get_xlabel()
    'Predicted probability'
    """
    look = Look(style, ELEMENTS)
    coordinates = calibration_coordinates(result, scale)
    models = list(coordinates.groupby("model", sort=False))
    if not 0 < len(models) <= len(PALETTE):
        raise DataError(f"the frame has {len(models)} models; 1 to {len(PALETTE)} can be drawn")
    ax = axes_or_new(ax, 5.4, 5.2)
    if scale == "logit":
        ax.set_xscale("logit")
        ax.set_yscale("logit")
    start, stop = (EDGE, 1 - EDGE) if scale == "logit" else (0.0, 1.0)
    ax.plot([start, stop], [start, stop],
            **look("diagonal", color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0,
                   label="observed as predicted"))  # fmt: skip
    for (name, points), colour, marker in zip(models, PALETTE, MARKERS, strict=False):
        ordered = points.sort_values("x")
        ax.vlines(ordered["x"], ordered["low"], ordered["high"],
                  **look("intervals", color=colour, linewidth=1.1, alpha=0.7))  # fmt: skip
        inside = ordered[~ordered["at_edge"]]
        ax.plot(inside["x"], inside["y"], **look("curves", color=colour, linewidth=0.9, alpha=0.7))
        face = [("white" if edge else colour) for edge in ordered["at_edge"]]
        ax.scatter(ordered["x"], ordered["y"],
                   **look("points", marker=marker, s=30, facecolor=face, edgecolor=colour, zorder=3,
                          clip_on=False))  # fmt: skip
        ax.plot([], [], color=colour, marker=marker, markersize=5, linewidth=0.9,
                label=printable(name))  # fmt: skip
    if coordinates["at_edge"].any():
        ax.plot([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="none",
                label="beyond the axis: drawn at its end")  # fmt: skip
    _axes(ax, scale, start, stop)
    if coordinates["n"].notna().all():
        _counts(ax, models, coordinates["n"].max(), look)
    level = f"{format_level(result['ci_level'].iloc[0])}"
    tidy(ax, xlabel="Predicted probability", ylabel=f"Observed frequency ({level} intervals)")
    legend_below(ax)
    return ax


def _counts(ax: Axes, models: list[Any], most: float, look: Look) -> None:
    """Draw a bar per point on the lower edge: its height is the share of the largest count."""
    for (_, points), colour in zip(models, PALETTE, strict=False):
        ax.vlines(points["x"], 0, 0.08 * points["n"] / most, transform=ax.get_xaxis_transform(),
                  **look("counts", color=colour, linewidth=3, alpha=0.35, zorder=0))  # fmt: skip
    ax.text(0.995, 0.09, f"bars: predictions per point, up to {most:,.0f}", ha="right",
            va="bottom", fontsize=7, color=GREY, transform=ax.transAxes)  # fmt: skip


def _axes(ax: Axes, scale: str, start: float, stop: float) -> None:
    """Set equal limits on both axes, and ticks in percent."""
    margin = 0.02 if scale == "linear" else 0.0
    for axis, limits in ((ax.xaxis, ax.set_xlim), (ax.yaxis, ax.set_ylim)):
        limits(start - margin, stop + margin)
        ticks = TICKS if scale == "logit" else (0, 0.25, 0.5, 0.75, 1)
        percent_axis(axis, ticks)
    ax.set_box_aspect(1)
