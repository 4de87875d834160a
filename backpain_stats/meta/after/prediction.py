"""Regions in ROC space, and what to expect in a new setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaincinv, expit, gammaincinv, ndtri

from backpain_stats.checks import check_choice, check_count, check_level, check_pretest
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.after.point import MEASURES, log_measures
from backpain_stats.sampling import DEFAULT_SEED, Seed, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.meta.result import BivariateFit

    Floats = NDArray[np.float64]

__all__ = ["new_setting_draws", "predict", "region"]

REGIONS = ("confidence", "prediction")
# A power of two keeps the balance of the quasi-random points; the Monte Carlo error
# of a quantile is then far below what is printed.
_DRAWS = 2**14


def degrees_of_freedom(fit: BivariateFit) -> int:
    """Return k - 2 for k studies: of the outcome that fewer studies inform, net of covariates.

    Higgins, Thompson and Spiegelhalter 2009,
    https://doi.org/10.1111/j.1467-985X.2008.00552.x.
    """
    informed = fit.studies.arms.sum(axis=0)
    widths = [matrix.shape[1] for matrix in fit.design.matrices]
    return int(min(informed - widths)) - 1


def _between(fit: BivariateFit) -> Floats:
    """Return the between-study covariance, or refuse a fit that assumes there is none."""
    if fit.effects == "common":
        raise NotEstimableError(
            "a common-effect fit assumes that settings do not differ, so it cannot say what to "
            "expect in a new one: use effects='random' or inference='bayes'"
        )
    return fit.between_study


def region(
    fit: BivariateFit, kind: str = "confidence", *, level: float | None = None, points: int = 181
) -> pd.DataFrame:
    """Return the outline of a region of (specificity, sensitivity).

    Parameters
    ----------
    fit : BivariateFit
        Without covariates.
    kind : {"confidence", "prediction"}
        For the summary point: an ellipse on the logit scale by the chi-square
        distribution with 2 degrees of freedom, in step with the intervals. Or for the
        true point of a new setting: covariance of the summary plus that between
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
    values, axes = np.linalg.eigh(covariance)
    root = np.sqrt(squared) * axes * np.sqrt(np.maximum(values, 0.0))
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


def new_setting_draws(
    fit: BivariateFit, draws: int = _DRAWS, seed: Seed = DEFAULT_SEED, **values: Any
) -> pd.DataFrame:
    """Return draws of the accuracy in a new setting, exchangeable with those studied.

    The logits are bivariate t with k - 2 degrees of freedom about the summary point,
    with the covariance of the summary plus that between studies.

    Parameters
    ----------
    fit : BivariateFit
    draws : int, optional
        A power of two keeps the balance of the quasi-random points.
    seed : int, Generator or None
    **values
        Covariates of the new setting, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        ``sensitivity, specificity, lr_positive, lr_negative, odds_ratio``.
    """
    import pandas as pd

    point = fit.at(**values)
    covariance = point.covariance + _between(fit)
    freedom = degrees_of_freedom(fit)
    uniform = quasi_uniform(draws, 3, seed)
    chi_square = 2 * gammaincinv(freedom / 2, uniform[:, 2])
    spread = np.sqrt(freedom / np.maximum(chi_square, 1e-300))
    axes_values, axes = np.linalg.eigh(covariance)
    normal = ndtri(uniform[:, :2]) @ (axes * np.sqrt(np.maximum(axes_values, 0.0))).T
    # beyond 300 the ratios overflow, and the proportions are 0 or 1 long before
    logits = np.clip(point.mean + spread[:, None] * normal, -300.0, 300.0)
    logs = log_measures(logits[:, 0], logits[:, 1])
    back = {name: expit if name in ("sensitivity", "specificity") else np.exp for name in MEASURES}
    return pd.DataFrame({name: back[name](logs[name]) for name in MEASURES})


def predict(
    fit: BivariateFit,
    *,
    pretest: ArrayLike | None = None,
    level: float | None = None,
    draws: int = _DRAWS,
    seed: Seed = DEFAULT_SEED,
    **values: Any,
) -> pd.DataFrame:
    r"""Return what to expect in a new setting, and the post-test probability there.

    A summary says where the middle of the settings lies; a panel decides for settings
    that differ. The prediction carries both uncertainties: of the summary, and of where
    a new setting falls about it.

    Parameters
    ----------
    fit : BivariateFit
    pretest : float or array_like of float, optional
        Pre-test probabilities in the new setting, taken as known.
    level : float, optional
        Of the prediction intervals; that of the fit unless given.
    draws : int, optional
    seed : int, Generator or None
    **values
        Covariates of the new setting, if the fit has any.

    Returns
    -------
    pandas.DataFrame
        One row a measure: ``measure, pretest, estimate, expected, ci_low, ci_high,
        ci_level, method``. ``estimate`` is the median. ``expected`` is the mean, for
        proportions; for ``posttest_positive`` it is
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
    found = new_setting_draws(fit, draws, seed, **values)
    method = f"{fit.method}, prediction, t with {degrees_of_freedom(fit)} df"
    return prediction_frame(found, pretest, level, method)


def prediction_frame(
    found: pd.DataFrame, pretest: ArrayLike | None, level: float, method: str
) -> pd.DataFrame:
    """Summarise equally weighted draws of a new setting as :func:`predict` returns them."""
    import pandas as pd

    tail = (1 - level) / 2
    rows = []
    for measure in MEASURES:
        proportion = measure in ("sensitivity", "specificity")
        expected = float(found[measure].mean()) if proportion else np.nan
        rows.append((measure, np.nan, found[measure].to_numpy(), expected))
    if pretest is not None:
        sensitivity, specificity = found["sensitivity"].mean(), found["specificity"].mean()
        for prior in np.atleast_1d(check_pretest(pretest)):
            odds = prior / (1 - prior)
            for result, ratio, present, absent in (
                ("positive", found["lr_positive"], sensitivity, 1 - specificity),
                ("negative", found["lr_negative"], 1 - sensitivity, specificity),
            ):
                posttest = expit(np.log(odds) + np.log(ratio.to_numpy()))
                expected = float(prior * present / (prior * present + (1 - prior) * absent))
                rows.append((f"posttest_{result}", float(prior), posttest, expected))
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
