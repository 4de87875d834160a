"""Deeks' funnel plot
==================

Deeks' funnel: do small studies report other odds ratios than large ones?
"""

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
studies = pd.read_csv("../../tests/oracles/r/data/AuditC.csv")
ax = bps.plots.funnel_deeks(bps.deeks_test(studies))
