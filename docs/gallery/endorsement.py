"""Endorsement by guidelines
=========================

Which guideline names which flag, and what is known of the flag.
"""

import backpain_stats as bps

endorsed = bps.endorsement(bps.load_evidence(), target="malignancy")
ax = bps.plots.endorsement(endorsed)
