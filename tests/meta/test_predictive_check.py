"""Each study predicted from the others: against fits that really leave it out."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import binom

from backpain_stats import NotEstimableError, fit_bayes, load_evidence, pool
from backpain_stats.meta.bayes.sampling import study_log_likelihoods

DATA = pd.DataFrame(
    {"study": list("ABCDEF"), "tp": [19, 30, 25, 7, 40, 12], "fp": [30, 20, 9, 13, 12, 5],
     "fn": [9, 12, 11, 22, 17, 0], "tn": [80, 90, 90, 72, 95, 61]}
)  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    return fit_bayes(DATA, effective_size=8000, seed=1)


@pytest.fixture(scope="module")
def check(fit):
    return fit.predictive_check(draws=2**15)


@pytest.mark.parametrize("study", ["F"])
def test_a_row_is_what_a_fit_without_the_study_predicts(check, study):
    others = fit_bayes(DATA[DATA["study"] != study], effective_size=8000, seed=2)
    own = DATA.set_index("study").loc[study]
    row = check.frame.set_index("study").loc[study]
    drawn = others.new_practice_draws(2**15, seed=3)
    for outcome, hits, misses in (("sensitivity", "tp", "fn"), ("specificity", "tn", "fp")):
        n, share = own[hits] + own[misses], drawn[outcome].to_numpy()
        pit = np.mean(binom.cdf(own[hits] - 1, n, share) + binom.pmf(own[hits], n, share) / 2)
        # 8,000 effective draws: an error of about 0.006 in a probability, on either side
        assert row[f"{outcome}_pit"] == pytest.approx(pit, abs=0.025)
    sizes = {"cases": own["tp"] + own["fn"], "noncases": own["tn"] + own["fp"]}
    predicted = others.predict_study(**sizes).set_index("measure")
    for outcome in ("sensitivity", "specificity"):
        for end in ("low", "high"):
            assert row[f"{outcome}_{end}"] == pytest.approx(
                predicted.loc[outcome, f"ci_{end}"], abs=0.05
            )
    numbers = np.random.default_rng(4)
    means, roots = others.logits, others.roots
    b1, b2 = numbers.standard_normal((2, 400, len(means)))
    first = means[:, 0] + roots[:, 0] * b1
    second = means[:, 1] + roots[:, 1] * b1 + roots[:, 2] * b2
    log_terms = binom.logpmf(own["tp"], own["tp"] + own["fn"], expit(first))
    log_terms += binom.logpmf(own["tn"], own["tn"] + own["fp"], expit(second))
    log_terms += np.log(others.column("weight"))
    # the density of the study by simulation from the fit without it: 2% or so of error
    assert row["log_density"] == pytest.approx(logsumexp(log_terms) - np.log(400), abs=0.06)


def test_sums_and_diagnostics(fit, check):
    assert check.log_density == pytest.approx(check.frame["log_density"].sum())
    weights = np.maximum(fit.column("weight"), 1e-300)[:, None]
    inside = logsumexp(study_log_likelihoods(fit), b=weights, axis=0)
    assert check.effective_parameters == pytest.approx(inside.sum() - check.log_density)
    assert 0 < check.effective_parameters < 5 + 1  # of five parameters, little room above
    assert (check.frame["k_hat"] < 0.7).all()


def test_a_study_unlike_the_others_is_outside():
    odd = pd.concat(
        [pd.DataFrame({"study": [f"s{i}" for i in range(12)], "tp": 45, "fp": 10, "fn": 5,
                       "tn": 190}),
         pd.DataFrame({"study": ["odd"], "tp": [3], "fp": [100], "fn": [47], "tn": [100]})],
        ignore_index=True,
    )  # fmt: skip
    check = fit_bayes(odd).predictive_check()
    outside = check.frame.loc[check.outside("sensitivity"), "study"].tolist()
    assert outside == ["odd"]
    assert "1 of 13 studies lie outside" in str(check)


def test_a_study_without_cases_is_checked_on_its_side():
    check = fit_bayes(DATA.assign(tp=[19, 30, 25, 7, 40, 0])).predictive_check()
    row = check.frame.set_index("study").loc["F"]
    assert np.isnan(row[["sensitivity", "sensitivity_low", "sensitivity_pit"]].astype(float)).all()
    assert 0 < row["specificity_pit"] < 1
    assert "5 studies" in str(check)


def test_what_cannot_be_checked_says_why():
    with pytest.raises(NotEstimableError, match="one study"):
        fit_bayes(DATA.head(1)).predictive_check()
    with pytest.raises(NotEstimableError, match="no study has any cases"):
        fit_bayes(DATA.assign(tp=0, fn=0)).predictive_check()
    pooled = pool(load_evidence(), target="malignancy", flag="cancer_history")
    with pytest.raises(NotEstimableError, match="settings"):
        pooled.fit.predictive_check()


def test_what_is_left_of_the_prior_is_its_own_standard_deviation(fit):
    share = fit.prior_share()
    priors, weights = fit.priors, fit.column("weight")
    for name, before in (
        ("logit_sensitivity", priors.sensitivity_scale),
        ("sd_specificity", priors.specificity_sd_spread),
    ):
        drawn = fit.column(name)
        drawn = np.log(drawn) if name.startswith("sd_") else drawn
        after = np.sqrt(weights @ (drawn - weights @ drawn) ** 2)
        # the prior's SD is that of 4,096 quasi-random draws
        assert share[name] == pytest.approx(after / before, rel=5e-3)
    assert "Left of their spread" in str(fit)
