"""Regions in ROC space, and what to expect in a new practice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, logit, ndtri

from backpain_stats.checks import check_choice, check_count, check_level
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.after.parts import at
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.likelihood.parameters import square_root
from backpain_stats.meta.point import DRAWS, MEASURE_TABLE, accuracy_frame
from backpain_stats.meta.pretest import PretestsLike, is_known, read_pretests
from backpain_stats.sampling import DEFAULT_SEED, Seed, check_draws, generator, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["new_practice_draws", "predict", "region"]

REGIONS = ("confidence", "prediction")


def degrees_of_freedom(fit: FittedModel) -> int:
    """Return k - 2 for k studies: of the outcome that fewer studies inform, net of covariates.

    Higgins, Thompson and Spiegelhalter 2009,
    https://doi.org/10.1111/j.1467-985X.2008.00552.x.
    """
    informed = fit.studies.arms.sum(axis=0)
    return int(min(informed - np.array(fit.fitted_whole.design.widths))) - 1


def _between(fit: FittedModel) -> Floats:
    """Return the between-study covariance, or refuse a fit that assumes there is none."""
    fit.require_random("it cannot say what to expect in a new one")
    return fit.between_study


def region(
    fit: FittedModel, kind: str = "confidence", *, level: float | None = None, points: int = 181
) -> pd.DataFrame:
    """Return the outline of a region of (specificity, sensitivity).

    Parameters
    ----------
    fit : BivariateFit
        Without covariates.
    kind : {"confidence", "prediction"}
        For the summary point: an ellipse on the logit scale by the chi-square
        distribution with 2 degrees of freedom, in step with the intervals. Or for the
        true point of a new practice: covariance of the summary plus that between
        studies, and 2 F(2, k - 2) in place of the chi-square, since the between-study
        covariance is estimated from k studies.
    level : float, optional
        That of the fit unless given.
    points : int, optional

    Returns
    -------
    pandas.DataFrame
        ``kind, sensitivity, specificity, false_positive_fraction, logit_sensitivity,
        logit_specificity, ci_level``, a closed outline.

    Raises
    ------
    ArgumentError
        If ``kind`` or ``level`` is not allowed.
    NotEstimableError
        If the fit has covariates, or is a common-effect fit and a prediction is asked for.
    """
    check_choice(kind, "kind", REGIONS)
    level = fit.level if level is None else check_level(level)
    point = fit.point
    if kind == "confidence":
        covariance, squared = point.covariance, -2 * np.log1p(-level)
    else:
        covariance = point.covariance + _between(fit)
        squared = 2 * _f_quantile(level, degrees_of_freedom(fit))
    root = np.sqrt(squared) * square_root(covariance)
    return outline(point.mean, root, kind, level, points)


def outline(mean: Floats, root: Floats, kind: str, level: float, points: int) -> pd.DataFrame:
    """Return the image of the unit circle under ``mean + root x``, as :func:`region` does."""
    import pandas as pd

    if check_count(points, "points") < 3:
        raise ArgumentError(f"points is {points!r}; an outline needs 3 or more")
    angle = np.linspace(0, 2 * np.pi, int(points))
    logits = mean[:, None] + root @ np.stack([np.cos(angle), np.sin(angle)])
    return pd.DataFrame(
        {
            "kind": kind,
            "sensitivity": expit(logits[0]),
            "specificity": expit(logits[1]),
            "false_positive_fraction": expit(-logits[1]),
            "logit_sensitivity": logits[0],
            "logit_specificity": logits[1],
            "ci_level": level,
        }
    )


def _f_quantile(level: float, freedom: int) -> float:
    """Return the quantile of F(2, freedom)."""
    beta = float(betaincinv(1.0, freedom / 2, level))
    return freedom / 2 * beta / (1 - beta)


def new_practice_draws(
    fit: FittedModel, draws: int = DRAWS, seed: Seed = DEFAULT_SEED, **values: Any
) -> pd.DataFrame:
    """Return draws of the accuracy in a new practice, exchangeable with those studied.

    The logits are bivariate t with k - 2 degrees of freedom about the summary point,
    with the covariance of the summary plus that between studies.

    Parameters
    ----------
    fit : BivariateFit
    draws : int, optional
        A power of two keeps the balance of the quasi-random points.
    seed : int, Generator or None
    **values
        Covariates of the new practice, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``.
    """
    point = at(fit, **values).point
    covariance = point.covariance + _between(fit)
    freedom = degrees_of_freedom(fit)
    uniform = quasi_uniform(check_draws(draws), 3, seed)
    chi_square = 2 * gammaincinv(freedom / 2, uniform[:, 2])
    spread = np.sqrt(freedom / np.maximum(chi_square, np.finfo(float).tiny))
    normal = ndtri(uniform[:, :2]) @ square_root(covariance).T
    logits = point.mean + spread[:, None] * normal
    return accuracy_frame(logits[:, 0], logits[:, 1])


def predict(
    fit: FittedModel,
    pretest: PretestsLike | None = None,
    *,
    level: float | None = None,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
    **values: Any,
) -> pd.DataFrame:
    r"""Return what to expect in a new practice, and the post-test probability there.

    A summary says where the middle of the settings lies; a panel decides for settings
    that differ. The prediction carries both uncertainties: of the summary, and of where
    a new practice falls about it.

    Parameters
    ----------
    fit : BivariateFit
    pretest : float, str, Prevalence, distribution, or several of them, optional
        Pre-test probabilities in the new practice: ``0.01`` or ``"1%"`` is taken as known,
        ``"13 of 1975"``, ``"0.1% to 0.7%"`` or a distribution bring their uncertainty
        (:func:`backpain_stats.meta.pretest.read_pretests`).
    level : float, optional
        Of the prediction intervals; that of the fit unless given.
    draws : int, optional
    seed : int, Generator or None
    **values
        Covariates of the new practice, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        One row per measure: ``measure, pretest, estimate, expected, ci_low, ci_high,
        ci_level, method``. ``estimate`` is the median, ``pretest`` the point value.
        ``expected`` is the mean, for proportions; for ``posttest_positive`` it is
        :math:`\pi E[Se] / (\pi E[Se] + (1 - \pi) E[1 - Sp])`, the chance that a
        patient with the flag, in a setting drawn at random, is a case, and for
        ``posttest_negative`` the like without the flag.

    Raises
    ------
    PretestError
        If a pre-test probability is not strictly between 0 and 1.
    NotEstimableError
        For a common-effect fit.
    ArgumentError, UnknownNameError
        If covariates are missing or unknown.
    """
    level = fit.level if level is None else check_level(level)
    found = new_practice_draws(fit, draws, seed, **values)
    method = f"{fit.method}, prediction, t with {degrees_of_freedom(fit)} df"
    return prediction_frame(found, pretest, level, method)


def _stratified(size: int) -> Floats:
    """Return the middles of ``size`` equal parts of (0, 1) in an order of their own."""
    return np.asarray((generator(DEFAULT_SEED).permutation(size) + 0.5) / size)


def prediction_frame(
    found: pd.DataFrame, pretest: PretestsLike | None, level: float, method: str
) -> pd.DataFrame:
    """Summarise equally weighted draws of a new practice as :func:`predict` returns them."""
    import pandas as pd

    tail = (1 - level) / 2
    rows = []
    for name, measure in MEASURE_TABLE.items():
        expected = np.nan if measure.ratio else float(found[name].mean())
        rows.append((name, np.nan, found[name].to_numpy(), expected))
    for one in () if pretest is None else read_pretests(pretest):
        # the pre-test probability is independent of the setting's accuracy
        prior = one.estimate
        drawn = prior if is_known(one) else one.draws(_stratified(len(found)))
        shares = found["sensitivity"].mean(), found["specificity"].mean()
        for result, present, absent in (
            ("positive", shares[0], 1 - shares[1]),
            ("negative", 1 - shares[0], shares[1]),
        ):
            posttest = expit(logit(drawn) + np.log(found[f"lr_{result}"].to_numpy()))
            mean = float(np.mean(drawn))
            expected = float(mean * present / (mean * present + (1 - mean) * absent))
            rows.append((f"posttest_{result}", prior, posttest, expected))
    return pd.DataFrame(
        [
            {
                "measure": measure,
                "pretest": prior,
                "estimate": float(np.median(sample)),
                "expected": expected,
                "ci_low": float(np.quantile(sample, tail)),
                "ci_high": float(np.quantile(sample, 1 - tail)),
                "ci_level": level,
                "method": method,
            }
            for measure, prior, sample, expected in rows
        ]
    )
