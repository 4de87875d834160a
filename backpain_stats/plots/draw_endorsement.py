"""Endorsement map: guidelines by flags, shaded by what is known of each flag."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import check_known
from backpain_stats.decide.endorsement import STATES, Endorsement
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.style import BLACK, BLUE, LIGHT_GREY, SKY, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["endorsement"]

# Fill, sign and colour of the sign: darker is better known, and the sign says it without colour.
_LOOKS = {
    "informative": (BLUE, "+", "white"),
    "inconclusive": (SKY, "?", BLACK),
    "uninformative": (LIGHT_GREY, "\u2212", BLACK),
    "not usable": ("#F2F2F2", "n", BLACK),
    "never measured": ("white", "", BLACK),
}


def endorsement(result: Endorsement, *, target: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw which guideline endorses which flag, and what is known of the flag.

    Parameters
    ----------
    result : Endorsement
        From :func:`backpain_stats.endorsement`.
    target : str, optional
        The condition; needed if the result has several.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The first column shows the evidence; a filled square in another column
        means that this guideline, or other text, names the flag. Flags that
        none of them names are shown only where they are informative.

    Raises
    ------
    ArgumentError
        If the result has several conditions and none is chosen.
    DataError
        If nothing is endorsed for the condition.
    """
    if not isinstance(result, Endorsement):
        raise DataError(
            f"{type(result).__name__} cannot be drawn here; give what endorsement returns"
        )
    targets = list(result.flags["target"].unique())
    if target is None and len(targets) > 1:
        raise ArgumentError(f"choose a target: {', '.join(targets)}")
    chosen = check_known(target or targets[0], targets, "target")
    flags, marks, guidelines = _grid(result, chosen)
    if marks.empty:
        raise DataError(f"no flag is endorsed for {chosen} in this evidence")
    axes = axes_or_new(ax, 4.2 + 0.42 * len(guidelines), 2.6 + 0.3 * len(flags))
    order = {flag: y for y, flag in enumerate(flags["flag_id"])}
    states = flags.set_index("flag_id")["evidence"]
    for flag, y in order.items():
        _square(axes, 0, y, states[flag])
    for flag, guideline in zip(marks["flag_id"], marks["guideline_id"], strict=True):
        _square(axes, 1.5 + list(guidelines.index).index(guideline), order[flag], states[flag])
    axes.set_xlim(-0.6, len(guidelines) + 1.1)
    axes.set_ylim(len(flags) - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_yticks(range(len(flags)), [textwrap.shorten(t, 44) for t in flags["label"]])
    names = [textwrap.shorten(name, 34, placeholder=" ...") for name in guidelines]
    axes.set_xticks(
        [0, *(1.5 + i for i in range(len(guidelines)))],
        ["Evidence", *names],
        rotation=50,
        ha="left",
        rotation_mode="anchor",
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_yticks([y + 0.5 for y in range(len(flags) - 1)], minor=True)
    axes.grid(True, axis="y", which="minor", color=LIGHT_GREY, linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_axisbelow(True)
    _legend(axes)
    return axes


def _grid(result: Endorsement, target: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Return the flags in order, the endorsements, and the guidelines' names by id, by year."""
    flags = result.flags[result.flags["target"] == target]
    named = flags["guidelines"] + flags["other_documents"] > 0
    flags = flags[named | (flags["evidence"] == "informative")]
    flags = flags.assign(state=flags["evidence"].map(STATES.index)).sort_values(
        ["state", "guidelines", "label"], ascending=[True, False, True]
    )
    marks = result.statements[
        (result.statements["target"] == target) & result.statements["flag_id"].notna()
    ]
    marks = marks.drop_duplicates(["guideline_id", "flag_id"])
    about = marks.drop_duplicates("guideline_id").sort_values(["year", "guideline_id"])
    return flags, marks, about.set_index("guideline_id")["guideline"]


def _square(axes: Axes, x: float, y: float, state: str) -> None:
    """Draw one square with its sign."""
    from matplotlib.patches import Rectangle

    fill, sign, colour = _LOOKS[state]
    axes.add_patch(
        Rectangle((x - 0.4, y - 0.4), 0.8, 0.8, facecolor=fill, edgecolor=BLACK, linewidth=0.7)
    )
    axes.text(x, y, sign, ha="center", va="center", color=colour, fontsize=9, fontweight="bold")


def _legend(axes: Axes) -> None:
    """Draw the states with their signs below the map."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=fill, edgecolor=BLACK, label=f"{sign}  {state}" if sign else state)
        for state, (fill, sign, _) in _LOOKS.items()
    ]
    axes.legend(
        handles=handles,
        ncols=3,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.3, 0.0),
        fontsize="small",
    )
