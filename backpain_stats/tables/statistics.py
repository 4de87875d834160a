"""The statistics of a 2x2 table, each as one fraction of sums of cells.

The one list of the package: what each measure counts, which are ratios, and the
words for intervals and corrections. Written as fractions of sums, a printed figure
becomes inequalities between whole numbers, and no statistic needs code of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CELLS",
    "CORRECTIONS",
    "MEASURES",
    "PROPORTION_METHODS",
    "RATIO_MEASURES",
    "RATIO_METHODS",
    "SUMMARY_MEASURES",
    "Correction",
    "Factor",
    "Form",
    "Measure",
    "ProportionMethod",
    "RatioMeasure",
    "RatioMethod",
    "cohort_posttest_measure",
]

# The order of the cells wherever tables are rows of an array.
CELLS = ("tp", "fp", "fn", "tn")

RatioMeasure = Literal["lr_positive", "lr_negative", "odds_ratio"]
RatioMethod = Literal["score", "log", "bayes"]
ProportionMethod = Literal[
    "wilson", "wilson_cc", "clopper_pearson", "jeffreys", "agresti_coull", "wald"
]
# Where 0.5 is added to the four cells: nowhere, in tables that hold a zero, everywhere.
Correction = Literal["none", "zero_cells", "all"]

RATIO_MEASURES: tuple[RatioMeasure, ...] = get_args(RatioMeasure)
RATIO_METHODS: tuple[RatioMethod, ...] = get_args(RatioMethod)
PROPORTION_METHODS: tuple[ProportionMethod, ...] = get_args(ProportionMethod)
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
# What a summary of one table lists.
SUMMARY_MEASURES = (
    "sensitivity",
    "specificity",
    "lr_positive",
    "lr_negative",
    "odds_ratio",
    "ppv",
    "npv",
    "prevalence",
)

# A sum of cells, in the order of CELLS.
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

    def of(self, tables: NDArray[Any]) -> NDArray[np.float64]:
        """Return the sum of each table of an array of shape (..., 4)."""
        columns = [CELLS.index(cell) for cell in self.form]
        cells = tables[..., columns].astype(float)
        return np.asarray(cells.sum(axis=-1) + 0.5 * self.half * len(columns))


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

    def corrected(self) -> Measure:
        """Return the measure with 0.5 added to every cell."""
        numerator, denominator = (
            tuple(Factor(factor.form, 1) for factor in side)
            for side in (self.numerator, self.denominator)
        )
        return Measure(self.name, self.label, numerator, denominator)

    def parts(self, tables: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return numerator and denominator of each table; of a proportion, count and group.

        Parameters
        ----------
        tables : array_like
            Counts of shape (..., 4), ordered tp, fp, fn, tn.

        Examples
        --------
        >>> count, group = MEASURES["ppv"].parts([4, 41, 9, 1921])
        >>> float(count), float(group)
        (4.0, 45.0)
        """
        cells = np.asarray(tables)
        top, bottom = (
            math.prod(factor.of(cells) for factor in side)
            for side in (self.numerator, self.denominator)
        )
        return np.asarray(top), np.asarray(bottom)

    def of(self, tables: ArrayLike) -> NDArray[np.float64]:
        """Return the value of each table, shape (...), in floating point; 0/0 is NaN.

        Parameters
        ----------
        tables : array_like
            Counts of shape (..., 4), ordered tp, fp, fn, tn.
        """
        top, bottom = self.parts(tables)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(top / bottom)


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
