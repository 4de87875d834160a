"""Importance sampling for posteriors whose prior is a standard normal in every coordinate.

The proposal is a mixture of two parts: a multivariate t fitted to the posterior,
and a share of the prior itself. The second part bounds every importance weight by
the largest likelihood over that share, so the weights have finite variance
whatever the data are; it is what makes the method safe for two or three studies,
where the posterior is wide and skewed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import gammaincinv, gammaln, logsumexp, ndtri

from backpain_stats.errors import FitError
from backpain_stats.meta.arrays import Floats, Rows
from backpain_stats.sampling import Seed, generator, quasi_uniform

LogLikelihood = Callable[[Floats], Floats]

PRIOR_SHARE = 0.15
DEGREES_OF_FREEDOM = 7.0
MOST_ROUNDS = 8
# Vehtari et al. 2024: above it, importance sampling estimates cannot be trusted.
WORST_K_HAT = 0.7
# Points of the prior that are looked at before climbing: enough to start in the right basin.
SCAN = 256
# The climb only centres the first proposal, so a slope of this size is near enough.
SLOPE_AT_MODE = 1e-4
# The prior alone has a precision of 1; a proposal wider than twice the prior is wasted.
SMALLEST_PRECISION = 0.25
# Keeps the covariance of a proposal invertible; far below any posterior's variance.
RIDGE = 1e-9
# Central differences: the cube root of the double precision, and its fourth root for curvature.
GRADIENT_STEP = 6e-6
CURVATURE_STEP = 1e-2


@dataclass(frozen=True, slots=True)
class WeightedSample:
    """Points in standard-normal coordinates with normalised weights and diagnostics.

    Parameters
    ----------
    points : numpy.ndarray of shape (draws, dimensions)
    weights : numpy.ndarray of shape (draws,)
        Sum to 1.
    effective_size : float
        ``1 / sum(weights ** 2)``.
    k_hat : float
        Pareto shape of the largest raw weights; below 0.7 is usable, below 0 the
        weights are bounded as far as the sample shows.
    log_evidence : float
        Log of the prior-averaged likelihood.
    """

    points: Floats
    weights: Floats
    effective_size: float
    k_hat: float
    log_evidence: float


def pareto_smooth(log_weights: Floats) -> tuple[Floats, float]:
    """Return Pareto-smoothed log weights (normalised) and the shape k-hat.

    The largest ``min(S / 5, 3 sqrt(S))`` weights are replaced by the quantiles of
    the generalised Pareto distribution fitted to them (Vehtari, Simpson, Gelman,
    Yao & Gabry 2024, J Mach Learn Res 25(72):1-58), cut at the largest raw weight.

    Parameters
    ----------
    log_weights : numpy.ndarray of shape (S,)
        Raw log weights; ``-inf`` is a weight of 0.

    Returns
    -------
    log_weights : numpy.ndarray of shape (S,)
        Normalised: their exponentials sum to 1.
    k_hat : float
        Infinite where fewer than five weights form the tail.
    """
    shifted = log_weights - np.max(log_weights)
    tail = int(min(0.2 * len(shifted), 3 * np.sqrt(len(shifted))))
    if tail < 5:
        return shifted - logsumexp(shifted), np.inf
    order = np.argsort(shifted, kind="stable")
    largest = order[-tail:]
    # Below the smallest double a weight is 0; a cutoff there would make the excesses meaningless.
    cutoff = max(shifted[order[-tail - 1]], np.log(np.finfo(float).tiny))
    excess = np.exp(shifted[largest]) - np.exp(cutoff)
    if excess[-1] <= 0 or excess[0] < 0 or np.ptp(excess) == 0:
        # All large weights are equal: nothing to smooth, and nothing heavy about them.
        return shifted - logsumexp(shifted), -np.inf
    k_hat, scale = fit_generalised_pareto(excess)
    if np.isfinite(k_hat):
        probability = (np.arange(1, tail + 1) - 0.5) / tail
        smooth = _generalised_pareto_quantile(probability, k_hat, scale)
        shifted = shifted.copy()
        shifted[largest] = np.minimum(np.log(smooth + np.exp(cutoff)), 0.0)
    return shifted - logsumexp(shifted), k_hat


def fit_generalised_pareto(excess: Floats) -> tuple[float, float]:
    """Fit shape and scale to sorted excesses (Zhang & Stephens 2009, quasi-Bayesian).

    The shape is shrunk towards 0.5 with the weight of ten observations, as in
    Pareto-smoothed importance sampling.
    https://doi.org/10.1198/tech.2009.08017
    """
    n = len(excess)
    points = 30 + int(np.sqrt(n))
    j = np.arange(1, points + 1)
    quartile = excess[int(n / 4 + 0.5) - 1]
    # Guards a tail whose lower quarter is 0 to rounding.
    quartile = max(quartile, np.finfo(float).eps * excess[-1])
    b = 1 / excess[-1] + (1 - np.sqrt(points / (j - 0.5))) / (3 * quartile)
    shape = np.mean(np.log1p(-b[:, None] * excess), axis=1)
    profile = n * (np.log(-b / shape) - shape - 1)
    weight = np.exp(profile - logsumexp(profile))
    b_mean = float(weight @ b)
    k = float(np.mean(np.log1p(-b_mean * excess)))
    scale = -k / b_mean
    return (n * k + 5.0) / (n + 10.0), scale


def _generalised_pareto_quantile(probability: Floats, shape: float, scale: float) -> Floats:
    if abs(shape) < 1e-12:
        return -scale * np.log1p(-probability)
    return scale * np.expm1(-shape * np.log1p(-probability)) / shape


def find_posterior_mode(log_likelihood: LogLikelihood, dimensions: int, seed: Seed) -> Floats:
    """Return the mode of likelihood times standard normal prior: the best of a scan, climbed."""

    def objective(u: Floats) -> tuple[float, Floats]:
        steps = GRADIENT_STEP * np.eye(dimensions)
        batch = np.concatenate([[u], u + steps, u - steps])
        value = -(log_likelihood(batch) - 0.5 * np.sum(batch**2, axis=1))
        slope = value[1 : dimensions + 1] - value[dimensions + 1 :]
        return float(value[0]), slope / (2 * GRADIENT_STEP)

    scan = ndtri(quasi_uniform(SCAN, dimensions, generator(seed)))
    scan[0] = 0.0
    posterior = log_likelihood(scan) - 0.5 * np.sum(scan**2, axis=1)
    if not np.any(np.isfinite(posterior)):
        raise FitError("the likelihood is 0 over the whole prior")
    start = scan[int(np.nanargmax(posterior))]
    found = optimize.minimize(
        objective, start, jac=True, method="BFGS", options={"gtol": SLOPE_AT_MODE}
    )
    return np.asarray(found.x, dtype=np.float64)


def curvature(log_likelihood: LogLikelihood, mode: Floats) -> Floats:
    """Return the covariance of the normal approximation at ``mode``, by finite differences.

    Eigenvalues of the precision are kept at 1/4 or more.
    """
    d, h = len(mode), CURVATURE_STEP
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    steps = np.array(
        [s * h * np.eye(d)[i] + t * h * np.eye(d)[j] for i, j in pairs for s, t in signs]
    )
    batch = mode + steps
    value = (log_likelihood(batch) - 0.5 * np.sum(batch**2, axis=1)).reshape(len(pairs), 4)
    second = (value @ np.array([1, -1, -1, 1])) / (4 * h * h)
    precision = np.empty((d, d))
    for (i, j), entry in zip(pairs, second, strict=True):
        precision[i, j] = precision[j, i] = -entry
    eigenvalues, vectors = np.linalg.eigh(np.nan_to_num(precision))
    return np.asarray((vectors / np.maximum(eigenvalues, SMALLEST_PRECISION)) @ vectors.T)


def sample_posterior(
    log_likelihood: LogLikelihood,
    dimensions: int,
    *,
    effective_size: float,
    round_size: int = 4096,
    seed: Seed = None,
    mode: Floats | None = None,
    prior_share: float = PRIOR_SHARE,
) -> WeightedSample:
    """Sample from likelihood times standard normal prior until the effective size is reached.

    Parameters
    ----------
    log_likelihood : callable
        Maps points of shape (n, dimensions) to n log likelihoods.
    dimensions : int
    effective_size : float
        Rounds are added until it is reached, at most eight. Each round's t is
        fitted to the rounds before; all are weighted as draws from the mixture
        of all proposals, so no round is wasted and none can spoil the rest.
    round_size : int
        Draws a round, a power of two.
    seed : int, Generator or None
        The draws are scrambled Sobol points: reproducible for a given seed.
    mode : ndarray of shape (dimensions,), optional
        Where the first proposal is centred, if the mode is known already.
    prior_share : float, optional
        Of the proposal. In many dimensions hardly a draw of the prior comes near the data.

    Returns
    -------
    WeightedSample
        Check ``k_hat`` and ``effective_size``: nothing is refused here.

    Raises
    ------
    FitError
        If the likelihood is 0 over the whole prior.
    """
    rng = generator(seed)
    mean = find_posterior_mode(log_likelihood, dimensions, rng) if mode is None else mode
    covariance = curvature(log_likelihood, mean)
    components: list[tuple[Floats, Floats]] = []
    points = np.empty((0, dimensions))
    target = np.empty(0)
    for _ in range(MOST_ROUNDS):
        components.append((mean, np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)))
        fresh = _propose(*components[-1], prior_share, round_size, rng)
        points = np.concatenate([points, fresh])
        target = np.concatenate([target, log_likelihood(fresh)])
        prior = -0.5 * np.sum(points**2, axis=1) - 0.5 * dimensions * np.log(2 * np.pi)
        fitted = np.array([_log_t(points, *component) for component in components])
        proposal = np.logaddexp(
            np.log(prior_share) + prior,
            np.log1p(-prior_share) - np.log(len(components)) + logsumexp(fitted, axis=0),
        )
        raw = np.where(np.isnan(target), -np.inf, target) + prior - proposal
        smooth, k_hat = pareto_smooth(raw)
        weights = np.exp(smooth)
        size = 1 / float(weights @ weights)
        if size >= effective_size and k_hat < WORST_K_HAT:
            break
        mean = weights @ points
        centred = points - mean
        covariance = (centred.T * weights) @ centred + RIDGE * np.eye(dimensions)
    evidence = float(logsumexp(raw) - np.log(len(raw)))
    return WeightedSample(points, weights, size, k_hat, evidence)


def resample(weights: Floats, draws: int, rng: np.random.Generator) -> Rows:
    """Return which points make a sample of equal weights: systematic, in a random order.

    Examples
    --------
    >>> weights = np.array([0.5, 0.0, 0.25, 0.25])
    >>> np.bincount(resample(weights, 4, np.random.default_rng(1))).tolist()
    [2, 0, 1, 1]
    """
    ladder = (rng.random() + np.arange(draws)) / draws
    chosen = np.searchsorted(np.cumsum(weights), ladder)
    return np.asarray(rng.permutation(np.minimum(chosen, len(weights) - 1)))


def _propose(
    mean: Floats, root: Floats, prior_share: float, draws: int, rng: np.random.Generator
) -> Floats:
    """Draw from the mixture: a share of the points from the prior, the rest from the t."""
    dimensions = len(mean)
    uniform = quasi_uniform(draws, dimensions + 2, rng)
    normal = ndtri(uniform[:, :dimensions])
    chi_squared = 2 * gammaincinv(DEGREES_OF_FREEDOM / 2, uniform[:, dimensions])
    scale = np.sqrt(DEGREES_OF_FREEDOM / chi_squared)
    t = mean + scale[:, None] * (normal @ root.T)
    from_prior = uniform[:, dimensions + 1] < prior_share
    return np.where(from_prior[:, None], normal, t)


def _log_t(points: Floats, mean: Floats, root: Floats) -> Floats:
    d, df = points.shape[1], DEGREES_OF_FREEDOM
    standard = np.linalg.solve(root, (points - mean).T)
    constant = gammaln((df + d) / 2) - gammaln(df / 2) - 0.5 * d * np.log(df * np.pi)
    distance = np.sum(standard**2, axis=0)
    log_density = constant - np.sum(np.log(np.diag(root))) - (df + d) / 2 * np.log1p(distance / df)
    return np.asarray(log_density, dtype=np.float64)
