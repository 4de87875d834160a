"""The explorer in a real browser: its numbers are the library's, and everybody can use it."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

from backpain_stats import RiskModel, posttest_probability
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_number, format_percent
from backpain_stats.report.explorer.build import DIGITS, explorer_page, page_models
from backpain_stats.report.page.plain import PlainWords

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

pytestmark = pytest.mark.browser

WIDTHS = (360, 1600)
SCHEMES = ("light", "dark")
# Not shipped with the package (its licence is the MPL): $AXE_PATH, or from npm.
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE_PATH") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
# Half a unit in the last digit kept of a ratio; the odds carry it to the probability.
STORED = 0.5 * 10.0 ** (1 - DIGITS)
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
    ratio: text("ratio"), warnings: text("warnings"), notice: text("notice"),
    pretest: find("pretest").value };
}"""
# A link is followed as in the address bar; the event comes at once, so that hundreds fit a test.
FOLLOW = f"""(links) => links.map((link) => {{
  history.replaceState(null, "", link); window.dispatchEvent(new HashChangeEvent("hashchange"));
  return ({READ})();
}})"""


def _ends(low: float, high: float, write) -> str:
    return write(low) if low == high else f"{write(low)} to {write(high)}"


def _cases(data: dict, evidence, count: int) -> list[dict]:
    """Draw cases and let the library answer them.

    Every target and setting has one risk model with a pre-test of its own. Every
    sixth case takes that pre-test and the model's risk; the others draw theirs
    and apply it to the model's likelihood ratio.
    """
    rng = np.random.default_rng(20)
    plain = PlainWords(evidence)
    bases: dict[tuple[str, str], tuple[float, RiskModel]] = {}
    models: dict[tuple[str, str, str], RiskModel] = {}
    drawn = []
    for place in range(count):
        case = data["cases"][place % len(data["cases"])]
        where = (case["target"], case["setting"])
        # From 0.01% to 99%, evenly on the log-odds scale.
        pretest = float(1 / (1 + np.exp(-rng.uniform(-9.2, 4.6))))
        if where not in bases:
            bases[where] = pretest, RiskModel(evidence, *where, pretest=pretest)
        in_full = place // len(data["cases"]) % 6 == 0
        suggested = case["pretest"] if place % 5 == 0 else None
        pretest = bases[where][0] if in_full else suggested or pretest
        known = [one for one in page_models() if one.id in case["tables"]]
        chosen = known[rng.integers(len(known))]
        model = models.setdefault(
            (*where, chosen.id), bases[where][1].with_dependence(chosen.dependence)
        )
        flags = [flag["id"] for flag in case["flags"]]
        states = rng.integers(0, 3, len(flags))
        present = [flag for flag, state in zip(flags, states, strict=True) if state == 1]
        absent = [flag for flag, state in zip(flags, states, strict=True) if state == 2]
        one = {
            "link": _hash(
                target=where[0],
                setting=where[1],
                model=chosen.id,
                pretest=repr(pretest),
                present=",".join(present),
                absent=",".join(absent),
            ),
            "pretest": pretest,
            "in_full": in_full,
            "refused": "",
            "assessed": bool(present or absent),
        }
        try:
            risk = model.risk(present, absent)
        except ArgumentError as error:
            one["refused"] = plain(str(error))
        else:
            one["ratios"] = [risk.lr.estimate, risk.lr.ci_low, risk.lr.ci_high]
            found = [risk.posttest.estimate, risk.posttest.ci_low, risk.posttest.ci_high]
            applied = posttest_probability(pretest, one["ratios"]).tolist()
            one["risks"] = found if in_full else applied
        drawn.append(one)
    return drawn


def test_the_numbers_are_the_librarys_to_the_digits_shown(visitor, explorer, evidence) -> None:
    drawn = _cases(explorer.data, evidence, 260)
    page = visitor.open()
    shown = page.evaluate(FOLLOW, [one["link"] for one in drawn])
    answered = in_full = 0
    for one, seen in zip(drawn, shown, strict=True):
        assert seen["notice"] == "", one["link"]
        if one["refused"]:
            assert (seen["big"], seen["sentence"]) == ("–", f"No result: {one['refused']}")
            assert seen["estimate"] == "NaN"
            continue
        answered += 1
        in_full += one["in_full"]
        numbers = [
            float(seen[name].replace("Infinity", "inf")) for name in ("estimate", "low", "high")
        ]
        # A relative error of the ratio is at most the relative error of the risk; 1e-9 besides
        # for bounds read back from a risk near 0 or 1.
        np.testing.assert_allclose(numbers, one["risks"], rtol=STORED + 1e-9, err_msg=one["link"])
        risk, low, high = one["risks"]
        before = f"from a pre-test probability of {format_percent(one['pretest'])}"
        if not one["assessed"]:
            assert seen["big"] == format_percent(one["pretest"])
            assert seen["sentence"] == "Nothing is assessed: this is the pre-test probability."
            continue
        assert before in seen["sentence"]
        if math.isnan(risk):
            assert seen["big"] == _ends(low, high, format_percent)
            assert _ends(*one["ratios"][1:], format_number) in seen["ratio"]
            continue
        assert seen["big"] == format_percent(risk)
        assert f"(95% interval {_ends(low, high, format_percent)}), {before}." in seen["sentence"]
        ratio, ratio_low, ratio_high = one["ratios"]
        interval = _ends(ratio_low, ratio_high, format_number)
        assert seen["ratio"] == (
            f"Combined likelihood ratio {format_number(ratio)} (95% interval {interval})."
        )
    assert answered >= 200
    assert in_full >= 30


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
    page.get_by_label("How the findings hang together").select_option(
        label="Independent: the ratios are multiplied"
    )
    model = RiskModel(evidence, "cauda_equina", "secondary_care", pretest=0.025)
    models = {one.id: one.dependence for one in page_models()}
    risk = model.with_dependence(models["independent"]).risk(
        ["leg_pain_bilateral"], ["leg_weakness"]
    )
    assert page.locator("#posttest").inner_text() == format_percent(risk.posttest.estimate)
    rows = page.locator("#contributions tbody tr")
    assert rows.count() == 2
    alone = risk.contributions.set_index("flag_id")
    for row, flag, said in (
        (rows.nth(0), "leg_pain_bilateral", "Bilateral leg pain: present"),
        (rows.nth(1), "leg_weakness", "Leg weakness: absent"),
    ):
        assert row.locator("th").inner_text() == said
        numbers = row.locator("td.number")
        one = alone.loc[flag]
        interval = _ends(one["lr_alone_low"], one["lr_alone_high"], format_number)
        assert numbers.nth(0).inner_text() == f"{format_number(one['lr_alone'])} ({interval})"
        assert numbers.nth(1).inner_text() == format_number(one["factor"])
    for place, name in enumerate(("one_factor", "one_factor_0.4", "independent", "bounds")):
        found = model.with_dependence(models[name]).risk(["leg_pain_bilateral"], ["leg_weakness"])
        ends = _ends(found.posttest.ci_low, found.posttest.ci_high, format_percent)
        text = ends if name == "bounds" else f"{format_percent(found.posttest.estimate)} ({ends})"
        assert page.locator("#models tbody tr").nth(place).locator("td").nth(1).inner_text() == text
    page.get_by_role("button", name="Nothing assessed").click()
    assert page.locator("#posttest").inner_text() == "2.5%"
    # No sample gives a prevalence of this setting by itself, so there is none to go back to.
    assert page.get_by_role("button", name="Use the published figure").count() == 0


def test_the_published_figure_can_be_taken_again(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    page.get_by_role("button", name="Nothing assessed").click()
    published = page.locator("#posttest").inner_text()
    page.get_by_label("Pre-test probability in percent").fill("2,5")
    assert page.locator("#posttest").inner_text() == "2.5%"
    page.get_by_role("button", name="Use the published figure").click()
    assert page.locator("#posttest").inner_text() == published == "0.32%"


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
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate(focus) == name:
                return
        pytest.fail(f"the Tab key does not reach {name}")

    tab_to("target")
    tab_to("setting")
    tab_to("pretest-slider")
    start = page.evaluate("() => state.pretest")
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
    tab_to("model")
    page.keyboard.press("End")
    assert "Sharp bounds" in page.locator("#sentence").inner_text()
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
    _mark(page, "Pain not relieved by bed rest", "absent")
    page.get_by_label("How the findings hang together").select_option("maximum_entropy")
    page.get_by_label("Pre-test probability in percent").fill("0.7")
    seen, link = page.evaluate(READ), page.url
    other = visitor.open("#" + link.partition("#")[2])
    assert {**other.evaluate(READ), "pretest": "0.7"} == seen
    assert other.get_by_label("How the findings hang together").input_value() == "maximum_entropy"
    assert other.url == link
    page.reload()
    assert {**page.evaluate(READ), "pretest": "0.7"} == seen
    # A link pasted over an open page is followed too.
    page.evaluate("(hash) => { location.hash = hash; }", _hash(**CASE))
    page.wait_for_function("document.querySelectorAll('#contributions tbody tr').length === 3")


NONSENSE = {
    "#target=mars&setting=venus": ["target “mars”", "setting “venus”"],
    "#model=guessing&pretest=1.5": ["model “guessing”", "pre-test “1.5”"],
    "#pretest=&present=age_50": ["pre-test “”"],
    "#present=age_50,unicorn&absent=age_50": ["finding “unicorn”", "finding “age_50”"],
    "#target=__proto__&model=constructor": ["target “__proto__”", "model “constructor”"],
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
        assert page.locator("#posttest").inner_text() == "0.32%"


def test_an_infinite_ratio_is_shown_with_its_interval_and_a_warning(
    visitor, explorer, tmp_path
) -> None:
    case = {"target": "malignancy", "setting": "emergency", "present": "cancer_history"}
    # No flag of the evidence has one at the moment: this one gets one.
    data = json.loads(json.dumps(explorer.data))
    (own,) = (one for one in data["cases"] if one["setting"] == "emergency"
              and one["target"] == "malignancy")  # fmt: skip
    for table in own["tables"].values():
        table["lr"][1] = table["high"][1] = "inf"
    path = tmp_path / "infinite.html"
    path.write_text(explorer_page(data), encoding="utf-8")
    page = visitor.open(_hash(**case), path)
    seen = page.evaluate(READ)
    assert seen["big"] == "100%"
    assert "likelihood ratio infinity (95% interval" in seen["ratio"]
    assert "That is no certainty" in seen["warnings"]
    assert page.locator("#nomogram .line").count() == 0
    assert page.locator("#nomogram .band").count() == 1
    assert page.locator("#icons .sick").count() == 1000


def test_two_wordings_of_one_finding_are_refused_in_words(visitor) -> None:
    case = {"target": "cauda_equina", "setting": "secondary_care"}
    page = visitor.open(_hash(**case, present="leg_pain_bilateral,leg_pain_unilateral"))
    seen = page.evaluate(READ)
    assert "“Bilateral leg pain” and “Unilateral leg pain” are of one family" in seen["sentence"]
    assert seen["ratio"] == ""
    assert not page.locator("#icons").is_visible()
    assert page.locator("#nomogram .line").count() == 0


def test_pictures_show_the_numbers(visitor) -> None:
    page = visitor.open(_hash(**CASE))
    seen = page.evaluate(READ)
    assert page.locator("#icons .sick").count() == round(1000 * float(seen["estimate"]))
    filled = page.locator("#icons .sick").count() + page.locator("#icons .unsure").count()
    assert filled == round(1000 * float(seen["high"]))
    line = page.locator("#nomogram .line")
    ends = [float(line.get_attribute(name)) for name in ("y1", "y2")]
    # The outer axes run from 0.01% to 99.99%, on the log-odds scale, in opposite directions.
    reach = math.log(0.9999 / 0.0001)
    for end, sign, risk in ((ends[0], 1, 21 / 6622), (ends[1], -1, float(seen["estimate"]))):
        assert end == pytest.approx(
            260 + sign * 220 * math.log(risk / (1 - risk)) / reach, abs=0.01
        )


def test_without_a_published_prevalence_the_reader_must_set_one(
    visitor, explorer, tmp_path
) -> None:
    data = json.loads(json.dumps(explorer.data))
    data["cases"][0] |= {"pretest": None, "pretest_source": "No prevalence was published."}
    path = tmp_path / "page.html"
    path.write_text(explorer_page(data), encoding="utf-8")
    page = visitor.open("#present=cancer_history", page=path)
    assert page.locator("#posttest").inner_text() == "–"
    assert "Set a pre-test probability" in page.locator("#sentence").inner_text()
    assert page.locator("#ratio").inner_text().startswith("Combined likelihood ratio 15")
    assert not page.get_by_role("button", name="Use the published figure").is_visible()
    assert "pretest" not in page.url
    page.get_by_label("Pre-test probability in percent").fill("1")
    assert page.locator("#posttest").inner_text() == "13%"


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
    assert not page.get_by_role("button", name="Nothing assessed").is_visible()
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
    states = [_hash(**CASE), _hash(**refused), _hash(**CASE, model="bounds"), "#target=mars"]
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
