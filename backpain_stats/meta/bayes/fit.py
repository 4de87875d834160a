"""The bivariate model with priors: what two or three studies need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice, check_count, check_level
from backpain_stats.errors import ArgumentError, DataError, FitError
from backpain_stats.meta.bayes.ensemble import WALKERS, WORST_R_HAT, sample_ensemble
from backpain_stats.meta.bayes.importance import WORST_K_HAT, LogLikelihood, sample_posterior
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.bayes.result import BayesianFit
from backpain_stats.meta.data import Studies, check_studies
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator
from backpain_stats.tables import middle_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["fit_bayes"]

SAMPLERS = ("auto", "importance", "ensemble")
# Below this a 95% interval's ends are blurred by the sampling itself
# (Vehtari et al. 2021, https://doi.org/10.1214/20-BA1221: 100 for each of four chains).
FEWEST_EFFECTIVE_DRAWS = 400
# Integrals held at once; keeps the memory of 10,000 studies near that of one.
INTEGRALS_AT_ONCE = 200_000


def fit_bayes(
    data: pd.DataFrame,
    *,
    priors: Priors | None = None,
    several_tables: bool = False,
    nodes: int = 9,
    effective_size: int = 4000,
    sampler: str = "auto",
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> BayesianFit:
    r"""Fit the exact bivariate model by its posterior; works for one study and up.

    The likelihood is that of :func:`backpain_stats.fit_bivariate` with
    ``likelihood="binomial"``: binomial counts, bivariate normal logits, the random
    effects integrated out by adaptive quadrature. Five parameters remain, the two
    mean logits, the two between-study standard deviations and the correlation, with
    the weakly informative priors of :class:`~backpain_stats.meta.bayes.priors.Priors`.

    They are sampled in coordinates in which the prior is standard normal, by
    importance sampling from a mixture of a multivariate t and the prior itself,
    with Pareto-smoothed weights. Because the prior is part of the proposal the
    weights are bounded. Where the diagnostics are bad nevertheless, emcee's ensemble
    sampler takes over and the result says so (``sampler``).

    Parameters
    ----------
    data : pandas.DataFrame
        Columns ``study, tp, fp, fn, tn``. A study without cases (or without
        non-cases) informs the specificity (the sensitivity) only.
    priors : Priors, optional
        The default is described there.
    several_tables : bool
        If True, rows that share a ``study`` are the tables that its printed figures
        admit, one of which is true. The likelihood of the study is then the
        probability of its printed figures: the sum over those tables. No table is
        picked and none is counted twice.
    nodes : int
        Quadrature nodes an axis.
    effective_size : int
        Effective posterior draws to reach.
    sampler : {"auto", "importance", "ensemble"}
        ``"auto"`` is importance sampling with the ensemble behind it.
    level : float
        Level of the posterior intervals.
    seed : int, Generator or None
        Same seed, same numbers.

    Returns
    -------
    BayesianFit

    Raises
    ------
    DataError
        As in :func:`backpain_stats.meta.data.check_studies`.
    ArgumentError
        If an option is not allowed.
    FitError
        If the diagnostics are too bad: k-hat of 0.7 or more with importance
        sampling, R-hat of 1.05 or more with the ensemble, or fewer than 400
        effective draws.
    MissingExtraError
        If the ensemble is needed and emcee is not installed (extra ``bayes``).

    Notes
    -----
    With few studies the posterior of the standard deviations and of the correlation
    is close to the prior: the data cannot say more, and the prediction for a new
    setting then rests on the prior's scale. Fit it twice, as in the example, and
    report both when they differ.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry, Pareto smoothed importance sampling,
    J Mach Learn Res 2024;25(72):1-58. Foreman-Mackey et al. 2013 (emcee),
    https://doi.org/10.1086/670067.

    Examples
    --------
    Two studies, and what the prior on the between-study SDs does to them. The summary
    stays, its interval does not: with two studies the prior decides its width.

    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": ["A", "B"], "tp": [4, 7], "fp": [41, 13],
    ...                      "fn": [9, 0], "tn": [1921, 462]})
    >>> for scale in (0.5, 1.0, 2.0):
    ...     priors = Priors(sensitivity_sd_scale=scale, specificity_sd_scale=scale)
    ...     lr = fit_bayes(data, priors=priors).lr_positive
    ...     print(f"{scale}: {lr.estimate:.0f} ({lr.ci_low:.0f} to {lr.ci_high:.0f})")
    0.5: 24 (9 to 47)
    1.0: 24 (4 to 54)
    2.0: 20 (1 to 60)
    """
    priors = Priors() if priors is None else priors
    if not isinstance(priors, Priors):
        raise ArgumentError(f"priors must be a Priors object, not {type(priors).__name__}")
    check_choice(sampler, "sampler", SAMPLERS)
    check_level(level)
    effective_size = check_count(effective_size, "effective_size")
    if effective_size < FEWEST_EFFECTIVE_DRAWS:
        raise ArgumentError(
            f"effective_size is {effective_size}; it must be {FEWEST_EFFECTIVE_DRAWS} or more"
        )
    studies, counts, tables = _grouped(data, several_tables)
    starts = np.cumsum(tables) - tables
    log_likelihood = posterior_likelihood(counts, starts, priors, nodes)
    rng = generator(seed)
    points, weights, diagnostics = _sample(log_likelihood, effective_size, sampler, rng)
    import pandas as pd

    draws = pd.DataFrame(priors.from_standard_normal(points), columns=list(PARAMETERS))
    draws["weight"] = weights
    return BayesianFit(
        draws=draws,
        priors=priors,
        nodes=nodes,
        level=level,
        studies=studies,
        tables=tuple(tables.tolist()),
        **diagnostics,
    )


def posterior_likelihood(
    counts: NDArray[np.int64], starts: Sequence[int] | NDArray[np.intp], priors: Priors, nodes: int
) -> LogLikelihood:
    """Return the log likelihood as a function of standard-normal coordinates.

    Parameters
    ----------
    counts : numpy.ndarray of shape (tables, 4)
    starts : sequence of int
        First table of each study; its tables are adjacent.
    priors : Priors
    nodes : int
    """
    arms = Arms.from_counts(counts)
    one_each = len(starts) == len(counts)
    chunk = max(1, INTEGRALS_AT_ONCE // len(counts))

    def of_chunk(u: Array) -> Array:
        mean1, mean2, sd1, sd2, correlation = np.moveaxis(priors.from_standard_normal(u), 1, 0)
        root = root_from_sds(sd1, sd2, correlation)[:, None, :]
        value = marginal(arms, mean1[:, None], mean2[:, None], root, nodes=nodes).value
        if not one_each:
            value = np.logaddexp.reduceat(value, starts, axis=1)
        return np.asarray(value.sum(axis=1), dtype=np.float64)

    def log_likelihood(u: Array) -> Array:
        parts = [of_chunk(u[first : first + chunk]) for first in range(0, len(u), chunk)]
        return np.concatenate(parts) if parts else np.empty(0)

    return log_likelihood


def _grouped(
    data: pd.DataFrame, several_tables: bool
) -> tuple[Studies, NDArray[np.int64], NDArray[np.intp]]:
    """Return the studies, all tables with a study's side by side, and how many each has."""
    if not several_tables:
        checked = check_studies(data)
        return checked, checked.counts, np.ones(len(checked.names), dtype=np.intp)
    if not hasattr(data, "columns") or "study" not in data.columns:
        raise DataError("the data lacks the column study, which says whose table a row is")
    data = data.reset_index(drop=True)
    names = data["study"].astype(str)
    # Numbered, so that each row passes as a study of its own.
    numbered = names + " (table " + (data.groupby(names).cumcount() + 1).astype(str) + ")"
    counts = check_studies(data.assign(study=numbered.where(data["study"].notna(), None))).counts
    groups = list(data.groupby(names, sort=False).indices.values())
    middle = [group[middle_table(counts[group])] for group in groups]
    studies = check_studies(data.iloc[middle])
    return studies, counts[np.concatenate(groups)], np.array([len(group) for group in groups])


def _sample(
    log_likelihood: LogLikelihood, effective_size: int, sampler: str, rng: np.random.Generator
) -> tuple[Array, Array, dict[str, Any]]:
    """Return points, weights and diagnostics, by the sampler asked for or the one that works."""
    size = float(effective_size)
    # The next power of two: about two rounds reach the size asked for.
    found = sample_posterior(
        log_likelihood,
        len(PARAMETERS),
        effective_size=size,
        round_size=1 << (effective_size - 1).bit_length(),
        seed=rng,
    )
    diagnostics = {
        "sampler": "importance",
        "effective_size": found.effective_size,
        "k_hat": found.k_hat,
        "r_hat": float("nan"),
        "log_evidence": found.log_evidence,
    }
    bad = not (found.k_hat < WORST_K_HAT and found.effective_size >= FEWEST_EFFECTIVE_DRAWS)
    if sampler == "importance" and bad:
        raise FitError(
            f"importance sampling failed: k-hat {found.k_hat:.2f} (must be below {WORST_K_HAT}), "
            f"{found.effective_size:.0f} effective draws (at least {FEWEST_EFFECTIVE_DRAWS}); "
            "try sampler='ensemble'"
        )
    if not bad and sampler != "ensemble":
        return found.points, found.weights, diagnostics
    chosen = rng.choice(len(found.points), WALKERS, p=found.weights)
    # A little noise, so that no two walkers start at one point.
    start = found.points[chosen] + 0.05 * rng.standard_normal((WALKERS, len(PARAMETERS)))
    chain = sample_ensemble(log_likelihood, start, effective_size=size, seed=rng)
    if not (chain.r_hat < WORST_R_HAT and chain.effective_size >= FEWEST_EFFECTIVE_DRAWS):
        raise FitError(
            f"the ensemble sampler did not converge: R-hat {chain.r_hat:.3f} (must be below "
            f"{WORST_R_HAT}), {chain.effective_size:.0f} effective draws (at least "
            f"{FEWEST_EFFECTIVE_DRAWS})"
        )
    diagnostics |= {
        "sampler": "ensemble",
        "effective_size": chain.effective_size,
        "k_hat": found.k_hat,
        "r_hat": chain.r_hat,
    }
    weights = np.full(len(chain.points), 1 / len(chain.points))
    return chain.points, weights, diagnostics
