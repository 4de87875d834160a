"""The between-study variance of one log ratio: its estimators and its Q-profile interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from backpain_stats.errors import FitError
from backpain_stats.meta.arrays import Floats

# Q falls to 0 as tau2 grows, so a root exists; no log ratio of counts below 2**53
# can put it beyond this.
LARGEST_TAU2 = 1e12
# Where REML looks first, in units of the spread of the log ratios: ten points a decade
# from nothing to a hundred times it, closer than two maxima of the likelihood ever are.
GRID = np.geomspace(1e-6, 1e2, 81)
# Log ratios that differ by less are equal.
SMALLEST_SPREAD = 1e-8
# The root of a monotone function is found to the last bits; nothing is gained by less.
ROOT_TOLERANCE = 1e-15


def generalised_q(y: Floats, v: Floats, tau2: float) -> float:
    """Return the generalised Q statistic at a between-study variance ``tau2``."""
    w = 1 / (v + tau2)
    mean = (w @ y) / w.sum()
    return float(w @ (y - mean) ** 2)


def between_study_variance(y: Floats, v: Floats, method: str) -> float:
    """Estimate tau2 by "dersimonian_laird", "paule_mandel" or "reml", never below 0.

    Written here because statsmodels' ``combine_effects`` leaves a negative
    DerSimonian-Laird variance as it is (its pooled mean is then NaN), stops
    Paule-Mandel's iteration at an error of 1e-5, returning 0 when a step passes
    the root by rounding, and has no REML. Where it is right the numbers agree.
    """
    if method == "paule_mandel":
        return _q_root(y, v, len(y) - 1.0)
    if method == "reml":
        return _reml(y, v)
    excess = generalised_q(y, v, 0.0) - (len(y) - 1)
    return max(0.0, excess / dersimonian_laird_constant(v))


def q_profile(y: Floats, v: Floats, level: float) -> tuple[float, float]:
    """Return the Q-profile interval of the between-study variance."""
    tail, df = (1 - level) / 2, len(y) - 1
    low = _q_root(y, v, float(stats.chi2.isf(tail, df)))
    return low, _q_root(y, v, float(stats.chi2.ppf(tail, df)))


def dersimonian_laird_constant(v: Floats) -> float:
    """Return what the excess of Q over its degrees of freedom is divided by."""
    w = 1 / v
    return float(w.sum() - (w @ w) / w.sum())


def _q_root(y: Floats, v: Floats, target: float) -> float:
    """Return the tau2 at which the decreasing function Q(tau2) meets ``target``, at least 0."""

    def excess(tau2: float) -> float:
        return generalised_q(y, v, tau2) - target

    return _root_of_decreasing(excess)


def _root_of_decreasing(function: Callable[[float], float]) -> float:
    if function(0.0) <= 0:
        return 0.0
    high = 1.0
    while function(high) > 0:
        high *= 4
        if high > LARGEST_TAU2:
            raise FitError("the between-study variance has no finite bound at this level")
    root = optimize.brentq(function, 0.0, high, xtol=ROOT_TOLERANCE, rtol=4 * np.finfo(float).eps)
    return float(root)


def _reml(y: Floats, v: Floats) -> float:
    """Return the REML between-study variance: the best point of a grid, polished.

    The restricted likelihood of few studies may have two maxima, so a grid over
    the whole range goes first; the derivative's root within the best cell follows.
    """
    spread = max(float(np.var(y)), float(np.max(v)), SMALLEST_SPREAD)
    grid = np.concatenate([[0.0], spread * GRID])
    w = 1 / (v + grid[:, None])
    total = w.sum(axis=1)
    residual = y - (w @ y / total)[:, None]
    likelihood = np.log(w).sum(axis=1) - np.log(total) - (w * residual**2).sum(axis=1)
    best = int(np.argmax(likelihood))

    def score(tau2: float) -> float:
        weight = 1 / (v + tau2)
        mean = (weight @ y) / weight.sum()
        square = weight**2
        return float(square.sum() / weight.sum() - weight.sum() + square @ (y - mean) ** 2)

    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if best == 0 and score(0.0) <= 0:
        return 0.0
    if not score(low) > 0 > score(high):
        raise FitError("the restricted likelihood has no clear maximum; try method='paule_mandel'")
    root = optimize.brentq(score, low, high, xtol=ROOT_TOLERANCE, rtol=4 * np.finfo(float).eps)
    return float(root)
