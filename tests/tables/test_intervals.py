"""Intervals of a proportion, against R, statsmodels and their own definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, norm

from backpain_stats.errors import ArgumentError
from backpain_stats.tables import PROPORTION_METHODS, proportion_interval
from backpain_stats.tables.ratios import corrected_cells

# Closed forms and special functions agree with R's to its printed digits (15).
CLOSED_FORM = 1e-8
COUNTS = st.integers(0, 400)
HUGE = 10**12


def test_wilson_agrees_with_r(mada_oracle):
    expected = mada_oracle.per_study["wilson_and_log_ratio_add_half_to_zero_studies"]
    tp, fp, fn, tn = corrected_cells(tuple(mada_oracle.cells), "zero_cells")
    for name, x, n in (("sens", tp, tp + fn), ("spec", tn, fp + tn)):
        low, high = proportion_interval(x, n, "wilson")
        np.testing.assert_allclose(low, expected[name]["lower"], rtol=CLOSED_FORM)
        np.testing.assert_allclose(high, expected[name]["upper"], rtol=CLOSED_FORM)


def test_clopper_pearson_agrees_with_r(oracle, r_numbers):
    tp, fp, fn, tn = oracle.cells
    for key, x, n in (("se", tp, tp + fn), ("sp", tn, fp + tn), ("pv.pos", tp, tp + fp)):
        expected = np.array([r_numbers(study[key]) for study in oracle.per_study["epiR_exact"]])
        low, high = proportion_interval(x, n, "clopper_pearson")
        np.testing.assert_allclose(low, expected[:, 1], rtol=CLOSED_FORM)
        np.testing.assert_allclose(high, expected[:, 2], rtol=CLOSED_FORM)


@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        ("wilson", "wilson"),
        ("clopper_pearson", "beta"),
        ("agresti_coull", "agresti_coull"),
        ("jeffreys", "jeffreys"),
        ("wald", "normal"),
    ],
)
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_methods_agree_with_statsmodels_inside(method, theirs, level):
    from statsmodels.stats.proportion import proportion_confint

    # At 0 and n the conventions differ (ours are 0 and 1 exactly for Jeffreys);
    # near them statsmodels cuts its Wald interval and we do not.
    x, n = np.array([[10, 31, 50, 90]]), np.array([[100], [150]])
    low, high = proportion_interval(x, n, method, level)
    expected = proportion_confint(*np.broadcast_arrays(x, n), alpha=1 - level, method=theirs)
    np.testing.assert_allclose(low, expected[0], rtol=1e-10)
    np.testing.assert_allclose(high, expected[1], rtol=1e-10)


def test_clopper_pearson_ends_have_the_stated_tails():
    x, n = np.array([1, 4, 12]), 13
    low, high = proportion_interval(x, n, "clopper_pearson", 0.9)
    np.testing.assert_allclose(binom.sf(x - 1, n, low), 0.05, rtol=1e-9)
    np.testing.assert_allclose(binom.cdf(x, n, high), 0.05, rtol=1e-9)


def test_wilson_with_continuity_correction_agrees_with_prop_test_of_r():
    # prop.test(340, 400) and prop.test(6, 52), as printed in the archives of R-help and of
    # R's bug tracker (PR#2794), to their seven and eight digits.
    low, high = proportion_interval([340, 6], [400, 52], "wilson_cc")
    np.testing.assert_allclose(low, [0.8103309, 0.04778925], atol=5e-8)
    np.testing.assert_allclose(high, [0.8827749, 0.24129372], atol=5e-8)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("n", [1, 2, 13, 400])
def test_wilson_with_continuity_correction_solves_its_own_equation(n, level):
    # (|p - x/n| - 1/(2n))^2 = z^2 p (1 - p) / n, solved by a root search on either side.
    z = norm.isf((1 - level) / 2)
    x = np.arange(n + 1)
    low, high = proportion_interval(x, n, "wilson_cc", level)

    def distance(p, share):
        return abs(p - share) - 1 / (2 * n) - z * np.sqrt(p * (1 - p) / n)

    for count in x:
        share = count / n
        ends = (
            0.0 if count == 0 else brentq(distance, 0, share - 1 / (2 * n), (share,), xtol=1e-15),
            1.0 if count == n else brentq(distance, share + 1 / (2 * n), 1, (share,), xtol=1e-15),
        )
        # brentq stops within four units of the last binary digit of 1.
        np.testing.assert_allclose([low[count], high[count]], ends, atol=1e-14)


@pytest.mark.parametrize("method", PROPORTION_METHODS)
@pytest.mark.parametrize("n", [1, 7, 10_000, HUGE])
def test_ends_are_exact_at_none_and_at_all(method, n):
    low, high = proportion_interval([0, n], n, method)
    assert low[0] == 0.0
    assert high[1] == 1.0
    if method != "wald":
        assert 0 < high[0] < 1
        assert 0 < low[1] < 1


def test_no_patients_exclude_nothing():
    for method in PROPORTION_METHODS:
        low, high = proportion_interval(0, 0, method)
        assert (low, high) == (0.0, 1.0)


def test_wald_may_leave_the_range_and_so_recognises_such_print():
    low, high = proportion_interval(34, 40, "wald", 0.9999)
    assert high > 1
    assert low > 0


@pytest.mark.parametrize("method", ["wilson", "wilson_cc", "clopper_pearson", "jeffreys"])
def test_small_ends_keep_their_digits_in_huge_groups(method):
    # With n = 10^12 the number of successes is Poisson: the ends times n settle.
    low, high = proportion_interval(5, HUGE, method)
    low_small, high_small = proportion_interval(5, HUGE // 10, method)
    np.testing.assert_allclose([low * 10, high * 10], [low_small, high_small], rtol=1e-9)


@settings(max_examples=80, deadline=None)
@given(COUNTS, COUNTS, st.sampled_from(PROPORTION_METHODS))
def test_intervals_contain_the_estimate_and_mirror(x, y, method):
    n = x + y
    low, high = proportion_interval(x, n, method)
    if n:
        assert low <= x / n * (1 + 1e-12)
        assert x / n <= high * (1 + 1e-12)
    mirrored_low, mirrored_high = proportion_interval(y, n, method)
    np.testing.assert_allclose([mirrored_low, mirrored_high], [1 - high, 1 - low], atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(COUNTS, COUNTS, st.sampled_from(PROPORTION_METHODS), st.floats(0.5, 0.98))
def test_a_higher_level_gives_a_wider_interval(x, y, method, level):
    low, high = proportion_interval(x, x + y, method, level)
    wider_low, wider_high = proportion_interval(x, x + y, method, level + 0.01)
    assert wider_low <= low
    assert high <= wider_high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((14, 13), "14 of 13"),
        ((-1, 13), "-1 of 13"),
        ((np.nan, 13), "nan of 13"),
        ((1, np.inf), "1 of inf"),
        ((1, 13, "wilsom"), "did you mean 'wilson'"),
        ((1, 13, "wilson", 95), "95% is written 0.95"),
        ((1, 13, "wilson", 1.0), "strictly between 0 and 1"),
    ],
)
def test_bad_input_gets_one_clear_message(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        proportion_interval(*arguments)
