"""Decision curve
==============

Net benefit of imaging by each flag, against the threshold for imaging.
"""

import backpain_stats as bps

evidence = bps.load_evidence()
curve = bps.decision_curve(evidence, 0.003, target="malignancy", setting="primary_care")
labels = evidence.flags.set_index("flag_id")["label"].to_dict()
ax = bps.plots.decision_curve(curve, labels=labels)
