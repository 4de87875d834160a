"""The prevalence of the practices of a setting, against integration on a grid."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, logit, ndtr

from backpain_stats import pool_prevalence

TAILS = [0.025, 0.25, 0.5, 0.75, 0.975]


def on_a_grid(counts, at_average, at_new):
    """Return the posterior's distribution functions: of the mean, of a new practice.

    Mean logit Normal(-4, 3), SD between practices half-normal(1), each practice's cases binomial:
    summed over mean, SD and each practice's own logit.
    """
    mean, own = np.linspace(-13, 4, 341), np.linspace(-17, 8, 1251)
    sd = np.linspace(0.025, 3.975, 80)
    log_posterior = -0.5 * ((mean[:, None] + 4) / 3) ** 2 - 0.5 * sd**2
    for column, one in enumerate(sd):
        density = np.exp(-0.5 * ((own - mean[:, None]) / one) ** 2)
        density /= density.sum(axis=1, keepdims=True)
        for x, n in counts:
            likelihood = np.exp(x * log_expit(own) + (n - x) * log_expit(-own))
            with np.errstate(divide="ignore"):  # where the mean is far from what was counted
                log_posterior[:, column] += np.log(density @ (likelihood / likelihood.max()))
    weight = np.exp(log_posterior - log_posterior.max())
    weight /= weight.sum()
    # Half of a point's mass lies on either side of it.
    marginal = weight.sum(axis=1)
    average = np.interp(at_average, mean, np.cumsum(marginal) - marginal / 2)
    return average, [float(np.sum(weight * ndtr((x - mean[:, None]) / sd))) for x in at_new]


@pytest.mark.parametrize(
    ("target", "setting", "counts"),
    [
        # The six cohorts of the review hold one of these: they do not stand beside them.
        ("malignancy", "primary_care", [(13, 1975), (0, 1172)]),
        ("malignancy", "emergency", [(4, 329)]),
    ],
)
def test_average_and_new_practice_by_integration(evidence, target, setting, counts):
    found = pool_prevalence(evidence, target, setting)
    used = found.samples[found.samples["used"]]
    assert list(zip(used["n_cases"], used["n"], strict=True)) == counts
    points = (np.arange(4096) + 0.5) / 4096
    quantiles = [np.quantile(logit(one.draws(points)), TAILS) for one in (found.average, found.new)]
    # Some 3,000 effective draws: an SD of 0.009 at the median, and the grid adds 0.001.
    for made, expected in zip(on_a_grid(counts, *quantiles), (TAILS, TAILS), strict=True):
        np.testing.assert_allclose(made, expected, atol=0.025)
    ends = expit(quantiles[1])
    assert (found.prediction.ci_low, found.prediction.ci_high) == pytest.approx(
        (ends[0], ends[-1]), rel=0.02
    )
