"""The ledger in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpain_stats.claims.inputs import Claim, Inputs
from backpain_stats.claims.search import CUT_OFF, MISSING, Trial, Trials
from backpain_stats.claims.unprinted_pretest import Solution
from backpain_stats.errors import ArgumentError
from backpain_stats.estimate import format_percent
from backpain_stats.printed.value import spell
from backpain_stats.reconstruction import reconstruct, table_name
from backpain_stats.tables import CELLS, MEASURES

__all__ = ["convention_of", "deviations", "explain_match", "explain_miss", "explain_solutions"]

# Alternatives named in an explanation; the rest is counted.
_MOST_NAMED = 3
NO_COHORT = "The claim names no cohort: its own inputs may be others."


def deviations(best: Trial) -> list[str]:
    """Return what the plainest convention that fits asks for beyond the plain reading.

    A choice is not named if every option fits, all else being equal: then it
    does not matter.
    """
    one, pretest = best.trials, best.pretest_used
    parts = []
    if one.candidate.reading == MISSING:
        left = int(one.missing[best.table])
        parts.append(f"{left} patient{'s' if left > 1 else ''} not assessed")
    elif one.candidate.reading == CUT_OFF:
        parts.append(CUT_OFF)
    alike = one.missing == one.missing[best.table]
    fits, possible = int((one.fits[best.pretest] & alike).sum()), int(alike.sum())
    if len(one.tables) and fits < possible:
        named = f" ({_table(best)})" if fits == 1 else ""
        parts.append(f"{'one' if fits == 1 else fits} of {possible} tables{named}")
    if one.correction != "none":
        parts.append("0.5 added to all four cells")
    computed = ~np.isnan(one.estimate[:, best.table])
    if pretest is not None and not one.fits[computed, best.table].all():
        if not pretest.plain:
            parts.append(f"the pre-test {pretest.label}")
        if pretest.rounded and pretest.odds is not None:
            odds = two_figures(float(pretest.odds))
            parts.append(f"pre-test odds rounded to two significant figures ({odds})")
    if one.method == "score":
        parts.append("a score interval")
    return parts


def convention_of(trial: Trial, *, table: bool = True) -> str:
    """Describe one convention in full, or all of it but the table."""
    one, pretest = trial.trials, trial.pretest_used
    if trial.cells is None:
        (name, (value, _, _)) = next(iter(one.candidate.ratios.items()))
        sign = {"lr_positive": "LR+", "lr_negative": "LR-"}[name]
        parts = [f"{sign} {value:g} printed in {one.candidate.source}"]
    else:
        report = one.candidate.source
        parts = [f"table {_table(trial)} of {report}" if table else report]
        if one.candidate.reading == CUT_OFF:
            parts.append(CUT_OFF)
        elif one.missing[trial.table] and table:
            parts.append(f"patients not assessed: {int(one.missing[trial.table])}")
        elif one.missing[trial.table]:
            parts.append("patients not assessed")
        if one.correction == "all":
            parts.append("0.5 added to all four cells")
    if one.method == "as printed":
        parts.append("interval as printed")
    elif one.method:
        name = "logarithmic" if one.method == "log" else one.method.replace("_", "-")
        parts.append(f"{name} interval")
    if pretest is not None:
        parts.append(f"pre-test {pretest.label}")
        if pretest.rounded and pretest.odds is not None:
            parts.append(f"odds rounded to {two_figures(float(pretest.odds))}")
    return "; ".join(parts)


def explain_match(claim: Claim, trials: Sequence[Trials], found: Sequence[Trial]) -> str:
    """Say what prints a claim, what else does, and how hard it was tried."""
    best = found[0]
    groups: dict[tuple[int, int], list[Trial]] = {}
    positions = {id(one): position for position, one in enumerate(trials)}
    for trial in found:
        groups.setdefault((positions[id(trial.trials)], trial.pretest), []).append(trial)
    (first, *others) = groups.values()
    sentences = [f"Follows from {convention_of(best)}."]
    if len(first) > 1:
        sentences.append(f"{len(first)} tables of the report print the same: {_span(first)}.")
    if others:
        named = [
            convention_of(group[0], table=False)
            + (f"; table {_span(group)}" if group[0].cells is not None else "")
            for group in others[:_MOST_NAMED]
        ]
        more = len(others) - len(named)
        tail = f" | and {more} further choice{'s' if more > 1 else ''}" if more else ""
        sentences.append(f"The same from: {' | '.join(named)}{tail}.")
    sentences.append(_how_hard(claim, trials, len(found)))
    return " ".join(sentences)


def explain_miss(claim: Claim, trials: Sequence[Trials], nearest: str, convention: str) -> str:
    """Say what comes nearest to a claim that nothing prints."""
    sentences = [f"Nothing tried prints {claim.printed}; the nearest is {nearest} ({convention})."]
    if claim.has_interval and claim.value is not None:
        number = sum(int(one.value_fits.sum()) for one in trials)
        sentences.append(
            f"The value alone is printed by {number:,} of the conventions, its interval by none."
            if number
            else "Not even the value alone is reached."
        )
    if not claim.get("cohort_id"):
        sentences.append(NO_COHORT)
    sentences.append(_how_hard(claim, trials, 0))
    return " ".join(sentences)


def explain_solutions(solutions: Sequence[Solution], tried: int) -> str:
    """Say which unprinted pre-tests would print a claim, table by table."""
    possible = [one for one in solutions if len(one.tables)]
    parts = []
    for one in possible:
        how = "0.5 added to all four cells, " if one.correction == "all" else ""
        method = "logarithmic" if one.method == "log" else one.method
        false = one.tables[:, 1]
        parts.append(
            f"{one.candidate.source} ({how}{method} interval): {len(one.tables)} of {one.tried} "
            f"tables (fp {false.min()}..{false.max()}) with a pre-test from {span_of(one)}"
        )
    return (
        f"No pre-test is printed, and none of the {tried:,} conventions with a published one fits. "
        f"Solved for the pre-test instead: {'; '.join(parts)}. "
        "One number was fitted to three printed ones; the claim does not say that it was used."
    )


def span_of(solution: Solution) -> str:
    """Print the pre-tests of a solution, from the smallest to the largest."""
    low, high = float(solution.low.min()), float(solution.high.max())
    return f"{format_percent(low)} to {format_percent(high)}"


def explain_absence(claim: Claim, inputs: Inputs) -> str:
    """Say why a claim has no inputs, and whether its cohort could print it at all."""
    if claim.statistic == "odds_ratio_adjusted":
        return "An adjusted odds ratio comes from a regression on patient data, not from a table."
    if not claim.get("flag_id"):
        return "The claim is about no single flag or combination with a published table."
    reasons = []
    for report in inputs.matching_reports(claim):
        words = report.verdict.replace("_", " ")
        why = words if not len(report.cells) else "it cannot give a ratio"
        reasons.append(f"{report.report_id} ({why})")
    flag = claim.get("flag_id")
    if reasons:
        text = f"No usable table or ratio for {flag} is published: {', '.join(reasons)}."
    else:
        where = f" in {claim.get('cohort_id')}" if claim.get("cohort_id") else ""
        text = f"No table and no ratio for {flag}{where} is published."
    return f"{text} {_in_its_cohort(claim, inputs)}".strip()


def _how_hard(claim: Claim, trials: Sequence[Trials], fits: int) -> str:
    """Say how many conventions were tried, and how easily they could hit by chance."""
    values = np.concatenate([one.estimate.ravel() for one in trials])
    tried = int((~np.isnan(values)).sum())
    text = f"{tried:,} convention{'s' if tried != 1 else ''} tried, {fits:,} fit"
    finite = values[np.isfinite(values)]
    if not finite.size or (claim.value is not None and claim.value.is_bound):
        return f"{text}."
    unit = 10.0**claim.decimals
    printed = np.unique(np.floor(finite * unit + 0.5))
    low, high = (spell(float(x) / unit, claim.decimals) for x in (printed[0], printed[-1]))
    if len(printed) == 1:
        return f"{text}; all of them print {low}."
    between = int(printed[-1] - printed[0]) + 1
    value = "values" if claim.has_interval else "figures"
    text += f"; they print {len(printed):,} of the {between:,} {value} from {low} to {high}"
    # With half of all figures in between reached, any figure there would have
    # been hit with even odds. Of an interval, three figures have to agree.
    if fits and not claim.has_interval and len(printed) > 3 and len(printed) >= between / 2:
        return f"{text}, so a hit by chance would be no surprise."
    return f"{text}."


def _in_its_cohort(claim: Claim, inputs: Inputs) -> str:
    """Say whether the size of the cohort alone rules a printed share out."""
    share = claim.statistic in MEASURES and MEASURES[claim.statistic].is_proportion
    if not claim.get("cohort_id") or not share or claim.value is None:
        return ""
    cohort = inputs.cohorts[claim.get("cohort_id")]
    sized = {"n": cohort.n, "n_cases": cohort.n_cases}
    counts: dict[str, Any] = {name: count for name, count in sized.items() if count is not None}
    sizes = ", ".join(f"{name} = {count}" for name, count in counts.items())
    counts[claim.statistic] = claim.value.text
    try:
        found = reconstruct(**counts)
    except ArgumentError:
        return ""
    if found.verdict == "impossible":
        return f"With {sizes} it is impossible: {found.explanation.splitlines()[-1]}"
    return f"With {sizes} it is possible, which says little."


def _span(trials: Sequence[Trial]) -> str:
    """Describe the tables of several conventions by the range of each cell."""
    if len(trials) == 1:
        return _table(trials[0])
    cells = np.array([trial.cells for trial in trials])
    parts = []
    for cell, low, high in zip(CELLS, cells.min(axis=0), cells.max(axis=0), strict=True):
        if high >= 0:
            parts.append(f"{cell} {low}" if low == high else f"{cell} {low}..{high}")
    return ", ".join(parts)


def _table(trial: Trial) -> str:
    assert trial.cells is not None  # asked only where there is a table
    counts = dict(zip(CELLS, (int(count) for count in trial.cells), strict=True))
    return table_name({cell: count if count >= 0 else None for cell, count in counts.items()})


def two_figures(number: float) -> str:
    """Print odds with two significant figures, a trailing zero included.

    Examples
    --------
    >>> two_figures(0.01), two_figures(0.053)
    ('0.010', '0.053')
    """
    decimals = max(0, 1 - int(np.floor(np.log10(number))))
    return f"{number:.{decimals}f}"
