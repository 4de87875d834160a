"""What enters a risk model: one accuracy a flag, the combinations, and the pre-test."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pandas as pd

from backpain_stats.checks import check_count
from backpain_stats.combine.inputs.findings import Threshold, ordered_thresholds
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Setting, Target
from backpain_stats.meta.accuracy import FlagAccuracy
from backpain_stats.printed.prevalence import Prevalence
from backpain_stats.published import AccuracyDraws


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One flag of a model.

    Parameters
    ----------
    flag_id, label, family : str
        As in the vocabulary of flags; the family may be empty.
    known : FlagAccuracy
        What is known of it, in an average practice and in a new one.
    cohort_ids : tuple of str
        The cohorts behind it.
    threshold : Threshold or None
        The quantity it cuts and where, if it is a threshold.
    """

    flag_id: str
    label: str
    family: str
    known: FlagAccuracy
    cohort_ids: tuple[str, ...]
    threshold: Threshold | None = None

    @property
    def accuracy(self) -> AccuracyDraws:
        """That of the average practice."""
        return self.known.average

    @property
    def cohort_id(self) -> str:
        """The cohort, or how many there are."""
        several = len(self.cohort_ids)
        return self.cohort_ids[0] if several == 1 else f"{several} cohorts"


class Note(NamedTuple):
    """What a reader must know: about a flag, ``"pretest"`` or ``"combinations"``."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class PublishedCombination:
    """A published result of several flags; NaN where not printed.

    ``at_least`` of ``flags`` present, with these probabilities among cases and
    among non-cases.
    """

    combination_id: str
    flags: tuple[str, ...]
    at_least: int
    cases: float
    noncases: float


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Everything a model is built from.

    Parameters
    ----------
    entries : tuple of Entry
        The flags, in order.
    pretest : Prevalence
        The pre-test probability and its uncertainty, in an average practice.
    pretest_new : Prevalence
        The same in a new practice; what a user gives holds there too.
    pretest_source : str
        Where it comes from.
    target, setting : str
        What the model is about; empty for a user's own frame.
    nested : tuple of tuple of str
        Thresholds of one quantity, least demanding first.
    separate : set of frozenset
        Pairs of flags of one family that may be assessed together.
    contained : set of tuple
        Pairs (whole, part) of flags: whoever has the part has the whole by definition.
    cut_offs : mapping of str to Threshold
        Thresholds of the vocabulary by flag, whether in the model or not.
    combinations : tuple of PublishedCombination
        Those whose flags are all in the model.
    unusable : mapping
        Flag to the reason why it cannot enter.
    vocabulary : frozenset of str
        All flags there are, reported or not.
    notes : tuple of Note
        What a reader must know.
    """

    entries: tuple[Entry, ...]
    pretest: Prevalence
    pretest_new: Prevalence
    pretest_source: str
    target: Target | Literal[""] = ""
    setting: Setting | Literal[""] = ""
    nested: tuple[tuple[str, ...], ...] = ()
    separate: frozenset[frozenset[str]] = frozenset()
    contained: frozenset[tuple[str, str]] = frozenset()
    cut_offs: Mapping[str, Threshold] = field(default_factory=dict)
    combinations: tuple[PublishedCombination, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    vocabulary: frozenset[str] = frozenset()
    notes: tuple[Note, ...] = ()

    @property
    def practices_alike(self) -> bool:
        """Whether nothing differs between practices."""
        return self.pretest_new is self.pretest and all(
            entry.known.new is entry.known.average for entry in self.entries
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags, in order."""
        return tuple(entry.flag_id for entry in self.entries)


def nested_entries(
    figures: Mapping[str, tuple[float, float]],
    flags: pd.DataFrame,
    cohorts: Mapping[str, Collection[str]] | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Return the thresholds of one quantity among some flags, least demanding first.

    Parameters
    ----------
    figures : mapping
        By flag, the shares with it among cases and among non-cases. Cohorts may contradict each
        other: a threshold that reverses the order stays outside the chain, and is refused
        beside the others of its family.
    flags : pandas.DataFrame
        As for :func:`ordered_thresholds`.
    cohorts : mapping, optional
        By flag, the cohorts behind it. Thresholds of the same patients are in order whatever
        the figures, which may rest on further cohorts.
    """
    same = cohorts or {}
    chains = []
    for chain in ordered_thresholds(flags):
        kept: list[str] = []
        for flag in chain:
            if flag in figures and (
                not kept
                or set(same.get(flag, ())) & set(same.get(kept[-1], ()))
                or all(
                    own <= last for own, last in zip(figures[flag], figures[kept[-1]], strict=True)
                )
            ):
                kept.append(flag)
        if len(kept) > 1:
            chains.append(tuple(kept))
    return tuple(chains)


def given_source(prevalence: Prevalence) -> str:
    """Say that a pre-test was given, and as what."""
    if prevalence.kind == "counts":
        return f"given: {prevalence.n_cases} of {prevalence.n}"
    return "given" if prevalence.kind == "fixed" else f"given: {prevalence}"


def threshold_of_rule(rule: str, k: Any, flags: int) -> int | None:
    """Translate a rule into "at least so many"; None for scores and algorithms."""
    if rule == "any":
        return 1
    if rule == "all":
        return flags
    return check_count(k, "k") if rule == "at_least_k" and not pd.isna(k) else None


def no_report(
    flag: str, unusable: Mapping[str, str], target: str, setting: str
) -> NotEstimableError:
    """Return the error for a flag of the vocabulary that cannot enter."""
    if flag in unusable:
        return NotEstimableError(f"flag {flag!r} cannot enter: {unusable[flag]}")
    return NotEstimableError(
        f"flag {flag!r} cannot enter: no report of it for {target} in {setting}"
    )
