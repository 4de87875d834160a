"""What guidelines endorse beside what has been measured."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backpain_stats import plots
from backpain_stats.decide.endorsement import NOT_FOUND
from backpain_stats.report.main.context import LeftOut
from backpain_stats.report.page.parts import Bullets, Column, FigurePart, Section, TablePart

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.report.main.context import Context

COLUMNS = (
    Column("label", "Flag"),
    Column("target", "Condition", "words"),
    Column("guidelines", "Endorsed by", "count"),
    Column("reports", "Reports", "count"),
    Column("verdict", "Verdict"),
    Column("reason", "Why", "fold"),
)


TITLE = "Endorsed, and measured?"


def endorsed_section(context: Context) -> Section | LeftOut:
    """Build the section on endorsement against evidence."""
    if lacking := context.without("endorsements"):
        return LeftOut(TITLE, lacking)
    found = context.endorsement
    flags = found.flags.sort_values("guidelines", ascending=False)
    counts = flags["verdict"].value_counts()
    paragraphs = (
        f"{len(found.statements)} endorsements of {found.statements['guideline_id'].nunique()} "
        "guidelines and other texts were read. Flags and conditions by verdict:",
        Bullets(tuple(f"{verdict}: {count}" for verdict, count in counts.items())),
        f"The rule: {found.rule}.",
    )
    figures = tuple(
        FigurePart(
            f"endorsement_{target}",
            f"{label}: {_unmeasured(flags, target)} Which guideline or other text names which "
            "flag. The first column shows what is known of the flag.",
            f"Map of guidelines by flags for {label.lower()}; the table holds the verdicts.",
            partial(plots.endorsement, found, target=target),
        )
        for target, label in context.evidence.target_labels.items()
        if (flags.loc[flags["target"] == target, "guidelines"] > 0).any()
    )
    table = TablePart("endorsement", "Flags endorsed and measured", flags, COLUMNS, True)
    return Section("endorsement", TITLE, paragraphs, figures, (table,))


def _unmeasured(flags: pd.DataFrame, target: str) -> str:
    """Say how many of the flags named for a condition have no figure."""
    own = flags[(flags["target"] == target) & (flags["guidelines"] > 0)]
    absent = int((own["evidence"] == NOT_FOUND).sum())
    return f"{absent or 'none'} of {len(own)} flags named have no usable figure."
