"""Claims that print a range of estimates: over studies, or over flags."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpain_stats.claims.trials import Search, Trial
from backpain_stats.claims.wording import Finding, explain_range, in_decimals, verdict
from backpain_stats.published import Remark, codes

__all__ = ["range_row"]


def range_row(search: Search, doubts: tuple[Remark, ...]) -> dict[str, Any]:
    """Return the row of a range: each end must be the estimate of some report.

    Only uncorrected estimates count, and a range is explained only if both ends are.

    Parameters
    ----------
    search : Search
        What was tried.
    doubts : tuple of Remark
        What a reader has to know if it is not explained.
    """
    claim = search.claim
    sizes = [block.figures[0].size for block in search.blocks]
    plain = np.repeat([block.correction != "all" for block in search.blocks], sizes)
    ends: dict[str, tuple[str, Trial | None]] = {}
    hits = []
    for name, printed, fits in zip(("low", "high"), claim.ends, search.end_fits, strict=True):
        if printed is not None:
            places = np.flatnonzero(fits & plain)
            hits.append(len(places))
            first = search.trials(places[:1])
            ends[name] = (printed.text, first[0] if first else None)
    finding: Finding = "differs"
    reasons = doubts
    if all(hits):
        candidates = [trial.block.candidate for _, trial in ends.values() if trial is not None]
        unnamed = [each.source for each in candidates if not each.is_named_by(claim)]
        finding = "inferred" if unnamed else "reproduced"
        reasons = (Remark("source_inferred", tuple(dict.fromkeys(unnamed))),) if unnamed else ()
    estimates = search.figures[0][plain & ~np.isnan(search.figures[0])]
    row: dict[str, Any] = {}
    span = ""
    if len(estimates):
        low, high = (
            in_decimals(float(end), claim.decimals) for end in (estimates.min(), estimates.max())
        )
        span = f"{low} to {high}"
        row = {
            "recomputed": span,
            "convention": "the lowest and the highest estimate of any report and table",
            "conventions_fitting": sum(hits) if all(hits) else 0,
            "figures_reached": len(np.unique(np.floor(estimates * 10.0**claim.decimals + 0.5))),
        }
    return row | {
        "finding": finding,
        "reason_code": codes(reasons),
        "verdict": verdict(finding, reasons),
        "explanation": explain_range(ends, span, reasons),
    }
