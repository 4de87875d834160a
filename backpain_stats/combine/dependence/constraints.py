"""What published figures say of a joint distribution, as linear constraints.

A joint distribution of some findings is a vector of probabilities over their
states (complete patterns). Each published marginal and each published
combination fixes the total probability of some of the states. Maximum entropy
and the bounds share this description, and the naming of figures that contradict
each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.base import Combination, Group
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, all_patterns
from backpain_stats.errors import ArgumentError, ConstraintError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.optimize import OptimizeResult

    Array = NDArray[np.float64]

# Findings tied together by combinations: more states than this are not enumerated.
LARGEST_SPACE = 2**16
# HiGHS's tightest setting; its basic solutions are usually far better.
LP_TOLERANCE = 1e-10
# A change of figures below this is rounding in the linear program, not a contradiction.
NO_CHANGE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class JointSpace:
    """The states of some findings and what is known of their probabilities.

    Parameters
    ----------
    group : {"cases", "noncases"}
        The disease group.
    findings : tuple of tuple of int
        Its findings, as columns of the patterns.
    columns : tuple of int
        All flags of these findings.
    states : numpy.ndarray
        Complete patterns of those columns, (states, columns), in the order of
        ``all_patterns``.
    indicators : numpy.ndarray
        Which states each figure counts, 0 or 1, (figures, states).
    targets : numpy.ndarray
        The figures, (draws, figures).
    labels : tuple of str
        Their names.
    """

    group: str
    findings: tuple[tuple[int, ...], ...]
    columns: tuple[int, ...]
    states: NDArray[np.int8]
    indicators: Array
    targets: Array
    labels: tuple[str, ...]

    def state_of(self, patterns: NDArray[np.int8]) -> NDArray[np.intp]:
        """Return the position of complete patterns (all flags as columns) among the states."""
        position = np.zeros(len(patterns), dtype=np.intp)
        for finding in self.findings:
            level = (patterns[:, list(finding)] == 1).sum(axis=1)
            position = position * (len(finding) + 1) + level
        return position

    def matching(self, pattern: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Return which states agree with one pattern (all flags as columns)."""
        own = pattern[list(self.columns)]
        return np.asarray(((own == NOT_ASSESSED) | (own == self.states)).all(axis=1))


def tied(group: Group, together: Iterable[int] = ()) -> list[tuple[int, ...]]:
    """Return sets of findings (positions) that figures tie to one another.

    Two findings are tied if a combination names both, or both are in
    ``together``; a finding nothing ties is a set of its own.
    """
    owner = {column: place for place, finding in enumerate(group.findings) for column in finding}
    links = [{owner[column] for column in one.flags} for one, _ in group.combinations]
    links.append(set(together))
    sets: list[set[int]] = [{place} for place in range(len(group.findings))]
    for link in links:
        joined = [one for one in sets if one & link]
        if len(joined) > 1:
            sets = [one for one in sets if not one & link] + [set().union(*joined)]
    return sorted(tuple(sorted(one)) for one in sets)


def combinations_of(group: Group, places: Sequence[int]) -> list[tuple[Combination, Array]]:
    """Return the combinations that concern the findings at these places."""
    columns = {column for place in places for column in group.findings[place]}
    return [(one, value) for one, value in group.combinations if columns & set(one.flags)]


def joint_space(group: Group, places: Sequence[int]) -> JointSpace:
    """Return the states of the findings at ``places`` and the figures that constrain them.

    Raises
    ------
    ArgumentError
        If they have more than 2**16 states.
    """
    findings = tuple(group.findings[place] for place in places)
    columns = tuple(column for finding in findings for column in finding)
    count = np.prod([len(finding) + 1 for finding in findings], dtype=float)
    if count > LARGEST_SPACE:
        raise ArgumentError(
            f"{len(findings)} findings are tied together by combinations and have {count:.0f} "
            f"joint states; at most {LARGEST_SPACE} are enumerated: name fewer flags"
        )
    local = {column: position for position, column in enumerate(columns)}
    states = all_patterns([[local[column] for column in finding] for finding in findings])
    indicators = [states[:, position] == 1 for position in range(len(columns))]
    targets = [group.present[:, column] for column in columns]
    labels = [group.labels[column] for column in columns]
    for combination, value in combinations_of(group, places):
        counted = states[:, [local[column] for column in combination.flags]].sum(axis=1)
        indicators.append(counted >= combination.at_least)
        targets.append(value)
        labels.append(combination.label)
    return JointSpace(
        group.name,
        findings,
        columns,
        states,
        np.asarray(indicators, dtype=float),
        np.stack(targets, axis=1),
        tuple(labels),
    )


def linear_program(cost: Array, **constraints: object) -> OptimizeResult:
    """Solve a linear program with HiGHS at its tightest tolerances."""
    from scipy.optimize import linprog

    options = {
        "primal_feasibility_tolerance": LP_TOLERANCE,
        "dual_feasibility_tolerance": LP_TOLERANCE,
    }
    return linprog(cost, method="highs", options=options, **constraints)  # type: ignore[call-overload]


def _smallest_change(indicators: Array, targets: Array) -> float:
    """Return the smallest total change of the figures that admits a joint distribution."""
    figures, states = indicators.shape
    total = np.hstack([np.ones(states), np.zeros(2 * figures)])
    slack = np.hstack([indicators, np.eye(figures), -np.eye(figures)])
    answer = linear_program(
        np.hstack([np.zeros(states), np.ones(2 * figures)]),
        A_eq=np.vstack([slack, total]),
        b_eq=np.append(targets, 1.0),
    )
    return float(answer.fun)


def contradiction(space: JointSpace, draw: int = 0) -> ConstraintError | None:
    """Return the error that names the figures which contradict each other, or None.

    Figures are dropped one at a time as long as the rest still contradict each
    other; what remains is a smallest contradictory set (no member can be
    spared). By how much they conflict is the smallest total change of its
    figures that some joint distribution could have.
    """
    targets = space.targets[draw]
    if _smallest_change(space.indicators, targets) <= NO_CHANGE:
        return None
    kept = list(range(len(targets)))
    for figure in range(len(targets)):
        rest = [one for one in kept if one != figure]
        if rest and _smallest_change(space.indicators[rest], targets[rest]) > NO_CHANGE:
            kept = rest
    change = _smallest_change(space.indicators[kept], targets[kept])
    group = "cases" if space.group == "cases" else "non-cases"
    named = ", ".join(f"{space.labels[one]} = {targets[one]:.4g}" for one in kept)
    return ConstraintError(
        f"published figures contradict each other among {group}: no joint distribution has "
        f"{named}; they would have to change by {change:.3g} in total. Drop one of them, or "
        "use a dependence model that ignores combinations"
    )


def support(space: JointSpace, draw: int = 0) -> NDArray[np.bool_]:
    """Return which states have a positive probability in some joint distribution.

    One linear program: maximise the sum of y over p >= y, 0 <= y <= 1 where p
    is any positive multiple of an admissible distribution; every state that can
    be positive reaches 1. Figures of exactly 0 or 1, and their consequences,
    leave the others at 0.
    """
    figures, states = space.indicators.shape
    # Unknowns: the excess p - y, then y, then the multiple. Normalisation: sum p = multiple.
    rows = np.vstack([space.indicators, np.ones(states)])
    level = np.append(space.targets[draw], 1.0)[:, None]
    answer = linear_program(
        np.concatenate([np.zeros(states), -np.ones(states), [0.0]]),
        A_eq=np.hstack([rows, rows, -level]),
        b_eq=np.zeros(figures + 1),
        bounds=[(0, None)] * states + [(0, 1)] * states + [(0, None)],
    )
    return np.asarray(answer.x[states : 2 * states] > 0.5)
