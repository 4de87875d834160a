import json

import pytest
from click.testing import CliRunner

from backpain_stats.cli import cli
from backpain_stats.errors import ArgumentError, BackpainStatsError, PretestError, UnknownNameError


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["risk", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_calculation_is_shown_step_by_step() -> None:
    text = run("--present", "cancer_history,age_50", "--absent", "weight_loss_unexplained")
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
def test_each_dependence(dependence: str) -> None:
    (row,) = json.loads(
        run("--present", "age_50,cancer_history", "--dependence", dependence, "--format", "json")
    )
    assert row["pretest"] == pytest.approx(21 / 6622)
    assert (row["estimate"] is None) == (dependence == "bounds")
    assert row["ci_low"] < row["ci_high"]


def test_correlation_and_pretest_can_be_given() -> None:
    arguments = ("--present", "age_50,cancer_history", "--pretest", "1%", "--format", "json")
    (fixed,) = json.loads(run(*arguments, "--rho", "0"))
    (product,) = json.loads(run(*arguments, "--dependence", "independent"))
    assert fixed["estimate"] == pytest.approx(product["estimate"])
    assert fixed["pretest"] == 0.01
    (two,) = json.loads(run(*arguments, "--rho", "0,0.6"))
    assert two["estimate"] < fixed["estimate"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--present", "cancer_histry"], UnknownNameError, "did you mean cancer_history"),
        (["--rho", "much"], ArgumentError, "--rho is 'much'"),
        (["--rho", "0.2", "--dependence", "bounds"], ArgumentError, "bounds has no correlation"),
        (["--pretest", "3"], PretestError, "3% is written 0.03"),
        (["--setting", "primary"], ArgumentError, "did you mean 'primary_care'"),
    ],
)
def test_mistakes_end_in_one_message(
    arguments: list[str], error: type[BackpainStatsError], message: str
) -> None:
    result = CliRunner().invoke(cli, ["risk", *arguments])
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
