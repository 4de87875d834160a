"""The parameters that Cochrane's RevMan takes for the analysis of a test's accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.after.hsroc import hsroc_parameters
from backpain_stats.meta.fitted import FittedModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["revman_parameters"]


def revman_parameters(fit: FittedModel) -> pd.DataFrame:
    """Return the bivariate parameters and the HSROC parameters, as RevMan asks for them.

    RevMan draws summary points, regions and curves from numbers typed in: the two mean
    logits with standard errors and covariance, the between-study variances, covariance
    and correlation, and Lambda, Theta, beta and the variances of accuracy and threshold.

    Parameters
    ----------
    fit : BivariateFit
        With random effects; without covariates, or a part of one (``fit.at(...)``).

    Returns
    -------
    pandas.DataFrame
        ``parameter`` (RevMan's name), ``measure`` (this package's name), ``estimate``. The
        HSROC parameters are NaN where there is no curve.

    Raises
    ------
    NotEstimableError
        For a common-effect fit, or one with covariates and no values of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> revman_parameters(fit_bivariate(data))[["parameter", "estimate"]].round(3).head(3)
          parameter  estimate
    0    E(logitSe)     0.950
    1    E(logitSp)     1.796
    2  Var(logitSe)     0.139
    """
    import pandas as pd

    fit.require_random("RevMan's parameters describe how studies differ")
    mean, covariance, between = fit.point.mean, fit.point.covariance, fit.between_study
    hsroc = (
        dict.fromkeys(("Lambda", "Theta", "beta", "sigma2alpha", "sigma2theta"), np.nan)
        if fit.no_curve
        else hsroc_parameters(fit)
    )
    rows = [
        ("E(logitSe)", "logit_sensitivity", mean[0]),
        ("E(logitSp)", "logit_specificity", mean[1]),
        ("Var(logitSe)", "between_study_variance_sensitivity", between[0, 0]),
        ("Var(logitSp)", "between_study_variance_specificity", between[1, 1]),
        ("Cov(logits)", "between_study_covariance", between[0, 1]),
        ("Corr(logits)", "correlation", fit.correlation),
        ("SE(E(logitSe))", "standard_error_logit_sensitivity", np.sqrt(covariance[0, 0])),
        ("SE(E(logitSp))", "standard_error_logit_specificity", np.sqrt(covariance[1, 1])),
        ("Cov(Es)", "covariance_of_logits", covariance[0, 1]),
        ("Studies", "studies", fit.k),
        ("Lambda", "Lambda", hsroc["Lambda"]),
        ("Theta", "Theta", hsroc["Theta"]),
        ("beta", "beta", hsroc["beta"]),
        ("Var(accuracy)", "sigma2alpha", hsroc["sigma2alpha"]),
        ("Var(threshold)", "sigma2theta", hsroc["sigma2theta"]),
    ]
    frame = pd.DataFrame(rows, columns=["parameter", "measure", "estimate"])
    return frame.astype({"estimate": float})
