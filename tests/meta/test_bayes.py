"""The Bayesian fit against brute force, other samplers, simulation and itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import trapezoid
from scipy.special import expit

from backpain_stats import fit_bivariate, natural_frequencies
from backpain_stats.errors import (
    ArgumentError,
    DataError,
    FitError,
    NotEstimableError,
    UnknownNameError,
)
from backpain_stats.meta.bayes import sampling
from backpain_stats.meta.bayes.fit import fit_bayes
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.meta.bayes.priors import PARAMETERS, Priors
from backpain_stats.meta.bayes.quantities import areas
from backpain_stats.meta.bayes.sampling import posterior_likelihood
from backpain_stats.meta.likelihood.parameters import root_from_sds

DATA = Path(__file__).parents[1] / "oracles" / "r" / "data"
SMALL = pd.DataFrame({"study": ["A", "B"], "tp": [3, 5], "fp": [1, 2], "fn": [2, 1], "tn": [6, 9]})


@pytest.fixture(scope="module")
def small_fit():
    """The default fit of the two small studies; fits are frozen."""
    return fit_bayes(SMALL)


@pytest.fixture(scope="module")
def old_fit():
    """The same under half-normal SDs: what was recorded elsewhere, was under these."""
    return fit_bayes(SMALL, priors=Priors.weakly_informative())


def means(fit):
    weights = fit.draws["weight"].to_numpy()
    return {name: weights @ fit.draws[name].to_numpy() for name in PARAMETERS}


def test_equals_a_five_dimensional_grid():
    """Posterior means by tensor Gauss-Hermite quadrature over the prior, no sampling at all."""
    priors = Priors(sensitivity_scale=1, specificity_scale=1)
    # The data narrow the two means most, so these get more nodes; with 25 nodes the
    # means change by less than 3e-4.
    rules = [np.polynomial.hermite_e.hermegauss(nodes) for nodes in (17, 17, 7, 7, 7)]
    nodes, node_weights = zip(*rules, strict=True)
    grid = np.stack(np.meshgrid(*nodes, indexing="ij"), axis=-1).reshape(-1, 5)
    weight = np.prod(np.meshgrid(*node_weights, indexing="ij"), axis=0).ravel()
    # Corners of the grid weigh less than 1e-9 of the middle.
    keep = weight > 1e-9 * weight.max()
    grid, weight = grid[keep], weight[keep]
    counts = SMALL[["tp", "fp", "fn", "tn"]].to_numpy()
    posterior = weight * np.exp(posterior_likelihood(counts, [0, 1], priors, 7)(grid))
    expected = (posterior / posterior.sum()) @ priors.from_standard_normal(grid)
    fit = fit_bayes(SMALL, priors=priors, effective_size=8000)
    spread = priors.draws(4096, seed=1).std()
    for name, value in zip(PARAMETERS, expected, strict=True):
        # Four Monte Carlo standard errors; the posterior is narrower than the prior.
        assert means(fit)[name] == pytest.approx(value, abs=4 * spread[name] / 8000**0.5)
    evidence = np.log(posterior.sum() / weight.sum())
    assert fit.log_evidence == pytest.approx(evidence, abs=0.03)


def test_equals_weighting_of_prior_draws(small_fit):
    """Neither our quadrature nor our sampler: prior draws of everything, weighted by binomials."""
    rng = np.random.default_rng(8)
    draws, priors = 400_000, Priors()
    parameters = priors.from_standard_normal(rng.standard_normal((draws, 5)))
    l11, l21, l22 = root_from_sds(*parameters.T[2:]).T
    log_weight = np.zeros(draws)
    for row in SMALL.itertuples():
        b1, b2 = rng.standard_normal((2, draws))
        p1 = expit(parameters[:, 0] + l11 * b1)
        p2 = expit(parameters[:, 1] + l21 * b1 + l22 * b2)
        log_weight += stats.binom.logpmf(row.tp, row.tp + row.fn, p1)
        log_weight += stats.binom.logpmf(row.tn, row.tn + row.fp, p2)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    size = 1 / (weight @ weight)
    fit = small_fit
    for column, name in enumerate(PARAMETERS):
        values = parameters[:, column]
        mean = weight @ values
        spread = np.sqrt(weight @ (values - mean) ** 2)
        error = spread * np.sqrt(1 / size + 1 / fit.effective_size)
        assert means(fit)[name] == pytest.approx(mean, abs=4 * error)
        quantiles = weighted_quantile(values, weight, [0.1, 0.9])
        ours = weighted_quantile(
            fit.draws[name].to_numpy(), fit.draws["weight"].to_numpy(), [0.1, 0.9]
        )
        # The density at the 10% quantile is about 0.175 / SD for a normal.
        np.testing.assert_allclose(ours, quantiles, atol=4 * 0.3 / 0.175 * error)


def test_equals_an_ensemble_sampler(small_fit, ensemble):
    """Other people's Markov chain on the same posterior."""
    counts = SMALL[["tp", "fp", "fn", "tn"]].to_numpy()
    priors = Priors()
    start = np.random.default_rng(3).standard_normal((40, 5)) * 0.5
    points, size, r_hat = ensemble(posterior_likelihood(counts, [0, 1], priors, 9), start, 3)
    assert r_hat < 1.05
    found = priors.from_standard_normal(points)
    for column, name in enumerate(PARAMETERS):
        values = found[:, column]
        error = values.std() * (1 / size + 1 / small_fit.effective_size) ** 0.5
        assert means(small_fit)[name] == pytest.approx(values.mean(), abs=4.5 * error)


# numpyro 0.22.0 on jax 0.10.2: NUTS of the model with its random effects (no quadrature),
# target acceptance 0.95, four chains of 20,000 draws after 2,000; no divergence, R-hat
# below 1.0002; priors Normal(0, 2), half-Normal(1), (1 - rho^2). Per parameter: mean, SD,
# effective size, 10% and 90% quantiles.
NUTS = {
    "logit_sensitivity": (0.9135, 0.8319, 54987, -0.1035, 1.9501),
    "logit_specificity": (1.5100, 0.7841, 48315, 0.5648, 2.4837),
    "sd_sensitivity": (0.7043, 0.5378, 61220, 0.1117, 1.4504),
    "sd_specificity": (0.6469, 0.5187, 57817, 0.0934, 1.3717),
    "correlation": (-0.0002, 0.4477, 79923, -0.6094, 0.6100),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_equals_nuts(old_fit, name):
    """Another sampler, another parametrisation, other people's code (a recorded run)."""
    mean, spread, size, low, high = NUTS[name]
    error = spread * (1 / size + 1 / old_fit.effective_size) ** 0.5
    assert means(old_fit)[name] == pytest.approx(mean, abs=4 * error)
    weights, values = old_fit.draws["weight"].to_numpy(), old_fit.draws[name].to_numpy()
    ours = weighted_quantile(values, weights, [0.1, 0.9])
    # the density at the 10% quantile of a normal is 0.175 / SD
    np.testing.assert_allclose(ours, [low, high], atol=4 * 0.3 / 0.175 * error)


def test_calibrated_when_truth_comes_from_the_prior():
    """Simulation-based calibration: the truth's posterior rank is uniform."""
    rng = np.random.default_rng(21)
    priors = Priors()
    ranks = []
    for _ in range(40):
        truth = priors.from_standard_normal(rng.standard_normal((1, 5)))[0]
        l11, l21, l22 = root_from_sds(*truth[2:])
        b1, b2 = rng.standard_normal((2, 3))
        tp = rng.binomial(20, expit(truth[0] + l11 * b1))
        tn = rng.binomial(40, expit(truth[1] + l21 * b1 + l22 * b2))
        data = pd.DataFrame(
            {"study": list("ABC"), "tp": tp, "fp": 40 - tn, "fn": 20 - tp, "tn": tn}
        )
        fit = fit_bayes(data, nodes=5, effective_size=400, seed=rng)
        ranks.append([fit.probability(fit.draws[name] < value) for name, value in
                      zip(PARAMETERS, truth, strict=True)])  # fmt: skip
    for column in np.array(ranks).T:
        assert stats.kstest(column, "uniform").pvalue > 0.001


def test_several_tables_are_the_probability_of_what_was_printed(small_fit):
    """The sum over tables equals the probability that one of them arises, computed directly."""
    tables = pd.DataFrame(
        {"study": "A", "tp": [3, 3, 4], "fp": [1, 2, 2], "fn": [2, 2, 1], "tn": [6, 5, 5]}
    )
    u = np.random.default_rng(2).standard_normal((5, 5))
    counts = tables[["tp", "fp", "fn", "tn"]].to_numpy()
    together = posterior_likelihood(counts, [0], Priors(), 9)(u)
    apart = [posterior_likelihood(one[None], [0], Priors(), 9)(u) for one in counts]
    np.testing.assert_allclose(np.exp(together), np.exp(apart).sum(axis=0), rtol=1e-12)
    # One table, given once or as the only candidate, is the same fit.
    one = fit_bayes(SMALL, several_tables=True)
    np.testing.assert_array_equal(one.draws, small_fit.draws)
    fit = fit_bayes(pd.concat([tables, SMALL.tail(1)]).sample(frac=1, random_state=1),
                    several_tables=True)  # fmt: skip
    assert sorted(fit.rows["tables"]) == [1, 3]
    assert fit.rows.set_index("study").loc["A", "fp"] in (1, 2)


def test_one_study_and_missing_groups():
    """Every number of studies works; what no patient informs is not estimable."""
    only_noncases = pd.DataFrame({"study": ["H"], "tp": [0], "fp": [47], "fn": [0], "tn": [1125]})
    fit = fit_bayes(only_noncases)
    assert fit.rows["contributes"].iloc[0] == "specificity only"
    assert fit.uninformed == ("sensitivity",)
    for measure in ("sensitivity", "lr_positive", "lr_negative", "odds_ratio"):
        one = fit.estimate(measure)
        assert np.isnan([one.estimate, one.ci_low, one.ci_high]).all()
        assert one.method == "not estimable: no study has any cases"
    found = fit.posterior().set_index("measure")["estimate"]
    assert set(found.index[found.notna()]) == {"specificity", "sd_specificity", "i2_specificity"}
    assert "not estimable: no study has any cases" in str(fit)
    new = fit.predict(0.1).set_index("measure")["estimate"]
    assert set(new.index[new.notna()]) == {"specificity"}
    for refused in (fit.region, fit.sroc, fit.auc, lambda: fit.posttest(0.1)):
        with pytest.raises(NotEstimableError, match="no study has any cases"):
            refused()
    with pytest.raises(NotEstimableError, match="no study has any cases"):
        natural_frequencies(fit, 0.01)
    # The specificity has two parameters left: a plain sum over a grid of them.
    mean = np.linspace(-7, 7, 281)[:, None]
    sd = np.linspace(0.0125, 5, 200)[None, :]
    given = fit.priors
    prior = stats.norm.pdf(mean, 0, 2)
    prior = prior * stats.lognorm.pdf(
        sd, given.specificity_sd_spread, scale=given.specificity_sd_median
    )
    z, w = np.polynomial.hermite_e.hermegauss(61)
    chance = stats.binom.pmf(1125, 1172, expit(mean[..., None] + sd[..., None] * z))
    posterior = prior * (chance @ w)
    expected = (posterior * mean).sum() / posterior.sum()
    assert means(fit)["logit_specificity"] == pytest.approx(expected, abs=4 * 1.1 / 4000**0.5)


def test_posterior_follows_many_studies():
    """With 14 studies the posterior sits near R's quadrature fit (AuditC)."""
    fit = fit_bayes(pd.read_csv(DATA / "AuditC.csv"))
    assert fit.effective_size >= 4000
    # lme4-type maximum likelihood: 2.511 (SE 0.463), 1.276 (SE 0.169). The prior on the
    # SDs and the skewness move the mean by less than one third of a standard error.
    np.testing.assert_allclose(fit.coefficients, [2.511, 1.276], atol=0.463 / 3)
    assert fit.lr_positive.ci_low < 4.239 < fit.lr_positive.ci_high
    correlation = fit.quantity(fit.draws["correlation"].to_numpy(), "correlation")
    assert correlation.ci_high < 0
    assert correlation.estimate == fit.correlation


def test_draws_of_equal_weight_and_of_a_new_practice(small_fit):
    fit = small_fit
    draws = fit.equal_draws(4096)
    weights = fit.draws["weight"].to_numpy()
    for name in PARAMETERS:
        spread = fit.draws[name].std()
        # at most the error of independent draws, of which three are allowed
        assert draws[name].mean() == pytest.approx(means(fit)[name], abs=3 * spread / 4096**0.5)
    new = fit.new_practice_draws(8192)
    # Between-setting variance comes on top: the predictive interval is the wider one.
    low, high = new["sensitivity"].quantile([0.025, 0.975])
    assert low < fit.sensitivity.ci_low
    assert high > fit.sensitivity.ci_high
    logit = np.log(new["sensitivity"] / (1 - new["sensitivity"]))
    mean = means(fit)["logit_sensitivity"]
    variance = weights @ (
        (fit.draws["logit_sensitivity"] - mean) ** 2 + fit.draws["sd_sensitivity"] ** 2
    )
    # The law of total variance; heavy tails make its Monte Carlo error about 5%.
    assert logit.var() == pytest.approx(variance, rel=0.15)
    np.testing.assert_allclose(
        new["lr_positive"], new["sensitivity"] / (1 - new["specificity"]), rtol=1e-9
    )


def test_what_a_figure_asks(small_fit):
    data = pd.read_csv(DATA / "Telomerase.csv")
    strong = fit_bayes(data, effective_size=400)
    assert (small_fit.trades_off, strong.trades_off) == (False, True)
    assert strong.probability(strong.column("correlation") < 0) >= 0.95
    likelihood = fit_bivariate(data, nodes=7)
    assert likelihood.trades_off
    assert (strong.interval_name, likelihood.interval_name) == ("credible", "confidence")


def test_same_seed_same_fit():
    pd.testing.assert_frame_equal(fit_bayes(SMALL, seed=3).draws, fit_bayes(SMALL, seed=3).draws)


def test_bad_diagnostics_are_refused(monkeypatch):
    real = sampling.sample_posterior

    def spoiled(*args, **kwargs):
        found = real(*args, **kwargs)
        return type(found)(found.points, found.weights, 10.0, 0.9, found.log_evidence)

    monkeypatch.setattr(sampling, "sample_posterior", spoiled)
    with pytest.raises(FitError, match=r"k-hat 0\.90"):
        fit_bayes(SMALL)


def test_more_studies_than_can_be_integrated_are_refused_with_the_limit():
    many = pd.DataFrame({"study": range(1500), "tp": 9, "fp": 2, "fn": 3, "tn": 40})
    with pytest.raises(ArgumentError, match=r"1500 tables .* \(753 tables with these options\)"):
        fit_bayes(many)


def test_a_part_of_a_posterior_is_a_fit_of_that_part():
    data = pd.concat([SMALL, SMALL.assign(study=["C", "D"], tp=[4, 8])], ignore_index=True)
    data["setting"] = ["clinic", "clinic", "ward", "ward"]
    fit = fit_bayes(data, effective_size=1000)
    alone = fit_bayes(data.head(2), effective_size=1000)
    for keep in (["A", "B"], [True, True, False, False], lambda d: d["setting"] == "clinic"):
        pd.testing.assert_frame_equal(fit.subset(keep).draws, alone.draws)
    groups = fit.subgroups("setting").set_index("setting")
    assert groups.loc["clinic", "lr_positive"] == alone.lr_positive.estimate
    table = fit.influence().set_index("study")
    without = fit.subset(["A", "B", "C"])
    assert table.loc["D", "lr_negative_high"] == without.lr_negative.ci_high
    change = without.mean - fit.mean
    distance = change @ np.linalg.inv(fit.covariance) @ change / 2
    assert table.loc["D", "distance"] == pytest.approx(distance)
    with pytest.raises(ArgumentError, match="no covariates"):
        fit.at(setting="clinic")
    with pytest.raises(UnknownNameError):
        fit.subgroups("place")
    with pytest.raises(NotEstimableError, match="the prior"):
        fit_bayes(SMALL.head(1), effective_size=400).influence()


def test_several_tables_stay_with_their_study():
    rows = pd.DataFrame({"study": ["A", "A", "B"], "tp": [3, 4, 5], "fp": [1, 1, 2],
                         "fn": [2, 1, 1], "tn": [6, 6, 9]})  # fmt: skip
    fit = fit_bayes(rows, several_tables=True, effective_size=400)
    alone = fit_bayes(rows.head(2), several_tables=True, effective_size=400)
    pd.testing.assert_frame_equal(fit.subset(["A"]).draws, alone.draws)


def test_partial_area_and_covariance_of_the_draws(small_fit):
    fit = small_fit
    partial = fit.auc(partial=True)
    assert partial.measure == "partial_area"
    low, high = 1 / 7, 2 / 11
    line = np.linspace(low, high, 401)
    slope = fit.column("sd_sensitivity") / fit.column("sd_specificity")
    start = fit.column("logit_sensitivity") + slope * fit.column("logit_specificity")
    heights = expit(start[:200, None] + slope[:200, None] * np.log(line / (1 - line)))
    direct = trapezoid(heights, line, axis=1) / (high - low)
    # the trapezoid rule with 400 cells over a smooth curve; 1e-7 where it is steepest
    np.testing.assert_allclose(areas(fit, low, high)[:200], direct, rtol=1e-5, atol=1e-6)
    matrix = fit.full_covariance()
    np.testing.assert_allclose(matrix.iloc[:2, :2], fit.covariance, rtol=1e-12)
    weights, values = fit.column("weight"), fit.column("sd_specificity")
    variance = weights @ (values - weights @ values) ** 2
    assert matrix.loc["sd_specificity", "sd_specificity"] == pytest.approx(variance)


def test_pretests_of_every_form(small_fit):
    fixed = small_fit.posttest(0.05)
    assert small_fit.posttest("5%") == fixed
    table = small_fit.posttest([0.05, "50 of 1000", "1% to 20%"])
    assert table["estimate"].iloc[0] == fixed.estimate
    widths = (table["ci_high"] - table["ci_low"]).to_numpy()
    # more doubt about the pre-test, more about the post-test
    assert widths[0] < widths[1] < widths[2]
    values = small_fit.predictive_values(0.05).set_index("measure")
    assert values.loc["ppv", "estimate"] == fixed.estimate
    assert values.loc["npv", "ci_low"] == 1 - small_fit.posttest(0.05, "negative").ci_high


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"priors": {"sd": 1}}, ArgumentError, "Priors object"),
        ({"level": 95}, ArgumentError, "0.95"),
        ({"effective_size": 10}, ArgumentError, "400 or more"),
        ({"nodes": 0}, ArgumentError, "nodes"),
    ],
)
def test_wrong_options(options, error, words):
    with pytest.raises(error, match=words):
        fit_bayes(SMALL, **options)


def test_wrong_data():
    with pytest.raises(DataError, match="more than once"):
        fit_bayes(SMALL.assign(study="A"))
    with pytest.raises(DataError, match="names the study"):
        fit_bayes(SMALL.drop(columns="study"), several_tables=True)
    with pytest.raises(DataError, match="four zeros"):
        fit_bayes(SMALL.assign(tp=[0, 1], fp=[0, 1], fn=[0, 1], tn=[0, 1]))


def test_derived_quantities_follow_from_the_draws(small_fit):
    """Every row of the posterior against its formula, written out again."""
    fit = small_fit
    draws, weights = fit.draws, fit.draws["weight"].to_numpy()
    sensitivity, specificity = expit(draws["logit_sensitivity"]), expit(draws["logit_specificity"])
    sd1, sd2, rho = draws["sd_sensitivity"], draws["sd_specificity"], draws["correlation"]
    alpha = 2 * sd1 * sd2 * (1 + rho)
    lambda_ = (sd2 / sd1) ** 0.5 * draws["logit_sensitivity"]
    lambda_ += (sd1 / sd2) ** 0.5 * draws["logit_specificity"]
    expected = {
        "lr_positive": sensitivity / (1 - specificity),
        "lr_negative": (1 - sensitivity) / specificity,
        "odds_ratio": sensitivity * specificity / ((1 - sensitivity) * (1 - specificity)),
        "Lambda": lambda_,
        "sigma2alpha": alpha,
    }
    found = fit.posterior().set_index("measure")
    for name, values in expected.items():
        quantiles = weighted_quantile(values.to_numpy(), weights, [0.025, 0.5, 0.975])
        np.testing.assert_allclose(
            found.loc[name, ["ci_low", "estimate", "ci_high"]].astype(float), quantiles, rtol=1e-9
        )
    assert fit.hsroc["Lambda"] == found.loc["Lambda", "estimate"]
    assert fit.auc().estimate == found.loc["area", "estimate"]
    assert found.loc[["i2_sensitivity", "area"], "ci_high"].lt(1).all()
    for phrase in ("2 studies", "log-normal", "k-hat", "LR+"):
        assert phrase in str(fit)
    assert "<table" in fit._repr_html_()
    pd.testing.assert_frame_equal(fit.summary().frame, fit.posterior())


def test_area_and_curve_agree():
    """The curve integrates to the area, both at the same parameters."""
    fit = fit_bayes(pd.read_csv(DATA / "AuditC.csv"), effective_size=1000)
    curve = fit.sroc(points=4001)
    area = np.trapezoid(curve["sensitivity"], curve["false_positive_fraction"])
    # The median of the areas is not the area at the medians, but near it with 14 studies.
    assert fit.auc().estimate == pytest.approx(area, abs=0.02)
    assert curve["observed"].any()


def test_region_holds_its_share(small_fit):
    fit = small_fit
    outline = fit.region("confidence", level=0.8, points=721)
    assert outline["ci_level"].eq(0.8).all()
    centre = fit.coefficients
    points = fit.draws[["logit_sensitivity", "logit_specificity"]].to_numpy()
    edge = outline[["logit_sensitivity", "logit_specificity"]].to_numpy()

    def polar(x):
        return np.arctan2(*(x - centre).T[::-1]), np.hypot(*(x - centre).T)

    angle, radius = polar(edge)
    order = np.argsort(angle)
    at, far = polar(points)
    inside = far < np.interp(at, angle[order], radius[order], period=2 * np.pi)
    assert fit.probability(inside) == pytest.approx(0.8, abs=0.01)
    wide = fit.region("prediction", level=0.8)
    assert np.ptp(wide["logit_sensitivity"]) > np.ptp(outline["logit_sensitivity"])


def test_posttest_and_prediction_carry_their_pretest(small_fit):
    fit = small_fit
    after = fit.posttest(0.1)
    odds = 0.1 / 0.9 * fit.lr_positive.estimate
    # A median between two draws is interpolated on either scale: they are 1e-3 apart.
    assert after.estimate == pytest.approx(odds / (1 + odds), rel=1e-6)
    assert after.pretest == 0.1
    assert fit.posttest(0.1, "negative").estimate < 0.1 < after.estimate
    expected = fit.predict([0.05, 0.2]).set_index(["measure", "pretest"])
    summary = fit.posttest(0.05)
    row = expected.loc[("posttest_positive", 0.05)]
    assert row["ci_low"] < summary.ci_low
    assert row["ci_high"] > summary.ci_high
    with pytest.raises(ArgumentError, match="pre-test"):
        fit.posttest(1.0)


def test_reached_through_fit_bivariate():
    fit = fit_bivariate(SMALL, inference="bayes", priors=Priors(), seed=5, nodes=7)
    assert fit.nodes == 7
    pd.testing.assert_frame_equal(fit.draws, fit_bayes(SMALL, seed=5, nodes=7).draws)
