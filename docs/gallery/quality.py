"""Risk of bias (QUADAS-2)
=======================

Risk of bias and applicability (QUADAS-2), of three invented studies.
"""

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps
from backpain_stats import ASPECTS, DOMAINS

levels = {"L": "low", "U": "unclear", "H": "high"}
invented = {  # risk of bias in four domains, concern about applicability in three; patients
    "invented study A": ("LLUL", "LLL", 120),
    "invented study B": ("HLLU", "ULL", 300),
    "invented study C": ("LULH", "LHU", 60),
}
rows = [
    (study, n, aspect, domain, levels[letter])
    for study, (*given, n) in invented.items()
    for aspect, letters in zip(ASPECTS, given, strict=True)
    for domain, letter in zip(DOMAINS, letters, strict=False)
]
judged = pd.DataFrame(rows, columns=["cohort_id", "n", "aspect", "domain", "judgement"])
_, (above, below) = plt.subplots(2, 1, figsize=(9, 8), layout="constrained")
ax = bps.plots.quality(judged, ax=above)
bps.plots.quality(judged, kind="bars", weights="n", ax=below)
