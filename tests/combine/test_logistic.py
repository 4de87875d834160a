"""Logistic regression against statsmodels and the closed form of one binary finding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from backpain_stats.combine.calibration.logistic import fit_logistic
from backpain_stats.errors import NotEstimableError


def test_plain_fit_agrees_with_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    source = np.random.default_rng(2)
    design = np.column_stack([np.ones(200), source.normal(size=(200, 3))])
    outcome = (source.random(200) < 0.3).astype(float)
    ours, theirs = fit_logistic(design, outcome), sm.Logit(outcome, design).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(ours.covariance, theirs.cov_params(), rtol=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 30)] * 4))
def test_penalty_adds_half_to_each_cell(cells):
    """Firth 1993: Jeffreys' penalty in the saturated 2x2 model is half a patient a cell."""
    tp, fp, fn, tn = cells
    if tp + fp == 0 or fn + tn == 0:
        return
    finding = np.repeat([1.0, 1.0, 0.0, 0.0], cells)
    outcome = np.repeat([1.0, 0.0, 1.0, 0.0], cells)
    fit = fit_logistic(np.column_stack([np.ones_like(finding), finding]), outcome, penalised=True)
    log_ratio = np.log((tp + 0.5) * (tn + 0.5) / ((fp + 0.5) * (fn + 0.5)))
    assert fit.coefficients[1] == pytest.approx(log_ratio, abs=1e-7)


def test_penalised_fit_is_the_maximum_of_its_objective():
    """Brute force: scipy's simplex on the likelihood plus half the log determinant."""
    source = np.random.default_rng(3)
    design = np.column_stack([np.ones(60), source.integers(0, 2, (60, 2)).astype(float)])
    outcome = (source.random(60) < 0.3 + 0.4 * design[:, 1]).astype(float)
    offset = source.normal(0, 0.5, 60)

    def objective(beta):
        linear = design @ beta + offset
        p = expit(linear)
        information = design.T @ (design * (p * (1 - p))[:, None])
        likelihood = outcome @ linear - np.logaddexp(0, linear).sum()
        return -likelihood - np.linalg.slogdet(information)[1] / 2

    best = minimize(
        objective, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    fit = fit_logistic(design, outcome, offset, penalised=True)
    # A flat maximum: the simplex places it to about the root of its tolerance.
    np.testing.assert_allclose(fit.coefficients, best.x, atol=1e-5)


def test_no_maximum_is_said():
    design = np.column_stack([np.ones(6), np.arange(6.0)])
    with pytest.raises(NotEstimableError, match="separates"):
        fit_logistic(design, np.array([0, 0, 0, 1, 1, 1.0]))
    with pytest.raises(NotEstimableError, match="singular"):
        fit_logistic(np.ones((6, 2)), np.array([0, 1, 0, 1, 1, 1.0]))
