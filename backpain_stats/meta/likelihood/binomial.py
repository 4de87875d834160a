"""The exact bivariate likelihood of Chu and Cole, its gradient and its Hessian.

Within study ``i`` the true positives are Binomial(cases, sensitivity) and the true
negatives Binomial(non-cases, specificity); the two logits are bivariate normal
between studies (Chu and Cole 2006, https://doi.org/10.1016/j.jclinepi.2006.06.011).
Nothing is approximated but the integral over the two random effects, and that by
adaptive Gauss-Hermite quadrature (:mod:`backpain_stats.meta.likelihood.quadrature`).

:func:`marginal` is the one function to call. It works on any number of studies
and any number of parameter vectors at once: everything broadcasts, so the
likelihood of 5000 posterior draws on 14 studies is one call,

>>> arms = Arms.from_counts(np.array([[10, 2, 3, 40], [7, 0, 1, 22]]))
>>> draws = np.random.default_rng(1).normal(size=(5000, 5)) * 0.1 + [1, 2, 0.5, 0, 0.5]
>>> means, root = draws[:, None, :2], draws[:, None, 2:]
>>> marginal(arms, means[..., 0], means[..., 1], root, nodes=9).value.shape
(5000, 2)

and summing over the last axis gives one log likelihood a draw. The five parameters
of a study are its two mean logits (sensitivity, specificity) and ``l11, l21, l22``,
the lower-triangular root of the between-study covariance
(:mod:`backpain_stats.meta.likelihood.parameters` translates to standard deviations and
correlation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.likelihood.integrand import ChunkOfStudies, IntegrandPoints
from backpain_stats.meta.likelihood.quadrature import find_mode, gauss_hermite
from backpain_stats.tables import stirling_error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


# Studies times nodes held in memory at once: small enough for the processor's cache,
# large enough that numpy's overhead a call does not count.
_POINTS_AT_ONCE = 40_000
# Second derivatives come from posterior moments, which fewer nodes do not give.
_FEWEST_NODES_FOR_HESSIAN = 5


def _saturated(successes: Floats, failures: Floats) -> Floats:
    """Return the binomial log probability of the counts at their own proportion.

    Stirling's leading terms cancel analytically, so that counts of any size lose
    nothing: log Bin(y; n, y/n) = e(n) - e(y) - e(n - y) + log(n / (2 pi y (n - y))) / 2.
    """
    inside = (successes > 0) & (failures > 0)
    y, f = np.where(inside, successes, 1.0), np.where(inside, failures, 1.0)
    n = y + f
    value = stirling_error(n) - stirling_error(y) - stirling_error(f)
    value += 0.5 * (np.log(n / y / f) - np.log(2 * np.pi))
    return np.where(inside, value, 0.0)


@dataclass(frozen=True, slots=True)
class Arms:
    """The counts of many studies, ready for the likelihood.

    Parameters
    ----------
    successes, failures : tuple of two ndarray
        Events and non-events of the cases (``tp``, ``fn``) and of the non-cases
        (``tn``, ``fp``). Any shape, studies last; leading axes are data sets.
    saturated : ndarray
        Log probability of each study's counts at its own two proportions.
    """

    successes: tuple[Floats, Floats]
    failures: tuple[Floats, Floats]
    saturated: Floats

    @classmethod
    def from_counts(cls, counts: ArrayLike) -> Arms:
        """Build from counts of shape (..., studies, 4), ordered tp, fp, fn, tn.

        Examples
        --------
        >>> Arms.from_counts([[10, 2, 3, 40]]).failures[0]
        array([3.])
        """
        tp, fp, fn, tn = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
        return cls((tp, tn), (fn, fp), _saturated(tp, fn) + _saturated(tn, fp))

    def counts(self) -> Floats:
        """Return the counts again, shape (..., studies, 4)."""
        (tp, tn), (fn, fp) = self.successes, self.failures
        return np.stack([tp, fp, fn, tn], axis=-1)

    def of_data_sets(self, rows: Rows) -> Arms:
        """Return the data sets ``rows`` of a batch; a single one serves all rows."""
        if len(self.saturated) == 1:
            return self
        (y1, y2), (f1, f2) = self.successes, self.failures
        return Arms((y1[rows], y2[rows]), (f1[rows], f2[rows]), self.saturated[rows])

    def exchanged(self) -> Arms:
        """Return the same counts with the two arms exchanged."""
        (y1, y2), (f1, f2) = self.successes, self.failures
        return Arms((y2, y1), (f2, f1), self.saturated)


@dataclass(frozen=True, slots=True)
class Marginal:
    """Marginal log likelihoods a study, and their derivatives.

    Parameters
    ----------
    value : ndarray of shape (...)
        Log likelihood, binomial coefficients included.
    gradient : ndarray of shape (..., 5)
        By the study's mean logits and by ``l11, l21, l22``: the exact derivative of
        the quadrature's value, the nodes' own movement included. Last
        axis of length 0 unless asked for.
    hessian : ndarray of shape (..., 5, 5)
        Second derivatives of the exact integral by Louis' identity, from posterior
        moments by at least 5 x 5 nodes. Last axes of length 0 unless asked for.
    mode : ndarray of shape (..., 2)
        Modes of the integrands: a warm start for the next call nearby.
    """

    value: Floats
    gradient: Floats
    hessian: Floats
    mode: Floats


def marginal(
    arms: Arms,
    mean_sensitivity: ArrayLike,
    mean_specificity: ArrayLike,
    root: ArrayLike,
    *,
    nodes: int = 9,
    order: int = 0,
    start: Floats | None = None,
) -> Marginal:
    r"""Marginal log likelihood of each study under the exact bivariate model.

    .. math:: \log \int \mathrm{Bin}(tp; n_1, \mathrm{expit}\,\eta_1)
       \mathrm{Bin}(tn; n_2, \mathrm{expit}\,\eta_2)\, \phi(b_1) \phi(b_2)\, db,
       \quad \eta_1 = m_1 + l_{11} b_1, \; \eta_2 = m_2 + l_{21} b_1 + l_{22} b_2

    Parameters
    ----------
    arms : Arms
        The counts, of shape (..., studies).
    mean_sensitivity, mean_specificity : array_like
        Mean logits ``m1, m2``; broadcast against the counts.
    root : array_like of shape (..., 3)
        ``l11, l21, l22``; the leading axes broadcast against the counts.
    nodes : int, optional
        Quadrature nodes an axis; 1 is the Laplace approximation.
    order : {0, 1, 2}, optional
        0: value only; 1: gradient too; 2: Hessian too.
    start : ndarray of shape (..., 2), optional
        Modes of an earlier call.

    Returns
    -------
    Marginal

    Raises
    ------
    ArgumentError
        If ``nodes`` is not a whole number from 1 to 101.

    Examples
    --------
    Without random effects it is the product of two binomials.

    >>> from scipy.stats import binom
    >>> arms = Arms.from_counts([[8, 5, 2, 15]])
    >>> value = marginal(arms, 0.0, 1.0, [0, 0, 0]).value[0]
    >>> p = 1 / (1 + np.exp(-1.0))
    >>> bool(np.isclose(value, binom.logpmf(8, 10, 0.5) + binom.logpmf(15, 20, p)))
    True
    """
    cholesky = np.asarray(root, dtype=np.float64)
    arrays = [*arms.successes, *arms.failures, arms.saturated]
    arrays += [np.asarray(mean_sensitivity, dtype=np.float64)]
    arrays += [np.asarray(mean_specificity, dtype=np.float64)]
    arrays += [cholesky[..., 0], cholesky[..., 1], cholesky[..., 2]]
    shape = np.broadcast_shapes(*(one.shape for one in arrays))
    flat = [np.broadcast_to(one, shape).ravel() for one in arrays]
    modes = np.zeros((*shape, 2)) if start is None else np.broadcast_to(start, (*shape, 2))
    flat += [modes[..., 0].ravel(), modes[..., 1].ravel()]
    size = flat[0].size
    value, mode = np.empty(size), np.empty((size, 2))
    width, depth = 5 if order >= 1 else 0, 5 if order >= 2 else 0
    gradient, hessian = np.empty((size, width)), np.empty((size, depth, depth))
    rule = gauss_hermite(nodes)
    fine = gauss_hermite(max(nodes, _FEWEST_NODES_FOR_HESSIAN))
    chunk = max(1, _POINTS_AT_ONCE // len(fine[0] if order >= 2 else rule[0]) ** 2)
    for first in range(0, size, chunk):
        part = slice(first, first + chunk)
        y1, y2, f1, f2, saturated, m1, m2, l11, l21, l22, b1, b2 = (one[part] for one in flat)
        study = ChunkOfStudies((y1, y2), (f1, f2), saturated, (m1, m2), (l11, l21, l22))
        found = find_mode(study.successes, study.failures, study.means, study.root, (b1, b2))
        mode[part, 0], mode[part, 1] = found.b1, found.b2
        points = IntegrandPoints(study, found, rule, order)
        value[part] = points.value()
        if order >= 1:
            gradient[part] = points.gradient()
        if order >= 2:
            if fine is not rule:
                points = IntegrandPoints(study, found, fine, order)
            hessian[part] = points.hessian()
    return Marginal(
        value.reshape(shape),
        gradient.reshape(*shape, width),
        hessian.reshape(*shape, depth, depth),
        mode.reshape(*shape, 2),
    )


def random_effects(
    arms: Arms, mean_sensitivity: Floats, mean_specificity: Floats, root: Floats, *, nodes: int = 21
) -> tuple[Floats, Floats]:
    """Return the conditional mean and covariance of each study's random effects (b1, b2).

    Given the counts and the parameters, by the quadrature of :func:`marginal`: moments of
    the normalised integrand, not its mode.

    Parameters
    ----------
    arms : Arms
        Counts of shape (k,).
    mean_sensitivity, mean_specificity : ndarray of shape (k,)
    root : ndarray of shape (3,)
    nodes : int, optional

    Returns
    -------
    mean : ndarray of shape (k, 2)
    covariance : ndarray of shape (k, 2, 2)

    Examples
    --------
    Large studies leave nothing to the prior: the conditional mean is what was observed.

    >>> arms = Arms.from_counts([[8000, 500, 2000, 1500]])
    >>> mean, _ = random_effects(arms, np.zeros(1), np.zeros(1), np.array([1.0, 0.0, 1.0]))
    >>> mean.round(2), np.log([8000 / 2000, 1500 / 500]).round(2)
    (array([[1.39, 1.1 ]]), array([1.39, 1.1 ]))
    """
    k = arms.saturated.shape[-1]
    entries = tuple(np.full(k, entry) for entry in np.asarray(root, dtype=np.float64))
    roots = (entries[0], entries[1], entries[2])
    means = (np.broadcast_to(mean_sensitivity, k), np.broadcast_to(mean_specificity, k))
    study = ChunkOfStudies(arms.successes, arms.failures, arms.saturated, means, roots)
    nothing = (np.zeros(k), np.zeros(k))
    mode = find_mode(study.successes, study.failures, study.means, study.root, nothing)
    return IntegrandPoints(study, mode, gauss_hermite(nodes), 1).effects()
