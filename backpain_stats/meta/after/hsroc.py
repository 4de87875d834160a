"""Rutter and Gatsonis' parameters of a bivariate fit, and the sensitivity at a specificity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr

from backpain_stats.checks import check_fraction
from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.after.parts import observed_range
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import Fit, FittedModel
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["hsroc_parameters", "hsroc_table", "positive_sds", "sensitivity_at"]

# Step along the imaginary axis: a derivative without subtraction, exact to rounding.
_COMPLEX_STEP = 1e-30
_VARIANCES = ("sigma2theta", "sigma2alpha")


def hsroc_parameters(fit: FittedModel) -> pd.Series[float]:
    r"""Return Rutter and Gatsonis' parameters of a bivariate fit.

    Without covariates the two models are one (Harbord et al. 2007,
    https://doi.org/10.1093/biostatistics/kxl004). With means :math:`\mu_1, \mu_2` of
    logit sensitivity and specificity, SDs :math:`\sigma_1, \sigma_2` and covariance
    :math:`\sigma_{12}`:

    .. math::
       \beta = \log(\sigma_2 / \sigma_1), \quad
       \Lambda = e^{\beta/2} \mu_1 + e^{-\beta/2} \mu_2, \quad
       \Theta = (e^{\beta/2} \mu_1 - e^{-\beta/2} \mu_2) / 2, \\
       \sigma^2_\alpha = 2 (\sigma_1 \sigma_2 + \sigma_{12}), \quad
       \sigma^2_\theta = (\sigma_1 \sigma_2 - \sigma_{12}) / 2

    Returns
    -------
    pandas.Series
        ``Theta, Lambda, beta, sigma2theta, sigma2alpha``.

    Raises
    ------
    NotEstimableError
        If the fit has covariates and no values of them, or a between-study variance of 0.
    """
    import pandas as pd

    mean1, mean2 = fit.point.mean
    sd1, sd2 = positive_sds(fit)
    values = hsroc_values(mean1, mean2, sd1, sd2, fit.between_study[0, 1])
    return pd.Series(values, name="hsroc")


def hsroc_values(
    mean1: Floats, mean2: Floats, sd1: Floats, sd2: Floats, covariance: Floats
) -> dict[str, Floats]:
    """Return the five parameters of :func:`hsroc_parameters`; the arguments broadcast."""
    scale = np.sqrt(sd2 / sd1)
    product = sd1 * sd2
    return {
        "Theta": (scale * mean1 - mean2 / scale) / 2,
        "Lambda": scale * mean1 + mean2 / scale,
        "beta": 2 * np.log(scale),
        "sigma2theta": (product - covariance) / 2,
        "sigma2alpha": 2 * (product + covariance),
    }


def hsroc_table(fit: FittedModel, *, level: float | None = None) -> pd.DataFrame:
    r"""Return the HSROC parameters with standard errors, intervals and the test of beta.

    Delta method on means and covariance root. The two variances have intervals that are
    symmetric on the log scale; the others are symmetric as they are. ``p_value`` is
    Wald's test of :math:`\beta = 0`: whether the curve is symmetric, so that one odds
    ratio describes it.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates, or a part of one (``fit.at(...)``).
    level : float, optional
        That of the fit unless given.

    Returns
    -------
    pandas.DataFrame
        ``parameter, estimate, standard_error, ci_low, ci_high, ci_level, p_value,
        method``; ``p_value`` for beta only.

    Raises
    ------
    NotEstimableError
        See :func:`hsroc_parameters`.

    Notes
    -----
    At a boundary (``fit.boundary_reason``) what lies on it counts as known, and a variance
    that is 0 there has no interval. Standard errors of variances need many studies.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> hsroc_table(fit_bivariate(data)).set_index("parameter").loc[
    ...     "beta", ["estimate", "standard_error", "p_value"]].astype(float).round(3).tolist()
    [0.469, 0.994, 0.637]
    """
    import pandas as pd

    fit.require_random("it has no curve")
    positive_sds(fit)
    level = fit.level if level is None else check_fraction(level, "level")
    width = normal_quantile(level)
    rows = []
    for name in ("Lambda", "Theta", "beta", *_VARIANCES):
        value, error = _delta(fit, lambda *of, name=name: hsroc_values(*of)[name])
        ends = value + width * error * np.array([-1.0, 1.0])
        if name in _VARIANCES:
            known = value > 0 and error > 0
            reach = width * error / value if known else np.nan
            ends = value * np.exp(reach * np.array([-1.0, 1.0]))
        p_value = 2 * float(ndtr(-abs(value) / error)) if name == "beta" and error > 0 else np.nan
        rows.append((name, value, error, *map(float, ends), level, p_value,
                     f"{fit.method}, delta method"))  # fmt: skip
    columns = ["parameter", "estimate", "standard_error", "ci_low", "ci_high", "ci_level"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "method"])


def _delta(fit: FittedModel, function: Callable[..., Floats]) -> tuple[float, float]:
    """Return a function of (mean1, mean2, sd1, sd2, covariance) and its standard error."""
    theta = np.append(fit.coefficients, fit.root)

    def of(parameters: Floats) -> Floats:
        mean1, mean2, l11, l21, l22 = parameters
        return function(mean1, mean2, l11, np.sqrt(l21 * l21 + l22 * l22), l11 * l21)

    steps = theta + 1j * _COMPLEX_STEP * np.eye(5)
    slope = np.array([np.imag(of(step)) / _COMPLEX_STEP for step in steps])
    variance = float(slope @ fit.parameter_covariance @ slope)
    return float(np.real(of(theta))), float(np.sqrt(variance)) if variance >= 0 else np.nan


def sensitivity_at(
    fit: FittedModel, specificity: ArrayLike, *, level: float | None = None
) -> pd.DataFrame:
    r"""Return the sensitivity on the HSROC curve at given specificities, with intervals.

    :math:`\mathrm{logit}\, Se = \mu_1 + (\sigma_1 / \sigma_2) (\mu_2 - \mathrm{logit}\,
    Sp)`, interval by the delta method on the logit scale: what the Cochrane Handbook asks
    to be reported where thresholds differ between studies.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates, or a part of one (``fit.at(...)``).
    specificity : float or array_like
        Strictly between 0 and 1.
    level : float, optional
        That of the fit unless given.

    Returns
    -------
    pandas.DataFrame
        One row per specificity: ``specificity, estimate, ci_low, ci_high, ci_level,
        observed, method``; ``observed`` is False where the curve is an extrapolation.

    Raises
    ------
    ArgumentError
        If a specificity is not strictly between 0 and 1.
    NotEstimableError
        See :func:`hsroc_parameters`.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEFG"), "tp": [19, 18, 25, 17, 40, 12, 30],
    ...                      "fp": [30, 2, 9, 3, 12, 8, 25], "fn": [1, 12, 11, 2, 17, 9, 14],
    ...                      "tn": [80, 40, 90, 32, 95, 41, 60]})
    >>> sensitivity_at(fit_bivariate(data), 0.9)[["estimate", "ci_low", "ci_high"]].round(2)
       estimate  ci_low  ci_high
    0      0.67    0.53     0.78
    """
    import pandas as pd

    fit.require_random("it has no curve")
    positive_sds(fit)
    level = fit.level if level is None else check_fraction(level, "level")
    width = normal_quantile(level)
    low, high = observed_range(fit)
    rows = []
    for given in np.atleast_1d(np.asarray(specificity, dtype=object)):
        one = check_fraction(given, "specificity")
        value, error = _delta(
            fit, lambda m1, m2, s1, s2, _, at=one: m1 + s1 / s2 * (m2 - logit(at))
        )
        ends = expit(value + width * error * np.array([0.0, -1.0, 1.0]))
        inside = low <= 1 - one <= high
        rows.append((one, *map(float, ends), level, inside, f"{fit.method}, delta method"))
    columns = ["specificity", "estimate", "ci_low", "ci_high", "ci_level", "observed", "method"]
    return pd.DataFrame(rows, columns=columns)


def positive_sds(fit: Fit) -> Floats:
    """Return the two SDs, or say why there is no curve."""
    if fit.no_curve:
        raise NotEstimableError(
            f"no summary ROC curve: {fit.no_curve}, and the curve is the path along which studies "
            "vary; report the summary point"
        )
    return fit.between_study_sd
