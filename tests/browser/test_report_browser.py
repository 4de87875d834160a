"""The report in a real browser: what stands on its first screen."""

from __future__ import annotations

import sys

import pytest

from backpain_stats.report.main.build import LEAD, SECTIONS
from backpain_stats.report.main.context import Context
from backpain_stats.report.main.sections.findings import findings_section
from backpain_stats.report.page.build import write_page
from backpain_stats.report.page.parts import Section

pytestmark = pytest.mark.browser
PAGES = [("The explorer: try one patient", "explorer.html"), ("The course", "notebooks/index.html")]
# The height of a laptop's window, and of a telephone.
SCREENS = {1400: (900, "To study next."), 360: (740, "How sure.")}


@pytest.fixture(scope="module")
def page(evidence, tmp_path_factory):
    """Write the report's head, its opening and the names of the other sections, which come below.

    The whole report takes half a minute; above the fold it is the same.
    """
    others = [
        Section(f"section-{place}", getattr(sys.modules[build.__module__], "TITLE", name))
        for place, (name, build) in enumerate(SECTIONS[1:])
    ]
    sections = [findings_section(Context(evidence)), *others]
    out = tmp_path_factory.mktemp("opening")
    title = "Red flags for back pain, recomputed"
    return write_page(sections, out, title=title, lead=LEAD, pages=PAGES)


@pytest.mark.parametrize("width", SCREENS)
def test_question_answer_and_certainty_stand_on_the_first_screen(browser, page, width):
    height, last = SCREENS[width]
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.goto(page.as_uri())
    steps = tab.locator(".argument > div")
    assert steps.count() == 6
    bottom = steps.filter(has_text=last).evaluate("one => one.getBoundingClientRect().bottom")
    assert bottom <= height
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()
