"""Which flags are one finding: thresholds of one quantity, wordings of one history.

Both rules read the vocabulary (``flags.csv``: label, category, family) and who
reported what; no flag is named here.

* *Ordered thresholds.* Two flags of one family whose labels are the same words
  around one number and one comparison ("Age 50 years or over", "Age 70 years
  or over") are thresholds of one quantity. Reported by one cohort they form an
  ordered category.
* *Wordings of one history.* Any other two flags of one family ask for the same
  thing in other words and may not count twice in one patient, unless the
  literature shows them to be separate findings: one study applied both to the
  same patients as examinations or laboratory tests, or a published combination
  counts both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# Longer phrases first: "more than" must not be read as "more".
_COMPARISONS = {
    "or more": (True, False),
    "or over": (True, False),
    "more than": (True, True),
    "over": (True, True),
    "or less": (False, False),
    "less than": (False, True),
    "below": (False, True),
    "under": (False, True),
}
_COMPARISON = re.compile(r"\b(" + "|".join(_COMPARISONS) + r")\b")
# What is examined or measured; the other categories are asked or told.
_SEPARATE_TESTS = frozenset({"examination", "laboratory"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """A flag that says a quantity is at, above or below a number.

    Parameters
    ----------
    quantity : str
        The words of the label without number and comparison.
    rising : bool
        True for "or more", "over"; False for "or less", "below".
    value : float
        The number.
    strict : bool
        True for "over" and "below": the number itself does not count.
    """

    quantity: str
    rising: bool
    value: float
    strict: bool

    @property
    def demand(self) -> tuple[float, bool]:
        """Sorts thresholds of one quantity from the least to the most demanding."""
        return (self.value if self.rising else -self.value, self.strict)


def read_threshold(label: str) -> Threshold | None:
    """Read a threshold from a flag's label: exactly one number and one comparison.

    Examples
    --------
    >>> read_threshold("Age 50 years or over")
    Threshold(quantity='age years', rising=True, value=50.0, strict=False)
    >>> read_threshold("White cell count 12,000 or more").value
    12000.0
    >>> read_threshold("Age under 20 or over 50 years") is None  # two numbers: no exceedance
    True
    """
    text = str(label).lower()
    numbers, comparisons = _NUMBER.findall(text), _COMPARISON.findall(text)
    if len(numbers) != 1 or len(comparisons) != 1:
        return None
    rising, strict = _COMPARISONS[comparisons[0]]
    words = _COMPARISON.sub(" ", _NUMBER.sub(" ", text))
    quantity = " ".join(re.findall(r"[^\W_]+(?:[-/][^\W_]+)*", words))
    return Threshold(quantity, rising, float(numbers[0].replace(",", "")), strict)


def ordered_thresholds(flags: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the sets of flags that are thresholds of one quantity, least demanding first.

    Parameters
    ----------
    flags : pandas.DataFrame
        Columns ``flag_id, label, family``.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> for one in ordered_thresholds(load_evidence().flags):
    ...     print(*one)
    age_50 age_gt52 age_70 age_75
    esr_20 esr_50 esr_100
    pvr_100 pvr_200
    """
    quantities: dict[tuple[str, str, bool], list[tuple[tuple[float, bool], str]]] = {}
    for flag, label, family in zip(flags["flag_id"], flags["label"], flags["family"], strict=True):
        threshold = read_threshold(label)
        if threshold is not None and not pd.isna(family):
            key = (str(family), threshold.quantity, threshold.rising)
            quantities.setdefault(key, []).append((threshold.demand, str(flag)))
    return [
        tuple(flag for _, flag in sorted(members))
        for members in quantities.values()
        if len(members) > 1
    ]


def separate_findings(
    flags: pd.DataFrame, reported: Iterable[Iterable[str]], combined: Iterable[Iterable[str]]
) -> set[frozenset[str]]:
    """Return the pairs of flags of one family that the literature treats as separate findings.

    Parameters
    ----------
    flags : pandas.DataFrame
        Columns ``flag_id, category``.
    reported : iterable of iterable of str
        For each study, the flags it reports.
    combined : iterable of iterable of str
        For each published combination, the flags it counts.
    """
    tests = set(flags.loc[flags["category"].isin(_SEPARATE_TESTS), "flag_id"])
    together = [set(study) & tests for study in reported] + [set(one) for one in combined]
    return {
        frozenset((first, second))
        for one in together
        for first in one
        for second in one
        if first < second
    }
