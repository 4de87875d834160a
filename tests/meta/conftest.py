"""Data sets shared by the tests of the bivariate model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = Path(__file__).parents[1] / "oracles" / "r" / "data"


@pytest.fixture(scope="session")
def audit():
    return pd.read_csv(DATA / "AuditC.csv")


@pytest.fixture(scope="session")
def telomerase():
    return pd.read_csv(DATA / "Telomerase.csv")


@pytest.fixture(scope="session")
def smoking():
    return pd.read_csv(DATA / "smoking1.csv")


@pytest.fixture(scope="session")
def simulate():
    """Return a function that simulates studies from the model."""

    def simulated(rng, k, *, means=(1.5, 2.0), sds=(0.8, 0.6), correlation=-0.4, size=60):
        b1, b2 = rng.standard_normal((2, k))
        other = correlation * b1 + np.sqrt(1 - correlation**2) * b2
        sensitivity = 1 / (1 + np.exp(-means[0] - sds[0] * b1))
        specificity = 1 / (1 + np.exp(-means[1] - sds[1] * other))
        cases, noncases = rng.integers(1, 2 * size, (2, k))
        tp, tn = rng.binomial(cases, sensitivity), rng.binomial(noncases, specificity)
        return pd.DataFrame(
            {
                "study": [f"study {number}" for number in range(k)],
                "tp": tp,
                "fp": noncases - tn,
                "fn": cases - tp,
                "tn": tn,
            }
        )

    return simulated
