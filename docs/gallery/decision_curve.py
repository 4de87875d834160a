"""Net benefit of imaging by each flag, against the threshold for imaging."""

import matplotlib.pyplot as plt

import backpain_stats as bps

curve = bps.decision_curve(bps.load_evidence(), 0.003, target="malignancy", setting="primary_care")
_, ax = plt.subplots(figsize=(7, 5), layout="constrained")
ax = bps.plots.decision_curve(curve, ax=ax)
