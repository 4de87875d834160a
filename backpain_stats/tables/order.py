"""Many tables of one report in order, and the one in the middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def table_order(tables: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the positions of tables (n, 4) from the smallest LR+ to the largest.

    Tables with the same LR+, and those without one (no cases, or no non-cases), are
    ordered by tp, fp, fn, tn.

    Examples
    --------
    >>> table_order(np.array([[4, 41, 9, 1921], [4, 40, 9, 1922], [4, 42, 9, 1920]]))
    array([2, 0, 1])
    """
    tp, fp, fn, tn = tables.T.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Products of whole numbers are exact, so that equal ratios compare as equal.
        ratio = (tp * (fp + tn)) / (fp * (tp + fn))
    return np.lexsort((*tables.T[::-1], ratio))


def middle_table(tables: NDArray[np.int64]) -> int:
    """Return the position of the middle table: the one with the median LR+.

    Of an even number the lower median, which claims less.

    Examples
    --------
    >>> middle_table(np.array([[4, 41, 9, 1921], [4, 40, 9, 1922], [4, 42, 9, 1920]]))
    0
    """
    return int(table_order(tables)[(len(tables) - 1) // 2])
