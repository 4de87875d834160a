"""Differences and ratios of accuracy by the delta method, from logits and their covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from backpain_stats.estimate import Estimate
from backpain_stats.meta.after.point import MEASURES, SummaryPoint
from backpain_stats.tables.intervals import normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["PROPORTIONS", "Contrast", "Kind", "contrast", "kinds_of", "wald_p_value"]

Kind = Literal["difference", "ratio"]
PROPORTIONS = ("sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference or a ratio of one measure of two tests, with the test that it is none.

    Parameters
    ----------
    estimate : Estimate
    p_value : float
        Wald test of a difference of 0 or a ratio of 1.
    """

    estimate: Estimate
    p_value: float


def wald_p_value(value: float, error: float) -> float:
    """Return the two-sided p-value of a value with a standard error.

    Examples
    --------
    >>> round(wald_p_value(1.96, 1.0), 3)
    0.05
    """
    return float(2 * norm.sf(abs(value) / error)) if error > 0 else np.nan


def _value_and_slope(point: SummaryPoint, measure: str, kind: Kind) -> tuple[float, Floats]:
    """Return a measure on the scale it is compared on, and its derivative by the two logits.

    Differences are taken of the proportions themselves, ratios of the logs.
    """
    if measure in PROPORTIONS:
        position = PROPORTIONS.index(measure)
        p, q = float(expit(point.mean[position])), float(expit(-point.mean[position]))
        slope = np.zeros(2)
        slope[position] = p * q if kind == "difference" else q
        return (p if kind == "difference" else float(np.log(p))), slope
    return point.log_with_error(measure)[0], point.gradient(measure)


def contrast(
    first: SummaryPoint, second: SummaryPoint, cross: Floats, measure: str, kind: Kind
) -> Contrast:
    r"""Compare one measure of two tests.

    With :math:`g_1, g_2` the derivatives of the measure by the two tests' logits,
    :math:`V_1, V_2` the covariances of the logits and :math:`C` the cross-covariance, the
    variance is :math:`g_1'V_1g_1 + g_2'V_2g_2 - 2 g_1'Cg_2`.

    Parameters
    ----------
    first, second : SummaryPoint
        The test and the one it is compared with.
    cross : ndarray of shape (2, 2)
        Covariance of the first's logits (rows) with the second's (columns).
    measure : str
        One of ``MEASURES``.
    kind : {"difference", "ratio"}
        Differences are of sensitivity or specificity and symmetric; ratios are symmetric in the
        logs.

    Returns
    -------
    Contrast
    """
    value1, slope1 = _value_and_slope(first, measure, kind)
    value2, slope2 = _value_and_slope(second, measure, kind)
    variance = float(
        slope1 @ first.covariance @ slope1
        + slope2 @ second.covariance @ slope2
        - 2 * slope1 @ cross @ slope2
    )
    error = float(np.sqrt(max(variance, 0.0)))
    width = normal_quantile(first.level) * error
    ends = [value1 - value2 + shift for shift in (0.0, -width, width)]
    if kind == "ratio":
        ends = [float(np.exp(end)) for end in ends]
    method = f"{first.method}, delta method"
    estimate = Estimate(ends[0], ends[1], ends[2], first.level, method, f"{measure} {kind}")
    return Contrast(estimate, wald_p_value(value1 - value2, error))


def kinds_of(measure: str) -> tuple[Kind, ...]:
    """Return how a measure is compared: proportions by difference and ratio, ratios by ratio.

    Examples
    --------
    >>> kinds_of("sensitivity"), kinds_of("lr_positive")
    (('difference', 'ratio'), ('ratio',))
    """
    kinds = ("difference", "ratio") if measure in PROPORTIONS else ("ratio",)
    return cast("tuple[Kind, ...]", kinds if measure in MEASURES else ())
