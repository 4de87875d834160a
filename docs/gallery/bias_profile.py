"""What four biases would do to a pooled likelihood ratio; nothing is corrected."""

from pathlib import Path

import pandas as pd

import backpain_stats as bps

# AUDIT-C as a test for unhealthy drinking, Kriston et al. 2008.
folder = Path(__file__).parents[2] / "tests" / "oracles" / "r" / "data"
studies = pd.read_csv(folder / "AuditC.csv")
ax = bps.plots.bias_profile(bps.bias_profile(bps.fit_bivariate(studies)))
