"""Predictions of patients by dependence models that were learned from other patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from backpain_stats.checks import check_count, real_number
from backpain_stats.combine.calibration.learners import (
    EntropyOfRules,
    FittedOneFactor,
    Learner,
    LogisticRegression,
    log_odds,
)
from backpain_stats.combine.calibration.patient_data import DEFAULT_CORRECTION, PatientData
from backpain_stats.combine.dependence.base import Dependence
from backpain_stats.combine.dependence.registry import offers
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Model = Dependence | Learner


def default_models() -> dict[str, Model]:
    """Return the models compared by default, by name.

    Examples
    --------
    >>> for name in default_models():
    ...     print(name)
    independent
    one-factor, rho 0.2
    one-factor, rho 0.4
    shrunken product
    one-factor, rho fitted
    maximum entropy, rules
    logistic regression
    """
    return {
        **{one.label: one.dependence for one in offers("calibration")},
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
        Name to model: a dependence model that gives each pattern a ratio
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
    if not 0 < real_number(correction) < np.inf:
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


def _checked_models(models: Mapping[str, Model]) -> dict[str, Model]:
    if not isinstance(models, Mapping) or not models:
        raise ArgumentError(
            "models must be a non-empty mapping of name to model, for example "
            "{'product': Independent()}"
        )
    for name, model in models.items():
        # A learner leaves no range, and neither does a dependence model that can predict.
        if getattr(model, "leaves_range", True):
            raise ArgumentError(
                f"model {name!r} is {model!r}; allowed: Independent(), OneFactor(...), "
                "Shrunken(), MaximumEntropy(), FittedOneFactor(), EntropyOfRules(), "
                "LogisticRegression() "
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
