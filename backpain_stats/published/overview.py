"""What there is of each flag, and which reports stand behind which."""

from __future__ import annotations

import pandas as pd

from backpain_stats.evidence import Evidence, Names, Target, require_evidence
from backpain_stats.published.counting import RULES
from backpain_stats.published.reading import published_reports

__all__ = ["displacements", "flag_overview"]


def displacements(evidence: Evidence) -> pd.DataFrame:
    """List the usable reports that do not count, with the one that counts in their place.

    Parameters
    ----------
    evidence : Evidence
        The evidence, or a part of it.

    Returns
    -------
    pandas.DataFrame
        One row per report that was displaced: ``report_id, flag_id, cohort_id,
        displaced_by, displaced_because`` (``replaces``, ``ratio``, ``counts``, ``own_text``,
        ``fuller``, ``cohort`` or ``tie``) and ``reason``, the rule in words.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = displacements(load_evidence()).set_index("report_id")
    >>> found.loc["tsiang2017_cancer_history_patient", "displaced_by"]
    'tsiang2019_cancer_history_patient'
    """
    every = published_reports(require_evidence(evidence))
    rows = [
        {
            "report_id": report.report_id,
            "flag_id": report.flag_id,
            "cohort_id": report.cohort.cohort_id,
            "displaced_by": report.displaced_by,
            "displaced_because": report.displaced_because,
            "reason": RULES[report.displaced_because],
        }
        for report in (every[name] for name in evidence.accuracy["report_id"])
        if report.displaced_because
    ]
    columns = ["report_id", "flag_id", "cohort_id", "displaced_by", "displaced_because", "reason"]
    return pd.DataFrame(rows, columns=columns, dtype="string")


def flag_overview(
    evidence: Evidence, target: Target | None = None, *, family: Names = None
) -> pd.DataFrame:
    """List the flags by family, with how often each was measured and is named in lists.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target : str, optional
        Only reports and lists about this condition, and only flags that have one.
    family : str or sequence of str, optional
        Only these families of flags.

    Returns
    -------
    pandas.DataFrame
        One row per flag: ``family, flag_id, label, category``; ``reports`` (published
        results on its accuracy), ``usable`` (whose figures can be used), ``displaced``
        (usable, but another report counts for the same patients), ``lists`` (guidelines
        and pages that name it), ``targets`` (of its reports, joined by commas).

    Raises
    ------
    ArgumentError, UnknownNameError
        If a target or a family is not known.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = flag_overview(load_evidence(), "malignancy", family="cancer_history")
    >>> bool(found.set_index("flag_id").loc["cancer_history", "usable"] > 1)
    True
    """
    part = require_evidence(evidence).select(target=target, family=family)
    every = published_reports(evidence)
    reports = pd.DataFrame(
        [
            (
                report.flag_id,
                report.cohort.target,
                report.usable,
                report.usable and not report.counted,
            )
            for report in (every[name] for name in part.accuracy["report_id"])
        ],
        columns=["flag_id", "target", "usable", "displaced"],
    ).groupby("flag_id")
    table = part.flags.set_index("flag_id")[["family", "label", "category"]].assign(
        reports=reports.size(),
        usable=reports["usable"].sum(),
        displaced=reports["displaced"].sum(),
        lists=part.endorsements.groupby("flag_id")["guideline_id"].nunique(),
        targets=reports["target"].agg(lambda targets: ", ".join(sorted(set(targets)))),
    )
    counts = ["reports", "usable", "displaced", "lists"]
    table = table.fillna(dict.fromkeys(counts, 0) | {"targets": ""})
    table = table.astype(dict.fromkeys(counts, int))
    if target is not None:
        table = table[(table["reports"] > 0) | (table["lists"] > 0)]
    table = table.reset_index().sort_values(["family", "flag_id"], ignore_index=True)
    return table[["family", "flag_id", "label", "category", *counts, "targets"]]
