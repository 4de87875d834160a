"""2x2 tables from files: the layouts of other packages, and what is asked or refused.

The counts are those of the R packages' data sets in ``tests/oracles/r``; each layout is how one
of these packages, or a spreadsheet, writes them.
"""

import importlib
import io
import json
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError, read_tables, write_tables
from backpain_stats.tables import UnclearTablesError

ROOT = Path(__file__).resolve().parents[2]
ORACLES = ROOT / "tests" / "oracles" / "r"
CELLS = ["tp", "fp", "fn", "tn"]
ONE = pd.DataFrame({"study": ["A"], "tp": [1], "fp": [2], "fn": [3], "tn": [4]})


def written(tmp_path, text, name="mine.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read_text(tmp_path, text, **options):
    return read_tables(written(tmp_path, text), **options)


def known(name):
    return pd.read_csv(ORACLES / "data" / f"{name}.csv")


def excel(tmp_path, *rows, name="mine.xlsx", change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    book.save(tmp_path / name)
    return tmp_path / name


# --- layouts of other packages -------------------------------------------------------------


def test_mada_without_names_gives_the_fit_of_r(tmp_path):
    data = known("AuditC").rename(columns=str.upper)[["TP", "FN", "FP", "TN"]]
    path = written(tmp_path, data.to_csv(index=False))
    tables = read_tables(path)
    assert tables.understood == (
        "14 studies; tp from TP, fp from FP, fn from FN, tn from TN; no study names: rows numbered"
    )
    expected = json.loads((ORACLES / "expected" / "AuditC.json").read_text())
    expected = expected["bivariate"]["binomial_quadrature_21"]
    fit = bps.fit_bivariate(path)
    # both by quadrature with 21 x 21 nodes; the optimisers stop 1e-8 apart
    assert fit.log_likelihood == pytest.approx(expected["logLik"], abs=1e-6)


def test_meta4diag_in_capitals_with_another_name_for_the_study(tmp_path):
    data = known("Telomerase")
    shipped = data.rename(columns={"study": "studynames", **{c: c.upper() for c in CELLS}})
    tables = read_text(tmp_path, shipped.to_csv(index=False, quoting=1))
    assert list(tables.frame["study"]) == list(data["study"])
    assert tables.frame[CELLS].equals(data[CELLS])
    assert "No.Study" in tables.frame  # other columns keep their names


def test_metadta_author_and_year_make_the_study(tmp_path):
    data = known("IQCODE")
    shipped = data.drop(columns="study").rename(columns={c: c.upper() for c in CELLS})
    tables = read_text(tmp_path, shipped.to_csv(index=False))
    assert list(tables.frame["study"]) == list(data["study"])
    assert {"author", "year", "Threshold"} <= set(tables.frame)
    assert "study from author and year" in tables.understood


def test_metadat_totals_in_place_of_cells_and_arms_not_studied(tmp_path):
    # the layout of dat.kearon1998; np: with the condition, nn: without it
    text = "id,study,tp,np,tn,nn\n1,Elias,325,333,483,505\n2,Appleman,NA,NA,47,49\n"
    text += "3,Jongbloets,16,80,NA,NA\n4,Atri,NA,NA,NA,NA\n"
    tables = read_text(tmp_path, text)
    frame = tables.frame
    assert frame[CELLS].iloc[0].tolist() == [325, 22, 8, 483]
    assert frame.loc[1, ["fp", "tn"]].tolist() == [2, 47]
    assert frame.loc[1, ["tp", "fn"]].isna().all()
    assert frame.loc[2, ["fp", "tn"]].isna().all()
    assert tables.set_aside.to_numpy().tolist() == [["line 5", "Atri", "no counts"]]
    for words in ("cases from np", "noncases from nn", "1 row without cases",
                  "1 row without non-cases", "line 5 (no counts)"):  # fmt: skip
        assert words in tables.understood


def test_several_results_of_a_study_are_asked_about(tmp_path):
    text = "author,study_id,result_id,TP,FN,FP,TN\n"
    text += "Bauman,1,1,21,15,28,324\nBauman,1,2,90,10,120,969\nCohen,4,1,350,35,77,155\n"
    path = written(tmp_path, text)
    assert len(read_tables(path).frame) == 3
    with pytest.raises(UnclearTablesError) as asked:
        bps.fit_bivariate(path)
    assert "only={'result_id': '1'}" in str(asked.value)
    assert "study=['author', 'result_id']" in str(asked.value)
    assert "--only result_id=1" in asked.value.at_command_line()
    assert len(read_tables(path, only={"result_id": 1}).one_row_a_study()) == 2
    apart = read_tables(path, study=["author", "result_id"]).one_row_a_study()
    assert list(apart["study"]) == ["Bauman 1", "Bauman 2", "Cohen 1"]


def test_two_tests_side_by_side_become_rows(tmp_path):
    text = "studyid,test1,test2,tp1,fp1,tn1,fn1,tp2,fp2,tn2,fn2,age\n"
    text += "Clavel,LBC,HC2,72,385,5184,10,129,1085,6718,0,any\n"
    text += "Clavel,CC,HC2,32,104,2130,15,129,1085,6718,0,any\n"
    text += "Li,LBC,HC2,69,370,2118,5,67,351,2137,7,any\n"
    tables = read_text(tmp_path, text)
    assert tables.frame[["study", "test"]].to_numpy().tolist() == [
        ["Clavel", "LBC"], ["Clavel", "HC2"], ["Clavel", "CC"], ["Li", "LBC"], ["Li", "HC2"],
    ]  # fmt: skip
    assert tables.frame[CELLS].iloc[1].tolist() == [129, 1085, 0, 6718]
    # the second HC2 of Clavel is the first one again, beside another test
    assert tables.set_aside["row"].tolist() == ["line 3"]
    only = read_tables(tables, only={"test": "HC2"}).one_row_a_study()
    assert list(only["study"]) == ["Clavel", "Li"]
    again = read_tables(tables, only={"test": "HC2"})
    assert "line 3" in again.understood  # what was set aside stays known
    assert again.labels == ("line 2", "line 4")


def test_tests_in_the_same_patients_are_never_named_apart(tmp_path):
    # that would reverse the conclusion of the Handbook's CT and MRI: see compare_tests
    text = "study,test,tp,fp,fn,tn\nA,CT,1,2,3,4\nA,MRI,2,1,2,5\n"
    with pytest.raises(UnclearTablesError, match="compare_tests") as asked:
        read_text(tmp_path, text).one_row_a_study()
    assert "study=" not in str(asked.value)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("study,True Positives,FALSE_POSITIVES,FalseNeg,n.tn", "A,1,2,3,4"),
        ("tn\tfn\tfp\ttp\tstudy", "4\t3\t2\t1\tA"),
        ("names;TP;FP;FN;TN", "A;1;2;3;4"),
        ("Study ID|tp|fp|fn|tn", "A|1|2|3|4"),
        ("study,tp,fp,cases,noncases", "A,1,2,4,6"),
        ("study,tp,n_cases,fp,N", "A,1,4,2,10"),
        ("study,tp,tn,test_positives,test_negatives,n_cases", "A,1,4,3,7,4"),
        ("TP,FP,FN,TN", '"A",1,2,3,4'),  # row names of R, without a name for their column
        (",TP,FP,FN,TN", "A,1,2,3,4"),
        ('"study" "TP" "FP" "FN" "TN"', '"A" 1 2 3 4'),
        ("study,tp,fp,fn,tn,,", "A,1.0,2.0,3,4,,"),
        ("study,tp,fp,fn,tn,n", "A,1,2,3,4,9"),  # a total that differs is a column like another
        ("study,True positives (TP),No. of FP,number of FN,# TN", "A,1,2,3,4"),
        ('"Study\nID",tpA,fpA,fnA,tnA', "A,1,2,3,4"),
        ("study,tp_CT,fp_CT,fn_CT,tn_CT,FP (%)", "A,1,2,3,4,33"),
        ("Table 1. Included studies\n\nstudy,tp,fp,fn,tn", "A,1,2,3,4"),
    ],
)
def test_reads_what_has_one_meaning(tmp_path, header, row):
    frame = read_text(tmp_path, f"{header}\n{row}\n").frame
    assert frame[["study", *CELLS]].to_numpy().tolist() == [["A", 1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", ""), ("utf-16", ""), ("cp1252", "letters read as Windows-1252")],
)
def test_encodings(tmp_path, encoding, said):
    text = "study,tp,fp,fn,tn\r\nMüller,1,2,3,4\r\n"
    tables = read_text(tmp_path, text.encode(encoding))
    assert tables.frame["study"].tolist() == ["Müller"]
    assert said in tables.understood


def test_decimal_commas_where_semicolons_separate(tmp_path):
    text = "study;tp;fp;fn;tn;age;place\nA;1;2;3;4;3,5;x, y\nB;5;6;7;8;;z\n"
    frame = read_text(tmp_path, text).frame
    assert frame["age"].iloc[0] == 3.5
    assert np.isnan(frame["age"].iloc[1])
    assert frame["place"].tolist() == ["x, y", "z"]


def test_the_header_may_be_told(tmp_path):
    text = "who,when,a,n1,c,n2\nDeyo,1988,4,13,1921,1962\n"
    tables = read_text(
        tmp_path, text, study=["who", "when"],
        columns={"tp": "a", "cases": "n1", "tn": "C", "noncases": "n2"},
    )  # fmt: skip
    assert tables.frame[["study", *CELLS]].to_numpy().tolist() == [["Deyo 1988", 4, 41, 9, 1921]]
    assert tables.frame["when"].tolist() == [1988]


# --- asked and refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty file"),
        ("study,tp,fp,fn,tn\n", "no rows"),
        ("study,tp,fp,fn,tn\nA,one,2,3,4\n", "line 2.*'one'"),
        ("study,TP,fp,fn,tn\nA,1,2,3,4\nB,-1,2,3,4\n", "line 3, column TP: '-1'"),
        ("study,tp,fp,fn,tn\nA,1,2.5,3,4\n", r"2\.5"),
        ('study,tp,fp,fn,tn\nA,"1,000",2,3,4\n', "'1,000'"),  # one or a thousand
        ("study;tp;fp;fn;tn\nA;1.000;2;3;4\n", r"'1\.000'"),
        ("study,TP (%),FP (%),FN (%),TN (%)\nA,60,10,40,90\n", r"lacks the column\(s\) tp"),
        ("study,tp,fp,fn,tn\nA,1,2,3,4,1988\nB,5,6,7,8,1990\n", "6 cells, the header 5"),
        ("tp,fp,fn,tn\n1,2,3,4,9\n", "5 cells, the header 4"),
        (
            "study,tp1,fp1,fn1,tn1,tp2,fp2,fn2,tn2,tp3,fp3\nA,1,2,3,4,5,6,7,8,9,9\n",
            "of 3 only tp3, fp3",
        ),
        ("study,tp,fp,fn,tn\nA,1,,3,4\n", "line 2 gives tn but not fp.*leave both empty"),
        ("study,tp,np,tn,nn\nA,1,,3,4\n", "line 2 gives tp but not fn"),
        ("study,tp,np,tn,nn\nA,,9,3,4\n", "line 2 has 9 cases but neither tp nor fn"),
        ("study,tp,cases,tn,noncases\nA,5,3,3,4\n", "tp, tn, cases, noncases do not go together"),
        ("study,tp,fp,tn\nA,1,2,3\n", r"lacks the column\(s\) fn.*columns=\{'fn': 'COLUMN'\}"),
        ("study,a,b,c,d\nA,1,2,3,4\n", "What a, b, c, d stand for differs"),
        ("study,tp,n1,fp,n2\nA,1,2,3,4\n", "What n1, n2 stand for differs"),
        ("study,tp,np,fp,nn\nA,1,2,3,4\n", "What np, nn stand for differs"),
        ("A,1,2,3,4\n", "header"),
        ("study,TP,tp,fp,fn,tn\nA,1,1,2,3,4\n", "several columns for tp.*columns="),
        ("study,tp,tp,fp,fn,tn\nA,1,1,2,3,4\n", "give each its own name"),
        ("study,tp,fp,fn,tn,tp_x,fp_x,fn_x,tn_x\nA,1,2,3,4,5,6,7,8\n", "more than once"),
        ("study,tp,fp,fn,tn\n,1,2,3,4\n", "no study name in line 2"),
        ("author,year,tp,fp,fn,tn\n,1999,1,2,3,4\n", "no study name in line 2"),
        ("study,tp,fp,fn,tn\nA,1,2,3\n", "line 2: the row has 4 cells"),
        ("study,tp,fp,fn,tn\nA,1,2,3,4,\nB,1,2,3,4\n", "line 2: the row has 6 cells"),
        ("study,tp,fp,fn,tn,\nA,1,2,3,4,5\n", "without a name"),
        ('study,tp,fp,fn,tn\n"A,1,2,3,4\n', "quotation mark"),
        ("study,tp,fp,fn,tn\nA,1,1,1,1\nB,1,1,1,1\nTotal,2,2,2,3\n", "not the sum"),
        ("study,tp,fp,fn,tn\nA,1,1,1,1\nB,1,1,1,1\nSumme,2,2,2,2\n", "is the sum"),
        (b"study,tp,fp,fn,tn\n\x00,1,2,3,4\n", "zero bytes"),
        (b"\x81\x8d,1", "neither UTF-8 nor Windows-1252"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        (b"%PDF-1.4", "PDF"),
        (b"PK\x03\x04rest", "damaged or locked"),
        (b'<?xml version="1.0"?><COCHRANE_REVIEW>', "RevMan 5 file.*not published"),
    ],
)
def test_refuses_with_the_place(tmp_path, text, words):
    with pytest.raises(DataError, match=words) as caught:
        bps.fit_bivariate(written(tmp_path, text))
    assert "mine.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_advice_that_would_swap_cells():
    # fp and fn must not be offered in the place of tp and tn
    frame = pd.DataFrame({"study": ["A"], "tp": [1], "total_p": [5], "tn": [3], "total_n": [9]})
    with pytest.raises(UnclearTablesError) as asked:
        bps.fit_bivariate(frame)
    assert "rename" not in str(asked.value)
    assert "'fp': 'COLUMN'" in str(asked.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": {"tpp": "tp"}}, "columns names 'tpp'; it may name: tp"),
        ({"columns": {"tp": "zz"}}, "columns has tp='zz'; mine.csv has: study, tp"),
        ({"columns": {"tp": "tp", "fn": "tp"}}, "one column for two"),
        ({"study": "zz"}, "study has 'zz'; mine.csv has"),
        ({"study": []}, "empty list"),
        ({"only": {"zz": 1}}, "only names 'zz'"),
        ({"only": {"study": "Z"}}, "only has study=Z; mine.csv has there: A"),
        ({"sheet": "x"}, "is text and has no sheets"),
    ],
)
def test_options_that_name_nothing(tmp_path, options, words):
    with pytest.raises(ArgumentError, match=words):
        read_text(tmp_path, ONE.to_csv(index=False), **options)


def test_missing_file_folder_and_what_is_none(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_tables(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="directory"):
        read_tables(tmp_path)
    with pytest.raises(DataError, match="not int"):
        read_tables(3)


def test_a_row_of_sums_is_set_aside(tmp_path):
    text = "study,tp,fp,fn,tn\nA,1,1,1,1\nB,1,1,1,1\nTotal,2,2,2,2\n"
    tables = read_text(tmp_path, text)
    assert tables.frame["study"].tolist() == ["A", "B"]
    assert "set aside: line 4 (the sum of the other rows)" in tables.understood


def test_a_question_survives_pickling():
    asked = UnclearTablesError("which? ", ("only", {"test": "a b"}))
    again = pickle.loads(pickle.dumps(asked))
    assert again.at_command_line() == "which? --only 'test=a b'"


# --- Excel and data packages ---------------------------------------------------------------


def test_excel(tmp_path):
    path = excel(
        tmp_path, ["Table 2"], ["Author", "Year", "TP", "FP", "FN", "TN", "QUADAS"],
        ["Deyo", 1988, 4, 41, 9, 1921, "low"], ["Reinus", 1998, 7, 13.0, 0, 462, None],
    )  # fmt: skip
    tables = read_tables(path)
    assert tables.frame["study"].tolist() == ["Deyo 1988", "Reinus 1998"]
    assert tables.frame[CELLS].to_numpy().tolist() == [[4, 41, 9, 1921], [7, 13, 0, 462]]
    assert "header in row 2" in tables.understood


def second_sheet(book):
    other = book.create_sheet("MRI")
    other.append(["study", "tp", "fp", "fn", "tn"])
    other.append(["B", 5, 6, 7, 8])


def formula(book):
    book.active["B2"] = "=1+1"


def merged(book):
    book.active.append(["B", 1, 2, 3, 4])
    book.active.merge_cells("B2:B3")


def dates(book):
    book.active["B2"] = pd.Timestamp("2024-03-04").to_pydatetime()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (second_sheet, r"2 sheets.*\(Sheet, MRI\).*sheet='Sheet'"),
        (formula, "B2 is a formula whose value was not saved"),
        (merged, "B2:B3 are merged"),
        (dates, "not counts.*2024-03-04"),
    ],
)
def test_excel_that_shows_other_than_it_holds(tmp_path, change, words):
    path = excel(tmp_path, ["study", *CELLS], ["A", 1, 2, 3, 4], change=change)
    with pytest.raises(DataError, match=words):
        read_tables(path)
    if change is second_sheet:
        assert read_tables(path, sheet="MRI").frame["tp"].tolist() == [5]
        with pytest.raises(ArgumentError, match="has: Sheet, MRI"):
            read_tables(path, sheet="CT")


@pytest.mark.parametrize("inside", ["content.xml", "xl/workbook.bin"])
def test_other_spreadsheets_are_named(tmp_path, inside):
    path = tmp_path / "mine.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, "x")
    with pytest.raises(DataError, match="OpenDocument or binary Excel"):
        read_tables(path)


def test_a_workbook_that_only_looks_like_one(tmp_path):
    path = tmp_path / "mine.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    with pytest.raises(DataError, match="damaged or locked Excel"):
        read_tables(path)


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 60_000_000)
    with pytest.raises(DataError, match="unpacks to more than 50 MB"):
        read_tables(path)


def package(tmp_path, **files):
    path = tmp_path / "CD000001-SUP-07-dataPackage.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            folder = "CD000001-study-data" if "study" in name else "CD000001-analysis-data"
            archive.writestr(f"{folder}/CD000001-{name.replace('_', '-')}.csv", text)
    return path


def test_a_data_package_of_a_review_of_test_accuracy(tmp_path):
    tables = "Test number,Study,TP,FP,FN,TN\n1,Deyo 1988,4,41,9,1921\n2,Deyo 1988,1,2,12,1960\n"
    rows = "Analysis number,Study,TP,FP,FN,TN\n1,Deyo 1988,4,41,9,1921\n"
    path = package(
        tmp_path, study_test_data=tables, data_rows=rows, parameters="Analysis number\n1\n"
    )
    read = read_tables(path, only={"Test number": 1})
    assert read.frame[["study", *CELLS]].to_numpy().tolist() == [["Deyo 1988", 4, 41, 9, 1921]]
    assert "from CD000001-study-test-data.csv" in read.understood
    by_analysis = read_tables(path, sheet="CD000001-data-rows.csv")
    assert "Analysis number" in by_analysis.frame


def test_a_package_without_tables_is_refused(tmp_path):
    path = package(tmp_path, data_rows="Study,Experimental cases,Experimental N\nA,1,2\n")
    with pytest.raises(DataError, match=r"intervention review.*CD000001-data-rows\.csv"):
        read_tables(path)


# --- wherever tables enter -----------------------------------------------------------------


def test_every_function_takes_what_read_tables_takes():
    data = known("Telomerase")
    other = data.rename(columns={"study": "names", "tp": "TruePos", "tn": "True.Negatives"})
    fit, again = bps.fit_bivariate(data), bps.fit_bivariate(other)
    assert fit.log_likelihood == again.log_likelihood
    for function in (
        bps.study_accuracy,
        lambda given: bps.deeks_test(given).to_frame(),
        lambda given: bps.pool_univariate(given, "odds_ratio", correction="all").to_frame(),
        lambda given: bps.pool_proportion(given).to_frame(),
        lambda given: bps.accuracy(given, measures=["sensitivity"]),
    ):
        pd.testing.assert_frame_equal(
            function(data).drop(columns="No.Study", errors="ignore"),
            function(other).drop(columns="No.Study", errors="ignore"),
        )


def test_a_fit_of_a_file_says_what_was_read(tmp_path):
    text = known("Telomerase").to_csv(index=False) + "Empty,,,,,\n"
    shown = " ".join(str(bps.fit_bivariate(written(tmp_path, text))).split())
    assert "Read from mine.csv: 10 studies; tp, fp, fn, tn by name" in shown
    assert "set aside: line 12 (no counts)" in shown


def test_rows_without_names_are_no_studies_where_a_study_has_several():
    rows = pd.DataFrame({"test": ["CT", "MRI"] * 4, **{cell: range(3, 11) for cell in CELLS}})
    for call in (
        lambda: bps.compare_tests(rows),
        lambda: bps.fit_thresholds(rows.assign(threshold=1.0)),
        lambda: bps.fit_bayes(rows, several_tables=True),
    ):
        with pytest.raises(DataError, match="names the study"):
            call()


def test_designs_read_files(tmp_path):
    # five studies that gave both tests: Cochrane Handbook for DTA reviews v2, appendix 12
    text = "StudyID,TP_CT,FP_CT,FN_CT,TN_CT,TP_MRI,FP_MRI,FN_MRI,TN_MRI\n"
    text += """Dewey 2006,62,5,4,46,42,2,7,39
Kefer 2005,32,6,2,12,30,9,4,9
Langer 2009,25,2,1,40,18,15,8,27
Maintz 2007,15,2,1,2,15,1,1,3
Pouleur 2008,16,7,1,53,17,17,0,43
"""
    compared = bps.compare_tests(written(tmp_path, text), nodes=1)
    # glmer of lme4 1.1-31 with the Laplace approximation, printed to three decimals
    assert compared.log_likelihood == pytest.approx(-44.732, abs=5e-4)


def test_an_arm_that_was_not_studied_is_not_estimable():
    frame = pd.DataFrame({"study": ["A"], "TP": [None], "FP": [2], "FN": [None], "TN": [4]})
    table = bps.accuracy(read_tables(frame), measures=["sensitivity", "specificity"])
    assert table["method"].tolist() == ["not estimable: no cases", "wilson"]


def test_frames_keep_their_kinds_and_row_names():
    frame = ONE.drop(columns="study").assign(group=pd.Categorical(["x"]))
    frame = frame.rename(columns={"tp": "TP"}).set_index(pd.Index(["Deyo"]))
    tables = read_tables(frame)
    assert tables.frame["study"].tolist() == ["Deyo"]
    assert isinstance(tables.frame["group"].dtype, pd.CategoricalDtype)
    with pytest.raises(DataError, match="row 'Deyo', column TP"):
        read_tables(frame.assign(TP="x"))


def test_the_result_shows_itself():
    tables = read_tables(ONE.rename(columns={"tp": "TP"}))
    assert tables.understood in str(tables)
    assert "<td>" in tables._repr_html_()
    assert tables.to_frame() is tables.frame


# --- out -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["plain", "revman"])
@pytest.mark.parametrize("end", ["csv", "tsv", "xlsx"])
def test_tables_out_and_in_again_are_equal(tmp_path, layout, end):
    frame = pd.DataFrame(
        {
            "study": ["Müller, 1988", 'say "yes"', "C"],
            "test": ["CT", "CT", "MRI"],
            "tp": pd.array([4, pd.NA, 0], dtype="Int64"),
            "fp": [41, 13, 2],
            "fn": pd.array([9, pd.NA, 1], dtype="Int64"),
            "tn": [1921, 462, 10**9],
            "age": [50.5, np.nan, 70.0],
            "place": ["x;y", None, "z"],
        }
    )
    tables = read_tables(frame)
    path = write_tables(tables, tmp_path / f"out.{end}", layout=layout)
    order = ["study", *CELLS, "test", "age", "place"]
    pd.testing.assert_frame_equal(
        read_tables(path).frame[order], tables.frame[order], check_dtype=False
    )
    if layout == "revman" and end == "csv":
        assert path.read_text().startswith("Study,TP,FP,FN,TN,test")


def test_files_of_others_stay(tmp_path):
    path = write_tables(ONE, tmp_path / "out.csv")
    with pytest.raises(ArgumentError, match="there already"):
        write_tables(ONE, path)
    assert write_tables(ONE, path, force=True) == path
    with pytest.raises(ArgumentError, match=r"end in .csv, .tsv, .xlsx"):
        write_tables(ONE, tmp_path / "out.sav")
    with pytest.raises(ArgumentError, match="cannot be written"):
        write_tables(ONE, tmp_path / "nowhere" / "out.csv")


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    path = excel(tmp_path, ["study", *CELLS], ["A", 1, 2, 3, 4])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    for call in (lambda: read_tables(path), lambda: write_tables(ONE, tmp_path / "out.xlsx")):
        with pytest.raises(bps.MissingExtraError, match=r"backpain-stats\[excel\]"):
            call()


# --- damaged -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fuzz():
    """Import the script that damages files."""
    return importlib.import_module("fuzz_tables")


def test_damaged_files_are_read_right_or_refused(fuzz, tmp_path):
    # other seeds than those of the committed report
    results = {}
    for seed in range(10_000, 10_060):
        made = fuzz.make(seed)
        result, words = fuzz.outcome(made, tmp_path)
        results.setdefault(result, []).append((seed, made.layout, made.damage, words))
        if made.damage == "none":
            assert result == "right", (seed, made.layout, words)
    assert set(results) == {"right", "refused"}, results
    assert len(results["right"]) > 15


def test_what_is_checked_can_fail(fuzz, tmp_path):
    made = fuzz.make(10_000)
    truth = made.truth.assign(tp=made.truth["tp"] + 1)
    assert fuzz.outcome(made._replace(truth=truth), tmp_path)[0] in ("wrong", "refused")
    junk = made._replace(data=io.BytesIO(b"\x00").getvalue(), end=".csv")
    assert fuzz.outcome(junk, tmp_path)[0] == "refused"
