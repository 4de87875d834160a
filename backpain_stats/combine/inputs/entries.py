"""What enters a risk model: one accuracy a flag, the combinations, and the pre-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, check_count
from backpain_stats.combine.inputs.findings import Threshold, ordered_thresholds
from backpain_stats.errors import FitError, NotEstimableError
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import Prevalence
from backpain_stats.published import AccuracyDraws, FitAccuracy, TableAccuracy

if TYPE_CHECKING:
    pass


# The bivariate model has five parameters; two proportions from each of fewer studies than this
# hardly determine them.
POOL_FROM = 4
POOLED = (
    "summary point of the bivariate model of {} cohorts; how far a single setting may lie from "
    "it is not in the interval"
)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One flag of a model.

    Parameters
    ----------
    flag_id, label, family : str
        As in the vocabulary of flags; the family may be empty.
    accuracy : AccuracyDraws
        What is known of it.
    cohort_id : str
        The cohort it comes from, or how many were pooled.
    threshold : Threshold or None
        The quantity it cuts and where, if it is a threshold.
    """

    flag_id: str
    label: str
    family: str
    accuracy: AccuracyDraws
    cohort_id: str
    threshold: Threshold | None = None


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
        The pre-test probability and its uncertainty.
    pretest_source : str
        Where it comes from.
    target, setting : str
        What the model is about; empty for a user's own frame.
    nested : tuple of tuple of str
        Thresholds of one quantity, least demanding first.
    separate : set of frozenset
        Pairs of flags of one family that may be assessed together.
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
    pretest_source: str
    target: Target | Literal[""] = ""
    setting: Setting | Literal[""] = ""
    nested: tuple[tuple[str, ...], ...] = ()
    separate: frozenset[frozenset[str]] = frozenset()
    combinations: tuple[PublishedCombination, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)
    vocabulary: frozenset[str] = frozenset()
    notes: tuple[Note, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags, in order."""
        return tuple(entry.flag_id for entry in self.entries)


def one_accuracy(flag: str, usable: Sequence[AccuracyDraws]) -> tuple[AccuracyDraws, list[Note]]:
    """Return the accuracy to use of a flag reported by one or several cohorts, with notes.

    From four cohorts on, the summary point of the bivariate model (exact
    binomial likelihood). Two or three hardly determine that model, and counts of
    different populations must not be added, so the report with the most cases
    stands alone and the others are named.
    """
    ranked = sorted(usable, key=lambda one: (-(one.n_cases or 0), -(one.n or 0)))
    cohorts = {str(one.labels.get("cohort_id", "")) for one in ranked}
    if len(ranked) == 1:
        return ranked[0], []
    counted = [one for one in ranked if isinstance(one, TableAccuracy)]
    failed = ""
    if len(counted) >= POOL_FROM and len(cohorts) == len(ranked) == len(counted):
        try:
            return _pooled(flag, counted), [Note(flag, POOLED.format(len(counted)))]
        except FitError as error:
            failed = f"; pooling failed: {error}"
    others = ", ".join(
        f"{one.labels.get('report_id') or one.labels.get('cohort_id') or 'another row'} "
        f"({one.n_cases} cases)"
        for one in ranked[1:]
    )
    chosen = ranked[0].labels.get("report_id") or ranked[0].labels.get("cohort_id") or "one row"
    text = (
        f"the report with the most cases is used ({chosen}, {ranked[0].n_cases} cases), "
        f"not pooled with {others}{failed}"
    )
    return ranked[0], [Note(flag, text)]


def _pooled(flag: str, reports: Sequence[TableAccuracy]) -> FitAccuracy:
    """Pool four or more cohorts of one flag by the bivariate model."""
    from backpain_stats.meta.bivariate import fit_bivariate

    data = pd.DataFrame([one.middle for one in reports], columns=list(COUNT_COLUMNS))
    data.insert(0, "study", [str(one.labels["cohort_id"]) for one in reports])
    fit = fit_bivariate(data)
    return FitAccuracy(
        np.asarray(fit.coefficients, dtype=float)[:2],
        np.asarray(fit.covariance, dtype=float)[:2, :2],
        {"flag_id": flag, "report_id": "", "cohort_id": f"{len(reports)} cohorts pooled"},
        studies=len(reports),
        n=sum(one.n or 0 for one in reports),
        n_cases=sum(one.n_cases or 0 for one in reports),
        basis=f"bivariate model of {len(reports)} cohorts",
    )


def nested_entries(entries: Sequence[Entry], flags: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """Return the ordered thresholds among the entries, those of one cohort together."""
    by_flag = {entry.flag_id: entry for entry in entries}
    cohort = {flag: entry.cohort_id for flag, entry in by_flag.items()}
    nested = []
    for chain in ordered_thresholds(flags):
        for origin in dict.fromkeys(cohort[flag] for flag in chain if flag in cohort):
            members = tuple(flag for flag in chain if cohort.get(flag) == origin)
            counted = all(not isinstance(by_flag[one].accuracy, FitAccuracy) for one in members)
            if len(members) > 1 and counted:
                nested.append(members)
    return tuple(nested)


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
