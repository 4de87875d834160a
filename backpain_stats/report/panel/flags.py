"""The panel's report on the flags side by side: which is best, and when a flag decides."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats import plots
from backpain_stats.estimate import format_level, format_percent
from backpain_stats.report.page.parts import (
    Block,
    Code,
    Column,
    FigurePart,
    Prose,
    Section,
    TablePart,
)

if TYPE_CHECKING:
    from backpain_stats.report.panel.results import PanelResults

__all__ = ["decisions_section", "ranking_section"]

_COMPARISON_COLUMNS = (
    Column("label", "Flag"),
    Column("study", "Study"),
    Column("n_cases", "Cases", "count"),
    Column("lr_positive", "LR+", "number", "lr_positive_low", "lr_positive_high"),
    Column("lr_negative", "LR−", "number", "lr_negative_low", "lr_negative_high"),
    Column("set_size", "Flags compared", "count"),
    Column("best_rule_in_text", "Best to rule in"),
    Column("best_rule_out_text", "Best to rule out"),
    Column("report_id", "Row"),
)
_PAIR_COLUMNS = (
    Column("label", "Flag"),
    Column("other", "against"),
    Column("measure", "Measure"),
    Column("estimate", "Ratio of the two", "number", "ci_low", "ci_high"),
    Column("chance_text", "Chance to be better"),
    Column("cohort_id", "Cohort"),
)


def ranking_section(results: PanelResults) -> Section:
    """Show the flags side by side: ratios, and how likely each is the best of its cohort."""
    comparison = results.comparison
    frame = comparison.flags.copy()
    frame["label"] = frame["flag_id"].map(results.labels)
    for task in ("rule_in", "rule_out"):
        frame[f"best_{task}_text"] = frame[f"probability_best_{task}"].map(chance_text)
    usable = frame[frame["usable"]]
    figure = FigurePart(
        "ranking",
        "Flags by positive likelihood ratio. The shaded zone, 0.5 to 2, hardly moves the "
        "probability.",
        f"Ranking of {len(usable)} reports by LR+; highest: {', '.join(usable['label'].head(3))}. "
        "The table below holds the numbers.",
        lambda: plots.ranking(usable),
    )
    pairs = comparison.pairs.assign(
        label=comparison.pairs["flag_id"].map(results.labels),
        other=comparison.pairs["other_flag_id"].map(results.labels),
        chance_text=comparison.pairs["probability_better"].map(chance_text),
    )
    paragraphs: list[Block] = [
        "To rule in, a flag needs a high LR+; to rule out, a low LR−. They are seldom the same "
        "flag. The chance to be the best is that among the flags of one cohort: the same patients, "
        "asked in the same way. Across cohorts the ratios stand side by side only.",
    ]
    paragraphs += [_best_sentence(rows) for _, rows in usable.groupby("cohort_id") if len(rows) > 1]
    caption = f"The flags compared ({format_level(results.question.level)} intervals)"
    tables = [TablePart("comparison", caption, usable, _COMPARISON_COLUMNS)]
    if len(pairs):
        tables.append(
            TablePart(
                "comparison_pairs",
                "Each pair of flags of one cohort",
                pairs,
                _PAIR_COLUMNS,
                folded=True,
            )
        )
    tables.append(_unmeasured(results))
    return Section("ranking", "Which flag is best", tuple(paragraphs), (figure,), tuple(tables))


def chance_text(chance: float) -> str:
    """Print a share of posterior draws: whole percents, since they say no more than that.

    Examples
    --------
    >>> chance_text(0.986), chance_text(0.0024), chance_text(1.0)
    ('99%', 'below 1%', 'above 99%')
    """
    if pd.isna(chance):
        return ""
    if chance < 0.01:
        return "below 1%"
    return "above 99%" if chance > 0.99 else f"{chance:.0%}"


def _best_sentence(rows: pd.DataFrame) -> str:
    """Say which flag of a cohort is probably the best, and how sure that is."""
    if rows["probability_best_rule_in"].isna().all():
        return f"In {rows['study'].iloc[0]} no table is known, so that no chances can be given."
    parts = []
    for task, words in (("rule_in", "to rule in"), ("rule_out", "to rule out")):
        column = f"probability_best_{task}"
        best = rows.sort_values(column, ascending=False).iloc[0]
        label, chance = str(best["label"]), chance_text(best[column])
        parts.append(f"{words} it is “{label}” with a chance of {chance}")
    cases = rows["n_cases"].iloc[0]
    behind = "" if pd.isna(cases) else f", {int(cases)} cases"
    return f"In {rows['study'].iloc[0]} ({len(rows)} flags{behind}): {'; '.join(parts)}."


def _unmeasured(results: PanelResults) -> TablePart:
    frame = results.comparison.unmeasured
    return TablePart(
        "unmeasured",
        "Flags endorsed, claimed or measured elsewhere, without a usable ratio here",
        frame,
        (
            Column("label", "Flag"),
            Column("guidelines", "Guidelines that endorse it", "count"),
            Column("status", "Status"),
            Column("measured_in_family", "Relatives that were measured"),
            Column("reason", "Why, or where"),
        ),
        folded=True,
    )


def decisions_section(results: PanelResults) -> Section:
    """Show when a flag decides: decision curve, range of thresholds, panel's own values."""
    per = results.question.per
    curve = results.curve
    labels = {
        name: shorten(results.labels.get(name, name), 46, placeholder=" ...")
        for name in curve["strategy"].unique()
    }
    names = ", ".join(labels[name] for name in curve["strategy"].unique())
    figure = FigurePart(
        "decision_curve",
        f"Net benefit: cases found per {per:,} patients, net of those imaged in vain, each "
        "weighed by the threshold at which one would image. Highest is best.",
        f"Decision curves of {names}. The table on ranges says where each flag is better than "
        "imaging everybody and than imaging nobody.",
        lambda: plots.decision_curve(curve, per=per, labels=labels),
    )
    paragraphs: list[Block] = [
        "A flag changes what is done only for those whose imaging threshold lies between the "
        "post-test probability without the flag and the one with it. Who would image at less "
        "images everybody, flag or no flag; who would image at more images nobody.",
    ]
    tables = [_ranges_table(results)]
    if results.thresholds is None:
        paragraphs.append(
            Prose(
                "No benefit and harm were stated, so that the range of pre-test probabilities "
                "over which each flag decides is not shown: it depends on the panel's own "
                "values (",
                Code("--benefit"),
                " and ",
                Code("--harm"),
                ").",
            )
        )
    else:
        paragraphs.append(_values_sentence(results))
        tables.append(_threshold_table(results, results.thresholds))
    return Section(
        "decisions", "When does a flag decide?", tuple(paragraphs), (figure,), tuple(tables)
    )


def _ranges_table(results: PanelResults) -> TablePart:
    return TablePart(
        "decisive_ranges",
        "Whom the flag helps to decide: those who would image at a probability between the two "
        "post-test probabilities",
        results.with_sources(results.ranges),
        (
            Column("label", "Flag or rule"),
            Column("pretest", "Pre-test", "percent"),
            Column(
                "posttest_absent",
                "Post-test without the flag",
                "percent",
                "posttest_absent_low",
                "posttest_absent_high",
            ),
            Column(
                "posttest_present",
                "Post-test with the flag",
                "percent",
                "posttest_present_low",
                "posttest_present_high",
            ),
            Column("report_id", "Row"),
            Column("doi", "DOI", "doi"),
        ),
    )


def _values_sentence(results: PanelResults) -> str:
    frame = results.thresholds
    assert frame is not None
    first = frame.iloc[0]
    deciding = int(frame["changes_at_pretest"].sum())
    return (
        f"By the panel's values (benefit {first['benefit']:g}, harm {first['harm']:g}, harm of "
        f"asking {first['test_harm']:g}) imaging is worth it at a probability of "
        f"{format_percent(first['action_threshold'])} or more. At a pre-test probability of "
        f"{format_percent(first['pretest'])}, {deciding} of {len(frame)} flags and rules change "
        f"the decision."
    )


def _threshold_table(results: PanelResults, frame: pd.DataFrame) -> TablePart:
    return TablePart(
        "thresholds",
        "The pre-test probabilities between which each flag decides, by the panel's own values",
        frame.assign(chance_text=frame["probability_at_pretest"].map(chance_text)),
        (
            Column("label", "Flag or rule"),
            Column(
                "testing_threshold",
                "From",
                "percent",
                "testing_threshold_low",
                "testing_threshold_high",
            ),
            Column(
                "test_action_threshold",
                "To",
                "percent",
                "test_action_threshold_low",
                "test_action_threshold_high",
            ),
            Column("pretest", "Pre-test", "percent"),
            Column("chance_text", "Chance that it decides there"),
            Column("statement", "In words"),
        ),
    )
