"""The hierarchical model of validation/heterogeneity.py: candidates, learning, what ships."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, logsumexp
from scipy.stats import norm

from backpain_stats import BayesianFit, Priors, fit_bayes
from backpain_stats.meta.bayes.importance import sample_posterior

Array = NDArray[np.float64]

# Nearly flat where 10 studies and more have something to say, and easy to divide by.
BROAD = Priors(
    sensitivity_scale=3, specificity_scale=3, sensitivity_sd_scale=2, specificity_sd_scale=2,
    correlation_shape=1, correlation_mean=0,
)  # fmt: skip
MEAN_SCALE = 2.0
DRAWS = 512
SEED = 20131
# Sets that share studies: left out together. smoking1 is SAQ1 and a part of IAQ.
BLOCKS = {"IAQ": "smoking", "SAQ1": "smoking", "smoking1": "smoking",
          "Scheidler_CT": "Scheidler", "Scheidler_LAG": "Scheidler"}  # fmt: skip
REPEATED = ("smoking1",)
T_FREEDOM = 4.0


@dataclass(frozen=True, eq=False)
class StudySet:
    """One meta-analysis.

    Parameters
    ----------
    name : str
    source : str
        Citation and package it came with.
    data : pandas.DataFrame
        ``study, tp, fp, fn, tn``.
    """

    name: str
    source: str
    data: pd.DataFrame

    @property
    def block(self) -> str:
        """The block it is left out with."""
        return BLOCKS.get(self.name, self.name)

    @property
    def learned_from(self) -> bool:
        """Whether its studies are not already in other sets."""
        return self.name not in REPEATED

    @cached_property
    def fit(self) -> BayesianFit:
        """The fit of all its studies under the broad prior."""
        return fit_bayes(self.data, priors=BROAD, nodes=9, seed=SEED)

    @cached_property
    def draws(self) -> tuple[Array, Array]:
        """Log SDs and correlation (draws, 3), and the log weight that undoes the broad prior.

        The weight also replaces Normal(0, 3) means by Normal(0, 2).
        """
        frame = self.fit.equal_draws(DRAWS, seed=SEED)
        sds = frame[["sd_sensitivity", "sd_specificity"]].to_numpy()
        means = frame[["logit_sensitivity", "logit_specificity"]].to_numpy()
        weight = norm.logpdf(means, 0, MEAN_SCALE) - norm.logpdf(means, 0, BROAD.sensitivity_scale)
        # the density of log SD under the half-normal; the flat one of the correlation is 1/2
        weight -= half_normal(np.log(sds), np.log(BROAD.sensitivity_sd_scale))
        correlation = np.clip(frame["correlation"].to_numpy(), -1 + 1e-12, 1 - 1e-12)
        return np.column_stack([np.log(sds), correlation]), weight.sum(axis=1) - np.log(0.5)


def read_sets(folder: Path) -> list[StudySet]:
    """Read the sets of a folder, sorted by name."""
    manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    found = []
    for name in sorted(manifest):
        entry = manifest[name]
        data = pd.read_csv(folder / f"{name}.csv")[["study", "tp", "fp", "fn", "tn"]]
        source = f"{entry['citation']}; {entry['package']}, {entry['object']} ({entry['licence']})"
        found.append(StudySet(name, source, data))
    return found


def half_normal(log_sd: Array, log_scale: Array | float) -> Array:
    """Return the log density of log SD if the SD is half-normal."""
    z = log_sd - log_scale
    return np.asarray(0.5 * np.log(2 / np.pi) + z - 0.5 * np.exp(2 * z))


def half_t(log_sd: Array, log_scale: Array | float) -> Array:
    """Return the log density of log SD if the SD is half-t with 4 degrees of freedom."""
    z, df = log_sd - log_scale, T_FREEDOM
    constant = np.log(2) + gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    return np.asarray(constant + z - (df + 1) / 2 * np.log1p(np.exp(2 * z) / df))


@dataclass(frozen=True)
class Candidate:
    """A population of SDs and correlations.

    Parameters
    ----------
    family : {"half-normal", "half-t", "log-normal"}
        Of the SDs.
    shared : bool
        One population for both outcomes.
    skewed : bool
        Whether the correlation's population may have a mean other than 0.
    """

    family: str
    shared: bool
    skewed: bool

    @property
    def name(self) -> str:
        """In words."""
        whose = "one for both outcomes" if self.shared else "one for each outcome"
        return f"{self.family}, {whose}, correlation {'skewed' if self.skewed else 'symmetric'}"

    @property
    def dimensions(self) -> int:
        """Number of hyper-parameters."""
        each = 2 if self.family == "log-normal" else 1
        return each * (1 if self.shared else 2) + (2 if self.skewed else 1)

    def hyper(self, u: Array) -> Array:
        """Map standard normals (n, dimensions) to log scale and spread, twice, and beta a, b.

        Hyper-priors: log scale Normal(0, 1); log spread Normal(log 0.5, 0.5); log of the
        correlation's a Normal(log 2, 0.7); its skewness tanh of Normal(0, 0.5).
        """
        left = list(np.moveaxis(u, 1, 0))
        columns = []
        for _ in range(1 if self.shared else 2):
            columns.append(left.pop(0))
            log_normal = self.family == "log-normal"
            columns.append(0.5 * np.exp(0.5 * left.pop(0)) if log_normal else np.ones(len(u)))
        if self.shared:
            columns *= 2
        total = 4 * np.exp(0.7 * left.pop(0))
        share = (1 + np.tanh(0.5 * left.pop(0))) / 2 if self.skewed else np.full(len(u), 0.5)
        return np.column_stack([*columns, total * share, total * (1 - share)])

    def log_density(self, values: Array, hyper: Array) -> Array:
        """Return the log density of log SDs and correlation (draws, 3), shape (n, draws)."""
        location1, spread1, location2, spread2, a, b = hyper.T[:, :, None]
        rho = values[:, 2]
        found = (a - 1) * np.log((1 + rho) / 2) + (b - 1) * np.log((1 - rho) / 2)
        found = found - betaln(a, b) - np.log(2)
        pairs = ((values[:, 0], location1, spread1), (values[:, 1], location2, spread2))
        for log_sd, location, spread in pairs:
            if self.family == "log-normal":
                found = found + norm.logpdf(log_sd, location, spread)
            else:
                density = half_normal if self.family == "half-normal" else half_t
                found = found + density(log_sd, location)
        return np.asarray(found)

    def log_likelihood(self, one: StudySet, u: Array) -> Array:
        """Return the set's log likelihood at hyper-parameters, its own five integrated out."""
        values, weight = one.draws
        density = self.log_density(values, self.hyper(u))
        return np.asarray(
            one.fit.log_evidence + logsumexp(weight + density, axis=1) - np.log(len(weight))
        )


CANDIDATES = [
    Candidate(family, shared, skewed)
    for family in ("half-normal", "half-t", "log-normal")
    for shared in (True, False)
    for skewed in (False, True)
]


def learn(candidate: Candidate, sets: Sequence[StudySet]) -> tuple[Array, Array]:
    """Return draws of the hyper-parameters' standard normals and their weights."""

    def log_likelihood(u: Array) -> Array:
        return np.sum([candidate.log_likelihood(one, u) for one in sets], axis=0)

    found = sample_posterior(
        log_likelihood, candidate.dimensions, effective_size=500.0, round_size=1024, seed=SEED
    )
    return found.points, found.weights


def others(sets: Sequence[StudySet], block: str) -> list[StudySet]:
    """Return the sets that are learned from when a block is left out."""
    return [one for one in sets if one.learned_from and one.block != block]


def block_scores(candidate: Candidate, sets: Sequence[StudySet]) -> dict[str, float]:
    """Return the log predictive density of each block given the others."""
    scores = {}
    for block in sorted({one.block for one in sets}):
        points, weights = learn(candidate, others(sets, block))
        own = [one for one in sets if one.block == block and one.learned_from]
        value = np.sum([candidate.log_likelihood(one, points) for one in own], axis=0)
        scores[block] = float(logsumexp(value, b=weights))
    return scores


def compare(sets: Sequence[StudySet]) -> pd.DataFrame:
    """Return one row per candidate and block: its score."""
    rows = []
    for candidate in CANDIDATES:
        for block, score in block_scores(candidate, sets).items():
            rows.append({"candidate": candidate.name, "parameters": candidate.dimensions,
                         "block": block, "score": score})  # fmt: skip
    return pd.DataFrame(rows)


def verdict(scores: pd.DataFrame) -> pd.DataFrame:
    """Apply the rule: one row per candidate, with ``chosen``."""
    wide = scores.pivot_table(index="block", columns="candidate", values="score")
    total = wide.sum()
    best = total.idxmax()
    apart = wide.sub(wide[best], axis=0)
    table = pd.DataFrame({"score": total, "below_best": apart.sum()})
    table["standard_error"] = apart.std(ddof=1) * len(wide) ** 0.5
    table["parameters"] = scores.groupby("candidate")["parameters"].first()
    table = table.sort_values(["parameters", "score"], ascending=[True, False])
    near = -table["below_best"] <= table["standard_error"]
    chosen = table.index[near | (table.index == best)][0]
    return table.assign(chosen=table.index == chosen).sort_values("score", ascending=False)


def population(candidate: Candidate, points: Array, weights: Array) -> dict[str, float]:
    """Return the numbers that ship, of a log-normal candidate averaged over its parameters.

    Log-normal: mean and variance of log SD. Correlation: its mean and variance.
    """
    hyper = candidate.hyper(points)
    found: dict[str, float] = {}
    for outcome, (location, spread) in zip(
        ("sensitivity", "specificity"), (hyper.T[:2], hyper.T[2:4]), strict=True
    ):
        centre = float(weights @ location)
        variance = float(weights @ (spread**2 + (location - centre) ** 2))
        found[f"{outcome}_sd_median"] = float(np.exp(centre))
        found[f"{outcome}_sd_spread"] = variance**0.5
    a, b = hyper.T[4:]
    means = 2 * a / (a + b) - 1
    mean = float(weights @ means)
    variance = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    variance = float(weights @ (variance + (means - mean) ** 2))
    found["correlation_mean"] = mean
    # the variance of the shipped beta is (1 - mean^2) / (2 shape + 1)
    found["correlation_shape"] = ((1 - mean**2) / variance - 1) / 2
    return found


def learned_priors(candidate: Candidate, sets: Sequence[StudySet], factor: float = 1.0) -> Priors:
    """Return the priors that ship if these sets are all there is."""
    return shipped_priors(population(candidate, *learn(candidate, sets)), factor)


def shipped_priors(found: dict[str, float], factor: float) -> Priors:
    """Return the priors of a learned population, the medians times a factor, by two digits."""
    widened = {
        name: value * factor if name.endswith("median") else value for name, value in found.items()
    }
    return Priors(**{name: round(value, 2) for name, value in widened.items()})
