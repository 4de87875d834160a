"""Fagan's nomogram: a history of cancer, present and absent, in primary care."""

import matplotlib.pyplot as plt

import backpain_stats as bps

after = bps.posttest(bps.load_evidence(), "cancer_history", setting="primary_care")
_, ax = plt.subplots(figsize=(6, 6.6), layout="constrained")
ax = bps.plots.fagan(after[after["study"] == "deyo1988"], ax=ax)
