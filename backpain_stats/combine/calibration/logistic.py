"""Logistic regression by Newton's method, plain or with Jeffreys' penalty (Firth)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit

from backpain_stats.errors import FitError, NotEstimableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MAX_STEPS = 100
# Newton converges quadratically: once a step is this small the next would be below rounding.
STEP_TOLERANCE = 1e-8
# Plain logistic regression has no maximum if the outcome is separated; coefficients then run off.
LARGEST_LINEAR_PREDICTOR = 500.0


class LogisticFit(NamedTuple):
    """Coefficients, their covariance matrix and the log likelihood (without penalty)."""

    coefficients: Array
    covariance: Array
    log_likelihood: float


def fit_logistic(
    design: Array, outcome: Array, offset: Array | float = 0.0, *, penalised: bool = False
) -> LogisticFit:
    r"""Maximise the logistic likelihood, or the likelihood times Jeffreys' prior.

    The penalised fit maximises :math:`\ell(\beta) + \tfrac12\log\det I(\beta)`
    (Firth 1993, https://doi.org/10.1093/biomet/80.1.27). For one binary finding
    that adds 0.5 to each of the four cells; it exists even where the outcome is
    separated.

    Parameters
    ----------
    design : numpy.ndarray
        Shape (patients, coefficients); include a column of ones for the intercept.
    outcome : numpy.ndarray
        Shape (patients,), 0 or 1.
    offset : numpy.ndarray or float
        Added to the linear predictor.
    penalised : bool
        Whether to use Jeffreys' penalty.

    Returns
    -------
    LogisticFit

    Raises
    ------
    NotEstimableError
        If the plain likelihood has no maximum (the outcome is separated), or the
        information matrix is singular.
    FitError
        If Newton's method does not converge.

    Examples
    --------
    The penalised log odds ratio of 4/41/9/1921 is that of 4.5/41.5/9.5/1921.5:

    >>> import numpy as np
    >>> finding = np.repeat([1.0, 1.0, 0.0, 0.0], [4, 41, 9, 1921])
    >>> outcome = np.repeat([1.0, 0.0, 1.0, 0.0], [4, 41, 9, 1921])
    >>> design = np.column_stack([np.ones_like(finding), finding])
    >>> fit = fit_logistic(design, outcome, penalised=True)
    >>> print(f"{fit.coefficients[1]:.6f} {np.log(4.5 * 1921.5 / (41.5 * 9.5)):.6f}")
    3.087954 3.087954
    """
    beta = np.zeros(design.shape[1])
    value = _objective(beta, design, outcome, offset, penalised)
    before = np.zeros_like(beta)
    for _ in range(MAX_STEPS):
        probability = expit(design @ beta + offset)
        root = np.sqrt(probability * (1 - probability))[:, None] * design
        information = root.T @ root
        residual = outcome - probability
        covariance = _inverse(information)
        if penalised:
            leverage = np.einsum("ij,jk,ik->i", root, covariance, root)
            residual = residual + leverage * (0.5 - probability)
        step = covariance @ (design.T @ residual)
        if np.max(np.abs(design @ step), initial=0.0) < STEP_TOLERANCE:
            log_likelihood = _objective(beta, design, outcome, offset, penalised=False)
            return LogisticFit(beta, covariance, log_likelihood)
        # The information leaves out the penalty, so that in a handful of patients the steps
        # may jump to and fro across the maximum; half of such a step lands beside it.
        if step @ before < -0.5 * (before @ before):
            step = step / 2
        # Halve the step until the objective does not fall (beyond rounding).
        slack = 1e-12 * (1 + abs(value))
        for _ in range(30):
            trial = _objective(beta + step, design, outcome, offset, penalised)
            if trial >= value - slack:
                break
            step = step / 2
        beta, value, before = beta + step, trial, step
        if np.max(np.abs(design @ beta), initial=0.0) > LARGEST_LINEAR_PREDICTOR:
            break
    if penalised:
        raise FitError(f"penalised logistic regression did not converge in {MAX_STEPS} steps")
    raise NotEstimableError("the predictor separates the outcomes: the likelihood has no maximum")


def _objective(
    beta: Array, design: Array, outcome: Array, offset: Array | float, penalised: bool
) -> float:
    linear = design @ beta + offset
    value = float(outcome @ linear - np.logaddexp(0, linear).sum())
    if not penalised:
        return value
    probability = expit(linear)
    root = np.sqrt(probability * (1 - probability))[:, None] * design
    return value + float(np.linalg.slogdet(root.T @ root)[1]) / 2


def _inverse(information: Array) -> Array:
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        inverse = np.full_like(information, np.inf)
    if not np.isfinite(inverse).all():
        raise NotEstimableError(
            "the information matrix is singular: the predictor is constant, a combination of "
            "others, or separates the outcomes"
        )
    return np.asarray(inverse, dtype=np.float64)
