"""From tables to posterior draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta.arrays import Counts, Floats, Rows
from backpain_stats.meta.bayes.importance import LogLikelihood, sample_posterior
from backpain_stats.meta.bayes.means import Means, means_of
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.bayes.request import require_effective, round_size
from backpain_stats.meta.design import Design, Formula, build_design, intercepts
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.meta.studies import OUTCOMES, Studies, check_studies
from backpain_stats.sampling import Seed, generator
from backpain_stats.tables import middle_table, rows_of_studies

if TYPE_CHECKING:
    import pandas as pd

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
    design : Design
        What the mean logits of the studies in use depend on.
    """

    studies: Studies
    counts: Counts
    sizes: Rows
    design: Design

    @property
    def starts(self) -> Rows:
        """Position of each study's first table."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def used_counts(self) -> Counts:
        """All tables of the studies in use."""
        return self.counts[np.repeat(self.studies.used, self.sizes)]

    @property
    def used_sizes(self) -> Rows:
        """How many tables each study in use has."""
        return self.sizes[self.studies.used]


def read_tables(data: TablesLike, several_tables: bool, formula: Formula = None) -> Tables:
    """Check the data, group the tables by study, build the design; see ``fit_bayes``."""
    if not several_tables:
        studies, design = build_design(check_studies(data), formula)
        ones = np.ones(len(studies.names), dtype=np.intp)
        return Tables(studies, studies.counts, ones, design)
    frame = rows_of_studies(data).reset_index(drop=True)
    names = frame["study"].astype(str)
    # Numbered, so that each row passes as a study of its own.
    numbered = names + " (table " + (frame.groupby(names).cumcount() + 1).astype(str) + ")"
    counts = check_studies(frame.assign(study=numbered.where(frame["study"].notna(), None))).counts
    groups = list(frame.groupby(names, sort=False).indices.values())
    middle = [group[middle_table(counts[group])] for group in groups]
    studies, design = build_design(check_studies(frame.iloc[middle]), formula)
    _refuse_several_values(frame, names, design.covariates)
    sizes = np.array([len(group) for group in groups], dtype=np.intp)
    return Tables(studies, counts[np.concatenate(groups)], sizes, design)


def _refuse_several_values(
    frame: pd.DataFrame, names: pd.Series[str], covariates: Sequence[str]
) -> None:
    """Refuse a covariate that differs between the tables of one study."""
    for covariate in covariates:
        values = frame[covariate].groupby(names, sort=False).nunique(dropna=False)
        if (values > 1).any():
            raise DataError(
                f"{covariate} has several values among the tables of {values.idxmax()!r}; a study "
                "has one, whichever of its tables is true"
            )


def posterior_likelihood(
    counts: Counts,
    starts: Sequence[int] | Rows,
    priors: Priors,
    nodes: int,
    means: Means | None = None,
) -> LogLikelihood:
    """Return the log likelihood as a function of standard-normal coordinates.

    Parameters
    ----------
    counts : numpy.ndarray of shape (tables, 4)
    starts : sequence of int
        First table of each study; its tables are adjacent.
    priors : Priors
    nodes : int
    means : Means, optional
        Mean logits of the tables, with covariates; by default one mean for all.
    """
    given = means_of(intercepts(len(counts)), priors) if means is None else means
    arms = Arms.from_counts(counts)
    chunk = max(1, INTEGRALS_AT_ONCE // len(counts))

    def of_chunk(u: Floats) -> Floats:
        parameters, logits = given.of_studies(u)
        root = root_from_sds(*np.moveaxis(parameters[:, 2:], 1, 0))
        value = _of_studies(arms, starts, logits, root, nodes)
        return np.asarray(value.sum(axis=1), dtype=np.float64)

    def log_likelihood(u: Floats) -> Floats:
        parts = [of_chunk(u[first : first + chunk]) for first in range(0, len(u), chunk)]
        return np.concatenate(parts) if parts else np.empty(0)

    return log_likelihood


def _of_studies(
    arms: Arms, starts: Sequence[int] | Rows, means: Floats, roots: Floats, nodes: int
) -> Floats:
    """Return the log probability of each study's tables at some draws, (draws, studies).

    ``means`` are the mean logits (2, draws, tables), or (2, draws, 1) if all have the same.
    """
    first, second = means
    value = marginal(arms, first, second, roots[:, None, :], nodes=nodes).value
    if len(starts) == value.shape[1]:
        return value
    return np.asarray(np.logaddexp.reduceat(value, starts, axis=1))


def study_log_likelihoods(fit: Posterior) -> Floats:
    """Return the log probability of each used study's tables at each draw, (draws, studies)."""
    every = np.array(fit.tables, dtype=np.intp)
    counts, sizes = fit.counts[np.repeat(fit.studies.used, every)], every[fit.studies.used]
    arms, starts = Arms.from_counts(counts), np.cumsum(sizes) - sizes
    chunk = max(1, INTEGRALS_AT_ONCE // len(counts))
    means, roots = fit.study_logits, fit.roots
    if means.shape[2] > 1:
        means = np.repeat(means, sizes, axis=2)
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
    counts, sizes = tables.used_counts, tables.used_sizes
    points = len(counts) * nodes**2 * draws
    if points > MOST_POINTS:
        most = MOST_POINTS // (nodes**2 * draws)
        raise ArgumentError(
            f"{len(counts)} tables with {nodes} x {nodes} nodes and {draws} draws are "
            f"{points:.1g} points a round; at most {MOST_POINTS:.1g} are taken ({most} tables with "
            "these options): with so many studies the priors say nothing, use "
            "inference='likelihood', or fewer nodes"
        )
    means = means_of(tables.design, priors)
    log_likelihood = posterior_likelihood(
        counts, np.cumsum(sizes) - sizes, priors, nodes, means.repeated(sizes)
    )
    found = sample_posterior(
        log_likelihood,
        means.dimensions,
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
        means.parameters(found.points),
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

    ``parameters`` has one column each of coefficients, SDs and correlation; the rest is as in
    :class:`~backpain_stats.meta.bayes.posterior.Posterior`.
    """
    import pandas as pd

    draws = pd.DataFrame(parameters, columns=[*tables.design.names, *PARAMETERS[2:]])
    width = tables.design.widths[0]
    coefficients = (tables.design.names[:width], tables.design.names[width:])
    for outcome, own, informed in zip(OUTCOMES, coefficients, tables.studies.informed, strict=True):
        if not informed:
            draws[[*own, f"sd_{outcome}", "correlation"]] = np.nan
    draws["weight"] = weights
    return Posterior(
        draws=draws,
        priors=priors,
        nodes=nodes,
        level=level,
        studies=tables.studies,
        design=tables.design,
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
