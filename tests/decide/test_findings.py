"""Summary of findings: the numbers, the panel's judgements, and four printed forms."""

import sys
from html.parser import HTMLParser

import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    DataError,
    MissingExtraError,
    natural_frequencies,
    summary_of_findings,
)
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.decide.judgements import (
    contradictions,
    judgement_template,
    read_judgements,
)

TABLES = pd.DataFrame(
    {
        "flag": ["cancer_history", "any_of_4"],
        "tp": [4, 13],
        "fp": [41, 785],
        "fn": [9, 0],
        "tn": [1921, 1177],
    }
)
FLAGS = list(TABLES["flag"])


class Cells(HTMLParser):
    """Collect the table's rows as lists of cell texts, and the nesting errors."""

    def __init__(self):
        super().__init__()
        self.rows, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def found():
    return summary_of_findings(TABLES, [0.003, "13/1975", "0.1% to 0.7%"])


def test_frame_holds_the_natural_frequencies(found):
    wide = natural_frequencies(TABLES, [0.003, "13/1975", "0.1% to 0.7%"])
    assert len(found.frame) == 4 * len(wide)
    for _, row in found.frame.iterrows():
        cell = {"true_positives": "tp", "false_positives": "fp"}.get(
            row["outcome"], {"false_negatives": "fn", "true_negatives": "tn"}.get(row["outcome"])
        )
        same = wide[
            (wide["flag_id"] == row["flag_id"]) & (wide["prevalence"] == row["prevalence"])
        ].iloc[0]
        assert row["count"] == same[cell]
        assert (row["ci_low"], row["ci_high"]) == (same[f"{cell}_low"], same[f"{cell}_high"])
    totals = found.frame.groupby(["flag_id", "prevalence"])["count"].sum()
    assert (totals == 1000).all()


@pytest.mark.parametrize("prevalence", [0.003, 0.0066, 0.0194, 0.5])
def test_printed_ends_of_opposite_cells_add_up(prevalence):
    row = natural_frequencies(TABLES, prevalence).iloc[0]
    for one, other, total in (
        ("tp", "fn", row["diseased"]),
        ("fp", "tn", 1000 - row["diseased"]),
    ):
        low = int(count_phrase(row, one).split("(")[1].split(" to ")[0])
        high = int(count_phrase(row, other).split(" to ")[1].rstrip(")"))
        assert low + high == total


def test_markdown_and_html_have_the_same_cells(found):
    layout = found.layout()
    parser = Cells()
    parser.feed(found.to_html())
    assert parser.open == []
    body = [row for row in parser.rows[2:] if len(row) > 1]
    merged = [
        [cell for cell in row if cell is not None] for _, rows in layout.blocks for row in rows
    ]
    assert body == merged
    lines = [line for line in found.to_markdown().splitlines() if line.startswith("| ")]
    printed = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    printed = [row for row in printed if not row[0].startswith("**")]
    assert printed == [[cell or "" for cell in row] for _, rows in layout.blocks for row in rows]
    assert len(body) == 8
    assert all(len(row) == len(layout.head) for row in printed)


def test_studies_stand_with_their_patients_of_the_group(found):
    first = [row for _, rows in found.layout().blocks for row in rows if row][:4]
    printed = {cell for row in first for cell in row if cell and cell.startswith("1 (")}
    assert printed == {"1 (13)", "1 (1,962)"}


def test_nothing_is_judged_by_the_software(found):
    columns = ["risk_of_bias", "indirectness", "inconsistency", "imprecision", "publication_bias"]
    assert (found.judgements[[*columns, "certainty"]] == "").all().all()


def test_judgements_are_placed_and_escaped(tmp_path):
    sheet = judgement_template(FLAGS)
    sheet.loc[0, ["imprecision", "certainty", "reason"]] = [
        "very serious",
        "very low",
        "13 <cases>",
    ]
    path = tmp_path / "judgements.csv"
    sheet.to_csv(path, index=False)
    found = summary_of_findings(TABLES, 0.003, judgements=path)
    rows = found.layout().blocks[0][1]
    # Pairs of outcomes are rated together: the second of each shares the cells of the first.
    assert [row[-1] for row in rows] == ["⊕◯◯◯ very low [a]", None, "", None]
    assert "a. 13 &lt;cases&gt;" in found.to_html()
    assert "13 <cases>" not in found.to_html()


def test_csv_has_numbers_and_judgements(found, tmp_path):
    read = pd.read_csv(found.to_csv(tmp_path / "findings.csv"))
    assert len(read) == len(found.frame)
    assert {"estimate", "ci_low", "ci_high", "ci_level", "certainty", "cohort_id"} <= set(read)


def test_word_document_has_every_cell(found, tmp_path):
    docx = pytest.importorskip("docx")
    document = docx.Document(str(found.to_docx(tmp_path / "findings.docx")))
    assert document.paragraphs[0].text == found.title
    assert document.sections[0].page_width > document.sections[0].page_height
    table = document.tables[0]
    layout = found.layout()
    body = [[cell.text for cell in row.cells] for row in table.rows]
    assert body[1] == [own for _, own in layout.head]
    printed = [row for row in body[2:] if len(set(row)) > 1]
    for (_, rows), start in zip(layout.blocks, (0, 4), strict=True):
        for line, row in enumerate(rows):
            above = printed[start + line - 1]
            whole = [above[i] if cell is None else cell for i, cell in enumerate(row)]
            assert printed[start + line] == whole


def test_word_without_the_extra_names_the_install_line(found, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'backpain-stats\[docx\]'"):
        found.to_docx(tmp_path / "findings.docx")


def test_all_problems_of_a_sheet_are_listed_at_once():
    sheet = judgement_template(["cancer_history", "age_50"])
    sheet.loc[0, "risk_of_bias"] = "bad"
    sheet.loc[1, "group"] = "others"
    sheet.loc[2, "group"] = "noncases"
    with pytest.raises(DataError) as caught:
        read_judgements(sheet, ["cancer_history"])
    message = str(caught.value)
    assert "line 2, risk_of_bias: 'bad'; allowed: not serious, serious, very serious" in message
    assert "line 3, group: 'others'; allowed: cases, noncases" in message
    assert "line 4, flag_id: 'age_50' is not in this summary" in message
    assert "age_50, noncases: judged in more than one line" in message


def test_a_sheet_that_is_no_sheet_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"lacks the column\(s\) group"):
        read_judgements(judgement_template(FLAGS).drop(columns="group"), FLAGS)
    with pytest.raises(DataError, match="cannot be read"):
        read_judgements(tmp_path / "absent.csv", FLAGS)


def test_layout_holds_at_most_three_prevalences():
    with pytest.raises(ArgumentError, match="4 prevalences"):
        summary_of_findings(TABLES, [0.001, 0.002, 0.003, 0.004])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_sheet_is_read_as_spreadsheets_save_it(tmp_path, separator, encoding):
    sheet = judgement_template(FLAGS)
    sheet["imprecision"], sheet["imprecision_reason"] = "Very Serious", "à peine 13 cas"
    sheet["certainty"] = "LOW"
    path = tmp_path / "sheet.csv"
    sheet.to_csv(path, index=False, sep=separator, encoding=encoding)
    read = read_judgements(path, FLAGS)
    assert (read["imprecision"] == "very serious").all()
    assert (read["imprecision_reason"] == "à peine 13 cas").all()
    assert (read["certainty"] == "low").all()


def test_a_sheet_without_the_columns_of_reasons_is_read():
    """Sheets of earlier versions had one reason a row."""
    sheet = judgement_template(FLAGS).assign(reason="one for all")
    old = sheet.drop(columns=[name for name in sheet if name.endswith("_reason")])
    assert (read_judgements(old, FLAGS)["reason"] == "one for all").all()


@pytest.mark.parametrize(
    ("serious", "certainty", "agrees"),
    [
        ([], "high", True),
        ([], "moderate", False),
        (["very serious"] * 4, "high", False),
        (["very serious"] * 4, "very low", True),
        (["serious", "serious"], "high", False),
        (["serious", "serious"], "moderate", True),  # two borderline domains may cost one level
        (["serious", "serious"], "low", True),
        (["serious", "serious"], "very low", False),
        (["very serious"], "moderate", False),
    ],
)
def test_a_certainty_that_contradicts_its_domains_is_pointed_out(serious, certainty, agrees):
    sheet = judgement_template(["age_50"]).iloc[[0]].assign(certainty=certainty)
    domains = ["risk_of_bias", "indirectness", "inconsistency", "imprecision"]
    for domain, judged in zip(domains, serious, strict=False):
        sheet[domain] = judged
    assert (not contradictions(sheet)) is agrees
