"""Crosshair plot
==============

Each study in ROC space with both its intervals.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
ax = bps.plots.crosshair(bps.study_accuracy(studies), label=True)
