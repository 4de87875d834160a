"""What follows from the draws of a Bayesian fit: derived quantities, regions, predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

from backpain_stats.checks import check_choice, check_level
from backpain_stats.meta.after.heterogeneity import expected_variance
from backpain_stats.meta.after.point import MEASURES, log_measures
from backpain_stats.meta.after.prediction import REGIONS, outline
from backpain_stats.meta.after.sroc import area_under_line, hsroc_values
from backpain_stats.meta.bayes.priors import PARAMETERS
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.sampling import DEFAULT_SEED, Seed, generator, quasi_uniform

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.meta.bayes.result import BayesianFit

    Array = NDArray[np.float64]

Quantities = dict[str, "Array"]


def weighted_quantile(values: Array, weights: Array, probabilities: ArrayLike) -> Array:
    """Return quantiles of a weighted sample, interpolated between its points.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5]), 0.5)
    array(2.)
    """
    order = np.argsort(values, kind="stable")
    ordered = weights[order]
    # A point stands at the middle of the mass it carries.
    position = (np.cumsum(ordered) - 0.5 * ordered) / ordered.sum()
    wanted = np.asarray(probabilities, dtype=np.float64)
    return np.asarray(np.interp(wanted, position, values[order]))


def natural(measure: str) -> Callable[[Array], Array]:
    """Return what takes a measure from its working scale to its own."""
    return expit if measure in ("sensitivity", "specificity") else np.exp


def summary_measures(fit: BayesianFit) -> Quantities:
    """Return the five measures at each draw."""
    logs = log_measures(fit.column("logit_sensitivity"), fit.column("logit_specificity"))
    return {name: natural(name)(logs[name]) for name in MEASURES}


def spread_parameters(fit: BayesianFit) -> Quantities:
    """Return the two SDs and the correlation at each draw."""
    return {name: fit.column(name) for name in PARAMETERS[2:]}


def hsroc_draws(fit: BayesianFit) -> Quantities:
    """Return Theta, Lambda, beta, sigma2theta, sigma2alpha at each draw."""
    sd1, sd2 = fit.column("sd_sensitivity"), fit.column("sd_specificity")
    covariance = fit.column("correlation") * sd1 * sd2
    means = (fit.column("logit_sensitivity"), fit.column("logit_specificity"))
    return hsroc_values(*means, sd1, sd2, covariance)


def areas(fit: BayesianFit) -> Array:
    """Return the area under the HSROC curve at each draw."""
    slope = fit.column("sd_sensitivity") / fit.column("sd_specificity")
    intercept = fit.column("logit_sensitivity") + slope * fit.column("logit_specificity")
    return area_under_line(intercept, slope)


def i_squared_draws(fit: BayesianFit) -> Quantities:
    """Return I2 at each draw (:func:`backpain_stats.meta.after.heterogeneity.i_squared`).

    An outcome that no study informs has none.
    """
    tp, fp, fn, tn = fit.studies.counts.T.astype(np.float64)
    shares: Quantities = {}
    between, within = [], []
    for name, total in (("sensitivity", tp + fn), ("specificity", fp + tn)):
        if np.any(total > 0):
            between.append(fit.column(f"sd_{name}") ** 2)
            one = expected_variance(fit.column(f"logit_{name}"), between[-1])
            within.append(one * np.mean(1 / total[total > 0]))
            shares[f"i2_{name}"] = between[-1] / (between[-1] + within[-1])
    if len(shares) == 2:
        free = 1 - fit.column("correlation") ** 2
        area = np.sqrt(between[0] * between[1] * free)
        shares["i2_bivariate"] = area / (area + np.sqrt(within[0] * within[1]))
    return shares


def equal_draws(fit: BayesianFit, draws: int, seed: Seed) -> pd.DataFrame:
    """Return draws of equal weight: see ``BayesianFit.equal_draws``."""
    rng = generator(seed)
    ladder = (rng.random() + np.arange(draws)) / draws
    chosen = np.searchsorted(np.cumsum(fit.column("weight")), ladder)
    chosen = rng.permutation(np.minimum(chosen, len(fit.draws) - 1))
    return fit.draws.drop(columns="weight").iloc[chosen].reset_index(drop=True)


def new_setting_draws(fit: BayesianFit, draws: int, seed: Seed) -> pd.DataFrame:
    """Return draws of the accuracy in a new setting: see ``BayesianFit.new_setting_draws``."""
    import pandas as pd

    rng = generator(seed)
    parameters = equal_draws(fit, draws, rng)[list(PARAMETERS)].to_numpy(dtype=np.float64)
    l11, l21, l22 = root_from_sds(*parameters.T[2:]).T
    b1, b2 = ndtri(quasi_uniform(draws, 2, rng)).T
    first, second = parameters[:, 0] + l11 * b1, parameters[:, 1] + l21 * b1 + l22 * b2
    # Beyond 300 the ratios overflow, and the proportions are 0 or 1 long before.
    logs = log_measures(np.clip(first, -300, 300), np.clip(second, -300, 300))
    return pd.DataFrame({name: natural(name)(logs[name]) for name in MEASURES})


def posterior_region(fit: BayesianFit, kind: str, level: float | None, points: int) -> pd.DataFrame:
    """Return the outline of a region: see ``BayesianFit.region``."""
    check_choice(kind, "kind", REGIONS)
    level = fit.level if level is None else check_level(level)
    if kind == "confidence":
        logits = np.stack([fit.column("logit_sensitivity"), fit.column("logit_specificity")], 1)
        weights = fit.column("weight")
    else:
        new = new_setting_draws(fit, 2**14, DEFAULT_SEED)[["sensitivity", "specificity"]]
        logits = logit(np.clip(new.to_numpy(dtype=np.float64), 1e-12, 1 - 1e-12))
        weights = np.full(len(logits), 1 / len(logits))
    mean = weights @ logits
    centred = logits - mean
    root = np.linalg.cholesky((centred.T * weights) @ centred)
    distance = np.sum(np.linalg.solve(root, centred.T) ** 2, axis=0)
    radius = np.sqrt(weighted_quantile(distance, weights, level))
    return outline(mean, radius * root, kind, level, points)
