"""Decision curve: net benefit against the threshold a panel may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import check_count, require_columns
from backpain_stats.decide.curves import IMAGE_ALL, IMAGE_NONE
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.style import (
    BLACK,
    GREY,
    MARKERS,
    PALETTE,
    axes_or_new,
    refuse_empty,
    tidy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["decision_curve"]

_EXTREMES = {
    IMAGE_ALL: {"color": GREY, "linestyle": "--"},
    IMAGE_NONE: {"color": BLACK, "linestyle": ":"},
}
MOST_BANDS = 3


def decision_curve(
    result: pd.DataFrame,
    *,
    per: int = 1000,
    bands: bool | None = None,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
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
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        One line a strategy; imaging all and none are dashed and dotted.

    Examples
    --------
    >>> import pandas as pd
    >>> import backpain_stats as bs
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> ax = bs.plots.decision_curve(bs.decision_curve(table, 0.003))
    >>> [line.get_label() for line in ax.lines]
    ['cancer_history', 'image all', 'image none']
    """
    require_columns(result, ["strategy", "threshold", "estimate", "ci_low", "ci_high"], "result")
    refuse_empty(result, "result")
    if check_count(per, "per") < 1:
        raise ArgumentError(f"per is {per!r}; at least 1 patient is needed")
    axes = axes_or_new(ax, 7.0, 4.6)
    words = labels or {}
    flags = [name for name in result["strategy"].unique() if name not in _EXTREMES]
    show_bands = len(flags) <= MOST_BANDS if bands is None else bands
    bottom, top = _vertical_range(result, per)
    for i, name in enumerate([*flags, *_EXTREMES]):
        rows = result[result["strategy"] == name]
        if rows.empty:
            continue
        extreme = name in _EXTREMES
        # Marks tell the lines apart in grey; they are spread over what is seen of each.
        seen = max(1, int((per * rows["estimate"] >= bottom).sum()))
        colour = _EXTREMES[name]["color"] if extreme else PALETTE[i % len(PALETTE)]
        axes.plot(
            100 * rows["threshold"],
            per * rows["estimate"],
            color=colour,
            linestyle=_EXTREMES[name]["linestyle"] if extreme else "-",
            marker="" if extreme else MARKERS[i % len(MARKERS)],
            markevery=(i % 4, max(1, seen // 5)),
            markersize=5,
            linewidth=1.6,
            label=words.get(name, name),
        )
        if show_bands and not extreme:
            axes.fill_between(
                100 * rows["threshold"].to_numpy(),
                per * rows["ci_low"].to_numpy(),
                per * rows["ci_high"].to_numpy(),
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
    axes.set_ylim(bottom, top)
    axes.set_xlim(100 * result["threshold"].min(), 100 * result["threshold"].max())
    tidy(
        axes,
        grid="both",
        xlabel="Image at a probability of disease of at least (%)",
        ylabel=f"Net benefit: cases found per {per:,},\nnet of imaging in vain",
    )
    axes.legend(frameon=False, loc="upper right")
    return axes


def _vertical_range(result: pd.DataFrame, per: int) -> tuple[float, float]:
    """Return the range worth showing: imaging all falls without end, zero is always in sight."""
    top = per * float(result["estimate"].max())
    flags = result.loc[result["strategy"] != IMAGE_ALL, "estimate"]
    bottom = max(per * float(flags.min()), -0.5 * top)
    return min(bottom, -0.15 * top), 1.1 * top
