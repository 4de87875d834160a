"""Answers that used to be wrong, or about something else, without a word."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import betainc

import backpain_stats as bps
from backpain_stats import (
    ArgumentError,
    DataError,
    NotEstimableError,
    UnknownNameError,
    calibration,
)

FRAME = pd.DataFrame(
    {
        "flag": ["a", "b"], "target": ["malignancy", "fracture"],
        "tp": [7, 8], "fp": [20, 30], "fn": [3, 4], "tn": [100, 200],
    }
)  # fmt: skip


def _studies(seed: int, studies: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cells = {"tp": (5, 30), "fp": (5, 30), "fn": (1, 15), "tn": (40, 200)}
    frame = pd.DataFrame({name: rng.integers(*ends, studies) for name, ends in cells.items()})
    return frame.assign(study=range(studies), year=range(2000, 2000 + studies))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("other", ["~ I(year - 2005)", "~ I(1e-6 * year)", "~ I(1000 * year)"])
def test_standard_errors_do_not_depend_on_where_a_covariate_has_its_zero(seed, other):
    """A year as it is and a year since 2005 are one model, with one z value of the slope."""
    slopes = []
    for formula in ("~ year", other):
        fit = bps.fit_bivariate(_studies(seed), formula=formula)
        error = np.sqrt(np.diag(fit.covariance))[: len(fit.coefficients)]
        slopes.append([fit.coefficients[1] / error[1], fit.coefficients[3] / error[3]])
    # The maximum is found to 1e-6 of a standard error.
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("term", ["poly(year, 2)", "bs(year)"])
def test_splines_and_polynomials_are_terms_like_others(term):
    fit = bps.fit_bivariate(_studies(5), formula=f"~ {term}")
    assert np.isfinite(fit.covariance).all()


def test_a_covariate_that_is_nearly_constant_is_refused():
    frame = _studies(5).assign(year=1e12 + np.arange(12))
    with pytest.raises(DataError, match="subtract a value near its middle"):
        bps.fit_bivariate(frame, formula="~ year", likelihood="normal")


def test_target_and_setting_narrow_a_frame_that_has_them():
    """They were taken for titles: the rows of another disease stayed in."""
    rows = bps.natural_frequencies(FRAME, 0.01, target="fracture", draws=64)
    assert list(rows["flag_id"]) == ["b"]
    found = bps.summary_of_findings(FRAME, 0.01, target="fracture", draws=64)
    assert set(found.frame["flag_id"]) == {"b"}
    assert set(bps.decision_curve(FRAME, 0.01, target="fracture", draws=64)["strategy"]) >= {"b"}


def _call(name: str, given: object, **options: object) -> object:
    asked = {"benefit": 99, "harm": 1} if name == "thresholds" else {}
    place = {"summary_of_findings": "prevalences", "thresholds": "pretest"}.get(name, "prevalence")
    return getattr(bps, name)(given, **{place: 0.01}, **asked, **options)


@pytest.mark.parametrize(
    "name", ["natural_frequencies", "summary_of_findings", "decision_curve", "thresholds"]
)
def test_what_cannot_narrow_the_source_is_refused(name):
    with pytest.raises(ArgumentError, match="without a column setting"):
        _call(name, FRAME, setting="primary_care")
    with pytest.raises(UnknownNameError, match="unknown target"):
        _call(name, FRAME, target="infection")
    with pytest.raises(ArgumentError, match="target is 'fracture'"):
        _call(name, bps.TwoByTwo(tp=7, fp=20, fn=3, tn=100), target="fracture")
    with pytest.raises(ArgumentError, match="indirect"):
        _call(name, FRAME, indirect=True)


def _patients() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    strong = rng.integers(0, 2, 300)
    case = rng.random(300) < np.where(strong == 1, 0.8, 0.1)
    weak = rng.integers(0, 2, 300)
    return pd.DataFrame({"y": case.astype(int), "strong": strong, "weak": weak, "age": range(300)})


def test_a_mistyped_cell_does_not_remove_a_finding():
    """One 2 among 300 cells took the best predictor out of the model."""
    frame = _patients()
    assert calibration.fit_dependence(frame, "y").findings == ("strong", "weak")
    for wrong in (2, "1?", -1):
        spoiled = frame.astype({"strong": object})
        spoiled.loc[7, "strong"] = wrong
        for call in (calibration.cross_validate, calibration.predictions):
            with pytest.raises(DataError, match="strong, row 7"):
                call(spoiled, "y")
        with pytest.raises(DataError, match="strong, row 7"):
            calibration.fit_dependence(spoiled, "y")
    named = calibration.predictions(spoiled, "y", findings=["weak"])
    assert len(named)


def test_findings_in_another_coding_are_refused():
    frame = _patients()
    for coded in (np.where(frame["strong"] == 1, "yes", "no"), frame["strong"] + 1):
        with pytest.raises(DataError, match="strong"):
            calibration.predictions(frame.assign(strong=coded), "y")


@pytest.mark.parametrize(
    "model", [bps.Bounds(), bps.Independent(), bps.OneFactor(), bps.MaximumEntropy()]
)
def test_findings_that_nobody_can_have_are_refused_by_every_model(model):
    """The bounds gave a risk of NaN where the others raise."""
    frame = pd.DataFrame({"flag": ["a"], "sensitivity": [0.0], "specificity": [1.0]})
    with pytest.raises(NotEstimableError, match="impossible among cases and among non-cases"):
        bps.RiskModel.from_frame(frame, 0.1, dependence=model).risk(["a"])


@pytest.mark.parametrize("total", [10**7, 10**8, 10**9 + 1000, 10**12])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_clopper_pearson_of_a_thousand_of_very_many(total, level):
    """SciPy's inverse of Beta(1000, b) is wrong there; its forward function judges the ends."""
    low, high = bps.proportion_interval(1000, total, "clopper_pearson", level)
    assert low < 1000 / total < high
    # To 1e-7 of probability, at which a quantile is taken to be right.
    assert betainc(1000, total - 999, low) == pytest.approx((1 - level) / 2, abs=1e-7)
    assert betainc(1001, total - 1000, high) == pytest.approx((1 + level) / 2, abs=1e-7)


@pytest.mark.parametrize("level", [1e-9, 1e-6, 0.5, 0.95])
@pytest.mark.parametrize("cells", [(10**9, 10**12, 0, 0), (7, 13, 1, 462)])
def test_a_bayesian_interval_has_its_ends_in_order(cells, level):
    estimate, low, high = bps.ratio_interval(*cells, method="bayes", level=level)
    assert low <= estimate <= high


@pytest.mark.parametrize("count", [2**53, 2**53 + 1, 2**63, 2**64 - 1])
def test_a_count_that_no_double_holds_is_refused(count):
    """2**53 + 1 became 2**53, and 2**63 loaded as a negative number."""
    cells = {"tp": count, "fp": 1, "fn": 1, "tn": 1}
    with pytest.raises(ArgumentError, match="not exact"):
        bps.TwoByTwo(**cells)
    with pytest.raises(DataError, match="tp"):
        bps.accuracy(pd.DataFrame([cells]))
