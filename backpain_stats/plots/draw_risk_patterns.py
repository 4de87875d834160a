"""All patterns of findings by risk: which findings, how often, how risky."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.checks import check_count, require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.estimate import format_number, format_percent
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREY,
    LIGHT_GREY,
    VERMILION,
    axes_or_new,
    percent_axis,
    spaced_ticks,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["risk_patterns", "risk_patterns_coordinates"]

ELEMENTS = ("intervals", "ranges", "points", "present", "absent", "pretest")
# Columns of a profile that are no flags.
RESULTS = (
    "probability_cases", "probability_noncases", "probability", "lr", "lr_low", "lr_high",
    "new_practice_low", "new_practice_high",
    "pretest", "posttest", "posttest_low", "posttest_high", "ci_low", "ci_high",
    "ci_level", "method",
)  # fmt: skip
# Risks beyond these are drawn at the end of the log-odds axis.
LOWEST, HIGHEST = 1e-6, 1 - 1e-6
TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
# Width of one column of dots, as a share of the width of the risk axis.
COLUMN = 0.062


def risk_patterns_coordinates(result: pd.DataFrame, most: int = 32) -> pd.DataFrame:
    """Return the patterns drawn, from the lowest risk to the highest.

    A column for each flag (1 present, 0 absent), then ``low, high`` (the ends
    of the risk; equal where the model gives one number), ``ci_low, ci_high`` (NaN
    where the profile has no intervals), ``share`` (of all patients by the model; NaN
    under ``Bounds``) and ``pretest``. With more patterns than
    ``most`` the most frequent ones are kept; patterns without a risk are not
    among them.

    Raises
    ------
    DataError
        If columns are missing, or no pattern has a risk.
    """
    profile = result
    point = "posttest" in getattr(profile, "columns", ())
    ends = ["posttest", "posttest"] if point else ["posttest_low", "posttest_high"]
    require_columns(profile, ["pretest", *ends], "the frame of a profile")
    flags = [str(column) for column in profile.columns if column not in RESULTS]
    if not flags:
        raise DataError("the frame of a profile has no column for a flag")
    frame = profile[flags].assign(
        low=profile[ends[0]].clip(LOWEST, HIGHEST),
        high=profile[ends[1]].clip(LOWEST, HIGHEST),
        **{
            end: profile[end].clip(LOWEST, HIGHEST) if end in profile else np.nan
            for end in ("ci_low", "ci_high")
        },
        share=profile.get("probability", np.nan),
        pretest=profile["pretest"],
    )
    frame = frame.dropna(subset=["low", "high"])
    if frame.empty:
        raise DataError("no pattern of this profile has a risk")
    if len(frame) > most:
        if frame["share"].isna().all():
            raise DataError(
                f"the profile has {len(frame)} patterns and no frequencies to choose the "
                f"most frequent {most} by; name fewer flags or pass most={len(frame)}"
            )
        frame = frame.nlargest(most, "share")
    return frame.sort_values(["low", "high"], kind="stable", ignore_index=True)


@figure
def risk_patterns(
    result: pd.DataFrame, *, most: int = 32, ax: Axes | None = None, **style: Any
) -> Axes:
    """Draw every pattern of findings as a row: its findings, its risk, its frequency.

    A filled dot is a finding present, an open one absent. Rows are ordered by
    risk, with its interval as a line; the dashed line is the pre-test probability.
    Under ``Bounds`` a bar spans the risks that remain possible.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :meth:`backpain_stats.RiskModel.profile`.
    most : int
        Rows drawn at most: the most frequent patterns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``intervals`` and
        ``ranges``, what bounds leave open (words of ``hlines``), ``points``, ``present`` and
        ``absent`` (of ``scatter``), ``pretest`` (of ``axvline``).

    Returns
    -------
    matplotlib.axes.Axes
        The horizontal axis is in log odds, with ticks in percent; the dots
        stand to its left.

    Raises
    ------
    DataError
        If columns are missing, no pattern has a risk, or there are too many
        patterns without frequencies.
    ArgumentError
        If ``most`` is not a positive whole number.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import RiskModel, plots
    >>> flags = pd.DataFrame({"flag": ["history", "age"], "sensitivity": [0.31, 0.77],
    ...                       "specificity": [0.98, 0.71]})
    >>> ax = plots.risk_patterns(RiskModel.from_frame(flags, pretest=0.01).profile())
    >>> ax.get_xscale()
    'logit'
    """
    look = Look(style, ELEMENTS)
    if check_count(most, "most") < 1:
        raise ArgumentError(f"most is {most}; it must be 1 or more")
    rows = risk_patterns_coordinates(result, most)
    known = ("low", "high", "ci_low", "ci_high", "share", "pretest")
    flags = [str(column) for column in rows if column not in known]
    ax = axes_or_new(ax, 5.0 + 0.4 * len(flags), 0.27 * len(rows) + 2.2)
    ax.set_xscale("logit")
    pretest = float(rows["pretest"].iloc[0])
    ax.axvline(pretest, **look("pretest", color=GREY, linewidth=1, linestyle=(0, (4, 3)),
                               zorder=0))  # fmt: skip
    place = np.arange(len(rows))
    above, below = rows["low"] > pretest, rows["high"] <= pretest
    for own, colour, marker in (
        (above, VERMILION, "D"), (below, BLUE, "o"), (~above & ~below, GREY, "s"),
    ):  # fmt: skip
        ax.hlines(place[own], rows["ci_low"][own], rows["ci_high"][own],
                  **look("intervals", color=colour, linewidth=1))  # fmt: skip
        ax.hlines(place[own], rows["low"][own], rows["high"][own],
                  **look("ranges", color=colour, linewidth=3))  # fmt: skip
        same = own & (rows["low"] == rows["high"])
        ax.scatter(rows["low"][same], place[same],
                   **look("points", color=colour, marker=marker, s=28, zorder=3))  # fmt: skip
    _dots(ax, rows[flags].to_numpy(dtype=int), flags, look)
    _shares(ax, rows["share"].to_numpy(dtype=float))
    ends = rows[["low", "high", "ci_low", "ci_high"]].to_numpy(dtype=float)
    _axis(ax, min(np.nanmin(ends), pretest), max(np.nanmax(ends), pretest))
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_yticks([])
    tidy(ax, grid="x", xlabel=_words_below(result, rows, pretest))
    ax.spines["left"].set_visible(False)
    return ax


def _words_below(profile: pd.DataFrame, rows: pd.DataFrame, pretest: float) -> str:
    """Say what the dashed line is, whether there are intervals, and what is left out."""
    text = f"Risk; dashed: pre-test {format_percent(pretest)}"
    shown = rows["ci_low"].notna().any() or (rows["low"] != rows["high"]).any()
    intervals = "" if shown else "; no intervals drawn"
    if len(profile) == len(rows):
        return text + intervals
    covered = format_percent(float(rows["share"].sum()))
    return (
        f"{text}{intervals}\nthe {len(rows)} most frequent of {len(profile)} patterns: "
        f"{covered} of patients"
    )


def _axis(ax: Axes, lowest: float, highest: float) -> None:
    """Set limits beyond what is drawn, and ticks in percent that do not overlap."""
    low, high = lowest / 2, 1 - (1 - highest) / 2
    ax.set_xlim(low, high)
    start, stop = logit([low, high])
    percent_axis(ax.xaxis, spaced_ticks(TICKS, start, stop, gap=0.13))


def _dots(ax: Axes, present: np.ndarray, flags: list[str], look: Look) -> None:
    """Draw the findings of each row to the left of the axis, and their names above."""
    beside = ax.get_yaxis_transform()
    columns = -COLUMN * (len(flags) - np.arange(len(flags)))
    for row in range(0, len(present), 2):
        ax.axhspan(row - 0.5, row + 0.5, color=LIGHT_GREY, alpha=0.25, linewidth=0, zorder=-1)
    for state, element, default in (
        (0, "absent", {"s": 16, "facecolor": "white", "edgecolor": GREY, "linewidth": 0.8}),
        (1, "present", {"s": 34, "color": BLACK, "zorder": 3}),
    ):
        at, column = np.nonzero(present == state)
        ax.scatter(columns[column], at, transform=beside, clip_on=False, **look(element, **default))
    for row, states in enumerate(present == 1):
        if states.sum() > 1:
            ends = columns[np.flatnonzero(states)[[0, -1]]]
            ax.plot(ends, [row, row], transform=beside, color=BLACK, linewidth=1.4, clip_on=False,
                    visible=look.shown("present"))  # fmt: skip
    for place, flag in zip(columns, flags, strict=True):
        ax.text(place, len(present) - 0.3, words(flag), transform=beside, rotation=45,
                ha="left", va="bottom", fontsize=8, rotation_mode="anchor")  # fmt: skip


def _shares(ax: Axes, shares: np.ndarray) -> None:
    """Write how many of 1,000 patients the model gives each pattern, to the right of the axis."""
    if np.isnan(shares).all():
        return
    beside = ax.get_yaxis_transform()
    for row, share in enumerate(shares):
        text = format_number(1000 * share, 2) if share >= 1e-6 else "< 0.001"
        ax.text(1.13, row, text, transform=beside, ha="right", va="center", fontsize=8)
    ax.text(1.13, len(shares) - 0.3, "of 1,000 patients\n(by the model)", transform=beside,
            ha="right", va="bottom", fontsize=8)  # fmt: skip
