"""Prediction intervals from one to three studies, against the studies left over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from heterogeneity_model import (
    SEED,
    Array,
    Candidate,
    StudySet,
    learned_priors,
    others,
)
from numpy.typing import NDArray
from scipy.special import betainc, xlog1py, xlogy

from backpain_stats import Priors, fit_bivariate

SIZES = (1, 2, 3)
SUBSETS = 10
LEVEL = 0.95
OUTCOMES = ("sensitivity", "specificity")
SENSES = ("true", "jeffreys", "observed", "printed")
FACTORS = (1.0, 1.25, 1.3, 1.5)
LEAST_HELD = 0.93
PREVIOUS = "half-normal(1), previous default"
WIDE_MEANS = "learned, SDs times 1.5, means Normal(0, 3)"


def subsets(studies: int, size: int, random: np.random.Generator) -> list[tuple[int, ...]]:
    """Return up to ten different subsets of the studies."""
    if comb(studies, size) <= SUBSETS:
        return list(combinations(range(studies), size))
    found: dict[tuple[int, ...], None] = {}
    while len(found) < SUBSETS:
        found[tuple(sorted(random.choice(studies, size, replace=False).tolist()))] = None
    return list(found)


def arms(one: StudySet) -> list[tuple[Array, Array]]:
    """Return successes and failures of the cases and of the non-cases."""
    tp, fp, fn, tn = one.data[["tp", "fp", "fn", "tn"]].to_numpy(dtype=np.float64).T
    return [(tp, fn), (tn, fp)]


def posterior_of_studies(one: StudySet) -> list[tuple[Array, Array]]:
    """Return, for each outcome, sorted draws of a new practice and each study's posterior on them.

    The posterior is a distribution function over the draws, (studies, draws).
    """
    new = one.fit.new_practice_draws(seed=SEED)
    found = []
    for outcome, (successes, failures) in zip(OUTCOMES, arms(one), strict=True):
        share = np.sort(new[outcome].to_numpy(dtype=np.float64))
        weight = xlogy(successes[:, None], share) + xlog1py(failures[:, None], -share)
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        cumulative = np.cumsum(weight, axis=1)
        found.append((share, cumulative / cumulative[:, -1:]))
    return found


def printed(share: Array, y: Array, f: Array) -> NDArray[np.bool_]:
    """Return whether each observed count lies in the interval of ``predict_study``.

    It does if P(Y <= y) reaches the lower tail and P(Y < y) stays below the upper one.
    """
    tail = (1 - LEVEL) / 2
    y, f = y[:, None], f[:, None]
    # P(Bin(n, p) <= y) = 1 - I_p(y + 1, n - y), which is 1 at y = n
    at_most = 1 - np.where(f > 0, betainc(y + 1, np.maximum(f, 1), share), 0.0).mean(axis=1)
    below = 1 - np.where(y > 0, betainc(np.maximum(y, 1), f + 1, share), 1.0).mean(axis=1)
    return np.asarray((at_most >= tail) & (below < 1 - tail))


def held(one: StudySet, priors: Priors, name: str) -> pd.DataFrame:
    """Return one row per size and outcome: the share held in each sense, the mean width."""
    random = np.random.default_rng(SEED)
    truth = posterior_of_studies(one)
    rows = []
    for size in SIZES:
        for chosen in subsets(len(one.data), size, random):
            subset = one.data.iloc[list(chosen)]
            fit = fit_bivariate(subset, inference="bayes", priors=priors, effective_size=1000,
                                nodes=7, seed=SEED)  # fmt: skip
            if fit.uninformed:
                continue
            new = fit.new_practice_draws(seed=SEED)
            # what fit.predict(seed=SEED) returns for the two proportions
            ends = new[list(OUTCOMES)].quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            left = np.setdiff1d(np.arange(len(one.data)), chosen)
            for outcome, (successes, failures), (share, posterior) in zip(
                OUTCOMES, arms(one), truth, strict=True
            ):
                rest = left[(successes + failures)[left] > 0]
                y, f = successes[rest], failures[rest]
                low, high = ends[outcome].to_numpy()
                inside = [np.interp(high, share, row) - np.interp(low, share, row)
                          for row in posterior[rest]]  # fmt: skip
                by_jeffreys = betainc(y + 0.5, f + 0.5, high) - betainc(y + 0.5, f + 0.5, low)
                seen = y / (y + f)
                rows.append({"size": size, "outcome": outcome,
                             "true": np.mean(inside), "jeffreys": np.mean(by_jeffreys),
                             "observed": np.mean((seen >= low) & (seen <= high)),
                             "printed": np.mean(printed(new[outcome].to_numpy()[:512], y, f)),
                             "width": high - low})  # fmt: skip
    mean = pd.DataFrame(rows).groupby(["size", "outcome"], as_index=False).mean()
    return mean.assign(model=name, set=one.name)


def label(factor: float) -> str:
    """Return the name of the learned prior with SDs times a factor."""
    return "learned" if factor == 1 else f"learned, SDs times {factor:g}"


def coverage(sets: Sequence[StudySet], candidate: Candidate) -> pd.DataFrame:
    """Return the shares held by the learned priors and by those they are compared with."""
    fixed = {PREVIOUS: Priors.weakly_informative()}
    fixed["half-normal(1.75)"] = replace(
        fixed[PREVIOUS], sensitivity_sd_scale=1.75, specificity_sd_scale=1.75
    )
    blocks = []
    for one in sets:
        apart = others(sets, one.block)
        learned = {label(each): learned_priors(candidate, apart, each) for each in FACTORS}
        blocks += [held(one, priors, name) for name, priors in {**learned, **fixed}.items()]
    return pd.concat(blocks, ignore_index=True)


def chosen_factor(shares: pd.DataFrame) -> float:
    """Return the smallest factor that holds enough from 2 and from 3 studies, by own counts."""
    means = shares.groupby(["model", "size"])["jeffreys"].mean()
    for factor in FACTORS:
        if (means[label(factor)].loc[[2, 3]] >= LEAST_HELD).all():
            return factor
    raise ValueError(f"no factor holds {LEAST_HELD:.0%}: {means}")


def wide_means(sets: Sequence[StudySet], candidate: Candidate) -> pd.DataFrame:
    """Return the shares held with the largest factor and a wider prior of the mean logits."""
    blocks = []
    for one in sets:
        priors = learned_priors(candidate, others(sets, one.block), FACTORS[-1])
        wide = replace(priors, sensitivity_scale=3.0, specificity_scale=3.0)
        blocks.append(held(one, wide, WIDE_MEANS))
    return pd.concat(blocks, ignore_index=True)
