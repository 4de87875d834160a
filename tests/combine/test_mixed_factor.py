"""A correlation that has a distribution: against adaptive integration over it."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import roots_jacobi
from scipy.stats import beta

from backpain_stats import ArgumentError, MixedOneFactor, OneFactor
from backpain_stats.combine.dependence import mixed_factor
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.mixed_factor import (
    BetaPrior,
    beta_quadrature,
    learned_correlation_prior,
)
from backpain_stats.combine.dependence.patterns import all_patterns

PRIORS = [BetaPrior(2, 8), BetaPrior(1, 3), *learned_correlation_prior()]


@pytest.mark.parametrize("prior", [*PRIORS, BetaPrior(0.5, 0.5), BetaPrior(1, 1)])
def test_quadrature_equals_scipys(prior):
    nodes, weights = beta_quadrature(prior, 8)
    theirs, own = roots_jacobi(8, prior.b - 1, prior.a - 1)
    # Both solve the same eigenvalue problem; 1e-12 leaves room for its rounding.
    np.testing.assert_allclose(nodes, (1 + theirs) / 2, atol=1e-12)
    np.testing.assert_allclose(weights, own / own.sum(), atol=1e-12)


def test_quadrature_of_a_nearly_known_correlation_does_not_overflow():
    nodes, weights = beta_quadrature(BetaPrior(4e5, 1e6), 8)
    assert weights @ nodes == pytest.approx(4 / 14, rel=1e-10)


@pytest.mark.parametrize("prior", PRIORS)
def test_equals_adaptive_integration_over_the_correlation(prior):
    marginals = Marginals([0.31, 0.77, 0.5], [0.1, 0.29, 0.4])
    pattern = np.array([[1, 0, 1]], dtype=np.int8)
    group = marginals.group("cases")

    def probability(rho):
        return float(np.exp(OneFactor(rho, rho).group_log_probabilities(group, pattern)[0, 0]))

    # Substituting the quantile removes the singularity of the density at 0.
    expected, _ = quad(lambda u: probability(beta.ppf(u, *prior)), 0, 1, epsabs=1e-9)
    found = MixedOneFactor(prior, prior).log_probabilities(marginals, pattern).cases[0, 0]
    # 1e-6: the eight nodes; the comment at NODES promises 5e-4 for up to eight findings.
    assert np.exp(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("findings", [2, 8])
@pytest.mark.parametrize("prior", PRIORS)
def test_more_nodes_move_no_log_ratio_by_more_than_promised(findings, prior, monkeypatch):
    rng = np.random.default_rng(findings)
    marginals = Marginals(rng.uniform(0.05, 0.95, findings), rng.uniform(0.02, 0.6, findings))
    model, patterns = MixedOneFactor(prior, prior), all_patterns(marginals.findings)
    found = model.log_ratios(marginals, patterns)
    monkeypatch.setattr(mixed_factor, "NODES", 24)
    np.testing.assert_allclose(found, model.log_ratios(marginals, patterns), atol=5e-4)


def test_the_marginals_are_kept():
    marginals = Marginals([0.31, 0.77, 0.05], [0.02, 0.29, 0.5])
    patterns = all_patterns(marginals.findings)
    table = np.exp(MixedOneFactor().log_table(marginals).cases[0])
    # 1e-10: the accuracy of the integral over the factor.
    np.testing.assert_allclose(table @ patterns, [0.31, 0.77, 0.05], rtol=1e-10)
    assert table.sum() == pytest.approx(1, abs=1e-11)


def test_a_nearly_known_correlation_is_one_factor_dependence():
    marginals = Marginals([0.31, 0.77], [0.02, 0.29])
    narrow = BetaPrior(2e7, 8e7)  # SD 4e-5
    found = MixedOneFactor(narrow, narrow).log_ratios(marginals, [[1, 1], [1, 0]])
    expected = OneFactor(0.2, 0.2).log_ratios(marginals, [[1, 1], [1, 0]])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("prior", [BetaPrior(0, 1), BetaPrior(1, np.inf), BetaPrior(-1, 2)])
def test_refuses_what_is_no_beta_distribution(prior):
    with pytest.raises(ArgumentError, match="above 0"):
        MixedOneFactor(noncases=prior)
