"""Several thresholds
==================

Accuracy by threshold, with the studies behind it; six invented studies.
"""

import pandas as pd

import backpain_stats as bps

data = pd.DataFrame(
    {
        "study": list("AAABBCCCDDEF"),
        "ESR": [10, 20, 50, 20, 50, 15, 30, 60, 20, 40, 25, 30],
        "tp": [19, 17, 12, 20, 9, 11, 9, 4, 31, 29, 10, 8],
        "fp": [80, 41, 12, 40, 8, 50, 21, 5, 101, 53, 20, 14],
        "fn": [1, 3, 8, 8, 19, 1, 3, 8, 3, 5, 7, 4],
        "tn": [40, 79, 108, 110, 142, 40, 69, 85, 99, 147, 72, 48],
    }
)
ax = bps.plots.thresholds(bps.fit_thresholds(data, threshold="ESR"))
