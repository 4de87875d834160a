"""The exact likelihood of whole data sets, as a function of coefficients and root.

:mod:`backpain_stats.meta.likelihood.binomial` gives one number a study; here they are summed
over studies and carried through the design matrices, for a batch of data sets,
parameter vectors, or both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.likelihood.curvature import coefficient_covariance, inverse_curvature
from backpain_stats.meta.likelihood.parameters import exchanged_root

# Step of central differences of an exact gradient: its error, step squared, stays
# far below the 1e-4 asked of a covariance, and rounding (1e-13 / step) further.
_DIFFERENCE_STEP = 1e-4
# Posterior moments by fewer nodes than this do not give second derivatives.
_FEWEST_NODES_FOR_MOMENTS = 5
# Posterior moments give curvatures to 1e-4 and better from this many nodes on.
_NODES_FOR_CURVATURE = 9


@dataclass(slots=True)
class ExactModel:
    """The exact log likelihood of a batch of problems.

    Parameters
    ----------
    arms : Arms
        Counts of shape (data sets, studies), or (1, studies) when all problems
        share one data set.
    designs : tuple of two ndarray
        Design matrices of sensitivity, (studies, p1), and of specificity, (studies, p2).
    nodes : int
        Quadrature nodes an axis.

    Notes
    -----
    Parameters of a problem are the p1 + p2 coefficients followed by the three
    entries of the covariance root. Modes are kept as a warm start of the next call.
    """

    arms: Arms
    designs: tuple[Floats, Floats]
    nodes: int
    _modes: Floats = field(default_factory=lambda: np.zeros((0, 1, 2)), repr=False)

    @property
    def root_at(self) -> int:
        """Position of the first root entry among the parameters."""
        return self.designs[0].shape[1] + self.designs[1].shape[1]

    def evaluate(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return values, gradients and Hessians; see ``optimise.Evaluate``.

        With very few nodes the function maximised bends differently from the integral
        it approximates, so that its own curvature is taken, by differences.
        """
        if self.nodes >= _FEWEST_NODES_FOR_MOMENTS:
            return self.sums(parameters, rows, order=2)
        value, gradient, _ = self.sums(parameters, rows, order=1)
        hessians = self._differences(parameters, rows, np.eye(parameters.shape[1]))
        return value, gradient, hessians

    def value(self, parameters: Floats) -> float:
        """Return the log likelihood at one parameter vector."""
        return float(self.sums(parameters[None], np.zeros(1, dtype=np.intp), order=0)[0][0])

    def exchanged(self) -> ExactModel:
        """Return the same model with specificity first."""
        first, second = self.designs
        return ExactModel(self.arms.exchanged(), (second, first), self.nodes)

    def exchange(self, parameters: Floats) -> Floats:
        """Return parameters of this model in the order of the exchanged one."""
        width, root_at = self.designs[0].shape[1], self.root_at
        parts = (parameters[:, width:root_at], parameters[:, :width])
        return np.concatenate([*parts, exchanged_root(parameters[:, root_at:])], axis=1)

    def split(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return coefficients and roots."""
        return parameters[:, : self.root_at], parameters[:, self.root_at :]

    def covariance(self, parameters: Floats, directions: Floats) -> Floats | None:
        """Return the inverse curvature along ``directions``; see ``Model.covariance``."""
        return inverse_curvature(self.hessian(parameters, directions), directions)

    def coefficient_covariances(self, parameters: Floats, rows: Rows) -> Floats:
        """Return the covariances of the coefficients at many maxima."""
        finer = ExactModel(self.arms, self.designs, max(self.nodes, _NODES_FOR_CURVATURE))
        _, _, hessians = finer.evaluate(parameters, rows)
        return np.stack([coefficient_covariance(one, self.root_at) for one in hessians])

    def sums(self, parameters: Floats, rows: Rows, *, order: int) -> tuple[Floats, Floats, Floats]:
        """Return log likelihoods of the problems ``rows`` and their derivatives.

        Derivatives beyond ``order`` come back as zeros.
        """
        first, second = self.designs
        width = first.shape[1]
        if len(self._modes) <= rows.max(initial=-1):
            self._modes = np.zeros((int(rows.max()) + 1, len(first), 2))
        found = marginal(
            self.arms.of_data_sets(rows),
            parameters[:, :width] @ first.T,
            parameters[:, width : self.root_at] @ second.T,
            parameters[:, None, self.root_at :],
            nodes=self.nodes,
            order=order,
            start=self._modes[rows],
        )
        self._modes[rows] = found.mode
        gradient = np.zeros(parameters.shape)
        hessian = np.zeros((*parameters.shape, parameters.shape[1]))
        if order >= 1:
            gradient[:, :width] = found.gradient[:, :, 0] @ first
            gradient[:, width : self.root_at] = found.gradient[:, :, 1] @ second
            gradient[:, self.root_at :] = found.gradient[:, :, 2:].sum(axis=1)
        if order >= 2:
            self._assemble(found.hessian, hessian)
        return found.value.sum(axis=1), gradient, hessian

    def _assemble(self, by_study: Floats, total: Floats) -> None:
        """Carry the studies' 5 x 5 Hessians, (b, k, 5, 5), through the designs into total."""
        first, second = self.designs
        one, two = first.shape[1], self.root_at
        blocks = ((slice(0, one), first, 0), (slice(one, two), second, 1))
        for rows, left, i in blocks:
            for columns, right, j in blocks:
                outer = (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
                block = by_study[:, :, i, j] @ outer
                total[:, rows, columns] = block.reshape(len(total), left.shape[1], right.shape[1])
            mixed = left.T @ by_study[:, :, i, 2:]
            total[:, rows, two:] = mixed
            total[:, two:, rows] = mixed.transpose(0, 2, 1)
        total[:, two:, two:] = by_study[:, :, 2:, 2:].sum(axis=1)

    def hessian(self, parameters: Floats, directions: Floats) -> Floats:
        """Return the Hessian of the first problem along the columns of ``directions``.

        The gradient is exact for the quadrature in use, so this is the curvature of
        the very function that was maximised, whatever the number of nodes.
        """
        first = np.zeros(1, dtype=np.intp)
        return self._differences(parameters[None], first, directions)[0]

    def _differences(self, parameters: Floats, rows: Rows, directions: Floats) -> Floats:
        """Return Hessians along ``directions``, (p, q), by central differences, (b, q, q)."""
        size, (width, along) = len(rows), directions.shape
        steps = _DIFFERENCE_STEP * np.concatenate([directions.T, -directions.T])
        points = (parameters[:, None] + steps).reshape(-1, width)
        repeated = np.repeat(rows, 2 * along)
        shared = len(self.arms.saturated) == 1
        arms = self.arms if shared else self.arms.of_data_sets(repeated)
        model = ExactModel(arms, self.designs, self.nodes)
        if len(self._modes) > rows.max(initial=-1):
            model._modes = self._modes[repeated]
        _, gradient, _ = model.sums(points, np.arange(len(points)), order=1)
        ends = gradient.reshape(size, 2, along, width)
        hessian = (ends[:, 0] - ends[:, 1]) @ directions / (2 * _DIFFERENCE_STEP)
        return 0.5 * (hessian + np.swapaxes(hessian, 1, 2))
