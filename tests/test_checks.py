"""What a careless caller hands in: one clear error, no warning, nothing taken for a number."""

import warnings

import numpy as np
import pandas as pd
import pytest

from backpain_stats import TwoByTwo, accuracy, fit_bivariate, posttest_probability
from backpain_stats.checks import check_count, check_fraction, check_pretest, counts_from_frame
from backpain_stats.errors import ArgumentError, DataError, PretestError

TABLE = TwoByTwo(tp=7, fp=13, fn=1, tn=462)
FRAME = pd.DataFrame(
    {"study": ["A", "B"], "tp": [4, 7], "fp": [41, 13], "fn": [9, 0], "tn": [1921, 462]}
)


@pytest.mark.parametrize("level", ["0.95", True, np.True_, [0.9], np.array([0.9, 0.95]), 0.9 + 0j])
def test_level_that_is_no_number_is_refused(level):
    # Text was once accepted and came back as the ci_level of the result.
    with pytest.raises(ArgumentError, match="level"):
        TABLE.sensitivity(level=level)


def test_numbers_of_numpy_are_numbers():
    assert check_fraction(np.float32(0.5), "x") == 0.5
    assert check_fraction(np.array(0.25), "x") == 0.25
    assert check_count(np.uint8(5), "tp") == 5
    assert check_count("5.0", "tp") == 5
    series = pd.Series([0.1, 0.2], dtype="Float64")
    np.testing.assert_array_equal(check_pretest(series), [0.1, 0.2])


@pytest.mark.parametrize("count", [np.True_, 10**400, "5.5", float("inf"), np.array([1])])
def test_count_that_is_none_is_refused(count):
    with pytest.raises(ArgumentError, match=r"^tp is"):
        check_count(count, "tp")


@pytest.mark.parametrize("pretest", ["0.3", True, [0.1, None], [0.1, "0.2"], [[0.1], [0.1, 0.2]]])
def test_pretest_that_is_no_number_is_refused(pretest):
    with pytest.raises(PretestError):
        posttest_probability(pretest, 2.0)


@pytest.mark.parametrize("lr", ["3", None, True, [1, None]])
def test_ratio_that_is_no_number_is_refused(lr):
    with pytest.raises(ArgumentError, match="is not a number"):
        posttest_probability(0.1, lr)


def test_ratio_that_is_missing_stays_missing():
    found = posttest_probability(0.1, pd.Series([1.0, pd.NA], dtype="Float64"))
    np.testing.assert_allclose(found, [0.1, np.nan])


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ArgumentError, match=r"\(3,\).*\(2,\)"):
        posttest_probability([0.1, 0.2, 0.3], [1, 2])


@pytest.mark.parametrize(
    "cells",
    [
        [np.inf, 1],
        [True, False],
        pd.Series([True, 1], dtype=object),
        pd.array([True, None], dtype="boolean"),
        [1j, 1],
        pd.to_datetime(["2020-01-01", "2021-01-01"]),
        pd.Series([10**400, 1], dtype=object),
    ],
)
def test_cells_that_are_no_counts_are_named(cells):
    frame = FRAME.assign(tp=cells)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for use in (counts_from_frame, accuracy, fit_bivariate):
            with pytest.raises(DataError, match="row 0, column tp"):
                use(frame)


@pytest.mark.parametrize("kind", [object, float, "Float64", "Int64", str, "string", "category"])
def test_counts_are_read_from_any_kind_of_column(kind):
    frame = FRAME.assign(tp=FRAME["tp"].astype(kind), tn=FRAME["tn"].astype(kind))
    np.testing.assert_array_equal(counts_from_frame(frame), counts_from_frame(FRAME))


def test_column_given_twice_is_refused():
    with pytest.raises(DataError, match="more than one column named tp"):
        accuracy(pd.concat([FRAME, FRAME[["tp"]]], axis=1))


def test_message_shows_plain_numbers():
    with pytest.raises(DataError, match="row 0, column tp: -1"):
        accuracy(FRAME.assign(tp=[-1, 2]))


@pytest.mark.parametrize("measures", ["sensitivity", None, 5])
def test_measures_must_be_a_list(measures):
    with pytest.raises(ArgumentError, match="measures is"):
        accuracy(FRAME, measures=measures)
