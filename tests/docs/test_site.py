"""The site is built without a warning, is whole, and needs nothing from elsewhere."""

import html
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import backpain_stats as bps
from backpain_stats.cli import COMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HAND_WRITTEN = shutil.ignore_patterns(
    "_build", "api", "course", "examples", "validation", "__pycache__"
)
glossary_links = runpy.run_path(str(DOCS / "_extensions" / "glossary_links.py"))
ATTRIBUTE = re.compile(r"""\s(href|src|id)=(?:"([^"]*)"|'([^']*)')""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site from a copy of its sources; the gallery's scripts have tests of their own."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, root / "docs", ignore=HAND_WRITTEN)
    for name in ("backpain_stats", "data", "reports", "tests"):
        (root / name).symlink_to(ROOT / name)
    for path in ROOT.glob("*.md"):
        shutil.copy(path, root)
    for name in ("CITATION.cff", "LICENSE"):
        shutil.copy(ROOT / name, root)
    built = root / "html"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-D", "plot_gallery=0",
         root / "docs", built],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return built


def pages_of(site):
    """Return the pages; what the theme brings along has templates among its files."""
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


def attributes(page):
    """Return (attribute, value) of every link, source and anchor of a page."""
    text = page.read_text(encoding="utf-8")
    return [(name, html.unescape(a or b)) for name, a, b in ATTRIBUTE.findall(text)]


def missing_names(site):
    """Return the public names that have no page or entry."""
    names = [f"backpain_stats.{name}" for name in bps.__all__]
    for room in ("plots", "calibration"):
        names += [f"backpain_stats.{room}.{name}" for name in getattr(bps, room).__all__]
    modules = {"backpain_stats.plots": "module-", "backpain_stats.calibration": "module-"}
    shown = {
        value
        for page in (site / "api").glob("*.html")
        for name, value in attributes(page)
        if name == "id"
    }
    return [name for name in names if modules.get(name, "") + name not in shown]


def missing_methods(site):
    """Return the documented methods of public classes that their pages leave out."""
    missing = []
    for name in bps.__all__:
        thing = getattr(bps, name)
        if isinstance(thing, type) and not issubclass(thing, BaseException):
            page = (site / "api" / f"backpain_stats.{name}.html").read_text(encoding="utf-8")
            missing += [
                f"{name}.{member}"
                for member, value in vars(thing).items()
                if member[0] != "_"
                and callable(value)
                and value.__doc__
                and f'id="backpain_stats.{name}.{member}"' not in page
            ]
    return missing


def dead_links(site):
    """Return every link inside the site that leads nowhere, and whatever is loaded from outside."""
    pages = {page: attributes(page) for page in pages_of(site)}
    anchors = {
        page: {value for name, value in found if name == "id"} for page, found in pages.items()
    }
    dead = []
    for page, found in pages.items():
        for name, value in found:
            link = urlsplit(value)
            if name == "id" or (name == "href" and link.scheme in ("http", "https", "mailto")):
                continue
            if link.scheme == "data" or not value.strip("#"):
                continue
            target = (page.parent / unquote(link.path)).resolve() if link.path else page
            whole = not link.scheme and not link.netloc and target.exists()
            if whole and link.fragment and target in anchors:
                whole = unquote(link.fragment) in anchors[target]
            if not whole:
                dead.append(f"{page.relative_to(site)}: {value}")
    return dead


def unlinked_terms(site):
    """Return the entries of the glossary to which no other page leads."""
    glossary = site / "glossary.html"
    entries = {value for name, value in attributes(glossary) if value.startswith("term-")}
    linked = {
        value.split("#")[1]
        for page in pages_of(site)
        if page.stem not in ("genindex", "glossary")
        for _, value in attributes(page)
        if "glossary.html#" in value
    }
    assert len(entries) == len(glossary_links["terms"]()) > 30
    return sorted(entries - linked)


def test_the_site_is_whole(site):
    # One test: the build is what takes the time, and two workers would build it twice.
    commands = (site / "reference" / "command_line.html").read_text(encoding="utf-8")
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    faults = {
        "public names": missing_names(site),
        "methods": missing_methods(site),
        "terms that no page links": unlinked_terms(site),
        "commands": [name for name in COMMANDS if f'id="backpain-stats-{name}"' not in commands],
        "reports": [
            report.stem
            for report in (ROOT / "reports").glob("*.md")
            if not (site / "validation" / f"{report.stem}.html").exists()
        ],
        "links": dead_links(site),
        "search": [name for name in ("riskmodel", "quadrature") if name not in index.lower()],
    }
    assert {what: missing for what, missing in faults.items() if missing} == {}


def test_the_glossary_has_each_term_once_in_order():
    terms = glossary_links["terms"]()
    assert terms == sorted(set(terms), key=str.lower)
