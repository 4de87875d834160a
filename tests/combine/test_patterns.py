import numpy as np
import pytest

from backpain_stats.combine.dependence.base import Combination, Marginals
from backpain_stats.combine.dependence.patterns import all_patterns, as_patterns, strata
from backpain_stats.errors import ArgumentError


def test_not_assessed_may_be_written_as_nan() -> None:
    assert as_patterns([[1, np.nan, 0], [True, -1, False]]).tolist() == [[1, -1, 0], [1, -1, 0]]


@pytest.mark.parametrize(
    ("values", "message"),
    [([[1, 2]], r"allowed: 1 \(present\)"), ([[1, 0, 1]], r"must be \(patterns, 2\)")],
)
def test_other_values_and_shapes_are_refused(values: list, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        as_patterns(values, flags=2)


def test_all_patterns_hold_each_complete_pattern_once() -> None:
    table = all_patterns([(0, 2), (1,), (3, 4, 5)])
    assert len(table) == 3 * 2 * 4
    assert len(np.unique(table, axis=0)) == len(table)
    # A more demanding threshold is never met without the less demanding one.
    assert np.all(table[:, 0] >= table[:, 2])
    assert np.all(table[:, 3] >= table[:, 4])
    assert np.all(table[:, 4] >= table[:, 5])


def test_too_many_patterns_are_refused_in_words() -> None:
    with pytest.raises(ArgumentError, match="30 findings have"):
        all_patterns([(column,) for column in range(30)])


def test_strata_of_a_nested_finding() -> None:
    patterns = np.array([[-1, -1], [1, -1], [1, 0], [1, 1], [0, -1], [-1, 1], [-1, 0]], np.int8)
    found = strata(patterns, [(0, 1)])
    certain, impossible = 2, 3
    assert found.lower[:, 0].tolist() == [certain, 0, 0, 1, certain, 1, certain]
    assert found.upper[:, 0].tolist() == [impossible, impossible, 1, impossible, 0, impossible, 1]
    assert found.possible.all()
    assert not strata(np.array([[0, 1]], np.int8), [(0, 1)]).possible[0]


def test_marginals_name_what_is_wrong() -> None:
    with pytest.raises(ArgumentError, match="shape"):
        Marginals([0.1, 0.2], [0.1])
    with pytest.raises(ArgumentError, match=r"second.*non-cases.*not between 0 and 1"):
        Marginals([0.1, 0.2], [0.1, 1.2], labels=["first", "second"])
    with pytest.raises(ArgumentError, match="a more demanding one is more frequent"):
        Marginals([0.1, 0.2], [0.2, 0.1], nested=[(0, 1)])
    with pytest.raises(ArgumentError, match="at least 3 of 2"):
        Combination("both", (0, 1), 3, np.array([0.1]), np.array([0.1]))


def test_the_direction_of_a_nested_finding_is_that_of_its_thresholds_together() -> None:
    marginals = Marginals([0.9, 0.1, 0.2], [0.5, 0.2, 0.6], nested=[(0, 1)])
    assert marginals.findings == ((0, 1), (2,))
    assert marginals.signs.tolist() == [1.0, -1.0]
