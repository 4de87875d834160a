"""Claims that print a range of estimates: over studies, or over flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backpain_stats.claims.inputs import Claim
from backpain_stats.claims.search import Trials
from backpain_stats.printed.value import spell
from backpain_stats.reconstruction import table_name
from backpain_stats.tables import CELLS

__all__ = ["range_row"]


def range_row(claim: Claim, trials: Sequence[Trials]) -> dict[str, Any]:
    """Return verdict and figures of a range: each end must be the estimate of some report.

    Only uncorrected estimates count, and a range is reproduced only if both ends are.
    """
    plain = [one for one in trials if one.correction == "none"]
    parts, hits = [], []
    for name, end, side in zip(("low", "high"), claim.ends, (0, 1), strict=True):
        if end is None:
            continue
        found = [
            (one, int(column)) for one in plain for _, column in np.argwhere(one.end_fits[side])
        ]
        hits.append(len(found))
        source = _source(*found[0]) if found else "no report here"
        parts.append(f"the {name} end {end} is the estimate of {source}")
    estimates = np.concatenate([one.estimate.ravel() for one in plain])
    known = estimates[~np.isnan(estimates)]
    if not known.size:
        return {
            "verdict": "differs",
            "finding": "differs",
            "explanation": "A range of estimates; the reports here give none without correction.",
        }
    low, high = (_spelt(x, claim) for x in (known.min(), known.max()))
    both = all(hits)
    verdict = "reproduced" if both else "differs"
    return {
        "verdict": verdict,
        "finding": verdict,
        "recomputed": f"{low} to {high}",
        "convention": "the lowest and the highest estimate of any report and table",
        "conventions_fitting": sum(hits) if both else 0,
        "figures_reached": len({_spelt(x, claim) for x in known}),
        "explanation": f"A range of estimates: {'; '.join(parts)}. The reports here give {low} "
        f"to {high}; the review may rest on studies that are not published here.",
    }


def _spelt(estimate: float, claim: Claim) -> str:
    """Print an estimate with the digits of the claim; a ratio may be infinite."""
    return spell(float(estimate), claim.decimals) if np.isfinite(estimate) else "infinity"


def _source(one: Trials, column: int) -> str:
    """Name the report and the table of an estimate."""
    if not len(one.tables):
        return one.candidate.source
    counts = dict(zip(CELLS, (int(count) for count in one.tables[column]), strict=True))
    known = {cell: count if count >= 0 else None for cell, count in counts.items()}
    return f"{one.candidate.source}, table {table_name(known)}"
