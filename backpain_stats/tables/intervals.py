"""Intervals of a proportion, for many proportions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

from backpain_stats.checks import check_choice, real_numbers
from backpain_stats.errors import ArgumentError
from backpain_stats.tables.score import normal_quantile
from backpain_stats.tables.special import beta_quantile
from backpain_stats.tables.statistics import PROPORTION_METHODS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


_Pair = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def proportion_interval(
    successes: ArrayLike, totals: ArrayLike, method: str = "wilson", level: float = 0.95
) -> _Pair:
    r"""Return the lower and upper ends of the intervals of proportions.

    With :math:`x` successes among :math:`n` and the normal quantile :math:`z`:

    * ``"wilson"`` (the default) inverts the score test,
      :math:`(x + z^2/2 \pm z\sqrt{z^2/4 + x(n-x)/n}) / (n + z^2)`;
    * ``"wilson_cc"`` inverts the score test with continuity correction: its ends p
      solve :math:`(|x/n - p| - 1/(2n))^2 = z^2 p(1-p)/n`, low is 0 at :math:`x = 0`
      and high 1 at :math:`x = n`. Method 4 of Newcombe, printed by OpenEpi and by
      ``prop.test`` of R (which leaves the correction out at :math:`x = n/2`);
    * ``"clopper_pearson"`` inverts the two one-sided binomial tests; it never
      covers less often than the level says and usually more often;
    * ``"jeffreys"`` is the equal-tailed posterior interval under the
      Beta(1/2, 1/2) prior, with low 0 at :math:`x = 0` and high 1 at
      :math:`x = n`;
    * ``"agresti_coull"`` is Wald's interval around Wilson's centre, cut at 0 and 1;
    * ``"wald"`` is :math:`\hat p \pm z\sqrt{\hat p(1-\hat p)/n}`, not cut: it
      may leave [0, 1] and has no width at 0 and n. It is here to recognise
      published intervals, not to make new ones.

    Parameters
    ----------
    successes, totals : array_like
        Counts that broadcast, ``0 <= successes <= totals``.
    method : str
        One of the six names above.
    level : float
        Confidence (or posterior) level, strictly between 0 and 1.

    Returns
    -------
    low, high : numpy.ndarray
        Fractions. An empty group (``totals == 0``) gives 0 and 1: the data
        exclude nothing.

    Raises
    ------
    ArgumentError
        If a count is negative, not finite or above its total, or the method
        or the level is not allowed.

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial
    proportion. Statist Sci 2001;16:101-133.
    https://doi.org/10.1214/ss/1009213286

    Newcombe RG. Two-sided confidence intervals for the single proportion:
    comparison of seven methods. Stat Med 1998;17:857-872.

    Examples
    --------
    Four of thirteen patients with cancer had a history of cancer:

    >>> low, high = proportion_interval(4, 13)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.127 to 0.576
    >>> low, high = proportion_interval([0, 4, 13], 13, method="clopper_pearson")
    >>> low.round(3), high.round(3)
    (array([0.   , 0.091, 0.753]), array([0.247, 0.614, 1.   ]))
    """
    if not isinstance(method, str) or method not in PROPORTION_METHODS:
        check_choice(method, "method", PROPORTION_METHODS)
    z = normal_quantile(level)
    given = real_numbers(successes), real_numbers(totals)
    if given[0] is None or given[1] is None:
        raise ArgumentError(
            f"successes are {successes!r} and totals {totals!r}; counts must be numbers, 0 or more"
        )
    x, n = np.broadcast_arrays(given[0], given[1])
    wrong = ~((x >= 0) & (x <= n) & np.isfinite(n))
    if np.any(wrong):
        first = np.flatnonzero(wrong.ravel())[0]
        raise ArgumentError(
            f"{x.ravel()[first]:g} of {n.ravel()[first]:g} is not a proportion; "
            "successes must be from 0 to their total"
        )
    known = n > 0
    # An empty group is computed as 0 of 1 and then overwritten.
    n = np.where(known, n, 1.0)
    if method == "wilson":
        low, high = _wilson(x, n, z)
    elif method == "wilson_cc":
        low, high = _wilson_cc(x, n, z)
    elif method == "clopper_pearson":
        low, high = _clopper_pearson(x, n, level)
    elif method == "jeffreys":
        low, high = _jeffreys(x, n, level)
    elif method == "agresti_coull":
        low, high = _wald(x + z**2 / 2, n + z**2, z)
        low, high = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    else:
        low, high = _wald(x, n, z)
    return np.where(known, low, 0.0), np.where(known, high, 1.0)


def _wilson(x: NDArray[np.float64], n: NDArray[np.float64], z: float) -> _Pair:
    # The product of the two ends is x^2 / (n (n + z^2)); dividing by the high
    # end keeps every digit of a small low end, and is exactly 0 at x = 0.
    root = z * np.sqrt(z**2 + 4 * x * (n - x) / n)
    sum_ = 2 * x + z**2 + root
    low = 2 * x * (x / n) / sum_
    high = np.where(x == n, 1.0, sum_ / (2 * (n + z**2)))
    return low, high


def _wilson_cc(x: NDArray[np.float64], n: NDArray[np.float64], z: float) -> _Pair:
    # With y half a patient nearer to the end sought, both ends are roots of
    # (n + z^2) p^2 - (2y + z^2) p + y^2 / n = 0; the smaller one as in _wilson.
    y = np.maximum(x - 0.5, 0.0)
    low = 2 * y * (y / n) / (2 * y + z**2 + z * np.sqrt(z**2 + 4 * y * (n - y) / n))
    y = np.minimum(x + 0.5, n)
    high = (2 * y + z**2 + z * np.sqrt(z**2 + 4 * y * (n - y) / n)) / (2 * (n + z**2))
    return low, np.where(y == n, 1.0, high)


def _clopper_pearson(x: NDArray[np.float64], n: NDArray[np.float64], level: float) -> _Pair:
    tail = (1 - level) / 2
    low = np.where(x == 0, 0.0, beta_quantile(np.maximum(x, 1.0), n - x + 1, tail))
    # The upper quantile as one minus the lower quantile of the mirrored Beta
    # would lose the digits of a small high end.
    high = np.where(x == n, 1.0, beta_quantile(x + 1, np.maximum(n - x, 1.0), 1 - tail))
    return low, high


def _jeffreys(x: NDArray[np.float64], n: NDArray[np.float64], level: float) -> _Pair:
    tail = (1 - level) / 2
    a, b = x + 0.5, n - x + 0.5
    low = np.where(x == 0, 0.0, betaincinv(a, b, tail))
    high = np.where(x == n, 1.0, betaincinv(a, b, 1 - tail))
    return low, high


def _wald(x: NDArray[np.float64], n: NDArray[np.float64], z: float) -> _Pair:
    p = x / n
    half = z * np.sqrt(p * ((n - x) / n) / n)
    return p - half, p + half
