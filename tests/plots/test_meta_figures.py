"""The meta-analysis figures, by their artists: each stands where the numbers say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Estimate, fit_bivariate, plots
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.meta.studies import study_accuracy
from backpain_stats.meta.univariate.deeks import deeks_test

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
    for panel, measure in zip((ax, *ax.child_axes), ("sensitivity", "specificity"), strict=True):
        points = np.asarray(panel.collections[0].get_offsets())
        known = studies[measure].dropna()
        np.testing.assert_allclose(points[:, 0], known)
        np.testing.assert_allclose(points[:, 1], len(studies) - known.index)
        ends = np.array(panel.collections[1].get_segments())[:, :, 0]
        np.testing.assert_allclose(ends[:, 0], studies[f"{measure}_low"].dropna())
        np.testing.assert_allclose(ends[:, 1], studies[f"{measure}_high"].dropna())
        # The line lies above its square, which would hide the interval of a large study.
        assert panel.collections[1].get_zorder() > panel.collections[0].get_zorder()
        summary, diamond = getattr(Summary, measure), panel.patches[0].get_xy()[:, 0]
        assert (diamond.min(), diamond.max()) == (summary.ci_low, summary.ci_high)
        assert panel.get_xlabel() == measure.capitalize()
    assert texts(ax.child_axes[0]).count("no non-cases") == 4
    assert f"{data['tn'].iloc[10]:,}" in texts(ax)


def test_forest_paired_groups_columns_and_the_prediction_interval(telomerase):
    studies = study_accuracy(telomerase.rows).assign(
        stain=["a", "b"] * (len(telomerase.rows) // 2), year=2001
    )
    ax = plots.forest_paired(studies, fit=telomerase, group="stain", columns={"year": "Year"})
    assert {"a", "b", "Year", "Summary"} <= set(texts(ax))
    predicted = telomerase.predict().set_index("measure")
    for panel, measure in zip((ax, *ax.child_axes), ("sensitivity", "specificity"), strict=True):
        (line,) = panel.lines
        np.testing.assert_allclose(
            line.get_xdata(), predicted.loc[measure, ["ci_low", "ci_high"]].astype(float)
        )
        heights = np.asarray(panel.collections[0].get_offsets())[:, 1]
        assert len(set(heights)) == len(studies)


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
    assert "no curve" in ax.get_legend().get_title().get_text()
    assert "95% credible region" in drawn
    np.testing.assert_allclose(np.asarray(drawn["no cases"].get_offsets()), [[47 / 1172, 0]])
    common = plots.sroc(fit_bivariate(rows, effects="common"))
    assert "no prediction region" in common.get_legend().get_title().get_text()


def test_two_fits_on_one_axes_are_told_apart(telomerase):
    fewer = fit_bivariate(pd.read_csv(DATA / "Telomerase.csv").iloc[2:])
    ax = plots.sroc(telomerase, label="all")
    plots.sroc(fewer, label="two fewer", studies=False, ax=ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(labels) == len(set(labels))
    assert labels[-2:] == ["all", "two fewer"]
    regions = [line for line in ax.lines if line.get_label() == "95% confidence region"]
    assert len({line.get_color() for line in regions}) == 2
    markers = [c for c in ax.collections if c.get_label() in ("all", "two fewer")]
    assert len({c.get_paths()[0].vertices.tobytes() for c in markers}) == 2
    # Without names they are told apart all the same.
    plain = plots.sroc(telomerase)
    plots.sroc(fewer, ax=plain)
    assert {"summary", "summary 2"} <= set(by_label(plain))
    regions = [line for line in plain.lines if line.get_label() == "95% confidence region"]
    assert len({line.get_color() for line in regions}) == 2


def test_subgroups_of_a_fit_are_drawn_each_with_its_own_region():
    studies = pd.read_csv(DATA / "AuditC.csv").assign(group=["x", "y"] * 7)
    fit = fit_bivariate(studies, formula="~ group")
    ax = plots.sroc(fit.at(group="x"), label="x")
    plots.sroc(fit.at(group="y"), label="y", studies=False, ax=ax)
    regions = [line for line in ax.lines if line.get_label() == "95% confidence region"]
    for line, value in zip(regions, ("x", "y"), strict=True):
        outline = fit.at(group=value).region("confidence")
        np.testing.assert_allclose(line.get_xdata(), outline["false_positive_fraction"])
        np.testing.assert_allclose(line.get_ydata(), outline["sensitivity"])
    with pytest.raises(NotEstimableError, match="depends on group"):
        plots.sroc(fit)


def test_names_beside_many_points_stay_legible():
    rng = np.random.default_rng(1)
    counts = {name: rng.integers(1, 60, 50) for name in ("tp", "fp", "fn", "tn")}
    studies = study_accuracy(pd.DataFrame({"study": [f"S{i}" for i in range(50)], **counts}))
    ax = plots.crosshair(studies, label=True)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent().shrunk(0.9, 0.8) for text in ax.texts]
    overlaps = sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert len(boxes) == 50
    assert overlaps <= 5  # of 1,225 pairs


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
