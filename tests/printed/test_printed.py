"""What a printed figure says."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_stats import ArgumentError
from backpain_stats.printed import (
    as_numbers,
    parse_count_range,
    parse_printed,
    spell,
    split_interval,
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.31", "0.305", "0.315"),
        ("31%", "0.305", "0.315"),
        ("2.3%", "0.0225", "0.0235"),
        ("1.00", "0.995", "1.005"),
        ("14.7", "14.65", "14.75"),
        ("35", "34.5", "35.5"),
        (35, "34.5", "35.5"),
        (".5", "0.45", "0.55"),
        ("3.", "2.5", "3.5"),
        ("14·7", "14.65", "14.75"),
        (Decimal("0.50"), "0.495", "0.505"),
        (" 0.31 ", "0.305", "0.315"),
    ],
)
def test_a_figure_stands_for_half_a_unit_to_each_side(text, low, high):
    figure = parse_printed(text)
    assert (figure.low, figure.high) == (Fraction(low), Fraction(high))
    assert figure.admits(Fraction(low))
    assert figure.admits(Fraction(high))
    assert not figure.admits(Fraction(low) - Fraction(1, 10**9))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [(">0.90", "0.900001", "0.90"), ("<0.01", "0.0099", "0.01"), (">=2", "2", "1.99"),
     ("<=0.01", "0.01", "0.0101"), ("≥ 2.4", "2.4", "2.39"),
     ("≤3%", "0.03", "0.0301"), (">90%", "0.91", "0.9")],
)  # fmt: skip
def test_inequalities_are_strict_unless_they_say_otherwise(text, inside, outside):
    figure = parse_printed(text)
    assert figure.is_bound
    assert figure.point is None
    assert figure.admits(Fraction(inside))
    assert not figure.admits(Fraction(outside))


def test_four_readings_of_the_same_digits():
    tie_below, tie_above = Fraction("0.125"), Fraction("0.135")
    readings = {
        name: parse_printed("0.13", rounding=name)
        for name in ("nearest", "half_up", "no_ties", "truncated")
    }
    assert [readings[name].admits(tie_below) for name in readings] == [True, True, False, False]
    assert [readings[name].admits(tie_above) for name in readings] == [True, False, False, True]
    assert readings["truncated"].admits(Fraction("0.1399"))


@pytest.mark.parametrize(
    ("text", "counts"),
    [("13 of 1975", (13, 1975)), ("13/1975", (13, 1975)), ("1 in 300", (1, 300)),
     ("13 out of 1,975", (13, 1975)), ("0/12", (0, 12))],
)  # fmt: skip
def test_a_share_of_counts_is_one_exact_value(text, counts):
    figure = parse_printed(text)
    share = Fraction(*counts)
    assert figure.counts == counts
    assert figure.low == figure.high == figure.point == share
    assert figure.admits(share)
    assert not figure.admits(share + Fraction(1, 10**9))


def test_zero_is_anything_that_prints_so():
    figure = parse_printed("0.0")
    assert (figure.low, figure.high, figure.point) == (0, Fraction(1, 20), 0)
    assert figure.low_closed
    assert parse_printed("0.0", signed=True).low == Fraction(-1, 20)
    assert parse_printed("0.0", rounding="no_ties").admits(0)


def test_infinity_is_printed_too():
    figure = parse_printed("∞")
    assert figure.admits(math.inf)
    assert figure.value is None
    assert figure.point is None
    assert not figure.is_bound


def test_a_computed_end_of_an_interval_is_compared_in_floating_point():
    figure = parse_printed("0.31")
    good = figure.admits_float([0.305, 0.315, 0.3049, np.nan, np.inf])
    assert good.tolist() == [True, True, False, False, False]


@given(st.fractions(0, 100), st.integers(0, 6))
def test_what_is_spelt_is_read_back(number, decimals):
    assert parse_printed(spell(number, decimals)).admits(number)


@given(st.integers(0, 10**6), st.integers(0, 5))
def test_spelling_rounds_half_up(units, decimals):
    tie = Fraction(2 * units + 1, 2 * 10**decimals)
    assert Fraction(spell(tie, decimals)) == Fraction(units + 1, 10**decimals)


def test_a_minus_sign_only_where_it_makes_sense():
    assert parse_printed("-0.02", signed=True).value == Fraction(-1, 50)
    with pytest.raises(ArgumentError, match="negative"):
        parse_printed("-0.02")


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1e-3", "0.3 (0.1-0.5)", "0.31.5", None, b"0.3", "nan", "1,975", "3 of 0", "1 on 3",
     "0.3\x00", "1" * 5000, "0." + "3" * 5000, 10**400, Decimal("1e999999999"), "²", [],
     "<<0.9", "=>0.9", "1_0", "٣", True, np.True_],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(ArgumentError, match="as printed"):
        parse_printed(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0.75 (0.53-0.90)", ("0.75", "0.53", "0.90")),
        ("0.75 [0.53 to 0.90]", ("0.75", "0.53", "0.90")),
        ("75% (53%–90%)", ("75%", "53%", "90%")),
        ("33% (22-46%)", ("33%", "22%", "46%")),
        ("33% (22-46)", ("33%", "22%", "46%")),
        ("0.75 (0.53, 0.90)", ("0.75", "0.53", "0.90")),
        ("(0.53; 0.90)", ("", "0.53", "0.90")),
        ("0.75", None),
        (None, None),
    ],
)
def test_an_interval_in_parentheses(text, parts):
    assert split_interval(text) == parts


@pytest.mark.parametrize(
    ("given_count", "expected"),
    [
        (13, (13, 13)), ("13", (13, 13)), ("1,975", (1975, 1975)), ((250, 308), (250, 308)),
        ("250-308", (250, 308)), ("250..308", (250, 308)), ("1,000 to 1,975", (1000, 1975)),
        (range(5, 8), (5, 7)), (13.0, (13, 13)), (np.int64(13), (13, 13)), (np.float64(4), (4, 4)),
        (None, None), (pd.NA, None), ("", None), (math.nan, None),
    ],
)  # fmt: skip
def test_counts_and_ranges_of_counts(given_count, expected):
    assert parse_count_range(given_count, "n") == expected


@pytest.mark.parametrize(
    "given_count",
    ["many", "12.5", 12.5, -1, "1,2", (1, 2, 3), {}, True, (), "1" * 5000, 10**400, (10**5000, 3),
     2**53 + 1, math.inf, "²", "1-2-3", "3-2", ("1", "2"), np.True_, "1_0"],
)  # fmt: skip
def test_what_is_no_count_is_refused(given_count):
    with pytest.raises(ArgumentError, match="n is"):
        parse_count_range(given_count, "n")


def test_a_number_that_python_cannot_spell_is_refused_too():
    # Not among the parameters above: pytest would have to spell it for their names.
    for read in (parse_printed, lambda number: parse_count_range(number, "n")):
        with pytest.raises(ArgumentError, match="thousands of digits"):
            read(10**5000)


def test_many_cells_are_read_by_the_one_reader():
    cells = ["≥0.90", "<=3%", "14·7", "-0.02", "1 in 4", "∞", "x", "", None]
    expected = [0.9, 0.03, 14.7, -0.02, 0.25, math.inf, math.nan, math.nan, math.nan]
    numbers = as_numbers(pd.Series(cells, dtype="string", index=range(10, 19)))
    np.testing.assert_array_equal(numbers, expected)
    assert numbers.index[0] == 10
    assert as_numbers(pd.Series([13, None], dtype="Int64")).tolist()[0] == 13
