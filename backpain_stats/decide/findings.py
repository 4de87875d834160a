"""Summary of findings in the GRADE layout for diagnostic accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from backpain_stats.decide.frequencies import count_phrase, natural_frequencies
from backpain_stats.decide.judgements import GRADE_DOMAINS, read_judgements
from backpain_stats.decide.published import printed_labels
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_level, format_number
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
# Outcome -> (cell of the table, group of patients, words).
OUTCOMES = {
    "true_positives": ("tp", "cases", "True positives (found and imaged)"),
    "false_negatives": ("fn", "cases", "False negatives (missed)"),
    "true_negatives": ("tn", "noncases", "True negatives (correctly reassured)"),
    "false_positives": ("fp", "noncases", "False positives (imaged in vain)"),
}


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
    """

    title: str
    frame: pd.DataFrame
    judgements: pd.DataFrame
    labels: Mapping[str, str]

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame`` with the judgements beside it."""
        return self.frame.merge(self.judgements, on=["flag_id", "group"], how="left")

    def to_csv(self, path: str | PathLike[str]) -> Path:
        """Write ``frame`` with the judgements beside it as CSV; no text is a formula there."""
        safe = spreadsheet_safe(self.to_frame())
        safe.to_csv(path, index=False, float_format="%.8g", lineterminator="\n")
        return Path(path)

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
        MissingExtraError
            If python-docx is not installed; the message has the install line.
        """
        return layout_docx(self.layout(), Path(path), stamp=stamp)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        """Return the table as Markdown."""
        return self.to_markdown()

    def layout(self) -> Layout:
        """Return the printed table: headings, one block of four rows a flag, notes."""
        frame = self.frame
        prevalences = list(frame["prevalence_text"].unique())
        per = int(frame["per"].iloc[0])
        head = [
            *(("", own) for own in ("Outcome", "Studies (patients)", "Study design")),
            *(("Factors that may lower the certainty", _words(name)) for name in GRADE_DOMAINS),
            *((f"Effect per {per:,} patients", f"prevalence {one}") for one in prevalences),
            ("", "Certainty of the evidence"),
        ]
        sheet = self.judgements.set_index(["flag_id", "group"])
        blocks = []
        for _, rows in frame.groupby("block", sort=False):
            first = rows.iloc[0]
            cohort = "" if pd.isna(first["cohort_id"]) else f" [{first['cohort_id']}]"
            title = (
                f"{self.labels.get(first['flag_id'], first['flag_id'])}: "
                f"sensitivity {_fraction(first, 'sensitivity')}, "
                f"specificity {_fraction(first, 'specificity')}"
                f"{cohort}"
            )
            lines = []
            for outcome, (_, group, words) in OUTCOMES.items():
                cells = rows[rows["outcome"] == outcome]
                judged = sheet.loc[(first["flag_id"], group)]
                lines.append(
                    [
                        words,
                        _studies(first, group),
                        str(first["study_design"]),
                        *(str(judged[name]) for name in GRADE_DOMAINS),
                        # No line breaks inside "21 (15 to 28)".
                        *(effect.replace(" ", "\u00a0") for effect in cells["effect"]),
                        str(judged["certainty"]),
                    ]
                )
            blocks.append((title, lines))
        return Layout(self.title, head, blocks, self._notes())

    def _notes(self) -> list[str]:
        """Return what a reader must know to read the table."""
        level = f"{format_level(float(self.frame['ci_level'].iloc[0]))}"
        notes = [
            f"Effects are whole patients with {level} intervals. The intervals carry the "
            "uncertainty of sensitivity and specificity, and of the prevalence where that is "
            "not a single figure; they are not for the next patients, who vary by chance.",
            "Judgements of the five domains and of the certainty are the panel's own; an empty "
            "cell has not been judged.",
        ]
        reasons = self.judgements[self.judgements["reason"] != ""]
        notes += [
            f"{self.labels.get(flag, flag)}, {group}: {reason}"
            for flag, group, reason in reasons[["flag_id", "group", "reason"]].to_numpy()
        ]
        return notes


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
    Schünemann HJ et al. Grading quality of evidence and strength of
    recommendations for diagnostic tests and strategies. BMJ 2008;336:1106-10.
    https://doi.org/10.1136/bmj.39500.677199.AE

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
    return SummaryOfFindings(heading, frame, read_judgements(judgements, flags), labels)


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


def _studies(row: pd.Series, group: str) -> str:
    """Print how many studies and how many of their patients are in this group."""
    if pd.isna(row["n_cases"]) or pd.isna(row["n"]):
        return str(row["studies"])
    patients = row["n_cases"] if group == "cases" else row["n"] - row["n_cases"]
    return f"{row['studies']} ({patients:,})"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _fraction(row: pd.Series, name: str) -> str:
    low, high = format_number(row[f"{name}_low"], 2), format_number(row[f"{name}_high"], 2)
    return f"{format_number(row[name], 2)} ({low} to {high})"
