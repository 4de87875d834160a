"""Bayes' rule in odds form, and the way between probabilities and odds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_pretest, real_numbers
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bayes_rule",
    "odds_from_probability",
    "posttest_from_odds",
    "posttest_probability",
    "probability_from_odds",
]


def posttest_probability(pretest: ArrayLike, lr: ArrayLike) -> NDArray[np.float64]:
    r"""Return the probability of the target after a result with a likelihood ratio.

    .. math::
       \frac{p'}{1 - p'} = \frac{p}{1 - p} \times LR

    Parameters
    ----------
    pretest : array_like
        Pre-test probabilities, each strictly between 0 and 1.
    lr : array_like
        Likelihood ratios of the result, 0 to infinity; broadcast with
        ``pretest``. NaN (not estimable) gives NaN.

    Returns
    -------
    numpy.ndarray
        Post-test probabilities, of the broadcast shape: 0 where the ratio is
        0, 1 where it is infinite, the pre-test itself where it is 1. Show them
        beside the pre-test they came from.

    Raises
    ------
    PretestError
        If a pre-test probability is not strictly between 0 and 1.
    ArgumentError
        If a likelihood ratio is negative or not a number at all, or the two
        shapes do not broadcast.

    Notes
    -----
    Multiplying the ratios of several findings before calling this assumes that
    the findings are independent given the target; most are not.

    Examples
    --------
    A history of cancer (LR+ 14.7) at three pre-test probabilities:

    >>> posttest_probability([0.001, 0.0066, 0.015], 14.7).round(3)
    array([0.015, 0.089, 0.183])
    >>> posttest_probability(0.0066, [0, 1, float("inf")])
    array([0.    , 0.0066, 1.    ])
    """
    p = check_pretest(pretest)
    ratio = real_numbers(lr)
    if ratio is None:
        raise ArgumentError(f"likelihood ratio {lr!r} is not a number")
    _refuse(ratio < 0, ratio, "a likelihood ratio must be from 0 to infinity")
    try:
        np.broadcast_shapes(p.shape, ratio.shape)
    except ValueError:
        raise ArgumentError(
            f"pre-test probabilities of shape {p.shape} and likelihood ratios of shape "
            f"{ratio.shape} do not broadcast"
        ) from None
    return bayes_rule(p, ratio)


def bayes_rule(pretest: Any, case: Any, other: Any = 1.0) -> NDArray[np.float64]:
    r"""Return the probability of the target after a finding; nothing is checked.

    .. math::
       p' = \frac{p \, P(\text{finding} \mid \text{case})}
                 {p \, P(\text{finding} \mid \text{case})
                  + (1 - p) \, P(\text{finding} \mid \text{other})}

    Parameters
    ----------
    pretest : array_like
        The pre-test probability :math:`p`.
    case, other : array_like
        The probability of the finding among cases and among the others; or a likelihood
        ratio, 0 to infinity, and 1.
    """
    # Splitting a ratio in a factor up to 1 and one from 1 keeps 0 and infinity
    # exact and loses no digit of a tiny probability.
    present = pretest * np.minimum(case, 1.0)
    absent = (1 - pretest) * other / np.maximum(case, 1.0)
    return np.asarray(present / (present + absent), dtype=np.float64)[()]


def odds_from_probability(probability: ArrayLike) -> NDArray[np.float64]:
    """Return ``p / (1 - p)``; a probability of 1 gives infinity.

    Raises
    ------
    ArgumentError
        If a value is not from 0 to 1.

    Examples
    --------
    >>> odds_from_probability([0.0, 0.01, 0.5, 1.0]).round(4)
    array([0.    , 0.0101, 1.    ,    inf])
    """
    p = np.asarray(probability, dtype=float)
    _refuse(~((p >= 0) & (p <= 1)), p, "a probability must be from 0 to 1")
    with np.errstate(divide="ignore"):
        return np.asarray(p / (1 - p), dtype=np.float64)[()]


def probability_from_odds(odds: ArrayLike) -> NDArray[np.float64]:
    """Return ``odds / (1 + odds)``; infinite odds give 1.

    Raises
    ------
    ArgumentError
        If a value is negative or not a number.

    Examples
    --------
    >>> probability_from_odds([0.0, 1.0, 3.0, float("inf")])
    array([0.  , 0.5 , 0.75, 1.  ])
    """
    o = np.asarray(odds, dtype=float)
    _refuse(~(o >= 0), o, "odds must be 0 or more")
    small = np.minimum(o, 1.0)
    return np.asarray(small / (small + 1 / np.maximum(o, 1.0)), dtype=np.float64)[()]


def posttest_from_odds(odds: ArrayLike, ratio: ArrayLike) -> NDArray[np.float64]:
    """Return the post-test probability of pre-test odds and a likelihood ratio.

    NaN (not estimable) and 0 times infinity give NaN.

    Examples
    --------
    >>> posttest_from_odds(1 / 99, [14.7, float("nan")]).round(3)
    array([0.129,   nan])
    """
    with np.errstate(invalid="ignore"):
        product = np.multiply(odds, ratio, dtype=float)
    unknown = np.isnan(product)
    return np.where(unknown, np.nan, probability_from_odds(np.where(unknown, 0.0, product)))


def _refuse(wrong: NDArray[np.bool_], values: NDArray[np.float64], rule: str) -> None:
    if np.any(wrong):
        first = np.atleast_1d(values)[np.atleast_1d(wrong)][0]
        raise ArgumentError(f"{first:g} is given; {rule}")
