r"""The one-dimensional integral behind one-factor dependence, to a stated accuracy.

Given the factor :math:`u`, findings are independent, so the probability of a
pattern is

.. math:: I = \int g(u)\,du, \qquad
   g(u) = \varphi(u) \prod_j \{\Phi(b_j(u)) - \Phi(a_j(u))\}, \qquad
   a_j(u) = (c_j - \lambda_j u)/\tau_j,

where :math:`[c_j, c'_j)` is the stratum of finding :math:`j` on its latent
normal scale (:math:`b_j` the same with :math:`c'_j`), :math:`\lambda_j = \pm\sqrt\rho` and
:math:`\tau_j = \sqrt{1-\rho}`.

The trapezoid rule with step :math:`h` is used because its error can be bounded
for *any* thresholds. Write :math:`\kappa = 1 + \sum_j \lambda_j^2/\tau_j^2`.
Since :math:`|\Phi(b + iy) - \Phi(a + iy)| \le \{\Phi(b) - \Phi(a)\} e^{y^2/2}`, the
integrand satisfies :math:`|g(u + iy)| \le g(u) e^{\kappa y^2/2}`, and the standard contour
argument (Trefethen and Weideman, SIAM Review 2014, doi 10.1137/130932132) gives
a *relative* error of at most :math:`2 e^{-2\pi^2/(\kappa h^2)}`, up to a factor
that is 1 to double precision here.

The integrand is log-concave with :math:`1 \le -(\log g)'' \le \kappa`, so beyond a
distance :math:`R` from its mode it holds at most the share
:math:`2\sqrt\kappa\,\Phi(-R)`. Both errors are set to ``TOLERANCE``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

Array = NDArray[np.float64]

#: Relative error of the discretisation and of the truncation, each.
TOLERANCE = 1e-12
# The mode only places the nodes: a coarse one costs a node or two more at either end.
MODE_ERROR = 0.125
# From this many draws on, a finding's factor is interpolated over its thresholds.
INTERPOLATE_FROM = 2_000
# Largest degree tried; beyond it the factor is evaluated directly.
# OpenBLAS uses one thread up to this many multiplications.
SINGLE_THREADED = 2**18
LARGEST_DEGREE = 256


class Loadings(NamedTuple):
    """Loading and residual standard deviation of each finding.

    Each is an array whose first axis is the draws (1 where all draws share rho)
    and whose second is the findings.
    """

    factor: Array
    residual: Array

    @classmethod
    def of(cls, rho: Array, signs: Array) -> Loadings:
        """Return sign times sqrt(rho), and sqrt(1 - rho), for rho of shape () or (draws,)."""
        column = np.atleast_1d(rho)[:, None]
        return cls(signs * np.sqrt(column), np.sqrt(1 - column) * np.ones_like(signs))


def step_and_reach(loadings: Loadings, assessed: int) -> tuple[float, float]:
    """Return the step h and the reach R that keep both errors within ``TOLERANCE``.

    ``assessed`` is the largest number of findings assessed in one pattern.
    """
    slope = float(np.max((loadings.factor / loadings.residual) ** 2, initial=0.0))
    kappa = 1 + assessed * slope
    step = np.pi * np.sqrt(2 / (kappa * np.log(2 / TOLERANCE)))
    reach = -ndtri(TOLERANCE / (2 * np.sqrt(kappa)))
    return float(step), float(reach)


def nodes_between(lowest_mode: float, highest_mode: float, step: float, reach: float) -> Array:
    """Return the equally spaced nodes that serve every integrand with a mode in the range."""
    first = np.floor((lowest_mode - reach) / step)
    last = np.ceil((highest_mode + reach) / step)
    return np.arange(first, last + 1) * step


def log_stratum(low: Array, high: Array) -> Array:
    """Return log(Phi(high) - Phi(low)) without cancellation, for low < high (infinite ends too).

    Examples
    --------
    >>> import numpy as np
    >>> float(log_stratum(np.array(40.0), np.array(np.inf)))
    -804.60...
    """
    # In the upper tail both cumulative probabilities are nearly 1: mirror.
    mirrored = low > 0
    near = np.where(mirrored, -low, high)
    far = np.where(mirrored, -high, low)
    top = log_ndtr(near)
    if np.isneginf(far).all():
        return np.asarray(top)
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isneginf(far), -np.inf, log_ndtr(far) - top)
    # A stratum too thin for double precision has probability zero.
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(-np.expm1(np.minimum(gap, 0.0))))


def mode(low: Array, high: Array, factor: Array, residual: Array) -> float:
    """Return the mode of g to within ``MODE_ERROR``, for one stratum a finding (1-d arrays)."""
    slope = factor / residual

    def gradient(u: float) -> float:
        a, b = (low - factor * u) / residual, (high - factor * u) / residual
        log_mass = log_stratum(a, b)
        # The mean of a standard normal cut to [a, b] is (phi(a) - phi(b)) / mass.
        cut = np.exp(-(a**2) / 2 - log_mass) - np.exp(-(b**2) / 2 - log_mass)
        return float(np.sum(slope * cut)) / np.sqrt(2 * np.pi) - u

    width = 1.0
    while gradient(width) > 0 or gradient(-width) < 0:
        width *= 2
    left, right = -width, width
    while right - left > 2 * MODE_ERROR:
        middle = (left + right) / 2
        left, right = (middle, right) if gradient(middle) > 0 else (left, middle)
    return (left + right) / 2


def extreme_modes(low: Array, high: Array, loadings: Loadings) -> tuple[float, float]:
    """Return a lower and an upper bound of the modes over many integrands.

    ``low`` and ``high`` hold, for each finding, the smallest and largest stratum
    ends that occur: shape (2, findings). Moving a stratum up moves the mode in
    the direction of its loading, so the extremes are at the corners.
    """
    modes = []
    # Where rho differs between draws the mode is a smooth function of it; a few values span it.
    share = np.linspace(0, 1, 9 if len(loadings.factor) > 1 else 1)
    squares = np.quantile(loadings.factor**2, share, axis=0)
    for factor in np.sign(loadings.factor[0]) * np.sqrt(squares):
        residual = np.sqrt(1 - factor**2)
        for corner in (0, 1):
            up = np.where(factor > 0, corner, 1 - corner)
            columns = np.arange(len(factor))
            modes.append(mode(low[up, columns], high[up, columns], factor, residual))
    margin = MODE_ERROR if len(share) == 1 else 0.5
    return min(modes) - margin, max(modes) + margin


def log_factor(low: Array, high: Array, factor: Array, residual: Array, nodes: Array) -> Array:
    """Return the log probability of one finding's stratum given each node: (nodes, draws).

    ``low`` and ``high`` are the stratum's ends, one a draw; ``factor`` and
    ``residual`` have shape (draws,) or (1,).
    """
    if len(factor) == 1 and len(low) >= INTERPOLATE_FROM:
        shift = factor[0] / residual[0] * nodes
        if np.all(np.isposinf(high)) and np.all(np.isfinite(low)):
            interpolated = _interpolated(-low / residual[0], -shift)
        elif np.all(np.isneginf(low)) and np.all(np.isfinite(high)):
            interpolated = _interpolated(high / residual[0], shift)
        else:
            interpolated = None
        if interpolated is not None:
            return interpolated
    shifts = factor * nodes[:, None]
    return log_stratum((low - shifts) / residual, (high - shifts) / residual)


def _interpolated(position: Array, shift: Array) -> Array | None:
    """Return log Phi(position - shift), (nodes, draws), by Chebyshev interpolation.

    log Phi is analytic in a strip around the real axis, so the interpolant
    converges geometrically; the degree is raised until its last coefficients
    vanish to rounding. Returns None where that takes too many.
    """
    bottom, top = float(position.min()), float(position.max())
    centre, half = (top + bottom) / 2, max((top - bottom) / 2, 1e-3)
    degree = 16
    while degree <= LARGEST_DEGREE:
        points = np.cos(np.pi * (np.arange(degree) + 0.5) / degree)
        values = log_ndtr(centre + half * points - shift[:, None])
        coefficients = 2 / degree * values @ chebyshev.chebvander(points, degree - 1)
        coefficients[:, 0] /= 2
        # 1e-13 of the largest value: the rounding error of evaluating log Phi itself.
        if np.abs(coefficients[:, -3:]).max() <= 1e-13 * np.abs(values).max():
            basis = chebyshev.chebvander((position - centre) / half, degree - 1)
            return _product_by_blocks(coefficients, np.asarray(basis, dtype=float).T)
        degree = degree * 3 // 2
    return None


def _product_by_blocks(left: Array, right: Array) -> Array:
    """Return ``left @ right`` for a small ``left`` and many columns of ``right``.

    In blocks too small for a threaded BLAS to divide among its threads: for
    products of this shape waking them costs several times the product itself.
    """
    width = max(1, SINGLE_THREADED // left.size)
    product = np.empty((len(left), right.shape[1]))
    for start in range(0, right.shape[1], width):
        block = slice(start, start + width)
        np.matmul(left, right[:, block], out=product[:, block])
    return product
