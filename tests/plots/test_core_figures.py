"""Forest, ranking, nomogram and post-test curves, by their artists."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from scipy.special import logit

import backpain_stats as bp
from backpain_stats import plots
from backpain_stats.errors import ArgumentError, DataError, PretestError
from backpain_stats.plots.draw_fagan import fagan_coordinates
from backpain_stats.plots.draw_forest import forest_coordinates
from backpain_stats.plots.draw_posttest import posttest_coordinates
from backpain_stats.plots.draw_ranking import ranking_coordinates
from backpain_stats.plots.marks import draw_interval
from backpain_stats.plots.style import (
    percent_ticks,
    ratio_limits,
    ratio_ticks,
    spread_out,
)

TABLES = {
    ("cancer_history", "deyo1988"): (4, 41, 9, 1921),
    ("cancer_history", "reinus1998"): (7, 13, 0, 462),
    ("weight_loss", "deyo1988"): (2, 118, 11, 1844),
    ("lump", "made_up"): (3, 0, 2, 50),
    ("fever", "henschke2009"): (0, 27, 0, 1145),
}


@pytest.fixture
def ratios():
    """A frame of the shape of likelihood_ratios(), from tables."""
    rows = []
    for (flag, study), (tp, fp, fn, tn) in TABLES.items():
        table = bp.TwoByTwo(tp=tp, fp=fp, fn=fn, tn=tn)
        row = {"flag_id": flag, "study": study, "setting": "primary_care", "n": table.n,
               "n_cases": table.n_cases, "counted": True, "ci_level": 0.95,
               "reason": ""}  # fmt: skip
        for measure in ("lr_positive", "lr_negative"):
            for end in ("", "_low", "_high"):
                row[measure + end] = np.nan
            if table.n_cases:
                one = getattr(table, measure)()
                row |= {measure: one.estimate, f"{measure}_low": one.ci_low,
                        f"{measure}_high": one.ci_high}  # fmt: skip
            else:
                row["reason"] = "the cohort has no cases: nothing to estimate. More."
        rows.append(row)
    printed = {"flag_id": "lump", "study": "printed", "lr_positive": 2.4, "lr_negative": 0.9,
               "counted": False}  # fmt: skip
    return pd.DataFrame([*rows, printed])


@pytest.fixture
def posttests():
    """A frame of the shape of posttest(), from one table."""
    table = bp.TwoByTwo(tp=4, fp=41, fn=9, tn=1921)
    rows = []
    for result in ("positive", "negative"):
        ratio = getattr(table, f"lr_{result}")()
        rows.append(
            table.posttest(0.0066, result).as_dict()
            | {
                "flag_id": "cancer_history",
                "study": "deyo1988",
                "setting": "primary_care",
                "lr": ratio.estimate,
                "lr_low": ratio.ci_low,
                "lr_high": ratio.ci_high,
                "pretest_low": 0.004,
                "pretest_high": 0.011,
            }
        )
    missing = dict.fromkeys(["estimate", "ci_low", "ci_high", "lr", "lr_low", "lr_high"], np.nan)
    rows.append(rows[0] | missing | {"study": "henschke2009"})
    return pd.DataFrame(rows)


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def test_forest_keeps_every_report_and_groups_by_flag(ratios):
    lines, marks = forest_coordinates(ratios)
    assert lines["text"][lines["kind"] == "group"].tolist() == [
        "lump",
        "cancer history",
        "weight loss",
        "fever",
    ]
    assert (lines["kind"] == "report").sum() == len(ratios)
    assert lines["y"].is_monotonic_decreasing
    assert lines["y"].is_unique
    assert len(marks) == 2 * (len(ratios) - 1)
    # Within a flag, the highest LR+ stands on top.
    tops = marks[marks["measure"] == "lr_positive"].sort_values("y", ascending=False)
    assert tops["estimate"].tolist()[:2] == [np.inf, 2.4]
    silent = lines[lines["reason"] != ""]
    assert silent["text"].tolist() == ["henschke2009, primary care"]
    assert silent["reason"].tolist() == ["the cohort has no cases: nothing to estimate"]


def drawn_points(panel):
    """Return the markers of a panel by row: x, marker and face of each."""
    return {
        float(line.get_ydata()[0]): (
            float(line.get_xdata()[0]),
            line.get_marker(),
            line.get_markerfacecolor(),
        )
        for line in panel.lines
        if len(line.get_ydata()) == 1 and line.get_zorder() == 3
    }


def test_forest_is_drawn_on_logarithmic_axes_of_ratios(ratios):
    ax = plots.forest(ratios)
    _, marks = forest_coordinates(ratios)
    for panel, measure in zip((ax, *ax.child_axes), ("lr_positive", "lr_negative"), strict=True):
        assert panel.get_xscale() == "log"
        low, high = panel.get_xlim()
        points = drawn_points(panel)
        own = marks[marks["measure"] == measure]
        assert set(points) == set(own["y"])
        for mark in own.to_dict("records"):
            x, marker, face = points[mark["y"]]
            assert x == min(max(mark["estimate"], low), high)
            beyond = ">" if mark["estimate"] > high else "<" if mark["estimate"] < low else ""
            assert marker == (beyond or ("D" if np.isnan(mark["low"]) else "o"))
            assert (face == "white") == (not mark["counted"])
        lines = {line.get_ydata()[0]: line.get_xdata() for line in panel.lines
                 if len(line.get_xdata()) == 2 and line.get_zorder() == 2}  # fmt: skip
        for mark in own.dropna(subset="low").to_dict("records"):
            assert list(lines[mark["y"]]) == [max(mark["low"], low), min(mark["high"], high)]
    assert ax.get_xlim() == ax.child_axes[0].get_xlim()
    assert ax.child_axes[0].get_shared_y_axes().joined(ax, ax.child_axes[0])
    # A user's own line stands at its ratio.
    ax.figure.canvas.draw()
    line = ax.axvline(5)
    assert ax.get_xlim()[0] < 5 < ax.get_xlim()[1]
    assert line.get_xdata()[0] == 5


def test_an_interval_that_leaves_the_figure_ends_in_arrows_that_point_outwards():
    _, ax = plt.subplots()
    draw_interval(ax, 0, (1.0, 0.01, 90.0), (0.1, 10.0), interval={}, point={"marker": "o"})
    marks = {line.get_xdata()[0]: line.get_marker() for line in ax.lines[1:]}
    assert marks == {0.1: "<", 10.0: ">", 1.0: "o"}


def test_forest_prints_the_numbers_and_explains_its_marks(ratios):
    ax = plots.forest(ratios)
    words = texts_of(ax)
    assert "14.7 (5.8 to 30.2)" in words
    assert "2.4 (no interval)" in words
    assert any(word.startswith("∞ (") for word in words)
    assert "LR+ (95% interval)" in words
    assert "LR− (95% interval)" in texts_of(ax.child_axes[0])
    assert "13 of 1,975" in words
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["uninformative, 0.5 to 2", "patients counted in another row",
                      "printed without an interval"]  # fmt: skip
    known = plots.forest(ratios[ratios["study"] == "deyo1988"])
    assert len(known.get_legend().get_texts()) == 1


def test_forest_with_counts_groups_columns_and_a_summary(ratios):
    tables = ratios.dropna(subset="n_cases").assign(
        tp=[t[0] for t in TABLES.values()], fp=[t[1] for t in TABLES.values()],
        fn=[t[2] for t in TABLES.values()], tn=[t[3] for t in TABLES.values()],
        weight=[5.0, 3.0, 1.0, 1.0, 1.0], country=["US", "US", "US", "XX", "AU"],
    )  # fmt: skip
    summary = {m: bp.Estimate(e, e / 2, e * 2, 0.95, "test", m)
               for m, e in (("lr_positive", 4.0), ("lr_negative", 0.5))}  # fmt: skip
    ax = plots.forest(tables, group="country", counts=True, columns={"weight": "Weight"},
                      summary=summary, sort=False)  # fmt: skip
    words = texts_of(ax)
    assert {"TP", "TN", "Weight", "US", "AU", "1,921", "Summary", "4.0 (2.0 to 8.0)"} <= set(words)
    assert "Cases of patients" not in words
    diamond = ax.patches[-1].get_xy()
    assert (diamond[:, 0].min(), diamond[:, 0].max()) == (2.0, 8.0)
    sizes = [line.get_markersize() for line in ax.lines if line.get_marker() == "o"]
    assert max(sizes) == 5.5  # the largest weight
    assert plots.forest(tables, measures=["lr_negative"]).child_axes == []
    with pytest.raises(ArgumentError, match="summary has no lr_negative"):
        plots.forest(tables, summary={"lr_positive": summary["lr_positive"]})
    with pytest.raises(DataError, match=r"lacks the column.* colour"):
        plots.forest(tables, columns={"colour": "Colour"})


def test_forest_of_a_univariate_pool_draws_the_ratio_pooled(ratios):
    data = pd.DataFrame(TABLES, index=["tp", "fp", "fn", "tn"]).T.reset_index(drop=True)
    pool = bp.pool_univariate(data.iloc[:3].assign(study=list("ABC")), "odds_ratio")
    ax = plots.forest(pool)
    assert ax.get_xlabel() == "Diagnostic odds ratio"
    diamond = ax.patches[-1].get_xy()
    assert diamond[:, 0].max() == pool.pooled.ci_high
    points = drawn_points(ax)
    np.testing.assert_allclose(
        sorted(x for x, _, _ in points.values()), np.sort(np.exp(pool.studies["log_ratio"]))
    )


def test_text_columns_and_panels_of_a_forest_do_not_overlap(ratios):
    for layout in ("constrained", None):
        figure, ax = plt.subplots(figsize=(10, 5), layout=layout)
        plots.forest(ratios, ax=ax)
        figure.canvas.draw()
        panels = [panel.get_window_extent() for panel in (ax, *ax.child_axes)]
        assert not panels[0].overlaps(panels[1])
        numbers = [t for p in (ax, *ax.child_axes) for t in p.texts if t.get_text().endswith(")")]
        assert numbers
        for text in numbers:
            box = text.get_window_extent().shrunk(0.98, 0.5)
            assert not any(box.overlaps(panel) for panel in panels)
            assert box.x1 <= figure.bbox.x1


def test_ranking_orders_and_shades(ratios):
    places = ranking_coordinates(ratios)
    known = places["estimate"].dropna()
    assert known.is_monotonic_decreasing
    assert places["estimate"].isna().tolist() == [False] * 5 + [True]
    reverse = ranking_coordinates(ratios, "lr_negative")["estimate"].dropna()
    assert reverse.is_monotonic_increasing
    ax = plots.ranking(ratios)
    assert ax.get_xscale() == "log"
    low, high = ax.patches[0].get_x(), ax.patches[0].get_x() + ax.patches[0].get_width()
    assert (low, high) == (0.5, 2.0)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[-1] == "fever\nhenschke2009, primary care"
    assert "no ratio can be estimated" in texts_of(ax)
    points = [line for line in ax.lines if line.get_marker() == "o"]
    for point in points:
        if not len(point.get_xdata()):
            continue
        row = places[places["y"] == point.get_ydata()[0]].iloc[0]
        assert point.get_xdata()[0] == row["estimate"]
    points = [point for point in points if len(point.get_xdata())]
    assert len(points) == 3


def test_row_order_does_not_matter(ratios):
    turned = ratios.iloc[::-1]
    for function in (lambda frame: forest_coordinates(frame)[1], ranking_coordinates):
        columns = ["y", "estimate", "low", "high"]
        pd.testing.assert_frame_equal(
            function(ratios)[columns].sort_values(columns, ignore_index=True),
            function(turned)[columns].sort_values(columns, ignore_index=True),
        )


def test_fagan_lines_cross_the_middle_axis_at_the_ratio(posttests):
    places = fagan_coordinates(posttests)
    known = posttests[posttests["lr"].notna()]
    assert len(places) == 2
    np.testing.assert_allclose(places["left"], -logit(known["pretest"]), rtol=1e-12)
    np.testing.assert_allclose(places["right"], logit(known["estimate"]), rtol=1e-12)
    # The line is straight: half-way it stands at half the log of the ratio.
    halfway = (places["left"] + places["right"]) / 2
    np.testing.assert_allclose(halfway, np.log(known["lr"]) / 2, rtol=1e-9)
    np.testing.assert_allclose(places["middle"], halfway, rtol=1e-9)
    np.testing.assert_allclose(places["limit"], logit(0.999))


def test_fagan_draws_lines_bands_and_legend(posttests):
    ax = plots.fagan(posttests)
    places = fagan_coordinates(posttests)
    tests = [line for line in ax.lines if line.get_label()[0] != "_"]
    assert [line.get_linestyle() for line in tests] == ["-", "--"]
    for line, place in zip(tests, places.to_dict("records"), strict=True):
        assert line.get_ydata() == pytest.approx([place["left"], place["right"]])
    for band, place in zip(ax.patches, places.to_dict("records"), strict=True):
        corners = band.get_xy()
        assert corners[corners[:, 0] == 1][:, 1].max() == pytest.approx(place["right_high"])
        assert corners[corners[:, 0] == 0][:, 1].max() == pytest.approx(logit(1 - 0.004))
    legend = ax.get_legend()
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[0] == "A  cancer history, deyo1988, positive: 0.66% → 8.9% (3.7% to 17%)"
    assert "henschke2009" in legend.get_title().get_text()
    words = texts_of(ax)
    assert {"A", "B", "0.1%", "99.9%", "1000", "0.001"} <= set(words)


def test_fagan_of_certainty_ends_in_an_arrow_and_bare_estimates_do():
    certain = bp.TwoByTwo(tp=4, fp=0, fn=9, tn=1921).posttest(0.0001)
    places = fagan_coordinates(pd.DataFrame([certain.as_dict()]))
    assert places["right"].item() == places["limit"].item() == logit(0.9999)
    ax = plots.fagan(pd.DataFrame([certain.as_dict()]))
    assert "^" in [line.get_marker() for line in ax.lines]
    low = f"{100 * certain.ci_low:.1f}%"
    assert ax.get_legend().get_texts()[0].get_text() == f"positive: 0.01% → 100% ({low} to 100%)"


def test_fagan_band_of_a_published_interval_starts_in_a_point(posttests):
    ax = plots.fagan(posttests.assign(interval="published"))
    corners = ax.patches[0].get_xy()
    left = corners[corners[:, 0] == 0][:, 1]
    np.testing.assert_allclose(left, -logit(0.0066))
    # It is then a fan: its edges are straight through the middle axis.
    for side in (corners[:3], corners[3:6][::-1]):
        assert side[1, 1] == pytest.approx((side[0, 1] + side[2, 1]) / 2)


def test_posttest_curves_are_bayes_rule(posttests):
    curves = posttest_coordinates(posttests, 0.001, 0.2)
    assert curves["curve"].nunique() == 2
    assert curves["pretest"].min() == pytest.approx(0.001)
    assert curves["pretest"].max() == pytest.approx(0.2)
    first = curves[curves["curve"] == 0]
    odds = first["posttest"] / (1 - first["posttest"])
    before = first["pretest"] / (1 - first["pretest"])
    np.testing.assert_allclose(odds / before, posttests["lr"][0], rtol=1e-12)
    assert (curves["posttest_low"] <= curves["posttest"]).all()
    assert (curves["posttest"] <= curves["posttest_high"]).all()
    # One table at several pre-test probabilities is still one curve.
    again = pd.concat([posttests, posttests.assign(pretest=0.05)])
    assert posttest_coordinates(again)["curve"].nunique() == 2
    with pytest.raises(PretestError):
        posttest_coordinates(posttests, 1.0, 0.5)


@pytest.mark.parametrize("scale", ["logit", "linear"])
def test_posttest_draws_curves_bands_and_prevalences(posttests, scale):
    ax = plots.posttest(posttests, scale=scale)
    curves = posttest_coordinates(posttests, *ax.get_xlim()) if scale == "logit" else None
    lines = [line for line in ax.lines if line.get_label()[0] != "_"]
    assert [line.get_linestyle() for line in lines] == ["-", "--"]
    if curves is not None:
        np.testing.assert_allclose(
            lines[0].get_ydata(), curves.loc[curves["curve"] == 0, "posttest"], rtol=1e-9
        )
    assert sum(isinstance(item, PolyCollection) for item in ax.collections) == 2
    assert ax.get_xscale() == ax.get_yscale() == scale
    verticals = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert verticals == [0.0066]
    assert "  primary care 0.66%" in texts_of(ax)
    assert {"A", "B"} <= set(texts_of(ax))


def test_posttest_marks_other_settings(posttests):
    prevalences = pd.DataFrame(
        {
            "setting": ["emergency", "tertiary_care"],
            "estimate": [0.012, 0.6],
            "ci_low": [0.004, np.nan],
            "ci_high": [0.03, np.nan],
        }
    )
    ax = plots.posttest(posttests, prevalences=prevalences)
    assert ax.get_xlim()[1] == pytest.approx(0.6)
    assert "  tertiary care 60%" in texts_of(ax)
    assert "  primary care 0.66%" not in texts_of(ax)


def test_figures_draw_where_they_are_told_and_set_no_style(ratios, posttests):
    before = dict(plt.rcParams)
    _, axes = plt.subplots(1, 4)
    assert plots.forest(ratios, ax=axes[0]) is axes[0]
    assert plots.ranking(ratios, ax=axes[1]) is axes[1]
    assert plots.fagan(posttests, ax=axes[2]) is axes[2]
    assert plots.posttest(posttests, ax=axes[3]) is axes[3]
    assert len(plt.get_fignums()) == 1
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("target", ["malignancy", "cauda_equina", "fracture", "infection"])
def test_the_published_evidence_can_be_drawn(evidence, target):
    found = bp.likelihood_ratios(evidence, target=target)
    for draw in (plots.forest, plots.ranking):
        figure = draw(found).figure
        figure.canvas.draw()
        # No two texts of one figure share a place.
        boxes = [
            text.get_window_extent().shrunk(0.9, 0.5)
            for text in figure.axes[0].texts
            if text.get_text()
        ]
        assert not any(
            one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :]
        )


def test_bad_frames_are_refused(ratios, posttests):
    with pytest.raises(DataError, match=r"lacks the column.* lr_negative"):
        plots.forest(ratios.drop(columns="lr_negative"))
    with pytest.raises(DataError, match="lacks the column"):
        plots.ranking(posttests)
    with pytest.raises(ArgumentError, match="allowed: 'lr_positive', 'lr_negative'"):
        plots.ranking(ratios, measure="odds_ratio")
    with pytest.raises(DataError, match=r"lacks the column.* pretest"):
        plots.fagan(ratios)
    with pytest.raises(DataError, match="no row"):
        plots.fagan(posttests.iloc[2:])
    with pytest.raises(DataError, match="no row"):
        plots.posttest(posttests.iloc[2:])
    with pytest.raises(ArgumentError, match="did you mean 'logit'"):
        plots.posttest(posttests, scale="logits")
    for draw in (plots.forest, plots.ranking):
        with pytest.raises(DataError, match="no rows"):
            draw(ratios.iloc[:0])


def test_round_graduations():
    assert ratio_limits([]) == (0.2, 5.0)
    assert ratio_limits([1e-9, 1e9]) == (0.01, 1000)
    for low, high in ((0.01, 1000.0), (0.2, 5.0), (0.5, 50.0)):
        ticks = ratio_ticks(low, high)
        assert 1.0 in ticks
        assert 2 <= len(ticks) <= 7
        assert low <= ticks[0]
        assert ticks[-1] <= high
    assert len(percent_ticks(1e-5, 0.99999)) <= 9


def test_labels_are_moved_apart_as_little_as_needed():
    places = np.array([0.3, 0.0, 0.31, 0.9, 0.32])
    moved = spread_out(places, 0.1)
    assert np.diff(np.sort(moved)).min() >= 0.1 - 1e-12
    np.testing.assert_array_equal(np.argsort(moved), np.argsort(places))
    assert moved[3] == 0.9
    assert moved[[0, 2, 4]].mean() == pytest.approx(places[[0, 2, 4]].mean())
