"""Sensitivity and specificity of each study, side by side, with the counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import require_columns
from backpain_stats.errors import NotEstimableError
from backpain_stats.plots.lights import explain_lights, light_columns
from backpain_stats.plots.marks import STUDY_COLUMNS, Look, draw_diamond, figure, interval_name
from backpain_stats.plots.rows import TextColumn, lay_out, natural_width, turned_height
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    FONT,
    GREY,
    VERMILION,
    axes_or_new,
    refuse_empty,
    refuse_many,
    require_result,
    tidy,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest_paired", "paired_coordinates"]

MEASURES = {"sensitivity": (BLUE, "no cases"), "specificity": (VERMILION, "no non-cases")}
CELLS = ("tp", "fp", "fn", "tn")
ELEMENTS = ("intervals", "points", "diamond", "prediction")
NUMBER_FORMAT = "{:.2f} ({:.2f} to {:.2f})"


def paired_coordinates(result: pd.DataFrame, group: str | None = None) -> pd.DataFrame:
    """Return one row per mark: ``study, group, measure, x, x_low, x_high, y, area``.

    ``area`` is the marker's area in square points; it grows with the patients behind the
    fraction. Rows of one group stand together, below a row that is left for its heading.
    """
    require_columns(result, STUDY_COLUMNS, "the frame of studies (see study_accuracy)")
    refuse_empty(result, "the frame of studies")
    refuse_many(result, "the frame of studies")
    frame = result.reset_index(drop=True).assign(_group="")
    if group is not None:
        require_columns(frame, [group], "the frame of studies")
        frame["_group"] = [words(str(value)) for value in frame[group]]
        order = {name: place for place, name in enumerate(frame["_group"].drop_duplicates())}
        frame = frame.sort_values("_group", key=lambda names: names.map(order), kind="stable")
    headings = int(frame["_group"].nunique()) if group is not None else 0
    opened = (frame["_group"] != frame["_group"].shift()).cumsum() if headings else 0
    y = len(frame) + headings - np.arange(len(frame)) - np.asarray(opened, dtype=float)
    patients = {"sensitivity": frame["tp"] + frame["fn"], "specificity": frame["fp"] + frame["tn"]}
    parts = []
    for measure, count in patients.items():
        size = count.to_numpy(dtype=float)
        parts.append(
            pd.DataFrame(
                {
                    "study": frame["study"].to_numpy(),
                    "group": frame["_group"].to_numpy(),
                    "measure": measure,
                    "x": frame[measure].to_numpy(dtype=float),
                    "x_low": frame[f"{measure}_low"].to_numpy(dtype=float),
                    "x_high": frame[f"{measure}_high"].to_numpy(dtype=float),
                    "y": y,
                    "area": 12 + 48 * size / max(size.max(), 1),
                    "row": frame.index.to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@figure
def forest_paired(
    result: pd.DataFrame,
    *,
    fit: Any = None,
    group: str | None = None,
    columns: Mapping[str, str] | None = None,
    quality: pd.DataFrame | None = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw sensitivity and specificity of each study side by side, with the counts.

    Parameters
    ----------
    result : pandas.DataFrame
        The frame of :func:`backpain_stats.study_accuracy` (or any with its columns). A study
        without cases shows "no cases" in place of a sensitivity, one without non-cases the
        same on the right.
    fit : BivariateFit or BayesianFit, optional
        Adds the summary of the fit as a diamond below the studies and, as a line through it,
        the prediction interval of a new study.
    group : str, optional
        A column whose values group the studies under headings.
    columns : mapping, optional
        Further columns of the frame to print, with their headings.
    quality : pandas.DataFrame, optional
        Judgements of study quality, drawn as traffic lights beside the rows: what
        :func:`backpain_stats.read_quality` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Its place is divided among text and panels.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``intervals``
        (words of ``hlines``), ``points`` (of ``scatter``), ``diamond`` (of ``fill``),
        ``prediction`` (of ``plot``).

    Returns
    -------
    matplotlib.axes.Axes
        The panel of sensitivity; that of specificity is ``ax.child_axes[0]``. Squares grow with
        the number of patients behind them.

    Raises
    ------
    DataError
        If a column is missing, or a study is judged that is not among the rows.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from backpain_stats import plots
    >>> from backpain_stats import study_accuracy
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.forest_paired(study_accuracy(data))
    >>> ax.get_xlabel(), ax.child_axes[0].get_xlabel()
    ('Sensitivity', 'Specificity')
    >>> plt.close(ax.figure)
    """
    look = Look(style, ELEMENTS)
    marks = paired_coordinates(result, group)
    half = marks[marks["measure"] == "sensitivity"]
    frame = result.reset_index(drop=True).iloc[half["row"].to_numpy()]
    require_columns(frame, [*(columns or {})], "the frame of studies")
    head = float(half["y"].max()) + (1.1 if group is None else 2.1)
    headings = half.drop_duplicates("group") if group is not None else half.iloc[:0]
    if fit is not None:
        require_result(fit, ("sensitivity", "specificity"), "fit_bivariate or fit_bayes")
    rows = [*half["y"], *(headings["y"] + 1), *([0.0] if fit is not None else [])]
    below = [""] * len(headings) + [""] * (fit is not None)
    names = [*(words(str(s)) for s in half["study"]), *headings["group"],
             *(["Summary"] if fit is not None else [])]  # fmt: skip
    bold = {"fontweight": "bold"}
    looks: list[dict[str, Any]] = [{}] * len(half) + [bold] * (len(names) - len(half))
    before = [TextColumn("Study", names, looks=looks)]
    before += [
        TextColumn(heading, [*(_cell(value) for value in frame[name]), *below], align="right")
        for name, heading in {**{c: c.upper() for c in CELLS}, **(columns or {})}.items()
    ]
    printed = [[_numbers(frame, measure, fit, below)] for measure in MEASURES]
    lights = [] if quality is None else light_columns(
        quality, frame, range(len(frame)), below=len(below)
    )  # fmt: skip
    printed[-1] += lights
    height = 1.4 + 0.25 * (head + 2 * (fit is not None)) + turned_height(lights) / 72
    ax = axes_or_new(ax, natural_width(before, printed), height)
    panels = lay_out(ax, rows, before, printed, head)
    for panel, (measure, (colour, empty)) in zip(panels, MEASURES.items(), strict=True):
        own = marks[marks["measure"] == measure]
        _draw_panel(panel, own, colour, empty, look)
        if fit is not None:
            _draw_summary(panel, fit, measure, look)
        tidy(panel, grid="x", xlabel=measure.capitalize())
    ax.set_ylim(-0.6 if fit is not None else 0.4, head + 0.5)
    explain_lights(panels[-1], printed[-1], quality)
    return ax


def _cell(value: object) -> str:
    if isinstance(value, str):
        return words(value)
    return "" if pd.isna(value) else f"{value:,g}"  # type: ignore[call-overload]


def _numbers(frame: pd.DataFrame, measure: str, fit: Any, below: list[str]) -> TextColumn:
    """Return the printed fractions of one measure, that of the summary last."""
    values = frame[[measure, f"{measure}_low", f"{measure}_high"]].to_numpy(dtype=float)
    texts = ["" if np.isnan(row[0]) else NUMBER_FORMAT.format(*row) for row in values] + below
    looks: list[dict[str, Any]] = [{} for _ in texts]
    if fit is not None:
        summary = getattr(fit, measure)
        texts[-1] = NUMBER_FORMAT.format(summary.estimate, summary.ci_low, summary.ci_high)
        looks[-1] = {"fontweight": "bold"}
    levels: Any = frame["ci_level"].dropna() if "ci_level" in frame else []
    return TextColumn(interval_name(levels).capitalize(), texts, looks=looks)


def _draw_panel(ax: Axes, marks: pd.DataFrame, colour: str, empty: str, look: Look) -> None:
    """Draw one fraction of every study."""
    known = marks.dropna(subset="x")
    # The line lies above the square: the interval of a large study is narrower than its square.
    ax.scatter(known["x"], known["y"], s=known["area"],
               **look("points", marker="s", color=colour, alpha=0.55, linewidth=0))  # fmt: skip
    ax.hlines(known["y"], known["x_low"], known["x_high"],
              **look("intervals", color=BLACK, linewidth=1.1))  # fmt: skip
    for y in marks.loc[marks["x"].isna(), "y"]:
        ax.text(0.5, y, empty, ha="center", va="center", fontsize=FONT, color=GREY, style="italic")
    ax.set_xlim(-0.01, 1.01)
    ticks = np.linspace(0, 1, 6)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def _draw_summary(ax: Axes, fit: Any, measure: str, look: Look) -> None:
    """Draw the summary as a diamond, and the prediction interval of a new study through it."""
    summary = getattr(fit, measure)
    if hasattr(fit, "predict"):
        try:
            row = fit.predict().set_index("measure").loc[measure]
        except NotEstimableError:
            pass  # common effects: there is nothing to predict beyond the summary
        else:
            ax.plot([row["ci_low"], row["ci_high"]], [0, 0],
                    **look("prediction", color=GREY, linewidth=2.4, solid_capstyle="butt",
                           zorder=2))  # fmt: skip
    draw_diamond(ax, 0.0, (summary.estimate, summary.ci_low, summary.ci_high),
                 look("diamond", color=BLACK, zorder=3))  # fmt: skip
