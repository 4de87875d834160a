"""What each finding of a patient adds to the log odds."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    LogRatios = Callable[[NDArray[np.int8]], Array]

# All subsets of this many findings are evaluated; beyond it, one order of entry.
LARGEST_EXACT = 12


def assessed_findings(marginals: Marginals, pattern: NDArray[np.int8]) -> list[list[int]]:
    """Return, for each finding with anything assessed, its assessed columns."""
    columns = [
        [column for column in finding if pattern[column] != NOT_ASSESSED]
        for finding in marginals.findings
    ]
    return [one for one in columns if one]


def alone(marginals: Marginals, pattern: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return one pattern for each assessed finding, nothing else assessed."""
    groups = assessed_findings(marginals, pattern)
    return _with_only(pattern, [[group] for group in groups])


def contributions(
    marginals: Marginals, pattern: NDArray[np.int8], log_ratios: LogRatios
) -> tuple[Array, str]:
    r"""Share the combined log likelihood ratio among the assessed findings.

    A finding's contribution is its Shapley value: the rise of the log
    likelihood ratio when it is added to the others assessed, averaged over all
    orders in which they could be added; those not yet added count as not
    assessed. Contributions sum to the combined log likelihood ratio and do not
    depend on an order. Under independence each is the log of the finding's own
    ratio. With more than 12 findings their exact average is too long: they are
    added in one order, the strongest by itself first.

    Parameters
    ----------
    marginals : Marginals
        For the findings: their flags, which may be nested.
    pattern : numpy.ndarray
        The patient's findings, shape (flags,).
    log_ratios : callable
        Maps patterns of shape (n, flags) to n log likelihood ratios.

    Returns
    -------
    contributions : numpy.ndarray
        One a finding with anything assessed, in log odds;
        NaN where a likelihood ratio of 0 or infinity leaves no difference.
    method : str
        ``"shapley"`` or ``"strongest first"``.
    """
    groups = assessed_findings(marginals, pattern)
    count = len(groups)
    if count > LARGEST_EXACT:
        return _strongest_first(marginals, pattern, log_ratios), "strongest first"
    subsets = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    patterns = _with_only(
        pattern,
        [[group for group, kept in zip(groups, row, strict=True) if kept] for row in subsets],
    )
    return shapley_values(log_ratios(patterns)), "shapley"


def shapley_values(value: Array) -> Array:
    """Share the value of a whole among its members, averaged over all orders of joining.

    Parameters
    ----------
    value : numpy.ndarray
        The value of each subset, shape (2**members,): bit ``i`` of the index
        says whether member ``i`` belongs.

    Returns
    -------
    numpy.ndarray
        One share a member; they sum to ``value[-1] - value[0]``. NaN where
        infinite values leave no difference.
    """
    count = int(value.size).bit_length() - 1
    index = np.arange(value.size)
    size = ((index[:, None] >> np.arange(count)) & 1).sum(axis=1)
    weight = np.array(
        [
            factorial(k) * factorial(max(count - k - 1, 0)) / factorial(count)
            for k in range(count + 1)
        ]
    )
    shares = np.empty(count)
    for member in range(count):
        without = index[(index >> member) & 1 == 0]
        with np.errstate(invalid="ignore"):
            rise = value[without + 2**member] - value[without]
            shares[member] = np.sum(weight[size[without]] * rise)
    return shares


def _strongest_first(
    marginals: Marginals, pattern: NDArray[np.int8], log_ratios: LogRatios
) -> Array:
    """Add the findings one by one, the strongest by itself first."""
    groups = assessed_findings(marginals, pattern)
    by_themselves = np.abs(log_ratios(_with_only(pattern, [[group] for group in groups])))
    order = np.argsort(-np.nan_to_num(by_themselves, nan=-1.0), kind="stable")
    steps = [[groups[place] for place in order[:length]] for length in range(len(groups) + 1)]
    value = log_ratios(_with_only(pattern, steps))
    result = np.empty(len(groups))
    with np.errstate(invalid="ignore"):
        result[order] = np.diff(value)
    return result


def _with_only(pattern: NDArray[np.int8], kept: list[list[list[int]]]) -> NDArray[np.int8]:
    """Return one copy of the pattern for each set of findings, with only those assessed."""
    patterns = np.full((len(kept), len(pattern)), NOT_ASSESSED, dtype=np.int8)
    for row, groups in enumerate(kept):
        columns = [column for group in groups for column in group]
        patterns[row, columns] = pattern[columns]
    return patterns
