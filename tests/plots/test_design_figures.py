"""Figures of biases and thresholds, by their artists: each stands where the numbers say."""

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import plots

DATA = pd.DataFrame(
    {"study": list("ABCDEF"), "tp": [19, 8, 25, 7, 40, 12], "fp": [10, 2, 9, 4, 22, 1],
     "fn": [4, 1, 11, 3, 7, 5], "tn": [80, 30, 90, 22, 95, 41]}
)  # fmt: skip
ROWS = pd.DataFrame(
    {"study": list("AABBCCDD"), "crp": [20, 50] * 4, "tp": [17, 12, 20, 9, 11, 4, 31, 29],
     "fp": [41, 12, 40, 8, 50, 5, 101, 53], "fn": [3, 8, 8, 19, 1, 8, 3, 5],
     "tn": [79, 108, 110, 142, 40, 85, 99, 147]}
)  # fmt: skip


@pytest.fixture(scope="module")
def profile():
    return bps.bias_profile(bps.fit_bivariate(DATA), publication={"share": [1, 0.8, 0.6]})


def line(ax, label):
    return next(one for one in ax.lines if one.get_label() == label)


@pytest.mark.parametrize(
    ("kind", "label", "measure"),
    [("ratios", "LR+", "lr_positive"), ("proportions", "Specificity", "specificity")],
)
def test_bias_lines_are_the_curves(profile, kind, label, measure):
    ax = plots.bias_profile(profile, kind=kind)
    assert len(ax.child_axes) == 4
    for panel, curve in zip(ax.child_axes, profile.curves.values(), strict=True):
        own = curve.measure(measure).sort_values(curve.parameter)
        np.testing.assert_allclose(line(panel, label).get_ydata(), own["estimate"])
        np.testing.assert_allclose(line(panel, label).get_xdata(), own[curve.parameter])
        # the result as it stands is at the left
        assert panel.get_xlim()[0] == pytest.approx(curve.neutral)
        assert panel.get_title(loc="left") == curve.title


def test_bias_bounds_are_drawn_where_there_are_some(profile):
    ax = plots.bias_profile(profile)
    drawn = [one for one in ax.child_axes[0].lines if one.get_linestyle() == ":"]
    bounds = profile.curves["verification"].bounds
    high = bounds.loc[bounds["measure"] == "lr_positive", "high"]
    assert any(
        np.allclose(np.sort(one.get_ydata()), np.sort(high), equal_nan=True) for one in drawn
    )


def test_what_is_refused_and_what_is_known_are_written():
    known = pd.DataFrame({"verification": ["follow_up"], "sample": ["case_control"]})
    alone = bps.bias_profile(bps.TwoByTwo(tp=4, fp=41, fn=9, tn=1921), known=known)
    ax = plots.bias_profile(alone)
    texts = [" ".join(t.get_text().split()) for panel in ax.child_axes for t in panel.texts]
    assert "Known: verification: follow up 1" in texts
    assert "Known: sample: case control 1" in texts
    assert any("one table" in text for text in texts)


@pytest.mark.parametrize("positive", ["above", "below"])
def test_threshold_lines_are_the_model_and_dots_the_studies(positive):
    rows = ROWS if positive == "above" else ROWS.assign(crp=[50, 20] * 4)
    fit = bps.fit_thresholds(rows, threshold="crp", transform="log", effects="location",
                             positive=positive)  # fmt: skip
    accuracy, ratios, roc = plots.thresholds(fit).child_axes
    for panel, label, measure in (
        (accuracy, "Sensitivity", "sensitivity"), (ratios, "LR−", "lr_negative")
    ):  # fmt: skip
        drawn = line(panel, label)
        for x, y in list(zip(drawn.get_xdata(), drawn.get_ydata(), strict=True))[::20]:
            assert y == pytest.approx(fit.point(x).estimate(measure).estimate)
    dots = np.concatenate([one.get_xydata() for one in accuracy.lines if one.get_marker() == "."])
    for row in rows.itertuples():
        assert np.isclose(dots, [row.crp, row.tp / (row.tp + row.fn)]).all(axis=1).any()
    best = fit.optimal_threshold()
    if not np.isnan(best.ci_low):
        assert line(accuracy, "highest Youden index").get_xdata()[0] == pytest.approx(best.estimate)
    assert roc.get_xlabel().startswith("1 − specificity")
