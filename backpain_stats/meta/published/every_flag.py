"""Every flag of a condition, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.meta.point import MEASURES
from backpain_stats.meta.published.pooling import PooledEvidence, pool
from backpain_stats.meta.published.reports import chosen_reports
from backpain_stats.sampling import DEFAULT_SEED, Seed

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.meta.bayes.priors import Priors

__all__ = ["pool_all"]


def pool_all(
    evidence: Evidence,
    target: Target,
    *,
    setting: Setting | None = None,
    by: str = "flag",
    priors: Priors | None = None,
    level: float = 0.95,
    seed: Seed = DEFAULT_SEED,
) -> pd.DataFrame:
    """Pool every flag (or family) that two or more cohorts have measured.

    Parameters
    ----------
    evidence : Evidence
    target : str
    setting : str, optional
    by : {"flag", "family"}
    priors, level, seed
        As in :func:`~backpain_stats.pool`.

    Returns
    -------
    pandas.DataFrame
        One row a flag, sorted by name: ``flag_id`` (or ``family``), ``target, settings,
        cohorts, n, n_cases``, then each of the five measures with ``_low, _high,
        _prediction_low, _prediction_high``, ``ci_level, method, reports``. ``n`` and
        ``n_cases`` sum the middle tables. Empty if no flag has two cohorts.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> found = pool_all(load_evidence(), "malignancy", setting="primary_care")
    >>> found = found.set_index("flag_id").loc["cancer_history"]
    >>> found["settings"].split(";")[0], bool(found["cohorts"] >= 2)
    ('primary_care', True)
    """
    import pandas as pd

    check_choice(by, "by", ("flag", "family"))
    names = evidence.select(target=target, setting=setting).accuracy["flag_id"]
    if by == "family":
        names = names.map(evidence.flags.set_index("flag_id")["family"])
    # Two cohorts need two reports: most names are settled by a count.
    counts = names.value_counts()
    rows = []
    for name in sorted(counts.index[counts >= 2]):
        chosen: dict[str, Any] = {by: str(name)}
        reports = chosen_reports(
            evidence, target, setting, chosen.get("flag"), chosen.get("family")
        )
        informed = reports.loc[reports["used"], "contributes"]
        # A pooled ratio needs someone who saw cases and someone who saw non-cases.
        sides = {"sensitivity only", "specificity only"}
        if len(informed) >= 2 and ((informed == "both").any() or sides <= set(informed)):
            pooled = pool(
                evidence, target=target, setting=setting, priors=priors, level=level, seed=seed,
                **chosen,
            )  # fmt: skip
            rows.append(_row(pooled, by))
    columns = _columns(by)
    return pd.DataFrame(rows, columns=columns)


def _columns(by: str) -> list[str]:
    name = "flag_id" if by == "flag" else "family"
    ends = ("", "_low", "_high", "_prediction_low", "_prediction_high")
    measures = [f"{measure}{end}" for measure in MEASURES for end in ends]
    head = [name, "target", "settings", "cohorts", "n", "n_cases"]
    return [*head, *measures, "ci_level", "method", "reports"]


def _row(pooled: PooledEvidence, by: str) -> dict[str, Any]:
    used = pooled.reports.loc[pooled.reports["used"]]
    counts = used[["tp", "fp", "fn", "tn"]].fillna(0)
    row: dict[str, Any] = {
        "flag_id" if by == "flag" else "family": pooled.name,
        "target": pooled.target,
        "settings": ";".join(dict.fromkeys(used["setting"].fillna("not stated"))),
        "cohorts": pooled.cohorts,
        "n": int(np.sum(counts.to_numpy(dtype=float))),
        "n_cases": int(np.sum(counts[["tp", "fn"]].to_numpy(dtype=float))),
        "ci_level": pooled.fit.level,
        "method": pooled.fit.method,
        "reports": ";".join(used["report_id"]),
    }
    for one in pooled.frame().to_dict("records"):
        measure = one["measure"]
        row[measure] = one["estimate"]
        row |= {f"{measure}_low": one["ci_low"], f"{measure}_high": one["ci_high"]}
        row[f"{measure}_prediction_low"] = one["prediction_low"]
        row[f"{measure}_prediction_high"] = one["prediction_high"]
    return row
