"""The entries of a risk model from the published evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import as_names, check_known, counts_from_frame
from backpain_stats.combine.inputs.entries import (
    Entries,
    Entry,
    KnownAccuracy,
    Note,
    PublishedCombination,
    given_source,
    nested_entries,
    no_report,
    one_accuracy,
    threshold_of_rule,
)
from backpain_stats.combine.inputs.findings import separate_findings
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import format_percent
from backpain_stats.evidence import require_evidence
from backpain_stats.printed.prevalence import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published.accuracy_draws import AccuracyDraws, TableAccuracy

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence


def entries_from_evidence(
    evidence: Evidence,
    target: str,
    setting: str,
    flags: Sequence[str] | None = None,
    pretest: PrevalenceLike | None = None,
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
    vocabulary = require_evidence(evidence).flags.set_index("flag_id")
    if evidence.select(target=target, setting=setting).accuracy.empty:
        raise NotEstimableError(f"no report about any flag for {target} in {setting}")
    accuracies, notes, unusable = _accuracies(evidence, target, setting)
    # A flag named twice is one finding; entered twice, its ratio would count twice.
    wanted = sorted(accuracies) if flags is None else list(dict.fromkeys(as_names(flags, "flags")))
    for flag in wanted:
        check_known(flag, vocabulary.index, "flag")
        if flag not in accuracies:
            raise no_report(flag, unusable, target, setting)
    if not wanted:
        raise NotEstimableError(
            f"no flag for {target} in {setting} has a usable report"
            + "".join(f"; {flag}: {reason}" for flag, reason in unusable.items())
        )
    entries = tuple(
        Entry(
            flag,
            str(vocabulary.loc[flag, "label"]),
            str(vocabulary.loc[flag, "family"]),
            accuracies[flag],
            str(accuracies[flag].labels["cohort_id"]),
        )
        for flag in wanted
    )
    prevalence, source, warning = _pretest(evidence, target, setting, pretest)
    studies = evidence.accuracy.merge(evidence.cohorts[["cohort_id", "study_id"]], on="cohort_id")
    listed = evidence.combinations["flags"].dropna().str.split(";")
    base = Entries(
        entries,
        prevalence,
        source,
        target,
        setting,
        separate=frozenset(
            separate_findings(
                evidence.flags,
                [set(one) for _, one in studies.groupby("study_id")["flag_id"]],
                listed,
            )
        ),
        unusable=unusable,
        vocabulary=frozenset(vocabulary.index),
        notes=(*warning, *(note for flag in wanted for note in notes[flag])),
    )
    return _with_combinations(
        replace(base, nested=nested_entries(entries, evidence.flags)), evidence, target
    )


def _accuracies(
    evidence: Evidence, target: str, setting: str
) -> tuple[dict[str, AccuracyDraws], dict[str, list[Note]], dict[str, str]]:
    """Return the accuracy of each flag with its notes, and why the other flags have none."""
    from backpain_stats.published.feasible import feasible_tables
    from backpain_stats.published.likelihood import likelihood_ratios

    reports = likelihood_ratios(evidence, target=target, setting=setting)
    tables = feasible_tables(evidence, target=target, setting=setting)
    accuracies: dict[str, AccuracyDraws] = {}
    notes: dict[str, list[Note]] = {}
    unusable: dict[str, str] = {}
    for name, group in reports.groupby("flag_id", sort=True):
        flag, rows = str(name), _rows(group)
        usable = [one for row in rows if (one := _accuracy(tables, row)) is not None]
        if usable:
            accuracies[flag], note = one_accuracy(flag, usable)
            notes[flag] = [*note, *_without_cases(accuracies[flag], rows)]
        else:
            unusable[flag] = "; ".join(f"{row.report_id}: {_why_not(row)}" for row in rows)
    return accuracies, notes, unusable


def _rows(frame: pd.DataFrame) -> list[Any]:
    """Return the rows as named tuples."""
    return list(frame.itertuples(index=False))


def _accuracy(tables: pd.DataFrame, row: Any) -> AccuracyDraws | None:
    """Return the accuracy of one report if it gives both sensitivity and specificity."""
    if not (row.usable and row.counted):
        return None
    labels = {"report_id": row.report_id, "cohort_id": row.cohort_id}
    counts = counts_from_frame(tables[tables["report_id"] == row.report_id])
    if len(counts):
        whole = (counts[:, 0] + counts[:, 2] > 0) & (counts[:, 1] + counts[:, 3] > 0)
        return TableAccuracy(counts, labels) if whole.all() else None
    if pd.isna(row.sensitivity) or pd.isna(row.specificity):
        return None
    return KnownAccuracy(float(row.sensitivity), float(row.specificity), labels)


def _without_cases(used: AccuracyDraws, rows: Sequence[Any]) -> list[Note]:
    """Say what cohorts without cases found: their false-positive fractions are not used."""
    return [
        Note(
            str(row.flag_id),
            f"{row.report_id} has no cases and is not used; it found the flag in "
            f"{format_percent(1 - row.specificity)} of its {row.fp + row.tn} non-cases, the "
            f"report used in {format_percent(1 - used.specificity)}",
        )
        for row in rows
        if row.usable and row.counted and row.n_cases is not pd.NA and row.n_cases == 0
    ]


def _why_not(row: Any) -> str:
    if not pd.isna(row.reason) and row.reason:
        return str(row.reason)
    return "its cohort has no cases or no non-cases, so one of the two accuracies is unknown"


def _pretest(
    evidence: Evidence, target: str, setting: str, given: PrevalenceLike | None
) -> tuple[Prevalence, str, list[Note]]:
    """Return the pre-test, its source, and what speaks against it."""
    from backpain_stats.published.prevalence import SettingPrevalence, setting_prevalence

    if given is None:
        given = setting_prevalence(evidence, target, setting)
    prevalence = read_prevalence(given)
    if isinstance(given, SettingPrevalence):
        text = f"{given.prevalence_id}: {given.warning}"
        return prevalence, given.source, [Note("pretest", text)] if given.warning else []
    return prevalence, given_source(prevalence), []


def _with_combinations(base: Entries, evidence: Evidence, target: str) -> Entries:
    """Add the published combinations whose flags and cohort are those of the model."""
    kept: list[PublishedCombination] = []
    notes = list(base.notes)
    cohort = {entry.flag_id: entry.cohort_id for entry in base.entries}
    rows = evidence.combinations[
        (evidence.combinations["target"] == target)
        & evidence.combinations["cohort_id"].isin(set(cohort.values()))
        & evidence.combinations["flags"].notna()
    ]
    for row in _rows(rows):
        named = row.flags.split(";")
        own = [flag for flag in cohort if cohort[flag] == row.cohort_id]
        flags, stands = _resolve(named, own, base, evidence)
        at_least = threshold_of_rule(row.rule, row.k, len(named))
        cases, noncases = _printed_pair(row)
        if flags is None or at_least is None or np.isnan([cases, noncases]).all():
            continue
        kept.append(PublishedCombination(row.combination_id, flags, at_least, cases, noncases))
        notes += [Note("combinations", f"{row.combination_id} {text}") for text in stands]
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


def _printed_pair(row: Any) -> tuple[float, float]:
    """Return a combination's probability among cases and non-cases; NaN where not printed."""
    pair = []
    for counts, figure, complement in (
        ((row.tp, row.fn), row.sensitivity, False),
        ((row.fp, row.tn), row.false_positive_rate, False),
        ((row.fp, row.tn), row.specificity, True),
    ):
        value = np.nan
        if not pd.isna(counts[0]) and not pd.isna(counts[1]) and sum(counts) > 0:
            value = float(counts[0] / sum(counts))
        elif not pd.isna(figure) and not str(figure).startswith(("<", ">")):
            value = 1 - float(figure) if complement else float(figure)
        pair.append(value)
    return pair[0], pair[2] if np.isnan(pair[1]) else pair[1]
