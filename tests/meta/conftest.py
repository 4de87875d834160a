"""Data sets shared by the tests of the bivariate model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "oracles" / "r" / "data"


@pytest.fixture(scope="session")
def audit():
    return pd.read_csv(DATA / "AuditC.csv")


@pytest.fixture(scope="session")
def telomerase():
    return pd.read_csv(DATA / "Telomerase.csv")


@pytest.fixture(scope="session")
def smoking():
    return pd.read_csv(DATA / "smoking1.csv")


@pytest.fixture(scope="session")
def simulate():
    """Return a function that simulates studies from the model."""

    def simulated(rng, k, *, means=(1.5, 2.0), sds=(0.8, 0.6), correlation=-0.4, size=60):
        b1, b2 = rng.standard_normal((2, k))
        other = correlation * b1 + np.sqrt(1 - correlation**2) * b2
        sensitivity = 1 / (1 + np.exp(-means[0] - sds[0] * b1))
        specificity = 1 / (1 + np.exp(-means[1] - sds[1] * other))
        cases, noncases = rng.integers(1, 2 * size, (2, k))
        tp, tn = rng.binomial(cases, sensitivity), rng.binomial(noncases, specificity)
        return pd.DataFrame(
            {
                "study": [f"study {number}" for number in range(k)],
                "tp": tp,
                "fp": noncases - tn,
                "fn": cases - tp,
                "tn": tn,
            }
        )

    return simulated


@pytest.fixture(scope="session")
def ensemble():
    """Return a second sampler: emcee's ensemble with differential evolution moves.

    Its answer is (points, smallest bulk effective size, largest rank-normalised R-hat),
    diagnostics by arviz-stats.
    """
    emcee = pytest.importorskip("emcee")
    diagnostics = pytest.importorskip("arviz_stats.base").array_stats

    def sampled(log_likelihood, start, seed, steps=2000):
        def log_posterior(u):
            value = log_likelihood(u) - 0.5 * np.sum(u**2, axis=1)
            return np.where(np.isnan(value), -np.inf, value)

        # Not DESnookerMove: emcee 3.1.6's gives a standard normal an SD of 0.84.
        sampler = emcee.EnsembleSampler(
            *start.shape, log_posterior, moves=emcee.moves.DEMove(), vectorize=True
        )
        legacy = np.random.RandomState(seed)
        state = sampler.run_mcmc(emcee.State(start, random_state=legacy.get_state()), 400)
        sampler.reset()
        sampler.run_mcmc(state, steps)
        chain = np.moveaxis(sampler.get_chain(), 0, 1)  # walker, step, coordinate
        r_hat = np.max(diagnostics.rhat(chain, chain_axis=0, draw_axis=1))
        size = np.min(diagnostics.ess(chain, chain_axis=0, draw_axis=1))
        return sampler.get_chain(flat=True), float(size), float(r_hat)

    return sampled
