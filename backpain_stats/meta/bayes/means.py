"""Mean logits with covariates, as functions of coordinates whose prior is standard normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backpain_stats.errors import ArgumentError
from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.design import Design
from backpain_stats.meta.studies import OUTCOMES

__all__ = ["Means", "means_of"]

# How far the constant may be from the columns of a design, in units of itself: rounding.
_ROUNDING = 1e-8


@dataclass(frozen=True, slots=True)
class Means:
    r"""The mean logits of the studies and the coefficients, given standard normal coordinates.

    The first five coordinates are those of
    :data:`~backpain_stats.meta.bayes.priors.PARAMETERS`: the first two make the mean logit
    averaged over the studies. Then one follows for each further coefficient, of sensitivity,
    then of specificity: :math:`m_i = \mu + s\, d_i' u` with columns d that are orthogonal to
    the constant and to each other and of unit mean square.

    Parameters
    ----------
    priors : Priors
    deviations : tuple of two ndarray of shapes (studies, q1), (studies, q2)
        The columns d.
    back : tuple of two ndarray of shapes (1 + q, 1 + q)
        From average and multiples of d to the coefficients as given.
    """

    priors: Priors
    deviations: tuple[Floats, Floats]
    back: tuple[Floats, Floats]

    @property
    def dimensions(self) -> int:
        """How many coordinates there are."""
        return len(PARAMETERS) + sum(one.shape[1] for one in self.deviations)

    def _slopes(self, u: Floats) -> tuple[Floats, Floats]:
        """Return what multiplies d, (draws, q1) and (draws, q2)."""
        width, (one, two) = self.deviations[0].shape[1], self.priors.coefficient_scales
        slopes = u[:, len(PARAMETERS) :]
        return one * slopes[:, :width], two * slopes[:, width:]

    def of_studies(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the parameters (draws, 5) and mean logits (2, draws, studies).

        Without covariates all studies have one mean: the last axis has length 1.
        """
        parameters = self.priors.from_standard_normal(u[:, : len(PARAMETERS)])
        means = [
            parameters[:, place, None] + (slopes @ columns.T if columns.shape[1] else 0.0)
            for place, (slopes, columns) in enumerate(
                zip(self._slopes(u), self.deviations, strict=True)
            )
        ]
        return parameters, np.stack(np.broadcast_arrays(*means))

    def parameters(self, u: Floats) -> Floats:
        """Return coefficients (sensitivity first), SDs and correlation, (draws, p + 3)."""
        found = self.priors.from_standard_normal(u[:, : len(PARAMETERS)])
        coefficients = [
            np.column_stack([found[:, place], slopes]) @ back.T
            for place, (slopes, back) in enumerate(zip(self._slopes(u), self.back, strict=True))
        ]
        return np.column_stack([*coefficients, found[:, 2:]])

    def repeated(self, sizes: Rows) -> Means:
        """Return the same with one row a table, ``sizes`` tables a study."""
        one, two = (np.repeat(columns, sizes, axis=0) for columns in self.deviations)
        return Means(self.priors, (one, two), self.back)


def means_of(design: Design, priors: Priors) -> Means:
    """Return the mean logits of a design, under some priors.

    Raises
    ------
    ArgumentError
        If a formula leaves no room for an average: no intercept, and no groups either.
    """
    widths = np.cumsum((0, *design.widths))
    deviations, back = [], []
    for place, (outcome, columns) in enumerate(zip(OUTCOMES, design.scaled, strict=True)):
        # Columns have unit mean square and are orthogonal: the constant is columns @ constant.
        constant = columns.mean(axis=0)
        if abs(np.linalg.norm(constant) - 1) > _ROUNDING:
            raise ArgumentError(
                f"the formula of {outcome}, {design.formulas[place]!r}, has no intercept; the "
                "priors are about the mean logit of the studies: leave the intercept in"
            )
        turn = _turn(constant)
        deviations.append((columns @ turn)[:, 1:])
        part = slice(widths[place], widths[place + 1])
        back.append(design.transform[part, part] @ turn)
    return Means(priors, (deviations[0], deviations[1]), (back[0], back[1]))


def _turn(first: Floats) -> Floats:
    """Return an orthogonal matrix whose first column is a given unit vector.

    Examples
    --------
    >>> _turn(np.array([0.0, 1.0]))
    array([[0., 1.],
           [1., 0.]])
    """
    identity = np.eye(len(first))
    across = identity[0] - first
    length = across @ across
    # A unit vector that is the first axis, but for rounding, needs no turn.
    if length < _ROUNDING**2:
        return identity
    return np.asarray(identity - 2 * np.outer(across, across) / length)
