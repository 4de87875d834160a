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
    assert "deyo1988_malignancy, henschke2009_malignancy: 13 of 3147" in lines[1]
    assert [line.split()[0] for line in lines[2:5]] == [
        "age_50",
        "cancer_history",
        "weight_loss_unexplained",
    ]
    assert "average practice" in lines[6]
    assert "in a new practice" in lines[7]
    assert "95% interval" in lines[6]
    assert "13 cases among 1975 patients" in text


@pytest.mark.parametrize(
    "dependence", ["shrunken", "independent", "one-factor", "maximum-entropy", "bounds"]
)
def test_each_dependence(told, dependence: str) -> None:
    (row,) = json.loads(
        told("--present", "age_50,cancer_history", "--dependence", dependence, "--format", "json")
    )
    assert 0.001 < row["pretest"] < 13 / 1975  # pooled with a sample without a case
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
        (["--rho", "0.2", "--dependence", "bounds"], "bounds has no rho"),
        (["--pretest", "3"], "3% is written 0.03"),
        (["--setting", "primary"], "did you mean 'primary_care'"),
    ],
)
def test_mistakes_end_in_one_message(ask, arguments: list[str], message: str) -> None:
    done = ask(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


PATIENTS = "patient_id,age_50,cancer_history\n007,1,1\n008,,\n"


def test_many_patients_of_a_file(ask, told, tmp_path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS, encoding="utf-8")
    rows = json.loads(told("--patients", path, "--format", "json"))
    assert [row["patient_id"] for row in rows] == ["007", "008"]
    for row in rows:
        arguments = [f"--{name}={row[name].replace(';', ',')}" for name in ("present", "absent")]
        arguments = [one for one in arguments if not one.endswith("=")]
        (alone,) = json.loads(told(*arguments, "--format", "json"))
        for name, same in (("posttest", "estimate"), ("ci_low", "ci_low"), ("ci_high", "ci_high")):
            assert row[name] == pytest.approx(alone[same], rel=1e-8)
    # The median of the odds of the draws, against that of the draws.
    assert rows[1]["posttest"] == pytest.approx(rows[1]["pretest"], rel=1e-3)
    assert "ratios" in ask("--patients", path).out
    # Semicolons and a byte order mark, as spreadsheets write them.
    path.write_text(PATIENTS.replace(",", ";"), encoding="utf-8-sig")
    assert json.loads(told("--patients", path, "--format", "json")) == rows


def test_patients_without_a_name_and_with_another(told, tmp_path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("age_50\n1\n0\n", encoding="utf-8")
    rows = json.loads(told("--patients", path, "--format", "json"))
    assert next(iter(rows[0])) == "present"
    path.write_text("age_50,who\n1,Ann\n", encoding="utf-8")
    (row,) = json.loads(told("--patients", path, "--id", "who", "--format", "json"))
    assert row["who"] == "Ann"


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("age_50\n1\n2\n", [], "row 3, column 'age_50' is 2"),
        ("patient_id,age_50\nAnn,yes\n", [], "row Ann, column 'age_50' is yes"),
        ("canser_history\n1\n", [], "did you mean cancer_history"),
        ("age_50\n1\n", ["--present", "age_50"], "--patients does not go with --present"),
        ("age_50\n1\n", ["--id", "who"], "has no column 'who'; its columns: age_50"),
        ("age_50\n1,0\n", [], "cannot read"),
        ("", [], "cannot read"),
    ],
)
def test_mistakes_in_a_file_of_patients(ask, tmp_path, text, arguments, message) -> None:
    path = tmp_path / "patients.csv"
    path.write_text(text, encoding="utf-8")
    done = ask("--patients", path, *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_file_that_is_not_there_and_a_name_for_nobody(ask, tmp_path) -> None:
    assert "cannot read" in ask("--patients", tmp_path / "none.csv").err
    assert "--id has no effect without --patients" in ask("--id", "who").err
