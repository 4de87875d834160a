"""Curves and tests of older reviews: R's numbers, statsmodels, and brute force."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.integrate import trapezoid

import backpain_stats as bps


def test_chi_square_tests_are_those_of_mada(audit):
    # mada 0.5.12, madad(AuditC), 0.5 added to every cell: X2 272.4 and 2204.8 on 13 df
    found = bps.homogeneity_tests(audit, correction="all").set_index("test")
    assert found.loc["equal sensitivities", "statistic"] == pytest.approx(272.4, abs=0.05)
    assert found.loc["equal specificities", "statistic"] == pytest.approx(2204.8, abs=0.05)
    assert (found["df"].iloc[:2] == 13).all()
    # its correlation of the two, rho .677, is Pearson's
    pearson = found.loc["Pearson, sensitivity with 1 - specificity", "statistic"]
    assert pearson == pytest.approx(0.677, abs=0.0005)


def test_moses_littenberg_is_the_regression_of_statsmodels(audit):
    cells = audit[["tp", "fp", "fn", "tn"]].to_numpy(dtype=float) + 0.5
    tp, fp, fn, tn = cells.T
    d, s = np.log(tp / fn) - np.log(fp / tn), np.log(tp / fn) + np.log(fp / tn)
    for name, weights in (("equal", None), ("inverse_variance", 1 / (1 / cells).sum(axis=1))):
        theirs = sm.WLS(d, sm.add_constant(s), weights=1.0 if weights is None else weights).fit()
        ours = bps.moses_littenberg(audit, weights=name)
        np.testing.assert_allclose(ours.parameters["estimate"], theirs.params, rtol=1e-10)
        np.testing.assert_allclose(
            ours.parameters[["ci_low", "ci_high"]], theirs.conf_int(), rtol=1e-9
        )
        a, b = theirs.params
        false = np.array([0.05, 0.2])
        logit = (a + (1 + b) * np.log(false / (1 - false))) / (1 - b)
        np.testing.assert_allclose(ours.sensitivity_at(false), 1 / (1 + np.exp(-logit)))


def test_weighted_youden_studies_choose_what_their_curves_say(audit):
    # at its own threshold, the weighted Youden index of a study's curve is the highest there is
    weight = 0.6
    tp, fp, fn, tn = audit[["tp", "fp", "fn", "tn"]].to_numpy(dtype=float).T
    keep = (tp > 0) & (fn > 0) & (fp > 0) & (tn > 0)
    fine = np.linspace(1e-4, 1 - 1e-4, 200_001)
    for row in np.flatnonzero(keep)[:4]:
        one = audit.iloc[[row]].reset_index(drop=True)
        three = pd.concat([one, one, one]).assign(study=list("ABC"))
        curve = bps.weighted_youden(three, weight=weight)  # of three equal studies: theirs
        index = weight * curve.sensitivity_at(fine) + (1 - weight) * (1 - fine)
        false = fp[row] / (fp[row] + tn[row])
        assert fine[np.argmax(index)] == pytest.approx(false, abs=1e-4)
        assert curve.sensitivity_at(false) == pytest.approx(tp[row] / (tp[row] + fn[row]))


def test_weighted_youden_default_has_slope_one_at_the_summary(audit):
    found = bps.weighted_youden(audit).parameters.set_index("parameter")["estimate"]
    fit = bps.fit_bivariate(audit, "normal", correction="zero_cells")
    se, sp = fit.sensitivity.estimate, fit.specificity.estimate
    slope = (1 - found["lambda"]) / found["lambda"] * sp * (1 - sp) / (se * (1 - se))
    assert slope == pytest.approx(1.0, abs=1e-10)


def test_proportional_hazards_has_the_highest_likelihood_of_a_fine_grid(audit):
    curve = bps.proportional_hazards(audit)
    theta, tau2, area = curve.parameters["estimate"]
    counts = audit[["tp", "fp", "fn", "tn"]].to_numpy(dtype=float)
    zero = (counts == 0).any(axis=1)
    tp, fp, fn, tn = np.where(zero[:, None], counts + 0.5, counts).T
    w = np.log(fp / (fp + tn))
    each = np.log(tp / (tp + fn)) / w
    x, y = np.meshgrid(np.linspace(0.3, 2, 401) * theta, np.linspace(0.1, 4, 401) * tau2)
    variance = (
        y[..., None]
        + (1 / tp - 1 / (tp + fn) + x[..., None] ** 2 * (1 / fp - 1 / (fp + tn))) / w**2
    )
    value = -0.5 * (np.log(variance) + (each - x[..., None]) ** 2 / variance).sum(axis=2)
    best = np.unravel_index(np.argmax(value), value.shape)
    # within a step of the grid
    assert theta == pytest.approx(x[best], rel=0.005)
    assert tau2 == pytest.approx(y[best], rel=0.015)
    fine = np.linspace(0, 1, 100_001)
    assert area == pytest.approx(trapezoid(curve.sensitivity_at(fine), fine), abs=1e-4)
    assert curve.area == pytest.approx(area)


def test_curves_have_the_columns_of_the_hierarchical_one(audit):
    own = bps.fit_bivariate(audit).sroc()
    for curve in (
        bps.moses_littenberg(audit), bps.weighted_youden(audit), bps.proportional_hazards(audit)
    ):  # fmt: skip
        frame = curve.sroc()
        assert list(frame.columns) == list(own.columns)
        assert frame["sensitivity"].is_monotonic_increasing
        assert curve.method in str(curve)


def test_what_has_no_logit_is_refused():
    data = pd.DataFrame({"study": list("ABC"), "tp": [5, 6, 7], "fn": [0, 4, 3],
                         "fp": [1, 2, 3], "tn": [9, 8, 7]})  # fmt: skip
    with pytest.raises(bps.NotEstimableError, match="choose a correction"):
        bps.moses_littenberg(data, correction="none")
    with pytest.raises(bps.NotEstimableError, match="at least 3"):
        bps.moses_littenberg(data.iloc[:2])
