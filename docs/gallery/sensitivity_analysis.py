"""Without some of the studies
===========================

The summary of all studies, and without those that a reader may doubt.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
cases = studies["tp"] + studies["fn"]
result = bps.sensitivity_analysis(
    bps.fit_bivariate(studies),
    {
        "without studies of fewer than 40 cases": cases < 40,
        "without the largest study": cases == cases.max(),
        "without studies that missed nobody": studies["fn"] == 0,
    },
)
ax = bps.plots.sensitivity_analysis(result)
