"""The packaged evidence as a folder, and 2x2 tables added to one."""

from __future__ import annotations

import csv
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    BackpainStatsError,
    DataError,
    EvidenceError,
    RiskModel,
    add_tables,
    check_evidence,
    displacements,
    export_evidence,
    likelihood_ratios,
    load_evidence,
)
from backpain_stats.evidence import TABLES, packaged_folder, write_template

COLUMNS = ["study", "flag", "tp", "fp", "fn", "tn"]
REVIEW = {
    "source": "Example A et al. An invented review. Journal 2031;347:f7095. doi:10.1000/xyz.31",
    "kind": "systematic review",
    "what_was_read": "table",
    "target": "malignancy",
    "setting": "primary_care",
}


def deyo() -> pd.DataFrame:
    """Return the table of a history of cancer in the patients of Deyo, as a review prints it."""
    return pd.DataFrame([["Deyo 1988", "cancer_history", 4, 41, 9, 1921]], columns=COLUMNS)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def quietly(folder: Path, *, add: bool):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # intervals beyond 1 are printed so
        return load_evidence(folder, add=add)


def test_what_is_exported_loads_as_it_was(tmp_path):
    export_evidence(tmp_path / "all")
    for path in (tmp_path / "all").iterdir():
        assert path.read_bytes() == (packaged_folder() / path.name).read_bytes()
    problems = check_evidence(tmp_path / "all")
    pd.testing.assert_frame_equal(problems, check_evidence())
    exported, packaged = quietly(tmp_path / "all", add=False), load_evidence()
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(exported, name), getattr(packaged, name))
    assert {field.name for field in fields(packaged)} >= set(TABLES)


def test_an_export_never_overwrites_in_silence(tmp_path):
    (tmp_path / "flags.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ArgumentError, match=r"holds flags\.csv already"):
        export_evidence(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["flags.csv"]
    export_evidence(tmp_path, force=True)
    assert (tmp_path / "flags.csv").read_text(encoding="utf-8").startswith("flag_id,")


def test_the_exact_table_beats_the_reconstruction(tmp_path):
    added = add_tables(tmp_path / "mine", deyo(), **REVIEW)
    assert not added.alone
    [row] = rows(tmp_path / "mine", "accuracy")
    assert (row["cohort_id"], row["reported_in"], row["quotes"], row["replaces"]) == (
        *("deyo1988_malignancy", "example2031", "deyo1988"), "",
    )  # fmt: skip
    evidence = load_evidence(tmp_path / "mine", add=True)
    found = displacements(evidence).set_index("report_id").loc["deyo1988_cancer_history"]
    assert (found["displaced_by"], found["displaced_because"]) == (row["report_id"], "counts")
    ratios = likelihood_ratios(evidence).set_index("report_id")
    mine = ratios.loc[row["report_id"]]
    # 4/13 over 41/1962, from the definition of the ratio
    assert mine["lr_positive"] == pytest.approx(4 / 13 / (41 / 1962), rel=1e-12)
    assert mine["counted"]


def test_a_row_that_says_what_it_replaces_displaces_it(tmp_path):
    add_tables(tmp_path / "mine", deyo(), **REVIEW, replaces="deyo1988_cancer_history")
    found = displacements(load_evidence(tmp_path / "mine", add=True)).set_index("report_id")
    assert found.loc["deyo1988_cancer_history", "displaced_because"] == "replaces"
    # and a patient's risk says so
    model = RiskModel(load_evidence(tmp_path / "mine", add=True), draws=64)
    warnings = " ".join(model.risk(["cancer_history"]).warnings)
    assert "its row says that it replaces this one" in warnings


def test_everything_missing_is_asked_for_at_once(tmp_path):
    tables = pd.DataFrame([["Palpable thing", 1, 2, 3, 4]], columns=["flag", *COLUMNS[2:]])
    with pytest.raises(ArgumentError) as asked:
        add_tables(tmp_path / "mine", tables, source="Example A. A review. 2031")
    message = str(asked.value)
    for option in ("--kind", "--read", "--target", "--setting", "--category"):
        assert option in message
    with pytest.raises(ArgumentError, match="--study"):
        add_tables(tmp_path / "mine", tables, **REVIEW, category="symptom")
    assert not (tmp_path / "mine").exists()


def test_new_names_get_rows_and_what_is_there_stays(tmp_path):
    add_tables(tmp_path, deyo(), **REVIEW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tables = pd.DataFrame(
        [["Newman 2019", "Palpable thing", 3, 20, 7, 300, 330, 10],
         ["Newman 2019", "cancer_history", 4, 30, 6, 290, 330, 10]],
        columns=[*COLUMNS, "n", "n_cases"],
    )  # fmt: skip
    added = add_tables(
        tmp_path, tables, source="10.1000/xyz.31", target="malignancy", setting="emergency",
        category="examination",
    )  # fmt: skip
    for name, content in before.items():
        assert (tmp_path / name).read_bytes().startswith(content)
    assert added.rows["name"].tolist() == [
        *("newman2019", "palpable_thing", "newman2019_malignancy"),
        *("newman2019_palpable_thing", "newman2019_cancer_history"),
    ]
    [source] = [row for row in rows(tmp_path, "sources") if row["source_id"] == "newman2019"]
    assert (source["year"], source["what_was_read"]) == ("2019", "quotation only")
    assert rows(tmp_path, "flags")[0]["label"] == "Palpable thing"
    [cohort] = rows(tmp_path, "cohorts")
    assert (cohort["setting"], cohort["n"], cohort["n_cases"]) == ("emergency", "330", "10")
    assert "error" not in set(check_evidence(tmp_path, add=True)["severity"])


def test_no_row_is_added_twice(tmp_path):
    add_tables(tmp_path, deyo(), **REVIEW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ArgumentError, match="row 1: it is there already, as deyo1988_cancer"):
        add_tables(tmp_path, deyo(), **REVIEW)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_exported_folder_stands_by_itself(tmp_path):
    export_evidence(tmp_path)
    before = (tmp_path / "accuracy.csv").read_bytes()
    added = add_tables(tmp_path, deyo(), **REVIEW, replaces="deyo1988_cancer_history")
    assert added.alone
    assert (tmp_path / "accuracy.csv").read_bytes().startswith(before)
    assert "error" not in set(check_evidence(tmp_path)["severity"])


def test_a_primary_study_is_its_own_source(tmp_path):
    tables = pd.DataFrame([["cancer_history", 1, 2, 3, 4]], columns=["flag", *COLUMNS[2:]])
    given = REVIEW | {"kind": "primary study", "source": "Novel B. A cohort. 2030"}
    add_tables(tmp_path, tables, **given, sample="unselected")
    [row] = rows(tmp_path, "accuracy")
    assert (row["reported_in"], row["quotes"], row["status"]) == ("novel2030", "", "seen_primary")
    assert rows(tmp_path, "cohorts")[0]["sample"] == "unselected"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "cancer"}, "nothing was written.*malignancy, fracture"),
        ({"replaces": "deyo1988_age_50"}, "is about another finding, age_50"),
        ({"cohort_id": "deyo1988_maligancy"}, "did you mean deyo1988_malignancy"),
        ({"setting": "emergency"}, "setting is 'emergency', but the cohort deyo1988_malignancy"),
        ({"source": "Downie B. Other. 2013"}, "'downie2013' is there already"),
        ({"colour": "red"}, "'colour' is no column"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, change, words):
    with pytest.raises((ArgumentError, EvidenceError), match=f"(?s){words}"):
        add_tables(tmp_path / "mine", deyo(), **(REVIEW | change))
    assert not (tmp_path / "mine").exists()


def test_a_table_without_counts_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"lacks the column\(s\) tn"):
        add_tables(tmp_path / "mine", deyo().drop(columns="tn"), **REVIEW)
    with pytest.raises(EvidenceError, match="column tp: 'four' is not a whole number"):
        add_tables(tmp_path / "mine", deyo().assign(tp="four"), **REVIEW)


def mutated(random: np.random.Generator) -> pd.DataFrame:
    """Return three tables with a few cells, a column or a row gone wrong, or only written oddly."""
    frame = pd.DataFrame(
        [["Newman 2019", "cancer_history", "3", "20", "7", "300"],
         ["Oldman 2020", "A new finding", "4", "30", "6", "290"],
         ["Deyo 1988", "cancer_history", "4", "41", "9", "1921"]],
        columns=COLUMNS,
    )  # fmt: skip
    odd = ["", "-1", "3.5", "1e3", "x", "9" * 30, "=1+1", "a,b", 'q"q', "l\nl", "\x01", "患者",
           " 3 ", "０", "age_50", "deyo1988", "NaN", "1;2"]  # fmt: skip
    for _ in range(random.integers(0, 3)):
        frame.iloc[random.integers(3), random.integers(6)] = odd[random.integers(len(odd))]
    if random.random() < 0.1:
        frame = frame.drop(columns=COLUMNS[random.integers(6)])
    if random.random() < 0.1:
        frame = pd.concat([frame, frame.iloc[[0]]])
    return frame.rename(columns=str.upper) if random.random() < 0.2 else frame


def test_a_mutated_table_is_added_whole_or_refused(tmp_path):
    """Every row with its own counts, or one message of the package and no folder."""
    random = np.random.default_rng(7)
    added = 0
    for number in range(40):
        tables, folder = mutated(random), tmp_path / str(number)
        try:
            add_tables(folder, tables, **REVIEW, category="symptom")
        except BackpainStatsError:
            assert not folder.exists()
            continue
        added += 1
        wanted = tables.rename(columns=str.lower)[COLUMNS[2:]]
        counts = [[row[cell] for cell in COLUMNS[2:]] for row in rows(folder, "accuracy")]
        assert counts == wanted.map(str.strip).to_numpy().tolist()
    assert 5 < added < 35


@pytest.mark.parametrize("write", [write_template, export_evidence])
@pytest.mark.parametrize(
    ("folder", "words"),
    [("", "name of the folder is empty"), (None, "folder is None; give a path")],
)
def test_what_names_no_folder_is_refused(write, folder, words):
    with pytest.raises(ArgumentError, match=words):
        write(folder)
