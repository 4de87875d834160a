# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Likelihood ratios: from one printed sentence to a probability with an interval
#
# **In ten minutes you will be able to**
#
# - turn a printed sensitivity and specificity into the 2x2 tables that can stand behind them;
# - compute a likelihood ratio and say how sure it is;
# - go from a pre-test to a post-test probability, by hand and on a nomogram;
# - explain why the interval is so wide.
#
# Notebook 00 comes before this one.

# %%
import matplotlib.pyplot as plt
from exercises import check

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. The sentence
#
# > History of cancer: sensitivity 0.31, specificity 0.98 (13 cancers among 1975 patients).
#
# This is all that most readers ever see of Deyo and Diehl's study. What table is behind it?

# %%
cancer_history = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", specificity="0.98")
print(cancer_history.explanation)
cancer_history.tables

# %% [markdown]
# Four of the 13 had the flag: that is certain. How many of the 1962 others had it is not: anything
# from 30 to 49 prints as 0.98. All these tables are equally good readings of the sentence. A
# likelihood ratio printed elsewhere, 14.7, settles it:

# %%
settled = bps.reconstruct(
    n=1975, n_cases=13, sensitivity="0.31", specificity="0.98", lr_positive="14.7"
)
print(settled.explanation)
table = bps.TwoByTwo(tp=4, fp=41, fn=9, tn=1921)
table

# %%
check("01.1", ...)  # How many tables fit sensitivity 0.15 and specificity 0.94 (weight loss)?

# %% [markdown]
# ## 2. The likelihood ratio
#
# $$LR_+ = \frac{\text{sensitivity}}{1-\text{specificity}} \qquad
#   LR_- = \frac{1-\text{sensitivity}}{\text{specificity}}$$
#
# How much more often is the finding seen in those with cancer than in those without? A ratio of 1
# says nothing. Between 0.5 and 2 it hardly matters. Here:

# %%
table.summary()

# %% [markdown]
# The interval of LR+ runs over a factor of five, because it rests on four patients. Two recipes,
# two answers: the log-normal one, which most papers use, and the score interval (the default
# here), which keeps its promise better when counts are small.

# %%
for method in ("score", "log", "bayes"):
    print(f"{method:6}", table.lr_positive(method=method))

# %%
check("01.2", ...)  # LR+ of any-of-four if sensitivity is 1.00 and specificity 0.60

# %%
check("01.3", ...)  # LR- of the same

# %% [markdown]
# ## 3. From before to after
#
# Odds are the currency: $\text{odds} = p/(1-p)$, and
#
# $$\text{post-test odds} = \text{pre-test odds} \times LR.$$

# %%
pretest = 13 / 1975
odds_before = pretest / (1 - pretest)
odds_after = odds_before * table.lr_positive().estimate
print(f"before {pretest:.2%}, after {odds_after / (1 + odds_after):.1%}")
print("the library:", table.posttest(pretest))

# %%
check("01.4", ...)  # The post-test probability at a pre-test probability of 0.3%

# %% [markdown]
# A nomogram does the same with a ruler. On its axes the log-odds are evenly spaced, so that the
# multiplication is a straight line.

# %%
both = bps.posttest(evidence, "cancer_history", target="malignancy", setting="primary_care")
fig, ax = plt.subplots(figsize=(5.5, 7), layout="constrained")
bps.plots.fagan(both, ax=ax)

# %%
columns = ["flag_id", "result", "pretest", "pretest_source", "estimate", "ci_low", "ci_high"]
both[[column for column in columns if column in both]]

# %% [markdown]
# ## 4. Two intervals, two questions
#
# Papers usually put the ends of the LR interval through the formula and keep the pre-test fixed.
# That answers: *if* the prevalence were known exactly. It is not: it was counted in the same 13
# patients. The full interval lets sensitivity, specificity **and** prevalence be uncertain.

# %%
for interval in ("published", "full"):
    frame = bps.posttest(
        evidence, "cancer_history", target="malignancy", setting="primary_care",
        result="positive", interval=interval,
    )
    row = frame.iloc[0]
    print(
        f"{interval:10} pre-test {row.pretest:.2%} -> {row.estimate:.1%} "
        f"({row.ci_low:.1%} to {row.ci_high:.1%})"
    )

# %% [markdown]
# ## 5. All flags of one study

# %%
ratios = bps.likelihood_ratios(evidence, target="malignancy", setting="primary_care")
fig, ax = plt.subplots(figsize=(9, 5), layout="constrained")
bps.plots.forest(ratios, ax=ax)

# %% [markdown]
# One row cannot be used: pain for more than a month, "sensitivity 0.50". With 13 patients there is
# no such number. Notebook 05 is about that.
#
# ## What to remember
#
# - LR+ and LR- carry what a finding is worth; they need a pre-test probability to say anything
#   about a patient.
# - Printed figures are rounded: several tables may fit. The honest interval covers all of them.
# - Thirteen cancers are few. No method makes them more.
#
# ## References

# %%
evidence.sources.query("source_id in ['deyo1988', 'deyo1992', 'henschke2007', 'downie2013']")[
    ["citation", "doi"]
]
