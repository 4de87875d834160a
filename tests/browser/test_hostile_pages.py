"""Hostile texts in every page, opened in a real browser: no script runs, no element appears."""

from __future__ import annotations

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["report", "panel", "explorer"])
def test_no_script_runs_and_no_element_appears(browser, hostile_pages, name):
    complaints: list[str] = []
    requests: list[str] = []
    dialogs: list[str] = []
    tab = browser.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    address = hostile_pages[name].as_uri()
    tab.goto(address)
    # Folded texts are part of the page: open them all.
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    if name == "explorer":
        tab.locator("#flags input").nth(1).check()
        assert tab.locator("#flags fieldset").count() > 2
        assert "onerror" in tab.locator("#flags legend").first.text_content()
    assert "PWNED" not in tab.title()
    assert tab.evaluate("document.querySelectorAll('img, iframe, object').length") == 0
    assert tab.evaluate("document.querySelectorAll('[onerror], [onload], [onclick]').length") == 0
    scripts = tab.evaluate("document.scripts.length")
    assert scripts == (2 if name == "explorer" else 0)
    # Nothing was blocked, since nothing tried: a blocked script or style is complained of.
    assert complaints == []
    assert dialogs == []
    assert [url for url in requests if url not in (address, "data:,")] == []
    assert "zqx" in tab.locator("body").inner_text()
    tab.close()


def test_the_figures_can_be_read_and_follow_the_colours(browser, hostile_pages):
    context = browser.new_context(color_scheme="dark")
    tab = context.new_page()
    tab.goto(hostile_pages["report"].as_uri())
    pictures = tab.get_by_role("img")
    assert pictures.count() > 5
    assert tab.locator("svg text").count() > 100
    ink = tab.locator("svg.plot text").first.evaluate("one => getComputedStyle(one).fill")
    assert ink == tab.evaluate("getComputedStyle(document.body).color")
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    named = tab.evaluate(
        "[...document.querySelectorAll('svg.plot')].map(one =>"
        " document.getElementById(one.getAttribute('aria-labelledby')).textContent.length)"
    )
    assert min(named) > 10
    context.close()


def test_on_paper_no_table_is_cut(browser, hostile_pages):
    # An A4 page less its margins, 96 pixels an inch.
    tab = browser.new_page(viewport={"width": 688, "height": 1000})
    tab.goto(hostile_pages["report"].as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    tab.emulate_media(media="print")
    tables = tab.locator("table")
    assert tables.count() > 5
    assert tab.evaluate("document.documentElement.scrollWidth") <= 688
    tab.close()
