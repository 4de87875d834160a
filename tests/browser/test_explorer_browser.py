"""The explorer in a real browser: its numbers are the library's, and everybody can use it."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Bounds, Independent, RiskModel, Shrunken
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_number, format_percent
from backpain_stats.report.explorer.build import explorer_page, page_models
from backpain_stats.report.explorer.words import PATIENTS
from backpain_stats.report.page.plain import PlainWords

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

WIDTHS = (360, 1600)
SCHEMES = ("light", "dark")
# Not shipped with the package (its licence is the MPL): $AXE_PATH, or from npm.
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE_PATH") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
# Draws travel as logits in 16 bits over at most 40 units: half a step is 3e-4 of a probability's
# odds. A ratio has two, and a patient up to seven findings whose roundings cancel in part.
STORED = 2e-3
FAR = 0.05
CASE = {
    "target": "malignancy",
    "setting": "primary_care",
    "present": "age_50,cancer_history",
    "absent": "weight_loss_unexplained",
}


class Visitor:
    """Opens pages and notes what they complain of and what they ask the network for."""

    def __init__(self, browser: sync_api.Browser, page: Path) -> None:
        self.browser, self.page = browser, page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.contexts: list[sync_api.BrowserContext] = []

    def open(self, hash_: str = "", page: Path | None = None, **options: object) -> sync_api.Page:
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        tab = context.new_page()
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.goto((page or self.page).as_uri() + hash_)
        return tab


@pytest.fixture
def visitor(browser: sync_api.Browser, explorer) -> Iterator[Visitor]:
    """Every test ends with the same demand: not a word on the console, nothing asked for."""
    one = Visitor(browser, explorer.page)
    yield one
    for context in one.contexts:
        context.close()
    assert one.complaints == []
    assert [url for url in one.requests if not url.startswith(("file:", "data:"))] == []


def _hash(**parts: object) -> str:
    return "#" + urlencode({name: value for name, value in parts.items() if value}, safe=",")


READ = """() => {
  const find = (id) => document.getElementById(id), text = (id) => find(id).textContent;
  return { ...find("posttest").dataset, big: text("posttest"), sentence: text("sentence"),
    said: text("ratio"), warnings: text("warnings"), notice: text("notice"),
    frequency: text("frequency"), pretest: find("pretest").value };
}"""
# A link is followed as in the address bar; the event comes at once, so that hundreds fit a test.
FOLLOW = f"""(links) => links.map((link) => {{
  history.replaceState(null, "", link); window.dispatchEvent(new HashChangeEvent("hashchange"));
  return ({READ})();
}})"""


def _ends(low: float, high: float, write) -> str:
    return write(low) if low == high else f"{write(low)} to {write(high)}"


def _odds(values) -> np.ndarray:
    """Return the odds of probabilities: a rounding of the page is relative to them."""
    values = np.asarray(values, dtype=float)
    return values / (1 - values)


def _cases(data: dict, evidence, count: int) -> list[dict]:
    """Draw patients and let the library answer them, with pre-test and exponent of their own."""
    rng = np.random.default_rng(20)
    plain = PlainWords(evidence)
    models: dict[tuple, RiskModel] = {}
    drawn = []
    for place in range(count):
        case = data["cases"][place % len(data["cases"])]
        where = (case["target"], case["setting"])
        # A few of each, so that the library draws its posterior a few times only.
        turn = place // len(data["cases"]) % 4
        pretest = None if turn == 0 and case["pretest"] else (0.0004, 0.003, 0.05, 0.6)[turn]
        exponent = (None, 0.0, 0.15, 0.6)[(turn + place % 2) % 4]
        if (*where, pretest, exponent) not in models:
            base = models.get((*where, pretest)) or RiskModel(evidence, *where, pretest=pretest)
            models[(*where, pretest)] = base
            dependence = Shrunken() if exponent is None else Shrunken(exponent, 0)
            models[(*where, pretest, exponent)] = base.with_dependence(dependence)
        flags = [flag["id"] for flag in case["flags"]]
        states = rng.integers(0, 3, len(flags))
        present = [flag for flag, state in zip(flags, states, strict=True) if state == 1]
        absent = [flag for flag, state in zip(flags, states, strict=True) if state == 2]
        parts = {"target": where[0], "setting": where[1], "present": ",".join(present)}
        parts |= {"pretest": pretest and repr(pretest), "absent": ",".join(absent)}
        link = _hash(**parts) + ("" if exponent is None else f"&dependence={exponent}")
        pattern = {
            flag: (np.nan, 1.0, 0.0)[state] for flag, state in zip(flags, states, strict=True)
        }
        key = (*where, pretest, exponent)
        one = {"link": link, "model": key, "pattern": pattern, "asked": bool(present or absent)}
        row = str(sum(int(state) * 3**place_ for place_, state in enumerate(states)))
        one["refused"] = row in case["refused"]
        drawn.append(one)
    for key in {one["model"] for one in drawn}:
        own = [one for one in drawn if one["model"] == key]
        for one in own:
            if one["refused"]:
                present = [flag for flag, state in one["pattern"].items() if state == 1]
                absent = [flag for flag, state in one["pattern"].items() if state == 0]
                with pytest.raises(ArgumentError) as told:
                    models[key].risk(present, absent)
                one["why"] = plain(str(told.value))
        own = [one for one in own if not one["refused"]]
        found = models[key].risks(pd.DataFrame([one["pattern"] for one in own]))
        for one, risk in zip(own, found.to_dict("records"), strict=True):
            one["risk"] = risk
    return drawn


# The risk that a link opens, without drawing the page.
RISK = """(links) => links.map((link) => {
  const { patient, strange } = patientOf(link.slice(1)), risk = riskOf(patient);
  return { strange, refused: risk.refused, average: risk.average, new: risk.new,
    ratio: risk.average_ratio };
})"""


def test_five_hundred_patients_have_the_librarys_risk(visitor, explorer, evidence) -> None:
    drawn = _cases(explorer.data, evidence, 500)
    page = visitor.open()
    shown = page.evaluate(RISK, [one["link"] for one in drawn])
    answered = 0
    for one, seen in zip(drawn, shown, strict=True):
        assert seen["strange"] == [], one["link"]
        if one["refused"]:
            assert seen["refused"] == one["why"]
            continue
        answered += 1
        risk = one["risk"]
        low, middle, high = seen["average"]
        names = ("posttest", "ci_low", "ci_high", "new_practice_low", "new_practice_high")
        found = _odds([middle, low, high, seen["new"][0], seen["new"][2]])
        expected = _odds([risk[name] for name in names])
        # With nothing asked and a pre-test taken as known the library gives no interval.
        kept = ~np.isnan(expected)
        # In a far tail a stored draw may change places with its neighbour.
        np.testing.assert_allclose(found[kept], expected[kept], rtol=FAR, err_msg=one["link"])
        np.testing.assert_allclose(found[0], expected[0], rtol=STORED, err_msg=one["link"])
        if one["asked"]:
            expected = [risk["lr_low"], risk["lr"], risk["lr_high"]]
            np.testing.assert_allclose(seen["ratio"], expected, rtol=FAR, err_msg=one["link"])
    assert answered >= 350


def test_what_is_printed_is_what_the_library_prints(visitor, explorer, evidence) -> None:
    drawn = [one for one in _cases(explorer.data, evidence, 60) if one["asked"]]
    page = visitor.open()
    shown = page.evaluate(FOLLOW, [one["link"] for one in drawn])
    same = 0
    for one, seen in zip(drawn, shown, strict=True):
        if one["refused"]:
            assert (seen["big"], seen["sentence"]) == ("–", f"No result: {one['why']}")
            continue
        risk = one["risk"]
        ends = [
            f"{format_percent(risk[low])} to {format_percent(risk[high])} in {article} practice"
            for low, high, article in (
                ("ci_low", "ci_high", "an average"),
                ("new_practice_low", "new_practice_high", "a new"),
            )
        ]
        printed = seen["big"] == format_percent(risk["posttest"])
        same += printed and all(text in seen["sentence"] for text in ends)
    # Five numbers of two digits: a rounding falls to the other side now and then.
    assert same >= 0.9 * sum(not one["refused"] for one in drawn)


def test_numbers_are_written_by_the_librarys_rules(visitor) -> None:
    rng = np.random.default_rng(5)
    values = [
        *(0.0, 1.0, 0.125, 0.115, 0.5, 0.145, 0.995, 0.985, 0.9999999, 0.0005, 0.00125, 1e-6),
        *rng.uniform(0, 1, 500),
        *rng.uniform(0.99, 1, 100),
        *10 ** rng.uniform(-8, 0, 400),
        *(rng.integers(0, 2001, 300) / 2000),
    ]
    ratios = [*values, 1.0, 2.5, 0.125, 1000.5, 1001.5, *10 ** rng.uniform(-6, 6, 500), 12345.5]
    page = visitor.open()
    shown = page.evaluate("(all) => all.map(formatPercent)", [float(one) for one in values])
    assert shown == [format_percent(float(one)) for one in values]
    shown = page.evaluate(
        "(all) => all.map((one) => formatNumber(one))", [float(x) for x in ratios]
    )
    assert shown == [format_number(float(one)) for one in ratios]


def _mark(page: sync_api.Page, label: str, state: str) -> None:
    page.get_by_role("group", name=label).get_by_label(state, exact=True).check()


def test_clicking_and_typing_reach_the_same_numbers(visitor, evidence) -> None:
    page = visitor.open(viewport={"width": 1200, "height": 900})
    page.get_by_label("Condition", exact=True).select_option(label="Cauda equina syndrome")
    page.get_by_label("Setting", exact=True).select_option(label="secondary care")
    _mark(page, "Bilateral leg pain", "present")
    _mark(page, "Leg weakness", "absent")
    page.get_by_label("Pre-test probability in percent").fill("2,5")
    page.locator("#dependence").fill("0")
    model = RiskModel(evidence, "cauda_equina", "secondary_care", pretest=0.025)
    findings = ["leg_pain_bilateral"], ["leg_weakness"]
    risk = model.with_dependence(Independent()).risk(*findings)
    assert page.locator("#posttest").inner_text() == format_percent(risk.posttest.estimate)
    shown = page.locator("#contributions tbody tr")
    # A row each, asked or not.
    assert shown.count() == len(model.entries.flags)
    factors = dict(zip(risk.contributions["flag_id"], risk.contributions["factor"], strict=True))
    for flag, factor in factors.items():
        row = shown.nth(model.entries.flags.index(flag))
        text = row.locator("td.number").nth(1).inner_text()
        assert float(text) == pytest.approx(factor, rel=0.01)  # printed with three digits
    known = {one.id: one.dependence for one in page_models()}
    for one in page.locator("#models tbody tr").all():
        label = one.locator("th").inner_text()
        name = next(id_ for id_, model_ in known.items() if _label(id_) == label)
        found = model.with_dependence(known[name]).risk(*findings)
        low, high = found.posttest.ci_low, found.posttest.ci_high
        ends = f"{format_percent(low)} to {format_percent(high)}"
        text = one.locator("td").nth(0).inner_text()
        if name == "bounds":
            assert text == f"up to {format_percent(high)}" if low <= 0 else ends
        else:
            assert text == f"{format_percent(found.posttest.estimate)} ({ends})"
    page.get_by_role("button", name="Nothing asked").click()
    assert page.locator("#posttest").inner_text() == "2.5%"
    # No sample gives a prevalence of this setting by itself, so there is none to go back to.
    assert page.get_by_role("button", name="Use the published figure").count() == 0


def _label(name: str) -> str:
    return next(one.label for one in page_models() if one.id == name)


def test_the_pretest_stands_beside_the_posttest(visitor, evidence) -> None:
    page = visitor.open(_hash(**CASE))
    before = format_percent(RiskModel(evidence).risk().pretest)
    for pretest, shown in ((None, before), ("0.07", "7.0%")):
        page.evaluate(FOLLOW, [_hash(**CASE, pretest=pretest)])
        posttest = page.locator("#posttest").inner_text()
        for place in (".big", "#bar"):
            text = re.sub(r"\s+", " ", page.locator(place).text_content())
            assert text.startswith(f"{shown} → ") or text.startswith(f"{shown}→ becomes ")
            assert posttest in text
            assert posttest != shown


def test_without_counts_there_is_no_interval(visitor) -> None:
    page = visitor.open(_hash(target="malignancy", setting="primary_care", pretest="0.05"))
    rows = page.locator("#models tbody tr").all()
    assert len(rows) > 3
    assert "estimable" not in page.locator("#result").inner_text()
    assert {row.locator("td").first.inner_text() for row in rows} == {"5.0%"}


def test_every_warning_has_its_place_from_the_start(visitor) -> None:
    page = visitor.open(_hash(target="malignancy", setting="primary_care"))
    texts = [
        text.removeprefix("Not now: ") for text in page.locator("#warnings li").all_text_contents()
    ]
    assert any(text.startswith("Previous history of cancer: ") for text in texts)
    own = page.locator("#warnings li", has_text="Previous history of cancer: ").first
    assert own.text_content().startswith("Not now: ")
    _mark(page, "Previous history of cancer", "present")
    assert own.text_content().startswith("Previous history of cancer: ")
    after = [
        text.removeprefix("Not now: ") for text in page.locator("#warnings li").all_text_contents()
    ]
    assert len(after) == len(texts)


def test_the_published_figure_can_be_taken_again(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    page.get_by_role("button", name="Nothing asked").click()
    published = page.locator("#posttest").inner_text()
    page.get_by_label("Pre-test probability in percent").fill("2,5")
    assert page.locator("#posttest").inner_text() == "2.5%"
    page.get_by_role("button", name="Use the published figure").click()
    assert page.locator("#posttest").inner_text() == published == "0.24%"
    assert "pretest" not in page.url


def test_the_slider_runs_from_independent_to_strong(visitor, evidence) -> None:
    page = visitor.open(_hash(**CASE))
    learned = page.locator("#posttest").inner_text()
    model = RiskModel(evidence)
    findings = ["age_50", "cancer_history"], ["weight_loss_unexplained"]
    for exponent, said in ((0, "multiplied"), (0.6, "Exponent 0.6")):
        page.locator("#dependence").fill(str(exponent))
        risk = model.with_dependence(Shrunken(exponent, 0)).risk(*findings)
        assert page.locator("#posttest").inner_text() == format_percent(risk.posttest.estimate)
        assert said in page.locator("#dependence-text").inner_text()
        assert f"dependence={exponent}" in page.url
    page.get_by_role("button", name="Use the learned value").click()
    assert page.locator("#posttest").inner_text() == learned
    assert "dependence" not in page.url


def test_a_finding_of_ones_own_is_that_of_a_frame(visitor, evidence) -> None:
    page = visitor.open(_hash(**CASE))
    page.locator("#own-box summary").click()
    page.get_by_role("button", name="Add it").click()
    assert "four whole numbers" in page.locator("#own-error").inner_text()
    # Two findings of counts alone, one of them as "own": the library knows both from a frame.
    counts = {"tp": 9, "fp": 30, "fn": 11, "tn": 170}
    for name, value in counts.items():
        page.locator(f"#own-{name}").fill(str(value))
    page.get_by_role("button", name="Nothing asked").click()
    page.get_by_label("Pre-test probability in percent").fill("5")
    page.get_by_role("button", name="Add it").click()
    frame = pd.DataFrame([{"flag": "own", **counts}])
    for state in ("present", "absent"):
        page.locator("#own-state").select_option(state)
        page.get_by_role("button", name="Add it").click()
        own = RiskModel.from_frame(frame, 0.05, effects="common")
        risk = own.risk(**{state: ["own"]}).posttest
        seen = page.evaluate(READ)
        found = [float(seen[name]) for name in ("estimate", "low", "high")]
        # Other draws of the same posterior: the error of a quantile of 4,096.
        np.testing.assert_allclose(found, [risk.estimate, risk.ci_low, risk.ci_high], rtol=0.03)
    assert "own=9,30,11,170,absent" in page.url
    page.locator("#own-kind").select_option("ratio")
    page.locator("#own-ratio").fill("4")
    page.get_by_role("button", name="Add it").click()
    assert page.locator("#posttest").inner_text() == format_percent(4 / 23)
    page.get_by_role("button", name="Leave it out").click()
    assert page.locator("#posttest").inner_text() == "5.0%"


def test_bounds_and_lookups_follow_the_pretest(visitor, evidence) -> None:
    page = visitor.open(_hash(**CASE, pretest="0.2"))
    risk = RiskModel(evidence, pretest=0.2, dependence=Bounds()).risk(
        ["age_50", "cancer_history"], ["weight_loss_unexplained"]
    )
    last = page.locator("#models tbody tr").last.locator("td").first.inner_text()
    assert format_percent(risk.posttest.ci_low) in last


# Marks findings at random, waits for each to be drawn, and adds up what moved meanwhile. Shifts
# right after a click count, too: an entry says so, and its value is the same.
SHIFTS = """async ([seed, clicks]) => {
  let moved = 0;
  const watch = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) moved += one.value;
  });
  watch.observe({ type: "layout-shift" });
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const inputs = [...document.querySelectorAll("#flags input")];
  for (let click = 0; click < clicks; click++) {
    seed = (seed * 48271) % 2147483647;
    inputs[seed % inputs.length].click();
    await frame();
  }
  el("dependence").value = 0;
  el("dependence").dispatchEvent(new Event("input"));
  await frame();
  await frame();
  for (const one of watch.takeRecords()) moved += one.value;
  return moved;
}"""


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_moves_when_findings_change(visitor, width) -> None:
    kept = {"kept": _hash(**CASE)[1:], "threshold": "0.02"}
    cauda_equina = {"target": "cauda_equina", "setting": "secondary_care"}
    rare = {**cauda_equina, "pretest": "0.000002", "threshold": "0.5"}
    # So high that all of the page is in sight: what is out of sight does not count as moved.
    page = visitor.open(viewport={"width": width, "height": 9600})
    for case in (CASE, {**CASE, **kept}, cauda_equina, rare):
        page.evaluate(FOLLOW, [_hash(**case)])
        page.wait_for_timeout(100)
        high = "document.documentElement.scrollHeight"
        before = page.evaluate(high)
        assert before <= 9600
        assert page.evaluate(SHIFTS, [7, 10]) == 0
        assert page.evaluate(high) == before


def test_terms_explain_themselves_by_pointer_focus_and_tap(visitor, explorer) -> None:
    page = visitor.open(viewport={"width": 360, "height": 800})
    box = page.locator("#explained")
    for one in page.locator(".term").all():
        text = explorer.data["terms"][one.get_attribute("data-term")]["text"]
        for act in (one.hover, one.focus, one.click):
            page.keyboard.press("Escape")
            assert not box.is_visible()
            one.evaluate("(it) => it.blur()")
            page.mouse.move(0, 0)
            act()
            assert box.inner_text() == text
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_five_patients_worth_discussing(visitor, explorer) -> None:
    page = visitor.open()
    assert len(explorer.data["patients"]) == len(PATIENTS) == 5
    for place, patient in enumerate(PATIENTS):
        page.locator("#preset").select_option(str(place))
        assert page.locator("#preset-why").inner_text() == patient.why
        seen = page.evaluate(READ)
        assert 0 < float(seen["estimate"]) < 1
        assert seen["sentence"].startswith("Post-test probability")
        for flag in (*patient.present, *patient.absent):
            assert flag in page.url


def test_the_threshold_says_what_it_does(visitor, evidence) -> None:
    page = visitor.open(_hash(**CASE))
    page.get_by_label("Above this I would act").fill("1")
    text = page.locator("#threshold-text").inner_text()
    risk = RiskModel(evidence).risk(["age_50", "cancer_history"], ["weight_loss_unexplained"])
    assert "At 1.0% you accept 99 without the condition for each with it." in text
    assert f"{100 * np.mean(risk.draws > 0.01):.0f}% lies above it in an average" in text
    assert page.locator("#bands .threshold").count() == 4
    page.get_by_label("Above this I would act").fill("high")
    assert "such as 1" in page.locator("#threshold-error").inner_text()


def test_the_next_question_is_worth_its_expected_change(visitor, evidence) -> None:
    page = visitor.open(_hash(target="malignancy", setting="primary_care", pretest="0.05"))
    model = RiskModel(evidence, pretest=0.05)
    known = model.flags.set_index("flag_id")
    changes = {}
    for flag in model.entries.flags:
        yes, no = model.risk([flag]).posttest.estimate, model.risk([], [flag]).posttest.estimate
        row = known.loc[flag]
        likely = 0.05 * row["sensitivity"] + 0.95 * (1 - row["specificity"])
        changes[flag] = likely * abs(yes - 0.05) + (1 - likely) * abs(no - 0.05)
    cells = page.locator("#contributions tbody tr td:last-child").all_inner_texts()
    found = [float(cell.split()[0]) / 100 for cell in cells]
    np.testing.assert_allclose(found, list(changes.values()), rtol=0.06)  # two digits printed
    best = max(changes, key=lambda flag: changes[flag])
    assert page.locator("#contributions tr.best").count() == 1
    place = model.entries.flags.index(best)
    assert "best" in page.locator("#contributions tbody tr").nth(place).get_attribute("class")


def test_two_patients_stand_side_by_side(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    kept = page.locator("#posttest").inner_text()
    page.get_by_role("button", name="Keep this patient").click()
    _mark(page, "Previous history of cancer", "absent")
    row = page.locator("#pair-table tbody tr", has_text="Average practice").locator("td")
    assert row.nth(0).inner_text().startswith(kept)
    assert row.nth(1).inner_text().startswith(page.locator("#posttest").inner_text())
    other = visitor.open("#" + page.url.partition("#")[2])
    assert other.locator("#pair-table").inner_text() == page.locator("#pair-table").inner_text()
    page.get_by_role("button", name="Forget the kept one").click()
    assert not page.locator("#pair-table").is_visible()


def test_a_patient_is_shared_as_text_and_picture(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    # From disk the clipboard may be closed: the words then stand there to be copied.
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy as text").click()
    page.wait_for_selector("#shared-words:visible")
    words = page.locator("#shared-words").input_value()
    assert page.locator("#posttest").inner_text() in words
    assert "Previous history of cancer: present" in words
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as picture").click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_setting_with_one_flag_offers_its_neighbours(visitor) -> None:
    page = visitor.open(_hash(target="malignancy", setting="emergency"))
    assert "One flag only" in page.locator("#few").inner_text()
    page.get_by_role("button", name="Malignancy, primary care: 5 flags").click()
    assert page.get_by_label("Setting", exact=True).input_value() == "primary_care"
    assert page.locator("#few").inner_text() == ""


def test_findings_stay_where_the_next_setting_offers_them(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    page.get_by_label("Setting", exact=True).select_option("emergency")
    assert "present=cancer_history" in page.url
    assert "age_50" not in page.url
    page.get_by_label("Condition", exact=True).select_option("infection")
    assert "setting=emergency" in page.url
    assert "present" not in page.url


def test_a_wrong_pretest_is_named_beside_the_field_and_nothing_is_lost(visitor) -> None:
    page = visitor.open(_hash(**CASE, pretest="0.01"))
    field = page.get_by_label("Pre-test probability in percent")
    error = page.locator("#pretest-error")
    assert "pretest-error" in field.get_attribute("aria-describedby")
    for given in ("abc", "0", "100", "-1", "1e1", "0x10", "1 2", "100.5", ""):
        (before,) = page.evaluate(FOLLOW, [_hash(**CASE, pretest="0.01")])
        link = page.url
        field.fill(given)
        assert field.get_attribute("aria-invalid") == "true", given
        assert "between 0.0001 and 99.9999" in error.inner_text()
        assert "The result still uses 1.0%." in error.inner_text()
        assert {**page.evaluate(READ), "pretest": "1.00"} == before
        assert page.url == link
        # What was typed stays to be mended, whatever else is done meanwhile.
        _mark(page, "Unexplained weight loss", "present")
        assert field.input_value() == given
        assert error.is_visible()
        field.fill("5 %")
        assert field.get_attribute("aria-invalid") == "false"
        assert not error.is_visible()
        assert "pre-test probability of 5.0%" in page.locator("#sentence").inner_text()


def test_the_keyboard_alone_is_enough(visitor, evidence) -> None:
    page = visitor.open(viewport={"width": 1200, "height": 900})
    focus = "() => document.activeElement.id || document.activeElement.name"

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(focus) == name:
                return
        pytest.fail(f"the Tab key does not reach {name}")

    tab_to("target")
    tab_to("setting")
    tab_to("pretest-slider")
    start = page.evaluate("() => current().pretest.estimate")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => state.pretest") == pytest.approx(start * math.exp(0.05), rel=0.05)
    tab_to("pretest")
    page.keyboard.press("Control+a")
    page.keyboard.type("1.5")
    tab_to("flag-age_50")
    page.keyboard.press("ArrowRight")
    tab_to("flag-cancer_history")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    risk = RiskModel(evidence, pretest=0.015).risk(["age_50"], ["cancer_history"])
    assert page.locator("#posttest").inner_text() == format_percent(risk.posttest.estimate)
    tab_to("dependence")
    page.keyboard.press("Home")
    assert "multiplied" in page.locator("#dependence-text").inner_text()
    tab_to("share")
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('shared').textContent !== ''")


def test_the_skip_link_moves_the_focus_and_keeps_the_case(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    seen = page.evaluate(READ)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "result"
    assert page.evaluate(READ) == seen
    assert "present=age_50,cancer_history" in page.url


def test_links_restore_the_case_and_reloading_keeps_it(visitor) -> None:
    page = visitor.open()
    _mark(page, "Previous history of cancer", "present")
    _mark(page, "Bed rest", "relieves the pain")
    page.locator("#dependence").fill("0.4")
    page.get_by_label("Pre-test probability in percent").fill("0.7")
    seen, link = page.evaluate(READ), page.url
    other = visitor.open("#" + link.partition("#")[2])
    assert {**other.evaluate(READ), "pretest": "0.7"} == seen
    assert other.locator("#dependence").input_value() == "0.4"
    assert other.url == link
    page.reload()
    assert {**page.evaluate(READ), "pretest": "0.7"} == seen
    # A link pasted over an open page is followed too.
    page.evaluate("(hash) => { location.hash = hash; }", _hash(**CASE))
    page.wait_for_function("document.querySelectorAll('#flags [value=\"1\"]:checked').length === 2")


NONSENSE = {
    "#target=mars&setting=venus": ["target “mars”", "setting “venus”"],
    "#dependence=7&pretest=1.5": ["dependence “7”", "pretest “1.5”"],
    "#model=one_factor": ["model “one_factor”"],
    "#own=1,2,3": ["own “1,2,3”"],
    "#kept=target%3Dmars": ["kept “target=mars”"],
    "#pretest=&present=age_50": ["pretest “”"],
    "#present=age_50,unicorn&absent=age_50": ["finding “unicorn”", "finding “age_50”"],
    "#target=__proto__&setting=constructor": ["target “__proto__”", "setting “constructor”"],
    "#present=<img src=x onerror=alert(1)>=": ["finding “<img src=x onerror=alert(1)>=”"],
}


def test_a_link_that_makes_no_sense_says_so(visitor) -> None:
    page = visitor.open(next(iter(NONSENSE)))
    notice = page.locator("#notice")
    for hash_, named in NONSENSE.items():
        page.evaluate(FOLLOW, [hash_])
        assert notice.is_visible()
        for name in named:
            assert name in notice.inner_text()
        assert page.get_by_label("Condition", exact=True).input_value() == "malignancy"
        _mark(page, "Previous history of cancer", "present")
        assert not notice.is_visible()
        assert "target=malignancy" in page.url


def test_an_address_that_is_no_case_opens_the_default(visitor) -> None:
    for hash_ in ("#", "#result", "#&&&", "#%E0%A4%A"):
        page = visitor.open(hash_)
        assert page.evaluate(READ)["notice"] == ""
        assert page.locator("#posttest").inner_text() == "0.24%"


def test_two_wordings_of_one_finding_are_refused_in_words(visitor) -> None:
    case = {"target": "cauda_equina", "setting": "secondary_care"}
    page = visitor.open(_hash(**case, present="leg_pain_bilateral,leg_pain_unilateral"))
    seen = page.evaluate(READ)
    assert "“Bilateral leg pain” and “Unilateral leg pain” are of one family" in seen["sentence"]
    assert seen["said"] == ""
    assert not page.locator("#icons").is_visible()
    assert page.locator("#nomogram .line").count() == 0


def test_pictures_show_the_numbers(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    seen = page.evaluate(READ)
    assert page.locator("#icons .sick").count() == round(1000 * float(seen["estimate"]))
    filled = page.locator("#icons .sick").count() + page.locator("#icons .unsure").count()
    assert filled == round(1000 * float(seen["high"]))
    before = page.evaluate("beforeAsking(state).average[1]")
    line = page.locator("#nomogram .line")
    ends = [float(line.get_attribute(name)) for name in ("y1", "y2")]
    after = _odds(before) * float(seen["ratio"].split()[1])
    # The outer axes run from 0.01% to 99.99%, on the log-odds scale, in opposite directions.
    reach = math.log(0.9999 / 0.0001)
    for end, sign, odds in ((ends[0], 1, _odds(before)), (ends[1], -1, after)):
        assert end == pytest.approx(260 + sign * 220 * math.log(odds) / reach, abs=0.01)
    # The tree is of the finding last marked, by itself.
    counts = page.locator("#tree .count").all_text_contents()
    assert counts[0] == "10,000"
    assert int(counts[1]) == int(counts[3]) + int(counts[4])


def test_nothing_is_certain(visitor) -> None:
    cases = {"target": "cauda_equina", "setting": "secondary_care"}
    findings = "bladder_dysfunction,leg_pain_bilateral,leg_weakness,perianal_sensation_altered"
    for parts in ({"pretest": "0.999999", "present": findings}, {"pretest": "0.000001",
                  "absent": findings}):  # fmt: skip
        page = visitor.open(_hash(**cases, **parts))
        seen = page.evaluate(READ)
        assert seen["big"] not in ("0%", "100%")
        assert 1 <= page.locator("#icons .sick").count() <= 999
        assert re.match("(fewer than 1|more than 99,999|[0-9,]+) of 100,000$", seen["frequency"])
        assert not re.search(r"(?<![\d.])(0|100)%", page.locator("#result").inner_text())


def test_without_a_published_prevalence_the_reader_must_set_one(
    visitor, explorer, tmp_path
) -> None:
    data = json.loads(json.dumps(explorer.data))
    data["cases"][0]["pretest"] = None
    path = tmp_path / "page.html"
    path.write_text(explorer_page(data), encoding="utf-8")
    page = visitor.open("#present=cancer_history", page=path)
    assert page.locator("#posttest").inner_text() == "–"
    assert "Set a pre-test probability" in page.locator("#sentence").inner_text()
    assert page.locator("#ratio").inner_text().startswith("Combined likelihood ratio 1")
    assert not page.get_by_role("button", name="Use the published figure").is_visible()
    assert "pretest" not in page.url
    page.get_by_label("Pre-test probability in percent").fill("1")
    assert page.locator("#posttest").inner_text() == "12%"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: $EXPLORER_SCREENSHOTS, or a temporary folder."""
    named = os.environ.get("EXPLORER_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_sticks_out_at_either_width(visitor, pictures, width, scheme) -> None:
    page = visitor.open(viewport={"width": width, "height": 900}, color_scheme=scheme)
    longest = {"target": "fracture", "setting": "secondary_care", "present": "supine_sign"}
    for name, hash_ in (("malignancy", _hash(**CASE)), ("fracture", _hash(**longest))):
        page.evaluate(FOLLOW, [hash_])
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        page.screenshot(path=pictures / f"{name}_{width}_{scheme}.png", full_page=True)
    background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    light = np.mean([int(part) for part in background[4:-1].split(",")]) > 128
    assert light == (scheme == "light")


def test_on_paper_the_case_stands_without_its_buttons(visitor, pictures) -> None:
    page = visitor.open(_hash(**CASE), viewport={"width": 794, "height": 1123}, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.get_by_role("button", name="Nothing asked").is_visible()
    chosen = page.get_by_role("group", name="Previous history of cancer").locator("label:visible")
    assert chosen.all_inner_texts() == ["present"]
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    (pictures / "printed.pdf").write_bytes(page.pdf(prefer_css_page_size=True))
    assert (pictures / "printed.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(
    not AXE.exists(), reason="axe-core is not installed here: npm install --no-save axe-core"
)
def test_axe_finds_no_serious_violation(visitor) -> None:
    refused = {"target": "cauda_equina", "setting": "secondary_care"}
    refused |= {"present": "leg_pain_bilateral,leg_pain_unilateral"}
    states = [
        _hash(**CASE),
        _hash(**refused),
        _hash(**CASE, dependence="0.5", threshold="0.02"),
        "#target=mars",
    ]
    for place, (width, scheme) in enumerate(itertools.product(WIDTHS, SCHEMES)):
        # The page's policy allows its own script only; the checker is not the page's.
        size = {"width": width, "height": 900}
        page = visitor.open(viewport=size, color_scheme=scheme, bypass_csp=True)
        page.add_script_tag(path=AXE)
        page.evaluate(FOLLOW, [states[place]])
        page.get_by_label("Pre-test probability in percent").fill("wrong")
        # The thousand squares of the picture are decoration of its one text.
        options = "{ exclude: ['#icons > *'], resultTypes: ['violations'] }"
        bad = [
            (one["id"], one["impact"], [node["html"] for node in one["nodes"]])
            for one in page.evaluate(f"() => axe.run({options})")["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not bad, (width, scheme, states[place])
