"""Bayes' rule in odds form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backpain_stats as bp
from backpain_stats.errors import ArgumentError, PretestError
from backpain_stats.tables import odds_from_probability, probability_from_odds

PROBABILITIES = st.floats(1e-300, 1 - 1e-16, exclude_max=True)


@settings(max_examples=200)
@given(PROBABILITIES)
def test_a_ratio_of_one_changes_nothing(pretest):
    assert bp.posttest_probability(pretest, 1) == pretest


@settings(max_examples=200)
@given(PROBABILITIES, st.floats(0, 1e200))
def test_every_digit_is_right(pretest, lr):
    p, ratio = Fraction(pretest), Fraction(lr)
    exact = p * ratio / (p * ratio + 1 - p)
    # A few roundings of a double; the smallest doubles have fewer digits.
    assert float(bp.posttest_probability(pretest, lr)) == pytest.approx(
        float(exact), rel=1e-15, abs=1e-307
    )


def test_zero_and_infinity_are_exact():
    np.testing.assert_array_equal(bp.posttest_probability(0.01, [0, np.inf]), [0, 1])
    assert bp.posttest_probability(1e-300, np.inf) == 1
    assert np.isnan(bp.posttest_probability(0.5, np.nan))


def test_arrays_broadcast_and_scalars_stay_scalars():
    assert bp.posttest_probability(np.full((3, 1), 0.1), np.ones(4)).shape == (3, 4)
    assert isinstance(bp.posttest_probability(0.1, 2), float)


def test_a_published_pair():
    # 10% before and a likelihood ratio of 9: odds 1/9 become 1.
    assert bp.posttest_probability(0.1, 9) == pytest.approx(0.5, rel=1e-15)


@settings(max_examples=200)
@given(st.floats(0, 1))
def test_odds_and_probabilities_go_round(probability):
    back = probability_from_odds(odds_from_probability(probability))
    assert float(back) == pytest.approx(probability, rel=4e-16)


@settings(max_examples=100)
@given(PROBABILITIES, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_two_results_multiply(pretest, first, second):
    one_by_one = bp.posttest_probability(pretest, first * second)
    between = bp.posttest_probability(pretest, first)
    if 0 < between < 1:
        # Near certainty the probability between has lost digits of its complement.
        assert float(bp.posttest_probability(between, second)) == pytest.approx(
            float(one_by_one), rel=1e-12, abs=1e-12
        )


@pytest.mark.parametrize("pretest", [0, 1, -0.1, 5, np.nan, "often", [0.1, 0.0]])
def test_a_pretest_must_be_a_probability(pretest):
    with pytest.raises(PretestError):
        bp.posttest_probability(pretest, 2)


@pytest.mark.parametrize("lr", [-1, [2, -0.5], "large"])
def test_a_ratio_must_not_be_negative(lr):
    with pytest.raises(ArgumentError, match="likelihood ratio"):
        bp.posttest_probability(0.1, lr)


def test_helpers_refuse_what_is_not_theirs():
    with pytest.raises(ArgumentError, match="from 0 to 1"):
        odds_from_probability(1.2)
    with pytest.raises(ArgumentError, match="0 or more"):
        probability_from_odds([1, -2])
