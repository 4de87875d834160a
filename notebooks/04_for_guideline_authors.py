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
# # 04 · For guideline authors: what a red flag does to 1,000 patients
#
# **In ten minutes you will be able to**
#
# - say what a flag does to 1,000 patients, in whole patients, and how sure that is;
# - tell which flag is best to rule in and which to rule out, and how sure that is;
# - find the imaging thresholds, and the pre-test probabilities, at which a flag decides anything;
# - see which endorsed flags have a usable figure in what was read;
# - make a summary of findings in the GRADE layout, for your own judgements.
#
# [Notebook 01](01_likelihood_ratios.ipynb) explains likelihood ratios; nothing else is needed.

# %%
import matplotlib.pyplot as plt
from exercises import check
from references import references

import backpain_stats as bps

evidence = bps.load_evidence()
where = {"target": "malignancy", "setting": "primary_care"}

# %% [markdown]
# ## 1. A thousand patients
#
# Suppose 3 of 1,000 patients with back pain in general practice have a malignancy, and everybody
# with the flag is imaged. What becomes of the 1,000?

# %%
frequencies = bps.natural_frequencies(evidence, prevalence=0.003, **where)
usable = frequencies[frequencies["usable"]]
usable[["flag_id", "diseased", "tp", "fn", "fp", "tn", "imaged", "n_cases", "tables"]]

# %% [markdown]
# Each row adds up to 1,000, after rounding too. Two flags, drawn:

# %% alt="Two icon arrays of 1,000 patients: a history of cancer, and any of four findings."
fig, axes = plt.subplots(1, 2, figsize=(11, 4.7), layout="constrained")
for ax, flag in zip(axes, ["cancer_history", "deyo1988_any_of_4"], strict=True):
    one = usable[usable["flag_id"] == flag]
    bps.plots.natural_frequencies(one, title=flag, ax=ax)

# %% [markdown]
# A history of cancer sends few patients to imaging and misses most cancers. "Any of four" missed
# none, and images two patients in five. There is no free choice between them.
#
# Rows that cannot be used stay in the frame, with the reason:

# %%
frequencies.loc[~frequencies["usable"], ["flag_id", "cohort_id", "reason"]]

# %%
check("04.1", ...)  # Patients imaged for each cancer found, by a history of cancer

# %% [markdown]
# ## 2. How sure is that?
#
# All of this rests on 13 cancers. And the prevalence is not known either. It can be given as a
# number, as counts, or as a range; what is not known about it then enters every interval.

# %%
several = bps.natural_frequencies(
    evidence,
    prevalence=[0.003, "21/6622", "0.1% to 0.7%"],
    flag="cancer_history",
    **where,
)
for row in several[several["usable"]].itertuples():
    print(
        f"prevalence {row.prevalence:.2%} ({row.prevalence_low:.2%} to {row.prevalence_high:.2%}): "
        f"imaged per cancer found {row.imaged_per_found:.0f} "
        f"({row.imaged_per_found_low:.0f} to {row.imaged_per_found_high:.0f})"
    )

# %% [markdown]
# ## 3. Which flag is best?
#
# "Best" at what? To rule in, the largest LR+ wins, to rule out, the smallest LR−. The chance to be
# the best counts posterior draws, among flags of one cohort: the same patients, asked the same way.

# %%
compared = bps.compare_flags(evidence, **where)
ranked = compared.flags.dropna(subset="set_size").round(3)
shown = {
    "flag_id": "flag_id",
    "lr_positive": "LR+",
    "probability_best_rule_in": "best to rule in",
    "lr_negative": "LR-",
    "probability_best_rule_out": "best to rule out",
}
ranked[list(shown)].rename(columns=shown)

# %% [markdown]
# Flags that somebody endorses or quotes, but of which nothing usable was measured here, are not
# left out. They are most of the list:

# %%
compared.unmeasured["status"].value_counts().rename("flags").to_frame()

# %%
check("04.2", ...)  # The flag that is probably best to rule malignancy OUT (its flag_id)

# %% [markdown]
# ## 4. When does a flag decide?
#
# A flag is worth asking about only if the answer can change what you do. Say you would image at a
# probability of 1% or more: then you weigh one patient imaged in vain as 1/99 of a case found.
# A flag helps those whose threshold lies between the probability without it and the one with it.

# %%
from backpain_stats import decisive_range

ranges = decisive_range(evidence, 0.003, **where)
ranges[["flag_id", "pretest", "posttest_absent", "posttest_present"]].round(4)

# %% alt="Net benefit of each flag against the threshold for imaging."
curve = bps.decision_curve(evidence, 0.003, **where)
ax = bps.plots.decision_curve(curve)

# %% [markdown]
# Turned round: for a panel's own benefit and harm, between which *pre-test* probabilities does a
# flag decide (Pauker and Kassirer)? Outside that range its presence or absence changes nothing.

# %%
values = bps.thresholds(evidence, benefit=99, harm=1, pretest=0.003, flag="cancer_history", **where)
print(values.loc[values["usable"], "statement"].iloc[0])

# %%
check("04.3", ...)  # The action threshold if a case found is worth 49 patients imaged in vain

# %% [markdown]
# ## 5. Which endorsed flags earn their place?
#
# One rule with stated cut-offs gives every verdict; no verdict is written by hand. General lists
# ("red flags for serious disease") belong to no condition and stay unspecified.

# %%
endorsed = bps.endorsement(evidence, target="malignancy")
print(endorsed.rule)
endorsed.summary()

# %% alt="Map of guidelines and flags; most endorsed flags have no measured evidence."
ax = bps.plots.endorsement(endorsed)

# %% [markdown]
# An empty square is a flag that is recommended and has no usable figure in the sources read here.
# That does not make it useless. It means that we do not know.

# %%
check("04.4", ...)  # How many flags endorsed by guidelines for malignancy have no usable figure?

# %% [markdown]
# ## 6. For the guideline
#
# The summary of findings has the GRADE layout for diagnostic accuracy. The software judges
# nothing: the five domains and the certainty stay empty until the panel hands in its sheet.

# %%
findings = bps.summary_of_findings(evidence, [0.001, 0.003, 0.007], flag="cancer_history", **where)
findings

# %%
from backpain_stats import judgement_template

judgement_template(["cancer_history"])  # save as CSV, fill in, pass as judgements=

# %% [markdown]
# `findings.to_docx("findings.docx")` writes it for Word, `to_markdown()`, `to_html()` and
# `to_csv()` for elsewhere. The whole report of a panel, all of the above on one page with its
# tables and documents:
#
# ```
# backpain-stats panel --target malignancy --setting primary_care \
#     --prevalence 0.003 --benefit 99 --harm 1 --out panel
# ```
#
# ## What to remember
#
# - Panels decide about patients, not about ratios: ask what becomes of 1,000.
# - Ruling in and ruling out are two questions with two answers.
# - A flag that moves no decision is worth nothing, however large its ratio.
# - Thirteen cancers stand behind most of what is said about cancer in primary care.
# - "Endorsed" and "measured" are two different things.
#
# ## References
#
# - Pauker SG, Kassirer JP. N Engl J Med 1980;302:1109-17. <https://doi.org/10.1056/NEJM198005153022003>
# - Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-74. <https://doi.org/10.1177/0272989X06295361>
# - Schünemann HJ et al. BMJ 2008;336:1106-10. <https://doi.org/10.1136/bmj.39500.677199.AE>

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2013", "verhagen2016")
