"""Texts that try to be markup, formulas or control characters stay text everywhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import backpain_stats
from backpain_stats.errors import ArgumentError
from backpain_stats.report.page.build import json_script, write_table
from backpain_stats.report.page.parts import Column, Link, TablePart
from backpain_stats.report.page.word import write_word

TEMPLATES = Path(backpain_stats.__file__).parent / "report" / "templates"
ROOM = Path(backpain_stats.__file__).parent / "report"


class Elements(HTMLParser):
    """The elements and attributes of a page as a parser sees them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("page", ["report", "panel", "explorer"])
def test_no_text_becomes_an_element(hostile_pages, page):
    text = hostile_pages[page].read_text(encoding="utf-8")
    seen = Elements(text)
    assert "img" not in seen.tags
    assert seen.tags.count("script") == (2 if page == "explorer" else 0)
    assert seen.tags.count("style") == 1
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not [name for name, _ in seen.attributes if name == "style"]
    # It is there to read, and the template engine has not run it.
    assert "<img src=x" in " ".join(seen.texts) or page == "explorer"
    assert "{{ 7 * 7 }}" in " ".join(seen.texts)


@pytest.mark.parametrize("page", ["report", "panel", "explorer"])
def test_the_policy_names_every_style_and_script_by_its_hash(hostile_pages, page):
    text = hostile_pages[page].read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert "unsafe" not in policy
    assert "default-src &#39;none&#39;" in policy
    assert policy.count("sha256-") == (2 if page == "explorer" else 1)


def test_the_data_of_the_explorer_survive(hostile_pages):
    text = hostile_pages["explorer"].read_text(encoding="utf-8")
    inside = text.split('type="application/json">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(inside)
    labels = [flag["label"] for case in json.loads(inside)["cases"] for flag in case["flags"]]
    assert labels
    assert all("<!--<script></script>" in label and "\u2028" in label for label in labels)


def test_json_inside_a_script_is_the_same_data():
    data = {"a": "</script><!--<script>&\u2028\u2029é", "b": [1.5, None, "inf"]}
    text = json_script(data)
    assert json.loads(text) == data
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_figures_are_sound_xml_with_the_text_in_them(hostile_pages):
    drawn = [path for page in ("report", "panel")
             for path in (hostile_pages[page].parent / "figures").glob("*.svg")]  # fmt: skip
    assert len(drawn) > 8
    names = {element.tag.rsplit("}")[-1] for path in drawn for element in
             ElementTree.parse(path).iter()}  # fmt: skip
    assert "script" not in names
    assert "image" not in names
    whole = " ".join(path.read_text(encoding="utf-8") for path in drawn)
    assert "$" in whole  # a dollar sign is drawn and opens no formula


def test_a_table_opens_no_formula_in_a_spreadsheet(tmp_path):
    cells = ["=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "\t=1", "-0.5 to 0.5", "LR+ 2"]
    write_table(pd.DataFrame({"text": cells, "number": [-1.5, 2, 3, 4, 5, 6]}), tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert read["text"].tolist() == [*(f"'{cell}" for cell in cells[:4]), *cells[4:]]
    assert read["number"].tolist()[0] == "-1.5"


def test_control_characters_do_not_break_word(tmp_path):
    docx = pytest.importorskip("docx")
    frame = pd.DataFrame({"label": ["two\x0blines \ufffe <b>"]})
    part = TablePart("t", "A caption\x0c", frame, (Column("label", "Flag\x00"),))
    document = docx.Document(str(write_word(part, tmp_path / "t.docx")))
    assert document.tables[0].rows[1].cells[0].text == "two lines   <b>"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://x", "//x", " #a", "data:text/html,x"]
)
def test_a_link_leads_nowhere_else(address):
    with pytest.raises(ArgumentError, match="a link leads to"):
        Link("words", address)


def test_no_markup_in_python_and_no_filter_that_lets_it_through():
    for path in ROOM.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"</?(p|li|ul|strong|code|div|a|span|h[1-6])\b[^>]*>", code), path
        assert "escape(" not in code, path
    for path in TEMPLATES.glob("*.j2"):
        assert not re.search(r"\|\s*safe|autoescape", path.read_text(encoding="utf-8")), path
