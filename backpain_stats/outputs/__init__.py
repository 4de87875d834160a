"""What leaves the package: files put in their place at once, tables in every format, stamps."""

from __future__ import annotations

from backpain_stats.outputs.folder import OutputRun, check_free, output_folder, replacing
from backpain_stats.outputs.layout import (
    Layout,
    Picture,
    document_docx,
    layout_docx,
    layout_html,
    layout_markdown,
)
from backpain_stats.outputs.manifest import MANIFEST
from backpain_stats.outputs.spreadsheet import spreadsheet_restored, spreadsheet_safe
from backpain_stats.outputs.stamp import Stamp, made_on
from backpain_stats.outputs.tables import (
    TABLE_SUFFIXES,
    HasFrame,
    check_table_path,
    json_rows,
    save_table,
)

__all__ = [
    "MANIFEST",
    "TABLE_SUFFIXES",
    "HasFrame",
    "Layout",
    "OutputRun",
    "Picture",
    "Stamp",
    "check_free",
    "check_table_path",
    "document_docx",
    "json_rows",
    "layout_docx",
    "layout_html",
    "layout_markdown",
    "made_on",
    "output_folder",
    "replacing",
    "save_table",
    "spreadsheet_restored",
    "spreadsheet_safe",
]
