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
        # Khera and Enthoven are larger shares of older people only.
        ("fracture", "primary_care", "henschke2009_fracture", (1172, 8)),
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


def test_a_sample_of_unknown_kind_is_taken_with_a_warning(evidence):
    found = setting_prevalence(evidence, "malignancy", "tertiary_care")
    assert (found.prevalence_id, found.n, found.n_cases) == ("premkumar2018_malignancy", 9940, 159)
    assert "does not say how the patients were sampled" in found.warning


@pytest.mark.parametrize(
    ("target", "setting", "listed"),
    [
        # 10 of 142 had it, but they had been referred for it; the range has no counts.
        ("cauda_equina", "emergency", ("zusman_cauda_equina (10 of 142", "0.001 to 0.019")),
        ("cauda_equina", "secondary_care", ("ces334_cauda_equina (25 of 334",)),
        ("malignancy", "secondary_care", ("downie2013_malignancy_secondary (0.07", "0.0012")),
        ("infection", "primary_care", ("vandenbosch2004_infection (",)),
        ("infection", "emergency", ("galliker2020_infection (0.000 to 0.019",)),
        # Counts that hold no case: 0% is what the sample had, not what the setting has.
        ("any_serious", "secondary_care", ("harding2005_any_serious (0 of 482",)),
    ],
)
def test_where_no_sample_will_do_nothing_is_chosen(evidence, target, setting, listed):
    with pytest.raises(NotEstimableError, match="name one of them") as caught:
        setting_prevalence(evidence, target, setting)
    for words in listed:
        assert words in str(caught.value)


def test_a_range_that_is_named_has_its_middle_on_the_log_odds(evidence):
    found = setting_prevalence(
        evidence, "cauda_equina", "emergency", prevalence_id="galliker2020_cauda_equina"
    )
    assert found.kind == "range"
    assert (found.ci_low, found.ci_high) == (0.001, 0.019)
    odds = np.sqrt((0.001 / 0.999) * (0.019 / 0.981))
    assert found.estimate == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert np.isnan(found.ci_level)
    assert "printed range" in str(found)


def test_a_range_from_zero_gives_no_number(evidence):
    with pytest.raises(PretestError, match="starts at 0"):
        setting_prevalence(
            evidence, "infection", "emergency", prevalence_id="galliker2020_infection"
        )


@pytest.mark.parametrize("printed", ["<0.01", "<=0.01", "\u22640.01", ">=0.001"])
def test_a_printed_bound_is_no_point(evidence, printed):
    """Neither a crash nor a number: a bound stays a bound, with its row."""
    frame = evidence.prevalence.copy()
    row = frame["prevalence_id"] == "vandenbosch2004_malignancy"
    frame.loc[row, "prevalence"] = printed
    changed = dataclasses.replace(evidence, prevalence=frame)
    with pytest.raises(PretestError, match=r"vandenbosch2004_malignancy.* a bound"):
        setting_prevalence(
            changed, "malignancy", "primary_care", prevalence_id="vandenbosch2004_malignancy"
        )
    assert setting_prevalence(changed, "malignancy", "primary_care").n == 6622


def test_a_row_can_be_named_and_another_setting_is_noted(evidence):
    found = setting_prevalence(
        evidence, "malignancy", "primary_care", prevalence_id="premkumar2018_malignancy"
    )
    assert found.n == 9940
    assert found.warning.startswith("from tertiary_care, used for primary_care; ")


def test_the_frame_of_a_prevalence_has_one_row_of_plain_cells(evidence):
    frame = setting_prevalence(evidence, "malignancy", "emergency").to_frame()
    assert frame[["prevalence_id", "n", "n_cases"]].to_numpy().tolist() == [
        ["thiru2014_malignancy", 329, 4]
    ]
    assert "samples" not in frame


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
    for target, setting in (("malignancy", "primary_care"), ("fracture", "primary_care")):
        pd.testing.assert_frame_equal(
            prevalence_candidates(evidence, target, setting),
            prevalence_candidates(mixed, target, setting),
        )
        one, other = (setting_prevalence(each, target, setting) for each in (evidence, mixed))
        assert one.as_dict() == other.as_dict()
