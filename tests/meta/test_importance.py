"""Importance sampling against arviz-stats, against conjugate posteriors and against emcee."""

import numpy as np
import pytest
from scipy import stats

from backpain_stats.errors import ArgumentError, FitError
from backpain_stats.meta.bayes.importance import pareto_smooth, sample_posterior
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors


@pytest.mark.parametrize("shape", ["t", "normal", "bounded", "gumbel", "small"])
def test_pareto_smoothing_equals_arviz(shape):
    diagnostics = pytest.importorskip("arviz_stats.base").array_stats
    rng = np.random.default_rng(4)
    log_weights = {
        "t": lambda: rng.standard_t(5, size=8000),
        "normal": lambda: rng.normal(size=1000),
        "bounded": lambda: -rng.exponential(size=4000),
        "gumbel": lambda: 0.6 * rng.gumbel(size=4000),
        "small": lambda: rng.normal(size=60),
    }[shape]()
    # arviz takes log likelihoods, whose negatives are the log weights.
    expected, k_hat = diagnostics.psislw(-log_weights)
    smooth, ours = pareto_smooth(log_weights)
    # The same arithmetic in another order: rounding only, amplified by the tail's quantiles.
    np.testing.assert_allclose(smooth, expected, rtol=0, atol=1e-9)
    assert ours == pytest.approx(k_hat, abs=1e-9)


def test_equal_and_few_weights():
    smooth, k_hat = pareto_smooth(np.zeros(1000))
    np.testing.assert_allclose(np.exp(smooth), 1e-3)
    assert k_hat == -np.inf
    assert pareto_smooth(np.arange(12.0))[1] == np.inf
    smooth, _ = pareto_smooth(np.where(np.arange(1000) < 900, -np.inf, 0.0))
    assert np.exp(smooth).sum() == pytest.approx(1)


def conjugate():
    """A normal likelihood: the posterior and the evidence are known exactly."""
    rng = np.random.default_rng(5)
    design, y = rng.normal(size=(8, 5)), rng.normal(size=8) + 2
    noise = 0.4
    covariance = np.linalg.inv(np.eye(5) + design.T @ design / noise**2)
    mean = covariance @ design.T @ y / noise**2
    marginal = stats.multivariate_normal(cov=design @ design.T + noise**2 * np.eye(8))

    def log_likelihood(u):
        return stats.norm.logpdf(y, u @ design.T, noise).sum(axis=1)

    return log_likelihood, mean, covariance, marginal.logpdf(y)


def test_conjugate_posterior():
    log_likelihood, mean, covariance, evidence = conjugate()
    sample = sample_posterior(log_likelihood, 5, effective_size=4000, seed=1)
    assert sample.effective_size >= 4000
    assert sample.k_hat < 0.7
    ours = sample.weights @ sample.points
    spread = np.sqrt(np.diag(covariance))
    # Four Monte Carlo standard errors at an effective size of 4000.
    assert np.all(np.abs(ours - mean) < 4 * spread / 4000**0.5)
    centred = sample.points - ours
    second = (centred.T * sample.weights) @ centred
    np.testing.assert_allclose(second, covariance, atol=4 * spread.max() ** 2 * (2 / 4000) ** 0.5)
    assert sample.log_evidence == pytest.approx(evidence, abs=0.05)


def test_without_data_the_prior_comes_back():
    sample = sample_posterior(lambda u: np.zeros(len(u)), 5, effective_size=4000, seed=2)
    mean = sample.weights @ sample.points
    assert np.all(np.abs(mean) < 4 / 4000**0.5)
    assert sample.log_evidence == pytest.approx(0, abs=0.02)


def test_two_modes_are_both_found():
    """Modes at -3 and +3 of equal weight: the share of the prior in the proposal finds both."""

    def log_likelihood(u):
        return np.logaddexp(*(stats.norm.logpdf(u[:, 0], m, 0.5) for m in (-3.0, 3.0)))

    sample = sample_posterior(log_likelihood, 2, effective_size=2000, seed=3)
    assert sample.weights @ (sample.points[:, 0] > 0) == pytest.approx(0.5, abs=0.03)


def test_same_seed_same_sample():
    log_likelihood = conjugate()[0]
    first, second, other = (
        sample_posterior(log_likelihood, 5, effective_size=1000, seed=seed) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first.points, second.points)
    assert not np.array_equal(first.points, other.points)


def test_impossible_likelihood():
    with pytest.raises(FitError, match="whole prior"):
        sample_posterior(lambda u: np.full(len(u), -np.inf), 5, effective_size=10, seed=1)


def test_the_oracle_agrees_with_the_conjugate_posterior(ensemble):
    """The second sampler is an oracle only if it is right where the answer is known."""
    log_likelihood, mean, covariance, _ = conjugate()
    start = np.random.default_rng(1).multivariate_normal(mean, covariance, size=40)
    points, size, r_hat = ensemble(log_likelihood, start, 1)
    # 40 walkers that share 2000 effective draws have an R-hat near sqrt(1 + 40 / 2000)
    assert r_hat < 1.05
    assert size >= 1500
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(points.mean(axis=0) - mean) < 4 * spread / size**0.5)
    # A relative error of an SD is 1 / sqrt(2 ESS); four of them.
    np.testing.assert_allclose(points.std(axis=0), spread, rtol=4 / (2 * size) ** 0.5)


@pytest.mark.parametrize(
    ("priors", "expected"),
    [
        (
            Priors(sensitivity_location=1.0, sensitivity_sd_scale=0.5, correlation_shape=3.0,
                   correlation_mean=0.0, specificity_sd_median=0.7, specificity_sd_spread=0.4),
            {
                "logit_sensitivity": stats.norm(1, 2),
                "logit_specificity": stats.norm(0, 2),
                "sd_sensitivity": stats.halfnorm(scale=0.5),
                "sd_specificity": stats.lognorm(0.4, scale=0.7),
                "correlation": stats.beta(3, 3, loc=-1, scale=2),
            },
        ),
        (
            Priors(correlation_shape=3.0, correlation_mean=-0.4),
            {"correlation": stats.beta(1.8, 4.2, loc=-1, scale=2)},
        ),
        (
            Priors.weakly_informative(),
            {
                "sd_sensitivity": stats.halfnorm(),
                "sd_specificity": stats.halfnorm(),
                "correlation": stats.beta(2, 2, loc=-1, scale=2),
            },
        ),
    ],
)  # fmt: skip
def test_priors_are_what_they_say(priors, expected):
    """Each column of the prior draws against the quantiles of its own distribution."""
    draws = priors.draws(8192, seed=1)
    assert tuple(draws.columns) == PARAMETERS
    for name, distribution in expected.items():
        # A scrambled Sobol sample of 8192 has a discrepancy far below 0.005.
        assert stats.kstest(draws[name], distribution.cdf).statistic < 0.005
    extreme = priors.from_standard_normal(np.full((1, 5), -40.0))[0]
    assert np.all(extreme[2:4] > 0)
    assert extreme[4] == -1.0
    assert np.all(np.isfinite(priors.from_standard_normal(np.full((1, 5), 30.0))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"correlation_shape": 0},
        {"correlation_mean": -1},
        {"sensitivity_location": np.nan},
        {"sensitivity_sd_spread": 0},
        {"specificity_scale": -1},
        {"specificity_sd_median": None},
        {"specificity_sd_scale": -1},
    ],
)
def test_wrong_priors(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        Priors(**wrong)


def test_quantiles_of_equal_weights_are_those_of_numpy():
    values = np.random.default_rng(3).standard_normal(7)
    probabilities = [0.1, 0.5, 0.8]
    np.testing.assert_allclose(
        weighted_quantile(values, np.full(7, 1 / 7), probabilities),
        np.quantile(values, probabilities, method="hazen"),
        rtol=1e-12,
    )
