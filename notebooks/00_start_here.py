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
# No statistics is assumed, and no programming: every result stands on the page, the code behind it
# can be unfolded. In Jupyter, run a cell with Shift+Enter. The course is teaching material, not a
# medical device: it must not be used to decide about a patient.

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
from exercises import check
from references import references
from show import labels, percent, say, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# All numbers of the course come from a collection of published figures, or are computed from it.
# The collection is a selection: most sources were read as abstracts or excerpts.
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
# A sensitivity of 1.00 sounds perfect. To see what it does to patients we need the counts behind
# the two figures.

# %%
printed = bps.reconstruct(n=1975, n_cases=13, sensitivity="1.00", specificity="0.60")
middle = printed.tables.iloc[printed.count // 2]
any_of_four = bps.TwoByTwo(**middle[["tp", "fp", "fn", "tn"]])
table(
    [
        {"": "flag", "cancer": any_of_four.tp, "no cancer": any_of_four.fp},
        {"": "no flag", "cancer": any_of_four.fn, "no cancer": any_of_four.tn},
    ]
)

# %%
say(
    f"""The printed figures are rounded, so {printed.count} sets of counts fit. They differ by a
    few patients in 2000; this is the middle one. [Notebook 01](01_likelihood_ratios.ipynb) says
    more."""
)

# %% [markdown]
# ## 2. A thousand patients

# %% alt="Icon array of 1,000 patients: about 400 have the flag, about 7 of them cancer."
thousand = bps.natural_frequencies(any_of_four, "13/1975")
fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
ax = bps.plots.natural_frequencies(thousand, title="Any of four findings", ax=ax)

# %%
one = thousand.iloc[0]
say(
    f"""Of 1,000 such patients {one.imaged} have the flag and {one.diseased} have cancer. The flag
    missed nobody in this study, and still only {one.tp} of the {one.imaged} who have it have
    cancer: {percent(any_of_four.ppv().estimate)}. Nothing is wrong with its sensitivity. There are
    simply so many more people without cancer."""
)

# %% [markdown]
# Now you. On the page, type your answer and press *Check*. In Jupyter, put it in place of the three
# dots and run the cell; `worked("00.1")` shows the way.

# %%
check("00.1", ...)

# %%
check("00.2", ...)

# %% [markdown]
# ## 3. Prevalence rules
#
# The *pre-test probability* is what you believed before you asked. At a first visit it is the share
# of patients in your setting who have the condition: the *prevalence*. The *post-test probability*
# is what to believe afterwards.
#
# In between stands the *likelihood ratio* (notebook 01): the flag multiplies the *odds* by it. Take
# the ratio of this clinic to other settings, each with a prevalence that was counted there:

# %%
ratio = any_of_four.lr_positive().estimate
names = {"primary_care": "primary care", "emergency": "emergency", "tertiary_care": "spine centre"}
rows = []
for setting, name in names.items():
    before = bps.setting_prevalence(evidence, "malignancy", setting)
    after = bps.posttest_probability(before.estimate, ratio)
    counts = str(before).split(": ")[-1].rstrip("]")
    rows.append(
        {
            "setting": name,
            "cases counted": counts,
            "before": percent(before.estimate),
            "after the flag": percent(after),
        }
    )
table(rows)

# %% [markdown]
# The same flag, and in one setting it ends where in another it begins.
#
# That is arithmetic, not proof: nobody measured this flag in the other settings. Patients of a
# spine centre have been chosen by somebody already. Their cancers may be further advanced, their
# other complaints more alarming, and then sensitivity and specificity change too (*spectrum
# effect*, [notebook 08](08_bias.ipynb)).
#
# Move the prevalence:


# %%
def thousand_at(pretest):
    """Draw 1,000 patients at a pre-test probability."""
    patients = bps.natural_frequencies(any_of_four, pretest)
    one = patients.iloc[0]
    _, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
    bps.plots.natural_frequencies(patients, title="Any of four findings", ax=ax)
    share = bps.posttest_probability(pretest, ratio)
    return f"""Prevalence {percent(pretest)}: of 1,000 patients {one.imaged} have the flag, and
        {one.tp} of these have cancer ({percent(share)})."""


places = [0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5]
slider(thousand_at, places, 0.003, label="prevalence", words=percent)

# %%
check("00.3", ...)

# %% [markdown]
# ## 4. Endorsed, and measured?
#
# Guidelines endorse many flags. For how many is there a usable figure in the sources read here?

# %%
endorsed = bps.endorsement(evidence)
counts = endorsed.summary()
counts = counts[counts["verdict"].str.startswith("endorsed") & (counts["flags"] > 0)]
table(
    [
        {
            "endorsed by guidelines, and the figures are": verdict.removeprefix("endorsed, "),
            "flags": n,
        }
        for verdict, n in counts[["verdict", "flags"]].itertuples(index=False)
    ]
)

# %%
flags = endorsed.flags
usable = (flags["guidelines"] > 0) & (flags["usable_reports"] > 0)
total = int((flags["guidelines"] > 0).sum())
relatives = flags[(flags["guidelines"] > 0) & (flags["reports"] == 0)]["measured_in_family"]
example = relatives[relatives.astype(bool)].index[0]
relative = labels(evidence)[relatives[example].split(";")[0]]
say(
    f"""Of {total} endorsed flags {int(usable.sum())} have a usable figure here. The wording
    matters: "{flags.loc[example, "label"]}" has none, its relative "{relative}" has been
    measured. *Informative* means that a whole 95% interval lies beyond a likelihood ratio of 2, or
    below 0.5."""
)

# %%
check("00.4", ...)

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
