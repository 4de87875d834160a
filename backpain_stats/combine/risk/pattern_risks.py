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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Draws times patterns of one block: 4 MB an array, of which some ten exist at once.
BLOCK = 2**19
#: What is said of a pattern that the figures exclude among cases and among non-cases.
IMPOSSIBLE = "the published figures make these findings impossible together"
# Draws of log odds that differ by less are one value, to rounding.
NOTHING = 1e-12
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
        The draws for an average practice; None for point estimates only.
    new_practice : Posterior or None
        The draws for a practice that was not studied; None where practices are alike.
    """

    dependence: Dependence
    marginals: Marginals
    pretest: float
    posterior: Posterior | None
    new_practice: Posterior | None = None

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
        if not self.posterior.counted:
            return f"{self.dependence.name}; no counts were given"
        draws = len(self.posterior.pretest)
        return f"{self.dependence.name}; posterior median, {draws} quasi-random draws"


@dataclass(frozen=True, slots=True, eq=False)
class PatternRisks:
    """Likelihood ratio and post-test probability of each pattern; arrays of shape (patterns,).

    Parameters
    ----------
    lr, lr_low, lr_high : numpy.ndarray
        Combined likelihood ratio in an average practice with its interval.
    posttest, ci_low, ci_high : numpy.ndarray
        Post-test probability in an average practice with its interval.
    new_practice, new_practice_low, new_practice_high : numpy.ndarray
        Post-test probability in a practice that was not studied.
    log_ratio, log_ratio_low, log_ratio_high : numpy.ndarray
        Natural logarithm of ``lr``, and the ends of its interval in a practice that was not
        studied.
    ci_level : float
        Level of the intervals.
    drawn, drawn_new : numpy.ndarray or None
        Draws of the log ratio, shape (patterns, draws), if they were to be kept.

    Notes
    -----
    Estimates are posterior medians; where nothing varies, the values at the point
    estimates, whose ends are NaN. NaN also where a pattern is impossible in both groups.
    A model that leaves a range has NaN estimates and level: the ends are sharp bounds.
    """

    lr: Array
    lr_low: Array
    lr_high: Array
    posttest: Array
    ci_low: Array
    ci_high: Array
    new_practice: Array
    new_practice_low: Array
    new_practice_high: Array
    log_ratio: Array
    log_ratio_low: Array
    log_ratio_high: Array
    ci_level: float
    drawn: Array | None = None
    drawn_new: Array | None = None


def pattern_risks(
    known: Known,
    patterns: NDArray[np.int8],
    level: float,
    *,
    keep: bool = False,
    new_ratios: bool = False,
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
    keep : bool
        Whether the draws of the log ratios are part of the result: for few patterns.
    new_ratios : bool
        Whether ``log_ratio_low`` and ``log_ratio_high`` are asked for (else NaN).
    """
    if known.dependence.leaves_range:
        return _ranges(known, patterns)
    if known.draws is None:
        log_ratio = point_log_ratios(known.dependence, known.marginals, patterns)
        none = np.full(len(patterns), np.nan)
        risk = expit(logit(known.pretest) + log_ratio)
        return PatternRisks(
            np.exp(log_ratio), none, none, risk, none, none, risk, none, none, log_ratio, none,
            none, level
        )  # fmt: skip
    ratios, risks, drawn = _drawn(known, known.draws, patterns, level, keep=keep)
    ratios_new, elsewhere, drawn_new = ratios, risks, drawn
    if known.new_practice is not None:
        ratios_new, elsewhere, drawn_new = _drawn(
            known, known.new_practice, patterns, level, keep=keep, ratio=new_ratios
        )
    with np.errstate(over="ignore"):  # beyond a double a ratio is infinite
        (lr_low, lr, lr_high), (ci_low, posttest, ci_high) = np.exp(ratios), expit(risks)
    new_low, new, new_high = expit(elsewhere)
    return PatternRisks(
        lr=lr,
        lr_low=lr_low,
        lr_high=lr_high,
        posttest=posttest,
        ci_low=ci_low,
        ci_high=ci_high,
        new_practice=new,
        new_practice_low=new_low,
        new_practice_high=new_high,
        log_ratio=ratios[1],
        log_ratio_low=ratios_new[0],
        log_ratio_high=ratios_new[2],
        ci_level=level,
        drawn=drawn,
        drawn_new=drawn_new,
    )


def median_log_ratios(known: Known, patterns: NDArray[np.int8]) -> Array:
    """Return the log likelihood ratio of each pattern alone, as :func:`pattern_risks` has it."""
    posterior = known.draws
    if posterior is None:
        return point_log_ratios(known.dependence, known.marginals, patterns)
    width = max(1, BLOCK // len(posterior.pretest))
    dependence = posterior.dependence or known.dependence
    blocks = dependence.log_ratio_blocks(posterior.marginals, patterns, width)
    return np.concatenate([np.empty(0), *(log_quantiles(block.T, [0.5])[0] for block in blocks)])


def _drawn(
    known: Known,
    posterior: Posterior,
    patterns: NDArray[np.int8],
    level: float,
    *,
    keep: bool,
    ratio: bool = True,
) -> tuple[Array, Array, Array | None]:
    """Return low, median and high of the log ratio and of the log odds, (3, patterns)."""
    dependence = posterior.dependence or known.dependence
    width = max(1, BLOCK // len(posterior.pretest))
    priors = logit(posterior.pretest)
    ratios, risks = np.full((3, len(patterns)), np.nan), np.full((3, len(patterns)), np.nan)
    kept = []
    blocks = dependence.log_ratio_blocks(posterior.marginals, patterns, width)
    for number, block in enumerate(blocks):
        rows = slice(number * width, (number + 1) * width)
        drawn = np.ascontiguousarray(block.T)
        if ratio:
            ratios[:, rows] = log_interval(drawn, level)
        risks[:, rows] = log_interval(drawn + priors, level)
        kept += [drawn] if keep else []
    # A model that draws its own parameters does not vary for a single finding.
    with np.errstate(invalid="ignore"):
        still = risks[2] - risks[0] < NOTHING
    ratios[::2, still], risks[::2, still] = np.nan, np.nan
    return ratios, risks, np.concatenate(kept) if kept else None


def point_log_ratios(
    dependence: Dependence, marginals: Marginals, patterns: NDArray[np.int8]
) -> Array:
    """Return the log likelihood ratio of each pattern at the first draw of the marginals."""
    blocks = dependence.log_ratio_blocks(marginals, patterns, BLOCK)
    return np.concatenate([np.empty(0), *(block[0] for block in blocks)])


def log_interval(drawn: Array, level: float) -> Array:
    """Return low, median and high of each row of draws (rows, draws), shape (3, rows)."""
    tail = (1 - level) / 2
    return log_quantiles(drawn, [tail, 0.5, 1 - tail])


def log_quantiles(drawn: Array, probabilities: list[float]) -> Array:
    """Return quantiles of each row of draws (rows, draws), shape (probabilities, rows).

    A draw that makes a pattern impossible in both groups has no ratio (NaN) and is left out.
    """
    # Of neighbours one is taken: an infinite ratio stays infinite.
    found = np.quantile(drawn, probabilities, axis=-1, method="inverted_cdf")
    for row in np.flatnonzero(np.isnan(found[0])):
        own = drawn[row, ~np.isnan(drawn[row])]
        if own.size:
            found[:, row] = np.quantile(own, probabilities, method="inverted_cdf")
    return np.asarray(found)


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
        new_practice=none,
        new_practice_low=low,
        new_practice_high=high,
        log_ratio=none,
        log_ratio_low=logit(low) - logit(known.pretest),
        log_ratio_high=logit(high) - logit(known.pretest),
        ci_level=np.nan,
    )
