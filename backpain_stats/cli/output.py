"""Shared by the commands: output formats, list options, writing frames."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "csv", "json")


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format table|csv|json`` to a command (parameter ``output_format``)."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to print the result.",
    )(function)


def split_names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> list[str]:
    """Turn ``a,b c`` into a list of names (a click callback)."""
    return [name for name in (value or "").replace(",", " ").split() if name]


def write_frame(frame: pd.DataFrame, output_format: str, *, note: str = "") -> None:
    """Print a frame as an aligned table, as CSV or as JSON records.

    ``note`` is printed below a table and to standard error for the machine
    formats, so that it never spoils them.
    """
    if output_format == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    elif output_format == "json":
        click.echo(
            frame.to_json(orient="records", indent=1, force_ascii=False, double_precision=15)
        )
    else:
        click.echo(frame.to_string(index=False, na_rep="", max_colwidth=60))
    if note:
        click.echo(
            note if output_format == "table" else f"note: {note}", err=output_format != "table"
        )
    sys.stdout.flush()
