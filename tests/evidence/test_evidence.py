"""The evidence as frames."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    DataError,
    UnknownNameError,
    check_evidence,
    load_evidence,
    load_patients,
)
from backpain_stats.evidence import TABLES


def test_statistics_are_text_and_counts_are_integers(evidence):
    assert evidence.accuracy["sensitivity"].dtype == "string"
    assert evidence.accuracy["tp"].dtype == "Int64"
    assert "1.00" in set(evidence.accuracy["specificity"].dropna())  # the last zero is data
    assert evidence.accuracy["sensitivity_low"].isna().any()  # empty stays missing
    assert evidence.flags["threshold"].dtype == "Float64"
    for name, table in TABLES.items():
        assert list(getattr(evidence, name).columns) == table.names


def test_the_evidence_is_frozen(evidence):
    with pytest.raises(AttributeError):
        evidence.accuracy = pd.DataFrame()


def test_select_narrows_by_target_and_setting(evidence):
    before = len(evidence.accuracy)
    part = evidence.select(target="malignancy", setting="primary_care")
    assert {"deyo1988_malignancy", "henschke2009_malignancy"} <= set(part.cohorts["cohort_id"])
    assert set(part.cohorts["target"]) == set(part.prevalence["target"]) == {"malignancy"}
    assert set(part.cohorts["setting"]) == {"primary_care"}
    assert 0 < len(part.accuracy) < before
    assert set(part.accuracy["cohort_id"]) <= set(part.cohorts["cohort_id"])
    assert len(evidence.accuracy) == before  # unchanged


def test_a_selection_narrows_the_view_and_keeps_the_whole(evidence):
    first = evidence.select(flag="age_50")
    second = first.select(target="malignancy")
    assert first.whole is second.whole is evidence.whole is evidence
    assert set(second.accuracy["flag_id"]) == {"age_50"}
    assert len(second.accuracy) < len(first.accuracy)
    with pytest.raises(UnknownNameError):
        first.select(flag="cancer_history")


def test_a_changed_evidence_is_whole_and_has_nothing_derived(evidence):
    def count(whole):
        return len(whole.accuracy)

    selected = evidence.select(flag="age_50")
    assert selected.derived("rows", count) == len(evidence.accuracy)
    changed = replace(selected, claims=evidence.claims.head(0))
    assert changed.whole is changed
    assert changed.derived("rows", count) == len(selected.accuracy) < len(evidence.accuracy)


def test_what_is_derived_is_made_once_and_belongs_to_one_evidence():
    first, second = load_evidence(), load_evidence()
    made = first.derived("object", lambda whole: object())
    assert first.select(flag="age_50").derived("object", lambda whole: object()) is made
    assert second.derived("object", lambda whole: object()) is not made


def test_select_narrows_by_flag_and_family(evidence):
    part = evidence.select(flag="cancer_history")
    assert set(part.accuracy["flag_id"]) == {"cancer_history"}
    assert "deyo1988_any_of_4" in set(part.combinations["combination_id"])
    assert "henschke2007_any_of_4_sensitivity" in set(part.claims["claim_id"])
    ages = evidence.select(family="age")
    assert {"age_50", "age_70"} <= set(ages.flags["flag_id"])
    two = evidence.select(flag=["age_50", "cancer_history"], family="age")
    assert set(two.flags["flag_id"]) == {"age_50"}


def test_selecting_everything_is_the_union_of_the_targets(evidence):
    rows = [
        len(evidence.select(target=target).accuracy)
        for target in ("malignancy", "fracture", "infection", "cauda_equina", "any_serious")
    ]
    assert sum(rows) == len(evidence.accuracy)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"target": "cancer"}, ArgumentError, "allowed: 'malignancy'"),
        ({"setting": "primary care"}, ArgumentError, "did you mean 'primary_care'"),
        ({"flag": "cancer_histroy"}, UnknownNameError, "did you mean cancer_history"),
        ({"family": "ages"}, UnknownNameError, "did you mean age"),
        ({"flag": ["age_50", "zzz"]}, UnknownNameError, "unknown flag 'zzz'"),
    ],
)
def test_unknown_names_suggest_the_nearest(evidence, arguments, error, words):
    with pytest.raises(error, match=words):
        evidence.select(**arguments)


def test_faces(evidence):
    rows = len(evidence.accuracy)
    assert f"accuracy            {rows:>5}" in repr(evidence)
    assert f"<td>{rows}</td>" in evidence._repr_html_()


@pytest.mark.parametrize("read", [load_evidence, check_evidence])
def test_adding_needs_a_folder_and_a_folder_a_name(read):
    with pytest.raises(ArgumentError, match="needs the path"):
        read(add=True)
    with pytest.raises(ArgumentError, match="is empty"):  # an unset variable of a shell
        read("")


def test_patients():
    patients = load_patients()
    assert patients.shape == (464, 13)
    assert int(patients.isna().sum().sum()) == 5
    criteria = [column for column in patients if column.startswith("criterion")]
    assert set(criteria) == set(patients.attrs["criteria"])
    assert patients[criteria].isin([0, 1]).sum().sum() == 464 * 11 - 5


def test_patients_of_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"no smart2011_criteria\.csv .* not distributed"):
        load_patients(tmp_path)
    (tmp_path / "smart2011_criteria.csv").write_text("criterion,description\nc1,Pain\n")
    patients = tmp_path / "smart2011_patients.csv"
    patients.write_text("patient,c1,pain_type\n1,1,nociceptive\n2,,central_neuropathic\n")
    frame = load_patients(tmp_path)
    assert frame["c1"].tolist() == [1, pd.NA]
    assert frame.attrs["criteria"] == {"c1": "Pain"}
    patients.write_text("patient,c1,pain_type\n1,2,nociceptive\n")
    with pytest.raises(DataError, match=r"line 2, column c1: '2' is not in the vocabulary"):
        load_patients(tmp_path)
