"""Summary ROC: studies, summary point, regions and curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import format_level
from backpain_stats.plots.glyphs import ColorBy, draw_glyphs, glyphs_of
from backpain_stats.plots.marks import Look, draw_roc_space, figure, legend_below, write_names
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    PALETTE,
    VERMILION,
    axes_or_new,
    require_result,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SrocCoordinates", "sroc", "sroc_coordinates"]

ELEMENTS = ("studies", "confidence", "prediction", "curve", "summary", "diagonal", "names")
LARGEST_AREA = 260.0
SMALLEST_AREA = 12.0
SURE_OF_A_TRADE_OFF = 0.95
# The mark by which a second call knows that the Axes already holds a summary.
SUMMARY = "sroc summary"


@dataclass(frozen=True, slots=True)
class SrocCoordinates:
    """Everything the figure draws, in ROC space (x: 1 - specificity, y: sensitivity).

    Parameters
    ----------
    studies : pandas.DataFrame
        ``study, x, y, area``; NaN in x or y where a group is missing. ``area`` grows with
        the effective sample size, 4 cases non-cases / (cases + non-cases).
    summary : tuple of float
        x and y of the summary point.
    confidence, prediction, curve : pandas.DataFrame or None
        ``x, y``; None where there is none, and ``missing`` says why.
    missing : tuple of str
    """

    studies: pd.DataFrame
    summary: tuple[float, float]
    confidence: pd.DataFrame
    prediction: pd.DataFrame | None
    curve: pd.DataFrame | None
    missing: tuple[str, ...]


def sroc_coordinates(result: Any) -> SrocCoordinates:
    """Return the coordinates of :func:`sroc`.

    The curve is there only over the observed false-positive fractions, and only where
    sensitivity and specificity trade off: a negative between-study correlation, for a
    Bayesian fit one that is negative with a probability of 0.95.
    """
    require_result(result, ("region", "sensitivity", "specificity"), "fit_bivariate")
    fit = result
    missing = []
    prediction = curve = None
    try:
        prediction = _in_roc_space(fit.region("prediction"))
    except NotEstimableError as error:
        missing.append("no prediction region: common effects" if _is_common(fit) else str(error))
    try:
        if not hasattr(fit, "sroc"):
            missing.append("no curve: not asked of this summary")
        elif _trades_off(fit):
            whole = fit.sroc()
            curve = _in_roc_space(whole.loc[whole["observed"]])
        else:
            missing.append("no curve: no trade-off between sensitivity and specificity seen")
    except NotEstimableError:
        missing.append("no curve: the studies do not vary along one")
    return SrocCoordinates(
        studies=_study_points(fit),
        summary=(1 - fit.specificity.estimate, fit.sensitivity.estimate),
        confidence=_in_roc_space(fit.region("confidence")),
        prediction=prediction,
        curve=curve,
        missing=tuple(missing),
    )


def _trades_off(fit: Any) -> bool:
    if _is_bayesian(fit):
        return fit.probability(fit.column("correlation") < 0) >= SURE_OF_A_TRADE_OFF
    return bool(fit.correlation < 0)


def _is_bayesian(fit: Any) -> bool:
    """Return whether a fit answers with probabilities of its draws."""
    return hasattr(fit, "probability") and hasattr(fit, "column")


def _is_common(fit: Any) -> bool:
    return getattr(fit, "effects", "") == "common"


def _in_roc_space(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"x": frame["false_positive_fraction"], "y": frame["sensitivity"]})


def _study_points(fit: Any) -> pd.DataFrame:
    rows = getattr(fit, "rows", None)
    if rows is None:
        return pd.DataFrame({"study": [], "x": [], "y": [], "area": []})
    rows = rows.loc[rows["used"]].reset_index(drop=True)
    tp, fp, fn, tn = (rows[name].to_numpy(dtype=float) for name in ("tp", "fp", "fn", "tn"))
    cases, noncases = tp + fn, fp + tn
    size = 4 * cases * noncases / (cases + noncases)
    with np.errstate(invalid="ignore"):
        x, y = fp / noncases, tp / cases
    span = LARGEST_AREA - SMALLEST_AREA
    area = SMALLEST_AREA + span * size / max(float(size.max()), 1.0)
    return pd.DataFrame({"study": rows["study"], "x": x, "y": y, "area": area})


@figure
def sroc(
    result: Any,
    *,
    label: bool | str = False,
    color: str | None = None,
    color_by: ColorBy = None,
    ax: Axes | None = None,
    **style: Any,
) -> Axes:
    """Draw studies, summary point, confidence and prediction region and the summary ROC curve.

    Several fits, subgroups or analyses can be drawn on one Axes: each further call takes the
    next colour and marker, and the legend explains each kind of line once.

    Parameters
    ----------
    result : BivariateFit, BayesianFit, or what ``fit.at(...)`` returns
        Without covariates, or at one value of each: something with ``region``, ``sensitivity``
        and ``specificity``; ``sroc`` and ``rows`` are used if there.
    label : bool or str
        A text is the name of this fit in the legend; True writes the studies' names beside them.
    color : str, optional
        One colour for everything of this fit.
    color_by : mapping, Series or DataFrame, optional
        Gives each group of studies a shape and a colour, and names them in the legend: the group
        of each study by its name, such as ``data.set_index("study")["country"]``, with up to
        seven values; or judgements of study quality (:func:`backpain_stats.read_quality`), of
        which the worst one of a study counts.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **style
        How an element looks, in matplotlib's words, or False to leave it out: ``studies`` and
        ``summary`` (words of ``scatter``), ``confidence``, ``prediction``, ``curve`` and
        ``diagonal`` (of ``plot``), ``names`` (of ``annotate``; ``names={}`` writes the studies'
        names).

    Returns
    -------
    matplotlib.axes.Axes
        Circles grow with the effective sample size. A study without cases is a tick on
        the lower axis, one without non-cases a tick on the left axis. What could not be drawn
        is said in the title of the legend.

    Raises
    ------
    NotEstimableError
        If the fit has covariates, so that there is no single summary point.
    DataError
        If a study is judged that was not fitted.
    ArgumentError
        If ``color_by`` has more than seven values, or names no study.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate, plots
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.sroc(fit_bivariate(data), label="all studies", curve={"linewidth": 2})
    >>> ax = plots.sroc(fit_bivariate(data.iloc[1:]), label="without A", studies=False, ax=ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()][-2:]
    ['all studies', 'without A']
    >>> import matplotlib.pyplot as plt; plt.close(ax.figure)
    """
    look = Look(style, ELEMENTS)
    drawn = sroc_coordinates(result)
    ax = axes_or_new(ax, 5.8, 6.2)
    before = sum(artist.get_gid() == SUMMARY for artist in ax.collections)
    name = label if isinstance(label, str) else f"summary {before + 1}" if before else "summary"
    if color is None and (before or isinstance(label, str)):
        color = PALETTE[before % len(PALETTE)]
    level = f"{format_level(result.level)}"
    kind = "credible" if _is_bayesian(result) else "confidence"
    if not before:
        draw_roc_space(ax, look)
    _draw_studies(ax, drawn.studies, color, look, color_by)
    for element, line, default, dashes, width, text in (
        ("prediction", drawn.prediction, ORANGE, "--", 1.4, f"{level} prediction region"),
        ("confidence", drawn.confidence, BLUE, "-", 1.4, f"{level} {kind} region"),
        ("curve", drawn.curve, BLACK, "-.", 1.6, "summary ROC curve (observed range)"),
    ):
        if line is not None:
            ax.plot(line["x"], line["y"],
                    **look(element, color=color or default, linewidth=width,
                           linestyle=dashes, label=text))  # fmt: skip
    ax.scatter(*drawn.summary, gid=SUMMARY,
               **look("summary", marker="D" if not before else MARKERS[before % len(MARKERS)],
                      s=44, color=color or VERMILION, zorder=4, label=name))  # fmt: skip
    if label is True or style.get("names"):
        points = drawn.studies.dropna(subset=["x", "y"])
        names = [words(str(study)) for study in points["study"]]
        write_names(ax, names, points["x"], points["y"], look("names", fontsize=7))
    _explain(ax, drawn.missing)
    return ax


def _explain(ax: Axes, missing: tuple[str, ...]) -> None:
    """Add the legend, what is missing as its title; a kind of line several fits share is grey."""
    legend = ax.get_legend()
    told = legend.get_title().get_text().split("\n") if legend is not None else []
    title = "\n".join(dict.fromkeys(filter(None, [*told, *missing])))
    legend_below(ax, title=title or None, title_fontsize=8)
    several = sum(artist.get_gid() == SUMMARY for artist in ax.collections) > 1
    legend = ax.get_legend()
    if legend is not None and several:
        for line in legend.get_lines():
            line.set_color(GREY)


def _draw_studies(
    ax: Axes, studies: pd.DataFrame, color: str | None, look: Look, color_by: ColorBy
) -> None:
    """Draw a circle per study; one that lacks a group is a tick on the axis it has."""
    points = studies.dropna(subset=["x", "y"])
    if color_by is not None:
        if isinstance(color_by, str):
            raise ArgumentError(
                f"color_by is {color_by!r}, and a fit keeps no column; give the group of each "
                f'study, for example data.set_index("study")[{color_by!r}]'
            )
        draw_glyphs(ax, studies, glyphs_of(studies, color_by), look, "studies")
        ax.scatter([], [], **look("studies", facecolor="none", edgecolor=GREY, s=60,
                                  label="area: effective size"))  # fmt: skip
    elif len(points):
        ax.scatter(points["x"], points["y"],
                   **look("studies", s=points["area"], facecolor="none",
                          edgecolor=color or GREY, linewidth=1.0, clip_on=False, zorder=3,
                          label="studies (area: effective size)"))  # fmt: skip
    for missing, marker, why in (("y", "|", "no cases"), ("x", "_", "no non-cases")):
        lone = studies.loc[studies[missing].isna(), ["x", "y"]].fillna(0.0)
        if len(lone):
            ax.scatter(lone["x"], lone["y"], s=80,
                       **look("studies", color=color or GREY, clip_on=False)
                       | {"marker": marker, "label": why})  # fmt: skip
