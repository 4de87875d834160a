import itertools
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from backpain_stats.combine.dependence.base import Dependence
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.shrunken import Shrunken
from backpain_stats.combine.inputs.frame_entries import Effects
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.combine.risk.posterior import point_marginals
from backpain_stats.errors import (
    ArgumentError,
    ConstraintError,
    DataError,
    NotEstimableError,
    PretestError,
    UnknownNameError,
)
from backpain_stats.meta.bayes.fit import fit_bayes, wide_priors

ORACLES = Path(__file__).resolve().parents[1] / "oracles" / "r" / "data"
COUNTS = pd.DataFrame(
    {
        "flag": ["age", "history", "weight"],
        "tp": [10, 4, 2],
        "fp": [568, 39, 118],
        "fn": [3, 9, 11],
        "tn": [1394, 1923, 1844],
    }
)
POINTS = pd.DataFrame(
    {"flag": ["a", "b", "c"], "sensitivity": [0.6, 0.3, 0.2], "specificity": [0.9, 0.8, 0.97]}
)

chance = st.floats(0.02, 0.98)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(chance, chance), min_size=1, max_size=6),
    st.floats(0.0005, 0.9),
    st.data(),
)
def test_independence_is_odds_times_the_product(
    pairs: list[tuple[float, float]], pretest: float, data: st.DataObject
) -> None:
    states = data.draw(st.lists(st.integers(-1, 1), min_size=len(pairs), max_size=len(pairs)))
    names = [f"f{place}" for place in range(len(pairs))]
    sensitivity, specificity = np.array(pairs).T
    frame = pd.DataFrame({"flag": names, "sensitivity": sensitivity, "specificity": specificity})
    found = RiskModel.from_frame(frame, pretest, dependence=Independent()).risk(
        [name for name, state in zip(names, states, strict=True) if state == 1],
        [name for name, state in zip(names, states, strict=True) if state == 0],
    )
    odds = pretest / (1 - pretest)
    for one, state, other in zip(sensitivity, states, specificity, strict=True):
        if state >= 0:
            odds *= one / (1 - other) if state else (1 - one) / other
    assert found.posttest.estimate == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert found.lr.estimate == pytest.approx(odds * (1 - pretest) / pretest, rel=1e-11)


@pytest.mark.parametrize("model", [Independent(), OneFactor(), OneFactor(0.7, 0.1)])
def test_not_assessed_is_the_weighted_mix_of_present_and_absent(model: object) -> None:
    risks = RiskModel.from_frame(POINTS, 0.05, dependence=model)  # type: ignore[arg-type]
    unknown, present, absent = (
        risks.risk(["a", *more], ["b", *less]).posttest.estimate
        for more, less in (([], []), (["c"], []), ([], ["c"]))
    )
    table = risks.profile()
    chosen = table[(table["a"] == 1) & (table["b"] == 0)]
    weight = chosen["probability"] / chosen["probability"].sum()
    mixed = float(np.sum(weight * chosen["posttest"]))
    assert unknown == pytest.approx(mixed, rel=1e-10)
    assert min(present, absent) < unknown < max(present, absent)


def test_no_finding_leaves_the_pretest() -> None:
    found = RiskModel.from_frame(COUNTS, "21/6622").risk()
    exact = beta(21.5, 6601.5)
    # Median and interval of the Jeffreys posterior, to the sample's accuracy.
    assert found.posttest.estimate == pytest.approx(exact.median(), rel=0.005)
    assert found.posttest.ci_low == pytest.approx(exact.ppf(0.025), rel=0.01)
    assert found.posttest.ci_high == pytest.approx(exact.ppf(0.975), rel=0.01)
    assert found.lr.estimate == pytest.approx(1, rel=1e-11)
    assert found.contributions.empty
    assert found.width_shares == pytest.approx(
        {"prevalence": 1, "accuracy": 0, "practice": 0, "dependence": 0}, abs=1e-9
    )


@pytest.mark.parametrize("effects", ["random", "common"])
@pytest.mark.parametrize("model", [Shrunken(), OneFactor(), Independent(), MaximumEntropy()])
def test_nothing_is_certain_at_an_observed_proportion_of_one(
    model: Dependence, effects: Effects
) -> None:
    """All 13 cases had the finding; a patient without it has a risk all the same."""
    frame = pd.DataFrame(
        {"flag": ["all", "some"], "tp": [13, 4], "fp": [800, 40], "fn": [0, 9], "tn": [1162, 1922]}
    )
    risks = RiskModel.from_frame(frame, "21/6622", dependence=model, effects=effects)
    found = risks.risk(["some"], ["all"])
    for one in (found.posttest, found.new_practice):
        assert 0 < one.ci_low < one.estimate < one.ci_high < 1
        assert one.ci_level == 0.95
    narrower = risks.risk(["some"], ["all"], level=0.5)
    assert narrower.posttest.ci_high < found.posttest.ci_high
    # The bounds over every dependence may be 0 to 100%: that is logic, not data.
    assert not re.search(r"\b0%", str(found).split("Assumes")[0])
    assert found.practices_alike == (effects == "common")


def test_contributions_sum_to_the_combined_ratio() -> None:
    for model in (Shrunken(), Independent(), OneFactor(0.3, 0.2), MaximumEntropy()):
        for frame in (COUNTS, POINTS.assign(flag=COUNTS["flag"])):
            found = RiskModel.from_frame(frame, 0.01, dependence=model).risk(
                ["age", "history"], ["weight"]
            )
            combined = math.log(found.lr.estimate)
            assert found.contributions["log_odds"].sum() == pytest.approx(combined, abs=1e-9)
            assert found.contributions["finding"].tolist() == [
                "age present",
                "history present",
                "weight absent",
            ]
    alone = found.contributions["lr_alone"].to_numpy()
    np.testing.assert_allclose(alone, [0.6 / 0.1, 0.3 / 0.2, 0.8 / 0.97])
    # Maximum entropy without combinations is independence: each adds its own ratio.
    np.testing.assert_allclose(found.contributions["factor"], alone)


def test_the_estimate_is_the_median_of_its_posterior() -> None:
    found = RiskModel.from_frame(COUNTS, "21/6622").risk(["age", "history"], ["weight"])
    assert found.draws is not None
    low, middle, high = np.quantile(found.draws, [0.025, 0.5, 0.975])
    # Neighbours among 4096 draws.
    assert found.posttest.estimate == pytest.approx(middle, rel=0.005)
    assert found.posttest.ci_low == pytest.approx(low, rel=0.02)
    assert found.posttest.ci_high == pytest.approx(high, rel=0.02)


def test_contributions_average_over_all_orders() -> None:
    model = RiskModel.from_frame(POINTS, 0.1, dependence=OneFactor(0.5, 0.4))
    found = model.risk(["a", "b"], ["c"]).contributions["log_odds"].to_numpy()

    def log_ratio(names: tuple[str, ...]) -> float:
        present = [name for name in names if name != "c"]
        return math.log(model.risk(present, ["c"] if "c" in names else []).lr.estimate)

    average = np.zeros(3)
    for order in itertools.permutations("abc"):
        for place, name in enumerate(order):
            rise = log_ratio(order[: place + 1]) - log_ratio(order[:place])
            average["abc".index(name)] += rise / 6
    np.testing.assert_allclose(found, average, atol=1e-9)


def test_many_findings_are_added_strongest_first() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "flag": [f"f{place}" for place in range(14)],
            "sensitivity": rng.uniform(0.3, 0.9, 14),
            "specificity": rng.uniform(0.3, 0.9, 14),
        }
    )
    found = RiskModel.from_frame(frame, 0.1, dependence=OneFactor()).risk(frame["flag"])
    assert set(found.contributions["method"]) == {"strongest first"}
    assert found.contributions["log_odds"].sum() == pytest.approx(math.log(found.lr.estimate))
    strongest = np.abs(np.log(found.contributions["lr_alone"])).idxmax()
    first = found.contributions.loc[strongest]
    assert first["factor"] == pytest.approx(first["lr_alone"], rel=1e-10)


def test_shares_of_the_width() -> None:
    findings = ["age", "history"]
    shares = RiskModel.from_frame(COUNTS, "21/6622", dependence=OneFactor()).risk(findings)
    assert sum(shares.width_shares.values()) == pytest.approx(1)
    assert shares.width_shares["dependence"] == 0
    assert shares.width_shares["accuracy"] > shares.width_shares["prevalence"] > 0
    assert shares.width_shares["practice"] > 0
    alike = RiskModel.from_frame(COUNTS, "21/6622", effects="common").risk(findings)
    assert alike.width_shares["practice"] == 0
    assert alike.new_practice == alike.posttest
    widths = []
    for prior in ((0, 0.6), None):
        one = RiskModel.from_frame(
            COUNTS, 0.01, dependence=OneFactor(), rho_prior=prior, effects="common"
        ).risk(findings)
        assert one.width_shares["prevalence"] == 0
        assert (one.width_shares["dependence"] > 0) == (prior is not None)
        widths.append(np.log(one.posttest.ci_high / one.posttest.ci_low))
    # Varying rho widens the interval on the log-odds scale.
    assert widths[0] > widths[1]


def test_the_width_is_shared_over_both_orders_of_its_sources() -> None:
    model = RiskModel.from_frame(
        COUNTS, 0.01, dependence=OneFactor(), rho_prior=(0, 0.9), effects="common"
    )
    shares = model.risk(["age", "history"]).width_shares
    drawn, point = model.posterior, point_marginals(model.entries)
    assert drawn.dependence is not None
    together, accuracy, dependence = (
        np.var(rule.log_ratios(marginals, [[1, 1, -1]]))
        for rule, marginals in (
            (drawn.dependence, drawn.marginals),
            (OneFactor(), drawn.marginals),
            (drawn.dependence, point),
        )
    )
    # Each source first, and each last.
    expected = (accuracy + together - dependence) / (dependence + together - accuracy)
    assert shares["accuracy"] / shares["dependence"] == pytest.approx(expected, rel=1e-9)
    # One order of the two would say something else.
    assert abs(expected / (accuracy / (together - accuracy)) - 1) > 0.01


def test_without_counts_there_is_no_interval() -> None:
    found = RiskModel.from_frame(POINTS, 0.1).risk(["a"])
    assert math.isnan(found.posttest.ci_low)
    assert math.isnan(found.posttest.ci_high)
    assert "no counts were given" in found.posttest.method
    assert found.draws is None
    assert "no interval" in str(found)


def test_bounds_are_given_as_a_range_without_an_estimate() -> None:
    found = RiskModel.from_frame(COUNTS, 0.01, dependence=Bounds()).risk(["age", "history"])
    assert math.isnan(found.posttest.estimate)
    assert math.isnan(found.posttest.ci_level)
    assert found.bounds == (found.posttest.ci_low, found.posttest.ci_high)
    odds = [risk / (1 - risk) / (0.01 / 0.99) if risk < 1 else math.inf for risk in found.bounds]
    np.testing.assert_allclose([found.lr.ci_low, found.lr.ci_high], odds)
    assert found.contributions["factor"].isna().all()
    one_factor = RiskModel.from_frame(COUNTS, 0.01).risk(["age", "history"])
    assert one_factor.bounds == found.bounds
    assert found.bounds[0] < one_factor.posttest.estimate < found.bounds[1]


def test_bounds_reach_to_the_estimate() -> None:
    """The bounds are of the point values; a median over all values may lie beside them."""
    found = RiskModel.from_frame(COUNTS, 0.01, effects="common").risk(["history"])
    odds = 0.01 / 0.99 * (4 / 13) / (39 / 1962)
    point, estimate = odds / (1 + odds), found.posttest.estimate
    assert abs(estimate / point - 1) > 0.001
    assert found.bounds == pytest.approx(sorted((point, estimate)), rel=1e-12)


def test_bounds_from_zero_to_one_say_so() -> None:
    frame = pd.DataFrame({"flag": ["a", "b"], "sensitivity": [0.4, 0.4], "specificity": [0.9, 0.9]})
    found = RiskModel.from_frame(frame, 0.01, dependence=Bounds()).risk(["a", "b"])
    assert found.bounds == (0, 1)
    assert any("any risk from 0 to 1" in text for text in found.warnings)


def test_combinations_are_used_and_their_contradictions_named() -> None:
    rule = pd.DataFrame(
        {
            "flags": ["age;history;weight"],
            "rule": ["any"],
            "sensitivity": [1.0],
            "specificity": [0.65],
        }
    )
    model = RiskModel.from_frame(
        COUNTS, "21/6622", dependence=MaximumEntropy(), combinations=rule, effects="common"
    )
    none = model.risk(absent=["age", "history", "weight"])
    assert 0 < none.posttest.estimate < none.posttest.ci_high < 21 / 6622
    table = model.profile()
    any_finding = table[["age", "history", "weight"]].any(axis=1)
    assert table.loc[any_finding, "probability_noncases"].sum() == pytest.approx(0.35, abs=1e-8)
    wrong = rule.assign(sensitivity=0.5)
    with pytest.raises(ConstraintError, match=r"age = 0\.7692, any of age, history, weight = 0\.5"):
        RiskModel.from_frame(
            COUNTS, 0.01, dependence=MaximumEntropy(), combinations=wrong, effects="common"
        ).risk(["age"])


@pytest.mark.parametrize(
    ("rule", "k", "at_least"), [("any", None, 1), ("at_least_k", 2, 2), ("all", None, 3)]
)
def test_a_rule_asks_for_one_for_some_or_for_all_of_its_flags(
    rule: str, k: int | None, at_least: int
) -> None:
    # Joint distributions with these figures exist: all findings made of one shared cause.
    share = {1: (0.7, 0.2), 2: (0.3, 0.08), 3: (0.1, 0.01)}[at_least]
    combined = pd.DataFrame(
        {"flags": ["a;b;c"], "rule": [rule], "k": [k], "sensitivity": [share[0]],
         "specificity": [1 - share[1]]}
    )  # fmt: skip
    table = RiskModel.from_frame(
        POINTS, 0.1, dependence=MaximumEntropy(), combinations=combined
    ).profile(level=None)
    met = table[["a", "b", "c"]].sum(axis=1) >= at_least
    for group, expected in zip(("cases", "noncases"), share, strict=True):
        found = table.loc[met, f"probability_{group}"].sum()
        assert found == pytest.approx(expected, abs=1e-8)


def test_profile_holds_every_pattern_once_and_sums_to_one() -> None:
    table = RiskModel.from_frame(COUNTS, 0.02, dependence=OneFactor()).profile(level=None)
    assert len(table) == 8
    for column in ("probability_cases", "probability_noncases", "probability"):
        assert table[column].sum() == pytest.approx(1, abs=1e-12)
    assert np.sum(table["probability"] * table["posttest"]) == pytest.approx(0.02, rel=1e-10)
    bounds = RiskModel.from_frame(COUNTS, 0.02, dependence=Bounds()).profile()
    assert np.all(bounds["posttest_low"] <= table["posttest"])
    assert np.all(table["posttest"] <= bounds["posttest_high"])
    # Medians of draws: near the point estimates, with an interval around them.
    drawn = RiskModel.from_frame(COUNTS, 0.02).profile()
    assert ((drawn["ci_low"] < drawn["posttest"]) & (drawn["posttest"] < drawn["ci_high"])).all()
    assert (drawn["new_practice_low"] < drawn["ci_low"]).all()
    assert (drawn["new_practice_high"] > drawn["ci_high"]).all()


def test_sensitivity_spans_dependence_and_pretest() -> None:
    model = RiskModel.from_frame(COUNTS, 0.01, dependence=OneFactor())
    found = model.sensitivity(["age", "history"], rho=[0.4, 0.0, 0.2], pretest=[0.05, 0.01])
    assert found[["pretest", "rho"]].to_numpy().tolist() == [
        [pretest, rho] for pretest in (0.01, 0.05) for rho in (0.0, 0.2, 0.4)
    ]
    independent = RiskModel.from_frame(COUNTS, 0.01, dependence=Independent())
    assert found["estimate"][0] == pytest.approx(
        independent.risk(["age", "history"]).posttest.estimate, rel=1e-12
    )
    own = model.risk(["age", "history"]).posttest
    assert found["estimate"][1] == pytest.approx(own.estimate, rel=1e-12)
    # The coupling of the accuracies differs slightly, being that of the model's own rho.
    assert found["ci_low"][1] == pytest.approx(own.ci_low, rel=1e-9)
    assert np.all(found["bound_low"] <= found["estimate"])
    assert np.all(found["estimate"] <= found["bound_high"])


def test_thresholds_of_one_quantity_are_one_finding_with_strata() -> None:
    frame = pd.DataFrame(
        {
            "flag": ["esr_20", "esr_50"],
            "sensitivity": [8 / 11, 5 / 11],
            "specificity": [0.70, 0.94],
        }
    )
    model = RiskModel.from_frame(frame, 0.01, nested=[("esr_20", "esr_50")])
    between = model.risk(["esr_20"], ["esr_50"])
    assert between.lr.estimate == pytest.approx((3 / 11) / (240 / 1000), rel=1e-10)
    above = model.risk(["esr_20", "esr_50"])
    assert above.lr.estimate == pytest.approx((5 / 11) / (60 / 1000), rel=1e-10)
    assert above.lr.estimate == pytest.approx(model.risk(["esr_50"]).lr.estimate, rel=1e-10)
    assert between.contributions["finding"].tolist() == ["esr_20 present, esr_50 absent"]
    assert len(model.profile()) == 3
    with pytest.raises(ArgumentError, match="esr_50 cannot be present while esr_20 is absent"):
        model.risk(["esr_50"], ["esr_20"])


def test_labels_and_families_bring_the_rules_into_a_frame() -> None:
    frame = COUNTS.assign(
        flag=["age_50", "age_70", "age_old"],
        tp=[10, 6, 5],
        fp=[568, 200, 100],
        fn=[3, 7, 8],
        tn=[1394, 1762, 1862],
        label=["Age 50 years or over", "Age 70 years or over", "Older age"],
        family="age",
    )
    model = RiskModel.from_frame(frame, 0.01, effects="common")
    assert model.entries.nested == (("age_50", "age_70"),)
    between = model.risk(["age_50"], ["age_70"]).lr
    assert between.ci_low < (4 / 13) / (368 / 1962) < between.ci_high
    with pytest.raises(ArgumentError, match=r"one family \(age\)"):
        model.risk(["age_50", "age_old"])
    with pytest.raises(ArgumentError, match=r"one family \(age\)"):
        model.profile()
    # Of different cohorts they are thresholds of one quantity all the same.
    apart = RiskModel.from_frame(frame.assign(study=["x", "y", "x"]), 0.01)
    assert apart.entries.nested == (("age_50", "age_70"),)
    assert 0 < apart.risk(["age_50"], ["age_70"]).lr.estimate < math.inf
    # Cohorts that contradict each other leave one of the two to choose.
    reversed_cohorts = frame.assign(study=["x", "y", "x"], tp=[6, 10, 5], fn=[7, 3, 8])
    with pytest.raises(ArgumentError, match=r"thresholds of one quantity \(family age\)"):
        RiskModel.from_frame(reversed_cohorts, 0.01).risk(["age_50"], ["age_70"])


@pytest.mark.parametrize(
    ("present", "absent", "error", "message"),
    [
        (["histroy"], [], UnknownNameError, "did you mean history"),
        (["age"], ["age", "weight"], ArgumentError, "age is given both as present and as absent"),
    ],
)
def test_findings_that_cannot_be_are_refused(
    present: list[str], absent: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        RiskModel.from_frame(COUNTS, 0.01).risk(present, absent)


def test_a_pattern_that_the_figures_exclude_in_both_groups_has_no_risk() -> None:
    frame = pd.DataFrame({"flag": ["a"], "sensitivity": [1.0], "specificity": [0.0]})
    with pytest.raises(NotEstimableError, match="a absent impossible"):
        RiskModel.from_frame(frame, 0.1).risk(absent=["a"])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"flag": ["a"], "sensitivity": [0.5]}), "neither counts"),
        (
            pd.DataFrame({"flag": ["a"], "sensitivity": [60], "specificity": [0.5]}),
            "60% is written 0.6",
        ),
        (COUNTS.assign(tp=0, fn=0), "row 0 .age. has no cases"),
        (COUNTS.assign(tn=-1), "not counts"),
        (COUNTS.drop(columns="flag"), "column flag"),
        (pd.concat([POINTS, POINTS]), "'a' has several rows"),
    ],
)
def test_frames_that_cannot_be_used_name_the_cell(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        RiskModel.from_frame(frame, 0.1)


def test_arguments_are_checked() -> None:
    with pytest.raises(PretestError, match="strictly between 0 and 1"):
        RiskModel.from_frame(POINTS, 0)
    with pytest.raises(ArgumentError, match="dependence is 'none'"):
        RiskModel.from_frame(POINTS, 0.1, dependence="none")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="independent has no correlation"):
        RiskModel.from_frame(POINTS, 0.1, dependence=Independent(), rho_prior=(0, 0.5))
    with pytest.raises(ArgumentError, match=r"0 <= low < high <= 0\.999"):
        RiskModel.from_frame(POINTS, 0.1, dependence=OneFactor(), rho_prior=(0.5, 0.2))
    with pytest.raises(ArgumentError, match="draws is 1"):
        RiskModel.from_frame(POINTS, 0.1, draws=1)
    with pytest.raises(ArgumentError, match="level"):
        RiskModel.from_frame(POINTS, 0.1).risk(level=95)


@pytest.mark.parametrize("cohorts", [1, 2, 3, 4, 8])
def test_more_evidence_never_removes_an_answer(cohorts: int) -> None:
    """A flag that no case lacked and no other patient had, in any number of cohorts."""
    perfect = pd.DataFrame(
        {"flag": "saddle", "tp": 4, "fp": 0, "fn": 0, "tn": 40}, index=range(cohorts)
    ).assign(study=[f"cohort {place}" for place in range(cohorts)])
    model = RiskModel.from_frame(pd.concat([perfect, COUNTS.assign(study="other")]), 0.01)
    assert model.risk(["age"]).lr.estimate > 1
    found = model.risk(["saddle"]).lr
    assert 1 < found.ci_low < found.estimate < found.ci_high < math.inf
    assert model.flags.set_index("flag_id").loc["saddle", "studies"] == cohorts


def test_a_flag_of_several_cohorts_is_their_bayesian_pool() -> None:
    studies = pd.read_csv(ORACLES / "AuditC.csv").rename(columns=str.lower)
    studies = studies[["tp", "fp", "fn", "tn"]].assign(flag="questionnaire")
    studies["study"] = [f"study {place}" for place in range(len(studies))]
    other = COUNTS.iloc[[1]].assign(study="another")
    for some in (studies.head(3), studies):
        model = RiskModel.from_frame(pd.concat([some, other]), 0.1)
        fit = fit_bayes(some, priors=wide_priors())
        row = model.flags.set_index("flag_id").loc["questionnaire"]
        # Two samplers of one posterior: up to a tenth at the far end of three studies.
        assert row["lr_positive"] == pytest.approx(fit.lr_positive.estimate, rel=0.02)
        assert row["lr_positive_high"] == pytest.approx(fit.lr_positive.ci_high, rel=0.12)
        found = model.risk(["questionnaire"])
        assert found.lr.estimate == pytest.approx(row["lr_positive"], rel=0.01)
        assert found.cohorts["studies"].tolist() == [len(some)]
        assert "percentage points" not in str(found)
        after = model.risk(["questionnaire"])
        assert after.new_practice.ci_high > after.posttest.ci_high


def test_one_result_three_faces() -> None:
    found = RiskModel.from_frame(COUNTS, "21/6622").risk(["age", "history"], ["weight"])
    text = str(found)
    assert "0.32% [given: 21 of 6622]" in text
    assert "13 cases among 1975 patients" in text
    assert "7.7 percentage points" in text
    assert "Not assessed" not in text
    assert max(map(len, text.splitlines())) <= 100
    html = found._repr_html_()
    assert html.startswith("<table>")
    assert "history present" in html
    row = found.to_frame().iloc[0]
    assert row["present"] == "age;history"
    assert row["estimate"] == found.posttest.estimate
    assert "from a pre-test probability of 0.32%" in str(found.posttest)
    escaped = RiskModel.from_frame(COUNTS.replace("age", "<b>"), 0.1).risk(["<b>"])
    assert "<b>" not in escaped._repr_html_()
