"""Several tests in the same studies under priors: the model with the common covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.bayes.importance import LogLikelihood, sample_posterior
from backpain_stats.meta.bayes.priors import Priors
from backpain_stats.meta.bayes.request import require_effective, round_size
from backpain_stats.meta.designs.compared_bayes import BayesianComparison
from backpain_stats.meta.designs.compared_tests import ComparedTests
from backpain_stats.meta.designs.integral import integrate
from backpain_stats.meta.designs.paired_data import TestedStudies
from backpain_stats.meta.designs.paired_models import PairedModels
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.sampling import Seed, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["paired_likelihood", "paired_parameters", "sample_paired"]


def paired_parameters(u: Floats, tests: int, priors: Priors) -> tuple[Floats, Floats]:
    """Map standard normal points to the parameters that follow the prior.

    Parameters
    ----------
    u : ndarray of shape (n, 2 tests + 3)
    tests : int
    priors : Priors
        Every test has the prior of the mean logits, independent of the other tests.

    Returns
    -------
    logits : ndarray of shape (n, tests, 2)
    spread : ndarray of shape (n, 3)
        The two SDs and the correlation.
    """
    means = u[:, : 2 * tests].reshape(len(u), tests, 2)
    shared = np.broadcast_to(u[:, None, 2 * tests :], (len(u), tests, 3))
    every = priors.from_standard_normal(np.concatenate([means, shared], axis=2))
    return every[..., :2], every[:, 0, 2:]


def paired_likelihood(studies: TestedStudies, priors: Priors, nodes: int) -> LogLikelihood:
    """Return the log likelihood of the common-covariance model at standard normal points."""
    models = PairedModels(studies, "common")
    tests = len(studies.tests)

    def log_likelihood(u: Floats) -> Floats:
        logits, spread = paired_parameters(u, tests, priors)
        root = models.effects.root(root_from_sds(*spread.T))
        shape = (len(u), len(studies.studies), 2 * tests)
        mean = np.broadcast_to(logits.reshape(len(u), 1, 2 * tests), shape)
        root = np.broadcast_to(root, (*shape, 2))
        value: Floats = integrate(models.likelihood, mean, root, nodes=nodes).value.sum(axis=1)
        return value

    return log_likelihood


def sample_paired(
    studies: TestedStudies,
    *,
    priors: Priors,
    nodes: int,
    effective_size: int,
    level: float,
    seed: Seed,
    likelihood: ComparedTests | None,
    no_likelihood: str,
) -> BayesianComparison:
    """Sample the posterior; see :func:`~backpain_stats.compare_tests`.

    Raises
    ------
    NotEstimableError
        If no study gave a test to cases, or to non-cases: its posterior would be its prior.
    FitError
        If the diagnostics are too bad.
    """
    successes, failures = studies.rows()
    patients = (successes + failures).sum(axis=0).reshape(-1, 2)
    for test, groups in zip(studies.tests, patients, strict=True):
        for who, count in zip(("cases", "non-cases"), groups, strict=True):
            if not count:
                raise NotEstimableError(
                    f"no study gave {test!r} to any {who}, so that its posterior would be its "
                    "prior; leave that test out with tests=[...]"
                )
    tests = len(studies.tests)
    found = sample_posterior(
        paired_likelihood(studies, priors, nodes),
        2 * tests + 3,
        effective_size=float(effective_size),
        round_size=round_size(effective_size),
        seed=generator(seed),
    )
    require_effective(found, "; compare fewer tests, or use inference='likelihood'")
    logits, spread = paired_parameters(found.points, tests, priors)
    return BayesianComparison(
        studies=studies,
        logits=logits,
        spread=spread,
        weights=found.weights,
        priors=priors,
        nodes=nodes,
        level=level,
        effective_size=found.effective_size,
        k_hat=found.k_hat,
        log_evidence=found.log_evidence,
        likelihood=likelihood,
        no_likelihood=no_likelihood,
    )
