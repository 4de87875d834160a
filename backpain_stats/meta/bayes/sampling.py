"""From tables to posterior draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Counts, Floats, Rows
from backpain_stats.meta.bayes.importance import LogLikelihood, sample_posterior
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.bayes.request import require_effective, round_size
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.meta.studies import OUTCOMES, Studies, check_studies
from backpain_stats.sampling import Seed, generator
from backpain_stats.tables import middle_table, rows_of_studies

if TYPE_CHECKING:
    from backpain_stats.tables import TablesLike

# Integrals held at once; keeps the memory of 10,000 studies near that of one.
INTEGRALS_AT_ONCE = 200_000
# Tables times nodes squared times draws: one evaluation of the posterior at a round's draws.
# A billion points take about ten seconds, and up to eight rounds may be needed.
MOST_POINTS = 250_000_000


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a Bayesian fit: several may fit one study.

    Parameters
    ----------
    studies : Studies
        Each study by its middle table.
    counts : ndarray of shape (tables, 4)
        All tables, those of a study side by side.
    sizes : ndarray of shape (studies,)
        How many tables each study has.
    """

    studies: Studies
    counts: Counts
    sizes: Rows

    @property
    def starts(self) -> Rows:
        """Position of each study's first table."""
        return np.cumsum(self.sizes) - self.sizes


def read_tables(data: TablesLike, several_tables: bool) -> Tables:
    """Check the data and group the tables by study; see ``fit_bayes``."""
    if not several_tables:
        checked = check_studies(data)
        return Tables(checked, checked.counts, np.ones(len(checked.names), dtype=np.intp))
    frame = rows_of_studies(data).reset_index(drop=True)
    names = frame["study"].astype(str)
    # Numbered, so that each row passes as a study of its own.
    numbered = names + " (table " + (frame.groupby(names).cumcount() + 1).astype(str) + ")"
    counts = check_studies(frame.assign(study=numbered.where(frame["study"].notna(), None))).counts
    groups = list(frame.groupby(names, sort=False).indices.values())
    middle = [group[middle_table(counts[group])] for group in groups]
    studies = check_studies(frame.iloc[middle])
    sizes = np.array([len(group) for group in groups], dtype=np.intp)
    return Tables(studies, counts[np.concatenate(groups)], sizes)


def posterior_likelihood(
    counts: Counts, starts: Sequence[int] | Rows, priors: Priors, nodes: int
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
    chunk = max(1, INTEGRALS_AT_ONCE // len(counts))

    def of_chunk(u: Floats) -> Floats:
        mean1, mean2, sd1, sd2, correlation = np.moveaxis(priors.from_standard_normal(u), 1, 0)
        root = root_from_sds(sd1, sd2, correlation)
        value = _of_studies(arms, starts, np.stack([mean1, mean2]), root, nodes)
        return np.asarray(value.sum(axis=1), dtype=np.float64)

    def log_likelihood(u: Floats) -> Floats:
        parts = [of_chunk(u[first : first + chunk]) for first in range(0, len(u), chunk)]
        return np.concatenate(parts) if parts else np.empty(0)

    return log_likelihood


def _of_studies(
    arms: Arms, starts: Sequence[int] | Rows, means: Floats, roots: Floats, nodes: int
) -> Floats:
    """Return the log probability of each study's tables at some draws, (draws, studies)."""
    first, second = means[:, :, None]
    value = marginal(arms, first, second, roots[:, None, :], nodes=nodes).value
    if len(starts) == value.shape[1]:
        return value
    return np.asarray(np.logaddexp.reduceat(value, starts, axis=1))


def study_log_likelihoods(fit: Posterior) -> Floats:
    """Return the log probability of each study's tables at each draw, (draws, studies)."""
    arms, sizes = Arms.from_counts(fit.counts), np.array(fit.tables, dtype=np.intp)
    starts, chunk = np.cumsum(sizes) - sizes, max(1, INTEGRALS_AT_ONCE // len(fit.counts))
    means, roots = fit.logits.T, fit.roots
    pieces = [slice(first, first + chunk) for first in range(0, len(roots), chunk)]
    return np.concatenate(
        [_of_studies(arms, starts, means[:, one], roots[one], fit.nodes) for one in pieces]
    )


def sample_tables(
    tables: Tables,
    *,
    priors: Priors,
    nodes: int,
    effective_size: int,
    level: float,
    seed: Seed,
) -> Posterior:
    """Sample the posterior of some tables; the arguments are those of ``fit_bayes``.

    Raises
    ------
    ArgumentError
        If the tables, nodes and draws are more than can be integrated in reasonable time.
    FitError
        If the diagnostics are too bad: k-hat of 0.7 or more, or fewer than 400 effective
        draws.
    """
    draws = round_size(effective_size)
    points = len(tables.counts) * nodes**2 * draws
    if points > MOST_POINTS:
        most = MOST_POINTS // (nodes**2 * draws)
        raise ArgumentError(
            f"{len(tables.counts)} tables with {nodes} x {nodes} nodes and {draws} draws are "
            f"{points:.1g} points a round; at most {MOST_POINTS:.1g} are taken ({most} tables with "
            "these options): with so many studies the priors say nothing, use "
            "inference='likelihood', or fewer nodes"
        )
    log_likelihood = posterior_likelihood(tables.counts, tables.starts, priors, nodes)
    found = sample_posterior(
        log_likelihood,
        len(PARAMETERS),
        effective_size=float(effective_size),
        round_size=draws,
        seed=generator(seed),
    )
    require_effective(
        found,
        ": the posterior is far from the normal shape it is drawn from; use "
        "inference='likelihood', or priors nearer to what the studies say",
    )
    return posterior_of(
        tables,
        priors.from_standard_normal(found.points),
        found.weights,
        priors=priors,
        nodes=nodes,
        level=level,
        effective_size=found.effective_size,
        k_hat=found.k_hat,
        log_evidence=found.log_evidence,
        asked=effective_size,
        seed=seed,
    )


def posterior_of(
    tables: Tables,
    parameters: Floats,
    weights: Floats,
    *,
    priors: Priors,
    nodes: int,
    level: float,
    effective_size: float,
    k_hat: float,
    log_evidence: float,
    asked: int,
    seed: Seed,
    places: Sequence[str] = (),
    place: str = "",
) -> Posterior:
    """Return weighted draws as a posterior, which says nothing of an arm without data.

    ``parameters`` has one column each of the model's parameters; the rest is as in
    :class:`~backpain_stats.meta.bayes.posterior.Posterior`.
    """
    import pandas as pd

    draws = pd.DataFrame(parameters, columns=list(PARAMETERS))
    for outcome, informed in zip(OUTCOMES, tables.studies.informed, strict=True):
        if not informed:
            draws[[f"logit_{outcome}", f"sd_{outcome}", "correlation"]] = np.nan
    draws["weight"] = weights
    return Posterior(
        draws=draws,
        priors=priors,
        nodes=nodes,
        level=level,
        studies=tables.studies,
        tables=tuple(tables.sizes.tolist()),
        effective_size=effective_size,
        k_hat=k_hat,
        log_evidence=log_evidence,
        counts=tables.counts,
        asked=asked,
        seed=seed if isinstance(seed, int) else None,
        places=tuple(places),
        place=place,
    )
