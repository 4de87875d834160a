"""Quantiles by a cubic between nodes: against scipy's own inverse."""

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import beta, norm

from backpain_stats.meta.bayes import beta_quantile
from backpain_stats.meta.bayes.beta_quantile import LARGEST_ERROR, beta_logit_quantile

POINTS = np.linspace(-5, 5, 1001)


@pytest.mark.parametrize(("a", "b"), [(2.2, 4.9), (2, 2), (1, 1), (0.3, 7), (60, 40)])
def test_equals_the_inverse_of_the_distribution_and_is_interpolated(a, b, monkeypatch):
    expected = np.where(
        POINTS < 0,
        logit(beta.ppf(norm.cdf(POINTS), a, b)),
        -logit(beta.ppf(norm.cdf(-POINTS), b, a)),
    )
    beta_logit_quantile(POINTS, a, b)  # makes the nodes
    monkeypatch.setattr(beta_quantile, "_direct", None)  # no point needs the slow way
    np.testing.assert_allclose(
        beta_logit_quantile(POINTS, a, b), expected, rtol=0, atol=LARGEST_ERROR
    )


def test_beyond_the_nodes_and_where_the_cubic_is_not_good_enough():
    far = np.array([-9.0, 12.0])
    assert np.all(np.diff(beta_logit_quantile(far, 2, 3)) > 0)
    assert beta_logit_quantile(far, 2, 3)[1] == pytest.approx(
        -logit(beta.ppf(norm.sf(12.0), 3, 2)), rel=1e-9
    )
    # Of so small a parameter the lower quantiles are 0 in double precision: no cubic.
    assert beta_quantile._table(1e-3, 1.0) is None
    assert beta_logit_quantile(np.array(-1.0), 1e-3, 1.0) == -np.inf
