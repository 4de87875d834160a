"""The prevalence of a setting, and the rule by which it is chosen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from backpain_stats import ArgumentError, NotEstimableError, UnknownNameError
from backpain_stats.published import prevalence_candidates, setting_prevalence


@pytest.mark.parametrize(
    ("target", "setting", "chosen", "counts"),
    [
        # The review's six cohorts, not their sum with the cohorts listed beside it.
        ("malignancy", "primary_care", "henschke2013_malignancy", (6622, 21)),
        # Reinus has more patients, but all of them had been sent for a radiograph.
        ("malignancy", "emergency", "thiru2014_malignancy", (329, 4)),
        ("malignancy", "tertiary_care", "premkumar2018_malignancy", (9940, 159)),
        # Khera and Enthoven are larger shares of older people only.
        ("fracture", "primary_care", "henschke2009_fracture", (1172, 8)),
        # Counts that stand only in cohorts.csv.
        ("any_serious", "secondary_care", "harding2005_any_serious", (482, 0)),
    ],
)
def test_the_largest_counted_sample_of_the_setting_is_taken(
    evidence, target, setting, chosen, counts
):
    n, n_cases = counts
    found = setting_prevalence(evidence, target, setting)
    assert (found.prevalence_id, found.n, found.n_cases) == (chosen, n, n_cases)
    assert found.estimate == n_cases / n
    assert found.warning == ""
    expected = beta.ppf([0.025, 0.975], n_cases + 0.5, n - n_cases + 0.5)
    if n_cases:
        assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected), rel=1e-9)
    else:
        assert found.ci_low == 0


def test_a_printed_range_beats_the_counts_of_suspected_patients(evidence):
    """10 of 142 had cauda equina syndrome, but they had been referred for it."""
    found = setting_prevalence(evidence, "cauda_equina", "emergency")
    assert found.kind == "range"
    assert (found.ci_low, found.ci_high) == (0.001, 0.019)
    odds = np.sqrt((0.001 / 0.999) * (0.019 / 0.981))
    assert found.estimate == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert np.isnan(found.ci_level)
    assert "printed range" in str(found)


def test_sources_that_disagree_give_their_whole_range(evidence):
    found = setting_prevalence(evidence, "malignancy", "secondary_care")
    assert (found.ci_low, found.ci_high) == (0.0012, 0.07)
    assert found.prevalence_id == "downie2013_malignancy_secondary;slipman2003_malignancy_private"


def test_a_selected_sample_is_taken_only_alone_and_with_a_warning(evidence):
    found = setting_prevalence(evidence, "cauda_equina", "secondary_care")
    assert found.prevalence_id == "ces334_cauda_equina"
    assert "SUSPECTED" in found.warning
    share = setting_prevalence(evidence, "infection", "primary_care")
    assert share.kind == "point"
    assert np.isnan(share.ci_low)
    assert share.warning


def test_a_zero_end_of_a_range_stays_zero_and_the_middle_is_not(evidence):
    found = setting_prevalence(evidence, "infection", "emergency")  # printed 0.000 to 0.019
    assert found.ci_low == 0
    odds = np.sqrt((0.0005 / 0.9995) * (0.019 / 0.981))
    assert found.estimate == pytest.approx(odds / (1 + odds), rel=1e-12)


def test_a_row_can_be_named_and_another_setting_is_noted(evidence):
    found = setting_prevalence(
        evidence, "malignancy", "primary_care", prevalence_id="premkumar2018_malignancy"
    )
    assert found.n == 9940
    assert found.warning == "from tertiary_care, used for primary_care"


def test_nothing_published_says_where_there_is_something(evidence):
    with pytest.raises(NotEstimableError, match="emergency, secondary_care, tertiary_care"):
        setting_prevalence(evidence, "cauda_equina", "primary_care")


def test_bad_arguments(evidence):
    with pytest.raises(ArgumentError, match="allowed"):
        setting_prevalence(evidence, "cancer", "primary_care")
    with pytest.raises(UnknownNameError, match="did you mean"):
        setting_prevalence(evidence, "malignancy", "primary_care", prevalence_id="deyo1988")


def test_cohorts_of_the_same_patients_are_no_second_candidate(evidence):
    listed = [
        name
        for target in ("malignancy", "infection", "fracture", "cauda_equina", "any_serious")
        for setting in ("primary_care", "emergency", "secondary_care", "tertiary_care", "mixed")
        for name in prevalence_candidates(evidence, target, setting)["prevalence_id"]
    ]
    assert len(listed) == len(set(listed))
    assert "ajem2019_sea_infection" not in listed


def test_row_order_is_irrelevant(evidence):
    mixed = dataclasses.replace(
        evidence,
        prevalence=evidence.prevalence.sample(frac=1, random_state=1, ignore_index=True),
        cohorts=evidence.cohorts.sample(frac=1, random_state=2, ignore_index=True),
    )
    for target, setting in (("malignancy", "primary_care"), ("fracture", "emergency")):
        pd.testing.assert_frame_equal(
            prevalence_candidates(evidence, target, setting),
            prevalence_candidates(mixed, target, setting),
        )
        one, other = (setting_prevalence(each, target, setting) for each in (evidence, mixed))
        assert repr(one) == repr(other)
