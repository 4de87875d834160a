"""Risk of every pattern
=====================

Every pattern of four findings: its risk, and how often it occurs by the model.
"""

import backpain_stats as bps

flags = ["age_50", "cancer_history", "weight_loss_unexplained", "no_improvement_1_month"]
model = bps.RiskModel(bps.load_evidence(), flags=flags)
ax = bps.plots.risk_patterns(model.profile())
