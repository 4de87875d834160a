"""Figures as SVG text: the same bytes on every run, no dates, no global state."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backpain_stats.report.page.parts import FigurePart

__all__ = ["data_uri", "figure_svg"]

# A fixed salt makes the ids inside an SVG depend on its content alone.
_STYLE: Any = {
    "svg.hashsalt": "backpain_stats",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def figure_svg(part: FigurePart) -> str:
    """Draw a figure part off screen and return it as SVG text.

    Examples
    --------
    >>> from backpain_stats.report.page.parts import FigurePart
    >>> part = FigurePart("line", "A line", "a rising line",
    ...                   lambda figure: figure.subplots().plot([0, 1]), (2, 2))
    >>> figure_svg(part) == figure_svg(part)
    True
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=part.size, layout="constrained")
        part.draw(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def data_uri(svg: str) -> str:
    """Return SVG text as a data URI, so that a page needs no second file."""
    encoded = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"
