"""Any table to any format, chosen by the suffix of the file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from backpain_stats.checks import nearest, optional_import
from backpain_stats.errors import ArgumentError
from backpain_stats.outputs.folder import check_free, replacing
from backpain_stats.outputs.layout import Layout, layout_docx, layout_html, layout_markdown
from backpain_stats.outputs.spreadsheet import spreadsheet_safe
from backpain_stats.outputs.stamp import Stamp, made_on

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLE_SUFFIXES", "HasFrame", "check_table_path", "json_rows", "save_table"]

# What a cell of an Excel sheet, and a sheet, can hold.
_LONGEST_TEXT, _MOST_ROWS = 32_767, 1_048_575
_DIGITS = 6
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>backpain_stats</title>
</head>
<body>
{table}
</body>
</html>
"""


@runtime_checkable
class HasFrame(Protocol):
    """A result that gives its numbers as a frame."""

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, unrounded, as a data frame."""


def save_table(
    table: pd.DataFrame | HasFrame,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    stamp: Stamp | None = None,
    notes: Sequence[str] = (),
) -> Path:
    r"""Write a frame or a result to a file; its suffix says in which format.

    Parameters
    ----------
    table : pandas.DataFrame or result
        Any frame, or any result with ``to_frame()``. A result with a printed layout (a summary
        of findings) is written in it where the format is one to be read.
    path : path
        The file. ``.csv``, ``.json`` and ``.xlsx`` hold every number in full; ``.md``, ``.tex``,
        ``.docx`` and ``.html`` are to be read: six significant digits.
    force : bool, default False
        Whether a file that is there may be replaced.
    stamp : Stamp, optional
        What made the table: written into JSON (beside ``rows``), Excel (its properties), Word,
        HTML, Markdown and LaTeX. Without it, the version of the package and the date.
    notes : sequence of str
        Printed below the table in Markdown, Word and HTML.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ArgumentError
        If the suffix is none of these, the file is there already, or it cannot be written.
    MissingExtraError
        If Excel or Word is asked for and their extra is not installed.

    Notes
    -----
    In CSV and Excel a text that a spreadsheet would take for a formula has an apostrophe before
    it; :func:`spreadsheet_restored` takes it away again. JSON knows neither missing numbers nor
    infinity: they are null and ``"infinity"``. In LaTeX the table needs the package booktabs.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"flag_id": ["age_50"], "lr_positive": [2.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(save_table(frame, f"{folder}/ratios.csv").read_text())
    flag_id,lr_positive
    age_50,2.5
    """
    check_table_path(path, force=force)
    frame = _frame(table)
    # A table laid out for reading is a result's own; any other is its frame.
    own = getattr(table, "layout", None)
    layout = own if callable(own) else lambda: _layout(frame, notes)
    with replacing(path, force=force) as new:
        _WRITERS[Path(path).suffix.lower()](frame, layout, new, stamp or Stamp())
    return Path(path)


def check_table_path(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise what :func:`save_table` would raise about the file, before anything is computed."""
    check_free(path, force=force)
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        close = nearest(suffix, _WRITERS)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ArgumentError(
            f"{str(path)!r} does not end in a known format: {', '.join(_WRITERS)}.{hint}"
        )
    if suffix == ".xlsx":
        optional_import("xlsxwriter", "excel", "an Excel file")
    if suffix == ".docx":
        optional_import("docx", "docx", "a Word document")


def json_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as JSON can hold it: missing values are null, infinity is a text.

    Examples
    --------
    >>> import pandas as pd
    >>> json_rows(pd.DataFrame({"flag_id": ["a", None], "lr": [2.5, float("inf")]}))
    [{'flag_id': 'a', 'lr': 2.5}, {'flag_id': None, 'lr': 'infinity'}]
    """
    return [
        {str(name): _json_value(value) for name, value in zip(frame.columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]


def _json_value(value: Any) -> Any:
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "item"):  # numpy's numbers
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return value if isinstance(value, str | int | float | bool | list | tuple) else str(value)


def _frame(table: object) -> pd.DataFrame:
    import pandas as pd

    if isinstance(table, HasFrame) and not isinstance(table, pd.Series):
        table = table.to_frame()
    if not isinstance(table, pd.DataFrame):
        raise ArgumentError(
            f"a table to write is a pandas DataFrame or a result with to_frame(), not a "
            f"{type(table).__name__}"
        )
    named = any(name is not None for name in table.index.names)
    return table.reset_index() if named else table


def _layout(frame: pd.DataFrame, notes: Sequence[str]) -> Layout:
    """Return a frame as text to be read."""
    rows = [[_text(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    return Layout("", [("", str(name)) for name in frame.columns], [("", rows)], notes)


def _text(value: Any) -> str:
    value = _json_value(value)
    if value is None:
        return ""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def _csv(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    spreadsheet_safe(frame).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _json(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    contents = {"stamp": stamp.to_dict(), "rows": json_rows(frame)}
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _excel(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    import pandas as pd

    safe = spreadsheet_safe(frame)
    longest = max((len(cell) for row in safe.itertuples(index=False) for cell in row
                   if isinstance(cell, str)), default=0)  # fmt: skip
    if longest > _LONGEST_TEXT or len(safe) > _MOST_ROWS:
        raise ArgumentError(
            f"an Excel sheet holds {_MOST_ROWS:,} rows and {_LONGEST_TEXT:,} letters a cell; this "
            f"table has {len(safe):,} rows and a text of {longest:,}. Write .csv"
        )
    literal = {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": literal}) as writer:
        safe.to_excel(writer, sheet_name="table", index=False, inf_rep="infinity")
        created = datetime.combine(made_on(), time())
        writer.book.set_properties({"comments": str(stamp), "created": created})


def _markdown(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    text = layout_markdown(layout()).strip()
    path.write_text(f"{text}\n\n{stamp}\n", encoding="utf-8", newline="\n")


def _latex(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    printed = frame.map(_text).rename(columns=str)
    text = printed.to_latex(index=False, escape=True)
    path.write_text(f"% {stamp}\n{text}", encoding="utf-8", newline="\n")


def _word(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    layout_docx(layout(), path, stamp=stamp)


def _html(frame: pd.DataFrame, layout: Callable[[], Layout], path: Path, stamp: Stamp) -> None:
    table = layout_html(layout(), stamp=stamp)
    path.write_text(_PAGE.format(table=table), encoding="utf-8", newline="\n")


_WRITERS: dict[str, Callable[[pd.DataFrame, Callable[[], Layout], Path, Stamp], None]] = {
    ".csv": _csv,
    ".json": _json,
    ".xlsx": _excel,
    ".md": _markdown,
    ".tex": _latex,
    ".docx": _word,
    ".html": _html,
}
TABLE_SUFFIXES = tuple(_WRITERS)
