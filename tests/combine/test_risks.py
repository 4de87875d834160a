"""Many patients at once against one patient at a time."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from backpain_stats import (
    Bounds,
    Independent,
    MaximumEntropy,
    MixedOneFactor,
    OneFactor,
    RiskModel,
    Shrunken,
)
from backpain_stats.combine.risk import pattern_risks as module
from backpain_stats.combine.risk.pattern_risks import IMPOSSIBLE
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError, UnknownNameError

COUNTS = pd.DataFrame(
    {
        "flag": ["younger", "older", "lump", "reflex"],
        "tp": [9, 5, 4, 8],
        "fp": [80, 30, 10, 0],
        "fn": [1, 5, 6, 2],
        "tn": [120, 170, 190, 200],
    }
)
NESTED = [("younger", "older")]
KNOWN = pd.DataFrame(
    {"flag": ["first", "second"], "sensitivity": [0.6, 0.5], "specificity": [0.9, 0.8]}
)
COLUMNS = [
    *("present", "absent", "lr", "lr_low", "lr_high", "pretest", "posttest"),
    *("ci_low", "ci_high", "ci_level", "method"),
]


def _patients(model: RiskModel, count: int, seed: int = 3) -> pd.DataFrame:
    """Draw patients; nobody has the more demanding threshold without the other."""
    rng = np.random.default_rng(seed)
    flags = list(model.entries.flags)
    frame = pd.DataFrame(rng.choice([0.0, 1.0, np.nan], (count, len(flags))), columns=flags)
    if "older" in flags:
        frame.loc[frame["younger"] == 0, "older"] = 0
    return frame.set_axis([f"patient {number}" for number in range(count)], axis=0)


@pytest.mark.parametrize(
    "dependence",
    [
        *(Independent(), OneFactor(), OneFactor(0.5, 0.1), OneFactor(rho_prior=(0, 0.5))),
        *(MaximumEntropy(), Shrunken(), MixedOneFactor(), Bounds()),
    ],
    ids=repr,
)
def test_each_row_is_the_risk_of_that_patient(dependence) -> None:
    model = RiskModel.from_frame(COUNTS, "21/6622", dependence=dependence, nested=NESTED, draws=32)
    # More patterns than complete ones, so that sums over these are taken; and few, so that not.
    for count in (40, 4):
        patients = _patients(model, count)
        found = model.risks(patients, level=0.9)
        assert found.columns.tolist() == COLUMNS
        assert found.index.equals(patients.index)
        for name, row in patients.head(4).iterrows():
            risk = model.risk(row.index[row == 1], row.index[row == 0], level=0.9)
            expected = risk.to_frame().iloc[0].rename({"estimate": "posttest"})
            words = ["present", "absent", "method"]
            assert found.loc[name, words].tolist() == expected[words].tolist()
            numbers = [column for column in COLUMNS if column not in words]
            # 1e-8: another order of summing.
            np.testing.assert_allclose(
                found.loc[name, numbers].astype(float), expected[numbers].astype(float), rtol=1e-8
            )


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model = RiskModel.from_frame(COUNTS, 0.02, nested=NESTED, draws=64)
    patients = _patients(model, 200)
    whole = model.risks(patients)
    monkeypatch.setattr(module, "BLOCK", 64 * 5)
    # The nodes of the integral serve the patterns of a block: equal to 1e-9.
    pd.testing.assert_frame_equal(model.risks(patients), whole, rtol=1e-9)


def test_memory_does_not_grow_with_the_patients() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"flag": [f"f{place}" for place in range(6)]}).assign(
        tp=rng.integers(20, 50, 6), fp=rng.integers(50, 300, 6)
    )
    frame = frame.assign(fn=60 - frame["tp"], tn=900 - frame["fp"])
    model = RiskModel.from_frame(frame, "60/960")
    patients = _patients(model, 10_000)
    assert model.posterior.marginals.draws == 4096
    tracemalloc.start()
    found = model.risks(patients)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 10_000
    # All 729 patterns at once would take 24 MB for each of a dozen arrays.
    assert peak < 200e6


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None],
        pd.array([True, False, pd.NA], dtype="boolean"),
        pd.array([1, 0, pd.NA], dtype="Int64"),
        np.array([1.0, 0.0, np.nan]),
        ["1", "0", None],
        pd.Categorical([1, 0, None]),
    ],
    ids=lambda one: str(getattr(one, "dtype", type(one).__name__)),
)
def test_findings_may_come_in_any_dtype(values) -> None:
    model = RiskModel.from_frame(KNOWN, 0.1, dependence=Independent())
    found = model.risks(pd.DataFrame({"first": values}))
    # 0.6 / 0.1, 0.4 / 0.9, and nothing assessed.
    np.testing.assert_allclose(found["lr"], [6, 4 / 9, 1], rtol=1e-12)
    assert found["present"].tolist() == ["first", "", ""]
    assert found["absent"].tolist() == ["", "first", ""]


def test_nobody_gives_an_empty_frame_and_no_columns_the_pretest() -> None:
    model = RiskModel.from_frame(KNOWN, 0.1)
    empty = model.risks(pd.DataFrame({"first": []}))
    full = model.risks(pd.DataFrame({"first": [1]}))
    assert empty.empty
    assert empty.dtypes.equals(full.dtypes)
    nothing = model.risks(pd.DataFrame(index=["Ann", "Ann"]))
    assert nothing.index.tolist() == ["Ann", "Ann"]
    np.testing.assert_allclose(nothing["posttest"], 0.1, rtol=1e-12)


def test_findings_nobody_can_have_keep_their_row() -> None:
    frame = KNOWN.assign(sensitivity=[0.6, 0.0], specificity=[0.9, 1.0])
    for dependence in (OneFactor(), Bounds()):
        model = RiskModel.from_frame(frame, 0.1, dependence=dependence)
        found = model.risks(pd.DataFrame({"first": [1, 1], "second": [1, 0]}))
        assert found.loc[0, ["lr", "posttest", "ci_low"]].isna().all()
        assert found["method"][0] == f"none: {IMPOSSIBLE}"
        assert IMPOSSIBLE not in found["method"][1]


@pytest.mark.parametrize(
    ("patients", "error", "message"),
    [
        ({"yonger": [1]}, UnknownNameError, "did you mean younger"),
        ({"lump": [0, 2]}, DataError, "row 1, column 'lump' is 2; allowed: 1 "),
        ({"lump": [0, -1]}, DataError, "row 1, column 'lump' is -1"),
        ({"lump": [1, np.inf]}, DataError, "row 1, column 'lump' is inf"),
        ({"lump": ["yes"]}, DataError, "row 0, column 'lump' is yes"),
        (
            {"older": [0, 1], "younger": [1, 0]},
            ArgumentError,
            "row 1: older cannot be present while younger is absent",
        ),
    ],
)
def test_what_is_no_finding_is_named(patients, error, message) -> None:
    model = RiskModel.from_frame(COUNTS, 0.1, nested=NESTED)
    with pytest.raises(error, match=message):
        model.risks(pd.DataFrame(patients))


def test_what_is_no_frame_of_patients_is_refused() -> None:
    model = RiskModel.from_frame(COUNTS, 0.1)
    with pytest.raises(ArgumentError, match="patients is a dict"):
        model.risks({"lump": 1})  # type: ignore[arg-type]
    with pytest.raises(DataError, match="column 'lump' occurs twice"):
        model.risks(pd.DataFrame([[1, 0]], columns=["lump", "lump"]))
    with pytest.raises(ArgumentError, match="level"):
        model.risks(pd.DataFrame({"lump": [1]}), level=95)


def test_a_flag_without_a_usable_report_is_refused_as_for_one_patient(evidence) -> None:
    model = RiskModel(evidence, draws=64)
    with pytest.raises(NotEstimableError) as one:
        model.risk(["systemic_symptoms"])
    with pytest.raises(NotEstimableError) as many:
        model.risks(pd.DataFrame({"systemic_symptoms": [1]}))
    assert str(many.value) == str(one.value)


def test_two_wordings_of_one_finding_are_refused_with_the_patient() -> None:
    frame = COUNTS.assign(family=["a", "b", "lump", "lump"], label=COUNTS["flag"])
    model = RiskModel.from_frame(frame, 0.1)
    patients = pd.DataFrame({"lump": [1, 1], "reflex": [None, 0]}, index=["Ann", "Bo"])
    with pytest.raises(ArgumentError, match=r"row Bo: lump .* and reflex .* are of one family"):
        model.risks(patients)


def test_a_profile_has_the_intervals_of_its_patients() -> None:
    model = RiskModel.from_frame(COUNTS, "21/6622", nested=NESTED, draws=64)
    profile = model.profile(level=0.8)
    risks = model.risks(profile[list(model.entries.flags)], level=0.8)
    columns = COLUMNS[2:]
    # 1e-9: the table of all patterns is a product of matrices.
    pd.testing.assert_frame_equal(profile[columns], risks[columns], rtol=1e-9)
    points = model.profile(level=None)
    assert points[["ci_low", "ci_high", "lr_low", "lr_high", "ci_level"]].isna().all(axis=None)
    pd.testing.assert_series_equal(points["posttest"], profile["posttest"])


def test_a_profile_without_intervals_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = RiskModel.from_frame(COUNTS, "21/6622", nested=NESTED)
    model.profile(level=None)
    assert "posterior" not in vars(model)


@pytest.mark.parametrize("dependence", [OneFactor(), Independent(), MaximumEntropy(), Shrunken()])
@pytest.mark.parametrize("counted", ["esr_20", "esr_50", "esr_20;esr_100"])
def test_thresholds_with_and_without_counts(counted: str, dependence) -> None:
    """Some thresholds as counts, the others as known figures: consistent, so it works."""
    tables = pd.DataFrame(
        {
            "flag": ["esr_20", "esr_50", "esr_100"],
            "tp": [11, 10, 4],
            "fp": [30, 25, 2],
            "fn": [4, 5, 11],
            "tn": [70, 75, 98],
            "family": "esr",
            "label": ["ESR 20 or more", "ESR 50 or more", "ESR 100 or more"],
        }
    )
    own = tables["flag"].isin(counted.split(";"))
    points = tables[~own].assign(sensitivity=tables["tp"] / 15, specificity=tables["tn"] / 100)
    frame = pd.concat([tables[own], points.drop(columns=["tp", "fp", "fn", "tn"])]).sort_index()
    model = RiskModel.from_frame(frame, "60/900", dependence=dependence)
    assert model.entries.nested == (("esr_20", "esr_50", "esr_100"),)
    drawn = model.posterior.marginals
    for group in (drawn.cases, drawn.noncases):
        assert (np.diff(group, axis=1) <= 0).all()
        assert ((group >= 0) & (group <= 1)).all()
    patients = pd.DataFrame(
        [[1, None, None], [1, 0, 0], [1, 1, None], [1, 1, 1], [0, 0, 0]], columns=tables["flag"]
    )
    found = model.risks(patients)
    expected = RiskModel.from_frame(tables, "60/900", dependence=dependence).risks(patients)
    # The point estimates do not depend on how the figures were given.
    np.testing.assert_allclose(found["posttest"], expected["posttest"], rtol=1e-10)
    assert (found["ci_low"] < found["posttest"]).all()
    assert (found["posttest"] < found["ci_high"]).all()
    risk = model.risk(["esr_20"], ["esr_50"])
    assert any("no counts of" in text for text in risk.warnings)


def test_a_known_threshold_keeps_its_figure_where_the_counted_one_is_at_its_point() -> None:
    frame = pd.DataFrame(
        {
            "flag": ["esr_20", "esr_50"],
            "tp": [730, None],
            "fp": [300, None],
            "fn": [270, None],
            "tn": [700, None],
            "sensitivity": [None, 0.65],
            "specificity": [None, 0.75],
        }
    )
    drawn = RiskModel.from_frame(frame, 0.1, nested=[("esr_20", "esr_50")]).posterior.marginals
    share = drawn.cases[:, 1] / drawn.cases[:, 0]
    np.testing.assert_allclose(share, 0.65 / 0.73, rtol=1e-12)
    # The mean of the Jeffreys posterior, 730.5 of 1001, times that share.
    assert drawn.cases[:, 1].mean() == pytest.approx(730.5 / 1001 * 0.65 / 0.73, rel=1e-3)
