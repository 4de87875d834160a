"""The printed figures of one report, read and turned into exact conditions on its table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from backpain_stats.checks import check_known
from backpain_stats.errors import ArgumentError, PretestError
from backpain_stats.printed import (
    PrintedValue,
    Rounding,
    is_absent,
    parse_count_range,
    parse_printed,
    read_prevalence,
    split_interval,
)
from backpain_stats.reconstruction.runs import INFINITE, Constraint, Margins, Range
from backpain_stats.tables import (
    CELLS,
    MEASURES,
    RATIO_MEASURES,
    Form,
    Measure,
    cohort_posttest_measure,
)

__all__ = ["COUNTS", "POSTTESTS", "STATISTICS", "Ends", "PrintedReport", "read_report"]

COUNTS = ("n", "n_cases", "n_positive", "tp", "fp", "fn", "tn")
POSTTESTS = ("posttest", "posttest_negative")
STATISTICS = (*MEASURES, *POSTTESTS)
# The ratio behind each post-test probability.
_RATIO_OF = {"posttest": MEASURES["lr_positive"], "posttest_negative": MEASURES["lr_negative"]}
# The sums of cells that a report may print as a count.
_FIELDS: dict[Form, str] = {
    ("tp", "fn"): "n_cases",
    ("tp", "fp"): "n_positive",
    CELLS: "n",
    **{(cell,): cell for cell in CELLS},
}

Ends = tuple[PrintedValue | None, PrintedValue | None]


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """What one report prints.

    Parameters
    ----------
    margins : Margins
        The counts that are known.
    labels : mapping of str to str
        How each given count is named in an explanation.
    values : mapping of str to PrintedValue
        Printed statistics by name.
    intervals : mapping of str to pair of PrintedValue or None
        Printed ends of intervals by name of the statistic.
    pretest_odds : Fraction or None
        Odds of the pre-test probability of a printed post-test probability;
        None is the table's own prevalence.
    pretest_label : str
        How the pre-test was given.
    """

    margins: Margins
    labels: Mapping[str, str]
    values: Mapping[str, PrintedValue]
    intervals: Mapping[str, Ends]
    pretest_odds: Fraction | None = None
    pretest_label: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Figures that no probability can have, kept as printed, and other oddities."""
        warnings = []
        for name, ends in self.intervals.items():
            for end, figure in zip(("low", "high"), ends, strict=True):
                if figure is None or figure.value is None or name in RATIO_MEASURES:
                    continue
                if not 0 <= figure.value <= 1:
                    warnings.append(
                        f"{name}_{end} {figure} leaves [0, 1]: impossible as a probability, "
                        "kept as printed; only a normal approximation gives such an end"
                    )
            value = self.values.get(name)
            if value is not None and not value.is_bound:
                low, high = ends
                if _above(low, value) or _above(value, high):
                    warnings.append(f"{name} {value} lies outside its own interval {low} to {high}")
        return tuple(warnings)

    def label(self, name: str) -> str:
        """Return how a printed statistic is named in an explanation."""
        at = f" at pre-test {self.pretest_label}" if name in POSTTESTS else ""
        return f"{name} {self.values[name].text}{at}"

    def interval_label(self, name: str) -> str:
        """Return how a printed interval is named in an explanation."""
        low, high = self.intervals[name]
        if low is None or high is None:
            end = f"low {low}" if high is None else f"high {high}"
        else:
            end = f"{low} to {high}"
        at = f" at pre-test {self.pretest_label}" if name in POSTTESTS else ""
        return f"{name} interval {end}{at}"

    def measure(self, name: str, *, corrected: bool = False) -> Measure:
        """Return the measure whose exact bounds a printed statistic gives."""
        if name in POSTTESTS and self.pretest_odds is None:
            return cohort_posttest_measure(name, corrected=corrected)
        measure = _RATIO_OF.get(name) or MEASURES[name]
        return measure.corrected() if corrected and measure.name in RATIO_MEASURES else measure

    def constraints(self, *, corrected: bool = False) -> list[Constraint]:
        """Return the exact conditions that the printed values put on the table.

        Parameters
        ----------
        corrected : bool
            Whether the paper added 0.5 to all four cells before it computed
            ratios and post-test probabilities.
        """
        constraints = []
        for name, value in self.values.items():
            low, high = value.low, value.high
            if value.value is None:
                low, high = INFINITE, None
            if name in POSTTESTS and (corrected or self.pretest_odds is not None):
                # post >= p means LR >= p / (1 - p) / odds; from p = 1 on there is no finite bound.
                odds = Fraction(1) if self.pretest_odds is None else self.pretest_odds
                low = INFINITE if low is not None and low >= 1 else _odds(low, odds)
                high = None if high is not None and high >= 1 else _odds(high, odds)
            if low is not None and low <= 0 and value.low_closed:
                low = None  # no count is below 0
            plain = name in MEASURES and not corrected
            measure = MEASURES[name] if plain else self.measure(name, corrected=corrected)
            constraints.append(
                Constraint(
                    self.label(name), measure, low, high, value.low_closed, value.high_closed
                )
            )
        return constraints

    def without(self, *, value: str = "", interval: str = "") -> PrintedReport:
        """Return the report as if one of its figures had not been printed."""
        return replace(
            self,
            values={name: figure for name, figure in self.values.items() if name != value},
            intervals={name: ends for name, ends in self.intervals.items() if name != interval},
        )


def _odds(probability: Fraction | None, pretest_odds: Fraction) -> Fraction | None:
    """Return the likelihood ratio between pre-test odds and a post-test probability."""
    return None if probability is None else probability / (1 - probability) / pretest_odds


def read_report(
    counts: Mapping[str, Any],
    printed: Mapping[str, Any],
    *,
    pretest: Any = None,
    pretest_odds: Any = None,
    rounding: Rounding = "nearest",
) -> PrintedReport:
    """Read what a report prints.

    Parameters
    ----------
    counts : mapping
        Printed counts by name: ``n, n_cases, n_positive, tp, fp, fn, tn``.
    printed : mapping
        Printed statistics by name, and the ends of their intervals.
    pretest, pretest_odds, rounding
        As in :func:`backpain_stats.reconstruct`.

    Returns
    -------
    PrintedReport

    Raises
    ------
    ArgumentError
        If a figure or a count is not one, or an interval is upside down.
    PretestError
        If a post-test probability comes without its pre-test, or the other way round.
    UnknownNameError
        If there is no statistic of that name.
    """
    ranges: dict[str, Range] = {}
    labels: dict[str, str] = {}
    for name, given in counts.items():
        count = parse_count_range(given, name)
        if count is not None:
            ranges[name] = low, high = count
            labels[name] = f"{name} = {low}" if low == high else f"{name} = {low}..{high}"
    values: dict[str, PrintedValue] = {}
    intervals: dict[str, Ends] = {}
    for name, given in printed.items():
        _read_statistic(name, given, rounding, values, intervals)
    for name, figure in values.items():
        if figure.counts is not None and name in MEASURES and MEASURES[name].is_proportion:
            _narrow_to_counts(ranges, MEASURES[name], *figure.counts)
    for name, (first, last) in intervals.items():
        if _above(first, last):
            raise ArgumentError(f"{name}: the low end {first} is above the high end {last}")
    needed = any(name in values or name in intervals for name in POSTTESTS)
    odds, label = None, ""
    if needed or pretest is not None or pretest_odds is not None:
        odds, label = _read_pretest(pretest, pretest_odds, needed=needed)
    return PrintedReport(Margins(**ranges), labels, values, intervals, odds, label)


def _read_statistic(
    given_name: str,
    given: Any,
    rounding: Rounding,
    values: dict[str, PrintedValue],
    intervals: dict[str, Ends],
) -> None:
    """Read one printed statistic, with its interval if it has one, or one end of it."""
    name = given_name
    parts: tuple[Any, Any, Any] = (None, None, None)
    if given_name in STATISTICS:
        parts = (given, None, None)
        if isinstance(given, str) and given.rstrip()[-1:] in {")", "]"}:
            parts = split_interval(given) or parts
    elif given_name.endswith("_low"):
        name, parts = given_name.removesuffix("_low"), (None, given, None)
    elif given_name.endswith("_high"):
        name, parts = given_name.removesuffix("_high"), (None, None, given)
    if name not in STATISTICS:
        ends = (stem + end for stem in STATISTICS for end in ("_low", "_high"))
        check_known(given_name, [*STATISTICS, *COUNTS, *ends], "statistic")
        raise ArgumentError(f"{given_name} is a count; give it among the counts")
    if is_absent(given):
        return
    value, *both = parts
    if not is_absent(value):
        values[name] = figure = parse_printed(value, name, rounding=rounding)
        beyond = figure.value is None or figure.value > 1
        if beyond and name not in RATIO_MEASURES:
            percent = figure.value is not None and figure.counts is None
            hint = f"; a percentage is written '{figure}%'" if percent else ""
            raise ArgumentError(f"{name} is {figure.text!r}; it must lie from 0 to 1{hint}")
    for end, suffix in enumerate(("_low", "_high")):
        if both[end] is not None:
            known = list(intervals.get(name, (None, None)))
            known[end] = parse_printed(both[end], name + suffix, rounding=rounding, signed=True)
            intervals[name] = known[0], known[1]


def _narrow_to_counts(ranges: dict[str, Range], measure: Measure, part: int, whole: int) -> None:
    """Narrow the counts of a report to those of a share that it prints as "4 of 13"."""
    counted, group = measure.numerator[0].form, measure.denominator[0].form
    rest = tuple(cell for cell in group if cell not in counted)
    for form, count in ((counted, part), (group, whole), (rest, whole - part)):
        if form in _FIELDS:
            low, high = ranges.get(_FIELDS[form], (0, None))
            ranges[_FIELDS[form]] = max(low, count), count if high is None else min(high, count)


def _above(one: PrintedValue | None, other: PrintedValue | None) -> bool:
    """Whether one printed figure is larger than another; False if either is unknown."""
    if one is None or other is None:
        return False
    first, second = (math.inf if end.value is None else end.value for end in (one, other))
    return first > second


def _read_pretest(pretest: Any, pretest_odds: Any, *, needed: bool) -> tuple[Fraction | None, str]:
    """Return the exact pre-test odds (None: the table's own) and how they were given."""
    if is_absent(pretest) and is_absent(pretest_odds):
        if needed:
            raise PretestError(
                "a post-test probability is given without its pre-test; give pretest='0.01', "
                "pretest='13/1975', or pretest='cohort' for the prevalence of the table itself"
            )
        return None, ""
    if not is_absent(pretest) and not is_absent(pretest_odds):
        raise PretestError("give pretest or pretest_odds, not both")
    if not needed:
        raise PretestError(
            "a pre-test probability is given without the post-test probability that was "
            "computed from it; give posttest or posttest_negative, or leave it out"
        )
    if not is_absent(pretest_odds):
        return _read_odds(pretest_odds), f"odds {pretest_odds}"
    if isinstance(pretest, str) and pretest.strip().lower() == "cohort":
        return None, "of the cohort"
    exact = read_prevalence(pretest).exact
    if exact is None:
        raise PretestError(
            f"pretest is {pretest!r}, a range; a printed post-test probability was computed "
            "from one number ('1%', '0.01' or '13/1975'), or pretest is 'cohort'"
        )
    return exact / (1 - exact), str(pretest)


def _read_odds(given: Any) -> Fraction:
    """Return odds as the exact number their digits spell."""
    try:
        if isinstance(given, float) and math.isfinite(given):
            # The shortest digits that give a float are those that were typed.
            odds: Fraction | None = Fraction(repr(float(given)))
        else:
            odds = parse_printed(given).point
    except ArgumentError as error:
        raise PretestError(f"pretest_odds: {error}") from None
    if odds is None or odds <= 0:
        raise PretestError(f"pretest_odds is {given!r}; it must be a number above 0")
    return odds
