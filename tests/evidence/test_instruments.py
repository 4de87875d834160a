"""Instruments of study quality are data: domains, aspects and words come from one table."""

import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats.evidence import ASPECTS, INSTRUMENTS, TABLES, all_domains, all_judgements
from backpain_stats.evidence.check_cells import cell_problems
from backpain_stats.evidence.check_rows import row_problems
from backpain_stats.evidence.files import RawTable

HEADER = ["cohort_id", "assessor", "domain", "risk_of_bias", "applicability", "instrument"]


def problems(*rows, header=HEADER):
    raw = RawTable(TABLES["quality"], header, rows, list(range(2, len(rows) + 2)))
    found = [*cell_problems(raw), *row_problems(raw, {})]
    return [(one.column, one.problem) for one in found if one.severity == "error"]


def test_the_table_is_what_the_schema_allows():
    table = bps.quality_instruments()
    quality = TABLES["quality"]
    assert tuple(table["instrument"].unique()) == quality.column("instrument").allowed
    assert set(table["domain"]) == set(quality.column("domain").allowed)
    assert set(";".join(table["judgements"]).split(";")) == set(all_judgements())
    assert table["doi"].str.startswith("10.7326/").all()
    assert table["read_in"].str.contains("https://").all()
    assert table.groupby("instrument")["judgements"].nunique().eq(1).all()
    assert table.groupby("instrument")["place"].apply(list).map(lambda p: p == [1, 2, 3, 4]).all()


@pytest.mark.parametrize(
    ("name", "domains", "with_applicability", "between"),
    [
        ("QUADAS-2", ["patient_selection", "index_test", "reference_standard", "flow_and_timing"],
         3, "unclear"),
        ("QUADAS-C", ["patient_selection", "index_test", "reference_standard", "flow_and_timing"],
         0, "unclear"),
        ("QUADAS-3", ["participants", "index_test", "target_condition", "analysis"],
         3, "insufficient_information"),
    ],
)  # fmt: skip
def test_each_instrument_asks_what_its_authors_ask(name, domains, with_applicability, between):
    instrument = INSTRUMENTS[name]
    assert list(instrument.domain_names) == domains
    asked = [ASPECTS[1] in instrument.aspects_of(domain) for domain in domains]
    assert asked == [True] * with_applicability + [False] * (4 - with_applicability)
    assert instrument.judgements == ("low", between, "high")
    # One order of all domains and words keeps the order of each instrument.
    assert [d for d in all_domains() if d in domains] == domains
    assert [w for w in all_judgements() if w in instrument.judgements] == ["low", between, "high"]


def test_a_row_follows_its_instrument():
    assert problems(["c", "A", "analysis", "low", "", "QUADAS-3"]) == []
    assert problems(["c", "A", "index_test", "low", "", "QUADAS-C"]) == []
    assert problems(["c", "A", "analysis", "low", "", ""]) == [
        ("domain", "is no domain of QUADAS-2")
    ]
    assert problems(["c", "A", "analysis", "low", "low", "QUADAS-3"]) == [
        ("applicability", "analysis has none in QUADAS-3")
    ]
    assert problems(["c", "A", "index_test", "unclear", "low", "QUADAS-3"]) == [
        ("risk_of_bias", "is no judgement of QUADAS-3")
    ]
    assert problems(["c", "A", "index_test", "low", "", "QUADAS-3"]) == [
        ("applicability", "cell is empty")
    ]
    assert problems(["c", "A", "index_test", "low", "low", "QUADAS-4"]) == [
        ("instrument", "is not in the vocabulary")
    ]


def test_one_cohort_may_be_judged_by_two_instruments_but_not_twice_by_one():
    twice = [["c", "A", "index_test", "low", "low", "QUADAS-2"],
             ["c", "A", "index_test", "low", "", "QUADAS-C"]]  # fmt: skip
    assert problems(*twice) == []
    # An empty cell means QUADAS-2, so it is the same row again.
    again = [*twice, ["c", "A", "index_test", "high", "low", ""]]
    assert problems(*again) == [("cohort_id", "is there already, further up")]
    # A file written before the column existed.
    old = [row[:5] for row in (twice[0], twice[0])]
    assert problems(*old, header=HEADER[:5]) == [("cohort_id", "is there already, further up")]


def test_a_folder_without_the_column_is_read_as_quadas_2(tmp_path):
    (tmp_path / "quality.csv").write_text(
        "cohort_id,assessor,domain,risk_of_bias,applicability,reason\n"
        "deyo1988_malignancy,A,flow_and_timing,high,,late\n"
    )
    judged = bps.quality_judgements(bps.load_evidence(tmp_path, add=True))
    assert judged["instrument"].tolist() == ["QUADAS-2"]


def test_the_worst_judgement_is_the_overall_one_in_every_instrument():
    rows = [("A", "index_test", "low"), ("A", "analysis", "insufficient_information"),
            ("B", "index_test", "high"), ("B", "analysis", "insufficient_information")]  # fmt: skip
    judged = pd.DataFrame(rows, columns=["cohort_id", "domain", "judgement"])
    judged = judged.assign(instrument="QUADAS-3", aspect="risk_of_bias")
    overall = bps.quality_overall(judged).set_index("cohort_id")["judgement"]
    assert overall.to_dict() == {"A": "insufficient_information", "B": "high"}
    both = pd.concat([judged, judged.assign(instrument="QUADAS-C")])
    with pytest.raises(bps.ArgumentError, match="QUADAS-3 and QUADAS-C"):
        bps.quality_overall(both)
    assert len(bps.quality_overall(both, instrument="QUADAS-3")) == 2
