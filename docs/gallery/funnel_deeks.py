"""Deeks' funnel: do small studies report other odds ratios than large ones?"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps
from backpain_stats.meta.univariate.deeks import deeks_test

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
_, ax = plt.subplots(figsize=(6.4, 4.8), layout="constrained")
ax = bps.plots.funnel_deeks(deeks_test(studies), ax=ax)
