"""Bodies of evidence: all that bears on one flag, family or rule, as GRADE rates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, as_names, unknown_name
from backpain_stats.decide.frames import read_frame
from backpain_stats.decide.published import printed_labels, published_tables
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.meta.accuracy import FlagAccuracy, tables_accuracy
from backpain_stats.meta.published.accuracy import flag_accuracy, pooled_flag
from backpain_stats.meta.published.pooling import pool

if TYPE_CHECKING:
    from backpain_stats.published import AccuracyDraws

__all__ = ["Directness", "EvidenceBody", "evidence_bodies"]

Kind = Literal["flag", "family", "rule"]
# From what a panel wants to what it may have to make do with.
Directness = Literal["direct", "other settings", "other patients"]
RUNGS: tuple[Directness, ...] = ("direct", "other settings", "other patients")


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceBody:
    """Everything that bears on one flag, family of flags or rule.

    Parameters
    ----------
    name, label : str
        Its name in the evidence, and the words it is printed with.
    kind : {"flag", "family", "rule"}
    directness : {"direct", "other settings", "other patients"}
        Whether patients of the setting that is asked about stand behind it.
    accuracy : FlagAccuracy
        In an average practice and in a new one.
    studies : pandas.DataFrame
        The reports that inform it: ``report_id, cohort_id, study, setting, n, n_cases, tp,
        fp, fn, tn``.
    """

    name: str
    label: str
    kind: Kind
    directness: Directness
    accuracy: FlagAccuracy
    studies: pd.DataFrame

    @property
    def average(self) -> AccuracyDraws:
        """The accuracy in an average practice."""
        return self.accuracy.average

    def size(self, group: Literal["cases", "noncases"]) -> tuple[int, int | None]:
        """Return how many studies inform a group of patients, and with how many of them.

        The patients are None where their number is not known.
        """
        cells = ["tp", "fn"] if group == "cases" else ["fp", "tn"]
        counts = self.studies[cells].sum(axis=1, min_count=2)
        if counts.isna().all():
            return len(self.studies), None
        return int((counts > 0).sum()), int(counts.sum())

    def span(self, proportion: Literal["sensitivity", "specificity"]) -> tuple[float, float] | None:
        """Return the least and the largest proportion of the studies, None below two studies."""
        hit, missed = ("tp", "fn") if proportion == "sensitivity" else ("tn", "fp")
        counts = self.studies[[hit, missed]].dropna().astype(float)
        counts = counts[counts.sum(axis=1) > 0]
        if len(counts) < 2:
            return None
        shares = counts[hit] / counts.sum(axis=1)
        return float(shares.min()), float(shares.max())


def evidence_bodies(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    *,
    flags: Sequence[str] = (),
    families: Sequence[str] = (),
    rules: Sequence[str] = (),
) -> tuple[list[EvidenceBody], pd.DataFrame]:
    """Return one body of evidence a flag, family and rule, and what has none.

    Parameters
    ----------
    evidence : Evidence
    target, setting : str
        The condition, and where the panel's patients are seen.
    flags, families, rules : sequence of str
        What the panel asks about. Without any, everything measured in the setting; where
        that is nothing, everything measured for the condition elsewhere.

    Returns
    -------
    bodies : list of EvidenceBody
        Each from the setting's own cohorts (with what others add); where there is none, from
        those of all settings; where there is none, from indirect cohorts too.
    missing : pandas.DataFrame
        ``name, label, reason`` of what was asked and has no accuracy anywhere.

    Raises
    ------
    UnknownNameError
        If a name is not in the evidence.
    """
    asked: list[tuple[Kind, str]] = [
        *(("flag", name) for name in _known(evidence, flags, "flag")),
        *(("family", name) for name in _known(evidence, families, "family")),
        *(("rule", name) for name in _known(evidence, rules, "rule")),
    ]
    labels = printed_labels(evidence)
    if asked:
        found = [_climb(evidence, target, setting, kind, name, RUNGS) for kind, name in asked]
    else:
        found = []
        for rung in RUNGS:
            place = setting if rung == "direct" else None
            asked = _measured(evidence, target, place)
            found = [_climb(evidence, target, setting, *one, (rung,)) for one in asked]
            if any(isinstance(one, tuple) for one in found):
                break
    bodies, missing = [], []
    for (kind, name), one in zip(asked, found, strict=True):
        label = labels.get(name, name.replace("_", " "))
        if isinstance(one, str):
            missing.append({"name": name, "label": label, "reason": one})
        else:
            bodies.append(EvidenceBody(name, label, kind, *one))
    return bodies, pd.DataFrame(missing, columns=["name", "label", "reason"])


def _known(evidence: Evidence, names: Sequence[str], kind: Kind) -> list[str]:
    """Return names after a look at whether the evidence has them."""
    if kind == "rule":
        known = evidence.combinations["combination_id"]
    else:
        known = evidence.flags["flag_id" if kind == "flag" else "family"]
    for name in names:
        if name not in set(known):
            raise unknown_name(name, set(known.dropna()), kind)
    return list(dict.fromkeys(as_names(list(names), kind)))


def _measured(evidence: Evidence, target: Target, setting: Setting | None) -> list[tuple[Kind, str]]:
    """Return every flag and rule that was reported for a condition, in a setting or anywhere."""
    chosen = evidence.select(target, setting)
    flags = chosen.accuracy["flag_id"].unique()
    return [
        *(("flag", str(name)) for name in flags),
        *(("rule", str(name)) for name in chosen.combinations["combination_id"]),
    ]


def _climb(
    evidence: Evidence,
    target: Target,
    setting: Setting,
    kind: Kind,
    name: str,
    rungs: Sequence[Directness],
) -> tuple[Directness, FlagAccuracy, pd.DataFrame] | str:
    """Return the accuracy on the first rung that has one, or why none has."""
    reason = ""
    for rung in rungs:
        place = setting if rung == "direct" else None
        try:
            found = _accuracy(evidence, target, place, kind, name, rung == "other patients")
        except NotEstimableError as error:
            # The lowest rung knows most: what it says is the reason.
            reason = str(error)
        else:
            return (rung, *found)
    return reason


def _accuracy(
    evidence: Evidence,
    target: Target,
    setting: Setting | None,
    kind: Kind,
    name: str,
    indirect: bool,
) -> tuple[FlagAccuracy, pd.DataFrame]:
    """Return the accuracy and the reports it rests on.

    Raises
    ------
    NotEstimableError
        If nothing informs it.
    """
    if kind == "family":
        pooled = pool(evidence, target=target, setting=setting, family=name, indirect=indirect)
        return pooled.accuracy, _studies(pooled.reports)
    if kind == "flag":
        accuracy = flag_accuracy(evidence, target, setting, name, indirect=indirect)
        if accuracy.fit is not None:
            try:
                pooled = pooled_flag(evidence, target, setting, name, indirect=indirect)
            except NotEstimableError:
                pass  # proportions printed without counts: no table stands behind them
            else:
                return accuracy, _studies(pooled.reports)
        known = {label: accuracy.average.labels[label] for label in ("report_id", "cohort_id")}
        known["study"] = accuracy.average.labels["study"]
        return accuracy, _studies(pd.DataFrame([known]))
    tables = published_tables(
        evidence, flag=name, target=target, setting=setting, indirect=indirect
    )
    found, unusable = read_frame(tables)
    if not found:
        raise NotEstimableError("; ".join(unusable["reason"].astype(str)))
    labels = found[0].labels
    rows = tables[tables["report_id"] == labels["report_id"]]
    middle = rows.iloc[[(len(rows) - 1) // 2]]
    return tables_accuracy(rows.assign(study="rule"), labels), _studies(middle)


def _studies(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports that take part, with their middle table."""
    columns = ["report_id", "cohort_id", "study", "setting", *COUNT_COLUMNS]
    used = reports[reports["used"].astype(bool)] if "used" in reports else reports
    return used.reindex(columns=columns).reset_index(drop=True)
