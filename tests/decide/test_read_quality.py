"""Judgements that stand in the columns of a meta-analysis' own file."""

import pandas as pd
import pytest

from backpain_stats import ArgumentError, DataError, read_quality, read_tables

# Three studies as MetaDTA ships them (metadta_QA_Cov.csv).
METADTA = """\
author,year,TP,FN,FP,TN,rob_PS,rob_IT,rob_RS,rob_FT,ac_PS,ac_IT,ac_RS,IQCODE
Flicker,1997,188,28,35,48,2,2,2,3,1,3,1,26
Garcia,2002,83,7,4,19,2,1,1,1,1,1,1,16
Goncalves,2011,109,43,17,35,1,1,2,1,1,,1,16
"""


@pytest.fixture
def metadta(tmp_path):
    path = tmp_path / "metadta.csv"
    path.write_text(METADTA)
    return path


def test_metadta_is_read_as_its_help_says(metadta):
    judged = read_quality(metadta)
    one = judged[judged["study"] == "Flicker 1997"]
    assert one["judgement"].tolist() == [
        *("high", "high", "high", "unclear"), *("low", "unclear", "low")
    ]  # fmt: skip
    assert one["aspect"].tolist() == ["risk_of_bias"] * 4 + ["applicability"] * 3
    assert one["domain"].tolist()[:4] == [
        "patient_selection", "index_test", "reference_standard", "flow_and_timing"
    ]  # fmt: skip
    assert len(judged) == 3 * 7 - 1  # an empty cell is no judgement
    pd.testing.assert_frame_equal(read_quality(read_tables(metadta)), judged)


def test_a_number_is_never_guessed_elsewhere():
    frame = pd.DataFrame({"study": ["A", "B"], "D1": [1, 2]})
    where = {"D1": ("risk_of_bias", "patient_selection")}
    with pytest.raises(DataError, match=r"D1 of A is '1'.*coding="):
        read_quality(frame, columns=where)
    judged = read_quality(frame, columns=where, coding={1: "high", 2: "low"})
    assert judged["judgement"].tolist() == ["high", "low"]
    # A coding given beside MetaDTA's names replaces theirs.
    own = frame.rename(columns={"D1": "rob_PS"})
    assert read_quality(own, coding={1: "high", 2: "low"})["judgement"].tolist() == ["high", "low"]
    with pytest.raises(DataError, match="rob_PS of B is '2'"):
        read_quality(own, coding={1: "high"})


def test_words_are_words_and_names_say_their_domain():
    frame = pd.DataFrame({"study": ["A"], "risk_of_bias_analysis": ["Insufficient information"],
                          "applicability_participants": [" low "]})  # fmt: skip
    judged = read_quality(frame, instrument="QUADAS-3")
    assert judged[["domain", "judgement"]].values.tolist() == [
        ["analysis", "insufficient_information"], ["participants", "low"]
    ]  # fmt: skip
    with pytest.raises(DataError, match="'maybe', which is no judgement of QUADAS-3"):
        read_quality(frame.assign(risk_of_bias_analysis="maybe"), instrument="QUADAS-3")


def test_what_the_instrument_does_not_ask_is_refused():
    frame = pd.DataFrame({"study": ["A"], "D4": ["low"]})
    with pytest.raises(ArgumentError, match="QUADAS-2 does not judge applicability in flow"):
        read_quality(frame, columns={"D4": ("applicability", "flow_and_timing")})
    with pytest.raises(ArgumentError, match="the domain of 'D4'"):
        read_quality(frame, columns={"D4": ("risk_of_bias", "analysis")})
    with pytest.raises(ArgumentError, match="give \\(aspect, domain\\)"):
        read_quality(frame, columns={"D4": "analysis"})
    with pytest.raises(DataError, match="no column holds judgements by QUADAS-C"):
        read_quality(frame, instrument="QUADAS-C")
    with pytest.raises(ArgumentError, match="did you mean 'QUADAS-3'"):
        read_quality(frame, instrument="QUADAS-33")


def test_two_rows_of_a_study_may_agree_but_not_differ():
    frame = pd.DataFrame({"study": ["A", "A"], "risk_of_bias_index_test": ["low", "low"]})
    assert len(read_quality(frame)) == 1
    with pytest.raises(DataError, match="disagree in their judgements: A"):
        read_quality(frame.assign(risk_of_bias_index_test=["low", "high"]))
