"""Which method of making an interval gives the interval that was printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backpain_stats.checks import as_names, check_choice
from backpain_stats.reconstruction.report import POSTTESTS, Ends, PrintedReport
from backpain_stats.tables import (
    PROPORTION_METHODS,
    RATIO_MEASURES,
    RATIO_METHODS,
    Measure,
    ProportionMethod,
    RatioMethod,
    posttest_from_odds,
    proportion_interval,
    ratio_interval,
)

__all__ = ["INTERVAL_METHODS", "IntervalCheck", "IntervalMethod", "interval_checks"]

IntervalMethod = ProportionMethod | RatioMethod
INTERVAL_METHODS = (*PROPORTION_METHODS, *RATIO_METHODS)
# Tried when no method is named. No report of the evidence prints a Bayesian
# interval of a ratio, and it takes a quadrature per table.
_USUAL = (*PROPORTION_METHODS, "log", "score")
# Methods whose ends are quantiles of a beta distribution, which take long to compute.
_SLOW = ("clopper_pearson", "jeffreys")
# So few pairs are computed faster than excluded.
_FEW_PAIRS = 200

Cells = NDArray[np.int64]
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
        Methods to try. Which of them fit a table is one whole number: bit k is
        set if the k-th does.
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

    @property
    def is_of_pairs(self) -> bool:
        """Whether a count and the size of its group alone decide it."""
        return self.measure.is_proportion and not set(self.methods) & set(RATIO_METHODS)

    def named(self, fitting: int) -> list[str]:
        """Return the methods of a whole number of bits."""
        return [method for bit, method in enumerate(self.methods) if fitting >> bit & 1]

    def bounds(self, method: str, cells: Cells, correction: str) -> Pair:
        """Return both ends of the interval of every table, made by ``method``."""
        if method in PROPORTION_METHODS:
            return self._of_pairs(*self.measure.parts(cells), method)
        # The prior of "bayes" does the work of a correction.
        correction = "none" if method == "bayes" else correction
        name = {"posttest": "lr_positive", "posttest_negative": "lr_negative"}.get(
            self.name, self.name
        )
        tp, fp, fn, tn = cells.T.astype(float)
        _, low, high = ratio_interval(tp, fp, fn, tn, name, method, correction, self.level)
        if self.name not in POSTTESTS:
            return low, high
        odds: Any = self.pretest_odds
        if odds is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                odds = (tp + fn) / (fp + tn)
        return posttest_from_odds(odds, low), posttest_from_odds(odds, high)

    def fitting(self, cells: Cells, correction: str) -> NDArray[np.int64]:
        """Return which methods give each table the printed interval."""
        found = np.zeros(len(cells), dtype=np.int64)
        if self.measure.is_proportion:
            found |= self.fitting_pairs(*self.measure.parts(cells))
        for bit, method in enumerate(self.methods):
            if method in RATIO_METHODS:
                found |= self._fits(*self.bounds(method, cells, correction)).astype(int) << bit
        return found

    def fitting_pairs(self, count: np.ndarray, group: np.ndarray) -> NDArray[np.int64]:
        """Return which methods give each count out of its group the printed interval."""
        # Each different pair is computed once, in the order of the groups.
        count, group = count.astype(float), group.astype(float)
        order = np.lexsort((count, group))
        count, group = count[order], group[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (group[1:] != group[:-1]) | (count[1:] != count[:-1])
        where = np.empty(len(order), dtype=np.int64)
        where[order] = np.cumsum(new) - 1
        count, group = count[new], group[new]
        found = np.zeros(count.shape, dtype=np.int64)
        for bit, method in enumerate(self.methods):
            if method in PROPORTION_METHODS:
                near = self._within_reach(count, group, method)
                fits = self._fits(*self._of_pairs(count[near], group[near], method))
                found[near] |= fits.astype(int) << bit
        return found[where]

    def _fits(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Whether intervals would be printed as this one was."""
        good = np.ones(np.shape(low), dtype=bool)
        for end, computed in zip(self.ends, (low, high), strict=True):
            if end is not None:
                good &= end.admits_float(computed)
        return good

    def _of_pairs(self, count: np.ndarray, group: np.ndarray, method: str) -> Pair:
        """Return intervals of proportions; of 0/0 they are NaN."""
        low, high = proportion_interval(count, group, method, self.level)
        empty = np.where(group > 0, 0.0, np.nan)
        return low + empty, high + empty

    def _within_reach(self, count: np.ndarray, group: np.ndarray, method: str) -> np.ndarray:
        """Return the pairs that a look at the extreme counts of each group does not exclude.

        For slow methods, and pairs in order. Both ends grow with the count, so those of the
        smallest and largest count enclose all others.
        """
        if method not in _SLOW or count.size <= _FEW_PAIRS:
            return np.ones(count.shape, dtype=bool)
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        last = np.append(first[1:], len(group)) - 1
        lowest = self._of_pairs(count[first], group[first], method)
        highest = self._of_pairs(count[last], group[last], method)
        near = np.ones(first.shape, dtype=bool)
        for end, smallest, largest in zip(self.ends, lowest, highest, strict=True):
            if end is not None:
                near &= end.overlaps(smallest, largest)
        return np.repeat(near, last - first + 1)

    def distance(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return how far intervals are from the printed one, in units of its last digit."""
        apart = np.zeros(np.shape(low))
        for end, computed in zip(self.ends, (low, high), strict=True):
            if end is not None and end.value is not None:
                with np.errstate(invalid="ignore"):
                    units = np.abs(computed - float(end.value)) * 10.0**end.decimals
                apart = np.maximum(apart, np.where(np.isnan(units), math.inf, units))
        return apart


def interval_checks(
    report: PrintedReport, methods: str | Sequence[str] | None, level: float
) -> list[IntervalCheck]:
    """Return one check for each printed interval of a report.

    Raises
    ------
    ArgumentError
        If a method is not known.
    """
    named = as_names([] if methods is None else methods, "interval_methods")
    for method in named:
        check_choice(method, "interval_methods", INTERVAL_METHODS)
    checks = []
    for name, ends in report.intervals.items():
        possible: tuple[str, ...] = RATIO_METHODS if name in RATIO_MEASURES else PROPORTION_METHODS
        if name in POSTTESTS:
            # At the cohort's own prevalence it may also be printed as a predictive value.
            own = PROPORTION_METHODS if report.pretest_odds is None else ()
            possible = (*own, *RATIO_METHODS)
        chosen = tuple(method for method in named if method in possible)
        tried = chosen or tuple(method for method in _USUAL if method in possible)
        odds = None if report.pretest_odds is None else float(report.pretest_odds)
        label, measure = report.interval_label(name), report.measure(name)
        checks.append(IntervalCheck(name, label, ends, tried, level, bool(chosen), measure, odds))
    return checks
