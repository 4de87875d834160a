"""Endorsement map: which guideline names which flag, beside what is known of the flag."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from backpain_stats.checks import check_known
from backpain_stats.decide.endorsement import NOT_FOUND, STATES, Endorsement
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.marks import Look, figure, legend_below
from backpain_stats.plots.style import BLACK, BLUE, LIGHT_GREY, SKY, axes_or_new, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EndorsementCoordinates", "endorsement", "endorsement_coordinates"]

ELEMENTS = ("evidence", "signs", "named")
# Fill, sign and colour of the sign: darker is better known, and the sign says it without colour.
LOOKS = {
    "informative": (BLUE, "+", "white"),
    "inconclusive": (SKY, "?", BLACK),
    "uninformative": (LIGHT_GREY, "\u2212", BLACK),
    "not usable": ("#F2F2F2", "n", BLACK),
    NOT_FOUND: ("white", "0", BLACK),
}
LONGEST_NAME = 44


class EndorsementCoordinates(NamedTuple):
    """Everything the map draws.

    Parameters
    ----------
    flags : pandas.DataFrame
        ``flag_id, label, evidence, y``, the best known on top.
    named : pandas.DataFrame
        ``flag_id, guideline_id, x, y``: one row per guideline and flag that it names.
    guidelines : pandas.DataFrame
        ``guideline_id, guideline, x``, by year.
    """

    flags: pd.DataFrame
    named: pd.DataFrame
    guidelines: pd.DataFrame


def endorsement_coordinates(
    result: Endorsement, target: str | None = None
) -> EndorsementCoordinates:
    """Return where flags, guidelines and endorsements stand in :func:`endorsement`.

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
    flags = result.flags[result.flags["target"] == chosen]
    endorsed = flags["guidelines"] + flags["other_documents"] > 0
    flags = flags[endorsed | (flags["evidence"] == "informative")]
    flags = flags.assign(state=flags["evidence"].map(STATES.index)).sort_values(
        ["state", "guidelines", "label"], ascending=[True, False, True], ignore_index=True
    )
    flags["y"] = np.arange(len(flags), dtype=float)
    statements = result.statements
    named = statements[(statements["target"] == chosen) & statements["flag_id"].notna()]
    named = named.drop_duplicates(["guideline_id", "flag_id"])
    if named.empty:
        raise DataError(f"no flag is endorsed for {chosen} in this evidence")
    about = named.drop_duplicates("guideline_id").sort_values(["year", "guideline_id"])
    about = about.assign(x=1.5 + np.arange(len(about)))
    marks = named[["flag_id", "guideline_id"]].merge(flags[["flag_id", "y"]], on="flag_id")
    return EndorsementCoordinates(
        flags[["flag_id", "label", "evidence", "y"]],
        marks.merge(about[["guideline_id", "x"]], on="guideline_id"),
        about[["guideline_id", "guideline", "x"]].reset_index(drop=True),
    )


@figure
def endorsement(
    result: Endorsement, *, target: str | None = None, ax: Axes | None = None, **style: Any
) -> Axes:
    """Draw which guideline endorses which flag, and what is known of the flag.

    Parameters
    ----------
    result : Endorsement
        From :func:`backpain_stats.endorsement`.
    target : str, optional
        The condition; needed if the result has several.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``evidence``, the
        squares of the first column, and ``named``, the dots (words of ``scatter``), ``signs``
        (of ``text``). The colours of the states stay.

    Returns
    -------
    matplotlib.axes.Axes
        The first column shows the evidence; a dot in another column means that this guideline,
        or other text, names the flag. Flags that none of them names are shown only where they
        are informative.

    Raises
    ------
    ArgumentError
        If the result has several conditions and none is chosen.
    DataError
        If nothing is endorsed for the condition.

    Examples
    --------
    >>> import backpain_stats as bps
    >>> ax = bps.plots.endorsement(bps.endorsement(bps.load_evidence(), target="fracture"))
    >>> ax.get_xticklabels()[0].get_text()
    'Evidence'
    """
    look = Look(style, ELEMENTS)
    flags, named, guidelines = endorsement_coordinates(result, target)
    ax = axes_or_new(ax, 4.6 + 0.34 * len(guidelines), 3.4 + 0.27 * len(flags))
    for state, (fill, sign, colour) in LOOKS.items():
        own = flags[flags["evidence"] == state]
        ax.scatter(np.zeros(len(own)), own["y"],
                   **look("evidence", marker="s", s=150, edgecolor=BLACK, linewidth=0.7)
                   | {"facecolor": fill})  # fmt: skip
        for y in own["y"]:
            ax.text(0, y, sign, **look("signs", ha="center", va="center_baseline", color=colour,
                                       fontsize=9, fontweight="bold"))  # fmt: skip
        ax.plot([], [], linestyle="none", marker="s", markersize=9, markerfacecolor=fill,
                markeredgecolor=BLACK, markeredgewidth=0.7, label=f"{sign}  {state}")  # fmt: skip
    ax.scatter(
        named["x"], named["y"], **look("named", color=BLACK, s=34, label="named by the text")
    )
    ax.set_xlim(-0.7, guidelines["x"].max() + 0.7)
    ax.set_ylim(len(flags) - 0.4, -0.6)
    ax.set_yticks(flags["y"], [_cut(label) for label in flags["label"]], fontsize=8)
    ax.set_xticks([0.0, *guidelines["x"]], ["Evidence", *map(_cut, guidelines["guideline"])],
                  rotation=50, ha="left", rotation_mode="anchor", fontsize=8)  # fmt: skip
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.hlines(flags["y"][:-1] + 0.5, -0.6, guidelines["x"].max() + 0.6, color=LIGHT_GREY,
              linewidth=0.5, zorder=0)  # fmt: skip
    legend_below(ax, points=6, ncols=3)
    return ax


def _cut(text: object) -> str:
    return textwrap.shorten(printable(text), LONGEST_NAME, placeholder=" …")
