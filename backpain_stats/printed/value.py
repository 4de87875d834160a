"""What a printed figure says: the exact interval of values that would be printed so.

A paper prints ``0.31``; the number behind it is any x from 0.305 to 0.315.
Everything here is exact: bounds are :class:`fractions.Fraction`, and no decision
is left to binary floating point. This is the one reader of figures of the package.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, SupportsIndex, get_args

import numpy as np
import pandas as pd

from backpain_stats.checks import LARGEST_COUNT, check_choice, check_truth
from backpain_stats.errors import ArgumentError

__all__ = [
    "ROUNDINGS",
    "PrintedValue",
    "Rounding",
    "as_numbers",
    "is_absent",
    "parse_count_range",
    "parse_printed",
    "spell",
    "split_interval",
]

# How the printed digits may have come about, and whether each end of the interval counts.
Rounding = Literal["nearest", "half_up", "no_ties", "truncated"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)

# No printed figure is longer; beyond that, digits cost time and are a slip of a program.
LONGEST = 60
# Lancet journals print a raised dot; typesetters use several signs for the inequalities.
_SIGNS = str.maketrans(
    {"·": ".", "≥": ">=", "≤": "<=", "−": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "}
)
_NUMBER = re.compile(
    r"(?P<relation>>=|<=|>|<|)\s*(?P<digits>[0-9]+\.?[0-9]*|\.[0-9]+)\s*(?P<percent>%?)"
)
_COUNT = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+"
_COUNTS = re.compile(rf"(?P<part>{_COUNT})\s*(?:/|out of|of|in)\s*(?P<whole>{_COUNT})")
_INFINITY = {"inf", "infinity", "∞"}
_WITH_INTERVAL = re.compile(
    r"(?P<value>[^()\[\]]*?)\s*[(\[]\s*(?P<low>[^()\[\]]+?)\s*(?:-|–|−|\bto\b|,|;|\.\.)\s*"
    r"(?P<high>[^()\[\]]+?)\s*[)\]]"
)
_COUNT_RANGE = re.compile(rf"(?P<low>{_COUNT})(?:\s*(?:-|–|\.\.|\bto\b)\s*(?P<high>{_COUNT}))?")


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """A printed figure and the exact interval of values that print so.

    Parameters
    ----------
    text : str
        The figure as given.
    value : fractions.Fraction or None
        The number the digits spell, that of a bound included; None for infinity.
    low, high : fractions.Fraction or None
        Ends of the interval; None is unbounded.
    low_closed, high_closed : bool
        Whether the end itself would be printed so.
    decimals : int
        Digits after the point, on the scale of fractions (``"31%"`` has 2).
    counts : (int, int) or None
        For a share printed as counts (``"13 of 1975"``): the part and the whole.
        The interval is then the one exact fraction.
    """

    text: str
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    low_closed: bool
    high_closed: bool
    decimals: int
    counts: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Return the figure as given."""
        return self.text

    @property
    def is_bound(self) -> bool:
        """Whether a bound was printed (``">0.90"``), not a value."""
        return self.value is not None and (self.low is None or self.high is None)

    @property
    def point(self) -> Fraction | None:
        """The number printed as a value; None for a bound and for infinity."""
        bounded = self.low is not None and self.high is not None
        return self.value if bounded else None

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
    text: Any, name: str = "value", *, rounding: Rounding = "nearest", signed: bool = False
) -> PrintedValue:
    """Return the interval of values that a paper would print as ``text``.

    With u one unit of the last printed digit, the figure v admits every x in
    [v - u/2, v + u/2]. Both ends count by default: that covers rounding half up
    and half to even. So ``"0.0"`` is anything up to 0.05. A bound (``"<0.01"``,
    ``">=2.4"``) admits all beyond it, and a share of counts (``"13 of 1975"``,
    ``"13/1975"``, ``"1 in 300"``) its one exact value.

    Parameters
    ----------
    text : str, int or decimal.Decimal
        As printed: ``"0.31"``, ``"31%"`` (the same), ``">0.90"`` (strict),
        ``"≥2"``, ``"1 in 300"``, ``"infinity"``; at most 60 characters. Thousands
        may have commas in counts only (``"13 of 1,975"``). A float is refused: it
        has lost its trailing zeros, and 0.50 says more than 0.5.
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
    >>> parse_printed("13 of 1975").counts, parse_printed("≥2.4").point
    ((13, 1975), None)
    """
    if not (isinstance(rounding, str) and rounding in ROUNDINGS):
        check_choice(rounding, "rounding", ROUNDINGS)
    if signed is not False:
        check_truth(signed, "signed")
    short = isinstance(text, str) and len(text) <= LONGEST
    given = text.strip() if short else _as_text(text, name)
    plain = given.translate(_SIGNS)
    sign = -1 if signed and plain.startswith("-") else 1
    number = _NUMBER.fullmatch(plain[1:] if sign < 0 else plain)
    if number is None:
        return _rarely_printed(given, plain, name)
    digits, relation = number["digits"], number["relation"]
    shift = 2 if number["percent"] else 0
    decimals = len(digits.partition(".")[2]) + shift
    value = sign * Fraction(digits.rstrip(".")) / 10**shift
    if relation:
        closed = relation.endswith("=")
        low, high = (value, None) if relation.startswith(">") else (None, value)
        return PrintedValue(given, value, low, high, closed, closed, decimals)
    unit = Fraction(1, 10**decimals)
    if rounding == "truncated":
        return PrintedValue(given, value, value, value + unit, True, False, decimals)
    closed_low, closed_high = rounding != "no_ties", rounding == "nearest"
    least = value - unit / 2
    if least < 0 and not signed:
        least, closed_low = Fraction(0), True
    return PrintedValue(given, value, least, value + unit / 2, closed_low, closed_high, decimals)


def _rarely_printed(given: str, plain: str, name: str) -> PrintedValue:
    """Read infinity and shares printed as counts; else say why it is no figure."""
    if plain.lower() in _INFINITY:
        return PrintedValue(given, None, None, None, True, True, 0)
    counts = _COUNTS.fullmatch(plain)
    if counts is not None:
        part, whole = (int(counts[side].replace(",", "")) for side in ("part", "whole"))
        if whole:
            share = Fraction(part, whole)
            decimals = max(2, len(str(whole)))
            return PrintedValue(given, share, share, share, True, True, decimals, (part, whole))
    hint = ""
    if re.fullmatch(r"[0-9]+,[0-9]+%?", given):
        hint = f"; write a decimal point: {given.replace(',', '.')}"
    elif plain.startswith("-"):
        hint = "; a negative value is not possible here"
    elif counts is not None:
        hint = "; a share of no patients does not exist"
    raise ArgumentError(
        f"{name} is {given!r}; it must be a figure as printed, such as '0.31', '31%', "
        f"'14.7', '>0.90', '<0.01' or '13 of 1975'{hint}"
    )


def split_interval(text: Any) -> tuple[Any, str, str] | None:
    """Split ``"0.75 (0.53-0.90)"`` into value, low and high; None if there is no interval.

    A percent sign counts for the figures before it, and for the whole interval
    of a value that has one: ``"33% (22-46)"``, ``"(22-46%)"``.

    Examples
    --------
    >>> split_interval("14.8 (6.3 to 34.9)")
    ('14.8', '6.3', '34.9')
    """
    if not isinstance(text, str) or len(text) > 3 * LONGEST:
        return None
    match = _WITH_INTERVAL.fullmatch(text.strip().translate(_SIGNS))
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
        If it is not a count or a range of counts, a count is 2**53 or more, or the
        range is upside down.

    Examples
    --------
    >>> parse_count_range("250-308", "n"), parse_count_range(13, "n_cases")
    ((250, 308), (13, 13))
    """
    if is_absent(value):
        return None
    ends: Any = value
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value, value
    if isinstance(value, str):
        match = _COUNT_RANGE.fullmatch(value.strip()) if len(value) <= LONGEST else None
        ends = () if match is None else (match["low"], match["high"] or match["low"])
        ends = tuple(int(end.replace(",", "")) for end in ends)
    elif isinstance(value, range) and len(value):
        ends = (value[0], value[-1])
    elif not isinstance(value, (tuple, list)):
        ends = (value, value)
    if len(ends) != 2 or not all(map(_is_count, ends)):
        raise ArgumentError(
            f"{name} is {_cut(value)}; it must be a count such as 13, a range such as '250-308' "
            "or (250, 308), or None if unknown; a count is a whole number, 0 or more"
        )
    low, high = int(ends[0]), int(ends[1])
    if high > LARGEST_COUNT:
        raise ArgumentError(f"{name} is {_cut(value)}; counts of 2**53 or more are not exact")
    if low > high:
        raise ArgumentError(f"{name} is {_cut(value)}; the first number is larger than the second")
    return low, high


def _is_count(value: Any) -> bool:
    """Whether a value is a whole number of 0 or more."""
    if type(value) is int:
        return value >= 0
    if isinstance(value, (float, np.floating)):
        return bool(value >= 0 and float(value).is_integer())
    if np.ndim(value):
        return False
    whole = isinstance(value, SupportsIndex) and not isinstance(value, (bool, np.bool_))
    return whole and value.__index__() >= 0


def as_numbers(cells: pd.Series) -> pd.Series:
    """Return the numbers that printed cells spell, to compare their order with.

    Parameters
    ----------
    cells : pandas.Series
        Figures as printed, in any form :func:`parse_printed` reads.

    Returns
    -------
    pandas.Series of float
        The number behind the digits, that of a bound included; infinity as such,
        and NaN for an empty cell and for what is no figure.

    Examples
    --------
    >>> as_numbers(pd.Series([">=0.90", "31%", None, "x"], dtype="string")).tolist()
    [0.9, 0.31, nan, nan]
    """
    read = {text: _as_number(text) for text in pd.unique(cells.dropna())}
    return cells.astype(object).map(read).astype(float)


def _as_number(text: Any) -> float:
    try:
        value = parse_printed(text, signed=True).value
    except ArgumentError:
        return math.nan
    return math.inf if value is None else float(value)


def _as_text(text: Any, name: str) -> str:
    """Return a printed figure as text; refuse what has lost its digits."""
    given: str | None = None
    if isinstance(text, str):
        given = text.strip()
    elif isinstance(text, Decimal):
        if text.is_finite() and abs(text.adjusted()) < LONGEST:
            given = f"{text:f}"
    elif isinstance(text, (float, np.floating)):
        raise ArgumentError(
            f"{name} is the number {text!r}; give it as printed, in quotes, such as "
            f"'{text:.2f}': a number forgets how many digits were printed"
        )
    elif isinstance(text, (int, np.integer)) and not isinstance(text, bool):
        number = int(text)
        given = str(number) if abs(number) < 10**LONGEST else None
    if given is not None and len(given) <= LONGEST:
        return given
    raise ArgumentError(
        f"{name} is {_cut(text)}; it must be a figure as printed, in quotes, "
        f"of at most {LONGEST} characters"
    )


def _cut(value: Any) -> str:
    """Return a value for a message, cut where it is too long to be read."""
    try:
        text = repr(value)
    except ValueError:  # Python spells no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST + 2 else f"{text[:30]}... ({len(text):,} characters)"
