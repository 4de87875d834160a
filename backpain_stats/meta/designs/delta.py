"""Intervals by the delta method, with degrees of freedom for few studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from scipy.special import expit
from scipy.stats import t as student

from backpain_stats.estimate import Estimate
from backpain_stats.meta.point import MEASURES, SummaryPoint, log_measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "INTERVALS",
    "MEASURES",
    "PROPORTIONS",
    "Inference",
    "Intervals",
    "Kind",
    "SummaryPoint",
    "kinds_of",
    "log_measure",
    "on_scale",
]

Kind = Literal["difference", "ratio"]
Intervals = Literal["t", "normal"]
INTERVALS = ("t", "normal")
PROPORTIONS = ("sensitivity", "specificity")
# Fewer degrees of freedom than this are not believed: the interval would say nothing.
_FEWEST_DEGREES = 1.0


@dataclass(frozen=True, slots=True)
class Inference:
    r"""The errors of linear functions of estimated coefficients.

    A function with gradient ``g`` has the variance :math:`v = g'Vg`. With few studies ``v`` is
    itself uncertain, as it depends on the parameters :math:`\theta` of the random effects. In the
    manner of Satterthwaite, it is worth :math:`\nu = 2v^2 / (\dot v' C \dot v)` observations, with
    :math:`\dot v = \partial v / \partial \theta` and ``C`` the covariance of
    :math:`\hat\theta`. Maximum likelihood divides by that number where an unbiased variance
    divides by one fewer: the interval takes :math:`v\,\nu/(\nu - 1)` and the t distribution with
    :math:`\nu - 1` degrees of freedom, which is exact for the mean of normal observations. Where
    the random effects cancel, as in differences of tests under a common covariance, ``v`` hardly
    depends on :math:`\theta` and the interval is the normal one.

    Parameters
    ----------
    covariance : ndarray of shape (p, p)
        ``V``.
    slopes : ndarray of shape (r, p, p)
        Derivatives of ``V`` by the parameters of the random effects; r is 0 for normal intervals.
    effects_covariance : ndarray of shape (r, r)
        ``C``.
    level : float
    addition : ndarray of shape (p, p), optional
        Added to ``V`` in the variance, but not in :math:`\nu`: it comes from within the studies.

    Examples
    --------
    >>> round(Inference.normal(np.eye(1), 0.95).half_width(np.ones(1)), 3)
    1.96

    The mean of five normal observations, with their maximum-likelihood variance 1: the variance
    of the mean is 1/5, and that of the estimated variance 2/5.

    >>> inference = Inference(np.array([[0.2]]), np.array([[[0.2]]]), np.array([[0.4]]), 0.95)
    >>> bool(np.isclose(inference.half_width(np.ones(1)), student.isf(0.025, 4) / np.sqrt(4)))
    True
    """

    covariance: Floats
    slopes: Floats
    effects_covariance: Floats
    level: float
    addition: Floats | None = None

    @classmethod
    def normal(cls, covariance: Floats, level: float) -> Inference:
        """Return the inference that takes the covariance for known."""
        width = len(covariance)
        return cls(covariance, np.zeros((0, width, width)), np.zeros((0, 0)), level)

    @property
    def kind(self) -> Intervals:
        """Which distribution intervals are taken from."""
        return "t" if len(self.slopes) else "normal"

    @property
    def words(self) -> str:
        """How intervals are made, in words."""
        return "delta method, t" if self.kind == "t" else "delta method"

    def carried(self, matrix: Floats) -> Inference:
        """Return the inference of other coefficients, ``matrix`` times these."""
        return replace(
            self,
            covariance=matrix @ self.covariance @ matrix.T,
            slopes=matrix @ self.slopes @ matrix.T,
        )

    def observations(self, gradient: Floats) -> float:
        """Return how many observations the variance is worth, infinity where it is known."""
        variance = float(gradient @ self.covariance @ gradient)
        change = np.einsum("i,rij,j->r", gradient, self.slopes, gradient)
        uncertainty = float(change @ self.effects_covariance @ change)
        # beyond 1e6 observations the t distribution is normal to every digit
        if uncertainty <= 2e-6 * variance**2:
            return float("inf")
        return 2 * variance**2 / uncertainty

    def _error(self, gradient: Floats) -> tuple[float, float]:
        """Return the standard error and its degrees of freedom."""
        observations = self.observations(gradient)
        degrees = max(observations - 1, _FEWEST_DEGREES)
        factor = 1.0 if np.isinf(degrees) else (degrees + 1) / degrees
        covariance = self.covariance if self.addition is None else self.covariance + self.addition
        variance = max(float(gradient @ covariance @ gradient), 0.0)
        return float(np.sqrt(variance * factor)), degrees

    def half_width(self, gradient: Floats) -> float:
        """Return half the width of an interval."""
        error, degrees = self._error(gradient)
        return float(student.isf((1 - self.level) / 2, degrees)) * error

    def p_value(self, value: float, gradient: Floats) -> float:
        """Return the two-sided p-value of a value of 0."""
        error, degrees = self._error(gradient)
        return float(2 * student.sf(abs(value) / error, degrees)) if error > 0 else np.nan

    def estimate(
        self,
        value: float,
        gradient: Floats,
        back: Callable[[float], float],
        *,
        method: str,
        measure: str,
    ) -> Estimate:
        """Return an estimate whose interval is symmetric before ``back`` carries it back."""
        width = self.half_width(gradient)
        with np.errstate(over="ignore"):  # a ratio's interval may reach infinity
            middle, low, high = (float(back(value + shift)) for shift in (0.0, -width, width))
        return Estimate(middle, low, high, self.level, f"{method}, {self.words}", measure)

    def point(self, mean: Floats, gradient: Floats, method: str) -> SummaryPoint:
        """Return a summary point of two logits with the gradient (2, p) by the coefficients."""
        covariance = gradient @ self.covariance @ gradient.T
        plain = SummaryPoint(mean, covariance, self.level, method)
        if self.kind == "normal":
            return plain
        exact = []
        for measure in MEASURES:
            value, _ = plain.log_with_error(measure)
            by_coefficients = plain.gradient(measure) @ gradient
            back = expit if measure in PROPORTIONS else np.exp
            exact.append(
                self.estimate(value, by_coefficients, back, method=method, measure=measure)
            )
        return replace(plain, exact=tuple(exact))


def on_scale(point: SummaryPoint, measure: str, kind: Kind) -> tuple[float, Floats]:
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


def kinds_of(measure: str) -> tuple[Kind, ...]:
    """Return how a measure is compared: proportions by difference and ratio, ratios by ratio.

    Examples
    --------
    >>> kinds_of("sensitivity"), kinds_of("lr_positive")
    (('difference', 'ratio'), ('ratio',))
    """
    kinds = ("difference", "ratio") if measure in PROPORTIONS else ("ratio",)
    return cast("tuple[Kind, ...]", kinds if measure in MEASURES else ())
