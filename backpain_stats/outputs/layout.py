"""A printed table with blocks, as HTML, as Markdown and as a Word document."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from html import escape
from io import BytesIO
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from backpain_stats.checks import optional_import
from backpain_stats.outputs.stamp import Stamp, made_on

__all__ = [
    "Layout",
    "Picture",
    "document_docx",
    "layout_docx",
    "layout_html",
    "layout_markdown",
]

# A column is as wide as its texts ask for, within these bounds (in letters); the first
# holds phrases and is never narrow.
_NARROWEST, _FIRST, _WIDEST = 9, 17, 26
# Longer blocks may be split over two pages.
LARGEST_BLOCK = 6
# What XML, and so a Word document, cannot hold.
_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STYLE = (
    "border-collapse:collapse;table-layout:auto;font-size:0.85rem;width:100%",
    "border:1px solid currentColor;padding:0.25rem 0.4rem;text-align:left;vertical-align:top",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as it is printed: every cell is text.

    Parameters
    ----------
    title : str
        The caption.
    head : sequence of (str, str)
        One a column: the heading it shares with its neighbours, perhaps empty,
        and its own.
    blocks : sequence of (str, rows)
        Each block has a heading across all columns, if not empty, and rows of cells. A cell
        of None belongs to the cell above it: the two are printed as one.
    notes : sequence of str
        Printed below the table.
    """

    title: str
    head: Sequence[tuple[str, str]]
    blocks: Sequence[tuple[str, Sequence[Sequence[str | None]]]]
    notes: Sequence[str] = ()

    def spans(self) -> list[tuple[str, int]]:
        """Return the shared headings with the number of columns below each."""
        return [(name, len(list(run))) for name, run in groupby(self.head, key=itemgetter(0))]

    @staticmethod
    def merged(rows: Sequence[Sequence[str | None]]) -> list[list[tuple[str, int]]]:
        """Return the cells of a block with how many rows each spans, without those above.

        Examples
        --------
        >>> Layout.merged([["cases", "high"], ["others", None], ["all", "low"]])
        [[('cases', 1), ('high', 2)], [('others', 1)], [('all', 1), ('low', 1)]]
        """
        below = [[cell is None for cell in row] for row in rows]
        return [
            [
                (cell, 1 + _leading([lower[column] for lower in below[line + 1 :]]))
                for column, cell in enumerate(row)
                if cell is not None
            ]
            for line, row in enumerate(rows)
        ]


def _leading(flags: Sequence[bool]) -> int:
    """Return how many are true before the first that is not."""
    return next((place for place, flag in enumerate(flags) if not flag), len(flags))


def layout_html(layout: Layout, *, stamp: Stamp | None = None) -> str:
    """Return the table as HTML; it needs no style sheet and escapes every cell."""
    table, cell = _STYLE
    caption = (
        f'<caption style="text-align:left;font-weight:600">{escape(layout.title)}</caption>'
        if layout.title
        else ""
    )
    grouped = any(name for name, _ in layout.head)
    above = "".join(
        f'<th scope="colgroup" colspan="{columns}" style="{cell}">{escape(name)}</th>'
        if name
        else f'<td colspan="{columns}" style="{cell}"></td>'
        for name, columns in layout.spans()
    )
    head = "".join(f'<th scope="col" style="{cell}">{escape(own)}</th>' for _, own in layout.head)
    lines = [
        f'<table style="{table}">{caption}',
        f"<thead>{f'<tr>{above}</tr>' if grouped else ''}<tr>{head}</tr></thead>",
    ]
    for title, rows in layout.blocks:
        lines.append("<tbody>")
        if title:
            lines.append(
                f'<tr><th scope="rowgroup" colspan="{len(layout.head)}" style="{cell}">'
                f"{escape(title)}</th></tr>"
            )
        for (first, _), *row in layout.merged(rows):
            cells = "".join(
                f'<td rowspan="{height}" style="{cell}">{escape(one)}</td>' for one, height in row
            )
            lines.append(f'<tr><th scope="row" style="{cell}">{escape(first)}</th>{cells}</tr>')
        lines.append("</tbody>")
    lines.append("</table>")
    notes = [*layout.notes, *([str(stamp)] if stamp else [])]
    lines += [f'<p style="font-size:0.85rem">{escape(note)}</p>' for note in notes]
    return "\n".join(lines)


def layout_markdown(layout: Layout) -> str:
    """Return the table as Markdown; a block's heading is a row of its own, in bold."""
    head = [f"{name}: {own}" if name else own for name, own in layout.head]
    title_lines = [f"**{_cell(layout.title)}**", ""] if layout.title else []
    lines = [*title_lines, _row(head), _row(["---"] * len(head))]
    for title, rows in layout.blocks:
        if title:
            bold = [f"**{_cell(title)}**", *[""] * (len(layout.head) - 1)]
            lines.append(_row(bold, ready=True))
        lines += [_row([cell or "" for cell in row]) for row in rows]
    return "\n".join([*lines, "", *(f"{note}\n" for note in layout.notes)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _row(cells: Sequence[str], *, ready: bool = False) -> str:
    return "| " + " | ".join(cells if ready else map(_cell, cells)) + " |"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing in a document.

    Parameters
    ----------
    image : bytes
        A PNG file.
    caption : str
        Printed below it.
    """

    image: bytes
    caption: str


def layout_docx(layout: Layout, path: Path, *, stamp: Stamp | None = None) -> Path:
    """Write the table as a Word document, A4 landscape, its heading row repeated on each page.

    Parameters
    ----------
    layout : Layout
        The table.
    path : pathlib.Path
        The file.
    stamp : Stamp, optional
        What made it; printed below the table and kept as the document's comment.

    Raises
    ------
    MissingExtraError
        If python-docx is not installed.
    """
    return document_docx("", [layout], path, stamp=stamp)


def document_docx(
    title: str,
    parts: Sequence[Layout | Picture | str],
    path: Path,
    *,
    stamp: Stamp | None = None,
) -> Path:
    """Write tables, pictures and paragraphs as one Word document, A4 landscape.

    Parameters
    ----------
    title : str
        The heading; if empty, that of the first table.
    parts : sequence of Layout, Picture or str
        In reading order. A table has its title as a heading.
    path : pathlib.Path
        The file.
    stamp : Stamp, optional
        What made it; printed at the end and kept as the document's comment.

    Raises
    ------
    MissingExtraError
        If python-docx is not installed.
    """
    docx = optional_import("docx", "docx", "a Word document")
    document = docx.Document()
    width = _landscape(document)
    named = title or next((part.title for part in parts if isinstance(part, Layout)), "")
    _describe(document, _XML.sub(" ", named), stamp)
    for style in ("Normal", "Heading 1", "Heading 2"):
        document.styles[style].font.name = "Arial"
        _plain_font(document.styles[style])
    if title:
        document.add_heading(_XML.sub(" ", title), level=1)
    for part in parts:
        if isinstance(part, Layout):
            _add_layout(document, part, width, 2 if title else 1)
        elif isinstance(part, Picture):
            document.add_picture(BytesIO(part.image), width=width // 2)
            document.paragraphs[-1].paragraph_format.keep_with_next = True
            _run(document.add_paragraph(), part.caption)
        else:
            document.add_paragraph(_XML.sub(" ", part))
    if stamp:
        _run(document.add_paragraph(), str(stamp))
    document.save(str(path))
    _date_parts(path)
    return path


def _plain_font(style: Any) -> None:
    """Take away the theme's font, which would win over the named one."""
    from docx.oxml.ns import qn

    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)


def _add_layout(document: Any, layout: Layout, width: int, level: int) -> None:
    """Add a table with its heading and its notes."""
    title = _XML.sub(" ", layout.title)
    if title:
        document.add_heading(title, level=level)
    grouped = any(name for name, _ in layout.head)
    table = document.add_table(rows=2 if grouped else 1, cols=len(layout.head))
    table.style = "Table Grid"
    table.autofit = False
    start = 0
    for name, columns in layout.spans() if grouped else ():
        cells = table.rows[0].cells
        _write(cells[start].merge(cells[start + columns - 1]), name, bold=True)
        start += columns
    for cell, (_, own) in zip(table.rows[-1].cells, layout.head, strict=True):
        _write(cell, own, bold=True)
    for row in table.rows:
        _repeat_heading(row)
    for title, rows in layout.blocks:
        if title:
            cells = table.add_row().cells
            _write(cells[0].merge(cells[-1]), title, bold=True)
        added = [table.add_row().cells for _ in rows]
        for line, row in enumerate(rows):
            for column, text in enumerate(row):
                if text is None:
                    added[line - 1][column].merge(added[line][column])
                else:
                    _write(added[line][column], text)
    _keep_together(table, layout)
    _set_widths(table, width, layout)
    for note in layout.notes:
        _run(document.add_paragraph(), note)


def _describe(document: Any, title: str, stamp: Stamp | None) -> None:
    """Fill in the properties of a document; those of its template are another's."""
    about = document.core_properties
    # A property holds 255 letters; the whole stamp is printed at the end of the document.
    about.title, about.author = title[:255], "backpain_stats"
    about.comments = str(stamp or "")[:255]
    about.created = about.modified = datetime.combine(made_on(), time())


def _date_parts(path: Path) -> None:
    """Give the parts of a document the date of the run, so that a second run writes the same."""
    day = max(made_on(), date(1980, 1, 1))  # no zip file is older
    with zipfile.ZipFile(path) as document:
        parts = [(name, document.read(name)) for name in document.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as document:
        for name, contents in parts:
            part = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            document.writestr(part, contents)


def _landscape(document: Any) -> int:
    """Turn the page to A4 landscape and return the width between the margins."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(14))
    return int(section.page_width - section.left_margin - section.right_margin)


def _set_widths(table: Any, width: int, layout: Layout) -> None:
    """Set each column's width, in the grid and in every cell: programs read either."""
    rows = [row for _, rows in layout.blocks for row in rows]
    letters = []
    for i, (_, own) in enumerate(layout.head):
        texts = [own, *(row[i] or "" for row in rows)]
        longest_word = max(len(word) for text in texts for word in text.split(" "))
        # Prose in a cell gets room to wrap in about four lines.
        wanted = max(longest_word + 1, max(map(len, texts)) // 4)
        letters.append(min(max(wanted, _NARROWEST), _WIDEST))
    letters[0] = max(letters[0], _FIRST)
    widths = [int(width * count / sum(letters)) for count in letters]
    for column, share in zip(table.columns, widths, strict=True):
        column.width = share
    for row in table.rows:
        for i, cell in enumerate(row.cells):
            if cell._tc.grid_span == 1:
                cell.width = widths[i]


def _write(cell: Any, text: str, *, bold: bool = False) -> None:
    """Put text into a cell, small and without space around it."""
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = 0
    _run(paragraph, text, bold=bold)


def _run(paragraph: Any, text: str, *, bold: bool = False) -> None:
    from docx.shared import Pt

    run = paragraph.add_run(_XML.sub(" ", text))
    run.font.size = Pt(7.5)
    run.bold = bold


def _repeat_heading(row: Any) -> None:
    """Mark a row as a heading that Word repeats on every page."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _keep_together(table: Any, layout: Layout) -> None:
    """Keep the rows of a short block with its heading on one page, and each row whole."""
    from docx.oxml.parser import OxmlElement

    line = 2 if any(name for name, _ in layout.head) else 1
    for title, rows in layout.blocks:
        block = table.rows[line : line + bool(title) + len(rows)]
        line += len(block)
        # Of a long block the first rows stay together: LibreOffice drops rows of a table of which
        # only the heading and one row fit on a page.
        together = len(block) - 1 if len(rows) <= LARGEST_BLOCK else bool(title) + 2
        for place, row in enumerate(block):
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            if place < together:
                for paragraph in (one for cell in row.cells for one in cell.paragraphs):
                    paragraph.paragraph_format.keep_with_next = True
