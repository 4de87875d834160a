"""One-factor dependence against integrals and orthants nobody here wrote."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtri
from scipy.stats import multivariate_normal

from backpain_stats.combine.dependence import factor_integral
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.errors import ArgumentError


def adaptive_integral(p: np.ndarray, signs: np.ndarray, pattern: np.ndarray, rho: float) -> float:
    """Return the log probability by QUADPACK, in pieces around the peak, in logarithms."""
    threshold, loading, residual = -ndtri(p), signs * np.sqrt(rho), np.sqrt(1 - rho)

    def log_g(u: float) -> float:
        z = (threshold - loading * u) / residual
        return -u * u / 2 + np.sum(
            np.where(pattern == 1, log_ndtr(-z), np.where(pattern == 0, log_ndtr(z), 0.0))
        )

    grid = np.linspace(-40, 40, 4001)
    values = np.array([log_g(u) for u in grid])
    peak, top = grid[values.argmax()], values.max()
    breaks = peak + np.array([-12, -3, -1, -0.3, -0.1, -0.03, 0.03, 0.1, 0.3, 1, 3, 12])
    pieces = [
        quad(lambda u: np.exp(log_g(u) - top), a, b, epsabs=0, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(breaks)
    ]
    return float(np.log(sum(pieces)) + top - np.log(2 * np.pi) / 2)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")  # of the oracle
@pytest.mark.parametrize("rho", [0.01, 0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("extreme", [False, True])
def test_equals_adaptive_integration(rho: float, extreme: bool) -> None:
    rng = np.random.default_rng([int(100 * rho), extreme])
    for findings in (1, 2, 4, 7, 10):
        tail = 10 ** -rng.uniform(0.3, 6, findings)
        p = (
            np.where(rng.random(findings) < 0.5, tail, 1 - tail)
            if extreme
            else rng.random(findings)
        )
        q = np.clip(p + rng.choice([-1e-7, 1e-7], findings), 1e-9, 1 - 1e-9)
        pattern = rng.integers(-1, 2, findings)
        pattern[0] = max(pattern[0], 0)
        marginals = Marginals(p, q)
        found = OneFactor(rho, rho).log_probabilities(marginals, pattern).cases[0, 0]
        # 1e-10: relative accuracy asked of the integral is 1e-8; both rules reach far more.
        assert found == pytest.approx(
            adaptive_integral(p, marginals.signs, pattern, rho), abs=1e-10, rel=1e-12
        )


@pytest.mark.parametrize("findings", [2, 3, 4, 5, 6])
def test_equals_orthant_probabilities_with_mixed_signs(findings: int) -> None:
    rng = np.random.default_rng(findings)
    rho = 0.4
    p = rng.uniform(0.1, 0.9, findings)
    q = np.clip(p + rng.choice([-0.05, 0.05], findings), 0.01, 0.99)
    marginals = Marginals(p, q)
    loading = marginals.signs * np.sqrt(rho)
    covariance = np.outer(loading, loading)
    np.fill_diagonal(covariance, 1.0)
    for pattern in rng.integers(0, 2, (4, findings)):
        # Present is z > threshold; turning its sign makes every event a lower orthant.
        turn = np.where(pattern == 1, -1.0, 1.0)
        orthant = multivariate_normal.cdf(
            -turn * ndtri(p),
            cov=covariance * np.outer(turn, turn),
            maxpts=1_000_000,
            abseps=1e-7,
            releps=1e-7,
        )
        found = np.exp(OneFactor(rho, rho).log_probabilities(marginals, pattern).cases[0, 0])
        # 1e-6: the accuracy of the randomised orthant rule, not ours.
        assert found == pytest.approx(orthant, abs=1e-6)


@pytest.mark.parametrize("rho", [0.2, 0.95])
def test_marginals_are_kept(rho: float) -> None:
    rng = np.random.default_rng(7)
    p = np.concatenate([rng.random(6), [1e-6, 1 - 1e-6]])
    marginals = Marginals(p, p[::-1])
    table = np.exp(OneFactor(rho, rho).log_table(marginals).cases[0])
    patterns = all_patterns(marginals.findings)
    np.testing.assert_allclose(table @ patterns, p, rtol=1e-10, atol=0)
    np.testing.assert_allclose(table @ (1 - patterns), 1 - p, rtol=1e-9, atol=0)
    assert table.sum() == pytest.approx(1, abs=1e-12)


def test_the_table_equals_its_patterns_one_by_one_even_where_it_underflows() -> None:
    # Contradictory findings at strong dependence: probabilities far below the smallest double.
    p = np.array([1e-6, 1e-6, 1 - 1e-6, 1 - 1e-6, 0.3, 1e-6, 1 - 1e-6, 0.5])
    marginals = Marginals(p, p / 2, nested=[(3, 4)])
    model = OneFactor(0.95, 0.95)
    single = model.log_probabilities(marginals, all_patterns(marginals.findings))
    table = model.log_table(marginals)
    assert single.cases.min() < -750
    np.testing.assert_allclose(table.cases, single.cases, rtol=1e-11)
    np.testing.assert_allclose(table.noncases, single.noncases, rtol=1e-11)


def test_zero_correlation_is_independence_and_small_correlation_tends_to_it() -> None:
    rng = np.random.default_rng(3)
    marginals = Marginals(rng.random((2, 5)), rng.random((2, 5)))
    patterns = rng.integers(-1, 2, (6, 5))
    product = Independent().log_probabilities(marginals, patterns)
    none = OneFactor(0, 0).log_probabilities(marginals, patterns)
    little = OneFactor(1e-9, 1e-9).log_probabilities(marginals, patterns)
    np.testing.assert_array_equal(none.cases, product.cases)
    np.testing.assert_allclose(little.noncases, product.noncases, atol=1e-7)


def test_a_finding_in_every_or_no_patient() -> None:
    marginals = Marginals([1.0, 0.3, 0.0], [0.5, 0.2, 0.1])
    found = OneFactor(0.5, 0.5).log_probabilities(
        marginals, [[1, 1, 0], [1, -1, -1], [0, 1, -1], [1, 1, 1], [0, -1, 1]]
    )
    np.testing.assert_allclose(np.exp(found.cases[0]), [0.3, 1, 0, 0, 0], rtol=1e-11)
    assert np.isfinite(found.noncases).all()


def test_two_groups_have_their_own_correlation() -> None:
    marginals = Marginals([0.3, 0.4], [0.3, 0.4])
    both = OneFactor(0.6, 0.0).log_probabilities(marginals, [[1, 1]])
    assert np.exp(both.noncases[0, 0]) == pytest.approx(0.12)
    assert np.exp(both.cases[0, 0]) > 0.15


@pytest.mark.parametrize("state", [0, 1])
def test_many_draws_by_interpolation_equal_draws_one_by_one(state: int) -> None:
    rng = np.random.default_rng(11)
    draws = factor_integral.INTERPOLATE_FROM
    cases = rng.beta([4.5, 0.5, 12.5], [9.5, 13.5, 1.5], (draws, 3))
    noncases = rng.beta([40.5, 100.5, 0.5], [1921.5, 1800.5, 1962.5], (draws, 3))
    pattern = [[state, 1, 1 - state]]
    for rho in (0.2, 0.95):
        many = OneFactor(rho, rho).log_probabilities(Marginals(cases, noncases), pattern)
        some = slice(0, 300)
        few = OneFactor(rho, rho).log_probabilities(
            Marginals(cases[some], noncases[some], signs=Marginals(cases, noncases).signs), pattern
        )
        np.testing.assert_allclose(many.cases[some], few.cases, atol=1e-10, rtol=1e-11)
        np.testing.assert_allclose(many.noncases[some], few.noncases, atol=1e-10, rtol=1e-11)


def test_one_correlation_a_draw() -> None:
    rng = np.random.default_rng(5)
    cases, noncases = rng.random((2, 9, 3))
    signs = Marginals(cases, noncases).signs
    rho = np.linspace(0.0, 0.9, 9)
    together = OneFactor(rho, rho).log_probabilities(Marginals(cases, noncases), [[1, 0, 1]])
    fixed = OneFactor(rho, rho).log_probabilities(Marginals(cases[0], noncases[0]), [[1, 0, 1]])
    assert fixed.cases.shape == (9, 1)
    for draw, one in enumerate(rho):
        alone = OneFactor(one, one).log_probabilities(
            Marginals(cases[draw], noncases[draw], signs=signs), [[1, 0, 1]]
        )
        assert together.cases[draw, 0] == pytest.approx(alone.cases[0, 0], abs=1e-11)
    with pytest.raises(ArgumentError, match="9 values of rho_cases for 4 draws"):
        OneFactor(rho, rho).log_probabilities(Marginals(cases[:4], noncases[:4]), [[1, 0, 1]])


@pytest.mark.parametrize("rho", [-0.1, 1.0, float("nan"), "much"])
def test_correlations_outside_their_range_are_refused(rho: object) -> None:
    with pytest.raises(ArgumentError, match=r"from 0 \(independence\) to below 1"):
        OneFactor(0.2, rho)  # type: ignore[arg-type]


probability = st.floats(0.001, 0.999)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(probability, probability), min_size=2, max_size=5),
    st.floats(0, 0.95),
    st.data(),
)
def test_an_unassessed_finding_is_the_sum_of_present_and_absent(
    pairs: list[tuple[float, float]], rho: float, data: st.DataObject
) -> None:
    cases, noncases = np.array(pairs).T
    pattern = np.array(
        data.draw(st.lists(st.integers(-1, 1), min_size=len(pairs), max_size=len(pairs)))
    )
    pattern[-1] = -1
    rows = np.vstack([pattern, pattern, pattern])
    rows[1, -1], rows[2, -1] = 1, 0
    found = np.exp(OneFactor(rho, rho).log_probabilities(Marginals(cases, noncases), rows).cases[0])
    assert found[0] == pytest.approx(found[1] + found[2], rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(probability, probability), min_size=2, max_size=5), st.randoms())
def test_the_order_of_the_findings_does_not_matter(
    pairs: list[tuple[float, float]], random: object
) -> None:
    cases, noncases = np.array(pairs).T
    order = np.arange(len(pairs))
    random.shuffle(order)  # type: ignore[attr-defined]
    pattern = np.array([1, 0] * len(pairs))[: len(pairs)]
    first = OneFactor(0.5, 0.3).log_probabilities(Marginals(cases, noncases), pattern)
    second = OneFactor(0.5, 0.3).log_probabilities(
        Marginals(cases[order], noncases[order]), pattern[order]
    )
    np.testing.assert_allclose(first.log_ratio, second.log_ratio, atol=1e-10)


def test_nested_strata_are_slices_of_one_latent_normal() -> None:
    marginals = Marginals([0.8, 0.3, 0.6], [0.5, 0.1, 0.4], nested=[(0, 1)])
    model = OneFactor(0.4, 0.4)
    found = np.exp(
        model.log_probabilities(marginals, [[1, -1, 1], [1, 1, 1], [1, 0, 1], [0, -1, 1]]).cases[0]
    )
    assert found[0] == pytest.approx(found[1] + found[2], rel=1e-10)
    assert found[0] + found[3] == pytest.approx(0.6, rel=1e-10)
    correlation = 0.4
    slab = multivariate_normal(cov=[[1, correlation], [correlation, 1]]).cdf(
        [-ndtri(0.3), 10], lower_limit=[-ndtri(0.8), -ndtri(0.6)]
    )
    # 1e-5: the default accuracy of scipy's rule.
    assert found[2] == pytest.approx(slab, abs=1e-5)


def test_each_draw_has_its_own_correlation() -> None:
    """Draws are computed in the order of their correlations and put back."""
    random = np.random.default_rng(5)
    cases, noncases = random.uniform(0.5, 0.9, (40, 3)), random.uniform(0.05, 0.4, (40, 3))
    rho = random.uniform(0, 0.9, (2, 40))
    patterns = all_patterns([(0,), (1,), (2,)])
    together = OneFactor(*rho)
    table = together.log_table(Marginals(cases, noncases))
    some = together.log_probabilities(Marginals(cases, noncases), patterns[[1, 6]])
    for draw in (0, 17, 39):
        alone = OneFactor(*map(float, rho[:, draw])).log_table(
            Marginals(cases[draw], noncases[draw])
        )
        for own, whole, part in zip(alone, table, some, strict=True):
            # twice the relative error of the integrals
            np.testing.assert_allclose(whole[draw], own[0], rtol=0, atol=4e-12)
            np.testing.assert_allclose(part[draw], own[0, [1, 6]], rtol=0, atol=4e-12)
