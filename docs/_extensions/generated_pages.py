"""Write the pages that are made from the code and from committed reports.

``api/``
    One page a public name, in the order and the rooms of ``backpain_stats/__init__.pyi``.
``validation/``
    One page a report ``reports/*.md``.
``course/``
    The list of the rendered notebooks, which are copied into the site.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import click
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

import backpain_stats

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
STUB = ROOT / "backpain_stats" / "__init__.pyi"
NOTEBOOKS = ROOT / "reports" / "notebooks"
# Heading of each room in the reference, in the order of the road.
ROOMS = {
    "tables": "One 2x2 table",
    "printed": "Printed figures",
    "reconstruction": "Reconstruction",
    "evidence": "The evidence",
    "published": "Published reports",
    "meta": "Meta-analysis",
    "combine": "Several findings in one patient",
    "decide": "Decisions and guidelines",
    "claims": "Published claims",
    "plots": "Figures",
    "estimate": "Estimates",
    "errors": "Errors",
}


def public_names() -> dict[str, list[str]]:
    """Return the public names, room by room, as the stub lists them."""
    rooms: dict[str, list[str]] = {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                room = (node.module or alias.name).split(".")[0]
                rooms.setdefault(room, []).append(alias.name)
    return rooms


def public_types() -> list[str]:
    """Return the public classes."""
    return [
        name
        for names in public_names().values()
        for name in names
        if inspect.isclass(getattr(backpain_stats, name))
    ]


def _first_sentence(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _constant(name: str, value: Any) -> str:
    """Return the entry of a public constant: a tuple of names, or names with their meaning."""
    entry = f".. py:data:: {name}\n\n"
    if isinstance(value, dict):
        return entry + "\n".join(f"   * ``{key}``: {text}" for key, text in value.items()) + "\n"
    return entry + "   " + ", ".join(f"``{item}``" for item in value) + "\n"


def _module_page(name: str, module: Any) -> str:
    title = f"backpain\\_stats.{name}"
    listed = "\n".join(f"   {member}" for member in sorted(module.__all__))
    return (
        f"{title}\n{'=' * len(title)}\n\n.. automodule:: backpain_stats.{name}\n"
        f"   :no-members:\n\n.. currentmodule:: backpain_stats.{name}\n\n"
        f".. autosummary::\n   :toctree:\n\n{listed}\n"
    )


def _room_section(heading: str, names: list[str]) -> tuple[str, dict[str, str]]:
    """Return one room's section of the overview, and the pages of its modules."""
    objects, constants, modules = [], [], {}
    for name in sorted(names, key=str.lower):
        value = getattr(backpain_stats, name)
        if inspect.ismodule(value):
            modules[name] = _module_page(name, value)
        elif callable(value):
            objects.append(name)
        else:
            constants.append(_constant(name, value))
    parts = [f"{heading}\n{'-' * len(heading)}\n"]
    if objects:
        parts.append(".. autosummary::\n   :toctree:\n")
        parts.append("\n".join(f"   {name}" for name in objects) + "\n")
    if modules:
        parts.append(".. toctree::\n   :maxdepth: 1\n")
        parts.append("\n".join(f"   backpain_stats.{name}" for name in modules) + "\n")
    return "\n".join(parts + constants), modules


def write(path: Path, text: str) -> None:
    """Write a page, unless it is there with this text: what is unchanged is not read again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def write_reference(folder: Path) -> None:
    """Write the overview of all public names and the pages of the public modules."""
    title = "API reference"
    parts = [
        f"{title}\n{'=' * len(title)}\n",
        "Every public name. The package is imported as ``import backpain_stats as bps``; each "
        "name is loaded when it is first used.\n",
        ".. currentmodule:: backpain_stats\n",
    ]
    names = public_names()
    for room in [*ROOMS, *sorted(set(names) - set(ROOMS))]:
        heading = ROOMS.get(room, room.capitalize())
        section, modules = _room_section(heading, names.get(room, []))
        parts.append(section)
        for name, page in modules.items():
            write(folder / f"backpain_stats.{name}.rst", page)
    write(folder / "index.rst", "\n".join(parts))


def write_validation(folder: Path) -> None:
    """Write one page for every report of a study or benchmark that is kept in the repository."""
    reports = sorted((ROOT / "reports").glob("*.md"))
    introduction = (
        "# Validation results\n\nHow well the answers hold, on simulated and on real patients, and "
        "how fast they come. Each page\nis the report as its script wrote it; its first lines say "
        "which script. The comparisons with R and\nother programs are part of the tests "
        "(`tests/oracles/`)."
        "\n\n```{toctree}\n:maxdepth: 1\n\n"
    )
    stems = "\n".join(report.stem for report in reports)
    write(folder / "index.md", f"{introduction}{stems}\n```\n")
    for report in reports:
        write(
            folder / report.name,
            f"```{{include}} ../../reports/{report.name}\n:relative-images:\n```\n",
        )


def write_course(folder: Path) -> None:
    """Write the list of the rendered notebooks."""
    introduction = (
        "# The course\n\nNotebooks of ten to fifteen minutes each, for newcomers.\n"
        "Sliders and exercises work here; `make lab` opens the course for changing the code.\n"
    )
    entries = []
    for page in sorted(NOTEBOOKS.glob("[0-9]*.html")):
        (title,) = re.findall("<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
        entries.append(f'<li><a href="{page.name}">{title.strip()}</a></li>')
    listed = "\n".join(["<ul>", *entries, "</ul>"])
    write(folder / "index.md", f"{introduction}\n```{{raw}} html\n{listed}\n```\n")


def _copy_course(app: Sphinx, problem: Exception | None) -> None:
    if problem is None and app.builder.format == "html":
        for pattern in ("[0-9]*.html", "course.*"):
            for page in NOTEBOOKS.glob(pattern):
                shutil.copy(page, Path(app.outdir) / "course")


def importable() -> None:
    """Let the documentation tools import the public rooms by the names users type."""
    for names in public_names().values():
        for name in names:
            value = getattr(backpain_stats, name)
            if inspect.ismodule(value):
                sys.modules.setdefault(f"backpain_stats.{name}", value)


def _generate(app: Sphinx, config: Config) -> None:
    importable()
    write_reference(Path(app.srcdir) / "api")
    write_validation(Path(app.srcdir) / "validation")
    write_course(Path(app.srcdir) / "course")


def _exists(name: str) -> bool:
    """Whether a name that a docstring mentions is one of the package's."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None
    rooms = [module for key, module in sys.modules.items() if key.startswith("backpain_stats")]
    return any(hasattr(room, parts[0]) for room in rooms)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Node | None:
    """Lead a name of a docstring to its public page; a name that is not public stays text.

    Docstrings name things by the room they live in; the site shows them by the name users type.
    A name that does not exist is still a warning.
    """
    if node.get("refdomain") != "py":
        return None
    domain = env.domains["py"]
    target = node["reftarget"].lstrip("~.")
    parts = target.split(".")
    owner = node.get("py:class")
    for candidate in (
        ".".join(parts[-2:]),
        parts[-1],
        *((f"{owner}.{parts[-1]}",) if owner else ()),
        f"plots.{parts[-1]}",
        f"calibration.{parts[-1]}",
    ):
        full = (
            candidate if candidate.startswith("backpain_stats.") else f"backpain_stats.{candidate}"
        )
        if full in domain.objects:
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", full, node, contnode
            )
    return contnode if _exists(target) else None


def _trim(app: Sphinx, doctree: nodes.document) -> None:
    """Drop the empty line that ends an example in its source, and nowhere else has a use."""
    for block in doctree.findall(nodes.literal_block):
        code = block.astext().rstrip("\n")
        block.rawsource = code
        block.children = [nodes.Text(code)]


def _examples_as_typed(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Show what follows a command's help as it stands: lines to be typed, no markup."""
    text = (context.command.epilog or "").replace("\b\n", "").strip("\n")
    if not text:
        return
    lines[:] = [".. code-block:: text", "", *(f"   {line}" for line in text.splitlines())]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the pages and the resolver with Sphinx."""
    app.connect("config-inited", _generate)  # before Sphinx looks which pages there are
    app.connect("missing-reference", resolve)
    app.connect("doctree-read", _trim)
    app.connect("build-finished", _copy_course)
    app.connect("sphinx-click-process-epilog", _examples_as_typed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
