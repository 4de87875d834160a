"""What another evidence changes: every figure of one, beside that of another."""

from backpain_stats.changes.diff import EvidenceDiff, diff_evidence, display_frame
from backpain_stats.changes.figures import KINDS
from backpain_stats.changes.patients import REFERENCE_PATIENTS, ReferencePatient

__all__ = [
    "KINDS",
    "REFERENCE_PATIENTS",
    "EvidenceDiff",
    "ReferencePatient",
    "diff_evidence",
    "display_frame",
]
