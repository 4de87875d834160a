"""The joint posterior of everything a risk rests on, as draws.

* Each flag's sensitivity and specificity have the posterior of
  :func:`backpain_stats.flag_accuracy`, for an average practice or for a new one; where one
  accuracy is taken to hold in every practice, the Jeffreys posterior of its counts,
  Beta(x + 1/2, n - x + 1/2). What one flag's practice says of another flag is not known:
  flags are drawn independently.
* Flags whose accuracy is that of one cohort's own patients were observed together. Their
  proportions vary together as their findings do: two sample proportions from the same
  patients have the correlation of the two findings (the phi coefficient). It is that of
  the dependence model at the point estimates, and enters through a Gaussian copula of the
  Beta posteriors.
* Thresholds of one quantity stay nested in every draw. Those who meet the more demanding
  one are some of those who meet the less demanding one, so that their proportions have
  the correlation of two such findings; it enters by the ranks of the draws. In a draw
  that would still reverse the order, the share of the former has its own Jeffreys posterior
  from the patients between the two thresholds (the share of the point estimates where
  numbers of patients are not known).
* Findings tied by a published combination (maximum entropy only) must stay
  consistent with it in every draw. Their joint distribution is drawn from a
  Dirichlet posterior: the maximum-entropy distribution at the point estimates
  counts for the cohort's patients, and half a patient with every finding and
  half a patient with none are added. (The middle table is used for these.)
* The pre-test probability has its own posterior, or is spread over its printed range, or
  is fixed; it is independent of the rest.
* The dependence model is fixed, or drawn: the correlation of one-factor
  dependence uniform over a range, independently in either group; the exponent
  of shrunken dependence from its distribution between sets of patients.

All but the Dirichlet part is a scrambled Sobol sample, so few draws go far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from backpain_stats.combine.dependence.base import (
    Combination,
    Dependence,
    GroupName,
    Marginals,
)
from backpain_stats.combine.dependence.patterns import NOT_ASSESSED, PRESENT
from backpain_stats.combine.inputs.entries import Entries, Entry
from backpain_stats.meta.accuracy import Practice
from backpain_stats.published import TableAccuracy
from backpain_stats.sampling import Seed, generator, quasi_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Uniforms of one flag: which table, sensitivity, specificity.
TABLE, SENSITIVITY, SPECIFICITY = 0, 1, 2
PER_FLAG = 3
# Further uniforms: pre-test, and two for the dependence.
FURTHER = 3
# Multiples of it modulo 1 fill the unit interval evenly, in an order unrelated to the draws.
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws of everything a risk rests on.

    Parameters
    ----------
    marginals : Marginals
        One row a draw.
    pretest : numpy.ndarray
        One a draw.
    dependence : Dependence, optional
        The dependence model with its parameters drawn, one value per draw; None
        where the model is sure of them.
    counted : bool
        Whether any count was given, so that more than the dependence varies.
    """

    marginals: Marginals
    pretest: Array
    dependence: Dependence | None = None
    counted: bool = True

    @property
    def certain(self) -> bool:
        """Whether nothing varies."""
        return not self.counted and self.dependence is None


def point_marginals(entries: Entries) -> Marginals:
    """Return the marginals and combinations at the point estimates (one draw)."""
    column = {flag: place for place, flag in enumerate(entries.flags)}
    sensitivity = np.array([entry.accuracy.sensitivity for entry in entries.entries])
    positive = np.array([1 - entry.accuracy.specificity for entry in entries.entries])
    for chain in entries.nested:
        places = [column[flag] for flag in chain]
        # The figures are in order; their posterior medians may not be, by a little.
        sensitivity[places] = np.minimum.accumulate(sensitivity[places])
        positive[places] = np.minimum.accumulate(positive[places])
    combinations = [
        Combination(
            one.combination_id,
            tuple(column[flag] for flag in one.flags),
            one.at_least,
            np.array([one.cases]),
            np.array([one.noncases]),
        )
        for one in entries.combinations
    ]
    nested = [[column[flag] for flag in chain] for chain in entries.nested]
    return Marginals(
        sensitivity, positive, nested=nested, combinations=combinations, labels=entries.flags
    )


def draw_posterior(
    entries: Entries,
    dependence: Dependence,
    *,
    draws: int,
    seed: Seed,
    practice: Practice = "average",
    steps: Array | None = None,
) -> Posterior:
    """Draw from the joint posterior; see the module's documentation for what it assumes.

    ``steps`` are the uniforms, (draws, flags, 2) or what broadcasts to it, that say how far
    the practice lies from the average: several new practices of one draw have the same seed
    and other steps.
    """
    new = practice == "new"
    point = point_marginals(entries)
    flags = len(entries.entries)
    random = generator(seed)
    uniform = quasi_uniform(draws, PER_FLAG * flags + FURTHER, random)
    own = uniform[:, : PER_FLAG * flags].reshape(draws, flags, PER_FLAG)
    if steps is not None:
        differ = np.array([entry.known.fit is not None for entry in entries.entries])
        own[:, differ, SENSITIVITY:] = np.broadcast_to(steps, (draws, flags, 2))[:, differ]
    own = _together(own, entries.entries, dependence, point)
    cases, noncases = np.empty((draws, flags)), np.empty((draws, flags))
    for place, entry in enumerate(entries.entries):
        accuracy = entry.known.new if new else entry.known.average
        sensitivity, specificity = accuracy.draws(own[:, place])
        cases[:, place], noncases[:, place] = sensitivity, 1 - specificity
    column = {flag: place for place, flag in enumerate(entries.flags)}
    sizes = _group_sizes(entries.entries)
    for chain in entries.nested:
        places = [column[flag] for flag in chain]
        _keep_nested(places, cases, point.cases[0], sizes["cases"])
        _keep_nested(places, noncases, point.noncases[0], sizes["noncases"])
    marginals: dict[GroupName, Array] = {"cases": cases, "noncases": noncases}
    combinations = dependence.draw_tied(point, sizes, random, marginals)
    further = uniform[:, PER_FLAG * flags :]
    own_draws = dependence.drawn(further[:, 1:3])
    drawn = None if own_draws is dependence else own_draws
    return Posterior(
        Marginals(
            cases,
            noncases,
            nested=point.nested,
            combinations=combinations,
            labels=entries.flags,
            signs=point.signs,
        ),
        (entries.pretest_new if new else entries.pretest).draws(further[:, 0]),
        drawn,
        counted=entries.pretest.kind != "fixed"
        or any(entry.accuracy.tables or entry.known.fit for entry in entries.entries),
    )


def _together(
    uniform: Array, entries: Sequence[Entry], dependence: Dependence, point: Marginals
) -> Array:
    """Correlate the uniforms of flags observed in the same patients, as their findings are.

    A dependence model without pattern probabilities has no correlation to give.
    """
    result = uniform.copy()
    # The more demanding of nested thresholds follows the less demanding one.
    shares = {column for chain in point.nested for column in chain[1:]}
    cohorts = {entry.cohort_id for entry in entries if isinstance(entry.accuracy, TableAccuracy)}
    for cohort in cohorts:
        places = [
            place
            for place, entry in enumerate(entries)
            if entry.cohort_id == cohort
            and isinstance(entry.accuracy, TableAccuracy)
            and place not in shares
        ]
        if len(places) < 2:
            continue
        pairs = [(j, k) for j in range(len(places)) for k in range(j)]
        patterns = np.full((len(pairs), point.flags), NOT_ASSESSED, dtype=np.int8)
        for row, (j, k) in enumerate(pairs):
            patterns[row, [places[j], places[k]]] = PRESENT
        both = dependence.pattern_probabilities(point, patterns)
        if both is None:
            return uniform
        for which, log_both, marginal in (
            (SENSITIVITY, both.cases, point.cases),
            (SPECIFICITY, both.noncases, point.noncases),
        ):
            phi = np.eye(len(places))
            p = marginal[0, places]
            spread = np.sqrt(p * (1 - p))
            for row, (j, k) in enumerate(pairs):
                if spread[j] * spread[k] > 0:
                    joint = np.exp(log_both[0, row])
                    phi[j, k] = phi[k, j] = (joint - p[j] * p[k]) / (spread[j] * spread[k])
            values, vectors = np.linalg.eigh(phi)
            root = vectors * np.sqrt(np.clip(values, 0, None))
            normal = ndtri(uniform[:, places, which]) @ root.T
            tiny = np.finfo(float).eps
            result[:, places, which] = np.clip(ndtr(normal), tiny, 1 - tiny)
    return result


def _keep_nested(places: Sequence[int], drawn: Array, point: Array, sizes: Array) -> None:
    """Order the draws of thresholds of one quantity, least demanding first (in place).

    ``point`` and ``sizes`` are the shares and the numbers of patients, shape (flags,). Among p of
    the patients the easier threshold is met, among q of them the harder one, too: two such
    findings of a patient, and two such proportions of one sample, have the correlation
    sqrt(q (1 - p) / (p (1 - q))).
    """
    for easier, harder in pairwise(places):
        p, q = point[easier], point[harder]
        first, second = drawn[:, easier], drawn[:, harder]
        phi = np.sqrt(q * (1 - p) / (p * (1 - q))) if 0 < q <= p < 1 else 0.0
        scores = phi * _scores(first) + np.sqrt(1 - phi**2) * _scores(second)
        coupled = np.sort(second)[np.argsort(np.argsort(scores, kind="stable"))]
        reversed_ = coupled > first
        share = q / p if p > 0 else 0.0
        n, count = sizes[easier], np.count_nonzero(reversed_)
        if np.isfinite(n) and count:
            # Nobody found between two thresholds does not mean that there is nobody.
            even = (np.arange(count) + 0.5) * GOLDEN % 1
            share = betaincinv(n * q + 0.5, n * (p - q) + 0.5, even)
        coupled[reversed_] = share * first[reversed_]
        drawn[:, harder] = coupled


def _scores(values: Array) -> Array:
    """Return the normal scores of the ranks of some values."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return np.asarray(ndtri((ranks + 0.5) / len(values)))


def _group_sizes(entries: Sequence[Entry]) -> dict[GroupName, Array]:
    """Return how many cases and non-cases stand behind each flag; NaN if that is not known."""
    known = [(entry.accuracy.n_cases, entry.accuracy.n) for entry in entries]
    sizes = np.array(
        [(np.nan, np.nan) if None in pair else pair for pair in known], dtype=float
    ).reshape(-1, 2)
    return {"cases": sizes[:, 0], "noncases": sizes[:, 1] - sizes[:, 0]}
