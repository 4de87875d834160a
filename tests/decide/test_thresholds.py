"""Testing and test-treatment thresholds.

No worked example of Pauker & Kassirer could be read, so the formulas are held
against their definition: at each threshold two strategies have the same
expected utility, found here by solving for it.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from backpain_stats import ArgumentError, PretestError, thresholds
from backpain_stats.decide.curves import net_benefit
from backpain_stats.decide.thresholds import action_threshold, decision_thresholds

DEYO = pd.DataFrame({"flag": ["cancer_history"], "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})

inside = st.floats(0.01, 0.99)
values = st.floats(0.01, 100)


def utilities(p, s, c, *values):
    """Expected utility of acting on nobody, on the flagged, on everybody (Pauker & Kassirer)."""
    benefit, harm, test_harm = values
    nobody = 0.0
    flagged = p * s * benefit - (1 - p) * (1 - c) * harm - test_harm
    everybody = p * benefit - (1 - p) * harm
    return nobody, flagged, everybody


@settings(max_examples=200, deadline=None)
@given(inside, inside, values, values, st.floats(0, 0.001))
def test_strategies_are_equal_at_each_threshold(s, c, benefit, harm, test_harm):
    low, high = decision_thresholds(s, c, benefit=benefit, harm=harm, test_harm=test_harm)
    scale = benefit + harm
    nobody, flagged, _ = utilities(low, s, c, benefit, harm, test_harm)
    # Sums of a few products of that scale: rounding error only.
    assert flagged == pytest.approx(nobody, abs=1e-12 * scale)
    _, flagged, everybody = utilities(high, s, c, benefit, harm, test_harm)
    assert flagged == pytest.approx(everybody, abs=1e-12 * scale)


@settings(max_examples=100, deadline=None)
@given(inside, inside, st.tuples(values, values), st.floats(0, 0.5), inside)
def test_between_the_thresholds_and_only_there_the_flag_is_best(s, c, sizes, cost, p):
    benefit, harm = sizes
    test_harm = cost * min(benefit, harm)
    low, high = decision_thresholds(s, c, benefit=benefit, harm=harm, test_harm=test_harm)
    assume(min(abs(p - low), abs(p - high)) > 1e-6)
    nobody, flagged, everybody = utilities(p, s, c, benefit, harm, test_harm)
    assert (low < p < high) == (flagged > max(nobody, everybody))


def test_thresholds_solve_the_indifference_numerically():
    s, c, benefit, harm, cost = 0.31, 0.979, 99, 1, 0.01
    low, high = decision_thresholds(s, c, benefit=benefit, harm=harm, test_harm=cost)

    def gain(p, other):
        return (
            utilities(p, s, c, benefit, harm, cost)[1]
            - utilities(p, s, c, benefit, harm, cost)[other]
        )

    # brentq is asked for 1e-14; the two agree to that.
    assert low == pytest.approx(brentq(gain, 1e-9, 0.5, args=(0,), xtol=1e-14), rel=1e-9)
    assert high == pytest.approx(brentq(gain, 0.001, 0.5, args=(2,), xtol=1e-14), rel=1e-9)


@given(inside, inside, inside)
def test_without_harm_of_testing_the_thresholds_are_the_ratios_odds(s, c, act):
    low, high = decision_thresholds(s, c, benefit=1 - act, harm=act)
    odds = act / (1 - act)
    assert low / (1 - low) == pytest.approx(odds / (s / (1 - c)), rel=1e-9)
    assert high / (1 - high) == pytest.approx(odds / ((1 - s) / c), rel=1e-9)


@given(inside, inside, inside)
def test_thresholds_and_net_benefit_tell_the_same_story(s, c, act):
    low, high = decision_thresholds(s, c, benefit=1 - act, harm=act)
    # At the testing threshold the decision curve of the flag crosses zero, and at the
    # test-treatment threshold that of imaging all.
    assert net_benefit(s, c, low, act) == pytest.approx(0, abs=1e-12)
    assert net_benefit(s, c, high, act) == pytest.approx(
        float(net_benefit(1, 0, high, act)), abs=1e-12 / (1 - act)
    )


def test_useless_flag_has_no_range_and_says_so():
    useless = pd.DataFrame({"flag": ["coin"], "tp": [5], "fp": [50], "fn": [5], "tn": [50]})
    row = thresholds(useless, benefit=9, harm=1, test_harm=0.01, pretest=0.1).iloc[0]
    assert not row["changes_decision"]
    assert not row["changes_at_pretest"]
    assert row["testing_threshold"] >= row["test_action_threshold"]
    assert "At no pre-test probability" in row["statement"]
    assert 0 < row["probability_of_range"] < 0.6


def test_statement_follows_the_numbers():
    answer = thresholds(DEYO, benefit=99, harm=1, pretest=0.003).iloc[0]
    assert answer["changes_at_pretest"]
    assert answer["probability_at_pretest"] > 0.99
    rare = thresholds(DEYO, benefit=99, harm=1, pretest=0.0001).iloc[0]
    assert "nobody is imaged" in rare["statement"]
    common = thresholds(DEYO, benefit=99, harm=1, pretest=0.2).iloc[0]
    assert "everybody is imaged" in common["statement"]
    assert common["probability_at_pretest"] == 0


def test_intervals_hold_the_estimate_and_carry_the_accuracy():
    row = thresholds(DEYO, benefit=99, harm=1).iloc[0]
    for name in ("testing_threshold", "test_action_threshold"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    rng = np.random.default_rng(3)
    s, c = rng.beta(4.5, 9.5, 200_000), rng.beta(1921.5, 41.5, 200_000)
    low, _ = decision_thresholds(s, c, benefit=99, harm=1)
    # 200,000 plain draws fix a 2.5% quantile to about 1%.
    assert row["testing_threshold_low"] == pytest.approx(np.quantile(low, 0.025), rel=0.02)
    assert row["testing_threshold_high"] == pytest.approx(np.quantile(low, 0.975), rel=0.02)


def test_only_the_ratio_of_the_values_matters():
    one = thresholds(DEYO, benefit=99, harm=1, test_harm=0.1).iloc[0]
    other = thresholds(DEYO, benefit=990, harm=10, test_harm=1).iloc[0]
    assert one["testing_threshold"] == pytest.approx(other["testing_threshold"], rel=1e-12)
    assert action_threshold(benefit=99, harm=1) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"harm": -1}, ArgumentError, "harm is -1; it must be a number above 0"),
        ({"harm": 0}, ArgumentError, "above 0"),
        ({"benefit": 0}, ArgumentError, "benefit is 0"),
        ({"benefit": "much"}, ArgumentError, "benefit is 'much'"),
        ({"test_harm": -0.1}, ArgumentError, "0 or more"),
        ({"benefit": float("inf")}, ArgumentError, "benefit is inf"),
        ({"pretest": 0}, PretestError, "strictly between"),
    ],
)
def test_bad_values_give_one_clear_message(change, error, match):
    with pytest.raises(error, match=match):
        thresholds(DEYO, **({"benefit": 99, "harm": 1} | change))
