"""Pages of an evidence that is not the packaged one, and of a user with settings of her own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest

import backpain_stats as bps
from backpain_stats.report import build_report
from backpain_stats.report.main.build import SECTIONS
from backpain_stats.report.main.context import Context, LeftOut


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "t"
    bps.write_template(folder)
    return folder


def _said(evidence: bps.Evidence) -> dict[str, str]:
    """Return the sections of a report: empty, or why they are left out."""
    context = Context(evidence)
    built = {name: build(context) for name, build in SECTIONS}
    return {name: one.reason if isinstance(one, LeftOut) else "" for name, one in built.items()}


def test_the_report_of_an_empty_template_says_why_it_is_empty(run, template, tmp_path):
    """It ended in a KeyError; with the explorer there was no page at all."""
    ran = run("report", "--evidence", template, "--out", tmp_path / "r")
    assert ran.code == 0
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert "Left out" in page
    assert "the evidence has no row of accuracy.csv" in page
    assert "The explorer: no flag of this evidence has a usable report" in page
    assert "explorer.html" not in page
    assert not (tmp_path / "r" / "explorer.html").exists()


def test_the_report_of_the_templates_own_example(template):
    """It ended in a ValueError: min() of nothing."""
    said = _said(bps.load_evidence(template / "example"))
    assert not said["findings"]
    assert not said["post-test probabilities"]
    assert "cannot be computed" in said["several flags in one patient"]
    assert "no row of endorsements.csv" in said["endorsements"]


def test_the_report_of_one_condition_only(evidence):
    """Without malignancy there was one sentence about it, and no report."""
    said = _said(evidence.select(target="fracture"))
    assert not said["findings"]
    assert not said["endorsements"]
    assert "malignancy in primary_care" in said["several flags in one patient"]


def test_the_report_of_the_evidence_less_one_row(evidence):
    """One row of the history of cancer was needed for any page at all."""
    kept = evidence.accuracy["report_id"] != "deyo1988_cancer_history"
    less = replace(evidence, accuracy=evidence.accuracy[kept].reset_index(drop=True))
    assert set(_said(less).values()) == {""}


def test_settings_of_the_user_change_no_page_and_no_figure(hostile, hostile_pages, tmp_path):
    """A matplotlibrc in the working directory made the figures black, or ended the report."""
    mine = {"axes.facecolor": "black", "font.size": 30.0, "text.usetex": True, "lines.marker": "o"}
    with mpl.rc_context(mine):
        page = build_report(hostile, tmp_path, explorer=False)
    before = hostile_pages["report"].parent
    figures = sorted(path.name for path in (before / "figures").glob("*.svg"))
    assert figures
    for name in figures:
        assert (tmp_path / "figures" / name).read_bytes() == (
            before / "figures" / name
        ).read_bytes(), name
    # The other page was built with the explorer, to which its lead points.
    drawn = page.read_text(encoding="utf-8").split("<main")[1]
    assert drawn == hostile_pages["report"].read_text(encoding="utf-8").split("<main")[1]
