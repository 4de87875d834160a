r"""The log likelihood of patients counted between thresholds: an ordered multinomial.

On a scale ``g`` the values of a group of patients (cases, or non-cases) are logistic with location
:math:`\mu` and slope :math:`b = e^\lambda` (the scale is :math:`1/b`):

.. math:: P(X > c_k) = \mathrm{expit}(z_k), \qquad z_k = b\,(\mu - g_k).

With :math:`m_k` patients between thresholds ``k`` and ``k + 1`` (``k = 0, ..., K``) the
multinomial log likelihood is

.. math:: \ell = \sum_{k=1}^K \{ m_k \log\mathrm{expit}(z_k)
   + m_{k-1} \log\mathrm{expit}(-z_k) \}
   + \sum_{k=1}^{K-1} m_k \log\{1 - e^{-b\,(g_{k+1} - g_k)}\}

apart from its coefficient: each threshold is like a binomial row, and only the last sum, which
does not depend on the location, is not. With one threshold it is the binomial.

It is computed in :math:`(A, b)`, with :math:`z_k = A - b g_k`, where it is concave, and carried
over to :math:`(\mu, \lambda)` with :math:`A = b\mu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gammaln

from backpain_stats.meta.designs.integral import Derivatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["OrderedGroup", "OrderedRows"]

# Beyond this a log slope is a step of an iteration that will be taken back: exp() of three times
# as much, as third derivatives have it, overflows.
_STEEPEST = 50.0


class _Terms(NamedTuple):
    """What all orders of derivatives are made of, each of shape (..., rows).

    Exponentials are taken once, and by numpy, which takes many at a time. ``small`` is
    :math:`e^{-|z|}` and ``rest`` is :math:`1 - e^{-b (g_{k+1} - g_k)}`.
    """

    b: Floats
    z: Floats
    small: Floats
    rest: Floats

    @property
    def expit(self) -> Floats:
        """P(X > c)."""
        above: Floats = np.where(self.z > 0, 1.0, self.small) / (1 + self.small)
        return above

    @property
    def weight(self) -> Floats:
        """P(X > c) times P(X < c)."""
        weight: Floats = self.small / (1 + self.small) ** 2
        return weight


@dataclass(frozen=True, slots=True)
class OrderedGroup:
    """One group of patients in every study, rows of a study adjacent.

    Parameters
    ----------
    study : ndarray of int, shape (rows,)
    starts : ndarray of int, shape (n,)
        First row of each study.
    place : ndarray of shape (rows,)
        Thresholds ``g_k``, rising within a study.
    above, below : ndarray of shape (rows,)
        Patients between the row's threshold and the next, and between it and the one before.
    step : ndarray of shape (rows,)
        ``g_{k+1} - g_k``; 1 in the last row of a study, where ``inside`` is 0.
    inside : ndarray of shape (rows,)
        ``above`` where there is a next threshold, else 0.
    coefficients : ndarray of shape (n,)
        Logs of the multinomial coefficients.
    """

    study: NDArray[np.intp]
    starts: NDArray[np.intp]
    place: Floats
    above: Floats
    below: Floats
    step: Floats
    inside: Floats
    coefficients: Floats

    @classmethod
    def from_counts(
        cls,
        study: NDArray[np.intp],
        place: Floats,
        positives: NDArray[np.int64],
        negatives: NDArray[np.int64],
    ) -> OrderedGroup:
        """Build from positive and negative results at each threshold.

        Examples
        --------
        >>> group = OrderedGroup.from_counts(np.array([0, 0, 1]), np.array([1.0, 2.0, 1.5]),
        ...                                  np.array([7, 4, 5]), np.array([3, 6, 5]))
        >>> group.above, group.below
        (array([3., 4., 5.]), array([3., 3., 5.]))
        """
        studies = np.arange(int(study[-1]) + 1)
        starts = np.searchsorted(study, studies)
        first = np.isin(np.arange(len(study)), starts)
        last = np.append(first[1:], True)
        positive, negative = positives.astype(np.float64), negatives.astype(np.float64)
        above = positive - np.where(last, 0.0, np.append(positive[1:], 0.0))
        below = negative - np.where(first, 0.0, np.append(0.0, negative[:-1]))
        step = np.where(last, 1.0, np.append(np.diff(place), 1.0))
        cells = gammaln(above + 1) + np.where(first, gammaln(below + 1), 0.0)
        total = (positive + negative)[starts]
        coefficients = gammaln(total + 1) - np.add.reduceat(cells, starts)
        inside = np.where(last, 0.0, above)
        return cls(study, starts, place, above, below, step, inside, coefficients)

    def _sum(self, rows: Floats) -> Floats:
        return np.add.reduceat(rows, self.starts, axis=-1)

    def _terms(self, mu: Floats, slope: Floats) -> _Terms:
        b = slope[..., self.study]
        z = b * (mu[..., self.study] - self.place)
        return _Terms(b, z, np.exp(-np.abs(z)), -np.expm1(-b * self.step))

    def value(self, mu: Floats, slope: Floats) -> Floats:
        """Return the log likelihood alone, shape (..., n)."""
        return self._value(self._terms(mu, slope))

    def _value(self, terms: _Terms) -> Floats:
        rows = np.minimum(terms.z, 0.0)
        rows -= np.log1p(terms.small)
        rows *= self.above + self.below
        rows -= self.below * terms.z
        rows += self.inside * np.log(terms.rest)
        return self._sum(rows) + self.coefficients

    def slope(self, mu: Floats, slope: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the log likelihood and its derivatives by ``A`` and ``b``, each (..., n)."""
        return self._slope(self._terms(mu, slope))

    def _slope(self, terms: _Terms) -> tuple[Floats, Floats, Floats]:
        residual = self.above - (self.above + self.below) * terms.expit
        by_b = self.inside * self.step * (1 - terms.rest) / terms.rest - residual * self.place
        return self._value(terms), self._sum(residual), self._sum(by_b)

    def second(self, mu: Floats, slope: Floats) -> tuple[Floats, ...]:
        """Return the value and the derivatives A, b, AA, Ab, bb, each (..., n)."""
        terms = self._terms(mu, slope)
        weight = (self.above + self.below) * terms.weight
        # e^gap / (e^gap - 1)^2, written so that nothing overflows
        between = self.inside * self.step**2 * (1 - terms.rest) / terms.rest**2
        cross = weight * self.place
        rows = (-weight, cross, -cross * self.place - between)
        return *self._slope(terms), *(self._sum(row) for row in rows)

    def third(self, mu: Floats, slope: Floats) -> tuple[Floats, ...]:
        """Return the derivatives AAA, AAb, Abb, bbb, each (..., n)."""
        terms, g = self._terms(mu, slope), self.place
        bend = (self.above + self.below) * terms.weight * (1 - 2 * terms.expit)
        left = 1 - terms.rest
        between = self.inside * self.step**3 * left * (1 + left) / terms.rest**3
        rows = (-bend, bend * g, -bend * g * g, bend * g**3 + between)
        return tuple(self._sum(row) for row in rows)


def _slope_of(log_slope: Floats) -> Floats:
    slope: Floats = np.exp(np.clip(log_slope, -_STEEPEST, _STEEPEST))
    return slope


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """Cases and non-cases: linear predictors of shape (..., n, 4) are mu, lambda of each group."""

    groups: tuple[OrderedGroup, OrderedGroup]

    def value(self, eta: Floats) -> Floats:
        """Return the log likelihood alone, shape (..., n)."""
        cases, noncases = self.groups
        total: Floats = cases.value(eta[..., 0], _slope_of(eta[..., 1]))
        total += noncases.value(eta[..., 2], _slope_of(eta[..., 3]))
        return total

    def slope(self, eta: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood (..., n) and its gradient (..., n, 4)."""
        value = np.zeros(eta.shape[:-1])
        gradient = np.empty_like(eta)
        for first, group in zip((0, 2), self.groups, strict=True):
            mu, b = eta[..., first], _slope_of(eta[..., first + 1])
            own, by_a, by_b = group.slope(mu, b)
            value += own
            gradient[..., first] = b * by_a
            gradient[..., first + 1] = b * (mu * by_a + by_b)
        return value, gradient

    def derivatives(self, eta: Floats) -> Derivatives:
        """Return value, gradient and Hessian; the two groups are independent."""
        value = np.zeros(eta.shape[:-1])
        gradient, hessian = np.empty_like(eta), np.zeros((*eta.shape, 4))
        for first, group in zip((0, 2), self.groups, strict=True):
            mu, b = eta[..., first], _slope_of(eta[..., first + 1])
            own, by_a, by_b, aa, ab, bb = group.second(mu, b)
            a = b * mu
            value += own
            gradient[..., first], gradient[..., first + 1] = b * by_a, a * by_a + b * by_b
            hessian[..., first, first] = b * b * aa
            cross = gradient[..., first] + b * (a * aa + b * ab)
            hessian[..., first, first + 1] = hessian[..., first + 1, first] = cross
            square = a * a * aa + 2 * a * b * ab + b * b * bb
            hessian[..., first + 1, first + 1] = gradient[..., first + 1] + square
        return Derivatives(value, gradient, hessian)

    def third(self, eta: Floats, matrix: Floats) -> Floats:
        """Return the third derivatives contracted with a symmetric matrix."""
        _, gradient = self.slope(eta)
        contracted = np.empty_like(eta)
        for first, group in zip((0, 2), self.groups, strict=True):
            mu, b = eta[..., first], _slope_of(eta[..., first + 1])
            aa, ab, bb = group.second(mu, b)[3:]
            aaa, aab, abb, bbb = group.third(mu, b)
            a = b * mu
            along = a * aa + b * ab
            square = a * along + b * (a * ab + b * bb)
            cubic = a * a * aaa + 2 * a * b * aab + b * b * abb
            mmm = b**3 * aaa
            mml = b * b * (2 * aa + a * aaa + b * aab)
            mll = gradient[..., first] + b * (3 * along + cubic)
            lll = gradient[..., first + 1] + 3 * square
            lll += a**3 * aaa + 3 * a * a * b * aab + 3 * a * b * b * abb + b**3 * bbb
            p11 = matrix[..., first, first]
            p12 = matrix[..., first, first + 1]
            p22 = matrix[..., first + 1, first + 1]
            contracted[..., first] = mmm * p11 + 2 * mml * p12 + mll * p22
            contracted[..., first + 1] = mml * p11 + 2 * mll * p12 + lll * p22
        return contracted
