"""Published counts that the tests of this folder use; their sources: oracles/designs/README.md."""

from pathlib import Path

import pandas as pd
import pytest

DESIGNS = Path(__file__).parents[2] / "oracles" / "designs"


@pytest.fixture(scope="session")
def ct_mri():
    return pd.read_csv(DESIGNS / "ct_mri.csv")


@pytest.fixture(scope="session")
def ascus():
    return pd.read_csv(DESIGNS / "ascus.csv")


@pytest.fixture(scope="session")
def feno():
    return pd.read_csv(DESIGNS / "feno.csv")
