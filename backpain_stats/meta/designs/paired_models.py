"""The models of several tests that differ in their random effects and in what tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import logit
from scipy.stats import chi2

from backpain_stats.errors import FitError
from backpain_stats.meta.designs.binomial_rows import BinomialRows
from backpain_stats.meta.designs.cluster_model import ClusterModel, Maximum, fit_model
from backpain_stats.meta.designs.compared_tests import EqualityTest
from backpain_stats.meta.designs.integral import StudyLikelihood
from backpain_stats.meta.designs.overdispersed_rows import OverdispersedRows
from backpain_stats.meta.designs.paired_data import TestedStudies
from backpain_stats.meta.designs.random_effects import (
    ArmBasedCovariance,
    CommonCovariance,
    PairedEffects,
    ScaledCovariance,
    SeparateCovariance,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["COVARIANCES", "Covariance", "PairedModels", "likelihood_ratio"]

Covariance = Literal["common", "arm_based", "scaled", "separate"]
COVARIANCES = ("common", "arm_based", "scaled", "separate")
# Tried in turn until more nodes no longer change the log likelihood.
NODES = (9, 21, 35)
# A change of the log likelihood that moves estimates by less than 1e-3 standard errors.
_RESOLVED = 1e-6
# Eigenvalues of a between-study covariance that is not singular.
_INSIDE = 1e-2
_STARTING_SD, _STARTING_OWN_SD = 0.5, 0.3


class PairedModels:
    """The models of one covariance structure that differ in what the tests have in common.

    Parameters
    ----------
    studies : TestedStudies
    covariance : Covariance
    """

    def __init__(self, studies: TestedStudies, covariance: Covariance) -> None:
        successes, failures = studies.rows()
        self.tests = len(studies.tests)
        # which of the tests' logits each linear predictor of a unit is
        self.rows = np.tile(np.arange(2 * self.tests), (len(studies.studies), 1))
        # SDs that rows have of their own, for sensitivity and for specificity
        self.own = 2 if covariance == "arm_based" else 0
        self.likelihood: StudyLikelihood
        self.effects: PairedEffects
        if covariance == "separate":
            unit_study, unit_test = np.nonzero(studies.given)
            self.rows = 2 * unit_test[:, None] + np.arange(2)
            successes = np.take_along_axis(successes[unit_study], self.rows, axis=1)
            failures = np.take_along_axis(failures[unit_study], self.rows, axis=1)
            self.effects = SeparateCovariance(self.tests, unit_test)
        elif covariance == "scaled":
            self.effects = ScaledCovariance(self.tests)
        elif covariance == "arm_based":
            self.effects = ArmBasedCovariance(self.tests)
        else:
            self.effects = CommonCovariance(self.tests)
        rows = OverdispersedRows if self.own else BinomialRows
        self.likelihood = rows.from_counts(successes, failures)
        events, others = (array.sum(axis=0) for array in studies.rows())
        self.logits = logit((events + 0.5) / (events + others + 1))

    def design(self, equal: str = "nothing") -> Floats:
        """Return which coefficient each test's logits have, shape (2 tests, p)."""
        if equal == "nothing":  # test by test, as the coefficients are reported
            return np.eye(2 * self.tests)
        every, shared = np.eye(self.tests), np.ones((self.tests, 1))
        first, second = (
            shared if name in equal else every for name in ("sensitivity", "specificity")
        )
        design = np.zeros((2 * self.tests, first.shape[1] + second.shape[1]))
        design[0::2, : first.shape[1]] = first
        design[1::2, first.shape[1] :] = second
        return design

    def _unit_design(self, design: Floats) -> Floats:
        """Return the design of each unit's linear predictors, SDs of its rows included."""
        of_logits = design[self.rows]
        if not self.own:
            return of_logits
        units, rows, width = of_logits.shape
        unit_design = np.zeros((units, 2 * rows, width + 2))
        unit_design[:, :rows, :width] = of_logits
        unit_design[:, rows + np.arange(rows), width + np.arange(rows) % 2] = 1.0
        return unit_design

    def fit(
        self,
        design: Floats,
        nodes: int | None,
        starts: Floats | None = None,
        *,
        curvature: bool = True,
    ) -> tuple[ClusterModel, Maximum]:
        """Fit a model, with more nodes where those on the list do not resolve the likelihood.

        ``starts`` are parameter vectors to start from in place of the usual ones; ``curvature``
        is whether the covariance of the estimates is wanted.
        """
        first = NODES[0] if nodes is None else nodes
        model = ClusterModel(self.likelihood, self._unit_design(design), self.effects, first)
        starts = self._starts(design) if starts is None else starts
        maximum = fit_model(model, starts, curvature=curvature)
        for more in NODES[1:] if nodes is None else ():
            finer = model.with_nodes(more)
            value = finer.gradient(maximum.parameters[None])[0][0]
            if abs(value - maximum.log_likelihood) < _RESOLVED:
                break
            model, maximum = finer, fit_model(finer, maximum.parameters[None], way=more)
        if not maximum.converged:
            raise FitError(
                f"the likelihood was not maximised in {maximum.iterations} evaluations; the data "
                "may be too sparse: leave a test out, or use covariance='common'"
            )
        return model, maximum

    def _starts(self, design: Floats) -> Floats:
        """Return two parameter vectors: the pooled logits, and correlations of either sign."""
        coefficients = np.linalg.lstsq(design, self.logits, rcond=None)[0]
        roots = _STARTING_SD * np.array([[1.0, -0.5, 0.8], [1.0, 0.5, 0.8]])
        return self.extended(coefficients, roots)

    def extended(self, coefficients: Floats, roots: Floats) -> Floats:
        """Return one parameter vector for each common root, with SDs of tests where there are."""
        own = [_STARTING_OWN_SD] * self.own
        return np.array([[*coefficients, *own, *self.effects.start(root)] for root in roots])

    def test(self, equal: str, full: ClusterModel, maximum: Maximum) -> EqualityTest:
        """Test the hypothesis that the tests' sensitivities or specificities are equal."""
        design = self.design(equal)
        start = None
        between = self.effects.test_covariances(maximum.parameters[-self.effects.width :])
        if np.linalg.eigvalsh(between).min() > _INSIDE:
            # at a singular covariance the likelihood is level, and a step could not leave it
            width = 2 * self.tests
            coefficients = np.linalg.lstsq(design, maximum.parameters[:width], rcond=None)[0]
            start = np.concatenate([coefficients, maximum.parameters[width:]])[None]
        restricted = self.fit(design, full.nodes, start, curvature=False)[1]
        df = 2 * self.tests - design.shape[1]
        return likelihood_ratio(equal, restricted, maximum, df)


def likelihood_ratio(equal: str, restricted: Maximum, full: Maximum, df: int) -> EqualityTest:
    """Return the likelihood-ratio test of a restricted model in a full one."""
    statistic = max(2 * (full.log_likelihood - restricted.log_likelihood), 0.0)
    p_value = float(chi2.sf(statistic, df))
    return EqualityTest(equal, restricted.log_likelihood, statistic, df, p_value)
