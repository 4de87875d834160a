"""The combined likelihood ratio of every pattern of findings, looked up later.

A page that runs without Python needs the answers beforehand. Each flag is not
assessed, present or absent, so ``m`` flags have ``3**m`` patterns; all of them
are evaluated under one dependence model, with intervals from the same posterior
draws that :meth:`RiskModel.risk` uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from backpain_stats.checks import check_level
from backpain_stats.combine.contributions import shapley_values
from backpain_stats.combine.dependence import PatternModel, all_patterns
from backpain_stats.combine.patient import patient_pattern
from backpain_stats.combine.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.posterior import point_marginals
from backpain_stats.errors import ArgumentError
from backpain_stats.sampling import interval_around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.dependence import Marginals
    from backpain_stats.combine.model import RiskModel

    Array = NDArray[np.float64]

__all__ = ["LARGEST_FLAGS", "PatternRatios", "pattern_ratios"]

# 3**9 patterns are 20,000; more would make a page slow to load.
LARGEST_FLAGS = 9
# The state of a flag by its ternary digit.
STATES = np.array([NOT_ASSESSED, PRESENT, ABSENT], dtype=np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class PatternRatios:
    """Every pattern of ``m`` flags with its combined likelihood ratio.

    Row ``i`` is the pattern whose flag ``j`` has the ternary digit
    ``(i // 3**j) % 3``: 0 not assessed, 1 present, 2 absent.

    Parameters
    ----------
    flags : tuple of str
        The flags, in the order of the digits.
    lr, low, high : numpy.ndarray
        Likelihood ratio and interval, shape (3**m,); NaN where refused, and for
        ``lr`` under :class:`Bounds`, whose ends are sharp bounds.
    factors : numpy.ndarray or None
        What each flag multiplies the odds by (its Shapley value), shape
        (3**m, m); NaN for flags not assessed. None under :class:`Bounds`.
    refused : dict
        Row to the reason why those findings have no ratio.
    """

    flags: tuple[str, ...]
    lr: Array
    low: Array
    high: Array
    factors: Array | None
    refused: dict[int, str]


def pattern_ratios(model: RiskModel, *, level: float = 0.95) -> PatternRatios:
    """Evaluate every pattern of a risk model.

    Parameters
    ----------
    model : RiskModel
        At most 9 flags. The pre-test plays no part: apply it to the ratios.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    PatternRatios

    Raises
    ------
    ArgumentError
        If the model has more than 9 flags.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_stats import Independent, RiskModel
    >>> frame = pd.DataFrame({
    ...     "flag": ["first", "second"], "sensitivity": [0.6, 0.5], "specificity": [0.9, 0.8]})
    >>> model = RiskModel.from_frame(frame, 0.1, dependence=Independent())
    >>> pattern_ratios(model).lr[[0, 1, 3, 4]].round(3).tolist()
    [1.0, 6.0, 2.5, 15.0]
    """
    check_level(level)
    flags = model.entries.flags
    if len(flags) > LARGEST_FLAGS:
        raise ArgumentError(f"the model has {len(flags)} flags; {LARGEST_FLAGS} is the most here")
    digits = (np.arange(3 ** len(flags))[:, None] // 3 ** np.arange(len(flags))) % 3
    patterns = STATES[digits]
    refused = _refused(model, patterns)
    allowed = np.array([row for row in range(len(patterns)) if row not in refused])
    point = point_marginals(model.entries)
    lr, low, high = (np.full(len(patterns), np.nan) for _ in range(3))
    dependence = model.dependence
    if not isinstance(dependence, PatternModel):
        pretest = model.entries.pretest.estimate
        ends = dependence.risk_range(point, patterns[allowed], pretest)
        with np.errstate(divide="ignore"):
            low[allowed], high[allowed] = np.exp(logit(np.vstack(ends)) - logit(pretest))
        return PatternRatios(flags, lr, low, high, None, refused)
    log_ratio = _log_ratios(dependence, point, patterns)[0]
    for row in np.flatnonzero(np.isnan(log_ratio)):
        refused.setdefault(
            int(row), "The published figures make these findings impossible together."
        )
    allowed = np.array([row for row in range(len(patterns)) if row not in refused])
    lr[allowed] = np.exp(log_ratio[allowed])
    if not model.posterior.certain:
        drawn = np.exp(_log_ratios(dependence, model.posterior.marginals, patterns[allowed]))
        for row, ratios in zip(allowed, drawn.T, strict=True):
            kept = ratios[~np.isnan(ratios)]
            low[row], high[row] = interval_around(lr[row], kept, level)
    factors = np.exp(_shapley_table(log_ratio, digits, point))
    return PatternRatios(flags, lr, low, high, factors, refused)


def _refused(model: RiskModel, patterns: NDArray[np.int8]) -> dict[int, str]:
    """Return the patterns a patient cannot have, with the message of ``RiskModel.risk``."""
    refused = {}
    for row, pattern in enumerate(patterns):
        named = list(zip(model.entries.flags, pattern, strict=True))
        try:
            patient_pattern(
                model.entries,
                [flag for flag, own in named if own == PRESENT],
                [flag for flag, own in named if own == ABSENT],
            )
        except ArgumentError as error:
            refused[row] = str(error)
    return refused


def _log_ratios(
    dependence: PatternModel, marginals: Marginals, patterns: NDArray[np.int8]
) -> Array:
    """Return log likelihood ratios (draws, patterns) as sums over the complete patterns.

    One table of complete patterns serves every incomplete one, which is far
    cheaper than integrating each of them by itself.
    """
    table = dependence.log_table(marginals)
    complete = all_patterns(marginals.findings)
    fits = np.ones((len(patterns), len(complete)))
    for own, whole in zip(patterns.T, complete.T, strict=True):
        fits *= (own[:, None] == NOT_ASSESSED) | (own[:, None] == whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.exp(table.cases) @ fits.T) - np.log(np.exp(table.noncases) @ fits.T)


def _shapley_table(log_ratio: Array, digits: NDArray[np.int64], point: Marginals) -> Array:
    """Share each pattern's log ratio among its findings; a nested finding counts once.

    The value of a subset of findings is the ratio of the pattern with only those
    assessed, which is another row of the same table.
    """
    weights = 3 ** np.arange(digits.shape[1])
    shares = np.full(digits.shape, np.nan)
    for row, own in enumerate(digits):
        groups = [[j for j in finding if own[j]] for finding in point.findings]
        groups = [group for group in groups if group]
        steps = np.array([sum(own[j] * weights[j] for j in group) for group in groups], dtype=int)
        subsets = (np.arange(2 ** len(groups))[:, None] >> np.arange(len(groups))) & 1
        values = shapley_values(log_ratio[subsets @ steps if groups else [0]])
        for group, value in zip(groups, values, strict=True):
            # Thresholds of one quantity share one contribution; it stands at the first.
            shares[row, group[0]] = value
    return shares
