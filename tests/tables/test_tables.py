"""One table and frames of tables."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bp
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, PretestError
from backpain_stats.tables import RATIO_MEASURES, SUMMARY_MEASURES

DEYO = bp.TwoByTwo(tp=4, fp=41, fn=9, tn=1921)
EPIR_NAMES = {
    "sensitivity": "se",
    "specificity": "sp",
    "ppv": "pv.pos",
    "npv": "pv.neg",
    "prevalence": "tp",
    "lr_positive": "lr.pos",
    "lr_negative": "lr.neg",
    "odds_ratio": "diag.or",
}


def test_all_measures_agree_with_epir(oracle, r_numbers):
    ours = bp.accuracy(oracle.counts, proportion_method="clopper_pearson", ratio_method="log")
    for measure, name in EPIR_NAMES.items():
        expected = np.array([r_numbers(study[name]) for study in oracle.per_study["epiR_exact"]])
        got = ours.loc[ours["measure"] == measure, ["estimate", "ci_low", "ci_high"]].to_numpy()
        comparable = np.isfinite(expected).all(axis=1)
        if measure in RATIO_MEASURES:
            comparable &= expected[:, 0] > 0
        # Closed forms and special functions: R's printed digits.
        np.testing.assert_allclose(got[comparable], expected[comparable], rtol=1e-8)


def test_a_table_and_a_frame_say_the_same():
    frame = bp.accuracy(pd.DataFrame([dataclasses.asdict(DEYO)]), level=0.9, ratio_method="bayes")
    for row in frame.to_dict("records"):
        method = {"method": "bayes"} if row["measure"] in RATIO_MEASURES else {}
        one = getattr(DEYO, row["measure"])(level=0.9, **method)
        assert (one.estimate, one.ci_low, one.ci_high) == (
            row["estimate"],
            row["ci_low"],
            row["ci_high"],
        )
        assert (one.ci_level, one.method, one.measure) == (0.9, row["method"], row["measure"])


def test_measures_follow_from_their_definitions():
    values = {name: getattr(DEYO, name)().estimate for name in SUMMARY_MEASURES}
    assert values["lr_positive"] == pytest.approx(
        values["sensitivity"] / (1 - values["specificity"]), rel=1e-12
    )
    assert values["odds_ratio"] == pytest.approx(
        values["lr_positive"] / values["lr_negative"], rel=1e-12
    )
    # The predictive value is the post-test probability at the table's own prevalence.
    positive = DEYO.posttest(values["prevalence"])
    assert positive.estimate == pytest.approx(values["ppv"], rel=1e-12)
    negative = DEYO.posttest(values["prevalence"], "negative")
    assert 1 - negative.estimate == pytest.approx(values["npv"], rel=1e-12)


def test_downie_emergency_figure():
    # Printed: 33% (22 to 46%); printed conventions: log interval, 0.5 added to all cells.
    after = bp.TwoByTwo(tp=7, fp=13, fn=0, tn=462).posttest(
        7 / 482, method="log", correction="all", pretest_source="7 of 482"
    )
    assert [round(100 * v) for v in (after.estimate, after.ci_low, after.ci_high)] == [33, 22, 46]
    assert "0.5 added to all cells" in after.method
    assert "from a pre-test probability of 1.5% [7 of 482]" in str(after)


def test_predictive_values_carry_their_prevalence():
    ppv, npv = DEYO.ppv(), DEYO.npv()
    assert ppv.pretest == 13 / 1975
    assert npv.pretest == 1962 / 1975
    assert "13 of 1975" in str(ppv)


@pytest.mark.parametrize(
    ("cells", "measure", "reason"),
    [
        ((0, 3, 0, 80), "sensitivity", "no cases"),
        ((3, 0, 80, 0), "specificity", "no non-cases"),
        ((0, 3, 0, 80), "lr_positive", "no cases"),
        ((3, 0, 80, 0), "odds_ratio", "no non-cases"),
        ((0, 0, 5, 15), "lr_positive", "no positive results"),
        ((5, 15, 0, 0), "lr_negative", "no negative results"),
        ((0, 0, 5, 15), "odds_ratio", "0/0"),
        ((0, 0, 5, 15), "ppv", "no positive results"),
        ((5, 15, 0, 0), "npv", "no negative results"),
        ((0, 0, 0, 0), "prevalence", "no patients"),
        ((0, 0, 0, 0), "lr_positive", "no patients"),
    ],
)
def test_what_cannot_be_estimated_says_why(cells, measure, reason):
    names = ("tp", "fp", "fn", "tn")
    table = bp.TwoByTwo(**dict(zip(names, cells, strict=True)))
    with pytest.raises(NotEstimableError, match=reason):
        getattr(table, measure)()
    row = table.summary().set_index("measure").loc[measure]
    assert np.isnan(row["estimate"])
    assert row["method"].startswith("not estimable: ")
    assert reason in row["method"]
    assert reason in str(table)
    assert reason in table._repr_html_()


def test_zero_and_infinity_are_values():
    table = bp.TwoByTwo(tp=64, fp=0, fn=18, tn=72)
    assert "infinity (95% interval 15.3 to infinity; score)" in str(table)
    assert table.posttest(0.1).estimate == 1
    assert table.posttest(0.1).ci_low == pytest.approx(
        float(bp.posttest_probability(0.1, table.lr_positive().ci_low))
    )


def test_a_table_is_a_frozen_value():
    assert bp.TwoByTwo(tp=4, fp=41, fn=9, tn=1921) == DEYO
    assert len({DEYO, bp.TwoByTwo(tp=4.0, fp=41, fn=9, tn=np.int64(1921))}) == 1
    assert (DEYO.n, DEYO.n_cases, DEYO.n_noncases) == (1975, 13, 1962)
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEYO.tp = 5
    with pytest.raises(TypeError):
        bp.TwoByTwo(4, 41, 9, 1921)


@pytest.mark.parametrize("value", [-1, 1.5, "many", None, np.nan, True, 2**60])
def test_counts_are_counts(value):
    with pytest.raises(ArgumentError, match="fp is"):
        bp.TwoByTwo(tp=4, fp=value, fn=9, tn=1921)


def test_options_are_checked():
    with pytest.raises(PretestError, match=r"5% is written 0\.05"):
        DEYO.posttest(5)
    with pytest.raises(PretestError, match="takes arrays"):
        DEYO.posttest([0.1, 0.2])
    with pytest.raises(ArgumentError, match="did you mean 'positive'"):
        DEYO.posttest(0.1, "positiv")
    with pytest.raises(ArgumentError, match="allowed: 'score'"):
        DEYO.lr_positive("wilson")
    with pytest.raises(ArgumentError, match="allowed: 'wilson'"):
        DEYO.sensitivity("score")


def test_accuracy_keeps_other_columns_and_the_order():
    frame = pd.DataFrame(
        {"study": ["b", "a"], "tp": [4, 0], "fp": [41, 0], "fn": [9, 5], "tn": [1921, 15]},
        index=[7, 7],
    )
    result = bp.accuracy(frame)
    assert list(result.columns) == [
        "study",
        "measure",
        "estimate",
        "ci_low",
        "ci_high",
        "ci_level",
        "method",
        "correction",
    ]
    assert result["study"].tolist() == ["b"] * 8 + ["a"] * 8
    assert result["measure"].tolist() == list(SUMMARY_MEASURES) * 2
    turned = bp.accuracy(frame.iloc[::-1])
    key = ["study", "measure"]
    pd.testing.assert_frame_equal(
        result.sort_values(key, ignore_index=True), turned.sort_values(key, ignore_index=True)
    )


def test_accuracy_records_the_correction_of_ratios_only():
    frame = pd.DataFrame({"tp": [7], "fp": [13], "fn": [0], "tn": [462]}).astype("Int64")
    result = bp.accuracy(frame, ratio_method="log", correction="zero_cells").set_index("measure")
    assert result.loc["lr_positive", "correction"] == "zero_cells"
    assert result.loc["sensitivity", "correction"] == "none"
    assert result.loc["sensitivity", "estimate"] == 1


def test_accuracy_of_no_tables_and_of_no_measures_is_empty():
    frame = pd.DataFrame({"study": [], "tp": [], "fp": [], "fn": [], "tn": []})
    full = bp.accuracy(frame.iloc[:0])
    assert full.empty
    assert list(full.columns)[:2] == ["study", "measure"]
    assert list(bp.accuracy(frame, measures=[]).columns) == list(full.columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tp": [4.5]}, "column tp: .*4.5"),
        ({"tp": [None]}, "column tp"),
        ({"estimate": [1]}, "estimate, which the result also has"),
    ],
)
def test_accuracy_refuses_bad_frames(change, message):
    frame = pd.DataFrame({**{"tp": [4], "fp": [41], "fn": [9], "tn": [1921]}, **change})
    with pytest.raises(DataError, match=message):
        bp.accuracy(frame)
    with pytest.raises(DataError, match="lacks the column"):
        bp.accuracy(frame.drop(columns="tn"))
