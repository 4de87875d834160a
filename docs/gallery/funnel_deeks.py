"""Deeks' funnel plot
==================

Deeks' funnel: do small studies report other odds ratios than large ones?
"""

from pathlib import Path

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
ax = bps.plots.funnel_deeks(bps.deeks_test(studies))
