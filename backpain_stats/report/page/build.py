"""A page from its parts: HTML through jinja2, figures as SVG, tables as CSV."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from backpain_stats.errors import ArgumentError
from backpain_stats.outputs import Stamp, spreadsheet_safe
from backpain_stats.report.page.parts import Block, FigurePart, Section
from backpain_stats.report.page.svg import Drawings, figure_svg

if TYPE_CHECKING:
    import jinja2
    import pandas as pd

__all__ = ["DISCLAIMER", "Progress", "json_script", "render", "write_page", "write_table"]

DISCLAIMER = (
    "Research and teaching material, not a medical device: "
    "it must not be used to decide about a patient."
)
Progress = Callable[[str], None]


@cache
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


def json_script(data: object) -> Markup:
    r"""Return data as JSON that can stand inside a script element.

    ``<``, ``>``, ``&`` and every letter beyond ASCII are escaped as JSON allows it, so that no
    text in the data ends the element or opens a comment.

    Examples
    --------
    >>> print(json_script({"label": "<!--<script>"}))
    {"label":"\u003c!--\u003cscript\u003e"}
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def render(
    template: str,
    *,
    styles: Sequence[str],
    script: str | Sequence[str] = (),
    stamp: Stamp | None = None,
    **context: Any,
) -> str:
    """Render a page whose only style sheet and script are the package's own.

    Parameters
    ----------
    template : str
        The page.
    styles : sequence of str
        Names of style sheets among the templates (those that end in ``.css``), or the rules
        themselves.
    script : str or sequence of str, optional
        The names of scripts among the templates; they become one.
    stamp : Stamp, optional
        What made the page; printed at its foot.
    **context
        Passed on to the template; escaped there.

    Returns
    -------
    str
        The page. Its content security policy names both by their hashes: no other style or
        script is taken, and nothing is fetched.
    """
    style = _own("\n".join(_source(name) if name.endswith(".css") else name for name in styles))
    scripts = [script] if isinstance(script, str) else script
    code = _own("\n".join(map(_source, scripts))) if script else Markup("")
    policy = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(code) if script else chr(39) + 'none' + chr(39)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return (
        environment()
        .get_template(template)
        .render(
            style=style,
            script=code,
            policy="; ".join(policy),
            stamp=str(stamp or Stamp()),
            disclaimer=DISCLAIMER,
            **context,
        )
    )


def _source(name: str) -> str:
    """Return a style sheet or script of the templates as it is."""
    found = environment().loader
    assert found is not None
    return found.get_source(environment(), name)[0]


def _own(text: str) -> Markup:
    """Return the package's own style sheet or script as part of a page."""
    if "</" in text or "<!--" in text:
        raise ArgumentError("a style sheet or script of a page contains '</' or '<!--'")
    # With the line ends that the template puts around it: they are part of what is hashed.
    return Markup(f"\n{text.strip()}\n")


def _hash(text: str) -> str:
    """Return a source expression of the content security policy."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV with eight significant digits, the same on every machine.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    safe = spreadsheet_safe(frame)
    safe.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")


def write_page(
    sections: Sequence[Section],
    out: Path,
    *,
    template: str = "base.html.j2",
    styles: Sequence[str] = (),
    title: str,
    lead: Block,
    pages: Sequence[tuple[str, str]] = (),
    stamp: Stamp | None = None,
    progress: Progress = lambda message: None,
) -> Path:
    """Write ``index.html``, ``tables/*.csv`` and ``figures/*.svg`` below ``out``.

    Parameters
    ----------
    sections : sequence of Section
        The parts of the page, in reading order.
    out : pathlib.Path
        The folder; made if it does not exist. Files of the same names are replaced: whose they
        are is the concern of :func:`~backpain_stats.outputs.output_folder`.
    template : str
        A template that extends ``base.html.j2``, or that itself.
    styles : sequence of str
        Further style sheets among the templates.
    title : str
        Heading of the page.
    lead : str or Prose
        Its first paragraph.
    pages : sequence of (str, str)
        Names and addresses of the pages beside it.
    stamp : Stamp, optional
        What made it; printed at its foot.
    progress : callable
        Told the name of each figure before it is drawn.

    Returns
    -------
    pathlib.Path
        The page.
    """
    drawings = Drawings()
    figures: dict[str, Markup] = {}
    for section in sections:
        for table in section.tables:
            write_table(table.frame, out / "tables" / f"{table.name}.csv")
        for part in section.figures:
            progress(f"figure {part.name}")
            svg = _write_figure(part, out)
            figures[part.name] = drawings.add(svg, part.name, part.caption, part.alt)
    html = render(
        template,
        styles=("style.css", "page.css", *styles, drawings.rules()),
        stamp=stamp,
        title=title,
        lead=lead,
        pages=pages,
        sections=sections,
        figures=figures,
    )
    out.mkdir(parents=True, exist_ok=True)
    page = out / "index.html"
    page.write_text(html, encoding="utf-8")
    return page


def _write_figure(part: FigurePart, out: Path) -> str:
    """Write a figure as a file of its own, and return it."""
    svg = figure_svg(part)
    path = out / "figures" / f"{part.name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg, encoding="utf-8")
    return svg
