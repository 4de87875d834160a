"""What several figures draw: an interval with its arrows, a diamond, a zone; and how it looks.

Every figure names its visual elements. Each of them is a keyword that takes matplotlib's own
words, ``points={"color": "black", "marker": "s"}``, or False to leave the element out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from backpain_stats.checks import unknown_name
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.style import GREY, LIGHT_GREY, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import ArrayLike, NDArray

    Element = Mapping[str, Any] | bool

__all__ = [
    "STUDY_COLUMNS",
    "UNINFORMATIVE",
    "Look",
    "draw_diamond",
    "draw_interval",
    "draw_roc_space",
    "draw_zone",
    "explain_marks",
    "figure",
    "interval_name",
    "legend_below",
    "write_names",
]

Arguments = ParamSpec("Arguments")

# What a figure of studies reads: the frame of study_accuracy.
STUDY_COLUMNS = (
    *("study", "tp", "fp", "fn", "tn"),
    *("sensitivity", "sensitivity_low", "sensitivity_high"),
    *("specificity", "specificity_low", "specificity_high"),
)
# Zone of a likelihood ratio in which a result hardly moves a probability.
UNINFORMATIVE = (0.5, 2.0)
# matplotlib's short words, and the long ones they stand for.
_SHORT = {
    "c": "color", "lw": "linewidth", "ls": "linestyle", "ms": "markersize", "fc": "facecolor",
    "ec": "edgecolor", "mfc": "markerfacecolor", "mec": "markeredgecolor", "linewidths":
    "linewidth", "facecolors": "facecolor", "edgecolors": "edgecolor", "size": "fontsize",
}  # fmt: skip
_COLOURS = ("facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


class Look:
    """How the visual elements of one figure look: its defaults, changed by the caller.

    Parameters
    ----------
    given : mapping
        Element to matplotlib keywords, or True or False to show it or leave it out.
    elements : sequence of str
        The elements the figure has.

    Raises
    ------
    UnknownNameError
        If the figure has no such element.
    ArgumentError
        If what is given for an element is neither a mapping nor True or False.

    Examples
    --------
    >>> look = Look({"curve": {"lw": 3}, "zone": False}, ("curve", "zone"))
    >>> look("curve", color="black", linewidth=1.0)
    {'color': 'black', 'linewidth': 3}
    >>> look("zone", color="grey")["visible"]
    False
    """

    def __init__(self, given: Mapping[str, Any], elements: Sequence[str]) -> None:
        for name, keywords in given.items():
            if name not in elements:
                raise unknown_name(name, elements, "visual element of this figure")
            if not isinstance(keywords, Mapping | bool | np.bool_):
                raise ArgumentError(
                    f"{name} is {keywords!r}; give matplotlib's keywords as a mapping, for "
                    f'example {name}={{"color": "black"}}, or False to leave it out'
                )
        self.given = dict(given)

    def shown(self, element: str) -> bool:
        """Return whether the element is drawn."""
        return self.given.get(element) is not False

    def __call__(self, element: str, **default: Any) -> dict[str, Any]:
        """Return the keywords of an element: the figure's own, then the caller's.

        A colour given by the caller also replaces the colours of face and edge, save a face
        that is white or empty: that says something.
        """
        given = self.given.get(element, True)
        if given is False:
            return {**default, "visible": False, "label": "_nolegend_"}
        words: Mapping[str, Any] = {} if isinstance(given, bool) else given
        own = {_SHORT.get(name, name): value for name, value in words.items()}
        if "color" in own:
            replaced = [
                name
                for name in _COLOURS
                if not isinstance(default.get(name, ""), str)
                or default.get(name) not in (None, "white", "none")
            ]
            default = {name: value for name, value in default.items() if name not in replaced}
            if {"facecolor", "edgecolor"} & set(replaced):
                colour = own.pop("color")
                own |= {name: colour for name in ("facecolor", "edgecolor") if name in replaced}
        return {**default, **own}


def figure(draw: Callable[Arguments, Axes]) -> Callable[Arguments, Axes]:
    """Make a figure print every text as it is: a dollar sign opens no formula.

    Labels and names come from data. What stands on the Axes already keeps its ways.
    """

    @functools.wraps(draw)
    def drawn(*args: Arguments.args, **options: Arguments.kwargs) -> Axes:
        import matplotlib as mpl

        before = {id(text): text.get_text() for text in _titles(options.get("ax"))}
        with mpl.rc_context({"text.parse_math": False}):
            ax = draw(*args, **options)
        for text in _titles(ax):
            if before.get(id(text)) != text.get_text():
                # Without a dollar sign it stays open to what the caller may write there.
                text.set_parse_math("$" not in text.get_text() and mpl.rcParams["text.parse_math"])
        return ax

    return drawn


def _titles(ax: Any) -> list[Text]:
    """Return the texts that an Axes has from the start."""
    if not hasattr(ax, "_left_title"):
        return []
    return [ax.title, ax._left_title, ax._right_title, ax.xaxis.label, ax.yaxis.label]


def draw_interval(
    ax: Axes,
    y: float,
    values: tuple[float, float, float],
    limits: tuple[float, float],
    *,
    interval: Mapping[str, Any],
    point: Mapping[str, Any],
) -> None:
    """Draw estimate, low and high on a row; what leaves the limits ends in an arrow.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    y : float
        The row.
    values : tuple of float
        Estimate, lower and upper end, on the scale of the horizontal axis; NaN ends draw no line.
    limits : tuple of float
        What the horizontal axis shows. Beyond it a value is an arrow at its edge.
    interval, point : mapping
        matplotlib's keywords for the line and for the marker (those of ``Axes.plot``).
    """
    estimate, low, high = values
    bottom, top = limits
    if not np.isnan(low):
        line = {**interval, "marker": "none"}
        ax.plot([max(low, bottom), min(high, top)], [y, y], **line)
        arrow = {**interval, "linestyle": "none", "markersize": 5, "clip_on": False}
        for edge, beyond, marker in ((bottom, low < bottom, "<"), (top, high > top, ">")):
            if beyond:
                ax.plot(edge, y, **{**arrow, "marker": marker})
    if bottom <= estimate <= top:
        ax.plot(estimate, y, **{"linestyle": "none", **point})
    else:
        edge, marker = (bottom, "<") if estimate < bottom else (top, ">")
        ax.plot(edge, y, **{"linestyle": "none", **point, "marker": marker, "markersize": 8,
                            "clip_on": False})  # fmt: skip


def draw_diamond(
    ax: Axes, y: float, values: tuple[float, float, float], look: Mapping[str, Any]
) -> None:
    """Draw a summary as a diamond from its lower to its upper end, its height at the estimate."""
    estimate, low, high = values
    ax.fill([low, estimate, high, estimate], [y, y + 0.28, y, y - 0.28], **look)


def draw_zone(ax: Axes, look: Look) -> None:
    """Shade the likelihood ratios that hardly move a probability, and draw a line at 1."""
    zone = look("zone", color=LIGHT_GREY, alpha=0.5, linewidth=0, zorder=0,
                label="uninformative, 0.5 to 2")  # fmt: skip
    ax.axvspan(*UNINFORMATIVE, **zone)
    ax.axvline(1, **look("unity", color=GREY, linewidth=0.8, zorder=1))


def draw_roc_space(ax: Axes, look: Look) -> None:
    """Set the limits and labels of the ROC space, and draw the diagonal of a useless test."""
    ax.plot([0, 1], [0, 1], **look("diagonal", color=LIGHT_GREY, linewidth=1, zorder=0))
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set(xlabel="1 − specificity (false-positive fraction)", ylabel="Sensitivity")


def write_names(
    ax: Axes, names: Sequence[str], x: ArrayLike, y: ArrayLike, look: Mapping[str, Any]
) -> None:
    """Write a name near each point where it hides no other name, and hardly a point.

    Places right, left, above and below are tried, then farther ones, from which a thin line
    leads back. Limits and scale of the axes must be set.
    """
    size = float(look.get("fontsize", 7))
    pixel = ax.figure.dpi / 72
    points = ax.transData.transform(np.column_stack([x, y])) / pixel
    shifts = [(radius, turn) for radius in (4, 11, 19, 28, 38) for turn in (0, 4, 2, 6, 1, 7, 3, 5)]
    taken = np.empty((0, 4))
    places = zip(*np.broadcast_arrays(x, y), strict=True)
    for name, point, place in zip(names, points, places, strict=True):
        half = np.array([text_width(name, size) / 2, 0.62 * size])
        best: tuple[float, Any, int] = (math.inf, None, 0)
        for radius, turn in shifts:
            way = np.array([math.cos(turn * math.pi / 4), math.sin(turn * math.pi / 4)])
            middle = point + way * (radius + half * (np.abs(way) > 0.1))
            box = np.concatenate([middle - half, middle + half])
            # A name on a name is worse than a name on a point, and that worse than a long way.
            cost = 1000 * _meet(box, taken) + 50 * _meet(box, np.hstack([points - 1, points + 1]))
            if cost + radius < best[0]:
                best = (cost + radius, box, radius)
        _, box, radius = best
        taken = np.vstack([taken, box])
        away = (box[:2] + box[2:]) / 2 - point
        leader = {"arrowstyle": "-", "linewidth": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(name, place, away, textcoords="offset points", ha="center", va="center",
                    arrowprops=leader if radius > 8 else None, **look)  # fmt: skip


def _meet(box: NDArray[np.float64], others: NDArray[np.float64]) -> int:
    """Count the boxes (left, bottom, right, top) that share a place with one box."""
    apart = (others[:, :2] > box[2:]) | (others[:, 2:] < box[:2])
    return int((~apart.any(axis=1)).sum())


def legend_below(ax: Axes, *, points: float = 36, left: float = 0, **options: Any) -> None:
    """Put the legend below the axis label, where it hides nothing; each entry once.

    ``points`` is its distance from the lower edge of the axes, ``left`` how far it is moved to
    the left, both in points.
    """
    from matplotlib.transforms import ScaledTranslation

    handles, labels = ax.get_legend_handles_labels()
    single = dict(zip(reversed(labels), reversed(handles), strict=True))
    kept = list(dict.fromkeys(labels))
    if not kept:
        return
    owner = ax.get_figure(root=True)
    assert owner is not None
    below = ax.transAxes + ScaledTranslation(-left / 72, -points / 72, owner.dpi_scale_trans)
    ax.legend([single[label] for label in kept], kept, **{
        "loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": below,
        "frameon": False, "fontsize": 8, "ncols": min(2, len(kept)), "borderaxespad": 0.0,
        **options,
    })  # fmt: skip


def explain_marks(ax: Axes, marks: pd.DataFrame, **options: Any) -> None:
    """Add a legend for the shaded zone and for those kinds of marks that occur."""
    known = marks["estimate"].notna()
    kinds = (
        ("patients counted in another row", ~marks["counted"].astype(bool) & known, "o", "white"),
        ("printed without an interval", marks["low"].isna() & known, "D", GREY),
    )
    for text, those, marker, face in kinds:
        if those.any():
            ax.plot([], [], marker=marker, color=GREY, markerfacecolor=face, markersize=5.5,
                    linestyle="none", label=text)  # fmt: skip
    legend_below(ax, **{"ncols": 3, **options})


def interval_name(levels: Sequence[float] | Any) -> str:
    """Return "95% interval" where all rows have one level, "interval" otherwise.

    Examples
    --------
    >>> interval_name([0.95, 0.95]), interval_name([])
    ('95% interval', 'interval')
    """
    known = {float(level) for level in levels if not np.isnan(level)}
    return f"{100 * known.pop():g}% interval" if len(known) == 1 else "interval"
