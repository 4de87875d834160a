"""The bivariate model with cohorts inside settings, for the few cohorts that most flags have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from backpain_stats.hierarchy import Arm, SettingDraws, SpreadPrior, sample_setting
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.bayes.importance import WORST_K_HAT, pareto_smooth
from backpain_stats.meta.bayes.posterior import Posterior
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.bayes.request import FEWEST_EFFECTIVE_DRAWS
from backpain_stats.meta.bayes.sampling import Tables, posterior_of, sample_tables
from backpain_stats.sampling import Seed

__all__ = ["sample_settings"]

# Scale of the half-normal prior of kappa, the SD between settings over the SD between the
# practices of one setting. No data were found that tell the two apart, so this is an
# assumption: the median is a third of the spread between practices, and 5% lies above it.
SETTING_RATIO = 0.5
# Above this many cohorts the draws of each cohort's own logits get thin.
MOST_COHORTS = 12


def sample_settings(
    tables: Tables,
    places: Sequence[str],
    place: str,
    *,
    priors: Priors,
    effective_size: int,
    level: float,
    seed: Seed,
    nodes: int,
) -> Posterior:
    r"""Sample the posterior of one setting's mean, with what other settings say of it.

    The model is that of :mod:`backpain_stats.hierarchy`: practices vary around their
    setting's mean with covariance :math:`\Sigma`, settings around the mean of all with
    :math:`\kappa^2 \Sigma`, :math:`\kappa` half-normal with scale 0.5.

    Parameters
    ----------
    tables : Tables
        Every study, with the tables that fit it.
    places : sequence of str
        The setting of each study. An empty one is a setting of its own.
    place : str
        The setting asked for; empty for the mean of all settings.
    priors, effective_size, level, seed, nodes
        As in :func:`~backpain_stats.meta.bayes.fit.fit_bayes`.

    Returns
    -------
    Posterior
        Its SDs are those between the practices of the setting; where none was asked for,
        those of new practices in new settings.

    Raises
    ------
    FitError
        If there are more than twelve cohorts, or other reasons make the draws too few, and
        integration over the cohorts instead (all of them exchangeable) fails, too.
    """
    few = tables.studies.used.sum() <= MOST_COHORTS
    if few:
        arms, asked = _arms(tables, places, place)
        found = sample_setting(
            arms, asked, _prior(priors), effective_size=effective_size, seed=seed
        )
        log_weights, k_hat = pareto_smooth(found.log_weights)
        weights = np.exp(log_weights)
        size = float(1 / (weights @ weights))
        few = k_hat < WORST_K_HAT and size >= FEWEST_EFFECTIVE_DRAWS
    if not few:
        return sample_tables(
            tables, priors=priors, nodes=nodes, effective_size=effective_size, level=level,
            seed=seed,
        )  # fmt: skip
    # Tables were drawn evenly; the printed figures are as likely as all of them together.
    evenly = np.log(tables.sizes[tables.studies.used]).sum()
    return posterior_of(
        tables,
        _parameters(found),
        weights,
        priors=priors,
        nodes=nodes,
        level=level,
        effective_size=size,
        k_hat=k_hat,
        log_evidence=float(logsumexp(found.log_weights) - np.log(len(weights)) + evenly),
        asked=effective_size,
        seed=seed,
        places=places,
        place=place,
    )


def _arms(tables: Tables, places: Sequence[str], place: str) -> tuple[list[Arm], int | None]:
    """Return the arms of the studies in use, and the number of the setting asked for."""
    numbers: dict[str, int] = {}
    arms = []
    for row, (start, size) in enumerate(zip(tables.starts, tables.sizes, strict=True)):
        if not tables.studies.used[row]:
            continue
        counts = tables.counts[start : start + size]
        setting = numbers.setdefault(places[row] or f"study {row}", len(numbers))
        for outcome, (hit, miss) in enumerate(((0, 2), (3, 1))):
            if counts[:, [hit, miss]].any():
                arms.append(Arm(row, outcome, setting, counts[:, hit], counts[:, miss]))
    asked = numbers.setdefault(place, len(numbers)) if place else None
    # Of one setting only the mean of that setting can be known: it stands for all.
    return arms, asked if len(numbers) > 1 else 0


def _prior(priors: Priors) -> SpreadPrior:
    """Return the priors as the hierarchical model takes them."""

    def covariance(normal: Floats) -> Floats:
        points = np.zeros((len(normal), len(PARAMETERS)))
        points[:, 2:] = normal
        sd = priors.from_standard_normal(points)[:, 2:]
        matrix = sd[:, :2, None] * sd[:, None, :2]
        matrix[:, 0, 1] *= sd[:, 2]
        matrix[:, 1, 0] *= sd[:, 2]
        return matrix

    return SpreadPrior(
        np.array([priors.sensitivity_location, priors.specificity_location]),
        np.array([priors.sensitivity_scale, priors.specificity_scale]),
        covariance,
        dimensions=3,
        setting_ratio=SETTING_RATIO,
    )


def _parameters(found: SettingDraws) -> Floats:
    """Return the draws in the order of the model's parameters."""
    sd = np.sqrt(found.covariance[:, [0, 1], [0, 1]])
    correlation = found.covariance[:, 0, 1] / (sd[:, 0] * sd[:, 1])
    return np.column_stack([found.means, sd, correlation])
