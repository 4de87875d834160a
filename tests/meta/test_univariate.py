"""Univariate pooling against R's metafor, against statsmodels and against itself."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backpain_stats import pool_univariate
from backpain_stats.errors import ArgumentError, DataError, FitError, NotEstimableError
from backpain_stats.meta.univariate.between_study import (
    between_study_variance,
    generalised_q,
    q_profile,
)
from backpain_stats.meta.univariate.effects import log_ratios

ORACLES = Path(__file__).parents[1] / "oracles" / "r"
SETS = sorted(path.stem for path in (ORACLES / "expected").glob("*.json"))
MEASURES = {"odds_ratio": "logDOR", "lr_positive": "logLRpos", "lr_negative": "logLRneg"}
METHODS = {"dersimonian_laird": "DL_single", "reml": "REML_single"}
# metafor's closed forms and its REML at tightened tolerances: double precision survives
# to about 1e-9; 1e-6 leaves room for metafor's own iteration.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-8}


def read(name):
    expected = json.loads((ORACLES / "expected" / f"{name}.json").read_text())
    return pd.read_csv(ORACLES / "data" / f"{name}.csv"), expected


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("method", METHODS)
def test_equals_metafor(name, method):
    data, expected = read(name)
    for measure, r_name in MEASURES.items():
        block = expected["univariate"][METHODS[method]][r_name]
        # metafor was given every study, those without cases or non-cases included.
        options = {"empty_groups": "correct", "correction": "zero_cells"}
        fit = pool_univariate(data, measure, method, interval="normal", **options)
        ours = [
            fit.log_estimate, fit.log_standard_error, fit.tau2, 100 * fit.i2, fit.q,
            *np.log([fit.pooled.ci_low, fit.pooled.ci_high]),
            *np.log([fit.prediction.ci_low, fit.prediction.ci_high]),
        ]  # fmt: skip
        theirs = [
            block["est"], block["se"], block["tau2"], block["I2"], block["QE"],
            block["ci.lb"], block["ci.ub"], *block["pi"],
        ]  # fmt: skip
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)
        # metafor's confint stops its root search at .Machine$double.eps^0.25 = 1.2e-4.
        np.testing.assert_allclose(
            [fit.tau2_low, fit.tau2_high], block["tau2_ci_Qprofile"], rtol=0, atol=1.3e-4
        )
        np.testing.assert_allclose(fit.q_pvalue, block["QEp"], rtol=1e-5, atol=1e-300)
        hk = pool_univariate(data, measure, method, interval="hartung_knapp", **options)
        np.testing.assert_allclose(
            [hk.log_standard_error, *np.log([hk.pooled.ci_low, hk.pooled.ci_high])],
            [block["hksj"]["se"], block["hksj"]["ci.lb"], block["hksj"]["ci.ub"]],
            **TOLERANCE,
        )


def effects(name, measure):
    rows = log_ratios(read(name)[0], measure, correction="zero_cells").query("used")
    return rows["log_ratio"].to_numpy(), rows["standard_error"].to_numpy() ** 2


@pytest.mark.parametrize("name", SETS)
def test_moment_estimators_agree_with_statsmodels(name):
    from statsmodels.stats.meta_analysis import combine_effects

    for measure in MEASURES:
        y, v = effects(name, measure)
        tau2 = between_study_variance(y, v, "paule_mandel")
        if tau2 > 0:
            assert generalised_q(y, v, tau2) == pytest.approx(len(y) - 1, rel=1e-12)
        moment = combine_effects(y, v, method_re="dl").tau2
        assert between_study_variance(y, v, "dersimonian_laird") == pytest.approx(
            max(0, moment), rel=1e-12
        )
        # statsmodels stops when the equation is met to 1e-5.
        assert tau2 == pytest.approx(combine_effects(y, v, method_re="pm").tau2, abs=1e-5)


@pytest.mark.parametrize("name", SETS)
def test_q_profile_inverts_q(name):
    """At each end Q is the quantile of its chi-squared distribution (or the end is 0)."""
    for measure in MEASURES:
        y, v = effects(name, measure)
        ends = q_profile(y, v, 0.95)
        quantiles = stats.chi2.ppf([0.975, 0.025], len(y) - 1)
        for end, quantile in zip(ends, quantiles, strict=True):
            q = generalised_q(y, v, end)
            assert q == pytest.approx(quantile, rel=1e-10) if end > 0 else q <= quantile


@pytest.mark.parametrize("name", SETS)
def test_reml_is_the_maximum_of_the_restricted_likelihood(name):
    """The restricted likelihood, written with determinants, is nowhere higher."""
    for measure in MEASURES:
        y, v = effects(name, measure)

        def likelihood(tau2, y=y, v=v):
            contrasts = np.diff(np.eye(len(y)), axis=0)
            covariance = contrasts @ np.diag(v + tau2) @ contrasts.T
            return stats.multivariate_normal(cov=covariance).logpdf(contrasts @ y)

        best = likelihood(between_study_variance(y, v, "reml"))
        others = [likelihood(t) for t in np.concatenate([[0], np.geomspace(1e-4, 30, 60)])]
        assert best >= max(others) - 1e-10


def test_mantel_haenszel_equals_published_and_direct_numbers():
    """statsmodels gives the odds ratio; the likelihood ratios are checked by their definition."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    data = read("smith2011")[0].query("tp + fn > 0 and fp + tn > 0")
    tables = [np.array([[r.tp, r.fn], [r.fp, r.tn]]) for r in data.itertuples()]
    fit = pool_univariate(data, "odds_ratio", "mantel_haenszel")
    low, high = StratifiedTable(tables).oddsratio_pooled_confint()
    np.testing.assert_allclose([fit.pooled.ci_low, fit.pooled.ci_high], [low, high], rtol=1e-10)
    total = data.tp + data.fp + data.fn + data.tn
    for measure, a, b in (("lr_positive", data.tp, data.fp), ("lr_negative", data.fn, data.tn)):
        direct = (a * (data.fp + data.tn) / total).sum() / (b * (data.tp + data.fn) / total).sum()
        pooled = pool_univariate(data, measure, "mantel_haenszel")
        assert pooled.pooled.estimate == pytest.approx(direct, rel=1e-12)
        assert np.isnan(pooled.tau2)


def test_mantel_haenszel_of_one_table_twice_is_that_table():
    """Two equal strata give the table's ratio, with half the variance of its log."""
    data = pd.DataFrame(
        {"study": ["A", "B"], "tp": [12, 12], "fp": [9, 9], "fn": [8, 8], "tn": [71, 71]}
    )
    for measure in MEASURES:
        row = log_ratios(data, measure, correction="none").iloc[0]
        fit = pool_univariate(data, measure, "mantel_haenszel", correction="none")
        assert fit.log_estimate == pytest.approx(row.log_ratio, rel=1e-12)
        # Greenland-Robins' variance of equal strata is the delta-method one, halved.
        assert fit.log_standard_error == pytest.approx(row.standard_error / 2**0.5, rel=1e-12)


def test_no_study_vanishes():
    data, _ = read("smith2011")
    fit = pool_univariate(data, "lr_positive")
    assert len(fit.studies) == len(data)
    assert set(fit.studies.query("not used").study) == {"7", "8", "14", "15"}
    assert (fit.studies.query("not used").reason == "no non-cases").all()
    assert fit.studies["weight"].sum() == pytest.approx(1)
    assert "not used: 8 (no non-cases)" in str(fit)
    strict = pool_univariate(data, "lr_positive", correction="none")
    assert strict.studies["used"].sum() < fit.studies["used"].sum()
    assert not strict.studies["corrected"].any()


count = st.integers(1, 60)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(count, count, count, count), min_size=2, max_size=8), st.randoms())
def test_order_and_swapped_groups(rows, random):
    """Row order is irrelevant; calling the test's result its opposite inverts the odds ratio."""
    data = pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn"])
    data["study"] = range(len(data))
    shuffled = data.sample(frac=1, random_state=random.randint(0, 999))
    swapped = data.rename(columns={"tp": "fn", "fn": "tp", "fp": "tn", "tn": "fp"})
    for method in ("dersimonian_laird", "paule_mandel", "reml", "mantel_haenszel"):
        fit = pool_univariate(data, "odds_ratio", method)
        other = pool_univariate(shuffled, "odds_ratio", method)
        mirror = pool_univariate(swapped, "odds_ratio", method)
        # The root of a flat restricted likelihood keeps about half the digits.
        assert other.log_estimate == pytest.approx(fit.log_estimate, rel=1e-6, abs=1e-6)
        assert mirror.log_estimate == pytest.approx(-fit.log_estimate, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"measure": "lr"}, ArgumentError, "allowed"),
        ({"method": "DL"}, ArgumentError, "dersimonian_laird"),
        ({"interval": "wald"}, ArgumentError, "hartung_knapp"),
        ({"correction": "0.5"}, ArgumentError, "zero_cells"),
        ({"level": 95}, ArgumentError, "0.95"),
    ],
)
def test_wrong_options(change, error, words):
    data = pd.DataFrame(
        {"study": ["A", "B"], "tp": [3, 4], "fp": [2, 5], "fn": [1, 2], "tn": [9, 8]}
    )
    with pytest.raises(error, match=words):
        pool_univariate(data, **{"measure": "odds_ratio", **change})


def test_wrong_data():
    data = pd.DataFrame(
        {"study": ["A", "B"], "tp": [3, 4], "fp": [2, 5], "fn": [1, 2], "tn": [9, 8]}
    )
    with pytest.raises(DataError, match="fp"):
        pool_univariate(data.drop(columns="fp"))
    with pytest.raises(DataError, match="no rows"):
        pool_univariate(data.head(0))
    with pytest.raises(FitError, match="two or more"):
        pool_univariate(data.head(1))
    no_cases = data.assign(tp=[3, 0], fn=[1, 0])
    with pytest.raises(FitError, match="no cases"):
        pool_univariate(no_cases)
    with pytest.raises(NotEstimableError, match="0 or infinite"):
        pool_univariate(data.assign(fp=[0, 0]), "lr_positive", "mantel_haenszel")
