"""Every 2x2 table behind a set of printed figures.

Papers rarely print their table. They print rounded statistics of it, and only
a few tables of whole numbers agree with all of them: often one, sometimes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import check_choice, check_level
from backpain_stats.errors import ArgumentError
from backpain_stats.printed.value import ROUNDINGS
from backpain_stats.reconstruction.branches import Branch, checked_branch, find_branch, tables_frame
from backpain_stats.reconstruction.enumerate_tables import MOST_ROWS
from backpain_stats.reconstruction.measures import CELLS
from backpain_stats.reconstruction.printed_intervals import IntervalCheck, interval_checks
from backpain_stats.reconstruction.printed_report import PrintedReport, read_report
from backpain_stats.tables.ratios import CORRECTIONS

__all__ = ["Reconstruction", "reconstruct", "reconstruct_report"]

Count = int | str | tuple[int, int] | None
# A frame of this many tables takes about 1.5 GB.
MOST_TABLES = 20_000_000


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """The tables that agree with a report, and how they were found.

    Made by :func:`reconstruct`.

    Attributes
    ----------
    verdict : {"unique", "several", "impossible"}
        Whether one table, more than one, or none prints all figures.
    count : int
        How many tables do.
    tables : pandas.DataFrame
        One row a table: ``tp, fp, fn, tn, n, n_cases``; the cells of a group of
        unknown size are NA. For each printed interval a column
        ``<statistic>_interval`` names the methods that reproduce it (NA where
        the interval was set aside); ``correction`` is there when zero-cell
        corrections were tried.
    steps : pandas.DataFrame
        ``constraint, tables``: how many tables were left after each figure, in
        the order in which the figures were applied.
    intervals : pandas.DataFrame
        One row a printed interval: ``statistic, printed_low, printed_high,
        ci_level, methods, finding`` and the nearest method with its ends. A
        finding is "reproduced", "method unknown" (a method comes within one
        unit of the last printed digit) or "not reproduced".
    explanation : str
        All of it in sentences.
    warnings : tuple of str
        Printed figures that no probability can have, and other oddities.
    """

    report: PrintedReport = field(repr=False)
    checks: tuple[IntervalCheck, ...] = field(repr=False)
    corrections: tuple[str, ...]
    rounding: str
    branches: tuple[Branch, ...] = field(repr=False)
    set_aside: tuple[str, ...]

    @cached_property
    def count(self) -> int:
        """How many tables print all figures."""
        if len(self.branches) == 1:
            return self.branches[0].count
        return len(self.tables)

    @property
    def verdict(self) -> str:
        """``"unique"``, ``"several"`` or ``"impossible"``."""
        return "impossible" if self.count == 0 else "unique" if self.count == 1 else "several"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Printed figures that no probability can have, and other oddities."""
        return self.report.warnings

    @cached_property
    def tables(self) -> pd.DataFrame:
        """Every table that prints all figures, one row each."""
        total = sum(branch.count for branch in self.branches)
        if total > MOST_TABLES:
            raise ArgumentError(
                f"{total:,} tables fit, too many for a frame (at most {MOST_TABLES:,}); "
                "give a further figure, or use .count"
            )
        return tables_frame(self.branches, self.checks)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """The tables as an array of shape (tables, 4), ordered tp, fp, fn, tn; -1 is unknown."""
        cells = self.tables[list(CELLS)].fillna(-1).to_numpy(dtype=np.int64)
        cells.flags.writeable = False
        return cells

    @cached_property
    def steps(self) -> pd.DataFrame:
        """How many tables were left after each figure."""
        rows = [
            (branch.correction, label, left)
            for branch in self.branches
            for label, left in branch.steps
        ]
        frame = pd.DataFrame(rows, columns=["correction", "constraint", "tables"])
        return frame if len(self.branches) > 1 else frame.drop(columns="correction")

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """What became of each printed interval."""
        from backpain_stats.reconstruction.explain import interval_findings

        return interval_findings(self)

    @cached_property
    def explanation(self) -> str:
        """The whole answer in sentences."""
        from backpain_stats.reconstruction.explain import explain

        return explain(self)

    def __str__(self) -> str:
        """Return the explanation."""
        return self.explanation

    def _repr_html_(self) -> str:
        """Return the explanation and the first tables for notebooks."""
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.explanation.splitlines())
        small = self.count <= 100
        return lines + (self.tables.to_html(index=False, na_rep="") if small else "")


def reconstruct(
    *,
    n: Count = None,
    n_cases: Count = None,
    n_positive: Count = None,
    tp: Count = None,
    fp: Count = None,
    fn: Count = None,
    tn: Count = None,
    pretest: str | float | None = None,
    pretest_odds: str | float | None = None,
    interval_methods: str | Sequence[str] | None = None,
    corrections: str | Sequence[str] = ("none",),
    level: float = 0.95,
    rounding: str = "nearest",
    **printed: str | None,
) -> Reconstruction:
    r"""Return every table of whole numbers that agrees with all printed figures.

    A printed figure v with last digit worth u stands for every value in
    [v - u/2, v + u/2], both ends included. A table agrees if each of its
    statistics, as an exact fraction, lies in the interval of its figure. The
    search is exact and complete: no rounding in it, and no table left out.

    Parameters
    ----------
    n, n_cases, n_positive : int, str or (int, int), optional
        Patients, patients with the condition, and patients with a positive
        test: known (``1975``), a range (``"250-308"`` or ``(250, 308)``, for
        instance when some patients were not assessed), or unknown (None).
    tp, fp, fn, tn : int, str or (int, int), optional
        Cells that are printed.
    pretest : str, float or "cohort", optional
        Pre-test probability of a printed ``posttest``: ``"0.01"``, ``"1%"``,
        ``"13/1975"``, or ``"cohort"`` for the prevalence of the table itself.
        It is taken as exact.
    pretest_odds : str or float, optional
        The same as odds, for instance odds that an author has rounded.
    interval_methods : str or sequence of str, optional
        Methods that may have made the printed intervals: ``"wilson"``,
        ``"clopper_pearson"``, ``"jeffreys"``, ``"agresti_coull"``, ``"wald"``
        for proportions; ``"log"``, ``"score"``, ``"bayes"`` for ratios and
        post-test probabilities. Named, one of them must reproduce the
        interval. Not named, all but ``"bayes"`` are tried, and an interval
        that none reproduces is reported and set aside: its method is unknown.
    corrections : str or sequence of str
        Zero-cell corrections the authors may have used for ratios and post-test
        probabilities: ``"none"``, ``"zero_cells"`` (0.5 added to all four cells
        of a table with a zero), ``"all"`` (of every table). One of them is used
        for all figures of the report.
    level : float
        Level of the printed intervals.
    rounding : {"nearest", "half_up", "no_ties", "truncated"}
        How digits were printed; see :func:`~backpain_stats.printed.value.parse_printed`.
    **printed : str
        Statistics as printed, with their digits: ``sensitivity, specificity,
        false_positive_rate, ppv, npv, lr_positive, lr_negative, odds_ratio,
        prevalence, test_positive_rate, accuracy, posttest,
        posttest_negative``. ``"31%"`` is ``"0.31"``; ``">0.90"`` is strict. An
        interval follows in parentheses, ``"0.75 (0.53-0.90)"``, or as
        ``sensitivity_low=``, ``sensitivity_high=``.

    Returns
    -------
    Reconstruction
        ``.verdict``, ``.count``, ``.tables``, ``.steps``, ``.intervals``,
        ``.explanation``.

    Raises
    ------
    ArgumentError
        If a figure cannot be read, if a statistic needs a group of unknown
        size, or if too little is known to list the tables.
    PretestError
        If a post-test probability comes without its pre-test.
    UnknownNameError
        If there is no statistic of that name.

    Notes
    -----
    Not for pooled figures of several studies, nor for adjusted (multivariate)
    estimates: no single table is behind them. A verdict "impossible" says that
    the printed figures contradict each other under the rule above; the cause
    is often that some patients were not assessed, which a range for n or
    n_cases can express.

    The check of a mean against the size of its group is known as GRIM [1]_;
    this is the same idea for all statistics of a 2x2 table at once.

    References
    ----------
    .. [1] Brown NJL, Heathers JAJ. The GRIM test. Soc Psychol Personal Sci
       2017;8:363-369. https://doi.org/10.1177/1948550616673876

    Examples
    --------
    A history of cancer in the cohort of Deyo (13 cancers among 1975 patients):

    >>> found = reconstruct(n=1975, n_cases=13, sensitivity="0.31", specificity="0.98")
    >>> found.verdict, found.count
    ('several', 20)

    A printed likelihood ratio leaves one of them:

    >>> found = reconstruct(
    ...     n=1975, n_cases=13, sensitivity="0.31", specificity="0.98", lr_positive="14.7")
    >>> found.tables[["tp", "fp", "fn", "tn"]]
       tp  fp  fn    tn
    0   4  41   9  1921

    And half of thirteen patients is impossible:

    >>> print(reconstruct(n_cases=13, sensitivity="0.50").explanation)
    impossible: no table prints all of these figures.
    n_cases = 13: 14 tables; sensitivity 0.50: none left.
    0.50 cannot come from 13 patients: 6/13 = 0.46, 7/13 = 0.54; 2, 4, 6, 8, 10 or 12
    assessed patients would print 0.50.
    If up to a tenth of the patients had not been assessed (n_cases 12..13), 1 table
    would fit: 6/?/6/?.
    """
    check_level(level)
    check_choice(rounding, "rounding", ROUNDINGS)
    tried = (corrections,) if isinstance(corrections, str) else tuple(corrections)
    for correction in tried:
        check_choice(correction, "corrections", CORRECTIONS)
    counts = {"n": n, "n_cases": n_cases, "n_positive": n_positive}
    counts |= {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    report = read_report(
        counts, printed, pretest=pretest, pretest_odds=pretest_odds, rounding=rounding
    )
    return reconstruct_report(
        report,
        interval_methods=interval_methods,
        corrections=tried or ("none",),
        level=level,
        rounding=rounding,
    )


def reconstruct_report(
    report: PrintedReport,
    *,
    interval_methods: str | Sequence[str] | None = None,
    corrections: tuple[str, ...] = ("none",),
    level: float = 0.95,
    rounding: str = "nearest",
) -> Reconstruction:
    """Return every table behind a report whose figures have been read.

    The part of :func:`reconstruct` below the reading of figures; the options are its own.
    """
    return search(report, interval_checks(report, interval_methods, level), corrections, rounding)


def search(
    report: PrintedReport,
    checks: Sequence[IntervalCheck],
    corrections: tuple[str, ...],
    rounding: str,
    most_rows: int = MOST_ROWS,
) -> Reconstruction:
    """Find the tables of a report that has been read.

    Intervals whose method was not named are first asked for like the others;
    if that leaves nothing, the ones that no table reproduces are set aside.
    """
    if not report.depends_on_correction:
        corrections = ("none",)
    branches = [find_branch(report, checks, one, most_rows) for one in corrections]
    set_aside: list[str] = []
    optional = [check for check in checks if not check.required]
    if optional and not any(branch.count for branch in branches):
        required = [check for check in checks if check.required]
        branches = [find_branch(report, required, one, most_rows) for one in corrections]
        for check in optional:
            narrowed = [checked_branch(branch, check) for branch in branches]
            if any(branch.count for branch in narrowed):
                branches = narrowed
            else:
                set_aside.append(check.name)
    return Reconstruction(
        report, tuple(checks), corrections, rounding, tuple(branches), tuple(set_aside)
    )
