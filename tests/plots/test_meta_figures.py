"""The meta-analysis figures, by their artists: each stands where the numbers say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Estimate, fit_bivariate, plots
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.meta.studies import study_accuracy
from backpain_stats.meta.univariate.deeks import deeks_test
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


@pytest.fixture(scope="module")
def telomerase():
    return fit_bivariate(pd.read_csv(DATA / "Telomerase.csv"))


def by_label(ax):
    return dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))


def test_sroc_draws_the_fit(telomerase):
    ax = plots.sroc(telomerase, label=True)
    drawn = by_label(ax)
    counts = telomerase.rows
    offsets = np.asarray(drawn["studies (area: effective size)"].get_offsets())
    np.testing.assert_allclose(offsets[:, 1], counts["tp"] / (counts["tp"] + counts["fn"]))
    x, y = drawn["summary ROC curve (observed range)"].get_data()
    fractions = counts["fp"] / (counts["fp"] + counts["tn"])
    assert min(x) >= fractions.min()
    assert max(x) <= fractions.max() + 1e-12
    assert np.all(np.diff(y) > 0)
    (centre,) = np.asarray(drawn["summary"].get_offsets())
    np.testing.assert_allclose(
        centre, [1 - telomerase.specificity.estimate, telomerase.sensitivity.estimate]
    )
    inner, outer = (
        drawn[f"95% {kind} region"].get_data()[0] for kind in ("confidence", "prediction")
    )
    assert np.ptp(outer) > np.ptp(inner)
    assert len(ax.texts) == len(counts)


def test_sroc_areas_follow_the_effective_size(telomerase):
    drawn = by_label(plots.sroc(telomerase))
    sizes = drawn["studies (area: effective size)"].get_sizes()
    counts = telomerase.rows
    cases, noncases = counts["tp"] + counts["fn"], counts["fp"] + counts["tn"]
    effective = cases * noncases / (cases + noncases)
    assert np.corrcoef(sizes, effective)[0, 1] == pytest.approx(1)


def test_sroc_of_few_studies_draws_no_curve_and_marks_what_has_no_place():
    rows = pd.DataFrame(
        {"study": list("ABCD"), "tp": [4, 7, 18, 0], "fp": [41, 12, 100, 47],
         "fn": [9, 0, 6, 0], "tn": [1921, 463, 400, 1125]}
    )  # fmt: skip
    fit = fit_bivariate(rows, inference="bayes", effective_size=400, nodes=5)
    ax = plots.sroc(fit)
    drawn = by_label(ax)
    assert "summary ROC curve (observed range)" not in drawn
    assert "no curve" in ax.get_title()
    assert "95% credible region" in drawn
    np.testing.assert_allclose(np.asarray(drawn["no cases"].get_offsets()), [[47 / 1172, 0]])
    common = plots.sroc(fit_bivariate(rows, effects="common"))
    assert "no prediction region" in common.get_title()


def test_influence_orders_by_distance(telomerase):
    table = telomerase.influence()
    ax = plots.influence(table, fit=telomerase)
    names = [label.get_text() for label in ax.get_yticklabels()]
    expected = table.sort_values("distance", ascending=False)["study"]
    # Ticks run upwards and the most influential study stands on top.
    placed = dict(zip(ax.get_yticks(), names, strict=True))
    assert [placed[y] for y in sorted(placed, reverse=True)] == [f"without {s}" for s in expected]
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose(
        [band.x0, band.x1], [telomerase.lr_positive.ci_low, telomerase.lr_positive.ci_high]
    )
    with pytest.raises(ArgumentError, match="lr_positive"):
        plots.influence(table, measure="lr")
    with pytest.raises(DataError, match=r"fit\.influence"):
        plots.influence(table.drop(columns="distance"))
