"""What knowing more is worth: against exact enumeration, limits, and words from numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

import backpain_stats as bps
from backpain_stats import ArgumentError
from backpain_stats.decide.value.practices import draw_setting
from backpain_stats.decide.value.result import ALL_FLAGS

ONE = pd.DataFrame({"flag": ["first"], "tp": [8], "fp": [30], "fn": [4], "tn": [170]})
TWO = pd.DataFrame(
    {"flag": ["first", "second"], "tp": [8, 3], "fp": [30, 12], "fn": [4, 9], "tn": [170, 188]}
)


def own(frame, pretest=0.02, **given):
    return bps.RiskModel.from_frame(frame, pretest, effects="common", **given)


@pytest.fixture(scope="module")
def published(evidence):
    model = bps.RiskModel(evidence, flags=["cancer_history", "weight_loss_unexplained"])
    return bps.value_of_information(model, threshold=0.01, draws=1024, sizes=[250, 1000, 4000])


@pytest.mark.parametrize("n", [20, 100])
def test_case_control_study_against_enumeration(n):
    """Of one flag at a known prevalence every possible study can be listed (beta-binomial)."""
    threshold, prevalence = 0.08, 0.02  # near the risk after the flag
    weight = threshold / (1 - threshold)
    half = np.arange(n // 2 + 1)
    cases, others = (8.5, 4.5), (30.5, 170.5)
    found = betabinom.pmf(half, n // 2, *cases)[:, None] * betabinom.pmf(half, n // 2, *others)
    sensitivity = (cases[0] + half) / (sum(cases) + n // 2)
    positive = (others[0] + half) / (sum(others) + n // 2)
    flag = prevalence * sensitivity[:, None] - weight * (1 - prevalence) * positive
    everybody = prevalence - weight * (1 - prevalence)
    best_now = max(0.0, float((found * flag).sum()), everybody)
    exact = float((found * np.maximum(flag, max(0.0, everybody))).sum()) - best_now
    value = bps.value_of_information(
        own(ONE), threshold=threshold, design="case-control", sizes=[n], per=1, draws=4096
    )
    # Regression and 4,096 draws of the study: 3% of knowing everything.
    most = float(value.decisions["perfect_information"].iloc[0])
    assert value.studies["estimate"].iloc[0] == pytest.approx(exact, abs=0.03 * most)
    assert exact > 0.1 * most


def test_prevalence_against_its_exact_conditional_mean():
    """Net benefit is linear in the prevalence: given it, the accuracies stand at their means."""
    model = own(ONE, "10/400")
    value = bps.value_of_information(model, threshold=0.1, per=1, draws=4096, sizes=[100])
    drawn = draw_setting(model, draws=4096, seed=5)
    pi = drawn.setting.prevalence
    s, f = drawn.setting.marginals.cases.mean(), drawn.setting.marginals.noncases.mean()
    exact = np.column_stack([0 * pi, pi - (1 - pi) / 9, pi * s - (1 - pi) * f / 9])
    expected = exact.max(axis=1).mean() - exact.mean(axis=0).max()
    known = value.unknowns.set_index("unknown")["estimate"]["prevalence"]
    most = value.decisions["perfect_information"].iloc[0]
    assert known == pytest.approx(expected, abs=0.02 * most)


def test_larger_studies_are_worth_more_and_never_more_than_everything(published):
    most = published.decisions.set_index("decision")["perfect_information"]
    for decision, rows in published.studies.groupby("decision"):
        assert rows.sort_values("n")["estimate"].is_monotonic_increasing
        assert rows["estimate"].max() <= most[decision] + 1e-12
    beyond = published.unknowns["unknown"].str.startswith("difference")
    assert (published.unknowns.loc[~beyond, "share"] <= 1).all()
    assert (published.unknowns["estimate"] >= 0).all()


def test_an_endless_study_of_endless_practices_knows_the_setting():
    value = bps.value_of_information(
        own(ONE, "10/400"), threshold=0.1, sizes=[10**7], draws=4096
    ).studies
    assert value["share"].iloc[0] > 0.97
    # What is left is a choice between rules that are as good as each other.
    assert value["probability_wrong_after"].iloc[0] < 0.06


def test_one_practice_does_not_say_how_others_differ(evidence):
    model = bps.RiskModel(evidence, flags=["cancer_history"], pretest=0.003)
    one, many = (
        bps.value_of_information(
            model, threshold=0.02, practices=practices, sizes=[50_000], draws=1024
        ).studies["share"].iloc[0]
        for practices in (1, 50)
    )  # fmt: skip
    assert one < 0.8 * many


def test_nothing_is_worth_knowing_where_nothing_can_change():
    value = bps.value_of_information(own(TWO), threshold=0.97, sizes=[100, 1000], draws=512)
    assert (value.decisions["recommendation"] == "nobody").all()
    assert (value.decisions["perfect_information"] == 0).all()
    assert (value.studies["estimate"] == 0).all()
    assert "nothing that could be learned would change it" in value.sentences()[0]


def test_benefit_and_harm_are_the_threshold_times_the_benefit():
    asked = {"sizes": [200], "draws": 512}
    first = bps.value_of_information(own(TWO), threshold=0.1, **asked)
    second = bps.value_of_information(own(TWO), benefit=9, harm=1, **asked)
    for name in ("decisions", "studies"):
        one, other = getattr(first, name), getattr(second, name)
        assert np.allclose(9 * one["estimate"], other["estimate"])
    assert second.threshold == pytest.approx(0.1)


def test_what_a_study_costs_decides_its_size():
    asked = {"threshold": 0.11, "sizes": [100, 1000, 10_000], "draws": 512, "practices": 3}
    cheap, dear, vain = (
        bps.value_of_information(own(ONE), population=10**6, cost=cost, **asked).studies
        for cost in (0.0, 0.05, 100.0)
    )
    assert cheap.loc[cheap["best"], "n"].tolist() == [10_000]
    assert dear.loc[dear["best"], "n"].iloc[0] < 10_000
    assert not vain["best"].any()
    worth = 10**6 * dear["estimate"] / 1000 - 0.05 * dear["n"]
    assert np.allclose(worth, dear["net_value"])


def test_sentences_follow_from_the_numbers(published):
    rows = published.decisions.set_index("decision")
    assert published.decisions["decision"].iloc[0] == ALL_FLAGS
    order = rows["perfect_information"].drop(ALL_FLAGS)
    assert order.is_monotonic_decreasing
    for flag, sentence in zip(order.index, published.sentences(), strict=True):
        own_rows = published.studies[published.studies["decision"] == flag]
        settles = (own_rows["probability_wrong_after"] <= 0.1).any()
        assert ("would settle" in sentence) == (rows.loc[flag, "probability_wrong"] > 0.1)
        assert sentence.count("No cohort") == int(not settles)
    assert "in 10 practices" in str(published)
    assert {"unknown", "study"} == set(published.to_frame()["kind"])


def test_setting_is_the_mean_of_its_practices(evidence):
    """The mean over practices by quadrature is that of very many practices drawn."""
    model = bps.RiskModel(evidence, flags=["cancer_history"])
    drawn = draw_setting(model, practices=400, draws=256, seed=3)
    setting, study = drawn.setting, drawn.study
    # Of 400 practices the mean is known to a twentieth of how far they differ.
    for group in ("cases", "noncases"):
        gap = getattr(setting.marginals, group) - getattr(study.marginals, group)
        spread = np.std(getattr(drawn.practice.marginals, group))
        assert np.abs(gap).mean() < 0.05 * spread
    assert (
        np.abs(setting.prevalence - study.prevalence).mean()
        < 0.05 * drawn.practice.prevalence.std()
    )


def test_given_models_are_used_as_they_are():
    model = own(TWO, dependence=bps.Independent())
    value = bps.value_of_information(model, threshold=0.1, sizes=[100], draws=256)
    assert value.dependence == bps.Independent().describe()
    assert not value.unknowns["unknown"].str.contains("dependence|prevalence|difference").any()
    drawn = own(TWO, dependence=bps.OneFactor(), rho_prior=(0.0, 0.5))
    value = bps.value_of_information(drawn, threshold=0.1, sizes=[100], draws=256)
    assert "dependence" in set(value.unknowns["unknown"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "give either threshold or both"),
        ({"threshold": 0.1, "benefit": 9, "harm": 1}, "give either threshold or both"),
        ({"benefit": 9}, "given together"),
        ({"threshold": 1.0}, "threshold is 1.0"),
        ({"threshold": 0.1, "sizes": []}, "sizes is"),
        ({"threshold": 0.1, "sizes": ["x"]}, "sizes is"),
        ({"threshold": 0.1, "practices": 0}, "practices is 0"),
        ({"threshold": 0.1, "design": "trial"}, "design is 'trial'"),
        ({"threshold": 0.1, "cost": 1}, "without population"),
        ({"threshold": 0.1, "population": -1}, "population is -1"),
        ({"threshold": 0.1, "fixed_cost": -1}, "fixed_cost is -1"),
        ({"threshold": 0.1, "per": 0}, "per is 0"),
        ({"threshold": 0.1, "test_harm": -1}, "test_harm is -1"),
        ({"threshold": 0.1, "flags": ["first"]}, "has its own flags"),
    ],
)
def test_what_is_not_allowed_is_refused(asked, words):
    with pytest.raises(ArgumentError, match=words):
        bps.value_of_information(own(ONE), **asked)


def test_too_many_flags_are_refused():
    many = pd.concat([ONE.assign(flag=f"flag {i}") for i in range(13)])
    with pytest.raises(ArgumentError, match="13 flags; 12 is the most"):
        bps.value_of_information(own(many), threshold=0.1)
