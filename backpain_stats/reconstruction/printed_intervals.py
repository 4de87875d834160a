"""Which method of making an interval gives the interval that was printed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpain_stats.checks import check_choice
from backpain_stats.printed.value import PrintedValue
from backpain_stats.reconstruction.enumerate_tables import RowFilter
from backpain_stats.reconstruction.measures import CELLS, RATIOS, Measure
from backpain_stats.reconstruction.printed_report import POSTTESTS, Ends, PrintedReport
from backpain_stats.tables.bayes_rule import probability_from_odds
from backpain_stats.tables.intervals import PROPORTION_METHODS, proportion_interval
from backpain_stats.tables.ratios import RATIO_METHODS, ratio_interval

__all__ = ["INTERVAL_METHODS", "IntervalCheck", "interval_checks", "posttest_from_odds"]

INTERVAL_METHODS = (*PROPORTION_METHODS, *RATIO_METHODS)
# Tried when no method is named. No report of the evidence prints a Bayesian
# interval of a ratio, and it takes a quadrature per table.
_USUAL = (*PROPORTION_METHODS, "log", "score")
_DEAR = ("clopper_pearson", "jeffreys")

Cells = Mapping[str, np.ndarray]
Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class IntervalCheck:
    """A printed interval and the methods that may have made it.

    Parameters
    ----------
    name, label : str
        The statistic, and how an explanation names its interval.
    ends : pair of PrintedValue or None
        What was printed.
    methods : tuple of str
        Methods to try.
    level : float
        The level of the interval.
    required : bool
        Whether the methods were named by the caller, so that one of them must fit.
    measure : Measure
        The uncorrected statistic.
    pretest_odds : float or None
        Odds of a fixed pre-test; None is the table's own.
    """

    name: str
    label: str
    ends: Ends
    methods: tuple[str, ...]
    level: float
    required: bool
    measure: Measure
    pretest_odds: float | None = None

    def bounds(self, method: str, cells: Cells, correction: str) -> Pair:
        """Return both ends of the interval of every table, made by ``method``."""
        if method in PROPORTION_METHODS:
            count, group = (
                sum(np.asarray(cells[cell], dtype=float) for cell in side[0].form)
                for side in (self.measure.numerator, self.measure.denominator)
            )
            return _of_pairs(np.asarray(count), np.asarray(group), method, self.level)
        name = self.name
        if name in POSTTESTS:
            name = "lr_positive" if name == "posttest" else "lr_negative"
        tp, fp, fn, tn = (np.asarray(cells[cell], dtype=float) for cell in CELLS)
        if method == "bayes":
            # Its prior does the work of a correction.
            correction = "none"
        _, low, high = ratio_interval(tp, fp, fn, tn, name, method, correction, self.level)
        if self.name not in POSTTESTS:
            return low, high
        odds: Any = self.pretest_odds
        if odds is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                odds = (tp + fn) / (fp + tn)
        return posttest_from_odds(odds, low), posttest_from_odds(odds, high)

    def fits(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Whether intervals would be printed as this one was."""
        good = np.ones(np.shape(low), dtype=bool)
        for end, computed in zip(self.ends, (low, high), strict=True):
            if end is not None:
                good &= end.admits_float(computed)
        return good

    def fitting_methods(self, cells: Cells, correction: str) -> dict[str, np.ndarray]:
        """Return for each method which tables have the printed interval by it."""
        return {
            method: self.fits(*self.bounds(method, cells, correction)) for method in self.methods
        }

    def row_filter(self) -> RowFilter | None:
        """Return the check as a condition on (count, group), if it is one of a proportion."""
        if not self.measure.is_proportion or set(self.methods) - set(PROPORTION_METHODS):
            return None

        def keep(count: np.ndarray, group: np.ndarray) -> np.ndarray:
            count, group = count.astype(float), group.astype(float)
            kept = np.zeros(count.shape, dtype=bool)
            for method in self.methods:
                near = self._within_reach(count, group, method)
                near[near] = self.fits(*_of_pairs(count[near], group[near], method, self.level))
                kept |= near
            return kept

        form, group = self.measure.numerator[0].form, self.measure.denominator[0].form
        return RowFilter(self.label, form, group, keep)

    def _within_reach(self, count: np.ndarray, group: np.ndarray, method: str) -> np.ndarray:
        """Return the pairs that a look at the extreme counts of each group does not exclude.

        For exact and Jeffreys intervals, which are dear to compute. Both ends grow with
        the count, so those of the smallest and largest count enclose all others.
        """
        if method not in _DEAR or count.size == 0:
            return np.ones(count.shape, dtype=bool)
        sizes, where = np.unique(group, return_inverse=True)
        least, most = np.full(sizes.shape, np.inf), np.zeros(sizes.shape)
        np.minimum.at(least, where, count)
        np.maximum.at(most, where, count)
        lowest = _of_pairs(least, sizes, method, self.level)
        highest = _of_pairs(most, sizes, method, self.level)
        near = np.ones(sizes.shape, dtype=bool)
        for end, smallest, largest in zip(self.ends, lowest, highest, strict=True):
            if end is not None:
                near &= end.overlaps(smallest, largest)
        return near[where]

    def distance(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return how far intervals are from the printed one, in units of its last digit."""
        apart = np.zeros(np.shape(low))
        for end, computed in zip(self.ends, (low, high), strict=True):
            if end is not None and end.value is not None:
                with np.errstate(invalid="ignore"):
                    units = np.abs(computed - float(end.value)) * 10.0**end.decimals
                apart = np.maximum(apart, np.where(np.isnan(units), math.inf, units))
        return apart


def posttest_from_odds(odds: Any, ratio: np.ndarray) -> np.ndarray:
    """Return the post-test probability of pre-test odds and a likelihood ratio; NaN stays NaN."""
    with np.errstate(invalid="ignore"):
        product = np.asarray(odds * ratio, dtype=float)
    unknown = np.isnan(product)
    return np.where(unknown, np.nan, probability_from_odds(np.where(unknown, 0.0, product)))


def _of_pairs(count: np.ndarray, group: np.ndarray, method: str, level: float) -> Pair:
    """Return intervals of proportions, each different pair computed once; of 0/0 it is NaN."""
    size = group.max(initial=0) + 1
    keys, where = np.unique(group * size + count, return_inverse=True)
    groups, counts = np.divmod(keys, size)
    low, high = proportion_interval(counts, groups, method=method, level=level)
    empty = np.where(groups > 0, 0.0, np.nan)
    return (low + empty)[where], (high + empty)[where]


def interval_checks(
    report: PrintedReport, methods: str | Sequence[str] | None, level: float
) -> list[IntervalCheck]:
    """Return one check for each printed interval of a report.

    Raises
    ------
    ArgumentError
        If a method is not known.
    """
    named = (methods,) if isinstance(methods, str) else tuple(methods or ())
    for method in named:
        check_choice(method, "interval_methods", INTERVAL_METHODS)
    checks = []
    for name, ends in report.intervals.items():
        measure = report.measure(name)
        possible: tuple[str, ...] = RATIO_METHODS if name in RATIOS else PROPORTION_METHODS
        if name in POSTTESTS:
            # At the cohort's own prevalence it may also be printed as a predictive value.
            own = PROPORTION_METHODS if report.pretest_odds is None else ()
            possible = (*own, *RATIO_METHODS)
        chosen = tuple(method for method in named if method in possible)
        tried = chosen or tuple(method for method in _USUAL if method in possible)
        odds = None if report.pretest_odds is None else float(report.pretest_odds)
        label = report.interval_label(name)
        checks.append(IntervalCheck(name, label, ends, tried, level, bool(chosen), measure, odds))
    return checks


def printed_ends(ends: Ends) -> tuple[str, str]:
    """Return both ends as printed; empty where one was not."""
    low, high = (end.text if isinstance(end, PrintedValue) else "" for end in ends)
    return low, high
