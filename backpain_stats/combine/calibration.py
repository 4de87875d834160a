"""Dependence models against patients: how honest their probabilities are.

:func:`predictions` gives every patient a probability learned from other
patients, :func:`scores` and :func:`calibration_curve` judge such predictions,
and :func:`cross_validate` is the first two in one step.
:func:`fit_dependence` estimates the correlation between findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from backpain_stats.checks import check_count, check_level, require_columns
from backpain_stats.combine.dependence import PatternModel
from backpain_stats.combine.estimate_dependence import DependenceFit, fit_dependence
from backpain_stats.combine.independent import Independent
from backpain_stats.combine.learners import (
    EntropyOfRules,
    FittedOneFactor,
    Learner,
    LogisticRegression,
    log_odds,
)
from backpain_stats.combine.logistic import fit_logistic
from backpain_stats.combine.one_factor import OneFactor
from backpain_stats.combine.patient_data import DEFAULT_CORRECTION, PatientData
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator
from backpain_stats.twobytwo.intervals import normal_quantile, proportion_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Model = PatternModel | Learner

__all__ = [
    "DependenceFit",
    "EntropyOfRules",
    "FittedOneFactor",
    "LogisticRegression",
    "calibration_curve",
    "cross_validate",
    "default_models",
    "fit_dependence",
    "predictions",
    "scores",
]

SCORES = ("log_loss", "brier", "slope", "intercept")
PREDICTION_COLUMNS = ("model", "method", "repeat", "row", "outcome", "log_odds", "predicted")


def default_models() -> dict[str, Model]:
    """Return the models compared by default, by name.

    Examples
    --------
    >>> for name in default_models():
    ...     print(name)
    independent
    one-factor, rho 0.2
    one-factor, rho 0.4
    one-factor, rho fitted
    maximum entropy, rules
    logistic regression
    """
    return {
        "independent": Independent(),
        "one-factor, rho 0.2": OneFactor(0.2, 0.2),
        "one-factor, rho 0.4": OneFactor(0.4, 0.4),
        "one-factor, rho fitted": FittedOneFactor(),
        "maximum entropy, rules": EntropyOfRules(),
        "logistic regression": LogisticRegression(),
    }


def predictions(
    frame: pd.DataFrame,
    outcome: str | ArrayLike,
    *,
    findings: Sequence[str] | None = None,
    models: Mapping[str, Model] | None = None,
    folds: int = 10,
    repeats: int = 1,
    seed: Seed = DEFAULT_SEED,
    missing: str = "integrate",
    correction: float = DEFAULT_CORRECTION,
    stratified: bool = True,
) -> pd.DataFrame:
    """Predict each patient from the others, by repeated cross-validation.

    The patients are split into ``folds``; prevalence, marginals and whatever
    else a model learns come from the other folds only.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a patient; findings are 1 (present), 0 (absent) or missing.
    outcome : str or array_like
        A column of ``frame``, or one value a row: 1 for a case, 0 for none.
    findings : sequence of str, optional
        The columns used; all that hold only 0, 1 and missing by default.
    models : mapping, optional
        Name to model: a dependence model that gives each pattern a probability
        (not ``Bounds``), ``FittedOneFactor()``, ``EntropyOfRules()`` or
        ``LogisticRegression()``. :func:`default_models` by default.
    folds : int
        Number of folds, 2 or more; as many as patients is leave-one-out.
    repeats : int
        How often the patients are split anew.
    seed : int or numpy.random.Generator
        Decides the folds; the same folds serve every model.
    missing : {"integrate", "drop"}
        A finding that was not recorded is integrated out, or the patient is
        left out.
    correction : float
        Added to each cell of each finding's 2x2 table, above 0: otherwise a
        finding that no training case had would rule the outcome out.
    stratified : bool
        Whether each fold gets the same share of cases.

    Returns
    -------
    pandas.DataFrame
        One row a model, repeat and patient: ``model, method, repeat, fold, row``
        (label in ``frame``), ``outcome, log_odds, predicted`` (a fraction).

    Raises
    ------
    ArgumentError
        If an option is not allowed or a model cannot predict.
    UnknownNameError
        If the outcome or a finding is not a column.
    DataError
        If a value is not 0, 1 or missing, an outcome is missing, or there are
        too few cases or non-cases for the folds.

    Examples
    --------
    >>> from backpain_stats import Independent, calibration, load_patients
    >>> patients = load_patients()
    >>> made = calibration.predictions(
    ...     patients, patients["pain_type"] == "nociceptive",
    ...     models={"product": Independent()}, missing="drop",
    ... )
    >>> made[["model", "fold", "outcome"]].shape
    (459, 3)
    """
    data = PatientData.from_frame(frame, outcome, findings, missing)
    chosen = _checked_models(default_models() if models is None else models)
    if not np.isfinite(correction) or correction <= 0:
        raise ArgumentError(f"correction is {correction!r}; it must be a number above 0")
    for value, name, least in ((folds, "folds", 2), (repeats, "repeats", 1)):
        if check_count(value, name) < least:
            raise ArgumentError(f"{name} is {value}; it must be {least} or more")
    source = generator(seed)
    blocks = []
    for repeat in range(repeats):
        fold = _folds(data.outcome, folds, source, stratified)
        for name, model in chosen.items():
            odds = np.empty(len(fold))
            for number in range(folds):
                test = fold == number
                odds[test] = log_odds(
                    model, data.take(~test), data.patterns[test], float(correction)
                )
            blocks.append(
                pd.DataFrame(
                    {
                        "model": name,
                        "method": model.describe(),
                        "repeat": repeat,
                        "fold": fold,
                        "row": data.rows,
                        "outcome": data.outcome.astype(int),
                        "log_odds": odds,
                        "predicted": expit(odds),
                    }
                )
            )
    return pd.concat(blocks, ignore_index=True)


def cross_validate(
    frame: pd.DataFrame,
    outcome: str | ArrayLike,
    *,
    findings: Sequence[str] | None = None,
    models: Mapping[str, Model] | None = None,
    folds: int = 10,
    repeats: int = 1,
    seed: Seed = DEFAULT_SEED,
    missing: str = "integrate",
    correction: float = DEFAULT_CORRECTION,
    stratified: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Score dependence models on patients they were not learned from.

    The parameters and errors are those of :func:`predictions`; ``level`` and
    the columns that come back are those of :func:`scores`.

    Examples
    --------
    Multiplying likelihood ratios is overconfident in these patients (a slope
    far below 1); a little dependence is not:

    >>> from backpain_stats import Independent, OneFactor, calibration, load_patients
    >>> patients = load_patients()
    >>> found = calibration.cross_validate(
    ...     patients, patients["pain_type"] == "nociceptive",
    ...     models={"product": Independent(), "rho 0.2": OneFactor(0.2, 0.2)},
    ... )
    >>> found[["model", "n", "slope"]].round(2)
         model    n  slope
    0  product  464   0.59
    1  rho 0.2  464   1.06
    """
    check_level(level)
    made = predictions(
        frame, outcome, findings=findings, models=models, folds=folds, repeats=repeats,
        seed=seed, missing=missing, correction=correction, stratified=stratified,
    )  # fmt: skip
    return scores(made, level=level)


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
        If columns are missing.

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
        If columns are missing.
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


def _checked_models(models: Mapping[str, Model]) -> dict[str, Model]:
    if not isinstance(models, Mapping) or not models:
        raise ArgumentError(
            "models must be a non-empty mapping of name to model, for example "
            "{'product': Independent()}"
        )
    for name, model in models.items():
        if not isinstance(model, PatternModel | Learner):
            raise ArgumentError(
                f"model {name!r} is {model!r}; allowed: Independent(), OneFactor(...), "
                "MaximumEntropy(), FittedOneFactor(), EntropyOfRules(), LogisticRegression() "
                "(Bounds() gives a range, not a prediction)"
            )
    return dict(models)


def _folds(
    outcome: NDArray[np.bool_], folds: int, source: np.random.Generator, stratified: bool
) -> NDArray[np.int64]:
    """Return the fold of each patient; fold sizes differ by at most one (per group)."""
    if folds > len(outcome):
        raise ArgumentError(f"folds is {folds}, but there are only {len(outcome)} patients")
    fold = np.empty(len(outcome), dtype=np.int64)
    groups = (outcome, ~outcome) if stratified else (np.ones_like(outcome),)
    start = 0
    for group in groups:
        members = source.permutation(np.flatnonzero(group))
        # The second group starts where the first stopped, so that folds stay of equal size.
        fold[members] = (start + np.arange(len(members))) % folds
        start += len(members)
    for number in range(folds):
        training = outcome[fold != number]
        if training.all() or not training.any():
            raise DataError(
                f"without fold {number + 1} of {folds} there is no "
                f"{'non-case' if training.all() else 'case'} left to learn from: "
                "too few for these folds"
            )
    return fold
