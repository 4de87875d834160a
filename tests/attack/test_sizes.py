"""Levels, counts and sizes at the far ends: an answer in time, or a refusal naming the limit."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError
from backpain_stats.result import format_level

ROWS = 100_000


def _rows(number: int, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    largest = {"tp": 40, "fp": 60, "fn": 20, "tn": 400}
    counts = {name: rng.integers(1, most, number) for name, most in largest.items()}
    return pd.DataFrame({"study": np.arange(number).astype(str), **counts, **columns})


@pytest.mark.parametrize(
    "call",
    [
        bps.fit_bivariate,
        bps.fit_bayes,
        bps.pool_proportion,
        bps.small_study_test,
        lambda frame: bps.compare_tests(frame, test="test"),
    ],
)
def test_studies_that_an_exact_likelihood_cannot_take_are_refused_with_the_limit(call):
    """1,500 studies took more than 20 s, and 10,000 did not end."""
    tests = np.where(np.arange(4002) % 2, "a", "b")
    names = (np.arange(4002) // 2).astype(str)
    one_each = call in (bps.fit_bivariate, bps.fit_bayes, bps.pool_proportion, bps.small_study_test)
    frame = _rows(4002, test=tests)
    with pytest.raises((ArgumentError, DataError), match=r"at most|up to 2,000"):
        call(frame if one_each else frame.assign(study=names))


@pytest.mark.parametrize("name", ["natural_frequencies", "summary_of_findings", "decision_curve",
                                  "decisive_range", "thresholds", "from_frame"])  # fmt: skip
def test_more_flags_than_can_be_drawn_together_are_refused_with_the_limit(name):
    """5,000 flags asked for 58 GB."""
    frame = _rows(ROWS).rename(columns={"study": "flag"})
    more = {"thresholds": {"benefit": 99, "harm": 1}, "from_frame": {"pretest": 0.1}}
    place = {"summary_of_findings": {"prevalences": 0.01}}
    asked = more.get(name) or place.get(name, {"prevalence": 0.01})
    function = bps.RiskModel.from_frame if name == "from_frame" else getattr(bps, name)
    with pytest.raises(DataError, match="at most 1,000"):
        function(frame, **asked)


@pytest.mark.parametrize(
    "call",
    [
        lambda frame: bps.fit_bivariate(frame, effects="common"),
        bps.moses_littenberg,
        bps.weighted_youden,
        bps.proportional_hazards,
        bps.spreadsheet_safe,
    ],
)
def test_the_time_of_what_has_no_limit_grows_with_the_rows(call):
    """Ten times the rows: less than thirty times the processor time (a hundred if quadratic)."""
    taken = []
    for number in (ROWS // 10, ROWS):
        frame = _rows(number)
        begun = time.process_time()
        call(frame)
        taken.append(time.process_time() - begun)
    # What takes a few milliseconds is not measured well.
    assert taken[1] < 30 * max(taken[0], 0.05)


def test_bayesian_ratios_of_the_evidence_end_in_time(evidence):
    """``lr --method bayes`` took more than a minute: thousands of tables one by one."""
    begun = time.process_time()
    found = bps.likelihood_ratios(evidence, "malignancy", flag="cancer_history", method="bayes")
    assert time.process_time() - begun < 15
    known = found[found["usable"] & found["lr_positive_low"].notna()]
    assert (known["lr_positive_low"] <= known["lr_positive"]).all()
    assert (known["lr_positive"] <= known["lr_positive_high"]).all()


@pytest.mark.parametrize(
    ("level", "text"),
    [(0.95, "95%"), (0.9, "90%"), (0.55, "55%"), (0.9999999, "99.99999%"),
     (1 - 2**-53, "99.99999999999999%"), (1e-9, "0.0000001%")],
)  # fmt: skip
def test_no_interval_is_a_hundred_percent(level, text):
    """At level 0.9999999 a "100% interval" was printed."""
    assert format_level(level) == text


def test_the_level_is_printed_with_all_its_digits():
    table = bps.TwoByTwo(tp=7, fp=30, fn=4, tn=500)
    assert "99.99999% interval" in str(table.lr_positive(level=0.9999999))
    fit = bps.fit_bivariate(_rows(6), level=0.9999999)
    assert "99.99999% interval" in str(fit)
    assert "100% interval" not in str(fit)


@pytest.mark.parametrize("given", [np.array([0.1, 0.9]), np.array([]), np.array(3), [1], b"1"])
def test_an_array_is_no_printed_figure(given):
    """``parse_printed(array)`` was NumPy's TypeError."""
    with pytest.raises(ArgumentError, match="must be a figure as printed"):
        bps.parse_printed(given)


@pytest.mark.parametrize("name", ["estimator", "correction"])
@pytest.mark.parametrize("given", ["", set(), np.array([]), 0])
def test_what_is_empty_is_not_what_is_not_given(name, given):
    """An empty text, set or array counted as not given."""
    with pytest.raises(ArgumentError, match=name):
        bps.fit_bivariate(_rows(6), **{name: given})
