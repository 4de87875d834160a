"""Which of several reports about the same patients counts, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

from backpain_stats.published.report import Remark, Report

__all__ = ["RULES", "Rule", "displaced"]

Rule = Literal["replaces", "ratio", "counts", "own_text", "fuller", "cohort", "tie"]
# The rules by which one report counts before another, in this order, in words.
RULES: Mapping[str, str] = dict(
    zip(
        get_args(Rule),
        (
            "its row says that it replaces this one",
            "a likelihood ratio follows from it",
            "its counts are printed, not reconstructed",
            "it was read in the source itself, not in a quotation",
            "it prints more figures",
            "it is of the cohort that the others name as theirs",
            "a tie: nothing tells them apart, the first by name is taken",
        ),
        strict=True,
    )
)
_RANKED = get_args(Rule)[1:-1]


def displaced(reports: Sequence[Report]) -> list[Report]:
    """Choose the report that counts among those of one flag in the same patients.

    A row that says it replaces another displaces it. Otherwise a report from which a
    likelihood ratio follows goes before one from which none does, printed counts before a
    reconstructed table, the source's own text before a quotation, more figures before
    fewer, and the cohort that the others name before them. What then is still equal is a
    tie, and is called one.

    Parameters
    ----------
    reports : sequence of Report
        All reports of one flag, or one combination, in the same patients.

    Returns
    -------
    list of Report
        The same reports; a usable one that does not count names the one that does, and the
        rule. Reports that cannot be used displace nothing and are displaced by nothing.
    """
    usable = [report for report in reports if report.usable]
    if len(usable) < 2:
        return list(reports)
    replaced = {name: report for report in usable for name in report.replaces}
    standing = [report for report in usable if report.report_id not in replaced] or usable
    best = min(standing, key=lambda report: (_rank(report), report.report_id))
    return [
        report if report is best or report not in usable else _behind(report, best, replaced)
        for report in reports
    ]


def _rank(report: Report) -> tuple[float, ...]:
    """Return the place of a report under each of the ranked rules; smaller goes first."""
    has_ratio = report.uses.has_groups or report.verdict in ("ratio_printed", "proportions_printed")
    return (
        not has_ratio,
        not report.counts_are_printed,
        report.reading != "printed",
        -report.figures,
        report.cohort.steps,
    )


def _behind(report: Report, best: Report, replaced: Mapping[str, Report]) -> Report:
    """Return a report with the one that counts in its place, and the rule that decided."""
    if report.report_id in replaced:
        winner, rule = replaced[report.report_id], "replaces"
    else:
        winner = best
        places = zip(_RANKED, _rank(best), _rank(report), strict=True)
        rule = next((name for name, first, second in places if first != second), "tie")
    remark = Remark("displaced", (winner.report_id, RULES[rule]))
    return replace(
        report,
        displaced_by=winner.report_id,
        displaced_because=rule,
        remarks=(*report.remarks, remark),
    )
