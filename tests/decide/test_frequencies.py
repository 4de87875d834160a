"""Natural frequencies: exact sums, exact expectations, honest intervals."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backpain_stats import (
    ArgumentError,
    DataError,
    NotEstimableError,
    PretestError,
    UnknownNameError,
    natural_frequencies,
)
from backpain_stats.decide.frequencies import largest_remainder, whole_patients

DEYO = pd.DataFrame({"flag": ["cancer_history"], "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})

fractions = st.floats(0, 1)
counts = st.integers(0, 400)


def tables(tp, fp, fn, tn):
    return pd.DataFrame({"flag": ["flag"], "tp": [tp], "fp": [fp], "fn": [fn], "tn": [tn]})


@settings(max_examples=300, deadline=None)
@given(fractions, fractions, st.floats(1e-6, 1 - 1e-6), st.integers(1, 100_000))
def test_whole_patients_always_add_up(sensitivity, specificity, prevalence, per):
    tp, fp, fn, tn = whole_patients(sensitivity, specificity, prevalence, per)
    assert min(tp, fp, fn, tn) >= 0
    assert tp + fp + fn + tn == per
    # No group is off by a whole patient or more from what its own size calls for.
    assert abs(tp + fn - per * prevalence) <= 0.5 + 1e-6
    assert abs(tp - (tp + fn) * sensitivity) <= 0.5 + 1e-6
    assert abs(tn - (fp + tn) * specificity) <= 0.5 + 1e-6


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.integers(0, 5000))
def test_largest_remainder_adds_up_and_stays_within_one(weights, total):
    shares = [weight / sum(weights) for weight in weights]
    divided = largest_remainder(shares, total)
    assert sum(divided) == total
    assert all(abs(part - share * total) < 1 for part, share in zip(divided, shares, strict=True))


def test_ties_go_to_the_missed_and_the_falsely_alarmed():
    assert whole_patients(0.5, 0.5, 0.3, 10) == [1, 4, 2, 3]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 50), counts, st.integers(0, 50), st.integers(1, 400), st.floats(0.001, 0.9))
def test_expectations_equal_direct_computation(tp, fp, fn, tn, prevalence):
    row = natural_frequencies(tables(tp, fp, fn, tn), prevalence, draws=64).iloc[0]
    sensitivity, specificity = tp / (tp + fn), tn / (fp + tn)
    expected = {
        "tp": 1000 * prevalence * sensitivity,
        "fn": 1000 * prevalence * (1 - sensitivity),
        "fp": 1000 * (1 - prevalence) * (1 - specificity),
        "tn": 1000 * (1 - prevalence) * specificity,
    }
    for name, value in expected.items():
        # The same few products in another order: rounding error only.
        assert row[f"{name}_expected"] == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert row[f"{name}_low"] <= row[f"{name}_expected"] <= row[f"{name}_high"]
    assert row["tp"] + row["fn"] == row["diseased"]
    assert row[["tp", "fp", "fn", "tn"]].sum() == 1000
    found = (expected["tp"] + expected["fp"]) / expected["tp"]
    assert row["imaged_per_found"] == pytest.approx(found, rel=1e-9)


def test_intervals_are_the_jeffreys_quantiles_when_prevalence_is_known():
    row = natural_frequencies(DEYO, 0.01, draws=2**14).iloc[0]
    low, high = stats.beta(4.5, 9.5).ppf([0.025, 0.975])
    # A quantile of 16,384 balanced points is good to about 0.1% of its value.
    assert row["tp_low"] == pytest.approx(10 * low, rel=2e-3)
    assert row["tp_high"] == pytest.approx(10 * high, rel=2e-3)
    fp_low, fp_high = 990 * stats.beta(41.5, 1921.5).ppf([0.025, 0.975])
    assert row["fp_low"] == pytest.approx(fp_low, rel=2e-3)
    assert row["fp_high"] == pytest.approx(fp_high, rel=2e-3)


def test_ends_of_opposite_cells_add_up_at_a_known_prevalence():
    row = natural_frequencies(DEYO, 0.01).iloc[0]
    for one, other, total in (("tp", "fn", 10), ("fp", "tn", 990)):
        assert row[f"{one}_low"] + row[f"{other}_high"] == pytest.approx(total, rel=1e-12)
        assert row[f"{one}_high"] + row[f"{other}_low"] == pytest.approx(total, rel=1e-12)


def test_uncertain_prevalence_widens_every_interval_of_the_diseased():
    fixed, counted, ranged = (
        natural_frequencies(DEYO, one).iloc[0] for one in (13 / 1975, "13/1975", "0.1% to 4%")
    )
    assert fixed["tp_expected"] == pytest.approx(counted["tp_expected"])
    for name in ("tp", "fn"):
        width = [row[f"{name}_high"] - row[f"{name}_low"] for row in (fixed, counted, ranged)]
        assert width[0] < width[1] < width[2]


def test_interval_with_counts_agrees_with_plain_simulation():
    row = natural_frequencies(DEYO, "13/1975", draws=2**14).iloc[0]
    rng = np.random.default_rng(7)
    prevalence = rng.beta(13.5, 1962.5, 400_000)
    found = 1000 * prevalence * rng.beta(4.5, 9.5, 400_000)
    alarmed = 1000 * (1 - prevalence) * rng.beta(41.5, 1921.5, 400_000)
    per_found = (found + alarmed) / found
    # Simulation error of a 2.5% quantile of 400,000 draws is below 1%.
    assert row["tp_low"] == pytest.approx(np.quantile(found, 0.025), rel=0.015)
    assert row["tp_high"] == pytest.approx(np.quantile(found, 0.975), rel=0.015)
    assert row["imaged_per_found_low"] == pytest.approx(np.quantile(per_found, 0.025), rel=0.015)
    assert row["imaged_per_found_high"] == pytest.approx(np.quantile(per_found, 0.975), rel=0.015)


def test_nobody_missed_is_infinite_reassurance_with_a_finite_end():
    row = natural_frequencies(tables(13, 785, 0, 1177), 0.0066).iloc[0]
    assert row["fn"] == 0
    assert row["fn_low"] == 0
    assert row["fn_high"] > 0
    assert math.isinf(row["reassured_per_missed"])
    assert math.isfinite(row["reassured_per_missed_low"])


def test_frame_of_feasible_tables_is_mixed_not_listed():
    feasible = pd.DataFrame(
        {"report_id": "r", "flag_id": "cancer_history", "table": range(20), "tables": 20}
        | {"tp": 4, "fp": range(30, 50), "fn": 9, "tn": range(1932, 1912, -1)}
    )
    mixed = natural_frequencies(feasible, 0.003)
    assert len(mixed) == 1
    row, single = mixed.iloc[0], natural_frequencies(DEYO.assign(fp=40, tn=1922), 0.003).iloc[0]
    assert row["tables"] == 20
    assert row["fp_high"] - row["fp_low"] > single["fp_high"] - single["fp_low"]
    assert row["fp_expected"] == pytest.approx(single["fp_expected"])


def test_rows_that_cannot_be_used_stay_with_their_reason():
    frame = pd.concat(
        [
            DEYO,
            DEYO.assign(flag="impossible", tp=pd.NA, reason="no table fits"),
            DEYO.assign(flag="no_cases", tp=0, fn=0),
            DEYO.assign(flag="cases_only", fp=0, tn=0),
        ]
    )
    answer = natural_frequencies(frame, 0.003).set_index("flag_id")
    assert answer["usable"].to_list() == [True, False, False, False]
    assert answer.loc["impossible", "reason"] == "no table fits"
    assert "no cases" in answer.loc["no_cases", "reason"]
    assert answer.loc["no_cases":, "tp"].isna().all()


def test_a_row_that_was_set_aside_is_listed_and_not_used():
    frame = pd.concat([DEYO, DEYO.assign(flag="set_aside")]).assign(counted=[True, False])
    found = natural_frequencies(frame, 0.01, draws=64).set_index("flag_id")
    assert found["usable"].to_dict() == {"cancer_history": True, "set_aside": False}
    assert found.loc["set_aside", "reason"] == "set aside: not counted"


def test_one_seed_one_answer_and_rows_in_any_order():
    two = pd.concat([DEYO, DEYO.assign(flag="age_50", tp=10, fp=569, fn=3, tn=1393)])
    first = natural_frequencies(two, [0.003, 0.01])
    pd.testing.assert_frame_equal(first, natural_frequencies(two, [0.003, 0.01]))
    assert list(first["flag_id"]) == ["cancer_history"] * 2 + ["age_50"] * 2
    turned = natural_frequencies(two.iloc[::-1], 0.003).set_index("flag_id")
    whole = ["tp", "fp", "fn", "tn", "imaged"]
    for flag, row in turned.iterrows():
        same = first[(first["flag_id"] == flag) & (first["prevalence"] == 0.003)].iloc[0]
        assert row[whole].to_list() == same[whole].to_list()


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"prevalence": 0}, PretestError, "strictly between 0 and 1"),
        ({"prevalence": 1}, PretestError, "strictly between 0 and 1"),
        ({"per": 0}, ArgumentError, "at least 1"),
        ({"per": 2.5}, ArgumentError, "whole number"),
        ({"level": 95}, ArgumentError, "95% is written 0.95"),
        ({"draws": 1}, ArgumentError, "at least 2"),
        ({"source": DEYO.drop(columns="tn")}, DataError, "lacks the column"),
        ({"source": DEYO.assign(tp=-4)}, DataError, "not counts"),
        ({"source": DEYO.assign(tp=0, fn=0)}, NotEstimableError, "no cases"),
        ({"source": "deyo"}, DataError, "hand in"),
        ({"flag": "cancer_histroy"}, UnknownNameError, "cancer_history"),
    ],
)
def test_bad_input_gives_one_clear_message(change, error, match):
    arguments = {"source": DEYO, "prevalence": 0.003} | change
    with pytest.raises(error, match=match):
        natural_frequencies(**arguments)
