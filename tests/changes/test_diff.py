"""What another evidence changes, against figures computed one by one."""

from __future__ import annotations

import math
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from conftest import HOSTILE, small_folder

from backpain_stats import (
    ArgumentError,
    Evidence,
    EvidenceDiff,
    RiskModel,
    diff_evidence,
    likelihood_ratios,
    load_evidence,
)
from backpain_stats.changes import REFERENCE_PATIENTS
from backpain_stats.report.diff.build import write_diff

DEYO = "cancer_history in deyo1988_malignancy"
REPORT = "deyo1988_cancer_history"
EXACT = (4, 41, 9, 1921)
CELLS = ["tp", "fp", "fn", "tn"]


@pytest.fixture(scope="module")
def before(frozen_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Load the reports on Deyo's patients: nothing of them is pooled, which takes longest."""
    small = small_folder(frozen_folder, tmp_path_factory.mktemp("small") / "own", "")
    evidence = load_evidence(small)
    of_deyo = evidence.accuracy["cohort_id"] == "deyo1988_malignancy"
    return replace(evidence, accuracy=evidence.accuracy[of_deyo].reset_index(drop=True))


def with_report(evidence: Evidence, **cells: object) -> Evidence:
    """Return an evidence with a further report of the history of cancer in Deyo's patients."""
    old = evidence.accuracy
    new = old[old["report_id"] == REPORT].copy()
    for name in old.columns.difference(["cohort_id", "flag_id", "reported_in", "status"]):
        new[name] = pd.NA
    for name, value in cells.items():
        new[name] = value
    return replace(evidence, accuracy=pd.concat([old, new.astype(old.dtypes)], ignore_index=True))


@pytest.fixture(scope="module")
def after(before: Evidence) -> Evidence:
    return with_report(
        before, report_id="exact", replaces=REPORT, **dict(zip(CELLS, EXACT, strict=True))
    )


@pytest.fixture(scope="module")
def diff(before: Evidence, after: Evidence) -> EvidenceDiff:
    return diff_evidence(before, after)


def figure(diff: EvidenceDiff, kind: str, name: str, measure: str) -> pd.Series:
    of = diff.figures
    chosen = of[(of["kind"] == kind) & (of["name"] == name) & (of["measure"] == measure)]
    return chosen[chosen["setting"] == "primary_care"].iloc[0]


def test_nothing_changes_beside_itself(before):
    same = diff_evidence(before, before)
    assert set(same.figures["status"]) == {"same"}
    assert (same.figures["largest_move"] == 0).all()
    assert same.rows.empty
    assert same.beyond().empty


def test_a_replaced_row_moves_its_ratio_and_says_why(diff, before):
    row = figure(diff, "likelihood ratio", DEYO, "lr_positive")
    old = likelihood_ratios(before).set_index("report_id").loc[REPORT, "lr_positive"]
    new = 4 / 13 / (41 / 1962)
    assert (row["before"], row["after"]) == (pytest.approx(old), pytest.approx(new))
    assert row["moved"] == pytest.approx(math.log(new / old), rel=1e-9)
    assert (row["status"], row["before_rests_on"], row["after_rests_on"]) == (
        *("moved", REPORT, "exact"),
    )  # fmt: skip
    assert "exact counts instead of deyo1988_cancer_history: its row says" in row["because"]
    after_flag = figure(diff, "post-test", DEYO, "after a positive result")
    odds = after_flag["after"] / (1 - after_flag["after"]) / (21 / 6601)
    assert odds == pytest.approx(new, rel=1e-9)
    assert diff.rows.to_dict("records") == [
        {"file": "accuracy.csv", "name": "exact", "status": "added", "columns": ""}
    ]


def test_the_risk_of_a_reference_patient_is_that_of_the_model(diff, after):
    patient = next(one for one in REFERENCE_PATIENTS if one.present == ("cancer_history",))
    found = RiskModel(after, patient.target, patient.setting).risk(patient.present).posttest
    row = figure(diff, "reference patient", patient.name, "risk")
    assert row["after"] == pytest.approx(found.estimate, rel=1e-12)
    assert (row["after_low"], row["after_high"]) == pytest.approx((found.ci_low, found.ci_high))


def test_the_way_back_is_the_same_with_other_signs(diff, before, after):
    back = diff_evidence(after, before)
    keys = ["kind", "name", "target", "setting", "measure"]
    both = diff.figures.merge(back.figures, on=keys, suffixes=("", "_back"))
    assert len(both) == len(diff.figures)
    known = both["moved"].notna()
    pd.testing.assert_series_equal(
        both.loc[known, "moved"], -both.loc[known, "moved_back"], check_names=False
    )
    assert (both["largest_move"] == both["largest_move_back"]).all()
    assert back.rows["status"].tolist() == ["removed"]


def test_what_moved_most_comes_first_and_the_tolerance_cuts(diff):
    sizes = diff.changes["largest_move"]  # all of them moved, nothing is new
    assert sizes.is_monotonic_decreasing
    middle = float(sizes.median())
    assert len(diff.beyond(middle)) == int((sizes > middle).sum()) > 0
    with pytest.raises(ArgumentError, match="tolerance is -1"):
        diff.beyond(-1)


def test_an_impossible_report_is_called_so(before):
    spoilt = before.accuracy.copy()
    row = spoilt["report_id"] == REPORT
    spoilt.loc[row, ["sensitivity", "specificity", "lr_positive"]] = ["1.00", "0.02", "32.5"]
    found = diff_evidence(before, replace(before, accuracy=spoilt))
    ratio = figure(found, "likelihood ratio", DEYO, "lr_positive")
    assert ratio["status"] == "became impossible"
    assert ratio["largest_move"] == math.inf
    assert ratio["because"]
    assert found.rows["columns"].tolist() == ["sensitivity;specificity;lr_positive"]
    assert figure(found, "post-test", DEYO, "after a positive result")["status"] == "removed"


def test_another_cohort_is_added(before):
    cohort = before.cohorts[before.cohorts["cohort_id"] == "deyo1988_malignancy"].copy()
    cohort["cohort_id"], cohort["n"], cohort["n_cases"] = "another", pd.NA, pd.NA
    wider = replace(before, cohorts=pd.concat([before.cohorts, cohort], ignore_index=True))
    cells = dict(zip(CELLS, (9, 20, 6, 400), strict=True))
    found = diff_evidence(
        before, with_report(wider, report_id="other", cohort_id="another", **cells)
    )
    row = figure(found, "likelihood ratio", "cancer_history in another", "lr_positive")
    assert (row["status"], row["after"]) == ("added", pytest.approx(9 / 15 / (20 / 420)))
    assert figure(found, "likelihood ratio", DEYO, "lr_positive")["status"] == "same"
    pooled = found.figures[found.figures["kind"] == "pooled"]
    assert set(pooled["status"]) == {"added"}
    assert set(pooled["after_rests_on"]) == {f"{REPORT};other"}


def test_the_page_escapes_every_text_and_replaces_no_file_of_others(diff, tmp_path):
    hostile = replace(diff, figures=diff.figures.assign(name=HOSTILE, because=HOSTILE))
    page = tmp_path / "diff.html"
    names = {"before": HOSTILE, "after": HOSTILE}
    # Whose it is stands in the manifest: not in the words of a page, which anybody may quote.
    page.write_text("mine, about a page Made by backpain_stats", encoding="utf-8")
    with pytest.raises(ArgumentError, match="no earlier run wrote it"):
        write_diff(hostile, page, **names)
    page.unlink()
    for _ in range(2):  # a page of an earlier run is replaced
        write_diff(hostile, page, **names)
    page.write_text(page.read_text(encoding="utf-8") + "<!-- my note -->", encoding="utf-8")
    with pytest.raises(ArgumentError, match="changed since"):
        write_diff(hostile, page, **names)
    write_diff(hostile, page, **names, force=True)
    read = Tags()
    read.feed(page.read_text(encoding="utf-8"))
    assert not {"img", "script", "textarea"} & set(read.names)
    assert read.names.count("title") == 1
    assert read.names.count("tr") > len(diff.changes)


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
