"""Many 2x2 tables at once, kept as runs of consecutive integers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backpain_stats.reconstruction.integer_runs import consecutive, total
from backpain_stats.reconstruction.measures import CELLS

__all__ = ["Runs"]

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Runs:
    """Tables, kept as runs: row total, first cell, and consecutive values of the free cell.

    Parameters
    ----------
    cells : tuple of str
        The names of the cells a, b, c, d.
    n, row, first, low, high : numpy.ndarray
        Size of the study, row total a + c, cell a, smallest and largest cell b.
    only_row : bool
        Whether the other row is unknown; its cells are then no part of the answer.
    steps : tuple of (str, int)
        Each condition, and how many tables were left after it.
    checked : frozenset of str
        Labels of the row filters that have been applied.
    """

    cells: tuple[str, str, str, str]
    n: Array
    row: Array
    first: Array
    low: Array
    high: Array
    only_row: bool = False
    steps: tuple[tuple[str, int], ...] = ()
    checked: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many tables there are."""
        return total(self.high - self.low + 1)

    @property
    def known(self) -> tuple[str, ...]:
        """The cells that are part of the answer."""
        a, _, c, _ = self.cells
        return (a, c) if self.only_row else CELLS

    def expand(self) -> dict[str, Array]:
        """Return the counts of every table, sorted by n, cases, tp and fp."""
        index, free = consecutive(self.low, self.high)
        first, row, n = self.first[index], self.row[index], self.n[index]
        a, b, c, d = self.cells
        found = {a: first, b: free, c: row - first, d: n - row - free}
        order = np.lexsort((found["fp"], found["tp"], found["tp"] + found["fn"], n))
        return {cell: found[cell][order] for cell in CELLS}

    def split_zeros(self, *, zero: bool) -> Runs:
        """Return the tables with a zero cell, or those without."""
        spare = self.n - self.row
        inner_low, inner_high = np.maximum(self.low, 1), np.minimum(self.high, spare - 1)
        full = (self.first > 0) & (self.row > self.first)
        if not zero:
            return self._pick(full & (inner_low <= inner_high), inner_low, inner_high)
        whole = self._pick(~full, self.low, self.high)
        left = self._pick(full & (self.low == 0), self.low, self.low)
        right = self._pick(full & (self.high == spare) & (self.high > 0), self.high, self.high)
        return whole.joined(left).joined(right)

    def _pick(self, chosen: Array, low: Array, high: Array) -> Runs:
        """Return chosen runs with new ends."""
        return replace(
            self,
            n=self.n[chosen],
            row=self.row[chosen],
            first=self.first[chosen],
            low=low[chosen],
            high=high[chosen],
        )

    def joined(self, other: Runs) -> Runs:
        """Return the runs of both."""
        return replace(
            self,
            n=np.concatenate([self.n, other.n]),
            row=np.concatenate([self.row, other.row]),
            first=np.concatenate([self.first, other.first]),
            low=np.concatenate([self.low, other.low]),
            high=np.concatenate([self.high, other.high]),
        )
