"""What is written from the schema: files to fill in, and the description of the data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from backpain_stats.checks import check_folder_path, kind_at
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.columns import Column, Kind, Table
from backpain_stats.evidence.files import packaged_folder, read_table
from backpain_stats.evidence.learned import DEPENDENCE, HETEROGENEITY, QUALITY_INSTRUMENTS
from backpain_stats.evidence.patients import CRITERIA, patients_table
from backpain_stats.evidence.schema import TABLES
from backpain_stats.outputs import output_folder, replacing

__all__ = [
    "DATAPACKAGE",
    "README",
    "datapackage",
    "file_text",
    "patients_datapackage",
    "write_datapackages",
    "write_template",
]

README = "README.md"
EXAMPLE = "example"
DATAPACKAGE = "datapackage.json"
_INTRODUCTION = """# Evidence files

One file per kind of row, UTF-8, commas, the first line the header. Use only the
files you need and delete the others. CSV has no comments; this page is the comment, and the
folder `example` shows a few filled rows per file, all of them invented.

- Write a statistic exactly as it is printed: `0.31`, `31%`, `>0.90`, `13 of 1975`. The last
  zero counts: it tells how the figure was rounded. 31% is never written `31`.
- Leave a cell empty if the figure is not printed. Empty never means zero.
- Compute nothing: what follows from the printed figures, the package works out.
- `tp, fp, fn, tn` only if they are printed, or exact from printed counts.
- Every row names where it was read; each such source has a row in `sources.csv`.
- What a row can be used for stands in columns, not in notes: `sample`, `case_control`,
  `verification` and `directness` of a cohort; a note never changes a result. `unknown`
  is an honest answer. The prevalence of a setting is taken from direct, unselected samples.
- A flag that cuts a measured quantity names it: `quantity`, `threshold`, `unit`, `direction`.
  A flag that is there whenever another one is lists that one in `contains`.
- Where two rows report one finding in the same patients, `replaces` says which one counts.
- A condition or a setting that the package does not know has a row in `targets.csv` or
  `settings.csv`, with its label; every other file may then use its name.
- A spreadsheet program: save as "CSV UTF-8", and see that it does not change the digits.

    backpain-stats check FOLDER          lists every problem, with its line
    backpain-stats check FOLDER --add    the same for files that refer to the packaged evidence
    backpain-stats lr --evidence FOLDER --add
    backpain-stats evidence cohorts      lists names; also sources, flags, prevalence
    backpain-stats evidence add FOLDER --tables FILE.csv --source "..."    writes the rows for you
    backpain-stats diff --evidence FOLDER --add    shows what they change
"""
_FORMS: dict[Kind, str] = {
    "identifier": "a name without spaces",
    "identifiers": "names, separated by semicolons",
    "text": "text",
    "integer": "whole number",
    "year": "year",
    "doi": "DOI",
    "number": "number",
    "level": "level, such as 0.95",
    "proportion": "printed proportion",
    "pretest": "printed proportion, no bound",
    "proportion_limit": "printed end of an interval",
    "ratio": "printed ratio",
    "statistic": "printed figure",
    "statistic_limit": "printed end of an interval",
}
# The filled columns only; the others are written empty. A later row replaces an earlier one.
_EXAMPLE_ROWS = {
    "sources": """\
source_id,kind,citation,year,what_was_read,read_where
example2026,primary study,Example A. An invented study. 2026,2026,full text,nowhere: invented
review2027,systematic review,Example B. An invented review. 2027,2027,table,nowhere: invented
""",
    "flags": """\
flag_id,label,category,family,quantity,threshold,unit,direction,level_of,contains
example_flag,An invented finding,history,example,,,,,,example_flag_severe
example_flag_severe,An invented finding that is severe,history,example,,,,,,
example_protein_10,Invented protein above 10 mg/L,laboratory,protein,protein,10,mg/L,above,,
example_protein_50,Invented protein above 50 mg/L,laboratory,protein,protein,50,mg/L,above,,
example_protein_band,Invented protein 10 to 50 mg/L,laboratory,protein,,,,,protein,
""",
    "cohorts": """\
cohort_id,study_id,target,setting,n,n_cases,source_id,status,low_back_pain_only,sample,\
case_control,verification,directness
example2026_malignancy,example2026,malignancy,primary_care,900,6,example2026,seen_primary,yes,\
unselected,no,follow_up,direct
""",
    "accuracy": """\
report_id,cohort_id,flag_id,definition,sensitivity,specificity,reported_in,quotes,status,reading,\
replaces
quoted_example_flag,example2026_malignancy,example_flag,as quoted,33%,96%,review2027,example2026,\
seen_secondary,quoted,
example2026_example_flag,example2026_malignancy,example_flag,in the words of the study,0.33,0.965,\
example2026,,seen_primary,printed,quoted_example_flag
example2026_protein,example2026_malignancy,example_protein_50,in the words of the study,>0.80,0.71,\
example2026,,seen_primary,printed,
""",
    "claims": """\
claim_id,target,flag_id,setting,statistic,pretest,value,range_kind,reported_in,status,cohort_id,\
inputs_read
review2027_posttest,malignancy,example_flag,primary_care,posttest,6 of 900,0.06,point,review2027,\
seen_primary,example2026_malignancy,yes
""",
    "prevalence": """\
prevalence_id,target,setting,n,n_cases,prevalence,range_kind,reported_in,status,cohort_id,sample,\
directness
example2026_malignancy,malignancy,primary_care,900,6,0.007,point,example2026,seen_primary,\
example2026_malignancy,unselected,direct
""",
    "quality": """\
cohort_id,assessor,domain,risk_of_bias,reason
example2026_malignancy,AB,flow_and_timing,unclear,invented
""",
}


def write_template(folder: str | PathLike[str], *, force: bool = False) -> list[Path]:
    """Write empty evidence files, a page that explains them, and an example.

    Parameters
    ----------
    folder : path-like
        Where to write; it is made if it does not exist.
    force : bool, default False
        Whether files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        The files that were written.

    Raises
    ------
    ArgumentError
        If a file is there already and ``force`` is False (nothing is
        written then), or the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_stats.evidence import check_evidence
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_template(folder)
    ...     len(check_evidence(folder)), written[0].name
    (0, 'README.md')
    """
    contents = {README: _readme()}
    contents |= {table.file: file_text(table.names, []) for table in TABLES.values()}
    contents |= {
        f"{EXAMPLE}/{TABLES[name].file}": file_text(
            TABLES[name].names, csv.DictReader(io.StringIO(text))
        )
        for name, text in _EXAMPLE_ROWS.items()
    }
    return write_to_edit(folder, {name: text.encode() for name, text in contents.items()}, force)


def write_to_edit(
    folder: str | PathLike[str], contents: Mapping[str, bytes], force: bool
) -> list[Path]:
    """Write files that a person will change; ArgumentError if one is there and not forced."""
    place = check_folder_path(folder)
    # No manifest: they are a person's from the start.
    with output_folder(folder, None, whole=False, force=True) as run:
        existing = [name for name in contents if kind_at(place / name) is not None]
        if existing and not force:
            raise ArgumentError(
                f"{str(folder)!r} holds {', '.join(existing)} already; nothing was written. Choose "
                "another folder, or replace them (--force, force=True)"
            )
        for name, content in contents.items():
            path = run.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    return [place / name for name in contents]


def file_text(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return a file with its header and the given rows; a cell that is not given is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _readme() -> str:
    """Return the page that explains every file and column."""
    parts = [_INTRODUCTION]
    for table in TABLES.values():
        lines = [f"## {table.file}", "", table.description, ""]
        lines += ["| column | filled in | what it says | form |", "|---|---|---|---|"]
        lines += [_column_row(column) for column in table.columns]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _column_row(column: Column) -> str:
    form = ", ".join(column.allowed) or _FORMS[column.kind]
    if column.empty_means:
        form += f"; empty counts as {column.empty_means}"
    if column.references:
        form += f", from {' or '.join(TABLES[name].file for name in column.references)}"
    needed = "always" if column.required else "if known"
    return f"| `{column.name}` | {needed} | {column.description} | {form} |"


def datapackage() -> dict[str, Any]:
    """Return the descriptor of the packaged evidence: a Frictionless Data Package, version 1.

    Statistics are described as strings with a pattern, because their printed
    digits are data.

    Notes
    -----
    Frictionless foreign keys hold one name of one file. Lists of names
    (separated by semicolons) and references to either of two files are
    described by their pattern here and checked by
    :func:`~backpain_stats.evidence.check_evidence`.

    Examples
    --------
    >>> [resource["name"] for resource in datapackage()["resources"]][:4]
    ['sources', 'flags', 'cohorts', 'accuracy']
    >>> datapackage()["licenses"][0]["name"]
    'CC-BY-4.0'
    """
    return {
        "profile": "tabular-data-package",
        "name": "backpain-red-flags",
        "title": "Published evidence on red flags for serious spinal pathology in back pain",
        "description": (
            "Figures as they were printed. An empty cell means not printed or not seen, "
            "never zero. README.md states the rules of curation, LICENSE.md the terms."
        ),
        "keywords": ["red flags", "low back pain", "diagnostic accuracy", "likelihood ratio"],
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "path": "https://creativecommons.org/licenses/by/4.0/",
                "title": "Creative Commons Attribution 4.0 International",
            }
        ],
        "resources": [
            *(_resource(table) for table in TABLES.values() if not table.optional),
            _resource(DEPENDENCE),
            _resource(HETEROGENEITY),
            _resource(QUALITY_INSTRUMENTS),
        ],
    }


def patients_datapackage() -> dict[str, Any]:
    """Return the descriptor of the patients' rows, which are under terms of their own."""
    raw, _ = read_table(packaged_folder() / "patients" / CRITERIA.file, CRITERIA)
    records = raw.records() if raw is not None else []
    criteria = {record["criterion"]: record["description"] for record in records}
    return {
        "profile": "tabular-data-package",
        "name": "smart2011-pain-types",
        "title": "Pain types of 464 patients with low back pain",
        "description": "Eleven clinical criteria and the pain type; README.md states the source.",
        "licenses": [
            {
                "name": "GPL-2.0",
                "path": "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html",
                "title": "GNU General Public License version 2, that of the R package flexord",
            }
        ],
        "resources": [_resource(CRITERIA), _resource(patients_table(criteria))],
    }


def _resource(table: Table) -> dict[str, Any]:
    """Describe one file."""
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
    return {
        "name": table.name,
        "path": table.file,
        "profile": "tabular-data-resource",
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(column, table) for column in table.columns],
            "missingValues": [""],
            "primaryKey": list(table.key),
            **({"foreignKeys": keys} if keys else {}),
        },
    }


def _field(column: Column, table: Table) -> dict[str, Any]:
    """Describe one column with its constraints."""
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if table.key == (column.name,):
        constraints["unique"] = True
    if column.allowed:
        constraints["enum"] = list(column.allowed)
    kind = {"Int64": "integer", "Float64": "number"}.get(column.dtype, "string")
    if column.kind == "integer":
        constraints["minimum"], constraints["maximum"] = column.bounds
    elif kind == "string" and column.pattern is not None:
        constraints["pattern"] = column.pattern
    field: dict[str, Any] = {"name": column.name, "type": kind, "description": column.description}
    return field | ({"constraints": constraints} if constraints else {})


def write_datapackages() -> None:
    """Write both descriptors beside their data, after a change of the schema."""
    folder = packaged_folder()
    for place, contents in (
        (folder, datapackage()),
        (folder / "patients", patients_datapackage()),
    ):
        text = json.dumps(contents, indent=1, ensure_ascii=False) + "\n"
        with replacing(place / DATAPACKAGE, force=True) as new:
            new.write_text(text, encoding="utf-8", newline="\n")
