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
# [Notebook 00](00_start_here.ipynb) comes before this one.

# %%
import matplotlib.pyplot as plt
from exercises import check
from references import references
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. The sentence
#
# > History of cancer: sensitivity 0.31, specificity 0.98.
#
# This, and that 13 of 1975 patients had cancer, is all that most readers ever see of Deyo and
# Diehl's study. What table is behind it?

# %%
cancer_history = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", specificity="0.98")
print(cancer_history.explanation)

# %% [markdown]
# Four of the 13 had the flag: that is certain. How many of the 1962 others had it is not: anything
# from 30 to 49 prints as 0.98. Each of these tables has its own likelihood ratio, between

# %%
tables = bps.accuracy(cancer_history.tables).query("measure == 'lr_positive'")
print(f"{tables['estimate'].min():.1f} and {tables['estimate'].max():.1f}")

# %% [markdown]
# One more printed figure would settle it. *If* the paper had also printed a likelihood ratio of
# 14.7 (no source read here does), only one table would be left:

# %%
settled = bps.reconstruct(
    n=1975, n_cases=13, sensitivity="0.31", specificity="0.98", lr_positive="14.7"
)
print(settled.explanation)

# %% [markdown]
# It has not, so we keep all 20. Where one table is needed, the library takes the middle one, that
# with the median likelihood ratio, and its intervals cover all of them.

# %%
check("01.1", ...)  # How many tables fit sensitivity 0.15 and specificity 0.94 (weight loss)?

# %% [markdown]
# ## 2. The likelihood ratio
#
# How much more often is the finding seen in those with cancer than in those without?
#
# > LR+ = sensitivity / (1 − specificity)
#
# And how much more often is it *missing*?
#
# > LR− = (1 − sensitivity) / specificity
#
# A ratio of 1 says nothing. Between 0.5 and 2 it hardly matters. Here, for the middle table:

# %%
row = bps.likelihood_ratios(evidence, "malignancy", "primary_care", "cancer_history").iloc[0]
table = bps.TwoByTwo(tp=row.tp, fp=row.fp, fn=row.fn, tn=row.tn)
table

# %% [markdown]
# The interval of LR+ runs over a factor of five, because it rests on four patients. Three recipes,
# three answers: the log-normal one, which most papers use; a Bayesian one; and the score interval,
# the default here, which keeps its promise better when counts are small.

# %%
for method in ("log", "bayes", "score"):
    print(table.lr_positive(method=method))

# %% [markdown]
# All of them treat the table as known. With all 20 tables:

# %%
print(f"{row.lr_positive:.1f} ({row.lr_positive_low:.1f} to {row.lr_positive_high:.1f})")

# %%
check("01.2", ...)  # LR+ of any-of-four, if sensitivity is 1.00 and specificity 0.60

# %%
check("01.3", ...)  # LR- of the same

# %% [markdown]
# ## 3. From before to after
#
# Odds are the currency: *p* / (1 − *p*). A probability of 1% is odds of 1 to 99. Then
#
# > post-test odds = pre-test odds × LR
#
# By hand, for a patient of Deyo's clinic:

# %%
pretest = 13 / 1975
odds_before = pretest / (1 - pretest)
odds_after = odds_before * table.lr_positive().estimate
print(f"before {pretest:.2%}, after {odds_after / (1 + odds_after):.1%}")

# %%
print(table.posttest(pretest))

# %%
check("01.4", ...)  # The post-test probability at a pre-test probability of 0.3%

# %% [markdown]
# A nomogram does the same with a ruler. On its axes the log odds are evenly spaced, so that
# multiplying becomes a straight line. Without a pre-test of your own the library takes the
# prevalence of the setting: for primary care 21 of 6622 patients, from a Cochrane review.


# %% alt="Fagan's nomogram for a history of cancer, present and absent, at 0.32%."
def nomogram(pretest):
    """Draw what a history of cancer makes of a pre-test probability."""
    after = bps.posttest(evidence, "cancer_history", setting="primary_care", pretest=pretest)
    _, ax = plt.subplots(figsize=(6, 6.6), layout="constrained")
    bps.plots.fagan(after[after["study"] == "deyo1988"], ax=ax)
    plt.show()


nomogram("21/6622")

# %% [markdown]
# Move the pre-test probability and watch both lines turn about the likelihood ratio:

# %%
slider(nomogram, 0.003, 0.001, 0.5, label="pre-test probability")

# %% [markdown]
# ## 4. Two intervals, two questions
#
# Papers usually put the ends of the LR interval through the formula and keep the pre-test fixed.
# That answers: what if the prevalence were known exactly? It is not. The full interval lets
# sensitivity, specificity **and** prevalence be uncertain.
#
# And which prevalence? That of the setting is the default. `pretest="cohort"` takes the one counted
# in the same 1975 patients.

# %%
for pretest in (None, "cohort"):
    for interval in ("published", "full"):
        after = bps.posttest(
            evidence,
            "cancer_history",
            setting="primary_care",
            pretest=pretest,
            result="positive",
            interval=interval,
        ).iloc[0]
        print(
            f"{after.pretest_source}: {after.pretest:.2%} -> {after.estimate:.1%} "
            f"({after.ci_low:.1%} to {after.ci_high:.1%}; {interval})"
        )

# %% [markdown]
# The full interval is not the wider one here. "Published" reaches to the worst of the 20 tables;
# "full" averages over them, and adds the doubt about the prevalence. But see what the choice of the
# prevalence does: it doubles the answer. That is why a post-test probability is never printed here
# without its pre-test.
#
# ## 5. All flags of one condition

# %% alt="Forest plot of LR+ and LR- of all reports about malignancy in primary care."
ratios = bps.likelihood_ratios(evidence, target="malignancy", setting="primary_care")
fig, ax = plt.subplots(figsize=(10, 7.5), layout="constrained")
ax = bps.plots.forest(ratios, ax=ax)

# %% [markdown]
# One row is impossible: pain for more than a month, "sensitivity 0.50". With 13 patients there is
# no such number. [Notebook 05](05_reading_a_paper_critically.ipynb) is about that. Others come from
# a study that found no cancer at all: it can say how often a flag is a false alarm, and no more.
#
# ## What to remember
#
# - LR+ and LR− carry what a finding is worth. Only with a pre-test probability do they say
#   anything about a patient.
# - Printed figures are rounded: several tables may fit. An honest interval covers all of them.
# - Thirteen cancers are few. No method makes them more.
#
# ## References

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2013", "henschke2009")

# %% [markdown]
# - The nomogram: Fagan TJ. N Engl J Med 1975;293:257. <https://doi.org/10.1056/NEJM197507312930513>
