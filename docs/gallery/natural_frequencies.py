"""Natural frequencies
===================

What becomes of 1,000 patients if everybody with one of four findings is imaged.
"""

import matplotlib.pyplot as plt

import backpain_stats as bps

frequencies = bps.natural_frequencies(
    bps.load_evidence(), "21/6622", flag="deyo1988_any_of_4", setting="primary_care"
)
_, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax = bps.plots.natural_frequencies(frequencies, title="Any of four findings", ax=ax)
