"""Patterns of findings: which flags are present, absent or not assessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

PRESENT, ABSENT, NOT_ASSESSED = 1, 0, -1

# All patterns of more findings than this would not fit into memory.
LARGEST_TABLE = 24


def as_patterns(values: ArrayLike, flags: int | None = None) -> NDArray[np.int8]:
    """Return patterns as a checked (patterns, flags) array of 1, 0 and -1.

    Parameters
    ----------
    values : array_like
        1 or True for present, 0 or False for absent, -1 or NaN for not assessed.
    flags : int, optional
        The number of columns there must be.

    Raises
    ------
    ArgumentError
        If another value occurs or the number of columns is wrong.

    Examples
    --------
    >>> as_patterns([1, float("nan"), 0]).tolist()
    [[1, -1, 0]]
    """
    raw = np.asarray(values)
    if raw.dtype != np.int8:
        raw = np.asarray(raw, dtype=float)
        raw = np.where(np.isnan(raw), NOT_ASSESSED, raw)
    table = np.atleast_2d(raw)
    if flags is not None and (table.ndim != 2 or table.shape[1] != flags):
        raise ArgumentError(
            f"patterns have shape {table.shape}; it must be (patterns, {flags}): one column a flag"
        )
    allowed = (table == PRESENT) | (table == ABSENT) | (table == NOT_ASSESSED)
    if not allowed.all():
        raise ArgumentError(
            f"a pattern holds {table[~allowed][0]!r}; allowed: 1 (present), 0 (absent), "
            "-1 or NaN (not assessed)"
        )
    return table.astype(np.int8)


def all_patterns(findings: Sequence[Sequence[int]]) -> NDArray[np.int8]:
    """Return every complete pattern, the first finding varying slowest.

    Nested flags contribute their strata only (below the first exceedance,
    between the first and the second, ...), so no row contradicts itself.

    Examples
    --------
    >>> all_patterns([(0,), (1, 2)]).tolist()
    [[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    flags = sum(len(finding) for finding in findings)
    rows = int(np.prod([len(finding) + 1 for finding in findings], dtype=float))
    if rows > 2**LARGEST_TABLE:
        raise ArgumentError(
            f"{len(findings)} findings have {rows} patterns; a table of at most "
            f"2**{LARGEST_TABLE} is made: name fewer flags"
        )
    table = np.empty((rows, flags), dtype=np.int8)
    repeat = rows
    for finding in findings:
        levels = len(finding) + 1
        repeat //= levels
        level = np.tile(np.repeat(np.arange(levels), repeat), rows // (levels * repeat))
        for position, column in enumerate(finding):
            table[:, column] = level > position
    return table


def matching(patterns: NDArray[np.int8], states: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which complete patterns agree with each pattern, shape (patterns, states).

    Examples
    --------
    >>> matching(as_patterns([[1, -1]]), all_patterns([(0,), (1,)])).tolist()
    [[False, False, True, True]]
    """
    fits = np.ones((len(patterns), len(states)), dtype=bool)
    for own, whole in zip(patterns.T, states.T, strict=True):
        fits &= (own[:, None] == NOT_ASSESSED) | (own[:, None] == whole)
    return fits


def distinct(patterns: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
    """Return the different patterns and, for each pattern, which of them it is.

    Patients repeat each other's patterns, so that few have to be evaluated.

    Examples
    --------
    >>> different, which = distinct(as_patterns([[1, 0], [0, 0], [1, 0]]))
    >>> different.tolist(), which.tolist()
    ([[0, 0], [1, 0]], [1, 0, 1])
    """
    different, which = np.unique(patterns, axis=0, return_inverse=True)
    return different, which.ravel()


class Strata(NamedTuple):
    """The stratum to which each pattern narrows each finding, as columns of exceedances.

    ``lower[i, f]`` and ``upper[i, f]`` index the exceedance probabilities as
    extended by :func:`extend`; the stratum's probability is their difference.
    """

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    possible: NDArray[np.bool_]


def strata(patterns: NDArray[np.int8], findings: Sequence[Sequence[int]]) -> Strata:
    """Translate patterns into strata: one pair of exceedances a pattern and finding.

    A present flag puts the finding at or above its exceedance, an absent one
    below it; the highest present and the lowest absent flag count. Exceedances
    are indexed as in :func:`extend`: column ``flags`` is certain (1), column
    ``flags + 1`` impossible (0). A finding with nothing assessed has the
    stratum (certain, impossible), of probability 1.

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.array([[1, 1, 0]], dtype=np.int8)  # 0 alone; 1 and 2 nested
    >>> found = strata(pattern, [(0,), (1, 2)])
    >>> found.lower.tolist(), found.upper.tolist(), found.possible.tolist()
    ([[0, 1]], [[4, 2]], [True])
    """
    count, flags = patterns.shape
    lower = np.full((count, len(findings)), flags, dtype=np.intp)
    upper = np.full((count, len(findings)), flags + 1, dtype=np.intp)
    possible = np.ones(count, dtype=bool)
    for position, finding in enumerate(findings):
        floor = np.zeros(count, dtype=np.intp)
        ceiling = np.full(count, len(finding) + 1, dtype=np.intp)
        for level, column in enumerate(finding, start=1):
            present, absent = patterns[:, column] == PRESENT, patterns[:, column] == ABSENT
            lower[present, position] = column
            floor[present] = level
            first = absent & (ceiling > level)
            upper[first, position] = column
            ceiling[first] = level
        possible &= floor < ceiling
    return Strata(lower, upper, possible)


def extend(present: NDArray[np.float64]) -> NDArray[np.float64]:
    """Append the certain (1) and the impossible (0) exceedance to marginals (draws, flags)."""
    ends = np.broadcast_to([1.0, 0.0], (present.shape[0], 2))
    return np.hstack([present, ends])
