"""The statistics of a 2x2 table, each as one fraction of sums of cells.

Written this way a printed figure becomes inequalities between whole numbers,
and no statistic needs code of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["CELLS", "MEASURES", "Factor", "Measure", "cohort_posttest_measure"]

CELLS = ("tp", "fp", "fn", "tn")

Form = tuple[str, ...]
CASES: Form = ("tp", "fn")
NON_CASES: Form = ("fp", "tn")
POSITIVES: Form = ("tp", "fp")
NEGATIVES: Form = ("fn", "tn")


@dataclass(frozen=True, slots=True)
class Factor:
    """A sum of cells; ``half`` is 1 where 0.5 has been added to each of its cells."""

    form: Form
    half: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """A statistic: a product of sums of cells over another product of as many sums.

    Parameters
    ----------
    name : str
        Its name in every frame of the package.
    label : str
        Its name in prose.
    numerator, denominator : tuple of Factor
        As many in one as in the other, so that doubling all cells changes nothing.
    """

    name: str
    label: str
    numerator: tuple[Factor, ...]
    denominator: tuple[Factor, ...]

    @property
    def is_proportion(self) -> bool:
        """Whether it is a count out of a group of patients."""
        return len(self.numerator) == 1 and set(self.numerator[0].form) <= set(
            self.denominator[0].form
        )

    @property
    def forms(self) -> tuple[Form, ...]:
        """Every sum of cells that occurs in it."""
        return tuple(factor.form for factor in self.numerator + self.denominator)

    def corrected(self) -> Measure:
        """Return the measure with 0.5 added to every cell."""
        numerator, denominator = (
            tuple(Factor(factor.form, 1) for factor in side)
            for side in (self.numerator, self.denominator)
        )
        return Measure(self.name, self.label, numerator, denominator)

    def of(self, cells: Mapping[str, Any]) -> np.ndarray:
        """Return the value of many tables in floating point; 0/0 is NaN.

        Parameters
        ----------
        cells : mapping of str to array
            The four counts.
        """
        top, bottom = (
            math.prod(
                sum(np.asarray(cells[cell], dtype=float) for cell in factor.form)
                + 0.5 * factor.half * len(factor.form)
                for factor in side
            )
            for side in (self.numerator, self.denominator)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.asarray(top) / np.asarray(bottom))

    def exact(self, cells: Mapping[str, int]) -> Fraction | float:
        """Return the exact value of one table; infinity and NaN where it has none."""
        top, bottom = (
            math.prod(
                Fraction(sum(int(cells[cell]) for cell in factor.form))
                + Fraction(factor.half * len(factor.form), 2)
                for factor in side
            )
            for side in (self.numerator, self.denominator)
        )
        if bottom == 0:
            return math.nan if top == 0 else math.inf
        return Fraction(top) / Fraction(bottom)


def _measure(
    name: str, label: str, numerator: tuple[Form, ...], denominator: tuple[Form, ...]
) -> Measure:
    return Measure(name, label, tuple(map(Factor, numerator)), tuple(map(Factor, denominator)))


# The order is that of the columns of the evidence files.
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _measure("prevalence", "prevalence", (CASES,), (CELLS,)),
        _measure("test_positive_rate", "share of all patients positive", (POSITIVES,), (CELLS,)),
        _measure("sensitivity", "sensitivity", (("tp",),), (CASES,)),
        _measure("specificity", "specificity", (("tn",),), (NON_CASES,)),
        _measure("false_positive_rate", "false-positive rate", (("fp",),), (NON_CASES,)),
        _measure("ppv", "positive predictive value", (("tp",),), (POSITIVES,)),
        _measure("npv", "negative predictive value", (("tn",),), (NEGATIVES,)),
        _measure("lr_positive", "LR+", (("tp",), NON_CASES), (CASES, ("fp",))),
        _measure("lr_negative", "LR-", (("fn",), NON_CASES), (CASES, ("tn",))),
        _measure("odds_ratio", "odds ratio", (("tp",), ("tn",)), (("fp",), ("fn",))),
        _measure("accuracy", "accuracy", (("tp", "tn"),), (CELLS,)),
    )
}
# Measures that a zero-cell correction changes.
RATIOS = ("lr_positive", "lr_negative", "odds_ratio")


def cohort_posttest_measure(name: str, *, corrected: bool) -> Measure:
    """Return the post-test probability at the table's own prevalence.

    Without correction that is the predictive value. With correction the odds
    of the cohort, uncorrected, are multiplied by a corrected likelihood ratio;
    the measure returned is then the post-test ODDS.

    Parameters
    ----------
    name : {"posttest", "posttest_negative"}
        After a positive or a negative result.
    corrected : bool
        Whether 0.5 is added to the cells of the likelihood ratio.
    """
    positive = name == "posttest"
    label = "post-test probability" if positive else "post-test probability after a negative"
    if not corrected:
        top, whole = (("tp",), POSITIVES) if positive else (("fn",), NEGATIVES)
        return _measure(name, label, (top,), (whole,))
    ratio = MEASURES["lr_positive" if positive else "lr_negative"].corrected()
    return Measure(
        name,
        label,
        (Factor(CASES), *ratio.numerator),
        (Factor(NON_CASES), *ratio.denominator),
    )
