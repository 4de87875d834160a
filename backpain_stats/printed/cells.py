"""Numbers in printed cells, their inequality signs left aside."""

from __future__ import annotations

import pandas as pd

__all__ = ["number", "numbers"]


def number(text: str) -> float | None:
    """Return the number a cell spells, without < or >; None if it spells none.

    Examples
    --------
    >>> number(">0.90"), number("high")
    (0.9, None)
    """
    try:
        return float(text.lstrip("<>="))
    except ValueError:
        return None


def numbers(cells: pd.Series) -> pd.Series:
    """Return the numbers of many cells as floats; NaN for empty and other cells.

    Examples
    --------
    >>> numbers(pd.Series([">0.90", None, "x"], dtype="string")).tolist()
    [0.9, nan, nan]
    """
    bare = cells.astype("string").str.lstrip("<>=")
    values = pd.to_numeric(bare, errors="coerce").to_numpy(dtype=float, na_value=float("nan"))
    return pd.Series(values, index=cells.index)
