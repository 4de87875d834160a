"""Several thresholds per study: against diagmeta, the bivariate model and brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import multinomial, norm

from backpain_stats import ArgumentError, DataError, FitError, NotEstimableError, fit_bivariate
from backpain_stats.meta.designs import fit_thresholds
from backpain_stats.meta.designs.logistic_pair import (
    area,
    log_band_ratio,
    log_density_ratio,
    logits,
    optimal_place,
)
from backpain_stats.meta.designs.threshold_data import read_threshold_studies
from backpain_stats.meta.designs.threshold_models import Scale, threshold_model

# R's diagmeta 0.5-1, default model, log threshold, logistic distributions, on FENO.
DIAGMETA = {
    28.2: ((0.584, 0.485, 0.677), (0.809, 0.735, 0.866)),
    25: ((0.632, 0.537, 0.717), (0.755, 0.671, 0.823)),
    50: ((0.349, 0.254, 0.457), (0.950, 0.922, 0.969)),
}


def ends(estimate):
    return [estimate.estimate, estimate.ci_low, estimate.ci_high]


@pytest.fixture(scope="module")
def normal(feno):
    return fit_thresholds(feno, likelihood="normal", transform="log", inconsistent="keep")


@pytest.fixture(scope="module")
def exact(feno):
    return fit_thresholds(feno, inconsistent="drop", nodes=3)


def test_normal_model_gives_the_figures_of_diagmeta(normal):
    best = normal.optimal_threshold().estimate
    assert best == pytest.approx(28.2, abs=0.05)  # printed to one decimal
    for threshold, (sensitivity, specificity) in DIAGMETA.items():
        point = normal.point(best if threshold == 28.2 else threshold)
        # half a unit of the last decimal printed
        np.testing.assert_allclose(ends(point.sensitivity), sensitivity, atol=0.00051)
        np.testing.assert_allclose(ends(point.specificity), specificity, atol=0.00051)
    found = ends(normal.area_under_curve("band"))
    np.testing.assert_allclose(found, [0.734, 0.667, 0.794], atol=0.00051)


@pytest.mark.parametrize(
    ("threshold", "positive", "negative"), [(25, 0.223, 0.949), (50, 0.439, 0.929)]
)
def test_predictive_values_of_diagmeta(normal, threshold, positive, negative):
    point = normal.point(threshold)
    assert point.posttest(0.1).estimate == pytest.approx(positive, abs=0.00051)
    assert 1 - point.posttest(0.1, "negative").estimate == pytest.approx(negative, abs=0.00051)


def test_exact_model_lies_in_the_intervals_of_diagmeta(exact, feno):
    for threshold, pair in DIAGMETA.items():
        point = exact.point(threshold)
        for estimate, (_, low, high) in zip(
            (point.sensitivity, point.specificity), pair, strict=True
        ):
            assert low < estimate.estimate < high
    # the rows set aside explain little of the difference: the normal model without them
    without = fit_thresholds(feno, likelihood="normal", transform="log", inconsistent="drop")
    assert without.point(25).sensitivity.estimate == pytest.approx(0.637, abs=0.001)
    assert exact.point(25).sensitivity.estimate == pytest.approx(0.69, abs=0.01)


def test_rows_that_contradict_their_study_are_named(feno, exact):
    with pytest.raises(
        DataError, match=r"3 rows cannot.*'Schneider 2013', threshold 43: 155 cases"
    ):
        fit_thresholds(feno)
    assert [threshold for _, threshold, _ in exact.studies.set_aside] == [43, 44, 45]
    assert str(exact).count("set aside") == 3


def test_transform_is_chosen_by_the_likelihood(exact):
    values = dict(exact.transform_log_likelihoods)
    assert exact.transform == "log"
    assert values["log"] > values["identity"]
    assert exact.effects == "common_scale"


def test_more_nodes_are_reported_beside(exact):
    nodes, values = zip(*exact.quadrature, strict=True)
    assert nodes == (1, 3, 11)
    assert values[1] == pytest.approx(exact.log_likelihood, abs=1e-9)
    assert 0.01 < abs(values[1] - values[2]) < 0.2
    assert any("do not quite resolve" in note for note in exact.notes)


def test_one_threshold_for_all_studies_is_the_bivariate_model(smoking):
    fit = fit_thresholds(smoking.assign(threshold=7.0))
    bivariate = fit_bivariate(smoking, nodes=21)
    assert fit.log_likelihood == pytest.approx(bivariate.log_likelihood, abs=1e-6)
    point = fit.point(7.0)
    # both optimisers stop within 1e-5 standard errors of the same maximum
    np.testing.assert_allclose(point.mean, bivariate.coefficients, atol=2e-6)
    # the Hessian is exact there, and by central differences here
    np.testing.assert_allclose(point.covariance, bivariate.covariance, rtol=1e-5, atol=1e-9)
    with pytest.raises(NotEstimableError, match="different thresholds"):
        fit.likelihood_ratio(7.0)


def test_one_threshold_each_is_the_bivariate_regression_on_it(audit):
    rng = np.random.default_rng(5)
    threshold = np.exp(rng.normal(size=len(audit)) * 0.3)
    # harder thresholds lose positives, so that the slopes are positive
    data = audit.assign(threshold=threshold)
    for name, other in (("tp", "fn"), ("fp", "tn")):
        total = data[name] + data[other]
        chance = expit(np.log((data[name] + 0.5) / (data[other] + 0.5)) - 1.5 * np.log(threshold))
        data[name] = (total * chance).round().astype(int)
        data[other] = total - data[name]
    fit = fit_thresholds(data, transform="log")
    regression = fit_bivariate(data.assign(g=np.log(threshold)), nodes=21, formula="~ g")
    assert fit.effects == "location"
    assert fit.log_likelihood == pytest.approx(regression.log_likelihood, abs=1e-6)


def small_studies(seed, count=5):
    """Return small studies with one to three thresholds each."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        cuts = np.sort(rng.choice([0.5, 1.0, 1.5, 2.5, 4.0], rng.integers(1, 4), replace=False))
        cases = rng.logistic(1.2 + 0.3 * rng.normal(), 0.5, 12)
        noncases = rng.logistic(0.3 + 0.3 * rng.normal(), 0.4, 15)
        for cut in cuts:
            tp, fp = int((np.exp(cases) > cut).sum()), int((np.exp(noncases) > cut).sum())
            rows.append((f"study {i}", cut, tp, fp, 12 - tp, 15 - fp))
    return pd.DataFrame(rows, columns=["study", "threshold", "tp", "fp", "fn", "tn"])


def model_of(data, effects, nodes, transform="log"):
    studies = read_threshold_studies(data, threshold="threshold", study="study")
    scale = Scale.of(studies, transform)
    return threshold_model(studies, scale, effects, nodes), studies, scale


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize("effects", ["location", "common_scale", "separate_scales"])
def test_gradient_is_the_derivative_of_the_value(effects, nodes):
    model, _, _ = model_of(small_studies(2), effects, nodes)
    rng = np.random.default_rng(1)
    for _ in range(3):
        at = np.array([[1.0, 0.6, -0.5, 0.5, *rng.normal(size=model.width - 4) * 0.4]])
        _, gradient = model.gradient(at)
        steps = 1e-5 * np.eye(model.width)
        up, down = model.gradient(at + steps)[0], model.gradient(at - steps)[0]
        # rounding of a value of about 50 over the step: 1e-9
        np.testing.assert_allclose(gradient[0], (up - down) / 2e-5, atol=2e-7, rtol=1e-7)


def brute_force(studies, scale, parameters, random):
    """Sum multinomial probabilities over a grid of the random effects (trapezoid)."""
    grid = np.linspace(-6, 6, 49)
    size = max(len(random), 1)
    b = np.stack(np.meshgrid(*[grid] * size, indexing="ij"), -1).reshape(-1, size)
    weights = norm.logpdf(b).sum(axis=1) + size * np.log(grid[1] - grid[0])
    root = np.zeros((size, size))
    root[np.tril_indices(size)] = parameters[4:]
    shifts = b @ root.T
    eta = np.tile(parameters[:4], (len(b), 1))
    for column, members in enumerate(random):
        eta[:, list(members)] += shifts[:, [column]]
    total = 0.0
    for number in range(len(studies.names)):
        rows = np.flatnonzero(studies.study == number)
        terms = weights.copy()
        for first, cases in ((0, True), (2, False)):
            positives, negatives = studies.positives_negatives(cases)
            n = positives[rows[0]] + negatives[rows[0]]
            tails = expit(np.exp(eta[:, [first + 1]]) * (eta[:, [first]] - scale.places[rows]))
            one, zero = np.ones((len(b), 1)), np.zeros((len(b), 1))
            cells = -np.diff(np.hstack([one, tails, zero]), axis=1)
            counts = -np.diff([n, *positives[rows], 0])
            terms += multinomial.logpmf(counts, n, cells)
        total += logsumexp(terms)
    return total


@pytest.mark.parametrize("effects", ["location", "common_scale"])
def test_likelihood_against_brute_force(effects):
    random = {"location": ((0,), (2,)), "common_scale": ((0,), (2,), (1, 3))}[effects]
    model, studies, scale = model_of(small_studies(7, 4), effects, 25)
    roots = [0.5, 0.2, 0.4] + [0.1, -0.1, 0.3] * (effects == "common_scale")
    at = np.array([1.1, 0.5, -0.4, 0.8, *roots])
    # 25 nodes on SDs of 0.5 or less resolve the integrals to 1e-7
    assert model.gradient(at[None])[0][0] == pytest.approx(
        brute_force(studies, scale, at, random), abs=1e-6
    )


PARAMETERS = np.array([1.3, 0.2, -0.9, 0.5])


def first_of(pair):
    return pair[0][0], pair[1][0]


def second_of(pair):
    return pair[0][1], pair[1][1]


@pytest.mark.parametrize(
    "quantity",
    [
        lambda x: first_of(logits(x, 0.4)),
        lambda x: second_of(logits(x, 0.4)),
        lambda x: log_density_ratio(x, 0.4),
        lambda x: log_band_ratio(x, -0.3, 0.9),
        lambda x: log_band_ratio(x, -np.inf, 0.9),
        lambda x: log_band_ratio(x, -0.3, np.inf),
        area,
        lambda x: optimal_place(x, -2.0, 2.0, 0.6),
    ],
)
def test_gradients_of_what_follows(quantity):
    steps = 1e-5 * np.eye(4)
    numeric = [(quantity(PARAMETERS + s)[0] - quantity(PARAMETERS - s)[0]) / 2e-5 for s in steps]
    # central differences with a step of 1e-5 are good to 1e-9
    np.testing.assert_allclose(quantity(PARAMETERS)[1], numeric, atol=1e-8)


@pytest.mark.parametrize(("low", "high"), [(-60.0, -59.0), (59.0, 60.0)])
def test_ratio_of_a_band_far_out_is_that_of_its_density(low, high):
    """Both tails are 1 there to double precision, and their difference is not."""
    alike = np.array([1.0, 0.0, -1.0, 0.0])  # equal scales: the ratio is constant far out
    assert log_band_ratio(alike, low, high)[0] == pytest.approx(
        log_density_ratio(alike, (low + high) / 2)[0], abs=1e-9
    )


def test_area_is_the_chance_that_a_case_exceeds_a_non_case():
    rng = np.random.default_rng(3)
    cases, noncases = (
        rng.logistic(PARAMETERS[i], np.exp(-PARAMETERS[i + 1]), 400_000) for i in (0, 2)
    )
    # standard error of 400,000 pairs: below 0.0008
    assert area(PARAMETERS)[0] == pytest.approx((cases > noncases).mean(), abs=0.0025)


def test_values_bands_and_thresholds_agree(exact):
    point = exact.point(30)
    above = exact.likelihood_ratio_of_band(low=30)
    np.testing.assert_allclose(ends(above), ends(point.lr_positive), rtol=1e-12)
    below = exact.likelihood_ratio_of_band(high=30)
    np.testing.assert_allclose(ends(below), ends(point.lr_negative), rtol=1e-12)
    narrow = exact.likelihood_ratio_of_band(29.999, 30.001)
    # a band of relative width 1e-4 around the value
    np.testing.assert_allclose(ends(narrow), ends(exact.likelihood_ratio(30)), rtol=1e-6)
    # the average of the ratio over the non-cases of a band is that of the band
    assert exact.likelihood_ratio(20).estimate < exact.likelihood_ratio_of_band(20, 40).estimate
    assert exact.likelihood_ratio_of_band(20, 40).estimate < exact.likelihood_ratio(40).estimate


def test_optimum_and_curve(exact):
    curve = exact.sroc(201)
    best = exact.optimal_threshold()
    youden = curve["sensitivity"] + curve["specificity"]
    at = exact.point(best.estimate)
    assert at.sensitivity.estimate + at.specificity.estimate >= youden.max()
    assert best.ci_low < best.estimate < best.ci_high
    assert exact.optimal_threshold(0.8).estimate < best.estimate
    assert curve["false_positive_fraction"].is_monotonic_decreasing
    assert (curve["threshold"].iloc[[0, -1]].to_numpy() == exact.observed_range).all()
    at_edge = exact.optimal_threshold(0.999)
    assert np.isnan(at_edge.ci_low)
    assert at_edge.estimate == pytest.approx(5)


def test_other_units_and_the_other_direction():
    data = small_studies(3, 8)
    fit = fit_thresholds(data, transform="identity", effects="location", nodes=3)
    mirrored = data.assign(threshold=-data["threshold"])
    below = fit_thresholds(
        mirrored, transform="identity", effects="location", positive="below", nodes=3
    )
    # the same numbers on the same places: rounding only
    np.testing.assert_allclose(
        ends(below.point(-1.5).lr_positive), ends(fit.point(1.5).lr_positive)
    )
    np.testing.assert_allclose(
        ends(below.likelihood_ratio_of_band(-2.5, -1.0)),
        ends(fit.likelihood_ratio_of_band(1.0, 2.5)),
    )
    assert below.optimal_threshold().ci_low == pytest.approx(-fit.optimal_threshold().ci_high)
    larger = data.assign(threshold=1000 * data["threshold"])
    scaled = fit_thresholds(larger, transform="identity", effects="location", nodes=3)
    np.testing.assert_allclose(ends(scaled.likelihood_ratio(1500)), ends(fit.likelihood_ratio(1.5)))


def test_faces(exact):
    assert "Optimal threshold (Youden)" in str(exact)
    assert "<table>" in exact._repr_html_()
    frame = exact.to_frame()
    assert set(frame["measure"]) == {
        "sensitivity",
        "specificity",
        "lr_positive",
        "lr_negative",
        "odds_ratio",
    }
    assert exact.distributions()["location"].is_monotonic_decreasing


def test_what_cannot_be_used_is_said(feno, exact):
    single = feno.drop_duplicates("study")
    with pytest.raises(ArgumentError, match="from 5 to 100"):
        exact.point(120)
    with pytest.raises(ArgumentError, match="both None"):
        exact.likelihood_ratio_of_band()
    with pytest.raises(ArgumentError, match="low must be below high"):
        exact.likelihood_ratio_of_band(40, 20)
    with pytest.raises(ArgumentError, match=r"keep.*normal"):
        fit_thresholds(feno, inconsistent="keep")
    with pytest.raises(ArgumentError, match="must be positive"):
        fit_thresholds(single.assign(threshold=single["threshold"] - 10), transform="log")
    with pytest.raises(DataError, match="not finite numbers"):
        fit_thresholds(feno.assign(threshold=np.nan))
    with pytest.raises(DataError, match="lacks the column"):
        fit_thresholds(feno, threshold="cutoff")
    with pytest.raises(NotEstimableError, match="0 studies report several thresholds"):
        fit_thresholds(single, effects="common_scale")
    with pytest.raises(NotEstimableError, match="2 studies have cases"):
        fit_thresholds(single.head(2))
    wrong = feno.rename(columns={"tp": "fn", "fn": "tp", "fp": "tn", "tn": "fp"})
    with pytest.raises(DataError, match="easier threshold"):
        fit_thresholds(wrong)
    with pytest.raises(FitError, match="slopes"):
        fit_thresholds(wrong, likelihood="normal", transform="log", inconsistent="keep")
