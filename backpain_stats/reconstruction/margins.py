"""What is known of the counts of a 2x2 table: ranges, each narrowed by the others."""

from __future__ import annotations

from dataclasses import dataclass

from backpain_stats.reconstruction.measures import CELLS, Form

__all__ = ["Margins", "Range"]

Range = tuple[int, int | None]
_PAIRS: tuple[Form, ...] = (("tp", "fn"), ("fp", "tn"), ("tp", "fp"), ("fn", "tn"))
_SUMS: tuple[tuple[Form, Form, Form], ...] = (
    *((pair, pair[:1], pair[1:]) for pair in _PAIRS),
    (CELLS, ("tp", "fn"), ("fp", "tn")),
    (CELLS, ("tp", "fp"), ("fn", "tn")),
)


@dataclass(frozen=True, slots=True)
class Margins:
    """What is known of the counts: each a range (smallest, largest or None)."""

    n: Range = (0, None)
    n_cases: Range = (0, None)
    n_positive: Range = (0, None)
    tp: Range = (0, None)
    fp: Range = (0, None)
    fn: Range = (0, None)
    tn: Range = (0, None)

    def ranges(self) -> dict[Form, Range] | None:
        """Return the range of every sum of cells, made consistent; None if they conflict."""
        known: dict[Form, Range] = {(cell,): getattr(self, cell) for cell in CELLS}
        known |= dict.fromkeys(_PAIRS, (0, None))
        known[CELLS], known[("tp", "fn")] = self.n, self.n_cases
        known[("tp", "fp")] = self.n_positive
        # A few passes settle the ranges; one that is not settled yet is wider, never wrong.
        for _ in range(12):
            before = dict(known)
            for whole, first, second in _SUMS:
                _propagate(known, whole, first, second)
            if any(high is not None and low > high for low, high in known.values()):
                return None
            if known == before:
                break
        return known


def _propagate(known: dict[Form, Range], whole: Form, first: Form, second: Form) -> None:
    """Narrow the ranges of ``whole = first + second``."""
    for part, other in ((first, second), (second, first)):
        (low, high), (w_low, w_high), (o_low, o_high) = known[part], known[whole], known[other]
        if o_high is not None:
            low = max(low, w_low - o_high)
        if w_high is not None:
            high = w_high - o_low if high is None else min(high, w_high - o_low)
        known[part] = (low, high)
    (f_low, f_high), (s_low, s_high), (low, high) = known[first], known[second], known[whole]
    if f_high is not None and s_high is not None:
        high = f_high + s_high if high is None else min(high, f_high + s_high)
    known[whole] = (max(low, f_low + s_low), high)
