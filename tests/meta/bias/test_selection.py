"""Selective publication and small-study effects, against R's authors and simulated truths."""

import io

import numpy as np
import pandas as pd
import pytest

import backpain_stats as bps
from backpain_stats.meta.bias.selection_model import SelectionModel

# Catheter segment culture, 33 studies: Zhou, Huang and Hattori 2023, doi 10.1002/sim.9643, the
# authors' file data-IVD.csv (github.com/meta2020/dtametasa-r): study, tp, fn, fp, tn.
CATHETER = """
1,12,0,29,289 2,10,2,14,72 3,17,1,36,85 4,13,0,18,67 5,4,0,21,225 6,15,2,122,403 7,45,5,28,34
8,18,4,69,133 9,5,0,11,34 10,8,9,15,96 11,5,0,7,63 12,11,2,122,610 13,5,1,6,145 14,7,5,25,342
15,10,1,93,296 16,5,5,41,271 17,5,0,15,53 18,55,13,19,913 19,6,2,12,30 20,42,26,19,913 21,5,3,5,37
22,13,0,11,125 23,20,0,24,287 24,7,6,13,72 25,48,2,15,47 26,11,1,14,72 27,15,5,32,170 28,68,13,5,11
29,13,1,5,72 30,8,3,66,323 31,13,1,98,293 32,14,1,0,155 33,8,2,4,60
"""
# The same authors' printed table (TAB-RES-IVD.tex, contrast (0.7, 0.7)), all to two digits:
# share published, sensitivity with interval, specificity with interval, beta.
PRINTED = [
    (1.0, (0.82, 0.76, 0.86), (0.86, 0.82, 0.89), None),
    (0.8, (0.81, 0.75, 0.85), (0.86, 0.82, 0.89), 2.0),
    (0.6, (0.79, 0.73, 0.83), (0.84, 0.80, 0.88), 2.0),
    (0.4, (0.75, 0.68, 0.81), (0.81, 0.75, 0.86), 2.0),
]


@pytest.fixture(scope="module")
def catheter():
    text = "study,tp,fn,fp,tn\n" + "\n".join(CATHETER.split())
    return pd.read_csv(io.StringIO(text))


def test_selection_model_agrees_with_its_authors(catheter):
    fit = bps.fit_bivariate(catheter, "normal", "ml", correction="zero_cells")
    curve = bps.publication_bias(fit, [row[0] for row in PRINTED])
    ends = ["estimate", "ci_low", "ci_high"]
    for name, column in (("sensitivity", 1), ("specificity", 2)):
        printed = np.array([row[column] for row in PRINTED])
        # half a unit of the last printed digit, and what their optimiser leaves
        np.testing.assert_allclose(curve.measure(name)[ends], printed, atol=0.0065)
    beta = curve.measure("sensitivity")["beta"].iloc[1:]
    np.testing.assert_allclose(beta, [row[3] for row in PRINTED[1:]], atol=0.005)


def test_without_selection_the_likelihood_is_the_normal_model(catheter):
    fit = bps.fit_bivariate(catheter, "normal", "ml", correction="zero_cells")
    counts = catheter[["tp", "fp", "fn", "tn"]].to_numpy(dtype=float)
    zero = (counts == 0).any(axis=1)
    tp, fp, fn, tn = np.where(zero[:, None], counts + 0.5, counts).T
    logits = np.stack([np.log(tp / fn), np.log(tn / fp)], axis=1)
    variances = np.stack([1 / tp + 1 / fn, 1 / tn + 1 / fp], axis=1)
    parameters = np.array([[*fit.mean, *fit.root, 0.0]])
    value = SelectionModel(logits, variances, 1.0).log_likelihood(parameters)
    assert value[0] == pytest.approx(fit.log_likelihood_without_jacobian, abs=1e-8)
    # beta of 0 selects regardless of the result: the same whatever the share
    half = SelectionModel(logits, variances, 0.5).log_likelihood(parameters)
    assert half[0] == pytest.approx(value[0], abs=1e-9)


def test_the_density_of_published_studies_integrates_to_one():
    model = SelectionModel(np.array([[1.0, 2.0]]), np.array([[0.2, 0.1]]), 0.4)
    parameters = np.array([[1.2, 1.5, 0.6, -0.3, 0.5, 1.3]])
    grid = np.linspace(-4, 7, 45)
    x, y = np.meshgrid(grid, grid)
    # a single study: b is the share itself, whatever its logits
    logits = np.stack([x.ravel(), y.ravel()], axis=1)
    values = [
        SelectionModel(one[None], model.variances, 0.4).log_likelihood(parameters)[0]
        for one in logits
    ]
    step = (grid[1] - grid[0]) ** 2
    assert np.exp(values).sum() * step == pytest.approx(1.0, abs=2e-3)


def test_selection_model_finds_the_truth_that_selection_hides():
    rng = np.random.default_rng(2)
    mean, share, k = np.array([0.8, 1.4]), 0.4, 1200
    true = mean + rng.standard_normal((k, 2)) @ np.array([[0.6, -0.2], [0.0, 0.5]])
    size = rng.integers(30, 200, (k, 2))
    found = rng.binomial(size, 1 / (1 + np.exp(-true)))
    tp, tn = found.T
    fn, fp = (size - found).T
    a, b, c, d = (one + 0.5 for one in (tp, fp, fn, tn))
    t = np.log(a * d / (b * c)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    order = rng.standard_normal(k) < 1.0 * (t - np.quantile(t, 1 - share))
    data = pd.DataFrame({"study": [f"s{i}" for i in range(k)], "tp": tp, "fp": fp, "fn": fn,
                         "tn": tn})[order].reset_index(drop=True)  # fmt: skip
    fit = bps.fit_bivariate(data, "normal", "ml", correction="zero_cells")
    curve = bps.publication_bias(fit, [1.0, float(order.mean())])
    seen, corrected = curve.measure("sensitivity")["estimate"]
    truth = 1 / (1 + np.exp(-mean[0]))
    assert seen - truth > 0.03
    assert corrected == pytest.approx(truth, abs=0.025)


def test_more_selection_moves_the_ratios_towards_one(catheter):
    curve = bps.publication_bias(catheter)
    assert (curve.measure("lr_positive")["estimate"].diff().dropna() < 1e-6).all()
    assert (curve.measure("lr_negative")["estimate"].diff().dropna() > -1e-6).all()


def test_bivariate_egger_keeps_its_size_and_has_power():
    rng = np.random.default_rng(5)

    def p_values(effect, runs):
        for _ in range(runs):
            size = rng.integers(15, 300, (20, 2))
            logits = rng.multivariate_normal([-0.5, 0.0], [[0.16, -0.05], [-0.05, 0.16]], 20)
            found = rng.binomial(size, 1 / (1 + np.exp(-logits - effect / np.sqrt(size))))
            data = pd.DataFrame({"study": range(20), "tp": found[:, 0], "fn": (size - found)[:, 0],
                                 "tn": found[:, 1], "fp": (size - found)[:, 1]})  # fmt: skip
            yield bps.small_study_test(data, likelihood="normal", correction="zero_cells").p_value

    under_null = np.array(list(p_values(0.0, 20)))
    # 20 tests at 0.1: two expected, at most seven with a probability of 0.999; the chi-square
    # distribution of a likelihood ratio with 20 studies is a little too optimistic
    assert (under_null < 0.1).sum() <= 7
    assert np.median(list(p_values(7.0, 5))) < 0.05


def test_egger_needs_sizes_that_differ():
    data = pd.DataFrame({"study": list("ABCDE"), "tp": [5, 6, 7, 8, 9], "fn": [5, 4, 3, 2, 1],
                         "fp": 1, "tn": 9})  # fmt: skip
    with pytest.raises(bps.NotEstimableError, match="same number"):
        bps.small_study_test(data)
