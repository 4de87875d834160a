"""The integrands of the exact likelihood at their quadrature nodes, and their moments.

:func:`backpain_stats.meta.likelihood.binomial.marginal` is the function to call; this is the
arithmetic behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit

from backpain_stats.meta.arrays import Floats
from backpain_stats.meta.likelihood.quadrature import Mode

_ROOT2 = np.sqrt(2.0)
# exp() of anything larger overflows; a change of 700 logits is beyond any data.
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True)
class ChunkOfStudies:
    """Counts and parameters of the studies of one chunk, each array of shape (n,)."""

    successes: tuple[Floats, Floats]
    failures: tuple[Floats, Floats]
    saturated: Floats
    means: tuple[Floats, Floats]
    root: tuple[Floats, Floats, Floats]


def _log_likelihood_at(study: ChunkOfStudies, mode: Mode) -> Floats:
    """Return h at the mode: log f(y | b) - b'b / 2.

    ``y log(n p / y)`` is ``y log1p(x)`` with ``x = (p (n - y) - q y) / y``: near the
    observed proportion x is small and exact, so counts of any size keep their digits.
    """
    l11, l21, l22 = study.root
    eta1 = study.means[0] + l11 * mode.b1
    eta2 = study.means[1] + l21 * mode.b1 + l22 * mode.b2
    total = study.saturated - 0.5 * (mode.b1**2 + mode.b2**2)
    (y1, y2), (f1, f2) = study.successes, study.failures
    for count, other, eta, chance, complement in (
        (y1, f1, eta1, mode.p1, mode.q1),
        (f1, y1, -eta1, mode.q1, mode.p1),
        (y2, f2, eta2, mode.p2, mode.q2),
        (f2, y2, -eta2, mode.q2, mode.p2),
    ):
        safe = np.maximum(count, 1.0)
        excess = (chance * other - complement * count) / safe
        near = np.log1p(np.maximum(excess, -0.5))
        far = log_expit(eta) + np.log((count + other + (count == 0)) / safe)
        total += count * np.where(np.abs(excess) < 0.5, near, far)
    return total


class ArmAtNodes:
    """One arm's log likelihood and residuals at every node, relative to the mode.

    With ``a`` the smaller of p and q at the mode and ``d`` the change of the logit
    towards it, ``log f`` changes by ``residual d - n (log1p(a expm1(d)) - a d)``. At the
    mode the residuals of both arms and the prior cancel to first order, so the first
    term is left out here and in the prior alike. Nothing cancels in what remains, and
    taking the smaller of p and q keeps ``1 + a expm1(d)`` above one half.
    """

    __slots__ = ("relative", "residual", "square")

    def __init__(
        self,
        total: Floats,
        p: Floats,
        q: Floats,
        residual: Floats,
        change: Floats,
        *,
        order: int,
    ) -> None:
        likely = p > 0.5
        column = (slice(None),) + (None,) * (change.ndim - 1)
        n = total[column]
        a = np.where(likely, q, p)[column]
        sign = np.where(likely, -1.0, 1.0)[column]
        d = np.minimum(sign * change, _LARGEST_EXPONENT)
        growth = np.expm1(d)
        tilt = a * growth
        self.relative = n * (a * d - np.log1p(tilt))
        if order >= 1:
            tilt += 1
            self.residual = residual[column] - (sign * n * a * (1 - a)) * (growth / tilt)
        if order >= 2:
            self.square = self.residual**2 - (n * a * (1 - a)) * ((growth + 1) / tilt / tilt)


class IntegrandPoints:
    """The integrands of one chunk at their nodes, and the moments they give.

    Arrays have the axes (study, node of b1, node of b2). Along the last axis only
    sums weighted by 1, z and z^2 are ever needed, so the large arrays are reduced at
    once by a matrix product; everything after has shape (n, nodes).
    """

    def __init__(
        self, study: ChunkOfStudies, mode: Mode, rule: tuple[Floats, Floats], order: int
    ) -> None:
        z, weights = rule
        (y1, y2), (f1, f2), (l11, l21, l22) = study.successes, study.failures, study.root
        self.study, self.mode, self.z = study, mode, z
        self.c11, self.c21, self.c22 = (_ROOT2 * c for c in (mode.c11, mode.c21, mode.c22))
        shift1, shift2 = self.c11[:, None] * z, self.c21[:, None] * z
        along2 = self.c22[:, None] * z
        # b2 and the second logit are a sum of a part along z1 and a part along z2
        first = ArmAtNodes(
            y1 + f1, mode.p1, mode.q1, mode.residual1, l11[:, None] * shift1, order=order
        )
        part1 = l21[:, None] * shift1 + l22[:, None] * shift2
        change2 = part1[:, :, None] + (l22[:, None] * along2)[:, None, :]
        second = ArmAtNodes(y2 + f2, mode.p2, mode.q2, mode.residual2, change2, order=order)
        move2 = shift2[:, :, None] + along2[:, None, :]
        density = np.exp(second.relative - 0.5 * move2 * move2)

        outer = weights * np.exp(first.relative - 0.5 * shift1 * shift1)
        powers = weights[:, None] * np.stack([np.ones_like(z), z, z * z], axis=1)
        mass = outer[:, :, None] * (density @ powers)
        self.total = mass[:, :, 0].sum(axis=1)
        if order >= 1:
            outer = (outer / self.total[:, None])[:, :, None]
            # posterior sums over z2 of z2^j, r2 z2^j and (r2^2 - w2) z2^j, by node of z1
            self.mass = mass / self.total[:, None, None]
            self.r2 = outer * ((density * second.residual) @ powers)
            self.r1 = first.residual
            self.b1, self.b2 = mode.b1[:, None] + shift1, mode.b2[:, None] + shift2
        if order >= 2:
            self.square1 = first.square
            self.square2 = outer * ((density * second.square) @ powers)

    def value(self) -> Floats:
        """Return the log of the integral."""
        constant = -0.5 * self.mode.log_determinant - np.log(np.pi)
        return _log_likelihood_at(self.study, self.mode) + constant + np.log(self.total)

    def score(self) -> Floats:
        """Return the posterior mean of the score by (m1, m2, l11, l21, l22), shape (n, 5)."""
        mass, r2 = self.mass[:, :, 0], self.r2[:, :, 0]
        weighted1 = mass * self.r1
        r2_b2 = self.b2 * r2 + self.c22[:, None] * self.r2[:, :, 1]
        parts = (weighted1, r2, weighted1 * self.b1, r2 * self.b1, r2_b2)
        return np.stack([part.sum(axis=1) for part in parts], axis=1)

    def effects(self) -> tuple[Floats, Floats]:
        """Return the posterior mean (n, 2) and covariance (n, 2, 2) of (b1, b2)."""
        spread = self.c22[:, None]
        mass, massz, masszz = (self.mass[:, :, j] for j in range(3))
        b1, b2 = self.b1, self.b2
        along2 = b2 * mass + spread * massz
        mean = np.stack([(b1 * mass).sum(axis=1), along2.sum(axis=1)], axis=1)
        cross = (b1 * along2).sum(axis=1)
        square1 = (b1 * b1 * mass).sum(axis=1)
        square2 = (b2 * b2 * mass + 2 * b2 * spread * massz + spread**2 * masszz).sum(axis=1)
        second = np.stack([square1, cross, cross, square2], axis=1).reshape(-1, 2, 2)
        return mean, second - mean[:, :, None] * mean[:, None, :]

    def gradient(self) -> Floats:
        """Return the derivative of :meth:`value`, the movement of the nodes included.

        The nodes are ``b = mode + sqrt(2) C z`` with ``C C'`` the inverse curvature.
        Differentiating the Cholesky root and the mode (by the implicit function
        theorem) gives the posterior mean score plus terms that vanish as the
        quadrature becomes exact; with one node they are the whole of the derivative of
        the log determinant.
        """
        mode, z = self.mode, self.z
        l11, l21, l22 = self.study.root
        score = self.score()
        mass, r2 = self.mass, self.r2
        at = mass[:, :, 0] * z
        r1_z1 = (at * self.r1).sum(axis=1)
        r2_z1 = r2[:, :, 0] @ z
        r2_z2 = r2[:, :, 1].sum(axis=1)
        b1_z1 = (at * self.b1).sum(axis=1)
        spread = self.c22[:, None]
        b2_z1 = (self.b2 * mass[:, :, 0] + spread * mass[:, :, 1]) @ z
        b2_z2 = (self.b2 * mass[:, :, 1] + spread * mass[:, :, 2]).sum(axis=1)
        b1_mean = (mass[:, :, 0] * self.b1).sum(axis=1)
        b2_mean = (self.b2 * mass[:, :, 0] + spread * mass[:, :, 1]).sum(axis=1)
        # posterior means of the slope of h, and of slope times z
        slope1 = l11 * score[:, 0] + l21 * score[:, 1] - b1_mean
        slope2 = l22 * score[:, 1] - b2_mean
        g11 = l11 * r1_z1 + l21 * r2_z1 - b1_z1
        g21 = l22 * r2_z1 - b2_z1
        g22 = l22 * r2_z2 - b2_z2
        # change of the log integral by the curvature H: minus trace(dH Q), Q = C S C'
        c11, c21, c22 = mode.c11, mode.c21, mode.c22
        s11 = 0.5 + (c11 * g11 + c21 * g21) / _ROOT2
        s21 = c22 * g21 / _ROOT2
        s22 = 0.5 + c22 * g22 / _ROOT2
        q11 = c11 * c11 * s11
        q21 = c11 * (c21 * s11 + c22 * s21)
        q22 = c21 * c21 * s11 + 2 * c21 * c22 * s21 + c22 * c22 * s22
        w1, w2 = mode.weight1, mode.weight2
        bend1 = w1 * (mode.q1 - mode.p1) * (l11 * l11 * q11)
        bend2 = w2 * (mode.q2 - mode.p2) * (l21 * l21 * q11 + 2 * l21 * l22 * q21 + l22 * l22 * q22)
        # the mode moves by H^-1 times the change of the slope; H^-1 = C C'
        v1 = slope1 - bend1 * l11 - bend2 * l21
        v2 = slope2 - bend2 * l22
        t1 = c11 * v1 + c21 * v2
        t2 = c22 * v2
        u1, u2 = c11 * t1, c21 * t1 + c22 * t2
        pull1 = bend1 + w1 * (l11 * u1)
        pull2 = bend2 + w2 * (l21 * u1 + l22 * u2)
        score[:, 0] -= pull1
        score[:, 1] -= pull2
        score[:, 2] += u1 * mode.residual1 - pull1 * mode.b1 - 2 * w1 * l11 * q11
        score[:, 3] += u1 * mode.residual2 - pull2 * mode.b1 - 2 * w2 * (l21 * q11 + l22 * q21)
        score[:, 4] += u2 * mode.residual2 - pull2 * mode.b2 - 2 * w2 * (l21 * q21 + l22 * q22)
        return score

    def hessian(self) -> Floats:
        """Return E[second derivative] + Cov[score] under the posterior (Louis 1982)."""
        b1, b2, r1, spread = self.b1, self.b2, self.r1, self.c22[:, None]
        mass = self.mass[:, :, 0]
        one = mass * self.square1
        r2, r2z = self.r2[:, :, 0], self.r2[:, :, 1]
        two, twoz, twozz = (self.square2[:, :, j] for j in range(3))
        r2_b2 = b2 * r2 + spread * r2z
        two_b2 = b2 * two + spread * twoz
        two_b2_b2 = b2 * b2 * two + 2 * b2 * spread * twoz + spread**2 * twozz
        entries = {
            (0, 0): one,
            (0, 1): r1 * r2,
            (0, 2): one * b1,
            (0, 3): r1 * r2 * b1,
            (0, 4): r1 * r2_b2,
            (1, 1): two,
            (1, 2): r1 * r2 * b1,
            (1, 3): two * b1,
            (1, 4): two_b2,
            (2, 2): one * b1 * b1,
            (2, 3): r1 * r2 * b1 * b1,
            (2, 4): r1 * r2_b2 * b1,
            (3, 3): two * b1 * b1,
            (3, 4): two_b2 * b1,
            (4, 4): two_b2_b2,
        }
        score = self.score()
        hessian = -score[:, :, None] * score[:, None, :]
        for (row, column), values in entries.items():
            moment = values.sum(axis=1)
            hessian[:, row, column] += moment
            if row != column:
                hessian[:, column, row] += moment
        return hessian
