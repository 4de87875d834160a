"""Net benefit against dcurves on patients, and the decision curve's own promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_stats import ArgumentError, PretestError, decision_curve
from backpain_stats.decide.curves import decisive_range, net_benefit

ORACLE = Path(__file__).parents[1] / "oracles" / "dcurves"
NAMES = {"flag": "flag", "image all": "all", "image none": "none"}
DEYO = pd.DataFrame({"flag": ["cancer_history"], "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
inside = st.floats(0.01, 0.99)


@pytest.mark.parametrize("table", pd.read_csv(ORACLE / "tables.csv")["table"])
@pytest.mark.parametrize("test_harm", [0.0, 0.0005])
def test_net_benefit_equals_dcurves_on_patients(table, test_harm):
    counts = pd.read_csv(ORACLE / "tables.csv").set_index("table").loc[[table]].assign(flag="flag")
    expected = pd.read_csv(ORACLE / "net_benefit.csv").query(
        "table == @table and test_harm == @test_harm"
    )
    row = counts.iloc[0]
    prevalence = (row["tp"] + row["fn"]) / (row["tp"] + row["fp"] + row["fn"] + row["tn"])
    grid = expected["threshold"].unique()
    ours = decision_curve(counts, prevalence, thresholds=grid, test_harm=test_harm, draws=64)
    ours["model"] = ours["strategy"].map(NAMES)
    both = ours.merge(expected, on=["model", "threshold"])
    assert len(both) == len(expected) == 36
    # Both are a handful of products of shares: only rounding separates them.
    np.testing.assert_allclose(both["estimate"], both["net_benefit"], rtol=1e-11, atol=1e-13)


@given(inside, inside, inside, st.floats(0, 0.9))
def test_net_benefit_is_the_weighted_difference_of_found_and_alarmed(s, c, prevalence, t):
    found, alarmed = prevalence * s, (1 - prevalence) * (1 - c)
    assert net_benefit(s, c, prevalence, t) == pytest.approx(found - alarmed * t / (1 - t))


def test_bands_agree_with_plain_simulation():
    curve = decision_curve(DEYO, "13/1975", thresholds=[0.01], draws=2**14)
    row = curve[curve["strategy"] == "cancer_history"].iloc[0]
    rng = np.random.default_rng(11)
    drawn = net_benefit(
        rng.beta(4.5, 9.5, 400_000),
        rng.beta(1921.5, 41.5, 400_000),
        rng.beta(13.5, 1962.5, 400_000),
        0.01,
    )
    # 400,000 plain draws fix a 2.5% quantile to well under 1% of the band's width.
    width = row["ci_high"] - row["ci_low"]
    assert row["ci_low"] == pytest.approx(np.quantile(drawn, 0.025), abs=0.02 * width)
    assert row["ci_high"] == pytest.approx(np.quantile(drawn, 0.975), abs=0.02 * width)


def test_strategies_and_their_chances_to_be_best():
    two = pd.concat([DEYO, DEYO.assign(flag="age_50", tp=10, fp=569, fn=3, tn=1393)])
    curve = decision_curve(two, 13 / 1975)
    assert list(curve["strategy"].unique()) == [
        *("cancer_history", "age_50"),
        *("image all", "image none"),
    ]
    totals = curve.groupby("threshold")["probability_best"].sum()
    # Ties happen only at t = 0, where every flag that finds no more ties with nothing.
    assert totals.iloc[1:].to_numpy() == pytest.approx(1)
    assert (curve["ci_low"] <= curve["estimate"]).all()
    assert (curve["estimate"] <= curve["ci_high"]).all()
    none = curve[curve["strategy"] == "image none"]
    assert (none[["estimate", "ci_low", "ci_high"]] == 0).all().all()


def test_default_thresholds_reach_beyond_the_highest_posttest():
    odds = 0.003 / 0.997 * (4 / 13) / (41 / 1962)
    present = odds / (1 + odds)
    grid = decision_curve(DEYO, 0.003)["threshold"]
    assert grid.min() == 0
    assert grid.max() == pytest.approx(1.25 * present, rel=1e-9)


def test_decisive_range_is_where_the_flag_beats_both_extremes():
    answer = decisive_range(DEYO, 0.003).iloc[0]
    low, high = answer["posttest_absent"], answer["posttest_present"]
    assert answer["pretest"] == 0.003
    inner = np.array([low + 1e-6, 0.5 * (low + high), high - 1e-6])
    outer = np.array([low - 1e-6, high + 1e-6])
    curve = decision_curve(DEYO, 0.003, thresholds=np.concatenate([inner, outer]), draws=64)
    wide = curve.pivot_table(index="threshold", columns="strategy", values="estimate")
    better = wide["cancer_history"] > wide[["image all", "image none"]].max(axis=1)
    assert better.loc[inner].all()
    assert not better.loc[outer].any()


def test_decisive_range_carries_the_doubt_about_the_prevalence():
    row = decisive_range(DEYO, "13/1975", draws=2**14).iloc[0]
    rng = np.random.default_rng(12)
    prior = rng.beta(13.5, 1962.5, 400_000)
    s, c = rng.beta(4.5, 9.5, 400_000), rng.beta(1921.5, 41.5, 400_000)
    odds = prior / (1 - prior)
    for name, ratio in (("posttest_absent", (1 - s) / c), ("posttest_present", s / (1 - c))):
        drawn = odds * ratio / (1 + odds * ratio)
        ends = np.quantile(drawn, [0.025, 0.975])
        width = ends[1] - ends[0]
        # 400,000 plain draws fix a 2.5% quantile to well under 1% of the interval's width.
        assert row[f"{name}_low"] == pytest.approx(ends[0], abs=0.02 * width)
        assert row[f"{name}_high"] == pytest.approx(ends[1], abs=0.02 * width)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"prevalence": 1}, PretestError, "strictly between"),
        ({"thresholds": [0.5, 1.0]}, ArgumentError, "threshold is 1"),
        ({"thresholds": [-0.1]}, ArgumentError, "threshold is -0.1"),
        ({"thresholds": [5]}, ArgumentError, "5% is written 0.05"),
        ({"test_harm": -1}, ArgumentError, "0 or more"),
    ],
)
def test_bad_input_gives_one_clear_message(change, error, match):
    with pytest.raises(error, match=match):
        decision_curve(**({"source": DEYO, "prevalence": 0.003} | change))
