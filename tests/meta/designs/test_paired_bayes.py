"""Several tests compared under priors."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, multivariate_normal

from backpain_stats import Priors, compare_tests
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.meta.designs.paired_bayes import paired_likelihood, paired_parameters
from backpain_stats.meta.designs.paired_data import read_tested_studies

FEW = pd.DataFrame(
    [
        ("Dewey 2006", "CT", 46, 4, 3, 42),
        ("Pouleur 2008", "CT", 16, 7, 1, 53),
        ("Dewey 2006", "MRI", 42, 2, 7, 39),
        ("Pouleur 2008", "MRI", 17, 17, 0, 43),
    ],
    columns=["study", "test", "tp", "fp", "fn", "tn"],
)


def _simulated(studies: int, seed: int) -> pd.DataFrame:
    """Draw studies that gave two tests; the mean logits are 1.5, 1 and 0.5, 2, the SDs 1.2."""
    rng = np.random.default_rng(seed)
    u = rng.multivariate_normal([0, 0], [[1.4, -0.5], [-0.5, 1.4]], studies)
    rows = []
    for study in range(studies):
        for test, means in (("A", (1.5, 1.0)), ("B", (0.5, 2.0))):
            tp, tn = rng.binomial([60, 120], expit(np.array(means) + u[study]))
            rows.append((f"study {study}", test, tp, 120 - tn, 60 - tp, tn))
    return pd.DataFrame(rows, columns=FEW.columns)


@pytest.fixture(scope="module")
def few():
    return compare_tests(FEW, inference="bayes", effective_size=1000, seed=1)


def test_the_likelihood_is_that_of_a_fine_grid() -> None:
    studies = read_tested_studies(FEW, test="test", study="study")
    u = np.random.default_rng(3).normal(size=(2, 7)) / 2
    found = paired_likelihood(studies, Priors(), 21)(u)
    grid = np.linspace(-12, 12, 801)
    first, second = np.meshgrid(grid, grid, indexing="ij")
    for point, value in zip(u, found, strict=True):
        logits, (spread,) = paired_parameters(point[None], 2, Priors())
        sd1, sd2, rho = spread
        cov = [[sd1**2, rho * sd1 * sd2], [rho * sd1 * sd2, sd2**2]]
        prior = multivariate_normal([0, 0], cov).logpdf(np.stack([first, second], -1))
        expected = 0.0
        for counts in studies.counts:
            terms = prior.copy()
            for (tp, fp, fn, tn), (mean1, mean2) in zip(counts, logits[0], strict=True):
                terms += binom.logpmf(tp, tp + fn, expit(mean1 + grid))[:, None]
                terms += binom.logpmf(tn, tn + fp, expit(mean2 + grid))[None]
            expected += np.log(np.exp(terms).sum() * (grid[1] - grid[0]) ** 2)
        # 1e-6: the trapezoid rule on 801 x 801 points, exact for smooth integrands.
        assert value == pytest.approx(expected, abs=1e-6)


def test_with_many_studies_the_priors_say_little() -> None:
    data = _simulated(20, 5)
    fit = compare_tests(data, inference="bayes", effective_size=400, nodes=5, seed=2)
    moved = fit.prior_influence()
    width = np.log(moved["likelihood_high"] / moved["likelihood_low"])
    # A tenth of the width: the prior of the SDs still pulls at 20 studies.
    assert (np.log(moved["estimate"] / moved["likelihood"]).abs() < 0.1 * width).all()
    assert moved["width_ratio"].between(0.85, 1.3).all()
    by_likelihood = compare_tests(data).differences().set_index(["measure", "kind"])
    for (measure, kind), row in fit.differences().set_index(["measure", "kind"]).iterrows():
        other = by_likelihood.loc[(measure, kind)]
        assert other["ci_low"] < row["estimate"] < other["ci_high"]
    assert fit.contrast("sensitivity", "A", "B", kind="difference").ci_low > 0
    assert fit.contrast("specificity", "A", "B", kind="difference").ci_high < 0


def test_two_studies_have_an_answer_and_say_that_the_likelihood_has_none(few) -> None:
    assert few.likelihood is None
    assert "need at least 4" in few.no_likelihood
    assert few.prior_influence()["likelihood"].isna().all()
    assert few.effective_size >= 1000
    text = str(few)
    assert "The likelihood alone has no estimate" in text
    assert "log-normal(median 1.33" in text
    row = few.differences().query("measure == 'specificity' and kind == 'difference'").iloc[0]
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert row["probability_greater"] > 0.9  # 95 of 106 against 82 of 101, in the same patients
    assert few.between_studies()["measure"].tolist()[-1] == "correlation"


def test_swapping_the_tests_turns_the_answer_round(few) -> None:
    turned = compare_tests(FEW, tests=["MRI", "CT"], inference="bayes", effective_size=1000, seed=8)
    for measure in ("sensitivity", "specificity", "lr_positive"):
        one = few.contrast(measure, "CT", "MRI")
        other = turned.contrast(measure, "MRI", "CT")
        # Two samples of a thousand effective draws: a tenth of the interval's log width.
        near = 0.1 * np.log(one.ci_high / one.ci_low)
        assert np.log(one.estimate) == pytest.approx(-np.log(other.estimate), abs=near)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inference": "bayes", "covariance": "scaled"}, "do not go with inference='bayes'"),
        ({"inference": "bayes", "intervals": "normal"}, "do not go with inference='bayes'"),
        ({"inference": "bayes", "priors": 2}, "priors must be a Priors object"),
        ({"inference": "bayes", "effective_size": 10}, "it must be 400 or more"),
        ({"seed": 1}, "seed: only inference='bayes'"),
        ({"inference": "mcmc"}, "inference is 'mcmc'"),
    ],
)
def test_options_that_do_not_apply_are_refused(options, message) -> None:
    with pytest.raises(ArgumentError, match=message):
        compare_tests(FEW, **options)


def test_a_test_without_cases_is_refused() -> None:
    data = FEW.copy()
    data.loc[data["test"] == "MRI", ["tp", "fn"]] = 0
    with pytest.raises(NotEstimableError, match="no study gave 'MRI' to any cases"):
        compare_tests(data, inference="bayes")
