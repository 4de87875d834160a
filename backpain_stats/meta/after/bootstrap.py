"""Parametric bootstrap: data sets simulated from a fit, all refitted as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backpain_stats.checks import check_count
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Booleans, Floats
from backpain_stats.meta.fitted import FittedModel
from backpain_stats.meta.fitting.boundary import climb
from backpain_stats.meta.fitting.refusals import diverged
from backpain_stats.meta.fitting.structure import STRUCTURES
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator

__all__ = ["Bootstrap", "bootstrap", "simulate"]

# Enough for the spread of refits: it changes an estimate by 1e-4 standard errors.
REFIT_NODES = 9


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Refits of simulated data sets.

    Parameters
    ----------
    coefficients : ndarray of shape (replicates, p)
        Of the whole fit.
    roots : ndarray of shape (replicates, 3)
        Entries of the covariance root.
    log_likelihood : ndarray of shape (replicates,)
        Without the Jacobian.
    converged : ndarray of bool, shape (replicates,)
        False where a simulated data set has no maximum (a mean or an SD runs off) or it
        was not reached; such refits are kept where they ended.
    """

    coefficients: Floats
    roots: Floats
    log_likelihood: Floats
    converged: Booleans


def simulate(fit: FittedModel, replicates: int, seed: Seed = DEFAULT_SEED) -> Any:
    """Simulate data sets from a fit, at its numbers of cases and non-cases.

    Parameters
    ----------
    fit : BivariateFit
    replicates : int
    seed : int, Generator or None

    Returns
    -------
    Arms or Logits
        Data of the family: binomial counts of shape (replicates, studies), or logits with
        the observed within-study variances.
    """
    rng = generator(seed)
    fit = fit.fitted_whole
    first, second = fit.design.means(fit.coefficients)
    b1, b2 = rng.standard_normal((2, replicates, fit.k))
    l11, l21, l22 = fit.root
    logits = np.stack([first + l11 * b1, second + l21 * b1 + l22 * b2], axis=-1)
    return fit.family.simulate(fit.studies.used_counts, logits, rng)


def bootstrap(
    fit: FittedModel,
    *,
    replicates: int = 200,
    seed: Seed = DEFAULT_SEED,
    nodes: int | None = None,
) -> Bootstrap:
    """Refit data sets simulated from a random-effects fit.

    Parameters
    ----------
    fit : BivariateFit
        Of a part of a fit, the whole is simulated and refitted.
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
    fit = fit.fitted_whole
    fit.require_random("its intervals are exact and need no bootstrap")
    if check_count(replicates, "replicates") < 2:
        raise ArgumentError(f"replicates is {replicates}; at least 2 are needed")
    family = fit.family
    if nodes is None and family.nodes is not None:
        nodes = min(family.nodes, REFIT_NODES)
    family = family.with_nodes(nodes)
    data = simulate(fit, int(replicates), seed)
    designs, structure = fit.design.scaled, STRUCTURES[fit.structure_name]
    model = family.model(data, designs)
    rows = np.arange(int(replicates))
    coefficients, roots = model.split(family.starts(data, designs), rows)
    found = climb(structure.hold(model), family.place(coefficients, structure.project(roots)))
    coefficients, roots = model.split(found.parameters, rows)
    arms = fit.studies.arms
    run_off = [
        diverged(one, root, designs, arms).any()
        for one, root in zip(coefficients, roots, strict=True)
    ]
    return Bootstrap(
        fit.design.from_scaled(coefficients),
        roots,
        found.value + family.change_of_scale(fit.design.transform),
        found.converged & ~np.array(run_off, dtype=bool),
    )
