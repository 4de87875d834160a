"""Ratios of every report or study on logarithmic axes that share their rows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from backpain_stats.checks import check_choice, require_columns
from backpain_stats.errors import ArgumentError
from backpain_stats.plots.lights import explain_lights, light_columns
from backpain_stats.plots.marks import (
    Look,
    draw_diamond,
    draw_interval,
    draw_zone,
    explain_marks,
    figure,
    interval_name,
)
from backpain_stats.plots.rows import (
    TextColumn,
    cell_text,
    lay_out,
    natural_width,
    patients_text,
    turned_height,
    width_before,
)
from backpain_stats.plots.style import (
    BLACK,
    FONT,
    GREY,
    RATIOS,
    axes_or_new,
    colour_of,
    flag_names,
    interval_text,
    printable,
    ratio_axis,
    ratio_limits,
    refuse_empty,
    refuse_many,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest", "forest_coordinates"]

ELEMENTS = ("zone", "unity", "intervals", "points", "diamond")
CELLS = {"tp": "TP", "fp": "FP", "fn": "FN", "tn": "TN"}
# Letters of a reason: it starts at the first panel and must end before the second.
LONGEST_REASON = 52
LONGEST_NAME = 60
# Spaces that stay where others are run together.
INDENT = "\u00a0" * 3


def forest_coordinates(
    result: Any,
    *,
    measures: Sequence[str] = ("lr_positive", "lr_negative"),
    group: str | None = "flag",
    sort: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lines of the figure from top to bottom, and the marks on them.

    Parameters
    ----------
    result, measures, group, sort
        As for :func:`forest`.

    Returns
    -------
    lines : pandas.DataFrame
        ``y, kind`` (``"group"`` or ``"report"``), ``text, reason`` (why a report has no ratio;
        empty where it has one) and ``row``, its position in the frame (-1 for a group). Groups
        stand in the order of their highest ratio, those without any last.
    marks : pandas.DataFrame
        One row per report and ratio that exists: ``y, measure, estimate, low, high, counted``
        (whether its patients are counted here), ``share`` (its weight as a share of the largest;
        1 without a column ``weight``).

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    ArgumentError
        If a measure is not known.
    """
    frame = _reports(result, measures)
    names = _group_names(frame, group)
    first = measures[0]
    order = frame.assign(
        _row=np.arange(len(frame)),
        _group=names,
        _highest=frame[first].groupby(names, sort=False).transform("max"),
    )
    if sort:
        order = order.sort_values(
            ["_highest", "_group", first],
            ascending=[False, True, False],
            na_position="last",
            kind="stable",
        )
    headings = order["_group"].drop_duplicates()
    headings = headings[headings != ""]
    weights = frame["weight"].to_numpy(dtype=float) if "weight" in frame else np.ones(len(frame))
    shares = np.sqrt(weights / np.nanmax(weights))
    lines: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    y = float(len(frame) + len(headings))
    for heading in order["_group"].drop_duplicates():
        if heading:
            lines.append({"y": y, "kind": "group", "text": heading, "reason": "", "row": -1})
            y -= 1
        for report in order[order["_group"] == heading].to_dict("records"):
            known = [m for m in measures if not np.isnan(float(report[m]))]
            reason = "" if known else _short(report.get("reason"))
            lines.append({"y": y, "kind": "report", "text": _origin(report), "reason": reason,
                          "row": report["_row"]})  # fmt: skip
            marks += [
                {
                    "y": y,
                    "measure": measure,
                    "estimate": float(report[measure]),
                    "low": float(report[f"{measure}_low"]),
                    "high": float(report[f"{measure}_high"]),
                    "counted": bool(report.get("counted", True)),
                    "share": float(shares[report["_row"]]),
                }
                for measure in known
            ]
            y -= 1
    columns = ["y", "measure", "estimate", "low", "high", "counted", "share"]
    return pd.DataFrame(lines), pd.DataFrame(marks, columns=columns)


@figure
def forest(
    result: Any,
    *,
    measures: Sequence[str] = ("lr_positive", "lr_negative"),
    group: str | None = "flag",
    sort: bool = True,
    counts: bool = False,
    columns: Mapping[str, str] | None = None,
    summary: object = None,
    quality: pd.DataFrame | None = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw the ratios of every report or study side by side, on logarithmic axes.

    Parameters
    ----------
    result : pandas.DataFrame or UnivariatePool
        The frame of :func:`backpain_stats.likelihood_ratios`, or any with ``study`` and each
        measure with its ends (``lr_positive, lr_positive_low, lr_positive_high``). ``label`` or
        ``flag_id, setting, n, n_cases, counted, weight`` and ``reason`` are used if there. What
        :func:`backpain_stats.pool_univariate` returned is drawn with its summary.
    measures : sequence of {"lr_positive", "lr_negative", "odds_ratio"}
        One panel per measure.
    group : str or None
        ``"flag"`` (where the frame has flags), a column of the frame, or None for no groups.
    sort : bool
        Whether the largest ratio stands on top; otherwise the order of the frame is kept.
    counts : bool
        Whether the columns TP, FP, FN and TN are printed.
    columns : mapping, optional
        Further columns of the frame to print, with their headings. By default, where the
        frame knows them, cases and patients; ``{}`` prints none.
    summary : UnivariatePool, BivariateFit or mapping, optional
        Adds a diamond per measure below the rows: something that has the measures as
        attributes or keys, each an :class:`~backpain_stats.Estimate`.
    quality : pandas.DataFrame, optional
        Judgements of study quality, drawn as traffic lights beside the rows: what
        :func:`backpain_stats.quality_judgements` or :func:`backpain_stats.read_quality` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Its place is divided among text and panels.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``zone`` (0.5 to
        2, where a result hardly moves a probability) and ``unity`` (words of ``axvspan`` and
        ``axvline``), ``intervals`` and ``points`` (of ``plot``), ``diamond`` (of ``fill``).

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the first measure; the others are its ``child_axes``. On each the
        horizontal coordinate is the ratio: ``ax.axvline(5)`` draws a line at 5. Arrows go on to 0
        or infinity; open markers are reports on patients counted in another row; diamonds were
        printed without an interval. A report that cannot be used keeps its row, in grey.

    Raises
    ------
    DataError
        If a column is missing, there is no row, or a study is judged that is not among the rows.
    ArgumentError
        If a measure is not known, or the summary lacks it.

    Examples
    --------
    >>> from backpain_stats import likelihood_ratios, load_evidence, plots
    >>> ratios = likelihood_ratios(load_evidence(), target="malignancy")
    >>> ax = plots.forest(ratios, points={"marker": "s"})
    >>> ax.get_xscale(), ax.child_axes[0].get_xlabel()
    ('log', 'Likelihood ratio of a negative result (LR−)')
    >>> line = ax.axvline(5)
    """
    look = Look(style, ELEMENTS)
    if hasattr(result, "pooled") and hasattr(result, "measure"):
        summary, measures = summary or {result.measure: result.pooled}, (result.measure,)
    lines, marks = forest_coordinates(result, measures=measures, group=group, sort=sort)
    frame = _reports(result, measures)
    diamonds = {measure: _summary(summary, measure) for measure in measures if summary is not None}
    text_columns = [_names(lines, diamonds), *_columns(frame, lines, counts, columns, diamonds)]
    head = float(len(lines)) + 1.1
    rows = [*lines["y"], *([0.0] if diamonds else [])]
    printed = [[_numbers(frame, lines, marks, measure, diamonds)] for measure in measures]
    lights = [] if quality is None else light_columns(
        quality, frame, lines["row"], below=int(bool(diamonds))
    )  # fmt: skip
    printed[-1] += lights
    height = 1.5 + 0.24 * (len(lines) + bool(diamonds)) + turned_height(lights) / 72
    ax = axes_or_new(ax, natural_width(text_columns, printed), height)
    panels = lay_out(ax, rows, text_columns, printed, head)
    values = [marks[["estimate", "low", "high"]].to_numpy().ravel()]
    values += [np.array([d.estimate, d.ci_low, d.ci_high]) for d in diamonds.values()]
    limits = ratio_limits(np.concatenate(values))
    for panel, measure in zip(panels, measures, strict=True):
        own = marks[marks["measure"] == measure]
        _draw_panel(panel, measure, own, limits, look)
        if measure in diamonds:
            d = diamonds[measure]
            looks = look("diamond", color=BLACK, zorder=3)
            draw_diamond(panel, 0.0, (d.estimate, d.ci_low, d.ci_high), looks)
    ax.set_ylim(-0.6 if diamonds else 0.4, head + 0.5)
    for line in lines[lines["reason"] != ""].to_dict("records"):
        ax.annotate(line["reason"], (0, line["y"]), (3, 0), xycoords=ax.get_yaxis_transform(),
                    textcoords="offset points", va="center", fontsize=FONT - 0.5, color=GREY,
                    style="italic", bbox={"color": "white", "pad": 0.6}, zorder=3)  # fmt: skip
    left = width_before(text_columns)
    explain_lights(panels[-1], printed[-1], quality)
    explain_marks(ax, marks, loc="upper left", bbox_to_anchor=(0.0, 0.0), left=left)
    return ax


def _reports(result: Any, measures: Sequence[str]) -> pd.DataFrame:
    """Return the frame of reports, after a look at its columns."""
    if not measures:
        raise ArgumentError("measures is empty; choose one or more of " + ", ".join(RATIOS))
    for measure in measures:
        check_choice(measure, "measures", tuple(RATIOS))
    frame = _of_pool(result) if hasattr(result, "pooled") else result
    needed = [f"{measure}{end}" for measure in measures for end in ("", "_low", "_high")]
    require_columns(frame, ("study", *needed), "the frame of ratios")
    refuse_empty(frame, "the frame of ratios")
    refuse_many(frame, "the frame of ratios")
    return frame.reset_index(drop=True)


def _of_pool(pool: Any) -> pd.DataFrame:
    """Return the studies of a univariate pool as a frame of its ratio.

    The interval of a study is that of its log ratio, estimate plus or minus z standard errors.
    """
    studies, level = pool.studies, pool.pooled.ci_level
    half = norm.isf((1 - level) / 2) * studies["standard_error"]
    ends = {"": 0, "_low": -1, "_high": 1}
    logs = {f"{pool.measure}{end}": np.exp(studies["log_ratio"] + sign * half)
            for end, sign in ends.items()}  # fmt: skip
    return studies.assign(**logs, ci_level=level)


def _group_names(frame: pd.DataFrame, group: str | None) -> pd.Series:
    """Return the heading that each row stands under; empty for none."""
    if group == "flag":
        names = flag_names(frame)
    elif group is None:
        names = [""] * len(frame)
    else:
        require_columns(frame, [group], "the frame of ratios")
        names = [words(str(value)) for value in frame[group]]
    return pd.Series([textwrap.shorten(n, LONGEST_NAME, placeholder=" …") for n in names],
                     index=frame.index)  # fmt: skip


def _origin(report: dict[str, Any]) -> str:
    """Say which study a report is of, and where its patients were seen."""
    return ", ".join(filter(None, (words(str(report["study"])), words(report.get("setting")))))


def _short(reason: object) -> str:
    """Return the first clause of a reason, cut to the width of a panel."""
    text = reason if isinstance(reason, str) and reason else "no ratio can be estimated"
    return textwrap.shorten(printable(text).split(". ")[0], LONGEST_REASON, placeholder=" …")


def _summary(summary: object, measure: str) -> Any:
    """Return the summary of one measure."""
    values = summary if isinstance(summary, Mapping) else {measure: getattr(summary, measure, None)}
    if not hasattr(values.get(measure), "ci_low"):
        raise ArgumentError(f"the summary has no {measure} to draw")
    return values[measure]


def _names(lines: pd.DataFrame, diamonds: Mapping[str, Any]) -> TextColumn:
    """Return the column of groups and studies."""
    grouped = (lines["kind"] == "group").any()
    texts, looks = [], []
    for line in lines.to_dict("records"):
        heading = line["kind"] == "group"
        texts.append(line["text"] if heading or not grouped else f"{INDENT}{line['text']}")
        looks.append({"fontweight": "bold" if heading else "normal",
                      "color": GREY if line["reason"] else BLACK})  # fmt: skip
    if diamonds:
        texts.append("Summary")
        looks.append({"fontweight": "bold"})
    return TextColumn("" if grouped else "Study", texts, looks=looks)


def _columns(
    frame: pd.DataFrame,
    lines: pd.DataFrame,
    counts: bool,
    columns: Mapping[str, str] | None,
    diamonds: Mapping[str, Any],
) -> list[TextColumn]:
    """Return the columns of counts and the caller's own."""
    chosen = dict(CELLS) if counts else {}
    require_columns(frame, [*chosen, *(columns or {})], "the frame of ratios")
    below = [""] if diamonds else []
    parts = []
    if columns is None and {"n", "n_cases"} <= set(frame.columns):
        texts = [patients_text(n, m) for n, m in zip(frame["n_cases"], frame["n"], strict=True)]
        parts.append(("Cases of patients", texts))
    for name, heading in {**chosen, **(columns or {})}.items():
        texts = ["" if pd.isna(value) else cell_text(value) for value in frame[name]]
        parts.append((heading, texts))
    made = []
    for heading, texts in parts:
        own = [texts[row] if row >= 0 else "" for row in lines["row"]]
        made.append(TextColumn(heading, [*own, *below], align="right"))
    return made


def _numbers(
    frame: pd.DataFrame,
    lines: pd.DataFrame,
    marks: pd.DataFrame,
    measure: str,
    diamonds: Mapping[str, Any],
) -> TextColumn:
    """Return the printed ratios of one measure."""
    own = marks[marks["measure"] == measure].set_index("y")
    texts = [
        interval_text(*own.loc[y, ["estimate", "low", "high"]]) if y in own.index else ""
        for y in lines["y"]
    ]
    looks: list[dict[str, Any]] = [{} for _ in texts]
    if diamonds:
        d = diamonds[measure]
        texts.append(interval_text(d.estimate, d.ci_low, d.ci_high))
        looks.append({"fontweight": "bold"})
    levels: Any = frame["ci_level"].dropna() if "ci_level" in frame else []
    return TextColumn(f"{RATIOS[measure][0]} ({interval_name(levels)})", texts, looks=looks)


def _draw_panel(
    ax: Axes, measure: str, marks: pd.DataFrame, limits: tuple[float, float], look: Look
) -> None:
    """Draw the ratios of one measure on their logarithmic axis."""
    ax.set_xscale("log")
    ax.set_xlim(*limits)
    draw_zone(ax, look)
    colour = colour_of(measure)
    for mark in marks.to_dict("records"):
        shape = "D" if np.isnan(mark["low"]) else "o"
        face = colour if mark["counted"] else "white"
        draw_interval(
            ax, mark["y"], (mark["estimate"], mark["low"], mark["high"]), limits,
            interval=look("intervals", color=colour, linewidth=1.4, zorder=2),
            point=look("points", color=colour, markerfacecolor=face, marker=shape,
                       markersize=2.5 + 3.0 * mark["share"], zorder=3),
        )  # fmt: skip
    ratio_axis(ax)
    tidy(ax, grid="x", xlabel=RATIOS[measure][1])
    ax.xaxis.label.set_fontsize(FONT)
