"""The prevalence of a setting, and the rule by which it is chosen."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from backpain_stats import ArgumentError, NotEstimableError, PretestError, UnknownNameError
from backpain_stats.published import prevalence_candidates, setting_prevalence


@pytest.mark.parametrize(
    ("target", "setting", "chosen", "counts"),
    [
        # The review's six cohorts, not their sum with the cohorts listed beside it.
        ("malignancy", "primary_care", "henschke2013_malignancy", (6622, 21)),
        # Reinus has more patients, but all of them had been sent for a radiograph.
        ("malignancy", "emergency", "thiru2014_malignancy", (329, 4)),
        # Khera and Enthoven are larger, but nothing read says how they were sampled.
        ("fracture", "primary_care", "henschke2009_fracture", (1172, 8)),
    ],
)
def test_the_largest_direct_unselected_counted_sample_is_taken(
    evidence, target, setting, chosen, counts
):
    n, n_cases = counts
    found = setting_prevalence(evidence, target, setting)
    assert (found.prevalence_id, found.n, found.n_cases) == (chosen, n, n_cases)
    assert found.estimate == n_cases / n
    assert found.warning == ""
    expected = beta.ppf([0.025, 0.975], n_cases + 0.5, n - n_cases + 0.5)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected), rel=1e-9)
    assert chosen in set(found.samples["prevalence_id"])


def test_a_sample_taken_in_an_unknown_way_comes_last_and_with_a_warning(evidence):
    found = setting_prevalence(evidence, "malignancy", "tertiary_care")
    assert (found.prevalence_id, found.sample) == ("premkumar2018_malignancy", "unknown")
    assert "does not say how the patients were sampled" in found.warning


@pytest.mark.parametrize(
    ("target", "setting", "listed"),
    [
        # Only a range from 0 on, and injured or imaged patients: no number is made of them.
        ("fracture", "emergency", "galliker2020_fracture (0.000 to 0.072; "),
        # Ten of 142 had it, but all had been referred for it.
        ("cauda_equina", "secondary_care", "ces334_cauda_equina (25 of 334; other patients"),
        ("infection", "emergency", "ajem2019_infection (89 of 223; a case-control study has no"),
        ("malignancy", "secondary_care", "downie2013_malignancy_secondary (0.07; printed without"),
        # No case at all gives no point value.
        ("any_serious", "secondary_care", "harding2005_any_serious (0 of 482; "),
    ],
)
def test_where_no_sample_is_eligible_nothing_is_chosen_and_all_are_listed(
    evidence, target, setting, listed
):
    candidates = prevalence_candidates(evidence, target, setting)
    assert not candidates["eligible"].any()
    assert (candidates["reason"] != "").all()
    with pytest.raises(NotEstimableError) as caught:
        setting_prevalence(evidence, target, setting)
    assert listed in str(caught.value)
    assert all(name in str(caught.value) for name in candidates["prevalence_id"])


def test_only_columns_decide(evidence):
    """The words that decided before: a note that speaks of suspected cases changes nothing."""
    before = setting_prevalence(evidence, "malignancy", "primary_care")
    rows = evidence.prevalence.copy()
    chosen = rows["prevalence_id"] == "henschke2013_malignancy"
    rows.loc[chosen, "note"] = "checked 2024; none of the six cohorts were suspected cases"
    reworded = dataclasses.replace(evidence, prevalence=rows)
    assert repr(setting_prevalence(reworded, "malignancy", "primary_care")) == repr(before)
    rows = rows.copy()
    rows.loc[chosen, "sample"] = "suspected"
    selected = dataclasses.replace(evidence, prevalence=rows)
    after = setting_prevalence(selected, "malignancy", "primary_care")
    assert after.prevalence_id == "deyo1988_malignancy"


def test_a_range_gives_a_number_only_if_it_is_named_and_does_not_start_at_zero(evidence):
    found = setting_prevalence(
        evidence, "malignancy", "primary_care", prevalence_id="downie2013_malignancy_primary"
    )
    odds = np.sqrt((0.001 / 0.999) * (0.007 / 0.993))
    assert (found.kind, found.method) == ("range", "middle of a printed range")
    assert found.estimate == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert np.isnan(found.ci_level)
    with pytest.raises(PretestError, match="starts at 0"):
        setting_prevalence(evidence, "fracture", "emergency", prevalence_id="galliker2020_fracture")


def test_a_bound_is_never_a_point(evidence):
    rows = evidence.prevalence.copy()
    rows.loc[rows["prevalence_id"] == "deyo1988_malignancy", ["n", "n_cases"]] = pd.NA
    rows.loc[rows["prevalence_id"] == "deyo1988_malignancy", "prevalence"] = "<=0.01"
    bounded = dataclasses.replace(evidence, prevalence=rows)
    with pytest.raises(PretestError, match=r"deyo1988_malignancy: prevalence is '<=0.01', a bound"):
        setting_prevalence(
            bounded, "malignancy", "primary_care", prevalence_id="deyo1988_malignancy"
        )


def test_a_case_control_study_has_no_prevalence_even_if_it_is_named(evidence):
    with pytest.raises(PretestError, match="case-control"):
        setting_prevalence(evidence, "infection", "emergency", prevalence_id="ajem2019_infection")


def test_a_row_can_be_named_and_another_setting_is_noted(evidence):
    found = setting_prevalence(
        evidence, "malignancy", "primary_care", prevalence_id="premkumar2018_malignancy"
    )
    assert found.n == 9940
    assert found.warning.startswith("from tertiary_care, used for primary_care; ")


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
    one, other = (
        setting_prevalence(each, "malignancy", "primary_care") for each in (evidence, mixed)
    )
    assert one.as_dict() == other.as_dict()


def test_the_frame_of_a_prevalence_has_one_row_of_plain_cells(evidence):
    frame = setting_prevalence(evidence, "malignancy", "emergency").to_frame()
    assert frame[["prevalence_id", "n", "n_cases"]].to_numpy().tolist() == [
        ["thiru2014_malignancy", 329, 4]
    ]
    assert not [name for name in frame if "samples" in name]
    assert frame.map(pd.api.types.is_scalar).to_numpy().all()
