r"""The value of information from draws: of knowing all, of knowing some, of knowing data.

One row of ``benefits`` is one draw of everything unknown, one column a strategy. With
:math:`B_d(\theta)` the net benefit of strategy :math:`d`,

.. math::
   \mathrm{EVPI} = E \max_d B_d(\theta) - \max_d E B_d(\theta), \qquad
   \mathrm{EVPPI}(\varphi) = E_\varphi \max_d E[B_d \mid \varphi] - \max_d E B_d(\theta);

the expected value of sample information is the second with the data of a study, or a
summary of them, in the place of :math:`\varphi`. The conditional mean is a regression of the
draws of :math:`B_d` on those of :math:`\varphi` (Strong, Oakley, Brennan 2014,
https://doi.org/10.1177/0272989X13505910; for data Strong et al. 2015,
https://doi.org/10.1177/0272989X15575286), here least squares on restricted cubic splines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["conditional_benefits", "partial_information", "perfect_information", "wrong"]

# Knots of a spline in one quantity, in each of two together, and in each of more.
KNOTS_ONE, KNOTS_TWO, KNOTS_MORE = 8, 6, 4
# Net benefits closer than this are one, to rounding.
ROUNDING = 1e-12


def perfect_information(benefits: ArrayLike) -> float:
    """Return the expected value of knowing everything; shape (draws, strategies).

    Examples
    --------
    >>> perfect_information([[0.0, 1.0], [0.0, -3.0]])
    0.5
    """
    values = np.asarray(benefits, dtype=float)
    found = float(values.max(axis=1).mean() - values.mean(axis=0).max())
    return found if found > ROUNDING else 0.0


def partial_information(benefits: ArrayLike, known: ArrayLike) -> float:
    """Return the expected value of knowing what ``known`` holds, (draws, quantities).

    It is kept between 0 and the value of knowing everything, as in theory.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.random.default_rng(1).normal(size=(2, 2000))
    >>> benefits = np.stack([np.zeros(2000), x + 0 * y], axis=1)
    >>> bool(abs(partial_information(benefits, x) - perfect_information(benefits)) < 1e-9)
    True
    >>> partial_information(benefits, y) < 0.02
    True
    """
    found = perfect_information(conditional_benefits(benefits, known))
    return min(found, perfect_information(benefits))


def wrong(benefits: Array, chosen: NDArray[np.intp] | int) -> float:
    """Return the share of draws in which another strategy is better than the one chosen."""
    own = benefits[np.arange(len(benefits)), chosen]
    return float(np.mean(own < benefits.max(axis=1) - ROUNDING))


def conditional_benefits(benefits: ArrayLike, known: ArrayLike) -> Array:
    """Return the mean net benefit of each strategy given what is known, (draws, strategies).

    Parameters
    ----------
    benefits : array_like of shape (draws, strategies)
        Net benefit of each strategy in each draw.
    known : array_like of shape (draws,) or (draws, quantities)
        The quantities that would be known. One or two enter with every interaction of their
        splines, more as a sum of splines with products of pairs.

    Returns
    -------
    numpy.ndarray
        The columns of ``benefits``, smoothed.
    """
    values = np.asarray(benefits, dtype=float)
    design = _design(np.asarray(known, dtype=float).reshape(len(values), -1))
    # By orthogonal columns: those that repeat each other are left out.
    vectors, sizes, _ = np.linalg.svd(design, full_matrices=False)
    vectors = vectors[:, sizes > 1e-9 * sizes[0]]
    return np.asarray(vectors @ (vectors.T @ values))


def _design(known: Array) -> Array:
    """Return the columns of the regression."""
    spread = known.std(axis=0)
    moving = spread > ROUNDING * np.maximum(1.0, np.abs(known).max(axis=0, initial=0.0))
    scaled = (known[:, moving] - known[:, moving].mean(axis=0)) / spread[moving]
    one = np.ones((len(known), 1))
    if scaled.shape[1] == 0:
        return one
    if scaled.shape[1] <= 2:
        knots = KNOTS_ONE if scaled.shape[1] == 1 else KNOTS_TWO
        design = one
        for column in scaled.T:
            own = np.hstack([one, _spline(column, knots)])
            design = (design[:, :, None] * own[:, None, :]).reshape(len(known), -1)
        return design
    first, second = np.triu_indices(scaled.shape[1], k=1)
    parts = [one, *(_spline(column, KNOTS_MORE) for column in scaled.T)]
    return np.hstack([*parts, scaled[:, first] * scaled[:, second]])


def _spline(values: Array, knots: int) -> Array:
    """Return the restricted cubic spline: linear beyond the outer knots, (draws, knots - 1)."""
    inner = np.unique(np.quantile(values, np.linspace(0.02, 0.98, knots)))
    if len(inner) < 3:
        return values[:, None]
    cubes = np.maximum(values[:, None] - inner, 0.0) ** 3
    last, before = inner[-1], inner[-2]
    width = last - before
    bends = [
        cubes[:, j]
        - cubes[:, -2] * (last - inner[j]) / width
        + cubes[:, -1] * (before - inner[j]) / width
        for j in range(len(inner) - 2)
    ]
    return np.column_stack([values, *bends])
