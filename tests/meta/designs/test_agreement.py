"""Agreement of two tests in the same patients: against McNemar's variance, and its bounds."""

import numpy as np
import pandas as pd
import pytest

from backpain_stats import ArgumentError, DataError
from backpain_stats.meta.designs import agreement_sensitivity, compare_tests

# Four alike studies of 100 cases and 200 non-cases: no variation between them.
CASES, NONCASES = 100, 200
POSITIVE = {"ESR": (80, 50), "CRP": (70, 40)}
BOTH = (62, 25)


def alike():
    rows = [
        (f"study {number}", test, tp, fp, CASES - tp, NONCASES - fp)
        for number in range(4)
        for test, (tp, fp) in POSITIVE.items()
    ]
    joint = [(f"study {number}", *BOTH) for number in range(4)]
    return (
        pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"]),
        pd.DataFrame(joint, columns=["study", "tp_both", "fp_both"]),
    )


@pytest.fixture(scope="module")
def compared():
    return compare_tests(alike()[0], intervals="normal", nodes=1)


def width(frame, agreement, measure="sensitivity"):
    row = frame.query("agreement == @agreement and measure == @measure and kind == 'difference'")
    return float((row["ci_high"] - row["ci_low"]).iloc[0])


@pytest.mark.parametrize(("column", "measure"), [(0, "sensitivity"), (1, "specificity")])
def test_without_variation_it_is_mcnemars_variance(compared, column, measure):
    frame = agreement_sensitivity(compared, alike()[1])
    n = 4 * (CASES, NONCASES)[column]
    first, second, both = POSITIVE["ESR"][column], POSITIVE["CRP"][column], BOTH[column]
    b, c = 4 * (first - both), 4 * (second - both)
    variance = (b + c - (b - c) ** 2 / n) / n**2
    # the weights of the adjustment have 1/2 added to the counts: 2% of the variance
    assert width(frame, "printed", measure) == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.02)
    independent = (
        first / (n / 4) * (1 - first / (n / 4)) + second / (n / 4) * (1 - second / (n / 4))
    ) / n
    assert width(frame, "independent", measure) == pytest.approx(
        2 * 1.96 * np.sqrt(independent), rel=1e-3
    )


@pytest.mark.parametrize(("column", "measure"), [(0, "sensitivity"), (1, "specificity")])
@pytest.mark.parametrize("agreement", ["least", "most"])
def test_bounds_are_mcnemars_variance_at_the_ends_of_what_both_may_be(
    compared, agreement, column, measure
):
    n = (CASES, NONCASES)[column]
    first, second = POSITIVE["ESR"][column], POSITIVE["CRP"][column]
    both = min(first, second) if agreement == "most" else max(first + second - n, 0)
    b, c = 4 * (first - both), 4 * (second - both)
    variance = (b + c - (b - c) ** 2 / (4 * n)) / (4 * n) ** 2
    # as above, and the covariance is that of counts to which 1/2 was added
    assert width(agreement_sensitivity(compared), agreement, measure) == pytest.approx(
        2 * 1.96 * np.sqrt(variance), rel=0.05
    )


def test_bounds_enclose_what_may_be_printed(compared):
    frame = agreement_sensitivity(compared)
    assert set(frame["agreement"]) == {"independent", "least", "most"}
    printed = agreement_sensitivity(compared, alike()[1])
    assert set(printed["agreement"]) == {"independent", "printed"}
    widths = [width(frame, "most"), width(printed, "printed"), width(frame, "least")]
    assert widths == sorted(widths)
    assert frame.groupby(["measure", "kind"])["estimate"].nunique().eq(1).all()
    expected = compared.differences()
    found = frame[frame["agreement"] == "independent"].drop(columns="agreement")
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)


def test_some_studies_print_their_agreement(compared):
    joint = alike()[1].head(2)
    frame = agreement_sensitivity(compared, joint)
    assert set(frame["agreement"]) == {"independent", "printed", "least", "most"}
    every = agreement_sensitivity(compared, alike()[1])
    assert width(every, "printed") < width(frame, "printed") < width(frame, "independent")


def test_variation_of_studies_that_tests_share_is_kept(ct_mri):
    compared = compare_tests(ct_mri, nodes=1, covariance="arm_based")
    frame = agreement_sensitivity(compared)
    assert width(frame, "most", "specificity") < width(frame, "independent", "specificity")
    # what each test varies by itself is no agreement of patients: it stays
    assert width(frame, "most", "specificity") > 0.5 * width(frame, "independent", "specificity")


def test_what_cannot_be_used_is_said(compared, ascus):
    joint = alike()[1]
    with pytest.raises(DataError, match=r"tp_both = 71 of 'study 0'.*from 50 to 70"):
        agreement_sensitivity(compared, joint.assign(tp_both=71))
    with pytest.raises(DataError, match="not compared: study 9"):
        agreement_sensitivity(compared, joint.assign(study="study 9"))
    with pytest.raises(DataError, match="more than once"):
        agreement_sensitivity(compared, pd.concat([joint, joint]))
    with pytest.raises(DataError, match="lacks the column"):
        agreement_sensitivity(compared, joint.drop(columns="fp_both"))
    scaled = compare_tests(ascus, nodes=1, covariance="scaled")
    with pytest.raises(ArgumentError, match="not supported"):
        agreement_sensitivity(scaled)
