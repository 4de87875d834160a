"""The one policy for "this flag, these reports: its accuracy"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, check_level
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.meta.accuracy import FlagAccuracy, accuracy_row, tables_accuracy
from backpain_stats.meta.point import MEASURES
from backpain_stats.meta.published.pooling import PooledEvidence, pool
from backpain_stats.meta.published.reports import named_reports
from backpain_stats.published import AccuracyDraws, report_accuracy

__all__ = ["accuracy_table", "flag_accuracy", "known_accuracy", "pooled_flag"]

# Printed proportions without counts are taken as known: that is a cohort without end. A
# million patients a group are one, with every printed digit kept.
ENDLESS = 1_000_000


def pooled_flag(
    evidence: Evidence, target: Target, setting: Setting | None, flag: str, *, indirect: bool
) -> PooledEvidence:
    """Return ``pool`` of a flag with its defaults, computed once and kept with the evidence.

    Raises
    ------
    NotEstimableError
        As in :func:`~backpain_stats.pool`.
    """

    def build(whole: Evidence) -> PooledEvidence | str:
        try:
            return pool(whole, target=target, setting=setting, flag=flag, indirect=indirect)
        except NotEstimableError as error:
            return str(error)  # that nothing can be pooled is found out once, too

    place = "any setting" if setting is None else setting
    name = f"pooled {flag} for {target} in {place}, indirect {indirect}"
    found = evidence.derived(name, build)
    if isinstance(found, str):
        raise NotEstimableError(found)
    return found


def flag_accuracy(
    evidence: Evidence,
    target: Target,
    setting: Setting | None,
    flag: str,
    *,
    indirect: bool = False,
) -> FlagAccuracy:
    """Return what all direct cohorts say of a flag, in an average practice and in a new one.

    Whoever asks gets this: the risk of a patient, comparisons, panel and report. It is
    :func:`~backpain_stats.pool` with its defaults. Where no report has a 2x2 table but one
    prints both proportions without counts, those are taken as known in their own cohort, and
    the prior says how far other practices may lie from it.

    Raises
    ------
    NotEstimableError
        If no cohort of the setting informs the flag, or none informs its sensitivity or
        its specificity.
    """

    def build(whole: Evidence) -> FlagAccuracy | str:
        try:
            return pooled_flag(whole, target, setting, flag, indirect=indirect).accuracy
        except NotEstimableError as error:
            known = _known(whole, target, setting, flag, indirect=indirect)
            return str(error) if known is None else known

    place = "any setting" if setting is None else setting
    name = f"accuracy of {flag} for {target} in {place}, indirect {indirect}"
    found = require_evidence(evidence).derived(name, build)
    if isinstance(found, str):
        raise NotEstimableError(found)
    return found


def accuracy_table(
    evidence: Evidence,
    target: Target,
    setting: Setting | None = None,
    flag: str | Sequence[str] | None = None,
    *,
    indirect: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the accuracy of every flag of a condition, in an average practice and in a new one.

    Parameters
    ----------
    evidence : Evidence
    target : str
        The condition.
    setting : str, optional
        The setting whose practices the result is about; by default the middle of all.
    flag : str or sequence of str, optional
        Only these flags.
    indirect : bool, default False
        Whether cohorts of other patients than those asked about, or with another target,
        take part.
    level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a flag that a cohort of the setting has been asked about: ``flag_id, label,
        target, setting, cohort_id``, ``studies, n, n_cases, tables``, then for
        ``sensitivity, specificity, lr_positive, lr_negative`` the estimate, ``_low`` and
        ``_high`` (average practice), ``_new_practice_low`` and ``_new_practice_high``;
        ``ci_level, basis, usable, reason``. What is not estimable is NaN, and ``reason``
        says why.

    Raises
    ------
    ArgumentError, UnknownNameError
        If a name or the level is not allowed.

    Examples
    --------
    >>> from backpain_stats import accuracy_table, load_evidence
    >>> found = accuracy_table(load_evidence(), "malignancy", "primary_care")
    >>> row = found.set_index("flag_id").loc["cancer_history"]
    >>> bool(row["lr_positive_new_practice_low"] < row["lr_positive_low"] < row["lr_positive"])
    True
    >>> found.set_index("flag_id").loc["systemic_symptoms", "usable"]
    np.False_
    """
    check_level(level)
    named = {report.flag_id for report in named_reports(evidence, target, setting, flag)}
    labels = dict(zip(evidence.flags["flag_id"], evidence.flags["label"], strict=True))
    rows = []
    for name in sorted(named):
        row: dict[str, object] = {
            "flag_id": name,
            "label": labels.get(name, name),
            "target": target,
            "setting": setting or pd.NA,
        }
        try:
            known = flag_accuracy(evidence, target, setting, name, indirect=indirect)
        except NotEstimableError as error:
            rows.append(row | {"usable": False, "reason": str(error)})
            continue
        row |= {"cohort_id": known.average.labels["cohort_id"], **accuracy_row(known, level)}
        rows.append(row | {"usable": True, "reason": ""})
    frame = pd.DataFrame(rows).reindex(columns=_columns()).assign(ci_level=level)
    whole = dict.fromkeys(("studies", "n", "n_cases", "tables"), "Int64")
    return frame.astype(whole | {"usable": "bool"})


def _columns() -> list[str]:
    ends = ("", "_low", "_high", "_new_practice_low", "_new_practice_high")
    shown = [f"{name}{end}" for name in MEASURES if name != "odds_ratio" for end in ends]
    head = ["flag_id", "label", "target", "setting", "cohort_id"]
    return [
        *head, *("studies", "n", "n_cases", "tables"), *shown,
        *("ci_level", "basis", "usable", "reason"),
    ]  # fmt: skip


def _known(
    evidence: Evidence, target: Target, setting: Setting | None, flag: str, *, indirect: bool
) -> FlagAccuracy | None:
    """Return the accuracy from reports that print both proportions and no counts."""
    cohorts = [
        accuracy
        for report in named_reports(evidence, target, setting, flag)
        if report.counted and (indirect or not report.cohort.is_indirect)
        if (accuracy := report_accuracy(report)) is not None and not accuracy.tables
    ]
    return known_accuracy(cohorts) if cohorts else None


def known_accuracy(cohorts: Sequence[AccuracyDraws]) -> FlagAccuracy:
    """Return what cohorts whose proportions are taken as known say of a flag."""
    shares = np.array([[one.sensitivity, one.specificity] for one in cohorts])
    positive, negative = np.rint(ENDLESS * shares).astype(int).T
    cells = [positive, ENDLESS - negative, ENDLESS - positive, negative]
    rows = pd.DataFrame(dict(zip(COUNT_COLUMNS, cells, strict=True)))
    rows["study"] = [str(one.labels["report_id"]) for one in cohorts]
    labels = dict(cohorts[0].labels)
    if len(cohorts) > 1:
        labels |= {"report_id": "", "cohort_id": f"{len(cohorts)} cohorts"}
    return tables_accuracy(rows, labels, counted=False)
