"""Parametric bootstrap: data sets simulated from a fit, all refitted as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from backpain_stats.checks import check_count
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.fitting.boundary import climb
from backpain_stats.meta.fitting.starts import moment_start
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import Logits, NormalModel, observed_logits
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.meta.result import BivariateFit

    Floats = NDArray[np.float64]

__all__ = ["Bootstrap", "bootstrap", "simulate"]

# Enough for the spread of refits: it changes an estimate by 1e-4 standard errors.
REFIT_NODES = 9


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Refits of simulated data sets.

    Parameters
    ----------
    coefficients : ndarray of shape (replicates, p)
    roots : ndarray of shape (replicates, 3)
        Entries of the covariance root.
    log_likelihood : ndarray of shape (replicates,)
        Without the Jacobian.
    converged : ndarray of bool, shape (replicates,)
        False where a simulated data set has no maximum or it was not reached; such
        refits are kept where they ended.
    """

    coefficients: Floats
    roots: Floats
    log_likelihood: Floats
    converged: NDArray[np.bool_]


def simulate(fit: BivariateFit, replicates: int, seed: Seed = DEFAULT_SEED) -> Floats:
    """Simulate data sets from a fit, at its numbers of cases and non-cases.

    Parameters
    ----------
    fit : BivariateFit
    replicates : int
    seed : int, Generator or None

    Returns
    -------
    ndarray
        Binomial fit: counts of shape (replicates, studies, 4). Normal fit: logits of
        shape (replicates, studies, 2), with the observed within-study variances.
    """
    rng = generator(seed)
    first, second = fit.design.matrices
    width = first.shape[1]
    means = (first @ fit.coefficients[:width], second @ fit.coefficients[width:])
    b1, b2 = rng.standard_normal((2, replicates, len(first)))
    l11, l21, l22 = fit.root
    logits = (means[0] + l11 * b1, means[1] + l21 * b1 + l22 * b2)
    if fit.likelihood == "normal":
        variances = observed_logits(fit.studies.used_counts, fit.correction).variances
        noise = rng.standard_normal((replicates, len(first), 2)) * np.sqrt(variances)
        return np.asarray(np.stack(logits, axis=-1) + noise)
    tp, fp, fn, tn = fit.studies.used_counts.T
    positive = rng.binomial(tp + fn, expit(logits[0]))
    negative = rng.binomial(fp + tn, expit(logits[1]))
    cells = [positive, fp + tn - negative, tp + fn - positive, negative]
    return np.stack(cells, axis=-1).astype(np.float64)


def bootstrap(
    fit: BivariateFit,
    *,
    replicates: int = 200,
    seed: Seed = DEFAULT_SEED,
    nodes: int | None = None,
) -> Bootstrap:
    """Refit data sets simulated from a random-effects fit.

    Parameters
    ----------
    fit : BivariateFit
    replicates : int, optional
    seed : int, Generator or None
    nodes : int, optional
        Quadrature nodes an axis for the refits: at most 9 unless given.

    Returns
    -------
    Bootstrap

    Raises
    ------
    NotEstimableError
        For a common-effect fit, which has exact intervals.
    ArgumentError
        If ``replicates`` is not a whole number of at least 2.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import fit_bivariate
    >>> data = pd.DataFrame({"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12],
    ...                      "fp": [10, 2, 9, 4, 22, 0], "fn": [4, 0, 11, 3, 7, 5],
    ...                      "tn": [80, 30, 90, 22, 95, 41]})
    >>> bootstrap(fit_bivariate(data), replicates=50).coefficients.shape
    (50, 2)
    """
    if fit.effects == "common":
        raise NotEstimableError("a common-effect fit has exact intervals; there is no bootstrap")
    if check_count(replicates, "replicates") < 2:
        raise ArgumentError(f"replicates is {replicates}; at least 2 are needed")
    data = simulate(fit, replicates, seed)
    designs = fit.design.matrices
    if fit.likelihood == "normal":
        observed = observed_logits(fit.studies.used_counts, fit.correction)
        shape = data.shape
        logits = Logits(
            np.where(observed.present, data, 0.0),
            np.broadcast_to(observed.variances, shape),
            np.broadcast_to(observed.present, shape),
            np.zeros(replicates),
        )
        model = NormalModel(logits, designs, restricted=fit.estimator == "reml")
        _, roots = moment_start(logits, designs)
        found = climb(model, roots)
        coefficients, _ = model.coefficients(found.parameters, np.arange(replicates))
        return Bootstrap(coefficients, found.parameters, found.value, found.converged)
    nodes = min(fit.nodes or REFIT_NODES, REFIT_NODES) if nodes is None else nodes
    exact = ExactModel(Arms.from_counts(data), designs, nodes)
    coefficients, roots = moment_start(observed_logits(data, "all"), designs)
    found = climb(exact, np.concatenate([coefficients, roots], axis=1))
    at = exact.root_at
    return Bootstrap(
        found.parameters[:, :at], found.parameters[:, at:], found.value, found.converged
    )
