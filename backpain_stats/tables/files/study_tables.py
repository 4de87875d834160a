"""The 2x2 tables of studies, with what was understood of the file they are from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from backpain_stats.checks import listed
from backpain_stats.result import Grid, Result, Shown, grid_of
from backpain_stats.tables.files.names import CELLS, TEST, THRESHOLD, normal
from backpain_stats.tables.files.studies import plain_text
from backpain_stats.tables.files.unclear import Answer, UnclearTablesError

__all__ = ["StudyTables"]

_MOST_SHOWN = 20


@dataclass(frozen=True, repr=False, eq=False)
class StudyTables(Result):
    """2x2 tables of studies as they were read.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``study``, ``test`` if tests stood side by side, ``tp, fp, fn, tn``, and the file's
        other columns. Counts of an arm that was not studied are missing.
    set_aside : pandas.DataFrame
        ``row, study, reason``: the rows that were not used.
    where : str
        Name of the file.
    words : tuple of str
        What was read as what.
    study_columns : tuple of str
        The columns of the file that name the studies; none if the rows were numbered.
    labels : tuple of str
        The row of the file each row is from.
    """

    frame: pd.DataFrame
    set_aside: pd.DataFrame
    where: str
    words: tuple[str, ...]
    study_columns: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def understood(self) -> str:
        """What was understood, in one line."""
        studies = self.frame["study"].nunique()
        rows = len(self.frame)
        first = f"{studies} stud{'y' if studies == 1 else 'ies'}"
        parts = [first if rows == studies else f"{rows} rows of {first}", *self.words]
        for patients, arm in (("cases", ["tp", "fn"]), ("non-cases", ["fp", "tn"])):
            none = int((self.frame[arm].fillna(0).sum(axis=1) == 0).sum())
            if none:
                parts.append(f"{none} row{'s' * (none > 1)} without {patients}")
        for reason, rows_of in self.set_aside.groupby("reason", sort=False)["row"]:
            parts.append(f"set aside: {listed(rows_of)} ({reason})")
        return "; ".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """Return the tables."""
        return self.frame

    def one_row_a_study(self) -> pd.DataFrame:
        """Return the tables if every study has one row.

        Raises
        ------
        DataError
            If a study has several rows: they may be tests, thresholds or publications of
            the same patients, of which only one may be used, or different patients. Only
            who knows the studies can tell; the message names the options.
        """
        twice = self.frame["study"][self.frame["study"].duplicated()].unique()
        if not len(twice):
            return self.frame
        raise self._which_rows(list(twice))

    def _which_rows(self, twice: list[str]) -> UnclearTablesError:
        parts: list[str | Answer] = [
            f"{self.where} has several rows for {len(twice)} "
            f"stud{'y' if len(twice) == 1 else 'ies'} ({listed(twice, 3)}). "
        ]
        for column in self._differing():
            values = Counter(filter(None, map(plain_text, self.frame[column])))
            parts.append(f"{column} differs ({listed(values)})")
            often, times = values.most_common(1)[0] if values else ("", 0)
            if times > 1 and not self.frame.duplicated(subset=["study", column]).any():
                parts += [": choose with ", ("only", {column: often})]
            parts.append(". ")
            if normal(column) in TEST:
                parts.append("Tests in the same patients are compared with compare_tests. ")
            elif normal(column) in THRESHOLD:
                parts.append("Several thresholds are modelled with fit_thresholds. ")
        if apart := self._apart():
            parts.append("Only if the rows are of different patients, name them apart with ")
            parts.append(("study", apart))
        else:
            parts.append("Use only one table of the same patients")
        return UnclearTablesError(*parts)

    def _covariates(self) -> list[str]:
        return [name for name in self.frame.columns if name not in ("study", *CELLS)]

    def _differing(self) -> list[str]:
        """Return the columns that differ within a study, tests and thresholds first."""
        known = {*TEST, *THRESHOLD}
        texts = {name: self.frame[name].map(plain_text) for name in self._covariates()}
        study = self.frame["study"]
        differing = [
            name
            for name, text in texts.items()
            if (text.groupby(study).transform("first") != text).any()
        ]
        return sorted(differing, key=lambda name: normal(name) not in known)[:4]

    def _apart(self) -> list[str]:
        """Return the fewest columns that, with the study's name, tell all rows apart.

        A test or a threshold is none of them: its rows are of the same patients.
        """
        names = [name for name in self._covariates() if normal(name) not in {*TEST, *THRESHOLD}]
        single = [[name] for name in names]
        pairs = [[one, other] for at, one in enumerate(names) for other in names[at + 1 :]]
        for extra in [*single, *pairs]:
            if not self.frame.duplicated(subset=["study", *extra]).any():
                own = self.study_columns
                return [*own, *(name for name in extra if name not in own)]
        return []

    def _shown(self) -> Shown:
        rest = len(self.frame) - _MOST_SHOWN
        notes = [f"and {rest} more rows"] if rest > 0 else []
        grid: Grid = grid_of(self.frame.head(_MOST_SHOWN))
        return Shown(f"{self.where}: {self.understood}", [grid], notes)
