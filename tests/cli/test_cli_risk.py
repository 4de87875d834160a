import json
from functools import partial

import pytest


@pytest.fixture
def ask(ask):
    """Run the command risk on the frozen evidence."""
    return partial(ask, "risk")


@pytest.fixture
def told(ask):
    """What the command risk prints when it ends well."""

    def command(*arguments: str) -> str:
        done = ask(*arguments)
        assert done.code == 0
        return done.out

    return command


def test_the_calculation_is_shown_step_by_step(told) -> None:
    text = told("--present", "cancer_history,age_50", "--absent", "weight_loss_unexplained")
    lines = text.splitlines()
    assert lines[0] == "Risk of malignancy in primary care"
    assert lines[1].split()[0] == "pre-test"
    assert "henschke2013_malignancy: 21 of 6622" in lines[1]
    assert [line.split()[0] for line in lines[2:5]] == [
        "age_50",
        "cancer_history",
        "weight_loss_unexplained",
    ]
    assert "95% interval" in lines[6]
    assert "13 cases among 1975 patients" in text


@pytest.mark.parametrize("dependence", ["independent", "one-factor", "maximum-entropy", "bounds"])
def test_each_dependence(told, dependence: str) -> None:
    (row,) = json.loads(
        told("--present", "age_50,cancer_history", "--dependence", dependence, "--format", "json")
    )
    assert row["pretest"] == pytest.approx(21 / 6622)
    assert (row["estimate"] is None) == (dependence == "bounds")
    assert row["ci_low"] < row["ci_high"]


def test_correlation_and_pretest_can_be_given(told) -> None:
    arguments = ("--present", "age_50,cancer_history", "--pretest", "1%", "--format", "json")
    (fixed,) = json.loads(told(*arguments, "--rho", "0"))
    (product,) = json.loads(told(*arguments, "--dependence", "independent"))
    assert fixed["estimate"] == pytest.approx(product["estimate"])
    assert fixed["pretest"] == 0.01
    (two,) = json.loads(told(*arguments, "--rho", "0,0.6"))
    assert two["estimate"] < fixed["estimate"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--present", "cancer_histry"], "did you mean cancer_history"),
        (["--rho", "much"], "--rho is 'much'"),
        (["--rho", "0.2", "--dependence", "bounds"], "bounds has no correlation"),
        (["--pretest", "3"], "3% is written 0.03"),
        (["--setting", "primary"], "did you mean 'primary_care'"),
    ],
)
def test_mistakes_end_in_one_message(ask, arguments: list[str], message: str) -> None:
    done = ask(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
