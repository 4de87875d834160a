"""Risks as numbers and frames: one pattern, all patterns, a range of dependence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from backpain_stats.checks import real_numbers
from backpain_stats.combine.dependence.base import (
    Dependence,
    Marginals,
    PatternModel,
    RatioModel,
    posttest_from_log_ratio,
)
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.combine.risk.assessment import drawn_log_ratios
from backpain_stats.combine.risk.posterior import Posterior
from backpain_stats.errors import ArgumentError
from backpain_stats.sampling import interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Triple = tuple[float, float, float]


def risk_and_ratio(
    log_ratio: float, pretest: float, sampled: Array | None, pretests: Array, level: float
) -> tuple[Triple, Triple, Array | None]:
    """Return post-test and likelihood ratio, each with its interval, and the draws of the risk.

    ``sampled`` are draws of the log ratio and ``pretests`` of the pre-test;
    without draws the ends are NaN.
    """
    risk = float(posttest_from_log_ratio(np.array([[log_ratio]]), pretest)[0, 0])
    ratio = float(np.exp(log_ratio))
    if sampled is None:
        return (risk, np.nan, np.nan), (ratio, np.nan, np.nan), None
    # A draw that makes the pattern impossible in both groups has no ratio.
    kept = ~np.isnan(sampled)
    draws = posttest_from_log_ratio(sampled[kept, None], pretests[kept])[:, 0]
    low, high = interval_around(risk, draws, level)
    ratio_low, ratio_high = interval_around(ratio, np.exp(sampled[kept]), level)
    return (
        (risk, float(low), float(high)),
        (ratio, float(ratio_low), float(ratio_high)),
        draws,
    )


def profile_frame(dependence: Dependence, point: Marginals, pretest: float) -> pd.DataFrame:
    """Return every complete pattern with its probability and risk; see ``RiskModel.profile``."""
    patterns = all_patterns(point.findings)
    frame = pd.DataFrame(patterns, columns=list(point.labels))
    if isinstance(dependence, RatioModel) and not isinstance(dependence, PatternModel):
        ratios = dependence.log_ratios(point, patterns)
        posttest = posttest_from_log_ratio(ratios, pretest)[0]
        return frame.assign(lr=np.exp(ratios[0]), pretest=pretest, posttest=posttest)
    if not isinstance(dependence, PatternModel):
        low, high = dependence.risk_range(point, patterns, pretest)
        return frame.assign(pretest=pretest, posttest_low=low[0], posttest_high=high[0])
    table = dependence.log_table(point)
    cases, noncases = np.exp(table.cases[0]), np.exp(table.noncases[0])
    return frame.assign(
        probability_cases=cases,
        probability_noncases=noncases,
        probability=pretest * cases + (1 - pretest) * noncases,
        lr=np.exp(table.log_ratio[0]),
        pretest=pretest,
        posttest=posttest_from_log_ratio(table.log_ratio, pretest)[0],
    )


def sensitivity_frame(
    point: Marginals,
    posterior: Posterior,
    pattern: NDArray[np.int8],
    *,
    pretests: Sequence[tuple[float, Array]],
    rho: Sequence[float],
    level: float,
) -> pd.DataFrame:
    """Return a patient's risk over correlations and pre-tests; see ``RiskModel.sensitivity``.

    ``pretests`` pairs each pre-test with its draws.
    """
    correlations = real_numbers(rho)
    if correlations is None or not correlations.size:
        raise ArgumentError(f"rho is {rho!r}; give one or more correlations from 0 to below 1")
    bounds = [Bounds().risk_range(point, pattern, prior) for prior, _ in pretests]
    rows = []
    for correlation in np.atleast_1d(correlations).tolist():
        model = OneFactor(correlation, correlation)
        log_ratio = float(model.log_ratios(point, pattern)[0, 0])
        sampled = None if posterior.certain else drawn_log_ratios(model, posterior, pattern)
        for (prior, drawn), (low, high) in zip(pretests, bounds, strict=True):
            risk, ratio, _ = risk_and_ratio(log_ratio, prior, sampled, drawn, level)
            rows.append(
                {
                    "rho": float(correlation),
                    "pretest": prior,
                    "lr": ratio[0],
                    "estimate": risk[0],
                    "ci_low": risk[1],
                    "ci_high": risk[2],
                    "ci_level": level,
                    "bound_low": float(low[0, 0]),
                    "bound_high": float(high[0, 0]),
                    "method": model.name,
                }
            )
    return pd.DataFrame(rows).sort_values(["pretest", "rho"], ignore_index=True)
