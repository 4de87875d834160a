"""Likelihood ratios of every report, both results side by side, grouped by flag."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import require_columns
from backpain_stats.plots.draw_ranking import MEASURES, UNINFORMATIVE, colour_of, ratio_note
from backpain_stats.plots.style import (
    BLACK,
    GREY,
    LIGHT_GREY,
    axes_or_new,
    flag_names,
    interval_text,
    ratio_limits,
    ratio_ticks,
    refuse_empty,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

# Both panels live on one Axes, each one unit wide, with the numbers to its right.
PANEL_STARTS = {"lr_positive": 0.0, "lr_negative": 1.62}
NUMBERS_START = 1.04
LEFT, RIGHT = -1.42, 3.24
LONGEST_REASON = 96
FONT = 8


def forest_coordinates(ratios: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lines of the figure from top to bottom, and the marks on them.

    Parameters
    ----------
    ratios : pandas.DataFrame
        As for :func:`forest`.

    Returns
    -------
    lines : pandas.DataFrame
        ``y, kind`` (``"flag"`` or ``"report"``), ``text, reason`` (why a report
        has no ratio; empty where it has one). Flags stand in the order of
        their highest LR+, those without any last.
    marks : pandas.DataFrame
        One row a report and ratio that exists: ``y, measure, estimate, low,
        high, counted``; the values ``panel_low, panel_high`` at the edges of the
        panel; and, as places on the Axes, ``x, x_low, x_high``: a value beyond
        the panel is placed at its edge.

    Raises
    ------
    DataError
        If a column is missing or there is no row.
    """
    import pandas as pd

    needed = [f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")]
    require_columns(ratios, ("study", *needed), "the frame of ratios")
    refuse_empty(ratios, "the frame of ratios")
    reports = ratios.assign(
        _name=flag_names(ratios),
        _highest=ratios["lr_positive"].groupby(flag_names(ratios)).transform("max"),
    ).sort_values(
        ["_highest", "_name", "lr_positive"],
        ascending=[False, True, False],
        na_position="last",
        kind="stable",
    )
    lines: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    flags = reports["_name"].drop_duplicates()
    y = float(len(reports) + len(flags))
    for flag in flags:
        lines.append({"y": y, "kind": "flag", "text": flag, "reason": ""})
        y -= 1
        for report in reports[reports["_name"] == flag].to_dict("records"):
            found = [m for m in MEASURES if not np.isnan(float(report[m]))]
            reason = "" if found else _short(report.get("reason"))
            lines.append({"y": y, "kind": "report", "text": _origin(report), "reason": reason})
            marks += [
                {
                    "y": y,
                    "measure": measure,
                    "estimate": float(report[measure]),
                    "low": float(report[f"{measure}_low"]),
                    "high": float(report[f"{measure}_high"]),
                    "counted": bool(report.get("counted", True)),
                }
                for measure in found
            ]
            y -= 1
    frame = pd.DataFrame(marks, columns=["y", "measure", "estimate", "low", "high", "counted"])
    frame[["x", "x_low", "x_high", "panel_low", "panel_high"]] = np.nan
    for measure, limits in _panel_limits(frame).items():
        rows = frame["measure"] == measure
        frame.loc[rows, ["panel_low", "panel_high"]] = limits
        for name, column in (("x", "estimate"), ("x_low", "low"), ("x_high", "high")):
            frame.loc[rows, name] = _place(frame.loc[rows, column], measure, limits)
    return pd.DataFrame(lines, columns=["y", "kind", "text", "reason"]), frame


def forest(ratios: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw LR+ and LR- of every report side by side, grouped by flag.

    Parameters
    ----------
    ratios : pandas.DataFrame
        The frame of :func:`backpain_stats.likelihood_ratios`, or any with
        ``flag_id`` (or ``label``), ``study`` and both ratios with their ends.
        ``setting, n, n_cases, counted`` and ``reason`` are used if there.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Both panels are drawn on this
        one Axes: its x coordinate is a place, not a ratio.

    Returns
    -------
    matplotlib.axes.Axes
        Two logarithmic panels. Arrows go on to 0 or infinity; open markers are
        reports on patients counted in another row; diamonds were printed
        without an interval. A report that cannot be used keeps its row, in
        grey, with the reason.

    Raises
    ------
    DataError
        If a column is missing or there is no row.

    Examples
    --------
    >>> from backpain_stats import likelihood_ratios, load_evidence, plots
    >>> ratios = likelihood_ratios(load_evidence(), target="malignancy")
    >>> ax = plots.forest(ratios)
    >>> "pain duration 1 month" in [text.get_text() for text in ax.texts]
    True
    """
    lines, marks = forest_coordinates(ratios)
    ax = axes_or_new(ax, 10.5, 1.3 + 0.24 * len(lines))
    top = len(lines) + 0.5
    for measure, limits in _panel_limits(marks).items():
        _draw_panel(ax, measure, limits, top, _interval_words(ratios))
    _write_lines(ax, lines)
    for mark in marks.to_dict("records"):
        _draw_mark(ax, mark)
    _dress(ax, marks, top)
    return ax


def _origin(report: dict[str, Any]) -> str:
    """Say which patients a report is about."""
    patients = ""
    if _known(report.get("n_cases")):
        total = f" of {int(report['n']):,}" if _known(report.get("n")) else ""
        patients = f"{int(report['n_cases']):,}{total}"
    return ", ".join(filter(None, (words(report["study"]), words(report.get("setting")), patients)))


def _interval_words(ratios: pd.DataFrame) -> str:
    levels = ratios["ci_level"].dropna().unique().tolist() if "ci_level" in ratios else []
    return f"{100 * levels[0]:g}% interval" if len(levels) == 1 else "interval"


def _known(value: object) -> bool:
    import pandas as pd

    return value is not None and not pd.isna(value)  # type: ignore[call-overload]


def _short(reason: object) -> str:
    """Return the first clause of a reason, cut to the width of the figure."""
    text = reason if isinstance(reason, str) and reason else "no ratio can be estimated"
    return textwrap.shorten(text.split(". ")[0], LONGEST_REASON, placeholder=" …")


def _panel_limits(marks: pd.DataFrame) -> dict[str, tuple[float, float]]:
    limits = {}
    for measure in MEASURES:
        rows = marks.loc[marks["measure"] == measure, ["estimate", "low", "high"]]
        limits[measure] = ratio_limits(rows.to_numpy(dtype=float).ravel())
    return limits


def _place(values: ArrayLike, measure: str, limits: tuple[float, float]) -> NDArray[np.float64]:
    """Return where ratios stand on the Axes; those beyond the panel at its edge."""
    low, high = np.log(limits)
    inside = np.clip(np.asarray(values, dtype=float), *limits)
    return np.asarray(PANEL_STARTS[measure] + (np.log(inside) - low) / (high - low))


def _draw_panel(
    ax: Axes, measure: str, limits: tuple[float, float], top: float, interval: str
) -> None:
    start = PANEL_STARTS[measure]
    left, right = _place(UNINFORMATIVE, measure, limits)
    ax.fill_between([left, right], 0.4, top, color=LIGHT_GREY, alpha=0.5, linewidth=0, zorder=0)
    ax.vlines(_place(ratio_ticks(*limits), measure, limits), 0.4, top, color=LIGHT_GREY,
              linewidth=0.6, zorder=0)  # fmt: skip
    ax.vlines(_place([1.0], measure, limits), 0.4, top, color=GREY, linewidth=0.8, zorder=1)
    ax.hlines(0.4, start, start + 1, color=BLACK, linewidth=0.8)
    name, meaning = MEASURES[measure][0], MEASURES[measure][1].split(" (")[0]
    ax.text(start + 0.5, top + 0.35, meaning[0].upper() + meaning[1:], ha="center", va="center",
            fontsize=FONT)  # fmt: skip
    ax.text(start + NUMBERS_START, top + 0.35, f"{name} ({interval})", va="center", fontsize=FONT,
            fontweight="bold")  # fmt: skip


def _write_lines(ax: Axes, lines: pd.DataFrame) -> None:
    for line in lines.to_dict("records"):
        flag = line["kind"] == "flag"
        grey = not flag and bool(line["reason"])
        ax.text(LEFT if flag else LEFT + 0.06, line["y"], line["text"], va="center", fontsize=FONT,
                fontweight="bold" if flag else "normal", color=GREY if grey else BLACK)  # fmt: skip
        if grey:
            ax.text(0.02, line["y"], line["reason"], va="center", fontsize=FONT - 0.5, color=GREY,
                    style="italic", bbox={"color": "white", "pad": 0.6})  # fmt: skip


def _draw_mark(ax: Axes, mark: Mapping[Any, Any]) -> None:
    start = PANEL_STARTS[mark["measure"]]
    colour, y = colour_of(mark["measure"]), mark["y"]
    has_interval = not np.isnan(mark["x_low"])
    if has_interval:
        ax.hlines(y, mark["x_low"], mark["x_high"], color=colour, linewidth=1.4, zorder=2)
    face = colour if mark["counted"] else "white"
    shape, size = ("o" if has_interval else "D"), 5.0
    for value, place in (("low", "x_low"), ("high", "x_high"), ("estimate", "x")):
        below, above = mark[value] < mark["panel_low"], mark[value] > mark["panel_high"]
        for edge, marker, beyond in ((start, "<", below), (start + 1, ">", above)):
            if beyond:
                big = 7.5 if value == "estimate" else 4.5
                ax.plot(edge, y, marker=marker, color=colour, markerfacecolor=face,
                        markersize=big, linestyle="none", zorder=3)  # fmt: skip
        if value == "estimate" and not (below or above):
            ax.plot(mark[place], y, marker=shape, color=colour, markerfacecolor=face,
                    markersize=size, linestyle="none", zorder=3)  # fmt: skip
    text = interval_text(mark["estimate"], mark["low"], mark["high"])
    ax.text(start + NUMBERS_START, y, text, va="center", fontsize=FONT)


def _dress(ax: Axes, marks: pd.DataFrame, top: float) -> None:
    places: list[float] = []
    labels: list[str] = []
    for measure, limits in _panel_limits(marks).items():
        ticks = ratio_ticks(*limits)
        places += _place(ticks, measure, limits).tolist()
        labels += [f"{tick:g}" for tick in ticks]
    ax.set_xticks(places, labels, fontsize=FONT)
    ax.tick_params(axis="x", length=0, pad=1)
    ax.set_yticks([])
    ax.set_xlim(LEFT, RIGHT)
    ax.set_ylim(0.35, top + 0.8)
    ax.spines[:].set_visible(False)
    note = ratio_note(marks["low"], marks["estimate"], marks["counted"])
    ax.set_xlabel(note, fontsize=FONT)
