"""Rules a panel can recommend: nobody, everybody, a flag, any of some, at least two of some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import real_number
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.combine.risk.patient import check_together
from backpain_stats.decide.curves import net_benefit
from backpain_stats.decide.thresholds import action_threshold, check_values
from backpain_stats.decide.value.practices import Accuracies
from backpain_stats.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backpain_stats.combine.dependence.base import Marginals, PatternModel
    from backpain_stats.combine.inputs.entries import Entries
    from backpain_stats.decide.value.practices import Place

    Array = NDArray[np.float64]

__all__ = [
    "EVERYBODY",
    "NOBODY",
    "Rule",
    "Stakes",
    "allowed_sets",
    "benefits",
    "read_stakes",
    "rule_accuracies",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """Act on a patient with at least so many of some flags.

    Parameters
    ----------
    flags : tuple of str
        The flags that are asked about.
    at_least : int
        How many must be present; 0 acts on everybody.
    """

    flags: tuple[str, ...]
    at_least: int = 1

    @property
    def name(self) -> str:
        """The rule in words."""
        listed = ", ".join(self.flags)
        if not self.flags:
            return "nobody" if self.at_least else "everybody"
        if len(self.flags) == 1:
            return listed
        return f"any of {listed}" if self.at_least == 1 else f"{self.at_least} of {listed}"


NOBODY, EVERYBODY = Rule((), 1), Rule((), 0)


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a panel weighs.

    Parameters
    ----------
    threshold : float
        Probability of disease from which on it acts.
    benefit : float
        Of acting on a case; the unit of every result. 1 where only a threshold was given.
    test_harm : float
        Of asking about one flag, in the same unit.
    """

    threshold: float
    benefit: float = 1.0
    test_harm: float = 0.0


def read_stakes(
    threshold: float | None, benefit: float | None, harm: float | None, test_harm: float = 0.0
) -> Stakes:
    """Return the panel's values from a threshold, or from benefit and harm.

    Raises
    ------
    ArgumentError
        If neither or both are given, or a value is not allowed.

    Examples
    --------
    >>> read_stakes(None, 99, 1).threshold
    0.01
    """
    if (threshold is None) == (benefit is None and harm is None):
        raise ArgumentError("give either threshold or both benefit and harm")
    if threshold is not None:
        number = real_number(threshold)
        if not 0 < number < 1:
            raise ArgumentError(
                f"threshold is {threshold!r}; it must be a number strictly between 0 and 1"
            )
        return Stakes(number, 1.0, check_values(1.0, 1.0, test_harm)[2])
    if benefit is None or harm is None:
        raise ArgumentError("benefit and harm are given together: only their ratio gives a choice")
    benefit, harm, test_harm = check_values(benefit, harm, test_harm)
    return Stakes(float(action_threshold(benefit=benefit, harm=harm)), benefit, test_harm)


def benefits(
    rules: Sequence[Rule], accuracies: Accuracies, prevalence: Array | float, stakes: Stakes
) -> Array:
    """Return the net benefit per patient of each rule, (draws, rules), in the panel's unit."""
    asked = stakes.test_harm * np.array([len(rule.flags) for rule in rules])
    found = net_benefit(
        accuracies.cases,
        1 - accuracies.noncases,
        np.reshape(prevalence, (-1, 1)),
        stakes.threshold,
    )
    return np.asarray(stakes.benefit * found - asked)


def rule_accuracies(
    dependence: PatternModel, place: Place, labels: Sequence[str], rules: Sequence[Rule]
) -> Accuracies:
    """Return how often each rule acts on a case and on a non-case, (draws, rules)."""
    single = {name: column for column, name in enumerate(labels)}
    marginals = place.marginals
    found = [np.empty((marginals.draws, len(rules))) for _ in range(2)]
    several = [place for place, rule in enumerate(rules) if len(rule.flags) > 1]
    for number, rule in enumerate(rules):
        for group, present in zip(found, (marginals.cases, marginals.noncases), strict=True):
            if len(rule.flags) == 1:
                group[:, number] = present[:, single[rule.flags[0]]]
            elif not rule.flags:
                group[:, number] = rule.at_least == 0
    if several:
        table = pattern_probabilities(dependence, marginals)
        acts = rule_patterns(marginals, labels, [rules[number] for number in several]).astype(float)
        for group, probabilities in zip(found, table, strict=True):
            group[:, several] = np.clip(probabilities @ acts, 0.0, 1.0)
    return Accuracies(*found)


def pattern_probabilities(dependence: PatternModel, marginals: Marginals) -> tuple[Array, Array]:
    """Return the probability of every complete pattern in either group, (draws, patterns)."""
    table = dependence.complete_table(marginals)
    cases, noncases = np.exp(table.cases), np.exp(table.noncases)
    return cases, noncases


def rule_patterns(
    marginals: Marginals, labels: Sequence[str], rules: Sequence[Rule]
) -> NDArray[np.bool_]:
    """Return on which complete patterns each rule acts, (patterns, rules)."""
    states = all_patterns(marginals.findings)
    place = {name: column for column, name in enumerate(labels)}
    counts = [states[:, [place[flag] for flag in rule.flags]].sum(axis=1) for rule in rules]
    return np.column_stack(
        [count >= rule.at_least for count, rule in zip(counts, rules, strict=True)]
    )


def allowed_sets(entries: Entries, most: int) -> list[tuple[str, ...]]:
    """Return the sets of up to ``most`` flags that can be asked together, smallest first.

    Two wordings of one finding, or two thresholds of one quantity, are not two questions.
    """
    refused = {frozenset(pair) for chain in entries.nested for pair in combinations(chain, 2)}
    for pair in combinations(entries.flags, 2):
        try:
            check_together(entries, pair)
        except ArgumentError:
            refused.add(frozenset(pair))
    return [
        chosen
        for size in range(1, most + 1)
        for chosen in combinations(entries.flags, size)
        if not _holds_refused(chosen, refused)
    ]


def _holds_refused(chosen: Iterable[str], refused: set[frozenset[str]]) -> bool:
    return any(frozenset(pair) in refused for pair in combinations(chosen, 2))
