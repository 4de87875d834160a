"""The entries of a risk model from the published evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from backpain_stats.checks import as_names, check_known
from backpain_stats.combine.inputs.entries import (
    Entries,
    Entry,
    Note,
    PublishedCombination,
    given_source,
    nested_entries,
    no_report,
    threshold_of_rule,
)
from backpain_stats.combine.inputs.findings import (
    contained_findings,
    read_thresholds,
    separate_findings,
)
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.meta.accuracy import FlagAccuracy
from backpain_stats.meta.published.accuracy import flag_accuracy, pooled_flag
from backpain_stats.meta.published.prevalence import PooledPrevalence, pool_prevalence
from backpain_stats.meta.published.reports import named_reports
from backpain_stats.printed import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published import (
    RULES,
    Remark,
    Report,
    filled_rows,
    published_reports,
    sentences,
)


def entries_from_evidence(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    flags: Sequence[str] | None = None,
    pretest: PrevalenceLike | None = None,
    *,
    indirect: bool = False,
) -> Entries:
    """Collect the flags of one target and setting from the published evidence.

    Raises
    ------
    NotEstimableError
        If no flag has a usable report, or a named one has none; the message
        says which report failed and why.
    UnknownNameError
        If a named flag is not in the vocabulary.
    """
    # What findings have to do with each other is read from the whole evidence.
    whole = require_evidence(evidence).whole
    vocabulary = whole.flags.set_index("flag_id")
    if not named_reports(evidence, target, setting):
        raise NotEstimableError(f"no report about any flag for {target} in {setting}")
    # A flag named twice is one finding; entered twice, its ratio would count twice.
    named = None if flags is None else list(dict.fromkeys(as_names(flags, "flags")))
    for flag in named or ():
        check_known(flag, vocabulary.index, "flag")
    prevalence, in_new_practice, warning = _pretest(evidence, target, setting, pretest)
    accuracies, notes, unusable = _accuracies(evidence, target, setting, named, indirect=indirect)
    wanted = sorted(accuracies) if named is None else named
    for flag in wanted:
        if flag not in accuracies:
            raise no_report(flag, unusable, target, setting)
    if not wanted:
        raise NotEstimableError(
            f"no flag for {target} in {setting} has a usable report"
            + "".join(f"; {flag}: {reason}" for flag, reason in unusable.items())
        )
    thresholds = read_thresholds(whole.flags)
    entries = tuple(
        Entry(
            flag,
            str(vocabulary.loc[flag, "label"]),
            str(vocabulary.loc[flag, "family"]),
            *accuracies[flag],
            thresholds.get(flag),
        )
        for flag in wanted
    )
    studies = whole.accuracy.merge(whole.cohorts[["cohort_id", "study_id"]], on="cohort_id")
    listed = whole.combinations["flags"].dropna().str.split(";")
    figures = {
        entry.flag_id: (entry.accuracy.sensitivity, 1 - entry.accuracy.specificity)
        for entry in entries
    }
    base = Entries(
        entries,
        prevalence,
        in_new_practice,
        prevalence.source,
        target,
        setting,
        separate=frozenset(
            separate_findings(
                whole.flags,
                [set(one) for _, one in studies.groupby("study_id")["flag_id"]],
                listed,
            )
        ),
        contained=frozenset(contained_findings(whole.flags)),
        cut_offs=thresholds,
        unusable=unusable,
        vocabulary=frozenset(vocabulary.index),
        notes=(*warning, *(note for flag in wanted for note in notes[flag])),
    )
    cohorts = {entry.flag_id: entry.cohort_ids for entry in entries}
    nested = nested_entries(figures, whole.flags, cohorts)
    return _with_combinations(replace(base, nested=nested), whole, target)


class _Known(NamedTuple):
    """The accuracy of a flag and the cohorts behind it."""

    accuracy: FlagAccuracy
    cohorts: tuple[str, ...]


def _accuracies(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    named: Sequence[str] | None,
    *,
    indirect: bool,
) -> tuple[dict[str, _Known], dict[str, list[Note]], dict[str, str]]:
    """Return the accuracy of each flag with its notes, and why the other flags have none."""
    of_flag: dict[str, list[Report]] = {}
    for report in named_reports(evidence, target, setting, named):
        of_flag.setdefault(report.flag_id, []).append(report)
    accuracies: dict[str, _Known] = {}
    notes: dict[str, list[Note]] = {}
    unusable: dict[str, str] = {}
    for flag, reports in sorted(of_flag.items()):
        try:
            known = flag_accuracy(evidence, target, setting, flag, indirect=indirect)
        except NotEstimableError:
            unusable[flag] = "; ".join(
                f"{report.report_id}: {_why_not(report)}" for report in reports
            )
            continue
        cohorts: tuple[str, ...] = (str(known.average.labels["cohort_id"]),)
        notes[flag] = []
        if known.average.tables:
            pooled = pooled_flag(evidence, target, setting, flag, indirect=indirect)
            used = pooled.reports[pooled.reports["used"]]
            cohorts = tuple(used["cohort_id"])
            # That tables are several stands in the column tables.
            notes[flag] = [Note(flag, text) for text in pooled.notes if "tables fit" not in text]
            notes[flag] += _in_place_of(set(used["report_id"]), reports)
        accuracies[flag] = _Known(known, cohorts)
    return accuracies, notes, unusable


def _in_place_of(used: Collection[str], reports: Sequence[Report]) -> list[Note]:
    """Say which reports on the same patients do not count, and by which rule."""
    return [
        Note(
            report.flag_id,
            f"{report.displaced_by} counts instead of {report.report_id} (same patients): "
            f"{RULES[report.displaced_because]}",
        )
        for report in reports
        if report.displaced_by in used
    ]


def _why_not(report: Report) -> str:
    """Say why a report gives no accuracy to a risk."""
    if report.counted and report.cohort.is_indirect:
        return sentences([*report.remarks, Remark("indirect_left_out")])
    if report.remarks:
        return sentences(report.remarks)
    return "its cohort has no cases or no non-cases, so one of the two accuracies is unknown"


def _pretest(
    evidence: Evidence, target: Target, setting: Setting, given: PrevalenceLike | None
) -> tuple[Prevalence, Prevalence, list[Note]]:
    """Return the pre-test in an average practice and in a new one, and what speaks against it."""
    if given is None:
        given = pool_prevalence(evidence, target, setting)
    warning = getattr(given, "warning", "")
    notes = [Note("pretest", str(warning))] if warning else []
    if isinstance(given, PooledPrevalence):
        return given.average, given.new, notes
    prevalence = read_prevalence(given)
    if not prevalence.source:
        prevalence = replace(prevalence, source=given_source(prevalence))
    return prevalence, prevalence, notes


def _with_combinations(base: Entries, evidence: Evidence, target: Target) -> Entries:
    """Add the published combinations whose flags and cohort are those of the model."""
    kept: list[PublishedCombination] = []
    notes = list(base.notes)
    cohorts = {entry.flag_id: entry.cohort_ids for entry in base.entries}
    every = published_reports(evidence, "combination")
    for row in filled_rows(evidence.select(target=target).combinations):
        own = [flag for flag in cohorts if row["cohort_id"] in cohorts[flag]]
        if not own or "flags" not in row:
            continue
        named = row["flags"].split(";")
        flags, stands = _resolve(named, own, base, evidence)
        name = row["combination_id"]
        at_least = threshold_of_rule(row["rule"], row.get("k", pd.NA), len(named))
        cases, noncases = _printed_pair(every[name])
        if flags is None or at_least is None or np.isnan([cases, noncases]).all():
            continue
        kept.append(PublishedCombination(name, flags, at_least, cases, noncases))
        notes += [Note("combinations", f"{name} {text}") for text in stands]
    return replace(base, combinations=tuple(kept), notes=tuple(notes))


def _resolve(
    named: Sequence[str], own: Sequence[str], base: Entries, evidence: Evidence
) -> tuple[tuple[str, ...] | None, list[str]]:
    """Return a combination's flags as flags of the model, or None if one is missing.

    A flag the cohort did not report by itself is represented by the only flag
    of its family that it did report; the second value says so.
    """
    families = dict(zip(evidence.flags["flag_id"], evidence.flags["family"], strict=True))
    resolved, notes = [], []
    for flag in named:
        if flag in own:
            resolved.append(flag)
            continue
        kin = [one for one in own if families.get(one) == families.get(flag) and one not in named]
        if len(kin) != 1:
            return None, []
        resolved.append(kin[0])
        notes.append(
            f"counts {flag}, which its cohort does not report by itself; {kin[0]}, of the same "
            f"family ({families[flag]}) and cohort, stands for it"
        )
    return tuple(resolved), notes


def _printed_pair(report: Report) -> tuple[float, float]:
    """Return a combination's probability among cases and non-cases; NaN where not printed.

    Printed counts go before printed proportions; a bound is no value.
    """
    counts = {name: getattr(report.printed.margins, name) for name in ("tp", "fp", "fn", "tn")}
    points = {
        name: float(figure.point)
        for name, figure in report.printed.values.items()
        if figure.point is not None
    }
    pair = []
    for positive, negative, share in (
        ("tp", "fn", points.get("sensitivity", np.nan)),
        ("fp", "tn", points.get("false_positive_rate", 1 - points.get("specificity", np.nan))),
    ):
        (present, most), (absent, largest) = counts[positive], counts[negative]
        counted = present == most and absent == largest and present + absent > 0
        pair.append(present / (present + absent) if counted else share)
    return pair[0], pair[1]
