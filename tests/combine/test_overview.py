"""The overview of all patterns says what the risk model says of each patient."""

import numpy as np
import pytest

from backpain_stats import Bounds, MaximumEntropy, OneFactor, RiskModel
from backpain_stats.combine.risk.overview import overview_models, pattern_overview
from backpain_stats.errors import ArgumentError, UnknownNameError

FLAGS = ["age_50", "cancer_history", "no_improvement_1_month", "weight_loss_unexplained"]


@pytest.fixture(scope="module")
def found(evidence):
    return pattern_overview(evidence, flags=FLAGS, draws=128)


def test_every_pattern_once_a_model(found):
    assert len(found) == 2 ** len(FLAGS) * len(overview_models())
    assert not found.duplicated(["pattern", "model"]).any()
    # Shares of patients of one model sum to one, up to rounding.
    joint = found[found["model"] != "shrunken product"]  # which has no joint distribution
    np.testing.assert_allclose(joint.groupby("model")["probability"].sum(), 1, rtol=1e-10)
    assert found["pretest"].nunique() == 1
    assert found["pretest_source"].str.contains("deyo1988_malignancy").all()


def test_risks_lie_within_their_bounds_and_intervals(found):
    risks = found.dropna(subset=["estimate"])
    assert (risks["bound_low"] <= risks["estimate"] + 1e-9).all()
    assert (risks["estimate"] <= risks["bound_high"] + 1e-9).all()
    assert (risks["ci_low"] <= risks["estimate"]).all()
    assert (risks["estimate"] <= risks["ci_high"]).all()


@pytest.mark.parametrize(
    ("name", "dependence"),
    [("one-factor, rho 0.2", OneFactor(0.2, 0.2)), ("maximum entropy", MaximumEntropy())],
)
def test_rows_are_the_risks_of_the_model(evidence, found, name, dependence):
    model = RiskModel(evidence, flags=FLAGS, dependence=dependence, draws=128)
    present = ["age_50", "cancer_history"]
    risk = model.risk(present=present, absent=[flag for flag in FLAGS if flag not in present])
    row = found[(found["pattern"] == ";".join(present)) & (found["model"] == name)].iloc[0]
    # The nodes of the integral serve all patterns here and one there: equal to 1e-9.
    assert row["estimate"] == pytest.approx(risk.posttest.estimate, rel=1e-9)
    assert row["lr"] == pytest.approx(risk.lr.estimate, rel=1e-9)
    assert row["ci_low"] == pytest.approx(risk.posttest.ci_low, rel=1e-6, abs=1e-12)
    assert row["ci_high"] == pytest.approx(risk.posttest.ci_high, rel=1e-6)
    assert (row["bound_low"], row["bound_high"]) == pytest.approx(risk.bounds, abs=1e-9)


def test_multiplying_stands_above_a_shared_factor_where_all_flags_are_present(found):
    every = found[found["n_present"] == len(FLAGS)].set_index("model")["estimate"]
    assert every["independent"] > every["one-factor, rho 0.2"] > every["one-factor, rho 0.4"]


def test_what_cannot_be_combined_is_refused(evidence):
    with pytest.raises(ArgumentError, match="one ratio"):
        pattern_overview(evidence, models={"range": Bounds()})
    with pytest.raises(ArgumentError, match="at least one"):
        pattern_overview(evidence, models={})
    with pytest.raises(UnknownNameError, match="did you mean age_50"):
        pattern_overview(evidence, flags=["age50"])
