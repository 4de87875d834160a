"""Value of information
====================

What a study would be worth to a panel, against its number of patients.
"""

import backpain_stats as bps

evidence = bps.load_evidence()
flags = ["cancer_history", "weight_loss_unexplained", "age_50"]
found = bps.value_of_information(
    evidence, flags=flags, threshold=0.01, pretest="0.1% to 1%", practices=50, draws=2048
)
ax = bps.plots.value_of_information(found)
