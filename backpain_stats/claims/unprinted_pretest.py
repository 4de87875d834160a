"""Which pre-test would make a table print a post-test probability and its interval.

For claims that print no pre-test, where none that is published fits. One number
is then free, and three printed figures have to agree: only then does a solution
say something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backpain_stats.claims.inputs import Candidate, Claim
from backpain_stats.claims.search import CORRECTIONS, RATIO_METHODS
from backpain_stats.printed.value import PrintedValue
from backpain_stats.tables.bayes_rule import odds_from_probability, probability_from_odds
from backpain_stats.tables.ratios import ratio_interval

__all__ = ["Solution", "solve_pretests"]


@dataclass(frozen=True, slots=True)
class Solution:
    """The pre-tests with which some tables of one report print a claim.

    Parameters
    ----------
    candidate : Candidate
        The report.
    correction, method : str
        The convention.
    tables : numpy.ndarray
        The tables that can print it, shape (tables, 4).
    low, high : numpy.ndarray
        The smallest and largest pre-test probability of each.
    figures : tuple of numpy.ndarray
        Likelihood ratio, its low and its high end, of each.
    tried : int
        How many tables were looked at.
    """

    candidate: Candidate
    correction: str
    method: str
    tables: np.ndarray
    low: np.ndarray
    high: np.ndarray
    figures: tuple[np.ndarray, np.ndarray, np.ndarray]
    tried: int


def solve_pretests(claim: Claim, candidates: Sequence[Candidate]) -> list[Solution]:
    """Find the pre-tests that would print a post-test probability with its interval.

    Parameters
    ----------
    claim : Claim
        A post-test probability with an interval.
    candidates : sequence of Candidate
        What it may have been computed from.

    Returns
    -------
    list of Solution
        One a report, correction and interval method, without tables where there is no
        such pre-test. The plainest convention comes first.
    """
    measure = "lr_positive" if claim.statistic == "posttest" else "lr_negative"
    found = []
    for method in RATIO_METHODS:
        for correction in CORRECTIONS:
            for candidate in candidates:
                if (candidate.cells >= 0).all(axis=1).any():
                    found.append(
                        _solve(claim, candidate, measure, correction=correction, method=method)
                    )
    return found


def _solve(
    claim: Claim, candidate: Candidate, measure: str, *, correction: str, method: str
) -> Solution:
    """Intersect what the value and both ends allow, table by table."""
    tables = candidate.cells[(candidate.cells >= 0).all(axis=1)]
    tp, fp, fn, tn = tables.T
    figures = ratio_interval(
        tp, fp, fn, tn, measure=measure, method=method, correction=correction, level=claim.level
    )
    low, high = np.zeros(len(tables)), np.full(len(tables), np.inf)
    for printed, ratio in zip((claim.value, *claim.ends), figures, strict=True):
        if printed is not None:
            least, most = _odds_for(printed, ratio)
            low, high = np.fmax(low, least), np.fmin(high, most)
    good = np.isfinite(figures[0]) & (low > 0) & (low <= high) & np.isfinite(high)
    return Solution(
        candidate,
        correction,
        method,
        tables[good],
        probability_from_odds(low[good]),
        probability_from_odds(high[good]),
        (figures[0][good], figures[1][good], figures[2][good]),
        len(tables),
    )


def _odds_for(printed: PrintedValue, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pre-test odds with which a ratio gives a post-test that prints so."""
    low = 0.0 if printed.low is None else max(float(printed.low), 0.0)
    high = 1.0 if printed.high is None else min(float(printed.high), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return odds_from_probability(low) / ratio, odds_from_probability(high) / ratio
