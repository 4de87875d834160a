"""What a fit must do on any data: symmetries, boundaries, refusals, global maxima."""

import contextlib

import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    ArgumentError,
    DataError,
    FitError,
    NotEstimableError,
    fit_bivariate,
)
from backpain_stats.meta.fitting.optimise import maximise
from backpain_stats.meta.likelihood.binomial import Arms
from backpain_stats.meta.likelihood.curvature import inverse_curvature
from backpain_stats.meta.likelihood.exact import ExactModel
from backpain_stats.meta.likelihood.normal import NormalModel, observed_logits
from backpain_stats.meta.likelihood.parameters import (
    canonical_root,
    covariance_from_root,
    exchanged_root,
    root_from_sds,
    sds_from_root,
)

NORMAL = {"likelihood": "normal", "correction": "zero_cells"}


def frame(*rows):
    data = pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn"])
    data.insert(0, "study", [f"s{number}" for number in range(len(rows))])
    return data


def grid_of_starts(coefficients):
    roots = root_from_sds(
        *(one.ravel() for one in np.meshgrid([0.1, 0.7, 2], [0.1, 0.7, 2], [-0.95, 0, 0.95]))
    )
    return np.concatenate([np.repeat(coefficients[None], len(roots), axis=0), roots], axis=1)


# Derivatives of the normal likelihoods


@pytest.mark.parametrize("restricted", [True, False])
def test_normal_derivatives_against_finite_differences(smoking, restricted):
    counts = smoking[["tp", "fp", "fn", "tn"]].to_numpy().copy()
    counts[3, [0, 2]] = 0  # a study without cases
    ones = np.ones((len(counts), 1))
    group = (smoking["type"] == "SAQ").to_numpy(dtype=float)[:, None]
    model = NormalModel(
        observed_logits(counts[None], "zero_cells"),
        (np.hstack([ones, group]), ones),
        restricted=restricted,
    )
    root, row = np.array([1.2, -0.4, 0.7]), np.zeros(1, dtype=np.intp)
    _, gradient, hessian = model.evaluate(root[None], row)
    step = 1e-5
    ends = [
        (model.evaluate((root + h)[None], row), model.evaluate((root - h)[None], row))
        for h in np.eye(3) * step
    ]
    slopes = [(up[0][0] - down[0][0]) / (2 * step) for up, down in ends]
    bends = [(up[1][0] - down[1][0]) / (2 * step) for up, down in ends]
    # central differences: rounding 1e-14 * 100 / 1e-5, and step squared
    np.testing.assert_allclose(gradient[0], slopes, atol=1e-6)
    np.testing.assert_allclose(hessian[0], bends, atol=1e-6)


# Symmetries


@pytest.mark.parametrize("options", [{}, NORMAL, {"nodes": 1}])
def test_order_of_rows_does_not_matter(audit, options):
    one = fit_bivariate(audit, **options)
    two = fit_bivariate(audit.sample(frac=1, random_state=1), **options)
    # both stop within 1e-11 of the maximum: 5e-6 standard errors
    np.testing.assert_allclose(one.coefficients, two.coefficients, atol=2e-6)
    assert one.log_likelihood == pytest.approx(two.log_likelihood, abs=1e-9)


@pytest.mark.parametrize("options", [{}, NORMAL])
def test_exchanging_cases_and_noncases_exchanges_the_outcomes(audit, options):
    swapped = audit.rename(columns={"tp": "tn", "tn": "tp", "fp": "fn", "fn": "fp"})
    one, two = fit_bivariate(audit, **options), fit_bivariate(swapped, **options)
    np.testing.assert_allclose(one.coefficients, two.coefficients[::-1], atol=5e-6)
    np.testing.assert_allclose(one.covariance, two.covariance[::-1, ::-1], rtol=1e-4)
    assert one.lr_positive.estimate == pytest.approx(1 / two.lr_negative.estimate, rel=1e-5)


def test_flipping_the_test_inverts_the_ratios(audit):
    flipped = audit.rename(columns={"tp": "fn", "fn": "tp", "fp": "tn", "tn": "fp"})
    one, two = fit_bivariate(audit), fit_bivariate(flipped)
    np.testing.assert_allclose(one.coefficients, -two.coefficients, atol=5e-6)
    assert one.lr_positive.estimate == pytest.approx(two.lr_negative.estimate, rel=1e-5)


def test_a_study_without_cases_changes_specificity_only_through_correlation(audit):
    extra = frame((0, 47, 0, 1125)).assign(study="Henschke")
    data = pd.concat([audit, extra], ignore_index=True)
    fit = fit_bivariate(data)
    assert fit.k == 15
    row = fit.rows.iloc[-1]
    assert row["used"]
    assert row["contributes"] == "specificity only"
    assert "no cases" in row["reason"]
    assert abs(fit.coefficients[1] - fit_bivariate(audit).coefficients[1]) > 0.01


def test_covariance_maps_agree():
    roots = np.random.default_rng(5).normal(size=(50, 3))
    roots[:5, 0] = 0
    roots[5:10, 2] = 0
    covariance = covariance_from_root(roots)
    np.testing.assert_allclose(covariance_from_root(canonical_root(roots)), covariance, atol=1e-14)
    turned = covariance_from_root(exchanged_root(roots))
    np.testing.assert_allclose(turned, covariance[:, ::-1, ::-1], atol=1e-14)
    sd1, sd2, rho = sds_from_root(roots[10:]).T
    np.testing.assert_allclose(
        covariance_from_root(root_from_sds(sd1, sd2, rho)), covariance[10:], atol=1e-12
    )


# Global maxima


@pytest.mark.parametrize("seed", range(8))
def test_no_start_of_a_grid_does_better(simulate, seed):
    rng = np.random.default_rng(seed)
    sds = rng.choice([0.0, 0.2, 1.0, 2.0], 2)
    data = simulate(
        rng,
        int(rng.integers(4, 12)),
        means=rng.normal([1.5, 2.0], 0.7),
        sds=sds,
        correlation=rng.uniform(-1, 1),
        size=int(rng.choice([6, 20, 200])),
    )
    counts = data[["tp", "fp", "fn", "tn"]].to_numpy()
    ones = np.ones((len(data), 1))
    for estimator in ("reml", "ml"):
        fit = fit_bivariate(data, estimator=estimator, **NORMAL)
        model = NormalModel(
            observed_logits(counts[None], "zero_cells"),
            (ones, ones),
            restricted=estimator == "reml",
        )
        best = maximise(model.evaluate, grid_of_starts(fit.coefficients)[:, 2:]).value.max()
        assert fit.log_likelihood_without_jacobian >= best - 1e-7
    try:
        fit = fit_bivariate(data)
    except NotEstimableError:
        return
    model = ExactModel(Arms.from_counts(counts[None]), (ones, ones), fit.nodes)
    best = maximise(model.evaluate, grid_of_starts(fit.coefficients)).value.max()
    # a boundary piece is accepted when it loses less than 1e-7
    assert fit.log_likelihood >= best - 2e-7


# Boundaries


def test_identical_studies_have_no_heterogeneity():
    fit = fit_bivariate(frame(*[(20, 10, 5, 90)] * 6))
    assert fit.boundary
    assert "both between-study variances are 0" in fit.boundary_reason
    assert np.isnan(fit.correlation)
    # then the model is one binomial an arm, with its information
    np.testing.assert_allclose(fit.coefficients, [np.log(4), np.log(9)], atol=1e-6)
    expected = [1 / 120 + 1 / 30, 1 / 540 + 1 / 60]
    np.testing.assert_allclose(np.diag(fit.covariance), expected, rtol=1e-5)
    assert fit.lr_positive.estimate == pytest.approx(8.0, rel=1e-6)


def test_one_outcome_without_heterogeneity():
    rows = [(40, fp, 10, 100 - fp) for fp in (1, 5, 12, 25, 40, 60, 9, 30)]
    fit = fit_bivariate(frame(*rows))
    assert fit.boundary
    assert fit.between_study_sd[0] < 0.01
    assert fit.between_study_sd[1] > 0.5
    assert fit.standard_errors[0] == pytest.approx(np.sqrt(1 / 320 + 1 / 80), rel=0.01)


def test_standard_errors_at_a_correlation_of_minus_one(telomerase):
    fit = fit_bivariate(telomerase)
    assert fit.boundary
    assert fit.boundary_reason == "the between-study correlation is -1"
    assert fit.correlation == pytest.approx(-1)
    # by hand: the curvature along (means, l11, l21), by differences of values alone
    ones = np.ones((len(telomerase), 1))
    counts = telomerase[["tp", "fp", "fn", "tn"]].to_numpy()
    model = ExactModel(Arms.from_counts(counts[None]), (ones, ones), fit.nodes)
    best, step = np.append(fit.coefficients, fit.root), 1e-3
    moves = np.eye(5)[:4] * step
    curvature = np.empty((4, 4))
    for i, one in enumerate(moves):
        for j, two in enumerate(moves):
            corners = [model.value(best + a * one + b * two) for a in (1, -1) for b in (1, -1)]
            curvature[i, j] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
    errors = np.sqrt(np.diag(np.linalg.inv(-curvature)))[:2]
    # differences of values: step squared
    np.testing.assert_allclose(fit.standard_errors, errors, rtol=1e-4)


def test_a_flat_likelihood_has_no_standard_errors():
    hessian = np.array([[-1.0, -1.0], [-1.0, -1.0]])
    assert inverse_curvature(hessian, np.eye(2)) is None
    assert inverse_curvature(np.array([[1.0]]), np.eye(1)) is None


# Refusals: one clear message each


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, NORMAL])
def test_few_studies_are_refused_with_the_ways_out(audit, k, options):
    with pytest.raises(NotEstimableError, match=r"inference='bayes'.*effects='common'"):
        fit_bivariate(audit.head(k), **options)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_common_effect_is_exact(audit, k):
    from scipy.stats import binomtest

    fit = fit_bivariate(audit.head(k), effects="common")
    tp, fp, fn, tn = audit.head(k)[["tp", "fp", "fn", "tn"]].sum()
    expected = binomtest(tp, tp + fn).proportion_ci(0.95, "exact")
    assert fit.sensitivity.estimate == pytest.approx(tp / (tp + fn))
    assert fit.sensitivity.ci_low == pytest.approx(expected.low, rel=1e-9)
    assert fit.sensitivity.ci_high == pytest.approx(expected.high, rel=1e-9)
    assert fit.lr_positive.estimate == pytest.approx(tp / (tp + fn) / (fp / (fp + tn)))
    assert "assumes" in str(fit)
    for refused in (fit.predict, fit.heterogeneity, fit.influence, fit.sroc, fit.auc):
        with pytest.raises(NotEstimableError):
            refused()


def test_common_effect_with_zero_cells():
    fit = fit_bivariate(frame((7, 13, 0, 462)), effects="common")
    assert fit.sensitivity.estimate == 1
    assert fit.sensitivity.ci_low == pytest.approx(0.025 ** (1 / 7), rel=1e-9)
    assert fit.lr_negative.estimate == 0
    assert np.isfinite(fit.log_likelihood)
    assert fit.posttest(0.01).estimate == pytest.approx(
        7 / 13 * 475 / 7 * 0.01 / (7 / 13 * 475 / 7 * 0.01 + 0.99)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tp": -1}, "tp: -1"),
        ({"tn": 2.5}, "tn: 2.5"),
        ({"fp": "many"}, "fp: 'many'"),
        ({"fn": None}, "column fn: None"),
        ({"study": "1"}, "more than once: '1'"),
        ({"study": None}, "no study name"),
        ({"tp": 0, "fp": 0, "fn": 0, "tn": 0}, "four zeros for '2'"),
    ],
)
def test_bad_data_give_one_clear_message(audit, change, message):
    data = audit.astype(object)
    for column, value in change.items():
        data.loc[1, column] = value
    with pytest.raises(DataError, match=message):
        fit_bivariate(data)


def test_missing_columns_and_empty_data(audit):
    with pytest.raises(DataError, match=r"lacks the column\(s\) tn"):
        fit_bivariate(audit.drop(columns=["study", "tn"]))
    with pytest.raises(DataError, match="no rows"):
        fit_bivariate(audit.head(0))


@pytest.mark.parametrize("cell", ["tp", "fp", "fn", "tn"])
def test_perfect_proportions_are_refused(audit, cell):
    data = audit.assign(**{cell: 0})
    with pytest.raises(NotEstimableError, match=f"{cell} is 0 in every study"):
        fit_bivariate(data)
    corrected = fit_bivariate(data, **NORMAL)
    assert np.all(np.isfinite(corrected.standard_errors))


def test_all_or_nothing_studies_are_refused():
    rows = [(12, 5, 0, 60), (0, 3, 9, 40), (15, 8, 0, 70), (0, 2, 11, 30), (8, 4, 1, 50)]
    with pytest.raises(NotEstimableError, match="all or nothing"):
        fit_bivariate(frame(*rows[:4], (8, 4, 0, 50)))
    # one study in between gives the likelihood a maximum: at an SD of 11
    fit = fit_bivariate(frame(*rows))
    assert fit.between_study_sd[0] > 5


def test_no_cases_anywhere(audit):
    with pytest.raises(NotEstimableError, match="no study has any cases"):
        fit_bivariate(audit.assign(tp=0, fn=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"likelihood": "poisson"}, "likelihood is 'poisson'"),
        ({"estimator": "reml"}, "estimator is 'reml'"),
        ({"correction": "all"}, "correction is 'all'"),
        ({"likelihood": "normal", "nodes": 5}, "nodes belongs to likelihood='binomial'"),
        ({"nodes": 0}, "nodes is 0"),
        ({"level": 95}, "level is 95"),
        ({"effects": "fixed"}, "effects is 'fixed'"),
        ({"inference": "mcmc"}, "inference is 'mcmc'"),
        ({"seed": 1}, "only inference='bayes'"),
        ({"effects": "common", "likelihood": "normal"}, "effects='common'"),
        ({"inference": "bayes", "likelihood": "normal"}, "does not go with inference='bayes'"),
    ],
)
def test_impossible_options(audit, options, message):
    with pytest.raises(ArgumentError, match=message):
        fit_bivariate(audit, **options)


def test_normal_model_refuses_zero_cells_without_a_choice(audit):
    with pytest.raises(DataError, match=r"zero cells in '7', '8'.*correction='zero_cells'"):
        fit_bivariate(audit, "normal")
    without = audit[(audit[["tp", "fp", "fn", "tn"]] > 0).all(axis=1)]
    plain = fit_bivariate(without, "normal")
    corrected = fit_bivariate(without, **NORMAL)
    assert plain.log_likelihood == pytest.approx(corrected.log_likelihood)


# Extremes


def test_four_studies_are_enough(audit):
    fit = fit_bivariate(audit.head(4))
    assert fit.converged
    assert 0 < fit.lr_positive.ci_low < fit.lr_positive.estimate < fit.lr_positive.ci_high


def test_extreme_counts(audit):
    huge = audit.assign(**{cell: audit[cell] * 10**7 for cell in ("tp", "fp", "fn", "tn")})
    fit = fit_bivariate(huge)
    # with no sampling error left the exact and the normal model agree but for the studies
    # whose zero cells the one takes as they are
    usable = huge[(huge[["tp", "fp", "fn", "tn"]] > 0).all(axis=1)]
    exact = fit_bivariate(usable)
    normal = fit_bivariate(usable, "normal", "ml")
    np.testing.assert_allclose(exact.coefficients, normal.coefficients, atol=1e-5)
    np.testing.assert_allclose(exact.standard_errors, normal.standard_errors, rtol=1e-4)
    assert fit.converged


def test_more_patients_than_the_exact_likelihood_can_resolve(audit):
    cells = ["tp", "fp", "fn", "tn"]
    huge = audit.assign(**{cell: audit[cell].astype("int64") * 10**11 for cell in cells})
    with pytest.raises(DataError, match=r"takes up to 1e\+12: .* likelihood='normal'"):
        fit_bivariate(huge)
    largest = huge.assign(**{cell: audit[cell].astype("int64") * 10**8 for cell in cells})
    usable = largest[(largest[cells] > 0).all(axis=1)]
    exact, normal = fit_bivariate(usable), fit_bivariate(usable, "normal", "ml")
    np.testing.assert_allclose(exact.coefficients, normal.coefficients, atol=5e-6)


def test_more_nodes_where_studies_differ_widely():
    rows = [(3, 0, 0, 6), (68, 0, 32, 1), (2, 2, 1, 1), (1, 0, 0, 3), (2, 0, 0, 3), (2, 0, 0, 1),
            (2, 7, 0, 0), (3, 0, 0, 21), (1, 0, 0, 5), (1, 0, 0, 8), (1, 9, 1, 0), (1, 2, 3, 3),
            (1, 0, 0, 3), (2, 0, 1, 2), (1, 0, 1, 6), (2, 4, 3, 2), (3, 1, 3, 0)]  # fmt: skip
    fit = fit_bivariate(frame(*rows))
    assert fit.nodes > 21
    assert any("did not resolve" in note for note in fit.notes)
    finer = ExactModel(
        Arms.from_counts(frame(*rows)[["tp", "fp", "fn", "tn"]].to_numpy()[None]),
        (np.ones((len(rows), 1)), np.ones((len(rows), 1))),
        100,
    )
    theta = np.append(fit.coefficients, fit.root)
    assert finer.value(theta) == pytest.approx(fit.log_likelihood, abs=5e-3)


@pytest.mark.parametrize("seed", range(12))
def test_sparse_data_never_warn_hang_or_crash(simulate, seed):
    rng = np.random.default_rng(1000 + seed)
    data = simulate(rng, int(rng.integers(4, 9)), means=(2.5, 3.5), sds=(1.5, 1.0), size=8)
    data.loc[0, ["tp", "fn"]] = 0
    for options in ({}, {"nodes": 1}, {"nodes": 5}, NORMAL):
        # a refusal is an answer; a warning (an error here) or another exception is not
        with contextlib.suppress(NotEstimableError, FitError):
            fit = fit_bivariate(data, **options)
            assert np.isfinite(fit.log_likelihood)
            assert str(fit)


def test_result_is_frozen(audit):
    fit = fit_bivariate(audit, nodes=5)
    with pytest.raises(AttributeError):
        fit.level = 0.9
    with pytest.raises(ValueError, match="read-only"):
        fit.coefficients[0] = 0
    assert "14 studies" in repr(fit)
