"""What a user may hold of the between-study covariance, where the studies are too few for all.

The Cochrane Handbook advises a simpler structure for sparse data: no correlation, or one
sensitivity (or specificity) for all studies. In terms of the covariance root ``(l11, l21,
l22)`` each is some entries held at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.likelihood.model import Model

StructureName = Literal["unstructured", "uncorrelated", "common_sensitivity", "common_specificity"]


@dataclass(frozen=True, slots=True)
class Structure:
    """A between-study covariance of which some entries are held.

    Parameters
    ----------
    name : str
    held : tuple of int
        Entries of the root held at 0.
    held_exchanged : tuple of int
        The same with the two outcomes exchanged.
    measures : tuple of str
        Which of ``sd_sensitivity, sd_specificity, correlation`` are estimated.
    words : str
        What is assumed; empty for the unstructured covariance.
    """

    name: StructureName
    held: tuple[int, ...]
    held_exchanged: tuple[int, ...]
    measures: tuple[str, ...]
    words: str

    def hold(self, model: Model) -> Model:
        """Return the model with the held entries kept where they are."""
        return _Held(model, self.held, self.held_exchanged) if self.held else model

    def contains(self, piece: tuple[int, ...]) -> bool:
        """Return whether a covariance with the root entries ``piece`` at 0 is a special case.

        Without a first variance ``l21`` and ``l22`` are one parameter, which lies in
        ``l21``: the uncorrelated structure contains that piece although it holds ``l21``.
        """
        if not self.held:
            return True
        if self.held == (1,):
            return piece != (2,)
        return set(piece) > set(self.held)

    def project(self, roots: Floats) -> Floats:
        """Return starting roots (..., 3) that keep to the structure."""
        roots = np.array(roots, dtype=np.float64)
        if self.held == (0, 2):
            roots[..., 1] = np.hypot(roots[..., 1], roots[..., 2])
        roots[..., list(self.held)] = 0.0
        return roots


UNSTRUCTURED = Structure(
    "unstructured", (), (), ("sd_sensitivity", "sd_specificity", "correlation"), ""
)
STRUCTURES: dict[str, Structure] = {
    one.name: one
    for one in (
        UNSTRUCTURED,
        Structure(
            "uncorrelated", (1,), (1,), ("sd_sensitivity", "sd_specificity"),
            "sensitivity and specificity taken as uncorrelated between studies",
        ),
        Structure(
            "common_sensitivity", (0, 2), (1, 2), ("sd_specificity",),
            "one sensitivity taken for all studies",
        ),
        Structure(
            "common_specificity", (1, 2), (0, 2), ("sd_sensitivity",),
            "one specificity taken for all studies",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Held:
    """A model some of whose root entries do not move."""

    model: Model
    held: tuple[int, ...]
    held_exchanged: tuple[int, ...]

    @property
    def root_at(self) -> int:
        """Position of the first root entry."""
        return self.model.root_at

    def evaluate(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return the derivatives with a curvature of -1 and no slope for what is held."""
        value, gradient, hessian = self.model.evaluate(parameters, rows)
        at = self.root_at + np.array(self.held)
        gradient, hessian = gradient.copy(), hessian.copy()
        gradient[:, at] = 0.0
        hessian[:, at, :] = 0.0
        hessian[:, :, at] = 0.0
        hessian[:, at, at] = -1.0
        return value, gradient, hessian

    def exchange(self, parameters: Floats) -> Floats:
        """Return parameters in the order of the exchanged model."""
        return self.model.exchange(parameters)

    def exchanged(self) -> _Held:
        """Return the model with its two outcomes exchanged."""
        return _Held(self.model.exchanged(), self.held_exchanged, self.held)

    def split(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return coefficients and roots."""
        return self.model.split(parameters, rows)

    def covariance(self, parameters: Floats, directions: Floats) -> Floats | None:
        """Return the covariance at the maximum of the first problem."""
        return self.model.covariance(parameters, directions)

    def coefficient_covariances(self, parameters: Floats, rows: Rows) -> Floats:
        """Return the covariances of the coefficients at many maxima."""
        return self.model.coefficient_covariances(parameters, rows)
