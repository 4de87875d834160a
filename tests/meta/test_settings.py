"""Priors of practices inside settings are those that the policies state."""

import numpy as np
import pytest
from scipy import stats

from backpain_stats import Priors
from backpain_stats.meta.bayes.settings import _prior


def test_practices_vary_by_the_priors_of_a_fit():
    normal = np.random.default_rng(1).standard_normal((50, 3))
    covariance = _prior(Priors()).covariance(normal)
    drawn = Priors().from_standard_normal(np.hstack([np.zeros((50, 2)), normal]))
    sd1, sd2, rho = drawn[:, 2:].T
    expected = np.array([[sd1**2, rho * sd1 * sd2], [rho * sd1 * sd2, sd2**2]])
    np.testing.assert_allclose(covariance, np.moveaxis(expected, -1, 0), rtol=1e-12)


def test_settings_differ_a_third_as_much_as_practices_do():
    ratio = stats.halfnorm(scale=_prior(Priors()).setting_ratio)
    assert ratio.median() == pytest.approx(1 / 3, abs=0.01)
    assert ratio.sf(1) == pytest.approx(0.05, abs=0.01)
