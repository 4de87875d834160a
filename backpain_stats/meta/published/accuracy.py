"""The one policy for "this flag, these reports: its accuracy"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.meta.accuracy import FlagAccuracy, tables_accuracy
from backpain_stats.meta.published.pooling import PooledEvidence, pool
from backpain_stats.published import AccuracyDraws, Report, published_reports, report_accuracy

__all__ = ["flag_accuracy", "known_accuracy", "pooled_flag"]

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
    name = f"pooled {flag} for {target} in {setting or 'any setting'}, indirect {indirect}"
    return evidence.derived(
        name,
        lambda whole: pool(whole, target=target, setting=setting, flag=flag, indirect=indirect),
    )


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
    try:
        pooled = pooled_flag(evidence, target, setting, flag, indirect=indirect)
    except NotEstimableError:
        known = evidence.derived(
            f"known {flag} for {target} in {setting}, indirect {indirect}",
            lambda whole: _known(whole, target, setting, flag, indirect=indirect),
        )
        if known is None:
            raise
        return known
    return pooled.accuracy


def _known(
    evidence: Evidence, target: Target, setting: Setting | None, flag: str, *, indirect: bool
) -> FlagAccuracy | None:
    """Return the accuracy from reports that print both proportions and no counts."""
    every = published_reports(evidence)
    named = evidence.select(target=target, setting=setting, flag=flag).accuracy["report_id"]
    reports: list[tuple[Report, AccuracyDraws]] = []
    for report in (every[name] for name in named):
        direct = indirect or not report.cohort.is_indirect
        accuracy = report_accuracy(report) if report.counted and direct else None
        if accuracy is not None and not accuracy.tables:
            reports.append((report, accuracy))
    return known_accuracy([accuracy for _, accuracy in reports]) if reports else None


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
