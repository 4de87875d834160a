"""Which flags are one finding: thresholds of one quantity, wordings of one history."""

import pandas as pd
import pytest

from backpain_stats.combine.inputs.findings import (
    ordered_thresholds,
    read_threshold,
    separate_findings,
)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Age 70 years or over", ("age years", True, 70.0, False)),
        ("Age over 52 years", ("age years", True, 52.0, True)),
        ("Haematocrit below 30%", ("haematocrit", False, 30.0, True)),
        ("Body mass index 22 or less", ("body mass index", False, 22.0, False)),
        ("Pain lasting more than 1 month", ("pain lasting month", True, 1.0, True)),
        ("White cell count 12,000 or more", ("white cell count", True, 12000.0, False)),
        ("Post-void residual over 100 mL", ("post-void residual ml", True, 100.0, True)),
    ],
)
def test_thresholds_are_read_from_labels(label: str, expected: tuple) -> None:
    found = read_threshold(label)
    assert found is not None
    assert (found.quantity, found.rising, found.value, found.strict) == expected


@pytest.mark.parametrize(
    "label",
    [
        "Age under 20 or over 55 years",  # two numbers
        "History of cancer in the last 15 years",  # no comparison
        "Fever",
        "Failure of conservative care at 4 weeks",
    ],
)
def test_labels_without_one_number_and_one_comparison_are_no_thresholds(label: str) -> None:
    assert read_threshold(label) is None


def test_thresholds_are_ordered_from_the_least_demanding() -> None:
    flags = pd.DataFrame(
        {
            "flag_id": ["low", "lower", "strictly", "other_family", "upward"],
            "label": ["X below 30%", "X 20% or less", "X 30% or less", "X below 10%", "X over 5%"],
            "family": ["x", "x", "x", "y", "x"],
        }
    )
    # For "below", a smaller number demands more; at the same number, "below" more than "or less".
    assert ordered_thresholds(flags) == [("strictly", "low", "lower")]


def test_two_tests_in_the_same_patients_are_separate_two_histories_are_not() -> None:
    flags = pd.DataFrame(
        {
            "flag_id": ["sign", "other_sign", "history", "other_history", "infection"],
            "category": ["examination", "examination", "history", "history", "history"],
        }
    )
    found = separate_findings(
        flags,
        reported=[["sign", "other_sign"], ["history", "other_history"]],
        combined=[["history", "infection"]],
    )
    assert found == {frozenset({"sign", "other_sign"}), frozenset({"history", "infection"})}
