"""Shared by the commands: output formats, common options, writing frames."""

from __future__ import annotations

import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Evidence

FORMATS = ("table", "csv", "json")
LONGEST_CELL = 60


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format table|csv|json`` to a command (parameter ``output_format``)."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to print the result. JSON has no infinity: it is the text 'infinity' there.",
    )(function)


def evidence_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--evidence FOLDER`` and ``--add`` (parameters ``folder`` and ``add``)."""
    function = click.option(
        "--add", is_flag=True, help="Add the folder to the packaged evidence, not in its place."
    )(function)
    return click.option(
        "--evidence",
        "folder",
        type=click.Path(),
        metavar="FOLDER",
        help='A folder of your own evidence files; see "template".',
    )(function)


def read_evidence(folder: str | None, *, add: bool = False) -> Evidence:
    """Load the evidence a command works on; remarks go to standard error."""
    from backpain_stats.evidence import load_evidence

    if add and folder is None:
        raise click.UsageError("--add needs --evidence FOLDER")
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        evidence = load_evidence(folder, add=add)
    for remark in remarks:
        click.echo(f"note: {remark.message}", err=True)
    return evidence


def writable_folder(folder: Path) -> Path:
    """Return a folder that can be written to, not yet made; else raise ArgumentError.

    It is asked before any long computation.
    """
    there = folder
    try:
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise ArgumentError(f"{there} is a file; give a folder to write to")
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ArgumentError(f"cannot write to {folder}: {error.strerror or error}") from error
    return folder


def split_names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> list[str]:
    """Turn ``a,b c`` into a list of names (a click callback)."""
    return [name for name in (value or "").replace(",", " ").split() if name]


def write_frame(frame: pd.DataFrame, output_format: str, *, note: str = "") -> None:
    """Print a frame as an aligned table, as CSV or as JSON records.

    ``note`` is printed below a table and to standard error for the machine
    formats, so that it never spoils them. In JSON what is missing is null, and
    an infinite value the text "infinity".
    """
    if output_format == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    elif output_format == "json":
        records = [
            {str(name): _json_value(value) for name, value in zip(frame.columns, row, strict=True)}
            for row in frame.itertuples(index=False, name=None)
        ]
        click.echo(json.dumps(records, indent=1, ensure_ascii=False))
    else:
        click.echo(_aligned(frame))
    if note:
        click.echo(
            note if output_format == "table" else f"note: {note}", err=output_format != "table"
        )
    sys.stdout.flush()


def _json_value(value: Any) -> Any:
    """Return a cell as JSON can hold it."""
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "item"):  # numpy's numbers
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return value


def _aligned(frame: pd.DataFrame) -> str:
    """Return a frame as text: words to the left, numbers to the right, long cells cut."""
    import pandas as pd

    if frame.empty:
        return "no rows"
    shown = frame.copy()
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        texts = ["" if pd.isna(cell) else _cut(str(cell)) for cell in frame[name]]
        width = max(len(text) for text in [str(name), *texts])
        shown[name] = pd.Series([text.ljust(width) for text in texts], frame.index, dtype=object)
        shown = shown.rename(columns={name: str(name).ljust(width)})
    text = str(shown.to_string(index=False, na_rep="", justify="right"))
    return "\n".join(line.rstrip() for line in text.splitlines())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."
