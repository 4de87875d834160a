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
# **In fifteen minutes you will be able to**
#
# - turn a printed sensitivity and specificity into the 2x2 tables that can stand behind them;
# - compute a likelihood ratio and say how sure it is;
# - go from a pre-test to a post-test probability, by hand and on a nomogram;
# - explain why the interval is so wide.
#
# [Notebook 00](00_start_here.ipynb) comes before this one. What an interval *is* comes next, in
# [notebook 07](07_what_an_interval_is.ipynb).

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
from exercises import check
from references import references
from show import percent, ratio, say, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. The sentence
#
# > History of cancer: sensitivity 0.31, specificity 0.98.
#
# This, and that 13 of 1975 patients had cancer, is what the review prints of Deyo and Diehl's
# study. What table is behind it?

# %%
found = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", specificity="0.98")
each = bps.accuracy(found.tables).query("measure == 'lr_positive'")["estimate"]
false = found.tables["fp"]
say(
    f"""**{found.count} tables fit.** {found.tables["tp"].iloc[0]} of the 13 had the flag: that is
    certain. How many of the 1962 others had it is not: anything from {false.min()} to {false.max()}
    prints as 0.98. Each table has its own likelihood ratio, between {each.min():.1f} and
    {each.max():.1f}."""
)

# %% [markdown]
# No single table is the study's. Where one is needed, the library takes the middle one and says so,
# and its intervals cover all of them.

# %%
check("01.1", ...)

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
# A ratio of 1 says nothing. Between 0.5 and 2 it hardly matters. For the middle table:

# %%
row = bps.likelihood_ratios(evidence, "malignancy", "primary_care", "cancer_history").iloc[0]
middle = bps.TwoByTwo(tp=row.tp, fp=row.fp, fn=row.fn, tn=row.tn)
plus, minus = middle.lr_positive(), middle.lr_negative()
table(
    [
        {"": "history of cancer", "cancer": row.tp, "no cancer": row.fp},
        {"": "no such history", "cancer": row.fn, "no cancer": row.tn},
    ]
)

# %%
say(
    f"""LR+ {ratio(plus.estimate, plus.ci_low, plus.ci_high)} and
    LR− {ratio(minus.estimate, minus.ci_low, minus.ci_high)}, each with its 95% interval. That of
    LR+ runs over a factor of {plus.ci_high / plus.ci_low:.0f}, because it rests on {row.tp}
    patients. It takes the table as known. Over all {found.count} tables that fit:
    {ratio(row.lr_positive, row.lr_positive_low, row.lr_positive_high)}."""
)

# %%
check("01.2", ...)

# %%
check("01.3", ...)

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
odds_after = odds_before * plus.estimate
say(
    f"""Before: {percent(pretest)}, odds of 1 to {1 / odds_before:.0f}. Times {plus.estimate:.1f}:
    odds of 1 to {1 / odds_after:.1f}. After: 1 / (1 + {1 / odds_after:.1f}) =
    {odds_after / (1 + odds_after):.1%}."""
)

# %% [markdown]
# A nomogram does the same with a ruler. On its axes the log odds are evenly spaced, so that
# multiplying becomes a straight line. Move the pre-test probability and watch both lines turn about
# the likelihood ratios of the study:


# %%
def nomogram(pretest):
    """Draw what a history of cancer makes of a pre-test probability."""
    after = bps.posttest(evidence, "cancer_history", setting="primary_care", pretest=pretest)
    after = after[after["study"] == "deyo1988"]
    _, ax = plt.subplots(figsize=(6, 6.2), layout="constrained")
    bps.plots.fagan(after, ax=ax)
    present, absent = (after[after["result"] == one].iloc[0] for one in ("positive", "negative"))
    return f"""From {percent(pretest)} to
        {percent(present.estimate, present.ci_low, present.ci_high)} with a history of cancer, and
        to {percent(absent.estimate, absent.ci_low, absent.ci_high)} without."""


places = [0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
slider(nomogram, places, 0.003, label="pre-test probability", words=percent)

# %%
check("01.4", ...)

# %% [markdown]
# ## 4. Two intervals, two questions
#
# Papers usually put the ends of the LR interval through the formula and keep the pre-test fixed.
# That answers: what if the prevalence were known exactly? It is not. The *full* interval lets
# sensitivity, specificity **and** prevalence be uncertain.
#
# And which prevalence? That of the setting is the default here. It can also be that of the same
# 1975 patients.

# %%
rows = []
for pretest, source in ((None, "a review of the setting"), ("cohort", "the same patients")):
    for interval, question in (
        ("published", "if the prevalence were exact"),
        ("full", "all three uncertain"),
    ):
        after = bps.posttest(
            evidence,
            "cancer_history",
            setting="primary_care",
            pretest=pretest,
            result="positive",
            interval=interval,
        ).iloc[0]
        rows.append(
            {
                "prevalence from": source,
                "before": percent(after.pretest),
                "the interval is": question,
                "after": percent(after.estimate, after.ci_low, after.ci_high),
            }
        )
table(rows)

# %% [markdown]
# The full interval need not be the wider one. The first kind reaches to the worst of all the tables
# that fit; the full one averages over them, and adds the doubt about the prevalence. The choice of
# the prevalence moves the answer as well. That is why a post-test probability is never printed here
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
# - Printed figures are rounded: several tables may fit. Say which you took, or cover them all.
# - Thirteen cancers are few. No method makes them more.
#
# ## References

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2013", "henschke2009")

# %% [markdown]
# - The nomogram: Fagan TJ. N Engl J Med 1975;293:257. <https://doi.org/10.1056/NEJM197507312930513>
