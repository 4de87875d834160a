"""Roots of many increasing functions at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bisection alone narrows any bracket used here to one double in fewer steps.
_MOST_STEPS = 200


def increasing_roots(
    function: Callable[
        [NDArray[np.float64], NDArray[np.intp]], tuple[NDArray[np.float64], NDArray[np.float64]]
    ],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    start: NDArray[np.float64],
    tolerance: float = 1e-13,
) -> NDArray[np.float64]:
    """Solve ``f_i(x_i) = 0`` for every i by Newton steps that never leave a bracket.

    A step that would leave the bracket, or that does not halve the step before
    the last, is replaced by bisection, so the search always ends. Rows that
    have converged are not evaluated again.

    Parameters
    ----------
    function : callable
        ``function(x, rows)`` returns the values and slopes of the increasing
        functions ``rows`` (positions) at ``x``; both arrays have one length.
    low, high : numpy.ndarray
        Brackets, one-dimensional: ``f(low) <= 0 <= f(high)``.
    start : numpy.ndarray
        Where to begin; moved into the bracket if outside.
    tolerance : float
        Largest last step, relative to ``max(1, |x|)``.

    Returns
    -------
    numpy.ndarray
        The roots.

    Raises
    ------
    FitError
        If a row has not converged after 200 steps.

    Examples
    --------
    >>> squares = np.array([2.0, 9.0])
    >>> increasing_roots(
    ...     lambda x, rows: (x**2 - squares[rows], 2 * x),
    ...     np.zeros(2), np.full(2, 10.0), np.ones(2),
    ... )
    array([1.41421356, 3.        ])
    """
    low, high = low.astype(float), high.astype(float)
    root = np.clip(start, low, high).astype(float)
    last_step = high - low
    rows = np.arange(root.size)
    for _ in range(_MOST_STEPS):
        if rows.size == 0:
            return root
        here = root[rows]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value, slope = function(here, rows)
            newton = here - value / slope
        low[rows] = np.where(value < 0, here, low[rows])
        high[rows] = np.where(value >= 0, here, high[rows])
        good = (newton >= low[rows]) & (newton <= high[rows])
        good &= np.abs(newton - here) <= 0.5 * last_step[rows]
        there = np.where(good, newton, 0.5 * (low[rows] + high[rows]))
        step = np.abs(there - here)
        last_step[rows] = step
        root[rows] = there
        rows = rows[step > tolerance * np.maximum(1.0, np.abs(there))]
    raise FitError(f"{rows.size} of {root.size} roots were not found in {_MOST_STEPS} steps")
