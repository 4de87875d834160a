"""Maxima on the boundary of the parameter space, found, named and held.

A between-study covariance cannot have a negative variance or a correlation beyond
+-1, and with few studies the maximum often lies there. In terms of the covariance
root each part of the boundary is a flat piece of the parameter space:

* ``l22 = 0``: the correlation is +-1;
* ``l22 = l11 = 0`` or ``l22 = l21 = 0``: one variance is 0;
* all three 0: no heterogeneity at all.

The maximum is on a piece when maximising along it loses nothing. The parameters it
holds are then not estimated but given, and standard errors come from the curvature
along the piece: away from it the likelihood falls with a slope, not a curvature,
and inverting a curvature there is what makes standard errors collapse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.fitting.optimise import Evaluate, Optima, maximise
from backpain_stats.meta.fitting.structure import UNSTRUCTURED, Structure
from backpain_stats.meta.likelihood.model import Model
from backpain_stats.meta.likelihood.parameters import canonical_root, sds_from_root

# A piece of boundary is taken for the maximum when it loses less than this.
_NOTHING_LOST = 1e-7
# Only near the boundary is it worth looking.
_NEAR_CORRELATION, _NEAR_SD = 0.98, 0.1

# (root entries held at 0, what to call it), most restrictive first
_PIECES = (
    ((0, 1, 2), "both between-study variances are 0"),
    ((0, 2), "the between-study variance of sensitivity is 0"),
    ((1, 2), "the between-study variance of specificity is 0"),
    ((2,), "the between-study correlation is {sign}1"),
)


@dataclass(frozen=True, slots=True)
class Solution:
    """A maximum of one problem.

    Parameters
    ----------
    parameters : ndarray of shape (p,)
        With the covariance root in canonical form.
    value : float
        The maximum.
    directions : ndarray of shape (p, q)
        Along which the parameters are free: q = p inside, fewer on the boundary.
    boundary : str
        Which boundary, in words; empty inside.
    converged : bool
    iterations : int
    """

    parameters: Floats
    value: float
    directions: Floats
    boundary: str
    converged: bool
    iterations: int


def along(evaluate: Evaluate, directions: Floats, offset: Floats | float = 0.0) -> Evaluate:
    """Return ``evaluate`` as a function of coordinates along ``directions``.

    Parameters
    ----------
    evaluate : callable
        See :data:`backpain_stats.meta.fitting.optimise.Evaluate`.
    directions : ndarray of shape (p, q) or (problems, p, q)
        Parameters are ``offset + directions @ coordinates``.
    offset : ndarray of shape (p,) or (problems, p), optional

    Returns
    -------
    callable
    """

    def restricted(coordinates: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        matrix = directions[rows] if directions.ndim == 3 else directions
        base = offset[rows] if isinstance(offset, np.ndarray) and offset.ndim == 2 else offset
        points = base + (matrix @ coordinates[:, :, None])[:, :, 0]
        value, gradient, hessian = evaluate(points, rows)
        transposed = np.swapaxes(matrix, -1, -2)
        by_coordinate = (transposed @ gradient[:, :, None])[:, :, 0]
        return value, by_coordinate, transposed @ hessian @ matrix

    return restricted


def climb(model: Model, starts: Floats) -> Optima:
    """Maximise every problem of a batch, the outcome that varies more taken first.

    Where the first variance is nearly 0, ``l21`` and ``l22`` are hardly told apart and
    Newton's method crawls along a curved valley. Taking the outcome with the larger
    variance first avoids that.

    Parameters
    ----------
    model : Model
    starts : ndarray of shape (problems, p)

    Returns
    -------
    Optima
        In the order of ``model``; gradients and Hessians are left empty if the
        outcomes were exchanged on the way.
    """
    sd1, sd2, _ = sds_from_root(starts[:, model.root_at :]).mean(axis=0)
    if not sd2 > sd1:
        return maximise(model.evaluate, starts)
    other = model.exchanged()
    optima = maximise(other.evaluate, model.exchange(starts))
    nothing = np.empty((len(starts), 0))
    return replace(
        optima, parameters=other.exchange(optima.parameters), gradient=nothing, hessian=nothing
    )


def solve(model: Model, starts: Floats, structure: Structure = UNSTRUCTURED) -> Solution:
    """Maximise one problem from several starts and settle whether it is on the boundary.

    Parameters
    ----------
    model : Model
        Every row of its batch is the same problem.
    starts : ndarray of shape (starts, p)
        Of the structure.
    structure : Structure, optional
        What the user holds of the between-study covariance: given, so no boundary.

    Returns
    -------
    Solution
    """
    evaluate, root_at = model.evaluate, model.root_at
    held_model = structure.hold(model)
    optima = climb(held_model, starts)
    if optima.hessian.size == 0:
        best = int(np.argmax(np.where(np.isfinite(optima.value), optima.value, -np.inf)))
        again = maximise(held_model.evaluate, optima.parameters[[best]])
        optima = replace(again, iterations=again.iterations + optima.iterations)
    best = int(np.argmax(np.where(np.isfinite(optima.value), optima.value, -np.inf)))
    parameters = optima.parameters[best].copy()
    parameters[root_at:] = canonical_root(parameters[root_at:])
    everything = np.arange(len(parameters))
    inside = Solution(
        parameters,
        float(optima.value[best]),
        np.eye(len(parameters))[:, np.setdiff1d(everything, root_at + np.array(structure.held))],
        "",
        bool(optima.converged[best]),
        optima.iterations,
    )
    sds = sds_from_root(parameters[root_at:])
    for held, name in _PIECES:
        if not structure.contains(held) or not _near(sds, held):
            continue
        free = np.setdiff1d(everything, root_at + np.array(held))
        directions = np.eye(len(parameters))[:, free]
        start = parameters.copy()
        if held == (0, 2) and start[root_at + 1] == 0:
            # without a first variance the second SD belongs in l21
            start[root_at + 1] = sds[1]
        found = maximise(along(evaluate, directions), start[None, free])
        if found.value[0] > inside.value - _NOTHING_LOST:
            return _on_piece(found, directions, root_at, name, inside)
    return inside


def _near(sds: Floats, held: tuple[int, ...]) -> bool:
    """Return whether SDs and correlation are so close to a piece that they may lie on it."""
    sd1, sd2, correlation = sds
    if held == (2,):
        return bool(np.isnan(correlation) or abs(correlation) > _NEAR_CORRELATION)
    small = {(0, 1, 2): max(sd1, sd2), (0, 2): sd1, (1, 2): sd2}[held]
    return bool(small < _NEAR_SD)


def _on_piece(
    found: Optima, directions: Floats, root_at: int, name: str, inside: Solution
) -> Solution:
    parameters = directions @ found.parameters[0]
    parameters[root_at:] = canonical_root(parameters[root_at:])
    sign = "-" if parameters[root_at] * parameters[root_at + 1] < 0 else "+"
    return Solution(
        parameters,
        float(found.value[0]),
        directions,
        name.format(sign=sign),
        bool(found.converged[0]),
        inside.iterations + found.iterations,
    )
