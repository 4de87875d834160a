"""The report: built once, compared with the committed tables, read as a stranger would."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import RiskModel
from backpain_stats.estimate import format_percent
from backpain_stats.report.main.build import SECTIONS, build_report

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(evidence, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    told: list[str] = []
    build_report(evidence, out, explorer=False, progress=told.append)
    return out, told


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.drawings: list[dict[str, str | None]] = []
        self.words: dict[str, str] = {}
        self._own = ""
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg":
            self.drawings.append(found)
        self._own = (found.get("id") or "") if tag in ("title", "desc") else ""
        self.addresses += [found[name] for name in ("src", "href") if found.get(name)]
        if found.get("id"):
            self.ids.add(found["id"])

    def handle_data(self, data):
        if self._own:
            self.words[self._own] = data
            self._own = ""


@pytest.fixture(scope="module")
def outline(built):
    parser = _Outline()
    parser.feed(built[0].joinpath("index.html").read_text(encoding="utf-8"))
    return parser


def test_the_committed_page_has_the_figures_the_readme_shows():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme)
    assert shown
    for path in shown:
        assert (ROOT / path).exists(), path


def test_the_first_screen_holds_question_answer_and_certainty(built, evidence):
    page = html.unescape(built[0].joinpath("index.html").read_text(encoding="utf-8"))
    opening = re.sub("<[^>]+>", "", page[page.index('id="findings"') :])[:1600]
    leads = ["Asked.", "Known.", "How sure.", "It follows.", "Contradicted.", "To study next."]
    assert sorted(leads, key=opening.index) == leads
    model = RiskModel(evidence)
    strongest = model.flags.set_index("flag_id")["lr_positive"].idxmax()
    risk = model.risk([strongest])
    after, new = risk.posttest, risk.new_practice
    for number in (
        *(risk.pretest, after.estimate, after.ci_low, after.ci_high),
        *(new.ci_low, new.ci_high),
    ):
        assert format_percent(number) in opening
    wide = (model.flags["lr_positive_low"] > 2).sum()
    assert f"In an average practice {wide} of {len(model.flags)} flags" in opening


def test_the_opening_says_each_number_once(built, evidence):
    page = html.unescape(built[0].joinpath("index.html").read_text(encoding="utf-8"))
    start = page.index('id="findings"')
    opening = re.sub("<[^>]+>", "", page[start : page.index("</section>", start)])
    steps = re.findall(r"(\d+) of (\d+) (?:reports|flags that)", opening)
    assert len(steps) == len(set(steps)) == 2
    ledger = bps.reproduce(evidence)["finding"]
    for number in ((ledger == "differs").sum(), (ledger == "inferred").sum()):
        assert len(re.findall(rf"\b{number} (?:come out otherwise|follow|differ)", opening)) == 1
    assert 'class="cards"' not in page


def test_figures_are_numbered_in_order(built):
    page = built[0].joinpath("index.html").read_text(encoding="utf-8")
    numbers = re.findall(r"<figcaption><b>Figure (\d+)\.</b>", page)
    assert numbers == [str(number) for number in range(1, page.count("<figcaption>") + 1)]


def test_the_page_needs_nothing_from_elsewhere(outline):
    fetched = [
        address
        for address in outline.addresses
        if not address.startswith(("data:", "#", "https://doi.org/", "tables/", "explorer.html"))
    ]
    assert fetched == []


def test_links_within_the_page_lead_somewhere(outline):
    inner = [address[1:] for address in outline.addresses if address.startswith("#")]
    assert inner
    assert set(inner) <= outline.ids


def test_headings_are_in_order_and_figures_have_text(outline):
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = [
        after - before
        for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    ]
    assert max(steps) == 1
    assert len(outline.drawings) > 5
    for drawing in outline.drawings:
        assert drawing["role"] == "img"
        assert len(outline.words[drawing["aria-labelledby"]]) > 20
        assert len(outline.words[drawing["aria-describedby"]]) > 20


def test_the_page_says_once_what_it_is_not(built):
    page = built[0].joinpath("index.html").read_text(encoding="utf-8")
    header = page[: page.index("<main")]
    assert header.count("not a medical device") == 1
    assert "nan" not in re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).lower().split()


def test_the_page_is_small_and_its_figures_are_drawings_with_text(built):
    page = built[0].joinpath("index.html")
    assert page.stat().st_size < 600_000
    text = page.read_text(encoding="utf-8")
    assert text.count("<text") > 300
    assert "base64" not in text.replace("sha256-", "")
    assert " style=" not in text


def test_no_posttest_stands_without_its_pretest(built):
    frame = pd.read_csv(built[0] / "tables" / "posttest.csv")
    assert frame["pretest"].between(0, 1, inclusive="neither").all()
    assert frame["pretest_source"].notna().all()
    ledger = pd.read_csv(built[0] / "tables" / "reproduction.csv")
    recomputed = ledger[
        ledger["statistic"].str.startswith("posttest") & ledger["recomputed"].notna()
    ]
    assert len(recomputed) > 10
    assert recomputed["recomputed_pretest"].notna().all()


def test_every_section_was_announced_and_is_there(built, outline):
    assert [name for name, _ in SECTIONS] == built[1][: len(SECTIONS)]
    assert {"findings", "reproduction", "sources"} <= outline.ids


def test_a_file_in_place_of_the_folder_is_refused(run, tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    code, _, err = run("report", "--out", path)
    assert code == 2
    assert "is a file; give a folder" in err
