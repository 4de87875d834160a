r"""Posterior quantiles of a ratio of proportions and of an odds ratio.

Each proportion has its own Jeffreys prior, Beta(1/2, 1/2); given the counts
both posteriors are Beta and independent. With :math:`F` their distribution
functions and :math:`f` their densities,

.. math::
   P(p_1/p_2 \le r) = \int_0^1 F_1(r p)\, f_2(p)\, dp .

The integral runs over the narrower of the two posteriors, on the logit scale
of the part of it where :math:`F_1 < 1`. There the integrand is analytic and
dies away at both ends, so that the trapezoidal rule converges exponentially.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincinv, digamma, expit, logit, ndtri, polygamma

from backpain_stats.tables.score import increasing_roots
from backpain_stats.tables.special import stirling_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    _Array = NDArray[np.float64]

# 96 nodes leave an error of the probability below about 1e-9, the mass cut off at
# either end of the integral.
_NODES = 96
_CUT_OFF_MASS = 1e-9
# Where 1 - v is e^-37, the smallest step below 1 that a double still holds.
_LOGIT_OF_ONE = 37.0
# The last Newton step on the log ratio; what it leaves is about its square.
_TOLERANCE = 1e-7
# Width of the evenly covered core, in standard deviations.
_CORE = 3.0
# Bounds the memory of one block of tables x nodes to some megabytes.
_BLOCK = 4096


def posterior_quantile(
    x1: _Array, n1: _Array, x2: _Array, n2: _Array, *, probability: float, kind: str = "ratio"
) -> _Array:
    """Return a posterior quantile of ``p1 / p2`` or of the odds ratio.

    Parameters
    ----------
    x1, n1, x2, n2 : numpy.ndarray
        One-dimensional arrays of one length; positives and size of the first
        and of the second group.
    probability : float
        Posterior probability below the quantile, strictly between 0 and 1.
    kind : {"ratio", "odds_ratio"}
        Which contrast.

    Returns
    -------
    numpy.ndarray
        The quantiles, positive and finite.

    Notes
    -----
    The probability below a quantile is right to 2e-8 (checked by brute force, for counts
    to 90,000); tails smaller than 1e-6 are therefore not to be trusted. Where one group has
    ten million patients or more and nearly all of them are positive, it is right to 4e-3.
    Beyond 10^12 the ends themselves would lose digits: such counts are refused.

    Examples
    --------
    >>> one = np.array
    >>> posterior_quantile(
    ...     one([4.0]), one([13.0]), one([41.0]), one([1962.0]), probability=0.5
    ... ).round(2)
    array([14.86])
    """
    quantile = np.empty_like(x1)
    for start in range(0, x1.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        quantile[block] = _block_quantile(
            (x1[block] + 0.5, n1[block] - x1[block] + 0.5),
            (x2[block] + 0.5, n2[block] - x2[block] + 0.5),
            probability,
            kind,
        )
    return quantile


def _block_quantile(
    first: tuple[_Array, _Array], second: tuple[_Array, _Array], probability: float, kind: str
) -> _Array:
    moments = _log_moments if kind == "ratio" else _logit_moments
    integrand = _ratio_integrand if kind == "ratio" else _odds_ratio_integrand
    mean1, variance1 = moments(*first)
    mean2, variance2 = moments(*second)
    # Integrate over the narrower posterior; swapping inverts the contrast.
    swap = variance1 < variance2
    a1, a2 = np.where(swap, second[0], first[0]), np.where(swap, first[0], second[0])
    b1, b2 = np.where(swap, second[1], first[1]), np.where(swap, first[1], second[1])
    below = np.where(swap, 1 - probability, probability)
    mean = np.where(swap, mean2 - mean1, mean1 - mean2)
    spread = np.sqrt(variance1 + variance2)

    lower_tail = below <= 0.5
    tail = np.where(lower_tail, below, 1 - below)
    tail_and_density = integrand(a1, b1, a2, b2, lower_tail)

    def log_tail(x: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        probability_, density = tail_and_density(x, rows)
        sign = np.where(lower_tail[rows], 1.0, -1.0)
        return sign * np.log(probability_ / tail[rows]), density / probability_

    start = mean + ndtri(below) * spread
    # Beyond 100 standard deviations even the heaviest tail, e^(-x/2), is empty.
    x = increasing_roots(
        log_tail, mean - 100 * spread, mean + 100 * spread, start, tolerance=_TOLERANCE
    )
    return np.exp(np.where(swap, -x, x))


def _log_moments(a: _Array, b: _Array) -> tuple[_Array, _Array]:
    return digamma(a) - digamma(a + b), _trigamma_difference(a, b)


def _trigamma_difference(a: _Array, b: _Array) -> _Array:
    # Differences of large trigammas lose their digits; b / (a (a + b)) is their limit.
    exact = polygamma(1, a) - polygamma(1, a + b)
    return np.where(a > 1e4, b / (a * (a + b)), exact)


def _logit_moments(a: _Array, b: _Array) -> tuple[_Array, _Array]:
    return digamma(a) - digamma(b), polygamma(1, a) + polygamma(1, b)


class _LogitDensity:
    """Density of logit p when p is Beta(a, b), stable for large counts."""

    def __init__(self, a: _Array, b: _Array) -> None:
        self.a, self.b = a, b
        self.mode, self.rest = a / (a + b), b / (a + b)
        self.spread = 1 / np.sqrt(a * self.rest)
        half_log = 0.5 * np.log(a * self.rest / (2 * np.pi))
        self.log_peak = half_log - (stirling_error(a) + stirling_error(b) - stirling_error(a + b))

    def __call__(self, p: _Array, q: _Array, rows: NDArray[np.intp]) -> _Array:
        """Return the density at ``p = 1 - q``, both of shape (rows, nodes)."""
        mode, rest = self.mode[rows, None], self.rest[rows, None]
        a, b = self.a[rows, None], self.b[rows, None]
        # The first-order terms of the two logarithms cancel at the mode, so both
        # are taken of one and the same difference: the better conditioned one.
        shift = np.where(mode <= 0.5, p - mode, rest - q)
        exponent = a * _log_ratio(p, mode, shift) + b * _log_ratio(q, rest, -shift)
        return np.exp(self.log_peak[rows, None] + exponent)


def _log_ratio(value: _Array, reference: _Array, shift: _Array) -> _Array:
    """Return log(value / reference), from their difference where they are near."""
    near = np.abs(shift) < 0.5 * reference
    return np.where(
        near, np.log1p(np.where(near, shift / reference, 0.0)), np.log(value / reference)
    )


def _ratio_integrand(
    a1: _Array, b1: _Array, a2: _Array, b2: _Array, lower_tail: NDArray[np.bool_]
) -> Callable[[_Array, NDArray[np.intp]], tuple[_Array, _Array]]:
    density1, density2 = _LogitDensity(a1, b1), _LogitDensity(a2, b2)
    lowest = betaincinv(a2, b2, _CUT_OFF_MASS)
    highest_rest = betaincinv(b2, a2, _CUT_OFF_MASS)
    highest = 1 - highest_rest
    # One function serves both tails: I_x(a, b) = 1 - I_{1-x}(b, a).
    alpha, beta = np.where(lower_tail, a1, b1), np.where(lower_tail, b1, a1)

    def core(upper: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        # The mode and spread of f2 on the logit scale of v; where the mode is cut
        # off, the last spread before the end.
        mode = density2.mode[rows]
        spread = density2.spread[rows] * mode * density2.rest[rows] / upper
        v = np.maximum(np.minimum(mode / upper, 1 - spread), 0.5 * np.minimum(mode, 1.0))
        return logit(v), spread / (v * (1 - v))

    def ends(upper: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        bottom = logit(np.minimum(lowest[rows] / upper, 1.0))
        top = np.minimum(logit(np.minimum(highest[rows] / upper, 1.0)), _LOGIT_OF_ONE)
        # Where the range stops short of p = 1, the mass left out towards its end is
        # at most p f2(p) (1 - v) at the last p that matters; going further than
        # that asks would only widen the steps.
        last = np.minimum(highest[rows], upper)
        gap = np.maximum(1 - last, np.finfo(float).tiny)
        mass = density2(last[:, None], gap[:, None], rows)[:, 0] / gap
        top = np.minimum(top, np.log(np.maximum(mass / _CUT_OFF_MASS, 1.0)))
        top = np.where(upper == 1.0, -logit(highest_rest[rows]), top)
        return np.where(bottom < top, bottom, top - 1), top

    def tail_and_density(x: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        upper = np.minimum(1.0, np.exp(-x))
        node, step = _nodes(*ends(upper, rows), *core(upper, rows))
        v, rest = expit(node), expit(-node)
        p = upper[:, None] * v
        q = np.where(upper[:, None] == 1.0, rest, 1 - p)
        # The argument of F1 is r p: v itself where r >= 1, r v otherwise.
        shrink = np.minimum(1.0, np.exp(x))[:, None]
        y = shrink * v
        y_rest = np.where(shrink == 1.0, rest, 1 - y)
        weight = step * density2(p, q, rows) * rest / q
        lower = lower_tail[rows]
        inner = betainc(alpha[rows, None], beta[rows, None], np.where(lower[:, None], y, y_rest))
        tail = np.sum(weight * inner, axis=1)
        # Beyond p = 1 / r the first proportion is certainly below r p.
        beyond = betainc(b2[rows], a2[rows], np.where(upper == 1.0, 0.0, 1 - upper))
        tail = tail + np.where(lower, beyond, 0.0)
        density = np.sum(weight * density1(y, y_rest, rows) / y_rest, axis=1)
        return tail, density

    return tail_and_density


def _odds_ratio_integrand(
    a1: _Array, b1: _Array, a2: _Array, b2: _Array, lower_tail: NDArray[np.bool_]
) -> Callable[[_Array, NDArray[np.intp]], tuple[_Array, _Array]]:
    density1, density2 = _LogitDensity(a1, b1), _LogitDensity(a2, b2)
    lowest = np.asarray(logit(betaincinv(a2, b2, _CUT_OFF_MASS)), dtype=np.float64)
    highest = np.asarray(-logit(betaincinv(b2, a2, _CUT_OFF_MASS)), dtype=np.float64)
    alpha, beta = np.where(lower_tail, a1, b1), np.where(lower_tail, b1, a1)
    node, step = _nodes(lowest, highest, logit(density2.mode), density2.spread)
    weight = step * density2(expit(node), expit(-node), np.arange(a1.size))

    def tail_and_density(x: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        y, y_rest = expit(node[rows] + x[:, None]), expit(-node[rows] - x[:, None])
        inner = betainc(
            alpha[rows, None], beta[rows, None], np.where(lower_tail[rows, None], y, y_rest)
        )
        density = density1(y, y_rest, rows)
        return np.sum(weight[rows] * inner, axis=1), np.sum(weight[rows] * density, axis=1)

    return tail_and_density


def _nodes(bottom: _Array, top: _Array, centre: _Array, core: _Array) -> tuple[_Array, _Array]:
    """Return nodes from ``bottom`` to ``top`` and the weights of the midpoint rule.

    The nodes are even in arsinh((w - centre) / scale): dense in the core of the
    integrand, sparse in tails that may be long because they decay slowly.
    """
    scale = (_CORE * core)[:, None]
    first = np.arcsinh((bottom - centre)[:, None] / scale)
    last = np.arcsinh((top - centre)[:, None] / scale)
    step = (last - first) / _NODES
    position = first + step * (np.arange(_NODES) + 0.5)
    return centre[:, None] + scale * np.sinh(position), step * scale * np.cosh(position)
