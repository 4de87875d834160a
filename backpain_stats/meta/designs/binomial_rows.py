"""The log likelihood of studies that are rows of independent binomial counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, expit, log_expit

from backpain_stats.meta.designs.integral import Derivatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["BinomialRows", "log_binomial_coefficients"]


def log_binomial_coefficients(successes: Floats, failures: Floats) -> Floats:
    """Return the logs of the binomial coefficients.

    Examples
    --------
    >>> np.exp(log_binomial_coefficients(np.array([2.0, 0.0]), np.array([3.0, 0.0]))).round(12)
    array([10.,  1.])
    """
    total = successes + failures
    coefficients: Floats = -np.log1p(total) - betaln(successes + 1, failures + 1)
    return coefficients


@dataclass(frozen=True, slots=True)
class BinomialRows:
    r"""Counts :math:`y_{r} \sim \mathrm{Bin}(y_r + f_r, \mathrm{expit}\,\eta_r)` in each study.

    Parameters
    ----------
    successes, failures : ndarray of shape (n, m)
        A row without patients has two zeros and says nothing.
    coefficients : ndarray of shape (n,)
        Logs of the binomial coefficients, summed over the rows of a study.
    """

    successes: Floats
    failures: Floats
    coefficients: Floats

    @classmethod
    def from_counts(cls, successes: Floats, failures: Floats) -> BinomialRows:
        """Build from counts of shape (n, m).

        Examples
        --------
        >>> rows = BinomialRows.from_counts(np.array([[2.0, 1.0]]), np.array([[3.0, 0.0]]))
        >>> bool(np.isclose(np.exp(rows.slope(np.zeros((1, 2)))[0][0]), 10 / 2**6))
        True
        """
        logs = log_binomial_coefficients(successes, failures)
        return cls(successes, failures, logs.sum(axis=1))

    def slope(self, eta: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood (..., n) and its gradient (..., n, m)."""
        p = expit(eta)
        # log(1 - p) = log(p) - eta loses nothing: the two have the same size where it matters
        logs = log_expit(eta)
        total = self.successes + self.failures
        value = (total * logs - self.failures * eta).sum(axis=-1) + self.coefficients
        return value, self.successes - total * p

    def derivatives(self, eta: Floats) -> Derivatives:
        """Return value, gradient and Hessian; the Hessian is diagonal."""
        value, gradient = self.slope(eta)
        weight = (self.successes + self.failures) * expit(eta) * expit(-eta)
        return Derivatives(value, gradient, -weight[..., None] * np.eye(eta.shape[-1]))

    def third(self, eta: Floats, matrix: Floats) -> Floats:
        """Return the third derivatives contracted with a symmetric matrix."""
        p, q = expit(eta), expit(-eta)
        bend = -(self.successes + self.failures) * p * q * (q - p)
        contracted: Floats = bend * np.diagonal(matrix, axis1=-2, axis2=-1)
        return contracted
