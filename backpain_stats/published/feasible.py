"""Every 2x2 table that agrees with what each report prints, as one frame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS
from backpain_stats.evidence import Evidence, Names, Setting, Target, require_evidence
from backpain_stats.published.reading import published_reports

__all__ = ["feasible_tables"]


def feasible_tables(
    evidence: Evidence,
    target: Target | None = None,
    setting: Setting | None = None,
    flag: Names = None,
) -> pd.DataFrame:
    """List every 2x2 table that agrees with what each report prints.

    Counts that are printed are used as they are. Everything else is
    reconstructed: see :func:`~backpain_stats.reconstruct` for the rounding
    rule. Three things besides the report's own row are used. Where a cohort's
    n_cases is not printed but its prevalence is, the prevalence is a printed
    figure of each of its tables. Where n_cases is not printed at all, the
    flags of one cohort share it: only tables whose group sizes suit every
    report of the cohort are kept, if there are any. And where no number of
    patients is printed, the printed intervals of sensitivity and specificity
    fix the two group sizes.

    Parameters
    ----------
    evidence : Evidence
        The evidence.
    target, setting, flag : str, optional
        As in :meth:`~backpain_stats.Evidence.select`.

    Returns
    -------
    pandas.DataFrame
        One row per table: ``report_id, cohort_id, flag_id, target, setting, table``
        (counted from 0), ``tables`` (how many the report has), ``tp, fp, fn,
        tn``. Reports without a complete table (impossible, or not enough
        printed) have no row here; :func:`~backpain_stats.likelihood_ratios`
        says why. A cohort without cases has ``tp = fn = 0``.

    Raises
    ------
    ArgumentError, UnknownNameError
        If a name is not known.

    Examples
    --------
    >>> from backpain_stats import feasible_tables, load_evidence
    >>> found = feasible_tables(load_evidence(), "malignancy", "emergency", "cancer_history")
    >>> found.loc[found["report_id"] == "reinus1998_cancer_history",
    ...           ["table", "tables", "tp", "fp", "fn", "tn"]]
       table  tables  tp  fp  fn   tn
    0      0       5   7  10   0  465
    1      1       5   7  11   0  464
    2      2       5   7  12   0  463
    3      3       5   7  13   0  462
    4      4       5   7  14   0  461
    """
    reports = published_reports(evidence)
    names = require_evidence(evidence).select(target, setting, flag).accuracy["report_id"]
    chosen = [reports[name] for name in names if reports[name].complete]
    sizes = np.array([len(report.cells) for report in chosen], dtype=np.int64)
    about = pd.DataFrame(
        [
            (
                report.report_id,
                report.cohort.cohort_id,
                report.flag_id,
                report.cohort.target,
                report.cohort.setting or None,
            )
            for report in chosen
        ],
        columns=["report_id", "cohort_id", "flag_id", "target", "setting"],
        dtype="string",
    )
    frame = about.loc[about.index.repeat(sizes)].reset_index(drop=True)
    frame["table"] = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    frame["tables"] = np.repeat(sizes, sizes)
    cells = [np.empty((0, 4), dtype=np.int64), *(report.cells for report in chosen)]
    return frame.assign(**dict(zip(COUNT_COLUMNS, np.concatenate(cells).T, strict=True)))
