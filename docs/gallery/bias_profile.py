"""Biases of a pooled result
=========================

What four biases would do to a pooled likelihood ratio; nothing is corrected.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
ax = bps.plots.bias_profile(bps.bias_profile(bps.fit_bivariate(studies)))
