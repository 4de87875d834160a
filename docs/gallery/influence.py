"""Influence of each study
=======================

The summary without each study; large Cook's distances stand out.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
fit = bps.fit_bivariate(studies)
ax = bps.plots.influence(fit.influence(), measure="lr_positive", fit=fit)
