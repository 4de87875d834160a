"""A summary point: sensitivity, specificity and the ratios that follow, with intervals.

Intervals are symmetric on the scale where the estimator is nearly normal: the logit
for proportions, the log for ratios (delta method).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, log_expit

from backpain_stats.checks import check_choice, check_pretest
from backpain_stats.estimate import Estimate, PosttestEstimate
from backpain_stats.tables.intervals import normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MEASURES", "SummaryPoint", "log_measures"]

MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio")
_RATIOS = ("lr_positive", "lr_negative", "odds_ratio")


def log_measures(logit_sensitivity: Floats, logit_specificity: Floats) -> dict[str, Floats]:
    """Return the five measures on their working scales: two logits, three logs.

    Examples
    --------
    >>> logs = log_measures(np.array(0.0), np.array(2.0))
    >>> bool(np.isclose(np.exp(logs["lr_positive"]), 0.5 * (1 + np.exp(2.0))))
    True
    """
    return {
        "sensitivity": logit_sensitivity,
        "specificity": logit_specificity,
        "lr_positive": log_expit(logit_sensitivity) - log_expit(-logit_specificity),
        "lr_negative": log_expit(-logit_sensitivity) - log_expit(logit_specificity),
        "odds_ratio": logit_sensitivity + logit_specificity,
    }


@dataclass(frozen=True, slots=True)
class SummaryPoint:
    """The two mean logits with their covariance, and what follows from them.

    Parameters
    ----------
    mean : ndarray of shape (2,)
        Logit sensitivity and logit specificity.
    covariance : ndarray of shape (2, 2)
    level : float
        Confidence level of every interval.
    method : str
        How the fit was made.
    exact : tuple of Estimate, optional
        Intervals that replace the delta method's, in the order of ``MEASURES``
        (common-effect fits).

    Examples
    --------
    >>> point = SummaryPoint(np.array([2.0, 1.3]), np.diag([0.1, 0.03]), 0.95, "an example")
    >>> print(point.lr_positive)
    4.11 (95% interval 3.12 to 5.42; an example, delta method)
    """

    mean: Floats
    covariance: Floats
    level: float
    method: str
    exact: tuple[Estimate, ...] = ()

    def gradient(self, measure: str) -> Floats:
        """Return the derivative of a measure, on its working scale, by the two logits."""
        sensitivity, specificity = expit(self.mean)
        missed, false = expit(-self.mean)
        by_logits = {
            "sensitivity": (1.0, 0.0),
            "specificity": (0.0, 1.0),
            "lr_positive": (missed, specificity),
            "lr_negative": (-sensitivity, -false),
            "odds_ratio": (1.0, 1.0),
        }[check_choice(measure, "measure", MEASURES)]
        return np.array(by_logits)

    def log_with_error(self, measure: str) -> tuple[float, float]:
        """Return a measure on its working scale and its delta-method standard error."""
        slope = self.gradient(measure)
        value = float(log_measures(self.mean[0], self.mean[1])[measure])
        variance = float(slope @ self.covariance @ slope)
        return value, float(np.sqrt(variance)) if variance >= 0 else np.nan

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five measures with its interval."""
        check_choice(measure, "measure", MEASURES)
        if self.exact:
            return self.exact[MEASURES.index(measure)]
        value, error = self.log_with_error(measure)
        width = normal_quantile(self.level) * error
        back = np.exp if measure in _RATIOS else expit
        middle, low, high = (float(back(value + shift)) for shift in (0.0, -width, width))
        return Estimate(middle, low, high, self.level, f"{self.method}, delta method", measure)

    @property
    def sensitivity(self) -> Estimate:
        """Summary sensitivity."""
        return self.estimate("sensitivity")

    @property
    def specificity(self) -> Estimate:
        """Summary specificity."""
        return self.estimate("specificity")

    @property
    def lr_positive(self) -> Estimate:
        """Summary LR+, from the summary sensitivity and specificity."""
        return self.estimate("lr_positive")

    @property
    def lr_negative(self) -> Estimate:
        """Summary LR-, from the summary sensitivity and specificity."""
        return self.estimate("lr_negative")

    @property
    def odds_ratio(self) -> Estimate:
        """Summary diagnostic odds ratio."""
        return self.estimate("odds_ratio")

    def posttest(
        self,
        pretest: float,
        result: Literal["positive", "negative"] = "positive",
        pretest_source: str = "",
    ) -> PosttestEstimate:
        """Return the post-test probability that the summary LR implies.

        The interval carries the uncertainty of the summary LR only; that of the
        pre-test probability is not in it, nor is the difference between settings
        (:meth:`BivariateFit.predict <backpain_stats.meta.result.BivariateFit.predict>`).

        Parameters
        ----------
        pretest : float
            Strictly between 0 and 1.
        result : {"positive", "negative"}
        pretest_source : str, optional
            Where the pre-test probability comes from.

        Raises
        ------
        PretestError
            If the pre-test probability is not strictly between 0 and 1.
        """
        before = float(check_pretest(pretest))
        check_choice(result, "result", ("positive", "negative"))
        ratio = self.lr_positive if result == "positive" else self.lr_negative
        middle, low, high = (
            1.0 if np.isinf(lr) else float(before * lr / (before * lr + 1 - before))
            for lr in (ratio.estimate, ratio.ci_low, ratio.ci_high)
        )
        return PosttestEstimate(
            middle,
            low,
            high,
            self.level,
            ratio.method,
            "posttest_probability",
            pretest=before,
            pretest_source=pretest_source,
            result=result,
        )

    def frame(self) -> pd.DataFrame:
        """Return one row a measure: ``measure, estimate, ci_low, ci_high, ci_level, method``."""
        import pandas as pd

        columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
        return pd.DataFrame([self.estimate(name).as_dict() for name in MEASURES])[columns]
