"""What check says of facts that hang together, and of files that are no files."""

from __future__ import annotations

import os
import stat

import pytest

from backpain_stats import load_evidence
from backpain_stats.errors import EvidenceError
from backpain_stats.evidence import TABLES, check_evidence, write_template
from backpain_stats.evidence.columns import MOST_PATIENTS

COHORT_HEADER = (
    "cohort_id,study_id,target,setting,n,n_cases,source_id,status,low_back_pain_only,"
    "same_patients_as,sample,case_control,verification,directness\n"
)
COHORT = "{0},smith2020,malignancy,primary_care,200,20,smith2020,seen_primary,yes,{1}\n"
FLAG_HEADER = "flag_id,label,category,family,quantity,threshold,unit,direction,level_of,contains\n"
FLAG = "{0},{0},laboratory,esr,{1}\n"
REPORT_HEADER = "report_id,cohort_id,flag_id,tp,fp,fn,tn,ppv,reported_in,status,reading,replaces\n"
REPORT = "{0},{1},{2},15,60,5,120,{3},smith2020,seen_primary,{4},{5}\n"


def problems(folder, **kwargs):
    frame = check_evidence(folder.path, **kwargs)
    return frame[frame["severity"] != "note"].reset_index(drop=True)


def only(folder, severity="error", **kwargs):
    frame = problems(folder, **kwargs)
    assert len(frame) == 1, frame.to_string()
    assert frame["severity"].iloc[0] == severity
    return frame.iloc[0]


def cohorts(folder, *rows):
    """Write cohorts; what follows same_patients_as may be left out."""
    folder.write("cohorts.csv", COHORT_HEADER + "".join(COHORT.format(*row) for row in rows))


@pytest.fixture
def facts(folder):
    """Return a folder with two linked cohorts, another one, and three flags of two quantities."""
    cohorts(
        folder,
        ("smith_malignancy", ",unselected,no,all,direct"),
        ("nested", "smith_malignancy,unselected,no,all,direct"),
        ("jones_malignancy", ",unselected,no,all,direct"),
    )
    folder.write(
        "flags.csv",
        FLAG_HEADER
        + FLAG.format("esr_20", "esr,20,mm/h,above,,")
        + FLAG.format("esr_50", "esr,50,,above,,")
        + FLAG.format("esr_band", ",,,,esr,"),
    )
    folder.write(
        "accuracy.csv",
        REPORT_HEADER
        + REPORT.format("first", "smith_malignancy", "esr_20", "", "printed", "")
        + REPORT.format("second", "nested", "esr_20", "", "", "first"),
    )
    return folder


def test_the_facts_are_valid_and_absent_words_count_as_unknown(facts, folder):
    assert problems(facts).empty
    assert load_evidence(facts.path).flags["threshold"].tolist()[:2] == [20, 50]
    cohorts(folder, ("smith_malignancy", ",,,,"), ("nested", "smith_malignancy,,,,"))
    read = load_evidence(folder.path).cohorts
    for column in ("sample", "case_control", "verification", "directness"):
        assert read[column].tolist() == ["unknown", "unknown"]


@pytest.mark.parametrize("column", ["sample", "case_control", "verification", "directness"])
def test_each_vocabulary_of_a_cohort_is_closed(folder, column):
    words = {"sample": "", "case_control": "", "verification": "", "directness": ""}
    words[column] = "maybe"
    cohorts(
        folder, ("smith_malignancy", "," + ",".join(words.values())), ("jones_malignancy", ",,,,")
    )
    row = only(folder)
    assert (row["column"], row["value"], row["code"]) == (column, "maybe", "vocabulary")
    assert "unknown" in row["allowed"]


@pytest.mark.parametrize(
    ("sample", "case_control", "right"),
    [
        ("case_control", "yes", True),
        ("unselected", "no", True),
        ("", "", True),
        ("case_control", "no", False),
        ("case_control", "", False),
        ("unselected", "yes", False),
        ("", "yes", False),
    ],
)
def test_case_control_says_yes_exactly_where_the_sample_is(folder, sample, case_control, right):
    words = f",{sample},{case_control},,"
    cohorts(folder, ("smith_malignancy", words), ("jones_malignancy", ",,,,"))
    if right:
        assert problems(folder).empty
    else:
        assert only(folder)["column"] == "case_control"


def test_a_case_control_study_gives_no_prevalence_and_no_predictive_value(facts):
    cohorts(
        facts,
        ("smith_malignancy", ",case_control,yes,,"),
        ("nested", "smith_malignancy,case_control,yes,,"),
    )
    facts.replace("accuracy.csv", "15,60,5,120,,smith2020", "15,60,5,120,0.20,smith2020")
    facts.write(
        "prevalence.csv",
        "prevalence_id,target,prevalence,reported_in,status,cohort_id,sample\n"
        "share,malignancy,0.10,smith2020,seen_primary,smith_malignancy,case_control\n",
    )
    frame = problems(facts)
    assert frame["severity"].tolist() == ["warning", "warning"]
    assert frame["column"].tolist() == ["ppv", "prevalence"]
    assert set(frame["allowed"]) == {"kept as printed, never used"}
    facts.replace("prevalence.csv", "smith_malignancy,case_control", "smith_malignancy,unselected")
    assert problems(facts).query("severity == 'error'")["column"].tolist() == ["sample"]


@pytest.mark.parametrize(
    ("edit", "column", "words"),
    [
        (("flags.csv", "esr,50,,above", "esr,fifty,,above"), "threshold", "not a number"),
        (("flags.csv", "esr,50,,above", ",50,,"), "threshold", "no quantity"),
        (("flags.csv", "esr,50,,above", "esr,50,cm,above"), "unit", "in mm/h elsewhere"),
        (("flags.csv", "esr,50,,above", "esr,50,,over"), "direction", "not in the vocabulary"),
        (("flags.csv", ",,,,esr,", "esr,30,,,esr,"), "level_of", "band and has a threshold"),
        (("flags.csv", "esr,50,,above,,", "esr,50,,above,,esr_30"), "contains", "not in flags.csv"),
        (("flags.csv", "esr,50,,above,,", "esr,50,,above,,esr_50"), "contains", "leads back"),
        (("accuracy.csv", ",,first\n", ",,third\n"), "replaces", "not in accuracy.csv"),
        (("accuracy.csv", ",,first\n", ",,second\n"), "replaces", "leads back"),
        (
            ("accuracy.csv", "nested,esr_20", "jones_malignancy,esr_20"),
            "replaces",
            "other patients",
        ),
        (("accuracy.csv", "nested,esr_20", "nested,esr_50"), "replaces", "another finding"),
        (
            ("accuracy.csv", "seen_primary,printed", "seen_secondary,printed"),
            "reading",
            "status is",
        ),
        (("accuracy.csv", ",,first\n", ",read,first\n"), "reading", "not in the vocabulary"),
    ],
)
def test_one_wrong_fact_is_one_problem_with_its_place(facts, edit, column, words):
    facts.replace(*edit)
    row = only(facts)
    assert (row["file"], row["column"]) == (edit[0], column)
    assert words in row["problem"]


def test_circles_over_several_rows_are_named_in_each(facts):
    facts.replace("accuracy.csv", "printed,\n", "printed,second\n")
    frame = problems(facts)
    assert frame["code"].tolist() == ["circle", "circle"]
    assert frame["line"].tolist() == [2, 3]


def test_what_may_be_a_slip_is_a_warning(facts):
    facts.replace("flags.csv", ",,,,esr,", ",,,,est,")
    row = only(facts, severity="warning")
    assert (row["column"], "did you mean esr" in row["allowed"]) == ("level_of", True)
    facts.replace("flags.csv", ",,,,est,", ",,,,esr,esr_50")
    facts.replace("flags.csv", "esr,50,,above,,", "esr,50,,above,,esr_20")
    row = only(facts, severity="warning")
    assert "contain esr_20 too" in row["problem"]


def test_a_former_name_of_a_column_is_read_as_the_present_one(facts):
    facts.replace("accuracy.csv", ",replaces\n", ",better_than\n")
    assert problems(facts).empty
    assert load_evidence(facts.path).accuracy["replaces"].iloc[1] == "first"


def test_a_row_of_ones_own_may_replace_a_packaged_one(tmp_path):
    header = REPORT_HEADER.replace("ppv", "sensitivity")
    row = "mine,deyo1988_malignancy,age_50,,,,,0.77,deyo1988,seen_primary,printed,deyo1988_age_50\n"
    (tmp_path / "accuracy.csv").write_text(header + row, encoding="utf-8")
    assert check_evidence(tmp_path, add=True).query("severity == 'error'").empty


def test_a_combination_may_not_bear_the_name_of_a_flag(folder):
    """A claim may name either, so the two kinds share one space of names."""
    header = "combination_id,target,cohort_id,flags,rule,sensitivity,reported_in,status\n"
    row = "{},malignancy,smith_malignancy,lump,any,0.5,smith2020,seen_primary\n"
    folder.write("combinations.csv", header + row.format("lump"))
    frame = problems(folder)
    assert set(frame["code"]) == {"duplicate"}
    assert frame["file"].tolist() == ["combinations.csv", "flags.csv"]


def test_a_combination_may_not_bear_the_name_of_a_packaged_flag(tmp_path):
    (tmp_path / "combinations.csv").write_text(
        "combination_id,target,cohort_id,flags,rule,sensitivity,reported_in,status\n"
        "age_50,malignancy,deyo1988_malignancy,age_50,any,0.5,deyo1988,seen_primary\n",
        encoding="utf-8",
    )
    errors = check_evidence(tmp_path, add=True).query("severity == 'error'")
    assert errors[["file", "column", "code"]].values.tolist() == [
        ["combinations.csv", "combination_id", "duplicate"]
    ]


# Natural mistakes, every one of which once ended in a traceback and no list.
MISTAKES = {
    "a percentage with a bound": ("accuracy.csv", ",0.30,", ",>=190%,", "sensitivity"),
    "signs that are none": ("accuracy.csv", ",0.30,", ",<<0.9,", "sensitivity"),
    "the other order": ("accuracy.csv", ",0.30,", ",=>0.90,", "sensitivity"),
    "an empty cohort": ("accuracy.csv", "jones_lump,jones_malignancy", "jones_lump,", "cohort_id"),
    "a column misspelt": ("accuracy.csv", ",cohort_id,flag_id", ",cohort,flag_id", "cohort_id"),
    "the cohorts' column": ("cohorts.csv", "cohort_id,study_id", "cohort,study_id", "cohort_id"),
    "columns swapped": ("accuracy.csv", ",cohort_id,flag_id", ",flag_id,cohort_id", "cohort_id"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_check_lists_natural_mistakes_and_never_stops(folder, name):
    file, old, new, column = MISTAKES[name]
    folder.replace(file, old, new)
    errors = problems(folder).query("severity == 'error'")
    assert ((errors["file"] == file) & (errors["column"] == column)).any()


@pytest.mark.parametrize("table", [table for table in TABLES.values() if not table.optional])
def test_check_survives_every_column_missing_empty_or_exchanged(tmp_path, table):
    """The packaged file with one column cut out, emptied, or exchanged with the next."""
    from backpain_stats.evidence import packaged_folder, read_table

    raw, _ = read_table(packaged_folder() / table.file, table)
    assert raw is not None
    lines = raw.frame.head(3).fillna("")
    for position, name in enumerate(table.names):
        following = table.names[(position + 1) % len(table.names)]
        for frame in (
            lines.drop(columns=name),
            lines.assign(**{name: ""}),
            lines.rename(columns={name: following, following: name}),
        ):
            frame.to_csv(tmp_path / table.file, index=False)
            assert len(check_evidence(tmp_path, add=True))


@pytest.mark.parametrize("text", [str(MOST_PATIENTS + 1), str(2**63), "9" * 20, "9" * 5000])
def test_a_count_above_the_limit_is_refused_not_turned_negative(folder, text):
    folder.replace("cohorts.csv", ",200,20,", f",{text},20,")
    row = only(folder)
    assert (row["column"], row["value"], row["code"]) == ("n", text, "bounds")
    assert f"{MOST_PATIENTS:,}" in row["allowed"]
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder.path)
    assert len(str(caught.value)) < 500  # the message shortens what it quotes


def test_the_largest_count_is_read_as_it_is(folder):
    folder.replace("cohorts.csv", ",100,10,", f",{MOST_PATIENTS},010,")
    assert load_evidence(folder.path).cohorts["n"].iloc[1] == MOST_PATIENTS
    assert load_evidence(folder.path).cohorts["n_cases"].iloc[1] == 10


def dangling(path):
    path.symlink_to(path.parent / "nowhere")


def looping(path):
    path.symlink_to(path)


NO_FILES = {
    "dangling link": (dangling, "a link that leads nowhere"),
    "link to itself": (looping, "a link that leads nowhere"),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "pipe": (os.mkfifo, "a pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a device"),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("file", ["accuracy.csv", "quality.csv"])
def test_a_file_that_is_no_file_is_named_and_never_read(folder, kind, file):
    """An unmounted share must not pass for an empty file, nor a pipe stop the command."""
    make, words = NO_FILES[kind]
    (folder.path / file).unlink(missing_ok=True)
    make(folder.path / file)
    row = only(folder)
    assert (row["file"], row["code"]) == (file, "file")
    assert words in row["problem"]


def test_a_link_to_a_file_is_a_file(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "flags.csv"
    (folder.path / "flags.csv").rename(other)
    (folder.path / "flags.csv").symlink_to(other)
    assert stat.S_ISREG(other.stat().st_mode)
    assert problems(folder).empty


@pytest.mark.parametrize("character", ["\x0b", "\x00", "\x1b", "\x7f", "\x85", "\ufffe", "\ufdd0"])
def test_characters_that_are_no_text_are_named(folder, character):
    """Word files cannot hold them, and terminals obey some of them."""
    folder.replace("flags.csv", "Palpable lump", f"Palpable{character}lump")
    row = only(folder)
    assert (row["line"], row["column"], row["code"]) == (3, "label", "characters")
    assert f"U+{ord(character):04X}" in row["problem"]


def test_tabs_line_ends_and_any_script_are_text(folder):
    folder.replace("flags.csv", "Palpable lump", '"Tast\tbar,\nопухоль 肿块 🧪"')
    assert problems(folder).empty


def test_what_the_template_writes_is_valid_and_covers_every_column(tmp_path):
    write_template(tmp_path)
    assert check_evidence(tmp_path).empty
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        for column in table.columns:
            assert f"| `{column.name}` |" in page
            assert all(word in page for word in column.allowed)


def test_the_example_of_the_template_is_valid_and_shows_the_facts(tmp_path):
    write_template(tmp_path)
    assert check_evidence(tmp_path / "example").empty
    example = load_evidence(tmp_path / "example")
    for frame, columns in {
        "sources": ["read_where"],
        "flags": ["quantity", "threshold", "unit", "direction", "level_of", "contains"],
        "cohorts": ["sample", "case_control", "verification", "directness"],
        "accuracy": ["reading", "replaces"],
        "claims": ["inputs_read"],
        "prevalence": ["sample", "directness"],
    }.items():
        assert getattr(example, frame)[columns].notna().any().all()
