"""Two flags of the same patients: what their agreement does to differences and ratios."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backpain_stats import compare_tests, load_evidence
from backpain_stats.decide.draws import joint_draws
from backpain_stats.decide.paired_flags import Printed, pair_rows, printed_agreement
from backpain_stats.decide.paired_studies import pooled_rows
from backpain_stats.meta.designs import agreement_sensitivity
from backpain_stats.published import TableAccuracy

FIRST, SECOND = (40, 60, 20, 140), (24, 30, 36, 170)
PAIR = frozenset(("first", "second"))


def _accuracy(flag: str, cells: tuple[int, ...], cohort: str = "one") -> TableAccuracy:
    return TableAccuracy(np.array([cells]), {"flag_id": flag, "cohort_id": cohort})


def _rows(printed: Printed | None = None) -> pd.DataFrame:
    both = [_accuracy("first", FIRST), _accuracy("second", SECOND)]
    drawn = joint_draws(both, draws=2**13, seed=1)[:2]
    known = {} if printed is None else {("one", PAIR): printed}
    return pd.DataFrame(pair_rows(both, drawn, known, 0.95)).set_index(["measure", "kind"])


def _dirichlet(both: float, x: int, y: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the two proportions from the posterior of the joint table.

    A quarter in each cell gives either proportion its Jeffreys posterior.
    """
    cells = np.array([both, x - both, y - both, n - x - y + both]) + 0.25
    drawn = np.random.default_rng(seed).dirichlet(cells, 400_000)
    return drawn[:, 0] + drawn[:, 1], drawn[:, 0] + drawn[:, 2]


@pytest.mark.parametrize("agreement", ["independent", "printed", "least", "most"])
def test_intervals_are_those_of_the_joint_posterior(agreement: str) -> None:
    # cases 60 (40 and 24 positive), non-cases 200 (60 and 30 positive)
    cases, noncases = {
        "independent": (40 * 24 / 60, 60 * 30 / 200),
        "printed": (20, 22),
        "least": (4, 0),
        "most": (24, 30),
    }[agreement]
    sensitivity = _dirichlet(cases, 40, 24, 60, 1)
    false_positive = _dirichlet(noncases, 60, 30, 200, 2)
    found = _rows(Printed(20, 22, False, "pair") if agreement == "printed" else None)
    ends = ["ci_low", "ci_high"]
    if agreement == "least":  # negative correlation: the widest
        ends = ["bound_low", "bound_high"]
    exact = {
        ("sensitivity", "difference"): sensitivity[0] - sensitivity[1],
        ("sensitivity", "ratio"): sensitivity[0] / sensitivity[1],
        ("specificity", "difference"): false_positive[1] - false_positive[0],
        ("lr_positive", "ratio"): sensitivity[0]
        / false_positive[0]
        / (sensitivity[1] / false_positive[1]),
    }
    for key, draws in exact.items():
        low, high = np.quantile(draws, [0.025, 0.975])
        if agreement == "most":  # the narrowest: inside the interval, and inside the bounds
            assert found.loc[key, "bound_low"] <= low
            assert found.loc[key, "bound_high"] >= high
            assert high - low < found.loc[key, "ci_high"] - found.loc[key, "ci_low"]
            continue
        # 4% of the width: a Gaussian copula in place of the Dirichlet, and 2**13 draws.
        near = 0.04 * (high - low)
        assert found.loc[key, ends[0]] == pytest.approx(low, abs=near), key
        assert found.loc[key, ends[1]] == pytest.approx(high, abs=near), key


def test_what_is_printed_narrows_and_leaves_no_bound() -> None:
    # Of 60 cases 44 have any: 40 + 24 - 44 = 20 have both; of 200 others 68: 22 have both.
    by_any = _rows(Printed(44, 68, True, "pair"))
    pd.testing.assert_frame_equal(by_any, _rows(Printed(20, 22, False, "pair")))
    assert (by_any["agreement"] == "printed").all()
    assert by_any["method"].str.contains(r"agreement printed \(pair\)").all()
    pd.testing.assert_series_equal(by_any["bound_low"], by_any["ci_low"], check_names=False)
    width = by_any["ci_high"] - by_any["ci_low"]
    free = _rows()
    assert (width < free["ci_high"] - free["ci_low"]).all()


def test_the_evidence_is_asked_for_printed_pairs() -> None:
    evidence = load_evidence()
    assert printed_agreement(evidence) == {}
    rows = evidence.combinations.copy()
    pair = rows.index[rows["combination_id"] == "wood2024_pair"]
    cohort = evidence.cohorts.set_index("cohort_id").loc["wood2024_cauda_equina"]
    cases, n = int(cohort["n_cases"]), int(cohort["n"])
    counts = {"tp": 2, "fp": 3, "fn": cases - 2, "tn": n - cases - 3}
    rows.loc[pair, list(counts)] = list(counts.values())
    others = ["sensitivity", "specificity", "lr_positive", "lr_negative", "ppv", "npv"]
    rows.loc[pair, others] = pd.NA
    found = printed_agreement(replace(evidence, combinations=rows))
    flags = frozenset(("leg_pain_bilateral", "ankle_reflexes_absent_bilateral"))
    assert found == {("wood2024_cauda_equina", flags): Printed(2.0, 3.0, False, "wood2024_pair")}


def test_flags_of_four_cohorts_are_compared_by_the_paired_model() -> None:
    tables = {
        "A": (FIRST, SECOND),
        "B": ((30, 41, 5, 99), (24, 30, 11, 110)),
        "C": ((25, 31, 6, 120), (22, 20, 9, 131)),
        "D": ((18, 20, 4, 80), (15, 15, 7, 85)),
    }
    sets = [
        (
            cohort,
            [
                _accuracy(flag, cells, cohort)
                for flag, cells in zip(("first", "second"), two, strict=True)
            ],
        )
        for cohort, two in tables.items()
    ]
    printed = {("B", PAIR): Printed(22, 20, False, "pair")}
    found = pd.DataFrame(pooled_rows(sets, printed, 0.95)).set_index(["measure", "kind"])
    data = pd.DataFrame(
        [
            (cohort, flag, *cells)
            for cohort, two in tables.items()
            for flag, cells in zip(("first", "second"), two, strict=True)
        ],
        columns=["study", "test", "tp", "fp", "fn", "tn"],
    )
    joint = pd.DataFrame({"study": ["B"], "tp_both": [22], "fp_both": [20]})
    direct = agreement_sensitivity(compare_tests(data), joint)
    direct = direct[direct["agreement"] == "printed"].set_index(["measure", "kind"])
    for column in ("estimate", "ci_low", "ci_high"):
        expected = direct.loc[found.index, column].astype(float)
        np.testing.assert_array_equal(found[column].astype(float), expected)
    assert (found["cohort_id"] == "4 cohorts").all()
    assert (found["bound_high"] >= found["ci_high"]).all()
    assert not list(pooled_rows(sets[:3], printed, 0.95))
