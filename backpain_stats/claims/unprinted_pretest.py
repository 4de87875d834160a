"""Which pre-test would make a table print a post-test probability and its interval.

For claims that print no pre-test, where none that is published fits. One number
is then free, and three printed figures have to agree: only then does a solution
say something.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backpain_stats.claims.claim import Claim
from backpain_stats.claims.inputs import Candidate
from backpain_stats.claims.search import CORRECTIONS, ratios_of
from backpain_stats.claims.trials import RATIO_METHODS, Figures, Floats
from backpain_stats.printed import PrintedValue
from backpain_stats.tables import odds_from_probability, probability_from_odds

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
    tables: NDArray[np.int64]
    low: Floats
    high: Floats
    figures: Figures
    tried: int


def solve_pretests(claim: Claim, candidates: Iterable[Candidate]) -> list[Solution]:
    """Find the pre-tests that would print a post-test probability with its interval.

    Parameters
    ----------
    claim : Claim
        A post-test probability with an interval.
    candidates : iterable of Candidate
        What it may have been computed from.

    Returns
    -------
    list of Solution
        One per report, correction and interval method for which there is such a
        pre-test. The plainest convention comes first.
    """
    known = [candidate for candidate in candidates if len(candidate.complete)]
    solutions = [
        _solve(claim, candidate, correction, method)
        for method in RATIO_METHODS
        for correction in CORRECTIONS
        for candidate in known
    ]
    return [solution for solution in solutions if len(solution.tables)]


def _solve(claim: Claim, candidate: Candidate, correction: str, method: str) -> Solution:
    """Intersect what the value and both ends allow, table by table."""
    tables = candidate.complete
    figures = ratios_of(candidate, claim.measure, method, correction, claim.level)
    low, high = np.zeros(len(tables)), np.full(len(tables), np.inf)
    for printed, ratio in zip((claim.value, *claim.ends), figures, strict=True):
        if printed is not None:
            least, most = _odds_for(printed, ratio)
            low, high = np.fmax(low, least), np.fmin(high, most)
    good = np.isfinite(figures[0]) & (low > 0) & (low <= high) & np.isfinite(high)
    estimate, low_end, high_end = (figure[good] for figure in figures)
    return Solution(
        candidate=candidate,
        correction=correction,
        method=method,
        tables=tables[good],
        low=probability_from_odds(low[good]),
        high=probability_from_odds(high[good]),
        figures=(estimate, low_end, high_end),
        tried=len(tables),
    )


def _odds_for(printed: PrintedValue, ratio: Floats) -> tuple[Floats, Floats]:
    """Return the pre-test odds with which a ratio gives a post-test that prints so."""
    low = 0.0 if printed.low is None else max(float(printed.low), 0.0)
    high = 1.0 if printed.high is None else min(float(printed.high), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return odds_from_probability(low) / ratio, odds_from_probability(high) / ratio
