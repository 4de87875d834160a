"""What a fit says beyond its summary: against brute force, simulation and finite differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit

from backpain_stats import ArgumentError, NotEstimableError, PretestError, fit_bivariate
from backpain_stats.meta import FAMILIES, pool_proportion
from backpain_stats.meta.after.spread_test import cone_weights
from backpain_stats.meta.fitting.family import Family
from backpain_stats.meta.likelihood.curvature import coefficient_covariance, inverse_curvature
from backpain_stats.meta.likelihood.normal import observed_logits
from backpain_stats.meta.likelihood.parameters import covariance_from_root, exchanged_root

NORMAL = {"likelihood": "normal", "correction": "zero_cells"}
SMALL = pd.DataFrame({"study": list("ABCDEF"), "tp": [9, 18, 5, 17, 10, 0],
                      "fp": [3, 2, 9, 3, 2, 4], "fn": [1, 12, 1, 2, 7, 0],
                      "tn": [8, 40, 19, 32, 9, 30]})  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    return fit_bivariate(SMALL, nodes=15)


def brute_force_moments(fit, row):
    """Mean and covariance of a study's two logits by a plain sum over a fine grid."""
    tp, fp, fn, tn = fit.studies.used_counts[row]
    grid = np.linspace(-9, 11, 801)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    prior = stats.multivariate_normal(fit.mean, fit.between_study).pdf(
        np.stack([first, second], -1)
    )
    weight = prior * stats.binom.pmf(tp, tp + fn, expit(first))
    weight = weight * stats.binom.pmf(tn, tn + fp, expit(second))
    weight /= weight.sum()
    mean = np.array([(weight * first).sum(), (weight * second).sum()])
    cross = (weight * (first - mean[0]) * (second - mean[1])).sum()
    variances = [
        (weight * (one - m) ** 2).sum() for one, m in zip((first, second), mean, strict=True)
    ]
    return mean, np.array([[variances[0], cross], [cross, variances[1]]])


@pytest.mark.parametrize("row", [0, 2, 5])
def test_study_effects_against_brute_force(fit, row):
    logits = np.repeat(fit.mean[None], fit.k, axis=0)
    mean, covariance = fit.family.study_effects(fit.studies.used_counts, logits, fit.root)
    expected, spread = brute_force_moments(fit, row)
    # 15 nodes against a sum over a smooth density on a fine grid
    np.testing.assert_allclose(mean[row], expected, atol=1e-5)
    np.testing.assert_allclose(covariance[row], spread, atol=1e-5)
    table = fit.shrunken().iloc[row]
    assert logit(table["sensitivity"]) == pytest.approx(expected[0], abs=1e-5)
    width = 1.959964 * np.sqrt(spread[1, 1])
    assert logit(table["specificity_high"]) == pytest.approx(expected[1] + width, abs=1e-4)


def test_normal_study_effects_are_conditional_normals(audit):
    fit = fit_bivariate(audit, **NORMAL)
    counts = fit.studies.used_counts
    logits = np.repeat(fit.mean[None], fit.k, axis=0)
    mean, covariance = fit.family.study_effects(counts, logits, fit.root)
    observed = observed_logits(counts, "zero_cells")
    for row in (0, 6):
        precision = np.linalg.inv(fit.between_study)
        own = np.diag(1 / observed.variances[row])
        expected = np.linalg.inv(precision + own)
        np.testing.assert_allclose(covariance[row], expected, rtol=1e-9)
        pulled = expected @ (precision @ fit.mean + own @ observed.effects[row])
        np.testing.assert_allclose(mean[row], pulled, rtol=1e-9)


@pytest.mark.parametrize("options", [{}, NORMAL])
def test_weights_are_shares_of_the_information(audit, options):
    fit = fit_bivariate(audit, **options)
    table = fit.weights()
    np.testing.assert_allclose(table[["weight_sensitivity", "weight_specificity"]].sum(), 100)
    assert (table[["weight_sensitivity", "weight_specificity"]] > 0).all(axis=None)
    logits = np.repeat(fit.mean[None], fit.k, axis=0)
    information = fit.family.study_information(fit.studies.used_counts, logits, fit.root)
    total = np.linalg.inv(information.sum(axis=0))
    parts = [total @ one @ total for one in information]
    for outcome, name in enumerate(("sensitivity", "specificity")):
        shares = [100 * one[outcome, outcome] / total[outcome, outcome] for one in parts]
        np.testing.assert_allclose(table[f"weight_{name}"], shares, rtol=1e-9)
    if options:
        # the covariance of generalised least squares is the inverse of their sum
        np.testing.assert_allclose(
            np.linalg.inv(information.sum(axis=0)), fit.covariance, rtol=1e-9
        )
        variances = observed_logits(fit.studies.used_counts, "zero_cells").variances
        total = variances[0, :, None] * np.eye(2) + fit.between_study
        np.testing.assert_allclose(information[0], np.linalg.inv(total), rtol=1e-9)
        return
    # minus the second difference of each study's log likelihood by its two mean logits
    model = fit.family.model(fit.family.observe(fit.studies.used_counts[:1][None]),
                             (np.ones((1, 1)), np.ones((1, 1))))  # fmt: skip
    at, h = np.append(fit.coefficients, fit.root), 1e-3
    for i in range(2):
        step = h * np.eye(5)[i]
        bend = (model.value(at + step) - 2 * model.value(at) + model.value(at - step)) / h**2
        assert information[0, i, i] == pytest.approx(-bend, rel=1e-4)


def test_a_fixed_effect_weight_is_the_share_of_patients():
    """Without variation the information of a study is n p q, so equal proportions share by n."""
    data = pd.DataFrame({"study": list("ABCD"), "tp": [8, 16, 24, 32], "fn": [2, 4, 6, 8],
                         "fp": [5, 5, 5, 5], "tn": [45, 45, 45, 45]})  # fmt: skip
    table = fit_bivariate(data).weights()
    np.testing.assert_allclose(table["weight_sensitivity"], [10, 20, 30, 40], atol=1e-3)
    np.testing.assert_allclose(table["weight_specificity"], 25, atol=1e-3)


# Random against common effects


def test_cone_weights_by_simulation():
    """The share of normal vectors inside the cone of covariances, and inside its polar."""
    rng = np.random.default_rng(3)
    for information in ((1.0, 2.0, 1.0), (3.0, 0.4, 0.7), (2.0, 9.0, 1.0)):
        z = rng.standard_normal((400_000, 3))
        omega = z / np.sqrt(information)
        inside = (omega[:, 0] > 0) & (omega[:, 2] > 0)
        inside &= omega[:, 1] ** 2 <= omega[:, 0] * omega[:, 2]
        # polar: no covariance has a positive inner product with z
        scaled = z * np.sqrt(information)
        polar = (scaled[:, 0] < 0) & (scaled[:, 2] < 0)
        polar &= scaled[:, 1] ** 2 <= 4 * scaled[:, 0] * scaled[:, 2]
        weights = cone_weights(information)
        # four standard errors of a share of 400,000
        assert weights[3] == pytest.approx(inside.mean(), abs=0.003)
        assert weights[0] == pytest.approx(polar.mean(), abs=0.003)
        assert sum(weights) == pytest.approx(1)


def test_null_information_is_the_variance_of_the_scores():
    rng = np.random.default_rng(8)
    cases, noncases, p, q = 30, 80, 0.8, 0.9
    family = FAMILIES["binomial"].from_options(estimator=None, correction=None, nodes=None)
    k = 40
    counts = np.stack([np.full(k, 24), np.full(k, 8), np.full(k, 6), np.full(k, 72)], axis=1)
    ones = np.ones((k, 1))
    found = family.null_information(counts, (ones, ones), np.tile(logit([p, q]), (k, 1)))
    u1 = rng.binomial(cases, p, 400_000) - cases * p
    u2 = rng.binomial(noncases, q, 400_000) - noncases * q
    w1, w2 = cases * p * (1 - p), noncases * q * (1 - q)
    # the score of a variance, what the score of the mean explains taken off
    score1, score2 = (u1**2 - w1) / 2, (u2**2 - w2) / 2
    score1 = score1 - np.cov(score1, u1)[0, 1] / u1.var() * u1
    score2 = score2 - np.cov(score2, u2)[0, 1] / u2.var() * u2
    expected = k * np.array([score1.var(), (u1 * u2).var(), score2.var()])
    # 400,000 draws know a variance of squares to 0.5%
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_p_values_are_uniform_where_studies_do_not_differ():
    rng = np.random.default_rng(12)
    k, values = 25, []
    for _ in range(120):
        tp, tn = rng.binomial(40, 0.8, k), rng.binomial(90, 0.85, k)
        data = pd.DataFrame({"study": range(k), "tp": tp, "fp": 90 - tn, "fn": 40 - tp, "tn": tn})
        values.append(fit_bivariate(data, nodes=5).heterogeneity_test().p_value)
    values = np.array(values)
    # the mass at p = 1 is the weight of 0 df; above it the distribution is uniform
    for level in (0.1, 0.3, 0.5):
        share = (values <= level).mean()
        assert share == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 120))


def test_the_test_is_twice_the_difference_of_log_likelihoods(audit):
    fit, common = fit_bivariate(audit), fit_bivariate(audit, effects="common")
    test = fit.heterogeneity_test()
    assert test.statistic == pytest.approx(2 * (fit.log_likelihood - common.log_likelihood))
    assert "random against common effects" in str(test)
    with pytest.raises(NotEstimableError, match="nothing to test"):
        common.heterogeneity_test()


# Curve parameters


def test_delta_method_by_simulation(audit):
    """Small covariances, so that first order is exact: the spread of the HSROC parameters."""
    fit = fit_bivariate(audit)
    rng = np.random.default_rng(2)
    theta = np.append(fit.coefficients, fit.root)
    draws = rng.multivariate_normal(theta, fit.parameter_covariance * 1e-6, 100_000)
    mean1, mean2, l11, l21, l22 = draws.T
    sd2, cross = np.hypot(l21, l22), l11 * l21
    scale = np.sqrt(sd2 / l11)
    simulated = {
        "Lambda": scale * mean1 + mean2 / scale,
        "Theta": (scale * mean1 - mean2 / scale) / 2,
        "beta": np.log(sd2 / l11),
        "sigma2theta": (l11 * sd2 - cross) / 2,
        "sigma2alpha": 2 * (l11 * sd2 + cross),
    }
    table = fit.hsroc_table().set_index("parameter")
    for name, values in simulated.items():
        # 100,000 draws know an SD to 0.2%
        assert table.loc[name, "standard_error"] == pytest.approx(values.std() * 1e3, rel=0.01)
    row = table.loc["beta"]
    wald = 2 * stats.norm.sf(abs(row["estimate"]) / row["standard_error"])
    assert row["p_value"] == pytest.approx(wald)
    point = fit.sensitivity_at(0.8).iloc[0]
    line = mean1 + l11 / sd2 * (mean2 - logit(0.8))
    width = logit(point["ci_high"]) - logit(point["ci_low"])
    assert width == pytest.approx(2 * 1.959964 * line.std() * 1e3, rel=0.01)
    low = table.loc["sigma2alpha", "ci_low"]
    assert 0 < low < table.loc["sigma2alpha", "estimate"]


def test_sensitivity_at_the_summary_specificity_is_the_summary(fit):
    point = fit.sensitivity_at(fit.specificity.estimate).iloc[0]
    assert point["estimate"] == pytest.approx(fit.sensitivity.estimate)
    many = fit.sensitivity_at([0.01, 0.8])
    assert many["observed"].tolist() == [False, True]
    with pytest.raises(ArgumentError, match="specificity is 80"):
        fit.sensitivity_at(80)


# Pre-tests and predictive values


def test_pretests_of_every_form(fit):
    assert fit.posttest("5%") == fit.posttest(0.05) == fit.posttest(np.float64(0.05))
    table = fit.posttest([0.05, "50 of 1000", "1% to 20%"])
    assert table["estimate"].iloc[0] == fit.posttest(0.05).estimate
    widths = (table["ci_high"] - table["ci_low"]).to_numpy()
    assert widths[0] < widths[1] < widths[2]
    several = fit.predict(["1%", 0.05, "13 of 1975"])
    assert several["pretest"].dropna().unique() == pytest.approx([0.01, 0.05, 13 / 1975])
    for wrong in (5, "lots", [0.1, 2]):
        with pytest.raises(PretestError):
            fit.posttest(wrong)
    with pytest.raises(PretestError, match="stay within 0 and 1"):
        fit.predictive_values(stats.norm(0.1, 0.2))
    with pytest.raises(PretestError, match="no pre-test"):
        fit.posttest([])


def test_an_uncertain_pretest_by_simulation(fit):
    after = fit.posttest("20 of 100")
    rng = np.random.default_rng(4)
    prior = rng.beta(20.5, 80.5, 400_000)
    value, error = fit.point.log_with_error("lr_positive")
    drawn = expit(logit(prior) + value + error * rng.standard_normal(400_000))
    # quantiles of 400,000 and of 16,384 quasi-random draws
    assert [after.ci_low, after.ci_high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]),
                                                          abs=2e-3)  # fmt: skip


def test_a_new_practice_with_an_uncertain_pretest_by_simulation(fit):
    found = fit.predict("20 of 100").set_index("measure").loc["posttest_positive"]
    ratio = fit.new_practice_draws(2**14)["lr_positive"].to_numpy()
    prior = np.random.default_rng(6).beta(20.5, 80.5, (20, len(ratio)))
    drawn = expit(logit(prior) + np.log(ratio))
    # the same draws of the setting with twenty other draws of the pre-test: 1% of a quantile
    ends = [found["ci_low"], found["estimate"], found["ci_high"]]
    assert ends == pytest.approx(np.quantile(drawn, [0.025, 0.5, 0.975]), rel=0.03)
    low, high = (
        fit.predict(0.2).set_index("measure").loc["posttest_positive", ["ci_low", "ci_high"]]
    )
    assert found["ci_low"] < low < high < found["ci_high"]


def test_predictive_values_by_integration(fit):
    row = fit.predictive_values(stats.beta(4, 30)).set_index("measure").loc["ppv"]
    value, error = fit.point.log_with_error("lr_positive")

    def integrand(z, prior):
        return (
            expit(logit(prior) + value + error * z)
            * stats.norm.pdf(z)
            * stats.beta.pdf(prior, 4, 30)
        )

    # the log ratio is not exactly normal where the logits are: 1% of the value
    expected = integrate.dblquad(integrand, 0, 1, -6, 6, epsrel=1e-4)[0]
    assert row["expected"] == pytest.approx(expected, rel=0.01)
    assert row["prevalence"] == pytest.approx(4 / 34)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]


# Structures held by the user


@pytest.mark.parametrize("options", [{}, {"likelihood": "normal", "estimator": "ml"}])
def test_uncorrelated_outcomes_are_two_fits(smoking, options):
    data = smoking[(smoking[["tp", "fp", "fn", "tn"]] > 0).all(axis=1)]
    fit = fit_bivariate(data, structure="uncorrelated", **options)
    assert fit.correlation == 0
    assert not fit.boundary
    assert fit.parameters == 4
    full = fit_bivariate(data, **options)
    assert full.log_likelihood > fit.log_likelihood
    table = fit.heterogeneity().set_index("measure")
    assert table.loc["correlation", "method"] == "held, not estimated"
    for name, sd in zip(("sd_sensitivity", "sd_specificity"), fit.between_study_sd, strict=True):
        low, high = table.loc[name, ["ci_low", "ci_high"]]
        assert low < sd < high
    assert fit.full_covariance().shape == (4, 4)
    assert "uncorrelated" in fit.method
    if options:
        return
    for outcome, column in (("sensitivity", 0), ("specificity", 1)):
        alone = pool_proportion(data, outcome)
        # one maximum, reached by two searches that stop within 5e-6 standard errors
        assert alone.logit == pytest.approx(fit.coefficients[column], abs=1e-5)
        assert alone.standard_error == pytest.approx(fit.standard_errors[column], rel=1e-5)
        assert alone.sd == pytest.approx(fit.between_study_sd[column], abs=1e-5)
        ends = table.loc[f"sd_{outcome}", ["ci_low", "ci_high"]].astype(float)
        # the profile of the bivariate fit uses 9 nodes, the other 21
        np.testing.assert_allclose([alone.sd_low, alone.sd_high], ends, rtol=1e-3)


@pytest.mark.parametrize("options", [{}, {"likelihood": "normal", "correction": "zero_cells"}])
@pytest.mark.parametrize("outcome", ["sensitivity", "specificity"])
def test_a_common_sensitivity_or_specificity(smoking, options, outcome):
    which = ("sensitivity", "specificity").index(outcome)
    fit = fit_bivariate(smoking, structure=f"common_{outcome}", **options)
    assert fit.between_study_sd[which] == 0
    assert fit.between_study_sd[1 - which] > 0.3
    assert fit.parameters == 3
    table = fit.heterogeneity().set_index("measure")
    assert table.loc[f"sd_{outcome}", "method"] == "held, not estimated"
    other = ("specificity", "sensitivity")[which]
    assert table.loc[f"sd_{other}", "ci_low"] > 0
    with pytest.raises(NotEstimableError, match=f"one {outcome} taken for all studies"):
        fit.sroc()
    if not options:
        tp, fp, fn, tn = smoking[["tp", "fp", "fn", "tn"]].sum()
        events, total = ((tp, tp + fn), (tn, fp + tn))[which]
        # one binomial for all: the pooled proportion and its information
        assert fit.estimate(outcome).estimate == pytest.approx(events / total, abs=1e-6)
        error = np.sqrt(1 / events + 1 / (total - events))
        assert fit.standard_errors[which] == pytest.approx(error, rel=1e-4)
        assert len(fit.influence()) == len(smoking)
        roots = fit.bootstrap(replicates=10, nodes=3).roots
        assert np.all(roots[:, [[0, 2], [1, 2]][which]] == 0)


def test_sparse_data_that_a_simpler_structure_can_fit():
    data = pd.DataFrame({"study": list("ABCDE"), "tp": [0, 3, 0, 0, 4], "fp": [9, 3, 5, 8, 2],
                         "fn": [0, 1, 0, 0, 2], "tn": [30, 60, 41, 55, 37]})  # fmt: skip
    with pytest.raises(NotEstimableError, match="2 studies have cases"):
        fit_bivariate(data)
    fit = fit_bivariate(data, structure="common_sensitivity")
    assert fit.sensitivity.estimate == pytest.approx(7 / 10, abs=1e-5)


def test_pooled_proportion_by_brute_force():
    data = pd.DataFrame({"study": list("ABCDE"), "tp": [9, 18, 5, 17, 10], "fn": [1, 12, 1, 2, 17]})
    found = pool_proportion(data)

    t = np.linspace(-9, 9, 1201)
    y, n = data["tp"].to_numpy()[:, None], (data["tp"] + data["fn"]).to_numpy()[:, None]

    def log_likelihood(mean, sd):
        # the trapezoid rule on a smooth function that vanishes at both ends
        chance = stats.binom.pmf(y, n, expit(mean + sd * t)) @ stats.norm.pdf(t)
        return np.log(chance * (t[1] - t[0])).sum()

    top = log_likelihood(found.logit, found.sd)
    assert found.log_likelihood == pytest.approx(top, abs=1e-6)
    for dm, ds in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert log_likelihood(found.logit + dm, found.sd + ds) < top
    # the profile interval ends where twice the loss is 3.84
    grid = found.logit + np.linspace(-1.5, 1.5, 61)
    at_end = max(log_likelihood(mean, found.sd_low) for mean in grid)
    # the best of a grid of step 0.05 is up to 1e-3 below the profile
    assert 2 * (top - at_end) == pytest.approx(stats.chi2.ppf(0.95, 1), abs=0.01)
    reach = stats.t.ppf(0.975, 3) * np.hypot(found.standard_error, found.sd)
    assert logit(found.prediction.ci_high) == pytest.approx(found.logit + reach)
    specific = data.rename(columns={"tp": "tn", "fn": "fp"})
    assert pool_proportion(specific, "specificity").logit == pytest.approx(found.logit)
    with pytest.raises(NotEstimableError, match="3 studies have cases"):
        pool_proportion(data.head(3))
    with pytest.raises(NotEstimableError, match="0 or 1 in every study"):
        pool_proportion(data.assign(fn=0))


# A new likelihood is one file and one line


def test_a_toy_likelihood_needs_its_class_and_a_line_of_the_registry(audit, monkeypatch):
    """Reitsma's normal model again, written naively, its slopes by differences."""

    class ToyModel:
        root_at = 2

        def __init__(self, logits):
            self.logits = logits

        def value(self, parameters, row):
            row = row if len(self.logits.effects) > 1 else 0
            total = 0.0
            covariance = covariance_from_root(parameters[2:])
            for y, v, there in zip(self.logits.effects[row], self.logits.variances[row],
                                   self.logits.present[row], strict=True):  # fmt: skip
                if there.any():
                    own = (np.diag(v) + covariance)[np.ix_(there, there)]
                    residual = (y - parameters[:2])[there]
                    scale = np.log(2 * np.pi * np.linalg.eigvalsh(own)).sum()
                    total -= 0.5 * (residual @ np.linalg.solve(own, residual) + scale)
            return total

        def evaluate(self, parameters, rows):
            h, eye = 1e-4, np.eye(5)
            values, slopes, bends = [], [], []
            for x, row in zip(parameters, rows, strict=True):
                f = {
                    (a, b, s, t): self.value(x + h * (s * eye[a] + t * eye[b]), row)
                    for a in range(5) for b in range(a, 5) for s in (1, -1) for t in (1, -1)
                }  # fmt: skip
                middle = self.value(x, row)
                slope = [(f[a, a, 1, 1] - f[a, a, -1, -1]) / (4 * h) for a in range(5)]
                bend = np.zeros((5, 5))
                for a in range(5):
                    for b in range(a, 5):
                        corners = f[a, b, 1, 1] - f[a, b, 1, -1] - f[a, b, -1, 1] + f[a, b, -1, -1]
                        bend[a, b] = bend[b, a] = corners / (4 * h * h)
                values.append(middle)
                slopes.append(slope)
                bends.append(bend)
            return np.array(values), np.array(slopes), np.array(bends)

        def exchange(self, parameters):
            return np.concatenate([parameters[:, 1::-1], exchanged_root(parameters[:, 2:])], axis=1)

        def exchanged(self):
            return ToyModel(self.logits.exchanged())

        def split(self, parameters, rows):
            return parameters[:, :2], parameters[:, 2:]

        def covariance(self, parameters, directions):
            _, _, hessian = self.evaluate(parameters[None], np.zeros(1, dtype=int))
            return inverse_curvature(directions.T @ hessian[0] @ directions, directions)

        def coefficient_covariances(self, parameters, rows):
            return np.stack(
                [coefficient_covariance(one, 2) for one in self.evaluate(parameters, rows)[2]]
            )

    class Toy(Family):
        name = "toy"

        @classmethod
        def from_options(cls, *, estimator, correction, nodes):
            return cls(correction=correction or "all")

        def describe(self):
            return "toy likelihood"

        def refuse(self, studies, structure):
            pass

        def observe(self, counts):
            return observed_logits(counts, self.correction)

        def model(self, data, designs):
            return ToyModel(data)

        def starts(self, data, designs):
            roots = np.tile([0.5, 0.0, 0.5], (len(data.effects), 1))
            return np.concatenate([data.effects.mean(axis=1), roots], axis=1)

        def place(self, coefficients, roots):
            return np.concatenate([coefficients, roots], axis=1)

        def simulate(self, counts, logits, rng):
            raise NotEstimableError("the toy does not simulate")

    monkeypatch.setitem(FAMILIES, "toy", Toy)
    few = audit.head(6)
    toy = fit_bivariate(few, "toy")
    real = fit_bivariate(few, "normal", "ml", correction="all")
    # differences of step 1e-4: slopes to 1e-6
    np.testing.assert_allclose(toy.coefficients, real.coefficients, atol=1e-4)
    np.testing.assert_allclose(toy.between_study, real.between_study, atol=1e-3)
    assert toy.method == "toy likelihood"
    for work in (toy.region, toy.predict, toy.sroc, toy.hsroc_table, toy.summary, toy.revman):
        assert work() is not None
    theirs, ours = (one.influence()["sensitivity"] for one in (real, toy))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    test = toy.heterogeneity_test()
    assert test.bound
    assert test.statistic == pytest.approx(real.heterogeneity_test().statistic, abs=1e-3)
    with pytest.raises(NotEstimableError, match="'toy' does not give study weights"):
        toy.weights()
