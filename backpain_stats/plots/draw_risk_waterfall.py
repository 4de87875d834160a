"""Waterfall: from the pre-test probability, finding by finding, to the risk."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import logit

from backpain_stats.errors import DataError
from backpain_stats.estimate import format_level, format_number, format_percent
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    axes_or_new,
    percent_text,
    require_result,
    spaced_ticks,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.combine.risk.risk import Risk

__all__ = ["risk_waterfall", "risk_waterfall_coordinates"]

ELEMENTS = ("bars", "points", "interval", "new_practice", "multiplied")
TICKS = (
    1e-6, 1e-5, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999, 0.9999,
)  # fmt: skip
# Room for the words beside the bars, as a share of the width of the numbers.
MARGIN = 0.12
# Closer than this in log odds, two marks would hide each other: nothing is lost by one.
SAME = 0.1


def risk_waterfall_coordinates(result: Risk) -> pd.DataFrame:
    """Return one row per step: ``step, kind, start, stop, text``, in log odds.

    ``kind`` is ``"pretest"``, ``"finding"`` or ``"posttest"``. A finding's bar
    runs from the log odds before it to those after it; those two have no
    length. The post-test probability is a median over all that is not known, so that it may
    stand a little beside the end of the last bar. Three more rows, ``"interval"``,
    ``"new practice"`` (the interval there) and ``"multiplied"`` (where the ratios of the
    single findings, multiplied, would have ended), are drawn beside it; they may be NaN or
    infinite.

    Raises
    ------
    DataError
        If the risk has no point estimate (``Bounds``), or a finding's
        contribution is not finite.
    """
    risk = result
    require_result(risk, ("contributions", "posttest", "new_practice"), "RiskModel.risk")
    log_odds = risk.contributions["log_odds"].to_numpy(dtype=float)
    if math.isnan(risk.posttest.estimate):
        raise DataError(
            "this risk is a range without a point estimate, so there are no steps to draw; "
            "choose a dependence model that gives one"
        )
    if not np.isfinite(log_odds).all():
        names = risk.contributions["finding"][~np.isfinite(log_odds)]
        raise DataError(
            f"the contribution of {', '.join(map(str, names))} is not finite: a likelihood "
            "ratio of 0 or infinity has no place on a log-odds axis"
        )
    before = float(logit(risk.pretest))
    ends = before + np.cumsum(log_odds)
    after = float(logit(risk.posttest.estimate))
    with np.errstate(divide="ignore"):
        alone = before + np.log(risk.contributions["lr_alone"].to_numpy(dtype=float)).sum()
    rows = [("pre-test", "pretest", before, before, format_percent(risk.pretest))]
    rows += [
        (str(name), "finding", start, stop, f"odds × {format_number(math.exp(stop - start))}")
        for name, start, stop in zip(
            risk.contributions["finding"], [before, *ends[:-1]], ends, strict=True
        )
    ]
    rows += [
        ("post-test", "posttest", after, after, format_percent(risk.posttest.estimate)),
        ("interval", "interval", *logit([risk.posttest.ci_low, risk.posttest.ci_high]), ""),
        (
            "new practice",
            "new practice",
            *logit([risk.new_practice.ci_low, risk.new_practice.ci_high]),
            "",
        ),
        ("likelihood ratios multiplied", "multiplied", alone, alone, ""),
    ]
    return pd.DataFrame(rows, columns=["step", "kind", "start", "stop", "text"])


@figure
def risk_waterfall(result: Risk, *, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw what each finding does to one patient's risk, on the log-odds axis.

    Bars to the right raise the risk, bars to the left lower it; each begins
    where the one above ended. The line at the post-test probability is its
    interval; the open diamond is where multiplying the likelihood ratios, each
    as if alone, would have ended. The thin line is the interval in a new practice.

    Parameters
    ----------
    result : Risk
        From :meth:`backpain_stats.RiskModel.risk`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``bars``, the
        findings (words of ``barh``), ``points``, before and after, ``interval``,
        ``new_practice`` and ``multiplied`` (of ``plot``).

    Returns
    -------
    matplotlib.axes.Axes
        The horizontal axis is in log odds, with ticks in percent.

    Raises
    ------
    DataError
        If the risk has no point estimate (``Bounds``), or a finding's
        contribution is not finite.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import RiskModel, plots
    >>> flags = pd.DataFrame({"flag": ["history", "age"], "sensitivity": [0.31, 0.77],
    ...                       "specificity": [0.98, 0.71]})
    >>> risk = RiskModel.from_frame(flags, pretest=0.01).risk(present=["history", "age"])
    >>> ax = plots.risk_waterfall(risk)
    >>> [text.get_text() for text in ax.get_yticklabels()][0]
    'pre-test'
    """
    look, risk = Look(style, ELEMENTS), result
    everything = risk_waterfall_coordinates(result)
    steps = everything[everything["kind"].isin(["pretest", "finding", "posttest"])]
    ax = axes_or_new(ax, 7.2, 0.42 * len(steps) + 1.3)
    last = len(steps) - 1
    for row, (kind, start, stop) in enumerate(
        zip(steps["kind"], steps["start"], steps["stop"], strict=True)
    ):
        if kind == "finding":
            raises = stop >= start
            ax.barh(row, stop - start, left=start, hatch=None if raises else "////",
                    **look("bars", height=0.55, facecolor=VERMILION if raises else BLUE,
                           edgecolor="white"))  # fmt: skip
        else:
            ax.plot(stop, row,
                    **look("points", marker="o" if kind == "pretest" else "D", color=BLACK,
                           markersize=7, zorder=4))  # fmt: skip
        if row < last:
            ax.plot([stop, stop], [row, row + 1], color=GREY, linewidth=0.8, zorder=0)
    beside = _beside(ax, everything, last, look)
    _write(ax, steps, beside)
    ax.set_yticks(range(len(steps)), [_wrapped(str(name)) for name in steps["step"]])
    ax.set_ylim(len(steps) - 0.4, -0.6)
    what = "Probability (log-odds scale)"
    if not math.isnan(risk.posttest.ci_level):
        what += f"; line: {format_level(risk.posttest.ci_level)} interval"
        if not risk.practices_alike:
            what += ", thin in a new practice"
    return tidy(ax, grid="x", xlabel=what)


def _beside(ax: Axes, everything: pd.DataFrame, last: int, look: Look) -> list[float]:
    """Draw interval and multiplied risk in the last row; return where they reach."""
    at = {
        str(row.kind): (float(row.start), float(row.stop))  # type: ignore[arg-type]
        for row in everything.itertuples(index=False)
    }
    reach: list[float] = []
    for kind, element, width in (
        ("new practice", "new_practice", 0.8),
        ("interval", "interval", 2.2),
    ):
        low, high = at[kind]
        if math.isfinite(low) and math.isfinite(high):
            ax.plot([low, high], [last, last],
                    **look(element, color=BLACK, linewidth=width, zorder=3))  # fmt: skip
            reach += [low, high]
    multiplied, end = at["multiplied"][1], _bars_end(everything)
    if math.isfinite(multiplied) and abs(multiplied - end) > SAME:
        ax.plot(multiplied, last,
                **look("multiplied", marker="D", markerfacecolor="white", markeredgecolor=GREY,
                       markersize=7, linestyle="none", zorder=5,
                       label="likelihood ratios multiplied"))  # fmt: skip
        if look.shown("multiplied"):
            ax.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1.0))
        reach.append(multiplied)
    return reach


def _bars_end(everything: pd.DataFrame) -> float:
    """Return where the last bar ends: at the pre-test if there is none."""
    bars = everything[everything["kind"].isin(["pretest", "finding"])]
    return float(bars["stop"].iloc[-1])


def _write(ax: Axes, steps: pd.DataFrame, beside: list[float]) -> None:
    """Set limits and ticks, and write each step's number to the right of it."""
    ends = np.asarray(steps[["start", "stop"]], dtype=float)
    right_of = ends.max(axis=1)
    right_of[-1] = max([right_of[-1], *beside])
    left, right = min([ends.min(), *beside]), max([ends.max(), *beside])
    span = max(right - left, 1.0)
    low, high = left - MARGIN * span, right + 2 * MARGIN * span
    ax.set_xlim(low, high)
    ticks = spaced_ticks(TICKS, low, high, gap=0.085)
    ax.set_xticks(logit(ticks), [percent_text(tick) for tick in ticks])
    for row, (at, text, kind) in enumerate(
        zip(right_of, steps["text"], steps["kind"], strict=True)
    ):
        ax.annotate(text, (float(at), row), xytext=(8, 0), textcoords="offset points", va="center",
                    fontsize=9, fontweight="normal" if kind == "finding" else "bold")  # fmt: skip


def _wrapped(name: str, width: int = 34) -> str:
    return "\n".join(textwrap.wrap(words(name), width)) or name
