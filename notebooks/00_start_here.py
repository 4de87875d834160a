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
# # 00 · Start here: what a red flag is, and why prevalence rules
#
# **In ten minutes you will be able to**
#
# - say what a red flag is, and what sensitivity and specificity claim about it;
# - turn them into numbers of patients;
# - explain why the same flag means something else in another setting;
# - say how many of the flags that guidelines endorse have a usable figure in what was read.
#
# No statistics is assumed. Run a cell with Shift+Enter. The whole course is teaching material, not
# a medical device: it must not be used to decide about a patient.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from exercises import check
from references import references
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()
evidence

# %% [markdown]
# All numbers of the course come from this collection of published figures, or are computed from it.
#
# ## 1. One sentence from a paper
#
# Back pain is common; cancer as its cause is rare. A *red flag* is a finding that should make a
# clinician think of the rare cause. Deyo and Diehl (1988) studied 1975 patients of a walk-in
# clinic. Thirteen had cancer. A review printed later, about "any of four findings" (age 50 or over,
# a history of cancer, unexplained weight loss, no response to treatment):
#
# > sensitivity 1.00, specificity 0.60
#
# - **Sensitivity**: of those *with* cancer, the share who have the flag. Here: all 13.
# - **Specificity**: of those *without*, the share who do not have it. Here: 60 in 100.
#
# A sensitivity of 1.00 sounds perfect. Let us see what it does to patients. First we need the
# counts behind the two figures:

# %%
printed = bps.reconstruct(n=1975, n_cases=13, sensitivity="1.00", specificity="0.60")
print(printed.explanation)

# %% [markdown]
# Four counts describe the study: *tp* have cancer and the flag, *fp* the flag but no cancer, *fn*
# cancer but no flag, *tn* neither. The printed figures are rounded, so 20 sets of counts fit. They
# differ by a few patients in 2000; we go on with the middle one. (More in notebook 01.)

# %%
middle = printed.tables.iloc[printed.count // 2]
any_of_four = bps.TwoByTwo(**middle[["tp", "fp", "fn", "tn"]])
pd.DataFrame(
    {
        "cancer": [any_of_four.tp, any_of_four.fn],
        "no cancer": [any_of_four.fp, any_of_four.tn],
    },
    index=["flag", "no flag"],
)

# %% [markdown]
# ## 2. A thousand patients

# %% alt="Icon array of 1,000 patients: about 400 have the flag, about 7 of them cancer."
thousand = bps.natural_frequencies(any_of_four, "13/1975")
fig, ax = plt.subplots(figsize=(9, 4.6), layout="constrained")
ax = bps.plots.natural_frequencies(thousand, title="Any of four findings", ax=ax)

# %% [markdown]
# About 400 of 1000 patients have the flag. About 7 of the 1000 have cancer. The flag misses nobody
# in this study, and still fewer than 2 in 100 of those who have it have cancer. Nothing is wrong
# with the flag's sensitivity: there are simply so many more people without cancer.
#
# Now you. Put your answer in place of the three dots and run the cell; you may calculate in it.

# %%
check("00.1", ...)  # Of the patients WITH the flag, which share has cancer?

# %%
check("00.2", ...)  # Of 1000 patients WITHOUT cancer, how many have the flag?

# %% [markdown]
# ## 3. Prevalence rules
#
# The *pre-test probability* is what you believed before you asked. At a first visit it is the share
# of patients in your setting who have the condition: the *prevalence*. The *post-test probability*
# is what to believe afterwards.
#
# The flag multiplies the *odds* by the same factor everywhere, its *likelihood ratio* (notebook
# 01):

# %%
ratio = any_of_four.lr_positive().estimate
print(f"likelihood ratio of any of four: {ratio:.2f}")

# %% [markdown]
# Three settings, each with the published prevalence of cancer among its back-pain patients:

# %%
from backpain_stats import setting_prevalence

rows = []
for setting in ("primary_care", "emergency", "tertiary_care"):
    before = setting_prevalence(evidence, "malignancy", setting)
    after = bps.posttest_probability(before.estimate, ratio)
    rows.append([setting, before.source, f"{before.estimate:.2%}", f"{after:.2%}"])
pd.DataFrame(rows, columns=["setting", "cases and patients", "before", "after the flag"])

# %% [markdown]
# The same flag, and in one setting it ends where in another it begins. (We assume that the ratio of
# Deyo's clinic holds elsewhere too. Patients of a spine centre have been chosen by somebody
# already, so it may not.)
#
# How many of 1000 would you send to imaging, and how many of them have cancer?


# %% alt="Two icon arrays of 1,000 patients: the false alarms stay, the cases multiply."
def thousand_at(pretest):
    """Draw 1,000 patients at a pre-test probability."""
    patients = bps.natural_frequencies(any_of_four, pretest)
    one = patients.iloc[0]
    _, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
    words = f"Pre-test {pretest:.1%}: of {one.imaged} with the flag, {one.tp} have cancer"
    bps.plots.natural_frequencies(patients, title=words, ax=ax)
    plt.show()


thousand_at(0.003)
thousand_at(0.10)

# %% [markdown]
# Move the pre-test probability:

# %%
slider(thousand_at, 0.003, 0.001, 0.5, label="pre-test probability")

# %%
check("00.3", ...)  # At a pre-test probability of 10%, what is it after this flag?

# %% [markdown]
# ## 4. Endorsed, and measured?
#
# Guidelines endorse many flags. How many of them has anybody measured?

# %%
endorsed = bps.endorsement(evidence)
counts = endorsed.summary()
counts.loc[counts["verdict"].str.startswith("endorsed"), ["verdict", "flags"]]

# %% [markdown]
# "No usable figure in the sources read here" does not mean useless, nor that nobody measured it.
# The words are given by one rule:

# %%
print(endorsed.rule.replace("; ", ";\n"))

# %% [markdown]
# ## What to remember
#
# - Sensitivity and specificity describe the flag; the post-test probability describes the patient,
#   and it needs the pre-test probability too. **Never quote one without the other.**
# - Where the disease is rare, even a sensitive flag is mostly a false alarm.
# - These figures rest on 13 patients with cancer. [Notebook 01](01_likelihood_ratios.ipynb) shows
#   how wide that makes them.
#
# ## References

# %%
references(evidence, "deyo1988", "deyo1992", "downie2013", "henschke2013")
