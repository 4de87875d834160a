"""What follows from a fit: profiles, I2, curves, regions, predictions, influence, groups."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from scipy.integrate import quad
from scipy.special import expit, logit

from backpain_stats import (
    ArgumentError,
    DataError,
    NotEstimableError,
    PretestError,
    UnknownNameError,
    compare_fits,
    fit_bivariate,
)
from backpain_stats.meta.after import heterogeneity as spread
from backpain_stats.meta.after.bootstrap import bootstrap, simulate
from backpain_stats.meta.after.heterogeneity import i_squared, within_study_variance
from backpain_stats.meta.after.influence import _better
from backpain_stats.meta.after.regression import compare_groups, compare_points
from backpain_stats.meta.after.sroc import area_under_line
from backpain_stats.meta.fitting.optimise import Optima, maximise
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import observed_logits
from backpain_stats.meta.likelihood.parameters import root_from_sds
from backpain_stats.meta.point import MEASURES

NORMAL = {"likelihood": "normal", "correction": "zero_cells"}


@pytest.fixture(scope="module")
def fit(audit):
    return fit_bivariate(audit, nodes=9)


@pytest.fixture(scope="module")
def regression(smoking):
    return fit_bivariate(smoking, nodes=5, formula="type")


# Heterogeneity


def deviance(audit, held, value):
    """Return minus the profile log likelihood, by scipy's simplex on SDs and correlation."""
    counts = audit[["tp", "fp", "fn", "tn"]].to_numpy()
    ones = np.ones((len(counts), 1))
    model = ExactModel(Arms.from_counts(counts[None]), (ones, ones), 9)

    def negative(free):
        five = np.insert(free, held, value)
        root = root_from_sds(np.exp(five[2]), np.exp(five[3]), np.tanh(five[4]))
        return -model.value(np.append(five[:2], root))

    start = np.delete([2.5, 1.3, 0.4, -0.4, -1.1], held)
    options = {"xatol": 1e-5, "fatol": 1e-8, "maxiter": 4000}
    return optimize.minimize(negative, start, method="Nelder-Mead", options=options).fun


def test_profile_intervals_are_where_the_likelihood_has_fallen(audit, fit):
    table = fit.heterogeneity().set_index("measure")
    drop = stats.chi2.ppf(0.95, 1) / 2
    for held, measure, scale in ((2, "sd_sensitivity", np.log), (4, "correlation", np.arctanh)):
        for end in ("ci_low", "ci_high"):
            loss = deviance(audit, held, scale(table.loc[measure, end])) + fit.log_likelihood
            # the simplex stops within 1e-4 or so of the maximum
            assert loss == pytest.approx(drop, abs=1e-3)
    assert table.loc["sd_specificity", "ci_low"] < fit.between_study_sd[1]
    assert fit.between_study_sd[1] < table.loc["sd_specificity", "ci_high"]


def test_profile_intervals_respect_the_range(telomerase):
    for options in ({"nodes": 9}, NORMAL):
        table = fit_bivariate(telomerase, **options).heterogeneity().set_index("measure")
        assert table.loc["correlation", "ci_low"] == -1
        assert -1 < table.loc["correlation", "ci_high"] < 1
        assert (table.loc[["sd_sensitivity", "sd_specificity"], "ci_low"] >= 0).all()
        wider = fit_bivariate(telomerase, **options).heterogeneity(level=0.99)
        assert (wider["ci_high"].head(2) > table["ci_high"].to_numpy()[:2]).all()


def test_no_heterogeneity_has_an_interval_from_zero():
    rows = pd.DataFrame({"study": list("abcdef"), "tp": 20, "fp": 10, "fn": 5, "tn": 90})
    table = fit_bivariate(rows, nodes=9).heterogeneity().set_index("measure")
    assert (table.loc[["sd_sensitivity", "sd_specificity"], "ci_low"] == 0).all()
    assert (table.loc[["sd_sensitivity", "sd_specificity"], "ci_high"] > 0.1).all()
    assert table.loc["correlation", ["ci_low", "ci_high"]].tolist() == [-1, 1]
    assert table.loc["i2_bivariate", "estimate"] == 0


def test_within_study_variance_is_an_expectation(fit, audit):
    rng = np.random.default_rng(4)
    draws = fit.coefficients + rng.standard_normal((400_000, 2)) * fit.between_study_sd
    p = expit(draws)
    cases = (audit["tp"] + audit["fn"]).to_numpy()
    noncases = (audit["fp"] + audit["tn"]).to_numpy()
    simulated = np.array(
        [
            np.mean(1 / (p[:, 0] * (1 - p[:, 0]))) * np.mean(1 / cases),
            np.mean(1 / (p[:, 1] * (1 - p[:, 1]))) * np.mean(1 / noncases),
        ]
    )
    # 1 / (p q) is log-normal with SD 1.6 on the log scale: 400,000 draws give 1% or so
    np.testing.assert_allclose(within_study_variance(fit), simulated, rtol=0.03)


def test_i_squared_bivariate_is_the_ratio_of_areas(fit):
    values = i_squared(fit)
    within = np.diag(within_study_variance(fit))
    between = np.sqrt(np.linalg.det(fit.between_study))
    expected = between / (between + np.sqrt(np.linalg.det(within)))
    assert values["i2_bivariate"] == pytest.approx(expected)
    assert all(0 < value < 1 for value in values.values())


def test_full_covariance_by_the_delta_method(fit, telomerase):
    frame = fit.full_covariance()
    np.testing.assert_allclose(frame.iloc[:2, :2], fit.covariance)
    step = 1e-6

    def report(root):
        sd2 = np.hypot(root[1], root[2])
        return np.array([root[0], sd2, root[1] / sd2])

    moves = np.eye(3) * step
    jacobian = np.array([(report(fit.root + h) - report(fit.root - h)) / (2 * step) for h in moves])
    expected = jacobian.T @ fit.parameter_covariance[2:, 2:] @ jacobian
    np.testing.assert_allclose(frame.iloc[2:, 2:], expected, rtol=1e-6)
    with pytest.raises(NotEstimableError, match="correlation is -1"):
        fit_bivariate(telomerase, nodes=9).full_covariance()


def test_a_profile_that_is_not_maximised_says_so(fit, monkeypatch):
    def stopped(*args, **options):
        found = maximise(*args, **options)
        return replace(found, converged=np.zeros_like(found.converged))

    monkeypatch.setattr(spread, "maximise", stopped)
    table = fit.heterogeneity().set_index("measure")
    assert table.loc[["sd_sensitivity", "correlation"], ["ci_low", "ci_high"]].isna().all(axis=None)
    assert table.loc["correlation", "method"].endswith("the profile likelihood was not maximised")


# Curve, area, regions


def test_curve_passes_through_the_summary_point(fit):
    for kind in ("hsroc", "regression"):
        curve = fit.sroc(kind=kind)
        sensitivity = np.interp(
            1 - fit.specificity.estimate, curve["false_positive_fraction"], curve["sensitivity"]
        )
        assert sensitivity == pytest.approx(fit.sensitivity.estimate, abs=1e-4)
        assert curve["sensitivity"].is_monotonic_increasing
    counts = fit.studies.used_counts
    observed = curve[curve["observed"]]["false_positive_fraction"]
    fractions = counts[:, 1] / (counts[:, 1] + counts[:, 3])
    assert observed.min() == pytest.approx(fractions.min())
    assert observed.max() == pytest.approx(fractions.max())


def test_hsroc_parameters_give_the_same_curve(fit):
    curve, hsroc = fit.sroc(), fit.hsroc
    line = hsroc.Lambda * np.exp(-hsroc.beta / 2)
    line = line + np.exp(-hsroc.beta) * logit(curve["false_positive_fraction"])
    np.testing.assert_allclose(curve["sensitivity"], expit(line), rtol=1e-12)


@pytest.mark.parametrize(("intercept", "slope"), [(1.0, 0.5), (3.0, 2.5), (-1.0, 8.0), (2.0, 0.0)])
def test_area_is_the_integral(intercept, slope):
    def curve(false):
        return expit(intercept + slope * logit(false))

    # quad stops at an absolute error of 1e-8 or so
    whole = quad(curve, 0, 1, limit=200)[0]
    found = area_under_line(np.array(intercept), np.array(slope))
    assert found == pytest.approx(whole, abs=1e-7)
    part = quad(curve, 0.1, 0.4)[0] / 0.3
    found = area_under_line(np.array(intercept), np.array(slope), 0.1, 0.4)
    assert found == pytest.approx(part, abs=1e-7)


def test_area_has_a_bootstrap_interval(fit):
    area = fit.auc(replicates=60)
    assert area.ci_low < area.estimate < area.ci_high
    assert "60 refits" in area.method
    partial = fit.auc(replicates=60, partial=True)
    assert partial.measure == "partial_area"
    assert 0 < partial.ci_low < partial.ci_high < 1


@pytest.mark.parametrize("partial", [False, True])
def test_the_interval_of_the_area_is_that_of_the_refits(fit, partial):
    area = fit.auc(replicates=60, partial=partial)
    draws = bootstrap(fit, replicates=60)
    counts = fit.studies.used_counts
    fractions = counts[:, 1] / (counts[:, 1] + counts[:, 3])
    low, high = (fractions.min(), fractions.max()) if partial else (0.0, 1.0)
    areas = []
    for mean, (l11, l21, l22) in zip(draws.coefficients, draws.roots, strict=True):
        slope = abs(l11) / np.hypot(l21, l22)

        def curve(false, mean=mean, slope=slope):
            return expit(mean[0] + slope * (mean[1] + logit(false)))

        areas.append(quad(curve, low, high, limit=200)[0] / (high - low))
    assert draws.converged.all()
    # quad stops at an absolute error of 1e-8 or so
    expected = np.quantile(areas, [0.025, 0.975])
    assert [area.ci_low, area.ci_high] == pytest.approx(expected, abs=1e-6)


def test_regions(fit):
    for kind, covariance, squared in (
        ("confidence", fit.covariance, stats.chi2.ppf(0.95, 2)),
        ("prediction", fit.covariance + fit.between_study, 2 * stats.f.ppf(0.95, 2, fit.k - 2)),
    ):
        outline = fit.region(kind)
        offset = outline[["logit_sensitivity", "logit_specificity"]].to_numpy() - fit.coefficients
        distance = np.einsum("ij,jk,ik->i", offset, np.linalg.inv(covariance), offset)
        np.testing.assert_allclose(distance, squared, rtol=1e-9)
    with pytest.raises(ArgumentError, match="kind is 'credible'"):
        fit.region("credible")


# Predictions


def test_prediction_is_a_bivariate_t(fit):
    found = fit.predict().set_index("measure")
    for index, measure in enumerate(("sensitivity", "specificity")):
        variance = (fit.covariance + fit.between_study)[index, index]
        width = stats.t.ppf(0.975, fit.k - 2) * np.sqrt(variance)
        # 16384 quasi-random points: a quantile to 0.01 on the logit scale
        for column, shift in (("ci_low", -width), ("estimate", 0), ("ci_high", width)):
            assert logit(found.loc[measure, column]) == pytest.approx(
                fit.coefficients[index] + shift, abs=0.02
            )
    draws = fit.new_practice_draws(2**12)
    joint = np.corrcoef(logit(draws["sensitivity"]), logit(draws["specificity"]))[0, 1]
    covariance = fit.covariance + fit.between_study
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert joint == pytest.approx(expected, abs=0.05)


def test_prediction_is_wider_than_the_summary(fit):
    found = fit.predict([0.007, 0.1]).set_index("measure")
    for measure in MEASURES:
        summary = getattr(fit, measure)
        assert found.loc[measure, "ci_low"] < summary.ci_low
        assert found.loc[measure, "ci_high"] > summary.ci_high
    rows = found.loc[["posttest_positive", "posttest_negative"]].reset_index()
    assert rows["pretest"].notna().all()
    before, after = rows["pretest"], rows["expected"]
    assert (after[rows["measure"] == "posttest_positive"] > before[:2].to_numpy()).all()
    # the chance of disease, averaged over positive and negative, is the pre-test
    draws = fit.new_practice_draws(2**14)
    positive = 0.1 * draws["sensitivity"].mean() + 0.9 * (1 - draws["specificity"].mean())
    pair = found[found["pretest"] == 0.1]["expected"]
    average = positive * pair["posttest_positive"] + (1 - positive) * pair["posttest_negative"]
    assert average == pytest.approx(0.1, abs=1e-9)


def test_prediction_needs_a_pretest_probability(fit):
    with pytest.raises(PretestError):
        fit.predict(5)
    with pytest.raises(UnknownNameError, match="covariate 'setting'"):
        fit.predict(0.1, setting="primary")


def test_posttest_carries_its_pretest(fit):
    after = fit.posttest(0.05, "negative", pretest_source="an example")
    odds = 0.05 / 0.95 * fit.lr_negative.estimate
    assert after.estimate == pytest.approx(odds / (1 + odds))
    assert after.pretest == 0.05
    assert "an example" in str(after)


# Bootstrap


@pytest.mark.parametrize("options", [{"nodes": 5}, NORMAL])
def test_bootstrap_spreads_like_the_standard_errors(audit, options):
    fit = fit_bivariate(audit, **options)
    draws = bootstrap(fit, replicates=300, seed=7)
    assert draws.converged.mean() > 0.97
    # 300 refits know a spread to 4%; a few skewed ones make it a little larger
    spread = draws.coefficients.std(axis=0)
    np.testing.assert_allclose(spread, fit.standard_errors, rtol=0.25)
    again = bootstrap(fit, replicates=300, seed=7)
    np.testing.assert_array_equal(draws.coefficients, again.coefficients)


def test_a_batch_of_refits_equals_one_by_one(audit):
    fit = fit_bivariate(audit, nodes=7)
    data = simulate(fit, 6, seed=11).counts()
    draws = bootstrap(fit, replicates=6, seed=11)
    for counts, value in zip(data, draws.log_likelihood, strict=True):
        frame = pd.DataFrame(counts.astype(int), columns=["tp", "fp", "fn", "tn"])
        alone = fit_bivariate(frame.assign(study=range(len(frame))), nodes=7)
        assert value == pytest.approx(alone.log_likelihood, abs=1e-6)


def test_refits_without_a_maximum_are_not_counted():
    data = pd.DataFrame({"study": list("ABCDE"), "tp": [9, 7, 12, 5, 8], "fp": [3, 12, 9, 1, 20],
                         "fn": [1, 0, 0, 1, 0], "tn": [80, 40, 190, 62, 50]})  # fmt: skip
    fit = fit_bivariate(data, nodes=7)
    counts = simulate(fit, 100, seed=4).counts()
    draws = bootstrap(fit, replicates=100, seed=4)
    perfect = counts[:, :, 2].sum(axis=1) == 0
    assert perfect.any()
    assert not draws.converged[perfect].any()
    assert draws.converged[~perfect].mean() > 0.9


def test_bootstrap_needs_replicates(fit):
    with pytest.raises(ArgumentError, match="at least 2"):
        bootstrap(fit, replicates=1)


# Influence


@pytest.mark.parametrize("options", [{"nodes": 9}, NORMAL])
def test_influence_equals_refitting(audit, options):
    fit = fit_bivariate(audit, **options)
    table = fit.influence().set_index("study")
    for study in ("1", "8"):
        alone = fit_bivariate(audit[audit["study"].astype(str) != study], **options)
        row = table.loc[study]
        for measure in MEASURES:
            assert row[measure] == pytest.approx(getattr(alone, measure).estimate, rel=1e-4)
            # covariances here come from posterior moments, there from differences
            assert row[f"{measure}_high"] == pytest.approx(
                getattr(alone, measure).ci_high, rel=2e-3
            )
        assert row["correlation"] == pytest.approx(alone.correlation, abs=1e-4)
        change = alone.coefficients - fit.coefficients
        distance = change @ np.linalg.inv(fit.covariance) @ change / 2
        assert row["distance"] == pytest.approx(distance, rel=1e-3, abs=1e-6)
    assert (table["reason"] == "").all()


def test_of_two_maxima_without_a_study_the_higher_one_counts():
    values = np.array([1.0, 3.0, 2.0, 2.0, 1.0, 2.0])  # first three problems, then again
    shapes = ((6, 5), (6, 5), (6, 5, 5))
    parameters, gradient, hessian = (np.zeros(shape) for shape in shapes)
    found = Optima(parameters, values, gradient, hessian, np.ones(6, dtype=bool), 1)
    assert _better(found, 3).tolist() == [3, 1, 2]


def test_influence_says_why_a_row_is_missing(audit):
    # only the first study has a false negative
    data = audit.assign(fn=[9] + [0] * 13)
    table = fit_bivariate(data, nodes=9).influence()
    assert "maximum" in table["reason"].iloc[0]
    assert np.isnan(table["sensitivity"].iloc[0])
    with pytest.raises(NotEstimableError, match="fewer than 4"):
        fit_bivariate(audit.head(4), nodes=5).influence()


# Regression


def test_subgroups_and_points(regression, smoking):
    table = regression.subgroups().set_index("type")
    assert table["studies"].to_dict() == smoking["type"].value_counts().to_dict()
    point = regression.at(type="SAQ")
    assert table.loc["SAQ", "lr_positive"] == pytest.approx(point.lr_positive.estimate)
    with pytest.raises(NotEstimableError, match="depends on type"):
        _ = regression.sensitivity
    with pytest.raises(ArgumentError, match="level"):
        regression.at(type="XYZ")
    with pytest.raises(UnknownNameError, match="covariate 'kind'"):
        regression.at(kind="SAQ")
    with pytest.raises(ArgumentError, match="no value for the covariate"):
        regression.at()
    assert "type" in str(regression)


def test_groups_compared_equal_the_coefficients(regression):
    table = compare_groups(regression, {"type": "SAQ"}, {"type": "IAQ"}).set_index("measure")
    ratio = table.loc["odds_ratio_ratio"]
    # the log of the ratio of odds ratios is the sum of the two coefficients of SAQ
    which = [name.endswith("[T.SAQ]") for name in regression.names]
    contrast = np.array(which, dtype=float)
    log, error = contrast @ regression.coefficients, contrast @ regression.covariance @ contrast
    assert np.log(ratio["estimate"]) == pytest.approx(log)
    width = stats.norm.ppf(0.975) * np.sqrt(error)
    assert np.log(ratio["ci_high"]) == pytest.approx(log + width)
    assert ratio["p_value"] == pytest.approx(2 * stats.norm.sf(abs(log) / np.sqrt(error)))
    back = compare_groups(regression, {"type": "IAQ"}, {"type": "SAQ"}).set_index("measure")
    assert back.loc["lr_positive_ratio", "estimate"] == pytest.approx(
        1 / table.loc["lr_positive_ratio", "estimate"]
    )


def test_comparison_of_points_by_simulation(fit, telomerase):
    other = fit_bivariate(telomerase, nodes=9)
    table = compare_points(fit.point, other.point).set_index("measure")
    rng = np.random.default_rng(8)
    # small covariances, so that the delta method is exact to first order
    draws = [
        rng.multivariate_normal(one.coefficients, one.covariance * 1e-4, 200_000)
        for one in (fit, other)
    ]
    logs = [np.log(expit(d[:, 0])) - np.log(expit(-d[:, 1])) for d in draws]
    simulated = (logs[0] - logs[1]).std() * 100
    row = table.loc["lr_positive_ratio"]
    error = np.log(row["ci_high"] / row["ci_low"]) / (2 * stats.norm.ppf(0.975))
    # 200,000 draws know an SD to 0.2%
    assert error == pytest.approx(simulated, rel=0.01)


def test_outcomes_may_have_their_own_covariates(smoking):
    fits = [
        fit_bivariate(smoking, nodes=5, formula=formula)
        for formula in (None, {"sensitivity": "~ type"}, {"specificity": ["type"]}, "~ type")
    ]
    assert [len(fit.coefficients) for fit in fits] == [2, 3, 3, 4]
    values = [fit.log_likelihood for fit in fits]
    assert values[0] < min(values[1:3])
    assert max(values[1:3]) < values[3]
    assert compare_fits(fits[3], fits[1]).df == 1
    with pytest.raises(ArgumentError, match="not nested"):
        compare_fits(fits[1], fits[2])


def test_a_group_of_its_own_is_a_fit_of_its_own(smoking):
    # with an indicator for each half and no shared study, only the covariance is shared
    fit = fit_bivariate(smoking, "normal", "ml", correction="all", formula="0 + C(type)")
    logits = observed_logits(smoking[["tp", "fp", "fn", "tn"]].to_numpy(), "all").effects
    for level in ("IAQ", "SAQ"):
        point = fit.at(type=level)
        inside = logits[(smoking["type"] == level).to_numpy()]
        assert np.all(point.mean > inside.min(axis=0))
        assert np.all(point.mean < inside.max(axis=0))


@pytest.mark.parametrize(
    ("change", "formula", "error", "message"),
    [
        ({"x": 1}, "x", DataError, "covariate x is constant"),
        ({}, "nothing", DataError, "lacks the column"),
        ({}, "type +", ArgumentError, "cannot be read"),
        ({}, "tp ~ type", ArgumentError, "right-hand side only"),
        ({}, {"sens": "type"}, ArgumentError, "key 'sens'"),
        ({}, "author", NotEstimableError, "at least"),
        ({}, "type + C(type, contr.sum)", DataError, "cannot be told apart"),
    ],
)
def test_impossible_formulas(smoking, change, formula, error, message):
    with pytest.raises(error, match=message):
        fit_bivariate(smoking.assign(**change), formula=formula)


def test_studies_without_a_covariate_are_set_aside_and_shown(smoking):
    data = smoking.astype({"type": object})
    data.loc[2, "type"] = None
    fit = fit_bivariate(data, nodes=5, formula="type")
    row = fit.rows.iloc[2]
    assert fit.k == len(data) - 1
    assert not row["used"]
    assert row["reason"] == "no value of the covariate type"
    assert "not used" in str(fit)
    with pytest.raises(ArgumentError, match="different studies"):
        compare_fits(fit, fit_bivariate(data, nodes=5))


def test_restricted_fits_are_not_compared(smoking):
    fits = [fit_bivariate(smoking, formula=formula, **NORMAL) for formula in (None, "type")]
    with pytest.raises(ArgumentError, match="restricted"):
        compare_fits(*fits)


# The summary's three faces


def test_summary_has_three_faces(fit, regression):
    summary = fit.summary()
    assert list(summary.frame["measure"]) == list(MEASURES)
    assert "92.5%" in str(summary)
    assert "<table>" in summary._repr_html_()
    assert list(regression.summary().frame["coefficient"]) == list(regression.names)
    corrected = fit_bivariate(
        pd.DataFrame(fit.studies.frame), likelihood="normal", correction="zero_cells"
    )
    assert "0.5 added to studies with a zero" in str(corrected)
    assert corrected.rows["corrected"].sum() == 2
