"""Why there is nothing to recompute a claim from, and whether its cohort could print it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

from backpain_stats.claims.claim import Claim
from backpain_stats.claims.inputs import Inputs
from backpain_stats.printed import PrintedValue
from backpain_stats.published import VERDICTS, Remark, Report
from backpain_stats.tables import MEASURES

__all__ = ["absence"]


def absence(claim: Claim, inputs: Inputs) -> Iterator[Remark]:
    """Yield why a claim has no inputs, and whether its cohort could print it at all."""
    flag, cohort_id = claim.get("flag_id"), claim.get("cohort_id")
    if claim.statistic == "odds_ratio_adjusted":
        yield Remark("adjusted")
        return
    if not flag:
        yield Remark("no_flag")
        return
    reports = [report for report, _ in inputs.matching_reports(claim)]
    if reports:
        yield Remark("unusable_reports", (flag, *(_why_unusable(report) for report in reports)))
    else:
        yield Remark("no_report", (flag, cohort_id))
    measure = MEASURES.get(claim.measure)
    group = _group_size(claim, inputs)
    if measure is not None and measure.is_proportion and group and claim.value is not None:
        yield _whole_number(claim.value, group)


def _why_unusable(report: Report) -> str:
    """Say why a report gives nothing to compute from."""
    why = "it cannot give this figure" if len(report.cells) else VERDICTS[report.verdict]
    return f"{report.report_id} ({why})"


def _group_size(claim: Claim, inputs: Inputs) -> int:
    """Return how many patients of the named cohort a share is taken of; 0 if not known."""
    cohort = inputs.cohorts.get(claim.get("cohort_id"))
    if cohort is None:
        return 0
    cases, n = cohort.n_cases, cohort.n
    sizes = {"sensitivity": cases, "test_positive_rate": n, "accuracy": n}
    if cases is not None and n is not None:
        sizes["specificity"] = n - cases
    return sizes.get(claim.measure) or 0


def _whole_number(value: PrintedValue, group: int) -> Remark:
    """Return whether some whole number of a group of patients prints a share."""
    low = 0 if value.low is None else max(0, ceil(value.low * group))
    high = group if value.high is None else min(group, floor(value.high * group))
    # At most the two ends of the interval are not printed so themselves.
    tried = {count for count in (low, low + 1, high) if low <= count <= high}
    if any(value.admits(Fraction(count, group)) for count in tried):
        return Remark("size_allows", (value.text, group))
    below = floor((value.value or 0) * group)
    around = (value.spell(Fraction(count, group)) for count in (below, below + 1))
    return Remark("size_forbids", (value.text, below, *around, group))
