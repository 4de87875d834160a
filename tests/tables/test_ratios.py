"""Likelihood and odds ratios, against R, a direct inversion and their own symmetries."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from backpain_stats.errors import ArgumentError
from backpain_stats.tables.ratios import (
    RATIO_MEASURES,
    RATIO_METHODS,
    corrected_cells,
    ratio_interval,
)

# R prints 15 digits; ratesci stops its bisection near 1e-7.
CLOSED_FORM, SCORE = 1e-8, 1e-6
TABLES = st.tuples(*[st.integers(0, 300)] * 4)
NAMES_IN_R = {"lr_positive": "LRpos", "lr_negative": "LRneg"}
Z = norm.ppf(0.975)


@pytest.mark.parametrize("measure", NAMES_IN_R)
def test_score_agrees_with_miettinen_nurminen_in_r_for_every_study(oracle, measure, r_numbers):
    rows = oracle.per_study["score_ratio"]
    expected = np.array([r_numbers(row[NAMES_IN_R[measure]]["MN"]) for row in rows])
    estimate, low, high = ratio_interval(*oracle.cells, measure=measure)
    # Zero and infinity must be met exactly, so both are compared without a floor.
    np.testing.assert_allclose(low, expected[:, 0], rtol=SCORE, atol=0)
    np.testing.assert_allclose(high, expected[:, 2], rtol=SCORE, atol=0)
    # Without non-cases R prints 1 or infinity for 0/0; here nothing is estimated.
    tp, fp, fn, tn = oracle.cells
    estimable = (tp + fn > 0) & (fp + tn > 0)
    assert np.isnan(estimate[~estimable]).all()
    np.testing.assert_allclose(estimate[estimable], expected[estimable, 1], rtol=SCORE, atol=0)


def test_log_agrees_with_mada(mada_oracle):
    expected = mada_oracle.per_study["wilson_and_log_ratio_add_half_to_zero_studies"]
    for measure, name in (
        ("lr_positive", "posLR"),
        ("lr_negative", "negLR"),
        ("odds_ratio", "DOR"),
    ):
        ours = ratio_interval(
            *mada_oracle.cells, measure=measure, method="log", correction="zero_cells"
        )
        for values, key in zip(ours, ("est", "lower", "upper"), strict=True):
            np.testing.assert_allclose(values, expected[name][key], rtol=CLOSED_FORM)


@pytest.mark.parametrize(
    ("measure", "name"),
    [("lr_positive", "lr.pos"), ("lr_negative", "lr.neg"), ("odds_ratio", "diag.or")],
)
def test_log_without_correction_agrees_with_epir(oracle, measure, name, r_numbers):
    expected = np.array([r_numbers(study[name]) for study in oracle.per_study["epiR_exact"]])
    ours = np.column_stack(ratio_interval(*oracle.cells, measure=measure, method="log"))
    finite = np.isfinite(expected).all(axis=1) & (expected[:, 0] > 0)
    np.testing.assert_allclose(ours[finite], expected[finite], rtol=CLOSED_FORM)
    # Where R's standard error is infinite its ends are NaN; the limit is 0 to infinity.
    assert (ours[~finite, 1] == 0).all()
    assert np.isinf(ours[~finite, 2]).all()


def textbook_score_ratio(theta, x1, n1, x2, n2):
    """Score statistic of a ratio as Miettinen and Nurminen write it."""
    n = n1 + n2
    a, b, c = n * theta, n1 * theta + x1 + n2 + x2 * theta, x1 + x2
    p2 = (b - np.sqrt(b * b - 4 * a * c)) / (2 * a)
    p1 = theta * p2
    variance = (p1 * (1 - p1) / n1 + theta**2 * p2 * (1 - p2) / n2) * n / (n - 1)
    return (x1 / n1 - theta * x2 / n2) / np.sqrt(variance)


def textbook_score_odds_ratio(psi, x1, n1, x2, n2):
    """Score statistic of an odds ratio; the restricted estimate is sought numerically."""

    def odds_of_second(p2):
        p1 = psi * p2 / (1 - p2 + psi * p2)
        return n1 * p1 + n2 * p2 - x1 - x2

    p2 = brentq(odds_of_second, 0, 1, xtol=1e-16, rtol=1e-14)
    p1 = psi * p2 / (1 - p2 + psi * p2)
    n = n1 + n2
    v1, v2 = n1 * p1 * (1 - p1), n2 * p2 * (1 - p2)
    return (x1 - n1 * p1) * np.sqrt((1 / v1 + 1 / v2) * (n - 1) / n)


@pytest.mark.parametrize("measure", RATIO_MEASURES)
def test_the_textbook_score_statistic_is_critical_at_the_ends(measure):
    generator = np.random.default_rng(1)
    tables = generator.integers(0, 60, (300, 4))
    tables[:100] = tables[:100] % 4
    checked = 0
    for tp, fp, fn, tn in tables.tolist():
        if tp + fn == 0 or fp + tn == 0:
            continue
        _, low, high = ratio_interval(tp, fp, fn, tn, measure)
        x1, x2 = (fn, tn) if measure == "lr_negative" else (tp, fp)
        statistic = textbook_score_odds_ratio if measure == "odds_ratio" else textbook_score_ratio
        for end, sign in ((low, 1), (high, -1)):
            if 0 < end < np.inf:
                value = statistic(float(end), x1, tp + fn, x2, fp + tn)
                # The textbook formulas lose digits to cancellation; 1e-6 is theirs.
                assert value == pytest.approx(sign * Z, rel=1e-6)
                checked += 1
    assert checked > 400


def test_score_odds_ratio_agrees_with_statsmodels_where_all_cells_are_positive():
    from statsmodels.stats.proportion import confint_proportions_2indep

    for tp, fp, fn, tn in [(4, 41, 9, 1921), (18, 125, 7, 184), (12, 5, 3, 44), (1, 3, 4, 2)]:
        expected = confint_proportions_2indep(
            tp, tp + fn, fp, fp + tn, compare="odds-ratio", method="score", correction=True
        )
        _, low, high = ratio_interval(tp, fp, fn, tn, "odds_ratio")
        # statsmodels' root search stops near 1e-11.
        np.testing.assert_allclose([low, high], expected, rtol=1e-9)


def test_the_case_that_statsmodels_gets_wrong():
    _, low, high = ratio_interval(22, 152, 0, 140)
    np.testing.assert_allclose([low, high], [1.61912781613751, 2.15860312227714], rtol=1e-9)


@pytest.mark.parametrize("measure", RATIO_MEASURES)
@pytest.mark.parametrize("method", RATIO_METHODS)
def test_zeros_and_huge_counts_in_every_position(measure, method):
    cells = np.array(list(itertools.product([0, 1, 10**12], repeat=4))).T
    estimate, low, high = ratio_interval(*cells, measure, method)
    empty = (cells[0] + cells[2] == 0) | (cells[1] + cells[3] == 0)
    assert np.isnan(estimate[empty]).all()
    assert not np.isnan(low).any()
    assert not np.isnan(high).any()
    known = ~np.isnan(estimate)
    assert (low[known] <= estimate[known]).all()
    assert (estimate[known] <= high[known]).all()
    assert (low[~known] == 0).all()
    assert np.isinf(high[~known]).all()


def test_zero_and_infinity_have_one_sided_score_intervals():
    estimate, low, high = ratio_interval(0, 41, 13, 1921)
    assert (estimate, low) == (0, 0)
    assert 0 < high < np.inf
    estimate, low, high = ratio_interval(4, 0, 9, 1962)
    assert np.isinf(estimate)
    assert np.isinf(high)
    assert low > 1


def test_corrections():
    assert corrected_cells(tuple(np.array([1.0]) for _ in range(4)), "zero_cells")[0] == 1.0
    table = (7, 13, 0, 462)
    none = ratio_interval(*table, method="log")
    zero_cells = ratio_interval(*table, method="log", correction="zero_cells")
    everywhere = ratio_interval(*table, method="log", correction="all")
    np.testing.assert_array_equal(zero_cells, everywhere)
    assert zero_cells[0] != none[0]
    # A correction cannot stand in for patients who are not there.
    assert np.isnan(ratio_interval(0, 13, 0, 462, correction="all")[0])
    without_zero = (7, 13, 1, 462)
    np.testing.assert_array_equal(
        ratio_interval(*without_zero, method="log"),
        ratio_interval(*without_zero, method="log", correction="zero_cells"),
    )


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(RATIO_MEASURES), st.sampled_from(RATIO_METHODS))
def test_swapping_the_groups_inverts_the_ratios(table, measure, method):
    tp, fp, fn, tn = table
    estimate, low, high = ratio_interval(tp, fp, fn, tn, measure, method)
    other, other_low, other_high = ratio_interval(fp, tp, tn, fn, measure, method)
    # With groups of one size the posterior is integrated the other way round; its
    # quadrature is good to about 1e-8.
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(1 / other, estimate, rtol=1e-7)
        np.testing.assert_allclose(1 / other_high, low, rtol=1e-7)
        np.testing.assert_allclose(1 / other_low, high, rtol=1e-7)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from(RATIO_METHODS))
def test_swapping_the_results_swaps_the_likelihood_ratios(table, method):
    tp, fp, fn, tn = table
    positive = ratio_interval(tp, fp, fn, tn, "lr_positive", method)
    negative = ratio_interval(fn, tn, tp, fp, "lr_negative", method)
    np.testing.assert_array_equal(positive, negative)


@settings(max_examples=60, deadline=None)
@given(
    TABLES,
    st.sampled_from(RATIO_MEASURES),
    st.sampled_from(RATIO_METHODS),
    st.sampled_from([0.5, 0.9, 0.949, 0.999]),
)
def test_intervals_contain_the_estimate_and_nest_in_the_level(table, measure, method, level):
    estimate, low, high = ratio_interval(*table, measure, method, level=level)
    _, wider_low, wider_high = ratio_interval(*table, measure, method, level=level + 0.0005)
    # Ends are found to about 1e-9 (posterior) or 1e-13 (score, log).
    assert wider_low <= low * (1 + 1e-8)
    assert high <= wider_high * (1 + 1e-8)
    if not np.isnan(estimate):
        assert low <= estimate * (1 + 1e-12)
        assert estimate <= high * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_the_score_intervals_exclude_one_together(table):
    # All three score intervals invert tests that coincide at a ratio of 1.
    tp, fp, fn, tn = table
    if tp + fn == 0 or fp + tn == 0 or tp + fp == 0 or fn + tn == 0:
        return
    sides = []
    for measure in RATIO_MEASURES:
        _, low, high = ratio_interval(*table, measure)
        if np.isclose([low, high], 1, rtol=1e-9).any():
            return
        sides.append(int(low > 1) - int(high < 1))
    positive, negative, odds = sides
    assert positive == -negative == odds


def test_row_order_and_shape_do_not_matter():
    cells = np.random.default_rng(2).integers(0, 50, (4, 30))
    for method in RATIO_METHODS:
        straight = ratio_interval(*cells, method=method)
        turned = ratio_interval(*cells[:, ::-1], method=method)
        square = ratio_interval(*cells.reshape(4, 5, 6), method=method)
        for one, two, three in zip(straight, turned, square, strict=True):
            np.testing.assert_array_equal(one, two[::-1])
            np.testing.assert_array_equal(one, three.ravel())
            assert three.shape == (5, 6)
        assert ratio_interval([], [], [], [], method=method)[0].shape == (0,)
    assert ratio_interval(4, np.array([41, 42]), 9, 1921)[0].shape == (2,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tp": -1}, "tp is -1"),
        ({"fn": np.nan}, "fn is nan"),
        ({"tn": np.inf}, "tn is inf"),
        ({"measure": "lr"}, "allowed: 'lr_positive'"),
        ({"method": "katz"}, "allowed: 'score', 'log', 'bayes'"),
        ({"correction": 0.5}, "allowed: 'none', 'zero_cells', 'all'"),
        ({"level": 95}, "95% is written 0.95"),
        ({"method": "bayes", "correction": "all"}, "use correction='none'"),
    ],
)
def test_bad_input_gets_one_clear_message(arguments, message):
    table = {"tp": 4, "fp": 41, "fn": 9, "tn": 1921}
    with pytest.raises(ArgumentError, match=message):
        ratio_interval(**{**table, **arguments})
