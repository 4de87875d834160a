"""A new likelihood is its own class and one registration, and then is known everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats import fit_bivariate
from backpain_stats.errors import ArgumentError
from backpain_stats.meta import FAMILIES
from backpain_stats.meta.fitting.normal_family import Normal

COUNTS = ["tp", "fp", "fn", "tn"]
STUDIES = pd.DataFrame(
    {
        "study": list("ABCDEFG"),
        "tp": [19, 18, 25, 17, 40, 12, 30],
        "fp": [30, 2, 9, 3, 12, 8, 25],
        "fn": [1, 12, 11, 2, 17, 9, 14],
        "tn": [80, 40, 90, 32, 95, 41, 60],
    }
)


@dataclass(frozen=True, slots=True)
class Doubled(Normal):
    """The toy: every count is taken twice, so that the studies are twice as large."""

    name = "toy"

    def describe(self):
        """Return the likelihood in a few words."""
        return "toy likelihood"

    def observe(self, counts):
        """Return the logits of twice the counts."""
        return Normal.observe(self, 2 * np.asarray(counts))


@pytest.fixture
def toy() -> Iterator[None]:
    """Register the toy for one test."""
    FAMILIES["toy"] = Doubled
    yield
    del FAMILIES["toy"]


def test_a_toy_likelihood_gives_a_fit_and_what_follows(toy) -> None:
    fit = fit_bivariate(STUDIES, likelihood="toy")
    twice = STUDIES.assign(**{name: 2 * STUDIES[name] for name in COUNTS})
    expected = fit_bivariate(twice, likelihood="normal")
    # The same arithmetic on the same numbers.
    np.testing.assert_allclose(fit.coefficients, expected.coefficients, rtol=1e-12)
    np.testing.assert_allclose(fit.covariance, expected.covariance, rtol=1e-9)
    assert fit.lr_positive.estimate == pytest.approx(expected.lr_positive.estimate, rel=1e-12)
    assert "toy likelihood" in str(fit.summary())


def test_the_command_line_takes_it(toy, run, tmp_path: Path) -> None:
    path = tmp_path / "studies.csv"
    STUDIES.to_csv(path, index=False)
    done = run("meta", path, "--likelihood", "toy", "--format", "json")
    assert done.code == 0
    rows = pd.DataFrame(json.loads(done.out))
    printed = rows.loc[rows["measure"] == "lr_positive"].iloc[0]
    fit = fit_bivariate(STUDIES, likelihood="toy")
    assert printed["estimate"] == pytest.approx(fit.lr_positive.estimate, rel=1e-12)


def test_it_is_unknown_when_it_is_not_registered() -> None:
    with pytest.raises(ArgumentError, match="toy"):
        fit_bivariate(STUDIES, likelihood="toy")  # type: ignore[arg-type]
