"""Words for conditions and settings, and where a report was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from backpain_stats.evidence.loading import Evidence

__all__ = ["SETTING_LABELS", "TARGET_LABELS", "reported_doi"]

TARGET_LABELS = {
    "malignancy": "Malignancy",
    "fracture": "Fracture",
    "infection": "Infection",
    "cauda_equina": "Cauda equina syndrome",
    "any_serious": "Any serious pathology",
}
SETTING_LABELS = {
    "primary_care": "primary care",
    "emergency": "emergency care",
    "secondary_care": "secondary care",
    "tertiary_care": "tertiary care",
    "mixed": "mixed settings",
}


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
