"""Value of information
====================

What a study would be worth to a panel, against its number of patients.
"""

import backpain_stats as bps

evidence = bps.load_evidence()
found = bps.value_of_information(evidence, threshold=0.01, pretest="0.1% to 1%", practices=50)
ax = bps.plots.value_of_information(found)
