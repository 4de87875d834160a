"""Bayesian meta-regression against another sampler, maximum likelihood, identities and itself."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logsumexp

from backpain_stats import (
    ArgumentError,
    DataError,
    NotEstimableError,
    Priors,
    UnknownNameError,
    compare_fits,
    compare_groups,
    fit_bayes,
    fit_bivariate,
    natural_frequencies,
    plots,
)
from backpain_stats.meta.bayes.means import means_of
from backpain_stats.meta.bayes.posterior import weighted_quantile
from backpain_stats.meta.design import build_design
from backpain_stats.meta.studies import check_studies
from backpain_stats.report.methods_text import methods_text

TINY = pd.DataFrame(
    {"study": list("ABCD"), "tp": [9, 5, 16, 4], "fp": [3, 6, 2, 9], "fn": [4, 6, 3, 9],
     "tn": [30, 22, 41, 16], "dose": [1.0, 2.0, 3.0, 6.0]}
)  # fmt: skip
GROUPS = pd.DataFrame(
    {"study": list("ABCDEF"), "tp": [19, 30, 25, 7, 40, 12], "fp": [30, 20, 9, 13, 12, 5],
     "fn": [9, 12, 11, 22, 17, 3], "tn": [80, 90, 90, 72, 95, 61],
     "setting": ["primary", "clinic"] * 3, "year": [1999, 2003, 2004, 2010, 2011, 2015]}
)  # fmt: skip
QUICK = {"nodes": 5, "effective_size": 1000, "seed": 1}


@pytest.fixture(scope="module")
def tiny_fit():
    return fit_bayes(TINY, formula="dose", effective_size=8000, seed=2)


@pytest.fixture(scope="module")
def fit():
    return fit_bayes(GROUPS, formula="~ setting", **QUICK)


@pytest.fixture(scope="module")
def part(fit):
    return fit.at(setting="clinic")


def moments(fit, name):
    weights, values = fit.column("weight"), fit.column(name)
    mean = weights @ values
    return mean, np.sqrt(weights @ (values - mean) ** 2)


def metropolis(data, x, *, chains=250, steps=1800, burn=600, seed=0):
    """Random walks over the hyperparameters and every study's two logits; nothing of ours.

    The priors are written out: average logits Normal(0, 2), slopes Normal(0, 1) per SD of x,
    SDs log-normal, the correlation a stretched Beta. Returns (chains, steps, 7).
    """
    rng = np.random.default_rng(seed)
    unit = (x - x.mean()) / x.std()
    tp, fp, fn, tn = (data[name].to_numpy() for name in ("tp", "fp", "fn", "tn"))
    low, high = 3.55 * (1 - 0.38), 3.55 * (1 + 0.38)

    def log_prior(h):
        means, slopes, log_sds, rho = h[:, [0, 2]], h[:, [1, 3]], h[:, 4:6], np.tanh(h[:, 6])
        value = -((means / 2) ** 2 + slopes**2 + ((log_sds - np.log(1.33)) / 0.32) ** 2).sum(1) / 2
        # Beta density of (1 + rho) / 2; rho as a function of its artanh has the slope 1 - rho^2
        return value + (low - 1) * np.log1p(rho) + (high - 1) * np.log1p(-rho) + np.log1p(-(rho**2))

    def log_effects(h, eta):
        z = (eta - h[:, None, [0, 2]] - unit[:, None] * h[:, None, [1, 3]]) / np.exp(
            h[:, None, 4:6]
        )
        rho = np.tanh(h[:, 6])[:, None]
        square = (z[..., 0] ** 2 - 2 * rho * z[..., 0] * z[..., 1] + z[..., 1] ** 2) / (1 - rho**2)
        return -square / 2 - np.log1p(-(rho**2)) / 2 - h[:, 4:6].sum(1)[:, None]

    def log_counts(eta):
        first, second = eta[..., 0], eta[..., 1]
        return (tp * first - (tp + fn) * np.logaddexp(0, first)
                + tn * second - (tn + fp) * np.logaddexp(0, second))  # fmt: skip

    h = rng.normal([0.3, 0, 1.5, 0, 0.3, 0.3, -0.4], 0.2, (chains, 7))
    eta = h[:, None, [0, 2]] + rng.normal(0, 0.5, (chains, len(data), 2))
    size, kept = np.array([0.6, 0.6, 0.6, 0.6, 0.3, 0.3, 0.4]), []
    for step in range(steps):
        # the studies, each by itself
        new = eta + rng.normal(0, 0.7, eta.shape)
        change = log_effects(h, new) + log_counts(new) - log_effects(h, eta) - log_counts(eta)
        eta = np.where((np.log(rng.random(change.shape)) < change)[..., None], new, eta)
        # the hyperparameters, in two blocks
        for block in ([0, 1, 2, 3], [4, 5, 6]):
            new = h.copy()
            new[:, block] += rng.normal(0, size[block], (chains, len(block)))
            change = log_prior(new) + log_effects(new, eta).sum(1)
            change -= log_prior(h) + log_effects(h, eta).sum(1)
            h = np.where((np.log(rng.random(chains)) < change)[:, None], new, h)
        if step >= burn:
            kept.append(h)
    return np.moveaxis(np.array(kept), 0, 1)


def test_equals_a_random_walk_over_all_latent_effects(tiny_fit):
    x = TINY["dose"].to_numpy()
    chains = metropolis(TINY, x)
    sd = x.std()
    slopes = chains[..., [1, 3]] / sd
    draws = {
        "logit_sensitivity": chains[..., 0] - slopes[..., 0] * x.mean(),
        "logit_sensitivity:dose": slopes[..., 0],
        "logit_specificity": chains[..., 2] - slopes[..., 1] * x.mean(),
        "logit_specificity:dose": slopes[..., 1],
        "sd_sensitivity": np.exp(chains[..., 4]),
        "sd_specificity": np.exp(chains[..., 5]),
        "correlation": np.tanh(chains[..., 6]),
    }
    assert tuple(draws)[:4] == tiny_fit.names
    for name, values in draws.items():
        mean, spread = moments(tiny_fit, name)
        # independent chains: their means differ by as much as the error of one of them
        error = np.hypot(values.mean(1).std() / len(values) ** 0.5, spread / 8000**0.5)
        assert mean == pytest.approx(values.mean(), abs=4 * error), name
        # an SD of about 8,000 draws, on either side, is good to 1%
        assert spread == pytest.approx(values.std(), rel=0.05), name
        ours = weighted_quantile(tiny_fit.column(name), tiny_fit.column("weight"), [0.1, 0.9])
        # the density at the 10% quantile of a normal is 0.175 / SD
        np.testing.assert_allclose(
            ours, np.quantile(values, [0.1, 0.9]), atol=4 * 0.3 / 0.175 * error, err_msg=name
        )


def test_many_studies_and_wide_priors_come_to_maximum_likelihood():
    rng = np.random.default_rng(4)
    k = 40
    x = rng.normal(2000, 5, k)
    effects = rng.multivariate_normal([0, 0], [[0.5, -0.2], [-0.2, 0.4]], k)
    slope = 0.08 * (x - 2000)
    tp = rng.binomial(60, expit(1.2 + slope + effects[:, 0]))
    tn = rng.binomial(90, expit(1.8 - slope + effects[:, 1]))
    data = pd.DataFrame(
        {"study": range(k), "tp": tp, "fp": 90 - tn, "fn": 60 - tp, "tn": tn, "x": x}
    )
    wide = Priors(
        sensitivity_scale=10, specificity_scale=10, sensitivity_sd_scale=5, specificity_sd_scale=5,
        correlation_shape=1, correlation_mean=0, sensitivity_coefficient_scale=10,
        specificity_coefficient_scale=10,
    )  # fmt: skip
    fit = fit_bayes(data, formula="~ x", priors=wide, **QUICK)
    likelihood = fit_bivariate(data, formula="~ x", nodes=5)
    errors = likelihood.standard_errors
    # Four Monte Carlo errors of 1,000 draws are 0.13 SE; the skewness of 40 studies' posterior
    # is of order 1 / 40 of an SE on top.
    np.testing.assert_allclose((fit.coefficients - likelihood.coefficients) / errors, 0, atol=0.18)
    # The posterior has the doubt about the SDs in it, a t with about 36 df: 3%; two more of the
    # bias of the ML variances, k / (k - 2); the SD of 1,000 draws is good to 2.3%.
    ratio = np.sqrt(np.diag(fit.covariance)) / errors
    assert np.all((ratio > 0.96) & (ratio < 1.16))
    table = fit.coefficient_table().set_index("coefficient")
    assert table.loc["logit_sensitivity:x", "probability_positive"] > 0.99
    assert table.loc["logit_specificity:x", "probability_positive"] < 0.01


def test_evidence_for_a_coefficient_is_the_savage_dickey_ratio():
    """Nested models: the Bayes factor is posterior over prior density at a coefficient of 0."""
    options = {"effective_size": 8000, "seed": 3}
    with_it = fit_bayes(TINY, formula={"sensitivity": "dose"}, **options)
    without = fit_bayes(TINY, **options)
    name = "logit_sensitivity:dose"
    density = stats.gaussian_kde(with_it.column(name), weights=with_it.column("weight"))(0.0)[0]
    prior = stats.norm.pdf(0, 0, 1 / TINY["dose"].std(ddof=0))
    factor = with_it.log_evidence - without.log_evidence
    # a kernel estimate of 8,000 draws is good to 3%, each log evidence to 0.02
    assert factor == pytest.approx(np.log(prior / density), abs=0.1)


def test_no_covariate_is_the_fit_as_it_was():
    """Recorded before there were covariates (commit e4714e7): the same random stream."""
    two = TINY.head(2)
    fit = fit_bayes(two, seed=5)
    for other in (fit_bayes(two, formula="~ 1", seed=5), fit.at()):
        pd.testing.assert_frame_equal(fit.draws, other.draws)
    assert fit.lr_positive.estimate == pytest.approx(3.112185372277505, rel=1e-9)
    assert fit.names == ("logit_sensitivity", "logit_specificity")
    assert fit_bayes(TINY, formula="dose", seed=5).draws.equals(
        fit_bivariate(TINY, formula="dose", inference="bayes", seed=5).draws
    )


def test_shift_and_scale_do_not_matter(tiny_fit):
    """The same draws, whatever the unit; coefficients change by the factor of the unit."""
    options = {"effective_size": 8000, "seed": 2}
    other = fit_bayes(TINY.assign(dose=1900 + 100 * TINY["dose"]), formula="dose", **options)
    for name in ("logit_sensitivity:dose", "logit_specificity:dose"):
        np.testing.assert_allclose(100 * other.column(name), tiny_fit.column(name), rtol=1e-6)
    here, there = tiny_fit.at(dose=2.0), other.at(dose=2100.0)
    assert here.lr_positive.ci_high == pytest.approx(there.lr_positive.ci_high, rel=1e-6)


@pytest.mark.parametrize(
    ("formula", "same"),
    [
        ("poly(year, 2)", "year + I(year ** 2)"),
        ("setting + year", "year + setting"),
        ("C(band)", "C(band, contr.treatment('b'))"),
        ("C(band)", "0 + C(band)"),
        ("C(band)", "C(band, contr.sum)"),
    ],
)
def test_the_prior_does_not_depend_on_the_coding(formula, same):
    """The prior covariance of the studies' mean logits is all that a coding could change."""
    data = check_studies(GROUPS.assign(band=list("abcabb")))
    found = []
    for one in (formula, same):
        means = means_of(build_design(data, one)[1], Priors())
        np.testing.assert_allclose(means.deviations[0].mean(axis=0), 0, atol=1e-8)
        found.append(means.deviations[0] @ means.deviations[0].T)
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_coefficients_and_mean_logits_are_of_one_draw():
    """X times the coefficients equals the mean logits that the likelihood was given."""
    data = check_studies(GROUPS.assign(band=list("abcabb")))
    for formula in ("0 + C(band)", "year + setting", {"specificity": "poly(year, 2)"}):
        design = build_design(data, formula)[1]
        means = means_of(design, Priors(sensitivity_coefficient_scale=0.5))
        u = np.random.default_rng(1).standard_normal((4, means.dimensions))
        logits = means.of_studies(u)[1]
        by_hand = np.stack(design.means(means.parameters(u)[:, :-3]))
        np.testing.assert_allclose(np.broadcast_to(logits, by_hand.shape), by_hand, rtol=1e-8)


def test_without_information_the_posterior_is_the_prior():
    """Every possible table of one case and one non-case: the likelihood is 1 whatever is true."""
    rows = [
        {"study": name, "tp": hit, "fn": 1 - hit, "tn": right, "fp": 1 - right, "x": x}
        for name, x in zip("ABC", (1.0, 2.0, 6.0), strict=True)
        for hit in (0, 1)
        for right in (0, 1)
    ]
    priors = Priors(sensitivity_coefficient_scale=0.7)
    fit = fit_bayes(pd.DataFrame(rows), formula="x", several_tables=True, priors=priors, **QUICK)
    sd = np.array([1.0, 2.0, 6.0]).std()
    for outcome, scale in (("sensitivity", 0.7), ("specificity", 1.0)):
        slope = moments(fit, f"logit_{outcome}:x")
        # 1,000 draws and more, quasi-random: a tenth of an SD is many errors
        assert slope == (
            pytest.approx(0, abs=0.05 * scale / sd),
            pytest.approx(scale / sd, rel=0.04),
        )
        start = moments(fit, f"logit_{outcome}")
        spread = np.hypot(2, 3 * scale / sd)
        assert start == (pytest.approx(0, abs=0.05 * spread), pytest.approx(spread, rel=0.04))
    np.testing.assert_allclose(fit.prior_share(), 1, rtol=0.05)
    assert fit.log_evidence == pytest.approx(0, abs=0.02)
    part = fit.at(x=4.0)
    share = part.prior_share()
    assert list(share.index[:2]) == ["logit_sensitivity", "logit_specificity"]
    np.testing.assert_allclose(share, 1, rtol=0.05)


def test_a_part_is_a_fit(fit, part):
    assert type(part) is type(fit)
    assert (part.whole, part.values, part.k) == (fit, {"setting": "clinic"}, 6)
    # clinic is the reference level: its mean logits are the intercepts
    np.testing.assert_array_equal(part.logits[:, 0], fit.column("logit_sensitivity"))
    other = fit.at(setting="primary")
    step = fit.column("logit_specificity") + fit.column("logit_specificity:setting[T.primary]")
    np.testing.assert_allclose(other.logits[:, 1], step)
    groups = fit.subgroups().set_index("setting")
    assert groups.loc["clinic", "lr_positive_low"] == part.lr_positive.ci_low
    assert groups["studies"].tolist() == [3, 3]
    pd.testing.assert_frame_equal(part.predict(0.1), fit.predict(0.1, setting="clinic"))
    sizes = {"cases": 20, "noncases": 50}
    pd.testing.assert_frame_equal(
        part.predict_study(**sizes), fit.predict_study(**sizes, setting="clinic")
    )
    assert part.posttest("10%").estimate == part.posttest(0.1).estimate
    curve = part.sroc()
    own = GROUPS[GROUPS["setting"] == "clinic"]
    seen = curve.loc[curve["observed"], "false_positive_fraction"]
    assert seen.min() == pytest.approx((own["fp"] / (own["fp"] + own["tn"])).min())
    # the spread of a part is that of the whole
    pd.testing.assert_frame_equal(part.heterogeneity(), fit.heterogeneity())
    table = natural_frequencies(part, 0.1).iloc[0]
    assert table["sensitivity"] == pytest.approx(part.sensitivity.estimate)
    for frame in (part.region("prediction"), part.posterior(), part.full_covariance(),
                  part.predictive_values(0.1), part.equal_draws(16)):  # fmt: skip
        assert not frame.empty
    assert 0 < part.auc(partial=True).estimate < 1
    assert len(part.hsroc) == 5
    assert "at setting = clinic" in str(part)
    ax = plots.sroc(part, label="clinic")
    plots.sroc(other, label="primary", ax=ax)
    plt.close(ax.figure)


def test_a_whole_with_covariates_has_coefficients_and_no_summary(fit):
    for refused in (
        lambda: fit.sensitivity, lambda: fit.point, fit.region, fit.sroc, fit.auc, fit.influence,
        lambda: fit.posttest(0.1), lambda: natural_frequencies(fit, 0.1),
        lambda: fit.sensitivity_analysis(["A"]), lambda: plots.sroc(fit),
    ):  # fmt: skip
        with pytest.raises(NotEstimableError, match=r"use fit\.at\(setting=\.\.\.\)"):
            refused()
    plt.close("all")
    with pytest.raises(ArgumentError, match="no value for the covariate"):
        fit.predict()
    table = fit.coefficient_table().set_index("coefficient")
    assert tuple(table.index) == fit.names
    name = "logit_sensitivity:setting[T.primary]"
    weights = fit.column("weight")
    assert table.loc[name, "probability_positive"] == weights @ (fit.column(name) > 0)
    assert table.loc[name, "standard_deviation"] == pytest.approx(moments(fit, name)[1])
    found = fit.posterior().set_index("measure")
    assert found.loc[name, "estimate"] == table.loc[name, "estimate"]
    assert found.loc["i2_bivariate", "ci_high"] < 1
    assert list(fit.prior_share().index[:4]) == list(fit.names)
    text = str(fit)
    for phrase in ("6 studies", name, "P(> 0)", "coefficients Normal(0, 1) per SD"):
        assert phrase in text
    said = methods_text(fit.at(setting="clinic"))
    assert "sensitivity ~ setting" in said
    assert "The result is that at setting = clinic" in said


def test_groups_are_compared_draw_by_draw(fit):
    first, second = {"setting": "primary"}, {"setting": "clinic"}
    table = compare_groups(fit, first, second).set_index("measure")
    pd.testing.assert_frame_equal(fit.compare_groups(first, second), table.reset_index())
    one, two = fit.at(**first), fit.at(**second)
    change = expit(one.logits[:, 0]) - expit(two.logits[:, 0])
    weights = fit.column("weight")
    row = table.loc["sensitivity_difference"]
    assert row["estimate"] == weighted_quantile(change, weights, 0.5)
    assert row["probability_positive"] == weights @ (change > 0)
    back = compare_groups(fit, second, first).set_index("measure")
    both = table["probability_positive"] + back["probability_positive"]
    np.testing.assert_allclose(both, 1)
    ratio = table.loc["lr_positive_ratio", "estimate"] * back.loc["lr_positive_ratio", "estimate"]
    assert ratio == pytest.approx(1, rel=1e-6)
    likelihood = fit_bivariate(GROUPS, formula="~ setting", nodes=5)
    pd.testing.assert_frame_equal(
        likelihood.compare_groups(first, second), compare_groups(likelihood, first, second)
    )
    with pytest.raises(ArgumentError, match=r"predictive_check\(\)\.log_density"):
        compare_fits(fit, fit)


def test_each_study_is_predicted_at_its_own_value(tiny_fit):
    check = tiny_fit.predictive_check(draws=2**9)
    # Without the last study, which then has every table possible of two patients: a likelihood
    # of 1. It stays in the design, because the prior is about the SD of the covariate.
    own, row = TINY.iloc[3], check.frame.iloc[3]
    nothing = pd.DataFrame({"study": "D", "tp": [0, 0, 1, 1], "tn": [0, 1, 0, 1], "dose": 6.0})
    nothing = nothing.assign(fn=1 - nothing["tp"], fp=1 - nothing["tn"])
    rows = pd.concat([TINY.iloc[:3], nothing], ignore_index=True)
    others = fit_bayes(rows, formula="dose", several_tables=True, effective_size=4000, seed=4)
    at_own = others.at(dose=own["dose"])
    rng = np.random.default_rng(5)
    b1, b2 = rng.standard_normal((2, 100, len(at_own.draws)))
    l11, l21, l22 = at_own.roots.T
    first = at_own.logits[:, 0] + l11 * b1
    second = at_own.logits[:, 1] + l21 * b1 + l22 * b2
    terms = stats.binom.logpmf(own["tp"], own["tp"] + own["fn"], expit(first))
    terms += stats.binom.logpmf(own["tn"], own["tn"] + own["fp"], expit(second))
    terms += np.log(at_own.column("weight"))
    # the density by simulation from the fit without the study: 2% or so of error
    assert row["k_hat"] < 0.7
    assert row["log_density"] == pytest.approx(logsumexp(terms) - np.log(100), abs=0.1)
    # a part has no check of its own
    pd.testing.assert_frame_equal(
        tiny_fit.at(dose=2).predictive_check(draws=2**9).frame, check.frame
    )
    plain = fit_bayes(TINY, **QUICK).predictive_check(draws=2**9)
    row = check.against(plain).iloc[0]
    assert row["difference"] == pytest.approx(check.log_density - plain.log_density)
    assert row["standard_error"] > 0
    with pytest.raises(ArgumentError, match="different studies"):
        check.against(fit_bayes(TINY.head(3), **QUICK).predictive_check(draws=2**9))


def test_refits_repeat_the_whole_at_the_same_place():
    options = {"nodes": 5, "effective_size": 400, "seed": 7}
    part = fit_bayes(GROUPS, formula="~ setting", **options).at(setting="clinic")
    table = part.sensitivity_analysis({"A out": ["A"], "no clinic": ["B", "D", "F"]})
    alone = fit_bayes(GROUPS.iloc[1:], formula="~ setting", **options).at(setting="clinic")
    assert table.loc[1, "lr_positive"] == alone.lr_positive.estimate
    assert "constant" in table.loc[2, "reason"]
    influence = part.influence(seed=7).set_index("study")
    assert influence.loc["A", "lr_positive"] == alone.lr_positive.estimate
    assert influence["reason"].eq("").all()
    # a level with one study is lost without it
    lone = GROUPS.head(4).assign(setting=["clinic", "ward", "ward", "ward"])
    rows = fit_bayes(lone, formula="setting", **options).at(setting="ward").influence()
    assert np.isnan(rows.loc[0, "distance"])
    assert "constant" in rows.loc[0, "reason"]


def test_what_a_study_lacks():
    data = GROUPS.astype({"year": "Float64"})
    data.loc[2, "year"] = pd.NA
    fit = fit_bayes(data, formula="year", **QUICK)
    alone = fit_bayes(GROUPS.drop(index=2), formula="year", **QUICK)
    assert (fit.k, len(fit.rows)) == (5, 6)
    assert fit.rows.loc[2, "reason"] == "no value of the covariate year"
    np.testing.assert_allclose(fit.draws, alone.draws)
    np.testing.assert_allclose(fit.predictive_check(draws=512).frame["log_density"],
                               alone.predictive_check(draws=512).frame["log_density"])  # fmt: skip
    nobody = fit_bayes(GROUPS.assign(tp=0, fn=0), formula={"specificity": "year"}, **QUICK)
    part = nobody.at(year=2005)
    assert np.isnan(part.sensitivity.estimate)
    assert 0 < part.specificity.ci_low < part.specificity.ci_high < 1
    assert np.isnan(nobody.coefficient_table()["probability_positive"]).tolist() == [
        True, False, False,
    ]  # fmt: skip
    assert "not estimable" in str(nobody)


def test_several_tables_have_one_value():
    rows = GROUPS.iloc[[0, 0, 1, 2, 3]].reset_index(drop=True)
    rows.loc[1, ["tp", "fn"]] = 20, 8
    fit = fit_bayes(rows, formula="year", several_tables=True, **QUICK)
    assert fit.tables == (2, 1, 1, 1)
    rows.loc[1, "year"] = 2001
    with pytest.raises(DataError, match="year has several values among the tables of 'A'"):
        fit_bayes(rows, formula="year", several_tables=True)


@pytest.mark.parametrize(
    ("action", "error", "words"),
    [
        (lambda f: fit_bayes(GROUPS, formula="0 + year"), ArgumentError, "no intercept"),
        (lambda f: fit_bayes(GROUPS, formula="wind"), DataError, "wind"),
        (lambda f: fit_bayes(GROUPS.head(1), formula="year"), DataError, "constant"),
        (lambda f: fit_bayes(GROUPS, formula="year ~ setting"), ArgumentError, "right-hand side"),
        (lambda f: Priors(sensitivity_coefficient_scale=0), ArgumentError, "above 0"),
        (lambda f: f.at(setting="ward"), ArgumentError, "a level that its studies do not have"),
        (lambda f: f.at(settin="ward"), UnknownNameError, "setting"),
        (lambda f: f.at(setting="clinic").at(setting="clinic"), ArgumentError, "already the part"),
        (lambda f: f.subgroups("year"), ArgumentError, "without formula="),
        (lambda f: f.at(setting="clinic").subgroups(), NotEstimableError, "one group"),
    ],
)
def test_refusals(fit, action, error, words):
    with pytest.raises(error, match=words):
        action(fit)
