"""The bivariate normal model of studies published the likelier the larger their t statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr, logsumexp, ndtri

from backpain_stats.errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Selected", "SelectionModel", "fit_selection"]

# Steps of the numerical derivatives: gradients to 1e-9, curvatures to 1e-6 of a log likelihood
# of order 100.
_STEP, _WIDE_STEP = 1e-5, 1e-3
_NEWTON = 60
_SETTLED = 1e-12
# Steepness from which the maximum is looked for.
_STARTS = (0.1, 0.5, 1.5)
_SMALLEST_SD = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class SelectionModel:
    r"""Its likelihood, for many parameter vectors at once.

    Published logits :math:`y_i = (\mathrm{logit}\,Se_i, \mathrm{logit}\,Sp_i)` with known
    variances :math:`S_i`, of all studies normal, :math:`N(\theta, \Omega + S_i)`. A study is
    published with probability :math:`\Phi(\alpha + \beta t_i)`, with
    :math:`t_i = c'y_i / s_i`, :math:`s_i^2 = c'S_i c`, c = (1, 1): the t statistic of its log
    diagnostic odds ratio. Given :math:`S_i` alone, that probability is

    .. math:: b_i = \Phi\left(\frac{\alpha + \beta c'\theta / s_i}
       {\sqrt{1 + \beta^2 (1 + c'\Omega c / s_i^2)}}\right),

    and the log likelihood of what is published

    .. math:: \sum_i \log \phi_2(y_i; \theta, \Omega + S_i) + \log \Phi(\alpha + \beta t_i)
       - \log b_i,

    where :math:`\alpha` is set by the share p of all studies that are published,
    :math:`k / \sum_i b_i^{-1} = p`.

    Parameters
    ----------
    logits, variances : ndarray of shape (k, 2)
    share : float
        p, above 0 and below 1; 1 for no selection.
    """

    logits: Floats
    variances: Floats
    share: float

    def log_likelihood(self, parameters: Floats) -> Floats:
        """Return the log likelihood of (n, 6) vectors: two means, l11, l21, l22, beta."""
        first, second, l11, l21, l22, beta = np.asarray(parameters, dtype=np.float64).T[..., None]
        a = l11**2 + self.variances[:, 0]
        b = l21**2 + l22**2 + self.variances[:, 1]
        c = l11 * l21
        x, y = self.logits[:, 0] - first, self.logits[:, 1] - second
        determinant = a * b - c**2
        value = -0.5 * (b * x**2 - 2 * c * x * y + a * y**2) / determinant
        value = value - 0.5 * np.log(determinant) - np.log(2 * np.pi)
        if self.share < 1:
            spread = (l11 + l21) ** 2 + l22**2
            error = np.sqrt(self.variances.sum(axis=1))
            centre = beta * (first + second) / error
            width = np.sqrt(1 + beta**2 * (1 + spread / error**2))
            alpha = self._intercept(centre, width)
            value = value + log_ndtr(alpha + beta * self.logits.sum(axis=1) / error)
            value = value - log_ndtr((alpha + centre) / width)
        total: Floats = value.sum(axis=1)
        return total

    def _intercept(self, centre: Floats, width: Floats) -> Floats:
        """Return alpha, (n, 1): a root in one variable, found by Newton from its left.

        The logarithm of the mean of 1/b falls with alpha and is convex, so that no step
        overshoots.
        """
        alpha = (width * ndtri(self.share) - centre).min(axis=1, keepdims=True)
        count = np.log(self.logits.shape[0])
        for _ in range(_NEWTON):
            z = (alpha + centre) / width
            log_b = log_ndtr(z)
            total = logsumexp(-log_b, axis=1, keepdims=True)
            density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
            slope = -(np.exp(density - 2 * log_b - total) / width).sum(axis=1, keepdims=True)
            step = (total - count + np.log(self.share)) / slope
            alpha = alpha - step
            if np.abs(step).max() < _SETTLED * (1 + np.abs(alpha).max()):
                break
        return np.asarray(alpha)

    def gradient(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the log likelihood of one vector and its gradient by central differences."""
        steps = _STEP * np.eye(len(parameters))
        values = self.log_likelihood(
            np.vstack([parameters, parameters + steps, parameters - steps])
        )
        count = len(parameters)
        return float(values[0]), (values[1 : count + 1] - values[count + 1 :]) / (2 * _STEP)

    def downhill(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the negative of both, for a minimiser."""
        value, slope = self.gradient(parameters)
        return -value, -slope

    def information(self, parameters: Floats, free: list[int]) -> Floats:
        """Return the observed information about some of the parameters."""
        h, count = _WIDE_STEP, len(free)
        pairs = [(i, j) for i in range(count) for j in range(i, count)]
        unit = np.eye(len(parameters))[free]
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        around = [parameters + h * (s * unit[i] + t * unit[j]) for i, j in pairs for s, t in signs]
        values = self.log_likelihood(np.array(around)).reshape(len(pairs), 4)
        matrix = np.empty((count, count))
        for (i, j), (pp, pm, mp, mm) in zip(pairs, values, strict=True):
            matrix[i, j] = matrix[j, i] = -(pp - pm - mp + mm) / (4 * h**2)
        return matrix


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """The maximum at one share published.

    Parameters
    ----------
    parameters : ndarray of shape (6,)
        Two means, l11, l21, l22, beta.
    covariance : ndarray of shape (2, 2)
        Of the two means; parameters at a limit count as known.
    log_likelihood : float
    steepest : bool
        Whether beta is at its upper limit.
    """

    parameters: Floats
    covariance: Floats
    log_likelihood: float
    steepest: bool


def fit_selection(
    model: SelectionModel, *, highest: float, start: Floats | None = None
) -> Selected:
    """Maximise the likelihood over beta from 0 to ``highest``.

    Raises
    ------
    FitError
        If no start leads to a maximum.
    """
    selects = model.share < 1
    limits = [(None, None), (None, None), (0.0, None), (None, None), (0.0, None),
              (0.0, highest if selects else 0.0)]  # fmt: skip
    mean, sd = model.logits.mean(axis=0), model.logits.std(axis=0) + 0.1
    plain = np.array([*mean, sd[0], 0.0, sd[1], 0.0])
    starts = [plain] if start is None else [start]
    if selects:
        starts = [np.append(one[:5], beta) for one in starts for beta in _STARTS]
        starts += [] if start is None else [start]
    best = None
    for one in starts:
        found = minimize(
            model.downhill, one, jac=True,
            method="L-BFGS-B", bounds=limits, options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 500},
        )  # fmt: skip
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
    if best is None:
        raise FitError(
            f"the selection model has no maximum at a share published of {model.share:g}"
        )
    parameters = np.asarray(best.x, dtype=np.float64)
    held = {5} if not selects or not 0 < parameters[5] < highest else set()
    held |= {place for place in (2, 4) if parameters[place] < _SMALLEST_SD}
    held |= {3} if 2 in held else set()
    free = [place for place in range(6) if place not in held]
    information = model.information(parameters, free)
    if np.linalg.eigvalsh(information)[0] <= 0:
        raise FitError(
            f"the information is not positive definite at a share published of {model.share:g}"
        )
    covariance = np.asarray(np.linalg.inv(information)[:2, :2], dtype=np.float64)
    return Selected(
        parameters, covariance, -float(best.fun), bool(selects and parameters[5] >= highest)
    )
