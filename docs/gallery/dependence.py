"""Risk against dependence
=======================

One patient's risk over the assumed correlation; grey is all that fits the figures.
"""

import backpain_stats as bps

model = bps.RiskModel(bps.load_evidence(), target="malignancy", setting="primary_care")
correlations = [step / 10 for step in range(10)]
swept = model.sensitivity(present=list(model.flags["flag_id"]), rho=correlations)
ax = bps.plots.dependence(swept)
