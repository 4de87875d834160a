"""Every kind of careless file, one at a time and all at once."""

from __future__ import annotations

import warnings

import pytest

from backpain_stats import DataError, EvidenceError, load_evidence
from backpain_stats.evidence import check_evidence
from backpain_stats.evidence.problems import PROBLEM_COLUMNS


def found(folder, **kwargs):
    """Return the problems but for the note on optional columns that are not there."""
    frame = check_evidence(folder.path, **kwargs)
    return frame[frame["severity"] != "note"].reset_index(drop=True)


def only(folder, severity="error", **kwargs):
    frame = found(folder, **kwargs)
    assert len(frame) == 1, frame.to_string()
    row = frame.iloc[0]
    assert row["severity"] == severity
    return row


def test_a_valid_folder_has_no_problem_and_loads(folder):
    assert found(folder).empty
    evidence = load_evidence(folder.path)
    assert len(evidence.accuracy) == 2
    assert evidence.accuracy["sensitivity"].tolist() == ["0.75", "0.30"]
    assert evidence.claims.empty


def test_the_frame_has_the_promised_columns(folder):
    assert tuple(check_evidence(folder.path).columns) == PROBLEM_COLUMNS


CELLS = {
    # file, old, new -> line, column, value, words of the problem, words of what is allowed
    "broken reference": (
        ("accuracy.csv", "smith_malignancy,night_sweats", "smith_malignancy,night_sweat"),
        (2, "flag_id", "night_sweat", "not in flags.csv", "did you mean night_sweats"),
    ),
    "broken reference in a list": (
        ("accuracy.csv", "jones2021;smith2020", "jones2021;smyth2020"),
        (2, "also_reported_in", "jones2021;smyth2020", "'smyth2020' is not in", "smith2020"),
    ),
    "broken same_patients_as": (
        ("cohorts.csv", "seen_primary,yes,\njones", "seen_primary,yes,nobody\njones"),
        (2, "same_patients_as", "nobody", "not in cohorts.csv", "a name of cohorts.csv"),
    ),
    "same_patients_as in a circle": (
        ("cohorts.csv", "seen_primary,yes,\njones", "seen_primary,yes,smith_malignancy\njones"),
        (2, "same_patients_as", "smith_malignancy", "leads back", "names no other"),
    ),
    "duplicate name": (
        ("flags.csv", "systemic,,\n", "systemic,,\nlump,Lumps,symptom,lumps,,\n"),
        (4, "flag_id", "lump", "is there already", "each name once"),
    ),
    "percent in place of a proportion": (
        ("accuracy.csv", ",0.30,", ",30,"),
        (4, "sensitivity", "30", "out of range", "write 30%"),
    ),
    "more than 100%": (
        ("accuracy.csv", ",0.30,", ",>190%,"),
        (4, "sensitivity", ">190%", "out of range", "0 to 1"),
    ),
    "decimal comma": (
        ("accuracy.csv", ",0.30,", ',"0,30",'),
        (4, "sensitivity", "0,30", "not a figure", "write 0.30"),
    ),
    "text in a number": (
        ("accuracy.csv", ",0.30,", ",low,"),
        (4, "sensitivity", "low", "not a figure", "as printed"),
    ),
    "text in a count": (
        ("accuracy.csv", ",15,60,", ",15,sixty,"),
        (2, "fp", "sixty", "not a whole number", "digits only"),
    ),
    "a count with decimals": (
        ("cohorts.csv", ",200,20,", ",200.0,20,"),
        (2, "n", "200.0", "not a whole number", "digits only"),
    ),
    "low above high": (
        ("accuracy.csv", "0.53,0.89", "0.89,0.53"),
        (2, "sensitivity_low", "0.89", "above sensitivity_high 0.53", "lower end first"),
    ),
    "an end in percent": (
        ("accuracy.csv", "0.53,0.89", "0.53,89"),
        (2, "sensitivity_high", "89", "out of range", "-1 to 2"),
    ),
    "cases do not add up": (
        ("accuracy.csv", ",15,60,5,120,", ",15,60,6,119,"),
        (2, "tp", "15", "tp + fn = 21, the cohort has 20", "n_cases"),
    ),
    "more patients than n": (
        ("accuracy.csv", ",15,60,5,120,", ",15,60,5,130,"),
        (2, "fp", "60", "holds 210 patients, the cohort has 200", "no more"),
    ),
    "more cases than n": (
        ("cohorts.csv", ",100,10,", ",100,110,"),
        (3, "n_cases", "110", "larger than n, 100", "at most n"),
    ),
    "unknown word": (
        ("cohorts.csv", "primary_care", "primary care"),
        (2, "setting", "primary care", "not in the vocabulary", "did you mean primary_care"),
    ),
    "spaces around": (
        ("cohorts.csv", "malignancy,primary_care", "malignancy ,primary_care"),
        (2, "target", "malignancy ", "spaces around", "'malignancy'"),
    ),
    "a required cell is empty": (
        ("flags.csv", ",examination,", ",,"),
        (3, "category", "", "cell is empty", "must be filled in"),
    ),
    "spaces in a name": (
        ("flags.csv", "examination,lumps", "examination,two lumps"),
        (3, "family", "two lumps", "not a name", "no spaces"),
    ),
    "DOI with resolver": (
        ("sources.csv", "10.1000/x1", "https://doi.org/10.1000/x1"),
        (2, "doi", "https://doi.org/10.1000/x1", "not a DOI", "starts with 10."),
    ),
    "a year": (
        ("sources.csv", "Smith 2020,2020", "Smith 2020,20"),
        (2, "year", "20", "not a year", "four digits"),
    ),
}


@pytest.mark.parametrize("case", CELLS)
def test_one_wrong_cell_is_one_problem_with_its_place(folder, case):
    edit, (line, column, value, problem, allowed) = CELLS[case]
    folder.replace(*edit)
    row = only(folder)
    assert row["file"] == edit[0]
    assert (row["line"], row["column"], row["value"]) == (line, column, value)
    assert problem in row["problem"]
    assert allowed in row["allowed"]


def test_the_line_is_that_of_the_cell_when_cells_span_lines(folder):
    """The second row starts on line 4, because a note of the first spans two lines."""
    folder.replace("accuracy.csv", "jones_malignancy,lump", "jones_malignancy,lumps")
    assert only(folder)["line"] == 4
    folder.write(
        "sources.csv",
        'source_id,citation,kind,what_was_read\nsmith2020,"a\n\nb",novel,table\n'
        "jones2021,c,primary study,table\n",
    )
    kinds = found(folder).query("column == 'kind'")
    assert kinds["line"].tolist() == [4]  # the row starts on line 2, its third cell on line 4


def test_an_interval_end_beyond_1_is_kept_and_shown(folder):
    """Normal-approximation intervals leave [0, 1]; the printed figure stays."""
    folder.replace("accuracy.csv", "0.53,0.89", "0.69,1.01")
    row = only(folder, severity="warning")
    assert row["value"] == "1.01"
    with pytest.warns(UserWarning, match=r"'1\.01' warning: an interval end"):
        evidence = load_evidence(folder.path)
    assert evidence.accuracy["sensitivity_high"].iloc[0] == "1.01"


def test_an_estimate_outside_its_interval_is_kept_and_shown(folder):
    folder.replace("accuracy.csv", "0.75,0.53,0.89", "0.75,0.80,0.89")
    assert "does not contain" in only(folder, severity="warning")["problem"]


def test_a_table_with_patients_missing_is_kept_and_shown(folder):
    folder.replace("accuracy.csv", ",15,60,5,120,", ",15,60,5,100,")
    assert "180 of the cohort's 200" in only(folder, severity="warning")["problem"]


def test_a_cell_count_above_n_cases_is_found_when_the_other_is_empty(folder):
    folder.replace("accuracy.csv", ",15,60,5,120,", ",25,60,,100,")
    assert "only 20 cases" in only(folder)["problem"]


@pytest.mark.parametrize(
    "printed", ["0.31", ".31", ">0.90", "<=0.9", "1", "0", "31%", ">=90%", "≥0.9"]
)
def test_figures_as_journals_print_them(folder, printed):
    folder.replace("accuracy.csv", ",0.30,", f",{printed},")
    assert found(folder).empty
    assert load_evidence(folder.path).accuracy["sensitivity"].iloc[1] == printed


def test_columns(folder):
    folder.replace("flags.csv", "flag_id,label,category", "flag_id,label,kategory")
    problems = found(folder)
    texts = problems.set_index("column")["problem"].to_dict()
    assert texts["kategory"] == "unexpected column"
    assert texts["category"] == "column is missing"
    assert (
        "did you mean category" in problems.loc[problems["column"] == "kategory", "allowed"].iloc[0]
    )


def test_a_column_twice(folder):
    folder.replace("flags.csv", "flag_id,label,category", "flag_id,flag_id,category")
    assert "there twice" in found(folder)["problem"].tolist()[0]


def test_optional_columns_may_be_absent_and_the_reader_is_told(folder):
    frame = check_evidence(folder.path)
    told = frame[frame["severity"] == "note"]
    assert set(told["severity"]) == {"note"}
    assert "specificity" in told.set_index("file").loc["accuracy.csv", "problem"]


def test_semicolon_lists_may_not_hold_spaces(folder):
    folder.replace("accuracy.csv", "jones2021;smith2020", "jones2021; smith2020")
    assert set(found(folder)["column"]) == {"also_reported_in"}


def spoil(folder, name, data):
    folder.write(name, data)
    return found(folder).query("file == @name").iloc[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty file"),
        (b"\n \n", "empty file"),
        (b"PK\x03\x04rest of a workbook", "Excel (.xlsx)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old Excel"),
        ("flag_id,label\n".encode("utf-16"), "UTF-16"),
        (b"flag_id\x00,label\n", "zero bytes"),
        (b"a,b,c\n1,2,3\n", "no known column"),
        (b"flag_id,label,category,family\nx,y,symptom\n", "3 cells, the header 4"),
        (b"flag_id,label,category,family\nx,y,symptom,z,q\n", "5 cells, the header 4"),
        (b'flag_id,label,category,family\nx,"y,symptom,z\n', "quotation mark"),
        (b"flag_id,label,category,family\n,,,\n", "row is empty"),
    ],
)
def test_a_file_that_is_no_csv_of_this_kind(folder, data, words):
    row = spoil(folder, "flags.csv", data)
    assert words in row["problem"]
    assert row["severity"] == "error"


def test_an_unreadable_file_does_not_make_references_to_it_wrong(folder):
    spoil(folder, "flags.csv", b"PK\x03\x04")
    assert set(found(folder)["file"]) == {"flags.csv"}


def test_latin_1_is_refused_with_its_line_and_never_mangled(folder):
    text = folder.read("sources.csv").replace("Jones 2021,2021", "Müller 2021,2021")
    row = spoil(folder, "sources.csv", text.encode("latin-1"))
    assert row["line"] == 3
    assert "Müller" in row["value"]
    assert "0xFC is not UTF-8" in row["problem"]


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_other_line_ends_and_a_byte_order_mark_are_read_right(folder, ends):
    for name in ("sources.csv", "flags.csv", "cohorts.csv"):
        folder.write(name, b"\xef\xbb\xbf" + folder.read(name).replace("\n", ends).encode())
    assert found(folder).empty


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolon"), ("\t", "tab")])
def test_other_separators_are_read_right_with_a_note(folder, separator, word):
    folder.write("cohorts.csv", folder.read("cohorts.csv").replace(",", separator))
    row = only(folder, severity="warning")
    assert word in row["problem"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert load_evidence(folder.path).cohorts["n"].tolist() == [200, 100]


def test_crlf_lines_are_counted_as_one(folder):
    folder.replace("accuracy.csv", "jones_malignancy,lump", "jones_malignancy,lumps")
    folder.write("accuracy.csv", folder.read("accuracy.csv").replace("\n", "\r\n"))
    assert only(folder)["line"] == 4


@pytest.mark.parametrize("name", ["acuracy.csv", "Accuracy.CSV", "accuracy.xlsx", "accuracy.tsv"])
def test_a_file_that_would_not_be_read_is_named(folder, name):
    folder.write(name, b"x")
    row = only(folder)
    assert row["file"] == name
    assert "accuracy.csv" in row["allowed"]


def test_places_that_are_no_folder(tmp_path, folder):
    with pytest.raises(DataError, match="no folder"):
        load_evidence(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        load_evidence(folder.path / "flags.csv")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match="holds no evidence file"):
        load_evidence(empty)


def test_missing_files_are_named_where_they_are_needed(folder):
    (folder.path / "flags.csv").unlink()
    problems = found(folder)
    assert set(problems["column"]) == {"flag_id"}
    assert set(problems["allowed"]) == {"the folder has no flags.csv"}


def test_added_to_the_packaged_evidence(folder):
    """References may point into the packaged evidence; names may not clash with it."""
    for name in ("sources.csv", "flags.csv"):
        (folder.path / name).unlink()
    folder.write(
        "cohorts.csv",
        "cohort_id,study_id,target,setting,n,n_cases,source_id,status,low_back_pain_only\n"
        "mine,deyo1988,malignancy,primary_care,200,20,deyo1988,seen_primary,yes\n",
    )
    folder.write(
        "accuracy.csv",
        "report_id,cohort_id,flag_id,tp,fp,fn,tn,reported_in,status\n"
        "mine_cancer_history,mine,cancer_history,5,10,15,170,deyo1988,seen_primary\n",
    )
    assert found(folder, add=True).empty
    both = load_evidence(folder.path, add=True)
    assert len(both.accuracy) == len(load_evidence().accuracy) + 1
    assert both.accuracy["tp"].iloc[-1] == 5
    folder.replace("cohorts.csv", "mine,deyo1988", "deyo1988_malignancy,deyo1988")
    folder.replace("accuracy.csv", ",mine,", ",deyo1988_malignancy,")
    texts = found(folder, add=True)
    assert "is a name of the packaged evidence already" in set(texts["problem"])


def test_every_problem_of_every_file_is_in_one_error(folder):
    folder.replace("accuracy.csv", ",0.30,", ",30,")
    folder.replace("cohorts.csv", "emergency", "emergancy")
    folder.replace("flags.csv", "lump,Palpable", "night_sweats,Palpable")
    folder.replace("sources.csv", "table", "tables")
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder.path)
    assert isinstance(caught.value, ValueError)
    assert caught.value.problems.query("severity == 'error'")["file"].tolist() == [
        "accuracy.csv",  # 30 in place of 0.30
        "accuracy.csv",  # the flag lump is no longer there
        "cohorts.csv",
        "flags.csv",
        "sources.csv",
    ]
    for place in ("accuracy.csv, line 4", "cohorts.csv, line 3", "flags.csv, line 3"):
        assert place in str(caught.value)


def test_claims_are_checked_by_their_statistic(folder):
    claim = "c{0},malignancy,lump,{1},,{2},,,point,smith2020,seen_primary\n"
    header = (
        "claim_id,target,flag_id,statistic,pretest,value,low,high,range_kind,reported_in,status\n"
    )
    rows = [("lr_positive", "15.3"), ("posttest", "0.07"), ("posttest", "7"), ("lr_negative", "x")]
    folder.write("claims.csv", header + "".join(claim.format(i, *r) for i, r in enumerate(rows)))
    problems = found(folder)
    assert problems["line"].tolist() == [4, 5]
    assert "a posttest is a proportion" in problems["problem"].iloc[0]


def test_a_claim_may_be_about_a_combination(folder):
    folder.write(
        "combinations.csv",
        "combination_id,target,cohort_id,flags,rule,k,sensitivity,reported_in,status\n"
        "both,malignancy,smith_malignancy,lump;night_sweats,all,2,0.10,smith2020,seen_primary\n",
    )
    folder.write(
        "claims.csv",
        "claim_id,target,flag_id,statistic,value,range_kind,reported_in,status\n"
        "c1,malignancy,both,posttest,0.5,point,smith2020,seen_primary\n",
    )
    assert found(folder).empty
    folder.replace("combinations.csv", ",all,2,", ",at_least_k,3,")
    assert "only 2 flags are listed" in only(folder)["problem"]
    folder.replace("combinations.csv", ",at_least_k,3,", ",all,2,")
    folder.replace("combinations.csv", "both,malignancy", "both,fracture")
    assert "cohorts.csv says malignancy" in only(folder)["problem"]


def test_quality_is_empty_by_default_and_checked_when_there(folder):
    assert load_evidence().quality.empty
    header = "cohort_id,assessor,domain,risk_of_bias,applicability,reason\n"
    good = "smith_malignancy,AB,patient_selection,low,unclear,\n"
    folder.write("quality.csv", header + good + "smith_malignancy,AB,flow_and_timing,high,,late\n")
    assert found(folder).empty
    folder.write("quality.csv", header + good + good)
    assert set(found(folder)["problem"]) == {"is there already, further up"}
    folder.write("quality.csv", header + "smith_malignancy,AB,flow_and_timing,high,low,late\n")
    assert "has none" in only(folder)["problem"]
    folder.write("quality.csv", header + "smith_malignancy,AB,index_test,medium,low,\n")
    assert "did you mean" not in only(folder)["problem"]


def test_the_packaged_evidence_is_valid_but_for_two_printed_ends():
    """README case T48: 1.01 and 1.014 were printed and are kept."""
    problems = check_evidence()
    assert set(problems["severity"]) == {"warning"}
    assert problems["value"].tolist() == ["1.01", "1.014"]
