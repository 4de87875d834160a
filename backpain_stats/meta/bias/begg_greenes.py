"""Begg and Greenes: accuracy in all patients, from the numbers that were not verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import betaincinv

from backpain_stats.checks import check_choice, check_count, check_level
from backpain_stats.errors import DataError, NotEstimableError
from backpain_stats.meta.bias.curve import BiasCurve, curve_of, grid_of_numbers
from backpain_stats.meta.bias.plain import DRAWS, Nuisance, Plain, read_plain
from backpain_stats.meta.bias.ranges import range_frame
from backpain_stats.sampling import DEFAULT_SEED, quasi_uniform
from backpain_stats.tables import TwoByTwo

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["begg_greenes"]


def begg_greenes(
    table: TwoByTwo,
    unverified_positive: int,
    unverified_negative: int,
    *,
    missing_odds: ArrayLike = 1.0,
    interval: Literal["posterior", "delta"] = "posterior",
    level: float = 0.95,
) -> BiasCurve:
    r"""Return the accuracy in all patients, from the numbers that were not verified.

    With the predictive values of the verified, :math:`\pi_1` after a positive and :math:`\pi_0`
    after a negative result, the odds of the target among those not verified are :math:`\omega`
    times as high after either result:

    .. math:: Se' = \frac{tp + u_1 \pi_1^\omega}{tp + fn + u_1 \pi_1^\omega + u_0 \pi_0^\omega},
       \qquad \pi_j^\omega = \frac{\omega \pi_j}{1 - \pi_j + \omega \pi_j}.

    At :math:`\omega = 1` this is the estimator of Begg and Greenes: whether a patient was
    verified depended on the result only.

    Parameters
    ----------
    table : TwoByTwo
        Of the verified patients.
    unverified_positive, unverified_negative : int
        :math:`u_1` and :math:`u_0`.
    missing_odds : array_like, optional
        Values of :math:`\omega`, above 0.
    interval : {"posterior", "delta"}, optional
        From the posterior: the share of positive results and the two predictive values are
        independent in the likelihood, each with Jeffreys' prior. Or the delta method, as the
        authors have it; it needs all four cells of the table.
    level : float, optional

    Returns
    -------
    BiasCurve
        Against ``missing_odds``; 1 is its neutral point in the sense of Begg and Greenes, and
        ``plain`` is the table of the verified. Its ``bounds`` are those of any outcome of the
        patients not verified (sharp, for the counts).

    Raises
    ------
    ArgumentError
        If a count or an option is not allowed.
    NotEstimableError
        If nobody was verified after one of the results, or the delta method has no variance.

    References
    ----------
    Begg CB, Greenes RA. Biometrics 1983;39:207-15, https://doi.org/10.2307/2530820

    Examples
    --------
    Invented: positive results were verified far more often than negative ones.

    >>> found = begg_greenes(TwoByTwo(tp=80, fp=20, fn=10, tn=40), 0, 150)
    >>> found.frame[["measure", "estimate", "ci_low", "ci_high"]].round(3)
           measure  estimate  ci_low  ci_high
    0  sensitivity     0.667   0.532    0.796
    1  specificity     0.889   0.833    0.929
    2  lr_positive     6.000   3.596    9.925
    3  lr_negative     0.375   0.227    0.537
    """
    check_choice(interval, "interval", ("posterior", "delta"))
    check_level(level)
    others = (
        check_count(unverified_positive, "unverified_positive"),
        check_count(unverified_negative, "unverified_negative"),
    )
    if not isinstance(table, TwoByTwo):
        raise DataError(f"table is {type(table).__name__}; give the TwoByTwo of those verified")
    odds = grid_of_numbers(missing_odds, "missing_odds", 0, np.inf, closed="neither")
    verified = (table.tp + table.fp, table.fn + table.tn)
    for result, seen, unseen in zip(("positive", "negative"), verified, others, strict=True):
        if unseen and not seen:
            raise NotEstimableError(f"nobody with a {result} result was verified")
    observed = read_plain(table, level=level)
    if interval == "delta":
        plain = _normal(table, others, level)
    else:
        plain = _posterior(table, others, level)

    weights = [
        unseen / max(seen + unseen, 1) for seen, unseen in zip(verified, others, strict=True)
    ]

    def change(first: Any, second: Any, positive: Any, ratio: Any) -> tuple[Any, Any]:
        return _accuracy((first, second), positive, ratio, weights)

    points = plain.through(change, Nuisance(odds))
    return curve_of(
        "verification", observed, points, {"missing_odds": odds}, parameter="missing_odds",
        neutral=1.0, bounds=_bounds(table, others, odds),
        notes=(
            f"{sum(others)} patients not verified: {others[0]} with a positive, {others[1]} with "
            "a negative result. At odds 1 verification depends on the result only. Bounds: any "
            "outcome of those not verified.",
        ),
    )  # fmt: skip


def _accuracy(
    risks: tuple[Any, Any], positive: Any, odds: Any, weights: list[float]
) -> tuple[Any, Any]:
    """Return the accuracy, from risks after each result and the share of positive results.

    ``weights`` are the shares not verified after each result.
    """
    after = [
        risk + weight * (odds * risk / (1 - risk + odds * risk) - risk)
        for risk, weight in zip(risks, weights, strict=True)
    ]
    found, missed = positive * after[0], (1 - positive) * after[1]
    false, cleared = positive * (1 - after[0]), (1 - positive) * (1 - after[1])
    return found / (found + missed), cleared / (cleared + false)


def _posterior(table: TwoByTwo, others: tuple[int, int], level: float) -> Plain:
    """Return the risks after each result and the share of positive results, with their draws."""
    cells = _pairs(table, others)
    uniform = quasi_uniform(DRAWS, 3, DEFAULT_SEED)
    draws = np.stack([
        betaincinv(yes + 0.5, no + 0.5, uniform[:, place])
        for place, (yes, no) in enumerate(cells)
    ])  # fmt: skip
    first, second, positive = (yes / max(yes + no, 1) for yes, no in cells)
    return Plain(
        (first, second, positive), draws, level, "Begg and Greenes, Jeffreys posterior", table
    )


def _normal(table: TwoByTwo, others: tuple[int, int], level: float) -> Plain:
    """Return the same with the normal approximation of its three logits."""
    cells = _pairs(table, others)
    if min(table.tp, table.fp, table.fn, table.tn) == 0:
        raise NotEstimableError(
            "interval='delta' has no variance where a cell is 0; use interval='posterior'"
        )
    mean = np.array([np.log(yes / no) for yes, no in cells])
    covariance = np.diag([1 / yes + 1 / no for yes, no in cells])
    first, second, positive = (yes / (yes + no) for yes, no in cells)
    draws = np.full((3, 1), np.nan)  # none are used
    return Plain(
        (first, second, positive), draws, level, "Begg and Greenes", table,
        mean=mean, covariance=covariance,
    )  # fmt: skip


def _pairs(
    table: TwoByTwo, others: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Return cases and non-cases after each result, and all positive and negative results."""
    positive = table.tp + table.fp + others[0]
    negative = table.fn + table.tn + others[1]
    return (table.tp, table.fp), (table.fn, table.tn), (positive, negative)


def _bounds(table: TwoByTwo, others: tuple[int, int], odds: Floats) -> Any:
    """Return the bounds over every outcome of the patients not verified, the same at each point.

    LR+ rises with each of them found by the test and falls with each missed, and LR- the
    other way round, so that all four measures have their ends at two corners.
    """
    u1, u0 = others
    cells = np.array([[table.tp, table.fp + u1, table.fn + u0, table.tn],
                      [table.tp + u1, table.fp, table.fn, table.tn + u0]], dtype=float)  # fmt: skip
    tp, fp, fn, tn = cells.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([tp / (tp + fn), tn / (tn + fp)])
    wide = np.repeat(ends[:, :, None], len(odds), axis=2)
    return range_frame("missing_odds", odds, wide[0], wide[1])
