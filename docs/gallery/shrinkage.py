"""Several findings together
=========================

Which share of their multiplied evidence several findings are worth; thin lines are 16 data sets.
"""

import pandas as pd

import backpain_stats as bps

sets = pd.read_csv("../../data/dependence.csv")
ax = bps.plots.shrinkage(sets)
