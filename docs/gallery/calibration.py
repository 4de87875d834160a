"""Calibration on patients
=======================

Calibration on real patients (pain type, not cancer): multiplying is overconfident.
"""

import backpain_stats as bps

patients = bps.load_patients()
models = {"multiplied": bps.Independent(), "shared factor": bps.OneFactor(0.2, 0.2)}
predicted = bps.calibration.predictions(
    patients, patients["pain_type"] == "nociceptive", models=models
)
ax = bps.plots.calibration(bps.calibration.calibration_curve(predicted))
