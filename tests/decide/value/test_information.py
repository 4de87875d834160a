"""The value of information against closed forms, published figures and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import norm

from backpain_stats.decide.value.information import (
    conditional_benefits,
    partial_information,
    perfect_information,
    wrong,
)
from backpain_stats.sampling import quasi_uniform

NORMAL = ndtri(quasi_uniform(4096, 3, 1))
# Two treatments, the second worth p1 - p2 more: p1 ~ N(1, 1), p2 ~ N(0, 2).
P1, P2 = 1 + NORMAL[:, 0], 2 * NORMAL[:, 1]
BENEFITS = np.column_stack([np.zeros(4096), P1 - P2])


def unit_loss(mean, sd):
    """Return E max(0, X) - max(0, E X) of a normal X: the closed form of Ades et al. 2004."""
    return sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd)


def test_linear_normal_closed_form_to_one_percent():
    """Ades AE et al. 2004, https://doi.org/10.1177/0272989X04263162."""
    assert perfect_information(BENEFITS) == pytest.approx(unit_loss(1, 5**0.5), rel=0.01)
    assert partial_information(BENEFITS, P1) == pytest.approx(unit_loss(1, 1), rel=0.01)
    assert partial_information(BENEFITS, P2) == pytest.approx(unit_loss(1, 2), rel=0.01)
    both = np.column_stack([P1, P2])
    assert partial_information(BENEFITS, both) == pytest.approx(unit_loss(1, 5**0.5), rel=0.01)


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_value_of_a_normal_sample_to_one_percent(n):
    observed = P1 + NORMAL[:, 2] / n**0.5
    exact = unit_loss(1, (n / (n + 1)) ** 0.5)
    assert partial_information(BENEFITS, observed) == pytest.approx(exact, rel=0.01)


def test_example_of_voi():
    """The package overview of R's voi 1.0 prints these for the same example.

    Its sample has 10,000 random draws, so that its figures differ by chance: the exact EVPI,
    which it prints too, from its estimate by 0.8%, the EVPPI of p1 from the closed form by
    1.5%. https://github.com/chjackson/voi, vignette voi.Rmd, 2023-08-26.
    """
    assert perfect_information(BENEFITS) == pytest.approx(0.4798107, rel=0.001)
    assert partial_information(BENEFITS, P1) == pytest.approx(0.08210074, rel=0.02)
    assert partial_information(BENEFITS, P2) == pytest.approx(0.39029827, rel=0.02)
    for n, printed in ((10, 0.07440250), (100, 0.08106261), (1000, 0.08189925)):
        observed = P1 + NORMAL[:, 2] / n**0.5
        assert partial_information(BENEFITS, observed) == pytest.approx(printed, rel=0.04)


def test_nested_monte_carlo_within_its_error():
    """A product of two unknowns, which no regression line fits; the outer loop's error."""
    rng = np.random.default_rng(4)
    outer, inner = 4000, 400
    x = rng.normal(0.3, 1, size=(outer, 1))
    y = rng.normal(0.2, 1, size=(outer, inner))
    given_x = np.maximum(0.0, (x * (1 + y) + 0.5 * y).mean(axis=1))
    # The mean of so many inner draws is above the maximum by little: the same from halves.
    halves = np.maximum(0.0, (x * (1 + y) + 0.5 * y).reshape(outer, 2, -1).mean(axis=2)).mean()
    nested = 2 * given_x.mean() - halves - 0.36
    error = given_x.std() / outer**0.5
    x, y = 0.3 + NORMAL[:, 0], 0.2 + NORMAL[:, 1]
    benefits = np.column_stack([np.zeros(4096), x * (1 + y) + 0.5 * y])
    # E[x (1 + y) + y / 2] = 0.3 * 1.2 + 0.1.
    assert partial_information(benefits, x) == pytest.approx(nested - 0.1, abs=3 * error)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), strategies=st.integers(1, 4))
def test_never_below_nothing_nor_above_everything(seed, strategies):
    rng = np.random.default_rng(seed)
    unknown = rng.normal(size=(256, 3))
    benefits = unknown @ rng.normal(size=(3, strategies)) + rng.normal(size=strategies)
    part = partial_information(benefits, unknown[:, :2])
    assert 0 <= part <= perfect_information(benefits)
    assert (perfect_information(benefits) == 0) or strategies > 1


def test_nothing_to_know_where_one_strategy_is_always_best():
    benefits = np.column_stack([NORMAL[:, 0] + 1, NORMAL[:, 0]])
    assert perfect_information(benefits) == 0
    assert partial_information(benefits, NORMAL[:, 0]) == 0
    assert wrong(benefits, 0) == 0
    assert wrong(benefits, 1) == 1


def test_what_is_constant_or_repeated_says_nothing_more():
    once = conditional_benefits(BENEFITS, P1)
    twice = conditional_benefits(BENEFITS, np.column_stack([P1, np.ones(4096)]))
    assert np.allclose(once, twice)
    constant = conditional_benefits(BENEFITS, np.ones(4096))
    assert np.allclose(constant, BENEFITS.mean(axis=0))


def test_order_of_strategies_and_a_common_gain_change_nothing():
    shifted = BENEFITS[:, ::-1] + NORMAL[:, 2:]
    assert perfect_information(shifted) == pytest.approx(perfect_information(BENEFITS), abs=1e-12)
