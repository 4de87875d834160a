"""What is listed in FINDINGS.md and has its test in no other file."""

from __future__ import annotations

import resource
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_lines import STUDIES
from packaging.requirements import Requirement

import backpain_stats as bps
from backpain_stats import ArgumentError, Bounds, DataError
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.evidence.columns import MOST_PATIENTS
from backpain_stats.report.main.build import SECTIONS
from backpain_stats.report.main.context import Context, LeftOut

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
CELLS = ["tp", "fp", "fn", "tn"]
TWO_TARGETS = pd.DataFrame(
    {
        "flag": ["a", "b"], "target": ["malignancy", "fracture"],
        "tp": [7, 8], "fp": [20, 30], "fn": [3, 4], "tn": [100, 200],
    }
)  # fmt: skip
FORMULA = "=cmd|' /C calc'!A0"
# Seconds of the processor. What is asked here takes less than one; it took 10 to 25, or no end.
IN_TIME = 5


@pytest.fixture
def change(frozen_folder, tmp_path):
    """Return a function that changes one row, or all, in a copy of the frozen evidence."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    for path in frozen_folder.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())

    def changed(name: str, row: str, **cells: str) -> Path:
        frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        here = frame.iloc[:, 0] == row if row else slice(None)
        frame.loc[here, list(cells)] = list(cells.values())
        frame.to_csv(folder / name, index=False)
        return folder

    return changed


@contextmanager
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 1,000 bytes: an error half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# --- Versions, commands and options ---


def test_a_scipy_that_cannot_draw_the_samples_is_not_allowed():
    """Sobol(rng=...) came with SciPy 1.15; 1.12 was declared, and most commands failed on it."""
    wanted = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    (scipy,) = (one for one in map(Requirement, wanted) if one.name == "scipy")
    assert not any(scipy.specifier.contains(old) for old in ("1.12.0", "1.14.1"))


@pytest.mark.parametrize(
    "words",
    [
        ("--formula", "~ year"), ("--pretest", "1%"), ("--bayes",), ("--common",),
        ("--likelihood", "normal"), ("--estimator", "reml"),
    ],
)  # fmt: skip
def test_what_a_univariate_pool_would_ignore_is_refused(run, tmp_path, words):
    """An unadjusted result was printed, and read as adjusted."""
    (tmp_path / "s.csv").write_text(STUDIES, encoding="utf-8")
    ran = run("meta", tmp_path / "s.csv", "--univariate", "odds_ratio", *words)
    assert (ran.code, ran.out) == (2, "")
    assert f"--univariate does not go with {words[0]}" in ran.err


CLAIM = "downie2013_malignancy_cancer_history_ed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "panel --target malignancy --setting primary_care --out p --test-harm 5",
            "--test-harm has no effect without --benefit",
        ),
        ("reproduce --pairs --finding differs", "--pairs does not go with --finding"),
        (f"reproduce --claim {CLAIM} --finding differs", "--claim does not go with --finding"),
        (f"reproduce --claim {CLAIM} --target malignancy", "--claim does not go with --target"),
        ("check --add", "--add needs a FOLDER"),
    ],
)
def test_an_option_without_what_it_works_on_is_refused(run, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    ran = run(*words.split())
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []


# --- Folders of evidence ---


@pytest.mark.parametrize(
    "selected", [{"target": "infection"}, {"target": "cauda_equina"}, {"setting": "emergency"}]
)
def test_a_report_of_any_condition_or_setting_has_its_findings(evidence, selected):
    """The report asked for malignancy in primary care, and was not written without it."""
    context = Context(evidence.select(**selected))
    built = {name: build(context) for name, build in SECTIONS}
    assert not isinstance(built["findings"], LeftOut)


@pytest.mark.parametrize("cell", [">=90%", "<=5%"])
def test_a_bound_in_percent_is_read(folder, cell):
    folder.replace("accuracy.csv", ",0.30,", f",{cell},")
    assert bps.load_evidence(folder.path).accuracy["sensitivity"].iloc[1] == cell


@pytest.mark.parametrize("cell", [">=90", "<<0.9"])
@pytest.mark.parametrize("words", [("lr",), ("risk", "--present", "age_50"), ("flags",)])
def test_a_command_names_the_cell_it_cannot_read(run, change, cell, words):
    folder = change("accuracy.csv", "deyo1988_cancer_history", sensitivity=cell)
    ran = run(*words, "--evidence", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "column sensitivity" in ran.err


@pytest.mark.filterwarnings("ignore:the evidence in")
def test_the_largest_cohort_that_may_be_written_is_computed(change):
    """Counts from 10^9 on passed, and every command ran out of memory."""
    folder = change("cohorts.csv", "deyo1988_malignancy", n=str(MOST_PATIENTS))
    begun = time.process_time()
    evidence = bps.load_evidence(folder)
    row = bps.likelihood_ratios(evidence, "malignancy", flag="cancer_history").iloc[0]
    assert len(bps.reproduce(evidence)) == len(evidence.claims)
    assert time.process_time() - begun < IN_TIME
    assert row["report_id"] == "deyo1988_cancer_history"
    assert row["reason"]


@pytest.mark.filterwarnings("ignore:the evidence in")
@pytest.mark.parametrize("printed", [("0", "0.83", "0.99"), ("1", "0.8", "0.9")])
def test_a_rule_that_cannot_be_searched_stops_no_command(change, printed):
    """One row of combinations.csv ended the ledger of every condition, or made it wait."""
    names = ("sensitivity", "sensitivity_low", "sensitivity_high")
    folder = change(
        "combinations.csv", "patrick1983_multiple_findings", cohort_id="deyo1992_fracture",
        specificity="0.6", **dict(zip(names, printed, strict=True)),
    )  # fmt: skip
    begun = time.process_time()
    evidence = bps.load_evidence(folder)
    assert len(bps.reproduce(evidence)) == len(evidence.claims)
    assert time.process_time() - begun < IN_TIME


def test_a_cohort_of_a_hundred_thousand_with_unknown_cases_is_searched_in_time(change):
    folder = change("cohorts.csv", "deyo1992_fracture", n="100000", n_cases="")
    begun = time.process_time()
    found = bps.likelihood_ratios(bps.load_evidence(folder), "fracture", flag="age_50")
    assert time.process_time() - begun < IN_TIME
    assert (found["reason"] != "").all()


def test_no_table_that_is_printed_or_saved_opens_a_formula(run, change, tmp_path):
    folder = change("flags.csv", "", label=FORMULA)
    ran = run("flags", "--evidence", folder, "--format", "csv")
    assert f"'{FORMULA}" in ran.out
    assert f",{FORMULA}" not in ran.out
    found = bps.summary_of_findings(TWO_TARGETS.assign(flag=[FORMULA, "@SUM(1)"]), 0.01, draws=64)
    found.to_csv(tmp_path / "t.csv")
    saved = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert f"'{FORMULA}" in set(saved["flag_id"])
    assert not saved.map(lambda cell: cell[:1] in tuple("=+@")).any(axis=None)


# --- Files that are written ---


def test_a_full_disk_leaves_the_old_explorer(run, tmp_path, monkeypatch):
    """A good page was replaced by the first part of a new one."""
    from backpain_stats.report.explorer import build

    monkeypatch.setattr(build, "explorer_data", lambda evidence, progress: {"cases": []})
    page = tmp_path / "out" / "explorer.html"
    assert run("explorer", "--out", page).code == 0
    before = {path.name: path.read_bytes() for path in page.parent.iterdir()}
    with small_disk():
        ran = run("explorer", "--out", page)
    assert (ran.code, ran.err.count("Error")) == (2, 1)
    assert {path.name: path.read_bytes() for path in page.parent.iterdir()} == before


def test_a_template_that_failed_can_be_written_again(run, tmp_path):
    """A part of README.md was left, which the next run refused to overwrite."""
    with small_disk():
        ran = run("template", tmp_path / "mine")
    assert (ran.code, ran.err.count("Error")) == (2, 1)
    assert list(tmp_path.iterdir()) == []
    assert run("template", tmp_path / "mine").code == 0


def test_a_sheet_of_judgements_is_read_before_the_frequencies_are_computed(
    run, frozen_folder, tmp_path
):
    (tmp_path / "sheet.csv").write_text("flag_id,certainty\nage_50,sure\n", encoding="utf-8")
    ran = run(
        *("panel", "--target", "malignancy", "--setting", "primary_care", "--prevalence", "1%"),
        *("--evidence", frozen_folder, "--out", tmp_path / "p"),
        *("--judgements", tmp_path / "sheet.csv"),
    )
    assert ran.code == 2
    assert "sheet.csv lacks the column(s)" in ran.err
    assert "natural frequencies" not in ran.err


# --- Arguments, sizes and extreme counts ---


def test_thresholds_are_those_of_the_target_asked_for():
    found = bps.thresholds(TWO_TARGETS, benefit=99, harm=1, pretest=0.01, target="fracture")
    assert list(found["flag_id"]) == ["b"]
    summary = bps.summary_of_findings(TWO_TARGETS, 0.01, target="fracture", draws=64)
    assert summary.to_markdown().startswith("**Summary of findings: fracture**")


def test_arguments_of_another_kind_are_refused_where_evidence_is_read(evidence):
    with pytest.raises(ArgumentError, match="load_evidence"):
        bps.setting_prevalence("data", "malignancy", "primary_care")
    with pytest.raises(ArgumentError, match="level is Fraction"):
        bps.compare_flags(
            evidence, target="malignancy", setting="emergency", level=Fraction(19, 20)
        )


@pytest.mark.parametrize("cell", ["9007199254740993", "1_0"])
def test_a_cell_of_a_file_that_is_no_count_is_refused(tmp_path, cell):
    """The first became 2**53, the second 10."""
    (tmp_path / "t.csv").write_text(f"study,tp,fp,fn,tn\nA,{cell},1,1,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2, column tp"):
        bps.accuracy(tmp_path / "t.csv")


def test_priors_over_1500_studies_are_refused_with_the_limit():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(1, 60, (1500, 4)), columns=CELLS).assign(study=range(1500))
    with pytest.raises(ArgumentError, match="at most"):
        bps.fit_bayes(frame)


def test_counts_too_large_for_the_exact_likelihood_are_refused_with_the_limit():
    frame = pd.DataFrame([[19, 10, 4, 80], [8, 2, 1, 30], [25, 9, 11, 90], [7, 4, 3, 22]])
    huge = frame.set_axis(CELLS, axis=1).mul(10**12).assign(study=list("abcd"))
    with pytest.raises(DataError, match="likelihood='normal'"):
        bps.fit_bivariate(huge)
    assert 0.7 < bps.fit_bivariate(huge, likelihood="normal").sensitivity.estimate < 0.9


_FIVE = pd.DataFrame(
    {"study": list("ABCDE"), "tp": [19, 8, 25, 7, 40], "fp": [10, 2, 9, 4, 22],
     "fn": [4, 1, 11, 3, 7], "tn": [80, 30, 90, 22, 95]}
)  # fmt: skip


def test_outcomes_in_another_coding_are_not_scored():
    """1 and 2 in place of 0 and 1 gave a log loss without a word."""
    predicted = pd.DataFrame(
        {"model": "m", "method": "", "repeat": 0, "fold": 0, "row": range(4),
         "outcome": [1, 2, 2, 1], "log_odds": [-1.0, 1, 1, -1], "predicted": [0.3, 0.7, 0.7, 0.3]}
    )  # fmt: skip
    for function in (bps.calibration.scores, bps.calibration.calibration_curve):
        with pytest.raises(DataError, match="outcome, row 1: 2; allowed: 0 and 1"):
            function(predicted)


def test_a_count_with_an_underscore_is_no_count():
    with pytest.raises(ArgumentError, match="1_0"):
        bps.TwoByTwo(tp="1_0", fp=1, fn=1, tn=1)


@pytest.mark.parametrize("name", ["forest_paired", "influence"])
def test_a_fit_that_is_none_is_refused_by_figures(name):
    data = _FIVE
    fit = bps.fit_bivariate(data)
    given = {"forest_paired": lambda: bps.study_accuracy(data), "influence": fit.influence}
    with pytest.raises((ArgumentError, DataError)):
        getattr(bps.plots, name)(given[name](), fit="x")


def test_more_rows_than_a_figure_shows_are_refused_with_the_limit():
    rows = bps.study_accuracy(_FIVE).head(1)
    many = pd.concat([rows] * 2001, ignore_index=True)
    with pytest.raises(DataError, match="up to 2,000"):
        bps.plots.forest_paired(many)


def test_bounds_of_all_patterns_of_many_flags_without_combinations_take_seconds():
    """20 flags took 45 s, most of it asking for combinations that are not there."""
    group = Marginals(np.full(16, 0.6), np.full(16, 0.1)).group("cases")
    assert Bounds()._programmed(group, np.ones((2**16, 16), dtype=bool)) == {}


def test_more_correlations_than_end_in_time_are_refused_with_the_limit():
    frame = pd.DataFrame({"flag": ["a", "b"], "sensitivity": 0.6, "specificity": 0.9})
    model = bps.RiskModel.from_frame(frame, 0.1)
    with pytest.raises(ArgumentError, match="up to 1,000"):
        model.sensitivity(["a"], rho=np.linspace(0, 0.9, 1001))


def test_counts_that_cost_a_bayesian_ratio_its_digits_are_refused_with_the_limit():
    """At 45 * 10**14 an end was 39% too low."""
    with pytest.raises(ArgumentError, match="up to 1e\\+12"):
        bps.ratio_interval(0, 0, 5, 45 * 10**14, method="bayes")
    assert bps.ratio_interval(3, 10**9, 7, 10**10, method="bayes")[1] > 0


@pytest.mark.parametrize("draws", ["x", 2.5, -1, 10**15])
def test_a_number_of_draws_that_is_none_is_refused(draws):
    fit = bps.fit_bayes(_FIVE)
    for method in (fit.new_practice_draws, fit.equal_draws):
        with pytest.raises(ArgumentError, match="draws is"):
            method(draws=draws)


def test_a_path_that_is_none_is_refused():
    table = pd.DataFrame({"flag": ["a"], "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    summary = bps.summary_of_findings(table, [0.01])
    for method in (summary.to_csv, summary.to_docx):
        with pytest.raises(ArgumentError, match="give a path"):
            method(3.5)


def test_more_reports_about_the_same_patients_than_can_be_compared_are_refused():
    """20,000 of them asked for 3.3 GB and half a minute."""
    from backpain_stats.published import published_reports

    reports = published_reports(bps.load_evidence())
    group = reports._groups["deyo1988_cancer_history"]
    reports._groups["deyo1988_cancer_history"] = group * 2001
    with pytest.raises(DataError, match="up to 2,000"):
        reports["deyo1988_cancer_history"]
