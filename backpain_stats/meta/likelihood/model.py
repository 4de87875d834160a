"""What every likelihood of the bivariate model offers to those who maximise it."""

from __future__ import annotations

from typing import Protocol, Self

from backpain_stats.meta.arrays import Floats, Rows


class Model(Protocol):
    """The log likelihood of a batch of problems, with its derivatives.

    A problem has p parameters. The last three, from ``root_at``, are the entries
    ``l11, l21, l22`` of the root of the between-study covariance; those before are the
    coefficients, or there are none where the model solves for them itself.
    """

    @property
    def root_at(self) -> int:
        """Position of the covariance root's first entry among the parameters."""

    def evaluate(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return values (b,), gradients (b, p) and Hessians (b, p, p) of problems ``rows``."""

    def exchange(self, parameters: Floats) -> Floats:
        """Return parameters (b, p) in the order of the exchanged model."""

    def exchanged(self) -> Self:
        """Return the model with its two outcomes exchanged."""

    def split(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return coefficients (b, q) and roots (b, 3)."""

    def covariance(self, parameters: Floats, directions: Floats) -> Floats | None:
        """Return the covariance (q + 3, q + 3) at the maximum (p,) of the first problem.

        Parameters are free along the columns of ``directions``, (p, f), and held
        otherwise; held ones get zeros. None where the curvature is no maximum's.
        """

    def coefficient_covariances(self, parameters: Floats, rows: Rows) -> Floats:
        """Return the covariances (b, q, q) of the coefficients at many maxima."""
