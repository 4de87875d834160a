"""A special function that keeps its digits where counts are large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["stirling_error"]

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
