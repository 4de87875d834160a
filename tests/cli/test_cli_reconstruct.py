"""The command ``reconstruct`` as a stranger would use it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from functools import partial

import pandas as pd
import pytest

from backpain_stats.cli.reconstruct import reconstruct as command
from backpain_stats.reconstruction import COUNTS, STATISTICS

DEYO = ["--n", "1975", "--n-cases", "13", "--sensitivity", "31%", "--specificity", "98%"]


@pytest.fixture
def run(run):
    """Run the command reconstruct."""
    return partial(run, "reconstruct")


def test_every_statistic_and_count_has_its_option():
    options = {option.name: option for option in command.params}
    assert {*STATISTICS, *COUNTS, "pretest", "pretest_odds", "rounding"} <= set(options)
    assert all(option.help for option in options.values())


def test_the_example_of_the_help_is_what_comes_out(run):
    shown = run("--help").out
    found = run(*DEYO, "--lr-positive", "14.7")
    assert found.code == 0
    first = found.out.splitlines()[0]
    assert first.startswith("unique: 4/41/9/1921")
    assert first in shown


def test_csv_is_nothing_but_csv(run):
    found = run(*DEYO, "--format", "csv")
    frame = pd.read_csv(io.StringIO(found.out))
    assert len(frame) == 20
    assert frame["fp"].tolist() == list(range(30, 50))
    assert "several: 20 tables" in found.err


def test_json_is_nothing_but_json(run):
    records = json.loads(run(*DEYO, "--format", "json").out)
    assert records[0] == {"tp": 4, "fp": 30, "fn": 9, "tn": 1932, "n": 1975, "n_cases": 13}


def test_impossible_is_a_finding(run):
    found = run("--n", "1975", "--n-cases", "13", "--sensitivity", "0.50")
    assert found.code == 0
    assert "0.50 cannot come from 13 patients" in found.out


def test_a_percentage_with_its_interval_and_the_prevalence_of_the_cohort(run):
    found = run(
        "--n", "482", "--n-cases", "7", "--sensitivity", "100%", "--test-positive-rate", "4%",
        "--posttest", "33% (22-46%)", "--pretest", "cohort", "--corrections", "none,all",
        "--interval-methods", "log",
    )  # fmt: skip
    # 100% is one digit fewer than 1.00, which changes nothing with seven cases.
    assert found.out.startswith("unique: 7/13/0/462")


def test_the_list_is_cut_and_says_so(run):
    found = run(*DEYO, "--limit", "3")
    assert "... and 17 more" in found.out
    many = run("--n", "20000", "--sensitivity", "0.31", "--specificity", "0.98")
    assert many.code == 0
    assert "133,372,699 tables" in many.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no figure was given"),
        (["--n", "3", "--sensitivity", "abc"], "as printed"),
        (["--n", "many", "--sensitivity", "0.5"], "n is 'many'"),
        (["--n", "20", "--posttest", "0.5"], "without its pre-test"),
        (["--n", "20", "--sensitivity", "0.5", "--corrections", "half"], "no effect without"),
        (["--n", "20", "--sensitivity", "0.5 (0.1-0.9)", "--level", "95"], "0.95"),
        (["--n-cases", "20", "--specificity", "0.5"], "needs it"),
        (["--n", "20", "--sensitivity", "0.5", "--pretest", "1%"], "no effect without --posttest"),
        (
            ["--n", "20", "--sensitivity", "0.5", "--pretest-odds", "0.1"],
            "no effect without --posttest",
        ),
        (["--n", "20", "--sensitivity", "0." + "3" * 5000], "of at most 60 characters"),
        (["--n", "0-1000000000000", "--n-cases", "13", "--sensitivity", "0.31"], "at most 2,000"),
        (["--n", "1-5000", "--ppv", "0.50"], "at most 2,000,000"),
    ],
)
def test_a_mistake_gets_a_message(run, arguments, message):
    found = run(*arguments)
    assert found.code == 2
    assert message in found.err


def test_a_mistake_ends_in_exit_code_2_without_a_traceback():
    code = "import sys; from backpain_stats.cli import main; sys.argv[0] = 'x'; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "reconstruct", "--n", "3", "--sensitivity", "0,5"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("Error: sensitivity is '0,5'")
    assert "Traceback" not in done.stderr
