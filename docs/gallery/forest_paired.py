"""Sensitivity and specificity of each study side by side, with their summary."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps
from backpain_stats.meta.studies import study_accuracy

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
_, ax = plt.subplots(figsize=(10, 5.6), layout="constrained")
fit = bps.fit_bivariate(studies)
ax = bps.plots.forest_paired(study_accuracy(studies), fit=fit, ax=ax)
