"""Conditions and settings that the package does not know, in a folder of one's own."""

from __future__ import annotations

import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    EvidenceError,
    RiskModel,
    add_tables,
    check_evidence,
    compare_flags,
    diff_evidence,
    endorsement,
    likelihood_ratios,
    load_evidence,
    natural_frequencies,
    pool,
    posttest,
    setting_prevalence,
)

OWN = {"target": "myelopathy", "setting": "rescue_service"}


@pytest.fixture
def own(tmp_path):
    (tmp_path / "targets.csv").write_text("target,label\nmyelopathy,Cervical myelopathy\n")
    (tmp_path / "settings.csv").write_text("setting,label\nrescue_service,rescue service\n")
    tables = pd.DataFrame(
        [["Newman 2019", "clumsy hands", 30, 20, 10, 340, 400, 40],
         ["Oldman 2020", "clumsy hands", 25, 30, 12, 333, 400, 37]],
        columns=["study", "flag", "tp", "fp", "fn", "tn", "n", "n_cases"],
    )  # fmt: skip
    add_tables(
        tmp_path, tables, source="Review B. An invented review. 2027", kind="systematic review",
        what_was_read="table", category="symptom", sample="unselected", directness="direct",
        case_control="no", **OWN,
    )  # fmt: skip
    return tmp_path


def test_an_own_condition_is_computed_like_any_other(own):
    evidence = load_evidence(own, add=True)
    assert "error" not in set(check_evidence(own, add=True)["severity"])
    assert evidence.target_labels["myelopathy"] == "Cervical myelopathy"
    assert evidence.select("malignancy").target_labels["myelopathy"] == "Cervical myelopathy"
    ratios = likelihood_ratios(evidence, **OWN)
    # 30/40 over 20/360, and 25/37 over 30/363
    assert ratios["lr_positive"].tolist() == pytest.approx([13.5, (25 / 37) / (30 / 363)])
    prevalence = setting_prevalence(evidence, *OWN.values())
    assert prevalence.estimate == pytest.approx(40 / 400)
    after = posttest(evidence, "clumsy_hands", *OWN.values(), result="positive").iloc[0]
    assert after["estimate"] == pytest.approx(30 / 50)  # its own cohort gives the prevalence
    assert pool(evidence, target="myelopathy", flag="clumsy_hands").cohorts == 2
    assert len(compare_flags(evidence, **OWN).flags) == 2
    assert natural_frequencies(evidence, 0.1, draws=64, **OWN)["usable"].all()
    assert "myelopathy" in set(endorsement(evidence).flags["target"])
    risk = RiskModel(evidence, **OWN).risk(["clumsy_hands"])
    assert "Risk of myelopathy in rescue service" in str(risk)


def test_an_own_condition_is_in_the_changes(own):
    part = load_evidence(own)
    found = diff_evidence(load_evidence().select("any_serious", "mixed"), part).figures
    added = found[(found["target"] == "myelopathy") & (found["kind"] == "likelihood ratio")]
    assert set(added["status"]) == {"added"}


def test_without_the_files_the_words_are_refused(own):
    (own / "targets.csv").unlink()
    with pytest.raises(EvidenceError, match="column target: 'myelopathy' is not in the vocab"):
        load_evidence(own, add=True)
    with pytest.raises(ArgumentError, match="target is 'myelopathy'; allowed"):
        likelihood_ratios(load_evidence(), **OWN)


@pytest.mark.parametrize(
    ("file", "row"),
    [("targets", "malignancy,Cancer"), ("targets", "unspecified,Any"), ("settings", "mixed,All")],
)
def test_words_of_the_package_keep_their_meaning(own, file, row):
    with (own / f"{file}.csv").open("a", encoding="utf-8") as open_file:
        open_file.write(f"{row}\n")
    problems = check_evidence(own, add=True)
    errors = problems[problems["severity"] == "error"]
    assert errors["problem"].tolist() == ["is a word of the package already"]


def test_pages_of_an_own_condition(run, own, tmp_path):
    given = ("--evidence", own, "--add", "--target", "myelopathy", "--setting", "rescue_service")
    code, _, err = run("panel", *given, "--prevalence", "10%", "--out", tmp_path / "panel")
    assert code == 0, err
    html = (tmp_path / "panel" / "index.html").read_text(encoding="utf-8")
    assert "cervical myelopathy" in html
    assert "rescue service" in html
    code, _, err = run("panel", "--target", "x", "--setting", "mixed", "--out", tmp_path / "no")
    assert (code, "target is 'x'; allowed" in err) == (2, True)
