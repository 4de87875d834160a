import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from backpain_stats.combine.dependence.base import Combination, Marginals
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.maximum_entropy import MaximumEntropy
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.errors import ConstraintError

DEYO = {"cases": [0.77, 0.31, 0.15, 0.31], "noncases": [0.29, 0.02, 0.06, 0.10]}


def combination(
    flags: tuple[int, ...], at_least: int, cases: float, noncases: float
) -> Combination:
    label = f"{at_least} of {len(flags)}"
    return Combination(label, flags, at_least, np.array([cases]), np.array([noncases]))


def possible(table: np.ndarray, flags: tuple[int, ...], at_least: int, p: np.ndarray) -> float:
    return float(p[table[:, list(flags)].sum(axis=1) >= at_least].sum())


def test_published_any_of_four_with_a_sensitivity_of_one() -> None:
    any_of_4 = combination((0, 1, 2, 3), 1, 1.00, 0.40)
    marginals = Marginals(**DEYO, combinations=[any_of_4])
    table = all_patterns(marginals.findings)
    found = MaximumEntropy().log_table(marginals)
    for log_p, p, together in (
        (found.cases[0], DEYO["cases"], 1.00),
        (found.noncases[0], DEYO["noncases"], 0.40),
    ):
        np.testing.assert_allclose(np.exp(log_p) @ table, p, atol=1e-8)
        assert possible(table, (0, 1, 2, 3), 1, np.exp(log_p)) == pytest.approx(together, abs=1e-8)
    # Every case had one of the four: the pattern without any is impossible among cases.
    assert found.cases[0, 0] == -np.inf
    assert found.log_ratio[0, 0] == -np.inf


def test_is_the_distribution_of_largest_entropy() -> None:
    rule = combination((0, 1, 2), 2, 0.5, 0.2)
    marginals = Marginals([0.6, 0.5, 0.4], [0.3, 0.2, 0.25], combinations=[rule])
    table = all_patterns(marginals.findings)
    rows = np.vstack([np.ones(8), table.T, table.sum(axis=1) >= 2])
    for which, together in (("cases", 0.5), ("noncases", 0.2)):
        target = np.concatenate([[1], getattr(marginals, which)[0], [together]])
        other = minimize(
            lambda p: float(np.sum(p * np.log(p))),
            np.full(8, 1 / 8),
            jac=lambda p: np.log(p) + 1,
            bounds=[(1e-12, 1)] * 8,
            constraints={
                "type": "eq",
                "fun": lambda p, t=target: rows @ p - t,
                "jac": lambda p: rows,
            },
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        found = np.exp(getattr(MaximumEntropy().log_table(marginals), which)[0])
        # 1e-5: what SLSQP reaches.
        np.testing.assert_allclose(found, other.x, atol=1e-5)
        entropy = -float(np.sum(found * np.log(found)))
        assert entropy >= -other.fun - 1e-9


chance = st.floats(0.02, 0.98)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(chance, chance), min_size=1, max_size=5))
def test_without_combinations_it_is_independence_exactly(pairs: list[tuple[float, float]]) -> None:
    marginals = Marginals(*np.array(pairs).T)
    product, found = Independent().log_table(marginals), MaximumEntropy().log_table(marginals)
    np.testing.assert_array_equal(found.cases, product.cases)
    np.testing.assert_array_equal(found.noncases, product.noncases)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.data())
def test_figures_of_any_joint_distribution_are_met(findings: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0, 1), min_size=2**findings, max_size=2**findings))
    joint = np.array(weights) + 1e-3
    joint /= joint.sum()
    table = all_patterns([(column,) for column in range(findings)])
    at_least = data.draw(st.integers(1, findings))
    flags = tuple(range(findings))
    together = possible(table, flags, at_least, joint)
    p = joint @ table
    rule = combination(flags, at_least, together, together)
    found = np.exp(MaximumEntropy().log_table(Marginals(p, p, combinations=[rule])).cases[0])
    np.testing.assert_allclose(found @ table, p, atol=1e-8)
    assert possible(table, flags, at_least, found) == pytest.approx(together, abs=1e-8)
    entropies = [-np.sum(q[q > 0] * np.log(q[q > 0])) for q in (found, joint)]
    assert entropies[0] >= entropies[1] - 1e-9


def test_findings_that_no_combination_ties_stay_independent() -> None:
    rule = combination((0, 2), 1, 0.9, 0.5)
    marginals = Marginals([0.6, 0.5, 0.7], [0.3, 0.2, 0.4], combinations=[rule])
    model = MaximumEntropy()
    pair = model.log_probabilities(marginals, [[1, 1, 0], [1, -1, 0], [-1, 1, -1]]).cases[0]
    assert pair[0] == pytest.approx(pair[1] + pair[2], abs=1e-12)


def test_thresholds_of_one_quantity_take_part_as_strata() -> None:
    rule = combination((1, 2), 1, 0.75, 0.4)
    marginals = Marginals([0.8, 0.3, 0.6], [0.5, 0.1, 0.3], nested=[(0, 1)], combinations=[rule])
    found = MaximumEntropy().log_table(marginals)
    table = all_patterns(marginals.findings)
    p = np.exp(found.cases[0])
    np.testing.assert_allclose(p @ table, [0.8, 0.3, 0.6], atol=1e-8)
    assert possible(table, (1, 2), 1, p) == pytest.approx(0.75, abs=1e-8)


def test_contradictions_name_a_smallest_set_and_by_how_much() -> None:
    rule = combination((0, 1, 2, 3), 1, 0.6, 0.4)
    marginals = Marginals(
        **DEYO, combinations=[rule], labels=["age", "history", "weight", "no_improvement"]
    )
    with pytest.raises(ConstraintError) as caught:
        MaximumEntropy().log_table(marginals)
    text = str(caught.value)
    assert "age = 0.77, 1 of 4 = 0.6" in text
    assert "among cases" in text
    assert "0.17 in total" in text
    for innocent in ("history", "weight", "no_improvement"):
        assert innocent not in text


def test_a_consequence_of_the_figures_that_lies_on_the_boundary_is_exact() -> None:
    # Any of the four is no more frequent than the first alone: the others imply it.
    rule = combination((0, 1, 2, 3), 1, 0.77, 0.4)
    found = MaximumEntropy().log_table(Marginals(**DEYO, combinations=[rule])).cases[0]
    table = all_patterns([(0,), (1,), (2,), (3,)])
    without_first = (table[:, 0] == 0) & table.any(axis=1)
    assert np.all(found[without_first] == -np.inf)
    np.testing.assert_allclose(np.exp(found) @ table, DEYO["cases"], atol=1e-8)
    # Given the first, the others are independent of one another.
    assert np.exp(found[-1]) == pytest.approx(0.31 * 0.15 * 0.31 / 0.77**2, rel=1e-6)


def test_many_draws_equal_draws_one_by_one() -> None:
    rng = np.random.default_rng(1)
    joint = rng.dirichlet(np.full(8, 0.7), 60)
    table = all_patterns([(0,), (1,), (2,)])
    p, together = joint @ table, joint @ table.any(axis=1)
    rule = Combination("any", (0, 1, 2), 1, together, np.full(60, np.nan))
    patterns = [[1, 0, -1], [1, 1, 1]]
    many = MaximumEntropy().log_probabilities(Marginals(p, p, combinations=[rule]), patterns)
    for draw in (0, 17, 59):
        one = Combination("any", (0, 1, 2), 1, together[[draw]], np.array([np.nan]))
        alone = MaximumEntropy().log_probabilities(
            Marginals(p[draw], p[draw], combinations=[one]), patterns
        )
        np.testing.assert_allclose(np.exp(many.cases[draw]), np.exp(alone.cases[0]), atol=1e-9)
