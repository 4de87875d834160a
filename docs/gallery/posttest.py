"""Post-test against pre-test probability
======================================

Post-test against pre-test probability; dotted lines stand at published prevalences.
"""

import pandas as pd

import backpain_stats as bps
from backpain_stats import setting_prevalence

evidence = bps.load_evidence()
after = bps.posttest(evidence, "cancer_history", setting="primary_care")
settings = ["primary_care", "emergency", "tertiary_care"]
common = [setting_prevalence(evidence, "malignancy", setting).as_dict() for setting in settings]
ax = bps.plots.posttest(after, prevalences=pd.DataFrame(common))
