"""Fagan's nomogram
================

Fagan's nomogram: a history of cancer, present and absent, in primary care.
"""

import backpain_stats as bps

after = bps.posttest(bps.load_evidence(), "cancer_history", setting="primary_care")
ax = bps.plots.fagan(after[after["study"] == "deyo1988"])
