"""Likelihood ratios with intervals, for many tables at once, and what they do to a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice, check_pretest, real_numbers
from backpain_stats.errors import ArgumentError
from backpain_stats.tables.bayes import posterior_quantile
from backpain_stats.tables.score import (
    normal_quantile,
    score_odds_ratio_interval,
    score_ratio_interval,
)
from backpain_stats.tables.statistics import CELLS, CORRECTIONS, RATIO_MEASURES, RATIO_METHODS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Array = NDArray[np.float64]

_CHOICES = {"measure": RATIO_MEASURES, "method": RATIO_METHODS, "correction": CORRECTIONS}

# Beyond it the posterior's quantiles lose digits that would be printed.
_LARGEST_BAYES = 1e12


def ratio_interval(  # noqa: PLR0917 - four cells, then options in their usual order
    tp: ArrayLike,
    fp: ArrayLike,
    fn: ArrayLike,
    tn: ArrayLike,
    measure: str = "lr_positive",
    method: str = "score",
    correction: str = "none",
    level: float = 0.95,
) -> tuple[_Array, _Array, _Array]:
    r"""Return likelihood ratios or odds ratios with their intervals.

    With :math:`x_1` of :math:`n_1` cases and :math:`x_2` of :math:`n_2`
    non-cases positive (LR+, odds ratio) or negative (LR-), the likelihood
    ratio is :math:`(x_1/n_1)/(x_2/n_2)`; the odds ratio is
    :math:`tp\,tn/(fp\,fn)`.

    * ``"score"`` (the default) inverts the score test of Miettinen and
      Nurminen; see :mod:`backpain_stats.tables.score`. It needs no
      correction: where the estimate is 0 or infinite the interval is
      one-sided, and it means what its level says.
    * ``"log"`` is the normal interval of the logarithm (Katz; Simel), with
      variance :math:`1/x_1 - 1/n_1 + 1/x_2 - 1/n_2`, or the sum of the four
      reciprocals for the odds ratio (Woolf). Where a cell it divides by is
      zero the interval is 0 to infinity, its limit; 1 to 1 where all are
      positive. It is what most papers print.
    * ``"bayes"`` is the equal-tailed interval of the posterior of both
      proportions under Jeffreys priors; the estimate is the posterior median.

    Parameters
    ----------
    tp, fp, fn, tn : array_like
        Counts of true positives, false positives, false negatives and true
        negatives; they broadcast.
    measure : {"lr_positive", "lr_negative", "odds_ratio"}
        What to estimate.
    method : {"score", "log", "bayes"}
        How to make the interval.
    correction : {"none", "zero_cells", "all"}
        Whether 0.5 is added to all four cells: never, in tables that hold a
        zero, or in every table. The estimate changes with it. Not with
        ``"bayes"``, whose prior does this work.
    level : float
        Confidence (or posterior) level, strictly between 0 and 1.

    Returns
    -------
    estimate, low, high : numpy.ndarray
        0 and infinity are values. Where a group is empty nothing can be
        estimated: the estimate is NaN and the interval 0 to infinity, with or
        without correction. So it is where the ratio is 0/0, except that
        ``"bayes"`` has a posterior then.

    Raises
    ------
    ArgumentError
        If a count is negative, infinite or not a number, or if a choice is not
        allowed.

    References
    ----------
    Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med
    1985;4:213-226. https://doi.org/10.1002/sim.4780040211

    Simel DL, Samsa GP, Matchar DB. Likelihood ratios with confidence: sample
    size estimation for diagnostic test studies. J Clin Epidemiol
    1991;44:763-770. https://doi.org/10.1016/0895-4356(91)90128-V

    Examples
    --------
    >>> estimate, low, high = ratio_interval(4, 41, 9, 1921)
    >>> print(f"LR+ {estimate:.1f} ({low:.1f} to {high:.1f})")
    LR+ 14.7 (5.8 to 30.2)

    No positive non-case: infinite, yet the data do exclude small ratios.

    >>> estimate, low, high = ratio_interval(64, 0, 18, 72)
    >>> print(f"LR+ {estimate:.1f} ({low:.1f} to {high:.1f})")
    LR+ inf (15.3 to inf)
    """
    for choice, (name, allowed) in zip(
        (measure, method, correction), _CHOICES.items(), strict=True
    ):
        if not isinstance(choice, str) or choice not in allowed:
            check_choice(choice, name, allowed)
    z = normal_quantile(level)
    if method == "bayes" and correction != "none":
        raise ArgumentError(
            f"correction is {correction!r} with method 'bayes'; its prior already adds "
            "half a patient to each cell: use correction='none'"
        )
    floats = []
    for name, given in zip(CELLS, (tp, fp, fn, tn), strict=True):
        counts = isinstance(given, np.ndarray) and given.dtype.kind in "iuf"
        numbers = given if counts else real_numbers(given)
        if numbers is None:
            raise ArgumentError(f"{name} is {given!r}; a count must be a number, 0 or more")
        floats.append(np.asarray(numbers, dtype=float))
    cells: tuple[_Array, ...] = np.broadcast_arrays(*floats)
    for name, cell in zip(CELLS, cells, strict=True):
        wrong = ~((cell >= 0) & np.isfinite(cell))
        if np.any(wrong):
            raise ArgumentError(
                f"{name} is {cell[wrong].ravel()[0]:g}; a count must be a finite number, 0 or more"
            )
    largest = max((float(cell.max()) for cell in cells if cell.size), default=0.0)
    if method == "bayes" and largest > _LARGEST_BAYES:
        raise ArgumentError(
            f"a count is {largest:.3g}; method 'bayes' takes counts up to {_LARGEST_BAYES:.0e}: "
            "with so many, 'score' gives the same"
        )
    shape = cells[0].shape
    estimable = ((cells[0] + cells[2] > 0) & (cells[1] + cells[3] > 0)).ravel()
    if correction != "none":
        cells = corrected_cells(cells, correction)
    some = tuple(cell.ravel()[estimable] for cell in cells)
    estimate, low, high = (
        np.full(estimable.size, value, dtype=float) for value in (np.nan, 0.0, np.inf)
    )
    estimate[estimable], low[estimable], high[estimable] = _of_estimable(
        some, measure, method, level, z
    )
    return estimate.reshape(shape), low.reshape(shape), high.reshape(shape)


def corrected_cells(cells: tuple[_Array, ...], correction: str) -> tuple[_Array, ...]:
    """Add 0.5 to all four cells: never, where one of them is zero, or always.

    Examples
    --------
    >>> tp, fp, fn, tn = np.array([7.0, 4.0]), np.array([13.0, 41.0]), np.array([0.0, 9.0]), 462.0
    >>> corrected_cells((tp, fp, fn, np.full(2, tn)), "zero_cells")[0]
    array([7.5, 4. ])
    """
    if correction == "none":
        return cells
    tp, fp, fn, tn = cells
    zero = (tp == 0) | (fp == 0) | (fn == 0) | (tn == 0)
    added = np.where(zero | (correction == "all"), 0.5, 0.0)
    return tp + added, fp + added, fn + added, tn + added


def _of_estimable(
    cells: tuple[_Array, ...], measure: str, method: str, level: float, z: float
) -> tuple[_Array, _Array, _Array]:
    """Return estimate and ends for flat cells of tables without an empty group."""
    tp, fp, fn, tn = cells
    x1, x2 = (fn, tn) if measure == "lr_negative" else (tp, fp)
    n1, n2 = tp + fn, fp + tn
    odds_ratio = measure == "odds_ratio"
    if method == "bayes":
        kind = "odds_ratio" if odds_ratio else "ratio"
        tail = (1 - level) / 2
        median, low, high = (
            posterior_quantile(x1, n1, x2, n2, probability=below, kind=kind)
            for below in (0.5, tail, 1 - tail)
        )
        # Each is right to some 1e-8: nearer to each other than that they keep their order.
        return median, np.minimum(low, median), np.maximum(high, median)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (tp * tn) / (fp * fn) if odds_ratio else (x1 * n2) / (x2 * n1)
    if method == "score":
        score = score_odds_ratio_interval if odds_ratio else score_ratio_interval
        return estimate, *score(x1, n1, x2, n2, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        if odds_ratio:
            variance = 1 / tp + 1 / fp + 1 / fn + 1 / tn
        else:
            # (n - x) / (n x) is 1/x - 1/n without the cancellation.
            variance = (n1 - x1) / (n1 * x1) + (n2 - x2) / (n2 * x2)
        width = z * np.sqrt(variance)
        low, high = estimate * np.exp(-width), estimate * np.exp(width)
    bounded = np.isfinite(variance)
    return estimate, np.where(bounded, low, 0.0), np.where(bounded, high, np.inf)


def middle_table(tables: NDArray[np.int64]) -> int:
    """Return the position of the middle table: the one with the median LR+.

    Of an even number the lower median, which claims less. Tables with the same
    LR+, and those without one (no cases, or no non-cases), are ordered by tp,
    fp, fn, tn.

    Examples
    --------
    >>> middle_table(np.array([[4, 41, 9, 1921], [4, 40, 9, 1922], [4, 42, 9, 1920]]))
    0
    """
    return int(ratio_order(tables)[(len(tables) - 1) // 2])


def ratio_order(tables: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the positions of the tables from the smallest LR+ to the largest.

    Examples
    --------
    >>> ratio_order(np.array([[4, 41, 9, 1921], [4, 40, 9, 1922], [4, 42, 9, 1920]]))
    array([2, 0, 1])
    """
    tp, fp, fn, tn = tables.T.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Products of whole numbers are exact, so that equal ratios compare as equal.
        ratio = (tp * (fp + tn)) / (fp * (tp + fn))
    return np.lexsort((*tables.T[::-1], ratio))


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
