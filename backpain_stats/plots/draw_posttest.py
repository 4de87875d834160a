"""Post-test probability as a function of the pre-test probability."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_pretest, require_columns
from backpain_stats.errors import DataError
from backpain_stats.plots.marks import Look, figure
from backpain_stats.plots.style import (
    BLACK,
    GREY,
    PALETTE,
    axes_or_new,
    flag_and_study,
    interval_text,
    percent_text,
    percent_ticks,
    spread_out,
    tidy,
    words,
)
from backpain_stats.tables import posttest_probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["posttest", "posttest_coordinates"]

ELEMENTS = ("curves", "bands", "diagonal", "pretests")
POINTS = 121
SCALES = ("logit", "linear")
# Beyond these a log-odds axis is cut; 0 and 1 lie at infinity.
EDGES = (1e-5, 0.99999)
FONT = 8
STRIP = 13  # height of a line of the strip above the axes, in points


def posttest_coordinates(
    result: pd.DataFrame, low: float = 0.001, high: float = 0.5
) -> pd.DataFrame:
    """Return the points of every curve, even in the log-odds of the pre-test.

    Parameters
    ----------
    result : pandas.DataFrame
        As for :func:`posttest`.
    low, high : float
        First and last pre-test probability.

    Returns
    -------
    pandas.DataFrame
        121 rows per curve: ``curve`` (a number), ``name, result, pretest,
        posttest, posttest_low, posttest_high``. The ends are those of the
        likelihood ratio at that pre-test probability; NaN without an interval.

    Raises
    ------
    DataError
        If a column is missing, or no row has a likelihood ratio.
    PretestError
        If ``low`` or ``high`` is not strictly between 0 and 1.
    """
    require_columns(result, ("lr", "lr_low", "lr_high", "result"), "the frame of tests")
    rows = result[result["lr"].notna()]
    if rows.empty:
        raise DataError("no row of the frame of tests has a likelihood ratio (lr)")
    first, last = logit(check_pretest([low, high]))
    pretest = expit(np.linspace(first, last, POINTS))
    # What is one curve may stand in several rows, once for each pre-test.
    rows = rows.assign(name=flag_and_study(rows)).drop_duplicates(["name", "result", "lr"])
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "curve": number,
                    "name": row["name"],
                    "result": row["result"],
                    "pretest": pretest,
                    "posttest": posttest_probability(pretest, row["lr"]),
                    "posttest_low": posttest_probability(pretest, row["lr_low"]),
                    "posttest_high": posttest_probability(pretest, row["lr_high"]),
                }
            )
            for number, row in enumerate(rows.to_dict("records"))
        ],
        ignore_index=True,
    )


@figure
def posttest(
    result: pd.DataFrame,
    *,
    prevalences: pd.DataFrame | None = None,
    scale: str = "logit",
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw the post-test probability against the pre-test probability.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.posttest`, or any with ``result``
        (positive or negative), ``lr, lr_low, lr_high``; ``label`` or
        ``flag_id``, ``study``, ``pretest`` and ``setting`` are used if there.
        Each row with a likelihood ratio is one curve.
    prevalences : pandas.DataFrame, optional
        Pre-test probabilities to mark: ``setting, estimate`` and, for a band,
        ``ci_low, ci_high``. By default those of ``result`` are marked.
    scale : {"logit", "linear"}
        Scale of both axes. On the log-odds scale a curve is a straight line
        and small probabilities stay legible; the linear one shows how small
        they are.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``curves``,
        ``diagonal`` (words of ``plot``), ``bands`` (of ``fill_between``), ``pretests`` (of
        ``axvline``).

    Returns
    -------
    matplotlib.axes.Axes
        A line and a band per curve, dashed for a negative result, and the
        diagonal on which a result says nothing. The band is the interval of
        the likelihood ratio alone: along it the pre-test is given. Dotted lines
        stand at the prevalence of each setting, whose name and interval are on
        top.

    Raises
    ------
    DataError
        If a column is missing, or no row has a likelihood ratio.
    ArgumentError
        If the scale is not one of the two.

    Examples
    --------
    >>> from backpain_stats import load_evidence, plots, posttest
    >>> after = posttest(load_evidence(), "cancer_history", setting="primary_care")
    >>> ax = plots.posttest(after)
    >>> ax.get_legend().get_texts()[0].get_text()
    'A  cancer history, deyo1988, positive: LR 15.1 (4.9 to 42.5)'
    """
    check_choice(scale, "scale", SCALES)
    look = Look(style, ELEMENTS)
    marks = _marks(result, prevalences)
    ends = [1e-3, 0.5, *marks[["estimate", "low", "high"]].to_numpy(float).ravel()]
    ends = [end for end in ends if 0 < end < 1]
    low, high = max(min(ends) / 1.2, EDGES[0]), min(max(ends), EDGES[1])
    curves = posttest_coordinates(result, low, high)
    ax = axes_or_new(ax, 7.2, 5.4 + 0.18 * curves["curve"].nunique())
    _draw_marks(ax, marks, look)
    ax.plot([low, high], [low, high], **look("diagonal", color=GREY, linewidth=0.9, zorder=1))
    groups = list(dict.fromkeys(curves["name"]))
    texts = _legend_texts(result)
    if len(texts) > 1:
        texts = [f"{string.ascii_uppercase[i % 26]}  {text}" for i, text in enumerate(texts)]
    for text, (_, curve) in zip(texts, curves.groupby("curve"), strict=True):
        colour = PALETTE[groups.index(curve["name"].iloc[0]) % len(PALETTE)]
        dashes = "--" if curve["result"].iloc[0] == "negative" else "-"
        bottom = np.maximum(curve["posttest_low"], EDGES[0])
        top = np.minimum(curve["posttest_high"], EDGES[1])
        ax.fill_between(curve["pretest"], bottom, top,
                        **look("bands", color=colour, alpha=0.15, linewidth=0))  # fmt: skip
        ax.plot(curve["pretest"], np.clip(curve["posttest"], *EDGES),
                **look("curves", color=colour, linestyle=dashes, linewidth=1.6, label=text,
                       zorder=3))  # fmt: skip
    _dress(ax, scale, curves)
    if len(texts) > 1:
        _write_letters(ax, curves)
    return ax


def _legend_texts(posttests: pd.DataFrame) -> list[str]:
    rows = posttests[posttests["lr"].notna()]
    rows = rows.assign(name=flag_and_study(rows)).drop_duplicates(["name", "result", "lr"])
    return [
        ", ".join(filter(None, (row["name"], words(row["result"]))))
        + f": LR {interval_text(row['lr'], row['lr_low'], row['lr_high'])}"
        for row in rows.to_dict("records")
    ]


def _marks(posttests: pd.DataFrame, prevalences: pd.DataFrame | None) -> pd.DataFrame:
    """Return ``setting, estimate, low, high`` of the pre-test probabilities to mark."""
    require_columns(posttests, (), "the frame of post-test probabilities")
    if prevalences is not None:
        require_columns(prevalences, ("setting", "estimate"), "the frame of prevalences")
        named = prevalences.rename(columns={"ci_low": "low", "ci_high": "high"})
    elif "pretest" in posttests.columns:
        named = posttests.rename(
            columns={"estimate": "posttest", "pretest": "estimate", "pretest_low": "low",
                     "pretest_high": "high"}
        )  # fmt: skip
    else:
        named = pd.DataFrame({"estimate": []})
    marks = named.reindex(columns=["setting", "estimate", "low", "high"])
    return marks[marks["estimate"].notna()].drop_duplicates(ignore_index=True)


def _draw_marks(ax: Axes, marks: pd.DataFrame, look: Look) -> None:
    """Draw a dotted line at each pre-test, and its interval and name in a strip on top."""
    from matplotlib.transforms import ScaledTranslation

    for row, mark in enumerate(marks.sort_values("estimate").to_dict("records")):
        ax.axvline(mark["estimate"],
                   **look("pretests", color=BLACK, linewidth=0.8, linestyle=":",
                          zorder=2))  # fmt: skip
        inches = STRIP / 72 * (len(marks) - row)
        line = ax.get_xaxis_transform() + ScaledTranslation(0, inches, ax.figure.dpi_scale_trans)
        end = mark["estimate"]
        if not np.isnan(float(mark["low"])):
            end = mark["high"]
            ax.plot([max(mark["low"], EDGES[0]), end], [1, 1], color=BLACK, linewidth=1.2,
                    transform=line, clip_on=False)  # fmt: skip
        ax.plot(mark["estimate"], 1, marker="o", color=BLACK, markersize=3.5, transform=line,
                linestyle="none", clip_on=False)  # fmt: skip
        text = f"  {words(mark['setting']) or 'pre-test'} {percent_text(mark['estimate'])}"
        ax.text(end, 1, text, transform=line, va="center", fontsize=FONT)


def _write_letters(ax: Axes, curves: pd.DataFrame) -> None:
    """Write each curve's letter at its end; colour alone would not do in print."""
    ends = curves.groupby("curve").last()
    places = np.column_stack([ends["pretest"], np.clip(ends["posttest"], *EDGES)])
    shares = ax.transAxes.inverted().transform(ax.transData.transform(places))[:, 1]
    for letter, share in zip(string.ascii_uppercase, spread_out(shares, gap=0.04), strict=False):
        ax.text(1.015, share, letter, transform=ax.transAxes, va="center", fontsize=FONT,
                fontweight="bold")  # fmt: skip


def _dress(ax: Axes, scale: str, curves: pd.DataFrame) -> None:
    low, high = curves["pretest"].min(), curves["pretest"].max()
    columns = ["pretest", "posttest", "posttest_low", "posttest_high"]
    values = np.clip(curves[columns].to_numpy(float), *EDGES)
    bottom, top = np.nanmin(values), np.nanmax(values)
    if scale == "linear":
        bottom, top, low = 0.0, 1.0, 0.0
        x_ticks, y_ticks = list(np.linspace(0, high, 6)), list(np.linspace(0, 1, 11))
    else:
        ax.set_xscale("logit")
        ax.set_yscale("logit")
        x_ticks, y_ticks = percent_ticks(low, high), percent_ticks(bottom, top, 14)
    ax.set_xlim(low, high)
    ax.set_ylim(bottom, top)
    ax.set_xticks(x_ticks, [percent_text(tick) for tick in x_ticks], fontsize=FONT)
    ax.set_yticks(y_ticks, [percent_text(tick) for tick in y_ticks], fontsize=FONT)
    ax.minorticks_off()
    tidy(ax, grid="both", xlabel="pre-test probability", ylabel="post-test probability")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, fontsize=FONT,
                  handlelength=3, title="solid grey: a result that says nothing (LR 1)",
                  title_fontsize=FONT)  # fmt: skip
