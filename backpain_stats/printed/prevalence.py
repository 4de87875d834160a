"""A pre-test probability: a number, counts, or a range, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_count, check_level, check_pretest
from backpain_stats.errors import ArgumentError, PretestError
from backpain_stats.estimate import format_percent
from backpain_stats.printed.value import PrintedValue, parse_printed
from backpain_stats.sampling import jeffreys_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["HasPretest", "Prevalence", "PrevalenceLike", "read_prevalence", "read_prevalences"]

FORMS = "a number (0.003), counts ('13/1975') or a range ('0.001 to 0.007')"
_RANGE = re.compile(r"\s*(?P<low>[^-–−]+?)\s*(?:-|–|−|\bto\b)\s*(?P<high>[^-–−]+?)\s*")
# How Python prints a small float; no paper prints so. Two digits of exponent are enough.
_SCIENTIFIC = re.compile(r"[0-9]{1,20}(?:\.[0-9]{0,20})?[eE][-+]?[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How common the condition is in the patients the question is about.

    The pre-test probability of the whole package. Build one with :meth:`exactly`,
    :meth:`counted` or :meth:`between`, or from words with :func:`read_prevalence`.

    Parameters
    ----------
    estimate : float
        The point value, strictly between 0 and 1.
    low, high : float or None
        Ends of a range, for kind ``"range"``; both the estimate for kind
        ``"fixed"``, which is taken as known; None for kind ``"counts"``, whose
        interval follows from the counts: see :meth:`interval`.
    kind : {"fixed", "counts", "range", "pooled"}
        What is known; ``"pooled"`` from several samples that differ.
    n_cases, n : int, optional
        The counts behind it, for kind ``"counts"``.
    source : str
        Where it comes from, as one printed phrase.
    exact : fractions.Fraction, optional
        The number as its digits or its counts spell it; None for a range.
    quantiles : tuple of float
        For kind ``"pooled"``: logits at evenly spaced probabilities
        :math:`(i + 1/2) / m`.
    """

    estimate: float
    low: float | None
    high: float | None
    kind: Literal["fixed", "counts", "range", "pooled"]
    n_cases: int | None = None
    n: int | None = None
    source: str = ""
    exact: Fraction | None = None
    quantiles: tuple[float, ...] = field(default=(), repr=False)

    @classmethod
    def exactly(cls, value: float | Fraction, source: str = "") -> Prevalence:
        """Take the prevalence as known: it adds nothing to any interval."""
        number = float(check_pretest(float(value) if isinstance(value, Fraction) else value))
        # The shortest digits that give a float are those that were typed.
        exact = value if isinstance(value, Fraction) else Fraction(repr(number))
        return cls(number, number, number, "fixed", source=source, exact=exact)

    @classmethod
    def counted(cls, n_cases: int, n: int, source: str = "") -> Prevalence:
        """Know it from ``n_cases`` of ``n`` patients (Jeffreys posterior).

        Raises
        ------
        PretestError
            If there is no case, or no patient without the condition: the counts
            then give no point value strictly between 0 and 1.
        """
        cases, total = check_count(n_cases, "n_cases"), check_count(n, "n")
        if not 0 < cases < total:
            raise PretestError(
                f"prevalence {cases}/{total} is not strictly between 0 and 1; "
                f"give a range instead, for example '0.0005 to 0.003'"
            )
        share = Fraction(cases, total)
        return cls(cases / total, None, None, "counts", cases, total, source, share)

    @classmethod
    def between(cls, low: float, high: float, source: str = "") -> Prevalence:
        """Know only that it lies between two values, evenly on the log-odds scale.

        The point value is the middle on that scale. That every part of the range
        is equally likely is an assumption; a range says nothing about it.
        """
        ends = check_pretest([low, high])
        if not ends[0] < ends[1]:
            raise PretestError(f"the prevalence range {low:g} to {high:g} has its ends reversed")
        middle = float(expit(logit(ends).mean()))
        return cls(middle, float(ends[0]), float(ends[1]), "range", source=source)

    @classmethod
    def pooled(cls, logits: ArrayLike, source: str = "") -> Prevalence:
        """Know it from a posterior, given as its logits at evenly spaced probabilities."""
        values = np.asarray(logits, dtype=float)
        middle = float(expit(np.median(values)))
        return cls(middle, None, None, "pooled", source=source, quantiles=tuple(values.tolist()))

    def draws(self, uniform: ArrayLike) -> NDArray[np.float64]:
        """Turn uniform numbers into draws of the prevalence, of the same shape."""
        values = np.asarray(uniform, dtype=float)
        if self.quantiles:
            size = len(self.quantiles)
            places = (np.arange(size) + 0.5) / size
            return np.asarray(expit(np.interp(values, places, self.quantiles)), dtype=np.float64)
        if self.n_cases is not None and self.n is not None:
            return jeffreys_quantile(values, self.n_cases, self.n - self.n_cases)
        low, high = logit(self.interval())
        if low == high:
            return np.full(values.shape, self.estimate)
        return np.asarray(expit(low + (high - low) * values), dtype=np.float64)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the prevalence: its range, or the Jeffreys interval."""
        tail = (1 - check_level(level)) / 2
        if self.low is None or self.high is None:
            low, high = self.draws([tail, 1 - tail])
            return float(low), float(high)
        return self.low, self.high

    def __str__(self) -> str:
        """Say the prevalence in one printed phrase."""
        if self.kind == "counts":
            return f"{format_percent(self.estimate)} ({self.n_cases} of {self.n})"
        if self.kind in ("range", "pooled"):
            low, high = self.interval()
            return f"{format_percent(low)} to {format_percent(high)}"
        return format_percent(self.estimate)


@runtime_checkable
class HasPretest(Protocol):
    """Whatever knows its own pre-test probability, such as the prevalence of a setting."""

    @property
    def pretest(self) -> Prevalence:
        """The pre-test probability."""


PrevalenceLike = float | str | tuple[float, float] | Prevalence | HasPretest


def read_prevalence(value: PrevalenceLike) -> Prevalence:
    """Read a pre-test probability from a number, from counts or from a range.

    Parameters
    ----------
    value : float, str, (float, float), Prevalence or an object with ``.pretest``
        ``0.003`` or ``"0.3%"`` is taken as known; ``"13/1975"``, ``"13 of 1975"`` or
        ``"1 in 300"`` brings the uncertainty of those counts;
        ``"0.001 to 0.007"``, ``"0.1%-0.7%"`` or ``(0.001, 0.007)`` spreads it evenly
        over the range, on the log-odds scale. What
        :func:`~backpain_stats.published.prevalence.setting_prevalence` returns
        is read the same way, by its kind.

    Returns
    -------
    Prevalence

    Raises
    ------
    PretestError
        If the value is none of these, is not strictly between 0 and 1, or is a
        bound such as ``"<0.01"``.

    Examples
    --------
    >>> print(read_prevalence("13/1975"))
    0.66% (13 of 1975)
    >>> print(read_prevalence("0.1% to 0.7%"))
    0.10% to 0.70%
    >>> read_prevalence(0)
    Traceback (most recent call last):
    backpain_stats.errors.PretestError: pre-test probability is 0; it must be ...
    """
    if isinstance(value, Prevalence):
        return value
    if isinstance(value, str):
        return _read_text(value.strip())
    if isinstance(value, HasPretest) and isinstance(value.pretest, Prevalence):
        return value.pretest
    if isinstance(value, tuple) and len(value) == 2:
        return Prevalence.between(*value)
    if isinstance(value, bool) or np.ndim(value) != 0:
        raise PretestError(f"prevalence {value!r} is not understood; give {FORMS}")
    return Prevalence.exactly(value)


def read_prevalences(value: PrevalenceLike | Iterable[PrevalenceLike]) -> list[Prevalence]:
    """Read one prevalence or several (a list or other iterable of them).

    A tuple of two numbers is two prevalences here; write a range as text.
    """
    given: Any = value
    if isinstance(given, str | Prevalence | HasPretest) or np.ndim(given) == 0:
        return [read_prevalence(given)]
    several = [read_prevalence(each) for each in given]
    if not several:
        raise PretestError(f"no prevalence was given; give {FORMS}")
    return several


def _read_text(text: str) -> Prevalence:
    """Read a pre-test probability in any printed form."""
    if _SCIENTIFIC.fullmatch(text):
        return Prevalence.exactly(Fraction(text))
    try:
        figure = parse_printed(text, "prevalence")
    except ArgumentError as error:
        ends = _RANGE.fullmatch(text)
        if ends is None:
            raise PretestError(f"{error}; or {FORMS}") from None
        low, high = (float(_value(end, text)) for end in (ends["low"], ends["high"]))
        return Prevalence.between(low, high)
    if figure.counts is not None:
        return Prevalence.counted(*figure.counts)
    return Prevalence.exactly(_value(figure, text))


def _value(figure: PrintedValue | str, text: str) -> Fraction:
    """Return the value of a figure that has to be one, not a bound."""
    if isinstance(figure, str):
        try:
            figure = parse_printed(figure, "prevalence")
        except ArgumentError as error:
            raise PretestError(f"prevalence {text!r} is not understood: {error}") from None
    if figure.point is None:
        raise PretestError(
            f"prevalence {text!r} is a bound, not a value; give a range such as '0.001 to 0.01'"
        )
    return figure.point
