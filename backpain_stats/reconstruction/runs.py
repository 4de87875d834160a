"""Whole numbers in runs: what is known of counts, where a statistic fits, and tables.

Every statistic of a 2x2 table is a fraction of products of sums of cells. Along
a run, one cell grows by one at each step and the sums grow or shrink with it,
so a bound is a polynomial inequality in one whole number. It is solved by
integer division, or by bisection where the variable occurs twice in a product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backpain_stats.tables import CELLS, Factor, Form, Measure

__all__ = [
    "INFINITE",
    "Constraint",
    "Line",
    "Margins",
    "Range",
    "Runs",
    "Tables",
    "consecutive",
    "narrow",
    "tables_of_rows",
]

Array = np.ndarray
# The smallest count, and the largest or None.
Range = tuple[int, int | None]
# A sum of cells along a run: its constant and its slope, -1, 0 or 1.
Line = tuple[Any, int]

# "Infinity" is printed for a division by zero, and so is read every bound from here on.
INFINITE = Fraction(2**60)

_PAIRS: tuple[Form, ...] = (("tp", "fn"), ("fp", "tn"), ("tp", "fp"), ("fn", "tn"))
_SUMS: tuple[tuple[Form, Form, Form], ...] = (
    *((pair, pair[:1], pair[1:]) for pair in _PAIRS),
    (CELLS, ("tp", "fn"), ("fp", "tn")),
    (CELLS, ("tp", "fp"), ("fn", "tn")),
)


@dataclass(frozen=True, slots=True)
class Margins:
    """What is known of the counts: each a range (smallest, largest or None)."""

    n: Range = (0, None)
    n_cases: Range = (0, None)
    n_positive: Range = (0, None)
    tp: Range = (0, None)
    fp: Range = (0, None)
    fn: Range = (0, None)
    tn: Range = (0, None)

    def ranges(self) -> dict[Form, Range] | None:
        """Return the range of every sum of cells, made consistent; None if they conflict."""
        known: dict[Form, Range] = {(cell,): getattr(self, cell) for cell in CELLS}
        known |= dict.fromkeys(_PAIRS, (0, None))
        known[CELLS], known["tp", "fn"] = self.n, self.n_cases
        known["tp", "fp"] = self.n_positive
        # A few passes settle the ranges; one that is not settled yet is wider, never wrong.
        for _ in range(12):
            before = dict(known)
            for whole, first, second in _SUMS:
                for part, other in ((first, second), (second, first)):
                    (low, high), (w_low, w_high) = known[part], known[whole]
                    o_low, o_high = known[other]
                    if o_high is not None:
                        low = max(low, w_low - o_high)
                    if w_high is not None:
                        high = w_high - o_low if high is None else min(high, w_high - o_low)
                    known[part] = (low, high)
                (f_low, f_high), (s_low, s_high) = known[first], known[second]
                low, high = known[whole]
                if f_high is not None and s_high is not None:
                    high = f_high + s_high if high is None else min(high, f_high + s_high)
                known[whole] = (max(low, f_low + s_low), high)
            if any(high is not None and low > high for low, high in known.values()):
                return None
            if known == before:
                break
        return known


@dataclass(frozen=True, slots=True)
class Constraint:
    """A statistic whose exact value lies between two bounds.

    Parameters
    ----------
    label : str
        How the explanation names it, for example ``"sensitivity 0.31"``.
    measure : Measure
        The statistic.
    low, high : Fraction or None
        Bounds; None is unbounded.
    low_closed, high_closed : bool
        Whether the bound itself is allowed.
    """

    label: str
    measure: Measure
    low: Fraction | None
    high: Fraction | None
    low_closed: bool = True
    high_closed: bool = True

    def inequalities(self) -> Iterator[tuple[int, int, int]]:
        """Yield (u, v, s): u * numerator + v * denominator - s >= 0 in whole numbers."""
        if self.low is not None and self.low >= INFINITE:
            yield 0, -1, 0
        elif self.low is not None:
            yield self.low.denominator, -self.low.numerator, 0 if self.low_closed else 1
        if self.high is not None:
            yield -self.high.denominator, self.high.numerator, 0 if self.high_closed else 1


def consecutive(low: Array, high: Array) -> tuple[Array, Array]:
    """Return, for the ranges low..high one after the other, their index and their values."""
    widths = (high - low + 1).clip(0).astype(np.int64)
    index = np.repeat(np.arange(widths.size), widths)
    offset = np.arange(index.size) - np.repeat(np.cumsum(widths) - widths, widths)
    return index, low[index] + offset


def tables_of_rows(n: Array, low: Array, high: Array) -> Array:
    """Return how many tables of size n have a row total from ``low`` to ``high``.

    It is the sum of (r + 1) (n - r + 1) over the row totals r.
    """
    above, below = (
        (n + 1) * (m + 1) + n * (m * (m + 1) // 2) - m * (m + 1) * (2 * m + 1) // 6
        for m in (high, low - 1)
    )
    return np.asarray(above - below)


def narrow(
    constraint: Constraint, lines: Mapping[Form, Line], low: Array, high: Array
) -> tuple[Array, Array]:
    """Return the part of each run low..high on which the constraint holds.

    ``lines`` gives every sum of cells as (constant, slope) in the variable of the run.
    """
    top = _product(constraint.measure.numerator, lines)
    bottom = _product(constraint.measure.denominator, lines)
    size = max(len(top), len(bottom), 2)
    top, bottom = (side + [0] * (size - len(side)) for side in (top, bottom))
    low, high = _drop_undefined(top, bottom, low, high)
    for u, v, slack in constraint.inequalities():
        terms = [u * p + v * q for p, q in zip(top, bottom, strict=True)]
        terms[0] = terms[0] - slack
        where = _where_line_is_not_negative if size == 2 else _where_ray_is_not_negative
        low, high = where(terms, low, high)
    return low, high


def _product(factors: Sequence[Factor], lines: Mapping[Form, Line]) -> list[Any]:
    """Return the coefficients, constant first, of a product of sums of cells.

    All sums are doubled, so that half a patient is a whole number.
    """
    product: list[Any] = [1]
    for factor in factors:
        constant, slope = lines[factor.form]
        constant = 2 * constant + factor.half * len(factor.form)
        longer = [term * constant for term in product]
        if slope:
            longer.append(0)
            for position, term in enumerate(product):
                longer[position + 1] = longer[position + 1] + term * (2 * slope)
        product = longer
    return product


def _value(terms: Sequence[Any], x: Array) -> Array:
    """Return the polynomial at ``x``, by Horner's rule."""
    result = x * 0
    for term in reversed(terms):
        result = result * x + term
    return np.asarray(result)


def _drop_undefined(
    top: list[Any], bottom: list[Any], low: Array, high: Array
) -> tuple[Array, Array]:
    """Remove 0/0, which no paper prints.

    A sum of cells is zero at an end of its run or everywhere, so three points tell.
    """
    lines = len(top) == 2
    at_low, at_high, inside = (
        (low <= high)
        & (((top[0] + top[1] * x) if lines else _value(top, x)) == 0)
        & (((bottom[0] + bottom[1] * x) if lines else _value(bottom, x)) == 0)
        for x in (low, high, low + 1)
    )
    everywhere = (high - low >= 2) & inside
    return low + at_low, np.where(everywhere, low - 1, high - at_high)


def _where_line_is_not_negative(
    terms: Sequence[Any], low: Array, high: Array
) -> tuple[Array, Array]:
    """Return the part of low..high where constant + slope * x >= 0."""
    constant, slope = (term + low * 0 for term in terms)
    quotient = constant // np.where(slope == 0, 1, abs(slope))
    low = np.where(slope > 0, np.maximum(low, -quotient), low)
    high = np.where(slope < 0, np.minimum(high, quotient), high)
    return low, np.where((slope == 0) & (constant < 0), low - 1, high)


def _where_ray_is_not_negative(
    terms: Sequence[Any], low: Array, high: Array
) -> tuple[Array, Array]:
    """Return the part of low..high where a polynomial with one change of sign is >= 0.

    Every statistic is monotone along its run, so bisection finds the change.
    """
    from_low, from_high = _value(terms, low) >= 0, _value(terms, high) >= 0
    inside = np.where(from_low, low, high)
    outside = np.where(from_low, high, low)
    mixed = (from_low != from_high) & (low <= high)
    for _ in range(int(max((high - low).max(initial=0), 1)).bit_length() + 1):
        middle = (inside + outside) // 2
        good = _value(terms, middle) >= 0
        inside = np.where(mixed & good, middle, inside)
        outside = np.where(mixed & ~good, middle, outside)
    low, high = (
        np.where(mixed & from_high, inside, low),
        np.where(mixed & from_low, inside, high),
    )
    return low, np.where(from_low | from_high, high, low - 1)


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables listed one by one, in the order of n, n_cases, tp, fp.

    Parameters
    ----------
    cells : numpy.ndarray
        Counts of shape (tables, 4), ordered tp, fp, fn, tn; 0 in a group that is not known.
    methods : mapping of str to numpy.ndarray
        By interval check, which methods give each table the printed interval.
    corrections : numpy.ndarray or None
        Which of several parts each table is from: bit k is set if it is the k-th.
    """

    cells: Array
    methods: Mapping[str, Array] = field(default_factory=dict)
    corrections: Array | None = None

    def of(self, rows: Array) -> Tables:
        """Return the tables of some rows: positions, or true and false."""
        methods = {name: fitting[rows] for name, fitting in self.methods.items()}
        corrections = None if self.corrections is None else self.corrections[rows]
        return Tables(self.cells[rows], methods, corrections)

    @classmethod
    def joined(cls, parts: Sequence[Tables]) -> Tables:
        """Return the tables of several parts, those that are equal one after the other."""
        joined = cls(
            np.concatenate([part.cells for part in parts]),
            {
                name: np.concatenate([part.methods[name] for part in parts])
                for name in parts[0].methods
            },
            np.repeat(1 << np.arange(len(parts)), [len(part.cells) for part in parts]),
        )
        tp, fp, fn, tn = joined.cells.T
        return joined.of(np.lexsort((fp, tp, tp + fn, tp + fp + fn + tn)))

    def merged(self) -> Tables:
        """Return each table once; what its equals say is joined."""
        new = np.ones(len(self.cells), dtype=bool)
        new[1:] = (self.cells[1:] != self.cells[:-1]).any(axis=1)
        if new.all() or self.corrections is None:
            return self
        first = np.flatnonzero(new)
        methods = {
            name: np.bitwise_or.reduceat(fitting, first) for name, fitting in self.methods.items()
        }
        return Tables(self.cells[first], methods, np.bitwise_or.reduceat(self.corrections, first))


@dataclass(frozen=True, slots=True)
class Runs:
    """Tables, kept as runs: row total, first cell, and consecutive values of the free cell.

    Parameters
    ----------
    cells : tuple of str
        The names of the cells a, b, c, d.
    n, row, first, low, high : numpy.ndarray
        Size of the study, row total a + c, cell a, smallest and largest cell b.
    known : tuple of str
        The cells that are part of the answer; not those of a group of unknown size.
    steps : tuple of (str, int)
        Each condition, and how many tables were left after it.
    methods : mapping of str to numpy.ndarray
        By interval check that was applied, which methods fit each run.
    """

    cells: tuple[str, str, str, str]
    n: Array
    row: Array
    first: Array
    low: Array
    high: Array
    known: tuple[str, ...] = CELLS
    steps: tuple[tuple[str, int], ...] = ()
    methods: Mapping[str, Array] = field(default_factory=dict)

    def expand(self) -> Tables:
        """Return the tables one by one."""
        index, free = consecutive(self.low, self.high)
        first, row, n = self.first[index], self.row[index], self.n[index]
        counts = dict(zip(self.cells, (first, free, row - first, n - row - free), strict=True))
        order = np.lexsort((counts["fp"], counts["tp"], counts["tp"] + counts["fn"], n))
        cells = np.stack([counts[cell][order] for cell in CELLS], axis=1).astype(np.int64)
        index = index[order]
        return Tables(cells, {name: fitting[index] for name, fitting in self.methods.items()})

    def split_zeros(self, *, zero: bool) -> Runs:
        """Return the tables with a zero cell, or those without."""
        spare = self.n - self.row
        inner_low, inner_high = np.maximum(self.low, 1), np.minimum(self.high, spare - 1)
        full = (self.first > 0) & (self.row > self.first)
        if not zero:
            return self._pick(full & (inner_low <= inner_high), inner_low, inner_high)
        whole = self._pick(~full, self.low, self.high)
        left = self._pick(full & (self.low == 0), self.low, self.low)
        right = self._pick(full & (self.high == spare) & (self.high > 0), self.high, self.high)
        return whole._joined(left)._joined(right)

    def _pick(self, chosen: Array, low: Array, high: Array) -> Runs:
        """Return chosen runs with new ends."""
        return replace(
            self,
            n=self.n[chosen],
            row=self.row[chosen],
            first=self.first[chosen],
            low=low[chosen],
            high=high[chosen],
            methods={name: fitting[chosen] for name, fitting in self.methods.items()},
        )

    def _joined(self, other: Runs) -> Runs:
        """Return the runs of both."""

        def both(name: str) -> Array:
            return np.concatenate([getattr(self, name), getattr(other, name)])

        methods = {
            name: np.concatenate([fitting, other.methods[name]])
            for name, fitting in self.methods.items()
        }
        return replace(
            self, n=both("n"), row=both("row"), first=both("first"), low=both("low"),
            high=both("high"), methods=methods,
        )  # fmt: skip
