"""What each finding does to a risk
================================

What each finding does to one patient's risk; the diamond is plain multiplication.
"""

import backpain_stats as bps

model = bps.RiskModel(bps.load_evidence(), target="malignancy", setting="primary_care")
risk = model.risk(present=["age_50", "cancer_history"], absent=["weight_loss_unexplained"])
ax = bps.plots.risk_waterfall(risk)
