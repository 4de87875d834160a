r"""Studies that could be done: their data, drawn, and what the data say of each rule.

A *cohort* takes patients as they come and tells the prevalence, too; a *case-control* study
takes as many cases as non-cases and does not. In either the flags are asked of everybody, so
that the data are counts of patterns. What they say of a rule is summed up by the linear
Bayes (credibility) estimates

.. math::
   \tilde s = E[s] + \frac{V}{V + W / K + E[s (1 - s)] / N}\left(\frac{x}{N} - E[s]\right)

of how often it acts on cases, and likewise on non-cases and for the prevalence, with
:math:`V` the variance of the mean over the setting's practices, :math:`W` that between
practices, :math:`K` practices visited and :math:`x` of :math:`N` patients. The rule's net
benefit at these estimates is the summary that the regression starts from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.checks import check_choice, check_count, real_numbers
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.decide.value.practices import Accuracies
from backpain_stats.decide.value.rules import (
    Rule,
    Stakes,
    benefits,
    pattern_probabilities,
    rule_patterns,
)
from backpain_stats.errors import ArgumentError
from backpain_stats.sampling import Seed, generator

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from backpain_stats.decide.value.practices import SettingDraws

    Array = NDArray[np.float64]

__all__ = ["DESIGNS", "Design", "Studied", "StudyPlan", "read_plan", "simulate_studies"]

Design = Literal["cohort", "case-control"]
DESIGNS: tuple[Design, ...] = ("cohort", "case-control")
SIZES: tuple[int, ...] = (250, 500, 1000, 2000, 4000, 8000, 16000)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study that could be done, in several sizes.

    Parameters
    ----------
    design : {"cohort", "case-control"}
    sizes : tuple of int
        Patients, rising.
    practices : int
        How many practices they come from.
    """

    design: Design
    sizes: tuple[int, ...]
    practices: int


def read_plan(design: Design, sizes: ArrayLike, practices: int) -> StudyPlan:
    """Return a plan, or say what is not allowed in it.

    Raises
    ------
    ArgumentError
        If the design is none, a size is no whole number above 0, or there is no practice.
    """
    check_choice(design, "design", DESIGNS)
    numbers = real_numbers(sizes)
    if numbers is None or not numbers.size or not np.all((numbers >= 2) & (numbers % 1 == 0)):
        raise ArgumentError(f"sizes is {sizes!r}; give whole numbers of patients, 2 or more")
    if check_count(practices, "practices") < 1:
        raise ArgumentError(f"practices is {practices!r}; a study needs at least one")
    return StudyPlan(
        design, tuple(sorted({int(one) for one in np.atleast_1d(numbers)})), int(practices)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Studied:
    """What studies of one size say, one drawn study a row.

    Parameters
    ----------
    n : int
        Patients.
    summary : numpy.ndarray of shape (draws, rules)
        The net benefit of each rule at the linear Bayes estimates.
    """

    n: int
    summary: Array


def simulate_studies(
    drawn: SettingDraws,
    labels: Sequence[str],
    rules: Sequence[Rule],
    accuracies: tuple[Accuracies, Accuracies],
    stakes: Stakes,
    *,
    plan: StudyPlan,
    seed: Seed,
) -> Iterator[Studied]:
    """Yield drawn studies, size by size; a larger one holds the patients of the smaller.

    Parameters
    ----------
    drawn : SettingDraws
    labels : sequence of str
        The flags.
    rules : sequence of Rule
    accuracies : tuple of Accuracies
        Of the rules, in the setting and in one practice.
    stakes : Stakes
    plan : StudyPlan
    seed : int, Generator or None
    """
    rng = generator(seed)
    table = pattern_probabilities(drawn.dependence, drawn.study.marginals)
    acts = _acts(drawn, labels, rules)
    draws, groups = len(drawn.correlations), range(2)
    positive = [np.zeros((draws, len(rules))) for _ in groups]
    totals = [np.zeros(draws, dtype=np.int64) for _ in groups]
    before = 0
    for n in plan.sizes:
        if plan.design == "cohort":
            cases = rng.binomial(n - before, drawn.study.prevalence)
        else:
            cases = np.full(draws, n // 2 - before // 2)
        for group, extra in zip(groups, (cases, n - before - cases), strict=True):
            counts = rng.multinomial(extra, _adding_up(table[group]))
            positive[group] += counts @ acts
            totals[group] += extra
        before = n
        estimates = [
            _credible(
                positive[group],
                totals[group][:, None],
                setting=accuracies[0][group],
                practice=accuracies[1][group],
                practices=plan.practices,
            )
            for group in groups
        ]
        prevalence = drawn.setting.prevalence.mean()
        if plan.design == "cohort" and not drawn.prevalence_known:
            prevalence = _credible(
                totals[0].astype(float),
                np.full(draws, n),
                setting=drawn.setting.prevalence,
                practice=drawn.practice.prevalence,
                practices=plan.practices,
            )
        yield Studied(n, benefits(rules, Accuracies(*estimates), prevalence, stakes))


def _acts(drawn: SettingDraws, labels: Sequence[str], rules: Sequence[Rule]) -> Array:
    """Return on which complete patterns each rule acts, (patterns, rules)."""
    marginals = drawn.study.marginals
    acts = np.zeros((len(all_patterns(marginals.findings)), len(rules)))
    asked = [place for place, rule in enumerate(rules) if rule.flags]
    acts[:, asked] = rule_patterns(marginals, labels, [rules[place] for place in asked])
    acts[:, [place for place, rule in enumerate(rules) if not rule.at_least]] = 1.0
    return acts


def _adding_up(table: Array) -> Array:
    """Return the probabilities of each row as numpy's multinomial wants them."""
    clipped = np.clip(table, 0.0, 1.0)
    return np.asarray(clipped / (clipped.sum(axis=1, keepdims=True) * (1 + 1e-12)))


def _credible(
    counts: Array,
    totals: NDArray[np.int64],
    *,
    setting: Array,
    practice: Array,
    practices: int,
) -> Array:
    """Return the linear Bayes estimates from counts of totals; formula in the module."""
    mean, variance = setting.mean(axis=0), setting.var(axis=0)
    between = np.maximum(practice.var(axis=0) - variance, 0.0) / practices
    noise = (practice * (1 - practice)).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(totals > 0, variance / (variance + between + noise / totals), 0.0)
        share = np.where(totals > 0, counts / totals, mean)
    return np.asarray(mean + np.nan_to_num(weight) * (share - mean))
