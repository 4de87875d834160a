"""Latent classes, against a published example, simulated truths, and what cannot be identified."""

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps

# Seven pathologists, 118 slides, carcinoma of the uterine cervix (Agresti 2002, p. 542), as R's
# poLCA prints its patterns: 1 absent, 2 present, then the number of slides.
CARCINOMA = """
1111111:34 1111211:2 1211111:6 1211112:1 1211211:4 1211212:5 2111111:2 2121212:1 2211111:2
2211112:1 2211211:2 2211212:7 2211222:1 2212112:1 2212212:2 2212222:3 2221212:13 2221222:5
2222212:10 2222222:16
"""
# What poLCA prints for two classes: log likelihood, deviance, Pearson's X2, share of the class,
# probability of "present" in it and in the other.
LOG_LIKELIHOOD, DEVIANCE, PEARSON, SHARE = -317.2568, 62.36543, 92.64814, 0.5012
PRESENT = (1.0, 0.9831, 0.7609, 0.5411, 0.9786, 0.4227, 1.0)
FALSE = (0.1165, 0.3544, 0.0, 0.0, 0.2229, 0.0, 0.1165)


def test_carcinoma_is_as_r_prints_it():
    rows = [one.split(":") for one in CARCINOMA.split()]
    data = pd.DataFrame([[int(c) - 1 for c in p] + [int(n)] for p, n in rows],
                        columns=[*"ABCDEFG", "slides"])  # fmt: skip
    fit = bps.fit_latent_class(data, list("ABCDEFG"), count="slides")
    assert fit.log_likelihood == pytest.approx(LOG_LIKELIHOOD, abs=5e-5)
    assert fit.g_squared == pytest.approx(DEVIANCE, abs=5e-6)
    assert fit.x_squared == pytest.approx(PEARSON, abs=5e-6)
    assert fit.prevalence == pytest.approx(SHARE, abs=5e-5)
    np.testing.assert_allclose(fit.sensitivity, PRESENT, atol=5e-5)
    np.testing.assert_allclose(1 - fit.specificity, FALSE, atol=5e-5)
    frame = fit.to_frame().set_index(["test", "measure"])
    assert frame.loc[("A", "sensitivity"), "reason_code"] == "boundary"
    assert frame.loc[("B", "sensitivity"), "reason_code"] == ""


def _patients(rng, n, share, sensitivity, specificity):
    case = rng.random(n) < share
    rate = np.where(case[:, None], sensitivity, 1 - np.asarray(specificity))
    return pd.DataFrame((rng.random(rate.shape) < rate).astype(int), columns=list("ABCD"))


def test_simulated_truth_is_covered():
    rng, runs = np.random.default_rng(11), 25
    sensitivity, specificity = np.array([[0.9, 0.8, 0.7, 0.85], [0.95, 0.9, 0.8, 0.85]])
    hits = np.zeros(8)
    for _ in range(runs):
        fit = bps.fit_latent_class(
            _patients(rng, 1500, 0.3, sensitivity, specificity), list("ABCD")
        )
        frame = fit.to_frame().set_index("measure")
        for half, (name, truth) in enumerate(
            (("sensitivity", sensitivity), ("specificity", specificity))
        ):
            rows = frame.loc[name]
            hits[4 * half : 4 * half + 4] += (
                (rows["ci_low"] <= truth) & (truth <= rows["ci_high"])
            ).to_numpy()
    # 200 intervals: 0.95 within four standard errors
    assert abs(hits.mean() / runs - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 200)


def test_what_is_not_identified_is_refused():
    rng = np.random.default_rng(4)
    data = _patients(rng, 500, 0.3, (0.9,) * 4, (0.9,) * 4)
    with pytest.raises(bps.NotEstimableError, match="at least 4"):
        bps.fit_latent_class(data, list("ABC"))
    # two of the four tests know nothing: two pairs of rates for one correlation
    half = data.assign(C=np.arange(500) % 2, D=np.arange(500) // 2 % 2)
    even = half.groupby(list("AB")).head(60)
    balanced = pd.concat([even.assign(C=c, D=d) for c in (0, 1) for d in (0, 1)])
    with pytest.raises(bps.NotEstimableError, match="do not identify"):
        bps.fit_latent_class(balanced, list("ABCD"))
    with pytest.raises(bps.DataError, match="0 or 1"):
        bps.fit_latent_class(data.replace({1: 2}), list("ABCD"))
    with pytest.raises(bps.DataError, match="missing"):
        bps.fit_latent_class(data.astype("Int64").where(data["A"] == 1), list("ABCD"))
