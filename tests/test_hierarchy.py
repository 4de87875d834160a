"""A hierarchical model of few cohorts against brute force: a grid, and the prior itself."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import binom

from backpain_stats.hierarchy import Arm, SpreadPrior, sample_setting


def weighted_quantiles(values, log_weights, probabilities):
    order = np.argsort(values)
    weights = np.exp(log_weights - logsumexp(log_weights))[order]
    return np.interp(probabilities, np.cumsum(weights) - weights / 2, values[order])


def one_outcome(sd=1.0, ratio=0.0):
    return SpreadPrior(
        np.array([-1.0]), np.array([2.0]), lambda z: (sd * z[:, :, None]) ** 2, 1, ratio
    )


def arm(cohort, x, n, setting=0):
    return Arm(cohort, 0, setting, np.array([x]), np.array([n - x]))


@pytest.mark.parametrize("counts", [[(3, 20)], [(0, 15), (6, 30)], [(2, 9), (5, 9), (9, 9)]])
def test_mean_of_one_proportion_by_integration(counts):
    """Over the mean, the SD and each cohort's own logit, on a grid."""
    found = sample_setting(
        [arm(i, x, n) for i, (x, n) in enumerate(counts)], 0, one_outcome(),
        effective_size=6000, seed=1,
    )  # fmt: skip
    mean, own = np.linspace(-11, 9, 301), np.linspace(-16, 14, 901)
    sd = np.linspace(0.005, 4.5, 150)
    log_posterior = -0.5 * ((mean[:, None] + 1) / 2) ** 2 - 0.5 * sd**2
    for column, one in enumerate(sd):
        density = np.exp(-0.5 * ((own - mean[:, None]) / one) ** 2)
        # Normalised on the grid: right also where the SD is less than a step.
        density /= density.sum(axis=1, keepdims=True)
        for x, n in counts:
            likelihood = np.exp(x * log_expit(own) + (n - x) * log_expit(-own))
            log_posterior[:, column] += np.log(density @ likelihood)
    marginal = np.exp(log_posterior - log_posterior.max()).sum(axis=1)
    # Half of a point's mass lies on either side of it.
    cumulative = (np.cumsum(marginal) - marginal / 2) / marginal.sum()
    tails = [0.025, 0.5, 0.975]
    expected = expit(np.interp(tails, cumulative, mean))
    drawn = expit(weighted_quantiles(found.means[:, 0], found.log_weights, tails))
    # Some thousand effective draws, and a grid of 0.07: a hundredth on the scale of 0 to 1.
    np.testing.assert_allclose(drawn, expected, atol=0.012)


def test_settings_and_two_outcomes_against_draws_from_the_prior():
    """Everything drawn from the prior and weighted by the binomial likelihood, no algebra."""
    tables = [(6, 8, 4, 22), (3, 4, 1, 16), (0, 9, 0, 21), (8, 3, 7, 12)]
    settings = [0, 1, 1, 2]
    arms = []
    for row, ((tp, fp, fn, tn), setting) in enumerate(zip(tables, settings, strict=True)):
        if tp + fn:
            arms.append(Arm(row, 0, setting, np.array([tp]), np.array([fn])))
        arms.append(Arm(row, 1, setting, np.array([tn]), np.array([fp])))

    def covariance(z):
        sd = 0.8 * np.abs(z[:, :2])
        rho = np.tanh(z[:, 2])
        matrix = sd[:, :, None] * sd[:, None, :]
        matrix[:, 0, 1] *= rho
        matrix[:, 1, 0] *= rho
        return matrix

    prior = SpreadPrior(np.zeros(2), np.array([1.5, 1.5]), covariance, 3, 0.7)
    rng = np.random.default_rng(5)
    draws = 600_000
    spread = covariance(rng.standard_normal((draws, 3)))
    root = np.linalg.cholesky(spread + 1e-12 * np.eye(2))
    ratio = 0.7 * np.abs(rng.standard_normal(draws))
    centre = 1.5 * rng.standard_normal((draws, 2))

    def step():
        return np.einsum("nij,nj->ni", root, rng.standard_normal((draws, 2)))

    means = [centre + ratio[:, None] * step() for _ in range(3)]
    log_weights = np.zeros(draws)
    for (tp, fp, fn, tn), setting in zip(tables, settings, strict=True):
        own = means[setting] + step()
        log_weights += tp * log_expit(own[:, 0]) + fn * log_expit(-own[:, 0])
        log_weights += tn * log_expit(own[:, 1]) + fp * log_expit(-own[:, 1])
    tails = [0.1, 0.5, 0.9]
    for setting, expected in ((0, means[0]), (1, means[1]), (None, centre)):
        found = sample_setting(arms, setting, prior, effective_size=6000, seed=2)
        for outcome in (0, 1):
            np.testing.assert_allclose(
                weighted_quantiles(found.means[:, outcome], found.log_weights, tails),
                weighted_quantiles(expected[:, outcome], log_weights, tails),
                # The prior's draws leave about 2,000 effective ones, whose
                # tails have an error of about 0.05.
                atol=0.15,
            )
            # How much a practice differs from that mean; without a setting, its setting too.
            varies = spread[:, outcome, outcome] * (1 + ratio**2 * (setting is None))
            np.testing.assert_allclose(
                weighted_quantiles(
                    np.sqrt(found.covariance[:, outcome, outcome]), found.log_weights, tails
                ),
                weighted_quantiles(np.sqrt(varies), log_weights, tails),
                atol=0.08,  # the same 2,000 draws, of SDs up to 1.5
            )


def test_a_setting_varies_by_its_ratio_of_the_spread_between_practices():
    """Little is counted and practices differ much: what a setting adds decides."""
    prior = SpreadPrior(
        np.zeros(1), np.array([0.1]), lambda z: np.full((len(z), 1, 1), 4.0), 1, 0.5
    )
    arms = [arm(0, 1, 2, setting=0), arm(1, 1, 2, setting=1)]
    found = sample_setting(arms, 1, prior, effective_size=6000, seed=4)
    rng = np.random.default_rng(6)
    centre, ratio, *steps = rng.standard_normal((6, 400_000))
    means = [0.1 * centre + 0.5 * np.abs(ratio) * 2 * step for step in steps[:2]]
    own = np.array(means) + 2 * np.array(steps[2:])
    log_weights = np.sum(log_expit(own) + log_expit(-own), axis=0)
    tails = [0.05, 0.25, 0.75, 0.95]
    np.testing.assert_allclose(
        weighted_quantiles(found.means[:, 0], found.log_weights, tails),
        weighted_quantiles(means[1], log_weights, tails),
        atol=0.06,  # 6,000 effective draws: an SD of 0.02 at the outer ones
    )


def test_one_outcome_of_a_cohort_informs_the_mean_of_the_other():
    """A cohort of high specificity is one of low sensitivity, where the two trade off."""
    matrix = np.array([[1.0, -0.9], [-0.9, 1.0]])
    prior = SpreadPrior(
        np.zeros(2), np.array([1.5, 1.5]), lambda z: np.broadcast_to(matrix, (len(z), 2, 2)), 1
    )
    arms = [arm(0, 10, 20), Arm(0, 1, 0, np.array([27]), np.array([3]))]
    found = sample_setting(arms, 0, prior, effective_size=6000, seed=4)
    rng = np.random.default_rng(9)
    centre = 1.5 * rng.standard_normal((400_000, 2))
    own = centre + rng.standard_normal((400_000, 2)) @ np.linalg.cholesky(matrix).T
    log_weights = 10 * log_expit(own[:, 0]) + 10 * log_expit(-own[:, 0])
    log_weights += 27 * log_expit(own[:, 1]) + 3 * log_expit(-own[:, 1])
    tails = [0.1, 0.5, 0.9]
    for outcome in (0, 1):
        np.testing.assert_allclose(
            weighted_quantiles(found.means[:, outcome], found.log_weights, tails),
            weighted_quantiles(centre[:, outcome], log_weights, tails),
            atol=0.08,  # some 6,000 effective draws on either side, of a spread of 1
        )


def test_of_several_tables_each_counts_by_its_probability():
    """Two tables of one cohort: the posterior is the mixture of their two, by evidence."""
    both = Arm(0, 0, 0, np.array([2, 12]), np.array([18, 8]))
    found = sample_setting([both], 0, one_outcome(), effective_size=6000, seed=3)
    alone = [
        sample_setting([arm(0, x, 20)], 0, one_outcome(), effective_size=6000, seed=3)
        for x in (2, 12)
    ]
    evidence = [logsumexp(one.log_weights) - np.log(len(one.log_weights)) for one in alone]
    share = expit(evidence[1] - evidence[0])
    means = [
        np.average(one.means[:, 0], weights=np.exp(one.log_weights - one.log_weights.max()))
        for one in alone
    ]
    mixed = np.average(
        found.means[:, 0], weights=np.exp(found.log_weights - found.log_weights.max())
    )
    # A thousandth of the spread between the two is the sampling error of such means.
    assert mixed == pytest.approx((1 - share) * means[0] + share * means[1], abs=0.03)
    # The same from the prior: how likely the printed figures are is a sum over both tables.
    centre, sd, step = np.random.default_rng(8).standard_normal((3, 400_000))
    drawn = -1 + 2 * centre
    chance = expit(drawn + np.abs(sd) * step)
    likelihood = binom.pmf(2, 20, chance) + binom.pmf(12, 20, chance)
    assert mixed == pytest.approx(np.average(drawn, weights=likelihood), abs=0.03)


def test_same_seed_same_draws():
    first, second = (sample_setting([arm(0, 3, 20)], None, one_outcome(), seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.means, second.means)
    assert first.effective_size == second.effective_size > 1000
