"""Summary of findings in the GRADE layout for diagnostic accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.checks import check_path, writing
from backpain_stats.decide.findings_layout import OUTCOMES, BlockFacts, findings_layout
from backpain_stats.decide.frequencies import count_phrase, natural_frequencies
from backpain_stats.decide.judgements import GROUP_WORDS, contradictions, read_judgements
from backpain_stats.decide.published import printed_labels
from backpain_stats.errors import ArgumentError
from backpain_stats.evidence import Evidence, Setting, Target
from backpain_stats.outputs import (
    Layout,
    Stamp,
    layout_docx,
    layout_html,
    layout_markdown,
    spreadsheet_safe,
)
from backpain_stats.printed.prevalence import PrevalenceLike, read_prevalences
from backpain_stats.sampling import DEFAULT_SEED, DRAWS, Seed

if TYPE_CHECKING:
    from backpain_stats.decide.draws import Source

__all__ = ["SummaryOfFindings", "summary_of_findings"]

MOST_PREVALENCES = 3


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SummaryOfFindings:
    """What is known about each flag, ready to paste into a guideline.

    Parameters
    ----------
    title : str
        Its heading.
    frame : pandas.DataFrame
        One row a flag, outcome and prevalence, numbers as numbers.
    judgements : pandas.DataFrame
        The panel's judgements, one row a flag and group of patients.
    labels : mapping of str to str
        Flag to the words it is printed with.
    scenarios : sequence of str
        The headings of the prevalences.
    facts : mapping of str to BlockFacts
        What stands above and beside the numbers of each flag.
    action : str
        What is done where the flag is present, as a noun.
    prevalence_note : str
        Where the prevalences come from.
    """

    title: str
    frame: pd.DataFrame
    judgements: pd.DataFrame
    labels: Mapping[str, str]
    scenarios: Sequence[str]
    facts: Mapping[str, BlockFacts] = field(default_factory=dict)
    action: str = "imaging"
    prevalence_note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame`` with the judgements beside it."""
        return self.frame.merge(self.judgements, on=["flag_id", "group"], how="left")

    def to_csv(self, path: str | PathLike[str]) -> Path:
        """Write ``frame`` with the judgements beside it as CSV; no text is a formula there.

        Raises
        ------
        ArgumentError
            If the file cannot be written.
        """
        place, safe = check_path(path, "path"), spreadsheet_safe(self.to_frame())
        with writing(place):
            safe.to_csv(place, index=False, float_format="%.8g", lineterminator="\n")
        return place

    def to_html(self) -> str:
        """Return the table as HTML that stands on its own in any page."""
        return layout_html(self.layout())

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        return layout_markdown(self.layout())

    def to_docx(self, path: str | PathLike[str], *, stamp: Stamp | None = None) -> Path:
        """Write the table as a Word document, A4 landscape, with what made it below.

        Raises
        ------
        ArgumentError
            If the file cannot be written.
        MissingExtraError
            If python-docx is not installed; the message has the install line.
        """
        place, layout = check_path(path, "path"), self.layout()
        with writing(place):
            return layout_docx(layout, place, stamp=stamp)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        """Return the table as Markdown."""
        return self.to_markdown()

    def layout(self) -> Layout:
        """Return the printed table: headings, one block of four rows a flag, notes."""
        return findings_layout(self)

    @property
    def contradictions(self) -> list[str]:
        """Judgements that contradict each other, one sentence each."""
        sheet = self.judgements
        flags = sheet["flag_id"].map(lambda flag: self.labels.get(flag, flag))
        return contradictions(sheet.assign(flag_id=flags, group=sheet["group"].map(GROUP_WORDS)))


def summary_of_findings(
    source: Source,
    prevalences: PrevalenceLike | Iterable[PrevalenceLike],
    *,
    judgements: pd.DataFrame | str | PathLike[str] | None = None,
    per: int = 1000,
    flag: str | Sequence[str] | None = None,
    target: Target | None = None,
    setting: Setting | None = None,
    indirect: bool = False,
    action: str = "imaging",
    title: str | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: Seed = DEFAULT_SEED,
) -> SummaryOfFindings:
    """Lay out what a flag does to 1,000 patients as GRADE does for diagnostic tests.

    Parameters
    ----------
    source : TwoByTwo, DataFrame, Evidence, or a meta-analysis
        As for :func:`~backpain_stats.natural_frequencies`.
    prevalences : float, str, Prevalence, or a list of up to three
        GRADE shows the effect at two or three pre-test probabilities.
    judgements : DataFrame or path, optional
        The panel's judgements of the five GRADE domains and of the certainty,
        made from :func:`~backpain_stats.decide.judgements.judgement_template`.
        Nothing is judged by the software: what is not given stays empty.
    per : int, default 1000
        The number of patients.
    flag, target, setting : str, optional
        For evidence: the flags or combinations, the condition and the setting; a frame
        is narrowed by its columns of these names.
    indirect : bool, default False
        For evidence: whether reports on other patients than those asked about, or on
        another target, are used.
    action : str, default "imaging"
        What is done where the flag is present, as a noun (``"MRI"``, ``"referral"``).
    title : str, optional
        Heading of the table.
    level, draws, seed
        As for ``natural_frequencies``.

    Returns
    -------
    SummaryOfFindings
        With ``to_html()``, ``to_markdown()``, ``to_csv(path)`` and ``to_docx(path)``.

    Raises
    ------
    ArgumentError
        If more than three prevalences are given.
    DataError
        If the judgements are not valid; every problem is listed.

    References
    ----------
    Schünemann HJ et al. GRADE guidelines: 21 part 1. J Clin Epidemiol 2020;122:129-141.
    https://doi.org/10.1016/j.jclinepi.2019.12.020

    Schünemann HJ et al. GRADE guidelines: 21 part 2. J Clin Epidemiol 2020;122:142-152.
    https://doi.org/10.1016/j.jclinepi.2019.12.021

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"flag": ["cancer_history"],
    ...                       "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> found = summary_of_findings(table, [0.003, 0.01])
    >>> found.frame.loc[found.frame["outcome"] == "false_positives", "effect"].to_list()
    ['21 (15 to 28)', '21 (15 to 28)']
    """
    several = read_prevalences(prevalences)
    if len(several) > MOST_PREVALENCES:
        raise ArgumentError(
            f"{len(several)} prevalences were given; the GRADE layout shows one to "
            f"{MOST_PREVALENCES}"
        )
    wide = natural_frequencies(
        source,
        several,
        per=per,
        flag=flag,
        target=target,
        setting=setting,
        indirect=indirect,
        level=level,
        draws=draws,
        seed=seed,
    )
    wide = wide[wide["usable"]].reset_index(drop=True)
    wide["prevalence_text"] = [str(several[i % len(several)]) for i in range(len(wide))]
    wide["study_design"] = _designs(source, wide["cohort_id"])
    blocks = [wide.iloc[i : i + len(several)] for i in range(0, len(wide), len(several))]
    frame = pd.concat(
        [
            _outcome(block, name).assign(block=number)
            for number, block in enumerate(blocks)
            for name in OUTCOMES
        ],
        ignore_index=True,
    )
    flags = wide["flag_id"].unique()
    about = ", ".join(word for word in (target, setting) if word)
    labels = printed_labels(source) if isinstance(source, Evidence) else {}
    if title is not None and not isinstance(title, str):
        raise ArgumentError(f"title is {title!r}; give a text")
    heading = title or f"Summary of findings{': ' + about.replace('_', ' ') if about else ''}"
    scenarios = [f"prevalence {text}" for text in frame["prevalence_text"].unique()]
    judged = read_judgements(judgements, flags)
    return SummaryOfFindings(heading, frame, judged, labels, scenarios, action=action)


def _outcome(wide: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of one outcome, numbers and printed effect."""
    cell, group, _ = OUTCOMES[name]
    kept = [
        *("flag_id", "report_id", "cohort_id", "study", "target", "setting", "studies", "n"),
        *("n_cases", "study_design", "sensitivity", "sensitivity_low", "sensitivity_high"),
        *("specificity", "specificity_low", "specificity_high", "prevalence", "prevalence_low"),
        *("prevalence_high", "prevalence_text", "per", "ci_level", "method"),
    ]
    rows = wide[kept].copy()
    rows.insert(6, "outcome", name)
    rows.insert(7, "group", group)
    rows["count"] = wide[cell]
    rows["estimate"] = wide[f"{cell}_expected"]
    rows["ci_low"], rows["ci_high"] = wide[f"{cell}_low"], wide[f"{cell}_high"]
    rows["effect"] = [count_phrase(row, cell) for _, row in wide.iterrows()]
    return rows


def _designs(source: Any, cohorts: pd.Series) -> list[str]:
    """Return the designs the evidence states, for sources that state them."""
    if not isinstance(source, Evidence):
        return [""] * len(cohorts)
    stated = source.cohorts.set_index("cohort_id")["design_note"].fillna("").to_dict()
    return [str(stated.get(cohort, "")) or "not stated" for cohort in cohorts]
