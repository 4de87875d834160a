"""Which flags are one finding: thresholds of one quantity, wordings of one history.

Both rules read the vocabulary (``flags.csv``: quantity, threshold, direction,
category, family) and who reported what; no flag is named here.

* *Ordered thresholds.* Two flags of one family that cut one quantity in one
  direction are thresholds of it. Reported by one cohort they form an ordered
  category. In a user's frame without these columns, labels that are the same
  words around one number and one comparison ("Age 50 years or over", "Age 70
  years or over") say the same.
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
from typing import TYPE_CHECKING

import pandas as pd

from backpain_stats.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    def met_by(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values make the finding present; one on the cut does unless strict."""
        beyond = values > self.value if self.rising else values < self.value
        return beyond if self.strict else beyond | (values == self.value)


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


def read_thresholds(flags: pd.DataFrame) -> dict[str, Threshold]:
    """Return the flags that are thresholds of a quantity.

    Parameters
    ----------
    flags : pandas.DataFrame
        ``flag_id`` and the columns ``quantity, threshold, direction`` of ``flags.csv``. A
        frame of a user that lacks these has its labels read instead (:func:`read_threshold`).

    Returns
    -------
    dict of str to Threshold
        By flag; a flag without a stated cut-off is not in it.

    Raises
    ------
    DataError
        If a cut-off is no number, or a direction neither above nor below.

    Examples
    --------
    >>> flags = pd.DataFrame({"flag_id": ["crp_10", "fever"], "quantity": ["crp", pd.NA],
    ...     "threshold": ["10", pd.NA], "direction": ["above", pd.NA]})
    >>> read_thresholds(flags)
    {'crp_10': Threshold(quantity='crp', rising=True, value=10.0, strict=False)}
    """
    if not {"quantity", "threshold", "direction"} <= set(flags.columns):
        read = zip(flags["flag_id"], map(read_threshold, flags["label"]), strict=True)
        return {str(flag): threshold for flag, threshold in read if threshold is not None}
    stated = flags.dropna(subset=["quantity", "threshold", "direction"])
    cuts = pd.to_numeric(stated["threshold"], errors="coerce")
    wrong = cuts.isna() | ~stated["direction"].isin(["above", "below"])
    if wrong.any():
        row = stated[wrong].iloc[0]
        raise DataError(
            f"{row['flag_id']}: threshold {row['threshold']!s:.40}, direction "
            f"{row['direction']!s:.40}; a number and above or below are needed"
        )
    return {
        str(flag): Threshold(str(quantity), direction == "above", float(cut), False)
        for flag, quantity, cut, direction in stated[
            ["flag_id", "quantity", "threshold", "direction"]
        ].itertuples(index=False, name=None)
    }


def ordered_thresholds(flags: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the sets of flags that are thresholds of one quantity, least demanding first.

    Parameters
    ----------
    flags : pandas.DataFrame
        As for :func:`read_thresholds`, and ``family``: only flags of one family belong
        together.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> ("pvr_100", "pvr_200") in ordered_thresholds(load_evidence().flags)
    True
    """
    families = dict(zip(flags["flag_id"].astype(str), flags["family"], strict=True))
    quantities: dict[tuple[str, str, bool], list[tuple[tuple[float, bool], str]]] = {}
    for flag, threshold in read_thresholds(flags).items():
        if not pd.isna(families[flag]):
            key = (str(families[flag]), threshold.quantity, threshold.rising)
            quantities.setdefault(key, []).append((threshold.demand, flag))
    return [
        tuple(flag for _, flag in sorted(members))
        for members in quantities.values()
        if len(members) > 1
    ]


def contained_findings(flags: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the pairs (whole, part) of which the part makes the whole present by definition.

    Parameters
    ----------
    flags : pandas.DataFrame
        Columns ``flag_id, contains``; without the second there are none.

    Examples
    --------
    >>> from backpain_stats import load_evidence
    >>> ("fever_or_chills", "fever") in contained_findings(load_evidence().flags)
    True
    """
    if "contains" not in flags.columns:
        return set()
    stated = flags.dropna(subset=["contains"])
    return {
        (str(whole), part.strip())
        for whole, parts in zip(stated["flag_id"], stated["contains"], strict=True)
        for part in str(parts).split(";")
    }


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
