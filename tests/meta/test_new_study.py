"""Prediction for what a new study observes, against counting and against sampling."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backpain_stats import fit_bayes
from backpain_stats.errors import ArgumentError

DATA = pd.DataFrame(
    {"study": ["A", "B"], "tp": [40, 70], "fp": [41, 13], "fn": [20, 25], "tn": [1921, 462]}
)


@pytest.fixture(scope="module")
def fit():
    return fit_bayes(DATA)


@pytest.mark.parametrize(("cases", "noncases"), [(1, 7), (12, 60)])
def test_equals_the_summed_distribution_of_the_count(fit, cases, noncases):
    """scipy's binomial, averaged over the draws and summed count by count."""
    found = fit.predict_study(cases=cases, noncases=noncases, level=0.9).set_index("measure")
    new = fit.new_practice_draws()
    for outcome, n in (("sensitivity", cases), ("specificity", noncases)):
        counts = np.arange(n + 1)[:, None]
        reached = stats.binom.cdf(counts, n, new[outcome].to_numpy()).mean(axis=1)
        expected = [np.argmax(reached >= at) / n for at in (0.05, 0.5, 0.95)]
        np.testing.assert_array_equal(
            found.loc[outcome, ["ci_low", "estimate", "ci_high"]].astype(float), expected
        )
        assert found.loc[outcome, "n"] == n


def test_holds_its_level_of_simulated_studies(fit):
    new = fit.new_practice_draws(65536, seed=2)["sensitivity"].to_numpy()
    seen = np.random.default_rng(1).binomial(30, new) / 30
    row = fit.predict_study(cases=30, noncases=30).iloc[0]
    assert (row.ci_low, row.ci_high) == pytest.approx(
        np.quantile(seen, [0.025, 0.975], method="inverted_cdf"), abs=1 / 30
    )  # the next possible proportion


def test_a_large_study_observes_the_truth(fit):
    found = fit.predict_study(cases=10**6, noncases=10**6).set_index("measure")
    truth = fit.predict().set_index("measure")
    for outcome in ("sensitivity", "specificity"):
        # chance moves a million patients by 5e-4; the draws' quantiles are interpolated
        ends = ["estimate", "ci_low", "ci_high"]
        np.testing.assert_allclose(
            found.loc[outcome, ends].astype(float), truth.loc[outcome, ends].astype(float),
            atol=2e-3,
        )  # fmt: skip


def test_what_nobody_informs_and_wrong_sizes(fit):
    only = fit_bayes(pd.DataFrame({"study": ["H"], "tp": [0], "fp": [4], "fn": [0], "tn": [11]}),
                     effective_size=400)  # fmt: skip
    found = only.predict_study(cases=5, noncases=5).set_index("measure")["ci_low"]
    assert found.isna().tolist() == [True, False]
    for wrong in (0, -1, 2.5):
        with pytest.raises(ArgumentError, match="cases"):
            fit.predict_study(cases=wrong, noncases=10)
    with pytest.raises(ArgumentError, match="level"):
        fit.predict_study(cases=3, noncases=10, level=95)
