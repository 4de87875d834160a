"""Reading a user's own CSV file of 2x2 tables."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from backpain_stats.checks import COUNT_COLUMNS, nearest
from backpain_stats.errors import DataError
from backpain_stats.evidence import Column, Table, list_problems, problem_frame, read_table
from backpain_stats.meta.studies import check_studies

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_studies"]

_COUNTS = {
    "tp": "True positives.",
    "fp": "False positives.",
    "fn": "False negatives.",
    "tn": "True negatives.",
}


def read_studies(path: str | PathLike[str]) -> pd.DataFrame:
    r"""Read one CSV file with the columns ``study, tp, fp, fn, tn`` and any covariates.

    Parameters
    ----------
    path : str or path-like
        UTF-8 text with a header line; a byte order mark, semicolons or tabs in place
        of commas, and CRLF line ends are read as well. Of a study without cases ``tp``
        and ``fn`` may be empty, of one without non-cases ``fp`` and ``tn``.

    Returns
    -------
    pandas.DataFrame
        One row per study. Counts are integers; a further column is numeric if all its
        filled cells are numbers, else text.

    Raises
    ------
    DataError
        If the file is missing, empty, not CSV, without the columns, or has cells that
        are not counts, studies named twice or studies without patients. The message
        names the lines of the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("study,tp,fp,fn,tn,year\nA,4,41,9,1921,1988\nB,7,13,0,462,1998\n")
    >>> read_studies(path)
      study  tp  fp  fn    tn  year
    0     A   4  41   9  1921  1988
    1     B   7  13   0   462  1998
    """
    import pandas as pd

    file = Path(path)
    columns = [Column("study", "Name of the study.", required=True)]
    columns += [Column(name, text, "integer") for name, text in _COUNTS.items()]
    table = Table(file.stem, "Studies of one test.", ("study",), tuple(columns))
    raw, problems = read_table(file, table)
    serious = [
        problem
        for problem in problems
        # Further columns are covariates here, not mistakes.
        if problem.severity == "error" and problem.code != "unknown_column"
    ]
    if raw is not None:
        _refuse_missing_columns(raw.frame, file.name)
    if serious or raw is None:
        raise DataError(f"{file.name} cannot be used:\n{list_problems(problem_frame(serious))}")
    frame = raw.frame.copy()
    frame.index = pd.Index([f"line {line}" for line in raw.lines])
    studies = check_studies(frame, file.name)
    frame = frame.reset_index(drop=True)
    for cell, values in zip(COUNT_COLUMNS, studies.counts.T, strict=True):
        # an arm that was left empty stays so: the fit says that it reads it as no patients
        empty = frame[cell].isna()
        frame[cell] = pd.Series(values).astype("Int64").mask(empty) if empty.any() else values
    for name in frame.columns.difference(["study", *COUNT_COLUMNS]):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if (numbers.notna() == frame[name].notna()).all():
            frame[name] = numbers
    return frame


def _refuse_missing_columns(frame: pd.DataFrame, file: str) -> None:
    missing = [name for name in ("study", *COUNT_COLUMNS) if name not in frame.columns]
    if not missing:
        return
    hints = []
    for name in missing:
        close = [one for one in frame.columns if one.strip().lower() == name]
        close += nearest(name, frame.columns) if not close else []
        hints.append(f"{name} (rename {close[0]!r}?)" if close else name)
    present = ", ".join(frame.columns)
    raise DataError(f"{file} lacks the column(s) {', '.join(hints)}; it has: {present}")
