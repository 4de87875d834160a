"""Endorsements beside the evidence: one rule, no hand verdicts."""

import numpy as np
import pandas as pd
import pytest

from backpain_stats import ArgumentError, endorsement, likelihood_ratios
from backpain_stats.decide.endorsement import STATES, evidence_state


@pytest.fixture(scope="module")
def found(evidence):
    return endorsement(evidence)


def report(low, high, negative_low, negative_high, **changes):
    row = {
        "lr_positive": 3.0,
        "lr_positive_low": low,
        "lr_positive_high": high,
        "lr_negative": 0.8,
        "lr_negative_low": negative_low,
        "lr_negative_high": negative_high,
        "usable": True,
        "counted": True,
        "directness": "direct",
    }
    return row | changes


@pytest.mark.parametrize(
    ("reports", "claims", "state"),
    [
        ([report(2.1, 9, 0.6, 1)], 0, ("informative", 1)),
        ([report(0.9, 9, 0.01, 0.4)], 0, ("informative", 1)),
        ([report(0.9, 1.5, 0.7, 1.1)], 0, ("uninformative", 0)),
        ([report(0.9, 3, 0.7, 1.1)], 0, ("inconclusive", 0)),
        ([report(0.9, 1.5, 0.4, 1.1)], 0, ("inconclusive", 0)),
        ([report(np.nan, np.nan, np.nan, np.nan)], 0, ("inconclusive", 0)),
        ([report(0.9, 1.5, 0.7, 1.1), report(4, 9, 0.7, 1.1)], 0, ("informative", 1)),
        ([report(0.9, 1.5, 0.7, 1.1), report(1, 9, 0.7, 1.1)], 0, ("inconclusive", 0)),
        ([report(4, 9, 0.7, 1.1, usable=False)], 0, ("not usable", 0)),
        ([report(4, 9, 0.7, 1.1, directness="indirect_both")], 0, ("not usable", 0)),
        ([report(4, 9, 0.7, 1.1, counted=False)], 0, ("not usable", 0)),
        ([], 3, ("not usable", 0)),
        ([], 0, ("no usable figure in the sources read here", 0)),
    ],
)
def test_states_follow_from_the_rule(reports, claims, state):
    frame = pd.DataFrame(reports, columns=list(report(1, 1, 1, 1)))
    assert evidence_state(frame, claims, 2.0, 0.5) == state


def test_every_verdict_can_be_derived_again_from_the_intervals(evidence, found):
    ratios = likelihood_ratios(evidence)
    direct = ~ratios["directness"].str.startswith("indirect")
    ratios = ratios[ratios["usable"] & ratios["counted"] & direct]
    strong = ratios[(ratios["lr_positive_low"] > 2) | (ratios["lr_negative_high"] < 0.5)]
    expected = set(zip(strong["flag_id"], strong["target"], strict=True))
    rows = found.flags[found.flags["evidence"] == "informative"]
    assert set(zip(rows["flag_id"], rows["target"], strict=True)) == expected


def test_every_statement_is_accounted_for(evidence, found):
    assert len(found.statements) == len(evidence.endorsements)
    tally = found.summary()
    assert tally["statements"].sum() + tally["other_texts"].sum() == len(evidence.endorsements)
    assert tally["flags"].sum() == len(found.flags)
    assert found.guidelines["statements"].sum() == len(evidence.endorsements)
    verdicts = found.guidelines.columns[6:]
    assert (found.guidelines[verdicts].sum(axis=1) == found.guidelines["statements"]).all()


def test_general_lists_stay_unspecified(evidence, found):
    general = evidence.endorsements["target"] == "unspecified"
    verdicts = found.statements.set_index("endorsement_id")["verdict"]
    assert (
        verdicts[evidence.endorsements.loc[general, "endorsement_id"]] == "unspecified list"
    ).all()
    assert "unspecified" not in set(found.flags["target"])
    # has2019 is one general list: it endorses no flag for any condition.
    has = found.guidelines.set_index("guideline_id").loc["has2019"]
    assert has["unspecified list"] == has["statements"]


def test_guidelines_count_once_a_flag_and_patient_pages_apart(evidence, found):
    counts = (
        evidence.endorsements.query("guideline_id != 'patient_article'")
        .dropna(subset="flag_id")
        .groupby(["flag_id", "target"])["guideline_id"]
        .nunique()
    )
    for row in found.flags.itertuples():
        assert row.guidelines == counts.get((row.flag_id, row.target), 0)
        assert row.verdict.startswith("endorsed") == (row.guidelines > 0)
    page = found.guidelines.set_index("guideline_id").loc["patient_article"]
    assert page["document"] == "teaching material"
    others = found.guidelines[found.guidelines["guideline_id"] != "patient_article"]
    assert (others["document"] == "guideline").all()


def test_years_accumulate(found):
    years = found.years
    assert years["year"].is_monotonic_increasing
    for column in years.columns[1:]:
        assert years[column].is_monotonic_increasing
    dated = found.guidelines[
        found.guidelines["year"].notna() & (found.guidelines["document"] == "guideline")
    ]
    assert years["guidelines"].iloc[-1] == len(dated)


def test_stricter_cutoffs_never_find_more(evidence, found):
    strict = endorsement(evidence, lr_positive_above=10, lr_negative_below=0.1)
    assert (strict.flags["informative_reports"] <= found.flags["informative_reports"]).all()
    assert "above 10" in strict.rule
    assert "below 0.1" in strict.rule


def test_one_condition_only(evidence):
    found = endorsement(evidence, target="fracture")
    assert set(found.flags["target"]) == {"fracture"}
    assert set(found.statements["target"]) == {"fracture", "unspecified"}
    assert set(found.counts["target"]) == {"fracture"}
    assert endorsement(evidence, target="malignancy").counts.empty
    assert set(found.flags["evidence"]) <= set(STATES)


def test_relatives_are_named_not_merged(found):
    row = found.flags.set_index(["flag_id", "target"]).loc[
        ("corticosteroid_use_prolonged", "fracture")
    ]
    assert row["evidence"] == "not usable"
    assert row["measured_in_family"] == "corticosteroid_use"
    assert "1 published figure without a table" in row["reason"]


def test_cutoffs_on_the_wrong_side_are_refused(evidence):
    with pytest.raises(ArgumentError, match="1 or more"):
        endorsement(evidence, lr_positive_above=0.5)
    with pytest.raises(ArgumentError, match="at most 1"):
        endorsement(evidence, lr_negative_below=2)
    with pytest.raises(ArgumentError, match="target"):
        endorsement(evidence, target="cancer")
