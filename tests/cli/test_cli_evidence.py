"""The commands about the evidence, as a stranger would type them."""

from __future__ import annotations

import io
import json
import math
import shutil

import pandas as pd
import pytest

from backpain_stats.cli.output import write_frame
from backpain_stats.evidence import TABLES, packaged_folder


def test_check_of_the_packaged_evidence(run):
    """The rows are those of the files, however many there are."""
    code, out, _ = run("check")
    assert code == 0
    # Other tables may lie there that are no evidence.
    files = [path for path in packaged_folder().glob("*.csv") if path.stem in TABLES]
    rows = sum(len(pd.read_csv(path)) for path in files)
    assert f"the packaged evidence is valid: {rows} rows in {len(files)} files" in out


def test_what_template_writes_check_accepts(run, tmp_path):
    code, out, _ = run("template", tmp_path / "mine")
    assert code == 0
    assert "README.md" in out
    code, out, _ = run("check", tmp_path / "mine")
    assert (code, "0 rows in 12 files" in out) == (0, True)
    code, out, _ = run("check", tmp_path / "mine", "--add")
    assert code == 0
    code, out, _ = run("check", tmp_path / "mine" / "example")
    assert (code, "rows in 7 files" in out) == (0, True)


def test_the_template_explains_every_column(run, tmp_path):
    run("template", tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    header = (tmp_path / "accuracy.csv").read_text(encoding="utf-8").strip().split(",")
    assert all(f"| `{column}` |" in page for column in header)


def test_template_never_overwrites_in_silence(run, tmp_path):
    mine = tmp_path / "accuracy.csv"
    mine.write_text("my work", encoding="utf-8")
    code, _, err = run("template", tmp_path)
    assert code == 2
    assert "holds accuracy.csv already; nothing was written" in err
    assert [path.name for path in tmp_path.iterdir()] == ["accuracy.csv"]
    assert mine.read_text(encoding="utf-8") == "my work"
    code, _, _ = run("template", tmp_path, "--force")
    assert code == 0
    assert mine.read_text(encoding="utf-8") != "my work"


def test_template_into_a_file(run, tmp_path):
    (tmp_path / "x").write_text("", encoding="utf-8")
    code, _, err = run("template", tmp_path / "x")
    assert (code, "is a file" in err) == (2, True)


def test_check_lists_every_problem_and_exits_2(run, frozen_folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(frozen_folder, data)
    for file, old, new in (
        ("accuracy.csv", ",0.31,", ",31,"),
        ("cohorts.csv", ",primary_care,", ",primary care,"),
    ):
        text = (data / file).read_text(encoding="utf-8")
        (data / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, _ = run("check", data)
    assert code == 2
    assert "accuracy.csv, line" in out
    assert "write 31%" in out
    assert "did you mean primary_care?" in out
    code, out, _ = run("check", data, "--format", "json")
    assert code == 2
    assert {row["file"] for row in json.loads(out) if row["severity"] == "error"} == {
        "accuracy.csv",
        "cohorts.csv",
        "prevalence.csv",  # it still says primary_care for that cohort
    }


def test_check_says_when_the_packaged_evidence_would_help(run, tmp_path):
    (tmp_path / "cohorts.csv").write_text(
        "cohort_id,study_id,target,source_id,status,low_back_pain_only\n"
        "mine,deyo1988,malignancy,deyo1988,seen_primary,yes\n",
        encoding="utf-8",
    )
    code, out, _ = run("check", tmp_path)
    assert (code, "--add checks the folder" in out) == (2, True)
    assert run("check", tmp_path, "--add")[0] == 0


def test_lr(ask, evidence):
    code, out, _ = ask("lr", "--target", "malignancy", "--setting", "primary_care")
    assert code == 0
    assert "15.1 (4.90 to 42.5)" in out
    assert "impossible: no table prints these figures" in out
    assert "no cases: specificity only" in out
    reports = evidence.select(target="malignancy", setting="primary_care").accuracy
    assert len(out.splitlines()) == len(reports) + 2


def test_infinity_stays_readable_in_every_format(ask):
    flag = ("--flag", "bulbocavernosus_reflex_absent")
    assert "infinity (35.1 to infinity)" in ask("lr", *flag)[1]
    row = json.loads(ask("lr", *flag, "--format", "json")[1])[0]
    assert row["lr_positive"] == "infinity"
    assert row["lr_negative"] == 0
    table = pd.read_csv(io.StringIO(ask("lr", *flag, "--format", "csv")[1]))
    assert table["lr_positive"][0] == math.inf


def test_json_holds_null_for_what_is_missing_and_numbers_as_numbers(capsys):
    frame = pd.DataFrame(
        {
            "count": pd.array([1, None], "Int64"),
            "value": [math.nan, -math.inf],
            "text": pd.array(["é", None], "string"),
            "good": [True, False],
        }
    )
    write_frame(frame, "json", note="a note")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == [
        {"count": 1, "value": None, "text": "é", "good": True},
        {"count": None, "value": "-infinity", "text": None, "good": False},
    ]
    assert printed.err == "note: a note\n"


def test_posttest_shows_the_pretest_and_its_source(ask):
    code, out, _ = ask("posttest", "cancer_history", "--setting", "primary_care")
    assert code == 0
    assert "0.32%" in out
    assert "4.6% (1.5% to 11%)" in out
    assert "henschke2013_malignancy: 21 of 6622" in out


@pytest.mark.parametrize("pretest", ["7/482", "cohort"])
def test_posttest_of_the_cohort_itself(ask, pretest):
    """The 7 cases of 482 typed by hand, and read from the report's own cohort."""
    code, out, _ = ask(
        "posttest", "cancer_history", "--setting", "emergency", "--pretest", pretest,
        "--interval", "published", "--format", "json",
    )  # fmt: skip
    assert code == 0
    (row,) = (row for row in json.loads(out) if row["result"] == "positive")
    assert row["pretest"] == 7 / 482
    assert ("reinus1998_malignancy" in row["pretest_source"]) is (pretest == "cohort")
    assert row["interval"] == "published"


def test_flags(ask, evidence):
    code, out, _ = ask("flags", "--family", "cancer_history", "--format", "json")
    assert code == 0
    rows = {row["flag_id"]: row for row in json.loads(out)}
    assert rows["cancer_history"]["reports"] == 6
    assert rows["cancer_history_15_years"]["reports"] == 0
    assert rows["cancer_history"]["lists"] == 4
    everything = ask("flags")[1]
    assert f"{len(evidence.flags)} flags" in everything


def test_a_folder_of_ones_own_alone_and_added(run, tmp_path):
    run("template", tmp_path)
    example = tmp_path / "example"
    code, out, err = run("lr", "--evidence", example)
    assert (code, err) == (0, "")
    assert "example_flag" in out
    code, out, _ = run("lr", "--evidence", example, "--add", "--target", "malignancy")
    assert "example_flag" in out
    assert "cancer_history" in out


def test_remarks_on_a_folder_go_to_standard_error(run, tmp_path):
    run("template", tmp_path)
    path = tmp_path / "example" / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    code, out, err = run("flags", "--evidence", tmp_path / "example", "--format", "csv")
    assert code == 0
    assert "separated by a semicolon" in err
    assert "semicolon" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lr", "--flag", "cancer_histroy"), "did you mean cancer_history"),
        (("lr", "--target", "cancer"), "allowed: 'malignancy'"),
        (("lr", "--setting", "primary"), "did you mean 'primary_care'"),
        (("lr", "--level", "95"), "95% is written 0.95"),
        (("lr", "--level", "high"), "not a valid float"),
        (("lr", "--method", "katz"), "allowed: 'score'"),
        (("lr", "--correction", "0.5"), "allowed: 'none'"),
        (("lr", "--format", "xml"), "is not one of"),
        (("lr", "--add"), "--add needs --evidence FOLDER"),
        (("lr", "--evidence", "/nowhere"), "no folder '/nowhere'"),
        (("lr", "surplus"), "unexpected extra argument"),
        (("flags", "--family", "ages"), "did you mean age"),
        (("posttest",), "Missing argument"),
        (("posttest", "cancer_history", "--pretest", "often"), "or a number"),
        (("posttest", "cancer_history", "--pretest", "120%"), "strictly between 0 and 1"),
        (("posttest", "cancer_history", "--setting", "secondary_care"), "carry_over"),
        (("posttest", "cancer_history", "--prevalence", "deyo"), "unknown prevalence"),
        (("posttest", "saddle_anaesthesia"), "any_serious in emergency"),
        (("check", "/nowhere"), "no folder"),
        (("template",), "Missing argument"),
    ],
)
def test_a_mistake_gives_one_message_and_code_2(run, arguments, words):
    code, out, err = run(*arguments)
    assert code == 2
    assert words in err
    assert out == ""


@pytest.mark.parametrize("command", ["check", "template", "flags", "lr", "posttest"])
def test_help_has_a_worked_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"backpain-stats {command} " in out.split("Example:")[1]
