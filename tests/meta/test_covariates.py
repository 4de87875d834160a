"""Covariates: their scale does not matter, transforms work, and a part of a fit is a fit."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from backpain_stats import (
    ArgumentError,
    DataError,
    NotEstimableError,
    UnknownNameError,
    compare_fits,
    compare_points,
    fit_bivariate,
    natural_frequencies,
)
from backpain_stats.meta.after.bootstrap import bootstrap
from backpain_stats.meta.point import MEASURES

NORMAL = {"likelihood": "normal", "correction": "zero_cells"}


def dated(seed, k=12):
    rng = np.random.default_rng(seed)
    cases, noncases = rng.integers(20, 80, k), rng.integers(50, 200, k)
    tp = rng.binomial(cases, expit(rng.normal(1, 0.6, k)))
    tn = rng.binomial(noncases, expit(rng.normal(1.5, 0.6, k)))
    return pd.DataFrame({"study": range(k), "tp": tp, "fp": noncases - tn, "fn": cases - tp,
                         "tn": tn, "year": np.arange(2000, 2000 + k)})  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"nodes": 1}, NORMAL])
@pytest.mark.parametrize("seed", [0, 5, 8, 13])
def test_shift_and_scale_of_a_covariate_do_not_matter(seed, options):
    """The year of publication is one covariate, wherever it is counted from."""
    data = dated(seed)
    plain = fit_bivariate(data, formula="year", **options)
    assert np.all(np.isfinite(plain.standard_errors))
    for formula, factor in (
        ("I(year - 2005)", 1), ("I(year - 1900)", 1), ("I(year * 1000)", 1000),
        ("I(year * 1e-9)", 1e-9), ("I((year - 2005) / 100)", 0.01),
    ):  # fmt: skip
        other = fit_bivariate(data, formula=formula, **options)
        # the same scaled columns up to rounding, so the same steps to the same maximum
        slopes = [1, 3]
        np.testing.assert_allclose(
            other.coefficients[slopes] * factor, plain.coefficients[slopes], rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(
            other.standard_errors[slopes] * factor, plain.standard_errors[slopes], rtol=1e-6
        )
        point, there = plain.at(year=2007), other.at(year=2007)
        np.testing.assert_allclose(point.coefficients, there.coefficients, rtol=1e-6)
        np.testing.assert_allclose(point.covariance, there.covariance, rtol=1e-5)
        if "normal" not in options.values():
            assert other.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)


def test_the_known_case_of_a_year():
    """Centred by hand in an independent fit: slope SE of specificity and sensitivity."""
    data = dated(5)
    by_hand = fit_bivariate(data.assign(x=(data["year"] - 2005.5) / 3.4521), formula="x")
    found = fit_bivariate(data, formula="~ year")
    np.testing.assert_allclose(
        found.standard_errors[[1, 3]], by_hand.standard_errors[[1, 3]] / 3.4521, rtol=1e-6
    )


def test_restricted_likelihood_is_that_of_the_covariates_as_given():
    """log |X'WX| belongs to the scale of X: scaling x by c changes it by -log c per outcome."""
    data = dated(3)
    one, two = (
        fit_bivariate(data, formula=formula, **NORMAL) for formula in ("year", "I(year * 10)")
    )
    assert two.log_likelihood == pytest.approx(one.log_likelihood - 2 * np.log(10), abs=1e-8)


@pytest.mark.parametrize(
    ("formula", "width"),
    [("poly(year, 2)", 3), ("bs(year)", 4), ("bs(year, df=4)", 5), ("C(year > 2005)", 2),
     ("np.log(year)", 2), ("center(year)", 2)],
)  # fmt: skip
def test_transforms_of_a_covariate(formula, width):
    fit = fit_bivariate(dated(5), formula=formula)
    assert fit.design.covariates == ("year",)
    assert len(fit.coefficients) == 2 * width
    assert np.all(np.isfinite(fit.standard_errors))
    assert 0 < fit.at(year=2004).sensitivity.estimate < 1


def test_a_polynomial_is_its_powers():
    data = dated(8)
    one, two = (
        fit_bivariate(data, formula=formula) for formula in ("poly(year, 2)", "year + I(year ** 2)")
    )
    # year and its square are 0.99999 correlated: both fits are made in orthogonal columns
    assert one.log_likelihood == pytest.approx(two.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(
        one.at(year=2003).coefficients, two.at(year=2003).coefficients, rtol=1e-4
    )
    linear = fit_bivariate(data, formula="year")
    assert compare_fits(linear, two).df == compare_fits(linear, one).df == 2


def test_covariates_that_cannot_be_told_from_a_constant():
    data = dated(5).assign(stamp=1e12 + np.arange(12))
    for options in ({}, NORMAL):
        with pytest.raises(DataError, match="subtract a value near its middle"):
            fit_bivariate(data, formula="stamp", **options)
    fit = fit_bivariate(data, formula="I(stamp - 1e12)")
    year = fit_bivariate(data, formula="year")
    assert fit.standard_errors[1] == pytest.approx(year.standard_errors[1], rel=1e-9)


# A part of a fit is a fit


@pytest.fixture(scope="module")
def regression(smoking):
    return fit_bivariate(smoking, nodes=7, formula="type")


@pytest.fixture(scope="module")
def part(regression):
    return regression.at(type="SAQ")


def test_everything_that_works_on_a_fit_works_on_a_part(part, regression, smoking):
    assert type(part) is type(regression)
    assert part.whole is regression
    assert (part.k, part.log_likelihood, part.aic) == (26, regression.log_likelihood,
                                                       regression.aic)  # fmt: skip
    outline = part.region("prediction")
    offset = outline[["logit_sensitivity", "logit_specificity"]].to_numpy() - part.mean
    inverse = np.linalg.inv(part.covariance + part.between_study)
    from scipy import stats

    # two coefficients an outcome: k - 3 degrees of freedom
    distance = np.einsum("ij,jk,ik->i", offset, inverse, offset)
    np.testing.assert_allclose(distance, 2 * stats.f.ppf(0.95, 2, 26 - 3), rtol=1e-9)
    curve = part.sroc()
    height = np.interp(1 - part.specificity.estimate, curve["false_positive_fraction"],
                       curve["sensitivity"])  # fmt: skip
    assert height == pytest.approx(part.sensitivity.estimate, abs=1e-3)
    inside = smoking[smoking["type"] == "SAQ"]
    fractions = inside["fp"] / (inside["fp"] + inside["tn"])
    seen = curve.loc[curve["observed"], "false_positive_fraction"]
    assert (seen.min(), seen.max()) == (
        pytest.approx(fractions.min()), pytest.approx(fractions.max()),
    )  # fmt: skip
    assert part.hsroc.keys().tolist() == ["Theta", "Lambda", "beta", "sigma2theta", "sigma2alpha"]
    pd.testing.assert_frame_equal(part.heterogeneity(), regression.heterogeneity())
    pd.testing.assert_frame_equal(part.predict(0.1), regression.predict(0.1, type="SAQ"))
    table = natural_frequencies(part, 0.1).iloc[0]
    assert table["sensitivity"] == pytest.approx(part.sensitivity.estimate)
    assert part.posttest("10%") == part.posttest(0.1)
    assert part.predictive_values(0.1)["estimate"].iloc[0] == pytest.approx(
        part.posttest(0.1).estimate
    )
    for frame in (part.weights(), part.shrunken(), part.revman(), part.hsroc_table(),
                  part.sensitivity_at([0.5, 0.8]), part.full_covariance()):  # fmt: skip
        assert not frame.empty
    assert "at type = SAQ" in str(part)


def test_bootstrap_and_area_of_a_part(part, regression):
    draws = bootstrap(regression, replicates=20, seed=5)
    assert draws.coefficients.shape == (20, 4)
    area = part.auc(replicates=20, seed=5)
    assert area.ci_low < area.estimate < area.ci_high
    assert part.auc(replicates=5, partial=True).measure == "partial_area"


def test_influence_on_a_part_is_refitting_the_whole(part, smoking):
    table = part.influence().set_index("study")
    for study in (str(smoking["study"].iloc[0]), str(smoking["study"].iloc[20])):
        without = smoking[smoking["study"].astype(str) != study]
        alone = fit_bivariate(without, nodes=7, formula="type").at(type="SAQ")
        for measure in MEASURES:
            assert table.loc[study, measure] == pytest.approx(
                alone.estimate(measure).estimate, rel=1e-4
            )
            # covariances from posterior moments there, from differences here
            assert table.loc[study, f"{measure}_low"] == pytest.approx(
                alone.estimate(measure).ci_low, rel=3e-3
            )
    assert (table["reason"] == "").all()


def test_a_level_with_one_study_is_not_determined_without_it(smoking):
    data = smoking.assign(group=["only"] + ["other"] * (len(smoking) - 1))
    table = fit_bivariate(data, nodes=7, formula="group").at(group="other").influence()
    assert table["reason"].tolist()[0] != ""
    assert (table["reason"].iloc[1:] == "").all()


def test_parts_of_parts_and_groups(part, regression):
    with pytest.raises(ArgumentError, match="already the part of a fit at type = SAQ"):
        part.at(type="IAQ")
    with pytest.raises(NotEstimableError, match="one group"):
        part.subgroups()
    with pytest.raises(ArgumentError, match="compare the whole fits"):
        compare_fits(part, regression)
    plain = fit_bivariate(regression.studies.frame, nodes=5)
    assert plain.at() is plain
    other = regression.at(type="IAQ")
    pd.testing.assert_frame_equal(
        compare_points(part, other), compare_points(part.point, other.point)
    )


@pytest.mark.parametrize("options", [{}, NORMAL, {"effects": "common"}])
def test_a_subset_is_a_fit_of_those_rows(smoking, options):
    fit = fit_bivariate(smoking, **options)
    chosen = smoking["type"] == "SAQ"
    alone = fit_bivariate(smoking[chosen], **options)
    names = smoking.loc[chosen, "study"].astype(str)
    for keep in (names, chosen.to_numpy(), lambda data: data["type"] == "SAQ"):
        part = fit.subset(keep)
        np.testing.assert_array_equal(part.coefficients, alone.coefficients)
        np.testing.assert_array_equal(part.covariance, alone.covariance)
        # no row vanishes
        assert len(part.rows) == len(smoking)
        assert (part.rows.loc[~chosen, "reason"] == "left out of the subset").all()
    assert type(part) is type(fit)
    with pytest.raises(UnknownNameError, match="study 'nobody'"):
        fit.subset(["nobody"])
    with pytest.raises(ArgumentError, match="one each"):
        fit.subset([True, False])


def test_a_subset_of_a_regression_keeps_its_place(regression, smoking):
    part = regression.at(type="SAQ").subset(lambda data: data.index > 1)
    alone = fit_bivariate(smoking.iloc[2:], nodes=7, formula="type").at(type="SAQ")
    assert part.lr_positive.estimate == pytest.approx(alone.lr_positive.estimate, rel=1e-9)
    with pytest.raises(DataError, match="constant"):
        regression.subset(lambda data: data["type"] == "SAQ")


def test_an_arm_left_empty_is_an_arm_that_was_not_studied(audit):
    data = audit.astype({"tp": object, "fn": object})
    data.loc[2, ["tp", "fn"]] = None
    fit = fit_bivariate(data, nodes=7)
    row = fit.rows.iloc[2]
    assert row["contributes"] == "specificity only"
    assert row["reason"] == "tp and fn are empty, read as no cases: informs specificity only"
    zeros = audit.copy()
    zeros.loc[2, ["tp", "fn"]] = 0
    np.testing.assert_array_equal(fit.coefficients, fit_bivariate(zeros, nodes=7).coefficients)
    data.loc[2, ["fp", "tn"]] = None
    with pytest.raises(DataError, match="not counts"):
        fit_bivariate(data)


def test_unknown_options_are_named(audit):
    with pytest.raises(UnknownNameError, match=r"option of fit_bivariate 'corelation'.*correction"):
        fit_bivariate(audit, corelation="zero_cells")
    with pytest.raises(UnknownNameError, match="option of fit_bivariate 'method'"):
        fit_bivariate(audit, inference="bayes", method="reml")
    with pytest.raises(ArgumentError, match="structure='uncorrelated' does not go with"):
        fit_bivariate(audit, inference="bayes", structure="uncorrelated")
    logits = fit_bivariate(audit, nodes=5).mean
    assert logit(fit_bivariate(audit, nodes=5).sensitivity.estimate) == pytest.approx(logits[0])
