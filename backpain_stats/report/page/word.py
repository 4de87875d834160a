"""A table of a page as a Word document."""

from __future__ import annotations

from pathlib import Path

from backpain_stats.outputs import Layout, Stamp, layout_docx
from backpain_stats.report.page.parts import TablePart

__all__ = ["write_word"]


def write_word(table: TablePart, path: Path, *, stamp: Stamp | None = None) -> Path:
    """Write the printed columns of a table as a Word document, with what made it below.

    Raises
    ------
    MissingExtraError
        If python-docx is not installed.
    """
    head = [("", column.label) for column in table.columns]
    return layout_docx(Layout(table.caption, head, [("", table.rows())]), path, stamp=stamp)
