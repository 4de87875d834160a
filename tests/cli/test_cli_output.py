"""Files that commands write, and what reaches the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import docx
import openpyxl
import pytest

from backpain_stats import __version__, load_evidence

STUDIES = "study,tp,fp,fn,tn\nDeyo 1988,4,41,9,1921\nReinus 1998,7,13,0,462\nC,3,20,5,300\n"
ESC = "\x1b]0;owned\x07\x1b[31m"


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    path = tmp_path / "studies.csv"
    path.write_text(STUDIES)
    return path


WITH_OUTPUT = [
    ("check",),
    ("flags", "--target", "malignancy"),
    ("lr", "--flag", "cancer_history"),
    ("posttest", "cancer_history", "--setting", "primary_care"),
    ("meta", "STUDIES", "--common"),
    ("reconstruct", "--n", "1975", "--n-cases", "13", "--lr-positive", "14.7"),
    ("reproduce", "--finding", "differs"),
    ("risk", "--present", "cancer_history", "--pretest", "1%", "--dependence", "independent"),
]


@pytest.mark.parametrize("words", WITH_OUTPUT, ids=[words[0] for words in WITH_OUTPUT])
def test_every_command_that_prints_a_table_writes_it(run, frozen_folder, studies, tmp_path, words):
    words = [str(studies) if word == "STUDIES" else word for word in words]
    if words[0] not in ("check", "meta", "reconstruct"):
        words += ["--evidence", str(frozen_folder)]
    printed = run(*words, "--format", "json")
    code, out, err = run(*words, "--output", tmp_path / "t.json")
    assert (code, out) == (0, "")
    assert f"written: {tmp_path / 't.json'}" in err
    contents = json.loads((tmp_path / "t.json").read_text())
    assert contents["rows"] == json.loads(printed.out)
    assert contents["stamp"]["version"] == __version__
    assert contents["stamp"]["command"].startswith(f"backpain-stats {words[0]}")
    assert str(tmp_path) not in contents["stamp"]["command"]


def test_a_document_has_the_columns_to_be_read_and_a_sheet_has_all(ask, tmp_path):
    for name in ("lr.md", "lr.docx", "lr.csv", "lr.xlsx"):
        assert ask("lr", "--flag", "cancer_history", "--output", tmp_path / name).code == 0
    printed = ask("lr", "--flag", "cancer_history", "--format", "csv").out
    assert (tmp_path / "lr.csv").read_text() == printed
    (table,) = docx.Document(str(tmp_path / "lr.docx")).tables
    assert len(table.columns) == 8
    head = (tmp_path / "lr.md").read_text().splitlines()[0]
    assert head == "| flag_id | study | target | setting | tables | LR+ | LR- | remark |"
    assert "Intervals: 95%, score." in (tmp_path / "lr.md").read_text()
    assert openpyxl.load_workbook(tmp_path / "lr.xlsx").active.max_column > 30


def test_a_file_that_is_there_is_replaced_only_by_force(ask, tmp_path):
    path = tmp_path / "flags.csv"
    path.write_text("mine")
    code, _, err = ask("flags", "--output", path)
    assert (code, path.read_text()) == (2, "mine")
    assert "is there already; --force" in err
    assert ask("flags", "--output", path, "--force").code == 0
    assert path.read_text().startswith("family,flag_id,")


@pytest.mark.parametrize("kind", [".svg", ".png", ".pdf"])
def test_a_figure_is_replaced_only_by_force_and_is_the_same_each_time(run, studies, tmp_path, kind):
    figure = tmp_path / f"f{kind}"
    words = ("meta", studies, "--common", "--figure", figure, "--kind", "crosshair")
    assert run(*words).code == 0
    first = figure.read_bytes()
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "is there already; --force" in err
    assert run(*words, "--force").code == 0
    assert figure.read_bytes() == first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--output", ""), "--output is empty"),
        (("--output", "t.doc"), "known format"),
        (("--output", "no/such/t.csv"), "no such folder"),
        (("--output", "t.csv", "--format", "json"), "leave --format out"),
        (("--force",), "--force is for --output"),
    ],
)
def test_mistakes_are_said_before_anything_is_computed(ask, monkeypatch, tmp_path, words, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "backpain_stats.published.flag_overview", lambda *_: pytest.fail("computed")
    )
    code, _, err = ask("flags", *words)
    assert code == 2
    assert message in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--out", ""),
        ("panel", "--target", "malignancy", "--setting", "primary_care", "--out", ""),
        ("explorer", "--out", ""),
        ("template", ""),
        ("check", ""),
        ("flags", "--evidence", ""),
    ],
)
def test_an_empty_name_is_no_folder(run, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*words)
    assert (code, " is empty; give a value" in err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_stamp_names_the_command_the_data_and_the_seed(ask, tmp_path, frozen_folder, evidence):
    path = tmp_path / "risk.json"
    words = ("--present", "cancer_history", "--pretest", "1%", "--dependence", "independent")
    assert ask("risk", *words, "--output", path).code == 0
    stamp = json.loads(path.read_text())["stamp"]
    assert stamp["command"] == (
        "backpain-stats risk --present cancer_history --pretest 1% --dependence independent "
        f"--evidence {frozen_folder.name}"
    )
    assert stamp["data_version"] == evidence.version != load_evidence().version
    assert stamp["seed"] == 20131


def test_explorer_replaces_its_own_page_and_no_other(run, tmp_path, monkeypatch):
    from backpain_stats.report.explorer import build

    monkeypatch.setattr(build, "explorer_data", lambda evidence, progress: {"cases": []})
    page = tmp_path / "explorer.html"
    page.write_text("mine")
    assert run("explorer", "--out", page).code == 2
    assert page.read_text() == "mine"
    assert run("explorer", "--out", page, "--force").code == 0
    assert run("explorer", "--out", page).code == 0
    page.write_text(page.read_text() + "<!-- a note by hand -->")
    code, _, err = run("explorer", "--out", page)
    assert (code, "changed since" in err) == (2, True)


def test_no_cell_commands_the_terminal(run, tmp_path):
    path = tmp_path / "studies.csv"
    path.write_text(STUDIES.replace("C,", f"{ESC}C,"))
    for words in (("--common",), ("--univariate", "odds_ratio"), ("--bayes", "--without", "x")):
        _, out, err = run("meta", path, *words)
        assert "\x1b" not in out + err
        assert "\x07" not in out + err
    _, out, err = run("meta", path, "--without", f"{ESC}X")
    assert "\x1b" not in out + err
    assert run("lr", "--flag", ESC).code == 2


def _command(*words: str, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "backpain_stats", *words],
        env=environment, stderr=subprocess.PIPE, check=False, **options,
    )  # fmt: skip


def test_a_letter_that_the_encoding_lacks_is_escaped(tmp_path):
    (tmp_path / "accuracy.csv").write_text("report_id,sensitivity\nx,\u22655 \u2265\n", "utf-8")
    done = _command(
        "check", str(tmp_path), stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "cp1252"}
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert rb"\u2265" in done.stdout


def test_a_closed_or_full_output_is_one_message():
    done = _command("flags", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert b"standard output is closed" in done.stderr
    with Path("/dev/full").open("wb") as full:
        done = _command("flags", stdout=full)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr
