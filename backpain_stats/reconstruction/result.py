"""Every 2x2 table behind a set of printed figures.

Papers rarely print their table. They print rounded statistics of it, and only
a few tables of whole numbers agree with all of them: often one, sometimes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backpain_stats.checks import as_names, check_choice, check_level
from backpain_stats.printed import ROUNDINGS, PrevalenceLike, Rounding
from backpain_stats.reconstruction.explain import explain, interval_findings
from backpain_stats.reconstruction.intervals import IntervalCheck, IntervalMethod, interval_checks
from backpain_stats.reconstruction.report import PrintedReport, read_report
from backpain_stats.reconstruction.search import MOST_ROWS, Solution, find_tables
from backpain_stats.tables import CELLS, CORRECTIONS, Correction

__all__ = ["Reconstruction", "reconstruct", "reconstruct_report"]

Count = int | str | tuple[int, int] | None
Figure = str | int | Decimal | None


class Reconstruction(Solution):
    """The tables that agree with a report, and how they were found.

    Made by :func:`reconstruct`.

    Attributes
    ----------
    verdict : {"unique", "several", "impossible"}
        Whether one table, more than one, or none prints all figures.
    count : int
        How many tables do.
    cells : numpy.ndarray
        The tables as whole numbers, shape (tables, 4), ordered tp, fp, fn, tn; -1 in
        the cells of a group of unknown size.
    tables : pandas.DataFrame
        The same, one row per table: ``tp, fp, fn, tn, n, n_cases``; unknown cells are
        NA. For each printed interval a column ``<statistic>_interval`` names the
        methods that reproduce it (NA where the interval was set aside);
        ``correction`` is there when zero-cell corrections were tried.
    steps : pandas.DataFrame
        ``constraint, tables``: how many tables were left after each figure, in
        the order in which the figures were applied.
    intervals : pandas.DataFrame
        One row per printed interval: ``statistic, printed_low, printed_high,
        ci_level, methods, finding`` and the nearest method with its ends. A
        finding is "reproduced", "method unknown" (a method comes within one
        unit of the last printed digit) or "not reproduced".
    explanation : str
        All of it in sentences, and what else would have fitted: worked out when
        it is asked for.
    warnings : tuple of str
        Printed figures that no probability can have, and other oddities.
    set_aside : tuple of str
        Statistics whose interval was left out because no table reproduces it.
    corrections, rounding, report
        What was tried, how digits were read, and the figures that were read.
    """

    def __repr__(self) -> str:
        """Return verdict and count."""
        return f"Reconstruction(verdict={self.verdict!r}, count={self.count})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Printed figures that no probability can have, and other oddities."""
        return self.report.warnings

    @cached_property
    def tables(self) -> pd.DataFrame:
        """Every table that prints all figures, one row each."""
        tp, fp, fn, tn = self.listed.cells.T
        counts = {
            "tp": tp,
            "fp": fp,
            "fn": fn,
            "tn": tn,
            "n": tp + fp + fn + tn,
            "n_cases": tp + fn,
        }
        unknown = {cell for cell in CELLS if cell not in self.known}
        unknown |= {"n"} if unknown else set()
        unknown |= {"n_cases"} if unknown & {"tp", "fn"} else set()
        frame = pd.DataFrame(
            {
                name: pd.array([pd.NA] * len(tp) if name in unknown else column, dtype="Int64")
                for name, column in counts.items()
            }
        )
        for check in self.checks:
            fitting = self.listed.methods.get(check.name)
            frame[f"{check.name}_interval"] = _named(fitting, check.methods, len(tp))
        if self.corrections != ("none",):
            bits = self.listed.corrections
            only = np.ones(len(tp), dtype=np.int64)
            frame["correction"] = _named(only if bits is None else bits, self.corrections, len(tp))
        return frame

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
        return interval_findings(self)

    @cached_property
    def explanation(self) -> str:
        """The whole answer in sentences."""
        return explain(self)

    def __str__(self) -> str:
        """Return the explanation."""
        return self.explanation

    def _repr_html_(self) -> str:
        """Return the explanation and the first tables for notebooks."""
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.explanation.splitlines())
        small = self.count <= 100
        return lines + (self.tables.to_html(index=False, na_rep="") if small else "")


def _named(bits: NDArray[np.int64] | None, names: Sequence[str], rows: int) -> Any:
    """Return a column of names from whole numbers whose bits stand for them; NA without any."""
    if bits is None:
        return pd.array([pd.NA] * rows, dtype="string")
    different, where = np.unique(bits, return_inverse=True)
    spelt = [
        ", ".join(name for bit, name in enumerate(names) if number >> bit & 1)
        for number in different.tolist()
    ]
    return pd.array(np.array(spelt, dtype=object)[where], dtype="string")


def reconstruct(
    *,
    n: Count = None,
    n_cases: Count = None,
    n_positive: Count = None,
    tp: Count = None,
    fp: Count = None,
    fn: Count = None,
    tn: Count = None,
    sensitivity: Figure = None,
    specificity: Figure = None,
    false_positive_rate: Figure = None,
    ppv: Figure = None,
    npv: Figure = None,
    lr_positive: Figure = None,
    lr_negative: Figure = None,
    odds_ratio: Figure = None,
    prevalence: Figure = None,
    test_positive_rate: Figure = None,
    accuracy: Figure = None,
    posttest: Figure = None,
    posttest_negative: Figure = None,
    pretest: PrevalenceLike | None = None,
    pretest_odds: str | float | None = None,
    interval_methods: IntervalMethod | Sequence[IntervalMethod] | None = None,
    corrections: Correction | Sequence[Correction] = ("none",),
    level: float = 0.95,
    rounding: Rounding = "nearest",
    **ends: Figure,
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
    sensitivity, specificity, false_positive_rate, ppv, npv : str, optional
        Shares as printed, with their digits: ``"0.31"``, ``"31%"``; ``">0.90"`` is
        strict, and ``"4 of 13"`` gives both counts. An interval follows in
        parentheses, ``"0.75 (0.53-0.90)"``, or as ``sensitivity_low=``,
        ``sensitivity_high=``.
    lr_positive, lr_negative, odds_ratio : str, optional
        Ratios as printed, likewise.
    prevalence, test_positive_rate, accuracy : str, optional
        Shares of all patients, likewise.
    posttest, posttest_negative : str, optional
        Post-test probability after a positive or a negative result, likewise; it
        needs its pre-test.
    pretest : str, float or "cohort", optional
        Pre-test probability of a printed ``posttest``: ``"0.01"``, ``"1%"``,
        ``"13/1975"``, ``"1 in 300"``, or ``"cohort"`` for the prevalence of the table
        itself. It is taken as exact.
    pretest_odds : str or float, optional
        The same as odds, for instance odds that an author has rounded.
    interval_methods : str or sequence of str, optional
        Methods that may have made the printed intervals: ``"wilson"``,
        ``"wilson_cc"``, ``"clopper_pearson"``, ``"jeffreys"``, ``"agresti_coull"``,
        ``"wald"`` for proportions; ``"log"``, ``"score"``, ``"bayes"`` for ratios and
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
        How digits were printed; see :func:`~backpain_stats.printed.parse_printed`.
    **ends : str
        Ends of printed intervals, named as the statistic with ``_low`` or ``_high``.

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
        If a post-test probability comes without its pre-test, or a pre-test without
        a post-test probability.
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
    counts = {"n": n, "n_cases": n_cases, "n_positive": n_positive}
    counts |= {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    printed: dict[str, Figure] = {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "false_positive_rate": false_positive_rate,
        "ppv": ppv,
        "npv": npv,
        "lr_positive": lr_positive,
        "lr_negative": lr_negative,
        "odds_ratio": odds_ratio,
        "prevalence": prevalence,
        "test_positive_rate": test_positive_rate,
        "accuracy": accuracy,
        "posttest": posttest,
        "posttest_negative": posttest_negative,
    }
    check_choice(rounding, "rounding", ROUNDINGS)
    report = read_report(
        counts, printed | ends, pretest=pretest, pretest_odds=pretest_odds, rounding=rounding
    )
    return reconstruct_report(
        report,
        interval_methods=interval_methods,
        corrections=corrections,
        level=level,
        rounding=rounding,
    )


def reconstruct_report(
    report: PrintedReport,
    *,
    interval_methods: IntervalMethod | Sequence[IntervalMethod] | None = None,
    corrections: Correction | Sequence[Correction] = ("none",),
    level: float = 0.95,
    rounding: Rounding = "nearest",
    most_rows: int = MOST_ROWS,
) -> Reconstruction:
    """Return every table behind a report whose figures have been read.

    The part of :func:`reconstruct` below the reading of figures; the options are its
    own. ``rounding`` only says how the figures were read.

    Parameters
    ----------
    report : PrintedReport
        What :func:`read_report` returns.
    interval_methods, corrections, level, rounding
        As in :func:`reconstruct`.
    most_rows : int
        Rows of tables that may be looked at.

    Returns
    -------
    Reconstruction

    Raises
    ------
    ArgumentError
        If an option is not allowed, or too little is known to list the tables.
    """
    level = check_level(level)
    tried: tuple[Any, ...] = tuple(as_names(corrections, "corrections")) or ("none",)
    for correction in tried:
        check_choice(correction, "corrections", CORRECTIONS)
    checks: list[IntervalCheck] = []
    if report.intervals or interval_methods is not None or level != 0.95:
        checks = interval_checks(report, interval_methods, level)
    return find_tables(report, checks, tried, rounding, kind=Reconstruction, most_rows=most_rows)
