"""Which of several reports about the same patients counts, and that it is said."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from backpain_stats import Evidence, likelihood_ratios, posttest
from backpain_stats.published import published_reports

DEYO = "deyo1988_cancer_history"


def with_row(evidence: Evidence, like: str = DEYO, **cells: object) -> Evidence:
    """Return the evidence with one more report, written like another but for some cells."""
    reports = evidence.accuracy
    row = reports[reports["report_id"] == like].copy()
    for name, value in cells.items():
        row[name] = pd.array([value], dtype=row[name].dtype)
    return dataclasses.replace(
        evidence, accuracy=pd.concat([reports, row], ignore_index=True).sort_values("report_id")
    )


def of(evidence: Evidence, report: str) -> pd.Series:
    return likelihood_ratios(evidence).set_index("report_id").loc[report]


EXACT = {"tp": 4, "fp": 41, "fn": 9, "tn": 1921}


@pytest.mark.parametrize("name", ["aaa_exact", "zzz_exact"])
def test_an_exact_table_beats_twenty_reconstructed_ones_whatever_its_name(evidence, name):
    both = with_row(evidence, report_id=name, **EXACT)
    assert of(both, name)["counted"]
    assert of(both, name)["lr_positive"] == pytest.approx(4 / 13 / (41 / 1962), rel=1e-12)
    old = of(both, DEYO)
    assert (old["displaced_by"], old["displaced_because"]) == (name, "counts")
    assert "its counts are printed, not reconstructed" in old["reason"]
    after = posttest(both, "cancer_history", setting="primary_care").set_index("report_id")
    assert not after.loc[DEYO, "counted"].any()
    assert after.loc[name, "counted"].all()


def test_a_row_that_says_it_replaces_another_does(evidence):
    """Also one that would otherwise go behind: a quotation of fewer figures."""
    replaced = with_row(
        evidence, report_id="zzz", reading="quoted", status="seen_secondary", replaces=DEYO
    )
    old = of(replaced, DEYO)
    assert (old["displaced_by"], old["displaced_because"]) == ("zzz", "replaces")
    assert of(replaced, "zzz")["counted"]


def test_a_row_that_cannot_be_used_replaces_nothing(evidence):
    impossible = with_row(evidence, report_id="zzz", sensitivity="0.50", replaces=DEYO)
    assert of(impossible, "zzz")["verdict"] == "impossible"
    assert of(impossible, DEYO)["counted"]


@pytest.mark.parametrize(
    ("cells", "winner", "rule"),
    [
        ({"reading": "printed"}, "aaa", "own_text"),
        ({"lr_positive": "15.1"}, "aaa", "fuller"),
        ({}, "aaa", "tie"),
    ],
)
def test_the_rules_in_their_order(evidence, cells, winner, rule):
    both = with_row(evidence, report_id="aaa", **cells)
    ratios = likelihood_ratios(both).set_index("report_id").loc[["aaa", DEYO]]
    loser = next(name for name in ("aaa", DEYO) if name != winner)
    assert ratios["counted"].to_dict() == {winner: True, loser: False}
    assert ratios.loc[loser, "displaced_because"] == rule
    assert ("a tie" in ratios.loc[loser, "reason"]) == (rule == "tie")


def test_the_cohort_the_others_name_goes_before_them(evidence):
    ratios = likelihood_ratios(evidence).set_index("report_id")
    row = ratios.loc["tsiang2017_cancer_history_patient"]
    assert row["displaced_by"] == "tsiang2019_cancer_history_patient"


def test_reports_of_one_evidence_cannot_be_written_to_and_are_not_shared(evidence):
    report = published_reports(evidence)[DEYO]
    with pytest.raises(ValueError, match="read-only"):
        report.cells[:, 1] = 5
    changed = dataclasses.replace(evidence, accuracy=evidence.accuracy.copy())
    assert published_reports(changed)[DEYO] is not report
    assert published_reports(evidence.select(flag="cancer_history"))[DEYO] is report


@pytest.mark.parametrize(
    ("cells", "measure", "ends"),
    [
        ({"lr_positive": ">=2.4"}, "lr_positive", (2.4, float("inf"))),
        ({"lr_positive": "≤0.8"}, "lr_positive", (0, 0.8)),
        ({"lr_negative": "0.0"}, "lr_negative", (0, 0.05)),
    ],
)
def test_a_printed_bound_is_no_point(evidence, cells, measure, ends):
    nothing = dict.fromkeys(("lr_positive", "lr_negative"), pd.NA)
    bounded = with_row(
        evidence, "cook2012_pain_free_lumbar_movement", report_id="zzz", **(nothing | cells)
    )
    row = of(bounded, "zzz")
    assert pd.isna(row[measure])
    assert (row[f"{measure}_rounding_low"], row[f"{measure}_rounding_high"]) == ends
    assert row["usable"] == (cells.get("lr_negative") == "0.0")
    after = posttest(
        bounded, "pain_free_lumbar_movement", pretest=0.01, interval="published", indirect=True
    )
    after = after[(after["report_id"] == "zzz") & (after["result"] == measure.removeprefix("lr_"))]
    assert after["estimate"].isna().all()
    expected = [0.01 * end / (0.01 * end + 0.99) if end < float("inf") else 1 for end in ends]
    assert after[["bound_low", "bound_high"]].to_numpy()[0] == pytest.approx(expected, rel=1e-12)


def test_indirect_evidence_is_shown_and_enters_nothing_unasked(evidence):
    asked = {"flag": "age_50", "pretest": 0.01}
    after = posttest(evidence, **asked).set_index("report_id").loc["jacobson1997_age_50"]
    assert (after["directness"] == "indirect_both").all()
    assert after["estimate"].isna().all()
    assert after["lr"].notna().all()
    assert after["reason"].str.contains("enters only when it is asked for").all()
    applied = posttest(evidence, **asked, indirect=True).set_index("report_id")
    assert applied.loc["jacobson1997_age_50", "estimate"].notna().all()
