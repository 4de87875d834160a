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
# - see which flags guidelines endorse without anybody having measured them.
#
# No statistics is assumed. Run a cell with Shift+Enter. This is teaching material, not a medical
# device.

# %%
import matplotlib.pyplot as plt
from exercises import check

import backpain_stats as bps

evidence = bps.load_evidence()
evidence

# %% [markdown]
# ## 1. One sentence from a paper
#
# Back pain is common; cancer as its cause is rare. A *red flag* is a finding that should make a
# clinician think of the rare cause. In 1988 Deyo and Diehl followed 1975 patients of a walk-in
# clinic. Thirteen had cancer. The review that made the study famous prints, for "any of four
# findings: age 50 or over, a history of cancer, unexplained weight loss, no improvement":
#
# > sensitivity 1.00, specificity 0.60
#
# - **Sensitivity**: of those *with* cancer, the share who have the flag. Here: all 13.
# - **Specificity**: of those *without*, the share who do not have it. Here: 60 in 100.
#
# A sensitivity of 1.00 sounds perfect. Let us see what it does to patients.

# %%
printed = bps.reconstruct(n=1975, n_cases=13, sensitivity="1.00", specificity="0.60")
print(printed.explanation)
middle = printed.tables.iloc[len(printed.tables) // 2]
any_of_four = bps.TwoByTwo(
    tp=int(middle.tp), fp=int(middle.fp), fn=int(middle.fn), tn=int(middle.tn)
)
any_of_four

# %% [markdown]
# The paper prints rounded figures, so several tables fit. They differ by a few patients in
# nearly 2000; we go on with the middle one and will come back to this in notebook 05.
#
# ## 2. A thousand patients

# %%
thousand = bps.natural_frequencies(any_of_four, "13/1975")
fig, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
bps.plots.natural_frequencies(thousand, ax=ax)
thousand[["tp", "fp", "fn", "tn", "imaged"]]

# %% [markdown]
# About 400 of 1000 patients have the flag. About 7 of the 1000 have cancer. The flag misses
# nobody in this study, and still fewer than 2 in 100 of those who have it have cancer. Nothing is
# wrong with the flag's sensitivity: there are simply so many more people without cancer.

# %%
check("00.1", ...)  # Of 100 patients WITH this flag, how many have cancer? (a fraction: 0.05 is 5%)

# %%
check("00.2", ...)  # Of 1000 patients WITHOUT cancer, how many have the flag?

# %% [markdown]
# ## 3. Prevalence rules
#
# The *pre-test probability* is what you believed before you asked. For a first visit it is the
# prevalence in your setting. The *post-test probability* is what you should believe afterwards.
# One flag, three settings:

# %%
for setting in ("primary_care", "emergency", "tertiary_care"):
    rows = evidence.prevalence.query("target == 'malignancy' and setting == @setting")
    counted = rows.dropna(subset=["n", "n_cases"])
    for row in counted.itertuples():
        pretest = row.n_cases / row.n
        if 0 < pretest:
            after = bps.posttest_probability(pretest, any_of_four.lr_positive().estimate)
            print(f"{setting:14} {row.prevalence_id:24} before {pretest:7.2%}   after {after:7.2%}")

# %% [markdown]
# The flag multiplies the *odds* by the same factor everywhere (notebook 01 says which). But a small
# number times 2.5 is still a small number. Move the slider; without widgets, read the picture.

# %%
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ratios = bps.likelihood_ratios(evidence, target="malignancy", setting="primary_care")
bps.plots.posttest(bps.posttest(evidence, "cancer_history", target="malignancy",
                                setting="primary_care"), ax=ax)

# %%
try:
    from ipywidgets import FloatLogSlider, interact

    @interact(pretest=FloatLogSlider(0.0066, base=10, min=-3, max=-0.3, description="pre-test"))
    def after_the_flag(pretest):
        """Show the post-test probability for the slider's pre-test probability."""
        after = bps.posttest_probability(pretest, any_of_four.lr_positive().estimate)
        print(f"before {pretest:.2%}, after a positive result {after:.2%}")
except ImportError:
    print("Sliders need ipywidgets; the picture above shows the same.")

# %%
check("00.3", ...)  # At a pre-test probability of 10%, what is it after this flag?

# %% [markdown]
# ## 4. Endorsed, and measured?
#
# Guidelines endorse many flags. How many of them has anybody measured?

# %%
endorsed = bps.endorsement(evidence)
endorsed.groupby(["target", "verdict"]).size().unstack(fill_value=0)

# %% [markdown]
# ## What to remember
#
# - Sensitivity and specificity describe the flag; the post-test probability describes the patient,
#   and it needs the pre-test probability too. **Never quote one without the other.**
# - Where the disease is rare, even a sensitive flag is mostly a false alarm.
# - These figures rest on 13 patients with cancer. Notebook 01 shows how wide that makes them.
#
# ## References

# %%
evidence.sources.query("source_id in ['deyo1988', 'deyo1992', 'downie2013']")[["citation", "doi"]]
