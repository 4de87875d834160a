"""Every format is read back by a program of others and holds what was written."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    Stamp,
    likelihood_ratios,
    save_table,
    spreadsheet_restored,
    spreadsheet_safe,
    summary_of_findings,
)
from backpain_stats.outputs import TABLE_SUFFIXES

STAMP = Stamp("backpain-stats lr", "3f2a90c1d4e7", 20131, "0.1.0", "2026-11-22")
FORMULA = "=cmd|' /C calc'!A0"
FRAME = pd.DataFrame(
    {
        "flag_id": ["age_50", "cancer_history", FORMULA],
        "lr_positive": [1 / 3, np.inf, np.nan],
        "tp": pd.array([4, None, 0], dtype="Int64"),
        "difference": [-0.25, 1e-9, 12345678.9],
        "remark": ["a | b & c_d", None, "<b>\u2265 50 %</b>\n$x$ \\input{y}"],
    }
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tables")
    return {
        suffix: save_table(FRAME, folder / f"t{suffix}", stamp=STAMP, notes=["95% intervals."])
        for suffix in TABLE_SUFFIXES
    }


def test_csv_gives_the_frame_back(written):
    read = spreadsheet_restored(pd.read_csv(written[".csv"], dtype={"tp": "Int64"}))
    pd.testing.assert_frame_equal(read, FRAME, check_exact=True, check_dtype=False)
    assert pd.read_csv(written[".csv"])["flag_id"][2] == f"'{FORMULA}"


def test_json_gives_the_frame_back_and_carries_its_stamp(written):
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    contents = json.loads(written[".json"].read_text("utf-8"), parse_constant=refuse)
    assert contents["stamp"] == {
        "command": "backpain-stats lr",
        "data_version": "3f2a90c1d4e7",
        "seed": 20131,
        "version": "0.1.0",
        "date": "2026-11-22",
    }
    rows = _numbers(pd.DataFrame(contents["rows"]))
    pd.testing.assert_frame_equal(rows, FRAME, check_exact=True, check_dtype=False)


def _numbers(read: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with infinity as a number again."""
    ratios = [float("inf") if cell == "infinity" else cell for cell in read["lr_positive"]]
    return read.assign(lr_positive=pd.array(ratios, dtype=float)).astype({"tp": "Int64"})


def test_excel_gives_the_frame_back_and_holds_no_formula(written):
    book = openpyxl.load_workbook(written[".xlsx"])
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert book.properties.description == str(STAMP)
    read = _numbers(pd.read_excel(written[".xlsx"]))
    # Excel itself stores 16 digits of a number, one less than a double may need.
    pd.testing.assert_frame_equal(
        spreadsheet_restored(read).fillna({"remark": "missing"}),
        FRAME.fillna({"remark": "missing"}),
        rtol=1e-15,
        check_dtype=False,
    )


def test_word_holds_the_printed_cells_and_its_stamp(written):
    document = docx.Document(str(written[".docx"]))
    (table,) = document.tables
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert cells[0] == list(FRAME.columns)
    assert cells[1] == ["age_50", "0.333333", "4", "-0.25", "a | b & c_d"]
    assert cells[2] == ["cancer_history", "infinity", "", "1e-09", ""]
    notes = [paragraph.text for paragraph in document.paragraphs if paragraph.text]
    assert notes == ["95% intervals.", str(STAMP)]
    assert document.core_properties.comments == str(STAMP)


def test_a_long_stamp_is_printed_whole_and_cut_in_the_properties(tmp_path):
    """A property of a Word file holds 255 letters; a command of many options has more."""
    stamp = replace(STAMP, command="backpain-stats panel " + "--flag age_50 " * 40)
    document = docx.Document(str(save_table(FRAME, tmp_path / "long.docx", stamp=stamp)))
    assert document.core_properties.comments == str(stamp)[:255]
    assert str(stamp) in [paragraph.text for paragraph in document.paragraphs]


class _Cells(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.inside = tag in ("td", "th")
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


def test_html_holds_the_printed_cells_and_runs_nothing(written):
    text = written[".html"].read_text("utf-8")
    page = _Cells(text)
    assert page.cells[:5] == list(FRAME.columns)
    assert page.cells[19] == FRAME["remark"][2]
    assert not page.tags & {"script", "b", "img", "link"}
    assert "default-src 'none'" in text
    assert str(STAMP) in text


def test_markdown_and_latex_keep_their_columns(written):
    markdown = written[".md"].read_text("utf-8").splitlines()
    # Of pipes, only those that are not escaped part two cells.
    assert [line.replace("\\|", "").count("|") for line in markdown[:5]] == [6] * 5
    assert markdown[-3:] == ["95% intervals.", "", str(STAMP)]
    latex = written[".tex"].read_text("utf-8")
    assert latex.startswith(f"% {STAMP}\n\\begin{{tabular}}{{lllll}}\n\\toprule\n")
    assert r"a | b \& c\_d" in latex
    assert r"\$x\$ \textbackslash input\{y\}" in latex


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_a_second_run_writes_the_same_bytes(written, tmp_path, suffix, monkeypatch):
    again = save_table(FRAME, tmp_path / f"t{suffix}", stamp=STAMP, notes=["95% intervals."])
    assert again.read_bytes() == written[suffix].read_bytes()
    # On another day too, if the date is given from outside.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763942400")
    one, two = (save_table(FRAME, tmp_path / f"{name}{suffix}") for name in "ab")
    assert one.read_bytes() == two.read_bytes()
    if suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(one) as parts:
            assert b"2025-11-24T00:00:00Z" in parts.read("docProps/core.xml")
    elif suffix != ".csv":
        assert "2025-11-24" in one.read_text("utf-8")


def test_a_result_is_written_in_its_own_layout_where_it_is_to_be_read(evidence, tmp_path):
    found = summary_of_findings(evidence, 0.01, target="malignancy", setting="primary_care")
    text = save_table(found, tmp_path / "findings.md").read_text("utf-8")
    assert text.startswith(found.to_markdown().strip())
    numbers = pd.read_csv(save_table(found, tmp_path / "findings.csv"))
    assert list(numbers.columns) == list(found.to_frame().columns)


def test_every_column_of_a_real_frame_survives(evidence, tmp_path):
    frame = likelihood_ratios(evidence)
    for suffix in TABLE_SUFFIXES:
        save_table(frame, tmp_path / f"lr{suffix}")
    read = pd.read_excel(tmp_path / "lr.xlsx")
    assert list(read.columns) == list(frame.columns)
    assert len(docx.Document(str(tmp_path / "lr.docx")).tables[0].rows) == len(frame) + 1


def test_a_named_index_is_a_column(tmp_path):
    frame = FRAME.set_index("flag_id")
    assert pd.read_csv(save_table(frame, tmp_path / "t.csv")).columns[0] == "flag_id"


@pytest.mark.parametrize(
    ("name", "words"),
    [("t.xslx", r"known format: \.csv.*Did you mean \.xlsx"), ("t", "known format"),
     ("", "is empty"), ("no/t.csv", "no such folder")],
)  # fmt: skip
def test_a_name_that_cannot_be_written_is_refused(name, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=words):
        save_table(FRAME, name)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_table_or_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match="not a list"):
        save_table([1, 2], tmp_path / "t.csv")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"a text of 40,000. Write \.csv"):
        save_table(pd.DataFrame({"a": ["x" * 40_000]}), tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "'=", "''+", "'"]
)
def test_no_text_opens_a_formula_and_every_text_comes_back(first):
    text = f"{first}1+cmd|' /C calc'!A0"
    frame = pd.DataFrame({text: [text, "plain", None], "number": [-1.5, -np.inf, 2]})
    safe = spreadsheet_safe(frame)
    assert safe.columns[0][0] == safe.iloc[0, 0][0] == "'"
    assert safe["number"].equals(frame["number"])
    pd.testing.assert_frame_equal(spreadsheet_restored(safe), frame)


@pytest.mark.parametrize("number", ["-1", "-0.5 to 0.5", "-12%", "-1.5e-7", "-3,000 to -1"])
def test_a_negative_number_stays_one(number):
    assert spreadsheet_safe(pd.DataFrame({"a": [number]})).iloc[0, 0] == number


@pytest.mark.parametrize("seconds", ["", "yesterday", "1e9", "9" * 30])
def test_a_date_from_outside_that_is_none_is_refused(seconds, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    with pytest.raises(ArgumentError, match="SOURCE_DATE_EPOCH is"):
        Stamp()
