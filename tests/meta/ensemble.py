"""A second sampler, as an oracle: emcee's ensemble with arviz-stats' diagnostics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backpain_stats.meta.arrays import Floats
from backpain_stats.sampling import Seed, generator

if TYPE_CHECKING:
    from backpain_stats.meta.bayes.importance import LogLikelihood


WALKERS = 40
WARM_UP = 400
BLOCK = 500
MOST_BLOCKS = 16
# Each walker is a chain, and each is short: m walkers that share ESS effective draws have an
# R-hat near sqrt(1 + m / ESS) when all is well, which is 1.05 at an ESS of 400.
WORST_R_HAT = 1.05


@dataclass(frozen=True, slots=True)
class ChainSample:
    """Equally weighted draws of several walkers, with their diagnostics.

    Parameters
    ----------
    points : numpy.ndarray of shape (draws, dimensions)
    effective_size : float
        The smallest bulk effective size of any coordinate.
    r_hat : float
        The largest rank-normalised R-hat of any coordinate, each walker a chain.
    """

    points: Floats
    effective_size: float
    r_hat: float


def sample_ensemble(
    log_likelihood: LogLikelihood,
    start: Floats,
    *,
    effective_size: float,
    seed: Seed = None,
) -> ChainSample:
    """Sample from likelihood times standard normal prior with emcee's differential evolution moves.

    Parameters
    ----------
    log_likelihood : callable
        Maps points of shape (n, dimensions) to n log likelihoods.
    start : numpy.ndarray of shape (walkers, dimensions)
        Where the walkers start; they must not lie in a plane.
    effective_size : float
        Blocks of 500 steps are added until it is reached with an R-hat below
        1.05, at most sixteen.
    seed : int, Generator or None

    Returns
    -------
    ChainSample
        Check its diagnostics: nothing is refused here.

    Raises
    ------
    MissingExtraError
        If emcee or arviz-stats is not installed (extra ``bayes``).
    """
    emcee = pytest.importorskip("emcee")
    diagnostics = pytest.importorskip("arviz_stats.base").array_stats

    def log_posterior(u: Floats) -> Floats:
        value = log_likelihood(u) - 0.5 * np.sum(u**2, axis=1)
        return np.where(np.isnan(value), -np.inf, value)

    walkers, dimensions = start.shape
    # Not DESnookerMove: emcee 3.1.6's gives a standard normal an SD of 0.84.
    sampler = emcee.EnsembleSampler(
        walkers, dimensions, log_posterior, moves=emcee.moves.DEMove(), vectorize=True
    )
    legacy = np.random.RandomState(generator(seed).integers(2**32))
    state = sampler.run_mcmc(emcee.State(start, random_state=legacy.get_state()), WARM_UP)
    sampler.reset()
    for _ in range(MOST_BLOCKS):
        state = sampler.run_mcmc(state, BLOCK)
        chain = np.moveaxis(sampler.get_chain(), 0, 1)  # walker, step, coordinate
        r_hat = float(np.max(diagnostics.rhat(chain, chain_axis=0, draw_axis=1)))
        size = float(np.min(diagnostics.ess(chain, chain_axis=0, draw_axis=1)))
        if size >= effective_size and r_hat < WORST_R_HAT:
            break
    return ChainSample(sampler.get_chain(flat=True), size, r_hat)
