"""The risk of one patient, put together: estimates or bounds, their parts, and the warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from backpain_stats.combine.dependence.base import Dependence, Marginals, RatioModel
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries
from backpain_stats.combine.risk.assessment import (
    cohort_frame,
    contribution_frame,
    drawn_log_ratios,
    remarks,
    width_shares,
    without_combinations,
)
from backpain_stats.combine.risk.posterior import Posterior
from backpain_stats.combine.risk.risk import Risk
from backpain_stats.combine.risk.tables import risk_and_ratio
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, PosttestEstimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Bounds closer to 0 and to 1 than this leave every risk possible.
UNINFORMATIVE = 1e-6


def patient_risk(
    entries: Entries,
    dependence: Dependence,
    known: tuple[Marginals, Posterior],
    pattern: NDArray[np.int8],
    level: float,
) -> Risk:
    """Return the risk of a patient; see ``RiskModel.risk``.

    Parameters
    ----------
    entries, dependence
        Of the model.
    known : tuple of Marginals and Posterior
        The point estimates and the draws.
    pattern : numpy.ndarray
        The patient's findings, shape (flags,).
    level : float
        Level of the intervals.

    Raises
    ------
    NotEstimableError
        If the pattern is impossible in both groups.
    ConstraintError
        If published combinations contradict the marginals.
    """
    point, posterior = known
    shares: dict[str, float] = {}
    draws = None
    if isinstance(dependence, RatioModel):
        posttest, ratio, shares, draws = _estimates(entries, dependence, known, pattern, level)
        bounds = _sharp_bounds(entries, dependence, point, pattern)
    else:
        bounds = _sharp_bounds(entries, dependence, point, pattern)
        posttest, ratio = _range(entries, bounds, pattern)
    warnings = remarks(entries, dependence, posterior, pattern)
    if bounds[0] < UNINFORMATIVE and bounds[1] > 1 - UNINFORMATIVE:
        warnings.append(
            "without an assumption about dependence, the figures used leave any risk from "
            "0 to 1 possible for these findings together"
        )
    flags = np.array(entries.flags)
    return Risk(
        posttest=posttest,
        pretest=entries.pretest.estimate,
        pretest_source=entries.pretest_source,
        lr=ratio,
        contributions=contribution_frame(entries, dependence, known, pattern, level),
        dependence=dependence.describe(),
        cohorts=cohort_frame(entries, pattern),
        bounds=bounds,
        width_shares=shares,
        warnings=tuple(warnings),
        present=tuple(flags[pattern == PRESENT].tolist()),
        absent=tuple(flags[pattern == ABSENT].tolist()),
        not_assessed=tuple(flags[pattern == NOT_ASSESSED].tolist()),
        target=entries.target,
        setting=entries.setting,
        draws=draws,
    )


def _estimates(
    entries: Entries,
    dependence: RatioModel,
    known: tuple[Marginals, Posterior],
    pattern: NDArray[np.int8],
    level: float,
) -> tuple[PosttestEstimate, Estimate, dict[str, float], Array | None]:
    """Return post-test, likelihood ratio, shares of the width, and the draws."""
    point, posterior = known
    log_ratio = float(dependence.log_ratios(point, pattern)[0, 0])
    if np.isnan(log_ratio):
        raise NotEstimableError(
            f"the published figures make {_described(entries, pattern)} impossible among cases "
            "and among non-cases, so it has no likelihood ratio"
        )
    shares: dict[str, float] = {}
    sampled = None
    if posterior.certain:
        method = f"{dependence.name}; no counts were given"
    else:
        draws = len(posterior.pretest)
        method = f"{dependence.name}; Jeffreys posterior, {draws} quasi-random draws"
        sampled = drawn_log_ratios(dependence, posterior, pattern)
        shares = width_shares(dependence, known, pattern, sampled)
    risk, ratio, risks = risk_and_ratio(
        log_ratio, entries.pretest.estimate, sampled, posterior.pretest, level
    )
    posttest = _posttest(entries, risk, level, method, pattern)
    return posttest, Estimate(*ratio, level, method, "lr"), shares, risks


def _range(
    entries: Entries, bounds: tuple[float, float], pattern: NDArray[np.int8]
) -> tuple[PosttestEstimate, Estimate]:
    """Return the bounds in place of estimates: they are no confidence interval."""
    with np.errstate(divide="ignore"):
        ends = np.exp(logit(bounds) - logit(entries.pretest.estimate))
    method = "sharp bounds, no sampling error"
    posttest = _posttest(entries, (np.nan, *bounds), np.nan, method, pattern)
    return posttest, Estimate(np.nan, float(ends[0]), float(ends[1]), np.nan, method, "lr")


def _sharp_bounds(
    entries: Entries, dependence: Dependence, point: Marginals, pattern: NDArray[np.int8]
) -> tuple[float, float]:
    """Return the sharp bounds from the figures that the dependence model uses."""
    model = dependence if isinstance(dependence, Bounds) else Bounds()
    if not dependence.uses_combinations:
        point = without_combinations(point)
    low, high = model.risk_range(point, pattern, entries.pretest.estimate)
    return float(low[0, 0]), float(high[0, 0])


def _posttest(
    entries: Entries,
    risk: tuple[float, float, float],
    level: float,
    method: str,
    pattern: NDArray[np.int8],
) -> PosttestEstimate:
    return PosttestEstimate(
        *risk,
        level,
        method,
        "posttest",
        pretest=entries.pretest.estimate,
        pretest_source=entries.pretest_source,
        result=_described(entries, pattern),
    )


def _described(entries: Entries, pattern: NDArray[np.int8]) -> str:
    """Say a pattern in words."""
    named = [
        f"{flag} {'present' if state == PRESENT else 'absent'}"
        for flag, state in zip(entries.flags, pattern, strict=True)
        if state != NOT_ASSESSED
    ]
    return ", ".join(named) or "no finding"
