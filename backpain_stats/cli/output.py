"""Shared by the commands: output formats, common options, writing frames."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from backpain_stats.errors import ArgumentError
from backpain_stats.result import visible

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Evidence
    from backpain_stats.outputs import Stamp

FORMATS = ("table", "csv", "json")
# Formats of --output that hold every column; the others are documents to be read.
_DATA_SUFFIXES = (".csv", ".json", ".xlsx")
# What a command prints in a few columns to be read: on the terminal, or into a document.
TO_READ = ("table", "document")
LONGEST_CELL = 60
# Where a command keeps, in the context that click passes along, what its stamp needs.
_META = "backpain_stats"
_WRITES_TO = ("--out", "--output", "--figure", "--page")


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format``, ``--output FILE`` and ``--force`` to a command.

    The command gets one parameter, ``output_format``: ``table``, ``csv`` or ``json`` to print;
    ``data`` or ``document`` to write to the file. :func:`write_frame` does either.
    """
    function = click.option(
        "--force", is_flag=True, is_eager=True, expose_value=False, callback=_remember,
        help="Replace a file that is there already.",
    )(function)  # fmt: skip
    function = click.option(
        "--output", type=click.Path(), metavar="FILE", is_eager=True, expose_value=False,
        callback=_remember,
        help="Write to a file instead: .csv .json .xlsx (every column), .md .tex .docx .html.",
    )(function)  # fmt: skip
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        callback=_chosen_format,
        help="How to print the result. JSON has no infinity: it is the text 'infinity' there.",
    )(function)


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--force`` to a command that writes a folder or a page (parameter ``force``)."""
    return click.option(
        "--force", is_flag=True,
        help="Replace files that no earlier run wrote, or that were changed since.",
    )(function)  # fmt: skip


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    ctx.meta[f"{_META}.{parameter.name}"] = value


def forced() -> bool:
    """Say whether ``--force`` was given to the command that runs."""
    return bool(click.get_current_context().meta.get(f"{_META}.force"))


def _output_file() -> str | None:
    context = click.get_current_context(silent=True)
    return context.meta.get(f"{_META}.output") if context else None


def _chosen_format(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Check the file of ``--output`` before anything is computed (a click callback)."""
    from backpain_stats.outputs import check_table_path

    path = ctx.meta.get(f"{_META}.output")
    if path is None:
        others = any(option.name in ("figure", "page") for option in ctx.command.params)
        if ctx.meta.get(f"{_META}.force") and not others:
            raise click.UsageError("--force is for --output FILE", ctx)
        return value
    if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
        raise click.UsageError("the suffix of --output says the format; leave --format out", ctx)
    check_table_path(path, force=bool(ctx.meta.get(f"{_META}.force")))
    return "data" if Path(path).suffix.lower() in _DATA_SUFFIXES else "document"


def command_line() -> str:
    """Return the command that runs as it was typed, without where it writes to.

    Of a path that begins at the root only the name is kept: it says nothing of the machine.
    """
    typed = list(click.get_current_context().meta.get(f"{_META}.typed", []))
    kept: list[str] = []
    while typed:
        word = typed.pop(0)
        option, equals, value = word.partition("=")
        if option in _WRITES_TO:
            if not equals and typed:
                typed.pop(0)
            continue
        if equals and option.startswith("--") and os.path.isabs(value):
            word = f"{option}={Path(value).name}"
        kept.append(Path(word).name if os.path.isabs(word) else word)
    return shlex.join(["backpain-stats", *kept])


def remember_words(ctx: click.Context, words: list[str]) -> None:
    """Keep the words of the command line for :func:`command_line`."""
    ctx.meta[f"{_META}.typed"] = words


def make_stamp() -> Stamp:
    """Return what makes the files of the command that runs."""
    from backpain_stats.outputs import Stamp
    from backpain_stats.sampling import DEFAULT_SEED

    context = click.get_current_context()
    seed = context.params.get("seed")
    data = context.meta.get(f"{_META}.data", "")
    return Stamp(command_line(), data, DEFAULT_SEED if seed is None else seed)


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
        click.echo(f"note: {visible(str(remark.message))}", err=True)
    if context := click.get_current_context(silent=True):
        context.meta[f"{_META}.data"] = evidence.version
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
            raise ArgumentError(
                f"cannot write to {folder}: {there} is a file; give a folder to write to"
            )
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise ArgumentError(f"cannot write to {folder}: {error.strerror or error}") from error
    return folder


def split_names(
    ctx: click.Context, parameter: click.Parameter, value: str | tuple[str, ...] | None
) -> list[str]:
    """Turn ``a,b c``, given once or several times, into a list of names (a click callback)."""
    texts = [value] if isinstance(value, str) else value or ()
    return [name for text in texts for name in text.replace(",", " ").split()]


def write_frame(frame: pd.DataFrame, output_format: str, *, note: str = "") -> None:
    """Print a frame as an aligned table, as CSV or as JSON records, or write it to ``--output``.

    ``note`` is printed below a table and to standard error for the machine
    formats, so that it never spoils them. In JSON what is missing is null, and
    an infinite value the text "infinity". JSON that is printed is the rows alone; a file
    holds its stamp beside them.
    """
    from backpain_stats.outputs import json_rows, save_table, spreadsheet_safe

    path = _output_file()
    if path is not None:
        notes = [note] if note else []
        save_table(frame, path, force=forced(), stamp=make_stamp(), notes=notes)
        click.echo(f"written: {path}", err=True)
    elif output_format == "csv":
        text = spreadsheet_safe(frame).to_csv(index=False)
        if sys.stdout is not None and sys.stdout.isatty():
            text = visible(text)  # a terminal would obey what a cell holds
        click.echo(text, nl=False, color=True)
    elif output_format == "json":
        click.echo(json.dumps(json_rows(frame), indent=1, ensure_ascii=False))
    else:
        click.echo(_aligned(frame))
    if note and path is None:
        click.echo(
            visible(note) if output_format == "table" else f"note: {visible(note)}",
            err=output_format != "table",
        )
    if sys.stdout is not None:  # it was closed before the program started
        sys.stdout.flush()


def _aligned(frame: pd.DataFrame) -> str:
    """Return a frame as text: words to the left, numbers to the right, long cells cut."""
    import pandas as pd

    if frame.empty:
        return "no rows"
    shown = frame.copy()
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        texts = ["" if pd.isna(cell) else _cut(visible(str(cell))) for cell in frame[name]]
        width = max(len(text) for text in [str(name), *texts])
        shown[name] = pd.Series([text.ljust(width) for text in texts], frame.index, dtype=object)
        shown = shown.rename(columns={name: str(name).ljust(width)})
    text = str(shown.to_string(index=False, na_rep="", justify="right"))
    return "\n".join(line.rstrip() for line in text.splitlines())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."
