"""Every dependence at once: the sharp lower and upper risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.combine.dependence.base import Dependence, Group, Marginals
from backpain_stats.combine.dependence.constraints import (
    LARGEST_SPACE,
    JointSpace,
    combinations_of,
    contradiction,
    joint_space,
    linear_program,
    tied,
)
from backpain_stats.combine.dependence.patterns import as_patterns, extend, strata
from backpain_stats.errors import ArgumentError, ConstraintError, FitError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

__all__ = ["Bounds"]

# Joint states of all linear programs of one call: as many take about ten seconds.
MOST_STATES = 300_000
# Joint states of the programs that are solved as one.
BLOCK = 2**12


@dataclass(frozen=True, slots=True)
class Bounds(Dependence):
    r"""The lowest and highest risk over every joint distribution that fits the figures.

    The post-test probability rises with P(pattern | case) and falls with
    P(pattern | non-case), and the two joint distributions are free of each
    other. So its sharp bounds need the extremes of these two probabilities
    only. Without combinations they are Fréchet's,
    :math:`\max(0, \sum_j p_j - k + 1)` and :math:`\min_j p_j` over the
    :math:`k` assessed findings; with combinations, or under non-negative
    dependence, each is a linear program over the joint states (HiGHS).

    Bounds of 0 to 1 are a finding, not a failure: what was published then says
    nothing about this combination of findings.

    Parameters
    ----------
    non_negative : bool, default False
        Admit only joint distributions in which *every pair of findings* is
        non-negatively associated within each disease group, each finding taken
        in the direction in which it points to disease: for flags j and k with
        signs s, :math:`s_j s_k \{P(j, k) - P(j)P(k)\} \ge 0`. A statement about
        pairs; it says nothing about triples. Independence and one-factor
        dependence satisfy it, a combination may contradict it.

    Notes
    -----
    The bounds take the published figures as exact: they hold no sampling error.

    References
    ----------
    Fréchet M. Généralisation du théorème des probabilités totales. Fundamenta
    Mathematicae 1935;25:379-387.

    Examples
    --------
    Two findings in 60% and 70% of cases and in 10% of non-cases each. Both are
    present; the pre-test probability is 1%.

    >>> from backpain_stats.combine.dependence.base import Marginals
    >>> marginals = Marginals(cases=[0.6, 0.7], noncases=[0.1, 0.1])
    >>> low, high = Bounds().risk_range(marginals, [[1, 1]], pretest=0.01)
    >>> [round(float(end[0, 0]), 4) for end in (low, high)]
    [0.0294, 1.0]
    >>> low, high = Bounds(non_negative=True).risk_range(marginals, [[1, 1]], pretest=0.01)
    >>> [round(float(end[0, 0]), 4) for end in (low, high)]
    [0.0407, 0.3774]
    """

    non_negative: bool = False

    name = "bounds"
    uses_combinations = True
    leaves_range = True

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        every = "every joint distribution of the findings that fits the published figures"
        if self.non_negative:
            return f"{every} and in which no two findings are negatively associated"
        return every

    def risk_range(
        self, marginals: Marginals, patterns: ArrayLike, pretest: ArrayLike
    ) -> tuple[Array, Array]:
        """Return the sharp bounds of the post-test probability, each (draws, patterns).

        Raises
        ------
        ConstraintError
            If published figures contradict each other, or contradict
            non-negative dependence.
        ArgumentError
            If there are too many patterns for so many linear programs.
        """
        checked = as_patterns(patterns, marginals.flags)
        case_low, case_high = self.probability_range(marginals.group("cases"), checked)
        other_low, other_high = self.probability_range(marginals.group("noncases"), checked)
        prior = np.asarray(pretest, dtype=float)
        column = prior[:, None] if prior.ndim else prior
        low, high = _risk(column, case_low, other_high), _risk(column, case_high, other_low)
        # 0/0: at that end nobody has the pattern, so the distributions under which somebody
        # has it decide, and they all give the risk of the other end (0 or 1).
        return np.where(np.isnan(low), high, low), np.where(np.isnan(high), low, high)

    def probability_range(self, group: Group, patterns: NDArray[np.int8]) -> tuple[Array, Array]:
        """Return the extremes of each pattern's probability in one group, (draws, patterns)."""
        found = strata(patterns, group.findings)
        exceedance = extend(group.present)
        # Fréchet's bounds; unassessed findings have probability 1 and change nothing.
        masses = exceedance[:, found.lower] - exceedance[:, found.upper]
        low = np.maximum(0.0, 1 - (1 - masses).sum(axis=2))
        high = masses.min(axis=2, initial=1.0)
        assessed = (found.lower != group.present.shape[1]) | (
            found.upper != group.present.shape[1] + 1
        )
        for together, columns in self._programmed(group, assessed).items():
            space = joint_space(group, together)
            for draw in range(len(low)):
                low[draw, columns], high[draw, columns] = self._extremes(
                    group, space, together, patterns[columns], draw
                )
        low[:, ~found.possible] = high[:, ~found.possible] = 0.0
        return low, high

    def _programmed(
        self, group: Group, assessed: NDArray[np.bool_]
    ) -> dict[tuple[int, ...], list[int]]:
        """Return the patterns that need linear programs, by the findings tied together in them."""
        found: dict[tuple[int, ...], list[int]] = {}
        if not (self.non_negative or group.combinations):
            return found
        work = 0.0
        for column, own in enumerate(assessed):
            places = np.flatnonzero(own)
            together = next((one for one in tied(group, places) if set(places) <= set(one)), ())
            programmed = (self.non_negative and len(places) > 1) or combinations_of(group, together)
            if not len(places) or not programmed:
                continue
            states = float(np.prod([len(group.findings[place]) + 1.0 for place in together]))
            work += min(states, LARGEST_SPACE) * len(group.present)
            if work > MOST_STATES:
                raise ArgumentError(
                    f"the bounds of {len(assessed)} patterns need linear programs over more than "
                    f"{MOST_STATES:,} joint states in all: name fewer flags, or fewer patterns"
                )
            found.setdefault(together, []).append(column)
        return found

    def _extremes(
        self,
        group: Group,
        space: JointSpace,
        places: tuple[int, ...],
        patterns: NDArray[np.int8],
        draw: int,
    ) -> tuple[Array, Array]:
        """Solve the two linear programs of each pattern of one draw.

        They share their constraints, so that many are one program with a block each: the
        calls, not the programs, take the time.
        """
        from scipy.sparse import eye_array, kron

        events = np.array([space.matching(pattern) for pattern in patterns], dtype=float)
        costs = np.concatenate([events, -events])
        rows = np.vstack([space.indicators, np.ones(len(space.states))])
        level = np.append(space.targets[draw], 1.0)
        pairs, floors = np.empty((0, len(space.states))), np.empty(0)
        if self.non_negative:
            pairs, floors = _pair_constraints(group, space, places, draw)
        ends = np.empty(len(costs))
        width = max(1, BLOCK // len(space.states))
        for start in range(0, len(costs), width):
            some = costs[start : start + width]
            blocks = eye_array(len(some), format="csr")
            constraints = {"A_eq": kron(blocks, rows), "b_eq": np.tile(level, len(some))}
            if len(pairs):
                constraints |= {"A_ub": kron(blocks, -pairs), "b_ub": np.tile(-floors, len(some))}
            answer = linear_program(some.ravel(), **constraints)
            if answer.status == 2:
                raise self._infeasible(space, draw)
            if not answer.success:
                raise FitError(f"the bound of a pattern was not found: {answer.message}")
            ends[start : start + width] = np.sum(some * answer.x.reshape(some.shape), axis=1)
        low, high = np.split(ends, 2)
        # Adding zero turns a negative zero into zero.
        return np.clip(low, 0, 1) + 0.0, np.clip(-high, 0, 1) + 0.0

    def _infeasible(self, space: JointSpace, draw: int) -> ConstraintError:
        """Return the error that says why no joint distribution fits."""
        error = contradiction(space, draw)
        if error is not None:
            return error
        return ConstraintError(
            f"the published combinations among {space.group} fit the marginals only if some "
            "findings are negatively associated; use Bounds() without non_negative"
        )


def _pair_constraints(
    group: Group, space: JointSpace, places: tuple[int, ...], draw: int
) -> tuple[Array, Array]:
    """Return rows and floors of s_j s_k P(j, k) >= s_j s_k P(j) P(k), every pair of findings."""
    sign = {column: group.signs[place] for place in places for column in group.findings[place]}
    rows, floors = [], []
    for first, one in enumerate(space.columns):
        for second in range(first + 1, len(space.columns)):
            other = space.columns[second]
            if any(one in finding and other in finding for finding in space.findings):
                continue  # exceedances of one quantity
            direction = sign[one] * sign[other]
            both = space.indicators[first] * space.indicators[second]
            rows.append(direction * both)
            floors.append(direction * space.targets[draw, first] * space.targets[draw, second])
    return np.asarray(rows), np.asarray(floors)


def _risk(pretest: Array, case: Array, other: Array) -> Array:
    """Return the risk from the pattern's probability among cases and non-cases; 0/0 is NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(pretest * case / (pretest * case + (1 - pretest) * other))
