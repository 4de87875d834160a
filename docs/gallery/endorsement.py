"""Which guideline endorses which flag, and what is known of the flag."""

import matplotlib.pyplot as plt

import backpain_stats as bps

endorsed = bps.endorsement(bps.load_evidence(), target="malignancy")
_, ax = plt.subplots(figsize=(7.5, 8), layout="constrained")
ax = bps.plots.endorsement(endorsed, ax=ax)
