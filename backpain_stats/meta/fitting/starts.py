"""Starting points of the bivariate model: moments of corrected logits."""

from __future__ import annotations

import numpy as np

from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.likelihood.normal import Logits
from backpain_stats.meta.likelihood.parameters import root_from_sds

# A ridge of this share of the studies' number keeps a data set solvable whose arms do
# not span the design; it moves a start, never a maximum.
_RIDGE = 1e-8
# A start keeps this share of the observed variance (an SD of a third of it), and never
# less than an SD of 0.03: at 0 the likelihood has no slope to leave by.
_SMALLEST_SHARE, _SMALLEST_VARIANCE = 1 / 9, 1e-3
# The maximum of a small data set is often near a correlation of +-1, and likelihoods
# with two maxima have them at either end.
_MORE_CORRELATIONS = (-0.8, 0.8)
_LARGEST_CORRELATION = 0.9


def moment_start(logits: Logits, designs: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return least squares coefficients and a moment estimate of the covariance root.

    The covariance is that of the residuals with the mean within-study variance taken
    off, but at least a ninth of what it was, and its correlation at most 0.9.

    Parameters
    ----------
    logits : Logits
        Of shape (data sets, studies, 2), zero cells corrected.
    designs : tuple of two ndarray

    Returns
    -------
    coefficients : ndarray of shape (data sets, p1 + p2)
    root : ndarray of shape (data sets, 3)
    """
    coefficients, residuals, variances = [], [], []
    for outcome, design in enumerate(designs):
        effects, present = logits.effects[..., outcome], logits.present[..., outcome]
        count = present.sum(axis=1)
        weighted = design.T * present[:, None, :]
        information = weighted @ design
        information += _RIDGE * np.eye(design.shape[1]) * (1 + count[:, None, None])
        solution = np.linalg.solve(information, weighted @ effects[..., None])[..., 0]
        residual = np.where(present, effects - solution @ design.T, 0.0)
        total = (residual * residual).sum(axis=1) / np.maximum(count - design.shape[1], 1)
        within = np.where(present, logits.variances[..., outcome], 0.0).sum(axis=1)
        within = within / np.maximum(count, 1)
        coefficients.append(solution)
        residuals.append(residual)
        variances.append(np.maximum(total - within, total * _SMALLEST_SHARE) + _SMALLEST_VARIANCE)
    freedom = np.maximum(logits.present.all(axis=-1).sum(axis=1) - 1, 1)
    cross = (residuals[0] * residuals[1]).sum(axis=1) / freedom
    correlation = cross / np.sqrt(variances[0] * variances[1])
    correlation = np.clip(correlation, -_LARGEST_CORRELATION, _LARGEST_CORRELATION)
    root = root_from_sds(np.sqrt(variances[0]), np.sqrt(variances[1]), correlation)
    return np.concatenate(coefficients, axis=1), root


def more_roots(root: Floats) -> Floats:
    """Return a (3, 3) array of roots: the one given and two of strong correlation."""
    sd1, sd2 = abs(root[0]), np.hypot(root[1], root[2])
    return np.concatenate([root[None], root_from_sds(sd1, sd2, np.array(_MORE_CORRELATIONS))])
