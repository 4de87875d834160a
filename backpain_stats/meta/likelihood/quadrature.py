"""Where to put the nodes: adaptive Gauss-Hermite quadrature for many studies at once.

A study's random effects ``b = (b1, b2)`` are independent standard normals; its
logits are ``eta1 = m1 + l11 b1`` and ``eta2 = m2 + l21 b1 + l22 b2``, so the
between-study covariance is ``L L'`` with the lower-triangular root
``L = [[l11, 0], [l21, l22]]``. Working with ``b`` and not with the logits keeps
every formula valid when ``L L'`` is singular (a correlation of +-1, a variance
of 0).

The integrand ``exp(h(b))``, ``h(b) = log f(y | b) - b'b / 2``, is log-concave. Its
mode and its curvature there place the nodes (Liu and Pierce 1994,
https://doi.org/10.1093/biomet/81.3.624).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from backpain_stats.errors import ArgumentError, FitError
from backpain_stats.meta.arrays import Floats

MOST_NODES = 101
# Convergence is quadratic: the pass after a step of 1e-7 is at rounding error.
_MODE_TOLERANCE = 1e-7
_MODE_ITERATIONS = 500
# A start that moves a logit this far from its mean belongs to other parameters.
_FAR_START = 20.0


def gauss_hermite(nodes: int) -> tuple[Floats, Floats]:
    """Return the nodes ``z`` and the weights ``w exp(z^2)`` of Gauss-Hermite quadrature.

    Parameters
    ----------
    nodes : int
        How many, from 1 (the Laplace approximation) to 101.

    Returns
    -------
    z, weights : ndarray of shape (nodes,)
        Read-only. ``sum(weights * g(z))`` approximates the integral of ``g`` over
        the real line, exactly when ``g`` is ``exp(-z^2)`` times a polynomial of
        degree up to ``2 nodes - 1``.

    Raises
    ------
    ArgumentError
        If ``nodes`` is not a whole number from 1 to 101.

    Examples
    --------
    >>> z, weights = gauss_hermite(3)
    >>> integral = sum(weights * z**2 * np.exp(-(z**2)))
    >>> bool(np.isclose(integral, np.sqrt(np.pi) / 2, rtol=1e-14))
    True
    """
    whole = isinstance(nodes, (int, np.integer)) and not isinstance(nodes, bool)
    if not (whole and 1 <= nodes <= MOST_NODES):
        raise ArgumentError(f"nodes is {nodes!r}; it must be a whole number from 1 to {MOST_NODES}")
    return _rule(int(nodes))


@lru_cache(maxsize=32)
def _rule(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes and weights, which are kept: what may be no number is refused before."""
    z, weights = np.polynomial.hermite.hermgauss(nodes)
    weights = np.exp(np.log(weights) + z**2)
    z.flags.writeable = weights.flags.writeable = False
    return z, weights


class Mode(NamedTuple):
    """The modes of the integrands and what follows from them; each field has shape (n,).

    Per arm: ``p, q`` the event probability and its complement at the mode,
    ``residual`` (``y - n p``) and ``weight`` (``n p q``). ``c11, c21, c22`` is the
    lower Cholesky root of the inverse curvature, ``log_determinant`` the log
    determinant of the curvature.
    """

    b1: Floats
    b2: Floats
    p1: Floats
    q1: Floats
    p2: Floats
    q2: Floats
    residual1: Floats
    residual2: Floats
    weight1: Floats
    weight2: Floats
    c11: Floats
    c21: Floats
    c22: Floats
    log_determinant: Floats


def find_mode(
    successes: tuple[Floats, Floats],
    failures: tuple[Floats, Floats],
    means: tuple[Floats, Floats],
    root: tuple[Floats, Floats, Floats],
    start: tuple[Floats, Floats],
) -> Mode:
    """Find the mode of every study's integrand by a damped Newton iteration that cannot diverge.

    For a logistic likelihood the third derivative of ``h`` along a direction is at
    most ``D`` times the second, ``D`` being the largest change of a logit along it:
    ``h`` is generalised self-concordant, and a Newton step shortened by the factor
    ``log(1 + D) / D`` raises it from any start. The factor tends to 1 near the mode,
    so convergence stays quadratic and no line search is needed.

    Parameters
    ----------
    successes, failures : tuple of two ndarray, each of shape (n,)
        Events and non-events of the two arms; an arm without patients is allowed.
    means : tuple of two ndarray, each of shape (n,)
        Mean logits ``m1, m2``.
    root : tuple of three ndarray, each of shape (n,)
        ``l11, l21, l22``.
    start : tuple of two ndarray, each of shape (n,)
        Where to begin; zeros will do.

    Returns
    -------
    Mode

    Raises
    ------
    FitError
        If a mode is not reached in 500 steps, which finite input cannot cause.
    """
    (y1, y2), (f1, f2), (m1, m2), (l11, l21, l22) = successes, failures, means, root
    n1, n2 = y1 + f1, y2 + f2
    l21_squared, l22_squared = l21 * l21, l22 * l22
    near = np.maximum(np.abs(l11 * start[0]), np.abs(l21 * start[0] + l22 * start[1])) < _FAR_START
    b1, b2 = start[0] * near, start[1] * near
    close = False
    for _ in range(_MODE_ITERATIONS):
        eta1, eta2 = m1 + l11 * b1, m2 + l21 * b1 + l22 * b2
        p1, q1, p2, q2 = expit(eta1), expit(-eta1), expit(eta2), expit(-eta2)
        # y - n p, written so that nothing is lost when p is next to 0 or 1
        residual1, residual2 = y1 * q1 - f1 * p1, y2 * q2 - f2 * p2
        weight1, weight2 = n1 * p1 * q1, n2 * p2 * q2
        h12, h22 = weight2 * l21 * l22, 1 + weight2 * l22_squared
        # det(I + L'WL) as a sum of positive terms
        determinant = (1 + weight1 * l11 * l11) * h22 + weight2 * l21_squared
        if close:
            break
        gradient1 = l11 * residual1 + l21 * residual2 - b1
        gradient2 = l22 * residual2 - b2
        step1 = (h22 * gradient1 - h12 * gradient2) / determinant
        step2 = (gradient2 - h12 * step1) / h22
        change = np.maximum(np.abs(l11 * step1), np.abs(l21 * step1 + l22 * step2))
        if change.max(initial=0.0) < _MODE_TOLERANCE:
            close = True
        else:
            damping = np.log1p(change) / np.maximum(change, 1e-300)
            damping[change < _MODE_TOLERANCE] = 1.0
            step1, step2 = damping * step1, damping * step2
        b1, b2 = b1 + step1, b2 + step2
    else:
        raise FitError(
            f"the mode of a study's integrand was not found in {_MODE_ITERATIONS} steps; "
            "are all counts and parameters finite?"
        )
    c11 = np.sqrt(h22 / determinant)
    c21 = -h12 / np.sqrt(h22 * determinant)
    c22 = 1 / np.sqrt(h22)
    return Mode(
        *(b1, b2, p1, q1, p2, q2, residual1, residual2, weight1, weight2),
        *(c11, c21, c22, np.log(determinant)),
    )
