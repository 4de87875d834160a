"""Other packages' worked examples, number by number, as they print them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backpain_stats import compare_fits, deeks_test, fit_bivariate, pool_univariate

PEERS = Path(__file__).parents[1] / "oracles" / "peers"
COUNTS = pd.read_csv(PEERS / "counts.csv")
EXPECTED = json.loads((PEERS / "expected.json").read_text())


def data_of(name):
    return COUNTS[COUNTS["data"] == name].reset_index(drop=True)


def printed(value, digits):
    """Half a unit of the last printed digit, and a rounding error of the comparison."""
    return pytest.approx(value, abs=0.5001 * 10.0**-digits)


@pytest.mark.parametrize("name", EXPECTED)
def test_exact_fits(name):
    for block_name, nodes in (("binomial_laplace", 1), ("binomial_quadrature_21", 21)):
        block = EXPECTED[name][block_name]
        fit = fit_bivariate(data_of(name), nodes=nodes)
        # glmmTMB and a derivative-free search stop within 1e-5 of the maximum
        np.testing.assert_allclose(fit.coefficients, block["coefficients"], atol=3e-5)
        np.testing.assert_allclose(fit.standard_errors, block["se"], rtol=3e-5)
        between = fit.between_study[[0, 0, 1], [0, 1, 1]]
        np.testing.assert_allclose(between, block["between"], rtol=1e-4, atol=1e-6)
        # glmmTMB stops up to 1e-6 below the maximum
        assert -2e-7 < fit.log_likelihood - block["log_likelihood"] < 1e-6
        assert fit.boundary == block["boundary"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "normal_reml" in EXPECTED[name]])
def test_normal_fits(name):
    block = EXPECTED[name]["normal_reml"]
    fit = fit_bivariate(data_of(name), "normal", correction="zero_cells")
    # mvmeta ran to a relative change of 1e-15
    np.testing.assert_allclose(fit.coefficients, block["coefficients"], rtol=2e-6, atol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, block["se"], rtol=2e-6)
    assert fit.correlation == pytest.approx(block["correlation"], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(block["log_likelihood"], abs=1e-8)


def test_mada_vignette_auditc(audit):
    """mada 0.5.12, vignette: reitsma(AuditC), its AUC, predictive values and DSL odds ratio."""
    fit = fit_bivariate(audit, "normal", correction="all")
    assert fit.coefficients == pytest.approx([2.100, 1.264], abs=5e-4)
    assert fit.standard_errors == pytest.approx([0.338, 0.174], abs=5e-4)
    assert fit.between_study_sd == pytest.approx([1.175, 0.638], abs=5e-4)
    assert (fit.log_likelihood, fit.aic, fit.bic) == (
        printed(31.564, 3), printed(-53.128, 3), printed(-46.467, 3),
    )  # fmt: skip
    # its area is a trapezoid sum over 99 points: .887 printed, .888 by integration
    assert fit.auc(replicates=2).estimate == pytest.approx(0.887, abs=1.5e-3)
    values = fit.predictive_values([0.05, 0.10]).set_index(["measure", "prevalence"])
    for prevalence, ppv in ((0.05, (0.176, 0.146, 0.208)), (0.10, (0.310, 0.266, 0.357))):
        row = values.loc[("ppv", prevalence), ["estimate", "ci_low", "ci_high"]]
        # predv_r prints the mean of samples, the plug-in value is 0.001 away
        np.testing.assert_allclose(row.astype(float), ppv, atol=1.5e-3)
    # predv_d: prevalence from a beta distribution of mean 0.10 and SD 0.05
    spread = 0.1 * 0.9 / 0.05**2 - 1
    drawn = fit.predictive_values(stats.beta(0.1 * spread, 0.9 * spread)).set_index("measure")
    # two Monte Carlo runs of theirs differ in the third digit
    ends = ["expected", "ci_low", "ci_high"]
    np.testing.assert_allclose(
        drawn.loc["ppv", ends].astype(float), (0.297, 0.092, 0.535), atol=4e-3
    )
    np.testing.assert_allclose(
        drawn.loc["npv", ends].astype(float), (0.984, 0.958, 0.997), atol=2e-3
    )
    pooled = pool_univariate(audit, "odds_ratio", "dersimonian_laird", interval="normal",
                             correction="all")  # fmt: skip
    assert pooled.pooled.estimate == printed(26.337, 3)
    assert (pooled.pooled.ci_low, pooled.pooled.ci_high) == (printed(17.971, 3), printed(38.596, 3))
    assert pooled.tau2 == printed(0.311, 3)


def test_mada_vignette_smoking(smoking):
    """mada 0.5.12, vignette: reitsma(smoking1, formula ~ type), and its likelihood-ratio test."""
    fit = fit_bivariate(smoking, "normal", correction="all", formula="type")
    larger, smaller = (
        fit_bivariate(smoking, "normal", "ml", correction="all", formula=formula)
        for formula in ("type", None)
    )
    test = compare_fits(larger, smaller)
    assert (test.statistic, test.df) == (printed(13.25, 2), 2)
    assert test.p_value == printed(0.00133, 5)
    assert smaller.aic == printed(-120.047, 3)
    assert (fit.log_likelihood, fit.aic, fit.bic) == (
        printed(70.721, 3), printed(-127.441, 3), printed(-113.783, 3),
    )  # fmt: skip
    table = fit.coefficient_table().set_index("coefficient")
    assert table.loc["logit_sensitivity:type[T.SAQ]", "estimate"] == printed(-1.166, 3)
    assert table.loc["logit_sensitivity:type[T.SAQ]", "standard_error"] == printed(0.634, 3)
    assert table.loc["logit_specificity:type[T.SAQ]", "estimate"] == printed(-0.882, 3)


def test_handbook_anti_ccp():
    """Cochrane Handbook v2, appendix 5 (by dtametaTMB 0.1.0 and easydta), Laplace."""
    fit = fit_bivariate(data_of("AntiCCP"), nodes=1)
    revman = fit.revman().set_index("parameter")["estimate"]
    for name, value in {
        "E(logitSe)": 0.6534, "E(logitSp)": 3.1090, "SE(E(logitSe))": 0.1275,
        "SE(E(logitSp))": 0.1459, "Var(logitSe)": 0.5426, "Var(logitSp)": 0.5717,
        "Cov(logits)": -0.2704, "Lambda": 3.7307, "Theta": -1.2034, "beta": 0.0261,
        "Var(accuracy)": 0.5731, "Var(threshold)": 0.4137,
    }.items():  # fmt: skip
        assert revman[name] == printed(value, 4), name
    assert -2 * fit.log_likelihood == printed(545.56, 2)


def test_handbook_rheumatoid_factor():
    """Cochrane Handbook v2, HSROC of rheumatoid factor (by dtametaTMB 0.1.0), Laplace."""
    fit = fit_bivariate(data_of("RF"), nodes=1)
    assert -2 * fit.log_likelihood == printed(806.934, 3)
    table = fit.hsroc_table().set_index("parameter")
    for name, value in {"Lambda": 2.6016, "Theta": -0.4370, "beta": 0.2267,
                        "sigma2alpha": 1.3014, "sigma2theta": 0.5423}.items():  # fmt: skip
        assert table.loc[name, "estimate"] == printed(value, 4), name
    for name, value in {"Lambda": 0.186, "Theta": 0.147, "beta": 0.162}.items():
        assert table.loc[name, "standard_error"] == printed(value, 3), name
    point = fit.sensitivity_at(0.867).iloc[0]
    assert point["estimate"] == printed(0.696, 3)
    # its interval is Wald's by the same delta method, the specificity printed to 3 digits
    assert (point["ci_low"], point["ci_high"]) == (
        pytest.approx(0.628, abs=1e-3), pytest.approx(0.756, abs=1e-3),
    )  # fmt: skip


def test_stata_telomerase(telomerase):
    """metadta, metandi and midas on telomerase, the authors' log: the boundary at -1."""
    fit = fit_bivariate(telomerase)
    assert fit.log_likelihood == pytest.approx(-50.3866, abs=2e-4)  # 7 integration points
    assert fit.coefficients == pytest.approx([1.1923, 2.3407], abs=3e-4)
    assert fit.standard_errors == pytest.approx([0.1803, 0.6344], abs=3e-4)
    assert np.diag(fit.between_study) == pytest.approx([0.1830, 3.3133], rel=2e-3)
    test = fit.heterogeneity_test()
    assert test.statistic == printed(104.33, 2)
    assert test.p_value < 1e-4
    shares = fit.heterogeneity().set_index("measure")["estimate"]
    found = [shares[f"i2_{name}"] for name in ("bivariate", "sensitivity", "specificity")]
    # theirs has 0.0001 where the correlation is -0.9999..., at the boundary it is 0
    assert found == pytest.approx([0.0001, 0.5062, 0.6030], abs=3e-4)
    assert fit.sensitivity.ci_low == pytest.approx(0.6982, abs=2e-4)
    assert fit.odds_ratio.estimate == pytest.approx(34.23, abs=0.02)


def test_metadta_guide_iqcode():
    """MetaDTA user guide: IQCODE, all studies and without two, and 1,000 patients."""
    data = pd.read_csv(Path(__file__).parents[1] / "oracles" / "r" / "data" / "IQCODE.csv")
    fit = fit_bivariate(data, nodes=1)
    assert 100 * np.array([fit.sensitivity.estimate, fit.specificity.estimate]) == pytest.approx(
        [90.8, 66.4], abs=0.05
    )
    ends = [fit.sensitivity.ci_low, fit.sensitivity.ci_high]
    ends += [fit.specificity.ci_low, fit.specificity.ci_high]
    # its intervals are glmer's at default tolerances
    assert 100 * np.array(ends) == pytest.approx([85.8, 94.2, 56.3, 75.2], abs=0.15)
    prevalence = 0.52
    positive = 1000 * prevalence * fit.sensitivity.estimate
    false = 1000 * (1 - prevalence) * (1 - fit.specificity.estimate)
    assert [round(positive), round(false)] == [472, 161]


def test_metafor_kearon():
    """metafor and metadat, dat.kearon1998, 14 studies of asymptomatic patients, add to all."""
    data = data_of("kearon1998")
    healthy = data[data["group"] == "asymptomatic"]
    options = {"method": "reml", "interval": "normal", "correction": "all"}
    pooled = pool_univariate(healthy, "odds_ratio", **options)
    assert (pooled.pooled.estimate, pooled.pooled.ci_low, pooled.pooled.ci_high) == (
        printed(20.16, 2), printed(11.92, 2), printed(34.11, 2),
    )  # fmt: skip
    assert (pooled.prediction.ci_low, pooled.tau2) == (printed(4.87, 2), printed(0.4534, 4))
    ill = pool_univariate(data[data["group"] == "symptomatic"], "odds_ratio", **options).pooled
    assert (ill.estimate, ill.ci_low, ill.ci_high) == (
        printed(176.5, 1), printed(84.7, 1), printed(367.9, 1),
    )  # fmt: skip
    test = deeks_test(healthy, correction="all")
    assert (test.t, test.df, test.pvalue) == (printed(-0.118, 3), 12, printed(0.908, 3))
    fit = fit_bivariate(healthy, "normal", correction="all")
    assert fit.coefficients == pytest.approx([-0.04982, 3.00923], abs=5.1e-6)
    assert fit.standard_errors == pytest.approx([0.20274, 0.25823], abs=5.1e-6)
    assert [*fit.between_study_sd**2, fit.correlation] == pytest.approx(
        [0.42311, 0.54081, -0.45470], abs=5.1e-6
    )


def test_copula_dta_telomerase(telomerase):
    """CopulaDTA's vignette (Stan, wide priors): the marginal means average over settings."""
    from backpain_stats import Priors

    wide = Priors(sensitivity_scale=10, specificity_scale=10, sensitivity_sd_scale=3,
                  specificity_sd_scale=3, correlation_shape=0.5)  # fmt: skip
    fit = fit_bivariate(telomerase, inference="bayes", priors=wide, nodes=21)
    # posteriors under priors that are alike, not equal, and their Monte Carlo error
    assert fit.sensitivity.estimate == pytest.approx(0.769, abs=0.01)
    assert fit.specificity.estimate == pytest.approx(0.912, abs=0.01)
    expected = fit.predict().set_index("measure")["expected"]
    assert expected["sensitivity"] == pytest.approx(0.756, abs=0.01)
    assert expected["specificity"] == pytest.approx(0.809, abs=0.02)
