"""The panel's page in a real browser: what a panel looks for is in sight."""

from __future__ import annotations

import pytest

from backpain_stats.decide.judgements import judgement_template
from backpain_stats.report.panel.build import PanelQuestion, build_panel

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

TABLE = "document.querySelector('#summary-of-findings .scroll')"


@pytest.fixture(scope="module")
def address(evidence, tmp_path_factory):
    """A page as wide as they get: three prevalences per 10,000, every cell judged."""
    out = tmp_path_factory.mktemp("panel")
    judged = judgement_template(["cancer_history", "age_50"]).assign(
        risk_of_bias="very serious",
        risk_of_bias_reason="cases were found by follow-up",
        indirectness="very serious",
        inconsistency="very serious",
        imprecision="very serious",
        publication_bias="strongly suspected",
        certainty="very low",
    )
    sheet = out.parent / "judged.csv"
    judged.to_csv(sheet, index=False)
    question = PanelQuestion(
        "malignancy",
        "primary_care",
        [0.002, 0.003, 0.01],
        flags=["cancer_history", "age_50"],
        judgements=sheet,
    )
    build_panel(evidence, question, out)
    return (out / "index.html").as_uri()


@pytest.mark.parametrize("width", [400, 1400, 1920])
def test_the_certainty_is_in_sight(browser, address, width):
    tab = browser.new_page(viewport={"width": width, "height": 1000})
    tab.goto(address)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    hidden = tab.evaluate(f"{TABLE}.scrollWidth - {TABLE}.clientWidth")
    # On a telephone the table is scrolled.
    assert hidden <= 0 or width == 400
    tab.close()


@pytest.mark.parametrize("scrolled", [0, 300])
def test_the_question_of_a_block_is_read_without_scrolling(browser, address, scrolled):
    tab = browser.new_page(viewport={"width": 400, "height": 800})
    tab.goto(address)
    tab.evaluate(f"{TABLE}.scrollLeft = {scrolled}")
    ends = tab.evaluate(
        "[...document.querySelectorAll('#summary-of-findings th[scope=rowgroup] span')]"
        ".map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    assert len(ends) == 2
    assert all(left >= 0 and right <= 400 for left, right in ends)
    tab.close()


def test_on_paper_columns_have_room_and_headings_stay_with_their_table(browser, address):
    # The broad side of an A4 page between its margins, in pixels.
    tab = browser.new_page(viewport={"width": 1017, "height": 688})
    tab.goto(address)
    tab.emulate_media(media="print")
    widths = tab.evaluate(
        "[...document.querySelectorAll('#table-sources thead th')]"
        ".map(one => one.getBoundingClientRect().width).filter(width => width > 0)"
    )
    assert len(widths) == 6
    assert min(widths) > 80
    breaks = tab.evaluate(
        "['caption', 'thead'].map(one => getComputedStyle("
        "document.querySelector(`#table-sources ${one}`)).breakAfter)"
    )
    assert breaks == ["avoid", "avoid"]
    pages = tab.evaluate(
        "['#accuracy', '#summary-of-findings', '#sources'].map(one => "
        "getComputedStyle(document.querySelector(one)).page)"
    )
    assert set(pages) == {"broad"}
    tab.close()
