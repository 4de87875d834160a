"""Deeks' funnel test against the R reference and its own definition."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_stats.errors import DataError, FitError
from backpain_stats.meta.univariate.deeks import deeks_test

ORACLES = Path(__file__).parents[1] / "oracles" / "r"
SETS = sorted(path.stem for path in (ORACLES / "expected").glob("*.json"))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("correction", "block"), [("zero_cells", "single"), ("all", "all")])
def test_equals_r(name, correction, block):
    data = pd.read_csv(ORACLES / "data" / f"{name}.csv")
    expected = json.loads((ORACLES / "expected" / f"{name}.json").read_text())["deeks"][block]
    test = deeks_test(data, correction=correction)
    # The same weighted regression in closed form: only rounding differs.
    np.testing.assert_allclose(
        [test.intercept, test.slope.estimate],
        [expected["intercept"], expected["slope"]],
        rtol=1e-6,
    )
    if expected["slope_se"] == "NaN":
        # Four studies of smith2011 have no non-cases and so an effective size of 0;
        # R drops them from the fit, then fails on the standard error.
        assert (~test.studies["used"]).sum() == 4
        assert test.df == expected["df"] - 4
    else:
        np.testing.assert_allclose(
            [test.slope_standard_error, test.t, test.df, test.pvalue],
            [expected["slope_se"], expected["t"], expected["df"], expected["p"]],
            rtol=1e-6,
        )


def test_interval_and_p_value_agree():
    """The 95% interval of the slope leaves out 0 exactly when p is below 0.05."""
    for name in SETS:
        test = deeks_test(pd.read_csv(ORACLES / "data" / f"{name}.csv"))
        outside = test.slope.ci_low > 0 or test.slope.ci_high < 0
        assert outside == (test.pvalue < 0.05)


def test_too_few_or_equal_studies():
    data = pd.DataFrame(
        {"study": list("ABC"), "tp": [3, 4, 5], "fp": [2, 5, 4], "fn": [3, 2, 1], "tn": [8, 5, 6]}
    )
    with pytest.raises(FitError, match="same effective size"):
        deeks_test(data)
    with pytest.raises(FitError, match="three usable"):
        deeks_test(data.head(2))
    with pytest.raises(DataError, match="lacks"):
        deeks_test(data.drop(columns="tn"))
