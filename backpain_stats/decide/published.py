"""The published tables of flags and of rules, as decisions use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, as_names, check_choice, unknown_name
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.evidence import SETTINGS, TARGETS
from backpain_stats.published.feasible import feasible_tables, report_tables
from backpain_stats.published.likelihood import likelihood_ratios

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence

__all__ = ["has_ratio", "printed_labels", "published_tables", "settings_with_ratios"]

_LABELS = ("report_id", "flag_id", "cohort_id", "study", "target", "setting")


def published_tables(
    evidence: Evidence,
    *,
    flag: str | Sequence[str] | None = None,
    target: str | None = None,
    setting: str | None = None,
) -> pd.DataFrame:
    """List the tables behind every report of flags and of combinations of flags.

    Parameters
    ----------
    evidence : Evidence
        The published evidence.
    flag : str or sequence of str, optional
        Names of flags (``cancer_history``) or of combinations (``deyo1988_any_of_4``).
    target, setting : str, optional
        The condition, and where the patients were seen.

    Returns
    -------
    pandas.DataFrame
        One row a feasible table: ``report_id, flag_id, cohort_id, study, target,
        setting, table, tables, tp, fp, fn, tn, counted, reason``. A report
        without a complete table has one row without counts, and the reason. For
        a combination ``report_id`` and ``flag_id`` are both its name.

    Raises
    ------
    UnknownNameError
        If a name is neither a flag nor a combination.
    NotEstimableError
        If there is nothing for the condition and setting; the message says
        which settings have something.
    """
    if target is not None:
        check_choice(target, "target", TARGETS)
    if setting is not None:
        check_choice(setting, "setting", SETTINGS)
    flags, rules = _split_names(evidence, flag)
    parts = []
    if flags is None or flags:
        parts.append(_of_flags(evidence, flags, target, setting))
    if rules is None or rules:
        parts.append(_of_rules(evidence, rules, target, setting))
    frame = pd.concat(parts, ignore_index=True)
    if frame.empty:
        raise NotEstimableError(_nothing(evidence, flag, target, setting))
    counts = ["table", "tables", *COUNT_COLUMNS]
    return frame.astype(dict.fromkeys(counts, "Int64") | {"counted": bool})


def has_ratio(ratios: pd.DataFrame) -> pd.Series:
    """Tell which rows of ``likelihood_ratios`` may be counted and have a likelihood ratio."""
    known = ratios["lr_positive"].notna() | ratios["lr_negative"].notna()
    return ratios["usable"] & ratios["counted"] & known


def settings_with_ratios(
    evidence: Evidence, target: str, flag: str | Sequence[str] | None = None
) -> str:
    """List the settings in which the condition has usable ratios of flags, with how many."""
    flags, _ = _split_names(evidence, flag)
    if flags is not None and not flags:
        return "none"
    ratios = likelihood_ratios(evidence, target=target, flag=flags)
    found = ratios.loc[has_ratio(ratios), "setting"].fillna("setting not stated").value_counts()
    return ", ".join(f"{name} ({rows})" for name, rows in found.items()) or "none"


def printed_labels(evidence: Evidence) -> dict[str, str]:
    """Return the words for each flag and each combination, by name.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> labels = printed_labels(load_evidence())
    >>> labels["cancer_history"]
    'Previous history of cancer'
    >>> print(labels["zusman_fast_frugal_trees"])
    Rule: fast-and-frugal trees
    """
    flags = dict(zip(evidence.flags["flag_id"], evidence.flags["label"], strict=True))
    rules = evidence.combinations
    words = rules["definition"].fillna(rules["combination_id"])
    return flags | {
        name: f"Rule: {text}" for name, text in zip(rules["combination_id"], words, strict=True)
    }


def _split_names(
    evidence: Evidence, flag: str | Sequence[str] | None
) -> tuple[list[str] | None, list[str] | None]:
    """Tell names of flags from names of combinations; None means all."""
    if flag is None:
        return None, None
    names = as_names(flag, "flag")
    if not names:
        raise ArgumentError("flag is an empty list; name a flag, or leave it out for all")
    flags, rules = set(evidence.flags["flag_id"]), set(evidence.combinations["combination_id"])
    for name in names:
        if name not in flags | rules:
            raise unknown_name(name, flags | rules, "flag or combination")
    return [one for one in names if one in flags], [one for one in names if one in rules]


def _of_flags(
    evidence: Evidence, flags: list[str] | None, target: str | None, setting: str | None
) -> pd.DataFrame:
    """Return the tables of single flags, each report at least once."""
    ratios = likelihood_ratios(evidence, target=target, setting=setting, flag=flags)
    tables = feasible_tables(evidence, target=target, setting=setting, flag=flags)
    about = ratios[[*_LABELS, "counted", "reason"]]
    return about.merge(
        tables[["report_id", "table", "tables", *COUNT_COLUMNS]], on="report_id", how="left"
    )


def _of_rules(
    evidence: Evidence, rules: list[str] | None, target: str | None, setting: str | None
) -> pd.DataFrame:
    """Return the tables of combinations; they are reconstructed as reports of flags are."""
    reports = evidence.combinations.rename(columns={"combination_id": "report_id"})
    reports = reports.assign(flag_id=reports["report_id"])
    found = report_tables(replace(evidence, accuracy=reports.drop(columns="target")))
    about = reports[["report_id", "flag_id", "cohort_id", "target"]].merge(
        evidence.cohorts[["cohort_id", "study_id", "setting"]], on="cohort_id"
    )
    about = about.rename(columns={"study_id": "study"})
    if rules is not None:
        about = about[about["flag_id"].isin(rules)]
    if target is not None:
        about = about[about["target"] == target]
    if setting is not None:
        about = about[about["setting"] == setting]
    rows = []
    for row in about.to_dict("records"):
        tables = found[row["report_id"]]
        cells = tables.cells.tolist() if tables.complete else [[pd.NA] * 4]
        rows += [
            row
            | {"table": i if tables.complete else pd.NA, "tables": len(tables.cells)}
            | dict(zip(COUNT_COLUMNS, cell, strict=True))
            | {"counted": True, "reason": tables.reason}
            for i, cell in enumerate(cells)
        ]
    columns = [*_LABELS, "counted", "reason", "table", "tables", *COUNT_COLUMNS]
    return pd.DataFrame(rows, columns=columns)


def _nothing(
    evidence: Evidence,
    flag: str | Sequence[str] | None,
    target: str | None,
    setting: str | None,
) -> str:
    """Say that there is nothing, and where there is something."""
    about = " and ".join([flag] if isinstance(flag, str) else flag or ["any flag"])
    asked = f"{target or 'any condition'} in {setting or 'any setting'}"
    if target is None:
        return f"nothing is published about {about} for {asked}"
    return (
        f"nothing is published about {about} for {asked} in this evidence; settings with usable "
        f"reports for {target}: {settings_with_ratios(evidence, target, flag)}"
    )
