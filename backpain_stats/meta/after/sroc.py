"""The hierarchical summary ROC curve: its course, and the area under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_choice, check_count
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.estimate import Estimate
from backpain_stats.meta.after.bootstrap import bootstrap
from backpain_stats.meta.after.hsroc import positive_sds
from backpain_stats.meta.after.parts import mean_logits, observed_range
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.fitted import Fit, FittedModel
from backpain_stats.meta.likelihood.parameters import sds_from_root
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["area_under_line", "partial_range", "sroc_area", "sroc_curve"]

CURVES = ("hsroc", "regression")
# Beyond +-40 on the logit scale a proportion is 0 or 1 to the last digit.
_EDGE = 40.0
# Nearer than this to 0 or 1 a fraction is not drawn: its logit would run off.
_SMALLEST_FRACTION = 1e-6
# A refit without variation of specificity has a vertical curve, whose slope is infinite;
# an area no longer changes in double precision long before this slope.
_STEEPEST = 1e6
_SMALLEST_SD = 1e-12


def _line(fit: Fit, kind: str) -> tuple[float, float]:
    """Return intercept and slope of logit sensitivity on logit false-positive fraction."""
    check_choice(kind, "kind", CURVES)
    mean = fit.point.mean
    sd1, sd2 = positive_sds(fit)
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
    low, high = observed_range(fit)
    inside = np.linspace(
        max(low, _SMALLEST_FRACTION), min(high, 1 - _SMALLEST_FRACTION), int(points)
    )
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
    low, high = partial_range(fit) if partial else (0.0, 1.0)
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


def partial_range(fit: Fit) -> tuple[float, float]:
    """Return the range of observed false-positive fractions that a partial area is over.

    Raises
    ------
    ArgumentError
        If all studies have one false-positive fraction.
    """
    low, high = observed_range(fit)
    if not high > low:
        raise ArgumentError(
            f"all studies have the false-positive fraction {low:g}: there is no range for "
            "partial=True"
        )
    return low, high
