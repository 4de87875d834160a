"""R's results for public 2x2 data, one item a data set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[1] / "oracles" / "r"
NAMES = sorted(path.stem for path in (FOLDER / "data").glob("*.csv"))
# mada refuses smith2011, which has studies without non-cases.
NAMES_OF_MADA = [name for name in NAMES if name != "smith2011"]


class OracleSet:
    """Counts of one data set and what R makes of each study."""

    def __init__(self, name: str) -> None:
        frame = pd.read_csv(FOLDER / "data" / f"{name}.csv")
        self.counts = frame[["tp", "fp", "fn", "tn"]].astype(int)
        self.cells = self.counts.to_numpy(dtype=float).T
        expected = json.loads((FOLDER / "expected" / f"{name}.json").read_text("utf-8"))
        self.per_study = expected["per_study"]


def numbers(values: list) -> np.ndarray:
    """Return R's numbers as floats; R writes Inf, NA and NaN as text."""
    words = {"Inf": np.inf, "-Inf": -np.inf, "NA": np.nan, "NaN": np.nan, None: np.nan}
    return np.array([words.get(v, v) if not isinstance(v, float) else v for v in values], float)


@pytest.fixture(params=NAMES)
def oracle(request: pytest.FixtureRequest) -> OracleSet:
    return OracleSet(request.param)


@pytest.fixture(params=NAMES_OF_MADA)
def mada_oracle(request: pytest.FixtureRequest) -> OracleSet:
    return OracleSet(request.param)


@pytest.fixture
def r_numbers():
    return numbers
