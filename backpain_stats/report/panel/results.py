"""Everything the panel's pages show, computed once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import check_choice
from backpain_stats.decide.bodies import EvidenceBody, evidence_bodies
from backpain_stats.decide.curves import decision_curve, decisive_range
from backpain_stats.decide.endorsement import Endorsement, endorsement
from backpain_stats.decide.facts import block_facts, derivation_words, directness_words
from backpain_stats.decide.findings import SummaryOfFindings, summary_of_findings
from backpain_stats.decide.frequencies import natural_frequencies
from backpain_stats.decide.quality import quality_judgements
from backpain_stats.decide.scenarios import Scenario, choose_denominator, prevalence_scenarios
from backpain_stats.decide.thresholds import thresholds
from backpain_stats.decide.wording import chance_text
from backpain_stats.meta.accuracy import accuracy_row
from backpain_stats.report.page.build import Progress
from backpain_stats.report.page.plain import PlainWords
from backpain_stats.report.panel.question import PanelQuestion
from backpain_stats.report.panel.sources import scenario_lines, source_table

if TYPE_CHECKING:
    from backpain_stats.evidence import Evidence
    from backpain_stats.published import AccuracyDraws

__all__ = ["SHEET", "PanelResults"]

# The name of the empty sheet of judgements, unless a filled-in one bears it.
SHEET = "judgements_to_fill_in.csv"
# Patients in a picture; more marks than the second are a grey field.
PICTURES = (1_000, 10_000)
# So many that an interval of the sensitivity is printed as in the table of accuracies, which
# needs no draws: with 4,096 its ends are off by a hundredth.
DRAWS = 2**16


@dataclass(frozen=True)
class PanelResults:
    """Everything the pages show, computed once; no sentence in them is written by hand.

    Parameters
    ----------
    evidence : Evidence
    question : PanelQuestion
    progress : callable
        Told each step before it is taken.
    sheet : str
        The name of the sheet of judgements to fill in.

    Raises
    ------
    ArgumentError
        If the evidence does not know the condition or the setting.
    """

    evidence: Evidence
    question: PanelQuestion
    progress: Progress = field(default=lambda message: None)
    sheet: str = SHEET

    def __post_init__(self) -> None:
        """Refuse a condition or a setting that this evidence does not know."""
        check_choice(self.question.target, "target", list(self.evidence.targets["target"]))
        check_choice(self.question.setting, "setting", list(self.evidence.settings["setting"]))

    @property
    def condition(self) -> str:
        """The condition in words."""
        return self.evidence.target_labels[self.question.target].lower()

    @property
    def place(self) -> str:
        """The setting in words."""
        return self.evidence.setting_labels[self.question.setting]

    @cached_property
    def plain(self) -> PlainWords:
        """The words for what the evidence calls by an identifier."""
        return PlainWords(self.evidence)

    @cached_property
    def _found(self) -> tuple[list[EvidenceBody], pd.DataFrame]:
        asked = self.question
        bodies, missing = evidence_bodies(
            self.evidence,
            asked.target,
            asked.setting,
            flags=asked.flags,
            families=asked.families,
            rules=asked.rules,
        )
        if not asked.chosen:
            bodies.sort(key=lambda body: (-self.endorsed_by(body), body.label))
        missing["reason"] = missing["reason"].map(self.plain.words)
        return bodies, missing

    def endorsed_by(self, body: EvidenceBody) -> int:
        """Return how many of the guidelines read name a flag; a rule is named by none."""
        named = self.endorsement.flags.set_index("flag_id")["guidelines"]
        return int(named.get(body.name, 0)) if body.kind == "flag" else 0

    @property
    def bodies(self) -> list[EvidenceBody]:
        """Bodies of evidence, in the panel's order; else those most endorsed first."""
        return self._found[0]

    @property
    def missing(self) -> pd.DataFrame:
        """What was asked and has no accuracy anywhere."""
        return self._found[1]

    @cached_property
    def _prevalences(self) -> tuple[list[Scenario], pd.DataFrame]:
        asked = self.question
        scenarios, samples = prevalence_scenarios(
            self.evidence, asked.target, asked.setting, asked.prevalences
        )
        return [replace(one, source=self.plain.words(one.source)) for one in scenarios], samples

    @property
    def scenarios(self) -> list[Scenario]:
        """The prevalences for which the numbers are given."""
        return self._prevalences[0]

    @property
    def samples(self) -> pd.DataFrame:
        """Every sample of the setting on file."""
        return self._prevalences[1]

    @property
    def leading(self) -> Scenario:
        """The scenario of everything that has room for one only."""
        several = self.scenarios
        return several[0 if self.question.prevalences else (len(several) - 1) // 2]

    @property
    def has_numbers(self) -> bool:
        """Whether there is anything to count with."""
        return bool(self.bodies and self.scenarios)

    @cached_property
    def tests(self) -> list[AccuracyDraws]:
        """The accuracy of each finding that a panel would act on."""
        return [body.test for body in self.bodies]

    @cached_property
    def flags(self) -> list[AccuracyDraws]:
        """The accuracy of each flag as it is asked, inverse flags too."""
        return [
            replace(body.average, labels={**body.average.labels, "flag_id": body.key})  # type: ignore[type-var]
            for body in self.bodies
        ]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Words for each body of evidence."""
        return {body.key: body.label for body in self.bodies}

    @cached_property
    def findings_words(self) -> dict[str, str]:
        """Words for each finding that is acted on."""
        return {body.key: body.finding for body in self.bodies}

    @property
    def per(self) -> int:
        """The number of patients in the tables."""
        rarest = [one.prevalence for one in self.scenarios]
        return self.question.per or choose_denominator(rarest)

    @property
    def picture_per(self) -> int | None:
        """The number of patients in the pictures, None where no case would be seen."""
        share = self.leading.prevalence.estimate
        return next((per for per in PICTURES if per * share >= 1), None)

    @cached_property
    def frequencies(self) -> pd.DataFrame:
        """Natural frequencies in every scenario, one row a finding and scenario."""
        prevalences = [one.prevalence for one in self.scenarios]
        frame = natural_frequencies(
            self.tests, prevalences, per=self.per, level=self.question.level, draws=DRAWS
        )
        frame["label"] = frame["flag_id"].map(self.findings_words)
        frame["scenario"] = [one.head for one in self.scenarios] * len(self.bodies)
        frame["directness"] = [one.directness for one in self.bodies for _ in self.scenarios]
        frame["made_from_same_patients"] = [
            derivation_words(one) for one in self.bodies for _ in self.scenarios
        ]
        return frame

    @property
    def leading_frequencies(self) -> pd.DataFrame:
        """The rows of the leading scenario."""
        frame = self.frequencies
        return frame[frame["scenario"] == self.leading.head].reset_index(drop=True)

    @cached_property
    def pictures(self) -> pd.DataFrame | None:
        """Natural frequencies of the leading scenario, for the icon arrays."""
        per = self.picture_per
        if per is None:
            return None
        frame = natural_frequencies(
            self.tests, self.leading.prevalence, per=per, level=self.question.level, draws=DRAWS
        )
        return frame.assign(label=frame["flag_id"].map(self.findings_words))

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """The accuracy of each flag: average practice and new practice."""
        rows = [
            {
                "flag_id": body.key,
                "label": body.label,
                "directness": body.directness,
                "directness_words": directness_words(self.evidence, body, self.question.setting),
                **accuracy_row(body.accuracy, self.question.level),
                "studies_text": str(len(body.studies)),
                "raises": chance_text(body.chance_raises),
                "made_from_same_patients": derivation_words(body),
                "usable": True,
                "study": f"{len(body.studies)} {'study' if len(body.studies) == 1 else 'studies'}",
            }
            for body in self.bodies
        ]
        return pd.DataFrame(rows)

    @cached_property
    def curve(self) -> pd.DataFrame:
        """Decision curves."""
        return decision_curve(self.tests, self.leading.prevalence, level=self.question.level)

    @cached_property
    def ranges(self) -> pd.DataFrame:
        """The thresholds for which each flag decides."""
        frame = decisive_range(self.flags, self.leading.prevalence, level=self.question.level)
        return frame.assign(label=frame["flag_id"].map(self.labels))

    @cached_property
    def thresholds(self) -> pd.DataFrame | None:
        """Testing thresholds by the panel's own values, if it gave them."""
        asked = self.question
        if asked.benefit is None or asked.harm is None:
            return None
        frame = thresholds(
            self.flags,
            benefit=asked.benefit,
            harm=asked.harm,
            test_harm=asked.test_harm,
            pretest=self.leading.prevalence,
            action=asked.action,
            level=asked.level,
        )
        return frame.assign(label=frame["flag_id"].map(self.labels))

    @cached_property
    def endorsement(self) -> Endorsement:
        """Endorsements beside the evidence of the setting."""
        asked = self.question
        return endorsement(
            self.evidence, target=asked.target, setting=asked.setting, level=asked.level
        )

    @cached_property
    def findings(self) -> SummaryOfFindings:
        """Summary of findings in the GRADE layout."""
        asked = self.question
        found = summary_of_findings(
            self.tests,
            [one.prevalence for one in self.scenarios],
            judgements=asked.judgements,
            per=self.per,
            action=asked.action,
            level=asked.level,
            draws=DRAWS,
            title=f"Summary of findings: red flags for {self.condition} in {self.place}",
        )
        facts = {
            body.key: block_facts(self.evidence, body, asked.target, asked.setting)
            for body in self.bodies
        }
        made_from = {body.key: derivation_words(body) for body in self.bodies}
        return replace(
            found,
            frame=found.frame.assign(made_from_same_patients=found.frame["flag_id"].map(made_from)),
            labels=self.findings_words,
            scenarios=[f"prevalence {one.head}" for one in self.scenarios],
            facts=facts,
            prevalence_note=self.prevalence_note,
        )

    @property
    def prevalence_note(self) -> str:
        """Say where the prevalences come from, and where each sample was read, once."""
        places = dict.fromkeys(one.reported_in for one in self.scenarios if one.reported_in)
        citations = (str(self._sources.loc[place, "citation"]) for place in places)
        read = "; ".join(map(self.plain.words, citations))
        return f"{'; '.join(scenario_lines(self.scenarios))}{f'. Read in: {read}' if read else ''}"

    @cached_property
    def word(self) -> bool:
        """Whether Word documents can be written: python-docx is an extra."""
        return find_spec("docx") is not None

    @cached_property
    def quality(self) -> pd.DataFrame:
        """Judgements of study quality, for the cohorts in use."""
        judged = quality_judgements(self.evidence)
        return judged[judged["cohort_id"].isin(self.cohort_ids)]

    @property
    def cohort_ids(self) -> list[str]:
        """The cohorts behind the numbers."""
        named = (name for body in self.bodies for name in body.studies["cohort_id"].dropna())
        return list(dict.fromkeys(map(str, named)))

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """The cohorts behind the numbers, with what a reader must know of them."""
        cohorts = self.evidence.cohorts
        chosen = cohorts[cohorts["cohort_id"].isin(self.cohort_ids)].copy()
        chosen["doi"] = chosen["source_id"].map(self._sources["doi"])
        chosen["study"] = chosen["cohort_id"].map(self.plain.words)
        return chosen.reset_index(drop=True)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Every report and prevalence in use: what was printed, and where it was read."""
        return source_table(self.evidence, self.bodies, self.scenarios, self.plain)

    @cached_property
    def _sources(self) -> Any:
        return self.evidence.sources.set_index("source_id")
