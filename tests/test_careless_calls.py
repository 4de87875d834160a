"""Calls a careless user makes, room by room: each gives one error of the family."""

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError, PretestError, UnknownNameError
from backpain_stats.sampling import generator

TABLE = bps.TwoByTwo(tp=7, fp=13, fn=1, tn=462)
FRAME = pd.DataFrame(
    {"flag": ["a", "b"], "tp": [7, 3], "fp": [30, 50], "fn": [4, 8], "tn": [500, 480]}
)
STUDIES = pd.DataFrame(
    {
        "study": list("ABCDEF"),
        "tp": [19, 8, 25, 7, 40, 12],
        "fp": [10, 2, 9, 4, 22, 1],
        "fn": [4, 1, 11, 3, 7, 5],
        "tn": [80, 30, 90, 22, 95, 41],
    }
)


@pytest.fixture(scope="module")
def fit():
    return bps.fit_bivariate(STUDIES)


def test_flag_named_twice_counts_once(evidence):
    once = bps.RiskModel(evidence, flags=["age_50"])
    twice = bps.RiskModel(evidence, flags=["age_50", "age_50"])
    assert list(twice.flags["flag_id"]) == ["age_50"]
    assert twice.risk(["age_50"]).posttest == once.risk(["age_50"]).posttest


def test_one_flag_may_be_named_by_itself(evidence):
    assert list(bps.RiskModel(evidence, flags="age_50").flags["flag_id"]) == ["age_50"]


@pytest.mark.parametrize(
    "call",
    [
        bps.RiskModel,
        bps.likelihood_ratios,
        lambda given: bps.posttest(given, "age_50"),
        lambda given: bps.pool(given, target="malignancy", flag="age_50"),
        lambda given: bps.compare_flags(given, target="malignancy", setting="primary_care"),
        bps.endorsement,
        bps.reproduce,
        bps.feasible_tables,
        bps.cite_sources,
        lambda given: bps.diff_evidence(given, given),
        lambda given: bps.value_of_information(given, threshold=0.1),
        lambda given: bps.flag_sets(given, thresholds=[0.1]),
        lambda given: bps.question_order(given, threshold=0.1),
    ],
)
@pytest.mark.parametrize("given", [None, "data"])
def test_what_is_no_evidence_is_refused(call, given):
    with pytest.raises(ArgumentError, match="load_evidence"):
        call(given)


@pytest.mark.parametrize("seed", ["x", -1, 1.5])
def test_seed_that_is_none_is_refused(seed):
    with pytest.raises(ArgumentError, match="seed is"):
        generator(seed)


@pytest.mark.parametrize("draws", ["x", 2.5, 1, -4])
def test_draws_that_are_no_number_are_refused(evidence, draws):
    for call in (
        lambda: bps.RiskModel.from_frame(FRAME, 0.1, draws=draws),
        lambda: bps.natural_frequencies(TABLE, 0.1, draws=draws),
        lambda: bps.posttest(evidence, "cancer_history", draws=draws),
    ):
        with pytest.raises(ArgumentError, match="draws is"):
            call()


@pytest.mark.parametrize("flag", [3, np.nan])
def test_flag_that_is_no_name_is_refused(evidence, flag):
    with pytest.raises(ArgumentError, match="flag is"):
        bps.likelihood_ratios(evidence, flag=flag)


def test_missing_setting_is_refused(evidence):
    with pytest.raises(ArgumentError, match="setting is <NA>"):
        bps.likelihood_ratios(evidence, setting=pd.NA)
    with pytest.raises(UnknownNameError, match="<NA>"):
        bps.likelihood_ratios(evidence, flag=[pd.NA])


def test_empty_list_of_flags_is_refused(evidence):
    with pytest.raises(ArgumentError, match="empty list"):
        bps.natural_frequencies(evidence, 0.1, target="malignancy", flag=[])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (FRAME.assign(flag=[None, "a"]), "names no flag in row 0"),
        (FRAME.assign(flag=["a", " "]), "names no flag in row 1"),
        (pd.concat([FRAME, FRAME[["flag"]]], axis=1), "more than one column named flag"),
    ],
)
def test_frame_of_flags_that_cannot_be_read(frame, words):
    with pytest.raises(DataError, match=words):
        bps.RiskModel.from_frame(frame, 0.1)


@pytest.mark.parametrize("prior", [3, ("a", "b"), (0.5,), None])
def test_prior_on_the_correlation_is_two_numbers(prior):
    if prior is None:
        assert bps.RiskModel.from_frame(FRAME, 0.1, rho_prior=prior).risk(["a"])
    else:
        with pytest.raises(ArgumentError, match="rho_prior is"):
            bps.RiskModel.from_frame(FRAME, 0.1, rho_prior=prior)


def test_combinations_of_a_frame():
    def rule(flags, kind="any", k=None):
        table = {"flags": [flags], "rule": [kind], "k": [k]}
        return pd.DataFrame(table | {"sensitivity": [0.8], "specificity": [0.85]})

    def risk(combinations):
        return bps.RiskModel.from_frame(
            FRAME, 0.1, dependence=bps.MaximumEntropy(), combinations=combinations
        ).risk(["a"], ["b"])

    assert risk(rule("a; b")).posttest == risk(rule("a;b")).posttest
    with pytest.raises(DataError, match="names a flag twice"):
        risk(rule("a;a"))
    with pytest.raises(ArgumentError, match="k is 'x'"):
        risk(rule("a;b", "at_least_k", "x"))
    with pytest.raises(ArgumentError, match="nested has 'ab'"):
        bps.RiskModel.from_frame(FRAME, 0.1, nested=["ab"])


def test_findings_and_ranges_of_a_patient():
    model = bps.RiskModel.from_frame(FRAME, 0.1)
    with pytest.raises(ArgumentError, match="present is None"):
        model.risk(None)
    with pytest.raises(ArgumentError, match=r"rho is \[\]"):
        model.sensitivity(["a"], rho=[])
    with pytest.raises(PretestError, match=r"pretest is \[\]"):
        model.sensitivity(["a"], pretest=[])
    assert list(model.sensitivity(["a"], rho=0.3)["rho"]) == [0.3]


@pytest.mark.parametrize(
    "options",
    [
        {"test_harm": "x"},
        {"test_harm": None},
        {"test_harm": np.inf},
        {"thresholds": "x"},
        {"thresholds": []},
    ],
)
def test_options_of_a_decision_curve(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        bps.decision_curve(TABLE, 0.1, **options)


@pytest.mark.parametrize("option", ["lr_positive_above", "lr_negative_below"])
@pytest.mark.parametrize("value", ["x", None])
def test_options_of_the_endorsement(evidence, option, value):
    with pytest.raises(ArgumentError, match=option):
        bps.endorsement(evidence, **{option: value})


@pytest.mark.parametrize("points", [-1, "x", 1, 2.5])
def test_points_of_a_curve_and_an_outline(fit, points):
    for call in (fit.sroc, fit.region):
        with pytest.raises(ArgumentError, match="points is"):
            call(points=points)


def test_comparison_wants_two_fits(fit):
    with pytest.raises(ArgumentError, match="not int"):
        bps.compare_fits(fit, 3)


def test_formula_that_is_none():
    with pytest.raises(ArgumentError, match="formula is 5"):
        bps.fit_bivariate(STUDIES, formula=5)
    with pytest.raises(ArgumentError, match="cannot be read") as caught:
        bps.fit_bivariate(STUDIES.assign(x=range(6)), formula="x+")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_constant_covariate_is_shown_plainly():
    with pytest.raises(DataError, match=r"\(it is 1\)"):
        bps.fit_bivariate(STUDIES.assign(x=1), formula="x")


@pytest.mark.parametrize("correction", ["x", None, 0, np.inf])
def test_correction_of_a_cross_validation(correction):
    frame = pd.DataFrame({"a": [0, 1] * 20, "y": [0, 0, 1, 1] * 10})
    with pytest.raises(ArgumentError, match="correction is"):
        bps.calibration.cross_validate(frame, "y", folds=2, correction=correction)
