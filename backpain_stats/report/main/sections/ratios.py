"""What each flag is worth: likelihood ratios by target, ranked and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.origin import reported_doi
from backpain_stats.report.page.parts import Column, FigurePart, Section, TablePart

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("target", "Target", "words"),
    Column("setting", "Setting", "words"),
    Column("study", "Study"),
    Column("n", "Patients", "count"),
    Column("n_cases", "Cases", "count"),
    Column("tables", "Tables that fit", "count"),
    Column("lr_positive", "LR+ (95%)", "number", "lr_positive_low", "lr_positive_high"),
    Column("lr_negative", "LR− (95%)", "number", "lr_negative_low", "lr_negative_high"),
    Column("verdict", "Verdict", "words"),
    Column("reason", "Why", "fold"),
    Column("reported_in", "Read in"),
    Column("doi", "DOI", "doi"),
)


TITLE = "What each flag is worth"


def ratios_section(context: Context) -> Section | LeftOut:
    """Build the section on likelihood ratios."""
    if lacking := context.without("accuracy"):
        return LeftOut(TITLE, lacking)
    ratios = reported_doi(context.evidence, context.ratios)
    usable = ratios[ratios["usable"] & ratios["lr_positive"].notna()]
    figures = []
    for target, label in context.evidence.target_labels.items():
        rows = usable[usable["target"] == target]
        if len(rows) < 2:
            continue
        figures.append(_figure(f"ranking_{target}", label, rows))
    malignancy = ratios[ratios["target"] == "malignancy"]
    forest_part = FigurePart(
        "forest_malignancy",
        f"{_above(malignancy)} Every report on malignancy. Grey rows cannot be used; the reason "
        "stands beside them.",
        f"Forest plot of LR+ and LR− of {len(malignancy)} reports on malignancy; "
        "the table below holds the numbers.",
        lambda: plots.forest(malignancy),
    )
    clear = usable[(usable["lr_positive_low"] > 2) & usable["counted"]]
    few = usable[usable["n_cases"].notna() & (usable["n_cases"].astype("Float64") < 20)]
    paragraphs = (
        f"{len(ratios)} reports of a single flag are held; {len(usable)} give a positive "
        f"likelihood ratio. The lower end of its interval lies above 2 for {len(clear)} of them. "
        f"{len(few)} of the {len(usable)} rest on fewer than 20 cases.",
        "A ratio of 1 says nothing; between 0.5 and 2 (shaded) a result hardly moves the "
        "probability. Rows of one study share its patients: they are not independent evidence. "
        "Where several tables fit what was printed, the estimate is the middle table and the "
        "interval covers all of them.",
    )
    table = TablePart("likelihood_ratios", "Every report, with its source", ratios, COLUMNS, True)
    return Section(
        "likelihood-ratios",
        TITLE,
        paragraphs,
        (forest_part, *figures) if len(malignancy) else tuple(figures),
        (table,),
    )


def _above(rows: pd.DataFrame) -> str:
    """Say how many intervals leave no doubt."""
    own = rows[rows["usable"] & rows["lr_positive_low"].notna()]
    if own.empty:
        return "No LR+ has an interval."
    clear = int((own["lr_positive_low"] > 2).sum())
    return f"{clear or 'None'} of {len(own)} intervals of LR+ lie above 2."


def _figure(name: str, label: str, rows: pd.DataFrame) -> FigurePart:
    order = rows.sort_values("lr_positive", ascending=False)
    best = ", ".join(order["label"].head(3))
    return FigurePart(
        name,
        f"{label}. {_above(rows)} Flags by positive likelihood ratio, with 95% intervals where "
        "the counts allow one. The shaded zone is uninformative.",
        f"Ranking of {len(rows)} reports on {label.lower()} by LR+; highest: {best}.",
        lambda: plots.ranking(rows),
    )
