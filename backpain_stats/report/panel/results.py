"""What a panel asks, and everything its page shows, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from backpain_stats.checks import (
    check_choice,
    check_count,
    check_level,
    check_path,
    real_number,
)
from backpain_stats.decide.comparison import Comparison, compare_flags
from backpain_stats.decide.curves import decision_curve, decisive_range
from backpain_stats.decide.endorsement import Endorsement, endorsement
from backpain_stats.decide.findings import MOST_PREVALENCES, SummaryOfFindings, summary_of_findings
from backpain_stats.decide.frequencies import natural_frequencies
from backpain_stats.decide.published import printed_labels, published_tables, settings_with_ratios
from backpain_stats.decide.quality import quality_judgements
from backpain_stats.decide.thresholds import check_values, thresholds
from backpain_stats.errors import ArgumentError, NotEstimableError
from backpain_stats.evidence import Setting, Target
from backpain_stats.printed.prevalence import Prevalence, read_prevalence
from backpain_stats.published import setting_prevalence
from backpain_stats.report.page.build import Progress

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence
    from backpain_stats.printed.prevalence import PrevalenceLike

__all__ = ["SHEET", "PanelQuestion", "PanelResults"]

# The name of the empty sheet of judgements, unless a filled-in one bears it.
SHEET = "judgements_to_fill_in.csv"


@dataclass(frozen=True)
class PanelQuestion:
    """What a panel asks.

    Parameters
    ----------
    target, setting : str
        The condition, and where the patients are seen.
    prevalences : sequence of float, str or Prevalence
        One to three; the first is used everywhere, the others in the summary
        of findings. Without any, that of the setting, by the rule of
        :func:`~backpain_stats.published.prevalence.setting_prevalence`.
    per : int, default 1000
        The number of patients.
    benefit, harm : float, optional
        The panel's own values, for the testing thresholds; both or neither.
    test_harm : float, default 0
        Harm of asking about a flag, in the same unit.
    judgements : path, optional
        The panel's GRADE judgements as CSV.
    level : float, default 0.95
        Level of the intervals.
    """

    target: Target
    setting: Setting
    prevalences: Sequence[PrevalenceLike] = ()
    per: int = 1000
    benefit: float | None = None
    harm: float | None = None
    test_harm: float = 0.0
    judgements: str | PathLike[str] | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what cannot be answered before anything is computed."""
        check_level(self.level)
        if check_count(self.per, "per") < 1:
            raise ArgumentError(f"per is {self.per!r}; at least 1 patient is needed")
        if isinstance(self.prevalences, str) or not isinstance(self.prevalences, Sequence):
            raise ArgumentError(
                f"prevalences is {self.prevalences!r}; give a list, such as [{self.prevalences!r}]"
            )
        for one in self.prevalences:
            read_prevalence(one)
        for name in ("benefit", "harm", "test_harm"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(real_number(value)):
                raise ArgumentError(f"{name} is {value!r}; it must be a number")
        if self.judgements is not None:
            check_path(self.judgements, "judgements")
        if len(self.prevalences) > MOST_PREVALENCES:
            raise ArgumentError(
                f"{len(self.prevalences)} prevalences were given; the GRADE layout shows one to "
                f"{MOST_PREVALENCES}"
            )
        if self.benefit is None or self.harm is None:
            if not (self.benefit is None and self.harm is None):
                raise ArgumentError("give both benefit and harm, or neither")
        else:
            check_values(self.benefit, self.harm, self.test_harm)


@dataclass(frozen=True)
class PanelResults:
    """Everything the page shows, computed once; no sentence in it is written by hand."""

    evidence: Evidence
    question: PanelQuestion
    progress: Progress = field(default=lambda message: None)
    sheet: str = SHEET

    def __post_init__(self) -> None:
        """Refuse a condition or a setting that this evidence does not know."""
        check_choice(self.question.target, "target", list(self.evidence.targets["target"]))
        check_choice(self.question.setting, "setting", list(self.evidence.settings["setting"]))

    @cached_property
    def prevalences(self) -> list[Prevalence]:
        """The panel's prevalences, or the setting's."""
        if self.question.prevalences:
            return [read_prevalence(one) for one in self.question.prevalences]
        return [read_prevalence(self._setting_prevalence)]

    @cached_property
    def _setting_prevalence(self) -> Any:
        asked = self.question
        return setting_prevalence(self.evidence, asked.target, asked.setting)

    @property
    def prevalence(self) -> Prevalence:
        """The first prevalence."""
        return self.prevalences[0]

    @property
    def prevalence_source(self) -> str:
        """Where the first prevalence comes from, with what speaks against it."""
        if self.question.prevalences:
            return "stated by the panel"
        published = self._setting_prevalence
        warning = f"; {published.warning}" if published.warning else ""
        return f"published, {published.source.replace(';', ', ')}{warning}"

    @cached_property
    def tables(self) -> pd.DataFrame:
        """Every feasible table of the condition and setting."""
        asked = self.question
        frame = published_tables(self.evidence, target=asked.target, setting=asked.setting)
        if frame.loc[frame["counted"], "tp"].isna().all():
            raise NotEstimableError(
                f"no report on {asked.target} in {asked.setting} has a 2x2 table that fits what it "
                f"prints; settings with usable reports: "
                f"{settings_with_ratios(self.evidence, asked.target)}"
            )
        return frame

    def require_tables(self) -> None:
        """Raise NotEstimableError if there is nothing to answer with."""
        _ = self.tables

    @cached_property
    def labels(self) -> dict[str, str]:
        """Words for flags and rules."""
        return printed_labels(self.evidence)

    @cached_property
    def frequencies(self) -> pd.DataFrame:
        """Natural frequencies at the first prevalence, best at ruling in first."""
        asked = self.question
        frame = natural_frequencies(self.tables, self.prevalence, per=asked.per, level=asked.level)
        frame["label"] = frame["flag_id"].map(self.labels)
        order = frame.sort_values("imaged_per_found", na_position="last", ignore_index=True)
        return self.with_sources(order)

    @property
    def usable(self) -> pd.DataFrame:
        """Natural frequencies of the reports that have a table."""
        return self.frequencies[self.frequencies["usable"]]

    @cached_property
    def comparison(self) -> Comparison:
        """The flags compared."""
        asked = self.question
        return compare_flags(
            self.evidence, target=asked.target, setting=asked.setting, level=asked.level
        )

    @cached_property
    def curve(self) -> pd.DataFrame:
        """Decision curves."""
        return decision_curve(self.tables, self.prevalence, level=self.question.level)

    @cached_property
    def ranges(self) -> pd.DataFrame:
        """The imaging thresholds for which each flag decides."""
        frame = decisive_range(self.tables, self.prevalence, level=self.question.level)
        frame["label"] = frame["flag_id"].map(self.labels)
        return frame.sort_values("posttest_present", ascending=False, ignore_index=True)

    @cached_property
    def thresholds(self) -> pd.DataFrame | None:
        """Testing thresholds by the panel's own values, if it gave them."""
        asked = self.question
        if asked.benefit is None or asked.harm is None:
            return None
        frame = thresholds(
            self.tables,
            benefit=asked.benefit,
            harm=asked.harm,
            test_harm=asked.test_harm,
            pretest=self.prevalence,
            level=asked.level,
        )
        frame["label"] = frame["flag_id"].map(self.labels)
        return frame[frame["usable"]].sort_values("testing_threshold", ignore_index=True)

    @cached_property
    def endorsement(self) -> Endorsement:
        """Endorsements beside the evidence."""
        return endorsement(self.evidence, target=self.question.target, level=self.question.level)

    @cached_property
    def findings(self) -> SummaryOfFindings:
        """Summary of findings in the GRADE layout."""
        asked = self.question
        return summary_of_findings(
            self.evidence,
            self.prevalences,
            judgements=asked.judgements,
            per=asked.per,
            target=asked.target,
            setting=asked.setting,
            level=asked.level,
        )

    @cached_property
    def word(self) -> bool:
        """Whether Word documents can be written: python-docx is an extra."""
        return find_spec("docx") is not None

    @cached_property
    def quality(self) -> pd.DataFrame:
        """Judgements of study quality, for the cohorts in use."""
        judged = quality_judgements(self.evidence)
        return judged[judged["cohort_id"].isin(self.usable["cohort_id"])]

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """The cohorts behind the numbers, with what a reader must know of them."""
        cohorts = self.evidence.cohorts
        chosen = cohorts[cohorts["cohort_id"].isin(self.frequencies["cohort_id"])].copy()
        chosen["doi"] = chosen["source_id"].map(self._sources["doi"])
        return chosen.reset_index(drop=True)

    @cached_property
    def _sources(self) -> pd.DataFrame:
        return self.evidence.sources.set_index("source_id")

    @cached_property
    def _reports(self) -> pd.DataFrame:
        """Where each report, of a flag or of a rule, was read, and what it quotes."""
        rules = self.evidence.combinations.rename(columns={"combination_id": "report_id"})
        both = pd.concat([self.evidence.accuracy, rules], ignore_index=True)
        both["printed"] = [_printed(row) for row in both.to_dict("records")]
        original = both["quotes"].fillna(both["reported_in"])
        both["citation"] = original.map(self._sources["citation"])
        both["doi"] = original.map(self._sources["doi"])
        kept = ["printed", "reported_in", "quotes", "note", "citation", "doi"]
        return both.set_index("report_id")[kept]

    def with_sources(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add what was printed, and the source and DOI, to a frame of reports."""
        return frame.join(self._reports, on="report_id")


def _printed(row: dict[Any, Any]) -> str:
    """Join the figures that a report prints, as printed."""
    shown = [
        *("tp", "fp", "fn", "tn", "sensitivity", "specificity", "false_positive_rate"),
        *("test_positive_rate", "ppv", "npv", "lr_positive", "lr_negative"),
    ]
    words = [f"{name.replace('_', ' ')} {row[name]}" for name in shown if not pd.isna(row[name])]
    return "; ".join(words) or "nothing from which a table follows"
