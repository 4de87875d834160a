"""The description of the data says what the data and the package say."""

from __future__ import annotations

import json
import shutil

import pytest

from backpain_stats.evidence import packaged_folder
from backpain_stats.evidence.datapackage import FILE, datapackage

frictionless = pytest.importorskip("frictionless")


def test_the_file_is_the_one_the_schema_makes():
    """After a change of the schema: make datapackage."""
    written = json.loads((packaged_folder() / FILE).read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(datapackage()))


def test_every_data_file_and_column_is_described():
    described = {resource["path"] for resource in datapackage()["resources"]}
    files = packaged_folder().rglob("*.csv")
    assert described == {path.relative_to(packaged_folder()).as_posix() for path in files}
    for resource in datapackage()["resources"]:
        assert all(field["description"] for field in resource["schema"]["fields"])


def test_frictionless_finds_the_packaged_data_valid():
    report = frictionless.validate(str(packaged_folder() / FILE))
    assert report.valid, report.flatten(["title", "message"])


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
    assert not frictionless.validate(str(tmp_path / "data" / FILE)).valid
