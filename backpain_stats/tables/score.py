r"""Score intervals of a ratio of proportions and of an odds ratio.

Both invert the score statistic of Miettinen and Nurminen, whose variance is
taken at the maximum likelihood under the tested ratio and carries the factor
N / (N - 1). With one Lagrange multiplier that restricted maximum likelihood is
explicit, and the statistic becomes a sum of two (ratio) or four (odds ratio)
terms that grows steadily with the multiplier. One safe root search therefore
finds each end, for all tables at once, also where cells are zero.

Ratio of :math:`p_1 = x_1/n_1` to :math:`p_2 = x_2/n_2`, tested at
:math:`\theta`. The restricted estimates satisfy
:math:`(x_1 - n_1 p_1)/(1 - p_1) = -(x_2 - n_2 p_2)/(1 - p_2) = \lambda`, so

.. math::
   p_1 = \frac{x_1 - \lambda}{n_1 - \lambda}, \quad
   p_2 = \frac{x_2 + \lambda}{n_2 + \lambda}, \quad
   \chi^2 = \lambda^2 \left[\frac{n_1 - x_1}{n_1 (x_1 - \lambda)}
          + \frac{n_2 - x_2}{n_2 (x_2 + \lambda)}\right] \frac{N - 1}{N}.

Odds ratio, with :math:`\lambda = x_1 - n_1 p_1`: the statistic is
:math:`\lambda^2` times the sum of the reciprocals of the four shifted cells
(Cornfield), times :math:`(N - 1)/N`.

References
----------
Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med
1985;4:213-226. https://doi.org/10.1002/sim.4780040211
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, ndtri

from backpain_stats.checks import check_level
from backpain_stats.errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array = NDArray[np.float64]

# The multiplier is sought as a fraction of its largest value, on the logit
# scale: e^-200 is far below what counts of 2^53 and any level can ask for.
_LOGIT_LIMIT = 200.0
# Bisection alone narrows any bracket used here to one double in fewer steps.
_MOST_STEPS = 200


def normal_quantile(level: float) -> float:
    """Return z with ``level`` of the standard normal distribution between -z and z.

    Raises
    ------
    ArgumentError
        If ``level`` is not strictly between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    # What is plainly a level needs no further look: this is on the way of every interval.
    if not (isinstance(level, float) and 0 < level < 1):
        level = check_level(level)
    return float(-ndtri((1 - level) / 2))


def score_ratio_interval(
    x1: _Array, n1: _Array, x2: _Array, n2: _Array, z: float
) -> tuple[_Array, _Array]:
    """Return the score interval of ``(x1 / n1) / (x2 / n2)``.

    Parameters
    ----------
    x1, n1, x2, n2 : numpy.ndarray
        One-dimensional arrays of one length; positives and size of the first
        and of the second group. Fractions (after a correction) are allowed.
    z : float
        Quantile of the normal distribution that leaves half of one minus the
        confidence level above it.

    Returns
    -------
    low, high : numpy.ndarray
        ``low`` is 0 where ``x1 == 0`` and ``high`` infinite where ``x2 == 0``;
        both where a group is empty.

    Examples
    --------
    A proportion of 1 is no difficulty (22 of 22 against 152 of 292):

    >>> one = np.array
    >>> low, high = score_ratio_interval(one([22.0]), one([22.0]), one([152.0]), one([292.0]), 1.96)
    >>> low.round(3), high.round(3)
    (array([1.619]), array([2.159]))
    """
    # Swapping the groups inverts the ratio: the lower ends of both make both ends.
    x1, n1, x2, n2 = (np.concatenate(both) for both in ((x1, x2), (n1, n2), (x2, x1), (n2, n1)))
    low = np.zeros_like(x1)
    some = np.flatnonzero((x1 > 0) & (n2 > 0))
    x1, n1, x2, n2 = x1[some], n1[some], x2[some], n2[some]
    y1, y2 = n1 - x1, n2 - x2
    total = n1 + n2
    critical = z**2 * total / (total - 1)  # two groups: N = 1 cannot occur

    # With p1 = 1 observed, the first term vanishes and the second stays below
    # its value at lambda = x1. If that is too little, p1 < 1 is the restricted
    # estimate, at lambda = x1 exactly, and the end has a closed form.
    second_at_end = x1**2 * y2 / (n2 * (x2 + x1))
    edge = (y1 == 0) & (second_at_end <= critical)
    odds_against = (critical - second_at_end) / n1
    ends = total / (x2 + x1) / (1 + np.where(edge, odds_against, 0.0))

    inner = np.flatnonzero(~edge)
    a, c, m1, m2, b, d = (v[inner] for v in (x1, x2, n1, n2, y1, y2))
    limit = critical[inner]

    def log_statistic(logit: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        share, rest = expit(logit), expit(-logit)
        multiplier = a[rows] * share
        left = a[rows] * rest
        first = b[rows] / (m1[rows] * left)
        second = d[rows] / (m2[rows] * (c[rows] + multiplier))
        both = first + second
        slope = (
            2 * rest + (first * share - second * multiplier * rest / (c[rows] + multiplier)) / both
        )
        return np.log(multiplier**2 * both / limit[rows]), slope

    with np.errstate(divide="ignore"):
        guess = np.sqrt(limit / (b / (m1 * a) + d / (m2 * (c + 1)))) / a
    guess = np.clip(guess, 1e-12, 1 - 1e-3)
    far = np.full(inner.size, _LOGIT_LIMIT)
    logit = increasing_roots(log_statistic, -far, far, np.log(guess / (1 - guess)))
    multiplier, left = a * expit(logit), a * expit(-logit)
    ends[inner] = left / (b + left) * (m2 + multiplier) / (c + multiplier)
    low[some] = ends
    half = len(low) // 2
    with np.errstate(divide="ignore"):
        return low[:half], 1 / low[half:]


def score_odds_ratio_interval(
    x1: _Array, n1: _Array, x2: _Array, n2: _Array, z: float
) -> tuple[_Array, _Array]:
    """Return the score interval of the odds ratio of ``x1 / n1`` to ``x2 / n2``.

    Parameters
    ----------
    x1, n1, x2, n2 : numpy.ndarray
        As in :func:`score_ratio_interval`.
    z : float
        Quantile of the normal distribution that leaves half of one minus the
        confidence level above it.

    Returns
    -------
    low, high : numpy.ndarray
        ``low`` is 0 where ``x1 == 0`` or ``x2 == n2``, ``high`` infinite where
        ``x2 == 0`` or ``x1 == n1``.

    Examples
    --------
    >>> one = np.array
    >>> low, high = score_odds_ratio_interval(
    ...     one([18.0]), one([25.0]), one([125.0]), one([309.0]), 1.96)
    >>> low.round(2), high.round(2)
    (array([1.57]), array([9.11]))
    """
    low = _odds_ratio_low(x1, n1, x2, n2, z)
    with np.errstate(divide="ignore"):
        high = 1 / _odds_ratio_low(x2, n2, x1, n1, z)
    return low, high


def _odds_ratio_low(x1: _Array, n1: _Array, x2: _Array, n2: _Array, z: float) -> _Array:
    y1, y2 = n1 - x1, n2 - x2
    low = np.zeros_like(x1)
    some = np.flatnonzero((x1 > 0) & (y2 > 0))
    a, b, c, d = x1[some], y1[some], x2[some], y2[some]
    total = a + b + c + d
    limit = z**2 * total / (total - 1)
    largest = np.minimum(a, d)

    def shifted(logit: _Array, rows: NDArray[np.intp]) -> tuple[_Array, ...]:
        share, rest = expit(logit), expit(-logit)
        shift = largest[rows] * share
        left = largest[rows] * rest
        return (
            shift,
            rest,
            (a[rows] - largest[rows]) + left,
            b[rows] + shift,
            c[rows] + shift,
            (d[rows] - largest[rows]) + left,
        )

    def log_statistic(logit: _Array, rows: NDArray[np.intp]) -> tuple[_Array, _Array]:
        shift, rest, tp, fn, fp, tn = shifted(logit, rows)
        total = 1 / tp + 1 / fn + 1 / fp + 1 / tn
        change = 1 / tp**2 + 1 / tn**2 - 1 / fn**2 - 1 / fp**2
        slope = rest * (2 + shift * change / total)
        return np.log(shift**2 * total / limit[rows]), slope

    guess = np.sqrt(limit / (1 / a + 1 / (b + 1) + 1 / (c + 1) + 1 / d)) / largest
    guess = np.clip(guess, 1e-12, 1 - 1e-3)
    far = np.full(some.size, _LOGIT_LIMIT)
    logit = increasing_roots(log_statistic, -far, far, np.log(guess / (1 - guess)))
    _, _, tp, fn, fp, tn = shifted(logit, np.arange(some.size))
    low[some] = (tp / fn) * (tn / fp)
    return low


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
