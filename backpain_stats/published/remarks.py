"""Remarks in words: every sentence about a report is written here, from its code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from backpain_stats.estimate import format_number
from backpain_stats.published.report import Remark
from backpain_stats.reconstruction import Solution, explain, find_tables

__all__ = ["REMARKS", "codes", "sentence", "sentences"]


def _said(text: str) -> Callable[..., str]:
    return lambda *_: text


def _listed(before: str, after: str = "") -> Callable[..., str]:
    return lambda *names: f"{before}{', '.join(map(str, names))}{after}"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _explained(found: Solution) -> str:
    """Return the reconstruction's own explanation; it is worked out here, when it is read."""
    again = find_tables(
        found.report, found.checks, found.corrections, found.rounding, kind=Solution
    )
    return " ".join(explain(again).split())


def _sizes(cases_low: int, cases_high: int, non_cases_low: int, non_cases_high: int) -> str:
    return (
        "the group sizes are not printed; they were found from the printed intervals: "
        f"{_span(cases_low, cases_high)} cases and "
        f"{_span(non_cases_low, non_cases_high)} non-cases"
    )


def _rounding(*ranges: float) -> str:
    positive, negative = ranges[:2], ranges[2:]
    parts = [
        f"{label} {format_number(low)} to {format_number(high)}"
        for label, (low, high) in (("LR+", positive), ("LR-", negative))
    ]
    return f"rounding alone allows {' and '.join(parts)}"


def _displaced(report_id: str, because: str) -> str:
    return f"{report_id} counts for these patients in its place: {because}"


# Code of a remark -> its sentence; the arguments are the remark's details.
REMARKS: Mapping[str, Callable[..., str]] = {
    "no_figure": _said("no figure is printed"),
    "ratio_only": _said("only the likelihood ratio is printed; it is used as printed"),
    "bound_only": _listed("only a bound is printed (", "); it gives no point value"),
    "no_denominators": _said("the denominators are not printed: no sampling interval"),
    "too_little": lambda why="too little is printed to find a table": str(why),
    "impossible": _explained,
    "interval_set_aside": _explained,
    "warning": str,
    "non_cases_unknown": _said(
        "nothing is printed about the patients without the condition: only the sensitivity is known"
    ),
    "cases_unknown": _said(
        "nothing is printed about the patients with the condition: only the specificity is known"
    ),
    "sizes_from_intervals": _sizes,
    "sizes_shared": _listed("n_cases is not printed; only tables that share it with ", " are kept"),
    "no_common_sizes": _listed("no number of cases suits this report and ", " together"),
    "n_cases_open": lambda low, high: f"n_cases is not printed; {low} to {high} cases fit",
    "no_cases": _said(
        "the cohort has no cases: neither sensitivity nor likelihood ratios can be estimated"
    ),
    "only_cases": _said(
        "the cohort has only cases: neither specificity nor likelihood ratios can be estimated"
    ),
    "rounding": _rounding,
    "no_interval": _said("no interval is printed"),
    "level_not_stated": _said("the level of its interval is not stated"),
    "zero_or_infinite": _listed("rounded figures allow no exact 0 or infinity: ", " is a bound"),
    "displaced": _displaced,
    "indirect_population": _said("indirect evidence: other patients than those asked about"),
    "indirect_target": _said("indirect evidence: another target than the one asked about"),
    "indirect_both": _said("indirect evidence: other patients, and another target"),
    "case_control": _said("a case-control study: it gives no prevalence and no predictive value"),
    "other_setting": lambda own, asked: f"the report is from {own}, the pre-test from {asked}",
    "no_pretest": lambda why: f"no pre-test: {why}",
    "pretest": str,
    "no_full_interval": _said("no table: the full interval cannot be computed"),
    "ratio_without_interval": _said("the likelihood ratio has no interval"),
    "same_patients": lambda report_id: f"the same patients are counted by {report_id}",
    "verdict": str,
    "indirect_left_out": _said("indirect evidence enters only when it is asked for"),
}


def sentence(remark: Remark) -> str:
    """Return one remark in words.

    Examples
    --------
    >>> sentence(Remark("n_cases_open", (12, 15)))
    'n_cases is not printed; 12 to 15 cases fit'
    """
    return REMARKS[remark.code](*remark.details)


def sentences(remarks: Iterable[Remark]) -> str:
    """Return remarks in words, joined by semicolons."""
    return "; ".join(sentence(remark) for remark in remarks)


def codes(remarks: Iterable[Remark]) -> str:
    """Return the codes of remarks, each once, joined by semicolons."""
    return ";".join(dict.fromkeys(remark.code for remark in remarks))
