"""The array types of this room, each under one name."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]
# Positions in an array: the problems of a batch, the rows of a frame.
Rows: TypeAlias = NDArray[np.intp]


def read_only(values: Floats) -> Floats:
    """Return a copy that cannot be written to."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy
