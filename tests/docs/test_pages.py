"""The pages under docs/: their examples run, and what they quote stands in the reports.

Links are checked where the site is built.
"""

import doctest
import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[2]
examples = runpy.run_path(str(ROOT / "docs" / "run_examples.py"))
PAGES = examples["pages"]()
# Pages that argue from examples and from reports; a derivation does neither.
ARGUED = ("limitations.md", "policies.md")
EVERY = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
HOW_TO = [page for page in PAGES if page.parent.name == "how_to" and page.stem != "index"]
ADVICE = "look at what changed, and if it is right run: python docs/run_examples.py"


def quotations(text):
    """Return (quotation, report) of each block of > lines that names its report."""
    for block in re.findall(r"(?:^> .*\n)+", text, re.MULTILINE):
        words = " ".join(line.removeprefix("> ") for line in block.splitlines())
        quoted, _, report = words.rpartition(" — ")
        yield quoted, report


@EVERY
def test_examples_run(page):
    failed, tried = doctest.testfile(str(page), module_relative=False)
    plt.close("all")
    assert failed == 0, ADVICE
    assert tried > 3 or page.name not in ARGUED
    assert tried > 2 or page not in HOW_TO


def test_all_how_to_pages_are_listed():
    listed = (ROOT / "docs" / "how_to" / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^([a-z_]+)$", listed, re.MULTILINE)) == [
        page.stem for page in HOW_TO
    ]
    assert len(HOW_TO) == 22


def test_a_page_is_brought_up_to_date(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\n>>> print('a\\n\\nb')\n>>> 1 + 1\n3\n\n```\n", encoding="utf-8")
    assert examples["update"](page)
    right = "```python\n>>> print('a\\n\\nb')\na\n<BLANKLINE>\nb\n>>> 1 + 1\n2\n\n```\n"
    assert page.read_text(encoding="utf-8") == right
    assert not examples["update"](page)


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
