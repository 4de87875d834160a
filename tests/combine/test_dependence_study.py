"""The committed study of dependence: its numbers are those of its tables, its tools are right."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Independent, MixedOneFactor, OneFactor, Shrunken, calibration
from backpain_stats.combine.calibration.logistic import fit_logistic
from backpain_stats.combine.dependence import mixed_factor, shrunken

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def study():
    """Import the scripts of the study."""
    names = ("protocol", "models", "report", "text")
    return {name: importlib.import_module(f"dependence_{name}") for name in names}


@pytest.fixture(scope="module")
def estimates():
    return pd.read_csv(ROOT / "data" / "dependence.csv")


@pytest.fixture(scope="module")
def scores():
    return pd.read_csv(ROOT / "reports" / "dependence.csv")


@pytest.fixture(scope="module")
def made_up(study):
    """Patients whose findings share a factor; one finding is part of another."""
    rng = np.random.default_rng(3)
    outcome = np.repeat([True, False], [80, 160])
    factor = rng.normal(size=(240, 1))
    latent = rng.normal(size=(240, 6)) + 0.7 * factor + 0.9 * outcome[:, None]
    findings = pd.DataFrame(latent > 0.8, columns=list("abcdef")).astype(float)
    findings["g"] = (latent[:, 0] > 1.5).astype(float)
    findings.loc[0, "b"] = np.nan
    findings["rare"] = np.arange(240) < 9
    return study["protocol"].patient_set("made up", findings, pd.Series(outcome))


def test_the_shipped_exponent_is_refitted_from_the_table(study, estimates):
    found = study["models"].exponent_between_sets(
        estimates["exponent"].to_numpy(), estimates["exponent_se"].to_numpy()
    )
    # Two digits are shipped.
    np.testing.assert_allclose(found, [shrunken.EXPONENT, shrunken.SPREAD], atol=0.005)
    assert Shrunken() == Shrunken(shrunken.EXPONENT, shrunken.SPREAD)


def test_the_shipped_correlations_are_refitted_from_the_table(study, estimates):
    for group, shipped in zip(
        ("cases", "noncases"), mixed_factor.learned_correlation_prior(), strict=True
    ):
        found = study["models"].correlation_prior(
            estimates[f"rho_{group}"].to_numpy(), estimates[f"rho_{group}_se"].to_numpy()
        )
        np.testing.assert_allclose(found, shipped, atol=0.005)
    assert MixedOneFactor() == MixedOneFactor(*mixed_factor.learned_correlation_prior())


def test_every_set_has_a_source_and_enough_patients(estimates):
    assert estimates["set"].is_unique
    assert estimates[["what", "origin", "licence"]].notna().all(axis=None)
    assert (np.minimum(estimates["cases"], estimates["complete"] - estimates["cases"]) >= 40).all()


def test_the_rule_chooses_a_power_of_k_eff(study, scores):
    own = scores[scores["analysis"] == "leave one set out"]
    rows = study["report"].verdict(study["report"].summary(own)).set_index("model")
    chosen = rows.index[rows["chosen"]]
    assert len(chosen) == 1
    assert "power k_eff^" in chosen[0]
    assert rows.loc[study["models"].SHIPPED, "honest"]
    assert not rows.loc[study["models"].MULTIPLYING, "honest"]


def test_the_committed_text_is_that_of_the_committed_tables(study, scores, estimates):
    committed = (ROOT / "reports" / "dependence.md").read_text(encoding="utf-8")
    assert study["text"].text_of(scores, estimates) == committed


def test_sets_are_read_by_the_protocol(made_up):
    # "rare" has 9 in the rarer state; the first row lacks a finding.
    assert made_up.findings == tuple("abcdefg")
    assert made_up.present.shape == (239, 7)
    assert made_up.recorded == 240
    assert made_up.usable


def test_shuffling_keeps_the_marginals_and_ends_the_dependence(study, made_up):
    mixed = study["protocol"].shuffled(made_up, np.random.default_rng(1))
    for group in (made_up.outcome, ~made_up.outcome):
        np.testing.assert_array_equal(
            mixed.present[group].sum(axis=0), made_up.present[group].sum(axis=0)
        )
    correlation = np.corrcoef(mixed.present[~made_up.outcome].T)
    # Five standard errors of a correlation of 160 patients, and dependence above it before.
    assert np.abs(correlation[np.triu_indices(7, 1)]).max() < 5 / np.sqrt(160)
    assert np.corrcoef(made_up.present[~made_up.outcome].T)[0, 6] > 5 / np.sqrt(160)


def test_pairs_of_which_one_contains_the_other_are_kept_apart(study, made_up):
    protocol = study["protocol"]
    pairs = protocol.excluding_pairs(made_up.present)
    assert np.argwhere(pairs).tolist() == [[0, 6], [6, 0]]
    for columns in protocol.subsets(7, 3, np.random.default_rng(1), pairs):
        assert not {0, 6} <= set(columns)


@pytest.mark.parametrize("model", [Independent(), OneFactor(0.2, 0.2), Shrunken(0.3)])
def test_cross_validation_equals_that_of_the_package(study, made_up, model):
    """The protocol's folds, marginals and scores against calibration.predictions."""
    protocol, models = study["protocol"], study["models"]
    cell = next(iter(protocol.cells_of(made_up, 1, every=True)))
    ratio = models.pattern_log_ratio(model, cell)
    if isinstance(model, Independent):
        np.testing.assert_allclose(ratio, models.product(cell), rtol=1e-12)
    elif isinstance(model, Shrunken):
        family = models.by_number(models.carried)
        np.testing.assert_allclose(ratio, family(cell, np.array([0.3]))[:, 0], rtol=1e-9)
    slope, intercept = protocol.calibration_lines(cell, ratio[:, None])
    frame = pd.DataFrame(
        {"model": "m", "method": "", "repeat": 0, "fold": cell.fold, "row": range(239),
         "outcome": cell.outcome.astype(int), "log_odds": cell.prior + ratio}
    )  # fmt: skip
    frame["predicted"] = 1 / (1 + np.exp(-frame["log_odds"]))
    own = calibration.scores(frame).iloc[0]
    found = [slope[0], intercept[0], protocol.log_losses(cell, ratio[:, None])[0]]
    # 1e-6: both Newton iterations stop far below.
    np.testing.assert_allclose(found, own[["slope", "intercept", "log_loss"]].astype(float), 1e-6)


def test_a_set_without_dependence_needs_no_exponent(study):
    """Known truth: independent findings, so many patients that ratios are nearly exact."""
    rng = np.random.default_rng(8)
    outcome = np.repeat([True, False], [8000, 24000])
    cases, noncases = np.array([0.6, 0.5, 0.3, 0.8]), np.array([0.2, 0.3, 0.1, 0.5])
    present = rng.random((32000, 4)) < np.where(outcome[:, None], cases, noncases)
    protocol, models = study["protocol"], study["models"]
    patients = protocol.PatientSet("free", tuple("abcd"), present, outcome, 32000)
    exponent, error = models.exponent_of_set(list(protocol.cells_of(patients, 1)))
    assert error < 0.05
    assert abs(exponent) < 4 * error


def test_a_set_of_copies_needs_an_exponent_of_one(study):
    """Known truth: four findings that are one finding four times count as one."""
    rng = np.random.default_rng(9)
    outcome = np.repeat([True, False], [8000, 24000])
    present = rng.random((32000, 1)) < np.where(outcome[:, None], 0.6, 0.2)
    protocol, models = study["protocol"], study["models"]
    patients = protocol.PatientSet("copies", tuple("abcd"), present.repeat(4, axis=1), outcome, 0)
    exponent, error = models.exponent_of_set(list(protocol.cells_of(patients, 1)))
    assert abs(exponent - 1) < max(4 * error, 0.05)


def test_slopes_equal_logistic_regression(study):
    rng = np.random.default_rng(4)
    outcome = rng.random(200) < 0.4
    odds = rng.normal(size=200) + outcome
    protocol = study["protocol"]
    empty = np.empty((0, 0))
    cell = protocol.Cell(
        "x", 1, outcome, np.zeros(200), empty, empty, empty, np.zeros(200, int), empty, empty
    )
    slope, intercept = protocol.calibration_lines(cell, odds[:, None])
    design = np.column_stack([np.ones(200), odds])
    expected = fit_logistic(design, outcome.astype(float)).coefficients[1]
    assert slope[0] == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(intercept[0])
