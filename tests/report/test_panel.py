"""The panel's report: built once, read as a panel member's browser would."""

import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from watching import states_of

from backpain_stats import (
    ArgumentError,
    DataError,
    PretestError,
    natural_frequencies,
)
from backpain_stats.cli.panel import panel
from backpain_stats.decide.judgements import judgement_template
from backpain_stats.report.page.build import write_table
from backpain_stats.report.panel import build as panel_module
from backpain_stats.report.panel import results as results_module
from backpain_stats.report.panel.build import PanelQuestion, build_panel, free_sheet

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a reader with a screen reader, or a validator, looks at."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.drawings, self.ids, self.links = [], [], [], [], []
        self.words, self.own = {}, None
        self.tables, self.text = 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg":
            self.drawings.append(attributes)
        self.own = attributes.get("id") if tag in ("title", "desc") else None
        if tag == "a":
            self.links.append(attributes["href"])
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.tables += tag == "table"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        self.text.append(data)
        if self.own:
            self.words[self.own] = data
            self.own = None


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def folder(evidence, tmp_path_factory, said):
    out = tmp_path_factory.mktemp("panel")
    question = PanelQuestion("malignancy", "primary_care", [0.003, 0.01], benefit=99, harm=1)
    build_panel(evidence, question, out, progress=said.append)
    return out


@pytest.fixture(scope="module")
def page(folder):
    return Page((folder / "index.html").read_text(encoding="utf-8"))


def test_page_is_well_formed_and_self_contained(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert len(page.drawings) > 5
    outside = [href for href in page.links if not href.startswith(("#", "https://doi.org/"))]
    assert outside
    assert all(href.startswith(("tables/", "meeting.html")) for href in outside)


def test_every_link_leads_somewhere(page, folder):
    for href in page.links:
        if href.startswith("#"):
            assert href[1:] in page.ids
        elif href.startswith("tables/"):
            assert (folder / href).is_file(), href


def test_headings_are_in_order_and_pictures_have_words(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = pd.Series(page.headings).diff().dropna()
    assert (steps <= 1).all()
    for drawing in page.drawings:
        assert drawing["role"] == "img"
        assert len(page.words[drawing["aria-labelledby"]]) > 20
        assert len(page.words[drawing["aria-describedby"]]) > 30


def test_sheet_to_fill_in_can_be_handed_back(folder, evidence, tmp_path):
    path = folder / "tables" / "judgements_to_fill_in.csv"
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
    sheet["imprecision"] = "very serious"
    filled = tmp_path / "judgements.csv"
    sheet.to_csv(filled, index=False)
    results = panel_module.PanelResults(
        evidence, PanelQuestion("malignancy", "primary_care", [0.003], judgements=filled)
    )
    assert (results.findings.judgements["imprecision"] == "very serious").all()


def test_a_filled_in_sheet_is_never_overwritten(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr(results_module, "find_spec", lambda name: None)  # Word takes its time
    out, said = tmp_path / "panel", []

    def build(prevalence=0.01, **options):
        question = PanelQuestion("malignancy", "emergency", [prevalence], **options)
        return build_panel(evidence, question, out, progress=said.append)

    build()
    sheet = out / "tables" / "judgements_to_fill_in.csv"
    empty = sheet.read_bytes()
    # An empty sheet is written once.
    build()
    assert [path.name for path in out.glob("tables/judgements*")] == [sheet.name]
    filled = pd.read_csv(sheet, dtype=str, keep_default_na=False).assign(imprecision="serious")
    filled.to_csv(sheet, index=False)
    kept = sheet.read_bytes()
    said.clear()
    # Handed in where it lies, and left out by mistake: the work is still there.
    build(judgements=sheet)
    build()
    assert sheet.read_bytes() == kept
    second = sheet.with_name("judgements_to_fill_in_2.csv")
    assert second.read_bytes() == empty
    assert any("is kept as it is; the empty sheet is judgements_to_fill_in_2.csv" in message
               for message in said)  # fmt: skip
    assert "tables/judgements_to_fill_in_2.csv" in Page((out / "index.html").read_text()).links
    # The second one filled in as well: a third.
    second.write_bytes(kept)
    # Whenever this run is killed: the page and all its tables are of one question.
    with states_of(out) as states:
        build(0.2)
    assert len(states) == 2
    assert states[0].keys() < states[1].keys()
    assert all("tables/natural_frequencies.csv" in state for state in states)
    assert (second.read_bytes(), sheet.read_bytes()) == (kept, kept)
    assert sheet.with_name("judgements_to_fill_in_3.csv").read_bytes() == empty


def test_progress_names_the_steps(said, folder):
    assert said[0] == "bodies of evidence"
    assert any("ranking" in message for message in said)


def test_two_runs_are_identical_and_word_is_optional(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr(results_module, "find_spec", lambda name: None)
    said = []
    for run in ("one", "two"):
        question = PanelQuestion("malignancy", "emergency")
        build_panel(evidence, question, tmp_path / run, progress=said.append)
    files = [
        sorted(p.relative_to(tmp_path / run) for p in (tmp_path / run).rglob("*.*"))
        for run in ("one", "two")
    ]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert not list(tmp_path.rglob("*.docx"))
    assert any("pip install 'backpain-stats[docx]'" in message for message in said)
    text = (tmp_path / "one" / "index.html").read_text(encoding="utf-8")
    assert ".docx" not in text
    assert "Thiruganasambandamoorthy V et al. (2014), 4 of 329" in text


def run(*arguments):
    return CliRunner().invoke(panel, [str(one) for one in arguments])


@pytest.mark.parametrize(
    ("extra", "error", "match"),
    [
        (["--prevalence", "0"], PretestError, "strictly between 0 and 1"),
        (["--prevalence", "1"], PretestError, "strictly between 0 and 1"),
        (["--prevalence", "3"], PretestError, r"3% is written 0\.03"),
        (["--benefit", "9", "--harm", "-1"], ArgumentError, "harm is -1"),
        (["--benefit", "9"], ArgumentError, "--harm|both benefit and harm"),
        (["--per", "0"], ArgumentError, "at least 1"),
        (["--level", "95"], ArgumentError, r"95% is written 0\.95"),
        (["--prevalence", "0.1", "--prevalence", "0.2"] * 2, ArgumentError, "4 prevalences"),
    ],
)
def test_careless_input_gives_one_clear_message(extra, error, match, tmp_path):
    out = tmp_path / "panel"
    base = ["--target", "malignancy", "--setting", "emergency", "--out", out]
    answer = run(*base, *extra)
    assert isinstance(answer.exception, error)
    assert re.search(match, str(answer.exception))
    assert not out.exists()


def test_own_judgements_of_quality_are_shown(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "quality.csv").write_text(
        "cohort_id,assessor,domain,risk_of_bias,applicability,reason\n"
        "deyo1988_malignancy,A,patient_selection,high,unclear,one walk-in clinic\n"
    )
    out = tmp_path / "panel"
    answer = run(
        *("--target", "malignancy", "--setting", "primary_care", "--prevalence", "0.003"),
        *("--flag", "cancer_history"),
        *("--evidence", own, "--add", "--out", out),
    )
    assert answer.exit_code == 0, answer.exception
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert "figure-quality" in page.ids
    # Who the patients of the only cohort were is said at the top of the page.
    words = " ".join(page.text)
    assert words.index("walk-in clinic") < words.index("Each mark is one of")


def test_a_sheet_with_mistakes_is_refused_before_anything_is_written(tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("flag_id,certainty\nage_50,sure\n")
    out = tmp_path / "panel"
    answer = run(
        *("--target", "malignancy", "--setting", "emergency", "--prevalence", 0.01),
        *("--judgements", sheet, "--out", out),
    )
    assert isinstance(answer.exception, DataError)
    assert "lacks the column" in str(answer.exception)
    assert not Path(out).exists()


def test_unknown_words_are_a_usage_error(tmp_path):
    answer = run("--target", "cancer", "--setting", "emergency", "--out", tmp_path / "x")
    assert isinstance(answer.exception, ArgumentError)  # which ends in exit code 2
    assert "malignancy" in str(answer.exception)
    assert not (tmp_path / "x").exists()


def test_numbers_are_those_of_the_library(folder, evidence):
    mine = pd.read_csv(folder / "tables" / "natural_frequencies.csv")
    mine = mine.set_index(["flag_id", "prevalence"]).loc[("cancer_history", 0.003)]
    row = natural_frequencies(
        evidence, 0.003, per=10_000, flag="cancer_history", target="malignancy",
        setting="primary_care",
    ).iloc[0]  # fmt: skip
    cells = ["tp", "fp", "fn", "tn"]
    assert mine[cells].astype(int).to_list() == row[cells].astype(int).to_list()


def test_every_figure_is_traceable(folder, evidence):
    sources = pd.read_csv(folder / "tables" / "sources.csv")
    assert sources[["report_id", "printed", "read_in"]].notna().all(axis=None)
    used = set(sources["report_id"])
    assert {"deyo1988_cancer_history", "henschke2009_cancer_history"} <= used


def test_one_annex_holds_everything_for_the_appendix(folder):
    docx = pytest.importorskip("docx")
    assert [path.name for path in folder.rglob("*.docx")] == ["annex.docx"]
    document = docx.Document(str(folder / "tables" / "annex.docx"))
    headings = [one.text for one in document.paragraphs if one.style.name.startswith("Heading")]
    assert any(text.startswith("Summary of findings") for text in headings)
    assert any(text.startswith("Should red flags be used") for text in headings)
    assert "References" in headings
    assert document.inline_shapes
    rows = document.tables[0].rows
    # A block's rows stay together and none is split.
    assert all(row._tr.trPr.xpath("w:cantSplit") for row in rows[2:])


def test_both_pages_say_what_made_them(folder, evidence):
    for name in ("index.html", "meeting.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert f"data {evidence.version}" in text
        assert re.search(r"backpain_stats \d+\.\d+\.\d+; .*; \d{4}-\d{2}-\d{2}", text)
    meeting = Page((folder / "meeting.html").read_text(encoding="utf-8"))
    assert meeting.open == []
    assert len(meeting.ids) == len(set(meeting.ids))


@given(st.lists(st.sampled_from(["run", "fill", "fill all", "other flags"]), max_size=8))
def test_no_sequence_of_runs_loses_a_sheet_that_was_filled_in(events):
    """What a person wrote stays byte by byte, whatever is run and in whatever order."""
    with TemporaryDirectory() as folder:
        tables, flags, written = Path(folder), ["age_50"], {}
        for number, event in enumerate(events):
            if event == "other flags":
                flags = ["age_50", f"flag_{number}"]
            elif event == "run":
                empty = judgement_template(flags)
                name = tables / free_sheet(tables, empty)
                if not name.exists():
                    write_table(empty, name)
            else:
                sheets = sorted(tables.glob("*.csv"))
                for sheet in sheets if event == "fill all" else sheets[-1:]:
                    written[sheet] = f"work {number}".encode()
                    sheet.write_bytes(written[sheet])
            assert all(sheet.read_bytes() == work for sheet, work in written.items())
