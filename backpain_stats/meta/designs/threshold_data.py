"""Reading studies that report several thresholds of one test: one row per study and threshold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from backpain_stats.checks import (
    COUNT_COLUMNS,
    check_column,
    counts_from_frame,
    fill_empty_arms,
    real_numbers,
    require_columns,
)
from backpain_stats.errors import DataError, NotEstimableError
from backpain_stats.meta.studies import refuse_many
from backpain_stats.tables import rows_of_studies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from backpain_stats.tables import TablesLike

    Floats = NDArray[np.float64]

__all__ = [
    "Inconsistent",
    "Positive",
    "ThresholdStudies",
    "Transform",
    "read_threshold_studies",
    "refuse_few",
    "scale_of",
]

Transform = Literal["log", "identity"]
Positive = Literal["above", "below"]
Inconsistent = Literal["refuse", "drop", "keep"]
FEWEST_STUDIES = 4


@dataclass(frozen=True, slots=True)
class ThresholdStudies:
    """Studies with their thresholds, sorted by study and from the easiest threshold to the hardest.

    Parameters
    ----------
    names : tuple of str
        Names of the studies.
    study : ndarray of int, shape (rows,)
        Which study each row is of; rows of a study are adjacent.
    thresholds : ndarray of shape (rows,)
    counts : ndarray of int, shape (rows, 4)
        tp, fp, fn, tn at the threshold.
    positive : {"above", "below"}
        On which side of the threshold a value counts as positive.
    set_aside : tuple of (str, float, str)
        Study, threshold and reason of the rows that were not used.
    """

    names: tuple[str, ...]
    study: NDArray[np.intp]
    thresholds: Floats
    counts: NDArray[np.int64]
    positive: Positive
    set_aside: tuple[tuple[str, float, str], ...]

    @property
    def starts(self) -> NDArray[np.intp]:
        """The first row of each study."""
        return np.searchsorted(self.study, np.arange(len(self.names)))

    @property
    def observed_range(self) -> tuple[float, float]:
        """The lowest and the highest threshold reported."""
        return float(self.thresholds.min()), float(self.thresholds.max())

    def positives_negatives(self, cases: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the positive and negative results at each row, of cases or of non-cases."""
        tp, fp, fn, tn = self.counts.T
        return (tp, fn) if cases else (fp, tn)

    def table(self) -> pd.DataFrame:
        """Return the rows used: ``study, threshold, tp, fp, fn, tn``."""
        import pandas as pd

        frame = pd.DataFrame(self.counts, columns=list(COUNT_COLUMNS))
        frame.insert(0, "study", np.array(self.names, dtype=object)[self.study])
        frame.insert(1, "threshold", self.thresholds)
        return frame


def scale_of(values: Floats, transform: Transform, positive: Positive) -> Floats:
    """Return values on the scale on which they are logistic, rising towards negative results.

    Examples
    --------
    >>> scale_of(np.array([1.0, np.e]), "log", "above")
    array([0., 1.])
    >>> scale_of(np.array([3.0]), "identity", "below")
    array([-3.])
    """
    scaled = np.log(values) if transform == "log" else np.asarray(values, dtype=np.float64)
    return scaled if positive == "above" else -scaled


def read_threshold_studies(
    data: TablesLike,
    *,
    threshold: str,
    study: str,
    positive: Positive = "above",
    inconsistent: Inconsistent = "refuse",
    fewest: int = FEWEST_STUDIES,
) -> ThresholdStudies:
    """Check a frame with one row per study and threshold.

    Parameters
    ----------
    data : pandas.DataFrame, StudyTables, str or path-like
        Columns ``tp, fp, fn, tn`` and the two named by ``threshold`` and ``study``.
    threshold, study : str
        Names of columns.
    positive : {"above", "below"}, optional
    inconsistent : {"refuse", "drop", "keep"}, optional
        What to do with rows that cannot be the same patients as the others of their study. Only
        a model that takes rows for independent can keep them.
    fewest : int, optional
        Studies that must have cases, and non-cases; 4 is what random effects need by likelihood.

    Returns
    -------
    ThresholdStudies

    Raises
    ------
    DataError
        If a column is missing, a cell is not a count or not a threshold; with
        ``inconsistent="refuse"``, if a study has a threshold twice, its numbers of cases or
        non-cases change with the threshold, or more patients are positive at a harder threshold.
    NotEstimableError
        If fewer studies have cases, or non-cases.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"study": list("AABCD"), "esr": [20, 50, 20, 40, 100],
    ...                      "tp": [9, 6, 7, 5, 2], "fp": [40, 9, 30, 8, 1],
    ...                      "fn": [1, 4, 1, 3, 3], "tn": [60, 91, 55, 70, 80]})
    >>> studies = read_threshold_studies(data, threshold="esr", study="study")
    >>> studies.names, studies.observed_range
    (('A', 'B', 'C', 'D'), (20.0, 100.0))
    """
    check_column(threshold, "threshold")
    frame = rows_of_studies(data, study)
    require_columns(frame, (study, threshold, *COUNT_COLUMNS), "the data")
    counts = counts_from_frame(fill_empty_arms(frame)[0], "the data")
    if not len(counts):
        raise DataError("the data have no rows")
    missing = frame[study].isna()
    labels = [str(name).strip() for name in frame[study]]
    if missing.any() or "" in labels:
        raise DataError("the data have rows without a study name")
    values = real_numbers(frame[threshold])
    if values is None or not np.isfinite(values).all():
        raise DataError(f"column {threshold!r} has cells that are not finite numbers")
    names = tuple(dict.fromkeys(labels))
    numbers = np.array([names.index(label) for label in labels], dtype=np.intp)
    order = np.lexsort((values if positive == "above" else -values, numbers))
    every = ThresholdStudies(names, numbers[order], values[order], counts[order], positive, ())
    reasons = [""] * len(order) if inconsistent == "keep" else _contradictions(every)
    wrong = np.array([bool(reason) for reason in reasons])
    if wrong.any() and inconsistent == "refuse":
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{int(wrong.sum())} rows cannot be the same patients as the others of their study, "
            f"the first: {names[every.study[row]]!r}, threshold {every.thresholds[row]:g}: "
            f"{reasons[row]}; correct them, or set them aside with inconsistent='drop'"
        )
    aside = tuple(
        (names[every.study[row]], float(every.thresholds[row]), reasons[row])
        for row in np.flatnonzero(wrong)
    )
    studies = ThresholdStudies(
        names, every.study[~wrong], every.thresholds[~wrong], every.counts[~wrong], positive, aside
    )
    refuse_few(studies, fewest)
    return studies


def refuse_few(studies: ThresholdStudies, fewest: int = FEWEST_STUDIES) -> None:
    """Refuse studies of which too few have cases, or non-cases."""
    refuse_many(len(studies.starts))
    for cases, patients in ((True, "cases"), (False, "non-cases")):
        positives, negatives = studies.positives_negatives(cases)
        informing = int(((positives + negatives)[studies.starts] > 0).sum())
        if informing >= fewest:
            continue
        if not informing:
            raise NotEstimableError(f"no study has any {patients}: nothing says how they fare")
        have = "study has" if informing == 1 else "studies have"
        raise NotEstimableError(
            f"{informing} {have} {patients}; the random effects of the studies need at least "
            f"{fewest}"
        )


def _contradictions(studies: ThresholdStudies) -> list[str]:
    """Return for each row why it cannot be the same patients as the others; else an empty text.

    The numbers of patients that most rows of a study have are taken for right, and of two
    thresholds out of order the easier.
    """
    reasons = [""] * len(studies.study)
    for number in range(len(studies.names)):
        rows = np.flatnonzero(studies.study == number)
        previous: int | None = None
        totals = studies.counts[rows, :2] + studies.counts[rows, 2:]
        usual = [Counter(column.tolist()).most_common(1)[0][0] for column in totals.T]
        for row in rows:
            tp, fp, fn, tn = studies.counts[row]
            if previous is not None and studies.thresholds[row] == studies.thresholds[previous]:
                reasons[row] = "the threshold is given more than once"
            elif [tp + fn, fp + tn] != usual:
                reasons[row] = (
                    f"{tp + fn} cases and {fp + tn} non-cases where the study has {usual[0]} and "
                    f"{usual[1]}"
                )
            elif (
                previous is not None
                and (studies.counts[row, :2] > studies.counts[previous, :2]).any()
            ):
                reasons[row] = "more patients are positive than at an easier threshold"
            else:
                previous = int(row)
    return reasons
