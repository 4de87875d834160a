"""Ranking of flags
================

Flags in the order of their likelihood ratio; the shaded zone hardly moves a probability.
"""

import backpain_stats as bps

evidence = bps.load_evidence()
ratios = bps.likelihood_ratios(evidence, target="cauda_equina")
ratios["label"] = ratios["flag_id"].map(evidence.flags.set_index("flag_id")["label"])
ax = bps.plots.ranking(ratios, measure="lr_positive")
