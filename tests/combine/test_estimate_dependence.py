"""Rho by maximum likelihood: likelihood, gradient, recovery and boundaries."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from backpain_stats import calibration, load_patients
from backpain_stats.combine.calibration.estimate_dependence import GroupLikelihood
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.errors import NotEstimableError

SIGNS = np.array([1.0, -1.0, 1.0, 1.0])


def one_factor_sample(rho, present, size, source):
    """Draw patients by the definition: thresholded normals that share one factor."""
    latent = np.sqrt(rho) * source.normal(size=(size, 1)) * SIGNS
    latent = latent + np.sqrt(1 - rho) * source.normal(size=(size, len(SIGNS)))
    return (latent > -ndtri(np.asarray(present))).astype(np.int8)


@pytest.fixture(scope="module")
def group() -> GroupLikelihood:
    source = np.random.default_rng(4)
    patterns = one_factor_sample(0.3, [0.3, 0.6, 0.5, 0.2], 150, source)
    patterns[source.random(patterns.shape) < 0.05] = -1
    return GroupLikelihood(patterns, SIGNS)


def test_likelihood_is_that_of_the_one_factor_model(group):
    thresholds = group.start + 0.1
    value, _ = group.log_likelihood(0.35, thresholds, group.nodes(0.35, thresholds))
    present = 1 - multivariate_normal.cdf(thresholds[:, None])
    # The directions come from comparing with the other group.
    other = present - 0.01 * SIGNS
    different = np.where(group.present > 0, 1, np.where(group.absent > 0, 0, -1))
    log_p = OneFactor(0.35, 0.35).log_probabilities(Marginals(present, other), different).cases[0]
    assert value == pytest.approx(group.counts @ log_p, rel=1e-10)


def test_likelihood_equals_multivariate_normal_orthants():
    """Brute force: the orthant probabilities of every complete pattern, by scipy."""
    patterns = np.array(list(itertools.product([0, 1], repeat=3)), dtype=np.int8)
    signs = np.array([1.0, -1.0, 1.0])
    group = GroupLikelihood(patterns, signs)
    thresholds = np.array([0.4, -0.3, 1.0])
    covariance = 0.5 * np.outer(signs, signs) + 0.5 * np.eye(3)
    expected = 0.0
    for pattern in patterns:
        side = np.where(pattern == 1, -1.0, 1.0)
        expected += np.log(
            multivariate_normal.cdf(
                side * thresholds, cov=covariance * np.outer(side, side), abseps=1e-8,
                releps=1e-8, maxpts=500_000, rng=np.random.default_rng(0),
            )
        )  # fmt: skip
    value, _ = group.log_likelihood(0.5, thresholds, group.nodes(0.5, thresholds))
    # scipy's quasi-Monte Carlo is good to about 1e-6 here.
    assert value == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("rho", [0.0, 0.2, 0.7])
def test_gradient_agrees_with_finite_differences(group, rho):
    thresholds = group.start + np.array([0.2, -0.1, 0.0, 0.1])
    rule = group.nodes(rho, thresholds)
    _, gradient = group.log_likelihood(rho, thresholds, rule)
    step = 1e-5
    for column in range(len(thresholds)):
        move = step * (np.arange(len(thresholds)) == column)
        up, _ = group.log_likelihood(rho, thresholds + move, rule)
        down, _ = group.log_likelihood(rho, thresholds - move, rule)
        # Central differences: error of order step**2 plus rounding / step.
        assert gradient[column] == pytest.approx((up - down) / (2 * step), abs=1e-5)


def test_profile_is_the_maximum_over_the_thresholds(group):
    top = group.profile(0.3, group.start)
    source = np.random.default_rng(0)
    rule = group.nodes(0.3, top.thresholds)
    for _ in range(20):
        nearby = top.thresholds + source.normal(0, 0.05, len(top.thresholds))
        assert group.log_likelihood(0.3, nearby, rule)[0] <= top.log_likelihood + 1e-9


def test_true_correlation_is_recovered_with_an_interval_around_it():
    source = np.random.default_rng(11)
    cases = one_factor_sample(0.4, [0.5, 0.3, 0.6, 0.4], 3000, source)
    others = one_factor_sample(0.1, [0.2, 0.6, 0.3, 0.1], 3000, source)
    frame = pd.DataFrame(np.vstack([cases, others]), columns=list("abcd"))
    fit = calibration.fit_dependence(frame, np.repeat([1, 0], 3000))
    for estimate, truth in ((fit.rho_cases, 0.4), (fit.rho_noncases, 0.1)):
        assert estimate.ci_low < truth < estimate.ci_high
        assert estimate.ci_low < estimate.estimate < estimate.ci_high
    assert fit.log_likelihood > fit.log_likelihood_independent
    assert fit.boundary == ()
    assert fit.model() == OneFactor(fit.rho_cases.estimate, fit.rho_noncases.estimate)


def test_profile_interval_covers_at_its_level():
    """In 40 samples the 95% interval misses at most 6 times (binomial tail below 1%)."""
    source = np.random.default_rng(21)
    misses = 0
    for _ in range(40):
        cases = one_factor_sample(0.3, [0.5, 0.3, 0.6, 0.4], 200, source)
        others = one_factor_sample(0.3, [0.2, 0.6, 0.3, 0.2], 200, source)
        frame = pd.DataFrame(np.vstack([cases, others]), columns=list("abcd"))
        fit = calibration.fit_dependence(frame, np.repeat([1, 0], 200), marginals="observed")
        misses += not fit.rho_cases.ci_low <= 0.3 <= fit.rho_cases.ci_high
    assert misses <= 6


def test_boundary_is_said():
    source = np.random.default_rng(5)
    first = source.integers(0, 2, 400)
    frame = pd.DataFrame({"a": first, "b": 1 - first})
    frame.loc[source.random(400) < 0.1, "b"] = 1
    sick = (source.random(400) < 0.2 + 0.3 * first).astype(int)
    frame.loc[(sick == 1) & (source.random(400) < 0.6), "b"] = 1
    fit = calibration.fit_dependence(frame, sick)
    assert fit.rho_noncases.estimate == 0
    assert "at its boundary 0" in str(fit)


def test_findings_without_variation_are_named(recwarn):
    source = np.random.default_rng(6)
    frame = pd.DataFrame(source.integers(0, 2, (100, 3)), columns=list("abc"))
    sick = source.integers(0, 2, 100)
    frame.loc[sick == 1, "c"] = 1
    fit = calibration.fit_dependence(frame, sick)
    assert fit.left_out == ("c (cases)",)
    frame.loc[sick == 1, "b"] = 1
    with pytest.raises(NotEstimableError, match="fewer than two findings vary"):
        calibration.fit_dependence(frame, sick)


def test_observed_marginals_lie_close_to_fitted_ones():
    patients = load_patients()
    sick = patients["pain_type"] == "nociceptive"
    fitted = calibration.fit_dependence(patients, sick)
    observed = calibration.fit_dependence(patients, sick, marginals="observed")
    assert fitted.rho_cases.estimate == pytest.approx(observed.rho_cases.estimate, abs=0.01)
    # Any marginals but the best have a smaller likelihood.
    assert observed.log_likelihood < fitted.log_likelihood
    assert list(fitted.to_frame()["group"]) == ["cases", "noncases"]
