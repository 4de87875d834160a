"""One published report: what was printed about a flag or a combination in one cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from backpain_stats.evidence import Setting, Target
from backpain_stats.reconstruction import PrintedReport

__all__ = ["VERDICTS", "Answer", "Cohort", "Kind", "Remark", "Report", "Uses", "Verdict"]

Kind = Literal["flag", "combination"]
Verdict = Literal[
    "unique",
    "several",
    "impossible",
    "one_group",
    "proportions_printed",
    "ratio_printed",
    "nothing_printed",
]
# What is known of a report's 2x2 table.
VERDICTS: Mapping[Verdict, str] = dict(
    zip(
        get_args(Verdict),
        (
            "one table prints all its figures",
            "several tables print all its figures",
            "no table prints all its figures",
            "nothing is printed about the cases, or about the non-cases",
            "sensitivity and specificity are printed, the group sizes are not",
            "only likelihood ratios are printed",
            "no figure from which a table or a ratio follows is printed",
        ),
        strict=True,
    )
)


class Remark(NamedTuple):
    """Something a reader has to know: a code, and the words or numbers that belong to it.

    :func:`~backpain_stats.published.remarks.sentence` puts it in words; nothing reads
    the words back.
    """

    code: str
    details: tuple[object, ...] = ()


NO_CELLS = np.empty((0, 4), dtype=np.int64)
NO_CELLS.flags.writeable = False


class Answer(NamedTuple):
    """What is known of a table: the verdict, the tables, and what to keep in mind."""

    verdict: Verdict
    cells: NDArray[np.int64] = NO_CELLS
    remarks: tuple[Remark, ...] = ()


class Uses(NamedTuple):
    """What the tables and the printed figures of a report can be used for.

    Parameters
    ----------
    knows_cases, knows_non_cases : bool
        Whether there is at least one table, and whether its tables say something about the
        cases, and about the patients without the condition.
    has_groups : bool
        Whether every table holds cases and non-cases, so that a ratio follows.
    usable : bool
        Whether the figures may enter a calculation: tables, or printed points.
    """

    knows_cases: bool
    knows_non_cases: bool
    has_groups: bool
    usable: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """The patients of one study, for one target.

    Parameters
    ----------
    cohort_id, study, target : str
        As in ``cohorts.csv``.
    setting : str
        Where they were seen; empty if that is not stated.
    n, n_cases : int or None
        As printed.
    sample, case_control, verification, directness : str
        Who was sampled, how the condition was verified, and whether the patients and the
        target are those of the question; the vocabularies are those of ``cohorts.csv``.
    first : str
        The cohort of the same patients that names no other (``same_patients_as`` followed
        to its end); its own name if it names none.
    steps : int
        How many steps away that is.
    is_indirect : bool
        Whether the patients or the target are known to be others than those asked about.
    """

    cohort_id: str
    study: str
    target: Target
    setting: Setting | Literal[""]
    n: int | None
    n_cases: int | None
    sample: str
    case_control: str
    verification: str
    directness: str
    first: str
    steps: int
    is_indirect: bool


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What one report prints, and every 2x2 table that agrees with it.

    Parameters
    ----------
    report_id : str
        Its row in ``accuracy.csv``, or in ``combinations.csv``.
    kind : {"flag", "combination"}
        What it is about.
    flag_id : str
        The flag; of a combination, the combination itself.
    cohort : Cohort
        The patients.
    printed : PrintedReport
        The printed figures, read.
    level : float or None
        Level of the printed intervals; None where it is not stated.
    reading : str
        ``"printed"`` (the source itself was read) or ``"quoted"``.
    replaces : tuple of str
        Reports that this one is stated to replace.
    verdict : str
        One of :data:`VERDICTS`.
    cells : numpy.ndarray
        Shape (tables, 4), ordered tp, fp, fn, tn, read-only; -1 in the cells of a group
        about which nothing is printed.
    uses : Uses
        What its tables and its printed figures can be used for.
    remarks : tuple of Remark
        Why the verdict is what it is, and what to keep in mind.
    shares_patients_with : tuple of str
        The other reports about these patients and this target.
    displaced_by, displaced_because : str
        The report that counts in its place, and the rule; both empty if this one counts.
    """

    report_id: str
    kind: Kind
    flag_id: str
    cohort: Cohort
    printed: PrintedReport
    level: float | None
    reading: str
    replaces: tuple[str, ...]
    verdict: Verdict
    cells: NDArray[np.int64] = field(repr=False)
    uses: Uses
    remarks: tuple[Remark, ...] = field(default=(), repr=False)
    shares_patients_with: tuple[str, ...] = ()
    displaced_by: str = ""
    displaced_because: str = ""

    @property
    def usable(self) -> bool:
        """Whether its figures may enter a calculation: tables, or printed points."""
        return self.uses.usable

    @property
    def complete(self) -> bool:
        """Whether there is at least one table, and all four cells of it are known."""
        return self.uses.knows_cases and self.uses.knows_non_cases

    @property
    def counts_are_printed(self) -> bool:
        """Whether all four cells of the table are printed."""
        cells = (getattr(self.printed.margins, cell) for cell in ("tp", "fp", "fn", "tn"))
        return all(low == high for low, high in cells)

    @property
    def contributes(self) -> str:
        """Which column of the 2x2 table it fills: both, one, or nothing.

        ``"both"``, ``"sensitivity only"``, ``"specificity only"`` or ``"nothing"``.
        """
        tp, fp, fn, tn = self.cells.T
        cases = self.uses.knows_cases and bool((tp + fn > 0).any())
        non_cases = self.uses.knows_non_cases and bool((fp + tn > 0).any())
        if cases and non_cases:
            return "both"
        if cases:
            return "sensitivity only"
        return "specificity only" if non_cases else "nothing"

    @property
    def counted(self) -> bool:
        """Whether it may be used: it is usable, and no other report counts in its place."""
        return self.uses.usable and not self.displaced_by

    @property
    def figures(self) -> int:
        """How many figures are printed: values, ends of intervals and cells."""
        margins = self.printed.margins
        cells = sum(getattr(margins, cell)[1] is not None for cell in ("tp", "fp", "fn", "tn"))
        ends = sum(
            end is not None for interval in self.printed.intervals.values() for end in interval
        )
        # The prevalence is a figure of the cohort.
        values = self.printed.values.keys() - {"prevalence"}
        return len(values) + ends + cells

    @property
    def group_sizes(self) -> set[tuple[int, int]]:
        """Numbers of cases and non-cases of the tables."""
        tp, fp, fn, tn = self.cells.T
        return set(zip((tp + fn).tolist(), (fp + tn).tolist(), strict=True))
