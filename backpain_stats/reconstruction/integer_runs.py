"""Runs of consecutive integers on which a statistic lies within exact bounds.

Every statistic of a 2x2 table is a fraction of products of sums of cells. Along
a run, one cell grows by one at each step and the sums grow or shrink with it,
so a bound is a polynomial inequality in one whole number. It is solved by
integer division, or by bisection where the variable occurs twice in a product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from backpain_stats.reconstruction.measures import Factor, Form, Measure

__all__ = ["Constraint", "Line", "consecutive", "narrow", "total"]

Array = np.ndarray
# A sum of cells along a run: its constant and its slope, -1, 0 or 1.
Line = tuple[Any, int]


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
        if self.low is not None:
            yield self.low.denominator, -self.low.numerator, 0 if self.low_closed else 1
        if self.high is not None:
            yield -self.high.denominator, self.high.numerator, 0 if self.high_closed else 1

    def largest_product(self, n: int) -> int:
        """Return a bound of every whole number met when solving it for tables of ``n``."""
        weight = max((abs(u) + abs(v) for u, v, _ in self.inequalities()), default=1)
        return weight * (4 * n + 8) ** len(self.measure.numerator)


def total(counts: Array) -> int:
    """Return the exact sum of counts."""
    return int(counts.sum()) if counts.size else 0


def consecutive(low: Array, high: Array) -> tuple[Array, Array]:
    """Return, for the ranges low..high one after the other, their index and their values."""
    widths = (high - low + 1).clip(0).astype(np.int64)
    index = np.repeat(np.arange(widths.size), widths)
    offset = np.arange(index.size) - np.repeat(np.cumsum(widths) - widths, widths)
    return index, low[index] + offset


def narrow(
    constraint: Constraint, lines: Mapping[Form, Line], low: Array, high: Array
) -> tuple[Array, Array]:
    """Return the part of each run low..high on which the constraint holds.

    ``lines`` gives every sum of cells as (constant, slope) in the variable of the run.
    """
    top = _product(constraint.measure.numerator, lines)
    bottom = _product(constraint.measure.denominator, lines)
    low, high = _drop_undefined(top, bottom, low, high)
    for u, v, slack in constraint.inequalities():
        terms = [u * p + v * q for p, q in zip(*_same_length(top, bottom), strict=True)]
        terms[0] = terms[0] - slack
        if len(terms) <= 2:
            low, high = _where_line_is_not_negative([*terms, 0][:2], low, high)
        else:
            low, high = _where_ray_is_not_negative(terms, low, high)
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


def _same_length(top: list[Any], bottom: list[Any]) -> tuple[list[Any], list[Any]]:
    size = max(len(top), len(bottom))
    return top + [0] * (size - len(top)), bottom + [0] * (size - len(bottom))


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

    def undefined(x: Array) -> Array:
        return np.asarray((low <= high) & (_value(top, x) == 0) & (_value(bottom, x) == 0))

    everywhere = (high - low >= 2) & undefined(low + 1)
    at_low, at_high = undefined(low), undefined(high)
    low = np.where(at_low, low + 1, low)
    high = np.where(at_high, high - 1, high)
    return low, np.where(everywhere, low - 1, high)


def _where_line_is_not_negative(
    terms: Sequence[Any], low: Array, high: Array
) -> tuple[Array, Array]:
    """Return the part of low..high where constant + slope * x >= 0."""
    constant, slope = (term + low * 0 for term in terms)
    size = np.where(slope == 0, 1, abs(slope))
    quotient = constant // size
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
