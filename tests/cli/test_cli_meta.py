"""The command meta, as a stranger would type it."""

import io
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

from backpain_stats import compare_tests, fit_bivariate, fit_thresholds

matplotlib.use("Agg")
DATA = Path(__file__).parents[1] / "oracles" / "r" / "data"
TWO = "study,tp,fp,fn,tn\nDeyo 1988,4,41,9,1921\nReinus 1998,7,13,0,462\n"


@pytest.fixture
def run(run):
    """Run the command meta."""
    return partial(run, "meta")


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(TWO)
    return path


def test_summary_and_prediction(run):
    code, out, _ = run(DATA / "AuditC.csv", "--pretest", "1%")
    assert code == 0
    fit = fit_bivariate(pd.read_csv(DATA / "AuditC.csv"))
    assert f"{fit.lr_positive.estimate:.2f}" in out
    assert "posttest_positive     0.01" in out
    assert "prediction interval" in out


@pytest.mark.parametrize("output", ["csv", "json"])
def test_machine_formats_hold_the_same_numbers(run, output):
    code, out, _ = run(DATA / "AuditC.csv", "--format", output)
    assert code == 0
    frame = pd.read_csv(io.StringIO(out)) if output == "csv" else pd.DataFrame(json.loads(out))
    kinds = {"summary", "heterogeneity", "HSROC", "RevMan", "new practice"}
    assert set(frame["kind"]) == kinds
    fit = fit_bivariate(pd.read_csv(DATA / "AuditC.csv"))
    row = frame.query("kind == 'summary' and measure == 'lr_positive'").iloc[0]
    assert row["estimate"] == pytest.approx(fit.lr_positive.estimate, rel=1e-12)


def test_two_studies_are_sent_to_bayes(run, two):
    code, out, err = run(two)
    assert (code, out) == (2, "")
    assert "--bayes or --common" in err
    code, out, _ = run(two, "--bayes", "--seed", "5")
    assert code == 0
    assert "log-normal" in out
    assert run(two, "--bayes", "--seed", "5")[1] == out
    code, out, _ = run(two, "--common")
    assert code == 0
    assert "assumed to be none" in out


def test_univariate(run, two):
    code, out, _ = run(two, "--univariate", "lr_positive")
    assert code == 0
    assert "Univariate pooling of lr_positive" in out
    code, out, _ = run(two, "--univariate", "odds_ratio", "--format", "csv")
    assert "tau2" in set(pd.read_csv(io.StringIO(out))["measure"])


def test_covariates(run):
    code, out, _ = run(DATA / "smoking1.csv", "--formula", "~ type", "--format", "csv")
    assert code == 0
    groups = pd.read_csv(io.StringIO(out))
    expected = fit_bivariate(pd.read_csv(DATA / "smoking1.csv"), formula="~ type").subgroups()
    assert groups["type"].tolist() == expected["type"].tolist()
    assert groups["sensitivity"].to_numpy() == pytest.approx(expected["sensitivity"].to_numpy())


def test_a_covariate_at_a_value_has_everything(run, tmp_path):
    path = tmp_path / "part.svg"
    options = ["--formula", "~ type", "--at", "type=SAQ", "--pretest", "1%,13 of 1975"]
    options += ["--figure", path, "--format", "csv"]
    code, out, err = run(DATA / "smoking1.csv", *options)
    assert code == 0
    assert "written" in err
    frame = pd.read_csv(io.StringIO(out)).set_index(["kind", "measure"]).sort_index(kind="stable")
    part = fit_bivariate(pd.read_csv(DATA / "smoking1.csv"), formula="~ type").at(type="SAQ")
    found = frame.loc[("summary", "lr_positive"), "estimate"]
    assert found.item() == pytest.approx(part.lr_positive.estimate)
    # pandas before 3 reads the last of the 16 digits wrong.
    pretests = frame.loc[("new practice", "posttest_positive"), "pretest"].tolist()
    assert pretests == pytest.approx([0.01, 13 / 1975], rel=1e-14)
    assert frame.loc[("RevMan", "Lambda"), "estimate"].item() == pytest.approx(part.hsroc["Lambda"])


def test_covariates_of_a_posterior(run, tmp_path):
    path, figure = tmp_path / "six.csv", tmp_path / "part.svg"
    data = pd.DataFrame(
        {"study": list("ABCDEF"), "tp": [19, 30, 25, 7, 40, 12], "fp": [30, 20, 9, 13, 12, 5],
         "fn": [9, 12, 11, 22, 17, 3], "tn": [80, 90, 90, 72, 95, 61], "year": range(2000, 2006)}
    )  # fmt: skip
    data.to_csv(path, index=False)
    options = ["--bayes", "--seed", "3", "--formula", "~ year"]
    fit = fit_bivariate(data, formula="~ year", inference="bayes", seed=3)
    code, out, _ = run(path, *options)
    assert code == 0
    assert "logit_sensitivity:year" in out
    assert "Summary of each group" in out
    options += ["--at", "year=2003", "--pretest", "1%", "--figure", figure, "--format", "csv"]
    code, out, err = run(path, *options)
    assert (code, "written" in err) == (0, True)
    found = pd.read_csv(io.StringIO(out)).set_index(["kind", "measure"]).sort_index(kind="stable")
    part = fit.at(year=2003)
    one = found.loc[("summary", "lr_positive"), "estimate"].item()
    assert one == pytest.approx(part.lr_positive.estimate)
    after = found.loc[("new practice", "posttest_positive"), "ci_high"].item()
    expected = part.predict("1%").set_index("measure").loc["posttest_positive", "ci_high"]
    assert after == pytest.approx(expected)


def test_revman_parameters_are_printed(run):
    code, out, _ = run(DATA / "AuditC.csv")
    assert code == 0
    tail = out[out.index("Parameters for RevMan") :]
    assert "E(logitSe)" in tail
    assert "Var(threshold)" in tail


def test_a_study_left_out_is_said(run):
    code, out, err = run(DATA / "AuditC.csv", "--without", "3", "--without", "5")
    assert code == 0
    assert "12 studies" in out
    assert err.splitlines()[1:3] == ["left out: 3", "left out: 5"]


def test_an_arm_left_empty(run, tmp_path):
    path = tmp_path / "arms.csv"
    lines = (DATA / "AuditC.csv").read_text().splitlines()
    path.write_text("\n".join([*lines, "Lonely,,12,,300"]))
    code, out, _ = run(path)
    assert code == 0
    assert "Lonely: tp and fn are empty, read as no cases" in out


def test_what_no_patient_informs_is_not_estimable(run, tmp_path):
    path = tmp_path / "only.csv"
    path.write_text("study,tp,fp,fn,tn\nA,9,,3,\nB,7,,4,\n")
    code, out, _ = run(path, "--bayes")
    assert code == 0
    assert "Specificity  not estimable" in out
    assert "no study has any non-cases" in out


def test_sensitivity_alone_and_a_structure(run):
    code, out, _ = run(DATA / "AuditC.csv", "--univariate", "sensitivity")
    assert code == 0
    assert "random-effects logistic" in out
    code, out, _ = run(DATA / "AuditC.csv", "--structure", "uncorrelated")
    assert code == 0
    assert "taken as uncorrelated between studies" in out


def test_the_forest_of_a_ratio_draws_the_ratio_pooled(run, tmp_path):
    path = tmp_path / "forest.svg"
    code, out, err = run(
        *(DATA / "AuditC.csv", "--univariate", "lr_positive", "--figure", path, "--kind", "forest")
    )
    assert code == 0, err
    pooled = re.search(r"pooled +([0-9.]+) ", out)[1]
    drawn = path.read_text(encoding="utf-8")
    # Texts are comments beside their outlines: the summary and the axis are of the ratio.
    assert "Likelihood ratio of a positive result" in drawn
    assert f"{float(pooled):.1f} (" in drawn


def test_a_backend_that_means_nothing_does_not_stop_a_figure(tmp_path):
    path = tmp_path / "sroc.png"
    environment = {**os.environ, "MPLBACKEND": "nonsense",
                   "PYTHONPATH": os.pathsep.join(sys.path)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "backpain_stats", "meta", DATA / "AuditC.csv", "--figure", path],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize("kind", ["sroc", "forest", "crosshair", "funnel", "influence"])
def test_figures(run, tmp_path, kind):
    path = tmp_path / f"{kind}.svg"
    code, _, err = run(DATA / "Telomerase.csv", "--figure", path, "--kind", kind)
    assert code == 0
    assert "written" in err
    assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.csv"], "No such file"),
        (["TWO", "--figure", "x.doc", "--bayes"], ".svg"),
        (["TWO", "--bayes", "--common"], "--bayes does not go with --common"),
        (["TWO", "--bayes", "--likelihood", "normal"], "bayes"),
        (["TWO", "--common", "--pretest", "0.1"], "new practice"),
        (["AUDIT", "--pretest", "150"], "150"),
        (["AUDIT", "--level", "95"], "0.95"),
        (["AUDIT", "--formula", "~ setting"], "setting"),
        (["AUDIT", "--figure", "/nowhere/x.svg"], "cannot be written"),
        (["AUDIT", "--likelihood", "normal"], "zero cells"),
        (["TWO", "--univariate", "lr_positive", "--figure", "x.svg"], "no figure of kind sroc"),
        (["SMOKING", "--formula", "~ type", "--figure", "x.svg"], "--at type=..."),
        (["SMOKING", "--formula", "~ type", "--pretest", "1%"], "add --at"),
        (["SMOKING", "--formula", "~ type", "--at", "SAQ"], "NAME=VALUE"),
        (["SMOKING", "--formula", "~ type", "--at", "type=XYZ"], "level"),
        (["AUDIT", "--without", "99"], "unknown study '99'"),
        (["AUDIT", "--seed", "3"], "--seed has no effect without --bayes"),
        (["AUDIT", "--likelihood", "poisson"], "likelihood is 'poisson'"),
        (["AUDIT", "--univariate", "odds_ratio", "--formula", "~ x"], "not go with --formula"),
        (["AUDIT", "--univariate", "odds_ratio", "--pretest", "1%"], "not go with --pretest"),
        (
            ["AUDIT", "--univariate", "odds_ratio", "--bayes", "--common"],
            "--bayes does not go with --common",
        ),
        (["AUDIT", "--univariate", "sensitivity", "--correction", "all"], "--correction"),
        (["AUDIT", "--kind", "pie"], "pie"),
    ],
)
def test_mistakes_end_in_one_message(run, two, arguments, words):
    named = {"TWO": two, "AUDIT": DATA / "AuditC.csv", "SMOKING": DATA / "smoking1.csv"}
    code, _, err = run(*[named.get(one, one) for one in arguments])
    assert code == 2
    assert words in err


def test_what_was_understood_is_said_and_stays_out_of_the_results(run, tmp_path):
    data = pd.read_csv(DATA / "AuditC.csv").rename(columns=str.upper)
    data.drop(columns="STUDY").to_csv(tmp_path / "peer.csv", index=False)
    code, out, err = run(tmp_path / "peer.csv", "--format", "json")
    assert code == 0
    assert json.loads(out)
    assert err.startswith("14 studies; tp from TP, fp from FP, fn from FN, tn from TN; no study")


def test_questions_are_asked_and_answered_at_the_command_line(run, tmp_path):
    path = tmp_path / "rows.csv"
    rows = [f"{name},{test},{7 + at},3,2,{40 + at}"
            for at, name in enumerate("ABCDE") for test in ("CT", "MR I")]  # fmt: skip
    path.write_text("\n".join(["who,test,right,fp,fn,tn", *rows]))
    code, _, err = run(path)
    assert code == 2
    assert "--columns tp=COLUMN" in err
    code, _, err = run(path, "--columns", "tp=right", "--study", "who")
    assert code == 2
    assert "--only test=CT" in err
    assert "only={" not in err
    assert "--study" not in err.split("Error:")[1]
    options = ("--columns", "tp=right", "--study", "who", "--only", "test=MR I")
    code, out, err = run(path, *options)
    assert code == 0
    assert "5 studies" in out
    assert "only test=MR I" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--columns", "tp"), "'tp' is not NAME=VALUE; for example --columns"),
        (("--only", "test"), "'test' is not NAME=VALUE; for example --only"),
        (("--columns", "tp=zz"), "tp='zz'"),
        (("--sheet", "x"), "has no sheets"),
    ],
)
def test_options_of_reading_that_say_nothing(run, two, options, words):
    code, _, err = run(two, *options)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


THRESHOLDS = """study,esr,tp,fp,fn,tn
A,10,19,80,1,40\nA,20,17,41,3,79\nA,50,12,12,8,108\nB,20,20,40,8,110\nB,50,9,8,19,142
C,15,11,50,1,40\nC,30,9,21,3,69\nC,60,4,5,8,85\nD,20,31,101,3,99\nD,40,29,53,5,147
E,25,10,20,7,72\nF,30,8,14,4,48
"""
TESTS = """study,test,tp,fp,fn,tn
Dewey,CT,62,5,4,46\nDewey,MRI,42,2,7,39\nKefer,CT,32,6,2,12\nKefer,MRI,30,9,4,9
Langer,CT,25,2,1,40\nLanger,MRI,18,15,8,27\nMaintz,CT,15,2,1,2\nMaintz,MRI,15,1,1,3
Pouleur,CT,16,7,1,53\nPouleur,MRI,17,17,0,43
"""


@pytest.fixture
def by_threshold(tmp_path):
    path = tmp_path / "esr.csv"
    path.write_text(THRESHOLDS)
    return path


@pytest.fixture
def by_test(tmp_path):
    path = tmp_path / "tests.csv"
    path.write_text(TESTS)
    return path


def test_thresholds_of_a_file(run, by_threshold, tmp_path):
    figure = tmp_path / "esr.svg"
    code, out, err = run(by_threshold, "--threshold", "esr", "--format", "csv", "--figure", figure)
    assert code == 0, err
    frame = pd.read_csv(io.StringIO(out)).set_index(["threshold", "measure"])
    fit = fit_thresholds(pd.read_csv(by_threshold), threshold="esr")
    expected = fit.point(30).lr_positive.estimate
    assert frame.loc[(30, "lr_positive"), "estimate"] == pytest.approx(expected, rel=1e-9)
    assert figure.read_text().lstrip().startswith("<?xml")


def test_thresholds_of_two_studies_under_priors(run, tmp_path):
    path, figure = tmp_path / "two.csv", tmp_path / "two.svg"
    path.write_text("\n".join(THRESHOLDS.splitlines()[:6]))
    options = ("--threshold", "esr", "--bayes", "--seed", "3", "--figure", figure)
    code, out, err = run(path, *options, "--format", "csv")
    assert code == 0, err
    frame = pd.read_csv(io.StringIO(out)).set_index(["threshold", "measure"])
    fit = fit_thresholds(path, threshold="esr", inference="bayes", seed=3)
    expected = fit.point(20).lr_positive.estimate
    assert frame.loc[(20, "lr_positive"), "estimate"] == pytest.approx(expected, rel=1e-9)
    assert figure.read_text().lstrip().startswith("<?xml")
    code, _, err = run(path, "--threshold", "esr")
    assert code == 2
    assert "2 studies have cases" in err


def test_tests_of_a_file_are_compared(run, by_test):
    code, out, _ = run(by_test, "--test", "test")
    assert code == 0
    assert "CT - MRI" in out
    code, out, _ = run(by_test, "--test", "test", "--format", "json")
    kinds = {row["kind"] for row in json.loads(out)}
    assert kinds == {"accuracy", "comparison"}


def test_tests_of_two_studies_are_compared_under_priors(run, tmp_path):
    path = tmp_path / "two.csv"
    rows = ["study,test,tp,fp,fn,tn", "A,CT,46,4,3,42", "A,MRI,42,2,7,39"]
    path.write_text("\n".join([*rows, "B,CT,16,7,1,53", "B,MRI,17,17,0,43"]))
    code, out, _ = run(path, "--test", "test", "--bayes", "--seed", "3", "--format", "json")
    assert code == 0
    fit = compare_tests(path, inference="bayes", seed=3)
    found = next(row for row in json.loads(out) if row["measure"] == "sensitivity")
    assert found["estimate"] == pytest.approx(fit.accuracy().loc[0, "estimate"], rel=1e-9)
    code, _, err = run(path, "--test", "test", "--seed", "3")
    assert code == 2
    assert "--seed has no effect without --bayes" in err


@pytest.mark.parametrize("bias", ["verification", "reference", "spectrum", "publication"])
def test_a_bias_is_a_curve_from_the_summary_on(run, bias):
    code, out, _ = run(DATA / "AuditC.csv", "--bias", bias, "--format", "csv")
    assert code == 0
    frame = pd.read_csv(io.StringIO(out))
    first = frame.loc[frame["measure"] == "lr_positive"].iloc[0]
    fit = fit_bivariate(pd.read_csv(DATA / "AuditC.csv"))
    assert first["estimate"] == pytest.approx(fit.lr_positive.estimate, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--threshold", "ers"), "lacks the column(s) ers"),
        (("--threshold", "esr", "--common"), "--threshold does not go with --common"),
        (("--threshold", "esr", "--seed", "3"), "--seed has no effect without --bayes"),
        (("--threshold", "esr", "--test", "esr"), "--test does not go with --threshold"),
        (("--threshold", "esr", "--pretest", "1%"), "does not go with --pretest"),
        (("--below",), "--below has no effect without --threshold"),
        ((), "several rows for 4 studies"),
    ],
)
def test_designs_refuse_what_they_would_leave_out(run, by_threshold, options, message):
    code, out, err = run(by_threshold, *options)
    assert (code, out) == (2, "")
    assert message in err
