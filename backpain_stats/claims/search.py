"""One search for all claims: every candidate under every convention.

A convention is a choice of table, zero-cell correction, interval method,
pre-test and rounding of its odds. All of them are computed, whatever the claim
says; nothing here knows a claim by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backpain_stats.claims.claim import Claim
from backpain_stats.claims.inputs import NO_TABLES, Candidate, Inputs
from backpain_stats.claims.pretests import PretestChoice
from backpain_stats.claims.trials import RATIO_METHODS, Block, Figures, Floats, Search
from backpain_stats.errors import ArgumentError
from backpain_stats.printed import Prevalence
from backpain_stats.published import Report
from backpain_stats.reconstruction import reconstruct
from backpain_stats.tables import (
    CELLS,
    MEASURES,
    PROPORTION_METHODS,
    RATIO_MEASURES,
    posttest_from_odds,
    proportion_interval,
    ratio_interval,
)

__all__ = ["CORRECTIONS", "ratios_of", "search_claim"]

# Adding 0.5 only where there is a zero is one of these two, table by table.
CORRECTIONS = ("none", "all")
# Of the patients of a cohort, how many may be missing from an item before an
# explanation by missing values is no longer offered.
MOST_MISSING = 0.2
MOST_TABLES = 50_000
# Two ways to one quotient of whole numbers differ by the rounding of doubles at most.
SAME = 1e-12


def search_claim(claim: Claim, inputs: Inputs) -> Search:
    """Compute a claim from every candidate under every convention.

    Where nothing fits a claim about a cohort, two other readings of its reports
    are tried, each with the usual interval only: digits that were cut off
    instead of rounded, and items that up to a fifth of the patients lack.
    """
    pretests = inputs.pretests(claim) if claim.is_posttest else ()
    blocks = [
        block
        for candidate in inputs.candidates(claim)
        for block in _blocks(claim, candidate, pretests)
    ]
    search = Search(claim, blocks)
    settled = claim.has_range or claim.value is None or not claim.get("cohort_id")
    if settled or search.fits.any():
        return search
    more = [
        block
        for report, candidate in inputs.matching_reports(claim)
        for other in _other_readings(report, candidate)
        for block in _blocks(claim, other, pretests)
    ]
    return Search(claim, [*blocks, *more])


def _blocks(
    claim: Claim, candidate: Candidate, pretests: tuple[PretestChoice, ...]
) -> Iterator[Block]:
    """Yield one candidate under each correction and interval method."""
    if claim.measure in RATIO_MEASURES:
        yield from _ratio_blocks(claim, candidate, pretests)
        if candidate.ratios:
            yield from _printed_ratio(claim, candidate, pretests)
    elif claim.measure in MEASURES:
        yield from _proportion_blocks(claim, candidate)


def _proportion_blocks(claim: Claim, candidate: Candidate) -> Iterator[Block]:
    """Yield the blocks of a claim about a share of patients."""
    measure = MEASURES[claim.measure]
    needed = [CELLS.index(cell) for factor in measure.denominator for cell in factor.form]
    tables = candidate.cells[(candidate.cells[:, needed] >= 0).all(axis=1)]
    if len(tables):
        yield from _share_blocks(claim, candidate, tables, *measure.parts(tables))


def _share_blocks(  # noqa: PLR0917 - what is counted, then what it is counted for
    claim: Claim,
    candidate: Candidate,
    tables: NDArray[np.int64],
    count: Any,
    group: Any,
    pretests: tuple[PretestChoice, ...] = (),
) -> Iterator[Block]:
    """Yield shares of patients with the usual intervals of a proportion."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = count / group
    for method in PROPORTION_METHODS if claim.has_interval else ("",):
        low = high = np.full(share.shape, np.nan)
        if method:
            low, high = proportion_interval(count, group, method=method, level=claim.level)
        figures = share[None, :], low[None, :], high[None, :]
        yield Block(candidate, tables, "none", method, pretests, figures)


def ratios_of(
    candidate: Candidate, measure: str, method: str, correction: str, level: float
) -> Figures:
    """Return a ratio of the complete tables of a candidate, with its interval; computed once."""
    key = measure, method, correction, level
    if key not in candidate.computed:
        tp, fp, fn, tn = candidate.complete.T
        candidate.computed[key] = ratio_interval(tp, fp, fn, tn, measure, method, correction, level)
    estimate, low, high = candidate.computed[key]
    return estimate, low, high


def _ratio_blocks(
    claim: Claim, candidate: Candidate, pretests: tuple[PretestChoice, ...]
) -> Iterator[Block]:
    """Yield the blocks of a claim about a ratio, or a post-test made from one, from tables."""
    tables = candidate.complete
    if not len(tables):
        return
    tp, fp, fn, tn = tables.T
    with np.errstate(divide="ignore", invalid="ignore"):
        own_odds = (tp + fn) / (fp + tn)
    pretests = _for_tables(pretests, candidate, own_odds)
    if claim.is_posttest and not pretests:
        return
    methods: tuple[str, ...] = RATIO_METHODS if claim.has_interval else ("",)
    corrections: tuple[str, ...] = CORRECTIONS
    if candidate.reading:
        methods, corrections = methods[:1], corrections[:1]
    for method in methods:
        for correction in corrections:
            figures = ratios_of(candidate, claim.measure, method or "log", correction, claim.level)
            after = _after(figures, pretests, own_odds, interval=bool(method))
            yield Block(candidate, tables, correction, method, pretests, after)
    own = tuple(choice for choice in pretests if choice.odds is None)
    if own and claim.has_interval:
        # The predictive value of the cohort, with its own interval.
        count, negative = (tp, fp) if claim.statistic == "posttest" else (fn, tn)
        yield from _share_blocks(claim, candidate, tables, count, count + negative, own)


def _printed_ratio(
    claim: Claim, candidate: Candidate, pretests: tuple[PretestChoice, ...]
) -> Iterator[Block]:
    """Yield the block of a ratio that is used as it is printed."""
    if claim.measure not in candidate.ratios:
        return
    spelt = tuple(_of_the_cohort(pretests, candidate))
    if claim.is_posttest and not spelt:
        return
    ratio = candidate.ratios[claim.measure]
    value, low, high = (np.array([figure]) for figure in ratio.figures)
    figures = _after((value, low, high), spelt, np.full(1, np.nan), interval=True)
    method = "as printed" if claim.has_interval else ""
    yield Block(candidate, NO_TABLES, "", method, spelt, figures, ratio)


def _of_the_cohort(
    pretests: tuple[PretestChoice, ...], candidate: Candidate
) -> Iterator[PretestChoice]:
    """Spell out the prevalence of the cohort of a printed ratio, or drop it if it is unknown."""
    for choice in pretests:
        if choice.odds is not None:
            yield choice
        elif candidate.cohort is not None and candidate.has_prevalence:
            cases, n = candidate.cohort.n_cases or 0, candidate.cohort.n or 0
            if 0 < cases < n:
                source = f"{cases} of {n} ({candidate.cohort.cohort_id})"
                yield PretestChoice(Prevalence.counted(cases, n, source), choice.plain)


def _for_tables(
    pretests: tuple[PretestChoice, ...], candidate: Candidate, own: Floats
) -> tuple[PretestChoice, ...]:
    """Drop pre-tests that are the prevalence of every table: that one is there already.

    Where the patients have no prevalence, theirs is dropped instead.
    """
    if all(choice.odds is not None for choice in pretests):
        return pretests
    if not candidate.has_prevalence:
        return tuple(choice for choice in pretests if choice.odds is not None)
    smallest, largest = own.min(), own.max()
    kept = []
    for choice in pretests:
        odds = np.nan if choice.odds is None else float(choice.odds)
        same = max(abs(smallest - odds), abs(largest - odds)) <= SAME * odds
        if choice.rounded_odds is not None or not same:
            kept.append(choice)
    return tuple(kept)


def _after(
    figures: Figures, pretests: Sequence[PretestChoice], own: Floats, *, interval: bool
) -> Figures:
    """Turn ratios into post-test probabilities, one row per pre-test; without any, leave them."""
    estimate, low, high = figures
    if not interval:
        low = high = np.full(estimate.shape, np.nan)
    if not pretests:
        return estimate[None, :], low[None, :], high[None, :]
    odds = np.stack(
        [
            own if choice.odds is None else np.full(own.shape, float(choice.odds))
            for choice in pretests
        ]
    )
    parts = (posttest_from_odds(odds, part) for part in (estimate, low, high))
    return next(parts), next(parts), next(parts)


def _other_readings(report: Report, candidate: Candidate) -> Iterator[Candidate]:
    """Yield the tables of a report if its digits were cut off, or if patients are missing.

    Only where both groups are described: otherwise every table of the other group fits.
    """
    n, cases = report.cohort.n, report.cohort.n_cases
    if n is None or cases is None or report.verdict not in ("unique", "several", "impossible"):
        return
    figures: dict[str, Any] = {
        name: value.text for name, value in report.printed.values.items() if name != "prevalence"
    }
    figures |= {
        cell: getattr(report.printed.margins, cell)
        for cell in CELLS
        if cell in report.printed.labels
    }
    fewest, fewest_cases = ceil(n * (1 - MOST_MISSING)), ceil(cases * (1 - MOST_MISSING))
    readings: tuple[tuple[str, dict[str, Any]], ...] = (
        ("cut_off", {"n": n, "n_cases": cases, "rounding": "truncated"}),
        ("not_assessed", {"n": (fewest, n), "n_cases": (fewest_cases, cases)}),
    )
    for reading, counts in readings:
        try:
            answer = reconstruct(**counts, **figures)
        except ArgumentError:
            continue  # so little is printed that the tables cannot be listed
        if not 0 < answer.count <= MOST_TABLES:
            continue
        missing = n - answer.cells.sum(axis=1)
        keep = missing > 0 if reading == "not_assessed" else np.ones(answer.count, dtype=bool)
        yield Candidate(
            report.report_id, report.cohort, answer.cells[keep], {}, candidate.read_in,
            reading, missing[keep],
        )  # fmt: skip
