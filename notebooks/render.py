"""Execute the course and render it.

The ``.py`` files (jupytext, percent format) are the source and are what git
compares. From each this script makes

* the paired ``.ipynb`` without outputs, for JupyterLab;
* ``reports/notebooks/NAME.html`` with outputs, and an index of them.

Usage::

    python notebooks/render.py              # everything
    python notebooks/render.py 00 05        # some notebooks, and the index
    python notebooks/render.py --pair       # the .ipynb files only, nothing executed
"""

from __future__ import annotations

import argparse
import html
import importlib.resources
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from markupsafe import Markup
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "reports" / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGET_NOTE = (
    '<p class="exercise">A slider stands here when the notebook runs '
    "(<code>make lab</code>); the picture above is what it starts from.</p>"
)
# Warnings become errors once the kernel has started: what happens while Jupyter is
# loaded is not ours, nor is ipykernel's own PendingDeprecationWarning when it stops.
KERNEL_ARGUMENTS = [
    "--InteractiveShellApp.exec_lines=import warnings; warnings.simplefilter('error'); "
    "warnings.filterwarnings('ignore', category=PendingDeprecationWarning, module='ipykernel')",
    "--IPKernelApp.log_level=ERROR",
]


@dataclass(frozen=True)
class Page:
    """A rendered notebook as the index lists it."""

    name: str
    title: str
    promises: list[str]


def sources() -> list[Path]:
    """Return the notebooks of the course in their order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def read(source: Path) -> NotebookNode:
    """Read a percent script as a notebook; cells get ids that depend on their place alone."""
    notebook = jupytext.read(source)
    notebook.metadata["jupytext"].pop("text_representation")  # JupyterLab does not keep it
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"{source.stem[:2]}-{place:02d}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def paired(source: Path) -> str:
    """Return the text of the ``.ipynb`` that belongs to a source."""
    return nbformat.writes(read(source)) + "\n"


def execute(notebook: NotebookNode, timeout: int = 300) -> NotebookNode:
    """Run all cells in a fresh kernel, warnings as errors; outputs carry no time stamps."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # or the pieces of a printed text depend on the speed
        resources={"metadata": {"path": str(HERE)}},
        extra_arguments=KERNEL_ARGUMENTS,
        store_widget_state=False,
    )
    # nbclient answers output widgets through the socket on which it awaits the reply to
    # the cell, and now and then misses that reply. Nobody watches the widget here: what it
    # draws becomes plain output of its cell, errors included.
    client.widget_registry.clear()
    return client.execute()


def body(notebook: NotebookNode) -> str:
    """Return an executed notebook as HTML, without a page around it."""
    for cell in notebook.cells:
        if any(WIDGET in output.get("data", {}) for output in cell.get("outputs", [])):
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": WIDGET_NOTE})]
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    text, _ = exporter.from_notebook_node(notebook)
    text = re.sub(r'(?<=href=")(\d\d_\w+)\.ipynb', r"\1.html", text)
    # Wide tables scroll by themselves; the page does not.
    text = text.replace('<div class="output_html', '<div tabindex="0" class="scroll output_html')
    for heading in headings(notebook):
        title = html.escape(heading["title"], quote=False)
        text = text.replace(f"<h2>{title}</h2>", f'<h2 id="{heading["id"]}">{title}</h2>')
    return re.sub(r"<h1.*?</h1>", "", text, count=1, flags=re.DOTALL)


def headings(notebook: NotebookNode) -> list[dict[str, str]]:
    """Return the second-level headings, each with the id it gets on the page."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    titles = [title.strip() for title in re.findall(r"^## (.+)$", text, flags=re.MULTILINE)]
    return [
        {"id": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"), "title": title}
        for title in titles
    ]


def opening(notebook: NotebookNode) -> tuple[str, list[str]]:
    """Return the title and the list of what one will be able to do."""
    first = notebook.cells[0].source
    title = re.search(r"^# (.+)$", first, flags=re.MULTILINE)
    if title is None:
        raise ValueError("a notebook of the course begins with its title: # 00 · ...")
    promises = re.findall(r"^- (.+(?:\n  .+)*)", first, flags=re.MULTILINE)
    return title.group(1), [" ".join(one.split()).rstrip(";.") for one in promises]


def write(name: str, *, lead: str, body: str, **context: Any) -> None:
    """Write a page of the course in the style of the package's reports.

    ``lead`` and ``body`` are HTML: the notebooks are our own, so is what they print.
    """
    from backpain_stats import __version__
    from backpain_stats.report.page.build import DISCLAIMER, environment

    text = (
        environment()
        .from_string(TEMPLATE)
        .render(
            version=__version__,
            disclaimer=DISCLAIMER,
            policy=POLICY,
            css=Markup(stylesheet()),
            lead=Markup(lead),
            body=Markup(body),
            **context,
        )
    )
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.html").write_text(text, encoding="utf-8", newline="\n")


def render(source: Path) -> None:
    """Execute one notebook and write its page."""
    notebook = read(source)
    title, _ = opening(notebook)
    sections = headings(notebook)
    write(
        source.stem,
        title=title,
        lead='<a href="index.html">The course</a>',
        sections=sections,
        body=body(execute(notebook)),
    )


def write_index() -> None:
    """Write the list of notebooks with what each promises."""
    items, sections = [], []
    for source in sources():
        title, promises = opening(read(source))
        sections.append({"id": f"notebook-{title[:2]}", "title": title.split(":")[0]})
        listed = "".join(f"<li>{html.escape(one)}</li>" for one in promises)
        link = f'<a href="{source.stem}.html">{html.escape(title)}</a>'
        items.append(
            f'<h2 id="{sections[-1]["id"]}">{link}</h2><p>You will be able to</p><ul>{listed}</ul>'
        )
    write(
        "index",
        title="The evidence behind red flags: a course in notebooks",
        lead="Each takes about ten minutes. These pages show the results; to change "
        "something and to do the exercises, run <code>make lab</code>.",
        sections=sections,
        body="".join(items),
    )


def stylesheet() -> str:
    """Return the style of the reports' pages, of code and of outputs, for light and for dark."""
    templates = importlib.resources.files("backpain_stats") / "report" / "templates"
    pages = "".join((templates / name).read_text("utf-8") for name in ("style.css", "page.css"))
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{pages}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{STYLE}"


STYLE = """
.highlight, .highlight pre { background: var(--panel); }
pre { overflow-x: auto; padding: 0.6rem 0.8rem; margin: 0.6rem 0; border-radius: 6px;
  font: 0.88rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
.output_area { border-left: 3px solid var(--accent); padding-left: 0.8rem; margin: 0.6rem 0; }
.output_text pre { white-space: pre-wrap; }
.output_png img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
.exercise { background: var(--panel); padding: 0.5rem 0.8rem; border-radius: 6px; }
.output_html table { width: auto; border: 0; }
.output_html table + table { margin-top: 1rem; }
.output_html th, .output_html td { border-width: 0 0 1px; min-width: 0; }
.output_html thead tr th { text-align: left; }
blockquote { border-left: 4px solid var(--line); margin: 0.8rem 0; padding: 0 1rem;
  font-style: italic; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 0.92em; }
@media print { .highlight { break-inside: avoid; } }
"""

# No script runs and nothing is fetched. Tables of pandas bring style sheets of their own.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<link rel="icon" href="data:,">
<title>{{ title }}</title>
<style>{{ css }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>{{ title }}</h1>
<p class="lead">{{ lead }}</p>
<p class="disclaimer">{{ disclaimer }}</p>
</header>
<nav aria-label="Sections">
<ul>
{% for section in sections %}
<li><a href="#{{ section.id }}">{{ section.title }}</a></li>
{% endfor %}
</ul>
</nav>
<main id="content">
{{ body }}
</main>
<footer>
<p>{{ disclaimer }} Made by backpain_stats {{ version }}; MIT licence.</p>
</footer>
</body>
</html>
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute the notebooks and render them.")
    parser.add_argument("numbers", nargs="*", help="which notebooks, for example 00 05")
    parser.add_argument("--pair", action="store_true", help="only write the .ipynb files")
    chosen = parser.parse_args(arguments)
    known = {source.stem[:2] for source in sources()}
    if unknown := set(chosen.numbers) - known:
        parser.error(f"no such notebook: {sorted(unknown)}; there are {sorted(known)}")
    for source in sources():
        if chosen.numbers and source.stem[:2] not in chosen.numbers:
            continue
        source.with_suffix(".ipynb").write_text(paired(source), encoding="utf-8", newline="\n")
        if not chosen.pair:
            print(f"{source.stem} ...", flush=True)
            render(source)
    if not chosen.pair:
        write_index()
        print(f"written: {OUT / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
