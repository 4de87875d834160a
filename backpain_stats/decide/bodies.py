"""Bodies of evidence: all that bears on one flag, family or rule, as GRADE rates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from backpain_stats.checks import COUNT_COLUMNS, as_names, unknown_name
from backpain_stats.decide.frames import read_frame
from backpain_stats.decide.published import printed_labels, published_tables
from backpain_stats.errors import NotEstimableError
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.meta.accuracy import FlagAccuracy, PosteriorAccuracy, tables_accuracy
from backpain_stats.meta.published.accuracy import flag_accuracy, pooled_flag
from backpain_stats.meta.published.pooling import pool
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, quasi_uniform

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

    @property
    def chance_raises(self) -> float:
        """The chance that the finding raises the probability: LR+ above 1."""
        sensitivity, specificity = self.average.draws(quasi_uniform(DRAWS, 3, DEFAULT_SEED))
        return float(np.mean(sensitivity + specificity > 1))

    @property
    def acts_if(self) -> Literal["present", "absent"]:
        """Which finding a panel would act on: an inverse flag counts by its absence."""
        point = self.average.sensitivity + self.average.specificity
        return "present" if point >= 1 else "absent"

    @property
    def finding(self) -> str:
        """The finding a panel would act on, in words."""
        return self.label if self.acts_if == "present" else f"No: {self.label}"

    @property
    def key(self) -> str:
        """What names it in tables; a family may bear the name of one of its flags."""
        return f"{self.name}_family" if self.kind == "family" else self.name

    @property
    def test(self) -> AccuracyDraws:
        """The accuracy of that finding, in an average practice, under the name :attr:`key`."""
        known = self.average if self.acts_if == "present" else _absence(self.average)
        return _named(known, self.key)

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
        found = [_climb(evidence, (target, setting), kind, name, RUNGS) for kind, name in asked]
    else:
        found = []
        for rung in RUNGS:
            place = setting if rung == "direct" else None
            asked = _measured(evidence, target, place)
            found = [_climb(evidence, (target, setting), *one, (rung,)) for one in asked]
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


def _named(accuracy: AccuracyDraws, key: str) -> AccuracyDraws:
    """Return an accuracy under another name."""
    return replace(_posterior(accuracy), labels={**accuracy.labels, "flag_id": key})


def _posterior(accuracy: AccuracyDraws) -> PosteriorAccuracy:
    """Return the accuracy of a body as what it is: that of a Bayesian meta-analysis."""
    if not isinstance(accuracy, PosteriorAccuracy):
        raise NotEstimableError(f"a body of evidence is a posterior, not: {accuracy.basis}")
    return accuracy


def _absence(accuracy: AccuracyDraws) -> AccuracyDraws:
    """Return the absence of a flag as a test of its own."""
    accuracy = _posterior(accuracy)
    sensitivity, specificity = accuracy.point
    return replace(accuracy, logits=-accuracy.logits, point=(1 - sensitivity, 1 - specificity))


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


def _measured(
    evidence: Evidence, target: Target, setting: Setting | None
) -> list[tuple[Kind, str]]:
    """Return every flag and rule that was reported for a condition, in a setting or anywhere."""
    chosen = evidence.select(target, setting)
    flags = chosen.accuracy["flag_id"].unique()
    return [
        *(("flag", str(name)) for name in flags),
        *(("rule", str(name)) for name in chosen.combinations["combination_id"]),
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One name that is looked for, in a setting or in all of them."""

    target: Target
    kind: Kind
    name: str
    setting: Setting | None
    indirect: bool

    def found(self, evidence: Evidence) -> tuple[FlagAccuracy, pd.DataFrame] | str:
        """Return the accuracy and the reports behind it, or why there is none."""
        try:
            return self._look_up(evidence)
        except NotEstimableError as error:
            return str(error)

    def _look_up(self, evidence: Evidence) -> tuple[FlagAccuracy, pd.DataFrame]:
        target, setting, name, indirect = self.target, self.setting, self.name, self.indirect
        if self.kind == "family":
            pooled = pool(evidence, target=target, setting=setting, family=name, indirect=indirect)
            return pooled.accuracy, _studies(pooled.reports)
        if self.kind == "rule":
            return _of_rule(evidence, self)
        accuracy = flag_accuracy(evidence, target, setting, name, indirect=indirect)
        try:
            pooled = pooled_flag(evidence, target, setting, name, indirect=indirect)
        except NotEstimableError:
            # Proportions printed without counts: no table stands behind them.
            labels = accuracy.average.labels
            known = {column: labels[column] for column in ("report_id", "cohort_id", "study")}
            return accuracy, _studies(pd.DataFrame([known]))
        return accuracy, _studies(pooled.reports)


def _climb(
    evidence: Evidence,
    where: tuple[Target, Setting],
    kind: Kind,
    name: str,
    rungs: Sequence[Directness],
) -> tuple[Directness, FlagAccuracy, pd.DataFrame] | str:
    """Return the accuracy on the first rung that has one, or why none has."""
    reason = ""
    for rung in rungs:
        place = where[1] if rung == "direct" else None
        asked = _Asked(where[0], kind, name, place, rung == "other patients")
        found = evidence.derived(f"body of evidence: {asked}", asked.found)
        if not isinstance(found, str):
            return (rung, *found)
        reason = found  # the lowest rung knows most: what it says is the reason
    return reason


def _of_rule(evidence: Evidence, asked: _Asked) -> tuple[FlagAccuracy, pd.DataFrame]:
    """Return the accuracy of a rule from its own report."""
    tables = published_tables(
        evidence,
        flag=asked.name,
        target=asked.target,
        setting=asked.setting,
        indirect=asked.indirect,
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
