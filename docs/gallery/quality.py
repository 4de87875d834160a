"""Risk of bias and applicability (QUADAS-2), of three invented studies."""

import matplotlib.pyplot as plt
import pandas as pd

import backpain_stats as bps
from backpain_stats.decide.quality import ASPECTS, DOMAINS

levels = {"L": "low", "U": "unclear", "H": "high"}
invented = {  # risk of bias in four domains, concern about applicability in three
    "invented study A": {"risk_of_bias": "LLUL", "applicability": "LLL"},
    "invented study B": {"risk_of_bias": "HLLU", "applicability": "ULL"},
    "invented study C": {"risk_of_bias": "LULH", "applicability": "LHU"},
}
rows = [
    (study, aspect, domain, levels[letter])
    for study, given in invented.items()
    for aspect in ASPECTS
    for domain, letter in zip(DOMAINS, given[aspect], strict=False)
]
judgements = pd.DataFrame(rows, columns=["cohort_id", "aspect", "domain", "judgement"])
judgements["aspect"] = pd.Categorical(judgements["aspect"], ASPECTS, ordered=True)
judgements["domain"] = pd.Categorical(judgements["domain"], DOMAINS, ordered=True)
ax = bps.plots.quality(judgements, ax=plt.figure(figsize=(7, 3), layout="tight").gca())
