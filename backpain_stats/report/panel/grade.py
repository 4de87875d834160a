"""The GRADE parts of the panel's page: summary of findings and Evidence-to-Decision frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.decide.frequencies import count_phrase
from backpain_stats.decide.judgements import GRADE_DOMAINS, GROUP_WORDS
from backpain_stats.decide.wording import answer, without
from backpain_stats.estimate import format_proportion
from backpain_stats.outputs import Layout
from backpain_stats.report.page.parts import (
    Block,
    Code,
    FigurePart,
    Link,
    PrintedTable,
    Prose,
    Section,
)

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.report.panel.results import PanelResults

__all__ = ["decision_frame", "etd_section", "findings_section"]

OPEN = "the panel's to judge"
# Criterion -> what it asks, in the order of the framework for tests.
CRITERIA = {
    "Problem": "Is the problem a priority?",
    "Test accuracy": "How accurate is the test?",
    "Desirable effects": "How substantial are the desirable anticipated effects?",
    "Undesirable effects": "How substantial are the undesirable anticipated effects?",
    "Certainty of test accuracy": "How certain is the evidence of test accuracy?",
    "Certainty of the test's effects": "How certain is the evidence of direct benefits, adverse "
    "effects and burden of the test?",
    "Certainty of management's effects": "How certain is the evidence of the effects of the "
    "management that the results guide?",
    "Certainty of the link": "How certain is the link between test result and management?",
    "Certainty of effects": "How certain is the evidence of the effects of the test overall?",
    "Values": "Is there important uncertainty or variability in how much people value the main "
    "outcomes?",
    "Balance of effects": "Does the balance favour the test or no test?",
    "Resources required": "How large are the resource requirements?",
    "Certainty of resources": "How certain is the evidence of resource requirements?",
    "Cost effectiveness": "Does cost effectiveness favour the test or no test?",
    "Equity": "What would be the impact on health equity?",
    "Acceptability": "Is the test acceptable to key stakeholders?",
    "Feasibility": "Is the test feasible to implement?",
}
CONCLUSIONS = (
    "Type of recommendation",
    "Recommendation",
    "Justification",
    "Subgroup considerations",
    "Implementation",
    "Monitoring and evaluation",
    "Research priorities",
)


def findings_section(results: PanelResults) -> Section:
    """Show the summary of findings and, where there are judgements, study quality."""
    findings = results.findings
    judged = bool((findings.judgements[[*GRADE_DOMAINS, "certainty"]] != "").any(axis=None))
    paragraphs: list[Block] = []
    if judged:
        paragraphs.append("The judgements are the panel's own.")
        paragraphs += [
            Prose("To be looked at again: ", one, ".") for one in findings.contradictions
        ]
    else:
        paragraphs.append(
            Prose(
                "The five domains and the certainty are the panel's to judge, once for each body "
                "of evidence: fill in ",
                Link("the sheet", f"tables/{results.sheet}"),
                " and hand it in with ",
                Code("--judgements"),
                ". Nothing is judged by the software.",
            )
        )
    files: tuple[str | Link, ...] = (Link("CSV", "tables/summary_of_findings.csv"),)
    if results.word:
        files = (*files, ", ", Link("Word, with everything for the appendix", "tables/annex.docx"))
    paragraphs += [
        Prose("As a file: ", *files, "."),
        PrintedTable("Summary of findings", findings.layout()),
    ]
    figures = []
    if len(results.quality):
        instruments = " and ".join(sorted(results.quality["instrument"].unique()))
        figures.append(
            FigurePart(
                "quality",
                f"Study quality by {instruments}, as judged by the user.",
                f"Traffic lights of {results.quality['cohort_id'].nunique()} studies.",
                lambda: plots.quality(_named_studies(results)),
            )
        )
    else:
        paragraphs.append(
            Prose(
                "No judgements of study quality (QUADAS-2) are published in this evidence; a "
                "folder with a ",
                Code("quality.csv"),
                " brings your own.",
            )
        )
    return Section("summary-of-findings", "Summary of findings", tuple(paragraphs), tuple(figures))


def _named_studies(results: PanelResults) -> pd.DataFrame:
    """Return the judgements of quality with the study's name, unless two cohorts share it."""
    judged = results.quality
    names = judged["cohort_id"].map(results.plain.words)
    cohorts = judged["cohort_id"].groupby(names).transform("nunique")
    return judged.assign(cohort_id=names.where(cohorts == 1, judged["cohort_id"]))


def etd_section(results: PanelResults) -> Section:
    """Lay out the Evidence-to-Decision frame: what is known, and what is left to the panel."""
    text = Prose(
        "The criteria of the Evidence-to-Decision framework for tests. What follows from the "
        "evidence read is filled in; what the panel must judge is left open. Layout: GRADE "
        "guidelines 16 (",
        Link("10.1016/j.jclinepi.2016.01.032", "https://doi.org/10.1016/j.jclinepi.2016.01.032"),
        ") and 22 (",
        Link("10.1016/j.jclinepi.2019.02.003", "https://doi.org/10.1016/j.jclinepi.2019.02.003"),
        ").",
    )
    parts = (text, PrintedTable("Evidence to decision", decision_frame(results)))
    return Section("evidence-to-decision", "From evidence to decision", parts)


def decision_frame(results: PanelResults) -> Layout:
    """Return the Evidence-to-Decision table.

    References
    ----------
    Schünemann HJ et al. GRADE guidelines: 16. J Clin Epidemiol 2016;76:89-98.
    https://doi.org/10.1016/j.jclinepi.2016.01.032
    """
    known = _known(results)
    criteria: list[list[str | None]] = [
        [f"{name}: {question}", "", known.get(name, OPEN), ""]
        for name, question in CRITERIA.items()
    ]
    consequences: list[list[str | None]] = [
        [words, "", _numbers(results, cell), ""]
        for cell, words in (
            ("tp", f"True positive: has the condition, gets {results.question.action}"),
            ("fn", f"False negative: has the condition, {without(results.question.action)}"),
            ("tn", f"True negative: does not have it, {without(results.question.action)}"),
            ("fp", f"False positive: does not have it, gets {results.question.action}"),
        )
    ]
    conclusions: list[list[str | None]] = [[name, "", OPEN, ""] for name in CONCLUSIONS]
    head = ("Criterion", "Judgement", "Research evidence", "Additional considerations")
    return Layout(
        f"Should red flags be used to decide on {results.question.action} for "
        f"{results.condition} in {results.place}?",
        [("", one) for one in head],
        [
            ("Criteria", criteria),
            (
                f"Consequences of a result, with patients per {results.per:,} at a prevalence of "
                f"{results.leading.head}; what each means for a patient is the panel's to write",
                consequences,
            ),
            ("Conclusions", conclusions),
        ],
    )


def _known(results: PanelResults) -> dict[str, str]:
    """Return what the evidence says of each criterion that it says something of."""
    first = results.leading_frequencies.iloc[0]
    flags = results.endorsement.flags
    endorsed = int((flags["guidelines"] > 0).sum())
    accuracy = "; ".join(
        f"{row['label']}: sensitivity {format_proportion(row['sensitivity'])}, "
        f"specificity {format_proportion(row['specificity'])}"
        for _, row in results.leading_frequencies.iterrows()
    )
    known = {
        "Problem": f"{int(first['diseased']):,} of {results.per:,} patients have "
        f"{results.condition} at a prevalence of {results.leading.head}. {endorsed} flags are "
        "endorsed by guidelines.",
        "Test accuracy": f"{accuracy} (see the summary of findings)",
        "Certainty of test accuracy": _certainty(results),
    }
    frame = results.thresholds
    if frame is not None:
        known["Balance of effects"] = " ".join(
            f"“{row['label']}”: "
            + answer(row["probability_at_pretest"], "it decides", "it does not decide")
            + "."
            for _, row in frame.iterrows()
        )
    return known


def _certainty(results: PanelResults) -> str:
    """Return the panel's own certainties, if it gave them."""
    sheet = results.findings.judgements
    given = sheet[sheet["certainty"] != ""]
    if given.empty:
        return f"{OPEN}: see the sheet of judgements"
    return "; ".join(
        f"{results.findings_words[str(row.flag_id)]} ({GROUP_WORDS[str(row.group)]}): "
        f"{row.certainty}"
        for row in given.itertuples()
    )


def _numbers(results: PanelResults, cell: str) -> str:
    """Print one cell of every finding."""
    return "; ".join(
        f"{row['label']}: {count_phrase(row, cell)}"
        for _, row in results.leading_frequencies.iterrows()
    )
