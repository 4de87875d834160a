"""A page from its parts: HTML through jinja2, figures as SVG, tables as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backpain_stats import __version__
from backpain_stats.report.page.parts import Section
from backpain_stats.report.page.svg import data_uri, figure_svg

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

__all__ = ["environment", "write_page", "write_table"]

DISCLAIMER = (
    "Research and teaching material, not a medical device: "
    "it must not be used to decide about a patient."
)
Progress = Callable[[str], None]


def environment() -> jinja2.Environment:
    """Return the jinja2 environment of the package's templates, escaping on."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("backpain_stats.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV with eight significant digits, the same on every machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")


def write_page(
    sections: Sequence[Section],
    out: Path,
    *,
    template: str = "base.html.j2",
    title: str,
    lead: str,
    progress: Progress = lambda message: None,
    **context: Any,
) -> Path:
    """Write ``index.html``, ``tables/*.csv`` and ``figures/*.svg`` below ``out``.

    Parameters
    ----------
    sections : sequence of Section
        The parts of the page, in reading order.
    out : pathlib.Path
        The folder; made if it does not exist. Files of the same names are replaced.
    template : str
        A template that extends ``base.html.j2``, or that itself.
    title, lead : str
        Heading and first paragraph of the page.
    progress : callable
        Told the name of each figure before it is drawn.
    **context
        Passed on to the template.

    Returns
    -------
    pathlib.Path
        The page.
    """
    figures: dict[str, str] = {}
    for section in sections:
        for table in section.tables:
            write_table(table.frame, out / "tables" / f"{table.name}.csv")
        for part in section.figures:
            progress(f"figure {part.name}")
            svg = figure_svg(part)
            path = out / "figures" / f"{part.name}.svg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            figures[part.name] = data_uri(svg)
    html = (
        environment()
        .get_template(template)
        .render(
            title=title,
            lead=lead,
            sections=sections,
            figures=figures,
            version=__version__,
            disclaimer=DISCLAIMER,
            **context,
        )
    )
    out.mkdir(parents=True, exist_ok=True)
    page = out / "index.html"
    page.write_text(html, encoding="utf-8")
    return page
