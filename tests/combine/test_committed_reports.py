"""The committed studies are those their scripts make, and say what they are said to say."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Independent, RiskModel, calibration, load_patients

ROOT = Path(__file__).resolve().parents[2]


def script(name, place="benchmarks"):
    """Import a script of benchmarks/ or validation/, which are no packages."""
    folder = str(ROOT / "benchmarks")
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location(name, ROOT / place / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(ROOT / "reports" / "patients_dependence.csv")


@pytest.fixture(scope="module")
def simulation():
    pytest.importorskip("joblib")
    return script("simulate_risk", "validation")


def test_committed_patients_table_reproduces_the_published_one(table):
    published = script("patients_table").published_table()
    assert len(published) == 9
    complete = table[table["patients"] == "complete"]
    both = published.merge(complete, on=["target", "model"], suffixes=("_published", ""))
    # 0.02: the folds differ. The committed figures are means of 20 splits.
    for name in ("log_loss", "slope"):
        np.testing.assert_allclose(both[name], both[f"{name}_published"], atol=0.02)


@pytest.mark.parametrize(("sample", "missing"), [("complete", "drop"), ("all", "integrate")])
def test_committed_patients_table_is_recomputed(table, sample, missing):
    patients = load_patients()
    own = table[(table["patients"] == sample) & (table["model"] == "independent")]
    for row in own.itertuples():
        again = calibration.cross_validate(
            patients,
            patients["pain_type"] == row.target,
            models={"independent": Independent()},
            repeats=int(row.repeats),
            missing=missing,
        ).iloc[0]
        columns = ["n", "log_loss", "brier", "slope", "slope_low", "intercept", "slope_spread"]
        # Six decimals are committed.
        np.testing.assert_allclose(
            again[columns].astype(float), [getattr(row, name) for name in columns], atol=1e-6
        )


def test_two_classes_keep_the_marginals(simulation):
    truth = simulation.TRUTHS["two classes"]
    np.testing.assert_allclose(truth.cases @ simulation.TABLE, simulation.SENSITIVITY, rtol=1e-9)
    np.testing.assert_allclose(
        truth.noncases @ simulation.TABLE, simulation.FALSE_POSITIVE, rtol=1e-9
    )


def test_simulated_intervals_are_those_of_the_risk_model(simulation):
    frame = simulation.cohort(simulation.TRUTHS["two classes"], 13, np.random.default_rng(1))
    cases = int(frame["tp"].iloc[0] + frame["fn"].iloc[0])
    patients = int(frame.drop(columns="flag").iloc[0].sum())
    for analysis, options in simulation.ANALYSES.items():
        model = RiskModel.from_frame(
            frame, pretest=f"{cases}/{patients}", draws=simulation.DRAWS, **options
        )
        found = simulation.intervals(frame, analysis)
        for row, pattern in zip(found, simulation.PATTERNS.values(), strict=True):
            named = list(zip(simulation.FLAGS, pattern, strict=True))
            risk = model.risk(
                present=[flag for flag, state in named if state == 1],
                absent=[flag for flag, state in named if state == 0],
            ).posttest
            # The nodes of the integral serve all patterns here and one there.
            np.testing.assert_allclose(
                row, [risk.estimate, risk.ci_low, risk.ci_high], rtol=1e-6, atol=1e-12
            )


def test_simulation_does_not_depend_on_the_number_of_processes(simulation, monkeypatch):
    monkeypatch.setattr(simulation, "TRUTHS", {"independent": simulation.TRUTHS["independent"]})
    monkeypatch.setattr(simulation, "CASES", (13,))
    once = simulation.simulate(3, 1)
    # Threads, because other processes could not import a script.
    with pytest.importorskip("joblib").parallel_config(backend="threading"):
        pd.testing.assert_frame_equal(once, simulation.simulate(3, 2))
    assert once["coverage"].between(0, 1).all()


def test_committed_simulation_covers_where_the_assumption_is_right():
    found = pd.read_csv(ROOT / "reports" / "simulation_risk.csv")
    right = found[
        ((found["truth"] == "independent") & (found["analysis"] == "independent"))
        | ((found["truth"] == "one factor, rho 0.2") & (found["analysis"] == "one-factor, rho 0.2"))
    ]
    assert len(right) == 24
    # 0.95 less four standard errors of 0.015.
    assert right["coverage"].min() > 0.89
    wrong = found[(found["truth"] == "one factor, rho 0.4") & (found["analysis"] == "independent")]
    assert wrong["coverage"].min() < 0.5
