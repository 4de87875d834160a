r"""What a few cohorts say of an average practice and of a new one, exactly.

Cohort :math:`i` counts :math:`x_{ia}` of :math:`n_{ia}` in each arm :math:`a` (cases with the
flag; non-cases without it; or, for a prevalence, the cases themselves), binomial with a
probability whose logit is :math:`y_{ia}`. The logits vary between the practices of one setting
and the settings of one flag:

.. math::
   y_i \mid m_{s(i)} \sim N(m_{s(i)}, \Sigma), \qquad
   m_s \mid \mu \sim N(\mu, \kappa^2 \Sigma), \qquad
   \mu_a \sim N(\mu_{0a}, \sigma_a^2),

with a prior on :math:`\Sigma` and :math:`\kappa`. Given :math:`\Sigma`, :math:`\kappa` and the
:math:`y`, everything else is normal and is integrated out by algebra. The rest is drawn by
importance sampling: the :math:`y_{ia}` from a normal near the cohort's own counts,
:math:`\Sigma` and :math:`\kappa` from their prior first, and then from a normal fitted to the
draws before, each draw weighted by what the model says of it. Part of every round stays with
the first proposal. Made for the few cohorts that most flags have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import digamma, gammaln, log_expit, logsumexp, ndtri, polygamma

from backpain_stats.sampling import Seed, generator, quasi_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Arm", "SettingDraws", "SpreadPrior", "sample_setting"]

FIRST_ROUND = 4096
NEXT_ROUND = 8192
MOST_ROUNDS = 4
# Drawn from the prior in every round; bounds the weights.
PRIOR_SHARE = 0.15
# Relative variance below which nothing is left of a matrix, above that of double precision.
ROUNDING = 1e-12
# How much wider than the draws before a fitted proposal is: too wide costs little, too narrow
# much.
WIDER = 1.3


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """What one cohort says of one proportion.

    Parameters
    ----------
    cohort, outcome, setting : int
        Which cohort, which proportion (0 sensitivity, 1 specificity) and which setting, each
        counted from 0. Arms of one cohort share their practice.
    successes, failures : numpy.ndarray of shape (tables,)
        The counts, one a table that fits what was printed; arms of one cohort list the same
        tables in the same order.
    """

    cohort: int
    outcome: int
    setting: int
    successes: NDArray[np.int64]
    failures: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SpreadPrior:
    r"""The prior of the means and of how practices and settings differ.

    Parameters
    ----------
    location, scale : numpy.ndarray of shape (outcomes,)
        Of the normal prior of the mean logits.
    covariance : callable
        Maps standard normal numbers of shape (draws, dimensions) to draws of
        :math:`\Sigma`, (draws, outcomes, outcomes).
    dimensions : int
        How many it takes.
    setting_ratio : float
        Scale of the half-normal prior of :math:`\kappa`; 0 takes settings as alike.
    """

    location: Floats
    scale: Floats
    covariance: Callable[[Floats], Floats]
    dimensions: int
    setting_ratio: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SettingDraws:
    r"""Weighted draws about one setting.

    Parameters
    ----------
    means : numpy.ndarray of shape (draws, outcomes)
        Mean logits of its practices.
    covariance : numpy.ndarray of shape (draws, outcomes, outcomes)
        How far the logits of a new practice lie from that mean: :math:`\Sigma`; where no
        setting was named, that of a new practice in a new setting,
        :math:`(1 + \kappa^2) \Sigma`.
    log_weights : numpy.ndarray of shape (draws,)
        Not normalised; the log of their mean is that of the prior-averaged likelihood, but
        for a constant.
    """

    means: Floats
    covariance: Floats
    log_weights: Floats

    @property
    def effective_size(self) -> float:
        """Effective number of draws, one over the sum of the squared normalised weights."""
        weights = np.exp(self.log_weights - logsumexp(self.log_weights))
        return float(1 / (weights @ weights))


class _Drawn(NamedTuple):
    """What one round has drawn: the spread, the cohorts' logits, and numbers for the mean."""

    covariance: Floats
    ratio: Floats
    own: Floats
    normal: Floats


def sample_setting(
    arms: Sequence[Arm],
    setting: int | None,
    prior: SpreadPrior,
    *,
    effective_size: float = 2000,
    seed: Seed = None,
) -> SettingDraws:
    """Draw the mean of a setting and what a new practice adds; see the module's documentation.

    Parameters
    ----------
    arms : sequence of Arm
        One or more.
    setting : int or None
        The setting asked for, or None for the mean of all settings.
    prior : SpreadPrior
    effective_size : float
        Rounds are added until it is reached, at most four. Check what was reached.
    seed : int, Generator or None
        Same seed, same draws.

    Returns
    -------
    SettingDraws
    """
    rng = generator(seed)
    outcomes, cohorts = len(prior.location), 1 + max(arm.cohort for arm in arms)
    # With one setting there is nothing to tell its mean from that of all.
    several = len({arm.setting for arm in arms} | ({setting} - {None})) > 1
    spread = prior.dimensions + int(several and prior.setting_ratio > 0)
    points = np.empty((0, spread + len(arms)))
    rounds: list[tuple[Floats, Floats, Floats]] = []
    proposals: list[tuple[Floats, Floats]] = []
    log_weights = np.empty(0)
    for number in range(MOST_ROUNDS):
        draws = FIRST_ROUND if number == 0 else NEXT_ROUND
        uniform = quasi_uniform(draws, 1 + spread + len(arms) + outcomes + cohorts, rng)
        fresh, tables, rest = np.split(uniform, [1, 1 + cohorts], axis=1)
        normal, last = np.split(ndtri(rest), [spread + len(arms)], axis=1)
        if number:
            proposals.append(_fitted(points, log_weights))
            mean, root = proposals[-1]
            normal = np.where(fresh >= PRIOR_SHARE, mean + normal @ root.T, normal)
        points = np.concatenate([points, normal])
        covariance = prior.covariance(normal[:, : prior.dimensions])
        ratio = np.zeros(draws)
        if spread > prior.dimensions:
            ratio = prior.setting_ratio * np.abs(normal[:, prior.dimensions])
        own, correction = _draw_arms(arms, tables, normal[:, spread:])
        drawn = _Drawn(covariance, ratio, own, last)
        means, log_density = _means(arms, setting, prior, drawn)
        if setting is None:
            covariance = covariance * (1 + ratio**2)[:, None, None]
        rounds.append((means, covariance, correction + log_density))
        means, covariance, log_likelihood = (
            np.concatenate(part) for part in zip(*rounds, strict=True)
        )
        log_weights = log_likelihood + _prior_over_proposal(points, proposals)
        found = SettingDraws(means, covariance, log_weights)
        if found.effective_size >= effective_size:
            break
    return found


def _fitted(points: Floats, log_weights: Floats) -> tuple[Floats, Floats]:
    """Return mean and widened root of the normal fitted to weighted points."""
    weights = np.exp(log_weights - logsumexp(log_weights))
    mean = weights @ points
    centred = points - mean
    covariance = (centred.T * weights) @ centred
    # A first round may hold few points that count: never narrower than a tenth of the prior.
    values, vectors = np.linalg.eigh(covariance)
    return mean, WIDER * vectors * np.sqrt(np.maximum(values, 0.01))


def _prior_over_proposal(points: Floats, proposals: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Return log prior over log proposal, all rounds taken as one mixture."""
    if not proposals:
        return np.zeros(len(points))
    prior = -0.5 * np.sum(points**2, axis=1)
    total = FIRST_ROUND + NEXT_ROUND * len(proposals)
    from_prior = FIRST_ROUND + PRIOR_SHARE * NEXT_ROUND * len(proposals)
    parts = [prior + np.log(from_prior / total)]
    for mean, root in proposals:
        standard = np.linalg.solve(root, (points - mean).T)
        log_determinant = np.linalg.slogdet(root)[1]
        share = np.log((1 - PRIOR_SHARE) * NEXT_ROUND / total)
        parts.append(share - 0.5 * np.sum(standard**2, axis=0) - log_determinant)
    return np.asarray(prior - logsumexp(parts, axis=0), dtype=np.float64)


def _means(
    arms: Sequence[Arm], setting: int | None, prior: SpreadPrior, drawn: _Drawn
) -> tuple[Floats, Floats]:
    """Draw the mean given the spread and the cohorts' logits; return it with their log density."""
    covariance, ratio, own, normal = drawn
    outcome = np.array([arm.outcome for arm in arms])
    cohort = np.array([arm.cohort for arm in arms])
    place = np.array([arm.setting for arm in arms])
    of_mean = np.diag(prior.scale**2)[:, :, None]
    within = np.moveaxis(covariance, 0, -1)
    between = ratio**2 * within
    pairs = np.ix_(outcome, outcome)
    total = of_mean[pairs] + between[pairs] * (place[:, None] == place)[:, :, None]
    total += within[pairs] * (cohort[:, None] == cohort)[:, :, None]
    # How the mean that is asked for varies, by itself and with each cohort's logit.
    by_itself = of_mean + (0.0 if setting is None else between)
    with_own = of_mean[outcome] + between[outcome] * (place == setting)[:, None, None]
    residual = (own - prior.location[outcome]).T
    root = _cholesky(total)
    right = np.concatenate([residual[:, None], with_own], axis=1)
    solved = _forward(root, right)
    log_root = np.log(np.diagonal(root).T).sum(axis=0)
    distance = np.sum(solved[:, 0] ** 2, axis=0)
    log_density = -0.5 * distance - log_root - 0.5 * len(arms) * np.log(2 * np.pi)
    gain = solved[:, 1:]
    mean = prior.location[:, None] + np.einsum("dan,dn->an", gain, solved[:, 0])
    rest = _cholesky(by_itself - np.einsum("dan,dbn->abn", gain, gain))
    return (mean + np.einsum("abn,nb->an", rest, normal)).T, log_density


def _cholesky(matrices: Floats) -> Floats:
    """Return lower roots of many matrices at once, shape (d, d, draws)."""
    root = np.zeros_like(matrices)
    for column in range(len(matrices)):
        known = root[column:, :column]
        rest = matrices[column:, column] - np.einsum("ijn,jn->in", known, root[column, :column])
        # Cohorts without any spread between them are one: what is left of the second is rounding.
        diagonal = np.sqrt(np.maximum(rest[0], ROUNDING * matrices[column, column]))
        root[column, column] = diagonal
        # Where nothing varies, nothing varies with it.
        np.divide(rest[1:], diagonal, out=root[column + 1 :, column], where=diagonal > 0)
    return root


def _forward(root: Floats, right: Floats) -> Floats:
    """Solve ``root @ x = right`` for many lower roots; shapes (d, d, n), (d, columns, n)."""
    solved = np.empty(right.shape)
    for row in range(len(root)):
        rest = right[row] - np.einsum("jn,jcn->cn", root[row, :row], solved[:row])
        solved[row] = rest / root[row, row]
    return solved


def _draw_arms(arms: Sequence[Arm], tables: Floats, normal: Floats) -> tuple[Floats, Floats]:
    """Draw every cohort's logits near what it counted; return log likelihood over density, too."""
    own, log_ratio = np.empty(normal.shape), np.zeros(len(normal))
    for column, arm in enumerate(arms):
        table = (tables[:, arm.cohort] * len(arm.successes)).astype(int)
        x, rest = arm.successes.astype(float), arm.failures.astype(float)
        # Mean and SD of the logit under the Jeffreys posterior.
        centre = digamma(x + 0.5) - digamma(rest + 0.5)
        sd = WIDER * np.sqrt(polygamma(1, x + 0.5) + polygamma(1, rest + 0.5))
        score = normal[:, column]
        logit = centre[table] + sd[table] * score
        own[:, column] = logit
        ways = gammaln(x + rest + 1) - gammaln(x + 1) - gammaln(rest + 1)
        log_ratio += ways[table] + x[table] * log_expit(logit) + rest[table] * log_expit(-logit)
        log_ratio += 0.5 * score**2 + np.log(sd)[table] + 0.5 * np.log(2 * np.pi)
    return own, log_ratio
