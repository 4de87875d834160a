import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from backpain_stats.combine.dependence.base import Combination, Marginals, PatternModel
from backpain_stats.combine.dependence.bounds import Bounds
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.errors import ConstraintError

chance = st.floats(0.02, 0.98)
pairs_of_chances = st.lists(st.tuples(chance, chance), min_size=2, max_size=4)


@settings(max_examples=25, deadline=None)
@given(pairs_of_chances, st.floats(0.001, 0.5), st.floats(0, 0.95), st.data())
def test_every_model_lies_within_the_bounds(
    pairs: list[tuple[float, float]], pretest: float, rho: float, data: st.DataObject
) -> None:
    size = len(pairs)
    pattern = data.draw(st.lists(st.integers(-1, 1), min_size=size, max_size=size))
    marginals = Marginals(*np.array(pairs).T)
    models: list[PatternModel] = [Independent(), OneFactor(rho, rho / 2), MaximumEntropy()]
    for bounds in (Bounds(), Bounds(non_negative=True)):
        low, high = (end[0, 0] for end in bounds.risk_range(marginals, pattern, pretest))
        for model in models:
            risk = model.risk_range(marginals, pattern, pretest)[0][0, 0]
            # 1e-7: the feasibility tolerance of the linear programs, on small probabilities.
            assert low - 1e-7 <= risk <= high + 1e-7


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 4), st.data())
def test_joint_distributions_lie_within_the_bounds_of_their_own_figures(
    findings: int, data: st.DataObject
) -> None:
    table = all_patterns([(column,) for column in range(findings)])
    size = 2**findings
    joints = []
    for _ in range(2):
        weights = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size)))
        joints.append(weights / weights.sum())
    flags = tuple(range(findings))
    counted = table.any(axis=1)
    together = [joint[counted].sum(keepdims=True) for joint in joints]
    rule = Combination("any", flags, 1, *together)
    marginals = Marginals(joints[0] @ table, joints[1] @ table, combinations=[rule])
    pretest = 0.05
    low, high = Bounds().risk_range(marginals, table, pretest)
    wide_low, wide_high = Bounds().risk_range(
        Marginals(marginals.cases, marginals.noncases), table, pretest
    )
    own = pretest * joints[0] / (pretest * joints[0] + (1 - pretest) * joints[1])
    entropy = MaximumEntropy().risk_range(marginals, table, pretest)[0][0]
    for risk in (own, entropy):
        assert np.all(low[0] - 1e-7 <= risk)
        assert np.all(risk <= high[0] + 1e-7)
    # A combination can only narrow.
    assert np.all(wide_low[0] <= low[0] + 1e-7)
    assert np.all(high[0] <= wide_high[0] + 1e-7)


def test_the_bounds_are_reached() -> None:
    # 60% and 70% of cases: at least 30% and at most 60% have both. 10% and 10% of
    # non-cases: none or 10%. The risk at these four corners, by hand.
    marginals = Marginals([0.6, 0.7], [0.1, 0.1])
    low, high = Bounds().risk_range(marginals, [[1, 1]], 0.01)
    assert low[0, 0] == pytest.approx(0.01 * 0.3 / (0.01 * 0.3 + 0.99 * 0.1), rel=1e-12)
    assert high[0, 0] == 1
    low, high = Bounds(non_negative=True).risk_range(marginals, [[1, 1]], 0.01)
    assert low[0, 0] == pytest.approx(0.01 * 0.42 / (0.01 * 0.42 + 0.99 * 0.1), rel=1e-9)
    assert high[0, 0] == pytest.approx(0.01 * 0.6 / (0.01 * 0.6 + 0.99 * 0.01), rel=1e-9)


def test_findings_that_point_in_opposite_directions_avoid_each_other() -> None:
    # The second speaks against disease: P(both) is at most the product, 0.18 and 0.07, so the
    # first without the second is in 0.42 to 0.6 of cases and in 0.03 to 0.1 of the others.
    marginals = Marginals([0.6, 0.3], [0.1, 0.7])
    low, high = Bounds(non_negative=True).risk_range(marginals, [[1, 0]], 0.01)
    assert low[0, 0] == pytest.approx(0.01 * 0.42 / (0.01 * 0.42 + 0.99 * 0.1), rel=1e-9)
    assert high[0, 0] == pytest.approx(0.01 * 0.6 / (0.01 * 0.6 + 0.99 * 0.03), rel=1e-9)


def test_linear_programs_and_closed_form_agree() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.uniform(0.2, 0.95, (2, 4))
    table = all_patterns([(0,), (1,), (2,), (3,)])
    # "At least one of the first finding alone" is its marginal: it says nothing new, but
    # sends the pattern through the linear programs.
    idle = Combination("first", (0,), 1, p[:1], q[:1])
    plain, programmed = (
        Bounds().probability_range(Marginals(p, q, combinations=combinations).group("cases"), table)
        for combinations in ([], [idle])
    )
    for end in (0, 1):
        np.testing.assert_allclose(plain[end], programmed[end], atol=1e-9)


def test_a_sensitivity_of_one_of_any_settles_the_pattern_without_all() -> None:
    rule = Combination("any", (0, 1), 1, np.array([1.0]), np.array([0.35]))
    marginals = Marginals([0.7, 0.6], [0.3, 0.1], combinations=[rule])
    low, high = Bounds().risk_range(marginals, [[0, 0]], 0.01)
    assert low[0, 0] == 0
    assert high[0, 0] == 0


def test_no_finding_assessed_leaves_the_pretest() -> None:
    marginals = Marginals([0.7, 0.6], [0.3, 0.1])
    for bounds in (Bounds(), Bounds(non_negative=True)):
        low, high = bounds.risk_range(marginals, [[-1, -1]], 0.02)
        assert low[0, 0] == high[0, 0] == pytest.approx(0.02, rel=1e-12)


def test_non_negative_dependence_that_the_figures_exclude_is_named() -> None:
    # Any of two in 0.95 of cases: more than 1 - 0.3 * 0.4, so they avoid each other.
    rule = Combination("any", (0, 1), 1, np.array([0.95]), np.array([0.35]))
    marginals = Marginals([0.7, 0.6], [0.3, 0.1], combinations=[rule])
    with pytest.raises(ConstraintError, match="negatively associated"):
        Bounds(non_negative=True).risk_range(marginals, [[1, 1]], 0.01)
    impossible = Combination("any", (0, 1), 1, np.array([0.5]), np.array([0.35]))
    with pytest.raises(ConstraintError, match=r"flag 1 = 0\.6, any = 0\.5"):
        Bounds().risk_range(
            Marginals([0.7, 0.6], [0.3, 0.1], combinations=[impossible]), [[1, 1]], 0.01
        )


def test_nested_thresholds_are_one_finding() -> None:
    marginals = Marginals([0.8, 0.3, 0.6], [0.5, 0.1, 0.3], nested=[(0, 1)])
    # Between the thresholds: 0.5 of cases and 0.4 of non-cases; with 0.6 and 0.3 of the other.
    low, high = Bounds().probability_range(marginals.group("cases"), np.array([[1, 0, 1]], np.int8))
    assert low[0, 0] == pytest.approx(0.1)
    assert high[0, 0] == pytest.approx(0.5)
    one = Bounds(non_negative=True).risk_range(marginals, [[1, 0, 1]], 0.1)
    model = OneFactor(0.4, 0.4).risk_range(marginals, [[1, 0, 1]], 0.1)[0]
    assert one[0][0, 0] - 1e-9 <= model[0, 0] <= one[1][0, 0] + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_closed_form_against_linear_programs_with_nested_and_unassessed_findings(seed: int) -> None:
    """The programs are written out here, over every joint state, from the definition."""
    rng = np.random.default_rng(seed)
    findings = [(0,), (1, 2), (3,), (4,)]
    states = all_patterns(findings)
    frequency = rng.uniform(0.02, 0.98, 5)
    frequency[1:3] = np.sort(frequency[1:3])[::-1]
    marginals = Marginals(frequency, frequency, nested=[(1, 2)])
    patterns = rng.integers(-1, 2, (10, 5)).astype(np.int8)
    low, high = Bounds().probability_range(marginals.group("cases"), patterns)
    rows = np.vstack([states.T, np.ones(len(states))])
    for place, pattern in enumerate(patterns):
        event = ((pattern == -1) | (states == pattern)).all(axis=1).astype(float)
        for sign, end in ((1, low), (-1, high)):
            program = linprog(sign * event, A_eq=rows, b_eq=np.append(frequency, 1), bounds=(0, 1))
            # 1e-9: HiGHS's feasibility tolerance of 1e-7 bounds what it can be off by; its
            # basic solutions of programs this small are exact to rounding.
            assert end[0, place] == pytest.approx(sign * program.fun, abs=1e-9)


def test_a_pattern_impossible_at_one_end_has_the_risk_of_those_who_can_have_it() -> None:
    # No non-case has the second finding; of the cases between none and 40% have both. Whoever
    # has both is a case, so the risk is 1 wherever it is defined.
    low, high = Bounds().risk_range(Marginals([0.4, 0.5], [0.3, 0.0]), [[1, 1]], 0.01)
    assert low[0, 0] == high[0, 0] == 1
    low, high = Bounds().risk_range(Marginals([0.3, 0.0], [0.4, 0.5]), [[1, 1]], 0.01)
    assert low[0, 0] == high[0, 0] == 0
    low, high = Bounds().risk_range(Marginals([0.3, 0.0], [0.4, 0.0]), [[1, 1]], 0.01)
    assert np.isnan([low[0, 0], high[0, 0]]).all()
