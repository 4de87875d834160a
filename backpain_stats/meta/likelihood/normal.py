"""Reitsma's normal model: observed logits, bivariate normal within and between studies.

The within-study variances are taken as known (1/tp + 1/fn and 1/tn + 1/fp), which
needs a correction of zero cells and is biased where cells are small; the exact
likelihood of :mod:`backpain_stats.meta.likelihood.binomial` needs none. It is here because it is
the published standard (Reitsma 2005, https://doi.org/10.1016/j.jclinepi.2005.02.022) and
fast.

The regression coefficients are solved for (generalised least squares), so the
profile or the restricted likelihood is a function of the three entries of the
covariance root alone. Its first and second derivatives are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.meta.arrays import Booleans, Floats, Rows
from backpain_stats.meta.likelihood.curvature import inverse_curvature
from backpain_stats.meta.likelihood.parameters import covariance_derivatives, exchanged_root
from backpain_stats.tables import corrected_cells

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


# Where the six distinct entries of a symmetric 3 x 3 matrix go.
_SYMMETRIC = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])


@dataclass(frozen=True, slots=True)
class Logits:
    """Observed logits with their variances; the last axes are (study, outcome).

    Parameters
    ----------
    effects : ndarray of shape (..., studies, 2)
        Logit sensitivity and logit specificity, 0 where an arm has no patients.
    variances : ndarray of shape (..., studies, 2)
    present : ndarray of bool, shape (..., studies, 2)
        Whether the arm has patients.
    jacobian : ndarray of shape (...)
        Sum over the outcomes present of log |d logit(p) / dp|.
    """

    effects: Floats
    variances: Floats
    present: Booleans
    jacobian: Floats

    def exchanged(self) -> Logits:
        """Return the same logits with specificity first."""
        return Logits(
            self.effects[..., ::-1],
            self.variances[..., ::-1],
            self.present[..., ::-1],
            self.jacobian,
        )


def observed_logits(counts: ArrayLike, correction: str) -> Logits:
    """Return the logits of counts (..., studies, 4), ordered tp, fp, fn, tn.

    ``correction`` is "none", "zero_cells" (0.5 to all four cells of studies with a
    zero) or "all" (0.5 to all four cells of every study). An arm without patients
    stays absent: a correction would invent a study result.

    Examples
    --------
    >>> logits = observed_logits(np.array([[9, 0, 1, 19], [0, 3, 0, 27]]), "zero_cells")
    >>> logits.effects.round(3), logits.present[1]
    (array([[1.846, 3.664],
           [0.   , 2.061]]), array([False,  True]))
    """
    raw = np.asarray(counts, dtype=np.float64)
    present = np.stack([raw[..., 0] + raw[..., 2] > 0, raw[..., 1] + raw[..., 3] > 0], axis=-1)
    tp, fp, fn, tn = corrected_cells(tuple(np.moveaxis(raw, -1, 0)), correction)
    events, others = np.stack([tp, tn], axis=-1), np.stack([fn, fp], axis=-1)
    events, others = np.where(present, events, 1.0), np.where(present, others, 1.0)
    totals = events + others
    jacobian = np.where(present, 2 * np.log(totals) - np.log(events) - np.log(others), 0.0)
    return Logits(
        np.log(events / others),
        np.where(present, 1 / events + 1 / others, 1.0),
        present,
        jacobian.sum(axis=(-2, -1)),
    )


class NormalModel:
    """The profile or restricted log likelihood of a batch of data sets.

    Parameters
    ----------
    logits : Logits
        Of shape (data sets, studies, 2), or (1, studies, 2) when all problems share
        one data set.
    designs : tuple of two ndarray
        Design matrices of sensitivity, (studies, p1), and of specificity, (studies, p2).
    restricted : bool
        REML or maximum likelihood.
    """

    root_at = 0

    def __init__(self, logits: Logits, designs: tuple[Floats, Floats], *, restricted: bool) -> None:
        first, second = designs
        width1, width2 = first.shape[1], second.shape[1]
        # rows of the stacked design, one matrix an outcome
        self.design1 = np.concatenate([first, np.zeros((len(first), width2))], axis=1)
        self.design2 = np.concatenate([np.zeros((len(first), width1)), second], axis=1)
        self.logits, self.designs, self.restricted = logits, designs, restricted
        self.observations = logits.present.sum(axis=(1, 2))

    def exchanged(self) -> NormalModel:
        """Return the same model with specificity first."""
        first, second = self.designs
        return NormalModel(self.logits.exchanged(), (second, first), restricted=self.restricted)

    def exchange(self, root: Floats) -> Floats:
        """Return roots of this model in the order of the exchanged one."""
        return exchanged_root(root)

    def evaluate(self, root: Floats, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return values, gradients and Hessians by the root; see ``optimise.Evaluate``.

        With W the inverse of a study's covariance, u = W (y - Z beta) and
        E = u u' (+ W Z Q Z' W if restricted, Q the covariance of beta), the slope by
        the covariance entries is sum (E - W) / 2; differentiating once more gives
        the Hessian, with a correction for beta (and Q) moving along.
        """
        at = self._solve(root, rows)
        w11, w12, w22, u1, u2 = at.w11, at.w12, at.w22, at.u1, at.u2
        e11, e12, e22 = u1 * u1, u1 * u2, u2 * u2
        k1, k2, inverse = at.pulled1, at.pulled2, at.inverse
        if self.restricted:
            turned1, turned2 = k1 @ inverse, k2 @ inverse
            e11 = e11 + (turned1 * k1).sum(axis=2)
            e12 = e12 + (turned1 * k2).sum(axis=2)
            e22 = e22 + (turned2 * k2).sum(axis=2)
        slopes = np.stack([0.5 * (e11 - w11), e12 - w12, 0.5 * (e22 - w22)])
        entries = np.stack(
            [
                w11 * (0.5 * w11 - e11),
                w11 * (w12 - e12) - w12 * e11,
                w12 * (0.5 * w12 - e12),
                w11 * (w22 - e22) + w12 * (w12 - 2 * e12) - w22 * e11,
                w22 * (w12 - e12) - w12 * e22,
                w22 * (0.5 * w22 - e22),
            ]
        )
        gradient = slopes.sum(axis=2).T
        hessian = entries.sum(axis=2).T[:, _SYMMETRIC]
        left1, left2 = np.swapaxes(k1, 1, 2), np.swapaxes(k2, 1, 2)
        crossed_moves = left1 @ u2[:, :, None] + left2 @ u1[:, :, None]
        moved = np.concatenate(
            [left1 @ u1[:, :, None], crossed_moves, left2 @ u2[:, :, None]], axis=2
        )
        hessian = hessian + np.swapaxes(moved, 1, 2) @ inverse @ moved
        if self.restricted:
            crossed = left1 @ k2
            blocks = np.stack(
                [left1 @ k1, crossed + np.swapaxes(crossed, 1, 2), left2 @ k2], axis=1
            )
            blocks = blocks @ inverse[:, None]
            flat = blocks.reshape(*blocks.shape[:2], -1)
            turned = np.swapaxes(blocks, 2, 3).reshape(flat.shape)
            hessian = hessian + 0.5 * flat @ np.swapaxes(turned, 1, 2)
        jacobian, second = covariance_derivatives(root)
        by_root = (gradient[:, None, :] @ jacobian)[:, 0]
        curvature = np.swapaxes(jacobian, 1, 2) @ hessian @ jacobian
        curvature += (gradient @ second.reshape(3, 9)).reshape(-1, 3, 3)
        return at.value, by_root, curvature

    def coefficients(self, root: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return the generalised least squares coefficients and their covariance."""
        at = self._solve(root, rows)
        return at.coefficients, at.inverse

    def split(self, parameters: Floats, rows: Rows) -> tuple[Floats, Floats]:
        """Return coefficients and roots."""
        return self.coefficients(parameters, rows)[0], parameters

    def covariance(self, parameters: Floats, directions: Floats) -> Floats | None:
        """Return generalised least squares' covariance and the root's, side by side.

        The two are independent to first order in large samples, and taken as such
        (block diagonal), as mvmeta does. See ``Model.covariance``.
        """
        first = np.zeros(1, dtype=np.intp)
        _, inverse = self.coefficients(parameters[None], first)
        _, _, curvature = self.evaluate(parameters[None], first)
        of_root = inverse_curvature(directions.T @ curvature[0] @ directions, directions)
        width = inverse.shape[1]
        covariance = np.zeros((width + 3, width + 3))
        covariance[:width, :width] = inverse[0]
        if directions.size:
            covariance[width:, width:] = np.nan if of_root is None else of_root
        return covariance

    def coefficient_covariances(self, parameters: Floats, rows: Rows) -> Floats:
        """Return the covariances of the coefficients at many maxima."""
        return self.coefficients(parameters, rows)[1]

    def _solve(self, root: Floats, rows: Rows) -> _Solved:
        """Return weights, coefficients and log likelihoods at given roots."""
        if len(self.observations) == 1:
            rows = np.zeros(1, dtype=np.intp)
        effects, variances = self.logits.effects[rows], self.logits.variances[rows]
        y1, y2, s1, s2 = effects[..., 0], effects[..., 1], variances[..., 0], variances[..., 1]
        has1, has2 = self.logits.present[rows, :, 0], self.logits.present[rows, :, 1]
        l11, l21, l22 = root[:, 0, None], root[:, 1, None], root[:, 2, None]
        omega11, omega12, omega22 = l11 * l11, l11 * l21, l21 * l21 + l22 * l22
        both = has1 & has2
        first, second = np.where(has1, s1 + omega11, 1.0), np.where(has2, s2 + omega22, 1.0)
        # the determinant as a sum of positive terms: safe when the root is singular
        full = s1 * second + s2 * omega11 + (l11 * l22) ** 2
        determinant = np.where(both, full, first * second)
        w11, w22 = has1 * second / determinant, has2 * first / determinant
        w12 = -omega12 * both / determinant
        pulled1 = w11[..., None] * self.design1 + w12[..., None] * self.design2
        pulled2 = w12[..., None] * self.design1 + w22[..., None] * self.design2
        information = self.design1.T @ pulled1 + self.design2.T @ pulled2
        inverse = np.linalg.inv(information)
        score = (pulled1 * y1[..., None]).sum(axis=1) + (pulled2 * y2[..., None]).sum(axis=1)
        coefficients = (inverse @ score[..., None])[..., 0]
        r1, r2 = y1 - coefficients @ self.design1.T, y2 - coefficients @ self.design2.T
        u1, u2 = w11 * r1 + w12 * r2, w12 * r1 + w22 * r2
        freedom = self.observations[rows].astype(np.float64)
        penalty = (np.log(determinant) + r1 * u1 + r2 * u2).sum(axis=1)
        if self.restricted:
            freedom = freedom - information.shape[1]
            penalty = penalty + np.linalg.slogdet(information)[1]
        value = -0.5 * (penalty + freedom * np.log(2 * np.pi))
        return _Solved(w11, w12, w22, u1, u2, pulled1, pulled2, coefficients, inverse, value)


@dataclass(frozen=True, slots=True)
class _Solved:
    """Weights W, W times residual, W times design, coefficients, their covariance, value."""

    w11: Floats
    w12: Floats
    w22: Floats
    u1: Floats
    u2: Floats
    pulled1: Floats
    pulled2: Floats
    coefficients: Floats
    inverse: Floats
    value: Floats
