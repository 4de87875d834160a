"""Summary ROC: studies, summary point, regions and curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.plots.draw_crosshair import draw_roc_space
from backpain_stats.plots.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    axes_or_new,
    require_result,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from backpain_stats.meta.result import BivariateFit

LARGEST_AREA = 260.0
SMALLEST_AREA = 12.0
SURE_OF_A_TRADE_OFF = 0.95


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


def sroc_coordinates(fit: BivariateFit | BayesianFit) -> SrocCoordinates:
    """Return the coordinates of :func:`sroc`.

    The curve is there only over the observed false-positive fractions, and only where
    sensitivity and specificity trade off: a negative between-study correlation, for a
    Bayesian fit one that is negative with a probability of 0.95.
    """
    require_result(fit, ("region", "sroc", "studies"), "fit_bivariate")
    missing = []
    prediction = curve = None
    try:
        prediction = _in_roc_space(fit.region("prediction"))
    except NotEstimableError:
        missing.append("no prediction region: common effects")
    try:
        found = fit.sroc()
        if _trades_off(fit):
            curve = _in_roc_space(found.loc[found["observed"]])
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


def _trades_off(fit: BivariateFit | BayesianFit) -> bool:
    if isinstance(fit, BayesianFit):
        return fit.probability(fit.column("correlation") < 0) >= SURE_OF_A_TRADE_OFF
    return fit.correlation < 0


def _in_roc_space(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"x": frame["false_positive_fraction"], "y": frame["sensitivity"]})


def _study_points(fit: BivariateFit | BayesianFit) -> pd.DataFrame:
    import pandas as pd

    rows = fit.rows
    rows = rows.loc[rows["used"]].reset_index(drop=True)
    tp, fp, fn, tn = (rows[name].to_numpy(dtype=float) for name in ("tp", "fp", "fn", "tn"))
    cases, noncases = tp + fn, fp + tn
    size = 4 * cases * noncases / (cases + noncases)
    with np.errstate(invalid="ignore"):
        x, y = fp / noncases, tp / cases
    span = LARGEST_AREA - SMALLEST_AREA
    area = SMALLEST_AREA + span * size / max(float(size.max()), 1.0)
    return pd.DataFrame({"study": rows["study"], "x": x, "y": y, "area": area})


def sroc(fit: BivariateFit | BayesianFit, *, label: bool = False, ax: Axes | None = None) -> Axes:
    """Draw studies, summary point, confidence and prediction region and the summary ROC curve.

    Parameters
    ----------
    fit : BivariateFit or BayesianFit
        Without covariates.
    label : bool
        Whether the studies' names stand beside them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Circles grow with the effective sample size. A study without cases is a tick on
        the lower axis, one without non-cases a tick on the left axis.

    Raises
    ------
    NotEstimableError
        If the fit has covariates, so that there is no single summary point.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate, plots
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> ax = plots.sroc(fit_bivariate(data))
    >>> ax.get_ylabel()
    'Sensitivity'
    >>> import matplotlib.pyplot as plt; plt.close(ax.figure)
    """
    found = sroc_coordinates(fit)
    ax = axes_or_new(ax, 5.8, 5.6)
    level = f"{100 * fit.level:g}%"
    _draw_studies(ax, found.studies, label=label)
    if found.prediction is not None:
        ax.plot(found.prediction["x"], found.prediction["y"], color=ORANGE, linewidth=1.4,
                linestyle="--", label=f"{level} prediction region")  # fmt: skip
    kind = "credible" if isinstance(fit, BayesianFit) else "confidence"
    ax.plot(found.confidence["x"], found.confidence["y"], color=BLUE, linewidth=1.4,
            label=f"{level} {kind} region")  # fmt: skip
    if found.curve is not None:
        ax.plot(found.curve["x"], found.curve["y"], color=BLACK, linewidth=1.6,
                label="summary ROC curve (observed range)")  # fmt: skip
    ax.scatter(*found.summary, marker="D", s=44, color=VERMILION, zorder=4, label="summary")
    draw_roc_space(ax)
    ax.legend(loc="lower right", frameon=False, fontsize=8)
    if found.missing:
        ax.set_title("; ".join(found.missing), fontsize=8, pad=14)
    return ax


def _draw_studies(ax: Axes, studies: pd.DataFrame, *, label: bool) -> None:
    """Draw a circle a study; one that lacks a group is a tick on the axis it has."""
    points = studies.dropna(subset=["x", "y"])
    ax.scatter(points["x"], points["y"], s=points["area"], facecolor="none", edgecolor=GREY,
               linewidth=1.0, clip_on=False, zorder=3,
               label="studies (area: effective size)")  # fmt: skip
    for missing, marker, why in (("y", "|", "no cases"), ("x", "_", "no non-cases")):
        lone = studies.loc[studies[missing].isna(), ["x", "y"]].fillna(0.0)
        if len(lone):
            ax.scatter(lone["x"], lone["y"], marker=marker, s=80, color=GREY, clip_on=False,
                       label=why)  # fmt: skip
    if label:
        for name, x, y in points[["study", "x", "y"]].itertuples(index=False, name=None):
            ax.annotate(words(str(name)), (x, y), xytext=(4, 3), textcoords="offset points",
                        fontsize=7)  # fmt: skip
