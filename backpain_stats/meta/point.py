"""A summary point: sensitivity, specificity and the ratios that follow, with intervals.

Intervals are symmetric on the scale where the estimator is nearly normal: the logit
for proportions, the log for ratios (delta method).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from scipy.special import expit, log_expit, logit, ndtri

from backpain_stats.checks import check_choice
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import Estimate, PosttestEstimate, format_number, format_percent
from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.pretest import Pretest, PretestLike, PretestsLike, is_known, is_single
from backpain_stats.meta.pretest import read_pretests as _read_pretests
from backpain_stats.sampling import interval_around, quasi_uniform
from backpain_stats.tables import MEASURES as STATISTICS
from backpain_stats.tables import normal_quantile

if TYPE_CHECKING:
    import pandas as pd


__all__ = [
    "MEASURES",
    "SummaryMeasure",
    "SummaryPoint",
    "accuracy_frame",
    "log_measure",
    "log_measures",
]

Result = Literal["positive", "negative"]
RESULTS: tuple[Result, Result] = ("positive", "negative")
# A power of two keeps the balance of the quasi-random points; the Monte Carlo error
# of a quantile is then far below what is printed.
DRAWS = 2**14
# Beyond it the ratios overflow, and the proportions are 0 or 1 long before.
_LARGEST_LOGIT = 300.0


@dataclass(frozen=True, slots=True)
class SummaryMeasure:
    """One of the five summary measures, on its own scale and on its working scale.

    Parameters
    ----------
    name, label : str
        In frames, and in print.
    ratio : bool
        A ratio, whose working scale is the log; else a proportion, whose is the logit.
    """

    name: str
    label: str
    ratio: bool

    def back(self, values: Floats | float) -> Floats:
        """Return values on the working scale as values of the measure."""
        # The ratio of a draw far out may be more than a double holds: infinite, then.
        with np.errstate(over="ignore"):
            found = np.exp(values) if self.ratio else expit(values)
        return np.asarray(found, dtype=np.float64)

    def write(self, value: float, digits: int = 3) -> str:
        """Print a value: a proportion as percent, a ratio as a number."""
        return (format_number if self.ratio else format_percent)(value, digits)

    @property
    def comparison(self) -> str:
        """What two values of it are compared by."""
        return f"{self.name}_{'ratio' if self.ratio else 'difference'}"


def _summary_measure(name: str) -> SummaryMeasure:
    known = STATISTICS[name]
    label = known.label[0].upper() + known.label[1:]
    return SummaryMeasure(name, label, not known.is_proportion)


MEASURE_TABLE = {
    name: _summary_measure(name)
    for name in ("sensitivity", "specificity", "lr_positive", "lr_negative", "odds_ratio")
}
MEASURES = tuple(MEASURE_TABLE)


_LOG_MEASURES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "sensitivity": lambda sensitivity, specificity: sensitivity,
    "specificity": lambda sensitivity, specificity: specificity,
    "lr_positive": lambda sensitivity, specificity: (
        log_expit(sensitivity) - log_expit(-specificity)
    ),
    "lr_negative": lambda sensitivity, specificity: (
        log_expit(-sensitivity) - log_expit(specificity)
    ),
    "odds_ratio": lambda sensitivity, specificity: sensitivity + specificity,
}


def log_measure(name: str, logit_sensitivity: Floats, logit_specificity: Floats) -> Floats:
    """Return one of the five measures on its working scale, a logit or a log."""
    return _LOG_MEASURES[name](logit_sensitivity, logit_specificity)


def log_measures(logit_sensitivity: Floats, logit_specificity: Floats) -> dict[str, Floats]:
    """Return the five measures on their working scales: two logits, three logs.

    Examples
    --------
    >>> logs = log_measures(np.array(0.0), np.array(2.0))
    >>> bool(np.isclose(np.exp(logs["lr_positive"]), 0.5 * (1 + np.exp(2.0))))
    True
    """
    return {name: log_measure(name, logit_sensitivity, logit_specificity) for name in MEASURES}


def accuracy_frame(logit_sensitivity: Floats, logit_specificity: Floats) -> pd.DataFrame:
    """Return draws of the two logits as draws of the five measures, one column each."""
    import pandas as pd

    first, second = (
        np.clip(one, -_LARGEST_LOGIT, _LARGEST_LOGIT)
        for one in (logit_sensitivity, logit_specificity)
    )
    logs = log_measures(first, second)
    return pd.DataFrame({name: one.back(logs[name]) for name, one in MEASURE_TABLE.items()})


def posttest_frame(found: list[PosttestEstimate], pretests: list[Pretest]) -> pd.DataFrame:
    """Return post-test probabilities of several pre-tests, one row per pre-test."""
    import pandas as pd

    columns = ["pretest", "pretest_low", "pretest_high", "result", "measure", "estimate"]
    columns += ["ci_low", "ci_high", "ci_level", "method", "pretest_source"]
    rows = []
    for one, pretest in zip(found, pretests, strict=True):
        low, high = pretest.interval(one.ci_level)
        rows.append(one.as_dict() | {"pretest_low": low, "pretest_high": high})
    return pd.DataFrame(rows)[columns]


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
        value = float(log_measure(measure, self.mean[0], self.mean[1]))
        variance = float(slope @ self.covariance @ slope)
        return value, float(np.sqrt(variance)) if variance >= 0 else np.nan

    def estimate(self, measure: str) -> Estimate:
        """Return one of the five measures with its interval."""
        check_choice(measure, "measure", MEASURES)
        if self.exact:
            return self.exact[MEASURES.index(measure)]
        value, error = self.log_with_error(measure)
        width = normal_quantile(self.level) * error
        back = MEASURE_TABLE[measure].back
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

    @overload
    def posttest(
        self, pretest: PretestLike, result: Result = "positive", pretest_source: str = ""
    ) -> PosttestEstimate: ...

    @overload
    def posttest(
        self, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
    ) -> PosttestEstimate | pd.DataFrame: ...

    def posttest(
        self, pretest: PretestsLike, result: Result = "positive", pretest_source: str = ""
    ) -> PosttestEstimate | pd.DataFrame:
        """Return the post-test probability that the summary LR implies.

        The interval carries the uncertainty of the summary LR and, where the pre-test
        probability is given as counts, a range or a distribution, that too. The
        difference between settings is not in it
        (:meth:`BivariateFit.predict <backpain_stats.meta.result.BivariateFit.predict>`).

        Parameters
        ----------
        pretest : float, str, Prevalence, distribution, or several of them
            See :func:`backpain_stats.meta.pretest.read_pretests`.
        result : {"positive", "negative"}
        pretest_source : str, optional
            Where the pre-test probability comes from.

        Returns
        -------
        PosttestEstimate or pandas.DataFrame
            For one pre-test probability; for several, one row per probability:
            ``pretest, pretest_low, pretest_high, result, measure, estimate, ci_low,
            ci_high, ci_level, method, pretest_source``.

        Raises
        ------
        PretestError
            If a pre-test probability is not strictly between 0 and 1.
        """
        check_choice(result, "result", RESULTS)
        pretests = _read_pretests(pretest)
        found = [self._posttest(one, result, pretest_source) for one in pretests]
        return found[0] if is_single(pretest) else posttest_frame(found, pretests)

    def _posttest(self, pretest: Pretest, result: Result, source: str) -> PosttestEstimate:
        ratio = self.estimate(f"lr_{result}")
        before = pretest.estimate
        middle, low, high = (
            1.0 if np.isinf(lr) else float(before * lr / (before * lr + 1 - before))
            for lr in (ratio.estimate, ratio.ci_low, ratio.ci_high)
        )
        method = ratio.method
        if not is_known(pretest):
            value, error = self.log_with_error(f"lr_{result}")
            if not np.isfinite(error):
                raise NotEstimableError(
                    f"LR {result} has no standard error ({self.method}): give the pre-test "
                    "probability as one number"
                )
            uniform = quasi_uniform(DRAWS, 2)
            after = expit(
                logit(pretest.draws(uniform[:, 0])) + value + error * ndtri(uniform[:, 1])
            )
            low, high = map(float, interval_around(middle, after, self.level))
            method = f"{method} and draws of the pre-test probability"
        return PosttestEstimate(
            middle, low, high, self.level, method, "posttest_probability",
            pretest=before, pretest_source=source, result=result,
        )  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """Return one row a measure: ``measure, estimate, ci_low, ci_high, ci_level, method``."""
        import pandas as pd

        columns = ["measure", "estimate", "ci_low", "ci_high", "ci_level", "method"]
        return pd.DataFrame([self.estimate(name).as_dict() for name in MEASURES])[columns]
