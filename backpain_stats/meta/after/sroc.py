"""The hierarchical summary ROC curve: parameters, curve, points on it, and area."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr

from backpain_stats.checks import check_choice, check_count, check_fraction
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.after.bootstrap import bootstrap
from backpain_stats.meta.after.parts import mean_logits, studies_like
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import Fit, FittedModel
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.sampling import DEFAULT_SEED, Seed
from backpain_stats.tables.intervals import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = [
    "area_under_line",
    "hsroc_parameters",
    "hsroc_table",
    "sensitivity_at",
    "sroc_area",
    "sroc_curve",
]

CURVES = ("hsroc", "regression")
# Beyond +-40 on the logit scale a proportion is 0 or 1 to the last digit.
_EDGE = 40.0
# A refit without variation of specificity has a vertical curve, whose slope is infinite;
# an area no longer changes in double precision long before this slope.
_STEEPEST = 1e6
_SMALLEST_SD = 1e-12
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
    _positive_sds(fit)
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
    _positive_sds(fit)
    level = fit.level if level is None else check_fraction(level, "level")
    width = normal_quantile(level)
    low, high = _observed_range(fit)
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


def _positive_sds(fit: Fit) -> Floats:
    """Return the two SDs, or say why there is no curve."""
    if fit.no_curve:
        raise NotEstimableError(
            f"no summary ROC curve: {fit.no_curve}, and the curve is the path along which studies "
            "vary; report the summary point"
        )
    return fit.between_study_sd


def _line(fit: Fit, kind: str) -> tuple[float, float]:
    """Return intercept and slope of logit sensitivity on logit false-positive fraction."""
    check_choice(kind, "kind", CURVES)
    mean = fit.point.mean
    sd1, sd2 = _positive_sds(fit)
    slope = sd1 / sd2
    if kind == "regression":
        slope = -slope * fit.correlation
    return float(mean[0] + slope * mean[1]), float(slope)


def sroc_curve(fit: Fit, *, kind: str = "hsroc", points: int = 201) -> pd.DataFrame:
    r"""Return the coordinates of the summary ROC curve.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates, or a part of one (``fit.at(...)``).
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


def _observed_range(fit: Fit) -> tuple[float, float]:
    """Return the smallest and the largest observed false-positive fraction.

    For a part of a fit, of the studies with its covariate values, if there are any.
    """
    informed = fit.studies.arms[:, 1]
    if isinstance(fit, FittedModel):
        alike = informed & studies_like(fit)
        informed = alike if alike.any() else informed
    _, fp, _, tn = fit.studies.used_counts[informed].T
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
    fit: FittedModel, *, partial: bool = False, replicates: int = 200, seed: Seed = DEFAULT_SEED
) -> Estimate:
    """Return the area under the HSROC curve with a parametric bootstrap interval.

    Parameters
    ----------
    fit : BivariateFit
        Without covariates, or a part of one (``fit.at(...)``).
    partial : bool, optional
        Only over the observed range of false-positive fractions, divided by its width:
        the mean sensitivity there. The full area extrapolates.
    replicates : int, optional
        Data sets simulated from the fit and fitted again.
    seed : int, Generator or None

    Returns
    -------
    Estimate
        The interval goes from quantile to quantile of the refits that have a maximum.

    Raises
    ------
    NotEstimableError
        See :func:`hsroc_parameters`.
    ArgumentError
        If all studies have one false-positive fraction and ``partial`` is asked for.
    """
    low, high = observed_range(fit) if partial else (0.0, 1.0)
    intercept, slope = _line(fit, "hsroc")
    area = float(area_under_line(np.array(intercept), np.array(slope), low, high))
    draws = bootstrap(fit, replicates=replicates, seed=seed)
    good = draws.converged
    if good.sum() < 2:
        raise NotEstimableError(
            f"{int(good.sum())} of {len(good)} refits of simulated data have a maximum: no interval"
        )
    means, sds = mean_logits(fit, draws.coefficients[good]), sds_from_root(draws.roots[good])
    slopes = np.minimum(sds[:, 0] / np.maximum(sds[:, 1], _SMALLEST_SD), _STEEPEST)
    areas = area_under_line(means[:, 0] + slopes * means[:, 1], slopes, low, high)
    tail = (1 - fit.level) / 2
    ends = np.quantile(areas, [tail, 1 - tail])
    measure = "partial_area" if partial else "area"
    method = f"{fit.method}, parametric bootstrap, {len(areas)} refits"
    if not good.all():
        method += f" ({len(good) - len(areas)} more have no maximum)"
    return Estimate(area, float(ends[0]), float(ends[1]), fit.level, method, measure)


def observed_range(fit: Fit) -> tuple[float, float]:
    """Return the range of observed false-positive fractions that a partial area is over.

    Raises
    ------
    ArgumentError
        If all studies have one false-positive fraction.
    """
    low, high = _observed_range(fit)
    if not high > low:
        raise ArgumentError(
            f"all studies have the false-positive fraction {low:g}: there is no range for "
            "partial=True"
        )
    return low, high
