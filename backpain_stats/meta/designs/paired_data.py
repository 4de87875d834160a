"""Reading studies that gave several tests: one row per study and test."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from backpain_stats.checks import (
    COUNT_COLUMNS,
    as_names,
    check_column,
    counts_from_frame,
    fill_empty_arms,
    require_columns,
)
from backpain_stats.errors import ArgumentError, DataError, NotEstimableError
from backpain_stats.meta.studies import refuse_many
from backpain_stats.tables import rows_of_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.tables import TablesLike

    Floats = NDArray[np.float64]

__all__ = ["TestedStudies", "read_tested_studies"]

# Two means, two variances and a correlation need four studies of each outcome, as for one test.
_FEWEST_STUDIES = 4


@dataclass(frozen=True, slots=True)
class TestedStudies:
    """Counts of several tests in several studies.

    Parameters
    ----------
    studies, tests : tuple of str
        Names, in order of appearance (tests in the order asked for).
    counts : ndarray of shape (studies, tests, 4)
        tp, fp, fn, tn; four zeros where a study did not give a test.
    """

    __test__ = False  # the name is no sign of a test case

    studies: tuple[str, ...]
    tests: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def given(self) -> NDArray[np.bool_]:
        """Which study gave which test, shape (studies, tests)."""
        given: NDArray[np.bool_] = self.counts.sum(axis=2) > 0
        return given

    def rows(self) -> tuple[Floats, Floats]:
        """Return successes and failures (studies, 2 tests): per test, cases then non-cases."""
        tp, fp, fn, tn = np.moveaxis(self.counts.astype(np.float64), -1, 0)
        flat = (len(self.studies), 2 * len(self.tests))
        return np.stack([tp, tn], -1).reshape(flat), np.stack([fn, fp], -1).reshape(flat)

    def table(self) -> pd.DataFrame:
        """Return one row per study and test given, with ``tests_in_study``."""
        import pandas as pd

        study, test = np.nonzero(self.given)
        frame = pd.DataFrame(self.counts[study, test], columns=list(COUNT_COLUMNS))
        frame.insert(0, "study", np.array(self.studies, dtype=object)[study])
        frame.insert(1, "test", np.array(self.tests, dtype=object)[test])
        frame["tests_in_study"] = self.given.sum(axis=1)[study]
        return frame


def _names(column: pd.Series, what: str) -> list[str]:
    names = ["" if missing else str(name).strip() for name, missing in zip(
        column, column.isna(), strict=True)]  # fmt: skip
    empty = [repr(column.index[row]) for row, name in enumerate(names) if not name]
    if empty:
        raise DataError(f"the data have no {what} in row(s) {', '.join(empty[:5])}")
    return names


def _order(tests: Sequence[str] | None, present: list[str]) -> list[str]:
    """Return the tests to compare, in the order asked for."""
    if tests is None:
        return present
    if isinstance(tests, str):
        raise ArgumentError(f"tests is {tests!r}; give a list of at least two test names")
    asked = [str(name) for name in as_names(tests, "tests")]
    unknown = [name for name in asked if name not in present]
    if unknown:
        raise ArgumentError(
            f"tests names {', '.join(map(repr, unknown))}; the data have: {', '.join(present)}"
        )
    if len(set(asked)) < len(asked):
        raise ArgumentError(f"tests names a test twice: {asked!r}")
    return asked


def read_tested_studies(
    data: TablesLike, *, test: str, study: str, tests: Sequence[str] | None = None
) -> TestedStudies:
    """Check a frame with one row per study and test.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``tp, fp, fn, tn`` and the two named by ``test`` and ``study``.
    test, study : str
        Names of columns.
    tests : sequence of str, optional
        The tests to compare, the first being the one others are compared with; by default all,
        in order of appearance. Rows of other tests are left out.

    Returns
    -------
    TestedStudies

    Raises
    ------
    DataError
        If a column is missing, a cell is not a count, a name is empty, a study has two rows of
        the same test, a row is without patients or there are more than 2,000 studies.
    ArgumentError
        If ``tests`` names a test that the data do not have, or fewer than two are compared.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": ["A", "A", "B"], "test": ["ESR", "CRP", "CRP"],
    ...                      "tp": [4, 5, 9], "fp": [2, 8, 7], "fn": [2, 1, 1], "tn": [40, 34, 61]})
    >>> read_tested_studies(data, test="test", study="study").table()
      study test  tp  fp  fn  tn  tests_in_study
    0     A  ESR   4   2   2  40               2
    1     A  CRP   5   8   1  34               2
    2     B  CRP   9   7   1  61               1
    """
    check_column(test, "test")
    frame = rows_of_studies(data, study)
    require_columns(frame, (study, test, *COUNT_COLUMNS), "the data")
    test_names, study_names = _names(frame[test], "test name"), _names(frame[study], "study name")
    compared = _order(tests, list(dict.fromkeys(test_names)))
    if len(compared) < 2:
        raise ArgumentError(
            f"column {test!r} has {len(compared)} test(s): {', '.join(compared)}; a comparison "
            "needs at least two"
        )
    wanted = np.array([name in compared for name in test_names])
    counts = counts_from_frame(fill_empty_arms(frame)[0][wanted], "the data")
    rows = [
        (name, label)
        for name, label, keep in zip(study_names, test_names, wanted, strict=True)
        if keep
    ]
    twice = [pair for pair, times in Counter(rows).items() if times > 1]
    if twice:
        raise DataError(
            "the data have more than one row of "
            + "; ".join(f"test {label!r} in study {name!r}" for name, label in twice[:5])
            + "; give separate populations separate study names"
        )
    for (name, label), total in zip(rows, counts.sum(axis=1), strict=True):
        if total == 0:
            raise DataError(f"test {label!r} in study {name!r} has four zeros; leave the row out")
    studies = list(dict.fromkeys(name for name, _ in rows))
    refuse_many(len(studies))
    place = {name: number for number, name in enumerate(studies)}
    column = {label: number for number, label in enumerate(compared)}
    filled = np.zeros((len(studies), len(compared), 4), dtype=np.int64)
    for (name, label), row in zip(rows, counts, strict=True):
        filled[place[name], column[label]] = row
    return TestedStudies(tuple(studies), tuple(compared), filled)


def refuse_inestimable(studies: TestedStudies) -> None:
    """Raise NotEstimableError where the counts do not determine a summary of each test."""
    successes, failures = studies.rows()
    by_outcome = (successes + failures).reshape(len(studies.studies), -1, 2).sum(axis=1) > 0
    for column, patients in enumerate(("cases", "non-cases")):
        informing = int(by_outcome[:, column].sum())
        if informing < _FEWEST_STUDIES:
            raise NotEstimableError(
                f"{informing} studies have {patients}; the random effects of the studies need at "
                f"least {_FEWEST_STUDIES}"
            )
    for row, (good, bad) in enumerate(
        zip(successes.sum(axis=0), failures.sum(axis=0), strict=True)
    ):
        name, outcome = studies.tests[row // 2], ("sensitivity", "specificity")[row % 2]
        if good == 0 or bad == 0:
            patients = ("cases", "non-cases")[row % 2]
            reason = (
                f"no study gave it to any {patients}"
                if good == bad
                else f"it is {int(good)}/{int(good + bad)} over all studies"
            )
            raise NotEstimableError(
                f"the {outcome} of {name!r} has no finite maximum likelihood estimate on the logit "
                f"scale: {reason}. Leave that test out with tests=[...]"
            )
