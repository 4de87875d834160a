"""From second derivatives of a log likelihood to covariances."""

from __future__ import annotations

import numpy as np

from backpain_stats.meta.arrays import Floats

# Of curvatures scaled to 1 on the diagonal: below this, rounding decides.
_FLAT = 1e-12
# A root entry that bends the likelihood less than this share of the one that bends it
# most lies on a boundary: it is left out, not inverted.
_ON_A_BOUNDARY = 1e-8


def inverse_curvature(hessian: Floats, directions: Floats) -> Floats | None:
    """Return the covariance of all parameters from the Hessian along the free directions.

    Held parameters get zeros. None if the curvature is not that of a maximum.
    """
    if not np.all(np.isfinite(hessian)):
        return None
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    values, axes = np.linalg.eigh(-hessian / np.outer(scale, scale))
    if not len(values) or values[0] < _FLAT:
        return None
    inverse = (axes / values) @ axes.T / np.outer(scale, scale)
    return np.asarray(directions @ inverse @ directions.T)


def coefficient_covariance(hessian: Floats, at: int) -> Floats:
    """Return the coefficients' block of the inverse curvature; NaN if it is no maximum's.

    Root entries, from position ``at``, that the likelihood does not bend along (at a
    boundary) are left out by the pseudo-inverse.
    """
    information = -hessian
    cross = information[:at, at:]
    block = np.linalg.pinv(information[at:, at:], rcond=_ON_A_BOUNDARY, hermitian=True)
    of_coefficients = information[:at, :at] - cross @ block @ cross.T
    if np.linalg.eigvalsh(of_coefficients)[0] <= 0:
        return np.full((at, at), np.nan)
    return np.asarray(np.linalg.inv(of_coefficients))
