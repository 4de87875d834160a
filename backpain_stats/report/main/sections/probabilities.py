"""What a flag makes of the probability in its setting, never without the pre-test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats import plots
from backpain_stats.estimate import format_percent
from backpain_stats.published import posttest
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import (
    Block,
    Bullets,
    Column,
    FigurePart,
    Section,
    TablePart,
)

if TYPE_CHECKING:
    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("target", "Target", "words"),
    Column("setting", "Setting", "words"),
    Column("study", "Study"),
    Column("result", "Result"),
    Column("pretest", "Pre-test (95%)", "percent", "pretest_low", "pretest_high"),
    Column("pretest_source", "Pre-test from"),
    Column("estimate", "Post-test (95%)", "percent", "ci_low", "ci_high"),
    Column("method", "Interval"),
)


def probabilities(context: Context) -> pd.DataFrame:
    """Return the post-test probabilities of every counted report that gives one."""
    frames = []
    for target in context.evidence.target_labels:
        own = context.ratios[(context.ratios["target"] == target) & context.ratios["usable"]]
        if len(own):
            frames.append(posttest(context.evidence, sorted(set(own["flag_id"])), target=target))
    if not frames:
        return pd.DataFrame()
    frame = pd.concat(frames, ignore_index=True)
    kept = frame["usable"] & frame["counted"] & frame["estimate"].notna()
    return context.label_flags(frame[kept].reset_index(drop=True))


TITLE = "What a flag makes of the probability"


def probabilities_section(context: Context) -> Section | LeftOut:
    """Build the section on post-test probabilities."""
    frame = probabilities(context)
    if frame.empty:
        return LeftOut(TITLE, "no report gives a likelihood ratio and its setting a prevalence")
    positive = frame[frame["result"] == "positive"]
    primary = positive[
        (positive["target"] == "malignancy") & (positive["setting"] == "primary_care")
    ].sort_values("estimate", ascending=False)
    shown = frame[frame["report_id"].isin(primary["report_id"].head(2))]
    sentences = [
        f"{row['label']}: from {format_percent(row['pretest'])} to "
        f"{format_percent(row['estimate'])} ({format_percent(row['ci_low'])} to "
        f"{format_percent(row['ci_high'])})"
        for row in primary.to_dict("records")
    ]
    figure = FigurePart(
        "fagan_malignancy_primary_care",
        f"{'; '.join(sentences[:2])}. Fagan nomogram of the flags that raise the probability of "
        "malignancy most in primary care, each by its own report. Solid: flag present; dashed: "
        "absent.",
        "Nomogram. " + "; ".join(sentences[:2]) + ".",
        lambda: plots.fagan(shown),
    )
    paragraphs: tuple[Block, ...] = (
        "The pre-test probability is the published prevalence of the setting; its source stands "
        "in every row. The interval carries the uncertainty of sensitivity, specificity and "
        "prevalence together. Each row is one report by itself; what all cohorts together say, "
        "with practices that differ, is in the other sections.",
    )
    if sentences:
        paragraphs += ("Malignancy in primary care, flag present:", Bullets(tuple(sentences)))
    table = TablePart(
        "posttest", "Post-test probabilities, with their pre-test", frame, COLUMNS, True
    )
    figures = (figure,) if sentences else ()
    return Section("post-test", TITLE, paragraphs, figures, (table,))
