"""The pages under docs/: their examples run, and what they quote stands in the reports."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
# Pages that argue from examples and from reports; a derivation does neither.
ARGUED = ("limitations.md", "policies.md")
EVERY = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def quotations(text):
    """Return (quotation, report) of each block of > lines that names its report."""
    for block in re.findall(r"(?:^> .*\n)+", text, re.MULTILINE):
        words = " ".join(line.removeprefix("> ") for line in block.splitlines())
        quoted, _, report = words.rpartition(" — ")
        yield quoted, report


@EVERY
def test_examples_run(page):
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert failed == 0
    assert tried > 3 or page.name not in ARGUED


@EVERY
def test_quotations_stand_in_the_report_they_name(page):
    found = list(quotations(page.read_text(encoding="utf-8")))
    assert len(found) >= 4 or page.name not in ARGUED
    for quoted, report in found:
        source = " ".join((ROOT / report).read_text(encoding="utf-8").split())
        assert quoted in source, f"{report} no longer says so; quote it again"


@EVERY
def test_modules_that_are_named_exist(page):
    named = re.findall(r"`(\w+/\w+\.py)`", page.read_text(encoding="utf-8"))
    assert {name for name in named if not (ROOT / "backpain_stats" / name).exists()} == set()


@EVERY
def test_links_lead_somewhere(page):
    linked = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert {link for link in linked if not (page.parent / link).exists()} == set()
