"""Several reports about the same patients: they must share one number of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from backpain_stats.errors import ArgumentError
from backpain_stats.reconstruction.explain import tables_phrase
from backpain_stats.reconstruction.result import Count, Reconstruction, reconstruct
from backpain_stats.reconstruction.search import Verdict

__all__ = ["JointReconstruction", "reconstruct_together"]

_SHARED = ["n", "n_cases"]


@dataclass(frozen=True, eq=False)
class JointReconstruction:
    """The tables of several reports that agree on the patients.

    Made by :func:`reconstruct_together`.

    Parameters
    ----------
    names : tuple of str
        One name per report.
    separate : tuple of Reconstruction
        Each report on its own.
    margins : pandas.DataFrame
        One row per pair ``n, n_cases`` that every report allows, and in one column per
        report how many of its tables have it.
    tables : pandas.DataFrame
        ``report`` and the columns of :attr:`Reconstruction.tables`, for the tables
        that have one of these pairs.
    """

    names: tuple[str, ...]
    separate: tuple[Reconstruction, ...] = field(repr=False)
    margins: pd.DataFrame = field(repr=False)
    tables: pd.DataFrame = field(repr=False)

    @cached_property
    def count(self) -> int:
        """How many ways there are to give every report a table of the same patients."""
        return int(self.margins[list(self.names)].prod(axis=1).sum())

    @property
    def verdict(self) -> Verdict:
        """``"unique"``, ``"several"`` or ``"impossible"``."""
        return "impossible" if self.count == 0 else "unique" if self.count == 1 else "several"

    @property
    def explanation(self) -> str:
        """The answer in sentences."""
        lines = []
        for name, report in zip(self.names, self.separate, strict=True):
            cases = sorted(set(report.tables["n_cases"].dropna()))
            shown = ", ".join(map(str, cases[:8])) + (" ..." if cases[8:] else "")
            alone = f"{tables_phrase(report.count)} alone"
            lines.append(f"{name}: {alone}, with n_cases {shown or 'none'}.")
        if self.count == 0:
            lines.insert(0, "impossible: no number of cases suits all reports.")
        else:
            pairs = "; ".join(
                f"n {row.n}, n_cases {row.n_cases}"
                for row in self.margins.head(8).itertuples(index=False)
            )
            lines.insert(0, f"{self.verdict}: together the reports allow {pairs}.")
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the explanation."""
        return self.explanation


def reconstruct_together(
    reports: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]],
    *,
    n: Count = None,
    n_cases: Count = None,
    **options: Any,
) -> JointReconstruction:
    """Return the tables of several reports that share their patients.

    Parameters
    ----------
    reports : mapping or sequence of mappings
        What each report prints, as keyword arguments of
        :func:`~backpain_stats.reconstruct`; a mapping names them.
    n, n_cases : int, str or (int, int), optional
        Counts of the shared patients, as there.
    **options
        ``interval_methods``, ``corrections``, ``level``, ``rounding`` for all of them.

    Returns
    -------
    JointReconstruction
        ``.verdict``, ``.margins``, ``.tables``, ``.separate``, ``.explanation``.

    Raises
    ------
    ArgumentError
        If there is no report, if one is no mapping or states n or n_cases itself, if the
        number of patients is unknown, or as in :func:`~backpain_stats.reconstruct`.

    Notes
    -----
    Not for items with missing values: those have denominators of their own.

    Examples
    --------
    Two bedside signs of a vertebral fracture, read in the same 78 patients:

    >>> found = reconstruct_together(
    ...     [{"sensitivity": "0.875", "specificity": "0.90"},
    ...      {"sensitivity": "0.8125", "specificity": "0.9333"}], n=78)
    >>> found.tables[["report", "tp", "fp", "fn", "tn"]]
         report  tp  fp  fn  tn
    0  report 1  42   3   6  27
    1  report 2  39   2   9  28
    """
    if isinstance(reports, Mapping):
        named = dict(reports)
    elif isinstance(reports, Sequence) and not isinstance(reports, str):
        named = {f"report {place}": report for place, report in enumerate(reports, start=1)}
    else:
        raise ArgumentError(f"reports is {reports!r}; give a list of reports, or a mapping of them")
    if not named:
        raise ArgumentError("reconstruct_together needs at least one report; it was given none")
    for name, printed in named.items():
        if not isinstance(printed, Mapping):
            raise ArgumentError(
                f"{name} is {printed!r}; give what it prints as a mapping, "
                "such as {'sensitivity': '0.31'}"
            )
        given_twice = printed.keys() & {"n", "n_cases", *options}
        if given_twice:
            raise ArgumentError(
                f"{name} states {', '.join(sorted(given_twice))}; that is given once, "
                "for all reports"
            )
    separate = {
        name: reconstruct(n=n, n_cases=n_cases, **options, **printed)
        for name, printed in named.items()
    }
    shared = pd.DataFrame(columns=_SHARED)
    for place, (name, report) in enumerate(separate.items()):
        if report.tables[_SHARED].isna().any(axis=None):
            raise ArgumentError(f"{name} leaves the number of patients open; give n")
        counts = report.tables.groupby(_SHARED).size().rename(name).reset_index()
        shared = shared.merge(counts, on=_SHARED) if place else counts
    tables = pd.concat(
        [report.tables.assign(report=name) for name, report in separate.items()],
        ignore_index=True,
    ).merge(shared[_SHARED], on=_SHARED)
    columns = ["report", *(name for name in tables.columns if name != "report")]
    return JointReconstruction(tuple(separate), tuple(separate.values()), shared, tables[columns])
