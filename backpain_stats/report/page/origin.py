"""Where a report was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence import Evidence

__all__ = ["reported_doi"]


def reported_doi(evidence: Evidence, frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``reported_in``, ``quotes`` and ``doi`` to a frame of reports.

    ``reported_in`` is the page where the figure was read. ``doi`` is that of the original it
    quotes, or of the page itself if it is the original.
    """
    reports = evidence.accuracy.set_index("report_id")[["reported_in", "quotes"]]
    doi = evidence.sources.set_index("source_id")["doi"]
    out = frame.join(reports, on="report_id")
    original = out["quotes"].fillna(out["reported_in"])
    out["doi"] = original.map(doi)
    return out
