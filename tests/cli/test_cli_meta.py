"""The command meta, as a stranger would type it."""

import io
import json
from functools import partial
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

from backpain_stats import fit_bivariate

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
    assert set(frame["kind"]) == {"summary", "heterogeneity", "new setting"}
    fit = fit_bivariate(pd.read_csv(DATA / "AuditC.csv"))
    row = frame.query("kind == 'summary' and measure == 'lr_positive'").iloc[0]
    assert row["estimate"] == pytest.approx(fit.lr_positive.estimate, rel=1e-12)


def test_two_studies_are_sent_to_bayes(run, two):
    code, out, err = run(two)
    assert (code, out) == (2, "")
    assert "--bayes or --common" in err
    code, out, _ = run(two, "--bayes", "--seed", "5")
    assert code == 0
    assert "half-Normal" in out
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
        (["TWO", "--bayes", "--common"], "one of them"),
        (["TWO", "--bayes", "--likelihood", "normal"], "bayes"),
        (["TWO", "--common", "--pretest", "0.1"], "new setting"),
        (["AUDIT", "--pretest", "150"], "150"),
        (["AUDIT", "--level", "95"], "0.95"),
        (["AUDIT", "--formula", "~ setting"], "setting"),
        (["AUDIT", "--figure", "/nowhere/x.svg"], "cannot be written"),
        (["AUDIT", "--likelihood", "normal"], "zero cells"),
        (["TWO", "--univariate", "lr_positive", "--figure", "x.svg"], "no figure of kind sroc"),
        (["TWO", "--bayes", "--figure", "x.svg", "--kind", "influence"], "leave out --bayes"),
        (["AUDIT", "--kind", "pie"], "pie"),
    ],
)
def test_mistakes_end_in_one_message(run, two, arguments, words):
    named = {"TWO": two, "AUDIT": DATA / "AuditC.csv"}
    code, _, err = run(*[named.get(one, one) for one in arguments])
    assert code == 2
    assert words in err
