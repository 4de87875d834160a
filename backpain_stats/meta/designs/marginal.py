r"""The likelihood of studies with random effects at many parameter vectors near one another.

Sampling a posterior asks for thousands of values and no gradient. The values are those of
:func:`~backpain_stats.meta.designs.integral.integrate`; they come faster because the mode of
each integrand is nearly known. With :math:`\tilde\eta` the linear predictors of a study at the
mode for some parameters nearby, :math:`g` and :math:`H` the gradient and Hessian of its log
likelihood there, the second-order integrand of other parameters has its mode at

.. math:: b = (I - L' H L)^{-1} L' \{g + H (m - \tilde\eta)\},

from where a Newton step or two are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.special import logsumexp

from backpain_stats.meta.designs.integral import (
    StudyLikelihood,
    find_mode,
    integrate,
    product_grid,
    times,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Expansion", "ValuedLikelihood", "expand", "marginal_values"]

# Numbers held in one array of nodes: small enough for the processor's cache.
_NUMBERS_AT_ONCE = 60_000
# Parameter vectors whose modes are searched for together: enough that calls cost little.
_MODES_AT_ONCE = 32
# A mode off by the square of this moves the nodes by nothing against their distances.
_MODE_TOLERANCE = 1e-2
# Random effects are standard normal: an expansion that says more belongs to other parameters.
_FARTHEST = 4.0
_LEAST_CURVATURE = 0.25


class ValuedLikelihood(StudyLikelihood, Protocol):
    """A likelihood of studies that has its value alone for less."""

    def value(self, eta: Floats) -> Floats:
        """Return the log likelihood (..., n) of linear predictors (..., n, m)."""
        ...


class Expansion(NamedTuple):
    """The log likelihoods of ``n`` studies to second order about ``m`` linear predictors each.

    Parameters
    ----------
    eta, gradient : ndarray of shape (n, m)
    hessian : ndarray of shape (n, m, m)
    """

    eta: Floats
    gradient: Floats
    hessian: Floats

    def modes(self, mean: Floats, root: Floats) -> Floats:
        """Return where the integrands of other parameters should have their modes (b, n, q)."""
        transposed = np.swapaxes(root, -1, -2)
        pull = self.gradient + times(self.hessian, mean - self.eta)
        identity = np.eye(root.shape[-1])
        curvature = identity - transposed @ self.hessian @ root
        # away from its mode a likelihood need not be concave: such a study starts from 0
        proper = np.linalg.eigvalsh(curvature)[..., 0] >= _LEAST_CURVATURE
        curvature = np.where(proper[..., None, None], curvature, identity)
        found = np.linalg.solve(curvature, times(transposed, pull)[..., None])[..., 0]
        return np.clip(np.where(proper[..., None], found, 0.0), -_FARTHEST, _FARTHEST)


def expand(likelihood: StudyLikelihood, mean: Floats, root: Floats) -> Expansion:
    """Expand about the modes for one parameter vector: mean (n, m) and root (n, m, q)."""
    mode = integrate(likelihood, mean[None], root[None], nodes=1).mode[0]
    eta = mean + times(root, mode)
    return Expansion(eta, *likelihood.derivatives(eta)[1:])


def marginal_values(
    likelihood: ValuedLikelihood,
    mean: Floats,
    root: Floats,
    *,
    nodes: int,
    near: Expansion | None = None,
) -> Floats:
    """Return the log likelihood of all studies together at many parameter vectors.

    Parameters
    ----------
    likelihood : ValuedLikelihood
        Of ``n`` studies.
    mean : ndarray of shape (b, n, m)
        Linear predictors where the random effects are 0.
    root : ndarray of shape (b, n, m, q)
        What the random effects are multiplied with.
    nodes : int
        Quadrature nodes per random effect.
    near : Expansion, optional
        About the modes for parameters nearby.

    Returns
    -------
    ndarray of shape (b,)
        Minus infinity where the mode of an integrand is not found.
    """
    count, studies, width, effects = root.shape
    rule = product_grid(nodes, effects)
    value, steps = np.empty(count), np.zeros(count)
    starts = np.zeros((count, studies, effects))
    if near is not None:
        starts = near.modes(mean, root)
        steps = np.abs(starts).max(axis=(1, 2))
    # parameters far from the data take many steps: they are done together, and keep none waiting
    order = np.argsort(steps, kind="stable")
    chunk = max(1, _NUMBERS_AT_ONCE // (len(rule[0]) * studies * width))
    for first in range(0, count, _MODES_AT_ONCE):
        rows = order[first : first + _MODES_AT_ONCE]
        means, roots = mean[rows], root[rows]
        mode = find_mode(likelihood, means, roots, starts[rows], _MODE_TOLERANCE)
        parts = [slice(i, i + chunk) for i in range(0, len(rows), chunk)]
        found = [
            _values(
                likelihood,
                means[i],
                roots[i],
                rule=rule,
                mode=mode.b[i],
                spread_root=mode.spread_root[i],
            )
            for i in parts
        ]
        total = np.where(mode.found, np.concatenate(found), -np.inf)
        value[rows] = total.sum(axis=1)
    return value


def _values(
    likelihood: ValuedLikelihood,
    mean: Floats,
    root: Floats,
    *,
    rule: tuple[Floats, Floats],
    mode: Floats,
    spread_root: Floats,
) -> Floats:
    """Return the values of :func:`integrate`, shape (b, n), for modes with their spread."""
    z, log_weights = rule
    count, studies, width, effects = root.shape
    spread = np.sqrt(2.0) * spread_root
    # one product for all studies: the nodes times a matrix of shape (effects, studies * ...)
    turned = np.moveaxis(spread, 3, 1).reshape(count, effects, studies * effects)
    b = (z @ turned).reshape(count, len(z), studies, effects) + mode[:, None]
    moved = np.moveaxis(root @ spread, 3, 1).reshape(count, effects, studies * width)
    eta = (z @ moved).reshape(count, len(z), studies, width)
    eta += (mean + times(root, mode))[:, None]
    terms = likelihood.value(eta)
    terms -= 0.5 * (b * b).sum(axis=-1)
    terms += log_weights[:, None]
    log_spread = np.log(np.diagonal(spread_root, axis1=-2, axis2=-1)).sum(axis=-1)
    value: Floats = logsumexp(terms, axis=1) + log_spread - 0.5 * effects * np.log(np.pi)
    return value
