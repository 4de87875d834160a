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
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from exercises import LETTERS, all_exercises, page_data
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter
from sliders import FRAMES, SPEC

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "reports" / "notebooks"
PAGE = HERE / "page"
WIDGET = "application/vnd.jupyter.widget-view+json"
# The order in which the course is best read; the numbers are those of the files.
ORDER = ("00", "01", "07", "02", "03", "08", "05", "04", "06")
CODE = re.compile(
    r'(<div class="input_area" ?[^>]*>\s*<div class="\s*highlight.*?</div>)\s*</div>', re.DOTALL
)
ASKED = re.compile(r'<div class="exercise" data-exercise="([\d.]+)">.*?</div>', re.DOTALL)
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
    """Return the notebooks of the course in the order of reading."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"), key=lambda one: ORDER.index(one.stem[:2]))


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


def execute(notebook: NotebookNode, timeout: int = 600, *, frames: bool = False) -> NotebookNode:
    """Run all cells in a fresh kernel, warnings as errors; outputs carry no time stamps.

    With ``frames`` every place of every slider is drawn.
    """
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
    # Without a backend of its own the kernel shows figures in the notebook.
    settings = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return client.execute(env=settings | {FRAMES: "1" if frames else ""})


def body(notebook: NotebookNode) -> tuple[str, dict[str, Any]]:
    """Return an executed notebook as HTML without a page around it, and its script's data."""
    parts = environment().get_template("parts.html.j2").module
    sliders = _sliders(notebook, parts.slider)
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
    text = re.sub(r"<h1.*?</h1>", "", text, count=1, flags=re.DOTALL)
    known = all_exercises()
    asked = ASKED.findall(text)
    text = ASKED.sub(
        lambda found: parts.exercise(found[1], known[found[1]], known[found[1]].worked()), text
    )
    exercises = {name: page_data(known[name]) for name in asked}
    return _folded(text), {"exercises": exercises, "sliders": sliders}


def _sliders(notebook: NotebookNode, figure: Any) -> list[dict[str, Any]]:
    """Take the sliders out of the outputs and put a figure in the place of each."""
    found: list[dict[str, Any]] = []
    for cell in notebook.cells:
        if any(WIDGET in output.get("data", {}) for output in cell.get("outputs", [])):
            cell.outputs = []  # executed without frames: a widget does not live on a page
        for output in cell.get("outputs", []):
            if SPEC in output.get("data", {}):
                spec = output.data[SPEC]
                output["data"] = NotebookNode({"text/html": str(figure(len(found), spec))})
                found.append({"frames": spec["frames"]})
    return found


def _folded(text: str) -> str:
    """Fold code away, and leave out the call that asks an exercise: the page asks itself."""
    text = re.sub(CODE, lambda found: "" if "check" in found[1] else found[0], text)
    return re.sub(CODE, r'<details class="code"><summary>Code</summary>\1</details>', text)


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


def environment() -> Environment:
    """Return the templates of the course; everything is escaped unless it is Markup."""
    found = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    found.globals["letters"] = LETTERS
    return found


def write(name: str, *, lead: str, body: str, **context: Any) -> None:
    """Write a page of the course in the style of the package's reports.

    ``lead`` and ``body`` are HTML: the notebooks are our own, so is what they print.
    """
    from backpain_stats import __version__
    from backpain_stats.report.page.build import DISCLAIMER

    text = (
        environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            disclaimer=DISCLAIMER,
            lead=Markup(lead),
            body=Markup(body),
            **context,
        )
    )
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.html").write_text(text, encoding="utf-8", newline="\n")


def render(source: Path) -> None:
    """Execute one notebook, every place of its sliders included, and write its page."""
    from backpain_stats.report.page.build import json_script

    notebook = read(source)
    title, _ = opening(notebook)
    sections = headings(notebook)
    text, data = body(execute(notebook, frames=True))
    write(
        source.stem,
        title=title,
        lead='<a href="index.html">The course</a>',
        sections=sections,
        body=text,
        neighbours=neighbours(source),
        data=json_script(data),
    )


def neighbours(source: Path) -> list[tuple[str, str]]:
    """Return the notebooks before and after this one, in the order of reading."""
    order = sources()
    place = order.index(source)
    return [
        (other.stem, f"{word}: {opening(read(other))[0]}")
        for word, other in (
            ("Before", order[place - 1] if place else None),
            ("Next", order[place + 1] if place + 1 < len(order) else None),
        )
        if other is not None
    ]


def write_index() -> None:
    """Write the list of notebooks with what each promises, and the files all pages share."""
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
        lead="Each takes ten to fifteen minutes; they stand in the order of reading. Sliders and "
        "exercises work on these pages. To change the code, run <code>make lab</code>.",
        sections=sections,
        body="".join(items),
        neighbours=[],
        data="",
    )
    for name, text in (
        ("course.css", stylesheet()),
        ("course.js", (PAGE / "course.js").read_text("utf-8")),
    ):
        (OUT / name).write_text(text, encoding="utf-8", newline="\n")


def stylesheet() -> str:
    """Return the style of the reports' pages, of code and of outputs, for light and for dark."""
    templates = importlib.resources.files("backpain_stats") / "report" / "templates"
    pages = "".join((templates / name).read_text("utf-8") for name in ("style.css", "page.css"))
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    course = (PAGE / "course.css").read_text("utf-8")
    return f"{pages}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{course}"


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
