"""Frequency tree
==============

The same patients by disease and by finding, in whole numbers.
"""

import matplotlib.pyplot as plt

import backpain_stats as bps

frequencies = bps.natural_frequencies(
    bps.load_evidence(), "21/6622", flag="cancer_history", setting="primary_care", per=10_000
)
_, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
ax = bps.plots.frequency_tree(frequencies, title="A history of cancer in primary care", ax=ax)
