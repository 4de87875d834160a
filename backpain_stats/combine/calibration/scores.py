"""Scores of predicted probabilities, and how often the predicted happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from backpain_stats.checks import check_count, check_level, require_columns
from backpain_stats.combine.calibration.logistic import fit_logistic
from backpain_stats.combine.calibration.patient_data import refuse_other_codes
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.tables import normal_quantile, proportion_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SCORES = ("log_loss", "brier", "slope", "intercept")
PREDICTION_COLUMNS = ("model", "method", "repeat", "row", "outcome", "log_odds", "predicted")


def scores(predicted: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    r"""Score predictions: log loss, Brier score, calibration slope and intercept.

    With :math:`y_i` the outcome, :math:`\hat p_i` the prediction and
    :math:`\hat\eta_i` its log odds:

    * log loss :math:`-\frac1n\sum_i y_i\log\hat p_i + (1-y_i)\log(1-\hat p_i)`
      (natural logarithms) and Brier score :math:`\frac1n\sum_i(y_i-\hat p_i)^2`:
      smaller is better;
    * slope :math:`b` of the logistic regression :math:`a + b\hat\eta_i` (Cox
      1958): 1 is honest, below 1 overconfident;
    * intercept :math:`a` of :math:`a + \hat\eta_i` (calibration in the large):
      0 is honest, above 0 means that too few cases were predicted.

    Parameters
    ----------
    predicted : pandas.DataFrame
        The frame of :func:`predictions`.
    level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a model: ``model, n, n_events, folds, repeats``; for each score
        its mean over the repeats, ``_low`` and ``_high``, and ``_spread``, its
        standard deviation between repeats (NaN for one repeat);
        ``ci_level, method``. NaN where the predictions separate the outcomes,
        so that no slope exists.

    Raises
    ------
    DataError
        If columns are missing, or an outcome is not 0 or 1.

    Notes
    -----
    Intervals are normal ones for what other patients from the same source
    would show, the predictions taken as given; that the folds share training
    patients is not in them.

    References
    ----------
    Cox DR. Two further applications of a model for binary regression.
    Biometrika 1958;45:562-565. https://doi.org/10.1093/biomet/45.3-4.562
    Van Calster B, et al. Calibration: the Achilles heel of predictive
    analytics. BMC Med 2019;17:230. https://doi.org/10.1186/s12916-019-1466-7
    """
    z = normal_quantile(level)
    require_columns(predicted, [*PREDICTION_COLUMNS, "fold"], "the frame of predictions")
    refuse_other_codes(predicted["outcome"], "outcome")
    rows = []
    for model, own in predicted.groupby("model", sort=False):
        runs = [_score(run) for _, run in own.groupby("repeat", sort=False)]
        first = own[own["repeat"] == own["repeat"].iloc[0]]
        row: dict[str, object] = {
            "model": model,
            "n": len(first),
            "n_events": int(first["outcome"].sum()),
            "folds": int(own["fold"].nunique()),
            "repeats": len(runs),
        }
        for name in SCORES:
            values = np.array([getattr(run, name)[0] for run in runs])
            variances = np.array([getattr(run, name)[1] for run in runs])
            spread = float(values.std(ddof=1)) if len(runs) > 1 else np.nan
            centre, half = values.mean(), z * np.sqrt(variances.mean())
            row |= {name: centre, f"{name}_low": centre - half, f"{name}_high": centre + half}
            row[f"{name}_spread"] = spread
        rows.append(row | {"ci_level": level, "method": own["method"].iloc[0]})
    return pd.DataFrame(rows)


def calibration_curve(
    predicted: pd.DataFrame, *, bins: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Compare predicted probabilities with observed frequencies, bin by bin.

    The patients are ordered by their prediction (the mean over the repeats) and
    cut into ``bins`` of as equal size as ties allow.

    Parameters
    ----------
    predicted : pandas.DataFrame
        The frame of :func:`predictions`.
    bins : int
        Number of bins, 2 or more.
    level : float
        Level of the Wilson intervals of the observed frequencies.

    Returns
    -------
    pandas.DataFrame
        One row a model and bin: ``model, bin, n, n_events, predicted`` (mean in
        the bin), ``predicted_low, predicted_high`` (smallest and largest),
        ``estimate, ci_low, ci_high`` (observed), ``ci_level, method``.

    Raises
    ------
    DataError
        If columns are missing, or an outcome is not 0 or 1.
    ArgumentError
        If ``bins`` is below 2.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> made = pd.DataFrame({
    ...     "model": "coin", "method": "", "repeat": 0, "row": range(4),
    ...     "outcome": [0, 1, 1, 1], "log_odds": [-1.0, -1.0, 1.0, 1.0],
    ...     "predicted": [0.27, 0.27, 0.73, 0.73],
    ... })
    >>> calibration_curve(made, bins=2)[["n", "predicted", "estimate"]]
       n  predicted  estimate
    0  2       0.27       0.5
    1  2       0.73       1.0
    """
    check_level(level)
    require_columns(predicted, PREDICTION_COLUMNS, "the frame of predictions")
    refuse_other_codes(predicted["outcome"], "outcome")
    if check_count(bins, "bins") < 2:
        raise ArgumentError(f"bins is {bins}; it must be 2 or more")
    curves = []
    for model, own in predicted.groupby("model", sort=False):
        patients = own.groupby("row", sort=False)[["outcome", "predicted"]].mean()
        cut = pd.qcut(patients["predicted"], bins, labels=False, duplicates="drop")
        binned = patients.groupby(cut.to_numpy())
        curve = binned.agg(
            n=("outcome", "size"),
            n_events=("outcome", "sum"),
            predicted=("predicted", "mean"),
            predicted_low=("predicted", "min"),
            predicted_high=("predicted", "max"),
        ).reset_index(drop=True)
        curve["n_events"] = curve["n_events"].round().astype(int)
        curve.insert(0, "model", model)
        curve.insert(1, "bin", np.arange(len(curve)))
        curves.append(curve)
    result = pd.concat(curves, ignore_index=True)
    low, high = proportion_interval(result["n_events"], result["n"], level=level)
    result["estimate"] = result["n_events"] / result["n"]
    return result.assign(ci_low=low, ci_high=high, ci_level=level, method="wilson")


class _Score(NamedTuple):
    """Each score with its variance."""

    log_loss: tuple[float, float]
    brier: tuple[float, float]
    slope: tuple[float, float]
    intercept: tuple[float, float]


def _score(run: pd.DataFrame) -> _Score:
    """Score one repeat of one model."""
    odds = run["log_odds"].to_numpy(dtype=float)
    outcome = run["outcome"].to_numpy(dtype=float)
    ones = np.ones_like(odds)
    losses = np.logaddexp(0, odds) - outcome * odds
    squares = (outcome - expit(odds)) ** 2
    slope = _coefficient(np.column_stack([ones, odds]), outcome, 0.0)
    intercept = _coefficient(ones[:, None], outcome, odds)
    return _Score(_mean(losses), _mean(squares), slope, intercept)


def _mean(values: Array) -> tuple[float, float]:
    return float(values.mean()), float(values.var(ddof=1) / len(values))


def _coefficient(design: Array, outcome: Array, offset: Array | float) -> tuple[float, float]:
    """Return the last coefficient with its variance; NaN where the likelihood has no maximum."""
    try:
        fit = fit_logistic(design, outcome, offset)
    except NotEstimableError:
        return np.nan, np.nan
    return float(fit.coefficients[-1]), float(fit.covariance[-1, -1])
