"""Numbers in printed cells, their inequality signs left aside."""

from __future__ import annotations

import math

from backpain_stats.printed.value import _as_number
from backpain_stats.printed.value import as_numbers as numbers

__all__ = ["number", "numbers"]


def number(text: str) -> float | None:
    """Return the number a cell spells, without < or >; None if it spells none."""
    value = _as_number(text)
    return None if math.isnan(value) else value
