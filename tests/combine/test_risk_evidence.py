"""The risk model on the published evidence."""

import itertools

import numpy as np
import pandas as pd
import pytest

from backpain_stats import accuracy_table, natural_frequencies, pool
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.errors import (
    ArgumentError,
    NotEstimableError,
    UnknownNameError,
)
from backpain_stats.evidence import SETTINGS, TARGETS, Evidence
from backpain_stats.meta.published.accuracy import known_accuracy
from backpain_stats.published import KnownAccuracy

NUMBERS = [
    f"{name}{end}"
    for name in ("sensitivity", "specificity", "lr_positive", "lr_negative")
    for end in ("", "_low", "_high", "_new_practice_low", "_new_practice_high")
]


@pytest.fixture(scope="module")
def model(evidence: Evidence) -> RiskModel:
    return RiskModel(evidence, draws=512)


def test_flags_with_a_table_of_cases_and_non_cases_enter(model: RiskModel) -> None:
    flags = model.flags.set_index("flag_id")
    assert "cancer_history" in flags.index
    assert "pain_duration_1_month" not in flags.index  # its printed sensitivity is impossible
    assert "systemic_symptoms" not in flags.index  # a cohort without cases
    # A cohort without cases informs the specificity, cohorts of other settings both.
    assert flags["studies"].to_dict() == {
        "age_50": 1,
        "cancer_history": 4,
        "no_improvement_1_month": 1,
        "no_relief_bed_rest": 1,
        "weight_loss_unexplained": 2,
    }
    assert (flags["tables"] > 1).all()


def test_one_flag_has_the_same_numbers_everywhere(evidence: Evidence) -> None:
    """Pool, risk, comparison, decisions: the same accuracy of a flag, over all evidence."""
    checked = 0
    for target, setting in itertools.product(TARGETS, SETTINGS):
        table = accuracy_table(evidence, target, setting)
        table = table[table["usable"]].set_index("flag_id")
        if table.empty:
            continue
        model = RiskModel(evidence, target, setting, pretest="1%", draws=64)
        pd.testing.assert_frame_equal(
            model.flags.set_index("flag_id")[NUMBERS], table[NUMBERS], check_dtype=False
        )
        compared = natural_frequencies(evidence, 0.01, target=target, setting=setting)
        compared = compared[compared["usable"]].set_index("flag_id")
        for flag, row in table.iterrows():
            checked += 1
            assert compared.loc[flag, "sensitivity"] == row["sensitivity"]
            alone = model.risk([flag]).contributions.iloc[0]
            assert alone["lr_alone"] == row["lr_positive"]
            assert alone["lr_alone_high"] == row["lr_positive_high"]
            if row["tables"] == 0:
                continue  # printed without counts: pool needs counts
            pooled = pool(evidence, target=target, setting=setting, flag=flag)
            assert pooled.lr_positive.estimate == row["lr_positive"]
            frame = pooled.frame().set_index("measure")
            assert frame.loc["lr_negative", "ci_low"] == row["lr_negative_low"]
            assert (
                frame.loc["lr_negative", "prediction_high"]
                == (row["lr_negative_new_practice_high"])
            )
    assert checked >= 20


def test_the_default_pretest_is_published_and_named(model: RiskModel) -> None:
    found = model.risk(["age_50"])
    assert "deyo1988_malignancy, henschke2009_malignancy: 13 of 3147" in found.pretest_source
    assert found.posttest.pretest == found.pretest
    assert found.cohorts["cohort_id"].tolist() == ["deyo1988_malignancy"]
    # A patient without any finding has the pre-test probability of a practice.
    nothing = model.risk()
    assert nothing.posttest.estimate == pytest.approx(nothing.pretest, rel=0.02)
    assert nothing.new_practice.ci_low < nothing.posttest.ci_low
    assert nothing.new_practice.ci_high > nothing.posttest.ci_high


def test_multiplying_claims_more_than_the_default(evidence: Evidence, model: RiskModel) -> None:
    findings = ["age_50", "cancer_history", "weight_loss_unexplained"]
    product = RiskModel(evidence, dependence=Independent(), draws=64).risk(findings)
    assert product.posttest.estimate > 1.2 * model.risk(findings).posttest.estimate


def test_a_flag_without_a_usable_report_says_which_failed_and_why(
    evidence: Evidence, model: RiskModel
) -> None:
    with pytest.raises(NotEstimableError, match=r"deyo1988_pain_duration_1_month.*impossible"):
        model.risk(["pain_duration_1_month"])
    with pytest.raises(NotEstimableError, match=r"henschke2009_systemic_symptoms.*no cases"):
        RiskModel(evidence, flags=["systemic_symptoms"])
    with pytest.raises(NotEstimableError, match="no report of it for malignancy in primary_care"):
        model.risk(absent=["night_pain"])
    with pytest.raises(UnknownNameError, match="did you mean cancer_history"):
        model.risk(["cancer_histry"])
    with pytest.raises(UnknownNameError, match="did you mean weight_loss"):
        RiskModel(evidence, flags=["weight_los"])
    with pytest.raises(NotEstimableError, match="no report about any flag"):
        RiskModel(evidence, "infection", "primary_care")


def test_wordings_are_refused_and_tests_of_one_study_are_not(evidence: Evidence) -> None:
    suspected = RiskModel(evidence, "cauda_equina", "secondary_care", pretest="1%", draws=64)
    with pytest.raises(ArgumentError, match=r"one family \(leg_pain\)"):
        suspected.risk(["leg_pain_bilateral"], ["leg_pain_unilateral"])
    # Two examinations of the same patients count as two.
    assert suspected.risk(["leg_sensory_deficit", "leg_weakness"]).lr.estimate > 1
    with pytest.raises(NotEstimableError, match="no sample gives the prevalence"):
        RiskModel(evidence, "cauda_equina", "secondary_care")


def test_the_published_combination_is_used_where_it_can_be(evidence: Evidence) -> None:
    entropy = RiskModel(evidence, dependence=MaximumEntropy(), draws=256)
    (rule,) = entropy.entries.combinations
    assert rule.combination_id == "deyo1988_any_of_4"
    assert (rule.cases, rule.noncases) == (1.0, pytest.approx(0.4))
    assert "no_improvement_1_month" in rule.flags
    four = ["age_50", "cancer_history", "no_improvement_1_month", "weight_loss_unexplained"]
    none = entropy.risk(absent=four)
    # Every one of the 13 cases had one of the four; that is not certain of a fourteenth.
    assert 0 < none.posttest.estimate < none.posttest.ci_high < none.pretest
    assert any("stands for it" in text for text in none.warnings)
    assert not any("stands for it" in text for text in RiskModel(evidence).risk(four).warnings)


def test_cohorts_of_other_settings_are_named(model: RiskModel) -> None:
    texts = model.risk(["cancer_history"]).warnings
    assert any("reinus1998_cancer_history" in text for text in texts)
    assert not any("cancer_history:" in text for text in model.risk(["age_50"]).warnings)


def test_all_patterns_and_a_range_of_dependence(model: RiskModel) -> None:
    table = model.profile()
    assert len(table) == 2 ** len(model.flags)
    assert "probability" not in table  # the default gives ratios without a joint distribution
    joint = model.with_dependence(OneFactor()).profile(level=None)
    assert np.sum(joint["probability"] * joint["posttest"]) == pytest.approx(model.risk().pretest)
    spread = model.sensitivity(["age_50", "cancer_history"], rho=[0, 0.3, 0.6])
    assert spread["estimate"].is_monotonic_decreasing
    assert "RiskModel of malignancy in primary_care" in repr(model)


def test_proportions_without_counts_keep_every_printed_digit():
    """As those of a hundred patients 0.511 and 0.514 were one."""
    labels = {"report_id": "one", "cohort_id": "one"}
    first, second = (
        known_accuracy([KnownAccuracy(share, 0.9, labels)]).average.sensitivity
        for share in (0.511, 0.514)
    )
    assert first < second
