"""Decision curve: net benefit against the threshold a panel may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import check_count, check_mapping, require_columns
from backpain_stats.decide.curves import IMAGE_ALL, IMAGE_NONE
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import (
    BLACK,
    GREY,
    MARKERS,
    PALETTE,
    axes_or_new,
    printable,
    refuse_empty,
    tidy,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["decision_curve", "decision_curve_coordinates"]

ELEMENTS = ("curves", "intervals", "extremes")
_EXTREMES = {
    IMAGE_ALL: {"color": GREY, "linestyle": "--"},
    IMAGE_NONE: {"color": BLACK, "linestyle": ":"},
}
MOST_BANDS = 3


def decision_curve_coordinates(
    result: pd.DataFrame, *, per: int = 1000, whole: bool = False
) -> pd.DataFrame:
    """Return one row per point: ``strategy, x, y, low, high``, as they are drawn.

    ``x`` is the threshold in percent, the others count patients per ``per``. Without ``whole``
    the thresholds end a fifth beyond the last one at which some flag is above zero.
    """
    require_columns(result, ["strategy", "threshold", "estimate", "ci_low", "ci_high"], "result")
    refuse_empty(result, "result")
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    points = pd.DataFrame(
        {
            "strategy": result["strategy"],
            "x": 100 * result["threshold"],
            "y": per * result["estimate"],
            "low": per * result["ci_low"],
            "high": per * result["ci_high"],
        }
    )
    if whole:
        return points
    useful = points.loc[~points["strategy"].isin(_EXTREMES) & (points["y"] > 0), "x"]
    last = 1.2 * float(useful.max()) if len(useful) else float(points["x"].max())
    return points[points["x"] <= max(last, points["x"].drop_duplicates().nsmallest(3).max())]


@figure
def decision_curve(
    result: pd.DataFrame,
    *,
    per: int = 1000,
    bands: bool | None = None,
    labels: Mapping[str, str] | None = None,
    whole: bool = False,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw net benefit against the threshold, flag by flag.

    Parameters
    ----------
    result : DataFrame
        From :func:`backpain_stats.decision_curve`.
    per : int, default 1000
        The vertical axis counts cases found per this many patients.
    bands : bool, optional
        Whether to draw the flags' intervals; by default only for up to three flags.
    labels : mapping, optional
        Words for the flags.
    whole : bool, default False
        Whether to draw all thresholds; otherwise the axis ends a little beyond the last one at
        which some flag is better than imaging nobody.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``curves`` and
        ``extremes``, imaging all and none (words of ``plot``), ``intervals`` (of
        ``fill_between``).

    Returns
    -------
    matplotlib Axes
        One line per strategy; imaging all and none are dashed and dotted.

    Examples
    --------
    >>> import pandas as pd
    >>> import backpain_stats as bs
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> ax = bs.plots.decision_curve(bs.decision_curve(table, 0.003))
    >>> [line.get_label() for line in ax.lines]
    ['cancer history', 'image all', 'image none']
    """
    look = Look(style, ELEMENTS)
    points = decision_curve_coordinates(result, per=per, whole=whole)
    ax = axes_or_new(ax, 7.0, 4.9)
    named = check_mapping(labels, "labels")
    flags = [name for name in points["strategy"].unique() if name not in _EXTREMES]
    show_bands = len(flags) <= MOST_BANDS if bands is None else bands
    bottom, top = _vertical_range(points)
    for i, name in enumerate([*flags, *_EXTREMES]):
        rows = points[points["strategy"] == name]
        if rows.empty:
            continue
        label = printable(named.get(name, words(name)))
        if name in _EXTREMES:
            ax.plot(rows["x"], rows["y"],
                    **look("extremes", linewidth=1.6, label=label, **_EXTREMES[name]))  # fmt: skip
            continue
        colour = PALETTE[i % len(PALETTE)]
        # Marks tell the lines apart in grey; they are spread over what is seen of each.
        seen = max(1, int((rows["y"] >= bottom).sum()))
        ax.plot(rows["x"], rows["y"],
                **look("curves", color=colour, marker=MARKERS[i % len(MARKERS)],
                       markevery=(i % 4, max(1, seen // 5)), markersize=5, linewidth=1.6,
                       label=label))  # fmt: skip
        if show_bands:
            ax.fill_between(rows["x"].to_numpy(), rows["low"].to_numpy(), rows["high"].to_numpy(),
                            **look("intervals", color=colour, alpha=0.15, linewidth=0))  # fmt: skip
    ax.set_ylim(bottom, top)
    ax.set_xlim(points["x"].min(), points["x"].max())
    tidy(
        ax,
        grid="both",
        xlabel="Image at a probability of disease of at least (%)",
        ylabel=f"Net benefit: cases found per {per:,},\nnet of imaging in vain",
    )
    legend_below(ax)
    return ax


def _vertical_range(points: pd.DataFrame) -> tuple[float, float]:
    """Return the range worth showing: imaging all falls without end, zero is always in sight."""
    top = float(points["y"].max())
    flags = points.loc[points["strategy"] != IMAGE_ALL, "y"]
    bottom = max(float(flags.min()), -0.5 * top)
    return min(bottom, -0.15 * top), 1.1 * top
