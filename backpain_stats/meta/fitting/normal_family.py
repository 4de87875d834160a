"""The normal family: observed logits with known variances (Reitsma 2005)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Counts, Floats
from backpain_stats.meta.fitting.boundary import solve
from backpain_stats.meta.fitting.family import Designs, Family, Found
from backpain_stats.meta.fitting.refusals import refuse_zero_cells
from backpain_stats.meta.fitting.starts import moment_start, more_roots
from backpain_stats.meta.fitting.structure import Structure
from backpain_stats.meta.likelihood.normal import Logits, NormalModel, observed_logits
from backpain_stats.meta.likelihood.parameters import covariance_from_root
from backpain_stats.meta.studies import Studies
from backpain_stats.tables import CORRECTIONS

# Beyond this many studies a second maximum is not looked for.
_MANY_STUDIES = 200
_CORRECTED = {
    "none": "no correction",
    "zero_cells": "0.5 added to studies with a zero",
    "all": "0.5 added to every study",
}


@dataclass(frozen=True, slots=True)
class Normal(Family):
    """The two observed logits of a study are normal about its own, variances known."""

    name: ClassVar[str] = "normal"

    @classmethod
    def from_options(
        cls, *, estimator: str | None, correction: str | None, nodes: int | None
    ) -> Self:
        """Return the family; there is no integral, so no nodes."""
        estimator = check_choice(estimator or "reml", "estimator", ("reml", "ml"))
        correction = check_choice(correction or "none", "correction", CORRECTIONS)
        if nodes is not None:
            raise ArgumentError(
                "nodes belongs to likelihood='binomial'; the normal model needs none"
            )
        return cls(estimator=estimator, correction=correction)

    def describe(self) -> str:
        """Return the likelihood in a few words."""
        return f"normal likelihood, {self.estimator.upper()}, {_CORRECTED[self.correction]}"

    def refuse(self, studies: Studies, structure: Structure) -> None:
        """Refuse zero cells without a correction."""
        refuse_zero_cells(studies, self.correction)

    def observe(self, counts: Counts | Floats) -> Logits:
        """Return the logits, corrected as asked."""
        return observed_logits(counts, self.correction)

    def model(self, data: Logits, designs: Designs) -> NormalModel:
        """Return the profile or the restricted log likelihood."""
        return NormalModel(data, designs, restricted=self.estimator == "reml")

    def starts(self, data: Logits, designs: Designs) -> Floats:
        """Return moment estimates of the root."""
        return moment_start(data, designs)[1]

    def place(self, coefficients: Floats, roots: Floats) -> Floats:
        """Return the roots: the coefficients are solved for."""
        return roots

    def simulate(self, counts: Counts, logits: Floats, rng: np.random.Generator) -> Logits:
        """Return logits with the observed within-study variances."""
        observed = self.observe(counts)
        noise = rng.standard_normal(logits.shape) * np.sqrt(observed.variances)
        return Logits(
            np.where(observed.present, logits + noise, 0.0),
            np.broadcast_to(observed.variances, logits.shape),
            np.broadcast_to(observed.present, logits.shape),
            np.zeros(len(logits)),
        )

    def jacobian(self, counts: Counts) -> float:
        """Return the sum of log |d logit(p) / dp|: the density is that of proportions."""
        return float(self.observe(counts[None]).jacobian[0])

    def null_information(
        self, counts: Counts, designs: Designs, logits: Floats
    ) -> tuple[float, float, float]:
        """Return half the sums of squared precisions, and the sum of their products."""
        observed = self.observe(counts)
        first, second = np.where(observed.present, 1 / observed.variances, 0.0).T
        return float(first @ first) / 2, float(first @ second), float(second @ second) / 2

    def _weights(self, counts: Counts, root: Floats) -> tuple[Logits, Floats]:
        """Return the logits and the inverse of each study's total covariance, (k, 2, 2)."""
        observed = self.observe(counts)
        total = observed.variances[..., None] * np.eye(2) + covariance_from_root(root)
        both = observed.present[:, :, None] & observed.present[:, None, :]
        weights = np.linalg.inv(np.where(both, total, np.eye(2)))
        return observed, np.where(both, weights, 0.0)

    def study_information(self, counts: Counts, logits: Floats, root: Floats) -> Floats:
        """Return the inverse of each study's total covariance."""
        return self._weights(counts, root)[1]

    def study_effects(self, counts: Counts, logits: Floats, root: Floats) -> tuple[Floats, Floats]:
        """Return the best linear unbiased predictions and their conditional covariances."""
        observed, weights = self._weights(counts, root)
        between = covariance_from_root(root)
        residual = np.where(observed.present, observed.effects - logits, 0.0)
        mean = logits + (between @ weights @ residual[..., None])[..., 0]
        return mean, between - between @ weights @ between

    def search(self, studies: Studies, designs: Designs, structure: Structure) -> Found:
        """Maximise from the moments; at a boundary look for a second maximum as well."""
        data = self.observe(studies.used_counts[None])
        roots = self.starts(data, designs)
        model = self.model(data, designs)
        solution = solve(model, structure.project(roots), structure)
        if solution.boundary and studies.used.sum() <= _MANY_STUDIES:
            # a second maximum, where there is one, is at the other end of the correlation
            again = solve(model, structure.project(more_roots(roots[0])), structure)
            solution = max(solution, again, key=lambda one: one.value)
        return Found(self, model, solution)
