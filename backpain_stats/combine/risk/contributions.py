"""What each finding of a patient adds to the log odds."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.base import Dependence, Marginals
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# All subsets of this many findings are evaluated; beyond it, one order of entry.
LARGEST_EXACT = 12


def assessed_findings(marginals: Marginals, pattern: NDArray[np.int8]) -> list[list[int]]:
    """Return, for each finding with anything assessed, its assessed columns."""
    columns = [
        [column for column in finding if pattern[column] != NOT_ASSESSED]
        for finding in marginals.findings
    ]
    return [one for one in columns if one]


def log_ratios_alone(
    dependence: Dependence, marginals: Marginals, pattern: NDArray[np.int8]
) -> Array:
    """Return the log likelihood ratio of each assessed finding by itself, (draws, findings)."""
    groups = assessed_findings(marginals, pattern)
    return dependence.log_ratios(marginals, _with_only(pattern, [[group] for group in groups]))


def contributions(
    dependence: Dependence, marginals: Marginals, pattern: NDArray[np.int8]
) -> tuple[Array, str]:
    r"""Share the combined log likelihood ratio among the assessed findings.

    A finding's contribution is its Shapley value: the rise of the log
    likelihood ratio when it is added to the others assessed, averaged over all
    orders in which they could be added; those not yet added count as not
    assessed. Contributions sum to the combined log likelihood ratio and do not
    depend on an order. Under independence each is the log of the finding's own
    ratio. With more than 12 findings their exact average is too long: they are
    added in one order, the strongest by itself first.

    Returns
    -------
    contributions : numpy.ndarray
        One a finding with anything assessed, in log odds, at the first draw;
        NaN where a likelihood ratio of 0 or infinity leaves no difference.
    method : str
        ``"shapley"`` or ``"strongest first"``.
    """
    groups = assessed_findings(marginals, pattern)
    count = len(groups)
    if count > LARGEST_EXACT:
        return _strongest_first(dependence, marginals, pattern), "strongest first"
    subsets = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    patterns = _with_only(
        pattern,
        [[group for group, kept in zip(groups, row, strict=True) if kept] for row in subsets],
    )
    value = dependence.log_ratios(marginals, patterns)[0]
    return shapley_values(value), "shapley"


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
    dependence: Dependence, marginals: Marginals, pattern: NDArray[np.int8]
) -> Array:
    """Add the findings one by one, the strongest by itself first."""
    groups = assessed_findings(marginals, pattern)
    alone = np.abs(log_ratios_alone(dependence, marginals, pattern)[0])
    order = np.argsort(-np.nan_to_num(alone, nan=-1.0), kind="stable")
    steps = [[groups[place] for place in order[:length]] for length in range(len(groups) + 1)]
    value = dependence.log_ratios(marginals, _with_only(pattern, steps))[0]
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
