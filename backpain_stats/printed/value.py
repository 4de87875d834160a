"""What a printed figure says: the exact interval of values that would be printed so.

A paper prints ``0.31``; the number behind it is any x from 0.305 to 0.315.
Everything here is exact: bounds are :class:`fractions.Fraction`, and no decision
is left to binary floating point.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, SupportsIndex

import numpy as np
import pandas as pd

from backpain_stats.checks import check_choice, check_count
from backpain_stats.errors import ArgumentError

__all__ = [
    "ROUNDINGS",
    "PrintedValue",
    "is_absent",
    "parse_count_range",
    "parse_printed",
    "spell",
    "split_interval",
]

# How the printed digits may have come about, and whether each end of the interval counts.
ROUNDINGS = ("nearest", "half_up", "no_ties", "truncated")

# Lancet journals print a raised dot; typesetters use several signs for the inequalities.
_NUMBER = re.compile(r"(?P<relation>>=|<=|>|<|)\s*(?P<digits>\d+\.?\d*|\.\d+)\s*(?P<percent>%?)")
_SPELLINGS = {"·": ".", "≥": ">=", "≤": "<=", "−": "-", "\u00a0": " ", "\u2009": " "}
_INFINITY = {"inf", "infinity", "∞"}
_WITH_INTERVAL = re.compile(
    r"(?P<value>[^()\[\]]*?)\s*[(\[]\s*(?P<low>[^()\[\]]+?)\s*(?:-|–|−|\bto\b|,|;|\.\.)\s*"
    r"(?P<high>[^()\[\]]+?)\s*[)\]]"
)
_RANGE = re.compile(r"(?P<low>[\d,]+)\s*(?:-|–|\.\.|\bto\b)\s*(?P<high>[\d,]+)")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """A printed figure and the exact interval of values that print so.

    Parameters
    ----------
    text : str
        The figure as given.
    value : fractions.Fraction or None
        The number the digits spell; None for infinity.
    low, high : fractions.Fraction or None
        Ends of the interval; None is unbounded.
    low_closed, high_closed : bool
        Whether the end itself would be printed so.
    decimals : int
        Digits after the point, on the scale of fractions (``"31%"`` has 2).
    """

    text: str
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    low_closed: bool
    high_closed: bool
    decimals: int

    def __str__(self) -> str:
        """Return the figure as given."""
        return self.text

    @property
    def is_inequality(self) -> bool:
        """Whether a bound was printed (``">0.90"``), not a value."""
        return self.low is None or self.high is None

    @property
    def point(self) -> Fraction | None:
        """The number that was printed; None for a bound and for infinity."""
        return None if self.is_inequality else self.value

    def admits(self, number: Fraction | int | float) -> bool:
        """Whether ``number`` would be printed as this figure.

        Parameters
        ----------
        number : Fraction, int or float
            A float is taken at its exact binary value; infinity is allowed.

        Examples
        --------
        >>> parse_printed("0.31").admits(Fraction(4, 13))
        True
        """
        if isinstance(number, float) and math.isinf(number):
            return self.high is None and number > 0
        x = Fraction(number)
        above = self.low is None or x > self.low or (self.low_closed and x == self.low)
        below = self.high is None or x < self.high or (self.high_closed and x == self.high)
        return above and below

    def admits_float(self, numbers: Any) -> np.ndarray:
        """Whether each of ``numbers``, computed in floating point, would be printed so.

        For the ends of confidence intervals only: they hold a normal quantile, so a
        tie cannot occur, and 1e-12 (relative) stands for the error of the computation.
        """
        values = np.asarray(numbers, dtype=float)
        return self.overlaps(values, values)

    def overlaps(self, smallest: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """Whether some value from ``smallest`` to ``largest`` would be printed so.

        In floating point, as :meth:`admits_float`.
        """
        good = ~(np.isnan(smallest) | np.isnan(largest))
        if self.low is not None:
            good &= largest >= _nudged(self.low, -1)
        if self.high is not None:
            good &= smallest <= _nudged(self.high, 1)
        return np.asarray(good)

    def spell(self, number: Fraction | int | float) -> str:
        """Print ``number`` with as many decimals as this figure, half up.

        Examples
        --------
        >>> parse_printed("0.50").spell(Fraction(7, 13))
        '0.54'
        """
        if isinstance(number, float) and not math.isfinite(number):
            return "not estimable" if math.isnan(number) else "infinity"
        return spell(number, self.decimals)


def _nudged(bound: Fraction, direction: int) -> float:
    """Return a bound moved outwards by the error of a computation in doubles."""
    return float(bound) + direction * (1e-12 * abs(float(bound)) + 1e-15)


def spell(number: Fraction | int | float, decimals: int) -> str:
    """Print a finite, non-negative number with ``decimals`` digits, rounding half up."""
    scaled = Fraction(number) * 10**decimals
    units = math.floor(scaled + Fraction(1, 2))
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)


def is_absent(value: Any) -> bool:
    """Whether ``value`` stands for "not printed": None, NA, NaN or empty text."""
    if value is None or value is pd.NA:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float) and math.isnan(value)


def parse_printed(
    text: Any, name: str = "value", *, rounding: str = "nearest", signed: bool = False
) -> PrintedValue:
    """Return the interval of values that a paper would print as ``text``.

    With u one unit of the last printed digit, the figure v admits every x in
    [v - u/2, v + u/2]. Both ends count by default: that covers rounding half up
    and half to even.

    Parameters
    ----------
    text : str, int or decimal.Decimal
        As printed: ``"0.31"``, ``"31%"`` (the same), ``">0.90"`` (strict),
        ``"<0.01"``, ``">=2"``, ``"infinity"``. A float is refused: it has lost
        its trailing zeros, and 0.50 says more than 0.5.
    name : str
        What the figure is, for the error message.
    rounding : {"nearest", "half_up", "no_ties", "truncated"}
        ``"half_up"`` excludes the upper end, ``"no_ties"`` both;
        ``"truncated"`` reads the digits as cut off: v <= x < v + u.
    signed : bool
        Whether a minus sign is allowed: an end of a normal interval may be negative.

    Returns
    -------
    PrintedValue
        The exact interval.

    Raises
    ------
    ArgumentError
        If ``text`` is not a printed, non-negative number.

    Examples
    --------
    >>> figure = parse_printed("31%")
    >>> figure.low, figure.high
    (Fraction(61, 200), Fraction(63, 200))
    """
    check_choice(rounding, "rounding", ROUNDINGS)
    given = _as_text(text, name)
    if given.lower() in _INFINITY:
        return PrintedValue(given, None, None, None, True, True, 0)
    plain = _respell(given)
    sign = -1 if signed and plain.startswith("-") else 1
    match = _NUMBER.fullmatch(plain[1:] if sign < 0 else plain)
    if match is None:
        hint = ""
        if re.fullmatch(r"\d+,\d+%?", given):
            hint = f"; write a decimal point: {given.replace(',', '.')}"
        elif plain.startswith("-"):
            hint = "; a negative value is not possible here"
        raise ArgumentError(
            f"{name} is {given!r}; it must be a figure as printed, such as '0.31', '31%', "
            f"'14.7', '>0.90' or '<0.01'{hint}"
        )
    digits = match["digits"]
    shift = 2 if match["percent"] else 0
    decimals = len(digits.partition(".")[2]) + shift
    value = sign * Fraction(digits.rstrip(".")) / 10**shift
    return _interval(given, match["relation"], value, decimals, rounding)


def _interval(
    text: str, relation: str, value: Fraction, decimals: int, rounding: str
) -> PrintedValue:
    """Return the interval of a figure that has been read."""
    low: Fraction | None
    high: Fraction | None
    if relation:
        closed = relation.endswith("=")
        low, high = (value, None) if relation.startswith(">") else (None, value)
        return PrintedValue(text, value, low, high, closed, closed, decimals)
    unit = Fraction(1, 10**decimals)
    if rounding == "truncated":
        return PrintedValue(text, value, value, value + unit, True, False, decimals)
    low, high = value - unit / 2, value + unit / 2
    closed_low, closed_high = rounding != "no_ties", rounding == "nearest"
    return PrintedValue(text, value, low, high, closed_low, closed_high, decimals)


def split_interval(text: Any) -> tuple[Any, str, str] | None:
    """Split ``"0.75 (0.53-0.90)"`` into value, low and high; None if there is no interval.

    A percent sign counts for the figures before it, and for the whole interval
    of a value that has one: ``"33% (22-46)"``, ``"(22-46%)"``.

    Examples
    --------
    >>> split_interval("14.8 (6.3 to 34.9)")
    ('14.8', '6.3', '34.9')
    """
    if not isinstance(text, str):
        return None
    match = _WITH_INTERVAL.fullmatch(_respell(text.strip()))
    if match is None:
        return None
    value, low, high = match["value"], match["low"], match["high"]
    if value.endswith("%") and not high.endswith("%"):
        high += "%"
    if high.endswith("%") and not low.endswith("%"):
        low += "%"
    return value, low, high


def parse_count_range(value: Any, name: str) -> tuple[int, int] | None:
    """Return the smallest and largest count allowed; None if nothing is known.

    Parameters
    ----------
    value : int, str, pair of int, or None
        ``13``, ``"13"``, ``"1,975"``, ``(250, 308)``, ``"250-308"``, ``"250..308"``;
        None, NA and empty text mean unknown.
    name : str
        What is counted, for the error message.

    Raises
    ------
    ArgumentError
        If it is not a count or a range of counts, or the range is upside down.

    Examples
    --------
    >>> parse_count_range("250-308", "n"), parse_count_range(13, "n_cases")
    ((250, 308), (13, 13))
    """
    if is_absent(value):
        return None
    if isinstance(value, str):
        match = _RANGE.fullmatch(value.strip())
        ends = [match["low"], match["high"]] if match else [value.strip()]
        counts = [
            check_count(end.replace(",", "") if _THOUSANDS.fullmatch(end) else end, name)
            if end.replace(",", "").isdigit()
            else _refuse_count(value, name)
            for end in ends
        ]
    elif isinstance(value, (tuple, list, range)) and len(value) >= 1:
        if not isinstance(value, range) and len(value) != 2:
            _refuse_count(value, name)
        counts = [check_count(value[0], name), check_count(value[-1], name)]
    elif isinstance(value, (SupportsIndex, float, np.floating)):
        counts = [check_count(value, name)]
    else:
        counts = [_refuse_count(value, name)]
    low, high = counts[0], counts[-1]
    if low > high:
        raise ArgumentError(f"{name} is {value!r}; the first number is larger than the second")
    return low, high


def _refuse_count(value: Any, name: str) -> int:
    """Raise the error for something that is not a count."""
    raise ArgumentError(
        f"{name} is {value!r}; it must be a count such as 13, a range such as '250-308' "
        "or (250, 308), or None if unknown"
    )


def _as_text(text: Any, name: str) -> str:
    """Return a printed figure as text; refuse what has lost its digits."""
    if isinstance(text, str):
        return text.strip()
    if isinstance(text, Decimal) and text.is_finite():
        return f"{text:f}"
    if isinstance(text, SupportsIndex) and not isinstance(text, bool):
        return str(text.__index__())
    if isinstance(text, (float, np.floating)):
        raise ArgumentError(
            f"{name} is the number {text!r}; give it as printed, in quotes, such as "
            f"'{text:.2f}': a number forgets how many digits were printed"
        )
    raise ArgumentError(f"{name} is {text!r}; it must be a figure as printed, in quotes")


def _respell(text: str) -> str:
    """Replace typesetters' signs by the plain ones."""
    for sign, plain in _SPELLINGS.items():
        text = text.replace(sign, plain)
    return text
