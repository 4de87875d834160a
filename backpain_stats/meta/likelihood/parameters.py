"""The between-study covariance in its three guises, and the maps between them.

* ``root``: ``(l11, l21, l22)``, the entries of a lower-triangular root ``L``. The
  likelihood is a smooth function of them everywhere, so it is what is optimised;
  a singular covariance is the ordinary point ``l22 = 0``, not a limit at infinity.
* ``covariance``: ``(omega11, omega12, omega22)`` of ``L L'``.
* ``(sd_sensitivity, sd_specificity, correlation)``: what is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.arrays import Floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


# Second derivatives of (omega11, omega12, omega22) by (l11, l21, l22).
_SECOND = np.zeros((3, 3, 3))
_SECOND[0, 0, 0] = _SECOND[2, 1, 1] = _SECOND[2, 2, 2] = 2.0
_SECOND[1, 0, 1] = _SECOND[1, 1, 0] = 1.0
_SECOND.flags.writeable = False


def root_from_sds(
    sd_sensitivity: ArrayLike, sd_specificity: ArrayLike, correlation: ArrayLike
) -> Floats:
    """Return ``(l11, l21, l22)``, shape (..., 3), from two SDs and a correlation.

    Examples
    --------
    >>> root_from_sds(2.0, 1.0, 0.6)
    array([2. , 0.6, 0.8])
    """
    given = (sd_sensitivity, sd_specificity, correlation)
    first, second, rho = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in given))
    return np.stack([first, rho * second, np.sqrt((1 - rho) * (1 + rho)) * second], axis=-1)


def covariance_from_root(root: ArrayLike) -> Floats:
    """Return the 2 x 2 covariances, shape (..., 2, 2).

    Examples
    --------
    >>> covariance_from_root([2.0, 0.6, 0.8])
    array([[4. , 1.2],
           [1.2, 1. ]])
    """
    l11, l21, l22 = np.moveaxis(np.asarray(root, dtype=np.float64), -1, 0)
    cross = l11 * l21
    rows = [np.stack([l11 * l11, cross], axis=-1), np.stack([cross, l21**2 + l22**2], axis=-1)]
    return np.stack(rows, axis=-2)


def sds_from_root(root: ArrayLike) -> Floats:
    """Return ``(sd_sensitivity, sd_specificity, correlation)``, shape (..., 3).

    The correlation is NaN where a standard deviation is 0.

    Examples
    --------
    >>> sds_from_root([[2.0, 0.6, 0.8], [0.0, 0.0, 1.0]])
    array([[2. , 1. , 0.6],
           [0. , 1. , nan]])
    """
    l11, l21, l22 = np.moveaxis(np.asarray(root, dtype=np.float64), -1, 0)
    first, second = np.abs(l11), np.hypot(l21, l22)
    defined = (first > 0) & (second > 0)
    correlation = np.where(defined, np.sign(l11) * l21 / np.where(defined, second, 1.0), np.nan)
    return np.stack([first, second, np.clip(correlation, -1, 1)], axis=-1)


def square_root(covariance: Floats) -> Floats:
    """Return a root R (2, 2) of a covariance, R R' = covariance; one of rank 1 has one too.

    Examples
    --------
    >>> root = square_root(np.array([[4.0, 2.0], [2.0, 1.0]]))
    >>> (root @ root.T).round(12)
    array([[4., 2.],
           [2., 1.]])
    """
    values, axes = np.linalg.eigh(covariance)
    return np.asarray(axes * np.sqrt(np.maximum(values, 0.0)))


def canonical_root(root: ArrayLike) -> Floats:
    """Return the same covariance's root with ``l11 >= 0`` and ``l22 >= 0``.

    Where ``l11`` is 0, ``l21`` and ``l22`` only matter through their length; it goes
    to ``l21``, so that a singular covariance always has ``l22 = 0``.

    Examples
    --------
    >>> canonical_root([[-1.0, 2.0, -3.0], [0.0, 3.0, 4.0]])
    array([[ 1., -2.,  3.],
           [ 0.,  5.,  0.]])
    """
    l11, l21, l22 = np.moveaxis(np.asarray(root, dtype=np.float64), -1, 0)
    flat = l11 == 0
    l21 = np.where(flat, np.hypot(l21, l22), np.where(l11 < 0, -l21, l21))
    return np.stack([np.abs(l11), l21, np.where(flat, 0.0, np.abs(l22))], axis=-1)


def exchanged_root(root: ArrayLike) -> Floats:
    """Return the canonical root of the same covariance with the two outcomes exchanged.

    Examples
    --------
    >>> exchanged_root([2.0, 0.6, 0.8])
    array([1. , 1.2, 1.6])
    """
    l11, l21, l22 = np.moveaxis(np.asarray(root, dtype=np.float64), -1, 0)
    first = np.hypot(l21, l22)
    safe = np.where(first > 0, first, 1.0)
    # without a first variance the second keeps its own: no correlation to carry over
    l21_new = np.where(first > 0, l11 * l21 / safe, np.abs(l11))
    l22_new = np.where(first > 0, np.abs(l11) * np.abs(l22) / safe, 0.0)
    return np.stack([first, l21_new, l22_new], axis=-1)


def covariance_derivatives(root: Floats) -> tuple[Floats, Floats]:
    """Return how ``(omega11, omega12, omega22)`` changes with the root.

    Parameters
    ----------
    root : ndarray of shape (..., 3)

    Returns
    -------
    jacobian : ndarray of shape (..., 3, 3)
        Element ``[a, j]`` is the derivative of covariance entry a by root entry j.
    second : ndarray of shape (3, 3, 3)
        Second derivatives, which are constant.
    """
    # the covariance is quadratic in the root, so its slope is linear
    return (_SECOND @ root[..., None, :, None])[..., 0], _SECOND
