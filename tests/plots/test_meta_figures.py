"""The meta-analysis figures, by their artists: each stands where the numbers say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Estimate, plots
from backpain_stats.errors import DataError
from backpain_stats.meta.deeks import deeks_test
from backpain_stats.meta.studies import study_accuracy
from backpain_stats.plots.draw_forest_paired import PANEL_STEP

DATA = Path(__file__).parents[1] / "oracles" / "r" / "data"


@pytest.fixture
def data():
    return pd.read_csv(DATA / "smith2011.csv")


class Summary:
    """The two estimates a forest needs of a fit."""

    sensitivity = Estimate(0.8, 0.7, 0.88, 0.95, "test", "sensitivity")
    specificity = Estimate(0.9, 0.85, 0.95, 0.95, "test", "specificity")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_forest_paired_stands_where_the_numbers_are(data):
    studies = study_accuracy(data)
    ax = plots.forest_paired(studies, fit=Summary())
    left, right = (collection.get_offsets() for collection in ax.collections[1:4:2])
    np.testing.assert_allclose(np.asarray(left)[:, 0], studies["sensitivity"])
    shown = ~np.ma.getmaskarray(right)[:, 0]
    expected = studies["specificity"].to_numpy()
    assert np.array_equal(np.asarray(shown), np.isfinite(expected))
    np.testing.assert_allclose(np.asarray(right)[shown, 0], expected[shown] + PANEL_STEP)
    assert texts(ax).count("no non-cases") == 4
    assert str(int(data["tn"].iloc[10])) in texts(ax)
    diamonds = [patch.get_xy() for patch in ax.patches]
    assert (diamonds[0][:, 0].min(), diamonds[0][:, 0].max()) == (0.7, 0.88)
    np.testing.assert_allclose(diamonds[1][:, 0].min() - PANEL_STEP, 0.85)


def test_forest_paired_takes_an_axes_and_says_what_is_missing(data):
    import matplotlib.pyplot as plt

    _, mine = plt.subplots()
    assert plots.forest_paired(study_accuracy(data), ax=mine) is mine
    with pytest.raises(DataError, match="study_accuracy"):
        plots.forest_paired(data)


def test_crosshair_spans_the_intervals(data):
    studies = study_accuracy(data)
    ax = plots.crosshair(studies, label=True)
    placed = studies.dropna(subset=["specificity"])
    segments = np.array(ax.collections[0].get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], 1 - placed["specificity_high"])
    np.testing.assert_allclose(segments[:, 1, 0], 1 - placed["specificity_low"])
    np.testing.assert_allclose(segments[:, 0, 1], placed["sensitivity"])
    assert len(ax.texts) == len(placed)
    assert "4 of 30" in ax.get_title()


def test_funnel_draws_the_regression_of_the_test(data):
    test = deeks_test(data)
    ax = plots.funnel_deeks(test)
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(np.log(x), test.intercept + test.slope.estimate * np.asarray(y))
    assert len(ax.collections[0].get_offsets()) == 26
    top, bottom = ax.get_ylim()[::-1]
    assert top < bottom
    assert "4 not used" in ax.get_title()
