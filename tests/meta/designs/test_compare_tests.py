"""Several tests in the same studies: against lme4, brute force, and the bivariate model."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import binom, norm

from backpain_stats import ArgumentError, DataError, NotEstimableError, fit_bivariate
from backpain_stats.meta.designs import compare_tests
from backpain_stats.meta.designs.cluster_model import ClusterModel, covariance_slopes, fit_model
from backpain_stats.meta.designs.paired_data import read_tested_studies
from backpain_stats.meta.designs.paired_models import COVARIANCES, PairedModels

# R 4.2.2, lme4 1.1-31, glmer, Laplace approximation (nAGQ=1), common covariance.
LME4 = {
    "ct_mri": {
        "log_likelihood": (-53.191, -44.732),
        "statistic": 16.918,
        "p_value": 0.00021,
        "sensitivity": {"CT": (0.945, 0.895, 0.972), "MRI": (0.861, 0.792, 0.910)},
        "specificity": {"CT": (0.861, 0.744, 0.930), "MRI": (0.708, 0.545, 0.831)},
        ("sensitivity", "difference"): (0.084, 0.017, 0.151),
        ("sensitivity", "ratio"): (1.097, 1.017, 1.184),
        ("specificity", "difference"): (0.153, 0.047, 0.259),
        ("specificity", "ratio"): (1.216, 1.043, 1.418),
        "between": (0.072, 0.651, -1),
    },
    "ascus": {
        "log_likelihood": (-237.27, -205.06),
        "statistic": 64.414,
        "p_value": 1.0e-14,
        "sensitivity": {"HC2": (0.924, 0.879, 0.953), "RepC": (0.692, 0.600, 0.772)},
        "specificity": {"HC2": (0.641, 0.591, 0.688), "RepC": (0.641, 0.591, 0.688)},
        ("sensitivity", "difference"): (0.232, 0.158, 0.306),
        ("sensitivity", "ratio"): (1.335, 1.196, 1.489),
        ("specificity", "difference"): (0.000, -0.020, 0.019),
        ("specificity", "ratio"): (1.00, 0.97, 1.03),
        "between": (0.483, 0.310, -0.723),
    },
}


def ends(estimate):
    return [estimate.estimate, estimate.ci_low, estimate.ci_high]


@pytest.fixture(scope="module", params=LME4)
def laplace(request, ct_mri, ascus):
    data = {"ct_mri": ct_mri, "ascus": ascus}[request.param]
    return compare_tests(data, nodes=1, intervals="normal"), LME4[request.param]


def test_laplace_agrees_with_lme4(laplace):
    compared, expected = laplace
    both = compared.equality[0]
    assert both.equal == "sensitivity and specificity"
    # printed to three decimals (ct_mri) or two (ascus): half a unit of the last one
    atol = 0.0006 if len(compared.studies.studies) == 5 else 0.006
    found = [both.log_likelihood, compared.log_likelihood]
    np.testing.assert_allclose(found, expected["log_likelihood"], atol=atol)
    # twice a difference of two log likelihoods, each good to the optimisers' 1e-4 or so
    assert both.statistic == pytest.approx(expected["statistic"], abs=0.002)
    assert both.df == 2
    assert both.p_value == pytest.approx(expected["p_value"], rel=0.05)  # two digits printed


def test_summaries_and_differences_agree_with_lme4(laplace):
    compared, expected = laplace
    # Three decimals are printed. lme4's standard errors come from a finite-difference Hessian
    # of its deviance, which moves an end by up to one unit of the third decimal.
    for measure in ("sensitivity", "specificity"):
        for test, values in expected[measure].items():
            found = ends(compared.point(test).estimate(measure))
            np.testing.assert_allclose(found, values, atol=0.0012)
        for kind in ("difference", "ratio"):
            found = ends(compared.contrast(measure, kind=kind).estimate)
            # two decimals are printed of the ratios of specificities of ascus
            coarse = expected[measure, kind] == (1.00, 0.97, 1.03)
            np.testing.assert_allclose(
                found, expected[measure, kind], atol=0.006 if coarse else 0.0012
            )
    row = compared.between_studies().iloc[0]
    found = [row.sd_sensitivity, row.sd_specificity, row.correlation]
    np.testing.assert_allclose(found, expected["between"], atol=0.001)


def test_more_nodes_converge_and_are_reported_beside(laplace):
    compared, _ = laplace
    nodes, values = zip(*compared.quadrature, strict=True)
    assert nodes == (1, 9, 21, 35)
    assert values[0] == pytest.approx(compared.log_likelihood, abs=1e-10)
    assert abs(values[2] - values[3]) < 1e-9  # resolved
    assert 1e-3 < abs(values[0] - values[3]) < 0.1  # what the Laplace approximation costs


def test_boundary_is_said(ct_mri, ascus):
    compared = compare_tests(ct_mri, nodes=1)
    assert compared.boundary_reason == "a between-study correlation is -1"
    assert "At the boundary" in str(compared)
    assert not compare_tests(ascus, nodes=1).boundary


def test_published_conclusion_and_its_reversal(ct_mri):
    """Rows taken for separate studies lose the difference that pairing shows."""
    paired = compare_tests(ct_mri)
    separate = ct_mri.assign(study=ct_mri["study"] + " " + ct_mri["test"])
    unpaired = compare_tests(separate)
    assert paired.equality[0].p_value < 0.001
    # R's glmer on the same ten rows: 4.69, p 0.096; difference 0.114 (-0.074 to 0.301), by Laplace
    laplace = compare_tests(separate, nodes=1, intervals="normal")
    assert laplace.equality[0].statistic == pytest.approx(4.69, abs=0.006)
    found = ends(laplace.contrast("specificity", kind="difference").estimate)
    np.testing.assert_allclose(found, [0.114, -0.074, 0.301], atol=0.0015)
    assert unpaired.equality[0].p_value > 0.05


def random_tables(seed, studies=6, tests=3):
    """Return small counts of several tests; about a quarter of the tests are not given."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(studies):
        cases, noncases = rng.integers(3, 12, 2)
        shift = rng.normal(size=2) * 0.7
        given = rng.random(tests) < 0.75
        given[rng.integers(tests)] = True
        for t in np.flatnonzero(given):
            tp = rng.binomial(cases, expit(1 + shift[0]))
            tn = rng.binomial(noncases, expit(0.3 * t + shift[1]))
            rows.append((f"study {i}", f"test {t}", tp, noncases - tn, cases - tp, tn))
    return pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])


def model_of(data, covariance, nodes):
    studies = read_tested_studies(data, test="test", study="study")
    models = PairedModels(studies, covariance)
    design = models._unit_design(models.design())
    return ClusterModel(models.likelihood, design, models.effects, nodes), studies


@pytest.mark.parametrize("nodes", [1, 2, 7])
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_gradient_is_the_derivative_of_the_value(covariance, nodes):
    model, _ = model_of(random_tables(3), covariance, nodes)
    rng = np.random.default_rng(8)
    for _ in range(3):
        at = rng.normal(size=(1, model.width)) * 0.7
        _, gradient = model.gradient(at)
        steps = 1e-5 * np.eye(model.width)
        up, down = model.gradient(at + steps)[0], model.gradient(at - steps)[0]
        # central differences of a value of about 50 with a step of 1e-5: 1e-9 of rounding over
        # the step and 1e-10 of curvature; the inner integral of the arm-based model adds 1e-6
        np.testing.assert_allclose(gradient[0], (up - down) / 2e-5, atol=5e-6, rtol=1e-6)


def brute_force(studies, means, root, own=(0.0, 0.0)):
    """Sum the integrand over a grid of the random effects; spectrally accurate (trapezoid)."""
    grid = np.linspace(-6.5, 6.5, 66)
    weight = norm.logpdf(grid) + np.log(grid[1] - grid[0])
    b1, b2 = (x.ravel() for x in np.meshgrid(grid, grid, indexing="ij"))
    weights = np.add.outer(weight, weight).ravel()
    shared = [root[0] * b1, root[1] * b1 + root[2] * b2]
    total = 0.0
    for counts, given in zip(studies.counts, studies.given, strict=True):
        terms = weights.copy()
        for t in np.flatnonzero(given):
            tp, fp, fn, tn = counts[t]
            for j, (y, n) in enumerate(((tp, tp + fn), (tn, tn + fp))):
                eta = means[t][j] + shared[j]
                if own[j] == 0:
                    terms += binom.logpmf(y, n, expit(eta))
                else:
                    inner = binom.logpmf(y, n, expit(eta[:, None] + own[j] * grid)) + weight
                    terms += logsumexp(inner, axis=1)
        total += logsumexp(terms)
    return total


@pytest.mark.parametrize("covariance", ["common", "arm_based"])
def test_likelihood_against_brute_force(covariance):
    data = random_tables(5, studies=3)
    own = (0.6, 0.9) if covariance == "arm_based" else ()
    root = (0.8, -0.3, 0.5)
    model, studies = model_of(data, covariance, 21)
    means = np.array([[1.1, 0.2], [0.4, 0.9], [1.6, -0.4]])[: len(studies.tests)]
    at = np.array([[*means.ravel(), *own, *root]])
    expected = brute_force(studies, means, root, own or (0.0, 0.0))
    # 21 nodes (15 in the inner integral) on SDs below 1 resolve the integrals to 1e-7
    assert model.gradient(at)[0][0] == pytest.approx(expected, abs=1e-6)


def test_scaled_and_arm_based_contain_the_common_model():
    data = random_tables(3)
    common, _ = model_of(data, "common", 9)
    means, root = np.linspace(-0.5, 1.5, 6), np.array([0.8, -0.3, 0.5])
    expected = common.gradient(np.array([[*means, *root]]))[0][0]
    scaled, _ = model_of(data, "scaled", 9)
    found = scaled.gradient(np.array([[*means, *scaled.effects.start(root)]]))[0][0]
    assert found == pytest.approx(expected, abs=1e-10)
    arm_based, _ = model_of(data, "arm_based", 9)
    found = arm_based.gradient(np.array([[*means, 0.0, 0.0, *root]]))[0][0]
    assert found == pytest.approx(expected, abs=1e-10)


def test_separate_covariances_are_separate_bivariate_fits(ascus):
    compared = compare_tests(ascus, covariance="separate", nodes=21)
    total = 0.0
    for test in compared.tests:
        alone = fit_bivariate(ascus[ascus["test"] == test].drop(columns="test"), nodes=21)
        total += alone.log_likelihood
        # two optimisers stop within 1e-5 standard errors of the same maximum
        np.testing.assert_allclose(compared.point(test).mean, alone.coefficients, atol=1e-4)
        np.testing.assert_allclose(compared.point(test).covariance, alone.covariance, rtol=2e-3)
    assert compared.log_likelihood == pytest.approx(total, abs=1e-6)


def test_tests_in_different_studies_are_a_meta_regression(smoking):
    """One test per study: the model is the bivariate one with test as covariate."""
    data = smoking.assign(
        test=["ours", "theirs"] * (len(smoking) // 2) + ["ours"] * (len(smoking) % 2)
    )
    data = data.assign(study=[f"s{i}" for i in range(len(data))])
    compared = compare_tests(data, nodes=21)
    regression = fit_bivariate(data, nodes=21, formula="~ test")
    assert compared.log_likelihood == pytest.approx(regression.log_likelihood, abs=1e-6)


def test_order_of_rows_and_of_tests(ascus):
    compared = compare_tests(ascus, nodes=3)
    shuffled = compare_tests(ascus.sample(frac=1, random_state=4), tests=["RepC", "HC2"], nodes=3)
    there = compared.contrast("lr_positive", "HC2", "RepC")
    back = shuffled.contrast("lr_positive", "RepC", "HC2")
    # the same maximum, found from other starting points
    assert there.estimate.estimate * back.estimate.estimate == pytest.approx(1, rel=1e-5)
    assert there.estimate.ci_low * back.estimate.ci_high == pytest.approx(1, rel=1e-4)
    assert there.p_value == pytest.approx(back.p_value, rel=1e-3)
    assert shuffled.tests == ("RepC", "HC2")


def test_studies_that_gave_one_test_add_to_that_test_only_through_the_model(ascus):
    """Missing arms are allowed, and the counts of what was given are shown."""
    partial = ascus.drop(index=ascus.index[(ascus["test"] == "RepC")][:3])
    compared = compare_tests(partial, nodes=3)
    table = compared.studies.table()
    assert table["tests_in_study"].value_counts().to_dict() == {2: 14, 1: 3}
    assert "10, of which 7 gave all 2 tests" in str(compared)


def test_arm_based_model_where_tests_of_a_study_do_not_move_together(ascus, ct_mri):
    common = compare_tests(ascus, nodes=3)
    assert any("arm_based" in note for note in common.notes)
    assert common.equality[-1].equal == "study effects of the tests"
    compared = compare_tests(ascus, nodes=3, covariance="arm_based")
    assert compared.equality[-1].statistic == pytest.approx(common.equality[-1].statistic, abs=1e-4)
    narrow = common.contrast("specificity", kind="difference").estimate
    wide = compared.contrast("specificity", kind="difference").estimate
    assert wide.ci_high - wide.ci_low > 3 * (narrow.ci_high - narrow.ci_low)
    assert not compare_tests(ct_mri, nodes=3).notes


def test_three_tests_and_ranks():
    data = random_tables(11, studies=9)
    compared = compare_tests(data, nodes=3)
    assert len(compared.differences()) == 3 * 7
    assert set(compared.differences("test 1")["reference"]) == {"test 1"}
    ranks = compared.ranks("lr_negative", draws=2000, seed=1)
    assert ranks["mean_rank"].sum() == pytest.approx(6)
    assert ranks["p_best"].sum() == pytest.approx(1)
    best = compared.accuracy().query("measure == 'lr_negative'").sort_values("estimate").iloc[0]
    assert ranks.sort_values("p_best").iloc[-1]["test"] == best["test"]
    with pytest.raises(ArgumentError, match="name both test and reference"):
        compared.contrast("sensitivity")


def test_faces(ct_mri):
    compared = compare_tests(ct_mri, nodes=1)
    assert "CT - MRI" in str(compared)
    assert "<table>" in compared._repr_html_()
    pd.testing.assert_frame_equal(compared.to_frame(), compared.differences())
    posttest = compared.point("CT").posttest(0.2)
    assert posttest.pretest == 0.2


def test_what_cannot_be_used_is_said(ct_mri):
    with pytest.raises(DataError, match="more than one row of test 'CT' in study 'Kefer 2005'"):
        compare_tests(
            pd.concat([ct_mri, ct_mri[(ct_mri.test == "CT") & (ct_mri.study == "Kefer 2005")]])
        )
    with pytest.raises(ArgumentError, match="needs at least two"):
        compare_tests(ct_mri, tests=["CT"])
    with pytest.raises(ArgumentError, match="'PET'; the data have: CT, MRI"):
        compare_tests(ct_mri, tests=["CT", "PET"])
    with pytest.raises(ArgumentError, match="covariance is 'shared'"):
        compare_tests(ct_mri, covariance="shared")
    with pytest.raises(DataError, match="lacks the column"):
        compare_tests(ct_mri, test="index_test")
    with pytest.raises(NotEstimableError, match="3 studies have cases"):
        compare_tests(ct_mri[ct_mri.study.isin(["Dewey 2006", "Kefer 2005", "Langer 2009"])])
    perfect = ct_mri.assign(fn=ct_mri["fn"].where(ct_mri["test"] != "CT", 0))
    with pytest.raises(NotEstimableError, match=r"sensitivity of 'CT'.*150/150"):
        compare_tests(perfect)
    apart = ct_mri.assign(study=ct_mri["study"] + ct_mri["test"])
    with pytest.raises(NotEstimableError, match="0 studies gave two tests or more"):
        compare_tests(apart, covariance="arm_based")
    with pytest.raises(DataError, match="four zeros"):
        compare_tests(ct_mri.assign(tp=0, fp=0, fn=0, tn=0))
    with pytest.raises(DataError, match="no test name"):
        compare_tests(ct_mri.assign(test=""))


def test_t_intervals_where_the_variance_is_uncertain(ct_mri):
    """Few studies widen what rests on their variance, and leave what does not."""
    wide, plain = compare_tests(ct_mri, nodes=1), compare_tests(ct_mri, nodes=1, intervals="normal")
    gradient = np.eye(4)[1]  # logit specificity of CT
    observations = wide.inference.observations(gradient)
    # the spread of five studies is worth about five observations
    assert 4 < observations < 9
    assert wide.inference.half_width(gradient) > 1.2 * plain.inference.half_width(gradient)
    # a difference of two tests does not rest on the spread of the studies they share
    difference = np.array([0.0, 1.0, 0.0, -1.0])
    ratio = wide.inference.half_width(difference) / plain.inference.half_width(difference)
    assert 1 <= ratio < 1.02
    assert wide.point("CT").posttest(0.3).ci_low < plain.point("CT").posttest(0.3).ci_low
    np.testing.assert_allclose(wide.point("CT").mean, plain.point("CT").mean)


def test_slopes_of_the_covariance_are_its_derivative(ascus):
    """The information of the means, moved along a parameter of the random effects."""
    model, _ = model_of(ascus, "common", 1)
    maximum = fit_model(model, np.array([[2.5, 0.6, 0.8, 0.6, 0.5, -0.2, 0.2]]))
    slopes = covariance_slopes(model, maximum, 4)

    def covariance(step):
        at = maximum.parameters + step * np.eye(7)[5]
        return np.linalg.inv(-model.evaluate(at[None], np.arange(1))[2][0][:4, :4])

    numeric = (covariance(0.01) - covariance(-0.01)) / 0.02
    # a step ten times as large: the error is the third derivative's
    np.testing.assert_allclose(slopes[1], numeric, atol=2e-3 * np.abs(numeric).max())
