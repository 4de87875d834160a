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

from backpain_stats.checks import check_level
from backpain_stats.combine.dependence.patterns import ABSENT, NOT_ASSESSED, PRESENT
from backpain_stats.combine.risk.contributions import shapley_values
from backpain_stats.combine.risk.patient import refused_patterns
from backpain_stats.combine.risk.pattern_risks import IMPOSSIBLE, pattern_risks
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.dependence.base import Marginals
    from backpain_stats.combine.risk.model import RiskModel

    Array = NDArray[np.float64]

__all__ = ["IMPOSSIBLE", "LARGEST_FLAGS", "PatternRatios", "all_states", "pattern_ratios"]

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
        (3**m, m); NaN for flags not assessed and where an infinite ratio leaves no
        share. Thresholds of one quantity share one factor, at the first assessed.
        None under :class:`Bounds`.
    refused : dict
        Row to the reason why those findings have no ratio: the message of
        :meth:`RiskModel.risk`, or :data:`IMPOSSIBLE`.
    """

    flags: tuple[str, ...]
    lr: Array
    low: Array
    high: Array
    factors: Array | None
    refused: dict[int, str]

    @property
    def digits(self) -> NDArray[np.int64]:
        """The ternary digits of each row, shape (3**m, m)."""
        return _digits(len(self.flags))


def _digits(flags: int) -> NDArray[np.int64]:
    return (np.arange(3**flags)[:, None] // 3 ** np.arange(flags)) % 3


def all_states(flags: int) -> NDArray[np.int8]:
    """Return every pattern of so many flags, in the order of the rows of :class:`PatternRatios`.

    Examples
    --------
    >>> all_states(1).ravel().tolist()
    [-1, 1, 0]
    """
    return STATES[_digits(flags)]


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
    digits = _digits(len(flags))
    patterns = all_states(len(flags))
    refused = refused_patterns(model.entries, patterns)
    allowed = np.setdiff1d(np.arange(len(patterns)), list(refused))
    found = pattern_risks(model._known, patterns[allowed], level)
    lr, low, high, log_ratio = (np.full(len(patterns), np.nan) for _ in range(4))
    lr[allowed], low[allowed], high[allowed] = found.lr, found.lr_low, found.lr_high
    log_ratio[allowed] = found.log_ratio
    factors = None
    if not model.dependence.leaves_range:
        factors = np.full(digits.shape, np.nan)
        shares = _shapley_table(log_ratio, digits[allowed], model._without_draws.marginals)
        factors[allowed] = np.exp(shares)
    for row in np.flatnonzero(np.isnan(low if factors is None else lr)):
        refused.setdefault(int(row), IMPOSSIBLE)
    return PatternRatios(flags, lr, low, high, factors, refused)


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
            shares[row, group[0]] = value
    return shares
