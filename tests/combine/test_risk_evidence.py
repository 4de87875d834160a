"""The risk model on the published evidence."""

import numpy as np
import pytest

from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.errors import (
    ArgumentError,
    ConstraintError,
    NotEstimableError,
    UnknownNameError,
)
from backpain_stats.evidence import Evidence


@pytest.fixture(scope="module")
def model(evidence: Evidence) -> RiskModel:
    return RiskModel(evidence, draws=512)


def test_flags_with_a_table_of_cases_and_non_cases_enter(model: RiskModel) -> None:
    flags = model.flags.set_index("flag_id")
    assert "cancer_history" in flags.index
    assert "pain_duration_1_month" not in flags.index  # its printed sensitivity is impossible
    assert "systemic_symptoms" not in flags.index  # a cohort without cases
    assert set(flags["n_cases"]) == {13}
    assert (flags["tables"] > 1).all()


def test_the_default_pretest_is_published_and_named(model: RiskModel) -> None:
    found = model.risk(["age_50"])
    assert "henschke2013_malignancy" in found.pretest_source
    assert found.posttest.pretest == found.pretest
    assert found.cohorts["cohort_id"].tolist() == ["deyo1988_malignancy"]


def test_multiplying_claims_more_than_the_default(evidence: Evidence, model: RiskModel) -> None:
    findings = ["age_50", "cancer_history", "weight_loss_unexplained"]
    product = RiskModel(evidence, dependence=Independent(), draws=64).risk(findings)
    assert product.posttest.estimate > 1.5 * model.risk(findings).posttest.estimate


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
    assert none.posttest.estimate == 0  # every one of the 13 cases had one of the four
    assert 0 < none.posttest.ci_high < none.pretest
    assert any("stands for it" in text for text in none.warnings)
    assert not any("stands for it" in text for text in RiskModel(evidence).risk(four).warnings)
    with pytest.raises(ConstraintError, match="negatively associated"):
        RiskModel(evidence, dependence=Bounds(non_negative=True)).risk(four)


def test_reports_without_cases_are_mentioned_not_added(model: RiskModel) -> None:
    texts = model.risk(["cancer_history"]).warnings
    assert any("henschke2009_cancer_history has no cases" in text for text in texts)
    assert not any("cancer_history:" in text for text in model.risk(["age_50"]).warnings)


def test_all_patterns_and_a_range_of_dependence(model: RiskModel) -> None:
    table = model.profile()
    assert len(table) == 2 ** len(model.flags)
    assert np.sum(table["probability"] * table["posttest"]) == pytest.approx(model.risk().pretest)
    spread = model.sensitivity(["age_50", "cancer_history"], rho=[0, 0.3, 0.6])
    assert spread["estimate"].is_monotonic_decreasing
    assert "RiskModel of malignancy in primary_care" in repr(model)
