from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from backpain_stats.combine.dependence.constraints import joint_space
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.inputs.frame_entries import entries_from_frame as random_entries
from backpain_stats.combine.risk.posterior import draw_posterior, point_marginals
from backpain_stats.errors import DataError

# One accuracy in every practice: the cohort's own Jeffreys posterior.
entries_from_frame = partial(random_entries, effects="common")
LEVELS = [0.025, 0.25, 0.5, 0.75, 0.975]
DRAWS = 4096
FRAME = pd.DataFrame(
    {
        "flag": ["age", "history", "weight"],
        "tp": [10, 4, 2],
        "fp": [568, 39, 118],
        "fn": [3, 9, 11],
        "tn": [1394, 1923, 1844],
    }
)


def test_each_proportion_has_its_jeffreys_posterior() -> None:
    entries = entries_from_frame(FRAME, "21/6622")
    drawn = draw_posterior(entries, OneFactor(), draws=DRAWS, seed=1)
    for column, row in enumerate(FRAME.itertuples()):
        for draws, positive, negative in (
            (drawn.marginals.cases[:, column], row.tp, row.fn),
            (drawn.marginals.noncases[:, column], row.fp, row.tn),
        ):
            exact = beta(positive + 0.5, negative + 0.5)
            # 0.004: the discrepancy of 4096 quasi-random points, on the probability scale.
            np.testing.assert_allclose(exact.cdf(np.quantile(draws, LEVELS)), LEVELS, atol=0.004)
    exact = beta(21.5, 6601.5)
    np.testing.assert_allclose(exact.cdf(np.quantile(drawn.pretest, LEVELS)), LEVELS, atol=0.004)


def test_proportions_of_one_cohort_vary_together_as_their_findings_do() -> None:
    entries = entries_from_frame(FRAME, 0.01)
    model = OneFactor(0.5, 0.0)
    drawn = draw_posterior(entries, model, draws=DRAWS, seed=2).marginals
    p = point_marginals(entries).cases[0]
    both = np.exp(model.log_probabilities(point_marginals(entries), [[1, 1, -1]]).cases[0, 0])
    phi = (both - p[0] * p[1]) / np.sqrt(p[0] * (1 - p[0]) * p[1] * (1 - p[1]))
    # 0.03: the copula is on the normal scale, the correlation on that of the proportions.
    assert np.corrcoef(drawn.cases[:, :2].T)[0, 1] == pytest.approx(phi, abs=0.03)
    assert phi > 0.2
    assert np.corrcoef(drawn.noncases[:, :2].T)[0, 1] == pytest.approx(0, abs=0.02)


def test_flags_of_different_cohorts_do_not_vary_together() -> None:
    frame = FRAME.assign(cohort_id=["one", "two", "two"])
    entries = entries_from_frame(frame, 0.01)
    drawn = draw_posterior(entries, OneFactor(0.6, 0.6), draws=DRAWS, seed=2).marginals
    correlation = np.corrcoef(drawn.cases.T)
    assert correlation[0, 1] == pytest.approx(0, abs=0.02)
    assert correlation[1, 2] > 0.2


@pytest.mark.parametrize("effects", ["common", "random"])
def test_thresholds_stay_nested_and_keep_their_posterior(effects) -> None:
    frame = pd.DataFrame(
        {
            "flag": ["esr_20", "esr_50"],
            "tp": [8, 5],
            "fp": [300, 60],
            "fn": [3, 6],
            "tn": [700, 940],
        }
    )
    entries = random_entries(frame, 0.01, nested=[("esr_20", "esr_50")], effects=effects)
    drawn = draw_posterior(entries, OneFactor(), draws=DRAWS, seed=3).marginals
    alone = draw_posterior(
        random_entries(frame, 0.01, effects=effects), OneFactor(0, 0), draws=DRAWS, seed=3
    ).marginals
    for ours, own in ((drawn.cases, alone.cases), (drawn.noncases, alone.noncases)):
        assert np.all(ours[:, 1] <= ours[:, 0])
        # Few draws would reverse the order where the counts are those of one sample; where
        # practices differ many would, and ordering them is what is known.
        found, expected = np.quantile(ours[:, 1], LEVELS), np.quantile(own[:, 1], LEVELS)
        np.testing.assert_allclose(found, expected, atol=0.03 if effects == "common" else 0.3)
        assert (found <= expected + 0.03).all()
    # Those who meet the harder one are 5 of the 8 who meet the easier one: the proportions of
    # the two in one sample of 11 have this correlation.
    p, q = 8 / 11, 5 / 11
    phi = np.sqrt(q * (1 - p) / (p * (1 - q)))
    # Ordering the reversed draws adds to it.
    assert phi - 0.02 < np.corrcoef(drawn.cases.T)[0, 1] < (0.8 if effects == "common" else 0.95)


def test_a_new_practice_varies_more_than_the_average_one() -> None:
    entries = random_entries(FRAME, "21/6622")
    average, new = (
        draw_posterior(entries, Independent(), draws=DRAWS, seed=1, practice=practice)
        for practice in ("average", "new")
    )
    for group in ("cases", "noncases"):
        logits = [
            np.log(getattr(one.marginals, group) / (1 - getattr(one.marginals, group)))
            for one in (average, new)
        ]
        assert (np.std(logits[1], axis=0) > 1.1 * np.std(logits[0], axis=0)).all()
    # What the user counted is the user's own practice.
    np.testing.assert_array_equal(average.pretest, new.pretest)


def test_thresholds_that_are_not_nested_are_refused() -> None:
    frame = pd.DataFrame(
        {
            "flag": ["esr_20", "esr_50"],
            "tp": [5, 8],
            "fp": [300, 60],
            "fn": [6, 3],
            "tn": [700, 940],
        }
    )
    with pytest.raises(DataError, match="esr_20, esr_50 are thresholds of one quantity"):
        point_marginals(entries_from_frame(frame, 0.01, nested=[("esr_20", "esr_50")]))


def test_tied_findings_keep_every_figure_in_every_draw() -> None:
    rule = pd.DataFrame(
        {
            "flags": ["age;history;weight"],
            "rule": ["any"],
            "sensitivity": [1.0],
            "specificity": [0.65],
        }
    )
    entries = entries_from_frame(FRAME, 0.01, combinations=rule)
    drawn = draw_posterior(entries, MaximumEntropy(), draws=3000, seed=4).marginals
    # Marginals and the combination: the Jeffreys posterior of their counts among 13 cases, and
    # among 1,962 non-cases.
    for draws, positive, total in (
        (drawn.cases[:, 0], 10, 13),
        (drawn.cases[:, 2], 2, 13),
        (drawn.combinations[0].cases, 13, 13),
        (drawn.noncases[:, 0], 568, 1962),
        (drawn.combinations[0].noncases, 0.35 * 1962, 1962),
    ):
        exact = beta(positive + 0.5, total - positive + 0.5)
        # 0.03: three standard errors of 3000 random draws.
        np.testing.assert_allclose(exact.cdf(np.quantile(draws, LEVELS)), LEVELS, atol=0.03)
    found = MaximumEntropy().log_probabilities(drawn, [[1, 1, 0], [0, 0, 0]])
    assert np.isfinite(found.noncases).all()
    space = joint_space(drawn.group("cases"), (0, 1, 2))
    assert space.targets.shape == (3000, 4)


def test_the_sample_is_seeded() -> None:
    entries = entries_from_frame(FRAME, "21/6622")
    first, again, other = (
        draw_posterior(entries, Independent(), draws=64, seed=seed) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first.marginals.cases, again.marginals.cases)
    np.testing.assert_array_equal(first.pretest, again.pretest)
    assert not np.array_equal(first.marginals.cases, other.marginals.cases)


def test_figures_without_counts_do_not_vary() -> None:
    frame = pd.DataFrame({"flag": ["a"], "sensitivity": [0.6], "specificity": [0.9]})
    drawn = draw_posterior(entries_from_frame(frame, 0.1), Independent(), draws=16, seed=1)
    assert drawn.certain
    assert set(drawn.marginals.cases[:, 0]) == {0.6}
    assert set(drawn.pretest) == {0.1}
