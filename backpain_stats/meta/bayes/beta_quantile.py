"""Quantiles of a beta distribution for many points at once, at the precision of a draw."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, betaln, ndtr

from backpain_stats.meta.arrays import Floats

__all__ = ["beta_logit_quantile"]

# Below it the quantile is 0 in double precision, and scipy's inverse gives NaN.
SMALLEST_TAIL = 1e-100
# Nodes reach further than quasi-random points do; the error of a cubic between them is then
# about 1e-11, far below what a draw is worth.
REACH, STEP = 8.0, 1 / 128
# Error at the middle between nodes up to which the interpolation is used.
LARGEST_ERROR = 1e-9


def beta_logit_quantile(u: Floats, a: float, b: float) -> Floats:
    r"""Return the logit of the beta quantile at standard normal points.

    .. math:: g(u) = \mathrm{logit}\, F^{-1}_{a,b}(\Phi(u))

    It is smooth and nearly straight, so a piecewise cubic through values and slopes has it to
    1e-9 for one fiftieth of the time; points beyond the nodes, and distributions for which it
    has not, are computed directly.

    Parameters
    ----------
    u : numpy.ndarray
        Standard normal points, any shape.
    a, b : float
        Parameters of the beta distribution, above 0.

    Examples
    --------
    >>> bool(np.isclose(beta_logit_quantile(np.array(0.0), 3, 3), 0.0))
    True
    """
    u = np.asarray(u, dtype=np.float64)
    table = _table(float(a), float(b))
    if table is None:
        return _direct(u, a, b)
    found = _cubic(np.clip(u, -REACH, REACH - STEP), *table)
    beyond = ~((u > -REACH) & (u < REACH - STEP))
    if beyond.any():
        found[beyond] = _direct(u[beyond], a, b)
    return found


def _direct(u: Floats, a: float, b: float) -> Floats:
    # Each half from its own end, where the digits are.
    below = u < 0
    tail = np.maximum(ndtr(-np.abs(u)), SMALLEST_TAIL)
    half = betaincinv(np.where(below, a, b), np.where(below, b, a), tail)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(below, 1, -1) * (np.log(half) - np.log1p(-half)))


def _cubic(u: Floats, value: Floats, slope: Floats) -> Floats:
    """Return the piecewise cubic (Hermite) through the values and slopes of the nodes."""
    position = (u + REACH) / STEP
    left = position.astype(np.intp)
    t = position - left
    rise = value[left + 1] - value[left]
    first, last = slope[left] * STEP - rise, rise - slope[left + 1] * STEP
    return np.asarray(value[left] + t * (rise + (1 - t) * (first * (1 - t) + last * t)))


@lru_cache(maxsize=32)
def _table(a: float, b: float) -> tuple[Floats, Floats] | None:
    """Return values and slopes at the nodes, or None where the cubic is not good enough."""
    nodes = np.arange(-REACH, REACH + STEP / 2, STEP)
    value = _direct(nodes, a, b)
    if not np.isfinite(value).all():
        return None
    # g' = phi(u) / (f(q) q (1 - q)), with f the density and q the quantile.
    log_slope = -(nodes**2) / 2 - np.log(2 * np.pi) / 2 + betaln(a, b)
    log_slope += a * np.logaddexp(0, -value) + b * np.logaddexp(0, value)
    slope = np.exp(log_slope)
    middle = nodes[:-1:16] + STEP / 2
    error = np.abs(_cubic(middle, value, slope) - _direct(middle, a, b)).max()
    return (value, slope) if error < LARGEST_ERROR else None
