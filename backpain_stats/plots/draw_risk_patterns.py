"""All patterns of findings by risk: which findings, how often, how risky."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.checks import check_count, require_columns
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.estimate import format_number, format_percent
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

__all__ = ["risk_patterns"]

# Columns of a profile that are no flags.
RESULTS = (
    "probability_cases", "probability_noncases", "probability", "lr", "pretest", "posttest",
    "posttest_low", "posttest_high",
)  # fmt: skip
# Risks beyond these are drawn at the end of the log-odds axis.
LOWEST, HIGHEST = 1e-6, 1 - 1e-6
TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
# Width of one column of dots, as a share of the width of the risk axis.
COLUMN = 0.062


def risk_patterns_coordinates(profile: pd.DataFrame, most: int = 32) -> pd.DataFrame:
    """Return the patterns drawn, from the lowest risk to the highest.

    A column for each flag (1 present, 0 absent), then ``low, high`` (the ends
    of the risk; equal where the model gives one number), ``share`` (of all
    patients; NaN under ``Bounds``) and ``pretest``. With more patterns than
    ``most`` the most frequent ones are kept; patterns without a risk are not
    among them.

    Raises
    ------
    DataError
        If columns are missing, or no pattern has a risk.
    """
    point = "posttest" in getattr(profile, "columns", ())
    ends = ["posttest", "posttest"] if point else ["posttest_low", "posttest_high"]
    require_columns(profile, ["pretest", *ends], "the frame of a profile")
    flags = [str(column) for column in profile.columns if column not in RESULTS]
    if not flags:
        raise DataError("the frame of a profile has no column for a flag")
    frame = profile[flags].assign(
        low=profile[ends[0]].clip(LOWEST, HIGHEST),
        high=profile[ends[1]].clip(LOWEST, HIGHEST),
        share=profile["probability"] if point else np.nan,
        pretest=profile["pretest"],
    )
    frame = frame.dropna(subset=["low", "high"])
    if frame.empty:
        raise DataError("no pattern of this profile has a risk")
    if len(frame) > most:
        if not point:
            raise DataError(
                f"the profile has {len(frame)} patterns and no frequencies to choose the "
                f"most frequent {most} by; name fewer flags or pass most={len(frame)}"
            )
        frame = frame.nlargest(most, "share")
    return frame.sort_values(["low", "high"], kind="stable", ignore_index=True)


def risk_patterns(profile: pd.DataFrame, *, most: int = 32, ax: Axes | None = None) -> Axes:
    """Draw every pattern of findings as a row: its findings, its risk, its frequency.

    A filled dot is a finding present, an open one absent. Rows are ordered by
    risk; the dashed line is the pre-test probability. Under ``Bounds`` a bar
    spans the risks that remain possible.

    Parameters
    ----------
    profile : pandas.DataFrame
        The frame of :meth:`backpain_stats.RiskModel.profile`.
    most : int
        Rows drawn at most: the most frequent patterns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

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
    if check_count(most, "most") < 1:
        raise ArgumentError(f"most is {most}; it must be 1 or more")
    rows = risk_patterns_coordinates(profile, most)
    flags = [str(column) for column in rows if column not in ("low", "high", "share", "pretest")]
    ax = axes_or_new(ax, 5.0 + 0.4 * len(flags), 0.27 * len(rows) + 2.2)
    ax.set_xscale("logit")
    pretest = float(rows["pretest"].iloc[0])
    ax.axvline(pretest, color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    place = np.arange(len(rows))
    above, below = rows["low"] > pretest, rows["high"] <= pretest
    for own, colour, marker in (
        (above, VERMILION, "D"), (below, BLUE, "o"), (~above & ~below, GREY, "s"),
    ):  # fmt: skip
        ax.hlines(place[own], rows["low"][own], rows["high"][own], color=colour, linewidth=3)
        same = own & (rows["low"] == rows["high"])
        ax.scatter(rows["low"][same], place[same], color=colour, marker=marker, s=28, zorder=3)
    _dots(ax, rows[flags].to_numpy(dtype=int), flags)
    _shares(ax, rows["share"].to_numpy(dtype=float))
    _axis(ax, min(rows["low"].min(), pretest), max(rows["high"].max(), pretest))
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_yticks([])
    tidy(ax, grid="x", xlabel=f"Risk; dashed: pre-test {format_percent(pretest)}")
    ax.spines["left"].set_visible(False)
    left_out = len(profile) - len(rows)
    if left_out:
        covered = format_percent(float(rows["share"].sum()))
        ax.annotate(f"the {len(rows)} most frequent of {len(profile)} patterns: {covered} "
                    "of patients", (0, 0), xytext=(0, -44), xycoords="axes fraction",
                    textcoords="offset points", fontsize=8, color=GREY)  # fmt: skip
    return ax


def _axis(ax: Axes, lowest: float, highest: float) -> None:
    """Set limits beyond what is drawn, and ticks in percent that do not overlap."""
    low, high = lowest / 2, 1 - (1 - highest) / 2
    ax.set_xlim(low, high)
    start, stop = logit([low, high])
    percent_axis(ax.xaxis, spaced_ticks(TICKS, start, stop, gap=0.13))


def _dots(ax: Axes, present: np.ndarray, flags: list[str]) -> None:
    """Draw the findings of each row to the left of the axis, and their names above."""
    beside = ax.get_yaxis_transform()
    columns = -COLUMN * (len(flags) - np.arange(len(flags)))
    for row in range(0, len(present), 2):
        ax.axhspan(row - 0.5, row + 0.5, color=LIGHT_GREY, alpha=0.25, linewidth=0, zorder=-1)
    for row, found in enumerate(present == 1):
        ax.scatter(columns[~found], np.full((~found).sum(), row), transform=beside, s=16,
                   facecolor="white", edgecolor=GREY, linewidth=0.8, clip_on=False)  # fmt: skip
        ax.plot(columns[found], np.full(found.sum(), row), transform=beside, color=BLACK,
                marker="o", markersize=6, linewidth=1.6, clip_on=False)  # fmt: skip
    for at, flag in zip(columns, flags, strict=True):
        ax.text(at, len(present) - 0.3, words(flag), transform=beside, rotation=45,
                ha="left", va="bottom", fontsize=8, rotation_mode="anchor")  # fmt: skip


def _shares(ax: Axes, shares: np.ndarray) -> None:
    """Write how many of 1,000 patients have each pattern, to the right of the axis."""
    if np.isnan(shares).all():
        return
    beside = ax.get_yaxis_transform()
    for row, share in enumerate(shares):
        text = format_number(1000 * share, 2) if share >= 1e-6 else "< 0.001"
        ax.text(1.13, row, text, transform=beside, ha="right", va="center", fontsize=8)
    ax.text(1.13, len(shares) - 0.3, "of 1,000\npatients", transform=beside, ha="right",
            va="bottom", fontsize=8)  # fmt: skip
