"""The published tables of flags and of rules, as decisions use them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, as_names, check_choice, check_truth, unknown_name
from backpain_stats.decide.frames import nothing_usable, read_frame, unusable_frame
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target, require_evidence
from backpain_stats.meta.accuracy import tables_accuracy
from backpain_stats.meta.published.accuracy import flag_accuracy
from backpain_stats.published import (
    LABELS,
    AccuracyDraws,
    Remark,
    Report,
    likelihood_ratios,
    published_reports,
    sentences,
)

__all__ = [
    "has_ratio",
    "printed_labels",
    "published_accuracies",
    "published_tables",
    "settings_with_ratios",
]

_LABELS = ("report_id", "flag_id", "cohort_id", "study", "target", "setting")


def published_tables(
    evidence: Evidence,
    *,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
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
    indirect : bool, default False
        Whether indirect evidence (other patients, another target) is counted; it is
        listed in any case.

    Returns
    -------
    pandas.DataFrame
        One row per feasible table: ``report_id, flag_id, cohort_id, study, target,
        setting, directness, table, tables, tp, fp, fn, tn, counted, reason``. A report
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
        check_choice(target, "target", list(require_evidence(evidence).targets["target"]))
    if setting is not None:
        check_choice(setting, "setting", list(require_evidence(evidence).settings["setting"]))
    flags, rules = _split_names(evidence, flag)
    reports: list[Report] = []
    if flags is None or flags:
        named = evidence.select(target, setting, flags).accuracy["report_id"]
        every = published_reports(evidence)
        reports += [every[name] for name in named]
    if rules is None or rules:
        named = evidence.select(target, setting).combinations["combination_id"]
        every = published_reports(evidence, "combination")
        reports += [every[name] for name in named if rules is None or name in rules]
    frame = _tables(reports, indirect=indirect)
    if frame.empty:
        raise NotEstimableError(_nothing(evidence, flag, target, setting))
    counts = ["table", "tables", *COUNT_COLUMNS]
    return frame.astype(dict.fromkeys(counts, "Int64") | {"counted": bool})


def published_accuracies(
    evidence: Evidence,
    *,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
) -> tuple[list[AccuracyDraws], pd.DataFrame]:
    """Return one accuracy a flag, from all its direct cohorts, and one a rule and report.

    Parameters
    ----------
    evidence, flag, target, setting, indirect
        As for :func:`published_tables`.

    Returns
    -------
    accuracies : list of AccuracyDraws
        Of the average practice; see :func:`~backpain_stats.flag_accuracy`. Each report of
        a rule stands alone, under the same model.
    unusable : pandas.DataFrame
        Flags and rules without one, with the reason.

    Raises
    ------
    NotEstimableError
        If there is none; the message says why, and which settings have something.
    """
    frame = published_tables(evidence, flag=flag, target=target, setting=setting, indirect=indirect)
    rules = set(evidence.combinations["combination_id"])
    is_rule = frame["flag_id"].isin(rules)
    accuracies: list[AccuracyDraws] = []
    unusable = []
    asked = frame.loc[~is_rule, ["target", "flag_id"]].drop_duplicates()
    for about, name in asked.itertuples(index=False):
        try:
            known = flag_accuracy(evidence, about, setting, name, indirect=indirect)
            accuracies.append(known.average)
        except NotEstimableError as error:
            row = dict.fromkeys(LABELS, pd.NA) | {"flag_id": name, "target": about}
            unusable.append(row | {"setting": setting or pd.NA, "reason": str(error)})
    of_rules, rest = read_frame(frame[is_rule])
    for rule in of_rules:
        rows = frame[is_rule & (frame["report_id"] == rule.labels["report_id"])]
        accuracies.append(tables_accuracy(rows.assign(study="rule"), rule.labels).average)
    left_out = pd.concat([unusable_frame(unusable), rest], ignore_index=True)
    if not accuracies:
        where = ""
        if target is not None:
            where = f"; settings with usable ratios for {target}: "
            where += settings_with_ratios(evidence, target)
        raise NotEstimableError(nothing_usable(left_out) + where)
    return accuracies, left_out


def has_ratio(ratios: pd.DataFrame, *, indirect: bool = False) -> pd.Series:
    """Tell which rows of ``likelihood_ratios`` may be counted and have a likelihood ratio.

    Indirect evidence counts only on request.
    """
    known = ratios["lr_positive"].notna() | ratios["lr_negative"].notna()
    if not check_truth(indirect, "indirect"):
        known &= ~ratios["directness"].str.startswith("indirect")
    return ratios["usable"] & ratios["counted"] & known


def settings_with_ratios(
    evidence: Evidence, target: Target, flag: str | Sequence[str] | None = None
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


def _tables(reports: Iterable[Report], *, indirect: bool) -> pd.DataFrame:
    """Return the tables of reports, each report at least once."""
    rows = []
    for report in reports:
        cells = report.cells.tolist() if report.complete else [[pd.NA] * 4]
        left_out = report.cohort.is_indirect and not indirect
        remarks = (*report.remarks, *((Remark("indirect_left_out"),) if left_out else ()))
        about = {
            "report_id": report.report_id,
            "flag_id": report.flag_id,
            "cohort_id": report.cohort.cohort_id,
            "study": report.cohort.study,
            "target": report.cohort.target,
            "setting": report.cohort.setting or pd.NA,
            "directness": report.cohort.directness,
            "counted": report.counted and not left_out,
            "tables": len(cells) if report.complete else pd.NA,
            "reason": sentences(remarks),
        }
        rows += [
            about
            | {"table": place if report.complete else pd.NA}
            | dict(zip(COUNT_COLUMNS, cell, strict=True))
            for place, cell in enumerate(cells)
        ]
    columns = [*_LABELS, "directness", "counted", "reason", "table", "tables", *COUNT_COLUMNS]
    return pd.DataFrame(rows, columns=columns)


def _nothing(
    evidence: Evidence,
    flag: str | Sequence[str] | None,
    target: Target | None,
    setting: Setting | None,
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
