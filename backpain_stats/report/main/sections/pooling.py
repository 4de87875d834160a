"""Flags measured by several cohorts, pooled, with what a new practice may see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats import plots
from backpain_stats.estimate import format_number
from backpain_stats.evidence import Target
from backpain_stats.meta.published.every_flag import pool_all
from backpain_stats.meta.published.reports import chosen_reports
from backpain_stats.meta.studies import study_accuracy
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Column, FigurePart, Section, TablePart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from backpain_stats.evidence import Evidence
    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("target", "Target", "words"),
    Column("cohorts", "Cohorts", "count"),
    Column("n_cases", "Cases", "count"),
    Column("lr_positive", "LR+ (95%)", "number", "lr_positive_low", "lr_positive_high"),
    Column("prediction", "LR+ in a new practice (95%)"),
    Column("lr_negative", "LR− (95%)", "number", "lr_negative_low", "lr_negative_high"),
    Column("reports", "Reports", "fold"),
)
TITLE = "Several studies of one flag"


def pooling_section(context: Context) -> Section | LeftOut:
    """Build the section on pooled flags."""
    frames = [pool_all(context.evidence, target) for target in context.evidence.target_labels]
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return LeftOut(TITLE, "no flag was measured in two cohorts")
    pooled = context.label_flags(pd.concat(kept, ignore_index=True))
    ends = pooled[["lr_positive_prediction_low", "lr_positive_prediction_high"]].to_numpy()
    pooled["prediction"] = [f"{format_number(low)} to {format_number(high)}" for low, high in ends]
    most = pooled.sort_values("cohorts", ascending=False).to_dict("records")[0]
    paragraphs = (
        f"{len(pooled)} flags were measured in two cohorts or more. The bivariate model with the "
        "exact likelihood pools them; with so few cohorts its priors are part of the result.",
        f"{most['label']} for {most['target']}, {most['cohorts']} cohorts: LR+ "
        f"{format_number(most['lr_positive'])} ({format_number(most['lr_positive_low'])} to "
        f"{format_number(most['lr_positive_high'])}). In a new practice it may lie anywhere "
        f"from {most['prediction']}.",
    )
    figure = FigurePart(
        "pooled_flag",
        f"{most['label']}: pooled LR+ {format_number(most['lr_positive'])}, in a new practice "
        f"{most['prediction']}. Sensitivity and specificity of each cohort with counts (middle "
        "tables).",
        f"Paired forest of {most['cohorts']} cohorts: {most['settings'].replace('_', ' ')}.",
        partial(_draw, context.evidence, most["target"], str(most["flag_id"])),
    )
    table = TablePart("pooled", "Pooled flags", pooled, COLUMNS)
    return Section("pooling", TITLE, paragraphs, (figure,), (table,))


def _draw(evidence: Evidence, target: Target, flag: str) -> Axes:
    reports = chosen_reports(evidence, target, None, flag, None)
    axes: Axes = plots.forest_paired(study_accuracy(reports[reports["used"]]))
    return axes
