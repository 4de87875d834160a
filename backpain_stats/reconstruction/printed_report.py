"""The printed figures of one report, read and turned into exact conditions on its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from backpain_stats.checks import check_known
from backpain_stats.errors import ArgumentError, PretestError
from backpain_stats.printed.value import (
    PrintedValue,
    is_absent,
    parse_count_range,
    parse_printed,
    split_interval,
)
from backpain_stats.reconstruction.integer_runs import Constraint
from backpain_stats.reconstruction.margins import Margins, Range
from backpain_stats.reconstruction.measures import (
    MEASURES,
    RATIOS,
    Measure,
    cohort_posttest_measure,
)

__all__ = ["COUNTS", "STATISTICS", "PrintedReport", "read_report"]

COUNTS = ("n", "n_cases", "n_positive", "tp", "fp", "fn", "tn")
POSTTESTS = ("posttest", "posttest_negative")
STATISTICS = (*MEASURES, *POSTTESTS)
_UNBOUNDED_ABOVE = frozenset(RATIOS)

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
    warnings : tuple of str
        Figures that no probability can have; they are kept as printed.
    """

    margins: Margins
    labels: Mapping[str, str]
    values: Mapping[str, PrintedValue]
    intervals: Mapping[str, Ends]
    pretest_odds: Fraction | None = None
    pretest_label: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def depends_on_correction(self) -> bool:
        """Whether a zero-cell correction would change any of the printed statistics."""
        return any(name in (*RATIOS, *POSTTESTS) for name in (*self.values, *self.intervals))

    def label(self, name: str) -> str:
        """Return how a printed statistic is named in an explanation."""
        return f"{name} {self.values[name]}{self._at(name)}"

    def interval_label(self, name: str) -> str:
        """Return how a printed interval is named in an explanation."""
        low, high = self.intervals[name]
        if low is None or high is None:
            end = f"low {low}" if high is None else f"high {high}"
        else:
            end = f"{low} to {high}"
        return f"{name} interval {end}{self._at(name)}"

    def _at(self, name: str) -> str:
        return f" at pre-test {self.pretest_label}" if name in POSTTESTS else ""

    def measure(self, name: str, *, corrected: bool = False) -> Measure:
        """Return the measure whose exact bounds a printed statistic gives."""
        if name in POSTTESTS:
            if self.pretest_odds is None:
                return cohort_posttest_measure(name, corrected=corrected)
            ratio = MEASURES["lr_positive" if name == "posttest" else "lr_negative"]
            return ratio.corrected() if corrected else ratio
        measure = MEASURES[name]
        return measure.corrected() if corrected and name in RATIOS else measure

    def constraints(self, *, corrected: bool = False) -> list[Constraint]:
        """Return the exact conditions that the printed values put on the table.

        Parameters
        ----------
        corrected : bool
            Whether the paper added 0.5 to all four cells before it computed
            ratios and post-test probabilities.
        """
        return [
            self._constraint(name, value, corrected=corrected)
            for name, value in self.values.items()
        ]

    def _constraint(self, name: str, value: PrintedValue, *, corrected: bool) -> Constraint:
        low, high = value.low, value.high
        if value.value is None:
            low, high = _INFINITE, None
        odds = Fraction(1) if self.pretest_odds is None else self.pretest_odds
        if name in POSTTESTS and (corrected or self.pretest_odds is not None):
            # post >= p means LR >= p / (1 - p) / odds; from p = 1 on there is no finite bound.
            low = None if low is None else _odds_of(low) / odds
            high = None if high is None or high >= 1 else _odds_of(high) / odds
        return Constraint(
            self.label(name),
            self.measure(name, corrected=corrected),
            None if low is not None and low < 0 else low,
            high,
            value.low_closed,
            value.high_closed,
        )

    def without(self, *, value: str = "", interval: str = "") -> PrintedReport:
        """Return the report as if one of its figures had not been printed."""
        return replace(
            self,
            values={name: one for name, one in self.values.items() if name != value},
            intervals={name: one for name, one in self.intervals.items() if name != interval},
        )


# "Infinity" is printed for a division by zero; no table of 2**60 patients comes near it.
_INFINITE = Fraction(2**60)


def _odds_of(probability: Fraction) -> Fraction:
    return _INFINITE if probability >= 1 else probability / (1 - probability)


def read_report(
    counts: Mapping[str, Any],
    printed: Mapping[str, Any],
    *,
    pretest: Any = None,
    pretest_odds: Any = None,
    rounding: str = "nearest",
) -> PrintedReport:
    """Read what a report prints; see :func:`backpain_stats.reconstruct` for the arguments.

    Raises
    ------
    ArgumentError
        If a figure or a count is not one, or an interval is upside down.
    PretestError
        If a post-test probability comes without its pre-test.
    UnknownNameError
        If there is no statistic of that name.
    """
    ranges: dict[str, Range] = {}
    labels: dict[str, str] = {}
    for name, given in counts.items():
        found = parse_count_range(given, name)
        if found is not None:
            ranges[name] = found
            low, high = found
            labels[name] = f"{name} = {low}" if low == high else f"{name} = {low}..{high}"
    values, intervals = _read_statistics(printed, rounding)
    odds, label = _read_pretest(pretest, pretest_odds)
    if label == "" and any(name in POSTTESTS for name in (*values, *intervals)):
        raise PretestError(
            "a post-test probability is given without its pre-test; give pretest='0.01', "
            "pretest='13/1975', or pretest='cohort' for the prevalence of the table itself"
        )
    return PrintedReport(
        Margins(**ranges), labels, values, intervals, odds, label, _warnings(values, intervals)
    )


def _read_statistics(
    printed: Mapping[str, Any], rounding: str
) -> tuple[dict[str, PrintedValue], dict[str, Ends]]:
    """Return printed values and printed intervals by the name of the statistic."""
    values: dict[str, PrintedValue] = {}
    ends: dict[str, dict[str, PrintedValue]] = {}
    for given_name, given in printed.items():
        name, end = given_name, ""
        for suffix in ("_low", "_high"):
            if given_name.endswith(suffix):
                name, end = given_name.removesuffix(suffix), suffix
        if name not in STATISTICS:
            known = [*STATISTICS, *COUNTS]
            check_known(
                given_name,
                [*known, *(one + end for one in STATISTICS for end in ("_low", "_high"))],
                "statistic",
            )
        if is_absent(given):
            continue
        parts = (given, None, None) if end else (split_interval(given) or (given, None, None))
        for part, suffix in zip(parts, (end, "_low", "_high"), strict=True):
            if part is None:
                continue
            figure = parse_printed(part, name + suffix, rounding=rounding, signed=bool(suffix))
            if suffix:
                ends.setdefault(name, {})[suffix] = figure
            elif not is_absent(part):
                values[name] = _checked_value(name, figure)
    intervals = {name: (found.get("_low"), found.get("_high")) for name, found in ends.items()}
    for name, (low, high) in intervals.items():
        if _above(low, high):
            raise ArgumentError(f"{name}: the low end {low} is above the high end {high}")
    return values, intervals


def _above(one: PrintedValue | None, other: PrintedValue | None) -> bool:
    """Whether one printed figure is larger than another; False if either is unknown."""
    if one is None or other is None or one.value is None or other.value is None:
        return False
    return one.value > other.value


def _checked_value(name: str, figure: PrintedValue) -> PrintedValue:
    """Refuse a proportion above 1; it is probably a percentage."""
    if name in _UNBOUNDED_ABOVE:
        return figure
    if figure.value is None or figure.value > 1:
        hint = f"; a percentage is written '{figure}%'" if figure.value else ""
        raise ArgumentError(f"{name} is {figure.text!r}; it must lie from 0 to 1{hint}")
    return figure


def _warnings(values: Mapping[str, PrintedValue], intervals: Mapping[str, Ends]) -> tuple[str, ...]:
    """Return a sentence for each printed end that no probability can have."""
    found = []
    for name, ends in intervals.items():
        for end, figure in zip(("low", "high"), ends, strict=True):
            if figure is None or figure.value is None or name in _UNBOUNDED_ABOVE:
                continue
            if not 0 <= figure.value <= 1:
                found.append(
                    f"{name}_{end} {figure} leaves [0, 1]: impossible as a probability, "
                    "kept as printed; only a normal approximation gives such an end"
                )
        value = values.get(name)
        if value is not None and not value.is_bound:
            low, high = ends
            if _above(low, value) or _above(value, high):
                found.append(f"{name} {value} lies outside its own interval {low} to {high}")
    return tuple(found)


def _read_pretest(pretest: Any, pretest_odds: Any) -> tuple[Fraction | None, str]:
    """Return the exact pre-test odds (None: the table's own) and how they were given."""
    if not is_absent(pretest) and not is_absent(pretest_odds):
        raise PretestError("give pretest or pretest_odds, not both")
    if not is_absent(pretest_odds):
        odds = _exact(pretest_odds, "pretest_odds")
        if odds <= 0:
            raise PretestError(f"pretest_odds is {pretest_odds!r}; it must be above 0")
        return odds, f"odds {pretest_odds}"
    if is_absent(pretest):
        return None, ""
    if isinstance(pretest, str) and pretest.strip().lower() == "cohort":
        return None, "of the cohort"
    probability = _exact(pretest, "pretest")
    if not 0 < probability < 1:
        raise PretestError(
            f"pretest is {pretest!r}; a pre-test probability lies strictly between 0 and 1 "
            "('1%', '0.01' or '13/1975'), or is 'cohort'"
        )
    return probability / (1 - probability), str(pretest)


def _exact(given: Any, name: str) -> Fraction:
    """Return a pre-test as the exact number its digits spell."""
    text = str(given).strip()
    percent = text.endswith("%")
    try:
        number = Fraction(text.removesuffix("%").strip())
    except (ValueError, ZeroDivisionError) as error:
        raise PretestError(
            f"{name} is {given!r}; it must be a number such as '0.01', '1%' or '13/1975'"
        ) from error
    return number / 100 if percent else number
