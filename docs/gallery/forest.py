"""Likelihood ratios of every report, flag by flag; what cannot be used says why."""

import matplotlib.pyplot as plt

import backpain_stats as bps

evidence = bps.load_evidence()
ratios = bps.likelihood_ratios(evidence, target="malignancy", setting="primary_care")
_, ax = plt.subplots(figsize=(10, 7), layout="constrained")
ax = bps.plots.forest(ratios, ax=ax)
