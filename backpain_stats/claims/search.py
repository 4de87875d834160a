"""One search for all claims: every candidate under every convention.

A convention is a choice of table, zero-cell correction, interval method,
pre-test and rounding of its odds. All of them are computed, whatever the claim
says; nothing here knows a claim by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np

from backpain_stats.claims.inputs import Candidate, Claim, Inputs, Pretest
from backpain_stats.errors import ArgumentError
from backpain_stats.printed.value import PrintedValue
from backpain_stats.published import Report
from backpain_stats.reconstruction import reconstruct
from backpain_stats.tables import CELLS, MEASURES, posttest_from_odds
from backpain_stats.tables import RATIO_MEASURES as RATIOS
from backpain_stats.tables.intervals import PROPORTION_METHODS, proportion_interval
from backpain_stats.tables.ratios import ratio_interval

__all__ = ["Trial", "Trials", "search_claim"]

# In the order of plainness: the logarithmic interval is what reviews print.
RATIO_METHODS = ("log", "score")
# Adding 0.5 only where there is a zero is one of these two, table by table.
CORRECTIONS = ("none", "all")
# Of the patients of a cohort, how many may be missing from an item before an
# explanation by missing values is no longer offered.
MOST_MISSING = 0.2
MOST_TABLES = 50_000
CUT_OFF, MISSING = "digits of the report cut off, not rounded", "patients not assessed"


@dataclass(frozen=True, slots=True)
class Trials:
    """One candidate under one correction and one interval method.

    Parameters
    ----------
    candidate : Candidate
        What is computed from.
    tables : numpy.ndarray
        Its tables, shape (tables, 4); no rows for a printed ratio.
    correction, method : str
        The convention; the method is empty where no interval is printed.
    pretests : tuple of Pretest
        One a row of the arrays below; empty where no pre-test goes in.
    estimate, low, high : numpy.ndarray
        Recomputed figures, shape (pre-tests, tables).
    fits : numpy.ndarray of bool
        Whether they print as the claim.
    value_fits : numpy.ndarray of bool
        Whether the value alone does.
    end_fits : pair of numpy.ndarray of bool
        For a range of estimates: which print as its low and its high end.
    """

    candidate: Candidate
    tables: np.ndarray
    correction: str
    method: str
    pretests: tuple[Pretest, ...]
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    fits: np.ndarray
    value_fits: np.ndarray
    end_fits: tuple[np.ndarray, np.ndarray]

    @property
    def missing(self) -> np.ndarray:
        """Patients that each table leaves out."""
        if self.candidate.missing is None:
            return np.zeros(self.estimate.shape[1], dtype=np.int64)
        return self.candidate.missing


@dataclass(frozen=True, slots=True)
class Trial:
    """A single convention: one table (or printed ratio) and one pre-test."""

    trials: Trials
    pretest: int
    table: int

    @property
    def cells(self) -> np.ndarray | None:
        """The table, if there is one."""
        tables = self.trials.tables
        return tables[self.table] if len(tables) else None

    @property
    def pretest_used(self) -> Pretest | None:
        """The pre-test, if one goes in."""
        return self.trials.pretests[self.pretest] if self.trials.pretests else None

    @property
    def figures(self) -> tuple[float, float, float]:
        """Estimate, low and high."""
        at = self.pretest, self.table
        found = self.trials
        return float(found.estimate[at]), float(found.low[at]), float(found.high[at])


def search_claim(claim: Claim, inputs: Inputs) -> list[Trials]:
    """Compute a claim from every candidate under every convention.

    Where nothing fits a claim about a cohort, two other readings of its reports
    are tried, each with the usual interval only: digits that were cut off
    instead of rounded, and items that up to a fifth of the patients lack.
    """
    candidates = inputs.candidates(claim)
    pretests = tuple(inputs.pretests(claim)) if claim.is_posttest else ()
    found = [one for candidate in candidates for one in _trials(claim, candidate, pretests, inputs)]
    settled = any(one.fits.any() for one in found) or claim.has_range
    if not settled and claim.get("cohort_id") and claim.value is not None:
        for report in inputs.matching_reports(claim):
            for other in _other_readings(report):
                found += _trials(claim, other, pretests, inputs)
    return found


def _trials(
    claim: Claim, candidate: Candidate, pretests: tuple[Pretest, ...], inputs: Inputs
) -> Iterator[Trials]:
    """Yield one candidate under each correction and interval method."""
    if claim.statistic in RATIOS or claim.is_posttest:
        yield from _ratio_trials(claim, candidate, pretests, inputs)
    elif claim.statistic in MEASURES and len(candidate.cells):
        yield from _proportion_trials(claim, candidate)


def _proportion_trials(claim: Claim, candidate: Candidate) -> Iterator[Trials]:
    """Yield the trials of a claim about a share of patients."""
    measure = MEASURES[claim.statistic]
    factors = (*measure.numerator, *measure.denominator)
    needed = {CELLS.index(cell) for factor in factors for cell in factor.form}
    known = (candidate.cells[:, sorted(needed)] >= 0).all(axis=1)
    tables = candidate.cells[known]
    if not len(tables):
        return
    estimate = measure.of(tables)[None, :]
    count, group = measure.parts(tables)
    for method in PROPORTION_METHODS if claim.has_interval else ("",):
        low = high = np.full(estimate.shape, np.nan)
        if method:
            ends = proportion_interval(count, group, method=method, level=claim.level)
            low, high = (end[None, :] for end in ends)
        yield _judged(claim, candidate, tables, (estimate, low, high), method=method)


def _ratio_trials(
    claim: Claim, candidate: Candidate, pretests: tuple[Pretest, ...], inputs: Inputs
) -> Iterator[Trials]:
    """Yield the trials of a claim about a ratio, or a post-test probability made from one."""
    names = {"posttest": "lr_positive", "posttest_negative": "lr_negative"}
    measure = names.get(claim.statistic, claim.statistic)
    methods: tuple[str, ...] = RATIO_METHODS if claim.has_interval else ("",)
    corrections: tuple[str, ...] = CORRECTIONS
    if candidate.reading:
        methods, corrections = methods[:1], corrections[:1]
    tables = candidate.cells[(candidate.cells >= 0).all(axis=1)]
    tp, fp, fn, tn = tables.T
    pretests = _without_the_cohorts_own(pretests, tables)
    for method in methods if len(tables) else ():
        for correction in corrections:
            with np.errstate(divide="ignore", invalid="ignore"):
                figures = ratio_interval(
                    tp, fp, fn, tn, measure, method or "log", correction, claim.level
                )
                own = (tp + fn) / (fp + tn)
            after = _after(figures, pretests, own, interval=bool(method))
            yield _judged(
                claim, candidate, tables, after,
                correction=correction, method=method, pretests=pretests,
            )  # fmt: skip
    if len(tables) and claim.is_posttest and claim.has_interval:
        yield from _predictive_values(claim, candidate, tables, pretests)
    pretests = _of_the_cohort(pretests, candidate, inputs)
    if measure in candidate.ratios and (pretests or not claim.is_posttest):
        value, low, high = (np.array([figure]) for figure in candidate.ratios[measure])
        figures = _after((value, low, high), pretests, np.full(1, np.nan), interval=True)
        nothing = np.empty((0, 4), dtype=np.int64)
        method = "as printed" if claim.has_interval else ""
        used = replace(candidate, ratios={measure: candidate.ratios[measure]})
        yield _judged(claim, used, nothing, figures, method=method, pretests=pretests)


def _of_the_cohort(
    pretests: tuple[Pretest, ...], candidate: Candidate, inputs: Inputs
) -> tuple[Pretest, ...]:
    """Spell out the prevalence of the cohort of a printed ratio, or drop it if it is unknown."""
    cohort = inputs.cohorts.get(candidate.cohort_id)
    cases, n = (cohort.n_cases or 0, cohort.n or 0) if cohort else (0, 0)
    spelt = []
    for one in pretests:
        if one.odds is not None:
            spelt.append(one)
        elif 0 < cases < n:
            label = f"{cases} of {n} ({candidate.cohort_id})"
            spelt.append(replace(one, odds=Fraction(cases, n - cases), label=label))
    return tuple(spelt)


def _without_the_cohorts_own(
    pretests: tuple[Pretest, ...], tables: np.ndarray
) -> tuple[Pretest, ...]:
    """Drop pre-tests that are the prevalence of every table: that one is there already."""
    if not len(tables) or all(one.odds is not None for one in pretests):
        return pretests
    with np.errstate(divide="ignore", invalid="ignore"):
        own = (tables[:, 0] + tables[:, 2]) / (tables[:, 1] + tables[:, 3])
    # The two ways to the same quotient of whole numbers differ by rounding at most.
    return tuple(
        one
        for one in pretests
        if one.odds is None or one.rounded or not np.allclose(own, float(one.odds), 1e-12, 0)
    )


def _predictive_values(
    claim: Claim, candidate: Candidate, tables: np.ndarray, pretests: Sequence[Pretest]
) -> Iterator[Trials]:
    """Yield post-test probabilities as predictive values of the cohort, with their own interval."""
    own = tuple(one for one in pretests if one.odds is None)
    if not own:
        return
    tp, fp, fn, tn = tables.T
    count, group = (tp, tp + fp) if claim.statistic == "posttest" else (fn, fn + tn)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (count / group)[None, :]
    for method in PROPORTION_METHODS:
        low, high = proportion_interval(count, group, method=method, level=claim.level)
        figures = (share, low[None, :], high[None, :])
        yield _judged(claim, candidate, tables, figures, method=method, pretests=own)


def _after(
    figures: tuple[np.ndarray, np.ndarray, np.ndarray],
    pretests: Sequence[Pretest],
    own: np.ndarray,
    *,
    interval: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn ratios into post-test probabilities, one row a pre-test; without any, leave them."""
    estimate, low, high = figures
    if not interval:
        low = high = np.full(estimate.shape, np.nan)
    if not pretests:
        return estimate[None, :], low[None, :], high[None, :]
    odds = np.stack(
        [own if one.odds is None else np.full(own.shape, float(one.odds)) for one in pretests]
    )
    return (
        posttest_from_odds(odds, estimate),
        posttest_from_odds(odds, low),
        posttest_from_odds(odds, high),
    )


def _judged(
    claim: Claim,
    candidate: Candidate,
    tables: np.ndarray,
    figures: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    correction: str = "none",
    method: str = "",
    pretests: tuple[Pretest, ...] = (),
) -> Trials:
    """Compare recomputed figures with the printed ones."""
    estimate, low, high = figures

    def admitted(printed: PrintedValue | None, computed: np.ndarray) -> np.ndarray:
        if printed is None:
            return np.ones(computed.shape, dtype=bool)
        return printed.admits_float(computed)

    value_fits = admitted(claim.value, estimate)
    if claim.has_range:
        ends = admitted(claim.ends[0], estimate), admitted(claim.ends[1], estimate)
        fits = np.zeros(estimate.shape, dtype=bool)
    else:
        ends = admitted(claim.ends[0], low), admitted(claim.ends[1], high)
        fits = value_fits & ends[0] & ends[1]
    # fmt: off
    return Trials(
        candidate, tables, correction, method, pretests, estimate, low, high,
        fits, value_fits, ends,
    )
    # fmt: on


def _other_readings(report: Report) -> Iterator[Candidate]:
    """Yield the tables of a report if its digits were cut off, or if patients are missing."""
    n, cases = report.cohort.n, report.cohort.n_cases
    if n is None or cases is None:
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
        (CUT_OFF, {"n": n, "n_cases": cases, "rounding": "truncated"}),
        (MISSING, {"n": (fewest, n), "n_cases": (fewest_cases, cases)}),
    )
    for reading, counts in readings:
        try:
            found = reconstruct(**counts, **figures)
        except ArgumentError:
            continue
        if not 0 < found.count <= MOST_TABLES:
            continue
        cells = found.tables[list(CELLS)].to_numpy(dtype=np.int64)
        missing = n - cells.sum(axis=1)
        keep = missing > 0 if reading == MISSING else np.ones(len(cells), dtype=bool)
        cohort = report.cohort.cohort_id
        yield Candidate(report.report_id, cohort, cells[keep], {}, reading, missing[keep])


def fitting(trials: Sequence[Trials]) -> list[Trial]:
    """Return every convention that prints the claim, the plainest first."""
    found = [
        (_plainness(one, int(row), int(column)), position, int(row), int(column))
        for position, one in enumerate(trials)
        for row, column in np.argwhere(one.fits)
    ]
    return [Trial(trials[position], row, column) for _, position, row, column in sorted(found)]


def nearest(claim: Claim, trials: Sequence[Trials]) -> Trial | None:
    """Return the convention that comes nearest, in units of the last printed digit."""
    best: tuple[float, Trial] | None = None
    for one in trials:
        apart = np.zeros(one.estimate.shape)
        pairs = [(claim.value, one.estimate)]
        if not claim.has_range:
            pairs += list(zip(claim.ends, (one.low, one.high), strict=True))
        for printed, computed in pairs:
            if printed is not None and printed.value is not None:
                with np.errstate(invalid="ignore"):
                    away = np.abs(computed - float(printed.value)) * 10.0**printed.decimals
                apart = apart + np.where(np.isnan(away), np.inf, away)
        if claim.has_range:
            ends = [float(end.value) for end in claim.ends if end is not None and end.value]
            gaps = [np.abs(one.estimate - end) for end in ends]
            apart = np.minimum.reduce([np.where(np.isnan(gap), np.inf, gap) for gap in gaps])
        row, column = np.unravel_index(int(np.argmin(apart)), apart.shape)
        smallest = float(apart[row, column])
        if np.isfinite(smallest) and (best is None or smallest < best[0]):
            best = smallest, Trial(one, int(row), int(column))
    return None if best is None else best[1]


def _plainness(one: Trials, row: int, column: int) -> tuple[float, ...]:
    """Order conventions: the fewer and the more usual the choices, the lower."""
    pretest = one.pretests[row] if one.pretests else None
    methods = ("", "as printed", *RATIO_METHODS, *PROPORTION_METHODS)
    middle = (one.estimate.shape[1] - 1) / 2
    return (
        float(("", CUT_OFF, MISSING).index(one.candidate.reading)),
        float(one.missing[column]),
        float(pretest is not None and pretest.rounded),
        float(pretest is not None and not pretest.plain),
        float(methods.index(one.method)),
        float(one.correction != "none"),
        abs(column - middle),
        float(row),
    )
