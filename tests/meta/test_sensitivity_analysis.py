"""Fits without some of the studies, against fits made by hand, and their figure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats import ArgumentError, DataError, NotEstimableError, UnknownNameError, plots
from backpain_stats.meta import sensitivity_analysis
from backpain_stats.meta.after.sensitivity import SPREAD
from backpain_stats.meta.point import MEASURE_TABLE, MEASURES

NAMES = ["2", "8", "13"]
COLUMNS = [
    *("analysis", "studies", "dropped"),
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
    *("sd_sensitivity", "sd_specificity", "correlation"),
    *("sensitivity_difference", "specificity_difference"),
    *("lr_positive_ratio", "lr_negative_ratio", "odds_ratio_ratio"),
    *("ci_level", "method", "reason"),
]


@pytest.fixture(scope="module")
def fit(audit):
    return bps.fit_bivariate(audit)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def without(data, names=NAMES):
    return data[~data["study"].astype(str).isin(names)]


def assert_row_is(row, fit, rel):
    for measure in MEASURES:
        one = getattr(fit, measure)
        ends = row[[measure, f"{measure}_low", f"{measure}_high"]].to_numpy(dtype=float)
        np.testing.assert_allclose(ends, [one.estimate, one.ci_low, one.ci_high], rtol=rel)
    spread = [*fit.between_study_sd, fit.correlation]
    np.testing.assert_allclose(row[list(SPREAD)].to_numpy(dtype=float), spread, rtol=rel)
    assert (row["studies"], row["ci_level"], row["method"]) == (fit.k, fit.level, fit.method)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nodes": 9, "level": 0.9},
        {"structure": "uncorrelated"},
        {"likelihood": "normal", "correction": "zero_cells"},
        {"likelihood": "normal", "correction": "all", "estimator": "ml"},
        {"effects": "common"},
    ],
    ids=str,
)
def test_a_row_is_the_fit_made_by_hand(audit, options):
    fit = bps.fit_bivariate(audit, **options)
    table = sensitivity_analysis(fit, {"some": NAMES})
    assert list(table.columns) == COLUMNS
    assert list(table["analysis"]) == ["all studies", "some"]
    assert list(table["dropped"]) == ["", "2; 8; 13"]
    assert (table["reason"] == "").all()
    # the same search from the same starts
    assert_row_is(table.iloc[0], fit, rel=1e-8)
    assert_row_is(table.iloc[1], bps.fit_bivariate(without(audit), **options), rel=1e-8)


def test_a_part_of_a_regression_stays_where_it_is(smoking):
    fit = bps.fit_bivariate(smoking, nodes=7, formula="type")
    out = list(smoking["study"].astype(str)[:2])
    alone = bps.fit_bivariate(smoking.iloc[2:], nodes=7, formula="type")
    row = fit.at(type="SAQ").sensitivity_analysis(out).iloc[1]
    assert_row_is(row, alone.at(type="SAQ"), rel=1e-8)
    with pytest.raises(NotEstimableError, match="depends on type"):
        fit.sensitivity_analysis(out)
    # of the other kind nothing is left, so that the covariate is constant
    row = fit.at(type="SAQ").sensitivity_analysis(smoking["type"] != "SAQ").iloc[1]
    assert "constant" in row["reason"]
    assert np.isnan(row["sensitivity"])


@pytest.mark.parametrize("seed", [5, np.random.default_rng(5)], ids=["number", "generator"])
def test_a_posterior_keeps_priors_and_seed(audit, seed):
    options = {"priors": bps.Priors(sensitivity_sd_scale=0.5), "effective_size": 600, "nodes": 5}
    fit = bps.fit_bayes(audit, seed=seed, level=0.9, **options)
    table = fit.sensitivity_analysis({"some": NAMES})
    chosen = {"seed": seed} if isinstance(seed, int) else {}  # else the default of the package
    for row, data in zip(table.to_dict("records"), (audit, without(audit)), strict=True):
        assert_row_is(pd.Series(row), bps.fit_bayes(data, level=0.9, **chosen, **options), rel=0)


def test_a_posterior_without_cases_says_so():
    data = pd.DataFrame({"study": list("ABC"), "tp": [4, 7, 0], "fp": [41, 13, 9],
                         "fn": [9, 1, 0], "tn": [90, 46, 70]})  # fmt: skip
    table = bps.fit_bayes(data, effective_size=400).sensitivity_analysis(["A", "B"])
    row = table.iloc[1]
    assert row["reason"] == "no study left has any cases"
    assert row[["sensitivity", "lr_positive", "sensitivity_difference"]].isna().all()
    assert 0.1 < row["specificity_low"] < row["specificity"] < 1


def test_the_change_is_against_all_studies(fit):
    table = fit.sensitivity_analysis(NAMES)
    whole, part = table.iloc[0], table.iloc[1]
    for measure, kind in MEASURE_TABLE.items():
        same = 1 if kind.ratio else 0
        assert whole[kind.comparison] == same
        moved = part[measure] / whole[measure] if kind.ratio else part[measure] - whole[measure]
        assert part[kind.comparison] == pytest.approx(moved, rel=1e-12)


def test_every_way_to_name_the_studies_is_the_same(fit, audit):
    chosen = audit["study"].isin([2, 8, 13])
    ways = {
        "names": NAMES,
        "set": set(NAMES),
        "numbers": audit.loc[chosen, "study"],
        "series": chosen,
        "nullable": chosen.astype("boolean"),
        "array": chosen.to_numpy(),
        "list": chosen.tolist(),
        "function": lambda data: data["study"].isin([2, 8, 13]),
    }
    table = fit.sensitivity_analysis(ways, keep={"kept": ~chosen})
    assert list(table["analysis"]) == ["all studies", *ways, "kept"]
    rest = table.drop(columns="analysis").iloc[1:]
    assert len(rest.drop_duplicates()) == 1
    assert (rest["studies"] == 11).all()


def test_what_has_no_label_is_called_by_its_studies(fit):
    def label(*args, **options):
        return fit.sensitivity_analysis(*args, **options)["analysis"].iloc[1]

    assert label("2") == "without 2"
    assert label(["2", "3", "5", "8", "9"]) == "without 2, 3, 5 and 2 more"
    assert label(keep=[str(number) for number in range(1, 7)]) == "only 1, 2, 3 and 3 more"


def test_too_few_studies_are_a_row_with_its_reason(fit):
    every = [str(number) for number in range(1, 15)]
    table = fit.sensitivity_analysis(
        {"all but two": every[2:], "everyone": every, "nobody": []}
    ).set_index("analysis")
    assert list(table["studies"]) == [14, 2, 0, 14]
    assert (
        table.loc[["all but two", "everyone"], ["lr_positive", "correlation"]].isna().all(axis=None)
    )
    assert "too few" in table.loc["all but two", "reason"]
    assert table.loc["everyone", "reason"] == "no study is left"
    assert table.loc["nobody", "reason"] == "no study is left out"
    assert table.loc["nobody", "odds_ratio"] == table.loc["all studies", "odds_ratio"]


def test_a_study_that_was_not_used_changes_nothing(audit):
    part = bps.fit_bivariate(audit, nodes=7).subset(lambda data: data["study"] > 1)
    row = part.sensitivity_analysis(["1"]).iloc[1]
    assert (row["studies"], row["dropped"], row["reason"]) == (13, "", "no study is left out")


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        (None, "give drop= or keep="),
        ({}, "give drop= or keep="),
        (3, "drop is 3"),
        ([True, False], "drop has 2 booleans for 14 studies"),
        ({"high": [True] * 13 + [None]}, r"drop\['high'\] is None for study '14'"),
        ({"high": None}, r"drop\['high'\] is None"),
        ({1: ["2"]}, "a label of drop is 1"),
        ({" ": ["2"]}, "a label of drop is ' '"),
        ({"all studies": ["2"]}, "two analyses are called 'all studies'"),
    ],
)
def test_what_cannot_be_left_out_is_refused(fit, drop, words):
    with pytest.raises(ArgumentError, match=words):
        fit.sensitivity_analysis(drop)


def test_unknown_names_and_other_results_are_refused(fit, audit):
    with pytest.raises(UnknownNameError, match="study 'nobody': there are 14, for example 1"):
        fit.sensitivity_analysis({"some": ["2", "nobody"]})
    with pytest.raises(ArgumentError, match="two analyses are called 'a'"):
        fit.sensitivity_analysis({"a": ["2"]}, keep={"a": NAMES})
    for given in (None, audit, "fit"):
        with pytest.raises(ArgumentError, match="cannot be fitted again"):
            sensitivity_analysis(given, ["2"])


def test_a_pooled_flag_without_one_of_its_cohorts(evidence):
    pooled = bps.pool(evidence, target="malignancy", flag="cancer_history")
    name = pooled.fit.studies.names[0]
    table = sensitivity_analysis(pooled.fit, [name])
    assert_row_is(table.iloc[0], pooled.fit, rel=0)
    assert list(table["studies"]) == [pooled.cohorts, pooled.cohorts - 1]
    with pytest.raises(ArgumentError, match=r"the \.fit of what pool returns"):
        sensitivity_analysis(pooled, [name])


# The figure


@pytest.fixture(scope="module")
def table(fit):
    few = [str(number) for number in range(3, 15)]
    return fit.sensitivity_analysis({"some": NAMES, "too few": few, "one": ["1"]})


def segments(ax):
    """Return (y, left, right) of the intervals and (y, x) of the points."""
    lines = [line.get_xydata() for line in ax.lines]
    ends = [(line[0, 1], *line[:, 0]) for line in lines if len(line) == 2 and line[0, 1] != 0]
    points = [(line[0, 1], line[0, 0]) for line in lines if len(line) == 1]
    return ends, points


@pytest.mark.parametrize("measure", [("sensitivity", "specificity"), "lr_negative"], ids=str)
def test_marks_stand_at_the_numbers(table, measure):
    ax = plots.sensitivity_analysis(table, measure=measure)
    measures = [measure] if isinstance(measure, str) else list(measure)
    panels = [ax, *ax.child_axes]
    assert len(panels) == len(measures)
    for panel, one in zip(panels, measures, strict=True):
        assert panel.get_xscale() == ("log" if one == "lr_negative" else "linear")
        guide = [line for line in panel.lines if list(line.get_ydata()) == [0, 1]]
        assert guide[0].get_xdata()[0] == table[one].iloc[0]
        # four rows from the top; the third has no numbers
        known = table.assign(y=[4.0, 3.0, 2.0, 1.0]).iloc[[0, 1, 3]]
        ends, points = segments(panel)
        np.testing.assert_allclose(ends, known[["y", f"{one}_low", f"{one}_high"]])
        np.testing.assert_allclose(points, known[["y", one]])
        low, high = panel.get_xlim()
        assert low <= known[f"{one}_low"].min() < known[f"{one}_high"].max() <= high
        texts = [text.get_text() for text in panel.texts]
        assert any(text.startswith("2 studies have cases, too few") for text in texts)
    texts = [text.get_text() for text in ax.texts]
    assert texts[:5] == ["Analysis", *table["analysis"]]
    assert texts[5:10] == ["Studies", *map(str, table["studies"])]


def test_a_scale_of_fractions_holds_a_fifth_and_stays_inside():
    frame = pd.DataFrame({"analysis": ["all studies"], "studies": [5], "reason": [""],
                          "sensitivity": [0.99], "sensitivity_low": [0.985],
                          "sensitivity_high": [1.0]})  # fmt: skip
    assert plots.sensitivity_analysis(frame, measure="sensitivity").get_xlim() == (0.8, 1.0)
    low = frame.assign(sensitivity=0.01, sensitivity_low=0.0, sensitivity_high=0.02)
    assert plots.sensitivity_analysis(low, measure="sensitivity").get_xlim() == (0.0, 0.2)
    empty = frame.assign(sensitivity=np.nan, sensitivity_low=np.nan, sensitivity_high=np.nan)
    assert plots.sensitivity_analysis(empty, measure="sensitivity").get_xlim() == (0.0, 1.0)


def test_infinite_ratios_are_arrows_at_the_edge():
    data = pd.DataFrame({"study": list("AB"), "tp": [9, 4], "fp": [0, 3], "fn": [3, 4],
                         "tn": [40, 8]})  # fmt: skip
    table = bps.fit_bivariate(data, effects="common").sensitivity_analysis(["B"])
    assert np.isinf(table["lr_positive"].iloc[1])
    ax = plots.sensitivity_analysis(table, measure="lr_positive")
    assert [line.get_marker() for line in ax.lines].count(">") == 2


def test_what_cannot_be_drawn_is_refused(table):
    with pytest.raises(ArgumentError, match="measure is 'lr'"):
        plots.sensitivity_analysis(table, measure="lr")
    with pytest.raises(ArgumentError, match="measure is empty"):
        plots.sensitivity_analysis(table, measure=[])
    with pytest.raises(DataError, match="nothing to draw"):
        plots.sensitivity_analysis(table.iloc[:0])
    with pytest.raises(DataError, match="sensitivity_analysis"):
        plots.sensitivity_analysis(table.drop(columns="lr_positive"), measure="lr_positive")
