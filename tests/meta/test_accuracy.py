"""A meta-analysis as the source of natural frequencies."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from backpain_stats import DataError, fit_bivariate, natural_frequencies, summary_of_findings
from backpain_stats.decide.draws import joint_draws
from backpain_stats.meta.accuracy import PosteriorAccuracy, pooled_accuracy

DATA = pd.DataFrame(
    {
        "study": list("abcdef"),
        "tp": [9, 18, 30, 12, 25, 14],
        "fp": [20, 70, 41, 15, 60, 33],
        "fn": [3, 2, 9, 8, 5, 6],
        "tn": [180, 330, 400, 210, 290, 260],
    }
)


@pytest.fixture(scope="module")
def fit():
    return fit_bivariate(DATA)


def test_summary_point_and_its_interval(fit):
    row = natural_frequencies(fit, 0.01, flag="cancer_history", draws=2**14).iloc[0]
    assert row["flag_id"] == "cancer_history"
    assert (row["studies"], row["n"], row["n_cases"]) == (6, 2050, 141)
    assert row["sensitivity"] == pytest.approx(fit.sensitivity.estimate, rel=1e-9)
    # Both are the normal interval of the logit; one is read off 16,384 draws.
    assert row["sensitivity_low"] == pytest.approx(fit.sensitivity.ci_low, rel=2e-3)
    assert row["sensitivity_high"] == pytest.approx(fit.sensitivity.ci_high, rel=2e-3)
    assert row["specificity_low"] == pytest.approx(fit.specificity.ci_low, rel=2e-3)


def test_draws_have_the_summary_covariance(fit):
    accuracy = pooled_accuracy(fit)
    sensitivity, specificity, _ = joint_draws([accuracy], draws=2**14, seed=1)
    logits = np.log(np.vstack([sensitivity / (1 - sensitivity), specificity / (1 - specificity)]))
    # A balanced sample of 16,384 has its second moments right to about 1%.
    np.testing.assert_allclose(np.cov(logits), fit.covariance, rtol=0.02, atol=1e-4)


def test_a_new_practice_adds_the_variation_between_studies(fit):
    accuracy = pooled_accuracy(fit, practice="new")
    sensitivity, specificity, _ = joint_draws([accuracy], draws=2**14, seed=1)
    logits = np.log(np.vstack([sensitivity / (1 - sensitivity), specificity / (1 - specificity)]))
    expected = fit.covariance + fit.between_study
    np.testing.assert_allclose(np.cov(logits), expected, rtol=0.02, atol=1e-4)
    assert "new practice" in natural_frequencies(accuracy, 0.01).loc[0, "method"]


def test_weighted_posterior_draws_keep_their_weights():
    accuracy = PosteriorAccuracy(
        logits=np.array([[0.0, 1.0], [2.0, 3.0]]),
        roots=np.zeros((2, 2, 2)),
        weights=np.array([0.25, 0.75]),
        point=(0.8, 0.9),
        labels={"flag_id": "pooled"},
        studies=2,
    )
    sensitivity, specificity, _ = joint_draws([accuracy], draws=2**12, seed=1)
    assert np.mean(sensitivity == expit(2.0)) == pytest.approx(0.75, abs=1e-3)
    assert set(np.unique(specificity)) == {expit(1.0), expit(3.0)}


def test_a_practice_varies_by_the_root_of_its_draw():
    root = np.array([[0.5, 0.0], [-0.6, 0.2]])
    accuracy = PosteriorAccuracy(
        logits=np.array([[1.0, 2.0]]), roots=root[None], weights=np.ones(1), point=(0.7, 0.9),
        labels={"flag_id": "pooled"}, studies=2,
    )  # fmt: skip
    sensitivity, specificity, _ = joint_draws([accuracy], draws=2**14, seed=1)
    logits = np.log(np.vstack([sensitivity / (1 - sensitivity), specificity / (1 - specificity)]))
    # A balanced sample of 16,384 has its second moments right to about 1%.
    np.testing.assert_allclose(np.cov(logits), root @ root.T, rtol=0.02)


def test_draws_run_along_the_positive_ratio():
    """So that a low uniform number is a low ratio, also where two flags share it."""
    accuracy = pooled_accuracy(fit_bivariate(DATA, inference="bayes"))
    ladder = np.repeat((np.arange(64)[:, None] + 0.5) / 64, 3, axis=1)
    sensitivity, specificity = accuracy.draws(ladder)
    assert (np.diff(sensitivity / (1 - specificity)) >= 0).all()


def test_bayesian_fit_is_a_source_too():
    fit = fit_bivariate(DATA, inference="bayes")
    here = natural_frequencies(fit, 0.01).iloc[0]
    assert here["sensitivity"] == pytest.approx(fit.sensitivity.estimate)
    # Quantiles of some thousand weighted draws against draws from them.
    assert here["sensitivity_low"] == pytest.approx(fit.sensitivity.ci_low, rel=0.02)
    assert here["specificity_high"] == pytest.approx(fit.specificity.ci_high, rel=0.02)
    there = natural_frequencies(pooled_accuracy(fit, practice="new"), 0.01).iloc[0]
    assert there["sensitivity_low"] < here["sensitivity_low"]
    assert there["sensitivity_high"] > here["sensitivity_high"]


def test_a_new_practice_trades_sensitivity_for_specificity_as_studies_do():
    fit = fit_bivariate(DATA, inference="bayes")
    drawn = fit.new_practice_draws(2**14)[["sensitivity", "specificity"]].to_numpy().T
    expected = fit.covariance + fit.between_study
    correlation = expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1])
    assert correlation < -0.1
    # Far tails weigh in a covariance of logits; 0.05 holds those of 16,384 draws.
    found = np.corrcoef(np.log(drawn / (1 - drawn)))[0, 1]
    assert found == pytest.approx(correlation, abs=0.05)


def test_summary_of_findings_counts_the_studies(fit):
    rows = summary_of_findings(fit, 0.01, flag="cancer_history").layout().blocks[0][1]
    assert [row[1] for row in rows] == ["6 (141)", None, "6 (1,909)", None]  # merged for each group


def test_what_gives_no_accuracy_is_refused():
    with pytest.raises(DataError, match="int gives no sensitivity"):
        natural_frequencies(3, 0.01)
