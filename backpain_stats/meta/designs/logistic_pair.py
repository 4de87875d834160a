"""Two logistic distributions, of cases and of non-cases, and what follows from their parameters.

Parameters are ``(mu1, lambda1, mu0, lambda0)``: location and log slope of the cases, then of the
non-cases, on the scale ``d`` on which values are logistic. Each function returns a quantity and
its gradient by the four, which is what the delta method needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "area",
    "log_band_ratio",
    "log_density_ratio",
    "logits",
    "optimal_place",
    "weighted_accuracy_slope",
]

_GRID = 2001
# Gauss-Legendre nodes of the area; the integrand is smooth in the false-positive fraction's logit.
_NODES = 400
_WIDEST = 40.0


def _tail(parameters: Floats, place: float) -> tuple[Floats, Floats]:
    """Return the logits of P(X > place) in both groups, and each one's gradient, shape (2, 4)."""
    if np.isinf(place):
        return np.full(2, -np.inf if place > 0 else np.inf), np.zeros((2, 4))
    mu, slope = parameters[0::2], np.exp(parameters[1::2])
    z = slope * (mu - place)
    gradient = np.zeros((2, 4))
    gradient[0, :2], gradient[1, 2:] = (slope[0], z[0]), (slope[1], z[1])
    return z, gradient


def logits(parameters: Floats, place: float) -> tuple[Floats, Floats]:
    """Return logit sensitivity and specificity at a threshold, and their gradients (2, 4).

    Examples
    --------
    >>> logits(np.array([1.0, 0.0, -1.0, np.log(2)]), 0.0)[0]
    array([1., 2.])
    """
    z, gradient = _tail(parameters, place)
    sign = np.array([1.0, -1.0])
    return sign * z, sign[:, None] * gradient


def log_density_ratio(parameters: Floats, place: float) -> tuple[float, Floats]:
    """Return the log likelihood ratio of a value: the ratio of the two densities there.

    Examples
    --------
    >>> log_density_ratio(np.array([1.0, 0.0, -1.0, 0.0]), 0.0)[0]
    0.0
    """
    z, gradient = _tail(parameters, place)
    log_density = parameters[1::2] + log_expit(z) + log_expit(-z)
    by_z = expit(-z) - expit(z)
    by_parameters = by_z[:, None] * gradient
    by_parameters[0, 1] += 1.0
    by_parameters[1, 3] += 1.0
    ratio = float(log_density[0] - log_density[1])
    return ratio, by_parameters[0] - by_parameters[1]


def log_band_ratio(parameters: Floats, low: float, high: float) -> tuple[float, Floats]:
    """Return the log likelihood ratio of a value between two thresholds; either may be infinite.

    Examples
    --------
    Open above, it is LR+ of the lower threshold.

    >>> parameters = np.array([1.0, 0.0, -1.0, 0.0])
    >>> bool(np.isclose(log_band_ratio(parameters, 0.0, np.inf)[0], 1.0))
    True
    """
    (z_low, by_low), (z_high, by_high) = _tail(parameters, low), _tail(parameters, high)
    # the difference of two tails, without cancellation where both are near 1
    chance = np.where(
        z_low + z_high > 0, expit(-z_high) - expit(-z_low), expit(z_low) - expit(z_high)
    )
    weight_low, weight_high = (expit(z) * expit(-z) for z in (z_low, z_high))
    gradient = weight_low[:, None] * by_low - weight_high[:, None] * by_high
    gradient /= chance[:, None]
    return float(np.log(chance[0]) - np.log(chance[1])), gradient[0] - gradient[1]


def weighted_accuracy_slope(
    parameters: Floats, place: Floats, weight: float
) -> tuple[Floats, Floats, Floats]:
    r"""Return the slope of ``weight Se + (1 - weight) Sp`` in the threshold, and its derivatives.

    Returns
    -------
    slope : ndarray of shape (...)
        :math:`-w f_1(d) + (1 - w) f_0(d)` with the densities ``f``.
    by_place : ndarray of shape (...)
    by_parameters : ndarray of shape (..., 4)
    """
    slope, by_place = np.zeros_like(place), np.zeros_like(place)
    by_parameters = np.zeros((*place.shape, 4))
    for group, share in ((0, -weight), (1, 1 - weight)):
        mu, b = parameters[2 * group], np.exp(parameters[2 * group + 1])
        z = b * (mu - place)
        density = share * b * expit(z) * expit(-z)
        tilt = expit(-z) - expit(z)
        slope += density
        by_place -= density * b * tilt
        by_parameters[..., 2 * group] = density * b * tilt
        by_parameters[..., 2 * group + 1] = density * (1 + tilt * z)
    return slope, by_place, by_parameters


def optimal_place(
    parameters: Floats, low: float, high: float, weight: float
) -> tuple[float, Floats | None]:
    """Return the threshold between two others that maximises ``weight Se + (1 - weight) Sp``.

    Returns
    -------
    place : float
    gradient : ndarray of shape (4,) or None
        By the implicit function theorem; None where the maximum is at an end of the range.
    """
    places = np.linspace(low, high, _GRID)
    sensitivity = expit(np.exp(parameters[1]) * (parameters[0] - places))
    specificity = expit(np.exp(parameters[3]) * (places - parameters[2]))
    best = int(np.argmax(weight * sensitivity + (1 - weight) * specificity))
    if best in (0, _GRID - 1):
        return float(places[best]), None
    left, right = places[best - 1], places[best + 1]
    for _ in range(60):  # bisection of the slope, which falls through 0 at the maximum
        middle = 0.5 * (left + right)
        rising = weighted_accuracy_slope(parameters, np.array(middle), weight)[0] > 0
        left, right = (middle, right) if rising else (left, middle)
    place = 0.5 * (left + right)
    _, by_place, by_parameters = weighted_accuracy_slope(parameters, np.array(place), weight)
    return float(place), -by_parameters / by_place


def area(parameters: Floats) -> tuple[float, Floats]:
    r"""Return the area under the ROC curve, :math:`P(X_1 > X_0)`, and its gradient.

    Examples
    --------
    >>> round(area(np.array([0.0, 0.0, 0.0, 1.0]))[0], 12)
    0.5
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    logit, weights = _WIDEST * nodes, _WIDEST * weights
    density = weights * expit(logit) * expit(-logit)
    # a non-case's value, as a function of the logit of the fraction above it
    below = -logit / np.exp(parameters[3])
    slope = np.exp(parameters[1])
    z = slope * (parameters[0] - parameters[2] - below)
    tail = density * expit(z) * expit(-z)
    by_location = float((tail * slope).sum())
    gradient = np.array([by_location, float(tail @ z), -by_location, float(tail @ (slope * below))])
    return float(density @ expit(z)), gradient
