"""Every figure that one evidence leads to, each under a name that stays when the rows change."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, get_args

import pandas as pd

from backpain_stats.changes.patients import REFERENCE_PATIENTS
from backpain_stats.claims import reproduce
from backpain_stats.combine.risk.model import RiskModel
from backpain_stats.decide.frequencies import natural_frequencies
from backpain_stats.errors import BackpainStatsError
from backpain_stats.evidence import RATIO_STATISTICS, Evidence, Setting, Target
from backpain_stats.meta.published.every_flag import pool_all
from backpain_stats.published import (
    likelihood_ratios,
    posttest,
    published_reports,
    setting_prevalence,
)

__all__ = ["KINDS", "Figure", "Kind", "figures_of"]

Kind = Literal[
    "likelihood ratio",
    "prevalence",
    "post-test",
    "pooled",
    "claim",
    "headline",
    "reference patient",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Scale = Literal["log", "logit"]
Values = tuple[float, float, float]
NOTHING: Values = (math.nan, math.nan, math.nan)
# Enough for the ends of intervals to be compared with themselves; estimates need no draws.
DRAWS = 2**12
POOLED: Mapping[str, Scale] = {
    "sensitivity": "logit",
    "specificity": "logit",
    "lr_positive": "log",
    "lr_negative": "log",
}


@dataclass(frozen=True)
class Figure:
    """One figure: what it is, its value and interval, and what it rests on.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    name, target, setting, measure : str
        Which one; together with ``kind`` they name it in any evidence.
    scale : {"log", "logit"}
        On which scale its moves are measured: ratios on the log, probabilities on the logit.
    values : tuple of float
        Point, lower and upper end; NaN where it cannot be estimated.
    words : str
        What it says in words: the verdict on a claim, the flag of a headline.
    rests_on : str
        The row or rows behind it.
    why : str
        Why there is no value.
    impossible : bool
        Whether that is because the printed figures contradict each other.
    """

    kind: Kind
    name: str
    target: str
    setting: str
    measure: str
    scale: Scale
    values: Values = NOTHING
    words: str = ""
    rests_on: str = ""
    why: str = ""
    impossible: bool = False

    @property
    def value(self) -> float:
        """The point."""
        return self.values[0]

    @property
    def key(self) -> tuple[str, ...]:
        """What names the figure in any evidence."""
        return self.kind, self.name, self.target, self.setting, self.measure


def figures_of(evidence: Evidence) -> dict[tuple[str, ...], Figure]:
    """Return every figure of an evidence by its key."""
    builders = (_ratios, _prevalences, _posttests, _pooled, _claims, _headlines, _patients)
    return {figure.key: figure for build in builders for figure in build(evidence)}


def _ratios(evidence: Evidence) -> Iterator[Figure]:
    """Yield the ratios of each flag in each group of patients, by the report that counts."""
    reports = published_reports(evidence)
    frame = likelihood_ratios(evidence)
    # The report that counts comes first; where none does, the first says why.
    ordered = frame.sort_values(["counted", "report_id"], ascending=[False, True])
    seen = set()
    for row in ordered.to_dict("records"):
        first = reports[row["report_id"]].cohort.first
        for measure in ("lr_positive", "lr_negative"):
            figure = Figure(
                "likelihood ratio",
                f"{row['flag_id']} in {first}",
                row["target"],
                _text(row["setting"]),
                measure,
                "log",
                _values(row, measure),
                rests_on=row["report_id"],
                why=row["reason"],
                impossible=row["verdict"] == "impossible",
            )
            if figure.key not in seen:
                seen.add(figure.key)
                yield figure


def _prevalences(evidence: Evidence) -> Iterator[Figure]:
    """Yield the prevalence that is used for each target and setting."""
    for target, setting in itertools.product(evidence.target_labels, evidence.setting_labels):
        figure = partial(
            Figure, "prevalence", "of the setting", target, setting, "prevalence", "logit"
        )
        try:
            found = setting_prevalence(evidence, target, setting)
        except BackpainStatsError as refusal:
            yield figure(why=str(refusal))
        else:
            yield figure(
                (found.estimate, found.ci_low, found.ci_high), rests_on=found.prevalence_id
            )


def _posttests(evidence: Evidence) -> Iterator[Figure]:
    """Yield the post-test probability after each flag, by the report that counts."""
    reports = published_reports(evidence)
    for target in evidence.target_labels:
        flags = sorted(set(evidence.select(target=target).accuracy["flag_id"]))
        if not flags:
            continue
        frame = posttest(evidence, flags, target, draws=DRAWS)
        for row in frame[frame["counted"].astype(bool)].to_dict("records"):
            first = reports[row["report_id"]].cohort.first
            yield Figure(
                "post-test",
                f"{row['flag_id']} in {first}",
                target,
                _text(row["setting"]),
                f"after a {row['result']} result",
                "logit",
                (row["estimate"], row["ci_low"], row["ci_high"]),
                rests_on=row["report_id"],
                why=row["reason"],
            )


def _pooled(evidence: Evidence) -> Iterator[Figure]:
    """Yield the pooled accuracy of each flag that several cohorts report."""
    for target in evidence.target_labels:
        for row in pool_all(evidence, target).to_dict("records"):
            for measure, scale in POOLED.items():
                yield Figure(
                    "pooled",
                    row["flag_id"],
                    target,
                    "",
                    measure,
                    scale,
                    _values(row, measure),
                    rests_on=row["reports"],
                )


def _claims(evidence: Evidence) -> Iterator[Figure]:
    """Yield the verdict on each published claim, with what it becomes when recomputed."""
    for row in reproduce(evidence).to_dict("records"):
        yield Figure(
            "claim",
            row["claim_id"],
            row["target"],
            _text(row["setting"]),
            row["statistic"],
            "log" if row["statistic"] in RATIO_STATISTICS else "logit",
            (row["estimate"], row["ci_low"], row["ci_high"]),
            words=row["finding"].replace("_", " "),
            rests_on=_text(row["report_id"]),
            why=row["verdict"],
        )


def _headlines(evidence: Evidence) -> Iterator[Figure]:
    """Yield what heads the page of a panel: the flags that image fewest and miss fewest."""
    for target, setting in itertools.product(evidence.target_labels, evidence.setting_labels):
        try:
            prevalence = setting_prevalence(evidence, target, setting)
            frame = natural_frequencies(
                evidence, prevalence, target=target, setting=setting, draws=DRAWS
            )
        except BackpainStatsError:
            continue
        usable = frame[frame["usable"].astype(bool)]
        if usable.empty:
            continue
        fewest = usable.sort_values("imaged_per_found").iloc[0]
        missed = usable.sort_values(["fn_expected", "imaged_expected"]).iloc[0]
        yield Figure(
            "headline",
            "imaged for each case found, fewest",
            target,
            setting,
            "imaged per case found",
            "log",
            _values(fewest, "imaged_per_found"),
            words=fewest["flag_id"],
            rests_on=fewest["report_id"],
        )
        yield Figure(
            "headline",
            "cases missed, fewest",
            target,
            setting,
            "missed per 1,000 patients",
            "log",
            (float(missed["fn_expected"]), float(missed["fn_low"]), float(missed["fn_high"])),
            words=missed["flag_id"],
            rests_on=missed["report_id"],
        )


def _patients(evidence: Evidence) -> Iterator[Figure]:
    """Yield the risk of the reference patients."""

    @cache
    def model(target: Target, setting: Setting) -> RiskModel:
        return RiskModel(evidence, target, setting, draws=DRAWS)

    for patient in REFERENCE_PATIENTS:
        figure = partial(
            Figure,
            "reference patient",
            patient.name,
            patient.target,
            patient.setting,
            "risk",
            "logit",
        )
        try:
            risk = model(patient.target, patient.setting).risk(patient.present, patient.absent)
        except BackpainStatsError as refusal:
            yield figure(why=str(refusal))
        else:
            found = risk.posttest
            yield figure(
                (found.estimate, found.ci_low, found.ci_high),
                rests_on=";".join(risk.cohorts["cohort_id"]),
            )


def _values(row: Mapping[Hashable, Any] | pd.Series, measure: str) -> Values:
    """Return a measure's point and the ends of its interval."""
    return row[measure], row[f"{measure}_low"], row[f"{measure}_high"]


def _text(value: object) -> str:
    """Return a cell as text, a missing one as none."""
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]
