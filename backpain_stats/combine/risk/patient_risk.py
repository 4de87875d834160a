"""The risk of one patient, put together: estimates or bounds, their parts, and the warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries
from backpain_stats.combine.risk.assessment import (
    cohort_frame,
    contribution_frame,
    remarks,
    width_shares,
    without_combinations,
)
from backpain_stats.combine.risk.pattern_risks import Known, PatternRisks, pattern_risks
from backpain_stats.combine.risk.risk import Risk
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, PosttestEstimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Bounds closer to 0 and to 1 than this leave every risk possible.
UNINFORMATIVE = 1e-6


def patient_risk(entries: Entries, known: Known, pattern: NDArray[np.int8], level: float) -> Risk:
    """Return the risk of a patient; see ``RiskModel.risk``.

    Parameters
    ----------
    entries, known
        Of the model.
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
    found = pattern_risks(known, pattern[None], level, keep=True)
    # Bounds have no estimate, but ends wherever somebody may have the findings.
    figures = found.ci_low if known.dependence.leaves_range else found.lr
    if np.isnan(figures[0]):
        raise NotEstimableError(
            f"the published figures make {_described(entries, pattern)} impossible among cases "
            "and among non-cases, so it has no likelihood ratio"
        )
    bounds = _sharp_bounds(known, found, pattern)
    warnings = remarks(entries, known, pattern)
    if bounds[0] < UNINFORMATIVE and bounds[1] > 1 - UNINFORMATIVE:
        warnings.append(
            "without an assumption about dependence, the figures used leave any risk from "
            "0 to 1 possible for these findings together"
        )
    flags = np.array(entries.flags)
    lr, lr_low, lr_high = (float(one[0]) for one in (found.lr, found.lr_low, found.lr_high))

    def posttest(estimate: Array, low: Array, high: Array) -> PosttestEstimate:
        return PosttestEstimate(
            float(estimate[0]),
            float(low[0]),
            float(high[0]),
            found.ci_level,
            known.method,
            "posttest",
            pretest=known.pretest,
            pretest_source=entries.pretest_source,
            result=_described(entries, pattern),
        )

    return Risk(
        posttest=posttest(found.posttest, found.ci_low, found.ci_high),
        new_practice=posttest(found.new_practice, found.new_practice_low, found.new_practice_high),
        pretest=known.pretest,
        pretest_source=entries.pretest_source,
        practices_alike=known.new_practice is None,
        lr=Estimate(lr, lr_low, lr_high, found.ci_level, known.method, "lr"),
        contributions=contribution_frame(entries, known, pattern, level),
        dependence=known.dependence.describe(),
        cohorts=cohort_frame(entries, pattern),
        bounds=bounds,
        width_shares=width_shares(known, pattern, found),
        warnings=tuple(warnings),
        present=tuple(flags[pattern == PRESENT].tolist()),
        absent=tuple(flags[pattern == ABSENT].tolist()),
        not_assessed=tuple(flags[pattern == NOT_ASSESSED].tolist()),
        target=entries.target,
        setting=entries.setting,
        draws=_risk_draws(known, found),
    )


def _risk_draws(known: Known, found: PatternRisks) -> Array | None:
    """Return the draws of the risk; one that makes the pattern impossible has none."""
    if found.drawn is None or known.draws is None or np.isnan(found.ci_low[0]):
        return None
    kept = ~np.isnan(found.drawn[0])
    return np.asarray(expit(logit(known.draws.pretest[kept]) + found.drawn[0, kept]))


def _sharp_bounds(
    known: Known, found: PatternRisks, pattern: NDArray[np.int8]
) -> tuple[float, float]:
    """Return the sharp bounds from the figures that the dependence model uses."""
    if known.dependence.leaves_range:
        return float(found.ci_low[0]), float(found.ci_high[0])
    point = known.marginals
    if not known.dependence.uses_combinations:
        point = without_combinations(point)
    low, high = Bounds().risk_range(point, pattern, known.pretest)
    # The bounds are those of the point values, the estimate is a median over all values.
    estimate = float(found.posttest[0])
    return min(float(low[0, 0]), estimate), max(float(high[0, 0]), estimate)


def _described(entries: Entries, pattern: NDArray[np.int8]) -> str:
    """Say a pattern in words."""
    named = [
        f"{flag} {'present' if state == PRESENT else 'absent'}"
        for flag, state in zip(entries.flags, pattern, strict=True)
        if state != NOT_ASSESSED
    ]
    return ", ".join(named) or "no finding"
