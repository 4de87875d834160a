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
from backpain_stats.decide.wording import answer

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
    # A coin may be a little better than nothing, or the reverse: its tables cannot tell.
    assert row["statement"].startswith("Open whether the flag decides at some pre-test")
    assert "nobody below 10%" in row["statement"]
    assert 0 < row["probability_of_range"] < 0.6


def test_statement_follows_the_numbers():
    answer = thresholds(DEYO, benefit=99, harm=1, pretest=0.003).iloc[0]
    assert answer["changes_at_pretest"]
    assert answer["probability_at_pretest"] > 0.99
    rare = thresholds(DEYO, benefit=99, harm=1, pretest=0.0001).iloc[0]
    assert "imaging for nobody, flag or no flag" in rare["statement"]
    common = thresholds(DEYO, benefit=99, harm=1, pretest=0.2).iloc[0]
    assert "imaging for everybody, flag or no flag" in common["statement"]
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


def test_an_inverse_flag_decides_by_its_absence():
    """Mirrored by hand: the absence of the flag is a test of its own."""
    inverse = pd.DataFrame({"flag": ["leg_pain"], "tp": [6], "fp": [220], "fn": [19], "tn": [89]})
    absence = pd.DataFrame(
        {"flag": ["no_leg_pain"], "tp": [19], "fp": [89], "fn": [6], "tn": [220]}
    )
    row = thresholds(inverse, benefit=20, harm=1, pretest=0.075).iloc[0]
    mirrored = thresholds(absence, benefit=20, harm=1, pretest=0.075).iloc[0]
    assert (row["acts_if"], mirrored["acts_if"]) == ("absent", "present")
    ends = ["testing_threshold", "test_action_threshold"]
    assert row[ends].to_list() == pytest.approx(mirrored[ends].to_list(), rel=1e-12)
    assert "imaging if absent, none if present" in row["statement"]
    assert "At no pre-test probability" not in row["statement"]


@pytest.mark.parametrize(
    ("chance", "starts"),
    [
        (1.0, "it decides (chance above 99%)"),
        (0.95, "it decides"),
        (0.949, "probably it decides"),
        (0.80, "probably it decides"),
        (0.799, "open whether it decides"),
        (0.46, "open whether it decides (chance 46%)"),
        (0.20, "open whether it decides"),
        (0.199, "probably it does not"),
        (0.05, "probably it does not"),
        (0.049, "it does not"),
        (0.0, "it does not (chance that it decides below 1%)"),
    ],
)
def test_every_answer_follows_from_its_chance(chance, starts):
    assert answer(chance, "it decides", "it does not").startswith(starts)


def test_a_sentence_is_no_surer_than_its_chance():
    """Between the rounded ends, and all the same as open as a coin."""
    back_pain = pd.DataFrame(
        {"flag": ["back_pain"], "tp": [24], "fp": [260], "fn": [1], "tn": [49]}
    )
    row = thresholds(back_pain, benefit=20, harm=1, pretest=0.0425).iloc[0]
    assert 0.2 < row["probability_at_pretest"] < 0.8
    assert "open whether it decides" in row["statement"]


def test_no_table_is_certain_up_to_100_percent():
    none_missed = pd.DataFrame({"flag": ["rule"], "tp": [13], "fp": [785], "fn": [0], "tn": [1177]})
    row = thresholds(none_missed, benefit=99, harm=1).iloc[0]
    assert row["statement"].startswith("Above ")
    assert "100%" not in row["statement"]


def test_the_action_is_the_panels_word():
    row = thresholds(DEYO, benefit=99, harm=1, action="a blood test").iloc[0]
    assert "a blood test if present, none if absent" in row["statement"]
    assert "imag" not in row["statement"]
