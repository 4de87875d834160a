"""What becomes of one claim: the plainest convention that prints it, or what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backpain_stats.claims.absence import absence
from backpain_stats.claims.claim import Claim
from backpain_stats.claims.inputs import Inputs
from backpain_stats.claims.ranges import range_row
from backpain_stats.claims.search import search_claim
from backpain_stats.claims.trials import Search, Trial, Truths
from backpain_stats.claims.unprinted_pretest import Solution, solve_pretests
from backpain_stats.claims.wording import (
    Finding,
    describe,
    describe_solution,
    explain_match,
    explain_miss,
    explain_solutions,
    in_digits,
    name_table,
    sentences,
    two_figures,
    verdict,
)
from backpain_stats.published import Remark, codes
from backpain_stats.tables import (
    CELLS,
    odds_from_probability,
    posttest_probability,
    probability_from_odds,
)

__all__ = ["FACTS", "NUMBERS", "outcome_of"]

# Columns of claims.csv that the ledger repeats.
FACTS = (
    *("claim_id", "target", "flag_id", "setting", "statistic", "reported_in", "quotes"),
    "inputs_read",
)
NUMBERS = ("estimate", "ci_low", "ci_high", "ci_level")


def outcome_of(claim: Claim, inputs: Inputs) -> dict[str, Any]:
    """Return the row of the ledger for one claim."""
    row: dict[str, Any] = {name: claim.row[name] for name in FACTS if name in claim.row}
    row |= {"printed": claim.printed, "printed_pretest": claim.row.get("pretest")}
    if claim.pretest is not None and claim.exact_pretest is None and claim.is_posttest:
        return row | _not_recomputed(claim, (Remark("pretest_bound", (claim.pretest.text,)),))
    search = search_claim(claim, inputs)
    row["conventions_tried"] = search.tried
    # A ratio of another flag of the family can explain a claim; it cannot refute it.
    own = any(block.candidate.same_flag for block in search.blocks)
    if not search.tried or not (len(search.fitting) or own):
        return row | _not_recomputed(claim, tuple(absence(claim, inputs)))
    doubts = tuple(_doubts(claim, inputs))
    if claim.has_range:
        return row | range_row(search, doubts)
    row["figures_reached"] = search.figures_reached
    row["conventions_fitting"] = len(search.fitting)
    if len(search.fitting):
        return row | _match(search)
    if claim.is_posttest and claim.pretest is None and claim.has_interval:
        solutions = solve_pretests(claim, inputs.candidates(claim))
        if solutions:
            return row | _solved(claim, solutions, search.tried)
        doubts += (Remark("no_pretest_fits"),)
    return row | _miss(search, doubts)


def _stated(finding: Finding, reasons: Sequence[Remark]) -> dict[str, str]:
    """Return a finding and what it hangs on, in codes and in words."""
    return {
        "finding": finding,
        "reason_code": codes(reasons),
        "verdict": verdict(finding, reasons),
    }


def _not_recomputed(claim: Claim, reasons: tuple[Remark, ...]) -> dict[str, Any]:
    """Return the part of the row of a claim for which there is nothing to compute from."""
    finding: Finding = "not_on_file" if claim.get("inputs_read") == "yes" else "not_read"
    return {**_stated(finding, reasons), "explanation": sentences(reasons)}


def _match(search: Search) -> dict[str, Any]:
    """Return the part of the row of a claim that something prints."""
    trials = search.trials(search.fitting)
    best, candidate = trials[0], trials[0].block.candidate
    reasons = tuple(_needs(best, search.fits_of(best.block)))
    finding: Finding = "conditional" if reasons else "reproduced"
    if not candidate.is_named_by(search.claim):
        finding = "inferred"
        reasons = (Remark("source_inferred", (candidate.source,)), *reasons)
    figures = _recomputed(search.claim, best)
    ratio = best.block.ratio
    if ratio is not None and ratio.value.point == 0 and ratio.value.high is not None:
        # A rounded figure is no exact 0.
        most = float(ratio.value.high)
        if search.claim.is_posttest:
            most = float(posttest_probability(best.pretest, most))
        reasons += (Remark("rounded_zero", (str(ratio), f"{most:.3g}")),)
        figures["estimate"] = np.nan
    explanation = explain_match(search, trials, reasons)
    return _stated(finding, reasons) | figures | {"explanation": explanation}


def _miss(search: Search, doubts: tuple[Remark, ...]) -> dict[str, Any]:
    """Return the part of the row of a claim that nothing prints."""
    best, figures = search.nearest, {}
    nearest = ""
    if best is not None:
        figures = _recomputed(search.claim, best)
        nearest = f"{figures['recomputed']} ({figures['convention']})"
    explanation = explain_miss(search, nearest, doubts)
    return _stated("differs", doubts) | figures | {"explanation": explanation}


def _solved(claim: Claim, solutions: Sequence[Solution], tried: int) -> dict[str, Any]:
    """Return the part of the row of a claim that some unprinted pre-test would explain."""
    best = solutions[0]
    middle, possible = len(best.tables) // 2, len(best.tables)
    odds = odds_from_probability([float(best.low[middle]), float(best.high[middle])])
    pretest = float(probability_from_odds(np.sqrt(odds[0] * odds[1])))
    estimate, low, high = (
        float(posttest_probability(pretest, ratio[middle])) for ratio in best.figures
    )
    reasons = [Remark("fitted_pretest", (float(best.low.min()), float(best.high.max())))]
    if possible < best.tried:
        reasons.append(Remark("some_tables", (possible, best.tried, "")))
    if not best.candidate.is_named_by(claim):
        reasons.insert(0, Remark("source_inferred", (best.candidate.source,)))
    return {
        **_stated("inferred", reasons),
        "recomputed": in_digits(claim, (estimate, low, high)),
        "recomputed_pretest": f"{pretest:.3g}",
        **dict(zip(NUMBERS, (estimate, low, high, claim.level), strict=True)),
        "method": best.method,
        "correction": best.correction,
        "convention": describe_solution(best, middle, pretest),
        "report_id": best.candidate.source,
        **dict(zip(CELLS, best.tables[middle].tolist(), strict=True)),
        "explanation": explain_solutions(solutions, tried, reasons),
    }


def _needs(best: Trial, fits: Truths) -> Iterator[Remark]:
    """Yield what the plainest convention that fits asks for beyond the plain reading.

    A choice is not named if every option fits, all else being equal: then it
    does not matter.
    """
    block, choice = best.block, best.choice
    if block.candidate.reading == "not_assessed":
        yield Remark("not_assessed", (int(block.missing[best.place[1]]),))
    elif block.candidate.reading:
        yield Remark(block.candidate.reading)
    table = best.place[1]
    alike = block.missing == block.missing[table]
    fitting, possible = int((fits[best.row] & alike).sum()), int(alike.sum())
    if len(best.cells) and fitting < possible:
        name = name_table(best.cells[0]) if fitting == 1 else ""
        yield Remark("some_tables", (fitting, possible, name))
    if block.correction == "all":
        yield Remark("correction_all")
    computed = ~np.isnan(block.figures[0][:, table])
    if choice is not None and not fits[computed, table].all():
        if not choice.plain:
            yield Remark("other_pretest", (choice.label,))
        if choice.rounded_odds is not None:
            yield Remark("odds_rounded", (two_figures(float(choice.rounded_odds)),))
    if block.method == "score":
        yield Remark("score_interval")


def _doubts(claim: Claim, inputs: Inputs) -> Iterator[Remark]:
    """Yield why a claim that nothing prints need not be wrong."""
    if claim.get("inputs_read") == "no":
        yield Remark("inputs_not_read")
    elif not claim.get("cohort_id"):
        yield Remark("no_cohort")
    bounds = inputs.bounds(claim)
    if bounds:
        yield Remark("prevalence_bound", tuple(bounds))


def _recomputed(claim: Claim, trial: Trial) -> dict[str, Any]:
    """Return the figures of one convention, as numbers and in the digits of the claim."""
    block = trial.block
    row: dict[str, Any] = {
        "recomputed": in_digits(claim, trial.figures),
        "estimate": trial.figures[0],
        "report_id": block.candidate.source,
        "convention": describe(trial),
        "correction": block.correction or None,
    }
    if claim.has_interval:
        row |= dict(zip(NUMBERS, (*trial.figures, claim.level), strict=True))
        row["method"] = block.method
    if claim.is_posttest:
        row["recomputed_pretest"] = f"{trial.pretest:.3g}"
    for cells in trial.cells[:1].tolist():
        row |= {cell: count for cell, count in zip(CELLS, cells, strict=True) if count >= 0}
    return row
