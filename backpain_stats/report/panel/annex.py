"""The Word annex of a panel: everything an appendix needs, in one document."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.outputs import Layout, Picture, document_docx
from backpain_stats.plots.offscreen import off_screen
from backpain_stats.report.panel.grade import decision_frame
from backpain_stats.report.panel.provenance import references
from backpain_stats.report.panel.sections import title_of

if TYPE_CHECKING:
    from backpain_stats.outputs import Stamp
    from backpain_stats.report.page.parts import FigurePart, Section, TablePart
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["write_annex"]

# The figures that say something a table does not; icon arrays are for the pages.
FIGURES = ("ranking", "decision_curve", "quality")


def write_annex(
    results: PanelResults, sections: Sequence[Section], path: Path, stamp: Stamp
) -> Path:
    """Write summary of findings, decision frame, tables, figures and references.

    Raises
    ------
    MissingExtraError
        If python-docx is not installed.
    """
    tables = [table for section in sections for table in section.tables if not table.folded]
    figures = [one for section in sections for one in section.figures if one.name in FIGURES]
    parts: list[Layout | Picture | str] = [
        results.findings.layout(),
        decision_frame(results),
        *(_printed(table) for table in tables),
        *(Picture(_png(figure), figure.caption) for figure in figures),
        Layout("References", [("", "Reference")], [("", [[one] for one in references(results)])]),
    ]
    return document_docx(title_of(results), parts, path, stamp=stamp)


def _printed(table: TablePart) -> Layout:
    """Return the printed columns of a table."""
    return Layout(table.caption, [("", one.label) for one in table.columns], [("", table.rows())])


def _png(part: FigurePart) -> bytes:
    """Draw a figure as a PNG file."""
    with off_screen({"font.family": ["DejaVu Sans"]}):
        figure = part.draw().get_figure(root=True)
        assert figure is not None
        stream = io.BytesIO()
        figure.savefig(
            stream, format="png", dpi=160, bbox_inches="tight", metadata={"Software": None}
        )
    return stream.getvalue()
