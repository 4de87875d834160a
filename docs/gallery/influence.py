"""Influence of each study
=======================

The summary without each study; large Cook's distances stand out.
"""

from pathlib import Path

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
fit = bps.fit_bivariate(studies)
ax = bps.plots.influence(fit.influence(), measure="lr_positive", fit=fit)
