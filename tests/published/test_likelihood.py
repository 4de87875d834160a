"""Likelihood ratios of the evidence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpain_stats import ArgumentError, UnknownNameError, likelihood_ratios, load_evidence
from backpain_stats.published import feasible_tables, published_reports
from backpain_stats.published.ratios import COLUMNS, ESTIMATES
from backpain_stats.tables import proportion_interval
from backpain_stats.tables.ratios import ratio_interval


@pytest.fixture(scope="module")
def ratios(evidence):
    return likelihood_ratios(evidence).set_index("report_id")


def test_no_row_vanishes(evidence, ratios):
    assert list(ratios.index) == list(evidence.accuracy["report_id"])
    assert list(likelihood_ratios(evidence).columns) == COLUMNS


def test_estimates_are_those_of_the_middle_table_and_intervals_the_envelope(evidence, ratios):
    """Recomputed table by table, without the vectorised way."""
    for report in (
        "deyo1988_cancer_history",
        "reinus1998_cancer_history",
        "zusman_anal_tone_reduced",
    ):
        row = ratios.loc[report]
        tables = published_reports(evidence)[report].cells
        each = [ratio_interval(*cells, measure="lr_positive") for cells in tables]
        values = sorted(float(estimate) for estimate, _, _ in each)
        assert row["lr_positive"] == values[(len(values) - 1) // 2]
        assert row["lr_positive_low"] == min(low for _, low, _ in each)
        assert row["lr_positive_high"] == max(high for _, _, high in each)
        tp, fp, fn, tn = (int(row[cell]) for cell in ("tp", "fp", "fn", "tn"))
        assert row["lr_negative"] == pytest.approx((fn / (tp + fn)) / (tn / (fp + tn)), rel=1e-14)
        low, high = proportion_interval(tables[:, 3], tables[:, 1] + tables[:, 3])
        assert (row["specificity_low"], row["specificity_high"]) == (low.min(), high.max())
        assert row["tables"] == len(tables)


def test_deyo_cancer_history(ratios):
    """4 of 13 cases and 40 of 1962 others: the median of LR+ 12.3 to 20.1."""
    row = ratios.loc["deyo1988_cancer_history"]
    assert (row["tp"], row["fp"], row["fn"], row["tn"]) == (4, 40, 9, 1922)
    assert row["lr_positive"] == pytest.approx((4 / 13) / (40 / 1962), rel=1e-14)
    assert row["verdict"] == "several"
    assert row["table_source"] == "reconstructed"


def test_an_impossible_report_stays_with_its_reason_and_without_estimates(ratios):
    row = ratios.loc["deyo1988_pain_duration_1_month"]
    assert not row["usable"]
    assert not row["counted"]
    assert row[ESTIMATES].isna().all()
    assert row["tables"] == 0
    assert "0.50 cannot come from 13 patients" in row["reason"]


def test_a_cohort_without_cases_gives_a_specificity_only(ratios):
    row = ratios.loc["henschke2009_systemic_symptoms"]
    assert row["usable"]
    assert row["specificity"] == pytest.approx(1145 / 1172, rel=1e-14)
    assert np.isnan(row["sensitivity"])
    assert np.isnan(row["lr_positive"])
    assert "has no cases" in row["reason"]


def test_a_cohort_of_cases_gives_a_sensitivity_only(ratios):
    row = ratios.loc["ajem2019_sea_iv_drug_use"]
    assert row["sensitivity"] == pytest.approx(8 / 61, rel=1e-14)
    assert np.isnan(row["specificity"])
    assert "only cases" in row["reason"]
    assert not ratios.loc["gibson1992_trauma_direct", "usable"]
    assert ratios.loc["gibson1992_trauma_direct", "sensitivity"] == 1


def test_a_printed_ratio_is_used_as_printed(ratios):
    row = ratios.loc["cook2012_pain_free_lumbar_movement"]
    assert row["lr_positive"] == 2.4
    # A printed 0.0 is anything up to 0.05: a range, and no point.
    assert np.isnan(row["lr_negative"])
    assert (row["lr_negative_rounding_low"], row["lr_negative_rounding_high"]) == (0, 0.05)
    assert "zero_or_infinite" in row["reason_code"]
    assert np.isnan(row["lr_positive_low"])
    assert row["method"] == "as printed"
    assert row["usable"]
    assert "no interval is printed" in row["reason"]


def test_proportions_without_denominators_have_no_interval(ratios):
    """0.84 and 0.61; rounding alone: 0.835/0.395 to 0.845/0.385."""
    row = ratios.loc["deyo1992_fracture_age_50"]
    assert row["lr_positive"] == pytest.approx(0.84 / 0.39, rel=1e-12)
    assert row["lr_negative"] == pytest.approx(0.16 / 0.61, rel=1e-12)
    assert np.isnan(row["lr_positive_low"])
    assert "denominators are not printed" in row["reason"]
    assert f"LR+ {0.835 / 0.395:.2f} to {0.845 / 0.385:.2f}" in row["reason"]


def test_infinity_and_zero_are_values(ratios):
    row = ratios.loc["zusman_bulbocavernosus_reflex_absent"]  # 10 of 10, 0 of 132
    assert row["lr_positive"] == np.inf
    assert row["lr_positive_high"] == np.inf
    assert row["lr_positive_low"] > 10
    assert row["lr_negative"] == 0
    assert 0 < row["lr_negative_high"] < 0.5


def test_no_patients_are_counted_twice_for_a_flag(evidence, ratios):
    counted = ratios[ratios["counted"]]
    assert "tsiang2019_cancer_history_patient" in counted.index
    assert not {"tsiang2017_cancer_history_patient", "tsiang2017_cancer_history_provider"} & set(
        counted.index
    )
    assert "langdon_proceedings_closed_fist_percussion" in counted.index
    assert "langdon2010_closed_fist_percussion" not in counted.index
    assert not counted.duplicated(["cohort_id", "flag_id"]).any()
    assert (ratios["usable"] | ~ratios["counted"]).all()
    linked = evidence.cohorts.dropna(subset=["same_patients_as"])
    for cohort, other in zip(linked["cohort_id"], linked["same_patients_as"], strict=True):
        flags = [set(counted[counted["cohort_id"] == one]["flag_id"]) for one in (cohort, other)]
        assert not flags[0] & flags[1]


def test_the_other_publication_counts_where_the_first_has_nothing_usable(evidence):
    accuracy = evidence.accuracy.copy()
    row = accuracy["report_id"] == "tsiang2019_cancer_history_patient"
    accuracy.loc[row, ["tp", "fn", "sensitivity"]] = [1, 3, "0.50"]  # 1 of 4 is not 0.50
    found = likelihood_ratios(dataclasses.replace(evidence, accuracy=accuracy))
    found = found.set_index("report_id")
    assert found.loc["tsiang2019_cancer_history_patient", "verdict"] == "impossible"
    assert found.loc["tsiang2017_cancer_history_patient", "counted"]
    assert not found.loc["tsiang2017_cancer_history_provider", "counted"]


def test_rows_on_the_same_patients_are_marked(ratios):
    shared = ratios.loc["deyo1988_age_50", "shares_patients_with"].split(";")
    assert "deyo1988_cancer_history" in shared
    assert len(shared) == 5
    tsiang = ratios.loc["tsiang2019_cancer_history_patient", "shares_patients_with"]
    assert set(tsiang.split(";")) == {
        "tsiang2017_cancer_history_patient",
        "tsiang2017_cancer_history_provider",
    }
    assert ratios.loc["reinus1998_cancer_history", "shares_patients_with"] == ""


def test_selecting_first_or_last_is_the_same(evidence):
    part = likelihood_ratios(evidence, "malignancy", "primary_care")
    whole = likelihood_ratios(evidence)
    rows = (whole["target"] == "malignancy") & (whole["setting"] == "primary_care").fillna(False)
    pd.testing.assert_frame_equal(part, whole[rows].reset_index(drop=True))


@settings(max_examples=5, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_row_order_is_irrelevant(evidence, ratios, random):
    def shuffled(frame):
        order = list(range(len(frame)))
        random.shuffle(order)
        return frame.iloc[order].reset_index(drop=True)

    names = ("accuracy", "cohorts", "flags", "prevalence", "sources")
    mixed = dataclasses.replace(
        evidence, **{name: shuffled(getattr(evidence, name)) for name in names}
    )
    for one, other, key in (
        (ratios.reset_index(), likelihood_ratios(mixed), ["report_id"]),
        (feasible_tables(evidence), feasible_tables(mixed), ["report_id", "table"]),
    ):
        pd.testing.assert_frame_equal(
            one.sort_values(key, ignore_index=True), other.sort_values(key, ignore_index=True)
        )


def test_log_intervals_contain_the_published_convention(evidence):
    """Katz's interval of 7/13/0/462 with 0.5 added is among those of Reinus' five tables."""
    row = likelihood_ratios(
        evidence, "malignancy", "emergency", method="log", correction="zero_cells"
    ).iloc[0]
    _, low, high = ratio_interval(7.5, 13.5, 0.5, 462.5, method="log")
    assert row["lr_positive_low"] <= low
    assert row["lr_positive_high"] >= high
    assert (row["method"], row["correction"], row["tables"]) == ("log", "zero_cells", 5)


def test_a_narrower_level_is_a_narrower_interval(evidence, ratios):
    found = likelihood_ratios(evidence, level=0.5).set_index("report_id")
    computed = ratios["verdict"].isin(["unique", "several"]) & ratios["lr_positive"].notna()
    assert (found["lr_positive_low"] >= ratios["lr_positive_low"])[computed].all()
    assert set(found["ci_level"][computed]) == {0.5}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"target": "cancer"}, ArgumentError),
        ({"flag": "cancer"}, UnknownNameError),
        ({"level": 95}, ArgumentError),
        ({"method": "katz"}, ArgumentError),
        ({"correction": "half"}, ArgumentError),
    ],
)
def test_bad_arguments(evidence, arguments, error):
    with pytest.raises(error):
        likelihood_ratios(evidence, **arguments)


def test_an_evidence_without_reports_gives_an_empty_frame(folder):
    folder.write("accuracy.csv", "report_id,cohort_id,flag_id,reported_in,status\n")
    found = likelihood_ratios(load_evidence(folder.path))
    assert found.empty
    assert list(found.columns) == COLUMNS
    assert found["lr_positive"].dtype == float
