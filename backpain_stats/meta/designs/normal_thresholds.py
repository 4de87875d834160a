r"""Several thresholds by a linear mixed model of empirical logits: the normal approximation.

Of each group ``j``, study ``i`` and threshold ``k``, the empirical logit of a negative result

.. math:: y_{ijk} = \log\frac{neg + 1/2}{pos + 1/2}
   = \alpha_j + a_i + (\beta_j + c_i)\, g_{ik} + \epsilon_{ijk},
   \qquad \epsilon_{ijk} \sim N(0, \sigma^2 / w_{ijk})

with random intercepts and slopes that a study's two groups share and the weights
:math:`w = (neg + 1/2)(pos + 1/2)/(n + 1)`, fitted by restricted maximum likelihood: the default
model of R's diagmeta (Steinhauser et al. 2016, https://doi.org/10.1186/s12874-016-0196-1). The
rows of a study, nested as they are, count as independent given the random effects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize

from backpain_stats.errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.designs.threshold_data import ThresholdStudies

    Floats = NDArray[np.float64]

__all__ = ["NormalThresholds", "fit_normal_thresholds"]

# Roots (l11, l21, l22) of the random effects' covariance, relative to the residual SD.
_STARTS = ((1.0, 0.0, 0.5), (0.3, -0.1, 0.1), (0.3, 0.1, 0.1))


class NormalThresholds(NamedTuple):
    """A fit of the linear mixed model.

    ``coefficients`` are alpha and beta of the cases, then of the non-cases; ``covariance`` is
    theirs; ``between`` is that of the random intercept and slope. ``row_variance`` is, for
    cases and for non-cases, the number of studies over the sum of the weights: diagmeta adds it to
    the variance of a fitted logit.
    """

    coefficients: Floats
    covariance: Floats
    between: Floats
    row_variance: Floats
    restricted_log_likelihood: float


class _Moments(NamedTuple):
    """Weighted sums of squares and products of each study."""

    zz: Floats
    zx: Floats
    zy: Floats
    xx: Floats
    xy: Floats
    yy: float
    log_weights: float
    rows: int


def fit_normal_thresholds(studies: ThresholdStudies, place: Floats) -> NormalThresholds:
    """Fit the model to thresholds at ``place`` on the scale where they are linear.

    Parameters
    ----------
    studies : ThresholdStudies
    place : ndarray of shape (rows,)

    Returns
    -------
    NormalThresholds

    Raises
    ------
    FitError
        If the restricted likelihood is not maximised.
    """
    sums, row_variance = _moments(studies, place)

    def loss(root: Floats) -> float:
        return -_restricted(sums, root)[0]

    fits = [minimize(loss, np.array(start), method="BFGS") for start in _STARTS]
    best = min(fits, key=lambda fit: float(fit.fun))
    value, coefficients, inverse, variance = _restricted(sums, best.x)
    if not np.isfinite(value):
        raise FitError("the restricted likelihood of the normal approximation was not maximised")
    root = _root(best.x)
    between = variance * root @ root.T
    covariance = variance * inverse
    return NormalThresholds(coefficients, covariance, between, row_variance, float(value))


def _root(parameters: Floats) -> Floats:
    return np.array([[parameters[0], 0.0], [parameters[1], parameters[2]]])


def _moments(studies: ThresholdStudies, place: Floats) -> tuple[_Moments, Floats]:
    """Return the sums that the likelihood needs, study by study."""
    count = len(studies.names)
    zz, zx, zy = np.zeros((count, 2, 2)), np.zeros((count, 2, 4)), np.zeros((count, 2))
    xx, xy, yy, logs, rows = np.zeros((4, 4)), np.zeros(4), 0.0, 0.0, 0
    row_variance = np.empty(2)
    for group, cases in enumerate((True, False)):
        positives, negatives = studies.positives_negatives(cases)
        used = positives + negatives > 0
        positive, negative = positives[used] + 0.5, negatives[used] + 0.5
        y, weight = np.log(negative / positive), negative * positive / (negative + positive)
        z = np.stack([np.ones(len(y)), place[used]], axis=1)
        x = np.zeros((len(y), 4))
        x[:, 2 * group : 2 * group + 2] = z
        study = studies.study[used]
        weighted = weight[:, None] * z
        np.add.at(zz, study, weighted[:, :, None] * z[:, None, :])
        np.add.at(zx, study, weighted[:, :, None] * x[:, None, :])
        np.add.at(zy, study, weighted * y[:, None])
        xx += x.T @ (weight[:, None] * x)
        xy += x.T @ (weight * y)
        yy += float(weight @ (y * y))
        logs += float(np.log(weight).sum())
        rows += len(y)
        row_variance[group] = len(np.unique(study)) / weight.sum()
    return _Moments(zz, zx, zy, xx, xy, yy, logs, rows), row_variance


def _restricted(sums: _Moments, parameters: Floats) -> tuple[float, Floats, Floats, float]:
    """Return the restricted log likelihood, the coefficients, their scaled covariance, sigma^2.

    With ``V = W^-1 + Z L L' Z'`` (in units of sigma^2), ``V^-1`` is ``W - W Z M Z' W`` with
    ``M = L (I + L' Z'WZ L)^-1 L'``.
    """
    root = _root(parameters)
    inner = np.eye(2) + root.T @ sums.zz @ root
    middle = root @ np.linalg.solve(inner, np.broadcast_to(root.T, inner.shape))
    across = np.swapaxes(sums.zx, 1, 2) @ middle
    information = sums.xx - (across @ sums.zx).sum(axis=0)
    score = sums.xy - (across @ sums.zy[:, :, None]).sum(axis=0)[:, 0]
    square = sums.yy - float(np.einsum("ki,kij,kj->", sums.zy, middle, sums.zy))
    coefficients = np.linalg.solve(information, score)
    degrees = sums.rows - len(score)
    variance = (square - float(score @ coefficients)) / degrees
    logs = np.linalg.slogdet(inner)[1].sum() - sums.log_weights
    logs += np.linalg.slogdet(information)[1]
    value = -0.5 * (logs + degrees * (1 + np.log(2 * np.pi * variance)))
    return float(value), coefficients, np.linalg.inv(information), variance
