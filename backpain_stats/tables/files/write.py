"""2x2 tables into files that others read: text, Excel, RevMan's order of columns."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Literal

import pandas as pd

from backpain_stats.checks import check_choice, check_file_path, optional_import, writing
from backpain_stats.errors import ArgumentError
from backpain_stats.tables.files.names import CELLS
from backpain_stats.tables.files.read import TablesLike, read_tables

__all__ = ["write_tables"]

_ENDS = {".csv": ",", ".tsv": "\t", ".xlsx": ""}
_REVMAN = {"study": "Study", "tp": "TP", "fp": "FP", "fn": "FN", "tn": "TN"}


def write_tables(
    tables: TablesLike,
    path: str | PathLike[str],
    *,
    layout: Literal["plain", "revman"] = "plain",
    force: bool = False,
) -> Path:
    """Write 2x2 tables into a file: text, Excel, or the order of columns of RevMan.

    Parameters
    ----------
    tables : StudyTables, pandas.DataFrame, str or path-like
        The tables, or where they are; read as by :func:`read_tables`.
    path : str or path-like
        The file to write; its name ends in ``.csv``, ``.tsv`` or ``.xlsx`` (extra ``excel``).
    layout : {"plain", "revman"}, optional
        ``"revman"`` writes ``Study, TP, FP, FN, TN`` and then the covariates, the columns of
        the data tables of RevMan, for pasting into them.
    force : bool, optional
        Whether a file of that name may be replaced.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    DataError
        If the tables cannot be read.
    ArgumentError
        If the file is there already, cannot be written, or ends otherwise.
    MissingExtraError
        If ``.xlsx`` is to be written and openpyxl is not installed.

    Notes
    -----
    Counts of an arm that was not studied are left empty. What was written is read back equal
    by :func:`read_tables`, but for a text that looks like a number: in ``.csv`` it becomes one.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> frame = pd.DataFrame({"study": ["Deyo"], "tp": [4], "fp": [41], "fn": [9], "tn": [1921]})
    >>> path = write_tables(frame, Path(tempfile.mkdtemp()) / "out.csv", layout="revman")
    >>> print(path.read_text().strip())
    Study,TP,FP,FN,TN
    Deyo,4,41,9,1921
    """
    check_choice(layout, "layout", ("plain", "revman"))
    file = check_file_path(path, "path")
    end = file.suffix.lower()
    if end not in _ENDS:
        raise ArgumentError(f"path is {str(path)!r}; its name must end in {', '.join(_ENDS)}")
    if file.exists() and not force:
        raise ArgumentError(f"{str(file)!r} is there already; force=True replaces it")
    frame = read_tables(tables).frame
    if layout == "revman":
        frame = _in_order_of_revman(frame)
    with writing(file):
        if end == ".xlsx":
            optional_import("openpyxl", "excel", "writing an Excel file")
            frame.to_excel(file, index=False, sheet_name="tables")
        else:
            frame.to_csv(file, index=False, sep=_ENDS[end], lineterminator="\n")
    return file


def _in_order_of_revman(frame: pd.DataFrame) -> pd.DataFrame:
    others = [name for name in frame.columns if name not in ("study", *CELLS)]
    return frame[["study", *CELLS, *others]].rename(columns=_REVMAN)
