"""The Frictionless description of the data files, made from the schema.

``python -m backpain_stats.evidence.datapackage`` writes ``data/datapackage.json``
anew after a change of the schema; a test compares the two.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from backpain_stats.evidence.files import packaged_folder
from backpain_stats.evidence.patients import PAIN_TYPES
from backpain_stats.evidence.schema import TABLES, Column, Table

__all__ = ["datapackage"]

FILE = "datapackage.json"
_TYPES = {"integer": "integer", "year": "year"}


def datapackage() -> dict[str, Any]:
    """Return the descriptor of every packaged data file.

    Returns
    -------
    dict
        A Frictionless Data Package, version 1. Statistics are described as
        strings with a pattern, because their printed digits are data.

    Notes
    -----
    Frictionless foreign keys hold one name of one file. Lists of names
    (separated by semicolons) and references to either of two files are
    described by their pattern here and checked by
    :func:`~backpain_stats.evidence.evidence.check_evidence`.

    Examples
    --------
    >>> [resource["name"] for resource in datapackage()["resources"]][:4]
    ['sources', 'flags', 'cohorts', 'accuracy']
    """
    folder = packaged_folder()
    resources = [_resource(table) for table in TABLES.values() if (folder / table.file).is_file()]
    return {
        "profile": "tabular-data-package",
        "name": "backpain-red-flags",
        "title": "Published evidence on red flags for serious spinal pathology in back pain",
        "description": (
            "Figures as they were printed. An empty cell means not printed or not seen, "
            "never zero. README.md states the rules of curation."
        ),
        "keywords": ["red flags", "low back pain", "diagnostic accuracy", "likelihood ratio"],
        "resources": [*resources, *_patient_resources()],
    }


def _resource(table: Table) -> dict[str, Any]:
    """Describe one evidence file."""
    keys = [
        {
            "fields": column.name,
            "reference": {
                # An empty resource name is the file itself, in Frictionless.
                "resource": "" if column.references[0] == table.name else column.references[0],
                "fields": TABLES[column.references[0]].key[0],
            },
        }
        for column in table.columns
        if len(column.references) == 1 and column.kind == "identifier"
    ]
    schema: dict[str, Any] = {
        "fields": [_field(column, table) for column in table.columns],
        "missingValues": [""],
        "primaryKey": list(table.key),
    }
    if keys:
        schema["foreignKeys"] = keys
    return _tabular(table.name, table.file, table.description, schema)


def _field(column: Column, table: Table) -> dict[str, Any]:
    """Describe one column with its constraints."""
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if table.key == (column.name,):
        constraints["unique"] = True
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    if column.kind == "integer":
        constraints["minimum"] = 0
    elif column.kind not in _TYPES and column.pattern is not None:
        constraints["pattern"] = column.pattern
    field: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES.get(column.kind, "string"),
        "description": column.description,
    }
    return field | ({"constraints": constraints} if constraints else {})


def _patient_resources() -> list[dict[str, Any]]:
    """Describe the patient-level files; what each criterion says is read from its file."""
    criteria = pd.read_csv(packaged_folder() / "patients" / "smart2011_criteria.csv", dtype=str)
    columns = [
        {
            "name": "patient",
            "type": "integer",
            "description": "Number of the patient.",
            "constraints": {"required": True, "unique": True, "minimum": 1},
        },
        *(
            {
                "name": name,
                "type": "integer",
                "description": f"{text}: 1 present, 0 absent, empty not recorded.",
                "constraints": {"enum": [0, 1]},
            }
            for name, text in zip(criteria["criterion"], criteria["description"], strict=True)
        ),
        {
            "name": "pain_type",
            "type": "string",
            "description": "Pain type assigned by the clinicians.",
            "constraints": {"required": True, "enum": list(PAIN_TYPES)},
        },
    ]
    key = {
        "name": "criterion",
        "type": "string",
        "description": "Name of the column.",
        "constraints": {"required": True, "unique": True},
    }
    text = {
        "name": "description",
        "type": "string",
        "description": "What the criterion says.",
        "constraints": {"required": True},
    }
    return [
        _tabular(
            "smart2011_criteria",
            "patients/smart2011_criteria.csv",
            "The eleven clinical criteria of the patient file.",
            {"fields": [key, text], "missingValues": [""], "primaryKey": ["criterion"]},
        ),
        _tabular(
            "smart2011_patients",
            "patients/smart2011_patients.csv",
            "464 patients with low back pain, their criteria and their pain type.",
            {"fields": columns, "missingValues": [""], "primaryKey": ["patient"]},
        ),
    ]


def _tabular(name: str, path: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "path": path,
        "profile": "tabular-data-resource",
        "description": description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }


def main() -> None:
    """Write the description beside the data."""
    text = json.dumps(datapackage(), indent=1, ensure_ascii=False) + "\n"
    (packaged_folder() / FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
