"""Values of a quantity as findings, and flags that contain another."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from backpain_stats import RiskModel, Shrunken, load_evidence
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, UnknownNameError

CRP = pd.DataFrame(
    {
        "flag": ["crp_10", "crp_50", "bmi_22", "fever", "chills_or_fever"],
        "family": ["crp", "crp", "bmi", "fever", "constitution"],
        "quantity": ["crp", "crp", "body_mass_index", None, None],
        "threshold": [10, 50, 22, None, None],
        "direction": ["above", "above", "below", None, None],
        "contains": [None, None, None, None, "fever"],
        "tp": [18, 12, 9, 7, 9],
        "fp": [60, 15, 40, 10, 20],
        "fn": [2, 8, 11, 13, 11],
        "tn": [140, 185, 160, 190, 180],
    }
)


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return RiskModel.from_frame(CRP, "20/220", effects="common", draws=256)


def _shares(flag: str) -> tuple[float, float]:
    row = CRP.set_index("flag").loc[flag]
    return row["tp"] / 20, row["fp"] / 200


@pytest.mark.parametrize(
    ("value", "present", "absent"),
    [
        (9.9, [], ["crp_10", "crp_50"]),
        (10, ["crp_10"], ["crp_50"]),
        (49, ["crp_10"], ["crp_50"]),
        (62, ["crp_10", "crp_50"], []),
    ],
)
def test_a_value_is_its_thresholds_met_or_not(model, value, present, absent) -> None:
    by_value = model.risk({"crp": value, "fever": True})
    named = model.risk([*present, "fever"], absent)
    pd.testing.assert_frame_equal(by_value.to_frame(), named.to_frame())


def test_a_band_has_the_ratio_of_its_stratum() -> None:
    # Brute force: the share of cases between the cut-offs over the share of non-cases there.
    known = CRP.assign(sensitivity=CRP["tp"] / 20, specificity=1 - CRP["fp"] / 200).drop(
        columns=["tp", "fp", "fn", "tn"]
    )
    model = RiskModel.from_frame(known, 0.1, dependence=Shrunken())
    (case_10, other_10), (case_50, other_50) = _shares("crp_10"), _shares("crp_50")
    ratio = model.risk({"crp": 30}).lr.estimate
    assert ratio == pytest.approx((case_10 - case_50) / (other_10 - other_50), rel=1e-12)
    assert model.risk({"crp": 80}).lr.estimate == pytest.approx(case_50 / other_50, rel=1e-12)


def test_a_finding_below_its_cut_is_present_at_the_cut_and_under_it(model) -> None:
    for value, present in ((21, True), (22, True), (22.1, False)):
        found = model.risk({"body_mass_index": value})
        assert (found.present == ("bmi_22",)) is present


def test_many_patients_have_columns_of_values(model) -> None:
    patients = pd.DataFrame(
        {"crp": [5, 30, None, "62"], "fever": [1, 0, 1, None]}, index=list("abcd")
    )
    risks = model.risks(patients)
    for name, present, absent in (
        ("a", ["fever"], ["crp_10", "crp_50"]),
        ("b", ["crp_10"], ["crp_50", "fever"]),
        ("c", ["fever"], []),
        ("d", ["crp_10", "crp_50"], []),
    ):
        alone = model.risk(present, absent)
        # 1e-8: another order of summing.
        assert risks.loc[name, "posttest"] == pytest.approx(alone.posttest.estimate, rel=1e-8)


def test_thresholds_that_reverse_the_order_are_not_assessed(model) -> None:
    reversed_ = pd.concat(
        [
            CRP,
            pd.DataFrame(
                {"flag": ["crp_30"], "family": "crp", "quantity": "crp", "threshold": 30,
                 "direction": "above", "tp": 19, "fp": 70, "fn": 1, "tn": 130}
            ),
        ]
    )  # fmt: skip
    found = RiskModel.from_frame(reversed_, 0.1, effects="common", draws=64).risk({"crp": 62})
    assert found.present == ("crp_10", "crp_50")
    assert "crp_30" in found.not_assessed
    two = reversed_[reversed_["flag"].isin(["crp_10", "crp_30"])]
    with pytest.raises(ArgumentError, match="crp_10 at 10, crp_30 at 30, which are not ordered"):
        RiskModel.from_frame(two, 0.1, effects="common", draws=64).risk({"crp": 62})


@pytest.mark.parametrize(
    ("present", "absent", "message"),
    [
        ({"crp": 62}, ["crp_10"], "crp_10 is named beside a value of crp"),
        ({"crp": 62, "crp_50": True}, [], "crp_50 is named beside a value of crp"),
        ({"crp": "62"}, [], "the value must be a finite number"),
        ({"crp": True}, [], "crp is a quantity; give its value"),
        ({"crp": np.inf}, [], "finite number"),
        ({"fever": 1}, [], "fever is a flag, so its value is True"),
        (["crp"], [], "crp is a quantity; give its value"),
        ([], {"crp": 62}, "absent has values"),
        (["fever"], ["chills_or_fever"], r"chills_or_fever .* contains fever"),
    ],
)
def test_what_is_refused(model, present, absent, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        model.risk(present, absent)


def test_strange_values_of_patients_are_refused(model) -> None:
    with pytest.raises(DataError, match="row 0, column 'crp' is high"):
        model.risks(pd.DataFrame({"crp": ["high"]}))
    with pytest.raises(DataError, match="columns 'crp_10' and 'crp' both say crp_10"):
        model.risks(pd.DataFrame({"crp_10": [1], "crp": [62]}))
    with pytest.raises(ArgumentError, match=r"row 0: .*contains fever"):
        model.risks(pd.DataFrame({"fever": [1], "chills_or_fever": [1]}))
    with pytest.raises(UnknownNameError, match="did you mean crp_10"):
        model.risk({"crp_1": 62})
    with pytest.raises(DataError, match="crp_10: threshold ten"):
        RiskModel.from_frame(CRP.replace({"threshold": {10: "ten"}}), 0.1)


def test_the_evidence_takes_values_and_says_the_cut_offs_it_lacks() -> None:
    model = RiskModel(load_evidence(), draws=64)
    aged = model.risk({"age": 67, "cancer_history": True})
    named = model.risk(["age_50", "cancer_history"])
    assert aged.posttest.estimate == named.posttest.estimate
    with pytest.raises(
        NotEstimableError, match=r"thresholds \(crp_3_5 at 3.5, crp_10 at 10,.*prim"
    ):
        model.risk({"crp": 62})


def test_cut_offs_of_the_same_patients_are_one_ordered_finding() -> None:
    # Davis 2020 prints four cut-offs of 38 cases and 121 others; all cases exceed 30.
    model = RiskModel(load_evidence(), "infection", "emergency", pretest=0.05, draws=1024)
    chain = ("crp_3_5", "crp_10", "crp_30", "crp_50")
    assert chain in model.entries.nested
    levels = model.risks(pd.DataFrame({"crp": [2.0, 5.0, 15.0, 35.0, 62.0]}))
    # No finite number of cases makes a level impossible among them.
    assert (levels["lr_low"] > 0).all()
    assert levels["lr"].iloc[3:].min() > 1 > levels["lr"].iloc[:3].max()
    # crp_100, of other patients, is reported more often among non-cases than crp_50.
    assert "crp_100" in model.risk({"crp": 150}).not_assessed


def test_nobody_between_two_thresholds_is_drawn_from_its_beta_posterior() -> None:
    # 20 of 20 cases meet both: where draws reverse, the share of the harder is Beta(20.5, 0.5).
    frame = pd.DataFrame(
        {"flag": ["easy", "hard"], "tp": 20, "fp": [60, 30], "fn": 0, "tn": [40, 70]}
    )
    model = RiskModel.from_frame(frame, 0.1, nested=[("easy", "hard")], effects="common")
    cases = model.posterior.marginals.cases
    share = (cases[:, 1] / cases[:, 0])[cases[:, 1] < cases[:, 0]]
    assert len(share) == len(cases)
    assert np.median(share) < beta(20.5, 0.5).median()
    assert model.risk(["easy"], ["hard"]).lr.ci_low > 0


def test_the_command_line_takes_values(run) -> None:
    named = run("risk", "--present", "age_50,cancer_history")
    assert run("risk", "--present", "age=67,cancer_history").out == named.out
    for words, message in (
        ("age=old", "'old' is no number"),
        ("age=60,age=70", "names age twice"),
        ("crp=62", "crp_50 at 50"),
    ):
        done = run("risk", "--present", words)
        assert done.code == 2
        assert message in done.err
