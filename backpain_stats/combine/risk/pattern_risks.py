"""Ratios and risks of many patterns at once: what every risk of the package is a view of.

One patient, a frame of patients, all patterns, a range of correlations, the
overview and the explorer differ in the patterns they ask for and in what they
show. The posterior draws are shared by all patterns, which are evaluated in
blocks, so that the memory needed does not grow with their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.combine.dependence.base import Dependence, Marginals
from backpain_stats.combine.risk.posterior import Posterior
from backpain_stats.sampling import interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Draws times patterns of one block: 8 MB an array, of which some ten exist at once.
BLOCK = 2**20
#: What is said of a pattern that the figures exclude among cases and among non-cases.
IMPOSSIBLE = "the published figures make these findings impossible together"
# Method of a model that leaves a range of risks.
SHARP = "sharp bounds, no sampling error"


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the risk of a pattern is computed from.

    Parameters
    ----------
    dependence : Dependence
        How findings hang together.
    marginals : Marginals
        The point estimates (one draw).
    pretest : float
        Pre-test probability, at its point estimate.
    posterior : Posterior or None
        The draws; None for point estimates only.
    """

    dependence: Dependence
    marginals: Marginals
    pretest: float
    posterior: Posterior | None

    @property
    def draws(self) -> Posterior | None:
        """The draws, where anything varies."""
        return None if self.posterior is None or self.posterior.certain else self.posterior

    @property
    def method(self) -> str:
        """How estimates and intervals are made."""
        if self.dependence.leaves_range:
            return SHARP
        if self.posterior is None:
            return f"{self.dependence.name}; point estimates"
        if self.draws is None:
            return f"{self.dependence.name}; no counts were given"
        draws = len(self.posterior.pretest)
        return f"{self.dependence.name}; Jeffreys posterior, {draws} quasi-random draws"


@dataclass(frozen=True, slots=True, eq=False)
class PatternRisks:
    """Likelihood ratio and post-test probability of each pattern; arrays of shape (patterns,).

    Parameters
    ----------
    lr, lr_low, lr_high : numpy.ndarray
        Combined likelihood ratio with its interval.
    posttest, ci_low, ci_high : numpy.ndarray
        Post-test probability with its interval.
    log_ratio : numpy.ndarray
        Natural logarithm of ``lr``.
    ci_level : float
        Level of the intervals.
    drawn : numpy.ndarray or None
        Draws of the log ratio, shape (patterns, draws), if they were to be kept.

    Notes
    -----
    NaN where a pattern is impossible in both groups, and for the ends where
    nothing varies. A model that leaves a range has NaN estimates and level: the
    ends are sharp bounds.
    """

    lr: Array
    lr_low: Array
    lr_high: Array
    posttest: Array
    ci_low: Array
    ci_high: Array
    log_ratio: Array
    ci_level: float
    drawn: Array | None = None


def pattern_risks(
    known: Known,
    patterns: NDArray[np.int8],
    level: float,
    *,
    log_ratio: Array | None = None,
    keep: bool = False,
) -> PatternRisks:
    """Return ratio and risk of each pattern, with intervals if anything varies.

    Parameters
    ----------
    known : Known
        The model.
    patterns : numpy.ndarray
        Patterns, shape (patterns, flags); each should occur once.
    level : float
        Level of the intervals.
    log_ratio : numpy.ndarray, optional
        The log ratios at the point estimates, if they are known already.
    keep : bool
        Whether the draws of the log ratios are part of the result: for few patterns.
    """
    if known.dependence.leaves_range:
        return _ranges(known, patterns)
    if log_ratio is None:
        log_ratio = point_log_ratios(known.dependence, known.marginals, patterns)
    odds = logit(known.pretest) + log_ratio
    ends = np.full((4, len(patterns)), np.nan)
    kept = []
    if known.draws is not None:
        posterior = known.draws
        dependence = posterior.dependence or known.dependence
        width = max(1, BLOCK // len(posterior.pretest))
        priors = logit(posterior.pretest)
        blocks = dependence.log_ratio_blocks(posterior.marginals, patterns, width)
        for number, block in enumerate(blocks):
            rows = slice(number * width, (number + 1) * width)
            drawn = np.ascontiguousarray(block.T)
            ends[:2, rows] = log_interval(log_ratio[rows], drawn, level)
            ends[2:, rows] = log_interval(odds[rows], drawn + priors, level)
            kept += [drawn] if keep else []
    return PatternRisks(
        lr=np.exp(log_ratio),
        lr_low=np.exp(ends[0]),
        lr_high=np.exp(ends[1]),
        posttest=expit(odds),
        ci_low=expit(ends[2]),
        ci_high=expit(ends[3]),
        log_ratio=log_ratio,
        ci_level=level,
        drawn=np.concatenate(kept) if kept else None,
    )


def point_log_ratios(
    dependence: Dependence, marginals: Marginals, patterns: NDArray[np.int8]
) -> Array:
    """Return the log likelihood ratio of each pattern at the first draw of the marginals."""
    blocks = dependence.log_ratio_blocks(marginals, patterns, BLOCK)
    return np.concatenate([np.empty(0), *(block[0] for block in blocks)])


def log_interval(estimate: Array, drawn: Array, level: float) -> tuple[Array, Array]:
    """Return the interval of each row of draws (rows, draws) around its estimate.

    A draw that makes a pattern impossible in both groups has no ratio (NaN) and is left out.
    """
    low, high = interval_around(estimate, drawn, level)
    for row in np.flatnonzero(np.isnan(low) & ~np.isnan(estimate)):
        own = drawn[row, ~np.isnan(drawn[row])]
        if own.size:
            low[row], high[row] = interval_around(estimate[row], own, level)
    return low, high


def _ranges(known: Known, patterns: NDArray[np.int8]) -> PatternRisks:
    """Return the sharp bounds in place of estimates: they are no confidence interval."""
    low, high = (
        end[0] for end in known.dependence.risk_range(known.marginals, patterns, known.pretest)
    )
    none = np.full(len(patterns), np.nan)
    return PatternRisks(
        lr=none,
        lr_low=np.exp(logit(low) - logit(known.pretest)),
        lr_high=np.exp(logit(high) - logit(known.pretest)),
        posttest=none,
        ci_low=low,
        ci_high=high,
        log_ratio=none,
        ci_level=np.nan,
    )
