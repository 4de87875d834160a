"""The description of the data says what the data and the package say."""

from __future__ import annotations

import json
import shutil
import tomllib

import pytest

from backpain_stats.evidence import datapackage, packaged_folder, patients_datapackage
from backpain_stats.evidence.write import DATAPACKAGE

frictionless = pytest.importorskip("frictionless")


DESCRIPTORS = {"": datapackage, "patients": patients_datapackage}


@pytest.mark.parametrize("folder", DESCRIPTORS)
def test_the_file_is_the_one_the_schema_makes(folder):
    """After a change of the schema: make datapackage."""
    written = json.loads((packaged_folder() / folder / DATAPACKAGE).read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(DESCRIPTORS[folder]()))


@pytest.mark.parametrize("folder", DESCRIPTORS)
def test_every_data_file_and_column_is_described_and_its_terms_stated(folder):
    described = DESCRIPTORS[folder]()
    files = {path.name for path in (packaged_folder() / folder).glob("*.csv")}
    assert {resource["path"] for resource in described["resources"]} == files
    for resource in described["resources"]:
        assert all(field["description"] for field in resource["schema"]["fields"])
    terms = (packaged_folder() / "LICENSE.md").read_text(encoding="utf-8")
    words = {"CC-BY-4.0": "CC BY 4.0", "GPL-2.0": "GPL-2"}
    assert [words[licence["name"]] in terms for licence in described["licenses"]] == [True]


@pytest.mark.parametrize("folder", DESCRIPTORS)
def test_frictionless_finds_the_packaged_data_valid(folder):
    report = frictionless.validate(str(packaged_folder() / folder / DATAPACKAGE))
    assert report.valid, report.flatten(["title", "message"])


def test_the_wheel_brings_every_file_but_the_patients():
    project = tomllib.loads((packaged_folder().parent / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {f"data/{path.name}" for path in packaged_folder().iterdir() if path.is_file()}
    assert set(included) == files
    assert all(place == f"backpain_stats/{file}" for file, place in included.items())


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cohorts.csv", ",malignancy,primary_care,", ",malignancy,primary,"),
        ("accuracy.csv", ",cancer_history,", ",cancer_hystory,"),
        ("accuracy.csv", ",0.31,", ",about 0.31,"),
        ("patients/smart2011_patients.csv", "\n2,1,", "\n2,7,"),
    ],
)
def test_the_description_is_strict_enough_to_notice(tmp_path, file, old, new):
    shutil.copytree(packaged_folder(), tmp_path / "data")
    path = tmp_path / "data" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert not frictionless.validate(str(path.parent / DATAPACKAGE)).valid
