"""One 2x2 table and everything that follows from it."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_count, check_pretest
from backpain_stats.errors import NotEstimableError, PretestError
from backpain_stats.estimate import Estimate, PosttestEstimate
from backpain_stats.tables.estimates import estimate_measure, reasons
from backpain_stats.tables.frames import accuracy
from backpain_stats.tables.ratios import posttest_probability
from backpain_stats.tables.statistics import (
    CELLS,
    SUMMARY_MEASURES,
    Correction,
    ProportionMethod,
    RatioMethod,
)

__all__ = ["TwoByTwo"]

_CORRECTION_WORDS = {
    "zero_cells": "0.5 added to all cells if one is zero",
    "all": "0.5 added to all cells",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoByTwo:
    """Counts of one test against one target, and the measures of accuracy.

    The cells go by keyword only, because every source orders them differently.

    Parameters
    ----------
    tp : int
        Cases (target present) with a positive result.
    fp : int
        Non-cases with a positive result.
    fn : int
        Cases with a negative result.
    tn : int
        Non-cases with a negative result.

    Raises
    ------
    ArgumentError
        If a count is not a whole number of 0 or more, or is 2**53 or more.

    See Also
    --------
    backpain_stats.accuracy : The same for a whole frame of tables.

    Examples
    --------
    >>> history_of_cancer = TwoByTwo(tp=4, fp=41, fn=9, tn=1921)
    >>> print(history_of_cancer.lr_positive())
    14.7 (95% interval 5.81 to 30.2; score)
    >>> print(history_of_cancer.posttest(0.0066))
    8.9% (95% interval 3.7% to 17%; score interval of lr_positive, pre-test taken as known) after
    positive, from a pre-test probability of 0.66%
    """

    tp: int
    fp: int
    fn: int
    tn: int

    def __post_init__(self) -> None:
        """Refuse what is not a count."""
        for name, value in asdict(self).items():
            object.__setattr__(self, name, check_count(value, name))

    @property
    def n_cases(self) -> int:
        """Patients with the target, ``tp + fn``."""
        return self.tp + self.fn

    @property
    def n_noncases(self) -> int:
        """Patients without the target, ``fp + tn``."""
        return self.fp + self.tn

    @property
    def n(self) -> int:
        """All patients."""
        return self.n_cases + self.n_noncases

    def sensitivity(self, method: ProportionMethod = "wilson", level: float = 0.95) -> Estimate:
        """Return the share of cases with a positive result, ``tp / (tp + fn)``.

        Parameters
        ----------
        method : str
            ``wilson``, ``clopper_pearson``, ``jeffreys``, ``agresti_coull`` or
            ``wald``; see :func:`~backpain_stats.tables.intervals.proportion_interval`.
        level : float
            Confidence level.

        Returns
        -------
        Estimate
            A fraction with its interval.

        Raises
        ------
        NotEstimableError
            If there is no case.
        ArgumentError
            If the method or level is not allowed.

        Examples
        --------
        >>> print(TwoByTwo(tp=4, fp=41, fn=9, tn=1921).sensitivity())
        0.308 (95% interval 0.127 to 0.576; wilson)
        """
        return self._estimate("sensitivity", method, level)

    def specificity(self, method: ProportionMethod = "wilson", level: float = 0.95) -> Estimate:
        """Return the share of non-cases with a negative result, ``tn / (fp + tn)``.

        Parameters, errors and result are those of :meth:`sensitivity`.
        """
        return self._estimate("specificity", method, level)

    def prevalence(self, method: ProportionMethod = "wilson", level: float = 0.95) -> Estimate:
        """Return the share of cases, ``(tp + fn) / n``.

        It says something about a population only if the table is a sample of
        it. Parameters, errors and result are those of :meth:`sensitivity`.
        """
        return self._estimate("prevalence", method, level)

    def lr_positive(
        self, method: RatioMethod = "score", level: float = 0.95, correction: Correction = "none"
    ) -> Estimate:
        """Return the likelihood ratio of a positive result, sensitivity / (1 - specificity).

        Parameters
        ----------
        method : {"score", "log", "bayes"}
            Interval of the ratio; see
            :func:`~backpain_stats.tables.ratios.ratio_interval`.
        level : float
            Confidence (or posterior) level.
        correction : {"none", "zero_cells", "all"}
            Whether 0.5 is added to all cells; recorded in the result's method.

        Returns
        -------
        Estimate
            0 and infinity are values.

        Raises
        ------
        NotEstimableError
            If there is no case or no non-case, or the ratio is 0/0.
        ArgumentError
            If an option is not allowed.

        Examples
        --------
        >>> print(TwoByTwo(tp=7, fp=13, fn=0, tn=462).lr_positive("log", correction="all"))
        33.1 (95% interval 19.0 to 57.6; log, 0.5 added to all cells)
        """
        return self._estimate("lr_positive", method, level, correction)

    def lr_negative(
        self, method: RatioMethod = "score", level: float = 0.95, correction: Correction = "none"
    ) -> Estimate:
        """Return the likelihood ratio of a negative result, (1 - sensitivity) / specificity.

        Parameters, errors and result are those of :meth:`lr_positive`.
        """
        return self._estimate("lr_negative", method, level, correction)

    def odds_ratio(
        self, method: RatioMethod = "score", level: float = 0.95, correction: Correction = "none"
    ) -> Estimate:
        """Return the diagnostic odds ratio, ``tp tn / (fp fn)``.

        It equals LR+ / LR- and by itself fits no decision: tests of very
        different use share one odds ratio. Parameters, errors and result are
        those of :meth:`lr_positive`.
        """
        return self._estimate("odds_ratio", method, level, correction)

    def ppv(self, method: ProportionMethod = "wilson", level: float = 0.95) -> PosttestEstimate:
        """Return the share of cases among positive results, ``tp / (tp + fp)``.

        This is a post-test probability at this table's own prevalence, which
        comes along. Use :meth:`posttest` for any other pre-test probability.
        Parameters and errors are those of :meth:`sensitivity`.
        """
        return self._predictive_value("ppv", method, level)

    def npv(self, method: ProportionMethod = "wilson", level: float = 0.95) -> PosttestEstimate:
        """Return the share of non-cases among negative results, ``tn / (fn + tn)``.

        It is the probability that the target is absent; the pre-test
        probability that comes along is that of absence too. Parameters and
        errors are those of :meth:`sensitivity`.
        """
        return self._predictive_value("npv", method, level)

    def posttest(
        self,
        pretest: float,
        result: Literal["positive", "negative"] = "positive",
        *,
        method: RatioMethod = "score",
        level: float = 0.95,
        correction: Correction = "none",
        pretest_source: str = "",
    ) -> PosttestEstimate:
        """Return the probability of the target after a result, from a pre-test probability.

        The interval is that of the likelihood ratio carried through Bayes'
        rule at a pre-test probability taken as known: the convention of most
        papers. It leaves out what is not known about the pre-test;
        :func:`backpain_stats.posttest` does not.

        Parameters
        ----------
        pretest : float
            Pre-test probability, strictly between 0 and 1.
        result : {"positive", "negative"}
            Which result.
        method, level, correction
            As in :meth:`lr_positive`.
        pretest_source : str
            Where the pre-test probability came from; printed beside it.

        Returns
        -------
        PosttestEstimate
            A fraction with its interval and its pre-test probability.

        Raises
        ------
        PretestError
            If ``pretest`` is not strictly between 0 and 1.
        NotEstimableError
            If the likelihood ratio does not exist.
        ArgumentError
            If an option is not allowed.

        Examples
        --------
        >>> table = TwoByTwo(tp=7, fp=13, fn=0, tn=462)
        >>> round(table.posttest(7 / 482, method="log", correction="all").estimate, 3)
        0.328
        """
        check_choice(result, "result", ("positive", "negative"))
        if np.ndim(pretest) > 0:
            raise PretestError(
                "one pre-test probability is wanted here; backpain_stats.posttest_probability "
                "takes arrays"
            )
        before = float(check_pretest(pretest))
        measure = f"lr_{result}"
        ratio = self._estimate(measure, method, level, correction)
        after, low, high = posttest_probability(
            before, [ratio.estimate, ratio.ci_low, ratio.ci_high]
        ).tolist()
        return PosttestEstimate(
            after,
            low,
            high,
            level,
            f"{ratio.method} interval of {measure}, pre-test taken as known",
            "posttest",
            pretest=before,
            pretest_source=pretest_source,
            result=result,
        )

    def summary(
        self,
        *,
        proportion_method: ProportionMethod = "wilson",
        ratio_method: RatioMethod = "score",
        correction: Correction = "none",
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Return all eight measures as a frame; see :func:`backpain_stats.accuracy`.

        Examples
        --------
        >>> TwoByTwo(tp=0, fp=3, fn=0, tn=80).summary()[["measure", "estimate", "method"]]
               measure  estimate                                 method
        0  sensitivity       NaN                not estimable: no cases
        ...
        """
        return accuracy(
            pd.DataFrame([asdict(self)]),
            proportion_method=proportion_method,
            ratio_method=ratio_method,
            correction=correction,
            level=level,
        )

    def __str__(self) -> str:
        """Return the table and its measures as text."""
        width = max(len(str(count)) for count in (*asdict(self).values(), "absent"))
        lines = [
            f"{'target':10}{'present':>{width + 3}}{'absent':>{width + 3}}",
            f"{'positive':10}{self.tp:>{width + 3}}{self.fp:>{width + 3}}",
            f"{'negative':10}{self.fn:>{width + 3}}{self.tn:>{width + 3}}",
            "",
        ]
        return "\n".join(lines + [f"{name:<13}{text}" for name, text in self._phrases()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(text)}</td></tr>"
            for name, text in self._phrases()
        )
        return (
            "<table><thead><tr><th>result</th><th>target present</th><th>target absent</th></tr>"
            f"</thead><tbody><tr><th>positive</th><td>{self.tp}</td><td>{self.fp}</td></tr>"
            f"<tr><th>negative</th><td>{self.fn}</td><td>{self.tn}</td></tr></tbody></table>"
            f"<table><thead><tr><th>measure</th><th>estimate</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def _phrases(self) -> list[tuple[str, str]]:
        phrases = []
        for measure in SUMMARY_MEASURES:
            try:
                phrases.append((measure, str(getattr(self, measure)())))
            except NotEstimableError as error:
                phrases.append((measure, str(error).split(" is ", maxsplit=1)[1]))
        return phrases

    def _estimate(
        self, measure: str, method: str, level: float, correction: Correction = "none"
    ) -> Estimate:
        table = np.array([[getattr(self, cell) for cell in CELLS]], dtype=float)
        (estimate,), (low,), (high,) = estimate_measure(table, measure, method, correction, level)
        reason = reasons(table, measure, np.array([estimate]))[0]
        if reason:
            raise NotEstimableError(
                f"{measure} of tp={self.tp}, fp={self.fp}, fn={self.fn}, tn={self.tn} "
                f"is not estimable: {reason}"
            )
        words = f"{method}, {_CORRECTION_WORDS[correction]}" if correction != "none" else method
        return Estimate(float(estimate), float(low), float(high), level, words, measure)

    def _predictive_value(self, measure: str, method: str, level: float) -> PosttestEstimate:
        value = self._estimate(measure, method, level)
        positive = measure == "ppv"
        share, kind = (self.n_cases, "cases") if positive else (self.n_noncases, "non-cases")
        return PosttestEstimate(
            value.estimate,
            value.ci_low,
            value.ci_high,
            level,
            value.method,
            measure,
            pretest=share / self.n,
            pretest_source=f"{kind} of this table: {share} of {self.n}",
            result="positive" if positive else "negative",
        )
