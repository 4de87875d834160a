"""Summary ROC curve
=================

Summary ROC of all studies, and of those that are left without the largest.
"""

from pathlib import Path

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
largest = studies[["tp", "fp", "fn", "tn"]].sum(axis=1).idxmax()
ax = bps.plots.sroc(bps.fit_bivariate(studies), label="all studies")
smaller = bps.fit_bivariate(studies.drop(index=largest))
bps.plots.sroc(smaller, label="without the largest", studies=False, ax=ax)
