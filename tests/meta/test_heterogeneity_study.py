"""The committed study of heterogeneity: its numbers are its tables', its tools are right."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backpain_stats import Priors, fit_bayes
from backpain_stats.meta.univariate.between_study import between_study_variance

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study():
    """Import the scripts of the study."""
    names = ("model", "coverage", "text")
    return {name: importlib.import_module(f"heterogeneity_{name}") for name in names}


@pytest.fixture(scope="module")
def estimates():
    return pd.read_csv(ROOT / "data" / "heterogeneity.csv")


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(ROOT / "reports" / "heterogeneity.csv")


@pytest.fixture(scope="module")
def chosen(study):
    return next(
        one for one in study["model"].CANDIDATES
        if one.family == "log-normal" and one.shared and one.skewed
    )  # fmt: skip


def test_the_shipped_default_is_what_the_rules_choose(study, table, chosen):
    assert study["text"].candidates(table)["chosen"].idxmax() == chosen.name
    found = study["text"].shipped(table)
    assert study["model"].shipped_priors(found, study["text"].factor_of(table)) == Priors()


def test_the_learned_population_follows_from_the_table(study, table, estimates):
    """A normal-normal model of the sets' log SDs, from medians and intervals alone."""
    own = estimates[estimates["learned_from"] == "yes"]
    log_sd, error = [], []
    for outcome in ("sensitivity", "specificity"):
        low, middle, high = (np.log(own[f"sd_{outcome}{end}"]) for end in ("_low", "", "_high"))
        log_sd += middle.tolist()
        # an interval that runs down to 0 is long on one side: the other has the information
        error += (np.minimum(high - middle, middle - low) / 1.96).tolist()
    log_sd, error = np.array(log_sd), np.array(error)
    between = between_study_variance(log_sd, error**2, "reml")
    weight = 1 / (error**2 + between)
    found = study["text"].shipped(table)
    # Within a tenth: likelihoods of log SDs are skewed, which this approximation ignores, and
    # the exact fit adds the doubt about the population.
    middle = np.exp(weight @ log_sd / weight.sum())
    assert middle == pytest.approx(found["sensitivity_sd_median"], rel=0.1)
    assert between**0.5 == pytest.approx(found["sensitivity_sd_spread"], abs=0.1)
    assert own["correlation"].mean() == pytest.approx(found["correlation_mean"], abs=0.1)


def test_prediction_intervals_hold_what_is_promised(study, table):
    means = study["text"].held(table)
    default = means.loc[study["coverage"].label(study["text"].factor_of(table))]
    for size in (2, 3):
        few = default.loc[size][["true", "jeffreys"]].mean()
        assert few.between(0.93, 0.97).all(), few
    previous = means.loc[study["coverage"].PREVIOUS]
    assert (previous["true"] < default["true"]).all()


def test_every_set_has_a_source_and_blocks_share_no_studies(estimates):
    assert len(estimates) == 18
    assert estimates["source"].notna().all()
    repeated = estimates[estimates["learned_from"] == "no"]
    assert repeated["set"].tolist() == ["smoking1"]
    assert (estimates["block"] == repeated["block"].iloc[0]).sum() == 3


def test_the_committed_text_is_that_of_the_committed_tables(study, table, estimates):
    committed = (ROOT / "reports" / "heterogeneity.md").read_text(encoding="utf-8")
    assert study["text"].text_of(table, estimates) == committed


def test_densities_are_those_of_scipy(study, chosen):
    """Each candidate's density of log SDs and correlation, written with scipy's."""
    values = np.array([[0.2, -0.7, -0.3], [-1.0, 0.4, 0.6]])
    u = np.array([[0.3, -0.5, 0.2, 0.8], [0.0, 1.0, -1.0, -0.4]])
    location, spread, a, b = chosen.hyper(u)[:, [0, 1, 4, 5]].T[:, :, None]
    expected = stats.norm.logpdf(values[:, 0], location, spread)
    expected = expected + stats.norm.logpdf(values[:, 1], location, spread)
    expected = expected + stats.beta.logpdf(values[:, 2], a, b, loc=-1, scale=2)
    np.testing.assert_allclose(chosen.log_density(values, chosen.hyper(u)), expected, rtol=1e-12)
    log_sd = values[:, 0]
    half_normal = stats.halfnorm.logpdf(np.exp(log_sd), scale=np.exp(0.3)) + log_sd
    np.testing.assert_allclose(study["model"].half_normal(log_sd, 0.3), half_normal, rtol=1e-12)
    half_t = np.log(2) + stats.t.logpdf(np.exp(log_sd), 4, scale=np.exp(0.3)) + log_sd
    np.testing.assert_allclose(study["model"].half_t(log_sd, 0.3), half_t, rtol=1e-12)


def test_reweighting_equals_a_fit_under_the_population(study, chosen):
    """The evidence of a set under a population: reweighted draws against fit_bayes itself."""
    random = np.random.default_rng(5)
    p1, p2 = stats.logistic.cdf(random.normal([1, 2], 1, (8, 2))).T
    tp, tn = random.binomial(40, p1), random.binomial(80, p2)
    data = pd.DataFrame({"study": range(8), "tp": tp, "fp": 80 - tn, "fn": 40 - tp, "tn": tn})
    one = study["model"].StudySet("made up", "", data)
    u = np.zeros((1, 4))
    location, spread, *_, a, b = chosen.hyper(u)[0]
    priors = Priors(
        sensitivity_sd_median=np.exp(location), specificity_sd_median=np.exp(location),
        sensitivity_sd_spread=spread, specificity_sd_spread=spread,
        correlation_shape=(a + b) / 2, correlation_mean=(a - b) / (a + b),
    )  # fmt: skip
    # 512 reweighted draws: the log of their mean is known to about 0.1
    found = chosen.log_likelihood(one, u)[0]
    assert found == pytest.approx(fit_bayes(data, priors=priors).log_evidence, abs=0.3)


def test_intervals_of_counts_are_those_of_predict_study(study):
    data = pd.DataFrame({"study": ["A"], "tp": [9], "fp": [3], "fn": [4], "tn": [30]})
    fit = fit_bayes(data, effective_size=400)
    share = fit.new_practice_draws(seed=1)["sensitivity"].to_numpy()
    for n in (1, 15):
        row = fit.predict_study(cases=n, noncases=1, seed=1).iloc[0]
        y = np.arange(n + 1.0)
        inside = (y / n >= row.ci_low) & (y / n <= row.ci_high)
        np.testing.assert_array_equal(study["coverage"].printed(share, y, n - y), inside)


def test_a_known_population_is_found_again(study, chosen):
    """Simulated sets of large studies: the learned median is that of the truth."""
    random = np.random.default_rng(11)
    sets = []
    for number in range(6):
        sds = 0.6 * np.exp(0.2 * random.standard_normal(2))
        p1, p2 = stats.logistic.cdf(random.normal([1, 2], sds, (10, 2))).T
        tp, tn = random.binomial(200, p1), random.binomial(200, p2)
        data = pd.DataFrame(
            {"study": range(10), "tp": tp, "fp": 200 - tn, "fn": 200 - tp, "tn": tn}
        )
        sets.append(study["model"].StudySet(f"set {number}", "", data))
    found = study["model"].population(chosen, *study["model"].learn(chosen, sets))
    # 12 SDs with a spread of 0.2 and an error of 1 / sqrt(2 * 10) = 0.22: 0.087 on the log
    assert abs(np.log(found["sensitivity_sd_median"] / 0.6)) < 3 * 0.087
    assert found["sensitivity_sd_spread"] < 0.45
    assert abs(found["correlation_mean"]) < 0.3
