"""Forest plot
===========

Likelihood ratios of every report, flag by flag; what cannot be used says why.
"""

import backpain_stats as bps

evidence = bps.load_evidence()
ratios = bps.likelihood_ratios(evidence, target="malignancy", setting="primary_care")
ratios["label"] = ratios["flag_id"].map(evidence.flags.set_index("flag_id")["label"])
ax = bps.plots.forest(ratios)
ax.axvline(5, color="black", linestyle=":")  # the axis is that of the ratio
