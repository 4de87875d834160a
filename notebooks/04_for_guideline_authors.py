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
# # 04 · For guideline authors: what a red flag does to 10,000 patients
#
# **In fifteen minutes you will be able to**
#
# - say what a flag does to 10,000 patients, in whole patients, and how sure that is;
# - tell which flag is best to rule in and which to rule out, and how sure that is;
# - find the imaging thresholds, and the pre-test probabilities, at which a flag decides anything;
# - see which endorsed flags have a usable figure in what was read;
# - make a summary of findings in the GRADE layout, for your own judgements.
#
# [Notebook 01](01_likelihood_ratios.ipynb) explains likelihood ratios; nothing else is needed.

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
from exercises import check
from references import references
from show import labels, percent, say, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()
names = labels(evidence)
where = {"target": "malignancy", "setting": "primary_care"}

# %% [markdown]
# ## 1. Ten thousand patients
#
# Suppose 30 of 10,000 patients with back pain in general practice have a malignancy, and everybody
# with the flag is imaged. What becomes of the 10,000? (Per 1,000, a disease of 3 in 1,000 rounds to
# nothing.)

# %%
frequencies = bps.natural_frequencies(evidence, prevalence=0.003, per=10_000, **where)
usable = frequencies[frequencies["usable"]]
table(
    [
        {
            "flag": names.get(row.flag_id, row.flag_id),
            "found": row.tp,
            "missed": row.fn,
            "imaged in vain": f"{row.fp:,}",
            "left alone, rightly": f"{row.tn:,}",
            "rests on cancers": row.n_cases,
        }
        for row in usable.itertuples()
    ]
)

# %%
history = usable.set_index("flag_id").loc["cancer_history"]
four = usable.set_index("flag_id").loc["deyo1988_any_of_4"]
say(
    f"""A history of cancer sends {history.imaged:,} to imaging and misses {history.fn} of
    {history.diseased} cancers. Any of four findings misses {four.fn} and images {four.imaged:,}.
    There is no free choice between them. (Any of four missed no cancer in its only study. Thirteen
    cancers cannot show that it never does, so the library does not say so.)"""
)

# %%
gone = frequencies[~frequencies["usable"]]
say(
    f"""{len(gone)} more reports cannot be used and stay in the frame with the reason, for example
    no cancer in the cohort, or a table that cannot be."""
)

# %% [markdown]
# ## 2. How sure is that?
#
# The prevalence is not known either. It can be given as a number, as counts, or as a range; what is
# not known about it then enters every interval.

# %%
several = bps.natural_frequencies(
    evidence,
    prevalence=[0.003, "21/6622", "0.1% to 0.7%"],
    per=10_000,
    flag="cancer_history",
    **where,
)
table(
    [
        {
            "prevalence": percent(row.prevalence)
            if row.prevalence_low == row.prevalence_high
            else percent(row.prevalence, row.prevalence_low, row.prevalence_high),
            "imaged for one cancer found": f"{row.imaged_per_found:.0f} "
            f"({row.imaged_per_found_low:.0f} to {row.imaged_per_found_high:.0f})",
        }
        for row in several[several["usable"]].itertuples()
    ]
)

# %%
check("04.1", ...)

# %% [markdown]
# ## 3. Which flag is best?
#
# "Best" at what? To rule in, a large LR+ counts; to rule out, a small LR−. Only flags of one cohort
# can be compared without mixing in how cohorts differ. So these are the ratios *in that cohort*,
# and the chance to be the best of its five flags:


# %%
def chance(share):
    """Print a share of 4,096 draws; none of them is no proof of never."""
    return percent(share) if share > 0.001 else "below 0.1%"


compared = bps.compare_flags(evidence, **where)
ranked = compared.flags.dropna(subset="set_size")
table(
    [
        {
            "flag": names[row.flag_id],
            "LR+": f"{row.lr_positive:.1f}",
            "best to rule in": chance(row.probability_best_rule_in),
            "LR−": f"{row.lr_negative:.2f}",
            "best to rule out": chance(row.probability_best_rule_out),
        }
        for row in ranked.itertuples()
    ]
)

# %%
say(
    f"""The chances take the flags as measured independently; they were asked of the same patients,
    so read them as a rough order. And being best of five is not being good.
    {len(compared.unmeasured)} more flags are endorsed, quoted or reported, without a usable figure
    for this setting."""
)

# %%
check("04.2", ...)

# %% [markdown]
# ## 4. When does a flag decide?
#
# A flag is worth asking about only if the answer can change what you do. Say you would image at a
# probability of 1% or more: then you weigh one patient imaged in vain as 1/99 of a case found.
# A flag helps those whose threshold lies between the probability without it and the one with it.

# Move your threshold, at a pre-test probability of 0.3%:

# %%
ranges = bps.decisive_range(evidence, 0.003, **where).dropna(subset="posttest_present")


def at_threshold(threshold):
    """Draw which flags decide at this threshold for imaging."""
    _, ax = plt.subplots(figsize=(7.4, 3.4), layout="constrained")
    deciding = []
    for place, row in enumerate(ranges.itertuples()):
        decides = row.posttest_absent < threshold <= row.posttest_present
        if decides:
            deciding.append(names.get(row.flag_id, row.flag_id))
        ends = (100 * row.posttest_absent, 100 * row.posttest_present)
        ax.plot(ends, (place, place), "o-", color="#0072b2" if decides else "#999999")
    ax.axvline(100 * threshold, color="#d55e00")
    words = [names.get(one, one)[:44] for one in ranges["flag_id"]]
    ax.set_yticks(range(len(words)), words)
    ax.set(xscale="log", xlabel="% with cancer: flag absent, flag present")
    ax.margins(y=0.15)
    return f"""Threshold {percent(threshold)}: {len(deciding)} of {len(ranges)} flags decide:
        {"; ".join(deciding) or "none"}."""


places = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05]
slider(at_threshold, places, 0.01, label="threshold for imaging", words=percent)

# %% [markdown]
# Turned round: for a panel's own benefit and harm, between which *pre-test* probabilities does a
# flag decide (Pauker and Kassirer)? Outside that range its answer changes nothing.

# %%
values = bps.thresholds(evidence, benefit=99, harm=1, pretest=0.003, flag="cancer_history", **where)
one = values[values["usable"]].iloc[0]
lower = percent(one.testing_threshold, one.testing_threshold_low, one.testing_threshold_high)
upper = percent(
    one.test_action_threshold, one.test_action_threshold_low, one.test_action_threshold_high
)
say(
    f"""A history of cancer decides from a pre-test probability of {lower} up to {upper}, each limit
    with its 95% interval. At 0.30% it decides with a probability of
    {percent(one.probability_at_pretest)}."""
)

# %%
check("04.3", ...)

# %% [markdown]
# ## 5. Which endorsed flags earn their place?
#
# One rule with stated cut-offs gives every verdict; no verdict is written by hand. General lists
# ("red flags for serious disease") belong to no condition and stay unspecified.

# %%
endorsed = bps.endorsement(evidence, target="malignancy")
flags = endorsed.flags[endorsed.flags["guidelines"] > 0]
figures = flags["verdict"].str.removeprefix("endorsed, ").value_counts()
table([{"figures read here": words, "endorsed flags": n} for words, n in figures.items()])

# %%
none = flags[flags["reports"] == 0]
related = none[none["measured_in_family"].astype(bool)]
pairs = "; ".join(
    f"{row.label} ({names[row.measured_in_family.split(';')[0]].lower()})"
    for row in related.head(3).itertuples()
)
say(
    f"""Of the {len(none)} without a figure {len(related)} have a relative that was measured, for
    example: {pairs}."""
)

# %% [markdown]
# *Informative*: in at least one cohort the whole interval of LR+ lies above 2, or that of LR− below
# 0.5. "No usable figure" speaks of the sources read here, not of the world.

# %%
check("04.4", ...)

# %% [markdown]
# ## 6. For the guideline
#
# The summary of findings has the GRADE layout for diagnostic accuracy. The software judges
# nothing: the five domains and the certainty stay empty until the panel hands in its sheet.

# %%
findings = bps.summary_of_findings(
    evidence, [0.001, 0.007], per=10_000, flag="cancer_history", **where
)
layout = findings.layout()
heads = [" ".join(part for part in head if part) for head in layout.head]
kept = [0, 1, *(place for place, head in enumerate(heads) if "per 10,000" in head), len(heads) - 1]
table([{heads[place]: line[place] for place in kept} for line in layout.blocks[0][1]])

# %% [markdown]
# (The columns of the five domains are left out here. They are as empty as the last one.)
#
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
# - Panels decide about patients, not about ratios: ask what becomes of 10,000.
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
