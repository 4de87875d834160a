"""The shipped evidence by its snapshot; the only tests that know what ``data/`` holds.

Where one fails after a change of the evidence or of the code that is meant, ``make snapshot``
writes the files anew and lists the differences, for a person to look at and to commit.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from backpain_stats import Evidence, load_evidence

HERE = Path(__file__).parent
_specification = importlib.util.spec_from_file_location("make_snapshot", HERE / "make_snapshot.py")
snapshot = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(snapshot)
NAMES = sorted(path.stem for path in snapshot.SNAPSHOT.glob("*.csv"))
# Tables are written with eight digits. Sampled intervals go through exp and log, whose last
# bits differ between processors and libraries; 1e-5 is far below any printed digit. The pooled
# flags are drawn around a numerically found mode and move with it.
REPORT_RTOL = {"pooled.csv": snapshot.SAMPLED_RTOL}
DEFAULT_RTOL = 1e-5


@pytest.fixture(scope="session")
def shipped() -> Evidence:
    return load_evidence()


@pytest.fixture(scope="module")
def parts(shipped: Evidence):
    return snapshot.parts(shipped)


def test_every_part_has_its_file(parts) -> None:
    assert sorted(parts) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_snapshot_is_that_of_this_code_and_these_data(parts, name, tmp_path) -> None:
    part = parts[name]
    new = snapshot.written(part, tmp_path / "new.csv")
    old = snapshot.read(snapshot.SNAPSHOT / f"{name}.csv")
    assert snapshot.differences(old, new, part.key, part.rtol) == [], "see: make snapshot"


@pytest.mark.slow
def test_the_committed_tables_of_the_report_are_those_of_this_code(tmp_path) -> None:
    made = snapshot.report_tables(tmp_path)
    assert set(made) == {path.name for path in snapshot.REPORT_TABLES.glob("*.csv")}
    for name, path in made.items():
        new, old = pd.read_csv(path), pd.read_csv(snapshot.REPORT_TABLES / name)
        rtol = REPORT_RTOL.get(name, DEFAULT_RTOL)
        pd.testing.assert_frame_equal(new, old, rtol=rtol, atol=1e-9, obj=name)


def test_differences_are_found_and_said() -> None:
    old = pd.DataFrame({"name": ["a", "b", "c"], "lr": [1.0, 2.0, None], "word": ["x", "y", "z"]})
    same = old.assign(lr=[1.0 + 1e-7, 2.0, None])
    assert snapshot.differences(old, same, ("name",), 1e-5) == []
    new = pd.DataFrame({"name": ["b", "c", "d"], "lr": [2.1, 3.0, 1.0], "word": ["y", "w", "z"]})
    assert snapshot.differences(old, new, ("name",), 1e-5) == [
        "+ d",
        "- a",
        "~ b: lr 2.0 -> 2.1",
        "~ c: lr nan -> 3.0, word z -> w",
    ]
    assert snapshot.differences(old, old.rename(columns={"word": "text"}), ("name",), 0) == [
        "column text is new",
        "column word is gone",
    ]


def test_rows_of_one_name_are_told_apart() -> None:
    frame = pd.DataFrame({"name": ["a", "a"], "n": [1, 2]})
    assert snapshot.differences(frame, frame, ("name",), 0) == []
    assert snapshot.differences(frame, frame.iloc[:1], ("name",), 0) == ["- a#2"]


def test_every_reconstruction_of_the_shipped_evidence_has_its_verdict(parts) -> None:
    """Not one report is left out, whatever it prints."""
    frame = parts["likelihood_ratios"].frame
    assert len(frame) == len(load_evidence().accuracy)
    assert frame["verdict"].notna().all()
    assert (frame["usable"] | ~frame["counted"]).all()
    assert (frame["verdict"] != "impossible").sum() > len(frame) / 2


@pytest.mark.parametrize(
    ("flag", "target", "cohorts"), [("cancer_history", "malignancy", 2), ("crp_10", "infection", 2)]
)
def test_what_is_pooled_was_measured_twice(parts, flag, target, cohorts) -> None:
    frame = parts["pool_all"].frame.set_index(["flag_id", "target"])
    assert frame.loc[(flag, target), "cohorts"] >= cohorts
