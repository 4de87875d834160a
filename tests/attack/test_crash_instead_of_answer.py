"""Mistakes and sizes that used to end in a traceback, or not to end."""

import datetime
import time
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from fuzz_calls import plain_calls

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError, calibration, plots
from backpain_stats.decide.judgements import read_judgements
from backpain_stats.report.panel.question import PanelQuestion

FRAME = pd.DataFrame(
    {"flag": ["a", "b"], "tp": [7, 3], "fp": [30, 50], "fn": [4, 8], "tn": [500, 480]}
)


def _edit(folder, name, change):
    path = folder / name
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    changed = change(frame)
    (frame if changed is None else changed).to_csv(path, index=False)


@pytest.fixture
def copied(frozen_folder, tmp_path):
    """A copy of the frozen evidence, to spoil."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    for path in frozen_folder.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _set(column, value, report="deyo1988_cancer_history"):
    def change(frame):
        frame.loc[frame["report_id"] == report, column] = value

    return change


@pytest.mark.parametrize("cell", [">=90", "<<0.9", "=>0.90", "0.9.1", "0." + "1" * 5000])
def test_check_lists_a_figure_that_is_none(run, copied, cell):
    _edit(copied, "accuracy.csv", _set("sensitivity", cell))
    ran = run("check", copied)
    assert ran.code == 2
    assert "column sensitivity" in ran.out


def test_check_lists_an_empty_and_a_missing_cohort(run, copied):
    _edit(copied, "accuracy.csv", _set("cohort_id", ""))
    assert "column cohort_id: cell is empty" in run("check", copied).out
    _edit(copied, "accuracy.csv", lambda frame: frame.rename(columns={"cohort_id": "cohort"}))
    assert "did you mean cohort_id?" in run("check", copied).out


@pytest.mark.parametrize("interval", [("0", "0.83", "0.99"), ("1", "0.8", "0.9")])
def test_a_row_that_cannot_be_searched_is_set_aside(copied, interval):
    """Six million tables fit it: every command of every condition ended in an error, or waited."""

    def change(frame):
        row = frame["report_id"] == "deyo1992_fracture_age_50"
        frame.loc[row, ["sensitivity", "sensitivity_low", "sensitivity_high"]] = interval

    _edit(copied, "accuracy.csv", change)
    begun = time.perf_counter()
    with pytest.warns(UserWarning, match="does not contain|interval"):
        evidence = bps.load_evidence(copied)
    ratios = bps.likelihood_ratios(evidence, "fracture", flag="age_50")
    # The search took 25 to 80 s; the machine of the tests may be slow.
    assert time.perf_counter() - begun < 15
    row = ratios.set_index("report_id").loc["deyo1992_fracture_age_50"]
    assert not row["usable"] or row["verdict"] == "proportions_printed"
    assert row["reason"]


@pytest.mark.parametrize("rho", [0.99999, 0.99999999])
def test_correlations_near_one_are_refused_with_the_limit(rho):
    with pytest.raises(ArgumentError, match=r"at most 0\.999"):
        bps.OneFactor(rho, rho)
    with pytest.raises(ArgumentError, match=r"0\.999"):
        bps.OneFactor(rho_prior=(0.1, rho))


def test_bounds_over_many_patterns_are_refused_with_the_limit():
    frame = pd.DataFrame(
        {"flag": [f"f{i}" for i in range(10)], "sensitivity": 0.6, "specificity": 0.8}
    )
    model = bps.RiskModel.from_frame(frame, 0.1, dependence=bps.Bounds(non_negative=True))
    with pytest.raises(ArgumentError, match="name fewer flags"):
        model.profile()


@pytest.mark.parametrize("draws", [2**22 + 1, 10**12, 10**15])
def test_a_sample_that_memory_cannot_hold_is_refused(draws):
    with pytest.raises(ArgumentError, match="at most"):
        bps.natural_frequencies(FRAME, 0.1, draws=draws)


def test_a_range_of_sizes_of_a_million_million_is_refused():
    with pytest.raises(ArgumentError, match="at most"):
        bps.reconstruct(n="0-1000000000000", n_cases=13, sensitivity="0.31")


@pytest.mark.parametrize(
    "names",
    [
        [1, 2],
        [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)],
        list(pd.to_datetime(["2020-01-01", "2020-01-02"])),
        [("a", 1), ("b", 2)],
    ],
)
def test_flags_named_by_numbers_dates_or_tuples(names):
    frame = FRAME.assign(flag=pd.Series(names, dtype=None))
    found = bps.summary_of_findings(frame, 0.01, draws=64)
    assert len(set(found.frame["flag_id"])) == 2
    assert len(bps.RiskModel.from_frame(frame, 0.1, draws=64).flags) == 2


def test_columns_that_cannot_be_named_are_refused():
    frame = pd.DataFrame({0: [0, 1] * 20, 1: [1, 1, 0, 0] * 10, "y": [0, 1, 1, 0] * 10})
    with pytest.raises(DataError, match="named by text"):
        calibration.predictions(frame, "y")
    with pytest.raises(DataError, match="more than one column named a"):
        calibration.predictions(frame.set_axis(["a", "a", "y"], axis=1), "y")


@pytest.mark.parametrize(
    "call",
    [
        lambda: bps.RiskModel.from_frame(FRAME, 0.1).risk(["a"], level=Fraction(19, 20)),
        lambda: bps.Priors().draws("x"),
        lambda: bps.Priors(sensitivity_scale=np.array([])),
        lambda: plots.decision_curve(bps.decision_curve(FRAME, 0.01, draws=64), labels=3),
        lambda: bps.summary_of_findings(FRAME, 0.01, target=1),
        lambda: bps.load_evidence(3.5),
        lambda: bps.check_evidence(np.array([0.1, 0.9])),
        lambda: bps.ratio_interval("x", 1, 2, 3),
        lambda: bps.proportion_interval(b"x", 3),
        lambda: bps.reconstruct(n=9, n_cases=3, sensitivity="0.3", corrections=5),
        lambda: bps.reconstruct_together(5),
    ],
)
def test_an_argument_of_another_kind_gets_one_error(call):
    with pytest.raises(ArgumentError):
        call()


@pytest.mark.parametrize(
    "given",
    [
        {"prevalences": 0.01}, {"prevalences": "0.01"}, {"per": -1}, {"per": 0},
        {"judgements": 1.5}, {"test_harm": "x"}, {"benefit": "x", "harm": 1}, {"level": 2},
    ],
)  # fmt: skip
def test_a_question_of_a_panel_is_refused_before_anything_is_computed(given):
    with pytest.raises(ArgumentError):
        PanelQuestion(target="malignancy", setting="primary_care", **given)


def _sheet(tmp_path, change):
    template = bps.judgement_template(["a", "b"])
    template.loc[0, "certainty"] = "low"
    path = tmp_path / "judgements.csv"
    path.write_text(change(template.to_csv(index=False)), encoding="utf-8-sig")
    return path


def test_a_sheet_of_judgements_saved_by_a_european_spreadsheet(tmp_path):
    read = read_judgements(_sheet(tmp_path, lambda text: text.replace(",", ";")), ["a", "b"])
    assert read.loc[0, "certainty"] == "low"


def test_a_sheet_of_judgements_with_a_column_twice_is_refused(tmp_path):
    def change(text):
        return "\n".join(f"{line},{line.split(',')[-2]}" for line in text.splitlines())

    with pytest.raises(DataError, match="more than one column named certainty"):
        read_judgements(_sheet(tmp_path, change), ["a", "b"])


@pytest.mark.parametrize(
    "value", [pd.DataFrame(), pd.NA, [], object()], ids=["frame", "NA", "list", "object"]
)
@pytest.mark.parametrize(
    ("function", "argument"),
    [
        ("reconstruct", "level"), ("compare_tests", "nodes"), ("compare_tests", "study"),
        ("fit_bayes", "nodes"), ("fit_bayes", "several_tables"), ("fit_bayes", "priors"),
        ("compare_tests", "priors"), ("fit_thresholds", "threshold"), ("compare_groups", "fit"),
        ("pool", "settings"), ("pool", "priors"), ("flag_accuracy", "setting"),
        ("flag_accuracy", "evidence"), ("accuracy_table", "indirect"), ("bias_profile", "level"),
        ("verification_bias", "level"), ("read_tables", "only"), ("MixedOneFactor", "cases"),
        ("read_quality", "coding"), ("quality_judgements", "evidence"),
    ],
)  # fmt: skip
def test_what_has_no_truth_value_gets_one_error(function, argument, value) -> None:
    call = plain_calls()[function] | {argument: value}
    with pytest.raises(bps.BackpainStatsError):
        getattr(bps, function)(**call)


@pytest.mark.parametrize("draws", [-1, 0.5, 1e300, "many", pd.DataFrame()],
                         ids=["negative", "half", "huge", "text", "frame"])  # fmt: skip
def test_draws_of_a_prediction_are_a_number(draws) -> None:
    fit = plain_calls()["compare_groups"]["fit"]
    with pytest.raises(bps.ArgumentError, match="draws is"):
        fit.predict(draws=draws)
