"""Shrunken dependence by hand, within bounds, and where the truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtri

from backpain_stats import ArgumentError, Bounds, Independent, OneFactor, RiskModel, Shrunken
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.effective_number import effective_number
from backpain_stats.combine.dependence.patterns import all_patterns

probabilities = st.floats(0.01, 0.99)
# Beyond the shipped spread: four SDs on either side of the mean stay inside.
exponents = st.floats(-0.5, 1.2)


@st.composite
def situations(draw, least=1, most=6):
    count = draw(st.integers(least, most))
    cases, noncases = (
        draw(st.lists(probabilities, min_size=count, max_size=count)) for _ in range(2)
    )
    pattern = draw(st.lists(st.sampled_from([1, 0, -1]), min_size=count, max_size=count))
    return np.array(cases), np.array(noncases), np.array(pattern)


def log_ratio(cases, noncases, pattern, exponent, **options):
    marginals = Marginals(cases, noncases, **options)
    return float(Shrunken(exponent).log_ratios(marginals, [pattern])[0, 0])


def test_four_equal_findings_count_as_four_to_the_power():
    # Present and absent alike: ratios of 2, 2, 2 and (1 - 0.6) / (1 - 0.2) = 1/2.
    found = log_ratio([0.4, 0.4, 0.4], [0.2, 0.2, 0.2], [1, 1, 1], 0.3)
    assert found == pytest.approx(3**0.7 * np.log(2), rel=1e-12)
    found = log_ratio([0.4] * 4, [0.2] * 4, [1] * 4, 0.3)
    assert found / np.log(2) == pytest.approx(2.639, abs=5e-4)  # 4^0.7, by calculator
    mixed = log_ratio([0.4, 0.4, 0.4, 0.6], [0.2] * 4, [1, 1, 1, 0], 0.3)
    assert mixed == pytest.approx(2 * np.log(2) * 4**-0.3, rel=1e-12)


def test_one_strong_finding_among_five_weak_ones_counts_as_about_one():
    cases, noncases = [0.6, *[0.52] * 5], [0.02, *[0.5] * 5]
    alone = log_ratio(cases[:1], noncases[:1], [1], 0.3)
    # By hand: l = ln 30 = 3.4012 and five times ln 1.04 = 0.03922; sum 3.5973,
    # k_eff = 3.5973^2 / (3.4012^2 + 5 * 0.03922^2) = 12.9406 / 11.5759 = 1.11789.
    assert float(effective_number(np.log([30, *[1.04] * 5]))) == pytest.approx(1.11789, abs=1e-4)
    together = log_ratio(cases, noncases, [1] * 6, 0.3)
    assert together == pytest.approx(3.5973 * 1.11789**-0.3, abs=1e-3)
    # Six questions asked, but the strong finding keeps all its evidence to 3%.
    assert together == pytest.approx(alone, rel=0.03)
    assert 0.65 * alone > 3.5973 * 6**-0.3


def test_one_finding_is_its_own_ratio_whatever_the_exponent():
    marginals = Marginals([0.31, 0.77], [0.02, 0.29])
    patterns = [[1, -1], [0, -1], [-1, 1], [-1, -1]]
    expected = Independent().log_ratios(marginals, patterns)
    for exponent in (-1.0, 0.0, 0.3, 2.0):
        # Logarithm of a quotient or difference of logarithms: rounding only.
        found = Shrunken(exponent).log_ratios(marginals, patterns)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@given(situations(), exponents)
@settings(max_examples=200, deadline=None)
def test_stays_within_the_sharp_bounds(situation, exponent):
    cases, noncases, pattern = situation
    marginals = Marginals(cases, noncases)
    risk, _ = Shrunken(exponent).risk_range(marginals, [pattern], 0.1)
    low, high = Bounds().risk_range(marginals, [pattern], 0.1)
    # Rounding of sums of probabilities, as in the bounds themselves.
    assert low[0, 0] - 1e-12 <= risk[0, 0] <= high[0, 0] + 1e-12


def test_the_bounds_do_bind():
    # Every case has the first finding; the second is in all non-cases and 90% of cases. The
    # first is then enough: with both, the ratio cannot be below 0.9 / 0.01.
    cases, noncases = [1.0, 0.9], [0.01, 1.0]
    assert np.exp(log_ratio(cases, noncases, [1, 1], 0.5)) == pytest.approx(90, rel=1e-12)


@given(situations(least=2), exponents, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_findings_does_not_matter(situation, exponent, random):
    cases, noncases, pattern = situation
    order = list(range(len(pattern)))
    random.shuffle(order)
    first = log_ratio(cases, noncases, pattern, exponent)
    # Sums in another order: rounding only.
    assert log_ratio(cases[order], noncases[order], pattern[order], exponent) == pytest.approx(
        first, rel=1e-12, abs=1e-12
    )


@given(situations(), probabilities, st.sampled_from([0, 1]), st.floats(0, 0.5))
@settings(max_examples=200, deadline=None)
def test_a_finding_that_says_nothing_changes_nothing(situation, frequency, state, exponent):
    cases, noncases, pattern = situation
    before = log_ratio(cases, noncases, pattern, exponent)
    free = Independent().log_ratios(Marginals(cases, noncases), [pattern])[0, 0]
    ratios = np.where(pattern == 1, cases / noncases, (1 - cases) / (1 - noncases))
    number = effective_number(np.log(ratios[pattern >= 0]))
    # Where a bound binds, a finding that says nothing loosens it.
    assume(abs(before - free * number**-exponent) < 1e-9)
    after = log_ratio(
        np.append(cases, frequency), np.append(noncases, frequency), [*pattern, state], exponent
    )
    assert after == pytest.approx(before, rel=1e-9, abs=1e-9)


@given(situations(least=2), exponents)
@settings(max_examples=100, deadline=None)
def test_swapping_the_groups_inverts_the_ratio(situation, exponent):
    cases, noncases, pattern = situation
    forward = log_ratio(cases, noncases, pattern, exponent)
    assert log_ratio(noncases, cases, pattern, exponent) == pytest.approx(-forward, abs=1e-9)


def test_an_exponent_of_zero_multiplies():
    rng = np.random.default_rng(1)
    marginals = Marginals(rng.random((3, 5)), rng.random((3, 5)))
    patterns = rng.integers(-1, 2, (20, 5))
    # Independence always lies within the bounds; what is left is rounding.
    np.testing.assert_allclose(
        Shrunken(0.0).log_ratios(marginals, patterns),
        Independent().log_ratios(marginals, patterns),
        rtol=1e-12,
        atol=1e-12,
    )


def test_thresholds_of_one_quantity_enter_once():
    # Flags 1, 2 and 3 are one quantity; the patient lies between the first and the second.
    marginals = Marginals([0.4, 0.9, 0.6, 0.2], [0.2, 0.7, 0.2, 0.1], nested=[(1, 2, 3)])
    found = Shrunken(0.3).log_ratios(marginals, [[1, 1, 0, 0], [1, 1, 0, -1], [1, 0, 1, -1]])
    each = np.log([0.4 / 0.2, (0.9 - 0.6) / (0.7 - 0.2)])
    expected = each.sum() * (np.abs(each).sum() ** 2 / (each**2).sum()) ** -0.3
    np.testing.assert_allclose(found[0, :2], expected, rtol=1e-12)
    assert np.isnan(found[0, 2])  # below the first and above the second: impossible


def test_certain_findings_decide_alone_and_contradictions_have_no_ratio():
    marginals = Marginals([0.0, 0.3, 0.5], [0.2, 0.0, 0.5])
    found = Shrunken().log_ratios(marginals, [[1, -1, 1], [-1, 1, 0], [1, 1, 1], [0, 0, 1]])
    assert found[0, 0] == -np.inf
    assert found[0, 1] == np.inf
    assert np.isnan(found[0, 2])
    assert np.isfinite(found[0, 3])
    assert np.isfinite(Shrunken().log_ratios(marginals, [[-1, -1, -1]])).all()


def test_draws_of_the_exponent_follow_its_distribution():
    uniform = np.linspace(0.0005, 0.9995, 1000)[:, None].repeat(2, axis=1)
    drawn = Shrunken(0.3, 0.1).drawn(uniform)
    np.testing.assert_allclose(drawn.exponent, 0.3 + 0.1 * ndtri(uniform[:, 0]))
    fixed = Shrunken(0.3, 0.0)
    assert fixed.drawn(uniform) is fixed
    marginals = Marginals([0.4] * 3, [0.2] * 3)
    many = drawn.log_ratios(marginals, [[1, 1, 1], [1, 0, -1]])
    assert many.shape == (1000, 2)
    for place in (0, 500, 999):
        single = Shrunken(float(drawn.exponent[place]), 0.0)
        np.testing.assert_array_equal(
            many[place], single.log_ratios(marginals, [[1, 1, 1], [1, 0, -1]])[0]
        )


def test_many_patterns_in_blocks_equal_patterns_one_by_one(monkeypatch):
    rng = np.random.default_rng(2)
    marginals = Marginals(rng.random((4, 5)), rng.random((4, 5)))
    patterns = all_patterns(marginals.findings)
    whole = Shrunken().log_ratios(marginals, patterns)
    monkeypatch.setattr("backpain_stats.combine.dependence.shrunken.BLOCK", 60)
    np.testing.assert_array_equal(Shrunken().log_ratios(marginals, patterns), whole)


@pytest.mark.parametrize(
    "options",
    [
        {"exponent": "much"},
        {"exponent": np.nan},
        {"exponent": [[0.1]]},
        {"spread": -0.1},
        {"spread": None},
        {"spread": np.inf},
    ],
)
def test_refuses_what_is_no_exponent_or_spread(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        Shrunken(**options)


def test_refuses_exponents_that_do_not_match_the_draws():
    with pytest.raises(ArgumentError, match="2 exponents for 3 draws"):
        Shrunken(np.array([0.1, 0.2])).log_ratios(Marginals([[0.4]] * 3, [[0.2]] * 3), [[1]])


FRAME = pd.DataFrame(
    {
        "flag": ["a", "b", "c"],
        "tp": [30, 25, 20],
        "fp": [80, 100, 60],
        "fn": [20, 25, 30],
        "tn": [420, 400, 440],
    }
)


def test_the_risk_model_draws_the_exponent():
    options = {"pretest": 0.05, "draws": 1024, "effects": "common"}
    model = RiskModel.from_frame(FRAME, dependence=Shrunken(0.3, 0.2), **options)
    narrow = RiskModel.from_frame(FRAME, dependence=Shrunken(0.3, 0.0), **options)
    risk, sure = (one.risk(["a", "b", "c"]) for one in (model, narrow))
    # Medians with the exponent drawn and without.
    assert risk.lr.estimate == pytest.approx(sure.lr.estimate, rel=0.05)
    wide, small = (np.log(one.lr.ci_high / one.lr.ci_low) for one in (risk, sure))
    assert wide > 1.1 * small
    assert risk.width_shares["dependence"] > 0.1
    assert sure.width_shares["dependence"] == 0
    # One finding has no dependence.
    assert model.risk(["a"]).width_shares["dependence"] == pytest.approx(0, abs=1e-12)
    assert np.exp(risk.contributions["log_odds"].sum()) == pytest.approx(risk.lr.estimate)
    assert "k_eff" in risk.dependence


def test_the_risk_model_gives_all_patterns_with_ratios_only():
    profile = RiskModel.from_frame(FRAME, 0.05, dependence=Shrunken(0.3)).profile()
    assert "probability_cases" not in profile
    multiplied = RiskModel.from_frame(FRAME, 0.05, dependence=Independent()).profile()
    inside = np.abs(np.log(profile["lr"])) <= np.abs(np.log(multiplied["lr"])) + 1e-12
    assert inside.all()


def calibration_slope(log_odds, outcome_log_odds, weight):
    """Return the slope of the logistic regression of known risks on log odds."""
    shift, slope = 0.0, 1.0
    risk = expit(outcome_log_odds)
    for _ in range(50):
        fitted = expit(shift + slope * log_odds)
        design = np.stack([np.ones_like(log_odds), log_odds])
        information = (design * weight * fitted * (1 - fitted)) @ design.T
        step = np.linalg.solve(information, design @ (weight * (risk - fitted)))
        step /= max(1.0, np.abs(step).max())
        shift, slope = shift + step[0], slope + step[1]
    assert np.abs(step).max() < 1e-9
    return slope


@pytest.mark.parametrize("findings", [2, 4, 8])
def test_where_the_truth_is_known_shrinking_is_nearer_to_honest_than_multiplying(findings):
    # Dependent findings of many kinds: marginals known exactly, the population exact too (every
    # pattern weighed by its probability), so nothing but dependence moves the slope.
    rng = np.random.default_rng(findings)
    multiplied, shrunk = [], []
    for _ in range(20):
        marginals = Marginals(rng.uniform(0.2, 0.8, findings), rng.uniform(0.05, 0.5, findings))
        truth = OneFactor(0.3, 0.3).log_table(marginals)
        patterns = all_patterns(marginals.findings)
        prior = np.log(0.2 / 0.8)
        weight = 0.2 * np.exp(truth.cases[0]) + 0.8 * np.exp(truth.noncases[0])
        for model, slopes in ((Shrunken(0.3), shrunk), (Independent(), multiplied)):
            odds = prior + model.log_ratios(marginals, patterns)[0]
            slopes.append(calibration_slope(odds, prior + truth.log_ratio[0], weight))
    assert np.median(multiplied) < 0.95
    assert abs(np.log(np.median(shrunk))) < abs(np.log(np.median(multiplied)))
