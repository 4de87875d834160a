r"""The likelihood of studies with several normal random effects, its gradient and its Hessian.

A study's linear predictors are :math:`\eta = m + L b`, with :math:`b` a vector of ``q``
independent standard normals, and its data have the log likelihood :math:`\ell(\eta)`. The
marginal likelihood

.. math:: \int \exp\{h(b)\}\,(2\pi)^{-q/2}\,db, \qquad h(b) = \ell(m + L b) - b'b/2

is computed by adaptive Gauss-Hermite quadrature (Liu and Pierce 1994,
https://doi.org/10.1093/biomet/81.3.624): the nodes are
:math:`b_k = \hat b + \sqrt 2\, C z_k`, with :math:`\hat b` the mode of ``h`` and
:math:`C C' = A^{-1}`, :math:`A = I - L' H L` its curvature, :math:`H = \ell''(\hat\eta)`.
One node is the Laplace approximation.

The gradient is the exact derivative of the quadrature's value, the movement of the nodes
included. With :math:`p_k` the normalised weights of the nodes, write

.. math::

   s &= \sum p_k h'(b_k), \quad S = \sqrt 2 \sum p_k h'(b_k) z_k', \quad
   P = C\,(I/2 + \mathrm{sym}(C'S))\,C', \\
   \tau_c &= \sum_{ab} \ell'''_{abc}(\hat\eta)\,(L P L')_{ab}, \quad
   u = A^{-1}(s + L'\tau), \quad t = \tau + H L u,

where sym keeps the lower triangle, half of it on either side of the diagonal. Then

.. math::

   \partial/\partial m &= \sum p_k \ell'(\eta_k) + t, \\
   \partial/\partial L &= \sum p_k \ell'(\eta_k) b_k' + 2 H L P + t\,\hat b'
   + \ell'(\hat\eta)\,u'.

Everything is vectorised over studies and over parameter vectors.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from backpain_stats.meta.likelihood.quadrature import gauss_hermite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Derivatives", "Integral", "StudyLikelihood", "integrate"]

# Numbers held in one array of nodes: small enough for the processor's cache.
_NUMBERS_AT_ONCE = 300_000
# Newton steps shrink quadratically: after one of 1e-5 the mode is good to about 1e-10.
_MODE_TOLERANCE = 1e-5
_MODE_ITERATIONS = 200
# A step may seem to descend by the rounding of the log likelihood.
_ROUNDING = 1e-10
# A curvature made positive where the likelihood is not concave away from its mode.
_LEAST_CURVATURE = 0.1
# Random effects have a curvature of 1 of their own: far less is no mode.
_SINGULAR = 1e-8


class Derivatives(NamedTuple):
    """Log likelihoods (..., n), their gradients (..., n, m) and Hessians (..., n, m, m)."""

    value: Floats
    gradient: Floats
    hessian: Floats


class StudyLikelihood(Protocol):
    """The log likelihood of ``n`` studies as a function of their ``m`` linear predictors.

    Linear predictors have the shape (..., n, m); the leading axes are free.
    """

    def slope(self, eta: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood (..., n) and its gradient (..., n, m)."""
        ...

    def derivatives(self, eta: Floats) -> Derivatives:
        """Return value, gradient and Hessian."""
        ...

    def third(self, eta: Floats, matrix: Floats) -> Floats:
        """Return the third derivatives contracted with a symmetric matrix, shape (..., n, m)."""
        ...


class Integral(NamedTuple):
    """Marginal log likelihoods of studies, for ``b`` parameter vectors.

    ``value`` has the shape (b, n), ``by_mean`` (b, n, m), ``by_root`` (b, n, m, q) and ``mode``
    (b, n, q).
    """

    value: Floats
    by_mean: Floats
    by_root: Floats
    mode: Floats


class Mode(NamedTuple):
    """The mode of each integrand, what the likelihood is there, and the root of its spread."""

    b: Floats
    at: Derivatives
    curvature: Floats
    spread_root: Floats
    found: NDArray[np.bool_]


def integrate(
    likelihood: StudyLikelihood,
    mean: Floats,
    root: Floats,
    *,
    nodes: int,
    start: Floats | None = None,
) -> Integral:
    """Return the marginal log likelihood of every study and its derivatives.

    Parameters
    ----------
    likelihood : StudyLikelihood
        Of ``n`` studies.
    mean : ndarray of shape (b, n, m)
        Linear predictors where the random effects are 0.
    root : ndarray of shape (b, n, m, q)
        What the random effects are multiplied with.
    nodes : int
        Quadrature nodes per random effect; 1 is the Laplace approximation.
    start : ndarray of shape (b, n, q), optional
        Modes of an earlier call nearby.

    Returns
    -------
    Integral
        The value is minus infinity where the mode of an integrand is not found, which happens
        far from the data if the likelihood is not concave.

    Raises
    ------
    ArgumentError
        If ``nodes`` is not a whole number from 1 to 101.
    """
    count, studies, _, effects = root.shape
    rule = product_grid(nodes, effects)
    modes = np.zeros((count, studies, effects)) if start is None else start
    chunk = max(1, _NUMBERS_AT_ONCE // (len(rule[0]) * mean[0].size))
    parts = [
        _integrate_chunk(
            likelihood, mean[i : i + chunk], root[i : i + chunk], rule, modes[i : i + chunk]
        )
        for i in range(0, count, chunk)
    ]
    return parts[0] if len(parts) == 1 else Integral(*map(np.concatenate, zip(*parts, strict=True)))


@cache
def product_grid(nodes: int, effects: int) -> tuple[Floats, Floats]:
    """Return the nodes (k, q) of a product rule and the logs of their weights (k,)."""
    z, weights = gauss_hermite(nodes)
    points = np.stack(np.meshgrid(*[z] * effects, indexing="ij"), axis=-1).reshape(-1, effects)
    logs = np.stack(np.meshgrid(*[np.log(weights)] * effects, indexing="ij"), axis=-1)
    return points, logs.reshape(-1, effects).sum(axis=1)


def times(matrix: Floats, vector: Floats) -> Floats:
    """Return matrix times vector over leading axes."""
    product: Floats = (matrix @ vector[..., None])[..., 0]
    return product


def find_mode(
    likelihood: StudyLikelihood,
    mean: Floats,
    root: Floats,
    start: Floats,
    tolerance: float = _MODE_TOLERANCE,
) -> Mode:
    """Find the mode of every integrand by Newton steps that are halved until they climb."""
    transposed = np.swapaxes(root, -1, -2)
    identity = np.eye(root.shape[-1])
    b = start
    share = np.ones((*b.shape[:-1], 1))
    step = np.zeros_like(b)
    at = likelihood.derivatives(mean + times(root, b))
    height = at.value - 0.5 * (b * b).sum(axis=-1)
    small = np.zeros(b.shape[:-1], dtype=np.bool_)
    for _ in range(_MODE_ITERATIONS):
        curvature = identity - transposed @ at.hessian @ root
        fresh = share[..., 0] == 1.0
        newton = _ascent(times(transposed, at.gradient) - b, curvature)
        step = np.where(fresh[..., None], newton, step)
        trial = b + share * step
        there = likelihood.derivatives(mean + times(root, trial))
        new_height = there.value - 0.5 * (trial * trial).sum(axis=-1)
        small = np.abs(share * step).max(axis=-1) < tolerance
        accept = (new_height >= height - _ROUNDING) | small
        if accept.all():
            b, at, height = trial, there, new_height
            share = np.ones_like(share)
            if small.all():
                break
            continue
        rows = accept[..., None]
        b, height = np.where(rows, trial, b), np.where(accept, new_height, height)
        at = Derivatives(
            np.where(accept, there.value, at.value),
            np.where(rows, there.gradient, at.gradient),
            np.where(rows[..., None], there.hessian, at.hessian),
        )
        share = np.where(rows, 1.0, share / 2)
    curvature = identity - transposed @ at.hessian @ root
    # far from the data a likelihood that is not concave may have no proper mode to be found
    found = small & (np.linalg.eigvalsh(curvature)[..., 0] > _SINGULAR)
    curvature = np.where(found[..., None, None], curvature, identity)
    return Mode(b, at, curvature, np.linalg.cholesky(np.linalg.inv(curvature)), found)


def _ascent(gradient: Floats, curvature: Floats) -> Floats:
    """Return the Newton step, by a curvature made positive where it is not."""
    size: Floats
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        size, axes = np.linalg.eigh(curvature)
        size = np.maximum(np.abs(size), _LEAST_CURVATURE)
        return times(axes, times(np.swapaxes(axes, -1, -2), gradient) / size)
    return np.asarray(np.linalg.solve(curvature, gradient[..., None])[..., 0], dtype=np.float64)


def _integrate_chunk(
    likelihood: StudyLikelihood,
    mean: Floats,
    root: Floats,
    rule: tuple[Floats, Floats],
    start: Floats,
) -> Integral:
    """Do the work of :func:`integrate`; the names are those of the module's formulae."""
    mode = find_mode(likelihood, mean, root, start)
    c, hessian, transposed = mode.spread_root, mode.at.hessian, np.swapaxes(root, -1, -2)
    z, log_weights = rule
    # nodes have the axes (parameter vector, node, study, ...)
    shift = np.sqrt(2.0) * np.moveaxis(z @ np.swapaxes(c, -1, -2), -2, 1)
    b = mode.b[:, None] + shift
    moved = np.matmul(shift[..., None, :], transposed[:, None])[..., 0, :]
    eta = (mean + times(root, mode.b))[:, None] + moved
    value, gradient = likelihood.slope(eta)
    terms = value - 0.5 * (b * b).sum(axis=-1) + log_weights[:, None]
    top = terms.max(axis=1)
    weight = np.exp(terms - top[:, None])
    mass = weight.sum(axis=1)
    total = top + np.log(mass)
    weight /= mass[:, None]
    log_spread = np.log(np.diagonal(c, axis1=-2, axis2=-1)).sum(axis=-1)
    result = total + log_spread - 0.5 * root.shape[-1] * np.log(np.pi)
    result = np.where(mode.found, result, -np.inf)

    weighted = weight[..., None] * gradient
    by_mean = weighted.sum(axis=1)
    by_root = np.moveaxis(weighted, 1, -1) @ np.moveaxis(b, 1, 2)
    by_b = np.matmul(gradient[..., None, :], root[:, None])[..., 0, :] - b
    by_b *= weight[..., None]
    s = by_b.sum(axis=1)
    cross = np.swapaxes(c, -1, -2) @ (np.sqrt(2.0) * np.moveaxis(by_b, 1, -1) @ z)
    lower = np.tril(cross)
    half = 0.5 * (np.eye(root.shape[-1]) + lower + np.swapaxes(lower, -1, -2))
    # the diagonal was counted twice by the sum of the two triangles
    half -= 0.5 * lower * np.eye(root.shape[-1])
    p = c @ half @ np.swapaxes(c, -1, -2)
    tau = likelihood.third(mean + times(root, mode.b), root @ p @ transposed)
    u = np.linalg.solve(mode.curvature, (s + times(transposed, tau))[..., None])[..., 0]
    pull = tau + times(hessian, times(root, u))
    by_root += 2 * hessian @ root @ p
    by_root += pull[..., :, None] * mode.b[..., None, :]
    by_root += mode.at.gradient[..., :, None] * u[..., None, :]
    return Integral(result, by_mean + pull, by_root, mode.b)
