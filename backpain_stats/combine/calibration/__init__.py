"""Dependence models against patients: how honest their probabilities are.

:func:`predictions` gives every patient a probability learned from other
patients, :func:`scores` and :func:`calibration_curve` judge such predictions,
and :func:`cross_validate` is the first two in one step.
:func:`fit_dependence` estimates the correlation between findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import check_level
from backpain_stats.combine.calibration.estimate_dependence import DependenceFit, fit_dependence
from backpain_stats.combine.calibration.learners import (
    EntropyOfRules,
    FittedOneFactor,
    Learner,
    LogisticRegression,
)
from backpain_stats.combine.calibration.patient_data import DEFAULT_CORRECTION
from backpain_stats.combine.calibration.predictions import default_models, predictions
from backpain_stats.combine.calibration.scores import calibration_curve, scores
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from backpain_stats.combine.calibration.predictions import Model

__all__ = [
    "DependenceFit",
    "EntropyOfRules",
    "FittedOneFactor",
    "Learner",
    "LogisticRegression",
    "calibration_curve",
    "cross_validate",
    "default_models",
    "fit_dependence",
    "predictions",
    "scores",
]


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
