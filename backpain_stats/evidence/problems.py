"""Problems found in evidence files: one record each, all of them in one frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

__all__ = [
    "PROBLEM_COLUMNS",
    "Problem",
    "ProblemCode",
    "Severity",
    "list_problems",
    "problem_frame",
]

PROBLEM_COLUMNS = ("file", "line", "column", "value", "problem", "allowed", "severity", "code")

Severity = Literal["error", "warning", "note"]
ProblemCode = Literal[
    "file",  # it cannot be read, or is no evidence file
    "header",  # a column is missing, there twice or without a name
    "unknown_column",  # a column of a name that the file does not have
    "row",  # another number of cells than the header, or none filled
    "empty",  # a cell that must be filled in, or a row without a figure
    "duplicate",  # a name that is there already
    "characters",  # control characters, spaces around, digits other than 0 to 9
    "form",  # not a figure, count, name, ... of its kind
    "vocabulary",  # not one of the words
    "bounds",  # a figure its column cannot hold
    "reference",  # a name of a row that is not there
    "circle",  # names that lead back to where they start
    "contradiction",  # cells or rows that cannot both be right
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or odd, in one file.

    Parameters
    ----------
    file : str
        Name of the file.
    code : str
        Which kind of problem it is, one word of a closed list.
    problem : str
        What is wrong.
    allowed : str
        What would be right.
    line : int, optional
        Physical line of the cell, the header being line 1.
    column, value : str
        Column, and what stands there.
    severity : str
        ``"error"``: the evidence cannot be used; ``"warning"``: it is used as
        it stands, though something is odd; ``"note"``: nothing is wrong.
    """

    file: str
    code: ProblemCode
    problem: str
    allowed: str = ""
    line: int | None = None
    column: str = ""
    value: str = ""
    severity: Severity = "error"


def problem_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return the problems as a frame, by file, line and column."""
    rows = [asdict(problem) for problem in dict.fromkeys(problems)]
    frame = pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))
    types = dict.fromkeys(PROBLEM_COLUMNS, "string") | {"line": "Int64"}
    ordered = frame.astype(types).sort_values(
        ["file", "line", "column"], na_position="first", kind="stable"
    )
    return ordered.reset_index(drop=True)


def list_problems(problems: pd.DataFrame, limit: int = 20) -> str:
    """Write the problems as lines of text, the first ``limit`` of them."""
    lines = [_sentence(row) for _, row in problems.head(limit).iterrows()]
    if len(problems) > limit:
        lines.append(f"and {len(problems) - limit} more")
    return "\n".join(f"  {line}" for line in lines)


def _sentence(row: pd.Series) -> str:
    """Write one problem as ``file, line, column: what; allowed: what``."""
    place = [str(row["file"])]
    if not pd.isna(row["line"]):
        place.append(f"line {row['line']}")
    if row["column"]:
        place.append(f"column {row['column']}")
    value = f" {_shortened(row['value'])!r}" if row["value"] else ""
    allowed = f"; {row['allowed']}" if row["allowed"] else ""
    kind = "" if row["severity"] == "error" else f"{row['severity']}: "
    return f"{', '.join(place)}:{value} {kind}{row['problem']}{allowed}"


def _shortened(value: str, longest: int = 80) -> str:
    """Return a cell in a length that a line of text can hold; the frame has it in full."""
    return value if len(value) <= longest else f"{value[:longest]}... ({len(value)} characters)"
