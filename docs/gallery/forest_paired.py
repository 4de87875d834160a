"""Paired forest plot
==================

Sensitivity and specificity of each study side by side, with their summary.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
fit = bps.fit_bivariate(studies)
ax = bps.plots.forest_paired(bps.study_accuracy(studies), fit=fit)
