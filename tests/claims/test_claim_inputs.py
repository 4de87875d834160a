"""What a claim is recomputed from: bounds, years, named and inferred inputs, the whole evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backpain_stats import DataError, load_evidence, reproduce, reproduce_pairs
from backpain_stats.claims import FINDINGS, conventions
from backpain_stats.claims.claim import read_claims
from backpain_stats.claims.inputs import collect_inputs
from backpain_stats.claims.wording import verdict
from backpain_stats.published import Remark

PRIMARY_CARE = "downie2013_malignancy_cancer_history_pc"


def changed(evidence, name, key, row, **cells):
    """Return the evidence with some cells of one row of one file replaced."""
    frame = getattr(evidence, name).copy()
    for column, text in cells.items():
        frame.loc[frame[key] == row, column] = text
    return replace(evidence, **{name: frame})


def one_claim(evidence, **cells):
    """Return the evidence with a single made-up claim: age 50 or over in Jacobson's cohort."""
    known = {"claim_id": "made_up", "target": "malignancy", "flag_id": "age_50",
             "cohort_id": "jacobson1997_malignancy", "range_kind": "point",
             "statistic": "sensitivity", "value": "0.967", "reported_in": "jacobson1997",
             "status": "seen_primary"}  # fmt: skip
    frame = pd.DataFrame([known | cells], columns=evidence.claims.columns).astype("string")
    return replace(evidence, claims=frame)


def outcome(evidence, **cells):
    return reproduce(one_claim(evidence, **cells)).iloc[0]


@pytest.fixture(scope="module")
def ledger(evidence):
    return reproduce(evidence)


@pytest.mark.parametrize("bound", ["<=0.01", "<0.01", "≥0.001", ">0.002"])
def test_a_prevalence_that_is_a_bound_is_no_pretest(evidence, bound):
    """Finding F2: a valid file must not lose the whole ledger."""
    name = "henschke2013_malignancy"
    bounded = changed(
        evidence, "prevalence", "prevalence_id", name,
        prevalence=bound, n=pd.NA, n_cases=pd.NA, low=pd.NA, high=pd.NA,
    )  # fmt: skip
    frame = reproduce(bounded)
    assert len(frame) == len(evidence.claims)
    sources = conventions(bounded, PRIMARY_CARE)["pretest_source"]
    assert not sources.str.contains(name).any()
    (claim,) = [each for each in read_claims(bounded) if each.get("claim_id") == PRIMARY_CARE]
    assert f"{bound} ({name})" in collect_inputs(bounded).bounds(claim)


def test_a_prevalence_left_out_as_a_bound_is_named(evidence):
    """The nearest of what was tried cannot speak for what could not be tried."""
    bounded = changed(
        evidence, "prevalence", "prevalence_id", "patrick1983_positive_film", prevalence="<0.1"
    )
    row = reproduce(bounded).set_index("claim_id").loc["downie2013_fracture_contusion_or_abrasion"]
    assert "prevalence_bound" in row["reason_code"]
    assert "<0.1 (patrick1983_positive_film)" in row["explanation"]


@pytest.mark.parametrize("pretest", ["<0.01", "<=0.01", ">0.5", "0", "1.0"])
def test_a_pretest_that_is_no_value_says_so_with_its_row(evidence, pretest):
    """Finding F2 again: the bound stays a bound, and only its own claim is lost."""
    name = "henschke2013_cancer_history"
    bounded = changed(evidence, "claims", "claim_id", name, pretest=pretest)
    ledger = reproduce(bounded).set_index("claim_id")
    row = ledger.loc[name]
    assert (row["reason_code"], row["printed_pretest"]) == ("pretest_bound", pretest)
    assert pretest in row["explanation"]
    assert row["verdict"] == "not recomputed: its pre-test is no value"
    assert pd.isna(row["recomputed"])
    others = ledger.drop(name)
    pd.testing.assert_frame_equal(others, reproduce(evidence).set_index("claim_id").drop(name))


def test_a_bounded_pretest_is_no_pair(evidence):
    name = "ranzcr2015_age_50_pretest_5"
    bounded = changed(evidence, "claims", "claim_id", name, pretest="<0.05")
    flags = reproduce_pairs(bounded)["flag_id"].tolist()
    assert flags == [flag for flag in reproduce_pairs(evidence)["flag_id"] if flag != "age_50"]


@pytest.mark.parametrize("pretest", ["0.05", "5%", "1 in 20", "5 of 100", "5/100", "0·05"])
def test_a_pretest_means_the_same_however_it_is_spelt(evidence, pretest):
    # By hand: LR+ (29/30)/(281/461) = 1.5858..., odds 1/19, probability 0.0770...
    row = outcome(evidence, statistic="posttest", pretest=pretest, value="0.077")
    assert row["finding"] == "reproduced"
    odds = 29 / 30 / (281 / 461) / 19
    assert row["estimate"] == pytest.approx(odds / (1 + odds), rel=1e-12)


@pytest.mark.parametrize(
    ("cells", "finding"),
    [
        ({"value": ">0.90"}, "reproduced"),
        ({"value": "≥0.96"}, "reproduced"),
        ({"value": "<0.90"}, "differs"),
        ({"value": "29 of 30"}, "reproduced"),
        ({"value": "28 of 30"}, "differs"),
        ({"value": "96.7%"}, "reproduced"),
        ({"statistic": "odds_ratio", "value": ">=18"}, "reproduced"),
        ({"statistic": "lr_negative", "value": "<=0.05"}, "differs"),
    ],
)
def test_a_value_is_a_bound_a_share_or_a_percentage(evidence, cells, finding):
    assert outcome(evidence, **cells)["finding"] == finding


def test_a_figure_that_is_none_names_its_row(evidence):
    with pytest.raises(DataError, match="claim_id made_up: value is 'many'"):
        outcome(evidence, value="many")
    name = "downie2013_fracture_primary"
    broken = changed(evidence, "prevalence", "prevalence_id", name, low="rare")
    with pytest.raises(DataError, match=f"prevalence_id {name}: low is 'rare'"):
        reproduce(broken)


def test_a_ratio_printed_as_zero_gives_no_exact_zero(ledger):
    row = ledger.set_index("claim_id").loc["cook2012_pain_free_lumbar_movement_negative"]
    assert (row["finding"], row["reason_code"]) == ("reproduced", "rounded_zero")
    assert np.isnan(row["estimate"])
    # "0.0" is anything up to 0.05; the cohort has 66 cases of 1109.
    odds = 66 / 1043 * 0.05
    assert f"at most {odds / (1 + odds):.3g}" in row["explanation"]


def test_what_was_published_later_is_not_tried(evidence):
    """Thiru's 4 of 329 (2014) would print Downie's 33% (2013) too."""
    name = "downie2013_malignancy_cancer_history_ed"
    assert not conventions(evidence, name)["pretest_source"].str.contains("thiru").any()
    later = changed(evidence, "sources", "source_id", "thiru2014", year=2012)
    assert conventions(later, name)["pretest_source"].str.contains("thiru").any()
    unknown = changed(evidence, "sources", "source_id", "thiru2014", year=pd.NA)
    assert conventions(unknown, name)["pretest_source"].str.contains("thiru").any()


def test_a_claim_that_does_not_name_its_inputs_is_inferred(evidence):
    """Cohort, place of reading and original decide; nothing else."""
    report = evidence.accuracy.set_index("report_id").loc["jacobson1997_age_50"]
    own = report["reported_in"]
    unnamed = {"cohort_id": pd.NA, "setting": "secondary_care"}
    assert outcome(evidence)["finding"] == "reproduced"
    assert outcome(evidence, **unnamed, reported_in=own)["finding"] == "reproduced"
    for cells in ({"reported_in": "jin2020"}, {"reported_in": own, "quotes": "deyo1988"}):
        row = outcome(evidence, **unnamed, **cells)
        assert (row["finding"], row["reason_code"]) == ("inferred", "source_inferred")
        assert row["verdict"] == "follows from jacobson1997_age_50, which the claim does not name"


def test_inputs_that_were_read_but_stand_in_no_row(evidence):
    nowhere = {"flag_id": "fever", "inputs_read": "yes"}
    row = outcome(evidence, **nowhere, value="0.10")
    assert (row["finding"], row["reason_code"]) == ("not_on_file", "no_report;size_allows")
    # Of 30 cases no whole number prints 0.12.
    row = outcome(evidence, **nowhere, value="0.12")
    assert row["reason_code"] == "no_report;size_forbids"
    assert (
        "No whole number of 30 patients prints 0.12: 3 print 0.10, 4 print 0.13."
        in (row["explanation"])
    )
    row = outcome(evidence, **nowhere | {"inputs_read": "no"}, value="0.10")
    assert (row["finding"], row["verdict"]) == ("not_read", FINDINGS["not_read"])


@pytest.mark.parametrize(
    "chosen",
    [
        {"target": "malignancy"},
        {"setting": "primary_care"},
        {"flag": "cancer_history"},
        {"family": "esr"},
        {"target": "malignancy", "setting": "emergency", "flag": "cancer_history"},
    ],
)
def test_selecting_first_or_last_is_the_same(evidence, ledger, chosen):
    part = evidence.select(**chosen)
    kept = ledger[ledger["claim_id"].isin(part.claims["claim_id"])].reset_index(drop=True)
    assert 0 < len(kept) < len(ledger)
    pd.testing.assert_frame_equal(reproduce(part), kept)
    pairs, all_pairs = reproduce_pairs(part), reproduce_pairs(evidence)
    whole = all_pairs["claims"].str.split("; ").map(set(part.claims["claim_id"]).issuperset)
    pd.testing.assert_frame_equal(pairs, all_pairs[whole].reset_index(drop=True))


def test_two_evidences_share_nothing(evidence, frozen_folder):
    first, second = load_evidence(frozen_folder), load_evidence(frozen_folder)
    assert collect_inputs(first) is collect_inputs(first.select(target="malignancy"))
    assert collect_inputs(first) is not collect_inputs(second)
    frame = reproduce(first)
    frame.loc[:, "estimate"] = 0.5
    tried = conventions(first, "jin2020_accuracy")
    tried.loc[:, "tp"] = 0
    pd.testing.assert_frame_equal(reproduce(first), reproduce(second))


def test_no_word_of_a_note_changes_a_verdict(evidence, ledger):
    rng = np.random.default_rng(7)
    frames = {}
    for name, columns in (("claims", ["note", "definition"]), ("prevalence", ["note"]),
                          ("accuracy", ["note", "definition"]), ("cohorts", ["note"]),
                          ("combinations", ["note"]), ("flags", ["definition_note"]),
                          ("sources", ["note", "citation"])):  # fmt: skip
        frame = getattr(evidence, name).copy()
        for column in set(columns) & set(frame.columns):
            frame[column] = rng.permutation(frame[column].to_numpy())
        frames[name] = frame
    pd.testing.assert_frame_equal(reproduce(replace(evidence, **frames)), ledger)


def test_verdicts_are_written_from_their_codes():
    assert verdict("reproduced") == "reproduced"
    assert (
        verdict("differs", [Remark("inputs_not_read")]) == "differs; its own inputs were not read"
    )
    needs = [Remark("cut_off"), Remark("odds_rounded", ("0.053",))]
    assert verdict("conditional", needs) == (
        "reproduced only with digits of the report cut off, not rounded, "
        "pre-test odds rounded to two significant figures (0.053)"
    )
    source = Remark("source_inferred", ("first", "second"))
    assert verdict("inferred", [source, *needs[:1]]) == (
        "follows from first and second, which the claim does not name; "
        "only with digits of the report cut off, not rounded"
    )
    fitted = verdict("inferred", [Remark("fitted_pretest", (0.0037, 0.0065))])
    assert fitted == "follows only with a pre-test from 0.37% to 0.65%, which is not printed"
