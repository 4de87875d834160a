"""The entries of a risk model from the published evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    one_accuracy,
    threshold_of_rule,
)
from backpain_stats.combine.inputs.findings import read_thresholds, separate_findings
from backpain_stats.errors import NotEstimableError
from backpain_stats.estimate import format_percent
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.printed import Prevalence, PrevalenceLike, read_prevalence
from backpain_stats.published import (
    RULES,
    AccuracyDraws,
    Remark,
    Report,
    SettingPrevalence,
    filled_rows,
    published_reports,
    report_accuracy,
    sentences,
    setting_prevalence,
)
from backpain_stats.tables import middle_table


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
    if evidence.select(target=target, setting=setting).accuracy.empty:
        raise NotEstimableError(f"no report about any flag for {target} in {setting}")
    accuracies, notes, unusable = _accuracies(evidence, target, setting, indirect=indirect)
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
    thresholds = read_thresholds(whole.flags)
    entries = tuple(
        Entry(
            flag,
            str(vocabulary.loc[flag, "label"]),
            str(vocabulary.loc[flag, "family"]),
            accuracies[flag],
            str(accuracies[flag].labels["cohort_id"]),
            thresholds.get(flag),
        )
        for flag in wanted
    )
    prevalence, source, warning = _pretest(evidence, target, setting, pretest)
    studies = whole.accuracy.merge(whole.cohorts[["cohort_id", "study_id"]], on="cohort_id")
    listed = whole.combinations["flags"].dropna().str.split(";")
    base = Entries(
        entries,
        prevalence,
        source,
        target,
        setting,
        separate=frozenset(
            separate_findings(
                whole.flags,
                [set(one) for _, one in studies.groupby("study_id")["flag_id"]],
                listed,
            )
        ),
        unusable=unusable,
        vocabulary=frozenset(vocabulary.index),
        notes=(*warning, *(note for flag in wanted for note in notes[flag])),
    )
    return _with_combinations(
        replace(base, nested=nested_entries(entries, whole.flags)), whole, target
    )


def _accuracies(
    evidence: Evidence, target: Target, setting: Setting, *, indirect: bool
) -> tuple[dict[str, AccuracyDraws], dict[str, list[Note]], dict[str, str]]:
    """Return the accuracy of each flag with its notes, and why the other flags have none."""
    every = published_reports(evidence)
    of_flag: dict[str, list[Report]] = {}
    for name in evidence.select(target=target, setting=setting).accuracy["report_id"]:
        of_flag.setdefault(every[name].flag_id, []).append(every[name])
    accuracies: dict[str, AccuracyDraws] = {}
    notes: dict[str, list[Note]] = {}
    unusable: dict[str, str] = {}
    for flag, reports in sorted(of_flag.items()):
        direct = [
            report
            for report in reports
            if report.counted and (indirect or not report.cohort.is_indirect)
        ]
        known = [accuracy for report in direct if (accuracy := report_accuracy(report)) is not None]
        if known:
            accuracies[flag], note = one_accuracy(flag, known)
            notes[flag] = [
                *note,
                *_without_cases(accuracies[flag], direct),
                *_in_place_of(direct, reports),
            ]
        else:
            unusable[flag] = "; ".join(
                f"{report.report_id}: {_why_not(report)}" for report in reports
            )
    return accuracies, notes, unusable


def _without_cases(used: AccuracyDraws, reports: Sequence[Report]) -> list[Note]:
    """Say what cohorts without cases found: their false-positive fractions are not used."""
    notes = []
    for report in reports:
        if report.cohort.n_cases == 0 and report.complete:
            _, fp, _, tn = report.cells[middle_table(report.cells)].tolist()
            text = (
                f"{report.report_id} has no cases and is not used; it found the flag in "
                f"{format_percent(fp / (fp + tn))} of its {fp + tn} non-cases, the "
                f"report used in {format_percent(1 - used.specificity)}"
            )
            notes.append(Note(report.flag_id, text))
    return notes


def _in_place_of(used: Sequence[Report], reports: Sequence[Report]) -> list[Note]:
    """Say which reports on the same patients do not count, and by which rule."""
    names = {report.report_id for report in used}
    return [
        Note(
            report.flag_id,
            f"{report.displaced_by} counts instead of {report.report_id} (same patients): "
            f"{RULES[report.displaced_because]}",
        )
        for report in reports
        if report.displaced_by in names
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
) -> tuple[Prevalence, str, list[Note]]:
    """Return the pre-test, its source, and what speaks against it."""
    if given is None:
        given = setting_prevalence(evidence, target, setting)
    prevalence = read_prevalence(given)
    if isinstance(given, SettingPrevalence):
        text = f"{given.prevalence_id}: {given.warning}"
        return prevalence, given.source, [Note("pretest", text)] if given.warning else []
    return prevalence, given_source(prevalence), []


def _with_combinations(base: Entries, evidence: Evidence, target: Target) -> Entries:
    """Add the published combinations whose flags and cohort are those of the model."""
    kept: list[PublishedCombination] = []
    notes = list(base.notes)
    cohort = {entry.flag_id: entry.cohort_id for entry in base.entries}
    every = published_reports(evidence, "combination")
    for row in filled_rows(evidence.select(target=target).combinations):
        if row["cohort_id"] not in cohort.values() or "flags" not in row:
            continue
        named = row["flags"].split(";")
        own = [flag for flag in cohort if cohort[flag] == row["cohort_id"]]
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
