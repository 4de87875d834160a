"""The hierarchical summary ROC curve: parameters, curve and area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_count
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.meta.bayes.result import BayesianFit
    from backpain_stats.meta.result import BivariateFit

    Floats = NDArray[np.float64]

__all__ = ["area_under_line", "hsroc_parameters", "sroc_area", "sroc_curve"]

CURVES = ("hsroc", "regression")
# Beyond +-40 on the logit scale a proportion is 0 or 1 to the last digit.
_EDGE = 40.0


def hsroc_parameters(fit: BivariateFit) -> pd.Series[float]:
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
        If the fit has covariates or a between-study variance of 0.
    """
    import pandas as pd

    mean1, mean2 = fit.point.mean
    sd1, sd2 = _positive_sds(fit)
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


def _positive_sds(fit: BivariateFit | BayesianFit) -> Floats:
    """Return the two SDs, or say why there is no curve."""
    sds = fit.between_study_sd
    if fit.effects == "common" or not np.all(sds > 0):
        reason = (
            "a common-effect fit has no between-study variation"
            if fit.effects == "common"
            else fit.boundary_reason
        )
        raise NotEstimableError(
            f"no summary ROC curve: {reason}, and the curve is the path along which studies vary; "
            "report the summary point"
        )
    return sds


def _line(fit: BivariateFit | BayesianFit, kind: str) -> tuple[float, float]:
    """Return intercept and slope of logit sensitivity on logit false-positive fraction."""
    check_choice(kind, "kind", CURVES)
    mean = fit.point.mean
    sd1, sd2 = _positive_sds(fit)
    slope = sd1 / sd2
    if kind == "regression":
        slope = -slope * fit.correlation
    return float(mean[0] + slope * mean[1]), float(slope)


def sroc_curve(
    fit: BivariateFit | BayesianFit, *, kind: str = "hsroc", points: int = 201
) -> pd.DataFrame:
    r"""Return the coordinates of the summary ROC curve.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates.
    kind : {"hsroc", "regression"}
        Rutter and Gatsonis' curve, logit Se = :math:`\mu_1 + (\sigma_1 / \sigma_2)
        (\mu_2 + \mathrm{logit}(1 - Sp))`, or the mean of logit sensitivity given the
        specificity.
    points : int, optional

    Returns
    -------
    pandas.DataFrame
        ``false_positive_fraction, specificity, sensitivity, observed, kind``;
        ``observed`` is True within the range of false-positive fractions that the
        studies cover. Outside it the curve is an extrapolation and should not be drawn.

    Raises
    ------
    NotEstimableError
        See :func:`hsroc_parameters`.
    ArgumentError
        If ``kind`` is unknown.

    Notes
    -----
    A curve describes a trade-off between sensitivity and specificity. Where their
    between-study correlation is positive there is none, and "hsroc" rises all the same:
    look at ``fit.correlation`` before drawing it.
    """
    import pandas as pd

    intercept, slope = _line(fit, kind)
    if check_count(points, "points") < 2:
        raise ArgumentError(f"points is {points!r}; a curve needs 2 or more")
    low, high = _observed_range(fit)
    inside = np.linspace(max(low, 1e-6), min(high, 1 - 1e-6), int(points))
    outside = np.linspace(0.001, 0.999, int(points))
    outside = outside[(outside < inside[0]) | (outside > inside[-1])]
    false = np.sort(np.concatenate([inside, outside]))
    return pd.DataFrame(
        {
            "false_positive_fraction": false,
            "specificity": 1 - false,
            "sensitivity": expit(intercept + slope * logit(false)),
            "observed": (false >= inside[0]) & (false <= inside[-1]),
            "kind": kind,
        }
    )


def _observed_range(fit: BivariateFit | BayesianFit) -> tuple[float, float]:
    """Return the smallest and the largest observed false-positive fraction."""
    _, fp, _, tn = fit.studies.used_counts[fit.studies.arms[:, 1]].T
    fractions = fp / (fp + tn)
    return float(fractions.min()), float(fractions.max())


def area_under_line(
    intercept: Floats, slope: Floats, low: float = 0.0, high: float = 1.0
) -> Floats:
    r"""Return the mean of :math:`\mathrm{expit}(a + c\,\mathrm{logit} f)` over f in (low, high).

    Over (0, 1) it is the area under the curve. It equals the chance that one logistic
    variable stays below ``a + c`` times another, so a slope above 1 is turned into one
    below by exchanging the two; the trapezoid rule is then exact to rounding.

    Examples
    --------
    A slope of 1 has a closed form, with odds ratio exp(a).

    >>> ratio = np.exp(2.0)
    >>> closed = ratio / (ratio - 1) ** 2 * (ratio - 1 - np.log(ratio))
    >>> bool(np.isclose(area_under_line(np.array(2.0), np.array(1.0)), closed, rtol=1e-12))
    True
    """
    a, c = np.broadcast_arrays(
        np.asarray(intercept, dtype=np.float64), np.asarray(slope, dtype=np.float64)
    )
    if (low, high) == (0.0, 1.0):
        steep = np.abs(c) > 1
        safe = np.where(steep, np.abs(c), 1.0)
        # with a negative slope the two tails trade places
        start, rate = np.where(steep, a / safe, a), np.where(steep, 1 / safe, c)
        x = np.arange(-_EDGE, _EDGE + 0.05, 0.1)
        density = 0.1 * expit(x) * expit(-x)
        return np.asarray(expit(start[..., None] + rate[..., None] * x) @ density)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    ends = np.clip(logit(np.array([low, high])), -_EDGE, _EDGE)
    x = ends.mean() + 0.5 * (ends[1] - ends[0]) * nodes
    density = 0.5 * (ends[1] - ends[0]) * weights * expit(x) * expit(-x)
    return np.asarray(expit(a[..., None] + c[..., None] * x) @ density / (high - low))


def sroc_area(
    fit: BivariateFit, *, partial: bool = False, replicates: int = 200, seed: Seed = DEFAULT_SEED
) -> Estimate:
    """Return the area under the HSROC curve with a parametric bootstrap interval.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates.
    partial : bool, optional
        Only over the observed range of false-positive fractions, divided by its width:
        the mean sensitivity there. The full area extrapolates.
    replicates : int, optional
        Data sets simulated from the fit and fitted again.
    seed : int, Generator or None

    Returns
    -------
    Estimate
        The interval goes from quantile to quantile of the refits.

    Raises
    ------
    NotEstimableError
        See :func:`hsroc_parameters`.
    ArgumentError
        If all studies have one false-positive fraction and ``partial`` is asked for.
    """
    from backpain_stats.meta.after.bootstrap import bootstrap

    low, high = _observed_range(fit) if partial else (0.0, 1.0)
    if not high > low:
        raise ArgumentError(
            f"all studies have the false-positive fraction {low:g}: there is no range for "
            "partial=True"
        )
    intercept, slope = _line(fit, "hsroc")
    area = float(area_under_line(np.array(intercept), np.array(slope), low, high))
    draws = bootstrap(fit, replicates=replicates, seed=seed)
    sds = sds_from_root(draws.roots)
    # a refit without variation of specificity has a vertical curve: slope infinite
    slopes = np.minimum(sds[:, 0] / np.maximum(sds[:, 1], 1e-12), 1e6)
    intercepts = draws.coefficients[:, 0] + slopes * draws.coefficients[:, 1]
    areas = area_under_line(intercepts, slopes, low, high)
    tail = (1 - fit.level) / 2
    ends = np.quantile(areas, [tail, 1 - tail])
    measure = "partial_area" if partial else "area"
    method = f"{fit.method}, parametric bootstrap, {len(areas)} refits"
    return Estimate(area, float(ends[0]), float(ends[1]), fit.level, method, measure)
