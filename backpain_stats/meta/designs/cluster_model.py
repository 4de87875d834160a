"""The likelihood of a model with random effects, as a function of its parameters, and its maximum.

A model has coefficients ``beta`` (the means of the linear predictors are ``X beta``) and
parameters of the random effects. :class:`ClusterModel` puts the design, the random effects and
the likelihood of a study together; :func:`fit_model` maximises it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import FitError
from backpain_stats.meta.designs.integral import StudyLikelihood, integrate
from backpain_stats.meta.fitting.optimise import maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.designs.random_effects import RandomEffects

    Floats = NDArray[np.float64]

__all__ = ["ClusterModel", "Maximum", "covariance_slopes", "fit_model"]

# Central differences of an exact gradient: the error is about the square of this, 1e-8 of the
# curvature, and rounding (1e-16 of a log likelihood of 1e3, over the step) is 1e-9.
_STEP = 1e-4
# Of the random effects' parameters; a derivative good to three digits is enough.
_SLOPE_STEP = 1e-3
# The gain in log likelihood that is too small to be seen in a likelihood ratio.
_ARRIVED = 1e-9
_CHORD_STEPS = 12
# Directions whose curvature is below this share of the largest are flat: no error is known there.
_FLAT = 1e-9


@dataclass(slots=True)
class ClusterModel:
    """A log likelihood with its gradient, for many parameter vectors at once.

    Parameters
    ----------
    likelihood : StudyLikelihood
        Of ``n`` units (studies, or tests in studies).
    design : ndarray of shape (n, m, p)
        ``X`` of each unit.
    effects : RandomEffects
    nodes : int
        Quadrature nodes per random effect.
    """

    likelihood: StudyLikelihood
    design: Floats
    effects: RandomEffects
    nodes: int
    _modes: Floats | None = None

    @property
    def width(self) -> int:
        """Number of parameters: coefficients, then those of the random effects."""
        return self.design.shape[-1] + self.effects.width

    def with_nodes(self, nodes: int) -> ClusterModel:
        """Return the same model with another number of nodes."""
        return replace(self, nodes=nodes)

    def gradient(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihoods (b,) and gradients (b, width) of parameters (b, width)."""
        value, gradient, self._modes = self._integrate(parameters, self._modes)
        return value, gradient

    def _integrate(self, parameters: Floats, start: Floats | None) -> tuple[Floats, Floats, Floats]:
        """Return values, gradients and modes, which are looked for from ``start``."""
        count, split = len(parameters), self.design.shape[-1]
        if start is not None and len(start) != count:
            start = np.broadcast_to(start[:1], (count, *start.shape[1:]))
        beta, of_effects = parameters[:, :split], parameters[:, split:]
        mean = np.moveaxis(self.design @ beta.T, -1, 0)
        root = self.effects.root(of_effects)
        root = np.broadcast_to(root, (*mean.shape[:2], *root.shape[2:]))
        found = integrate(self.likelihood, mean, root, nodes=self.nodes, start=start)
        by_beta = np.tensordot(found.by_mean, self.design, axes=2)
        by_effects = self.effects.pull_back(of_effects, found.by_root)
        gradient = np.concatenate([by_beta, by_effects], axis=1)
        return found.value.sum(axis=1), gradient, found.mode

    def evaluate(
        self, parameters: Floats, problems: NDArray[np.intp]
    ) -> tuple[Floats, Floats, Floats]:
        """Return values, gradients and Hessians, the last by central differences of the gradient.

        ``problems`` is not used: all parameter vectors are of the same data.
        """
        width = parameters.shape[1]
        value, gradient, modes = self._integrate(parameters, self._modes)
        self._modes = modes
        moves = np.concatenate([np.eye(width), -np.eye(width)]) * _STEP
        points = (parameters[:, None] + moves).reshape(-1, width)
        # a neighbour's modes are next to those of the point itself
        _, around, _ = self._integrate(points, np.repeat(modes, 2 * width, axis=0))
        around = around.reshape(-1, 2, width, width)
        hessian = (around[:, 0] - around[:, 1]) / (2 * _STEP)
        return value, gradient, 0.5 * (hessian + np.swapaxes(hessian, 1, 2))


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum of a model.

    Parameters
    ----------
    parameters : ndarray of shape (width,)
    log_likelihood : float
    covariance : ndarray of shape (width, width)
        Inverse of the observed information; NaN in directions along which it is flat.
    converged : bool
    iterations : int
    """

    parameters: Floats
    log_likelihood: float
    covariance: Floats
    converged: bool
    iterations: int


def fit_model(
    model: ClusterModel, starts: Floats, *, way: int = 1, curvature: bool = True
) -> Maximum:
    """Maximise by Newton steps, first with ``way`` nodes from every start, then with the model's.

    Parameters
    ----------
    model : ClusterModel
    starts : ndarray of shape (s, width)
    way : int, optional
        Nodes on the way.
    curvature : bool, optional
        Whether the covariance is wanted. Of a model that is only compared it is not, and its
        Hessian, which costs as much as many gradients, is left out where steps by the curvature
        found on the way arrive.

    Raises
    ------
    FitError
        If the likelihood is 0 at every start.
    """
    quick = model.with_nodes(min(way, model.nodes))
    finite = np.isfinite(quick.gradient(starts)[0])
    if not finite.any():
        raise FitError("the likelihood is 0 wherever its maximisation could start")
    optima, iterations = maximise(quick.evaluate, starts[finite]), 0
    at = int(np.argmax(optima.value))
    if quick.nodes < model.nodes:
        finer = _finer(model, optima.parameters[at], -optima.hessian[at])
        iterations = optima.iterations + finer.iterations
        if finer.converged and not curvature:
            return replace(finer, iterations=iterations)
        optima, at = maximise(model.evaluate, finer.parameters[None]), 0
    return Maximum(
        parameters=optima.parameters[at],
        log_likelihood=float(optima.value[at]),
        covariance=_inverse(-optima.hessian[at]),
        converged=bool(optima.converged[at]),
        iterations=iterations + optima.iterations,
    )


def _finer(model: ClusterModel, parameters: Floats, information: Floats) -> Maximum:
    """Step to the maximum with more nodes by the curvature that fewer found.

    It has arrived when a step promises less than ``_ARRIVED``; it stops where steps do not shrink.
    """
    inverse = _inverse(information)
    before, arrived, count = np.inf, False, 0
    while count < _CHORD_STEPS and not arrived:
        count += 1
        value, gradient = model.gradient(parameters[None])
        step = inverse @ gradient[0]
        gain = 0.5 * float(gradient[0] @ step)
        if not gain < before / 2:
            break
        arrived = gain < _ARRIVED
        if not arrived:
            before, parameters = gain, parameters + step
    return Maximum(parameters, float(value[0]), inverse, arrived, count)


def covariance_slopes(model: ClusterModel, maximum: Maximum, coefficients: int) -> Floats:
    """Return how the covariance of the coefficients changes with the random effects' parameters.

    The covariance is the inverse of the coefficients' information at the maximum, by the Laplace
    approximation, which is quick and near enough for a derivative.

    Parameters
    ----------
    model : ClusterModel
    maximum : Maximum
    coefficients : int
        How many of the parameters, from the first on, are coefficients ``p``; the other ``r``
        belong to random effects.

    Returns
    -------
    ndarray of shape (r, p, p)
    """
    quick, split = model.with_nodes(1), coefficients
    moves = _SLOPE_STEP * np.eye(model.width)[split:]
    moves = np.concatenate([moves, -moves])
    steps = _STEP * np.eye(model.width)[:split]
    points = maximum.parameters + moves[:, None] + np.concatenate([steps, -steps])
    _, gradient = quick.gradient(points.reshape(-1, model.width))
    gradient = gradient.reshape(len(moves), 2, split, model.width)[..., :split]
    information = (gradient[:, 1] - gradient[:, 0]) / (2 * _STEP)
    covariance = np.linalg.inv(0.5 * (information + np.swapaxes(information, 1, 2)))
    up, down = covariance[: len(moves) // 2], covariance[len(moves) // 2 :]
    slopes: Floats = (up - down) / (2 * _SLOPE_STEP)
    return slopes


def _inverse(information: Floats) -> Floats:
    """Return the inverse of the information, leaving flat directions out.

    At a singular between-study covariance the likelihood can be exactly flat along a rotation of
    its root, which changes no quantity of interest.
    """
    size, axes = np.linalg.eigh(information)
    keep = size > _FLAT * max(float(size.max(initial=0.0)), 1.0)
    kept = axes[:, keep]
    inverse: Floats = (kept / size[keep]) @ kept.T
    return inverse
