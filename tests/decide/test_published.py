"""The published flags and rules as a decision's source."""

import pytest

from backpain_stats import (
    ArgumentError,
    NotEstimableError,
    TwoByTwo,
    UnknownNameError,
    accuracy_table,
    decision_curve,
    feasible_tables,
    natural_frequencies,
    thresholds,
)
from backpain_stats.decide.published import published_tables, settings_with_ratios


def test_flags_and_rules_stand_side_by_side(evidence):
    frame = natural_frequencies(evidence, 0.003, target="malignancy", setting="primary_care")
    usable = frame[frame["usable"]].set_index("flag_id")
    assert {"cancer_history", "age_50", "deyo1988_any_of_4"} <= set(usable.index)
    assert (usable[["tp", "fp", "fn", "tn"]].sum(axis=1) == 1000).all()
    rule = usable.loc["deyo1988_any_of_4"]
    # Printed: sensitivity 1.00 of 13, specificity 0.60 of 1962; 20 tables fit. That nobody of
    # 13 was missed does not say that nobody is missed elsewhere.
    assert (rule["tables"], rule["n_cases"]) == (20, 13)
    assert 0.8 < rule["sensitivity"] < 1
    assert rule["specificity_low"] < 0.60 < rule["specificity_high"]


def test_a_flag_is_one_body_of_evidence(evidence):
    frame = natural_frequencies(evidence, 0.003, target="malignancy", setting="primary_care")
    table = accuracy_table(evidence, "malignancy", "primary_care").set_index("flag_id")
    usable = frame[frame["usable"] & frame["flag_id"].isin(table.index)].set_index("flag_id")
    assert usable.index.is_unique
    assert set(usable.index) == set(table.index[table["usable"]])
    for name in ("sensitivity", "specificity"):
        assert usable[name].to_dict() == table.loc[usable.index, name].to_dict()


def test_no_flag_is_lost(evidence):
    frame = natural_frequencies(evidence, 0.003, target="malignancy", setting="primary_care")
    reports = evidence.select("malignancy", "primary_care").accuracy
    assert set(reports["flag_id"]) <= set(frame["flag_id"])
    idle = frame[~frame["usable"]].set_index("flag_id")["reason"]
    assert "no table prints all its figures" in idle["pain_duration_1_month"]
    assert "no study has any cases" in idle["systemic_symptoms"]


def test_second_publication_of_a_cohort_is_set_aside(evidence):
    frame = published_tables(evidence, target="malignancy", setting="tertiary_care")
    again = frame[frame["cohort_id"] == "tsiang2017_malignancy"]
    assert not again["counted"].any()
    usable = natural_frequencies(evidence, 0.03, target="malignancy", setting="tertiary_care")
    usable = usable[usable["usable"]]
    # Pooled with the cohorts of other settings, each patient once.
    assert usable.loc[usable["flag_id"] == "cancer_history", "studies"].tolist() == [4]


def test_tables_are_the_feasible_tables(evidence):
    ours = published_tables(evidence, flag="cancer_history", target="malignancy")
    theirs = feasible_tables(evidence, "malignancy", flag="cancer_history")
    assert ours["tp"].notna().sum() == len(theirs)


def test_one_flag_and_one_rule_by_name(evidence):
    both = natural_frequencies(
        evidence, 0.003, flag=["deyo1988_any_of_4", "cancer_history"], setting="primary_care"
    )
    assert set(both.loc[both["usable"], "flag_id"]) == {"deyo1988_any_of_4", "cancer_history"}
    rule = decision_curve(evidence, 0.003, flag="deyo1988_any_of_4", thresholds=[0.001])
    assert "deyo1988_any_of_4" in set(rule["strategy"])


def test_a_table_object_is_a_source():
    table = TwoByTwo(tp=4, fp=41, fn=9, tn=1921)
    row = natural_frequencies(table, 0.003, flag="cancer_history").iloc[0]
    assert (row["flag_id"], row["tp"], row["fp"]) == ("cancer_history", 1, 21)
    assert thresholds(table, benefit=99, harm=1).loc[0, "flag_id"] == "table"


def test_a_setting_without_evidence_says_which_have_some(evidence):
    with pytest.raises(NotEstimableError, match=r"primary_care \(5\)"):
        natural_frequencies(evidence, 0.01, target="malignancy", setting="mixed")
    with pytest.raises(NotEstimableError, match=r"settings with usable reports .*emergency \(4\)"):
        natural_frequencies(evidence, 0.01, target="infection", setting="tertiary_care")
    assert "setting not stated" in settings_with_ratios(evidence, "fracture")


def test_unknown_names_suggest_the_nearest(evidence):
    with pytest.raises(UnknownNameError, match="deyo1988_any_of_4"):
        natural_frequencies(evidence, 0.01, flag="deyo1988_any_of_5")
    with pytest.raises(ArgumentError, match="primary_care"):
        natural_frequencies(evidence, 0.01, target="malignancy", setting="primary")
