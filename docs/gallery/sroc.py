"""Summary ROC curve
=================

Summary ROC of all studies, and of those that are left without the largest.
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
largest = studies[["tp", "fp", "fn", "tn"]].sum(axis=1).idxmax()
ax = bps.plots.sroc(bps.fit_bivariate(studies), label="all studies")
smaller = bps.fit_bivariate(studies.drop(index=largest))
bps.plots.sroc(smaller, label="without the largest", studies=False, ax=ax)
