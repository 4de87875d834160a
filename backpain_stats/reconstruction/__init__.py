"""Printed figures in, every table out, and why."""

from backpain_stats.reconstruction.joint import JointReconstruction, reconstruct_together
from backpain_stats.reconstruction.printed_report import (
    COUNTS,
    STATISTICS,
    PrintedReport,
    read_report,
)
from backpain_stats.reconstruction.reconstruct import (
    Reconstruction,
    reconstruct,
    reconstruct_report,
)

__all__ = [
    "COUNTS",
    "STATISTICS",
    "JointReconstruction",
    "PrintedReport",
    "Reconstruction",
    "read_report",
    "reconstruct",
    "reconstruct_report",
    "reconstruct_together",
]
