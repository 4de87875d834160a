"""What a fit says of each study: its weight, and its accuracy borrowed from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from backpain_stats.checks import check_level
from backpain_stats.meta.after.parts import mean_covariances
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.studies import OUTCOMES
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["shrunken", "study_weights"]


def _logits(fit: FittedModel) -> Floats:
    """Return the mean logits of each study, shape (k, 2)."""
    return np.stack(fit.design.means(fit.coefficients), axis=-1)


def study_weights(fit: FittedModel) -> pd.DataFrame:
    r"""Return how much each study contributes to the summary, in percent.

    With :math:`I_i` the information of study i on its two mean logits at the fitted
    between-study covariance and :math:`X_i` its rows of the design,
    :math:`V = (\sum_i X_i' I_i X_i)^{-1}` is the covariance of the coefficients and
    :math:`V X_i' I_i X_i V` study i's part of it. The weight is that part's share of the
    variance of the logit: the decomposition of Fisher's information that Burke, Ensor,
    Snell, van der Windt and Riley propose for test accuracy (Res Synth Methods 2018), here
    with the exact likelihood's own second derivatives.

    Parameters
    ----------
    fit : BivariateFit
        With random effects; without covariates, or a part of one (``fit.at(...)``).

    Returns
    -------
    pandas.DataFrame
        One row per study used: ``study, weight_sensitivity, weight_specificity``; each
        column adds up to 100.

    Raises
    ------
    NotEstimableError
        For a common-effect fit, or one with covariates and no values of them.

    Notes
    -----
    A study without cases may still have a small weight for sensitivity: it informs the
    specificity, and through the correlation the sensitivity.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> study_weights(fit_bivariate(data)).round(1).head(3)
      study  weight_sensitivity  weight_specificity
    0     A                 9.5                17.4
    1     B                15.2                10.4
    2     C                16.1                15.0
    """
    import pandas as pd

    fit.require_random("every patient has the same weight")
    _ = fit.point  # a fit with covariates has no single summary
    whole = fit.fitted_whole
    information = whole.family.study_information(
        whole.studies.used_counts, _logits(whole), whole.root
    )
    first, second = whole.design.matrices
    width = first.shape[1]
    rows = np.zeros((whole.k, 2, width + second.shape[1]))
    rows[:, 0, :width], rows[:, 1, width:] = first, second
    parts = np.swapaxes(rows, 1, 2) @ information @ rows
    covariance = np.linalg.inv(parts.sum(axis=0))
    shares = mean_covariances(fit, covariance @ parts @ covariance)
    diagonal = np.diagonal(shares, axis1=1, axis2=2)
    frame = pd.DataFrame({"study": list(fit.studies.used_names)})
    for outcome, share in zip(OUTCOMES, (100 * diagonal / diagonal.sum(axis=0)).T, strict=True):
        frame[f"weight_{outcome}"] = share
    return frame


def shrunken(fit: FittedModel, *, level: float | None = None) -> pd.DataFrame:
    r"""Return each study's accuracy given its own counts and all the others (empirical Bayes).

    The mean and covariance of the study's true logits given its data, at the fitted means
    and between-study covariance: exact moments by quadrature for the binomial likelihood,
    best linear unbiased predictions for the normal one. A small study is pulled towards
    the summary, and, through the correlation, one outcome by the other.

    Parameters
    ----------
    fit : BivariateFit
        With random effects, with or without covariates.
    level : float, optional
        That of the fit unless given.

    Returns
    -------
    pandas.DataFrame
        One row per study used: ``study``; ``sensitivity, specificity`` (the mean logit on
        the proportion's scale), each with ``_low`` and ``_high``; ``ci_level, method``.

    Raises
    ------
    NotEstimableError
        For a common-effect fit, in which all studies have one accuracy.

    Notes
    -----
    The intervals take the fitted parameters as known, so they are too narrow with few
    studies: use them to see which studies stand apart, not as results of the studies.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> shrunken(fit_bivariate(data))[["study", "sensitivity", "specificity"]].round(2).head(2)
      study  sensitivity  specificity
    0     A         0.81         0.74
    1     B         0.64         0.92
    """
    import pandas as pd

    fit.require_random("all studies have the same accuracy")
    level = fit.level if level is None else check_level(level)
    whole = fit.fitted_whole
    mean, covariance = whole.family.study_effects(
        whole.studies.used_counts, _logits(whole), whole.root
    )
    half = normal_quantile(level) * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    frame = pd.DataFrame({"study": list(fit.studies.used_names)})
    for outcome, name in enumerate(OUTCOMES):
        centre, reach = mean[:, outcome], half[:, outcome]
        frame[name] = expit(centre)
        frame[f"{name}_low"], frame[f"{name}_high"] = expit(centre - reach), expit(centre + reach)
    return frame.assign(ci_level=level, method=f"{whole.method}, conditional mean")
