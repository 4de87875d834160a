"""Reconstruction against brute force over all four cells, and its laws."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backpain_stats import ArgumentError, PretestError, UnknownNameError, reconstruct
from backpain_stats.printed import Prevalence, read_prevalence
from backpain_stats.reconstruction import reconstruct_together
from backpain_stats.tables import CELLS

# Written out once more, cell by cell, so that the package's own table of
# statistics is checked too. Each returns numerator and denominator.
STATISTICS = {
    "sensitivity": lambda a, b, c, d: (a, a + c),
    "specificity": lambda a, b, c, d: (d, b + d),
    "false_positive_rate": lambda a, b, c, d: (b, b + d),
    "ppv": lambda a, b, c, d: (a, a + b),
    "npv": lambda a, b, c, d: (d, c + d),
    "lr_positive": lambda a, b, c, d: (a * (b + d), (a + c) * b),
    "lr_negative": lambda a, b, c, d: (c * (b + d), (a + c) * d),
    "odds_ratio": lambda a, b, c, d: (a * d, b * c),
    "prevalence": lambda a, b, c, d: (a + c, a + b + c + d),
    "test_positive_rate": lambda a, b, c, d: (a + b, a + b + c + d),
    "accuracy": lambda a, b, c, d: (a + d, a + b + c + d),
}


def value(name, table):
    """Return the exact value, infinity, or None for 0/0."""
    top, bottom = STATISTICS[name](*table)
    if bottom == 0:
        return None if top == 0 else math.inf
    return Fraction(top, bottom)


def printed(number, decimals):
    """Round half up with the decimal module and return the digits."""
    if number == math.inf:
        return "infinity"
    units = (Decimal(number.numerator) * 10**decimals * 2 / Decimal(number.denominator) + 1) // 2
    # Decimal division is inexact only beyond 28 digits; the tables here are small.
    return f"{units.scaleb(-decimals):.{decimals}f}"


def prints(number, text):
    """Whether a number lies within half a unit of the printed text, ends included."""
    if number is None:
        return False
    if text == "infinity":
        return number == math.inf
    if number == math.inf:
        return False
    decimals = len(text.partition(".")[2])
    return abs(number - Fraction(text)) <= Fraction(1, 2 * 10**decimals)


def brute_force(n, figures, n_cases=None):
    return {
        (a, b, c, n - a - b - c)
        for a, b, c in itertools.product(range(n + 1), repeat=3)
        if a + b + c <= n
        and (n_cases is None or a + c == n_cases)
        and all(prints(value(name, (a, b, c, n - a - b - c)), text)
                for name, text in figures.items())
    }  # fmt: skip


def tables_of(found):
    return set(map(tuple, found.tables[list(CELLS)].to_numpy(dtype=int).tolist()))


cells = st.tuples(*[st.integers(0, 5)] * 4).filter(lambda table: sum(table) > 0)
choices = st.lists(st.sampled_from(sorted(STATISTICS)), min_size=1, max_size=4, unique=True)


def figures_of(table, names, decimals):
    values = {name: value(name, table) for name in names}
    return {name: printed(x, decimals) for name, x in values.items() if x is not None}


@settings(max_examples=150, deadline=None)
@given(cells, choices, st.integers(0, 3), st.booleans())
def test_the_search_finds_exactly_what_brute_force_finds(table, names, decimals, cases_known):
    figures = figures_of(table, names, decimals)
    assume(figures)
    n_cases = table[0] + table[2] if cases_known else None
    found = reconstruct(n=sum(table), n_cases=n_cases, **figures)
    expected = brute_force(sum(table), figures, n_cases)
    assert tables_of(found) == expected
    assert found.count == len(expected)


@pytest.mark.parametrize("orientation", ["cases", "non_cases", "positives", "negatives"])
@settings(max_examples=40, deadline=None)
@given(table=cells, names=choices, decimals=st.integers(1, 3))
def test_every_way_of_cutting_the_table_finds_the_same(orientation, table, names, decimals):
    from backpain_stats.reconstruction import search as module

    figures = figures_of(table, names, decimals)
    assume(figures)
    only = {orientation: module.ORIENTATIONS[orientation]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ORIENTATIONS", only)
        found = reconstruct(n=sum(table), **figures)
    assert tables_of(found) == brute_force(sum(table), figures)


big = st.tuples(st.integers(0, 60), st.integers(0, 900), st.integers(0, 60), st.integers(0, 900))


@settings(max_examples=100, deadline=None)
@given(big, choices, st.integers(2, 4), st.sampled_from(["none", "n_cases", "n_positive", "tp"]))
def test_a_table_is_among_those_its_own_figures_allow(table, names, decimals, also):
    assume(sum(table) > 0)
    a, b, c, _ = table
    # Prevalence keeps the number of tables small when the cases are unknown.
    figures = figures_of(table, {*names, "prevalence"}, decimals)
    counts = {"none": {}, "n_cases": {"n_cases": a + c}, "n_positive": {"n_positive": a + b},
              "tp": {"tp": a}}[also]  # fmt: skip
    found = reconstruct(n=sum(table), **counts, **figures)
    assert found.count >= 1
    if found.count <= 100_000:
        assert table in tables_of(found)


@settings(max_examples=60, deadline=None)
@given(cells, choices, st.integers(0, 3))
def test_a_further_figure_never_adds_a_table(table, names, decimals):
    figures = figures_of(table, names, decimals)
    assume(len(figures) > 1)
    fewer = dict(list(figures.items())[:-1])
    n = sum(table)
    assert tables_of(reconstruct(n=n, **figures)) <= tables_of(reconstruct(n=n, **fewer))


# Calling the cases non-cases: tp <-> fp and fn <-> tn.
MIRROR = {
    "sensitivity": "false_positive_rate",
    "false_positive_rate": "sensitivity",
    "test_positive_rate": "test_positive_rate",
}
MIRRORED = [
    ["sensitivity"],
    ["false_positive_rate", "sensitivity"],
    ["test_positive_rate", "sensitivity"],
]


@settings(max_examples=60, deadline=None)
@given(cells, st.sampled_from(MIRRORED), st.integers(1, 3))
def test_calling_the_cases_non_cases_maps_the_tables_onto_each_other(table, names, decimals):
    figures = figures_of(table, names, decimals)
    assume(len(figures) == len(names))
    n, n_cases = sum(table), table[0] + table[2]
    one = tables_of(reconstruct(n=n, n_cases=n_cases, **figures))
    mirrored = {MIRROR[name]: text for name, text in figures.items()}
    other = tables_of(reconstruct(n=n, n_cases=n - n_cases, **mirrored))
    assert {(b, a, d, c) for a, b, c, d in one} == other


@settings(max_examples=60, deadline=None)
@given(cells, st.integers(1, 3))
def test_exchanging_test_and_condition_maps_the_tables_onto_each_other(table, decimals):
    figures = figures_of(table, ["sensitivity", "specificity", "odds_ratio"], decimals)
    assume({"sensitivity", "specificity"} <= figures.keys())
    turned = {"ppv": figures["sensitivity"], "npv": figures["specificity"]}
    turned |= {name: text for name, text in figures.items() if name == "odds_ratio"}
    one = tables_of(reconstruct(n=sum(table), **figures))
    other = tables_of(reconstruct(n=sum(table), **turned))
    assert {(a, c, b, d) for a, b, c, d in one} == other


@settings(max_examples=40, deadline=None)
@given(cells, st.integers(1, 3), st.sampled_from(["0.01", "7/482", "5%"]))
def test_a_posttest_is_the_likelihood_ratio_in_other_words(table, decimals, pretest):
    ratio = value("lr_positive", table)
    assume(ratio not in (None, math.inf))
    text = pretest.removesuffix("%")
    prior = Fraction(text) / (100 if pretest.endswith("%") else 1)
    odds = prior / (1 - prior)
    posttest = printed(odds * ratio / (1 + odds * ratio), decimals)
    found = tables_of(reconstruct(n=sum(table), posttest=posttest, pretest=pretest))
    expected = set()
    for one in brute_force(sum(table), {}):
        lr = value("lr_positive", one)
        if lr is None:
            continue
        post = Fraction(1) if lr == math.inf else odds * lr / (1 + odds * lr)
        if prints(post, posttest):
            expected.add(one)
    assert found == expected


@settings(max_examples=40, deadline=None)
@given(cells, st.sampled_from(["lr_positive", "lr_negative", "odds_ratio"]),
       st.sampled_from(["zero_cells", "all"]), st.integers(0, 2))  # fmt: skip
def test_corrected_ratios_are_those_of_the_table_with_half_a_patient_more(
    table, name, correction, decimals
):
    def corrected(one):
        if correction == "zero_cells" and 0 not in one:
            return value(name, one)
        return value(name, tuple(Fraction(2 * cell + 1, 2) for cell in one))

    text = printed(corrected(table), decimals)
    found = tables_of(reconstruct(n=sum(table), corrections=correction, **{name: text}))
    assert found == {one for one in brute_force(sum(table), {}) if prints(corrected(one), text)}
    frame = reconstruct(n=sum(table), corrections=correction, **{name: text}).tables
    assert set(frame["correction"]) <= {correction}


@settings(max_examples=40, deadline=None)
@given(cells, st.integers(1, 2), st.booleans())
def test_a_corrected_posttest_of_the_cohort_keeps_the_cohorts_own_prior(table, decimals, positive):
    def post(one):
        a, b, c, d = one
        if a + c == 0 or b + d == 0:
            return None
        x, y = (a, b) if positive else (c, d)
        ratio = (Fraction(2 * x + 1, 2) / (a + c + 1)) / (Fraction(2 * y + 1, 2) / (b + d + 1))
        odds = Fraction(a + c, b + d) * ratio
        return odds / (1 + odds)

    own = post(table)
    assume(own is not None)
    name = "posttest" if positive else "posttest_negative"
    figures = {name: printed(own, decimals)}
    found = tables_of(reconstruct(n=sum(table), pretest="cohort", corrections="all", **figures))
    expected = {one for one in brute_force(sum(table), {}) if prints(post(one), figures[name])}
    assert expected <= found
    # Without cases or without non-cases there is no prior, but the bound 0 or 1 may still hold.
    assert all(post(one) is None for one in found - expected)


def test_whole_numbers_beyond_64_bits_are_exact_too():
    # 1/3 of 3 million to nine digits: the products need more than 64 bits.
    found = reconstruct(n=3_000_000, n_cases=3_000, sensitivity="0.333333333",
                        lr_positive="1.000000000")  # fmt: skip
    assert tables_of(found) == {(1000, 999_000, 2000, 1_998_000)}


def test_ten_thousand_patients_with_unknown_cases_are_counted_not_listed():
    found = reconstruct(n=10_000, sensitivity="0.31", specificity="0.98")
    # Counted another way: for each number of cases, the counts of each arm multiply.
    cases = np.arange(10_001)

    def arm(sizes, low, high):
        # In thousandths, as integers: ceil and floor of low * size and high * size.
        return np.maximum(high * sizes // 1000 + (-low * sizes) // 1000 + 1, 0) * (sizes > 0)

    total = int((arm(cases, 305, 315) * arm(10_000 - cases, 975, 985)).sum())
    assert found.verdict == "several"
    assert found.count == total == 16_676_349


def test_the_tables_of_a_frame():
    found = reconstruct(n=1975, n_cases=13, sensitivity="0.31", specificity="0.98")
    frame = found.tables
    assert list(frame.columns) == [*CELLS, "n", "n_cases"]
    assert set(map(str, frame.dtypes)) == {"Int64"}
    assert (frame["n"] == 1975).all()
    assert found.steps["tables"].tolist() == [27_482, 1963, 20]
    assert "several: 20 tables" in str(found)
    assert "<table" in found._repr_html_()


def test_an_arm_of_unknown_size_is_na():
    found = reconstruct(n_cases=13, sensitivity="0.31")
    assert found.tables.isna().iloc[0].tolist() == [False, True, False, True, True, False]
    found = reconstruct(tp=(0, 3), fp=(0, 4), ppv="0.50")
    assert found.tables[["tp", "fp"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]


def test_counts_that_contradict_each_other():
    found = reconstruct(n=10, n_cases=4, tp=3, fn=2)
    assert found.verdict == "impossible"
    assert "contradict each other" in found.explanation


def test_what_is_known_of_the_other_group_does_not_hide_the_group_that_is_asked_about():
    # n is unknown: the positives or the false positives do not narrow the cases.
    found = reconstruct(n_cases=13, fp=3, sensitivity="0.31")
    assert (found.verdict, found.cells.tolist()) == ("unique", [[4, -1, 9, -1]])
    found = reconstruct(n_cases=13, n_positive=(5, 20), sensitivity="0.31")
    assert found.cells.tolist() == [[4, -1, 9, -1]]


def test_a_share_printed_as_counts_states_them():
    assert reconstruct(sensitivity="4 of 13").cells.tolist() == [[4, -1, 9, -1]]
    found = reconstruct(n=1975, prevalence="13/1975", sensitivity="0.31", specificity="1921/1962")
    assert found.cells.tolist() == [[4, 41, 9, 1921]]
    found = reconstruct(n_cases=26, sensitivity="4 of 13")
    assert found.verdict == "impossible"
    assert "contradict each other: n_cases = 26, sensitivity 4 of 13." in found.explanation


@pytest.mark.parametrize("pretest", ["13 of 1975", "13/1975", (13, 1975), "1 in 300", 0.01])
def test_a_pretest_is_read_by_the_one_reader(pretest):
    given_pretest = Prevalence.counted(*pretest) if isinstance(pretest, tuple) else pretest
    exact = read_prevalence(given_pretest).exact
    ratio = Fraction(4 * 1962, 13 * 41)
    odds = exact / (1 - exact) * ratio
    text = printed(odds / (1 + odds), 4)
    found = reconstruct(n=1975, n_cases=13, tp=4, posttest=text, pretest=given_pretest)
    assert (4, 41, 9, 1921) in tables_of(found)
    assert found.count < 20


def test_the_cells_are_whole_numbers_that_nobody_can_change():
    found = reconstruct(n_cases=13, sensitivity="0.31")
    assert found.cells.dtype == np.int64
    assert found.cells.tolist() == [[4, -1, 9, -1]]
    with pytest.raises(ValueError, match="read-only"):
        found.cells[0, 0] = 5
    assert repr(found) == "Reconstruction(verdict='unique', count=1)"


def test_nothing_is_explained_before_it_is_asked_for(monkeypatch):
    from backpain_stats.reconstruction import result as module

    def refuse(*_):
        raise AssertionError("an explanation was made")

    monkeypatch.setattr(module, "explain", refuse)
    monkeypatch.setattr(module, "interval_findings", refuse)
    found = reconstruct(n=1975, n_cases=13, sensitivity="0.50 (0.1-0.9)", specificity="0.81")
    assert (found.verdict, found.count, len(found.cells)) == ("impossible", 0, 0)
    assert found.steps["tables"].iloc[-1] == 0
    assert len(found.tables) == len(found.warnings) == 0


def test_infinite_and_zero_ratios_are_values():
    assert tables_of(reconstruct(n=9, n_cases=4, tp=4, lr_positive="infinity")) == {(4, 0, 0, 5)}
    assert tables_of(reconstruct(n=9, n_cases=4, tp=0, fp=2, lr_positive="0.0")) == {(0, 2, 4, 3)}


def test_an_interval_that_no_method_gives_is_set_aside_unless_its_method_is_named():
    given_figures = {"n_cases": 20, "sensitivity": "0.50 (0.10-0.90)"}
    loose = reconstruct(**given_figures)
    assert (loose.verdict, loose.set_aside) == ("unique", ("sensitivity",))
    assert pd.isna(loose.tables["sensitivity_interval"].iloc[0])
    assert reconstruct(**given_figures, interval_methods="wilson").verdict == "impossible"


def test_an_interval_narrows_the_tables():
    # A wide range of groups prints 0.75; the interval tells their size.
    found = reconstruct(n_cases=(4, 200), sensitivity="0.75 (0.53-0.90)")
    assert found.tables["sensitivity_interval"].str.contains("clopper_pearson").any()
    assert found.count < reconstruct(n_cases=(4, 200), sensitivity="0.75").count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reports": 3, "n": 10}, "give a list of reports"),
        ({"reports": "ab", "n": 10}, "give a list of reports"),
        ({"reports": ["0.50"], "n": 10}, "report 1 is '0.50'; give what it prints as a mapping"),
        ({"reports": [{"n": 10, "sensitivity": "0.50"}], "n": 10}, "report 1 states n; "),
        ({"reports": {"a": {"level": 0.9}}, "n": 10, "level": 0.95}, "a states level; "),
        ({"reports": [{"sensitivity": "0.50"}], "n": 10, "corrections": 3}, "list of names"),
    ],
)
def test_together_refuses_what_is_no_report(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        reconstruct_together(**arguments)


def test_a_joint_reconstruction_explains_itself():
    reports = {"first": {"sensitivity": "0.50"}, "second": {"sensitivity": "0.33"}}
    found = reconstruct_together(reports, n=12, n_cases=(3, 6))
    assert found.verdict == "several"
    assert found.count == 7 * 7
    assert str(found).splitlines() == [
        "several: together the reports allow n 12, n_cases 6.",
        "first: 16 tables alone, with n_cases 4, 6.",
        "second: 17 tables alone, with n_cases 3, 6.",
    ]
    apart = reconstruct_together(reports, n=12, n_cases=(3, 5))
    assert str(apart).startswith("impossible: no number of cases suits all reports.")


def test_together_needs_reports_and_a_size():
    with pytest.raises(ArgumentError, match="at least one report"):
        reconstruct_together([], n=10)
    with pytest.raises(ArgumentError, match="give n"):
        reconstruct_together([{"sensitivity": "0.50"}], n_cases=10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 20, "sensitivity": 0.5}, ArgumentError, "give it as printed, in quotes"),
        ({"n": 20, "sensitivity": "0,5"}, ArgumentError, "write a decimal point: 0.5"),
        ({"n": 20, "sensitivity": "high"}, ArgumentError, "as printed, such as"),
        ({"n": 20, "sensitivity": "50"}, ArgumentError, "a percentage is written '50%'"),
        ({"n": 20, "sensitivity": "-0.5"}, ArgumentError, "negative"),
        ({"n": 20, "sensitivity": True}, ArgumentError, "as printed"),
        ({"n": 20, "sensitivty": "0.5"}, UnknownNameError, "sensitivity"),
        ({"n": 2.5, "sensitivity": "0.5"}, ArgumentError, "whole number"),
        ({"n": "-3", "sensitivity": "0.5"}, ArgumentError, "must be a count"),
        ({"n": (5, 2), "sensitivity": "0.5"}, ArgumentError, "larger than the second"),
        ({"n": [1, 2, 3], "sensitivity": "0.5"}, ArgumentError, "must be a count"),
        ({"sensitivity": "0.5"}, ArgumentError, "n is unknown"),
        ({"n_cases": 13, "specificity": "0.9"}, ArgumentError, "specificity 0.9 needs it"),
        ({"n": 10_000, "lr_positive": "14.7"}, ArgumentError, "too little is known"),
        ({"n": 20, "posttest": "0.5"}, PretestError, "without its pre-test"),
        ({"n": 20, "posttest": "0.5", "pretest": "1"}, PretestError, "strictly between"),
        ({"n": 20, "posttest": "0.5", "pretest": "rare"}, PretestError, "as printed"),
        ({"n": 20, "posttest": "0.5", "pretest": "0.1", "pretest_odds": "0.1"}, PretestError,
         "not both"),
        ({"n": 20, "posttest": "0.5", "pretest_odds": "0"}, PretestError, "above 0"),
        ({"n": 20, "sensitivity_low": "0.9", "sensitivity_high": "0.1"}, ArgumentError, "above"),
        ({"n": 20, "sensitivity": "0.5", "interval_methods": "exact"}, ArgumentError, "allowed"),
        ({"n": 20, "sensitivity": "0.5", "corrections": "half"}, ArgumentError, "allowed"),
        ({"n": 20, "sensitivity": "0.5", "corrections": 3}, ArgumentError, "list of names"),
        ({"n": 20, "sensitivity": "0.5", "corrections": [3]}, ArgumentError, "allowed"),
        ({"n": 20, "sensitivity": "0.5", "interval_methods": 3}, ArgumentError, "list of names"),
        ({"n": 20, "sensitivity": "0.5", "rounding": None}, ArgumentError, "allowed"),
        ({"n": 20, "sensitivity": "0.5", "pretest": "0.1"}, PretestError, "without the post-test"),
        ({"n": 20, "sensitivity": "0.5", "pretest_odds": 1}, PretestError, "without the post-test"),
        ({"n": 20, "posttest": "0.5", "pretest": "<0.1"}, PretestError, "a bound, not a value"),
        ({"n": 20, "posttest": "0.5", "pretest": "0.1 to 0.2"}, PretestError, "one number"),
        ({"n": 20, "posttest": "0.5", "pretest_odds": ">1"}, PretestError, "above 0"),
        ({"n": 20, "posttest": "0.5", "pretest_odds": "high"}, PretestError, "as printed"),
        ({"n": 20, "sensitivity": "0." + "3" * 5000}, ArgumentError, "at most 60 characters"),
        ({"n": 10**400, "sensitivity": "0.3"}, ArgumentError, "not exact"),
        ({"n": (0, 10**12), "n_cases": 13, "sensitivity": "0.3"}, ArgumentError, "at most 2,000"),
        ({"n": (1, 5000), "ppv": "0.50"}, ArgumentError, "at most 2,000,000"),
        ({"n": 20, "sensitivity": "5 of 4"}, ArgumentError, "must lie from 0 to 1"),
        ({"n": 20, "n_low": "0.3"}, UnknownNameError, "unknown statistic 'n_low'"),
        ({"n": 20, "sensitivity": "0.5", "rounding": "up"}, ArgumentError, "allowed"),
        ({"n": 20, "sensitivity": "0.5", "level": 95}, ArgumentError, "level"),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_clear_message(arguments, error, message):
    with pytest.raises(error, match=message):
        reconstruct(**arguments)


def test_too_many_tables_for_a_frame_is_said():
    found = reconstruct(n=11_000, sensitivity="0.31", specificity="0.98")
    assert found.verdict == "several"
    with pytest.raises(ArgumentError, match="too many for a frame"):
        _ = found.tables


def test_a_value_outside_its_own_interval_is_pointed_out():
    found = reconstruct(n_cases=20, sensitivity="0.50 (0.60-0.90)")
    assert any("outside its own interval" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "method", ["wilson", "wilson_cc", "clopper_pearson", "jeffreys", "agresti_coull"]
)
@settings(max_examples=25, deadline=None)
@given(group=st.integers(2, 150), share=st.floats(0, 1), decimals=st.integers(1, 3))
def test_an_interval_finds_every_group_that_prints_it(method, group, share, decimals):
    from backpain_stats.tables import proportion_interval

    count = round(share * group)
    low, high = proportion_interval(count, group, method)
    text = {"sensitivity": printed(Fraction(count, group), decimals)}
    text["sensitivity_low"] = f"{float(low):.{decimals}f}"
    text["sensitivity_high"] = f"{float(high):.{decimals}f}"
    found = reconstruct(n_cases=(1, 150), interval_methods=method, **text)
    sizes, counts = np.meshgrid(np.arange(1, 151), np.arange(151))
    inside = counts <= sizes
    sizes, counts = sizes[inside], counts[inside]
    lows, highs = proportion_interval(counts, sizes, method)
    # The margin stands for the rounding of the shortest decimal that prints a double.
    half = 0.5 * 10**-decimals + 1e-12
    good = np.abs(lows - float(text["sensitivity_low"])) <= half
    good &= np.abs(highs - float(text["sensitivity_high"])) <= half
    expected = {
        (k, m - k)
        for k, m in zip(counts[good].tolist(), sizes[good].tolist(), strict=True)
        if prints(Fraction(k, m), text["sensitivity"])
    }
    assert set(map(tuple, found.tables[["tp", "fn"]].to_numpy(dtype=int).tolist())) == expected
