"""One patient's risk over the assumed correlation; grey is all that fits the figures."""

import matplotlib.pyplot as plt

import backpain_stats as bps

model = bps.RiskModel(bps.load_evidence(), target="malignancy", setting="primary_care")
correlations = [step / 10 for step in range(10)]
swept = model.sensitivity(present=list(model.flags["flag_id"]), rho=correlations)
_, ax = plt.subplots(figsize=(6.6, 4.6), layout="constrained")
ax = bps.plots.dependence(swept, ax=ax)
