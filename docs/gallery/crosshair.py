"""Crosshair plot
==============

Each study in ROC space with both its intervals.
"""

from pathlib import Path

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
ax = bps.plots.crosshair(bps.study_accuracy(studies), label=True)
