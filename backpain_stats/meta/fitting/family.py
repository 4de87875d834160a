"""A family: how the counts of a study are distributed about its own accuracy.

A new family is one file with a subclass of :class:`Family` and one line in
:mod:`backpain_stats.meta.fitting.registry`. Everything that follows from a fit
(profiles, bootstrap, influence, predictions) asks the family, never its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from backpain_stats.errors import NotEstimableError
from backpain_stats.meta.arrays import Booleans, Counts, Floats
from backpain_stats.meta.fitting.boundary import Solution, solve
from backpain_stats.meta.fitting.refusals import diverged, refuse_divergence
from backpain_stats.meta.fitting.structure import Structure
from backpain_stats.meta.likelihood.model import Model
from backpain_stats.meta.studies import Studies

Designs = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the search for a maximum ended, in scaled coefficients.

    Parameters
    ----------
    family : Family
        With the options that were needed in the end.
    model : Model
    solution : Solution
    notes : tuple of str
        What a reader has to know about the search.
    """

    family: Family
    model: Model
    solution: Solution
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family(ABC):
    """What is assumed within a study, with the options of the fit.

    Data of a batch have the type that :meth:`observe` gives; only the family looks inside.
    """

    name: ClassVar[str]
    estimator: str = "ml"
    correction: str = "none"
    nodes: int | None = None

    def change_of_scale(self, transform: Floats) -> float:
        r"""Return what a log likelihood in scaled columns Z = X T lacks of that in X.

        A restricted likelihood contains :math:`-\frac12 \log |X'WX|`, so it depends on the
        scale of the covariates: :math:`\log |\det T|`. Others do not.
        """
        return float(np.linalg.slogdet(transform)[1]) if self.restricted else 0.0

    @property
    def adds_up(self) -> bool:
        """Whether tables can simply be added where all studies have one accuracy."""
        return False

    @property
    def restricted(self) -> bool:
        """Whether the likelihood is restricted, so that other means give another one."""
        return self.estimator == "reml"

    @classmethod
    @abstractmethod
    def from_options(
        cls, *, estimator: str | None, correction: str | None, nodes: int | None
    ) -> Self:
        """Return the family with the options a user gave, or refuse them."""

    @abstractmethod
    def describe(self) -> str:
        """Return the likelihood, its approximations and corrections in a few words."""

    @abstractmethod
    def refuse(self, studies: Studies, structure: Structure) -> None:
        """Refuse studies whose likelihood does not exist or has no maximum."""

    @abstractmethod
    def observe(self, counts: Counts | Floats) -> Any:
        """Return the data of counts (data sets, studies, 4)."""

    @abstractmethod
    def model(self, data: Any, designs: Designs) -> Model:
        """Return the log likelihood of a batch of data sets, or of one shared by all."""

    @abstractmethod
    def starts(self, data: Any, designs: Designs) -> Floats:
        """Return a starting point (data sets, p) for each data set."""

    @abstractmethod
    def place(self, coefficients: Floats, roots: Floats) -> Floats:
        """Return parameters (b, p) from coefficients (b, q) and roots (b, 3)."""

    @abstractmethod
    def simulate(self, counts: Counts, logits: Floats, rng: np.random.Generator) -> Any:
        """Return data sets at true logits (data sets, studies, 2), as large as ``counts``."""

    def jacobian(self, counts: Counts) -> float:
        """Return the log density that changing to the scale of the counts adds."""
        return 0.0

    def null_information(
        self, counts: Counts, designs: Designs, logits: Floats
    ) -> tuple[float, float, float] | None:
        """Return the information on the three between-study (co)variances when all are 0.

        Parameters
        ----------
        counts : ndarray of shape (k, 4)
        designs : tuple of two ndarray
        logits : ndarray of shape (k, 2)
            The fitted common logits.

        Returns
        -------
        tuple of float or None
            Of the variance of sensitivity, the covariance, the variance of specificity,
            the means estimated. None where the family does not know it.
        """
        del counts, designs, logits
        return None

    def study_information(self, counts: Counts, logits: Floats, root: Floats) -> Floats:
        """Return each study's information (k, 2, 2) on its two mean logits (k, 2)."""
        raise NotEstimableError(f"the likelihood {self.name!r} does not give study weights")

    def study_effects(self, counts: Counts, logits: Floats, root: Floats) -> tuple[Floats, Floats]:
        """Return mean (k, 2) and covariance (k, 2, 2) of each study's true logits."""
        raise NotEstimableError(f"the likelihood {self.name!r} does not give study effects")

    def for_refits(self) -> Self:
        """Return the family as it is evaluated where a fit is repeated many times."""
        return self

    def search(self, studies: Studies, designs: Designs, structure: Structure) -> Found:
        """Find the maximum of one data set; by default from one starting point."""
        data = self.observe(studies.used_counts[None])
        model = self.model(data, designs)
        coefficients, roots = model.split(self.starts(data, designs), np.zeros(1, dtype=np.intp))
        solution = solve(model, self.place(coefficients, structure.project(roots)), structure)
        refuse_divergence(self.run_off(model, solution.parameters, designs, studies.arms))
        return Found(self, model, solution)

    def run_off(
        self, model: Model, parameters: Floats, designs: Designs, arms: Booleans
    ) -> Booleans:
        """Return for each outcome whether its means or its SD have run off, shape (2,)."""
        coefficients, roots = model.split(parameters[None], np.zeros(1, dtype=np.intp))
        return diverged(coefficients[0], roots[0], designs, arms)

    def with_nodes(self, nodes: int | None) -> Self:
        """Return the same family with another number of quadrature nodes."""
        return replace(self, nodes=nodes)
