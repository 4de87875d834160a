"""Test cases T51 and T52 of the evidence README: RANZCR's pairs of post-test probabilities."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from backpain_stats import reproduce_pairs

# T51: with exact odds 1/99 and 5/95 these seven of the twelve are inconsistent.
INCONSISTENT = {
    "pain_duration_1_month", "cancer_history", "wbc_12000", "haematocrit_30", "esr_50",
    "esr_100", "clinician_suspicion",
}  # fmt: skip
# T52: with rounded odds 0.010 and 0.053 all are consistent with these ratios.
RATIOS = {
    "no_relief_bed_rest": "1.7", "age_50": "2.2", "pain_duration_1_month": "2.6",
    "no_improvement_1_month": "3.0", "cancer_history": "23.7", "anaemia": "3.9",
    "wbc_12000": "4.1", "haematocrit_30": "18.2", "esr_20": None, "esr_50": "18.0",
    "esr_100": "55.6", "clinician_suspicion": "12.1",
}  # fmt: skip


@pytest.fixture(scope="module")
def pairs(evidence):
    return reproduce_pairs(evidence).set_index("flag_id")


def test_t51_exact_odds(pairs):
    assert len(pairs) == 12
    assert set(pairs.index[pairs["lr_low_exact_odds"].isna()]) == INCONSISTENT


def test_t52_rounded_odds(pairs):
    assert pairs["lr_low_rounded_odds"].notna().all()
    found = pairs["lr_one_decimal_rounded_odds"]
    assert {flag: None if pd.isna(x) else x for flag, x in found.items()} == RATIOS
    band = pairs.loc["esr_20", ["lr_low_rounded_odds", "lr_high_rounded_odds"]]
    assert [round(x, 3) for x in band] == [2.302, 2.320]


def test_four_ratios_are_printed_by_the_review_that_is_quoted(pairs):
    published = pairs["published_lr"].dropna()
    assert published.to_dict() == {
        "cancer_history": "23.7", "clinician_suspicion": "12.1", "esr_50": "18",
        "haematocrit_30": "18.2",
    }  # fmt: skip
    assert pairs["published_in"].dropna().str.startswith("henschke2007_").all()


def test_the_band_is_that_of_the_printed_digits(pairs):
    # By hand, for cancer history at rounded odds: 0.192 and 0.557.
    ends = []
    for text, odds in (("0.192", "0.010"), ("0.557", "0.053")):
        value, unit = Fraction(text), Fraction("0.0005")
        ends.append([p / (1 - p) / Fraction(odds) for p in (value - unit, value + unit)])
    low, high = max(ends[0][0], ends[1][0]), min(ends[0][1], ends[1][1])
    row = pairs.loc["cancer_history"]
    # Both sides are exact fractions turned into doubles.
    assert row["lr_low_rounded_odds"] == float(low)
    assert row["lr_high_rounded_odds"] == float(high)
    assert row["finding"] == "rounded_odds"
    assert np.isnan(row["lr_low_exact_odds"])


def test_a_pair_that_nothing_explains(evidence):
    claims = evidence.claims.copy()
    claims.loc[claims["claim_id"] == "ranzcr2015_age_50_pretest_5", "value"] = "0.204"
    row = reproduce_pairs(replace(evidence, claims=claims)).set_index("flag_id").loc["age_50"]
    assert (row["finding"], row["verdict"]) == ("none", "no single ratio explains them")


def test_a_single_pretest_is_no_pair(evidence):
    claims = evidence.claims[evidence.claims["pretest"] != "0.05"].reset_index(drop=True)
    assert reproduce_pairs(replace(evidence, claims=claims)).empty
