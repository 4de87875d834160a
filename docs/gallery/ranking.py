"""Flags in the order of their likelihood ratio; the shaded zone hardly moves a probability."""

import matplotlib.pyplot as plt

import backpain_stats as bps

ratios = bps.likelihood_ratios(bps.load_evidence(), target="cauda_equina")
_, ax = plt.subplots(figsize=(9, 8), layout="constrained")
ax = bps.plots.ranking(ratios, measure="lr_positive", ax=ax)
