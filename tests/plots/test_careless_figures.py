"""Figures handed what they cannot draw: one error of the family, never matplotlib's own."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    DataError,
    TwoByTwo,
    decision_curve,
    natural_frequencies,
    plots,
    study_accuracy,
)

TABLE = TwoByTwo(tp=7, fp=13, fn=1, tn=462)
STUDIES = study_accuracy(
    pd.DataFrame({"study": ["A", "B"], "tp": [4, 7], "fp": [41, 13], "fn": [9, 1], "tn": [90, 46]})
)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("figure", plots.__all__)
@pytest.mark.parametrize("given", [None, "data", pd.DataFrame()])
def test_what_is_no_result_is_refused(figure, given):
    with pytest.raises(DataError):
        getattr(plots, figure)(given)


@pytest.mark.parametrize("figure", ["crosshair", "forest_paired"])
def test_no_studies_are_nothing_to_draw(figure):
    with pytest.raises(DataError, match="nothing to draw"):
        getattr(plots, figure)(STUDIES.iloc[:0])


def test_empty_decision_curve_is_nothing_to_draw():
    with pytest.raises(DataError, match="nothing to draw"):
        plots.decision_curve(decision_curve(TABLE, 0.1).iloc[:0])


@pytest.mark.parametrize("ax", [3, "ax", np.array([1, 2])])
def test_axes_that_are_none_are_refused(ax):
    with pytest.raises(ArgumentError, match="give a matplotlib Axes"):
        plots.crosshair(STUDIES, ax=ax)


def test_options_that_are_no_numbers():
    with pytest.raises(ArgumentError, match="per is 0"):
        plots.decision_curve(decision_curve(TABLE, 0.1), per=0)
    for row in ("x", 0.5, -1, 1):
        with pytest.raises(ArgumentError, match="row is"):
            plots.natural_frequencies(natural_frequencies(TABLE, 0.1), row=row)
