"""Special functions that keep their digits where counts are large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincinv, gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["beta_quantile", "stirling_error"]

# From here on the series is exact to 1e-14; below it the logarithms themselves are.
SERIES_FROM = 16.0


def stirling_error(x: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return what Stirling's formula leaves of the log gamma function.

    .. math:: e(x) = \log\Gamma(x) - (x - \tfrac12)\log x + x - \tfrac12\log 2\pi

    It is also log(x!) minus Stirling's formula for the factorial. Densities of
    large counts are differences of huge logarithms; written with this error
    the leading terms cancel by algebra and no digit is lost.

    Parameters
    ----------
    x : numpy.ndarray
        Positive numbers, of any shape.

    Examples
    --------
    >>> stirling_error(np.array([1.0, 1e12])).round(16).tolist()
    [0.0810614667953273, 8.33e-14]
    """
    small = np.minimum(x, SERIES_FROM)
    exact = gammaln(small) - ((small - 0.5) * np.log(small) - small + 0.5 * np.log(2 * np.pi))
    large = np.maximum(x, SERIES_FROM)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * large**2)) / large**2) / large**2) / large
    return np.where(x < SERIES_FROM, exact, series)


# SciPy's inverse is right to far less than this, or wrong altogether.
_WRONG = 1e-7
# Halvings of the logarithm of the quantile: from 700 wide to below its last digit.
_HALVINGS = 64


def beta_quantile(
    a: NDArray[np.float64], b: NDArray[np.float64], probability: float
) -> NDArray[np.float64]:
    """Return the quantile of Beta(a, b), also where SciPy's inverse fails.

    For a of exactly 1000 and b of 10 million or more ``scipy.special.betaincinv`` is wrong
    by up to the whole range (SciPy 1.17); its forward function is right. Such quantiles
    are found by halving their logarithm.

    Parameters
    ----------
    a, b : numpy.ndarray
        Positive numbers, of one shape.
    probability : float
        Between 0 and 1.

    Examples
    --------
    >>> beta_quantile(np.array([1000.0]), np.array([1e9 + 1]), 0.025)
    array([9.38972108e-07])
    """
    found = np.asarray(betaincinv(a, b, probability), dtype=np.float64)
    wrong = np.abs(betainc(a, b, found) - probability) > _WRONG
    if np.any(wrong):
        a, b = np.broadcast_to(a, found.shape)[wrong], np.broadcast_to(b, found.shape)[wrong]
        low, high = np.full(a.shape, -700.0), np.zeros(a.shape)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = betainc(a, b, np.exp(middle)) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found = found.copy()
        found[wrong] = np.exp((low + high) / 2)
    return found
