"""The exact likelihood against brute force, finite differences and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.special import expit
from scipy.stats import binom, norm

from backpain_stats import ArgumentError
from backpain_stats.meta.likelihood.binomial import Arms, marginal
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.quadrature import find_mode, gauss_hermite

SMALL = np.array([[10, 2, 3, 40], [7, 0, 1, 22], [0, 0, 5, 9], [0, 30, 0, 100], [1, 3, 0, 0]])


def brute_force(study, means, root):
    """Two-dimensional adaptive integration of binomials times normals, by scipy."""
    tp, fp, fn, tn = study
    l11, l21, l22 = root
    constant = math.comb(tp + fn, tp) * math.comb(fp + tn, tn) / (2 * math.pi)

    def integrand(b2, b1):
        p = 1 / (1 + math.exp(-means[0] - l11 * b1))
        q = 1 / (1 + math.exp(-means[1] - l21 * b1 - l22 * b2))
        binomials = p**tp * (1 - p) ** fn * q**tn * (1 - q) ** fp
        return constant * binomials * math.exp(-(b1 * b1 + b2 * b2) / 2)

    value, _ = integrate.dblquad(integrand, -8, 8, -8, 8, epsabs=0, epsrel=1e-8)
    return math.log(value)


@pytest.mark.parametrize("study", SMALL.tolist())
def test_agrees_with_brute_force_integration(study):
    means, root = (1.0, 2.0), (0.9, -0.5, 0.6)
    found = marginal(Arms.from_counts([study]), *means, root, nodes=31).value[0]
    # dblquad is asked for 1e-8; cutting at 8 SDs loses less than 1e-14
    assert found == pytest.approx(brute_force(study, means, root), abs=2e-8)


@pytest.mark.parametrize("root", [(0.9, -0.9, 0.0), (0.0, 0.7, 0.0), (0.0, 0.0, 0.0)])
def test_singular_covariances_are_ordinary(root):
    means = (0.3, 1.2)
    found = marginal(Arms.from_counts(SMALL[:1]), *means, root, nodes=31).value[0]
    # the trapezoid rule on an analytic integrand that vanishes at both ends: exact
    b = np.linspace(-9, 9, 1001)
    tp, fp, fn, tn = SMALL[0]
    inner = binom.pmf(tp, tp + fn, expit(means[0] + root[0] * b))
    inner = inner * binom.pmf(tn, fp + tn, expit(means[1] + root[1] * b))
    exact = np.log(np.sum(inner * norm.pdf(b)) * 0.018)
    # 31 nodes leave 6e-10 of the most skewed study here
    assert found == pytest.approx(exact, abs=2e-9)


parameters = st.tuples(
    *(st.floats(-3, 4) for _ in range(2)),
    st.floats(-2.5, 2.5),
    st.floats(-2.5, 2.5),
    st.floats(-2.5, 2.5),
)
counts = st.lists(st.integers(0, 400), min_size=4, max_size=4).filter(any)


@settings(max_examples=30, deadline=None)
@given(study=counts, theta=parameters, nodes=st.sampled_from([1, 2, 5, 9]))
def test_gradient_is_that_of_the_quadrature(study, theta, nodes):
    arms, theta = Arms.from_counts([study]), np.array(theta)

    def at(point, order):
        return marginal(arms, point[0], point[1], point[2:], nodes=nodes, order=order)

    step = 1e-5
    points = [(at(theta + h, 0).value[0], at(theta - h, 0).value[0]) for h in np.eye(5) * step]
    numeric = np.array([(up - down) / (2 * step) for up, down in points])
    # central differences: rounding of a value up to 1e3, 1e-13 / step, and step^2 times a
    # third derivative of at most the counts cubed by the root
    scale = 1 + np.abs(numeric).max()
    np.testing.assert_allclose(at(theta, 1).gradient[0], numeric, atol=2e-6 * scale)


@settings(max_examples=12, deadline=None)
@given(study=counts, theta=parameters)
def test_hessian_by_moments_is_the_derivative_of_the_gradient(study, theta):
    arms, theta = Arms.from_counts([study]), np.array(theta)
    theta[2:] *= 0.4  # where 41 nodes are exact, and so is Louis' identity

    def gradient(point):
        return marginal(arms, point[0], point[1], point[2:], nodes=41, order=1).gradient[0]

    step = 1e-5
    numeric = np.array(
        [(gradient(theta + h) - gradient(theta - h)) / (2 * step) for h in np.eye(5) * step]
    )
    found = marginal(arms, theta[0], theta[1], theta[2:], nodes=41, order=2).hessian[0]
    np.testing.assert_allclose(found, numeric, atol=1e-5 * (1 + np.abs(numeric).max()))


def test_many_parameter_vectors_at_once_equal_one_by_one():
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(40, 5))
    arms = Arms.from_counts(SMALL)
    together = marginal(arms, draws[:, None, 0], draws[:, None, 1], draws[:, None, 2:], order=2)
    for draw, value, gradient in zip(draws, together.value, together.gradient, strict=True):
        alone = marginal(arms, draw[0], draw[1], draw[2:], order=1)
        # the same arithmetic in another order of summation
        np.testing.assert_allclose(value, alone.value, atol=1e-11)
        np.testing.assert_allclose(gradient, alone.gradient, atol=1e-9)


def test_chunks_do_not_change_the_result(monkeypatch):
    arms = Arms.from_counts(np.tile(SMALL, (30, 1)))
    whole = marginal(arms, 1.0, 2.0, [0.5, 0.2, 0.4], nodes=7, order=2)
    monkeypatch.setattr("backpain_stats.meta.likelihood.binomial._POINTS_AT_ONCE", 200)
    parts = marginal(arms, 1.0, 2.0, [0.5, 0.2, 0.4], nodes=7, order=2)
    # each study stops when its whole chunk has converged: one Newton step more or less
    np.testing.assert_allclose(parts.value, whole.value, atol=1e-10)
    np.testing.assert_allclose(parts.hessian, whole.hessian, atol=1e-8)


def test_without_random_effects_it_is_the_binomial():
    counts = np.array([[8, 5, 2, 15], [2 * 10**6, 7, 10**6, 10**8]])
    found = marginal(Arms.from_counts(counts), 0.7, 2.0, np.zeros(3), nodes=3).value
    tp, fp, fn, tn = counts.T
    p, q = expit(0.7), expit(2.0)
    expected = binom.logpmf(tp, tp + fn, p) + binom.logpmf(tn, fp + tn, q)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_large_counts_keep_their_digits():
    # the binomial at its own proportion, against Stirling in exact rationals
    for size in (10, 1000, 10**6, 10**12):
        arms = Arms.from_counts([[size, 0, size, 1]])
        expected = -0.5 * np.log(np.pi * size) - 1 / (8 * size)
        # the next term of the series is 1 / (192 n^3)
        assert arms.saturated[0] == pytest.approx(expected, abs=1 / (150 * size**3) + 1e-15)


@settings(max_examples=30, deadline=None)
@given(
    y=st.lists(st.integers(0, 10**6), min_size=2, max_size=2),
    f=st.lists(st.integers(0, 10**6), min_size=2, max_size=2),
    means=st.tuples(st.floats(-40, 40), st.floats(-40, 40)),
    root=st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(-20, 20)),
    start=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_mode_search_reaches_the_mode_from_anywhere(y, f, means, root, start):
    one = [tuple(np.array([float(v)]) for v in values) for values in (y, f, means, root, start)]
    mode = find_mode(*one)
    l11, l21, l22 = root
    slopes = [
        l11 * mode.residual1 + l21 * mode.residual2 - mode.b1,
        l22 * mode.residual2 - mode.b2,
    ]
    # rounding of a residual is 1e-16 times the counts, and the slope multiplies it by the root
    scale = 1 + (abs(l11) + abs(l21) + abs(l22)) * (1 + max(*y, *f)) + abs(mode.b1[0])
    assert max(abs(slope[0]) for slope in slopes) < 1e-11 * scale


def test_a_study_without_patients_in_an_arm_informs_the_other_only():
    arms = Arms.from_counts([[0, 30, 0, 100]])
    found = marginal(arms, 1.0, 1.5, [0.8, -0.3, 0.5], nodes=9, order=1)
    other = marginal(arms, -2.0, 1.5, [0.1, -0.3, 0.5], nodes=9)
    assert found.value[0] == pytest.approx(other.value[0], abs=1e-10)
    np.testing.assert_allclose(found.gradient[0, [0, 2]], 0, atol=1e-10)


def test_exchanged_model_has_the_same_likelihood():
    ones = np.ones((len(SMALL), 1))
    model = ExactModel(Arms.from_counts(SMALL[None]), (ones, ones), 31)
    theta = np.array([1.0, 2.0, 0.6, -0.4, 0.5])
    other = model.exchange(theta[None])[0]
    assert model.exchanged().value(other) == pytest.approx(model.value(theta), abs=1e-9)


@pytest.mark.parametrize("nodes", [0, 102, 2.5, True, "9"])
def test_impossible_numbers_of_nodes_are_refused(nodes):
    with pytest.raises(ArgumentError, match="whole number from 1 to 101"):
        gauss_hermite(nodes)


def test_nodes_integrate_polynomials_exactly():
    z, weights = gauss_hermite(5)
    moments = [weights @ (z**power * np.exp(-(z**2))) for power in (0, 2, 4, 6, 8)]
    expected = np.sqrt(np.pi) * np.array([1, 1 / 2, 3 / 4, 15 / 8, 105 / 16])
    np.testing.assert_allclose(moments, expected, rtol=1e-13)
