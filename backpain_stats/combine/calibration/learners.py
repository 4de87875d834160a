"""What is learned from training patients before others are predicted.

A dependence model of the package learns the marginals only. The models here
learn more: the correlation, the frequency of rules, or regression coefficients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import logit
from scipy.stats import binom

from backpain_stats.combine.calibration.estimate_dependence import observed_rho
from backpain_stats.combine.calibration.logistic import fit_logistic
from backpain_stats.combine.calibration.patient_data import PatientData
from backpain_stats.combine.dependence.base import Combination, Dependence, Marginals
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, PRESENT, distinct
from backpain_stats.combine.risk.pattern_risks import point_log_ratios

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["EntropyOfRules", "FittedOneFactor", "LogisticRegression", "log_odds"]


class Learner(ABC):
    """A model that learns from patients how to predict others."""

    __slots__ = ()

    #: As of a dependence model: it predicts one number.
    leaves_range: ClassVar[bool] = False

    @abstractmethod
    def describe(self) -> str:
        """Return what is learned in one plain phrase."""

    @abstractmethod
    def log_odds(
        self, training: PatientData, patterns: NDArray[np.int8], correction: float
    ) -> Array:
        """Return the predicted log odds of ``patterns``, shape (patterns,)."""


def log_odds(
    model: Dependence | Learner,
    training: PatientData,
    patterns: NDArray[np.int8],
    correction: float,
) -> Array:
    """Return the log odds that a model learned from ``training`` gives to ``patterns``.

    A dependence model uses the training patients' prevalence and marginals,
    with ``correction`` added to each cell of each finding's 2x2 table.
    """
    if isinstance(model, Learner):
        return model.log_odds(training, patterns, correction)
    return _posterior(model, training.marginals(correction), training, patterns)


def _posterior(
    model: Dependence,
    marginals: Marginals,
    training: PatientData,
    patterns: NDArray[np.int8],
) -> Array:
    different, which = distinct(patterns)
    ratio = point_log_ratios(model, marginals, different)
    return np.asarray(logit(training.outcome.mean()) + ratio[which])


@dataclass(frozen=True, slots=True)
class FittedOneFactor(Learner):
    """One-factor dependence whose two correlations are learned by maximum likelihood.

    Examples
    --------
    >>> FittedOneFactor().describe()
    'one-factor dependence, rho of each group by maximum likelihood'
    """

    def describe(self) -> str:
        """Return what is learned in one plain phrase."""
        return "one-factor dependence, rho of each group by maximum likelihood"

    def log_odds(
        self, training: PatientData, patterns: NDArray[np.int8], correction: float
    ) -> Array:
        """Return the predicted log odds of ``patterns``, shape (patterns,)."""
        known = training.marginals(correction)
        model = OneFactor(
            observed_rho(training.patterns[training.outcome], known.signs, known.cases[0]),
            observed_rho(training.patterns[~training.outcome], known.signs, known.noncases[0]),
        )
        return _posterior(model, known, training, patterns)


@dataclass(frozen=True, slots=True)
class EntropyOfRules(Learner):
    """Maximum entropy given the marginals and the frequency of "at least k present".

    The rules count the findings that point to the outcome (more frequent among
    cases than among non-cases in the training patients), as a study does that
    prints how many patients had any of its flags.

    Parameters
    ----------
    at_least : tuple of int
        The rules; those that ask for more findings than there are do not apply.

    Examples
    --------
    >>> EntropyOfRules((1,)).describe()
    'maximum entropy given the marginals and: at least 1 of the findings that point to the outcome'
    """

    at_least: tuple[int, ...] = (1, 2)

    def describe(self) -> str:
        """Return what is learned in one plain phrase."""
        rules = " and ".join(map(str, self.at_least))
        return (
            f"maximum entropy given the marginals and: at least {rules} of the findings "
            "that point to the outcome"
        )

    def log_odds(
        self, training: PatientData, patterns: NDArray[np.int8], correction: float
    ) -> Array:
        """Return the predicted log odds of ``patterns``, shape (patterns,)."""
        # Marginals and rules of the same patients cannot contradict each other.
        complete = training.take(training.complete)
        known = complete.marginals(correction)
        counted = tuple(int(column) for column in np.flatnonzero(known.signs > 0))
        number = (complete.patterns[:, counted] == PRESENT).sum(axis=1)
        rules = []
        for k in self.at_least:
            if k > len(counted):
                continue
            # The correction is a patient more whose findings are tosses of a coin, as it is
            # for each finding alone.
            toss = 2 * correction * binom.sf(k - 1, len(counted), 0.5)
            shares = [
                np.array([(np.sum(number[group] >= k) + toss) / (group.sum() + 2 * correction)])
                for group in (complete.outcome, ~complete.outcome)
            ]
            rules.append(Combination(f"at least {k} of {len(counted)}", counted, k, *shares))
        marginals = Marginals(
            known.cases, known.noncases, combinations=rules, labels=training.findings
        )
        return _posterior(MaximumEntropy(), marginals, training, patterns)


@dataclass(frozen=True, slots=True)
class LogisticRegression(Learner):
    """Logistic regression on the findings: the ceiling of what patients allow.

    Main effects with Jeffreys' penalty (Firth), which adds 0.5 to each cell
    where there is one finding; the intercept is then refitted without penalty,
    so that predictions average the prevalence. Patients who lack a finding are
    predicted by the regression on the findings they have, learned from all
    training patients in whom these were assessed.

    Examples
    --------
    >>> LogisticRegression().describe()
    'logistic regression, main effects, Firth-penalised'
    """

    def describe(self) -> str:
        """Return what is learned in one plain phrase."""
        return "logistic regression, main effects, Firth-penalised"

    def log_odds(
        self, training: PatientData, patterns: NDArray[np.int8], correction: float
    ) -> Array:
        """Return the predicted log odds of ``patterns``, shape (patterns,)."""
        result = np.empty(len(patterns))
        shapes, which = np.unique(patterns != NOT_ASSESSED, axis=0, return_inverse=True)
        for number, assessed in enumerate(shapes):
            usable = (training.patterns[:, assessed] != NOT_ASSESSED).all(axis=1)
            outcome = training.outcome[usable].astype(float)
            design = training.patterns[usable][:, assessed].astype(float)
            # A finding that does not vary has no coefficient.
            varies = np.ptp(design, axis=0) > 0
            design = np.column_stack([np.ones(len(design)), design[:, varies]])
            slopes = fit_logistic(design, outcome, penalised=True).coefficients[1:]
            offset = design[:, 1:] @ slopes
            intercept = fit_logistic(design[:, :1], outcome, offset).coefficients[0]
            rows = which.ravel() == number
            result[rows] = intercept + patterns[rows][:, assessed][:, varies] @ slopes
        return result
