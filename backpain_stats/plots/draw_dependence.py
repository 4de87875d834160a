"""Risk against the assumed dependence, with the bounds behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from backpain_stats.checks import require_columns
from backpain_stats.errors import DataError
from backpain_stats.estimate import format_level, format_percent
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    GREY,
    LIGHT_GREY,
    MARKERS,
    PALETTE,
    axes_or_new,
    percent_axis,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["dependence", "dependence_coordinates"]

ELEMENTS = ("bounds", "bands", "curves", "pretest")
COLUMNS = (
    "rho", "pretest", "estimate", "ci_low", "ci_high", "ci_level", "bound_low", "bound_high",
)  # fmt: skip
# Risks beyond these have no place on the axis; bounds of 0 and 1 end here.
LOWEST, HIGHEST = 1e-5, 1 - 1e-5
# Bounds are shown this far beyond the rest, in log odds.
BEYOND = 2.0
TICKS = (1e-5, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999)


def dependence_coordinates(result: pd.DataFrame) -> pd.DataFrame:
    """Return one row per point: ``pretest, x, y, low, high, bound_low, bound_high``.

    Probabilities are kept within 0.001% and 99.999%, the ends of the log-odds
    axis; an interval or bound that is missing stays NaN.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    require_columns(result, COLUMNS, "the frame of a sensitivity analysis")
    if result.empty:
        raise DataError("the frame of a sensitivity analysis has no row")
    names = {"rho": "x", "estimate": "y", "ci_low": "low", "ci_high": "high"}
    points = result.rename(columns=names)[
        ["pretest", "x", "y", "low", "high", "bound_low", "bound_high"]
    ].astype(float)
    inside = points.drop(columns=["pretest", "x"]).clip(LOWEST, HIGHEST)
    return points.assign(**inside).sort_values(["pretest", "x"], ignore_index=True)


@figure
def dependence(result: pd.DataFrame, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw one patient's risk over the correlation between findings.

    The correlation is the latent (tetrachoric) one of the shared factor; between findings that
    are present or absent the ordinary correlation is smaller.
    At 0 the likelihood ratios are multiplied. The coloured band is the
    interval (sampling error at that correlation), the grey one the sharp bounds
    over every dependence that fits the marginals. Several pre-test
    probabilities give several lines, their intervals as thin ones; bounds are
    drawn for one only.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :meth:`backpain_stats.RiskModel.sensitivity`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``bounds`` and
        ``bands`` (words of ``fill_between``), ``curves`` (of ``plot``), ``pretest`` (of
        ``axhline``).

    Returns
    -------
    matplotlib.axes.Axes
        The vertical axis is in log odds, with ticks in percent.

    Raises
    ------
    DataError
        If a column is missing, there is no row, or more than seven pre-tests.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import RiskModel, plots
    >>> flags = pd.DataFrame({"flag": ["history", "age"], "sensitivity": [0.31, 0.77],
    ...                       "specificity": [0.98, 0.71]})
    >>> model = RiskModel.from_frame(flags, pretest=0.01)
    >>> ax = plots.dependence(model.sensitivity(present=["history", "age"]))
    >>> ax.get_yscale()
    'logit'
    """
    look = Look(style, ELEMENTS)
    points = dependence_coordinates(result)
    priors = [(float(p), points[points["pretest"] == p]) for p in points["pretest"].unique()]
    if len(priors) > len(PALETTE):
        raise DataError(
            f"the frame has {len(priors)} pre-test probabilities; up to {len(PALETTE)} can be drawn"
        )
    ax = axes_or_new(ax, 6.4, 4.9)
    ax.set_yscale("logit")
    only = len(priors) == 1
    if only and points[["bound_low", "bound_high"]].notna().all(axis=None):
        low, high = (float(result[end].iloc[0]) for end in ("bound_low", "bound_high"))
        ax.fill_between(points["x"], points["bound_low"], points["bound_high"],
                        **look("bounds", color=LIGHT_GREY, alpha=0.6, linewidth=0, zorder=0,
                               label="every dependence that fits the marginals: "
                               f"{format_percent(low)} to {format_percent(high)}"))  # fmt: skip
    level = f"{format_level(result['ci_level'].iloc[0])}"
    for (pretest, line), colour, marker in zip(priors, PALETTE, MARKERS, strict=False):
        if only and line[["low", "high"]].notna().all(axis=None):
            # White beneath, so that the band has the colour of its legend entry.
            for shade, alpha in (("white", 1.0), (colour, 0.45)):
                ax.fill_between(line["x"], line["low"], line["high"],
                                **look("bands", color=shade, alpha=alpha, linewidth=0, zorder=0.5,
                                       label=f"{level} interval" if alpha < 1 else None)
                                | ({"color": shade} if alpha == 1 else {}))  # fmt: skip
        elif not only:
            # Overlapping bands would mix their colours: several have edges only.
            ax.plot(line["x"], line[["low", "high"]],
                    **look("bands", color=colour, linewidth=0.7, alpha=0.7))  # fmt: skip
        before = format_percent(pretest)
        ax.plot(line["x"], line["y"],
                **look("curves", color=colour, marker=marker, markersize=4, linewidth=1.6,
                       label="risk after the findings" if only
                       else f"risk after the findings, pre-test {before}"))  # fmt: skip
        ax.axhline(pretest, **look("pretest", color=colour if not only else GREY, linewidth=0.9,
                                   linestyle=(0, (4, 3)),
                                   label=f"pre-test probability {before}" if only
                                   else "pre-test probabilities"))  # fmt: skip
    _axes(ax, points, only)
    tidy(
        ax,
        xlabel="Latent correlation between findings within each group (rho); 0 multiplies",
        ylabel="Post-test probability",
    )
    legend_below(ax)
    return ax


def _axes(ax: Axes, points: pd.DataFrame, only: bool) -> None:
    """Set limits around what is drawn, and ticks in percent."""
    core = logit(points[["y", "low", "high", "pretest"]].to_numpy(dtype=float))
    low, high = np.nanmin(core), np.nanmax(core)
    if only:
        # A bound of 0 or 1 would stretch the axis without end: it is cut where it has left
        # everything else well behind.
        low = min(low, max(np.nanmin(logit(points["bound_low"])), low - BEYOND))
        high = max(high, min(np.nanmax(logit(points["bound_high"])), high + BEYOND))
    limits = expit([low - 0.3, high + 0.3])
    ax.set_ylim(*limits)
    percent_axis(ax.yaxis, [tick for tick in TICKS if limits[0] <= tick <= limits[1]])
    ax.set_xlim(points["x"].min(), points["x"].max())
