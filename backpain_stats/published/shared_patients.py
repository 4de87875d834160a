"""Which reports are about the same patients, and which of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from backpain_stats.evidence.loading import Evidence

__all__ = ["counted_reports", "first_cohorts", "shared_reports"]


def first_cohorts(evidence: Evidence) -> pd.DataFrame:
    """Follow ``same_patients_as`` to its end, for every cohort.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``cohort_id``: ``first`` is the cohort that names no other,
        ``steps`` how far away it is (0 for itself).

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> first_cohorts(load_evidence()).loc["tsiang2017_malignancy", "first"]
    'tsiang2019_malignancy'
    """
    rows = [(cohort, *found) for cohort, found in _first_and_steps(evidence).items()]
    return pd.DataFrame(rows, columns=["cohort_id", "first", "steps"]).set_index("cohort_id")


def _first_and_steps(evidence: Evidence) -> dict[str, tuple[str, int]]:
    """Return the first cohort of the same patients and the steps to it, by cohort."""
    named = evidence.cohorts.dropna(subset=["same_patients_as"])
    follows = dict(zip(named["cohort_id"], named["same_patients_as"], strict=True))
    found = {}
    for cohort in evidence.cohorts["cohort_id"]:
        path = [cohort]
        # Validation refuses circles; the second condition is for frames made by hand.
        while path[-1] in follows and follows[path[-1]] not in path:
            path.append(follows[path[-1]])
        found[cohort] = path[-1], len(path) - 1
    return found


def counted_reports(evidence: Evidence, usable: pd.Series) -> set[str]:
    """Choose one report for each flag in each group of patients.

    Of several usable reports on one flag and the same patients, that of the
    cohort the others point to (``same_patients_as``) counts; if it has no
    usable report, the next one on the way to it; within a cohort, the first by
    name. So no patient is counted twice for one flag.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    usable : pandas.Series of bool
        Indexed by ``report_id``.

    Returns
    -------
    set of str
        The reports that count.
    """
    first = _first_and_steps(evidence)
    targets = _targets(evidence)
    able = usable.to_dict()
    reports = evidence.accuracy
    rows = zip(reports["cohort_id"], reports["report_id"], reports["flag_id"], strict=True)
    counted: dict[tuple[str, str, str], str] = {}
    for cohort, report, flag in sorted(rows, key=lambda row: (first[row[0]][1], *row)):
        if able.get(report, False):
            counted.setdefault((first[cohort][0], targets[cohort], flag), report)
    return set(counted.values())


def shared_reports(evidence: Evidence) -> pd.Series:
    """List, for every report, the others about the same patients and target.

    Returns
    -------
    pandas.Series
        Indexed by ``report_id``: names joined by semicolons, empty if there is none.
    """
    first, targets = _first_and_steps(evidence), _targets(evidence)
    reports = evidence.accuracy
    keys = [(first[cohort][0], targets[cohort]) for cohort in reports["cohort_id"]]
    groups: dict[tuple[str, str], list[str]] = {}
    for key, report in zip(keys, reports["report_id"], strict=True):
        groups.setdefault(key, []).append(report)
    listed = [
        ";".join(other for other in sorted(groups[key]) if other != report)
        for key, report in zip(keys, reports["report_id"], strict=True)
    ]
    return pd.Series(listed, index=reports["report_id"], dtype="string")


def _targets(evidence: Evidence) -> dict[str, str]:
    cohorts = evidence.cohorts
    return dict(zip(cohorts["cohort_id"], cohorts["target"], strict=True))
