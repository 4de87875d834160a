"""Every pattern at once against one patient at a time."""

import re

import numpy as np
import pandas as pd
import pytest

from backpain_stats import Bounds, Independent, MaximumEntropy, OneFactor, RiskModel
from backpain_stats.combine.risk.all_patterns import IMPOSSIBLE, LARGEST_FLAGS, pattern_ratios
from backpain_stats.errors import ArgumentError, NotEstimableError

COUNTED = pd.DataFrame(
    {
        "flag": ["younger", "older", "lump", "reflex"],
        "tp": [9, 5, 4, 8],
        "fp": [80, 30, 10, 0],
        "fn": [1, 5, 6, 2],
        "tn": [120, 170, 190, 200],
    }
)
KNOWN = pd.DataFrame(
    {"flag": ["first", "second"], "sensitivity": [0.6, 0.5], "specificity": [0.9, 0.8]}
)


def _named(flags: tuple[str, ...], row: int) -> tuple[list[str], list[str]]:
    """Write the row's number in base 3 the long way."""
    states: tuple[list[str], ...] = ([], [], [])
    for flag in flags:
        row, digit = divmod(row, 3)
        states[digit].append(flag)
    return states[1], states[2]


@pytest.mark.parametrize(
    "dependence",
    [Independent(), OneFactor(), OneFactor(0.5, 0.1), MaximumEntropy(), Bounds(), Bounds(True)],
    ids=lambda one: f"{one.name} {one!r}",
)
def test_each_row_is_the_risk_of_that_patient(dependence) -> None:
    model = RiskModel.from_frame(
        COUNTED, 0.02, dependence=dependence, nested=[("younger", "older")], draws=64
    )
    table = pattern_ratios(model)
    rows = np.random.default_rng(4).choice(81, 30, replace=False)
    for row in rows:
        present, absent = _named(table.flags, int(row))
        if int(row) in table.refused:
            with pytest.raises(ArgumentError, match=re.escape(table.refused[int(row)])):
                model.risk(present, absent)
            assert np.isnan([table.lr[row], table.low[row], table.high[row]]).all()
            continue
        risk = model.risk(present, absent)
        found = [table.lr[row], table.low[row], table.high[row]]
        # 1e-8: a ratio near 1 among probabilities summed in another order; the programs of
        # Bounds(non_negative) are good to 1e-10 on probabilities of a few percent.
        np.testing.assert_allclose(
            found, [risk.lr.estimate, risk.lr.ci_low, risk.lr.ci_high], rtol=1e-8
        )
        if table.factors is None:
            assert risk.contributions["factor"].isna().all()
        else:
            named = dict(zip(table.flags, table.factors[row], strict=True))
            shared = [value for value in named.values() if not np.isnan(value)]
            expected = risk.contributions["factor"].dropna()
            np.testing.assert_allclose(sorted(shared), sorted(expected), rtol=1e-8)


def test_the_row_number_is_the_pattern_in_base_three() -> None:
    table = pattern_ratios(RiskModel.from_frame(KNOWN, 0.1, dependence=Independent()))
    assert table.digits.tolist() == [
        *([0, 0], [1, 0], [2, 0]),
        *([0, 1], [1, 1], [2, 1]),
        *([0, 2], [1, 2], [2, 2]),
    ]
    # 0.6/0.1 and 0.4/0.9; 0.5/0.2 and 0.5/0.8.
    first, second = np.array([1, 6, 4 / 9]), np.array([1, 2.5, 0.625])
    np.testing.assert_allclose(table.lr, np.outer(second, first).ravel(), rtol=1e-12)


@pytest.mark.parametrize("dependence", [OneFactor(), Bounds()])
def test_what_nobody_had_is_refused_when_present(dependence) -> None:
    frame = KNOWN.assign(sensitivity=[0.6, 0.0], specificity=[0.9, 1.0])
    model = RiskModel.from_frame(frame, 0.1, dependence=dependence)
    table = pattern_ratios(model)
    # Rows 3 to 5 have the second finding present.
    assert table.refused == dict.fromkeys([3, 4, 5], IMPOSSIBLE)
    assert np.isnan(table.lr[3:6]).all()
    assert np.isnan(table.low[3:6]).all()
    assert np.isfinite(table.low[6:] if table.factors is None else table.lr[6:]).all()


def test_the_library_refuses_it_too() -> None:
    frame = KNOWN.assign(sensitivity=[0.6, 0.0], specificity=[0.9, 1.0])
    with pytest.raises(NotEstimableError, match="second present impossible"):
        RiskModel.from_frame(frame, 0.1).risk(["second"])


def test_figures_taken_as_known_have_no_interval() -> None:
    table = pattern_ratios(RiskModel.from_frame(KNOWN, 0.1))
    assert np.isnan(table.low).all()
    assert np.isnan(table.high).all()
    assert np.isfinite(table.lr).all()


def test_a_prior_on_the_correlation_enters_the_interval() -> None:
    options = {"dependence": OneFactor(), "draws": 64}
    fixed = RiskModel.from_frame(COUNTED.tail(2), 0.02, **options)
    varied = RiskModel.from_frame(COUNTED.tail(2), 0.02, rho_prior=(0, 0.9), **options)
    risk = varied.risk(["lump"], ["reflex"])
    row = 1 + 2 * 3
    table = pattern_ratios(varied)
    assert table.high[row] == pytest.approx(risk.lr.ci_high, rel=1e-8)
    assert table.high[row] != pytest.approx(pattern_ratios(fixed).high[row], rel=1e-3)


def test_contributions_multiply_to_the_combined_ratio(evidence) -> None:
    model = RiskModel(evidence, dependence=OneFactor(), draws=16)
    table = pattern_ratios(model)
    assert table.factors is not None
    together = np.nanprod(table.factors, axis=1)
    np.testing.assert_allclose(together, table.lr, rtol=1e-10)


def test_another_dependence_without_reading_the_evidence_again(evidence) -> None:
    model = RiskModel(evidence, draws=64, dependence=OneFactor(), rho_prior=(0, 0.4))
    other = model.with_dependence(Independent())
    expected = RiskModel(evidence, draws=64, dependence=Independent())
    assert str(other.risk(["age_50"])) == str(expected.risk(["age_50"]))
    assert model.with_dependence(OneFactor(0.3, 0.3)).risk(["age_50"], ["cancer_history"]).lr == (
        RiskModel(evidence, draws=64, dependence=OneFactor(0.3, 0.3), rho_prior=(0, 0.4))
        .risk(["age_50"], ["cancer_history"])
        .lr
    )


def test_too_many_flags_are_refused() -> None:
    size = LARGEST_FLAGS + 1
    frame = pd.DataFrame({"flag": [f"flag{i}" for i in range(size)]})
    frame = frame.assign(sensitivity=0.5, specificity=0.8)
    with pytest.raises(ArgumentError, match=f"the model has {size} flags; {LARGEST_FLAGS} is"):
        pattern_ratios(RiskModel.from_frame(frame, 0.1))
