"""Fagan's nomogram: pre-test probability, likelihood ratio and post-test probability."""

from __future__ import annotations

import string
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.checks import require_columns
from backpain_stats.errors import DataError
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import (
    BLACK,
    FONT,
    GREY,
    PALETTE,
    PERCENTS,
    axes_or_new,
    flag_and_study,
    percent_text,
    text_width,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["fagan", "fagan_coordinates"]

ELEMENTS = ("lines", "bands", "intervals", "letters")
# The three axes stand at x = 0, 1/2 and 1. A straight line through a pre-test
# probability p and a likelihood ratio meets the right axis at the post-test
# probability, because y is -logit(p), log(LR) / 2 and logit(p').
PRETEST, RATIO, POSTTEST = 0.0, 0.5, 1.0
# Where the bars of the intervals stand right of the last axis, and how far apart.
BARS, BAR_STEP = 0.16, 0.045
SMALLEST_PERCENT = 0.001
REACH = float(logit(PERCENTS[-1]))
LARGEST_RATIO = 1000.0


def fagan_coordinates(result: pd.DataFrame) -> pd.DataFrame:
    """Return where each test's line and intervals meet the three axes.

    Parameters
    ----------
    result : pandas.DataFrame
        As for :func:`fagan`.

    Returns
    -------
    pandas.DataFrame
        ``name, result``; ``left, middle, right``, the places on the three axes,
        each with ``_low`` and ``_high`` (NaN on the middle axis where no ratio
        is given); and ``limit``, where the outer axes end. What lies beyond is
        placed there: a post-test probability of 0 or 1 lies at infinity.

    Raises
    ------
    DataError
        If a column is missing, or no row has an estimate.
    """
    require_columns(result, ("pretest", "estimate", "ci_low", "ci_high"), "the frame of tests")
    rows = result[result["estimate"].notna()]
    if rows.empty:
        raise DataError("no row of the frame of tests has a post-test probability (estimate)")

    def numbers(column: str, otherwise: str | None = None) -> NDArray[np.float64]:
        if column in rows.columns:
            values = rows[column].astype(float)
            filled = values if otherwise is None else values.fillna(rows[otherwise])
            return np.asarray(filled, dtype=np.float64)
        return numbers(otherwise) if otherwise else np.full(len(rows), np.nan)

    before, after = numbers("pretest"), numbers("estimate")
    # A published interval takes the pre-test as known: its band starts in a point.
    fixed = rows["interval"].eq("published").to_numpy() if "interval" in rows.columns else False
    least = np.where(fixed, before, numbers("pretest_low", "pretest"))
    most = np.where(fixed, before, numbers("pretest_high", "pretest"))
    shown = np.array([SMALLEST_PERCENT, *before, *least, *most, *after])
    reach = np.abs(logit(shown[(shown > 0) & (shown < 1)])).max()
    limit = min((logit(p) for p in PERCENTS if logit(p) >= reach - 1e-9), default=REACH)
    with np.errstate(divide="ignore"):
        places = {
            "left": -logit(before),
            "left_low": -logit(least),
            "left_high": -logit(most),
            "middle": (logit(after) - logit(before)) / 2,
            "middle_low": np.log(numbers("lr_low")) / 2,
            "middle_high": np.log(numbers("lr_high")) / 2,
            "right": logit(after),
            "right_low": logit(numbers("ci_low")),
            "right_high": logit(numbers("ci_high")),
        }
    clipped = {name: np.clip(values, -limit, limit) for name, values in places.items()}
    results = rows["result"].tolist() if "result" in rows.columns else [""] * len(rows)
    return pd.DataFrame(
        {"name": flag_and_study(rows), "result": results, **clipped, "limit": limit}
    )


@figure
def fagan(result: pd.DataFrame, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw Fagan's nomogram for one or several tests.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.posttest`, or any with ``pretest,
        estimate, ci_low, ci_high`` (the post-test probability and its
        interval); a :class:`~backpain_stats.PosttestEstimate` becomes such a
        row by its ``as_dict``. ``label`` or ``flag_id``, ``study``, ``result``,
        ``pretest_low, pretest_high, lr_low`` and ``lr_high`` are used if there. Rows without an
        estimate are named below the figure, not drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``lines`` (words of
        ``plot``), ``bands`` (of ``fill``), ``intervals``, the bars at the right (of ``plot``),
        ``letters`` (of ``text``).

    Returns
    -------
    matplotlib.axes.Axes
        Three graduated axes: pre-test probability (left, downwards), likelihood
        ratio, post-test probability. Each test is a straight line, dashed for
        a negative result; its band spans the interval on each axis, and a bar right of the
        right one shows that of the post-test probability. A line that leaves the right axis ends in
        an arrow: the post-test probability is 0% or 100%. The legend prints
        each post-test probability beside its pre-test.

    Raises
    ------
    DataError
        If a column is missing, or no row has an estimate.

    References
    ----------
    Fagan TJ. Nomogram for Bayes's theorem. N Engl J Med 1975;293:257.
    https://doi.org/10.1056/NEJM197507312930513

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import TwoByTwo, plots
    >>> after = TwoByTwo(tp=4, fp=41, fn=9, tn=1921).posttest(0.0066)
    >>> ax = plots.fagan(pd.DataFrame([after.as_dict()]))
    >>> print(ax.get_legend().get_texts()[0].get_text())
    positive: 0.66% → 8.9% (3.7% to 17%)
    """
    look = Look(style, ELEMENTS)
    places = fagan_coordinates(result)
    drawn = result[result["estimate"].notna()].to_dict("records")
    phrases = [
        _phrase(place, row) for place, row in zip(places.to_dict("records"), drawn, strict=True)
    ]
    # As wide as the longest line of the legend, its handle and letter included.
    longest = max(text_width(phrase, FONT + 0.5) for phrase in phrases) / 72 + 0.9
    ax = axes_or_new(ax, max(6.4, longest), 6.2 + 0.2 * len(places))
    _draw_axes(ax, places)
    letters = string.ascii_uppercase if len(places) > 1 else " "
    groups = list(dict.fromkeys(places["name"]))
    for order, (place, phrase) in enumerate(zip(places.to_dict("records"), phrases, strict=True)):
        letter = letters[order % len(letters)].strip()
        text = f"{letter}  {phrase}".strip()
        colour = PALETTE[groups.index(place["name"]) % len(PALETTE)]
        _draw_test(ax, place, colour, order, look=look, text=text)
        if letter:
            ax.text(POSTTEST + BARS + BAR_STEP * order, -place["limit"] * 1.01, letter,
                    **look("letters", ha="center", va="top", fontsize=FONT, fontweight="bold",
                           color=colour))  # fmt: skip
    ax.set_xlim(-0.17, POSTTEST + BARS + BAR_STEP * len(places))
    _dress(ax, result)
    return ax


def _phrase(place: Mapping[Hashable, Any], row: Mapping[Hashable, Any]) -> str:
    name = ", ".join(filter(None, (place["name"], words(place["result"]))))
    before, after = percent_text(row["pretest"]), percent_text(row["estimate"])
    ends = f"{percent_text(row['ci_low'])} to {percent_text(row['ci_high'])}"
    interval = "no interval" if np.isnan(row["ci_low"]) else ends
    return f"{name}: {before} → {after} ({interval})".removeprefix(": ")


def _draw_test(
    ax: Axes, place: Mapping[Hashable, Any], colour: str, order: int, *, look: Look, text: str
) -> None:
    """Draw one line, its band and, right of the axes, the interval of the post-test probability."""
    top = [(PRETEST, place["left_low"]), (RATIO, place["middle_high"]),
           (POSTTEST, place["right_high"])]  # fmt: skip
    bottom = [(PRETEST, place["left_high"]), (RATIO, place["middle_low"]),
              (POSTTEST, place["right_low"])]  # fmt: skip
    corners = [corner for corner in top + bottom[::-1] if not np.isnan(corner[1])]
    if not np.isnan(place["right_low"]):
        ax.fill(*zip(*corners, strict=True),
                **look("bands", color=colour, alpha=0.13, linewidth=0, zorder=1))  # fmt: skip
    dashes = "--" if place["result"] == "negative" else "-"
    # Bars of several tests stand side by side, right of the labels, not on one another.
    aside = POSTTEST + BARS + BAR_STEP * order
    bar = look("intervals", color=colour, linewidth=2, solid_capstyle="butt", zorder=2)
    ax.plot([aside, aside], [place["right_low"], place["right_high"]], **bar)
    ax.plot(aside, place["right"], **{**bar, "marker": "o", "markersize": 4, "linestyle": "none"})
    ax.plot([PRETEST, POSTTEST], [place["left"], place["right"]],
            **look("lines", color=colour, linestyle=dashes, linewidth=1.6, label=text,
                   zorder=3))  # fmt: skip
    if abs(place["right"]) >= place["limit"]:
        ax.plot(POSTTEST, place["right"], marker="^" if place["right"] > 0 else "v", color=colour,
                clip_on=False, markersize=8, linestyle="none", zorder=4)  # fmt: skip


def _draw_axes(ax: Axes, places: pd.DataFrame) -> None:
    limit = float(places["limit"].iloc[0])
    ax.vlines([PRETEST, POSTTEST], -limit, limit, color=BLACK, linewidth=0.9, zorder=2)
    for p in (p for p in PERCENTS if abs(logit(p)) <= limit + 1e-9):
        for x, y, side in ((PRETEST, -logit(p), -1), (POSTTEST, logit(p), 1)):
            ax.plot([x, x + side * 0.015], [y, y], color=BLACK, linewidth=0.8)
            ax.text(x + side * 0.025, y, percent_text(p), ha="right" if side < 0 else "left",
                    va="center", fontsize=FONT)  # fmt: skip
    end = np.log(LARGEST_RATIO) / 2
    ax.vlines(RATIO, -end, end, color=BLACK, linewidth=0.9, zorder=2)
    for ratio in (step * 10.0**power for power in range(-3, 4) for step in (1, 2, 5)):
        y = np.log(ratio) / 2
        if y <= end + 1e-9:
            ax.plot([RATIO - 0.012, RATIO], [y, y], color=BLACK, linewidth=0.8, zorder=4)
            ax.text(RATIO - 0.022, y, f"{ratio:g}", ha="right", va="center", fontsize=FONT - 1,
                    zorder=5, bbox={"color": "white", "pad": 0.6, "linewidth": 0})  # fmt: skip
    titles = {PRETEST: "Pre-test\nprobability", RATIO: "Likelihood\nratio",
              POSTTEST: "Post-test\nprobability"}  # fmt: skip
    for x, title in titles.items():
        ax.text(x, limit * 1.04, title, ha="center", va="bottom", fontsize=FONT + 1,
                fontweight="bold")  # fmt: skip
    ax.set_ylim(-limit * 1.06, limit * 1.18)
    ax.set_axis_off()


def _dress(ax: Axes, posttests: pd.DataFrame) -> None:
    missing = posttests[posttests["estimate"].isna()]
    title = ""
    if len(missing):
        names = "; ".join(dict.fromkeys(flag_and_study(missing)))
        title = textwrap.fill(f"no post-test probability: {names}", 86)
    if not ax.get_legend_handles_labels()[0]:
        return
    legend = ax.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), frameon=False, fontsize=FONT + 0.5,
        handlelength=3, title=title or None, title_fontsize=FONT - 0.5,
    )  # fmt: skip
    legend.get_title().set_color(GREY)
