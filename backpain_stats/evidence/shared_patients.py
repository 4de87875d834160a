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
    named = evidence.cohorts.dropna(subset=["same_patients_as"])
    follows = dict(zip(named["cohort_id"], named["same_patients_as"], strict=True))
    rows = []
    for cohort in evidence.cohorts["cohort_id"]:
        path = [cohort]
        # Validation refuses circles; the second condition is for frames made by hand.
        while path[-1] in follows and follows[path[-1]] not in path:
            path.append(follows[path[-1]])
        rows.append((cohort, path[-1], len(path) - 1))
    return pd.DataFrame(rows, columns=["cohort_id", "first", "steps"]).set_index("cohort_id")


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
    first = first_cohorts(evidence)
    targets = evidence.cohorts.set_index("cohort_id")["target"]
    reports = evidence.accuracy[["report_id", "cohort_id", "flag_id"]]
    reports = reports[reports["report_id"].map(usable).astype(bool)]
    reports = reports.join(first, on="cohort_id").join(targets, on="cohort_id")
    ordered = reports.sort_values(["steps", "cohort_id", "report_id"])
    return set(ordered.drop_duplicates(["first", "target", "flag_id"])["report_id"])


def shared_reports(evidence: Evidence) -> pd.Series:
    """List, for every report, the others about the same patients and target.

    Returns
    -------
    pandas.Series
        Indexed by ``report_id``: names joined by semicolons, empty if there is none.
    """
    first = first_cohorts(evidence)["first"]
    targets = evidence.cohorts.set_index("cohort_id")["target"]
    reports = evidence.accuracy[["report_id", "cohort_id"]]
    keys = reports["cohort_id"].map(first) + " " + reports["cohort_id"].map(targets)
    groups = reports["report_id"].groupby(keys.to_numpy()).agg(sorted)
    listed = [
        ";".join(other for other in groups[key] if other != report)
        for key, report in zip(keys, reports["report_id"], strict=True)
    ]
    return pd.Series(listed, index=reports["report_id"], dtype="string")
