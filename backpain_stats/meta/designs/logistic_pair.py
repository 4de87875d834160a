"""Two logistic distributions, of cases and of non-cases, and what follows from their parameters.

Parameters are ``(mu1, lambda1, mu0, lambda0)``: location and log slope of the cases, then of the
non-cases, on the scale ``d`` on which values are logistic. Each function returns a quantity and
its gradient by the four, which is what the delta method needs; draws of the parameters, shape
(..., 4), give draws of the quantity.
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
    "optimal_places",
    "weighted_accuracy_slope",
]

_GRID = 2001
# Draws whose grids are held at once: a quarter of a million numbers.
_AT_ONCE = 128
# Gauss-Legendre nodes of the area; the integrand is smooth in the false-positive fraction's logit.
_NODES = 400
_WIDEST = 40.0


def _tail(parameters: Floats, place: float) -> tuple[Floats, Floats]:
    """Return the logits of P(X > place) in both groups (..., 2), and the gradients (..., 2, 4)."""
    mu, slope = parameters[..., 0::2], np.exp(parameters[..., 1::2])
    gradient = np.zeros((*mu.shape, 4))
    if np.isinf(place):
        return np.full(mu.shape, -np.inf if place > 0 else np.inf), gradient
    z = slope * (mu - place)
    for group in range(2):
        gradient[..., group, 2 * group] = slope[..., group]
        gradient[..., group, 2 * group + 1] = z[..., group]
    return z, gradient


def logits(parameters: Floats, place: float) -> tuple[Floats, Floats]:
    """Return logit sensitivity and specificity at a threshold, and their gradients (..., 2, 4).

    Examples
    --------
    >>> logits(np.array([1.0, 0.0, -1.0, np.log(2)]), 0.0)[0]
    array([1., 2.])
    """
    z, gradient = _tail(parameters, place)
    sign = np.array([1.0, -1.0])
    return sign * z, sign[:, None] * gradient


def log_density_ratio(parameters: Floats, place: float) -> tuple[Floats, Floats]:
    """Return the log likelihood ratio of a value: the ratio of the two densities there.

    Examples
    --------
    >>> float(log_density_ratio(np.array([1.0, 0.0, -1.0, 0.0]), 0.0)[0])
    0.0
    """
    z, gradient = _tail(parameters, place)
    log_density = parameters[..., 1::2] + log_expit(z) + log_expit(-z)
    by_z = expit(-z) - expit(z)
    by_parameters = by_z[..., None] * gradient
    by_parameters[..., 0, 1] += 1.0
    by_parameters[..., 1, 3] += 1.0
    ratio = log_density[..., 0] - log_density[..., 1]
    return ratio, by_parameters[..., 0, :] - by_parameters[..., 1, :]


def log_band_ratio(parameters: Floats, low: float, high: float) -> tuple[Floats, Floats]:
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
    gradient = weight_low[..., None] * by_low - weight_high[..., None] * by_high
    gradient /= chance[..., None]
    ratio = np.log(chance[..., 0]) - np.log(chance[..., 1])
    return ratio, gradient[..., 0, :] - gradient[..., 1, :]


def weighted_accuracy_slope(
    parameters: Floats, place: Floats, weight: float
) -> tuple[Floats, Floats, Floats]:
    r"""Return the slope of ``weight Se + (1 - weight) Sp`` in the threshold, and its derivatives.

    ``place`` has the shape of the parameters without their last axis.

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
        mu, b = parameters[..., 2 * group], np.exp(parameters[..., 2 * group + 1])
        z = b * (mu - place)
        density = share * b * expit(z) * expit(-z)
        tilt = expit(-z) - expit(z)
        slope += density
        by_place -= density * b * tilt
        by_parameters[..., 2 * group] = density * b * tilt
        by_parameters[..., 2 * group + 1] = density * (1 + tilt * z)
    return slope, by_place, by_parameters


def optimal_places(parameters: Floats, low: float, high: float, weight: float) -> Floats:
    """Return where between two thresholds ``weight Se + (1 - weight) Sp`` is highest.

    Parameters
    ----------
    parameters : ndarray of shape (n, 4)
    low, high, weight : float

    Returns
    -------
    ndarray of shape (n,)
        Exactly ``low`` or ``high`` where the maximum is at an end.
    """
    places = np.linspace(low, high, _GRID)
    best = np.empty(len(parameters), dtype=np.intp)
    for first in range(0, len(parameters), _AT_ONCE):
        mu1, log_slope1, mu0, log_slope0 = parameters[first : first + _AT_ONCE].T[..., None]
        sensitivity = expit(np.exp(log_slope1) * (mu1 - places))
        specificity = expit(np.exp(log_slope0) * (places - mu0))
        height = weight * sensitivity + (1 - weight) * specificity
        best[first : first + _AT_ONCE] = np.argmax(height, axis=1)
    inside = np.flatnonzero((best > 0) & (best < _GRID - 1))
    left, right = places[best[inside] - 1], places[best[inside] + 1]
    for _ in range(60):  # bisection of the slope, which falls through 0 at the maximum
        middle = 0.5 * (left + right)
        rising = weighted_accuracy_slope(parameters[inside], middle, weight)[0] > 0
        left, right = np.where(rising, middle, left), np.where(rising, right, middle)
    found = places[best]
    found[inside] = 0.5 * (left + right)
    return found


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
    place = float(optimal_places(parameters[None], low, high, weight)[0])
    if place in (low, high):
        return place, None
    _, by_place, by_parameters = weighted_accuracy_slope(parameters, np.array(place), weight)
    return place, -by_parameters / by_place


def area(parameters: Floats) -> tuple[Floats, Floats]:
    r"""Return the area under the ROC curve, :math:`P(X_1 > X_0)`, and its gradient (..., 4).

    Examples
    --------
    >>> round(float(area(np.array([0.0, 0.0, 0.0, 1.0]))[0]), 12)
    0.5
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    logit, weights = _WIDEST * nodes, _WIDEST * weights
    density = weights * expit(logit) * expit(-logit)
    mu1, log_slope1, mu0, log_slope0 = np.moveaxis(parameters, -1, 0)[..., None]
    # a non-case's value, as a function of the logit of the fraction above it
    below = -logit / np.exp(log_slope0)
    slope = np.exp(log_slope1)
    z = slope * (mu1 - mu0 - below)
    share = expit(z)
    tail = density * share * expit(-z)
    by_location = (tail * slope).sum(axis=-1)
    by_slopes = (tail * z).sum(axis=-1), (tail * slope * below).sum(axis=-1)
    gradient = np.stack([by_location, by_slopes[0], -by_location, by_slopes[1]], axis=-1)
    return share @ density, gradient
