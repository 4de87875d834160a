"""Empty evidence files to fill in, with a description and a small invented example."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

from backpain_stats.errors import ArgumentError
from backpain_stats.evidence.schema import TABLES, Column, Table

__all__ = ["write_template"]

README = "README.md"
EXAMPLE = "example"
_INVENTED = "EXAMPLE, invented: delete"
_INTRODUCTION = """# Evidence files

One file a kind of row, UTF-8, commas, the first line the header. Use only the
files you need and delete the others. CSV has no comments; this page is the comment, and the
folder `example` shows one filled row a file, all of it invented.

- Write a statistic exactly as it is printed, as a proportion: 31% is `0.31`, 100% is `1.00`,
  ">90%" is `>0.90`. The last zero counts: it tells how the figure was rounded.
- Leave a cell empty if the figure is not printed. Empty never means zero.
- Compute nothing: what follows from the printed figures, the package works out.
- `tp, fp, fn, tn` only if they are printed, or exact from printed counts.
- Every row names where it was read; each such source has a row in `sources.csv`.
- A spreadsheet program: save as "CSV UTF-8", and see that it does not change the digits.

    backpain-stats check FOLDER          lists every problem, with its line
    backpain-stats check FOLDER --add    the same for files that refer to the packaged evidence
    backpain-stats lr --evidence FOLDER --add
"""
_KINDS = {
    "identifier": "a name without spaces",
    "identifiers": "names, separated by semicolons",
    "text": "text",
    "category": "one of the words",
    "integer": "whole number",
    "year": "year",
    "doi": "DOI",
    "proportion": "printed proportion",
    "level": "level, such as 0.95",
    "proportion_limit": "printed end of an interval",
    "ratio": "printed ratio",
    "statistic": "printed figure",
    "statistic_limit": "printed end of an interval",
    "number": "number",
}
_EXAMPLE_ROWS: dict[str, list[dict[str, str]]] = {
    "sources": [
        {
            "source_id": "example2026",
            "kind": "primary study",
            "citation": "Example A. An invented study. 2026",
            "year": "2026",
            "what_was_read": "full text",
            "note": _INVENTED,
        }
    ],
    "flags": [
        {
            "flag_id": "example_flag",
            "label": "An invented finding",
            "category": "history",
            "family": "example",
            "definition_note": _INVENTED,
        }
    ],
    "cohorts": [
        {
            "cohort_id": "example2026_malignancy",
            "study_id": "example2026",
            "target": "malignancy",
            "setting": "primary_care",
            "n": "900",
            "n_cases": "6",
            "source_id": "example2026",
            "status": "seen_primary",
            "note": _INVENTED,
            "low_back_pain_only": "yes",
        }
    ],
    "accuracy": [
        {
            "report_id": "example2026_example_flag",
            "cohort_id": "example2026_malignancy",
            "flag_id": "example_flag",
            "definition": "the finding in the words of the study",
            "sensitivity": "0.33",
            "specificity": "0.965",
            "reported_in": "example2026",
            "status": "seen_primary",
            "note": _INVENTED,
        }
    ],
    "prevalence": [
        {
            "prevalence_id": "example2026_malignancy",
            "target": "malignancy",
            "setting": "primary_care",
            "n": "900",
            "n_cases": "6",
            "prevalence": "0.007",
            "range_kind": "point",
            "reported_in": "example2026",
            "status": "seen_primary",
            "note": _INVENTED,
            "cohort_id": "example2026_malignancy",
        }
    ],
    "quality": [
        {
            "cohort_id": "example2026_malignancy",
            "assessor": "AB",
            "domain": "flow_and_timing",
            "risk_of_bias": "unclear",
            "reason": _INVENTED,
        }
    ],
}


def write_template(folder: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
    """Write empty evidence files, a page that explains them, and an example.

    Parameters
    ----------
    folder : path-like
        Where to write; it is made if it does not exist.
    overwrite : bool, default False
        Whether files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        The files that were written.

    Raises
    ------
    ArgumentError
        If a file is there already and ``overwrite`` is False (nothing is
        written then), or the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_stats.evidence import check_evidence
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_template(folder)
    ...     len(written), len(check_evidence(folder))
    (17, 0)
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ArgumentError(f"{str(folder)!r} is a file; give a folder")
    contents = {place / README: _readme()}
    contents |= {place / table.file: _csv(table, []) for table in TABLES.values()}
    contents |= {
        place / EXAMPLE / TABLES[name].file: _csv(TABLES[name], rows)
        for name, rows in _EXAMPLE_ROWS.items()
    }
    existing = [path for path in contents if path.exists()]
    if existing and not overwrite:
        names = ", ".join(str(path.relative_to(place)) for path in existing)
        raise ArgumentError(
            f"{str(folder)!r} holds {names} already; nothing was written. Choose another folder, "
            "or overwrite them (--overwrite, overwrite=True)"
        )
    try:
        for path, text in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ArgumentError(f"cannot write to {str(folder)!r}: {error.strerror}") from error
    return list(contents)


def _csv(table: Table, rows: Sequence[Mapping[str, str]]) -> str:
    """Return a file with its header and the given rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, table.names, lineterminator="\n")
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
    form = ", ".join(column.allowed) or _KINDS[column.kind]
    if column.empty_means:
        form += f"; empty counts as {column.empty_means}"
    if column.references:
        form += f", from {' or '.join(TABLES[name].file for name in column.references)}"
    needed = "always" if column.required else "if known"
    return f"| `{column.name}` | {needed} | {column.description} | {form} |"
