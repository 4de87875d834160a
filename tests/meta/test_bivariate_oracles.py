"""Every block of tests/oracles/r that the bivariate model covers, number by number."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import DataError, compare_fits, fit_bivariate

ORACLES = Path(__file__).parents[1] / "oracles" / "r"
NAMES = sorted(path.stem for path in (ORACLES / "expected").glob("*.json"))
# mada has no normal fit of smith2011 (a study with three zero cells); ours drops that arm.
NORMAL = [name for name in NAMES if name != "smith2011"]
CORRECTIONS = {"all": "add_half_to_all", "zero_cells": "add_half_to_zero_studies"}
# The logit false-positive fraction of mada is minus the logit specificity of ours.
FLIP = np.array([1.0, -1.0])


def data_of(name):
    return pd.read_csv(ORACLES / "data" / f"{name}.csv")


def expected_of(name):
    return json.loads((ORACLES / "expected" / f"{name}.json").read_text())


def check_delta_method(fit, block, rtol):
    for ours, theirs in (
        (fit.lr_positive, "posLR"),
        (fit.lr_negative, "negLR"),
        (fit.odds_ratio, "DOR"),
        (fit.sensitivity, "sens"),
        (fit.specificity, "spec"),
    ):
        found = [ours.estimate, ours.ci_low, ours.ci_high]
        np.testing.assert_allclose(
            found, [block[theirs][k] for k in ("est", "lower", "upper")], rtol=rtol
        )


def check_hsroc(fit, block, atol):
    for name, value in block.items():
        assert fit.hsroc[name] == pytest.approx(value, abs=atol, rel=1e-4)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("estimator", ["reml", "ml"])
@pytest.mark.parametrize("name", NORMAL)
def test_normal_model(name, estimator, correction):
    block = expected_of(name)["bivariate"][f"normal_{estimator}_{CORRECTIONS[correction]}"]
    fit = fit_bivariate(data_of(name), "normal", estimator, correction=correction)
    # mvmeta was run to a relative change of 1e-15 of its likelihood, so its parameters
    # are good to about 1e-7; the largest difference seen is 2e-7.
    tolerance = {"rtol": 2e-6, "atol": 1e-9}
    np.testing.assert_allclose(
        fit.coefficients, block["coefficients"]["values"][0] * FLIP, **tolerance
    )
    flip = np.outer(FLIP, FLIP)
    np.testing.assert_allclose(fit.covariance, block["vcov"]["values"] * flip, **tolerance)
    np.testing.assert_allclose(fit.standard_errors, block["se"], **tolerance)
    np.testing.assert_allclose(fit.between_study, block["Psi"]["values"] * flip, **tolerance)
    assert fit.correlation == pytest.approx(-block["corr"], abs=1e-6)
    assert fit.boundary == block["boundary"]
    assert fit.converged
    # a likelihood is flat at its maximum: parameters to 1e-7 give it to 1e-11
    assert fit.log_likelihood == pytest.approx(block["logLik"], abs=1e-9)
    without = block["logLik_without_jacobian"]
    assert fit.log_likelihood_without_jacobian == pytest.approx(without, abs=1e-9)
    check_delta_method(fit, block["delta_method"], 1e-6)
    check_hsroc(fit, block["hsroc"], 1e-6)


@pytest.mark.parametrize("block_name", ["binomial_laplace", "binomial_quadrature_21"])
@pytest.mark.parametrize("name", NAMES)
def test_exact_model(name, block_name):
    block = expected_of(name)["bivariate"][block_name]
    fit = fit_bivariate(data_of(name), nodes=1 if "laplace" in block_name else 21)
    # glmmTMB and a derivative-free search stop within 1e-5 of the maximum; the largest
    # differences seen are 1.2e-5 (coefficients) and 2e-5 (variances).
    np.testing.assert_allclose(fit.coefficients, list(block["fixef"].values()), atol=3e-5)
    np.testing.assert_allclose(fit.standard_errors, block["se"], rtol=2e-5)
    np.testing.assert_allclose(fit.covariance, block["vcov_fixef"], rtol=5e-5, atol=1e-7)
    np.testing.assert_allclose(fit.between_study, block["Sigma_sens_spec"], rtol=5e-5)
    assert fit.boundary == block["boundary"]
    # 21 nodes on rotated axes (the root of the curvature is not unique) differ by 5e-8
    assert fit.log_likelihood == pytest.approx(block["logLik"], abs=1e-7)
    check_delta_method(fit, block["delta_method"], 5e-5)
    check_hsroc(fit, block["hsroc"], 5e-5)


@pytest.mark.parametrize("name", NAMES)
def test_laplace_is_no_lower_than_tight_lme4(name):
    block = expected_of(name)["bivariate"]["binomial_laplace_lme4_tight"]
    fit = fit_bivariate(data_of(name), nodes=1)
    # lme4 stops short of the maximum by up to 4e-7
    assert block["logLik"] - 1e-8 <= fit.log_likelihood <= block["logLik"] + 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_default_nodes_resolve_the_likelihood(name):
    block = expected_of(name)["bivariate"]["binomial_quadrature_21"]
    fit = fit_bivariate(data_of(name))
    assert fit.log_likelihood == pytest.approx(block["logLik"], abs=1e-5)
    np.testing.assert_allclose(fit.coefficients, list(block["fixef"].values()), rtol=1e-4)
    np.testing.assert_allclose(fit.standard_errors, block["se"], rtol=1e-4)


def test_standard_errors_where_lme4_defaults_collapse():
    # README of the oracles: 0.005 by lme4's default tolerances, 0.180 is right
    assert fit_bivariate(data_of("Telomerase"), nodes=1).standard_errors[0] == pytest.approx(
        0.1804506, abs=1e-6
    )
    iaq = expected_of("IAQ")["bivariate"]["binomial_laplace"]["se"]
    np.testing.assert_allclose(
        fit_bivariate(data_of("IAQ"), nodes=1).standard_errors, iaq, rtol=1e-6
    )


def test_normal_model_takes_the_set_mada_refuses():
    data = data_of("smith2011")
    with pytest.raises(DataError, match="zero cells"):
        fit_bivariate(data, "normal")
    fit = fit_bivariate(data, "normal", correction="zero_cells")
    one_armed = fit.rows[fit.rows["contributes"] != "sensitivity and specificity"]
    assert set(one_armed["contributes"]) == {"sensitivity only"}
    assert fit.k == 30


REGRESSIONS = [
    (name, covariate, block)
    for name in NAMES
    for covariate in expected_of(name).get("meta_regression", {})
    for block in ("reml_all", "ml_all", "reml_single", "ml_single")
    if block in expected_of(name)["meta_regression"][covariate]
]


def covariate_data(name, key):
    block = expected_of(name)["meta_regression"][key]
    data = data_of(name)
    data["x"] = data[block["covariate"]]
    if block["factor"]:
        data["x"] = data["x"].astype(str)
    return data, block


@pytest.mark.parametrize(("name", "key", "which"), REGRESSIONS)
def test_normal_meta_regression(name, key, which):
    data, blocks = covariate_data(name, key)
    block = blocks[which]
    estimator, correction = which.split("_")
    fit = fit_bivariate(
        data,
        "normal",
        estimator,
        correction={"all": "all", "single": "zero_cells"}[correction],
        formula="x",
    )
    # mvmeta's default stops at a relative change of 1.5e-8 (reml blocks); ml ran to 1e-15
    tolerance = {"rtol": 1e-4, "atol": 1e-6}
    coefficients = np.array(block["coefficients"]["values"])
    np.testing.assert_allclose(
        fit.coefficients, np.concatenate([coefficients[:, 0], -coefficients[:, 1]]), **tolerance
    )
    signs = np.repeat(FLIP, len(coefficients))
    flip = np.outer(signs, signs)
    np.testing.assert_allclose(fit.covariance, block["vcov"]["values"] * flip, **tolerance)
    np.testing.assert_allclose(
        fit.between_study, block["Psi"]["values"] * np.outer(FLIP, FLIP), **tolerance
    )
    assert fit.parameters == block["df"]
    assert fit.log_likelihood == pytest.approx(block["logLik"], abs=1e-6)
    assert fit.log_likelihood >= block["logLik"] - 1e-9
    assert fit.aic == pytest.approx(block["AIC"], abs=2e-6)
    assert fit.bic == pytest.approx(block["BIC"], abs=2e-6)


@pytest.mark.parametrize(("name", "key"), sorted({(name, key) for name, key, _ in REGRESSIONS}))
def test_likelihood_ratio_tests(name, key):
    data, blocks = covariate_data(name, key)
    for label, correction in (("LRT_ml_all", "all"), ("LRT_ml_single", "zero_cells")):
        if label in blocks:
            options = {"likelihood": "normal", "estimator": "ml", "correction": correction}
            test = compare_fits(
                fit_bivariate(data, **options), fit_bivariate(data, formula=["x"], **options)
            )
            assert test.statistic == pytest.approx(blocks[label]["chisq"], abs=1e-6)
            assert test.df == blocks[label]["df"]
            assert test.p_value == pytest.approx(blocks[label]["p"], rel=1e-6)
    block = blocks["glmer"]
    large = fit_bivariate(data, nodes=1, formula="x")
    test = compare_fits(large, fit_bivariate(data, nodes=1))
    # glmer's own stopping rule leaves 1e-6 of log likelihood
    assert large.log_likelihood == pytest.approx(block["logLik"], abs=2e-6)
    assert test.statistic == pytest.approx(block["LRT"]["chisq"], abs=5e-6)
    assert test.p_value == pytest.approx(block["LRT"]["p"], rel=1e-5)


@pytest.mark.parametrize(("name", "key"), sorted({(name, key) for name, key, _ in REGRESSIONS}))
def test_exact_meta_regression(name, key):
    data, blocks = covariate_data(name, key)
    block = blocks["glmer"]
    fit = fit_bivariate(data, nodes=1, formula="x")
    theirs = {"sens": [], "spec": []}
    errors = {"sens": [], "spec": []}
    for label, value in block["fixef"].items():
        theirs[label[:4]].append(value)
        errors[label[:4]].append(block["se"][label])
    # lme4's default tolerances: its coefficients are good to 1e-4 of a standard error
    np.testing.assert_allclose(fit.coefficients, theirs["sens"] + theirs["spec"], atol=2e-3)
    np.testing.assert_allclose(fit.standard_errors, errors["sens"] + errors["spec"], rtol=2e-3)
    if "glmmTMB" in block:
        peer = block["glmmTMB"]
        assert fit.log_likelihood == pytest.approx(peer["logLik"], abs=1e-6)
        assert fit.log_likelihood >= peer["logLik"] - 1e-8
        values, spreads = list(peer["fixef"].values()), list(peer["se"].values())
        order = [label[:4] for label in peer["fixef"]]
        rank = np.argsort([label == "spec" for label in order], kind="stable")
        np.testing.assert_allclose(fit.coefficients, np.array(values)[rank], atol=2e-4)
        np.testing.assert_allclose(fit.standard_errors, np.array(spreads)[rank], rtol=1e-4)
