"""The least committal joint distribution with the published marginals and combinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from backpain_stats.combine.dependence.base import (
    Combination,
    Group,
    GroupName,
    Marginals,
    PatternModel,
)
from backpain_stats.combine.dependence.constraints import (
    JointSpace,
    combinations_of,
    contradiction,
    joint_space,
    support,
    tied,
)
from backpain_stats.combine.dependence.independent import OVERCONFIDENT, Independent
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, strata
from backpain_stats.errors import FitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["MaximumEntropy"]

# Largest deviation from a published figure at which the dual has converged.
CONVERGED = 1e-11
# Beyond this a multiplier is on its way to infinity: the solution may lie on the boundary.
LARGE_MULTIPLIER = 15.0
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class MaximumEntropy(PatternModel):
    r"""The joint distribution that assumes nothing beyond what was published.

    Among all joint distributions with the published marginals *and* the
    published results of combinations ("at least one of these four findings:
    sensitivity 1.00, specificity 0.60"), the one of largest entropy. It is
    :math:`p(s) \propto \exp(\sum_k \theta_k f_k(s))`, with one
    :math:`\theta_k` for each published figure, found by damped Newton steps on
    the convex dual :math:`\log\sum_s \exp(\theta\cdot f(s)) - \theta\cdot t`.

    Without combinations it *is* :class:`Independent`: maximum entropy adds no
    dependence of its own, so it inherits the overconfidence of multiplying
    wherever nothing was published about findings together.

    Notes
    -----
    Figures of exactly 0 or 1 (a sensitivity of 1.00) make some patterns
    impossible; those states are removed first, and so are states that the
    figures exclude only jointly. Findings that no combination mentions are
    independent of the rest, so only tied findings are enumerated, at most
    2**16 states at once.

    Figures that contradict each other raise ConstraintError, which names a
    smallest contradictory set. The sign of a dual below zero proves the
    contradiction: at its minimum the dual is the entropy, which cannot be
    negative.

    References
    ----------
    Jaynes ET. Information theory and statistical mechanics. Physical Review
    1957. https://doi.org/10.1103/PhysRev.106.620

    Examples
    --------
    Two findings, each in 30% of the non-cases, at least one of them in 40%:
    then 20% have both, not the 9% of independence.

    >>> import numpy as np
    >>> from backpain_stats.combine.dependence.base import Combination, Marginals
    >>> either = Combination("either", (0, 1), 1, np.array([0.9]), np.array([0.4]))
    >>> marginals = Marginals([0.6, 0.7], [0.3, 0.3], combinations=[either])
    >>> found = MaximumEntropy().log_probabilities(marginals, [[1, 1]])
    >>> np.exp(found.noncases).round(6).tolist()
    [[0.2]]
    """

    name = "maximum-entropy"
    uses_combinations = True

    def describe(self) -> str:
        """Return the assumption in one plain sentence."""
        return (
            "findings have the least committal joint distribution with the published "
            "marginals and published combinations"
        )

    def caveat(self, *, varied: bool, combinations: bool) -> str:
        """Return that multiplying was overconfident, which it does without combinations."""
        del varied
        return "" if combinations else OVERCONFIDENT

    def says_more(self, *, combinations: bool) -> bool:
        """Return whether combinations were published: without them it is independence."""
        return combinations

    def draw_tied(
        self,
        point: Marginals,
        sizes: Mapping[GroupName, Array],
        random: np.random.Generator,
        marginals: Mapping[GroupName, Array],
    ) -> list[Combination]:
        """Draw tied findings jointly (in place) and return their combinations, one a draw.

        The distribution at the point estimates counts for the patients of the largest
        cohort, and half a patient with no finding and half with every one are added: the
        shares of the states have the Dirichlet posterior of these counts.
        """
        values: dict[str, dict[str, Array]] = {one.label: {} for one in point.combinations}
        for name, drawn in marginals.items():
            group = point.group(name)
            for places in tied(group):
                if not combinations_of(group, places):
                    continue
                space = joint_space(group, places)
                columns = list(space.columns)
                shares = _drawn_shares(space, sizes[name][columns], random, len(drawn))
                figures = np.clip(shares @ space.indicators.T, 0, 1)
                drawn[:, columns] = figures[:, : len(columns)]
                for label, figure in zip(
                    space.labels[len(columns) :], figures.T[len(columns) :], strict=True
                ):
                    values[label][name] = figure
        missing = np.full(len(marginals["cases"]), np.nan)
        return [
            replace(
                one,
                cases=values[one.label].get("cases", missing),
                noncases=values[one.label].get("noncases", missing),
            )
            for one in point.combinations
        ]

    def group_log_probabilities(self, group: Group, patterns: NDArray[np.int8]) -> Array:
        """Return log pattern probabilities, (draws, patterns): tied sets multiply."""
        total = np.zeros((len(group.present), len(patterns)))
        free: list[int] = []
        for places in tied(group):
            if combinations_of(group, places):
                space = joint_space(group, places)
                total += _pattern_sums(space, log_joint(space), patterns)
            else:
                free += places
        kept = Group(
            group.name,
            group.present,
            tuple(group.findings[place] for place in free),
            group.signs[free],
            group.labels,
        )
        total += Independent().group_log_probabilities(kept, patterns)
        total[:, ~strata(patterns, group.findings).possible] = -np.inf
        return total


def _drawn_shares(
    space: JointSpace, sizes: Array, random: np.random.Generator, draws: int
) -> Array:
    """Draw the shares of the states, (draws, states); as they are without a size of a cohort."""
    joint = np.exp(log_joint(space)[0])
    known = sizes[~np.isnan(sizes)]
    if not known.size:
        return np.broadcast_to(joint, (draws, len(joint)))
    weight = known.max() * joint
    weight[[0, -1]] += 0.5  # half a patient with no finding, half with every one
    gamma = random.standard_gamma(weight, size=(draws, len(weight)))
    return np.asarray(gamma / gamma.sum(axis=1, keepdims=True))


def _pattern_sums(space: JointSpace, log_p: Array, patterns: NDArray[np.int8]) -> Array:
    """Sum the joint probabilities (draws, states) of the states that match each pattern."""
    result = np.empty((len(log_p), len(patterns)))
    complete = (patterns[:, list(space.columns)] != NOT_ASSESSED).all(axis=1)
    result[:, complete] = log_p[:, space.state_of(patterns[complete])]
    for row in np.flatnonzero(~complete):
        matching = log_p[:, space.matching(patterns[row])]
        result[:, row] = logsumexp(matching, axis=1) if matching.shape[1] else -np.inf
    return result


def log_joint(space: JointSpace) -> Array:
    """Return the log of the maximum-entropy distribution over the states, (draws, states).

    Raises
    ------
    ConstraintError
        If the figures of a draw contradict each other.
    FitError
        If Newton's method fails although they do not.
    """
    result = np.full((len(space.targets), len(space.states)), -np.inf)
    # Draws that have the same figures at exactly 0 or 1 share their states.
    fixed = np.where(space.targets == 0, -1, np.where(space.targets == 1, 1, 0))
    kinds, kind = np.unique(fixed, axis=0, return_inverse=True)
    for number, ends in enumerate(kinds):
        draws = np.flatnonzero(kind.ravel() == number)
        excluded = (space.indicators[ends == 1] == 0).any(axis=0)
        excluded |= (space.indicators[ends == -1] == 1).any(axis=0)
        states = np.flatnonzero(~excluded)
        theta, converged = _newton(space.indicators[:, states], space.targets[draws])
        log_p = _log_normalised(theta @ space.indicators[:, states])
        result[np.ix_(draws, states)] = log_p
        suspect = ~converged
        # A single point estimate is put exactly on the boundary if it belongs there.
        if len(space.targets) == 1:
            suspect |= np.abs(theta).max(axis=1) > LARGE_MULTIPLIER
        for draw in draws[suspect]:
            result[draw] = _on_boundary(space, int(draw))
    return result


def _on_boundary(space: JointSpace, draw: int) -> Array:
    """Solve one draw on the states that can occur at all, or name the contradiction."""
    error = contradiction(space, draw)
    if error is not None:
        raise error
    states = np.flatnonzero(support(space, draw))
    theta, converged = _newton(space.indicators[:, states], space.targets[[draw]])
    if not converged[0]:
        raise FitError(
            f"maximum entropy did not converge for {', '.join(space.labels)} among "
            f"{space.group}, although the figures do not contradict each other"
        )
    result = np.full(len(space.states), -np.inf)
    result[states] = _log_normalised(theta @ space.indicators[:, states])[0]
    return result


def _log_normalised(scores: Array) -> Array:
    return np.asarray(scores - logsumexp(scores, axis=1, keepdims=True))


def _newton(indicators: Array, targets: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Minimise the dual for many draws at once; return multipliers and who converged."""
    theta = np.zeros(targets.shape)
    if not indicators.shape[1]:
        return theta, np.zeros(len(targets), dtype=bool)
    used = _independent_figures(indicators)
    dual = _Dual(indicators[used], targets[:, used])
    for _ in range(MOST_STEPS):
        if not len(dual.active):
            break
        dual.step()
    theta[:, used] = dual.theta
    p = np.exp(_log_normalised(theta @ indicators))
    # Judged on all figures, those left out as redundant included.
    return theta, np.abs(p @ indicators.T - targets).max(axis=1) <= 100 * CONVERGED


def _independent_figures(indicators: Array) -> NDArray[np.intp]:
    """Return figures that neither are constant nor repeat others: they keep the Hessian regular."""
    from scipy.linalg import qr

    covariance = np.atleast_2d(np.cov(indicators, bias=True))
    _, triangle, order = qr(covariance, pivoting=True)
    # Covariances of 0/1 indicators over at most 2**16 states: rounding is far below 1e-10.
    return np.asarray(np.sort(order[np.abs(np.diag(triangle)) > 1e-10]))


class _Dual:
    """The convex dual of many draws, each at its own multipliers."""

    def __init__(self, features: Array, targets: Array) -> None:
        self.features, self.targets = features, targets
        self.theta = np.zeros_like(targets)
        self.value = np.full(len(targets), np.log(features.shape[1]))
        self.active = np.arange(len(targets))

    def step(self) -> None:
        """Take one damped Newton step in every draw that is neither done nor hopeless."""
        p = np.exp(_log_normalised(self.theta[self.active] @ self.features))
        mean = p @ self.features.T
        gradient = mean - self.targets[self.active]
        done = np.abs(gradient).max(axis=1, initial=0.0) <= CONVERGED
        # Below zero the dual has no minimum: the figures contradict each other.
        keep = ~done & (self.value[self.active] > -1e-9)
        self.active, p, mean, gradient = self.active[keep], p[keep], mean[keep], gradient[keep]
        if not len(p):
            return
        f = self.features
        # Loop over the shorter of draws and figures: few large matrix products.
        if len(p) < len(f):
            moments = np.stack([(f * row) @ f.T for row in p])
        else:
            moments = np.stack([(p * row) @ f.T for row in f], axis=1)
        hessian = moments - mean[:, :, None] * mean[:, None] + 1e-14 * np.eye(len(f))
        direction = -np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        self._search(direction, (gradient * direction).sum(axis=1))

    def _search(self, direction: Array, slope: Array) -> None:
        """Move along the direction, halved until the dual falls enough."""
        length = np.ones(len(self.active))
        pending = np.arange(len(self.active))
        for _ in range(40):
            rows = self.active[pending]
            trial = self.theta[rows] + length[pending, None] * direction[pending]
            value = logsumexp(trial @ self.features, axis=1)
            value -= (trial * self.targets[rows]).sum(axis=1)
            # 1e-14: close to the minimum the fall is lost in rounding.
            fell = value <= self.value[rows] + 1e-4 * (length * slope)[pending] + 1e-14
            self.theta[rows[fell]], self.value[rows[fell]] = trial[fell], value[fell]
            pending = pending[~fell]
            if not len(pending):
                break
            length[pending] /= 2
