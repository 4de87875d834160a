"""The evidence as frames."""

from __future__ import annotations

import pandas as pd
import pytest

from backpain_stats import ArgumentError, UnknownNameError, load_evidence, load_patients
from backpain_stats.evidence.schema import TABLES


def test_statistics_are_text_and_counts_are_integers(evidence):
    assert evidence.accuracy["sensitivity"].dtype == "string"
    assert evidence.accuracy["tp"].dtype == "Int64"
    assert "1.00" in set(evidence.accuracy["specificity"].dropna())  # the last zero is data
    assert evidence.accuracy["sensitivity_low"].isna().sum() == 61
    for name, table in TABLES.items():
        assert list(getattr(evidence, name).columns) == table.names


def test_the_evidence_is_frozen(evidence):
    with pytest.raises(AttributeError):
        evidence.accuracy = pd.DataFrame()


def test_select_narrows_by_target_and_setting(evidence):
    part = evidence.select(target="malignancy", setting="primary_care")
    assert set(part.cohorts["cohort_id"]) == {"deyo1988_malignancy", "henschke2009_malignancy"}
    assert set(part.accuracy["cohort_id"]) == set(part.cohorts["cohort_id"])
    assert set(part.prevalence["target"]) == {"malignancy"}
    assert len(evidence.accuracy) == 68  # unchanged


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
    assert "accuracy               68" in repr(evidence)
    assert "<td>68</td>" in evidence._repr_html_()


def test_adding_needs_a_folder():
    with pytest.raises(ArgumentError, match="needs the path"):
        load_evidence(add=True)


def test_patients():
    patients = load_patients()
    assert patients.shape == (464, 13)
    assert int(patients.isna().sum().sum()) == 5
    criteria = [column for column in patients if column.startswith("criterion")]
    assert set(criteria) == set(patients.attrs["criteria"])
    assert patients[criteria].isin([0, 1]).sum().sum() == 464 * 11 - 5
