r"""Draws of a setting, of one of its practices, and of the practices that a study would visit.

A recommendation is made for all practices of a setting, a study is done in some of them, and
a patient is seen in one. All three are drawn together, from the posterior of a
:class:`~backpain_stats.RiskModel`:

* *the setting*: sensitivity, false-positive fraction and prevalence, each averaged over the
  practices that a draw allows (Gauss-Hermite quadrature over how far a practice lies from
  the average);
* *one practice*: a new one;
* *the practices of a study*: the mean of so many new ones, none of them the former.

Of the prevalence the posterior has quantiles for an average and for a new practice. They are
tied by their normal scores, with the correlation that a new practice has which is the
average one plus something independent of it, :math:`r = sd(\text{average}) / sd(\text{new})`.

Rules need to know how findings occur together. A model that gives ratios without a joint
distribution, as the default does, cannot say it: in its place stands one factor in each
group with the learned distribution of its correlation, one value a draw
(:func:`~backpain_stats.combine.dependence.mixed_factor.learned_correlation_prior`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betaincinv, logit, ndtr, ndtri

from backpain_stats.combine.dependence.base import Dependence, Marginals, PatternModel
from backpain_stats.combine.dependence.independent import Independent
from backpain_stats.combine.dependence.mixed_factor import learned_correlation_prior
from backpain_stats.combine.dependence.one_factor import OneFactor
from backpain_stats.combine.risk.posterior import draw_posterior
from backpain_stats.errors import ArgumentError
from backpain_stats.sampling import Seed, check_draws, generator, quasi_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.inputs.entries import Entries
    from backpain_stats.combine.risk.model import RiskModel

    Array = NDArray[np.float64]

__all__ = ["Accuracies", "Place", "SettingDraws", "draw_setting"]

# All patterns of the flags are held for every draw at once.
MOST_FLAGS = 12
NODES = 5
# Correlations above this are one finding in two words.
LARGEST_RHO = 0.95


class Accuracies(NamedTuple):
    """How often each rule sends a case and a non-case to the action, (draws, rules)."""

    cases: Array
    noncases: Array


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Draws of the flags and the prevalence somewhere.

    Parameters
    ----------
    marginals : Marginals
        One row a draw.
    prevalence : numpy.ndarray of shape (draws,)
    """

    marginals: Marginals
    prevalence: Array


@dataclass(frozen=True, slots=True, eq=False)
class SettingDraws:
    """Joint draws of a setting and of practices in it.

    Parameters
    ----------
    setting, practice, study : Place
        The mean of the practices; one practice; the mean of those a study visits.
    dependence : PatternModel
        How findings hang together, one value a draw where that is drawn.
    correlations : numpy.ndarray of shape (draws, quantities)
        What is drawn of the dependence; no column where it is taken as known.
    basis : str
        The dependence in words.
    practices_differ, prevalence_known : bool
        Whether practices differ at all, and whether the prevalence is taken as known.
    """

    setting: Place
    practice: Place
    study: Place
    dependence: PatternModel
    correlations: Array
    basis: str
    practices_differ: bool
    prevalence_known: bool


def draw_setting(model: RiskModel, *, practices: int = 1, draws: int, seed: Seed) -> SettingDraws:
    """Draw a setting; see the module's documentation.

    Parameters
    ----------
    model : RiskModel
        What is known.
    practices : int
        How many practices a study visits.
    draws, seed
        Size and seed of the sample.

    Raises
    ------
    ArgumentError
        If the model has more than twelve flags.
    """
    entries = model.entries
    if len(entries.flags) > MOST_FLAGS:
        raise ArgumentError(
            f"the model has {len(entries.flags)} flags; {MOST_FLAGS} is the most here: name fewer"
        )
    draws = check_draws(draws)
    rng = generator(seed)
    # Each call below starts from this seed: the same setting, in other practices.
    own = int(rng.integers(2**32))
    average = draw_posterior(entries, model.dependence, draws=draws, seed=own)

    def elsewhere(steps: Array) -> Marginals:
        if not practices_differ:
            return average.marginals
        return draw_posterior(
            entries, model.dependence, draws=draws, seed=own, practice="new", steps=steps
        ).marginals

    flags = len(entries.flags)
    practices_differ = not entries.practices_alike
    # In another order: the same places of two Sobol sequences are not independent.
    uniform = rng.permutation(quasi_uniform(draws, 2 * flags + 4, rng))
    further, one = uniform[:, :4], uniform[:, 4:].reshape(draws, flags, 2)
    dependence, correlations, basis = _joint(model.dependence, flags, further[:, :2])
    visited = [elsewhere(rng.uniform(size=(draws, flags, 2))) for _ in range(practices)]
    shares = np.full(practices, 1 / practices)
    prevalence = _Prevalences(entries, ndtri(further[:, 2]))
    nodes, weights = _normal_nodes()
    return SettingDraws(
        Place(
            _mean([elsewhere(step) for step in ndtr(nodes)], weights),
            prevalence.mean(),
        ),
        Place(elsewhere(one), prevalence.somewhere(ndtri(further[:, 3]))),
        Place(_mean(visited, shares), prevalence.visited(rng.normal(size=(practices, draws)))),
        dependence,
        correlations,
        basis,
        practices_differ,
        entries.pretest.kind == "fixed" and entries.pretest_new.kind == "fixed",
    )


class _Prevalences:
    """The prevalence in each practice, given the score of the average one."""

    def __init__(self, entries: Entries, score: Array) -> None:
        self.average, self.new = entries.pretest, entries.pretest_new
        self.score = score
        grid = (np.arange(512) + 0.5) / 512
        spread = [float(np.std(logit(one.draws(grid)))) for one in (self.average, self.new)]
        alike = self.new is self.average or spread[1] == 0
        self.tie = 1.0 if alike else min(1.0, spread[0] / spread[1])

    def somewhere(self, step: Array | float) -> Array:
        """Return the prevalence of practices that lie so many standard scores away."""
        if self.tie == 1.0:
            return self.new.draws(ndtr(self.score))
        score = self.tie * self.score + np.sqrt(1 - self.tie**2) * step
        return self.new.draws(ndtr(score))

    def mean(self) -> Array:
        """Return the mean over all practices."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(2 * NODES + 1)
        each = np.array([self.somewhere(float(node)) for node in nodes])
        return np.asarray(weights / weights.sum() @ each)

    def visited(self, steps: Array) -> Array:
        """Return the mean over some practices, one row of ``steps`` each."""
        return np.asarray(np.mean([self.somewhere(step) for step in steps], axis=0))


def _normal_nodes() -> tuple[Array, Array]:
    """Return nodes (nodes, 2) and weights of two independent standard normals."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    pairs = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    return pairs, np.outer(weights, weights).ravel()


def _mean(several: Sequence[Marginals], weights: Array) -> Marginals:
    """Return the weighted mean of marginals."""
    first = several[0]
    cases = sum(weight * one.cases for weight, one in zip(weights, several, strict=True))
    noncases = sum(weight * one.noncases for weight, one in zip(weights, several, strict=True))
    # Rounding must not take a probability above 1.
    return Marginals(
        np.minimum(cases, 1.0),
        np.minimum(noncases, 1.0),
        nested=first.nested,
        labels=first.labels,
        signs=first.signs,
    )


def _joint(dependence: Dependence, flags: int, uniform: Array) -> tuple[PatternModel, Array, str]:
    """Return a dependence with a joint distribution, what is drawn of it, and its words."""
    if flags == 1:
        return Independent(), np.empty((len(uniform), 0)), "one flag"
    if isinstance(dependence, PatternModel) and not dependence.uses_combinations:
        drawn = dependence.drawn(uniform)
        if isinstance(drawn, OneFactor) and drawn is not dependence:
            rho = np.column_stack([drawn.rho_cases, drawn.rho_noncases])
            return drawn, rho, dependence.describe()
        return dependence, np.empty((len(uniform), 0)), dependence.describe()
    priors = learned_correlation_prior()
    rho = np.column_stack(
        [
            np.minimum(betaincinv(prior.a, prior.b, column), LARGEST_RHO)
            for prior, column in zip(priors, uniform.T, strict=True)
        ]
    )
    means = [prior.a / (prior.a + prior.b) for prior in priors]
    words = (
        f"{dependence.name} dependence gives no joint distribution; in its place findings share "
        "one factor within each disease group, its correlation drawn from what patient-level "
        f"data sets have (mean {means[0]:.2f} among cases, {means[1]:.2f} among non-cases)"
    )
    return OneFactor(*rho.T), rho, words
