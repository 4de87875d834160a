"""Prevalence as a panel states it: a number, counts, or a range."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from scipy.special import expit, logit

from backpain_stats.checks import check_count, check_level, check_pretest
from backpain_stats.errors import PretestError
from backpain_stats.estimate import format_percent
from backpain_stats.sampling import jeffreys_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_COUNTS = re.compile(r"(\d+)\s*(?:/|of|in)\s*(\d+)")
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*%?"
_RANGE = re.compile(rf"({_NUMBER})\s*(?:-|–|to)\s*({_NUMBER})")
FORMS = "a number (0.003), counts ('13/1975') or a range ('0.001 to 0.007')"


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How common the disease is in the patients the decision is about.

    Build one with :meth:`exactly`, :meth:`counted` or :meth:`between`, or from
    a panel's own words with :func:`read_prevalence`.

    Parameters
    ----------
    estimate : float
        The point value, strictly between 0 and 1.
    low, high : float
        Both equal ``estimate`` when the prevalence is taken as known.
    kind : str
        ``"fixed"``, ``"counts"`` or ``"range"``.
    n_cases, n : int, optional
        The counts behind it, for kind ``"counts"``.
    """

    estimate: float
    low: float
    high: float
    kind: str
    n_cases: int | None = None
    n: int | None = None
    source: str = ""

    @classmethod
    def exactly(cls, value: float) -> Prevalence:
        """Take the prevalence as known: it adds nothing to any interval."""
        number = float(check_pretest(value))
        return cls(number, number, number, "fixed")

    @classmethod
    def counted(cls, n_cases: int, n: int) -> Prevalence:
        """Know it from ``n_cases`` of ``n`` patients (Jeffreys posterior).

        Raises
        ------
        PretestError
            If there is no case, or no patient without the disease: the counts
            then give no point value strictly between 0 and 1.
        """
        cases, total = check_count(n_cases, "n_cases"), check_count(n, "n")
        if not 0 < cases < total:
            raise PretestError(
                f"prevalence {cases}/{total} is not strictly between 0 and 1; "
                f"give a range instead, for example '0.0005 to 0.003'"
            )
        share = cases / total
        return cls(share, share, share, "counts", cases, total)

    @classmethod
    def between(cls, low: float, high: float) -> Prevalence:
        """Know only that it lies between two values, evenly on the log-odds scale.

        The point value is the middle on that scale. That every part of the range
        is equally likely is an assumption; a range says nothing about it.
        """
        ends = check_pretest([low, high])
        if not ends[0] < ends[1]:
            raise PretestError(f"the prevalence range {low:g} to {high:g} has its ends reversed")
        middle = float(expit(logit(ends).mean()))
        return cls(middle, float(ends[0]), float(ends[1]), "range")

    def draws(self, uniform: ArrayLike) -> NDArray[np.float64]:
        """Turn uniform numbers into draws of the prevalence, of the same shape."""
        values = np.asarray(uniform, dtype=float)
        if self.n_cases is not None and self.n is not None:
            return jeffreys_quantile(values, self.n_cases, self.n - self.n_cases)
        if self.kind == "range":
            ends = logit([self.low, self.high])
            return np.asarray(expit(ends[0] + (ends[1] - ends[0]) * values), dtype=np.float64)
        return np.full(values.shape, self.estimate)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the prevalence: its range, or the Jeffreys interval."""
        tail = (1 - check_level(level)) / 2
        if self.kind == "counts":
            low, high = self.draws([tail, 1 - tail])
            return float(low), float(high)
        return self.low, self.high

    def __str__(self) -> str:
        """Say the prevalence in one printed phrase."""
        if self.kind == "counts":
            return f"{format_percent(self.estimate)} ({self.n_cases} of {self.n})"
        if self.kind == "range":
            return f"{format_percent(self.low)} to {format_percent(self.high)}"
        return format_percent(self.estimate)


@runtime_checkable
class HasPretest(Protocol):
    """Whatever knows its pre-test probability, such as a published prevalence."""

    @property
    def pretest(self) -> Prevalence:
        """The pre-test probability with its source."""
        ...


PrevalenceLike = float | str | tuple[float, float] | Prevalence | HasPretest


def read_prevalence(value: PrevalenceLike) -> Prevalence:
    """Read a prevalence from a number, from counts or from a range.

    Parameters
    ----------
    value : float, str, Prevalence or SettingPrevalence
        ``0.003`` or ``"0.3%"`` is taken as known; ``"13/1975"`` or
        ``"13 of 1975"`` brings the uncertainty of those counts;
        ``"0.001 to 0.007"`` or ``"0.1%-0.7%"`` spreads it evenly over the range,
        on the log-odds scale. What
        :func:`~backpain_stats.setting_prevalence` returns
        is read the same way, by its kind.

    Returns
    -------
    Prevalence

    Raises
    ------
    PretestError
        If the value is none of these, or not strictly between 0 and 1.

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
    if isinstance(value, HasPretest):
        return value.pretest
    if isinstance(value, tuple):
        if len(value) != 2:
            raise PretestError(f"pretest is {value!r}; a range has two ends, (low, high)")
        return Prevalence.between(*value)
    if not isinstance(value, str):
        if isinstance(value, bool) or np.ndim(value) != 0:
            raise PretestError(f"prevalence {value!r} is not understood; give {FORMS}")
        return Prevalence.exactly(value)
    text = value.strip()
    if match := _COUNTS.fullmatch(text):
        return Prevalence.counted(int(match[1]), int(match[2]))
    if match := _RANGE.fullmatch(text):
        return Prevalence.between(_fraction(match[1]), _fraction(match[2]))
    if re.fullmatch(f"-?{_NUMBER}", text):
        return Prevalence.exactly(_fraction(text))
    raise PretestError(f"prevalence {value!r} is not understood; give {FORMS}")


def read_prevalences(value: PrevalenceLike | Iterable[PrevalenceLike]) -> list[Prevalence]:
    """Read one prevalence or several (a list or other iterable of them)."""
    one: Any = value
    if isinstance(one, str | Prevalence) or hasattr(one, "pretest") or np.ndim(one) == 0:
        return [read_prevalence(one)]
    several = [read_prevalence(each) for each in one]
    if not several:
        raise PretestError(f"no prevalence was given; give {FORMS}")
    return several


def _fraction(text: str) -> float:
    """Turn ``"0.003"`` or ``"0.3%"`` into a fraction."""
    text = text.strip()
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
