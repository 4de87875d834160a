"""The figures of a patient's risk, by their artists: each stands where the numbers say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from scipy.special import logit

from backpain_stats import Bounds, Independent, OneFactor, RiskModel, plots
from backpain_stats.errors import ArgumentError, DataError
from backpain_stats.plots.draw_calibration import EDGE, calibration_coordinates
from backpain_stats.plots.draw_risk_patterns import risk_patterns_coordinates
from backpain_stats.plots.draw_risk_waterfall import risk_waterfall_coordinates
from backpain_stats.plots.style import GREY

FLAGS = pd.DataFrame(
    {
        "flag": ["history", "age", "weight_loss"],
        "tp": [4, 10, 2],
        "fp": [41, 569, 118],
        "fn": [9, 3, 11],
        "tn": [1921, 1393, 1844],
    }
)


def model(dependence=None, draws=64):
    return RiskModel.from_frame(
        FLAGS, pretest="13/1975", dependence=dependence or OneFactor(), draws=draws
    )


@pytest.fixture(scope="module")
def risk():
    return model().risk(present=["history", "age"], absent=["weight_loss"])


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_waterfall_starts_at_the_pretest_and_ends_at_the_risk(risk):
    steps = risk_waterfall_coordinates(risk).set_index("kind")
    assert steps.loc["pretest", "stop"] == pytest.approx(logit(13 / 1975))
    assert steps.loc["posttest", "stop"] == pytest.approx(logit(risk.posttest.estimate), abs=1e-9)
    assert steps.loc["new practice", "start"] < steps.loc["interval", "start"]
    findings = steps.loc["finding"]
    np.testing.assert_allclose(findings["start"].iloc[1:], findings["stop"].iloc[:-1])
    product = model(Independent()).risk(present=["history", "age"], absent=["weight_loss"])
    # The product of medians, and the median of products.
    assert steps.loc["multiplied", "stop"] == pytest.approx(
        logit(product.posttest.estimate), abs=0.4
    )


def test_waterfall_bars_are_the_contributions(risk):
    ax = plots.risk_waterfall(risk)
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, risk.contributions["log_odds"])
    # Direction shows without colour: falling bars are hatched.
    assert [bar.get_hatch() is None for bar in ax.patches] == [width >= 0 for width in widths]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["pre-test", "history present", "age present", "weight loss absent",
                     "post-test"]  # fmt: skip
    line = next(line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_lw() > 2)
    np.testing.assert_allclose(
        line.get_xdata(), logit([risk.posttest.ci_low, risk.posttest.ci_high])
    )


def test_waterfall_of_multiplied_ratios_has_no_second_mark():
    one = model(Independent()).risk(present=["history"])
    assert plots.risk_waterfall(one).get_legend() is None
    assert plots.risk_waterfall(one).get_ylim()[0] > 2  # pre-test, finding, post-test


def test_waterfall_refuses_what_has_no_steps():
    with pytest.raises(DataError, match="range without a point estimate"):
        plots.risk_waterfall(model(Bounds()).risk(present=["history"]))
    certain = pd.DataFrame({"flag": ["sign"], "sensitivity": [1.0], "specificity": [0.5]})
    ruled_out = RiskModel.from_frame(certain, pretest=0.1).risk(absent=["sign"])
    with pytest.raises(DataError, match="sign absent is not finite"):
        plots.risk_waterfall(ruled_out)


def test_patterns_are_ordered_by_risk_with_a_dot_for_each_finding():
    profile = model().profile()
    ax = plots.risk_patterns(profile)
    rows = risk_patterns_coordinates(profile)
    assert rows["low"].is_monotonic_increasing
    np.testing.assert_allclose(np.sort(profile["posttest"]), rows["low"])
    beside = [
        collection
        for collection in ax.collections
        if isinstance(collection, PathCollection)
        and collection.get_offset_transform() == ax.get_yaxis_transform()
    ]
    filled = next(c for c in beside if tuple(c.get_facecolor()[0]) == to_rgba("black"))
    drawn = np.zeros((len(rows), 3), dtype=int)
    columns = sorted({x for c in beside for x, _ in np.asarray(c.get_offsets())})
    for x, y in np.asarray(filled.get_offsets()):
        drawn[int(y), columns.index(x)] = 1
    np.testing.assert_array_equal(drawn, rows[list(FLAGS["flag"])])
    points = [
        collection.get_offsets()
        for collection in ax.collections
        if isinstance(collection, PathCollection)
        and collection.get_offset_transform() == ax.transData
    ]
    drawn = np.concatenate([np.asarray(one) for one in points])
    np.testing.assert_allclose(np.sort(drawn[:, 0]), rows["low"])
    shares = [text for text in texts(ax) if text.replace(".", "").isdigit()]
    assert sum(map(float, shares)) == pytest.approx(1000, rel=0.01)  # printed to two digits


def test_patterns_draw_the_intervals_a_profile_has():
    points = model().profile(level=None)
    assert "no intervals drawn" in plots.risk_patterns(points).get_xlabel()
    wide = model().profile()
    ax = plots.risk_patterns(wide)
    assert "no intervals" not in ax.get_xlabel()
    thin = [c for c in ax.collections if isinstance(c, LineCollection) and c.get_linewidth() == 1]
    ends = np.concatenate([np.array(c.get_segments())[:, :, 0] for c in thin if c.get_segments()])
    np.testing.assert_allclose(np.sort(ends[:, 0]), np.sort(wide["ci_low"].clip(1e-6)))


def test_patterns_beyond_the_most_frequent_are_said_to_be_left_out():
    profile = model().profile()
    ax = plots.risk_patterns(profile, most=3)
    kept = profile.nlargest(3, "probability")
    assert set(risk_patterns_coordinates(profile, 3)["low"]) == set(kept["posttest"])
    assert "3 most frequent of 8" in ax.get_xlabel()


def test_patterns_under_bounds_are_bars():
    profile = model(Bounds()).profile()
    ax = plots.risk_patterns(profile)
    bars = [one for one in ax.collections if isinstance(one, LineCollection)]
    segments = [segment for bar in bars for segment in bar.get_segments() if len(segment)]
    ends = np.array([segment[:, 0] for segment in segments if not np.isnan(segment).any()])
    # Bounds of 0 and 1 stand at the ends of the axis.
    np.testing.assert_allclose(
        np.sort(ends[:, 1]), np.sort(profile["posttest_high"].clip(1e-6, 1 - 1e-6))
    )
    with pytest.raises(DataError, match="no frequencies to choose"):
        plots.risk_patterns(profile, most=4)


def test_patterns_say_what_is_missing():
    with pytest.raises(DataError, match="lacks the column"):
        plots.risk_patterns(FLAGS)
    with pytest.raises(ArgumentError, match="1 or more"):
        plots.risk_patterns(model().profile(), most=0)


def test_dependence_line_is_the_risk_and_starts_at_the_product():
    found = model().sensitivity(present=["history", "age"], rho=[0, 0.2, 0.5])
    ax = plots.dependence(found)
    line = next(line for line in ax.lines if line.get_marker() != "None")
    np.testing.assert_allclose(line.get_ydata(), found["estimate"])
    assert to_rgba(line.get_color())[:3] != to_rgba("white")[:3]
    product = model(Independent()).risk(present=["history", "age"]).posttest.estimate
    assert line.get_ydata()[0] == pytest.approx(product)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any("every dependence" in label for label in labels)
    assert any("95% interval" in label for label in labels)
    low, high = ax.get_ylim()
    assert 0 < low < found["ci_low"].min()
    assert found["ci_high"].max() < high < 1


def test_dependence_of_several_pretests_has_a_line_each():
    found = model().sensitivity(present=["history"], rho=[0, 0.3], pretest=[0.001, 0.01])
    ax = plots.dependence(found)
    marked = [line for line in ax.lines if line.get_marker() != "None"]
    assert len(marked) == 2
    assert len({line.get_marker() for line in marked}) == 2
    with pytest.raises(DataError, match="lacks the column"):
        plots.dependence(found.drop(columns="bound_low"))
    with pytest.raises(DataError, match="no row"):
        plots.dependence(found.iloc[:0])


@pytest.fixture
def curve():
    return pd.DataFrame(
        {
            "model": ["m", "m", "n"],
            "bin": [0, 1, 0],
            "predicted": [0.2, 0.7, 1e-5],
            "estimate": [0.3, 0.6, 0.0],
            "ci_low": [0.2, 0.5, 0.0],
            "ci_high": [0.4, 0.7, 0.1],
            "ci_level": 0.95,
        }
    )


def test_calibration_points_stand_at_predicted_and_observed(curve):
    ax = plots.calibration(curve)
    points = [one for one in ax.collections if isinstance(one, PathCollection)]
    np.testing.assert_allclose(points[0].get_offsets(), curve[["predicted", "estimate"]][:2])
    # What lies beyond the axis is an open mark at its end.
    np.testing.assert_allclose(points[1].get_offsets(), [[EDGE, EDGE]])
    assert tuple(points[1].get_facecolor()[0]) == to_rgba("white")
    diagonal = next(line for line in ax.lines if line.get_color() == GREY)
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(calibration_coordinates(curve, "linear")["y"], curve["estimate"])


def test_calibration_takes_an_axes_and_says_what_is_wrong(curve):
    import matplotlib.pyplot as plt

    _, mine = plt.subplots()
    assert plots.calibration(curve, scale="linear", ax=mine) is mine
    with pytest.raises(ArgumentError, match="'logit', 'linear'"):
        plots.calibration(curve, scale="log")
    with pytest.raises(DataError, match="lacks the column"):
        plots.calibration(curve.drop(columns="estimate"))
    with pytest.raises(DataError, match="0 models"):
        plots.calibration(curve.iloc[:0])
