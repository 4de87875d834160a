"""What was tried for one claim: conventions, kept in flat arrays, and which of them fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backpain_stats.claims.claim import Claim
from backpain_stats.claims.inputs import NO_TABLES, Candidate, PrintedRatio
from backpain_stats.claims.pretests import PretestChoice
from backpain_stats.printed import PrintedValue
from backpain_stats.tables import PROPORTION_METHODS

__all__ = ["RATIO_METHODS", "Block", "Figures", "Floats", "Search", "Trial", "Truths"]

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Figures = tuple[Floats, Floats, Floats]

# In the order of plainness: the logarithmic interval is what reviews print.
RATIO_METHODS = ("log", "score")
METHODS = ("", "as printed", *RATIO_METHODS, *PROPORTION_METHODS)
READINGS = ("", "cut_off", "not_assessed")


@dataclass(frozen=True, eq=False)
class Block:
    """One candidate under one correction and one interval method.

    Parameters
    ----------
    candidate : Candidate
        What is computed from.
    tables : numpy.ndarray
        Its tables, shape (tables, 4); no rows for a printed ratio.
    correction, method : str
        The convention; empty where it does not apply.
    pretests : tuple of PretestChoice
        One per row of the arrays below; empty where no pre-test goes in.
    figures : tuple of numpy.ndarray
        Recomputed estimate, low and high, each of shape (pre-tests, tables).
    ratio : PrintedRatio or None
        The printed ratio that is used in place of tables.
    """

    candidate: Candidate
    tables: NDArray[np.int64]
    correction: str
    method: str
    pretests: tuple[PretestChoice, ...]
    figures: Figures
    ratio: PrintedRatio | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Pre-tests and tables."""
        rows, columns = self.figures[0].shape
        return rows, columns

    @property
    def missing(self) -> NDArray[np.int64]:
        """Patients that each table leaves out."""
        if self.candidate.missing is None:
            return np.zeros(self.shape[1], dtype=np.int64)
        return self.candidate.missing

    @property
    def pretest_values(self) -> Floats:
        """Pre-test probabilities that went in, shape (pre-tests, tables); NaN if none did."""
        values = np.full(self.shape, np.nan)
        for row, choice in enumerate(self.pretests):
            if choice.odds is not None:
                values[row] = float(choice.odds / (1 + choice.odds))
            elif len(self.tables):
                values[row] = self.tables[:, [0, 2]].sum(axis=1) / self.tables.sum(axis=1)
        return values


@dataclass(frozen=True, eq=False)
class Trial:
    """A convention, and others of its block that fit too and differ only in the table.

    Parameters
    ----------
    block : Block
        Where it is.
    row : int
        Its pre-test.
    tables : numpy.ndarray
        Its table; then those of the others, the plainest first.
    """

    block: Block
    row: int
    tables: NDArray[np.int64]

    @property
    def place(self) -> tuple[int, int]:
        """Pre-test and table within the arrays of the block."""
        return self.row, int(self.tables[0])

    @property
    def cells(self) -> NDArray[np.int64]:
        """The table and those of the others, shape (tables, 4); no rows for a printed ratio."""
        return self.block.tables[self.tables] if len(self.block.tables) else NO_TABLES

    @property
    def choice(self) -> PretestChoice | None:
        """The choice of pre-test, if one goes in."""
        return self.block.pretests[self.row] if self.block.pretests else None

    @property
    def pretest(self) -> float:
        """The pre-test probability that went in; NaN if none did."""
        return float(self.block.pretest_values[self.place])

    @property
    def figures(self) -> tuple[float, float, float]:
        """Estimate, low and high."""
        estimate, low, high = (float(part[self.place]) for part in self.block.figures)
        return estimate, low, high


@dataclass(frozen=True, eq=False)
class Search:
    """All conventions tried for one claim, one after the other in flat arrays."""

    claim: Claim
    blocks: Sequence[Block]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Position of the first convention of each block, and the end of the last."""
        sizes = [rows * columns for rows, columns in (block.shape for block in self.blocks)]
        return np.cumsum([0, *sizes])

    @cached_property
    def figures(self) -> Figures:
        """Estimate, low and high of every convention."""
        nothing = np.empty(0)
        estimate, low, high = (
            np.concatenate([nothing, *(block.figures[part].ravel() for block in self.blocks)])
            for part in range(3)
        )
        return estimate, low, high

    @cached_property
    def tried(self) -> int:
        """How many conventions give an estimate."""
        return int((~np.isnan(self.figures[0])).sum())

    @cached_property
    def value_fits(self) -> Truths:
        """Which conventions print the value of the claim."""
        return _admitted(self.claim.value, self.figures[0])

    @cached_property
    def end_fits(self) -> tuple[Truths, Truths]:
        """Which print its low and its high end; of a range, by their estimates."""
        estimate, low, high = self.figures
        ends = (estimate, estimate) if self.claim.has_range else (low, high)
        first, second = (
            _admitted(end, figure) for end, figure in zip(self.claim.ends, ends, strict=True)
        )
        return first, second

    @cached_property
    def fits(self) -> Truths:
        """Which print all of it; none prints a range."""
        if self.claim.has_range:
            return np.zeros(len(self.figures[0]), dtype=bool)
        return self.value_fits & self.end_fits[0] & self.end_fits[1]

    def block_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the block of each position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def trials(self, positions: NDArray[np.int64]) -> list[Trial]:
        """Return conventions, together where they differ only in the table; in their order."""
        places = self.block_of(positions)
        columns = np.array([block.shape[1] for block in self.blocks])[places]
        rows, tables = np.divmod(positions - self.starts[places], columns)
        keys, first, group = np.unique(
            np.stack([places, rows]), axis=1, return_index=True, return_inverse=True
        )
        return [
            Trial(self.blocks[keys[0, i]], int(keys[1, i]), tables[group.ravel() == i])
            for i in np.argsort(first)
        ]

    def fits_of(self, block: Block) -> Truths:
        """Return which conventions of one block fit, shape (pre-tests, tables)."""
        place = next(i for i, other in enumerate(self.blocks) if other is block)
        inside = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return self.fits[inside].reshape(block.shape)

    @cached_property
    def fitting(self) -> NDArray[np.int64]:
        """Positions of all that fit, the plainest first: the fewer and more usual the choices."""
        found = np.flatnonzero(self.fits)
        places = self.block_of(found)
        keys = [
            _plainness(self.blocks[place], found[places == place] - self.starts[place])
            for place in np.unique(places)
        ]
        return found[np.lexsort(np.concatenate(keys, axis=1)[::-1])] if len(found) else found

    @cached_property
    def printed_values(self) -> Floats:
        """The different finite estimates, in units of the last digit of the claim, ascending."""
        estimate = self.figures[0]
        return np.unique(self._units(estimate[np.isfinite(estimate)]))

    @cached_property
    def figures_reached(self) -> int:
        """How many different results, in the digits of the claim, were computed."""
        known = ~np.isnan(self.figures[0])
        parts = self.figures if self.claim.has_interval else self.figures[:1]
        codes = np.zeros(int(known.sum()), dtype=np.int64)
        for part in parts:
            values, places = np.unique(self._units(part[known]), return_inverse=True)
            # Renumbered at each step, so that the product stays small.
            codes = np.unique(codes * len(values) + places, return_inverse=True)[1]
        return int(codes.max()) + 1 if len(codes) else 0

    @property
    def hit_by_chance(self) -> bool:
        """Whether a fit says little: half of all figures between the extremes were reached.

        Any figure there would then have been hit with even odds. Of an interval, three
        figures have to agree.
        """
        claim, printed = self.claim, self.printed_values
        if claim.has_interval or (claim.value is not None and claim.value.is_bound):
            return False
        if len(printed) <= 3 or not self.fits.any():
            return False
        return len(printed) >= (printed[-1] - printed[0] + 1) / 2

    def _units(self, figures: Floats) -> Floats:
        """Round figures half up to units of the last digit of the claim."""
        return np.floor(figures * 10.0**self.claim.decimals + 0.5)

    @cached_property
    def nearest(self) -> Trial | None:
        """What comes nearest, in units of the last printed digit."""
        estimate, low, high = self.figures
        claim = self.claim
        apart = np.zeros(len(estimate))
        for printed, figure in zip((claim.value, *claim.ends), (estimate, low, high), strict=True):
            if printed is not None and printed.value is not None:
                with np.errstate(invalid="ignore"):
                    away = np.abs(figure - float(printed.value)) * 10.0**printed.decimals
                apart += np.where(np.isnan(away), np.inf, away)
        best = int(np.argmin(apart)) if len(apart) else 0
        if not len(apart) or not np.isfinite(apart[best]):
            return None
        return self.trials(np.array([best]))[0]


def _admitted(printed: PrintedValue | None, computed: Floats) -> Truths:
    if printed is None:
        return np.ones(len(computed), dtype=bool)
    return printed.admits_float(computed)


def _plainness(block: Block, positions: NDArray[np.int64]) -> Floats:
    """Return the keys by which conventions of one block are ordered, most weighty first."""
    rows, tables = np.divmod(positions, block.shape[1])
    choices = block.pretests or (None,)
    rounded = np.array(
        [choice is not None and choice.rounded_odds is not None for choice in choices]
    )
    unusual = np.array([choice is not None and not choice.plain for choice in choices])
    fixed = (
        READINGS.index(block.candidate.reading),
        METHODS.index(block.method),
        block.correction == "all",
    )
    reading, method, corrected = (np.full(len(positions), float(key)) for key in fixed)
    off_middle = np.abs(tables - (block.shape[1] - 1) / 2)
    return np.stack(
        [
            *(reading, block.missing[tables], rounded[rows], unusual[rows]),
            *(method, corrected, off_middle, rows),
        ]
    )
