r"""Binomial counts whose logits vary by themselves, beyond the random effects of their study.

.. math:: \ell(\eta, \tau) = \log \int \mathrm{Bin}(y; n, \mathrm{expit}(\eta + \tau z))
   \, \phi(z)\, dz

for each row, by adaptive Gauss-Hermite quadrature in one dimension. The rows of a study are
independent given its own random effects, so this inner integral costs one dimension, whatever the
number of tests.

The standard deviations :math:`\tau` are linear predictors of their own: a study with ``m`` rows
has ``2m`` predictors, first the logits, then the :math:`\tau`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, log_expit

from backpain_stats.meta.designs.binomial_rows import log_binomial_coefficients
from backpain_stats.meta.designs.integral import Derivatives
from backpain_stats.meta.likelihood.quadrature import gauss_hermite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["OverdispersedRows"]

# The nodes need not be at the mode exactly: they move with the logit anyway.
_NEWTON_STEPS = 5


class _Inner(NamedTuple):
    """Nodes ``z`` of the inner integral and their normalised weights, node axis first."""

    z: Floats
    weight: Floats
    value: Floats
    residual: Floats
    binomial_weight: Floats
    skew: Floats


@dataclass(frozen=True, slots=True)
class OverdispersedRows:
    """Counts of shape (n, m), for linear predictors of shape (..., n, 2m).

    Parameters
    ----------
    successes, failures : ndarray of shape (n, m)
    coefficients : ndarray of shape (n, m)
        Logs of the binomial coefficients.
    nodes : int
        Of the inner integral.
    """

    successes: Floats
    failures: Floats
    coefficients: Floats
    nodes: int

    @classmethod
    def from_counts(cls, successes: Floats, failures: Floats, nodes: int = 15) -> OverdispersedRows:
        """Build from counts.

        Examples
        --------
        Without variation it is the binomial.

        >>> rows = OverdispersedRows.from_counts(np.array([[2.0]]), np.array([[3.0]]))
        >>> value, _ = rows.slope(np.array([[0.0, 0.0]]))
        >>> bool(np.isclose(np.exp(value[0]), 10 / 2**5))
        True
        """
        logs = log_binomial_coefficients(successes, failures)
        return cls(successes, failures, logs, nodes)

    def _inner(self, eta: Floats, bends: bool) -> _Inner:
        """Place the nodes by damped Newton steps and evaluate the integrand there."""
        rows = self.successes.shape[-1]
        logit, tau = eta[..., :rows], eta[..., rows:]
        total = self.successes + self.failures
        z = np.zeros_like(logit)
        for _ in range(_NEWTON_STEPS):
            p = expit(logit + tau * z)
            curvature = 1 + tau * tau * total * p * (1 - p)
            step = (tau * (self.successes - total * p) - z) / curvature
            # a step shortened so cannot overshoot: the likelihood is logistic
            size = np.abs(tau * step)
            z += step * np.where(size > 1e-8, np.log1p(size) / np.maximum(size, 1e-8), 1.0)
        x = logit + tau * z
        p = expit(x)
        spread = 1 / np.sqrt(1 + tau * tau * total * p * (1 - p))
        points, weights = gauss_hermite(self.nodes)
        column = (-1,) + (1,) * logit.ndim
        nodes = z + np.sqrt(2.0) * spread * points.reshape(column)
        x = logit + tau * nodes
        terms = total * log_expit(x) - self.failures * x - 0.5 * nodes * nodes
        terms += np.log(weights).reshape(column)
        top = terms.max(axis=0)
        weight = np.exp(terms - top)
        mass = weight.sum(axis=0)
        value = top + np.log(mass * spread) - 0.5 * np.log(np.pi) + self.coefficients
        p = expit(x)
        binomial_weight = total * p * (1 - p) if bends else p
        skew = binomial_weight * (1 - 2 * p) if bends else p
        residual = self.successes - total * p
        return _Inner(nodes, weight / mass, value, residual, binomial_weight, skew)

    def slope(self, eta: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood (..., n) and its gradient (..., n, 2m)."""
        at = self._inner(eta, bends=False)
        weighted = at.weight * at.residual
        gradient = np.concatenate([weighted.sum(axis=0), (weighted * at.z).sum(axis=0)], axis=-1)
        return at.value.sum(axis=-1), gradient

    def derivatives(self, eta: Floats) -> Derivatives:
        """Return value, gradient and Hessian; second derivatives by the SDs are left at 0.

        The SDs are not random, so that nothing asks for those.
        """
        at = self._inner(eta, bends=True)
        first = at.weight * at.residual
        second = at.weight * (at.residual**2 - at.binomial_weight)
        m1, c1 = first.sum(axis=0), (first * at.z).sum(axis=0)
        m2, c2 = second.sum(axis=0), (second * at.z).sum(axis=0)
        rows = m1.shape[-1]
        hessian = np.zeros((*m1.shape[:-1], 2 * rows, 2 * rows))
        here = np.arange(rows)
        hessian[..., here, here] = m2 - m1 * m1
        hessian[..., here, rows + here] = hessian[..., rows + here, here] = c2 - m1 * c1
        return Derivatives(at.value.sum(axis=-1), np.concatenate([m1, c1], axis=-1), hessian)

    def third(self, eta: Floats, matrix: Floats) -> Floats:
        """Return third derivatives contracted with a matrix that is 0 for the SDs."""
        at = self._inner(eta, bends=True)
        r, w = at.residual, at.binomial_weight
        powers = (r, r**2 - w, r**3 - 3 * r * w - at.skew)
        m1, m2, m3 = ((at.weight * power).sum(axis=0) for power in powers)
        c1, c2, c3 = ((at.weight * power * at.z).sum(axis=0) for power in powers)
        by_logit = m3 - 3 * m1 * m2 + 2 * m1**3
        by_tau = c3 - m2 * c1 - 2 * m1 * (c2 - m1 * c1)
        rows = m1.shape[-1]
        diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)[..., :rows]
        contracted: Floats = np.concatenate([by_logit * diagonal, by_tau * diagonal], axis=-1)
        return contracted
