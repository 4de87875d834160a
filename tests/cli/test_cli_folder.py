"""Own evidence at the command line: exported, added to, compared, reported on."""

from __future__ import annotations

import io
import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from conftest import small_folder

TABLES = Path(__file__).parents[1] / "fixtures" / "ten_tables.csv"
REVIEW = (
    *("--source", "Example A et al. An invented review of red flags. J Invented 2031;1:1-9"),
    *("--kind", "systematic review", "--read", "table"),
    *("--target", "malignancy", "--setting", "primary_care"),
)


@pytest.fixture(scope="module")
def small(frozen_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the evidence on Deyo's patients: nothing of it is pooled, which takes longest."""
    folder = small_folder(frozen_folder, tmp_path_factory.mktemp("small") / "before", "")
    rows = pd.read_csv(folder / "accuracy.csv", dtype=str, keep_default_na=False)
    rows[rows["cohort_id"] == "deyo1988_malignancy"].to_csv(folder / "accuracy.csv", index=False)
    return folder


@pytest.mark.slow
def test_from_ten_tables_to_a_report_and_a_page_of_changes(run, small, tmp_path):
    """Three commands, no file opened by hand."""
    mine = Path(shutil.copytree(small, tmp_path / "mine"))
    code, out, _ = run(
        "evidence", "add", mine, "--tables", TABLES, *REVIEW, "--category", "symptom"
    )
    assert code == 0
    assert "deyo1988_cancer_history" in out
    assert "its counts are printed, not reconstructed" in out

    code, _, _ = run("report", "--evidence", mine, "--no-explorer", "--out", tmp_path / "report")
    assert code == 0
    ratios = pd.read_csv(tmp_path / "report" / "tables" / "likelihood_ratios.csv")
    assert (ratios["report_id"].str.startswith("newman")).sum() == 9
    exact = ratios[ratios["report_id"].str.endswith("example2031")].iloc[0]
    assert exact["lr_positive"] == pytest.approx(4 / 13 / (41 / 1962), rel=1e-7)

    page = tmp_path / "diff.html"
    code, out, _ = run("diff", "--other", small, "--evidence", mine, "--page", page)
    assert code == 3
    assert "cancer_history in deyo1988_malignancy" in out
    html = page.read_text(encoding="utf-8")
    assert "newman2011_malignancy" in html
    assert "counts instead of deyo1988_cancer_history" in html


def test_diff_of_the_same_is_code_0(run, small, tmp_path):
    asked = ("diff", "--other", small, "--evidence", small, "--page", tmp_path / "page.html")
    (tmp_path / "page.html").write_text("Made by backpain_stats, says a page of mine.")
    code, _, err = run(*asked)
    assert code == 2
    assert "no earlier run wrote it" in err
    code, out, _ = run(*asked, "--force")
    assert code == 0
    assert "0 of" in out
    assert "Rows of the evidence: the same." in out


def test_diff_for_machines(run, small, tmp_path):
    mine = Path(shutil.copytree(small, tmp_path / "mine"))
    rows = pd.read_csv(mine / "accuracy.csv", dtype=str, keep_default_na=False)
    rows.loc[rows["report_id"] == "deyo1988_cancer_history", "sensitivity"] = "0.46"
    rows.to_csv(mine / "accuracy.csv", index=False)
    asked = ("diff", "--other", small, "--evidence", mine)
    code, out, err = run(*asked, "--format", "json", "--tolerance", "0.2")
    records = json.loads(out)
    assert code == 3
    assert f"{len(records)} of" in err
    moved = [one for one in records if one["status"] == "moved"]
    assert all(one["largest_move"] > 0.2 for one in moved)
    assert {one["largest_move"] for one in records if one not in moved} <= {"infinity"}
    # 4 of 13 becomes 6 of 13: the ratio by the definition
    ratio = next(one for one in records if one["kind"] == "likelihood ratio")
    assert ratio["moved"] == pytest.approx(math.log(6 / 4), rel=1e-6)


def test_diff_needs_an_evidence(run, tmp_path):
    code, _, err = run("diff")
    assert (code, "--evidence FOLDER" in err) == (2, True)
    code, _, err = run("diff", "--evidence", tmp_path / "none")
    assert (code, "there is no folder" in err) == (2, True)


def test_the_lists_of_names(run):
    code, out, _ = run("evidence", "cohorts", "--target", "malignancy", "--format", "csv")
    cohorts = pd.read_csv(io.StringIO(out))
    assert code == 0
    assert set(cohorts["target"]) == {"malignancy"}
    assert "deyo1988_malignancy" in set(cohorts["cohort_id"])
    for name in ("sources", "prevalence", "flags"):
        whole = pd.read_csv(io.StringIO(run("evidence", name, "--format", "csv").out))
        part = pd.read_csv(
            io.StringIO(run("evidence", name, "--setting", "emergency", "--format", "csv").out)
        )
        assert 0 < len(part) < len(whole)


def test_export_then_check(run, tmp_path):
    code, out, _ = run("evidence", "export", tmp_path / "all")
    assert (code, f"--evidence {tmp_path / 'all'}" in out) == (0, True)
    assert run("evidence", "check", tmp_path / "all").code == 0
    code, _, err = run("evidence", "export", tmp_path / "all")
    assert (code, "nothing was written" in err) == (2, True)


def test_a_replaced_row_is_said_by_every_command(run, tmp_path):
    mine, table = tmp_path / "mine", tmp_path / "one.csv"
    table.write_text("study,flag,tp,fp,fn,tn\nDeyo 1988,cancer_history,4,41,9,1921\n")
    stated = ("--replaces", "deyo1988_cancer_history")
    assert run("evidence", "add", mine, "--tables", table, *REVIEW, *stated).code == 0
    own = ("--evidence", mine, "--add")
    rule = "its row says that it replaces this one"
    assert rule in run("check", mine, "--add").out
    assert (
        "counts instead (replaces)"
        in run(
            "lr",
            "--flag",
            "cancer_history",
            *own,
        ).out.replace("...", "")
        or "replaces" in run("lr", "--flag", "cancer_history", *own, "--format", "csv").out
    )
    risk = " ".join(run("risk", "--present", "cancer_history", *own).out.split())
    assert rule in risk
    assert "example2031" in risk


def test_wrong_options_of_add(run, tmp_path):
    asked = ("evidence", "add", tmp_path / "mine", "--tables")
    code, _, err = run(*asked, tmp_path / "none.csv", *REVIEW)
    assert (code, "none.csv cannot be used" in err) == (2, True)
    code, _, err = run(*asked, TABLES, *REVIEW, "--set", "sample")
    assert (code, "COLUMN=VALUE" in err) == (2, True)
    code, _, err = run(*asked, TABLES, "--source", "New A. 2031")
    assert code == 2
    assert all(option in err for option in ("--kind", "--read", "--target", "--setting"))
    assert not (tmp_path / "mine").exists()
