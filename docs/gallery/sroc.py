"""Summary ROC: studies, summary point, confidence and prediction region, curve."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
_, ax = plt.subplots(figsize=(5.6, 5.6), layout="constrained")
ax = bps.plots.sroc(bps.fit_bivariate(studies), ax=ax)
