"""The committed studies are those their scripts make, and say what they are said to say."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, ndtri

from backpain_stats import Independent, calibration, load_patients

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(ROOT / "reports" / "patients_dependence.csv")


@pytest.fixture(scope="module")
def simulation():
    pytest.importorskip("joblib")
    return importlib.import_module("simulate_risk")


def test_committed_patients_table_reproduces_the_published_one(table):
    published = importlib.import_module("patients_table").published_table()
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


def test_the_true_risk_of_the_simulation_is_that_of_its_patients(simulation):
    """The quadrature of the script against patients drawn as it draws them."""
    rng = np.random.default_rng(1)
    for kind, (cases, noncases, blocks) in simulation.DEPENDENCE.items():
        logits = simulation.practice("much", rng)
        pattern = (1, 1, 0, -1, -1, -1)
        shares = []
        for loading, marginal in ((cases, expit(logits[0])), (noncases, expit(-logits[1]))):
            factor = rng.standard_normal((400_000, 2 if blocks else 1))
            own = factor[:, [0, 0, 0, 1, 1, 1]] if blocks else factor
            latent = np.sqrt(loading) * own
            latent = latent + np.sqrt(1 - loading) * rng.standard_normal((400_000, 6))
            found = latent < ndtri(marginal)
            shares.append(np.mean(found[:, 0] & found[:, 1] & ~found[:, 2]))
        odds = simulation.PRETEST / (1 - simulation.PRETEST) * shares[0] / shares[1]
        truth = simulation.true_risk(logits, kind, pattern)
        # Four standard errors of the rarer share, which is about 0.3%.
        error = 4 / np.sqrt(400_000 * min(shares))
        assert np.log(truth / (1 - truth)) == pytest.approx(np.log(odds), abs=error + 0.02)


def test_the_simulation_draws_what_it_says(simulation):
    rng = np.random.default_rng(2)
    tp = np.array(
        [simulation.patients(simulation.SENSITIVITY, 0.4, True, 200, rng) for _ in range(300)]
    )
    # Five standard errors of a share of 60,000 patients.
    np.testing.assert_allclose(tp.mean(axis=0) / 200, simulation.SENSITIVITY, atol=0.02)
    rounded = simulation.cohort_frame(np.array([4] * 6), np.array([39] * 6), 13, True)
    assert (rounded[["tp", "fn"]].sum(axis=1) == 13).all()
    assert (rounded["tp"] / 13).round(2).tolist() == [round(4 / 13, 2)] * 6


def test_committed_simulation_covers_new_practices(simulation):
    found = pd.read_csv(ROOT / "reports" / "simulation_risk.csv")
    text = (ROOT / "reports" / "simulation_risk.md").read_text(encoding="utf-8")
    table = text[text.index("## All worlds") :]
    again = simulation.markdown(found, int(found["replicates"].iloc[0]), 1)
    assert table == again[again.index("## All worlds") :]
    new = found[(found["analysis"] == "default") & (found["practice"] == "new practice")]
    assert new["coverage"].mean() > 0.93
    multiplied = found[found["analysis"].str.startswith("multiplying")]
    assert multiplied["coverage"].min() < 0.5
