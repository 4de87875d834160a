"""QUADAS-2 judgements: what assessors said, and what is done with it."""

from dataclasses import replace

import pandas as pd
import pytest

from backpain_stats import ArgumentError, DataError
from backpain_stats.decide.quality import (
    DOMAINS,
    quality_covariate,
    quality_filter,
    quality_judgements,
    quality_shares,
)

COHORTS = ["deyo1988_malignancy", "henschke2009_malignancy", "jacobson1997_malignancy"]


def judged(evidence, *rows):
    """Evidence with judgements: (cohort, assessor, domain, bias, applicability, reason)."""
    columns = ["cohort_id", "assessor", "domain", "risk_of_bias", "applicability", "reason"]
    frame = pd.DataFrame(rows, columns=columns, dtype="string")
    return replace(evidence, quality=frame)


@pytest.fixture
def judged_evidence(evidence):
    return judged(
        evidence,
        (COHORTS[0], "A", "patient_selection", "low", "low", "consecutive"),
        (COHORTS[0], "B", "patient_selection", "unclear", "low", "unclear start"),
        (COHORTS[0], "A", "flow_and_timing", "high", pd.NA, "an item is missing in some"),
        (COHORTS[1], "A", "patient_selection", "low", "low", "inception cohort"),
        (COHORTS[2], "A", "patient_selection", "high", "high", "any site of pain"),
        (COHORTS[2], "B", "patient_selection", "low", "high", "all referred"),
        (COHORTS[2], "consensus", "patient_selection", "unclear", "high", "discussed"),
    )


def one(frame, cohort, domain, aspect):
    rows = frame.query("cohort_id == @cohort and domain == @domain and aspect == @aspect")
    assert len(rows) == 1
    return rows.iloc[0]


def test_without_judgements_everything_is_empty_and_works(evidence):
    empty = quality_judgements(evidence)
    assert empty.empty
    assert quality_shares(empty).empty


def test_the_worst_judgement_holds_unless_there_is_a_consensus(judged_evidence):
    frame = quality_judgements(judged_evidence)
    split = one(frame, COHORTS[0], "patient_selection", "risk_of_bias")
    assert (split["judgement"], split["agreed"], split["assessors"]) == ("unclear", False, 2)
    assert split["reason"] == "unclear start"
    settled = one(frame, COHORTS[2], "patient_selection", "risk_of_bias")
    assert (settled["judgement"], settled["agreed"]) == ("unclear", True)
    assert settled["reason"] == "discussed"


def test_flow_and_timing_has_no_applicability(judged_evidence):
    frame = quality_judgements(judged_evidence)
    flow = frame[frame["domain"] == "flow_and_timing"]
    assert list(flow["aspect"]) == ["risk_of_bias"]


def test_shares_add_up_and_weigh_by_patients(judged_evidence):
    shares = quality_shares(quality_judgements(judged_evidence))
    assert shares.groupby(["aspect", "domain"], observed=True)["share"].sum().to_numpy() == (
        pytest.approx(1)
    )
    low = shares.query("domain == 'patient_selection' and aspect == 'risk_of_bias'")
    low = low.set_index("judgement")["share"]
    assert low["low"] == pytest.approx(1172 / (1975 + 1172 + 491))
    plain = quality_shares(quality_judgements(judged_evidence), weights=None).set_index(
        ["aspect", "domain", "judgement"]
    )
    assert plain.loc[("risk_of_bias", "patient_selection", "low"), "share"] == pytest.approx(1 / 3)


def test_a_missing_weight_is_named(evidence):
    judged_evidence = judged(
        evidence, ("tsiang2019_malignancy", "A", "index_test", "low", "low", "")
    )
    with pytest.raises(DataError, match="tsiang2019_malignancy"):
        quality_shares(quality_judgements(judged_evidence))


def test_filter_sets_aside_and_says_why(judged_evidence):
    frame = pd.DataFrame({"cohort_id": [*COHORTS, "reinus1998_malignancy"], "tp": range(4)})
    kept = quality_filter(frame, judged_evidence)
    assert list(kept["counted"]) == [False, True, True, True]
    assert kept["reason"].iloc[0] == "set aside for its risk_of_bias: flow_and_timing high"
    assert len(kept) == len(frame)
    assert "counted" not in frame.columns
    strict = quality_filter(
        frame, judged_evidence, exclude=("high", "unclear"), unassessed="exclude"
    )
    assert list(strict["counted"]) == [False, True, False, False]
    assert strict["reason"].iloc[3] == "set aside: nobody judged it"
    selection = quality_filter(frame, judged_evidence, domains=["index_test"])
    assert selection["counted"].all()


def test_filter_keeps_what_was_set_aside_before(judged_evidence):
    frame = pd.DataFrame(
        {"cohort_id": COHORTS[:2], "counted": [False, False], "reason": ["duplicate", None]}
    )
    kept = quality_filter(frame, judged_evidence)
    assert not kept["counted"].any()
    assert kept["reason"].iloc[0].startswith("duplicate; set aside for its risk_of_bias")
    assert kept["reason"].iloc[1] == ""


def test_covariate_names_what_nobody_judged(judged_evidence):
    frame = pd.DataFrame({"cohort_id": [*COHORTS, "reinus1998_malignancy"]})
    added = quality_covariate(frame, judged_evidence, "patient_selection")
    assert list(added["patient_selection"]) == ["unclear", "low", "unclear", "not assessed"]


def test_words_outside_the_vocabulary_are_refused(judged_evidence):
    frame = pd.DataFrame({"cohort_id": COHORTS})
    with pytest.raises(ArgumentError, match="flow_and_timing"):
        quality_covariate(frame, judged_evidence, "flow_and_timming")
    with pytest.raises(ArgumentError, match="'low', 'unclear', 'high'"):
        quality_filter(frame, judged_evidence, exclude="bad")
    with pytest.raises(DataError, match="cohort_id"):
        quality_filter(pd.DataFrame({"study": ["deyo1988"]}), judged_evidence)
    assert DOMAINS == ("patient_selection", "index_test", "reference_standard", "flow_and_timing")
