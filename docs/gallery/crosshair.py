"""Each study in ROC space with both its intervals."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps
from backpain_stats.meta.studies import study_accuracy

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
_, ax = plt.subplots(figsize=(5.6, 5.6), layout="constrained")
ax = bps.plots.crosshair(study_accuracy(studies), label=True, ax=ax)
