"""Every slider and exercise of the rendered course, in a real browser without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exercises import all_exercises, check

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser

PAGES = sorted((ROOT / "reports" / "notebooks").glob("[0-9]*.html"))
EXERCISES = all_exercises()


@pytest.fixture(scope="module")
def context(browser: Any) -> Iterator[Any]:
    opened = browser.new_context(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture(params=PAGES, ids=[page.stem for page in PAGES])
def tab(request: pytest.FixtureRequest, context: Any) -> Iterator[Any]:
    """Every test ends with the same demand: not a word on the console, nothing fetched."""
    opened = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda sent: requests.append(sent.url))
    opened.goto(request.param.as_uri())
    yield opened
    opened.close()
    assert complaints == []
    own = {request.param.name, "course.css", "course.js"}
    assert {url.rpartition("/")[2] for url in requests if not url.startswith("data:")} == own


def answers(name: str) -> list[Any]:
    """Return right, known, percent, unknown and unreadable answers, as a visitor would type."""
    exercise = EXERCISES[name]
    solution = exercise.solve()
    known = [mistake.answer() for mistake in exercise.mistakes]
    if exercise.options:
        return [solution, *known]
    return [
        *(f"{float(one)!r}" for one in (solution, *known, 100 * solution, 3.21 * solution + 1.23)),
        f"{solution:.3g}",
        f"{100 * solution!r}%",
        "about 5",
    ]


# One trip to the browser an answer: a hundred and fifty of them are given.
ANSWER = """(form, answer) => {
  const radio = form.querySelector(`[type=radio][value="${answer}"]`);
  if (radio) { radio.click(); } else { form.querySelector("input").value = answer; }
  form.querySelector("button").click();
  return [form.dataset.state, form.querySelector("[role=status]").textContent];
}"""


def test_every_exercise_judges_as_the_notebook_does(tab: Any) -> None:
    forms = tab.locator("form[data-exercise]")
    number = tab.url.rpartition("/")[2][:2]
    names = [forms.nth(place).get_attribute("data-exercise") for place in range(forms.count())]
    assert sorted(names) == sorted(name for name in EXERCISES if name.startswith(number))
    for place, name in enumerate(names):
        form = forms.nth(place)
        for answer in answers(name):
            state, said = form.evaluate(ANSWER, answer)
            reply = check(name, answer)
            assert (name, answer, state) == (name, answer, reply.state)
            # Of what cannot be read the notebook also repeats what was given.
            told = reply.message.partition(", not ")[0]
            assert told.removesuffix(".") in said
        form.locator("summary").click()
        assert len(form.locator("details").inner_text().split()) > 7


def test_a_radio_not_chosen_is_no_answer(tab: Any) -> None:
    form = tab.locator("form:has([type=radio])").first
    form.locator("button").click()
    assert "a letter from a to" in form.locator("[role=status]").inner_text()


def test_every_slider_shows_each_of_its_pictures(tab: Any) -> None:
    figures = tab.locator("figure[data-slider]")
    assert figures.count() >= 1
    for place in range(figures.count()):
        figure = figures.nth(place)
        control = figure.locator("input")
        control.focus()
        tab.keyboard.press("Home")
        seen = set()
        for _ in range(int(control.get_attribute("max")) + 1):
            words = figure.locator("output").inner_text()
            text = figure.locator("figcaption").inner_text()
            assert control.get_attribute("aria-valuetext") == words
            assert figure.locator("img").get_attribute("alt") == text
            assert figure.locator("img").evaluate("one => one.decode().then(() => one.width)") > 0
            seen.add((words, text, figure.locator("img").get_attribute("src")))
            tab.keyboard.press("ArrowRight")
        assert len(seen) == int(control.get_attribute("max")) + 1


def test_a_page_is_short_has_folded_code_and_fits_a_telephone(tab: Any) -> None:
    assert tab.locator("details.code[open]").count() == 0
    assert tab.locator(".highlight:visible").count() == 0
    assert len(tab.evaluate("document.body.innerText").split()) <= 1500
    tab.set_viewport_size({"width": 360, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_questions_and_pictures_are_there(browser: Any) -> None:
    opened = browser.new_context(java_script_enabled=False)
    tab = opened.new_page()
    tab.goto(PAGES[0].as_uri())
    assert tab.locator("figure[data-slider] img").is_visible()
    assert not tab.locator("figure[data-slider] input").is_visible()
    assert not tab.locator("form button").first.is_visible()
    assert tab.locator("form summary").first.is_visible()
    opened.close()
