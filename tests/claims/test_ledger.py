"""The ledger of reproduction: known findings, and claims made up to be found."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpain_stats import UnknownNameError, reproduce
from backpain_stats.claims import FINDINGS, conventions, reproduce_claim
from backpain_stats.claims.claim import read_claims
from backpain_stats.claims.inputs import collect_inputs
from backpain_stats.claims.pretests import round_to_two_figures
from backpain_stats.claims.unprinted_pretest import solve_pretests
from backpain_stats.claims.wording import NEEDS, REASONS


@pytest.fixture(scope="module")
def ledger(evidence):
    return reproduce(evidence).set_index("claim_id")


def log_interval(tp, fp, fn, tn):
    """LR+ with its logarithmic 95% interval, written out once more."""
    ratio = (tp / (tp + fn)) / (fp / (fp + tn))
    width = 1.959963984540054 * math.sqrt(1 / tp - 1 / (tp + fn) + 1 / fp - 1 / (fp + tn))
    return ratio, ratio * math.exp(-width), ratio * math.exp(width)


def posttest(pretest, ratio):
    odds = pretest / (1 - pretest) * ratio
    return odds / (1 + odds)


def with_claims(evidence, *rows):
    """Return the evidence with other claims."""
    columns = evidence.claims.columns
    frame = pd.DataFrame(list(rows), columns=columns).astype("string")
    return replace(evidence, claims=frame)


def claim(**figures):
    known = {"claim_id": "made_up", "target": "malignancy", "flag_id": "age_50",
             "cohort_id": "jacobson1997_malignancy", "range_kind": "point",
             "reported_in": "jacobson1997", "status": "seen_primary"}  # fmt: skip
    return known | figures


# The only table of this cohort that is printed: age 50 or over, any cancer.
TP, FP, FN, TN = 29, 281, 1, 180


def test_every_claim_has_its_row_its_finding_and_known_codes(evidence, ledger):
    assert ledger.index.tolist() == evidence.claims["claim_id"].tolist()
    # The frozen claims show every finding but one, which is made up further down.
    assert set(ledger["finding"]) == FINDINGS.keys() - {"not_on_file"}
    given = {code for codes in ledger["reason_code"] for code in codes.split(";") if code}
    assert given <= NEEDS.keys() | REASONS.keys()
    for finding in ("conditional", "inferred", "not_read"):
        assert (ledger.loc[ledger["finding"] == finding, "reason_code"] != "").all()
    assert ledger["explanation"].str.len().min() > 20


def test_a_posttest_is_never_recomputed_without_its_pretest(ledger):
    posttests = ledger[ledger["statistic"].str.startswith("posttest")]
    done = posttests[posttests["recomputed"].notna()]
    assert len(done) > 15
    assert done["recomputed_pretest"].astype(float).between(0, 1, inclusive="neither").all()


def test_downies_emergency_posttest_comes_from_one_corrected_table(evidence, ledger):
    row = ledger.loc["downie2013_malignancy_cancer_history_ed"]
    assert row[["tp", "fp", "fn", "tn"]].tolist() == [7, 13, 0, 462]
    assert row["verdict"] == (
        "follows from reinus1998_cancer_history, which the claim does not name; "
        "only with one of 5 tables (7/13/0/462), 0.5 added to all four cells"
    )
    assert row["reason_code"] == "source_inferred;some_tables;correction_all"
    assert (row["method"], row["correction"]) == ("log", "all")
    # By hand: 0.5 in each cell, the logarithmic interval, the prevalence 7 of 482.
    expected = [posttest(7 / 482, x) for x in log_interval(7.5, 13.5, 0.5, 462.5)]
    # Both are the same few operations on doubles.
    np.testing.assert_allclose(row[["estimate", "ci_low", "ci_high"]].tolist(), expected, 1e-12)
    assert [round(100 * x, 1) for x in expected] == [32.8, 21.8, 45.9]
    tried = conventions(evidence, "downie2013_malignancy_cancer_history_ed")
    own = tried[
        tried["fits"] & (tried["method"] == "log") & tried["pretest"].between(0.0145, 0.0146)
    ]
    assert own[["fp", "correction"]].to_numpy().tolist() == [[13, "all"]]


def test_downies_primary_care_posttest_needs_a_pretest_that_nobody_prints(evidence, ledger):
    name = "downie2013_malignancy_cancer_history_pc"
    row = ledger.loc[name]
    assert row["finding"] == "inferred"
    assert row["verdict"].endswith("a pre-test from 0.37% to 0.65%, which is not printed")
    assert row["reason_code"] == "source_inferred;fitted_pretest"
    assert row["printed_pretest"] is pd.NA
    (found,) = [each for each in read_claims(evidence) if each.get("claim_id") == name]
    plain = solve_pretests(found, collect_inputs(evidence).candidates(found))[0]
    assert (plain.candidate.source, plain.correction, plain.method) == (
        "deyo1988_cancer_history", "none", "log")  # fmt: skip
    # All of Deyo's feasible tables can, each between two pre-tests and not beyond.
    assert plain.tables[:, 1].tolist() == list(range(30, 50))
    for table, low, high in zip(plain.tables, plain.low, plain.high, strict=True):
        ratios = log_interval(*map(float, table))
        for pretest, inside in ((low, True), (math.sqrt(low * high), True), (high, True),
                                (0.999 * low, False), (1.001 * high, False)):  # fmt: skip
            figures = [posttest(pretest, ratio) for ratio in ratios]
            # The tolerance stands for the rounding of doubles at the very ends.
            fits = all(
                abs(x - printed) <= 0.005 + 1e-12
                for x, printed in zip(figures, (0.07, 0.03, 0.16), strict=True)
            )
            assert fits is inside


def test_ranzcr_rounded_the_odds_of_four_ratios_of_henschke(ledger):
    for flag, ratio in (("cancer_history", 23.7), ("clinician_suspicion", 12.1),
                        ("haematocrit_30", 18.2), ("esr_50", 18.0)):  # fmt: skip
        for pretest, odds in ((1, 0.010), (5, 0.053)):
            row = ledger.loc[f"ranzcr2015_{flag}_pretest_{pretest}"]
            assert row["finding"] == "inferred"
            assert row["reason_code"] == "source_inferred;odds_rounded"
            assert "pre-test odds rounded to two significant figures" in row["verdict"]
            assert row["report_id"].startswith("henschke2007_")
            assert row["estimate"] == pytest.approx(odds * ratio / (1 + odds * ratio), rel=1e-12)
            exact = posttest(pretest / 100, ratio)
            assert f"{exact:.3f}" != row["printed"]


def test_deyos_table_gives_the_cochrane_posttest(evidence, ledger):
    row = ledger.loc["henschke2013_cancer_history"]
    # Nowhere does the review say whose table it used.
    assert row["finding"] == "inferred"
    tried = conventions(evidence, "henschke2013_cancer_history")
    found = tried[tried["fits"] & tried["pretest_source"].str.startswith("21 of 6622")
                  & (tried["correction"] == "none") & ~tried["odds_rounded"]]  # fmt: skip
    assert found["fp"].tolist() == [40]


def test_missing_patients_and_cut_off_digits_explain_the_odds_ratios(ledger):
    row = ledger.loc["ces334_or_leg_sensory_deficit"]
    # The claim names the cohort, so this is reproduced.
    assert row["verdict"].startswith("reproduced only with 2 patients not assessed")
    assert row["reason_code"] == "not_assessed;some_tables"
    assert "fp 118..124" in row["explanation"]
    row = ledger.loc["ces334_or_leg_weakness"]
    assert row[["tp", "fp", "fn", "tn"]].tolist() == [17, 87, 8, 219]
    row = ledger.loc["ces334_or_leg_pain_bilateral"]
    assert "digits of the report cut off" in row["verdict"]
    # The specificity printed as 0.7 is 0.77 in the one table that fits.
    assert round(row["tn"] / (row["tn"] + row["fp"]), 3) == 0.770


def test_what_cannot_be_recomputed_says_why(ledger):
    adjusted = ledger[ledger["statistic"] == "odds_ratio_adjusted"]
    assert len(adjusted)
    assert (adjusted["finding"] == "not_read").all()
    assert (adjusted["reason_code"] == "adjusted").all()
    assert adjusted["explanation"].str.contains("regression on patient data").all()
    row = ledger.loc["ranzcr2015_pain_duration_1_month_pretest_1"]
    assert row["reason_code"] == "unusable_reports"
    assert "deyo1988_pain_duration_1_month (no table prints all its figures)" in row["explanation"]


def test_contradicted_claims_differ(ledger):
    for name in ("henschke2007_cancer_history", "verhagen2017_cancer_history",
                 "downie2013_fracture_contusion_or_abrasion",
                 "downie2013_malignancy_cancer_history_lrp",
                 "henschke2013_weight_loss_unexplained"):  # fmt: skip
        assert ledger.loc[name, "finding"] == "differs"
        assert ledger.loc[name, "conventions_fitting"] == 0
    assert ledger.loc["henschke2007_cancer_history", "reason_code"] == "inputs_not_read"
    assert "No pre-test at all" in ledger.loc[
        "downie2013_fracture_contusion_or_abrasion", "explanation"]  # fmt: skip


def test_a_ratio_of_the_family_alone_does_not_refute(ledger):
    # ESR >= 100 has no published ratio; that of "elevated ESR" cannot speak against it.
    assert ledger.loc["ranzcr2015_esr_100_pretest_1", "finding"] == "not_read"


def test_the_ledger_counts_what_it_tried(evidence, ledger):
    for name in ("downie2013_malignancy_cancer_history_ed", "henschke2013_cancer_history",
                 "jin2020_accuracy", "ces334_or_leg_weakness"):  # fmt: skip
        tried = conventions(evidence, name)
        assert ledger.loc[name, "conventions_tried"] == tried["estimate"].notna().sum()
        assert ledger.loc[name, "conventions_fitting"] == tried["fits"].sum()
    row = ledger.loc["ranzcr2015_no_improvement_1_month_pretest_5"]
    assert "hit by chance would be no surprise" in row["explanation"]


STATISTICS = {
    "sensitivity": TP / (TP + FN),
    "specificity": TN / (FP + TN),
    "test_positive_rate": (TP + FP) / 491,
    "diagnostic_accuracy": (TP + TN) / 491,
    "frequency_in_cases": TP / (TP + FN),
    "odds_ratio": TP * TN / (FP * FN),
    "lr_positive": (TP / 30) / (FP / 461),
    "lr_negative": (FN / 30) / (TN / 461),
}


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_claim_made_from_a_printed_table_is_reproduced(evidence, statistic):
    value = STATISTICS[statistic]
    changed = with_claims(evidence, claim(statistic=statistic, value=f"{value:.4f}"))
    row = reproduce(changed).iloc[0]
    assert (row["verdict"], row["reason_code"]) == ("reproduced", "")
    assert row["estimate"] == pytest.approx(value, rel=1e-12)
    assert row[["tp", "fp", "fn", "tn"]].tolist() == [TP, FP, FN, TN]


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_same_claim_off_by_one_digit_differs(evidence, statistic):
    value = STATISTICS[statistic] + 0.0001
    changed = with_claims(evidence, claim(statistic=statistic, value=f"{value:.4f}"))
    assert reproduce(changed).iloc[0]["verdict"] == "differs"


@settings(max_examples=12, deadline=None)
@given(pretest=st.integers(1, 60), correct=st.booleans(), rounded=st.booleans())
def test_a_made_up_posttest_is_traced_to_its_convention(evidence, pretest, correct, rounded):
    half = 0.5 if correct else 0.0
    ratios = log_interval(TP + half, FP + half, FN + half, TN + half)
    odds = pretest / (1000 - pretest)
    if rounded:
        digits = 1 - math.floor(math.log10(odds))
        odds = math.floor(odds * 10**digits + 0.5) / 10**digits
    figures = [odds * ratio / (1 + odds * ratio) for ratio in ratios]
    texts = [f"{math.floor(x * 1e8 + 0.5) / 1e8:.8f}" for x in figures]
    changed = with_claims(
        evidence, claim(statistic="posttest", pretest=f"{pretest / 1000:.3f}", value=texts[0],
              low=texts[1], high=texts[2], range_kind="ci95")
    )  # fmt: skip
    row = reproduce(changed).iloc[0]
    assert row["finding"] in ("reproduced", "conditional")
    assert ("0.5 added" in row["verdict"]) is correct
    if not rounded:
        assert "rounded" not in row["verdict"]
    assert row["estimate"] == pytest.approx(figures[0], abs=1e-8)


def test_the_level_of_an_interval_is_taken_from_the_claim(evidence):
    from backpain_stats.tables import proportion_interval

    low, high = proportion_interval(TP, TP + FN, "wilson", 0.975)
    figures = {"statistic": "sensitivity", "value": "0.967", "low": f"{low:.3f}",
               "high": f"{high:.3f}"}  # fmt: skip
    for kind, finding in (("ci975", "reproduced"), ("ci95", "differs")):
        changed = with_claims(evidence, claim(**figures, range_kind=kind))
        assert reproduce(changed).iloc[0]["finding"] == finding


def test_a_range_needs_both_its_ends(evidence):
    base = {"statistic": "lr_positive", "range_kind": "range_over_studies", "cohort_id": pd.NA,
            "flag_id": "age_50"}  # fmt: skip
    # Jacobson's 1.59 and the smallest ratio of Deyo's tables for the same flag.
    deyo = (10 / 13) / (578 / 1962)
    base["reported_in"] = "jin2020"
    both = claim(**base, low="1.59", high=f"{deyo:.2f}")
    one = claim(**base, low="1.59", high="9.99")
    row = reproduce(with_claims(evidence, both)).iloc[0]
    # It names neither study.
    assert (row["finding"], row["reason_code"]) == ("inferred", "source_inferred")
    row = reproduce(with_claims(evidence, one)).iloc[0]
    assert row["finding"] == "differs"
    assert "the high end 9.99 is the estimate of no report here" in row["explanation"]


def test_a_range_of_infinite_ratios_is_named_so(evidence):
    """The one table of this flag has no positive non-case: its LR+ is infinite."""
    made = claim(target="cauda_equina", flag_id="bulbocavernosus_reflex_absent",
                 cohort_id="zusman_cauda_equina", statistic="lr_positive",
                 range_kind="range_over_studies", low="5", high="40")  # fmt: skip
    row = reproduce(with_claims(evidence, made)).iloc[0]
    assert (row["finding"], row["recomputed"]) == ("differs", "infinity to infinity")


def test_the_order_of_the_claims_is_irrelevant(evidence, ledger):
    turned = replace(evidence, claims=evidence.claims.iloc[::-1].reset_index(drop=True))
    again = reproduce(turned).set_index("claim_id").loc[ledger.index]
    pd.testing.assert_frame_equal(again, ledger)


def test_one_claim_alone_is_the_same_row(evidence, ledger):
    name = "ranzcr2015_cancer_history_pretest_5"
    row = reproduce_claim(evidence, name)
    assert row["verdict"] == ledger.loc[name, "verdict"]
    assert row["explanation"] == ledger.loc[name, "explanation"]


def test_without_claims_the_ledger_is_empty(evidence, ledger):
    empty = reproduce(replace(evidence, claims=evidence.claims.iloc[:0]))
    assert empty.columns.tolist() == ["claim_id", *ledger.columns]
    assert empty.empty


def test_an_unknown_claim_is_named(evidence):
    with pytest.raises(UnknownNameError, match="unknown claim"):
        conventions(evidence, "downie")
    with pytest.raises(UnknownNameError, match="unknown claim"):
        reproduce_claim(evidence, "downie")


@given(st.fractions(min_value="1/1000000", max_value=10**6))
def test_two_significant_figures(number):
    rounded = round_to_two_figures(number)
    assert abs(rounded - number) <= number / 20
    digits = f"{float(rounded):.12e}".partition("e")[0].replace(".", "").rstrip("0")
    assert len(digits) <= 2
