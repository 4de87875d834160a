"""Printed figures in, every table out, and why."""

from backpain_stats.reconstruction.explain import explain, table_name
from backpain_stats.reconstruction.intervals import (
    INTERVAL_METHODS,
    IntervalMethod,
    interval_checks,
)
from backpain_stats.reconstruction.joint import JointReconstruction, reconstruct_together
from backpain_stats.reconstruction.report import COUNTS, STATISTICS, PrintedReport, read_report
from backpain_stats.reconstruction.result import Reconstruction, reconstruct, reconstruct_report
from backpain_stats.reconstruction.search import Solution, find_tables

__all__ = [
    "COUNTS",
    "INTERVAL_METHODS",
    "STATISTICS",
    "IntervalMethod",
    "JointReconstruction",
    "PrintedReport",
    "Reconstruction",
    "Solution",
    "explain",
    "find_tables",
    "interval_checks",
    "read_report",
    "reconstruct",
    "reconstruct_report",
    "reconstruct_together",
    "table_name",
]
