"""Maximise many smooth functions at once: a trust-region Newton method over a batch.

One fit is a batch of one. Several starting points, the refits of a bootstrap, the
fits that leave one study out and the points of a likelihood profile are batches of
many, and cost little more than the slowest of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backpain_stats.meta.arrays import Booleans, Floats, Rows

# The gain in log likelihood that another Newton step still promises: at 1e-11 the
# parameters are within 5e-6 standard errors of the maximum.
GAIN_TOLERANCE = 1e-11
# Where rounding of the log likelihood hides gains this small, stop as well.
_NOISE = 1e-13
_FIRST_RADIUS, _LARGEST_RADIUS, _SMALLEST_RADIUS = 1.0, 4.0, 1e-9
# A step is taken when it gains this share of what it promised; the trust region shrinks
# where a step gains less than a quarter, and grows where it gains three quarters (the
# usual constants of trust-region methods, on which the maximum does not depend).
_ACCEPTED, _POOR, _GOOD = 1e-4, 0.25, 0.75
# Curvatures below this share of the largest are lost in rounding.
_FLAT = 1e-12

# Takes parameters of shape (b, p) and the numbers of the b problems they belong to;
# returns values (b,), gradients (b, p) and Hessians (b, p, p).
Evaluate = Callable[[Floats, Rows], "tuple[Floats, Floats, Floats]"]


@dataclass(frozen=True, slots=True)
class Optima:
    """Where a batch of maximisations ended; the first axis is the problem.

    Parameters
    ----------
    parameters : ndarray of shape (b, p)
    value : ndarray of shape (b,)
        The function there.
    gradient : ndarray of shape (b, p)
    hessian : ndarray of shape (b, p, p)
    converged : ndarray of bool, shape (b,)
        Whether no further step promises a gain above the tolerance.
    iterations : int
        Evaluations of the whole batch.
    """

    parameters: Floats
    value: Floats
    gradient: Floats
    hessian: Floats
    converged: Booleans
    iterations: int


def maximise(evaluate: Evaluate, start: Floats, *, iterations: int = 100) -> Optima:
    """Maximise each problem of a batch from its own starting point.

    Each step solves the quadratic model with every curvature made positive (a
    negative one means: uphill, as far as the trust region allows), which moves away
    from saddle points and is Newton's method near the maximum.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(parameters, problems) -> (value, gradient, hessian)``; the Hessian
        may be approximate.
    start : ndarray of shape (b, p)
        Starting points; the functions must be finite there.
    iterations : int, optional
        Most evaluations of the batch.

    Returns
    -------
    Optima

    Examples
    --------
    >>> def evaluate(x, problems):
    ...     return -(x[:, 0] ** 4), -4 * x**3, -12 * x[:, :, None] ** 2
    >>> found = maximise(evaluate, np.array([[3.0], [-1.0]]))
    >>> bool(np.all(np.abs(found.parameters) < 0.01)), bool(found.converged.all())
    (True, True)
    """
    x = np.array(start, dtype=np.float64)
    size, width = x.shape
    value, gradient, hessian = (np.array(one) for one in evaluate(x, np.arange(size)))
    radius = np.full(size, _FIRST_RADIUS)
    converged = np.full(size, width == 0)
    active = np.flatnonzero(~converged)
    count = 1
    while active.size:
        step, gain = _newton_step(gradient[active], hessian[active], radius[active])
        tolerance = np.maximum(GAIN_TOLERANCE, _NOISE * np.abs(value[active]))
        done = gain < tolerance
        converged[active[done]] = True
        active, step, gain = active[~done], step[~done], gain[~done]
        if not active.size or count >= iterations:
            break
        trial = x[active] + step
        new_value, new_gradient, new_hessian = evaluate(trial, active)
        count += 1
        ratio = np.where(np.isfinite(new_value), new_value - value[active], -np.inf) / gain
        accept = ratio > _ACCEPTED
        rows = active[accept]
        x[rows], value[rows] = trial[accept], new_value[accept]
        gradient[rows], hessian[rows] = new_gradient[accept], new_hessian[accept]
        length = np.linalg.norm(step, axis=1)
        grown = np.maximum(radius[active], 2 * length)
        radius[active] = np.where(
            ratio < _POOR, length / 4, np.where(ratio > _GOOD, grown, radius[active])
        )
        np.minimum(radius, _LARGEST_RADIUS, out=radius)
        active = active[radius[active] > _SMALLEST_RADIUS]
    return Optima(x, value, gradient, hessian, converged, count)


def _newton_step(gradient: Floats, hessian: Floats, radius: Floats) -> tuple[Floats, Floats]:
    """Return the steps within the trust radius and the gain each promises."""
    curvature, axes = np.linalg.eigh(-hessian)
    size = np.abs(curvature)
    size = np.maximum(size, _FLAT * np.maximum(size.max(axis=1, keepdims=True), 1.0))
    along = (axes * gradient[:, :, None]).sum(axis=1)
    move = along / size
    length = np.sqrt((move * move).sum(axis=1))
    shrink = np.minimum(1.0, radius / np.maximum(length, 1e-300))
    move = move * shrink[:, None]
    gain = (along * move - 0.5 * size * move * move).sum(axis=1)
    return (axes * move[:, None, :]).sum(axis=2), gain
