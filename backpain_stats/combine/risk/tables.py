"""Risks as frames: patients, all patterns, a range of dependence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from backpain_stats.checks import real_numbers
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import ABSENT, PRESENT, all_patterns, distinct
from backpain_stats.combine.risk.pattern_risks import (
    IMPOSSIBLE,
    Known,
    PatternRisks,
    log_interval,
    pattern_risks,
)
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: The columns of ratio and risk, in every frame of risks.
RISK_COLUMNS = (
    "lr", "lr_low", "lr_high", "pretest", "posttest", "ci_low", "ci_high",
    "new_practice_low", "new_practice_high", "ci_level", "method",
)  # fmt: skip

# Each correlation is a posterior of its own: as many take about ten seconds.
MOST_CORRELATIONS = 1_000


def _result_frame(known: Known, found: PatternRisks) -> pd.DataFrame:
    """Return ratios and risks as one row a pattern, with ``RISK_COLUMNS``."""
    impossible = np.isnan(found.ci_low if known.dependence.leaves_range else found.lr)
    methods = np.where(impossible, f"none: {IMPOSSIBLE}", known.method)
    others = {"pretest": known.pretest, "method": methods}
    return pd.DataFrame(
        {name: others.get(name, getattr(found, name, None)) for name in RISK_COLUMNS},
        index=range(len(found.lr)),
    ).astype({name: str if name == "method" else float for name in RISK_COLUMNS})


def risks_frame(
    known: Known,
    flags: Sequence[str],
    patterns: NDArray[np.int8],
    *,
    index: pd.Index,
    level: float,
) -> pd.DataFrame:
    """Return one row a patient; see ``RiskModel.risks``. Each different pattern is computed once.

    ``flags`` are the names of the columns of ``patterns``, shape (patients, flags).
    """
    different, which = distinct(patterns)
    frame = _result_frame(known, pattern_risks(known, different, level))
    names = np.array(flags, dtype=object)
    for place, (column, state) in enumerate((("present", PRESENT), ("absent", ABSENT))):
        named = [";".join(names[row == state]) for row in different]
        frame.insert(place, column, pd.Series(named, index=frame.index, dtype=str))
    return frame.iloc[which].set_axis(index)


def profile_frame(known: Known, level: float) -> pd.DataFrame:
    """Return every complete pattern with its probability and risk; see ``RiskModel.profile``."""
    patterns = all_patterns(known.marginals.findings)
    frame = pd.DataFrame(patterns, columns=list(known.marginals.labels))
    table = known.dependence.complete_table(known.marginals)
    found = pattern_risks(known, patterns, level)
    if known.dependence.leaves_range:
        return frame.assign(
            pretest=known.pretest, posttest_low=found.ci_low, posttest_high=found.ci_high
        )
    if table is not None:
        cases, noncases = np.exp(table.cases[0]), np.exp(table.noncases[0])
        frame = frame.assign(
            probability_cases=cases,
            probability_noncases=noncases,
            probability=known.pretest * cases + (1 - known.pretest) * noncases,
        )
    return pd.concat([frame, _result_frame(known, found)], axis=1)


def sensitivity_frame(
    known: Known,
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
    if correlations.size > MOST_CORRELATIONS:
        raise ArgumentError(
            f"rho has {correlations.size:,} correlations; up to {MOST_CORRELATIONS:,} are computed"
        )
    bounds = [Bounds().risk_range(known.marginals, pattern, prior) for prior, _ in pretests]
    rows = []
    for correlation in np.atleast_1d(correlations).tolist():
        model = OneFactor(correlation, correlation)
        found = pattern_risks(replace(known, dependence=model), pattern[None], level, keep=True)
        for (prior, priors), (low, high) in zip(pretests, bounds, strict=True):
            ends = np.array([[np.nan], logit(prior) + found.log_ratio, [np.nan]])
            if found.drawn is not None:
                ends = log_interval(found.drawn + logit(priors), level)
            rows.append(
                {
                    "rho": float(correlation),
                    "pretest": prior,
                    "lr": found.lr[0],
                    "estimate": expit(ends[1, 0]),
                    "ci_low": expit(ends[0, 0]),
                    "ci_high": expit(ends[2, 0]),
                    "ci_level": level,
                    "bound_low": float(low[0, 0]),
                    "bound_high": float(high[0, 0]),
                    "method": model.name,
                }
            )
    return pd.DataFrame(rows).sort_values(["pretest", "rho"], ignore_index=True)
