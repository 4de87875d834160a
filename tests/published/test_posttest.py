"""Post-test probabilities of the evidence, with their pre-tests."""

from __future__ import annotations

import numpy as np
import pytest

from backpain_stats import (
    ArgumentError,
    NotEstimableError,
    PretestError,
    UnknownNameError,
    posttest,
)
from backpain_stats.published import published_reports


def after(evidence, flag="cancer_history", setting="primary_care", **kwargs):
    return posttest(evidence, flag, setting=setting, **kwargs)


def test_a_posttest_never_comes_without_its_pretest(evidence):
    for target, pretest in (("malignancy", None), ("fracture", "1%"), ("any_serious", None)):
        flags = sorted(set(evidence.select(target=target).accuracy["flag_id"]))
        frame = posttest(evidence, flags, target, interval="published", pretest=pretest)
        known = frame.dropna(subset=["estimate"])
        assert len(known)
        assert known["pretest"].notna().all()
        assert (known["pretest_source"] != "").all()
        assert (frame["estimate"].notna() | (frame["reason"] != "")).all()


def test_the_pretest_of_the_setting_comes_with_its_source(evidence):
    row = after(evidence).iloc[0]
    assert row["pretest"] == 21 / 6622
    assert row["pretest_source"] == "henschke2013_malignancy: 21 of 6622"


def test_the_estimate_is_bayes_rule_whatever_the_interval(evidence):
    lr = (4 / 13) / (40 / 1962)
    for interval, pretest, p in (
        ("full", "cohort", 13 / 1975),
        ("published", "cohort", 13 / 1975),
        ("pretest_range", (0.001, 0.004), None),
    ):
        row = after(evidence, pretest=pretest, interval=interval).iloc[0]
        odds = (p or row["pretest"]) / (1 - (p or row["pretest"])) * lr
        assert row["estimate"] == pytest.approx(odds / (1 + odds), rel=1e-12)


def test_the_full_interval_is_the_posterior(evidence):
    """Against two million plain random draws.

    Their own error in the tail probability is sqrt(.025 x .975 / 2e6) = 1e-4; that
    of the 16,384 quasi-random points is of the same size.
    """
    rng = np.random.default_rng(1)
    draws = 2_000_000
    cells = published_reports(evidence)["deyo1988_cancer_history"].cells
    tp, fp, fn, tn = cells[rng.integers(len(cells), size=draws)].T
    sensitivity = rng.beta(tp + 0.5, fn + 0.5)
    specificity = rng.beta(tn + 0.5, fp + 0.5)
    prevalence = rng.beta(21.5, 6601.5)
    frame = after(evidence)
    for row, case, other in (
        (frame.iloc[0], sensitivity, 1 - specificity),
        (frame.iloc[1], 1 - sensitivity, specificity),
    ):
        prevalence = rng.beta(21.5, 6601.5, size=draws)
        value = prevalence * case / (prevalence * case + (1 - prevalence) * other)
        assert np.mean(value < row["ci_low"]) == pytest.approx(0.025, abs=1e-3)
        assert np.mean(value > row["ci_high"]) == pytest.approx(0.025, abs=1e-3)


def test_the_published_interval_is_the_lr_interval_at_a_fixed_pretest(evidence):
    row = after(evidence, interval="published", pretest=0.01).iloc[0]
    for end in ("low", "high"):
        odds = 0.01 / 0.99 * row[f"lr_{end}"]
        assert row[f"ci_{end}"] == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert row["pretest_low"] == row["pretest_high"] == 0.01


def test_downie_emergency_33_percent_lies_in_the_published_convention(evidence):
    """Claim 33% (22 to 46%): prior 7/482, log interval, 0.5 in the cells (README T15)."""
    row = after(
        evidence,
        setting="emergency",
        pretest=7 / 482,
        interval="published",
        method="log",
        correction="zero_cells",
    ).iloc[0]
    assert row["ci_low"] < 0.22
    assert row["ci_high"] > 0.46
    assert row["estimate"] == pytest.approx(0.33, abs=0.02)  # 32.8% at the 13 fp of the claim


def test_a_known_pretest_narrows_the_full_interval(evidence):
    counted = after(evidence, pretest="13/1975").iloc[0]
    fixed = after(evidence, pretest=13 / 1975).iloc[0]
    assert counted["ci_low"] < fixed["ci_low"]
    assert counted["ci_high"] > fixed["ci_high"]


def test_a_range_is_taken_to_both_ends(evidence):
    row = after(evidence, interval="pretest_range", pretest="0.1% to 0.7%").iloc[0]
    low = after(evidence, interval="published", pretest=0.001).iloc[0]
    high = after(evidence, interval="published", pretest=0.007).iloc[0]
    # 0.7% is 0.007 up to the last bit.
    assert row["ci_low"] == pytest.approx(low["ci_low"], rel=1e-14)
    assert row["ci_high"] == pytest.approx(high["ci_high"], rel=1e-14)
    assert (row["pretest_low"], row["pretest_high"]) == pytest.approx((0.001, 0.007), rel=1e-14)


def test_the_same_seed_gives_the_same_numbers(evidence):
    one, two = after(evidence, seed=5), after(evidence, seed=5)
    assert one.equals(two)
    assert not one.equals(after(evidence, seed=6))


def test_a_cohort_without_cases_says_that_nothing_follows(evidence):
    row = after(evidence).query("study == 'henschke2009'").iloc[0]
    assert np.isnan(row["estimate"])
    assert "no cases" in row["reason"]


def test_an_impossible_report_is_used_in_no_calculation(evidence):
    row = after(evidence, "pain_duration_1_month").iloc[0]
    assert np.isnan(row["estimate"])
    assert "cannot come from 13 patients" in row["reason"]


def test_a_printed_ratio_without_interval_gives_a_posttest_without_interval(evidence):
    row = posttest(evidence, "iv_drug_use", "any_serious", "emergency").iloc[0]
    odds = (22 / 329) / (307 / 329) * 6.9
    assert row["estimate"] == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert np.isnan(row["ci_low"])
    assert row["interval"] == "published"
    assert "full interval cannot be computed" in row["reason"]


def test_reports_of_other_settings_say_so(evidence):
    frame = after(evidence, setting="emergency", carry_over=True)
    assert set(frame["study"]) == {
        "deyo1988",
        "henschke2009",
        "reinus1998",
        "tsiang2017",
        "tsiang2019",
    }
    deyo = frame.query("study == 'deyo1988'").iloc[0]
    assert "from primary_care, the pre-test from emergency" in deyo["reason"]
    assert deyo["pretest"] == 4 / 329


def test_without_a_setting_each_report_has_its_own(evidence):
    frame = posttest(evidence, "cancer_history", result="positive", interval="published")
    sources = dict(zip(frame["study"], frame["pretest_source"], strict=True))
    assert sources["reinus1998"] == "thiru2014_malignancy: 4 of 329"
    assert sources["tsiang2019"] == "premkumar2018_malignancy: 159 of 9940"


def test_a_prevalence_can_be_named(evidence):
    row = after(evidence, prevalence_id="deyo1988_malignancy").iloc[0]
    assert row["pretest"] == 13 / 1975
    other = after(evidence, prevalence_id="reinus1998_malignancy").iloc[0]
    assert "from emergency, used for primary_care" in other["reason"]


def test_only_one_result(evidence):
    assert set(after(evidence, result="negative")["result"]) == {"negative"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"pretest": 1.5}, PretestError, "1.5% is written 0.015"),
        ({"pretest": 0}, PretestError, "strictly between"),
        ({"pretest": (0.1, 0.2, 0.3)}, PretestError, "not understood"),
        ({"pretest": (0.2, 0.1)}, PretestError, "reversed"),
        ({"pretest": 0.1, "interval": "pretest_range"}, PretestError, "needs a range"),
        ({"pretest": 0.1, "prevalence_id": "deyo1988_malignancy"}, PretestError, "not both"),
        ({"prevalence_id": "deyo1988"}, UnknownNameError, "deyo1988_malignancy"),
        ({"interval": "bayes"}, ArgumentError, "allowed: 'full'"),
        ({"result": "both of them"}, ArgumentError, "allowed: 'both'"),
        ({"flag": "cancer"}, UnknownNameError, "did you mean"),
        ({"flag": "saddle_anaesthesia"}, NotEstimableError, "any_serious in emergency"),
        ({"setting": "secondary_care"}, NotEstimableError, "carry_over=True"),
        ({"setting": "hospital"}, ArgumentError, "allowed"),
    ],
)
def test_bad_arguments_say_what_is_allowed(evidence, arguments, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(")):
        after(evidence, **arguments)
