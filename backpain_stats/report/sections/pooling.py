"""Flags measured by several cohorts, pooled, with what a new setting may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.errors import MissingExtraError
from backpain_stats.estimate import format_number
from backpain_stats.report.context import TARGET_LABELS
from backpain_stats.report.parts import Column, FigurePart, Section, TablePart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from backpain_stats.meta.pooling import PooledEvidence
    from backpain_stats.report.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("target", "Target", "words"),
    Column("cohorts", "Cohorts", "count"),
    Column("n_cases", "Cases", "count"),
    Column("lr_positive", "LR+ (95%)", "number", "lr_positive_low", "lr_positive_high"),
    Column("prediction", "LR+ in a new setting (95%)"),
    Column("lr_negative", "LR− (95%)", "number", "lr_negative_low", "lr_negative_high"),
    Column("reports", "Reports", "fold"),
)
TITLE = "Several studies of one flag"


def pooling_section(context: Context) -> Section:
    """Build the section on pooled flags."""
    from backpain_stats.meta.pooling import pool, pool_all

    try:
        frames = [pool_all(context.evidence, target) for target in TARGET_LABELS]
        cancer = pool(context.evidence, target="malignancy", flag="cancer_history")
    except MissingExtraError as error:
        return Section("pooling", TITLE, (f"Not in this report: {error}.",))
    kept = [frame for frame in frames if len(frame)]
    pooled = context.label_flags(pd.concat(kept, ignore_index=True))
    ends = pooled[["lr_positive_prediction_low", "lr_positive_prediction_high"]].to_numpy()
    pooled["prediction"] = [f"{format_number(low)} to {format_number(high)}" for low, high in ends]
    width = _ratio(cancer)
    paragraphs = (
        f"{len(pooled)} flags were measured in two cohorts or more. The bivariate model with the "
        "exact likelihood pools them; with so few cohorts its priors are part of the result.",
        f"History of cancer, {cancer.cohorts} cohorts: LR+ {format_number(width['estimate'])} "
        f"({format_number(width['ci_low'])} to {format_number(width['ci_high'])}). In a new "
        f"setting it may lie anywhere from {format_number(width['prediction_low'])} to "
        f"{format_number(width['prediction_high'])}: settings differ too much for one number.",
    )
    figure = FigurePart(
        "pooled_cancer_history",
        "History of cancer: sensitivity and specificity of each cohort with counts (middle "
        "tables).",
        f"Paired forest of {cancer.cohorts} cohorts.",
        lambda figure: _draw(cancer, figure),
        (10.0, 3.2),
    )
    table = TablePart("pooled", "Pooled flags", pooled, COLUMNS)
    return Section("pooling", TITLE, paragraphs, (figure,), (table,))


def _ratio(pooled: PooledEvidence) -> dict[str, float]:
    """Return LR+ with its interval and its prediction interval."""
    (row,) = pooled.frame().query("measure == 'lr_positive'").to_dict("records")
    return {str(name): value for name, value in row.items()}


def _draw(pooled: PooledEvidence, figure: Figure) -> None:
    from backpain_stats.meta.studies import study_accuracy
    from backpain_stats.plots.draw_forest_paired import forest_paired

    used = pooled.reports[pooled.reports["used"]]
    forest_paired(study_accuracy(used), ax=figure.subplots())
