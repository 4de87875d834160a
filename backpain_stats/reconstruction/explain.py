"""A reconstruction in sentences: what left how many tables, and what would have fitted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from backpain_stats.errors import ArgumentError
from backpain_stats.printed import PrintedValue, parse_printed
from backpain_stats.reconstruction.intervals import IntervalCheck
from backpain_stats.reconstruction.report import POSTTESTS, PrintedReport
from backpain_stats.reconstruction.runs import Range
from backpain_stats.reconstruction.search import Solution, find_tables
from backpain_stats.tables import CELLS, MEASURES, posttest_from_odds

__all__ = ["explain", "interval_findings", "sizes_that_print", "table_name", "tables_phrase"]

# Beyond this many tables only counts are given, no nearest values.
_FEW = 200_000
# A search made only to explain another gives up early.
_MOST_ROWS = 1_000_000
_GROUP_OF = {
    name: measure.denominator[0].form for name, measure in MEASURES.items() if measure.is_proportion
}


def explain(solution: Solution) -> str:
    """Return an answer of :func:`~backpain_stats.reconstruct` as text, one line per thought.

    What else would have fitted is searched for here.
    """
    lines = [_verdict(solution), *_steps(solution)]
    if solution.verdict == "impossible":
        lines += _why_impossible(solution)
    lines += _intervals(solution)
    lines += [f"Warning: {warning}." for warning in solution.report.warnings]
    return "\n".join(lines)


def table_name(cells: Mapping[str, Any] | pd.Series) -> str:
    """Return a table as tp/fp/fn/tn; a cell of unknown size is a question mark."""
    return "/".join("?" if pd.isna(cells[cell]) else str(cells[cell]) for cell in CELLS)


def _name_of(solution: Solution, row: int = 0) -> str:
    """Return one of the tables found as tp/fp/fn/tn."""
    counts = zip(CELLS, solution.listed.cells[row].tolist(), strict=True)
    return "/".join(str(count) if cell in solution.known else "?" for cell, count in counts)


def _verdict(solution: Solution) -> str:
    if solution.count == 0:
        return "impossible: no table prints all of these figures."
    if solution.count == 1:
        name = _name_of(solution)
        return f"unique: {name} (tp/fp/fn/tn) is the only table that prints them all."
    text = f"several: {solution.count:,} tables print all of these figures"
    if solution.count > _FEW:
        return text + "."
    spans = []
    for cell, counts in zip(CELLS, solution.listed.cells.T, strict=True):
        if cell in solution.known:
            low, high = counts.min(), counts.max()
            spans.append(f"{cell} {low}" if low == high else f"{cell} {low}..{high}")
    return f"{text}: {', '.join(spans)}."


def _steps(solution: Solution) -> Iterator[str]:
    for branch in solution.branches:
        parts = []
        for position, (label, left) in enumerate(branch.steps):
            if position == 0:
                parts.append(f"{label}: {tables_phrase(left)}")
            elif left:
                parts.append(f"{label} leaves {left:,}")
            else:
                parts.append(f"{label}: none left")
                break
        prefix = f"With correction {branch.correction!r}: " if len(solution.branches) > 1 else ""
        if parts:
            yield f"{prefix}{'; '.join(parts)}."


def sizes_that_print(figure: PrintedValue, most: int) -> list[int]:
    """Return the group sizes up to ``most`` of which some share prints as ``figure``.

    Examples
    --------
    >>> sizes_that_print(parse_printed("0.50"), 13)
    [2, 4, 6, 8, 10, 12]
    """
    return [size for size in range(1, most + 1) if _counts_that_print(figure, size)]


def _counts_that_print(figure: PrintedValue, size: int) -> range:
    """Return the counts out of ``size`` whose share prints as ``figure``."""
    first, last = 0, size
    if figure.low is not None:
        first = max(0, math.ceil(figure.low * size))
        first += int(not figure.low_closed and Fraction(first, size) == figure.low)
    if figure.high is not None:
        last = min(size, math.floor(figure.high * size))
        last -= int(not figure.high_closed and last >= 0 and Fraction(last, size) == figure.high)
    return range(first, last + 1)


def _why_impossible(solution: Solution) -> Iterator[str]:
    """Say which figures cannot be, which contradict each other, and what would fit."""
    report = solution.report
    ranges = report.margins.ranges()
    if ranges is None:
        shares = [report.label(name) for name, figure in report.values.items() if figure.counts]
        yield f"The counts contradict each other: {', '.join([*report.labels.values(), *shares])}."
        return
    alone = list(_impossible_shares(report, ranges))
    yield from alone
    if not alone:
        yield from _without_each(solution)
    yield from _other_readings(solution)


def _impossible_shares(
    report: PrintedReport, ranges: Mapping[tuple[str, ...], Range]
) -> Iterator[str]:
    """Say which printed shares no count out of their group can give."""
    for name, figure in report.values.items():
        group = _GROUP_OF.get(name)
        if group is None or figure.value is None or figure.counts:
            continue
        size, most = ranges[group]
        if size != most or size == 0 or _counts_that_print(figure, size):
            continue
        below = math.floor(figure.value * size)
        shares = [
            f"{count}/{size} = {figure.spell(Fraction(count, size))}"
            for count in (below, below + 1)
            if count <= size
        ]
        # Two neighbours that print alike need another digit to be told apart.
        fitting = sizes_that_print(figure, size)
        text = f"{figure} cannot come from {size} patients: {', '.join(shares)}"
        yield f"{text}; {_sizes(fitting, figure)}."


def _sizes(sizes: Sequence[int], figure: PrintedValue) -> str:
    if not sizes:
        return f"no smaller group would print {figure} either"
    shown = list(sizes) if len(sizes) <= 8 else list(sizes[-4:])
    listed = ", ".join(map(str, shown[:-1])) + (" or " if shown[1:] else "") + str(shown[-1])
    more = "" if len(sizes) == len(shown) else f" (and {len(sizes) - len(shown)} smaller groups)"
    return f"{listed} assessed patients would print {figure}{more}"


def _without_each(solution: Solution) -> Iterator[str]:
    """Say how many tables fit without each figure, and what that figure would then be."""
    report = solution.report
    if len(report.values) + len(report.intervals) < 2:
        yield from _nearest_values(solution, next(iter(report.values), ""), report)
        return
    for name in report.values:
        lesser = report.without(value=name)
        left = _again(solution, lesser)
        if left is None or left.count == 0:
            continue
        yield (
            f"Without {report.label(name)}, {tables_phrase(left.count)} would fit"
            f"{_what_it_would_be(left, report, name)}."
        )
    for name in report.intervals:
        left = _again(solution, report.without(interval=name))
        if left is not None and left.count:
            label = report.interval_label(name)
            yield f"Without the {label}, {tables_phrase(left.count)} would fit."


def tables_phrase(count: int) -> str:
    """Return a number of tables in words."""
    return f"{count:,} table{'s' if count != 1 else ''}"


def _nearest_values(solution: Solution, name: str, report: PrintedReport) -> Iterator[str]:
    """Say what a single printed figure could have been."""
    if name:
        left = _again(solution, report.without(value=name))
        if left is not None and left.count:
            text = _what_it_would_be(left, report, name)
            if text:
                yield f"{report.label(name)} is out of reach{text}."


def _what_it_would_be(left: Solution, report: PrintedReport, name: str) -> str:
    """Return the values of a figure in the tables that agree with all others, nearest first."""
    figure = report.values[name]
    if left.count > _FEW or figure.value is None or left.corrections != ("none",):
        return ""
    if left.known != CELLS:
        return ""
    values = report.measure(name).of(left.listed.cells)
    if name in POSTTESTS and report.pretest_odds is not None:
        values = posttest_from_odds(float(report.pretest_odds), values)
    target = float(figure.value)
    parts = []
    for side in (values < target, values >= target):
        if np.any(side):
            distance = np.where(side, np.abs(values - target), np.inf)
            nearest = int(np.argmin(distance))
            parts.append(f"{figure.spell(float(values[nearest]))} ({_name_of(left, nearest)})")
    verb = "s are" if len(parts) > 1 else " is"
    return f"; the nearest value{verb} then {' and '.join(parts)}" if parts else ""


def _other_readings(solution: Solution) -> Iterator[str]:
    """Say whether cut-off digits or patients who were not assessed would explain the figures."""
    if solution.rounding != "truncated":
        left = _again(solution, _truncated(solution.report))
        if left is not None and left.count:
            yield (
                "If the digits were cut off instead of rounded, "
                f"{tables_phrase(left.count)} would fit{_if_one(left)}."
            )
    ranges = solution.report.margins
    fewer = {}
    for name in ("n", "n_cases"):
        low, high = getattr(ranges, name)
        if high is not None and low == high and high > 1:
            fewer[name] = (high - high // 10, high)
    if fewer:
        report = replace(solution.report, margins=replace(ranges, **fewer))
        left = _again(solution, report)
        if left is not None and left.count:
            spans = ", ".join(f"{name} {low}..{high}" for name, (low, high) in fewer.items())
            yield (
                f"If up to a tenth of the patients had not been assessed ({spans}), "
                f"{tables_phrase(left.count)} would fit{_if_one(left)}."
            )


def _if_one(solution: Solution) -> str:
    return f": {_name_of(solution)}" if solution.count == 1 else ""


def _truncated(report: PrintedReport) -> PrintedReport:
    values = {
        name: parse_printed(value.text, rounding="truncated")
        for name, value in report.values.items()
    }
    return replace(report, values=values)


def _again(solution: Solution, report: PrintedReport) -> Solution | None:
    """Search again with other figures; None where too little is then known."""
    checks = [
        check for check in solution.checks if check.required and check.name in report.intervals
    ]
    try:
        return find_tables(
            report, checks, solution.corrections, solution.rounding,
            kind=Solution, most_rows=_MOST_ROWS,
        )  # fmt: skip
    except ArgumentError:
        return None


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The interval of all tables and methods that comes nearest to the printed one."""

    method: str
    low: float
    high: float
    units: float


def interval_findings(solution: Solution) -> pd.DataFrame:
    """Return what became of each printed interval, one row each."""
    rows = []
    for check in solution.checks:
        methods = _methods_found(solution, check)
        low, high = ("" if end is None else end.text for end in check.ends)
        row: dict[str, Any] = {
            "statistic": check.name,
            "printed_low": low,
            "printed_high": high,
            "ci_level": check.level,
            "methods": ", ".join(methods),
        }
        nearest = None if methods else _nearest(solution, check)
        if methods:
            row["finding"] = "reproduced"
        elif nearest is not None and nearest.units <= 1:
            row["finding"] = "method unknown"
        else:
            row["finding"] = "not reproduced"
        row["nearest_method"] = nearest.method if nearest else ""
        row["nearest_low"] = nearest.low if nearest else math.nan
        row["nearest_high"] = nearest.high if nearest else math.nan
        rows.append(row)
    columns = ["statistic", "printed_low", "printed_high", "ci_level", "methods", "finding"]
    return pd.DataFrame(rows, columns=[*columns, "nearest_method", "nearest_low", "nearest_high"])


def _methods_found(solution: Solution, check: IntervalCheck) -> list[str]:
    """Return the methods that reproduce an interval for at least one table that fits."""
    seen = 0
    for branch in solution.branches:
        if check.name not in solution.set_aside:
            seen |= int(np.bitwise_or.reduce(branch.tables.methods[check.name], initial=0))
    return check.named(seen)


def _nearest(solution: Solution, check: IntervalCheck) -> _Nearest | None:
    """Return the nearest interval over the tables that agree with the printed values."""
    base = solution
    if solution.count == 0:
        intervals = tuple(solution.report.intervals)
        report = solution.report
        for name in intervals:
            report = report.without(interval=name)
        again = _again(solution, report)
        if again is None:
            return None
        base = again
    best: _Nearest | None = None
    for branch in base.branches:
        if not 0 < branch.count <= _FEW:
            continue
        for method in check.methods:
            low, high = check.bounds(method, branch.tables.cells, branch.correction)
            units = check.distance(low, high)
            at = int(np.argmin(units))
            if math.isfinite(units[at]) and (best is None or units[at] < best.units):
                best = _Nearest(method, float(low[at]), float(high[at]), float(units[at]))
    return best


def _intervals(solution: Solution) -> Iterator[str]:
    labels = {check.name: check.label for check in solution.checks}
    required = {check.name: check.required for check in solution.checks}
    tried = {check.name: ", ".join(check.methods) for check in solution.checks}
    for row in interval_findings(solution).to_dict("records"):
        name = row["statistic"]
        if row["finding"] == "reproduced":
            yield f"The {labels[name]} is reproduced by {row['methods']}."
            continue
        nearest = ""
        if row["nearest_method"]:
            digits = 1 + max(end.decimals for end in solution.report.intervals[name] if end)
            ends = f"{row['nearest_low']:.{digits}f} to {row['nearest_high']:.{digits}f}"
            nearest = f"; the nearest is {row['nearest_method']} {ends}"
        text = f"No method tried ({tried[name]}) gives the {labels[name]}{nearest}"
        if row["finding"] == "method unknown":
            text += ", less than one unit of the last digit away: the method is unknown"
        aside = "" if required[name] or not solution.count else "; it was set aside"
        yield f"{text}{aside}."
