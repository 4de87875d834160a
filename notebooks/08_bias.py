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
# # 08 · Bias: who was sampled, who was verified, by what
#
# **In ten minutes you will be able to**
#
# - ask the four questions of QUADAS-2 of any study of a red flag;
# - say what a case-control sample can tell, and what it cannot;
# - compute how verification of the positive alone moves sensitivity and specificity;
# - say what a result would look like under a bias of stated strength.
#
# It is read after [notebook 01](01_likelihood_ratios.ipynb).

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
from exercises import check
from references import references
from show import percent, ratio, say, studies, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. Before any arithmetic
#
# An interval shrinks with more patients. Bias does not. A large study of the wrong patients is sure
# of the wrong number. So the first questions to a paper are not about numbers:

# %%
table(
    [
        {
            "QUADAS-2 domain": "patient selection",
            "ask": "Who was sampled, from whom, and who was left out?",
            "a red flag's typical trouble": "cases picked as cases; injured or suspected patients",
        },
        {
            "QUADAS-2 domain": "index test",
            "ask": "Who asked about the flag, when, knowing what?",
            "a red flag's typical trouble": "read from charts written after the diagnosis",
        },
        {
            "QUADAS-2 domain": "reference standard",
            "ask": "By what was the condition found, and can it be trusted?",
            "a red flag's typical trouble": "a film at one visit; a code in a register",
        },
        {
            "QUADAS-2 domain": "flow and timing",
            "ask": "Was everybody verified, in the same way, in time?",
            "a red flag's typical trouble": "only those with the flag are imaged",
        },
    ]
)

# %% [markdown]
# Each domain has two verdicts: could it be **biased** (wrong for its own patients), and does it
# **apply** (right, but for other patients than mine)?
#
# ## 2. A worked example: a case-control sample
#
# What the evidence says about how one study of a spine clinic got its patients:

# %%
cohort = evidence.cohorts.set_index("cohort_id").loc["tsiang2019_malignancy"]
report = bps.likelihood_ratios(evidence, target="malignancy", flag="cancer_history")
report = report[report["cohort_id"] == "tsiang2019_malignancy"].iloc[0]
say(f"> {studies(evidence)['tsiang2019']}: {cohort['design_note']}.")

# %%
plus = ratio(report.lr_positive, report.lr_positive_low, report.lr_positive_high)
say(
    f"""Patient-reported history of cancer: sensitivity {report.sensitivity:.2f}, specificity
    {report.specificity:.2f}, so LR+ {plus}. The abstract prints no number of cases; {report.tables}
    tables fit its figures."""
)

# %% [markdown]
# **Who was sampled?** One hundred and twenty patients *because* they had a code of serious
# pathology, and 380 at random. So
#
# - the share of cases in the sample is the authors' choice. It is no prevalence, and predictive
#   values computed from it mean nothing anywhere;
# - sensitivity and specificity can be computed. Whether they hold among people who walk in is
#   another matter: known cases are clear cases, and they have been asked about cancer many times.
#
# **Who was verified, by what?** Codes and charts. A cancer nobody coded counts as "no cancer".
#
# **To whom does it apply?** To patients of a spine clinic. The same study was reported earlier as a
# random sample of 500; only the second report says how the patients were really drawn.
#
# None of this shows in the interval.

# %%
check("08.1", ...)

# %% [markdown]
# ## 3. Who was verified?
#
# Suppose that 40 of 50 people with the disease have the flag, and 20 of 100 without it. Everybody
# with the flag is imaged, but only some of the rest. The study counts those who were imaged:


# %%
def verified(fraction):
    """Draw what a study sees if only this fraction of the flag-negative are verified."""
    seen = {"tp": 40, "fp": 20, "fn": 10 * fraction, "tn": 80 * fraction}
    sensitivity = seen["tp"] / (seen["tp"] + seen["fn"])
    specificity = seen["tn"] / (seen["tn"] + seen["fp"])
    _, ax = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
    ax.barh(["specificity", "sensitivity"], [0.8, 0.8], color="#cccccc", label="in all patients")
    ax.barh(
        ["specificity", "sensitivity"],
        [specificity, sensitivity],
        height=0.4,
        color="#0072b2",
        label="in those imaged",
    )
    ax.set(xlim=(0, 1))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return f"""{fraction:.0%} of those without the flag are imaged: the study prints sensitivity
        {sensitivity:.0%} and specificity {specificity:.0%}. Both are 80% in all patients."""


slider(
    verified,
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    0.3,
    label="of those without the flag, imaged",
    words=percent,
)

# %% [markdown]
# Missed cases stay unseen, so sensitivity looks better; people rightly without the flag go
# uncounted, so specificity looks worse. This is *verification bias*. If the paper prints how many
# were not verified, it can be undone: spread the unverified like the verified of the same flag
# (Begg and Greenes; `begg_greenes` in the library). That assumes that, given the flag, chance chose
# whom to image.

# %%
check("08.2", ...)

# %% [markdown]
# ## 4. How much would it matter?
#
# Mostly the strength of a bias is not printed. Then nothing can be corrected, but one can ask what
# the result would be *if*. Here: a study prints 40, 20, 10 and 80. What would hold among all
# patients, if it had verified only part of them, those with the flag more readily (odds times 3)?

# %%
observed = bps.TwoByTwo(tp=40, fp=20, fn=10, tn=80)
curve = bps.verification_bias(observed, [1.0, 0.6, 0.2], odds=3)
rows = []
for share in (1.0, 0.6, 0.2):
    row = {"of all patients, verified": percent(share)}
    for measure in ("sensitivity", "specificity"):
        one = curve.measure(measure).set_index("fraction_verified").loc[share]
        row[measure] = percent(one.estimate, one.ci_low, one.ci_high)
    rows.append(row)
table(rows)

# %% [markdown]
# The first row is the study as printed. The others assume that nothing but the flag decided whom to
# verify. Such a table is a *sensitivity analysis*, not a correction:
# its strengths are invented. It answers "could bias of this size change my decision?". If not, say
# so and go on.

# %%
check("08.3", ...)

# %% [markdown]
# ## 5. Whose patients?
#
# How the patients with cancer in question were found, over all cohorts of malignancy here:

# %%
malignancy = evidence.cohorts[evidence.cohorts["target"] == "malignancy"]
words = {
    "unselected": "presenting with back pain, unselected",
    "case_control": "cases and others picked apart",
    "imaged": "sent for imaging",
    "known_disease": "with a known disease",
    "unknown": "what was read does not say",
}
counts = malignancy["sample"].value_counts()
table([{"who was sampled": words.get(name, name), "cohorts": n} for name, n in counts.items()])

# %% [markdown]
# Three answers stand beside every ratio of the library: sample, verification, directness. What
# nobody printed is "unknown", and stays so. A panel's own judgement goes into a sheet of the four
# domains (`judgement_template`), and the library draws it without ever filling it in.
#
# A study of patients already suspected or imaged shifts both ways: the mild cases are missing, and
# so are the healthy. Such a likelihood ratio must not meet the prevalence of everybody.

# %%
check("08.4", ...)

# %% [markdown]
# ## What to remember
#
# - Who was sampled, who was verified, by what, and to whom does it apply: before any arithmetic.
# - No prevalence from a case-control sample.
# - Verification of the flagged alone: sensitivity too high, specificity too low.
# - Bias is in no interval. Say what you could not find out.
#
# ## References
#
# - Whiting PF et al. QUADAS-2. Ann Intern Med 2011;155:529-36.
#   <https://doi.org/10.7326/0003-4819-155-8-201110180-00009>
# - Lijmer JG et al. Empirical evidence of design-related bias in studies of diagnostic tests. JAMA
#   1999;282:1061-6. <https://doi.org/10.1001/jama.282.11.1061>

# %%
references(evidence, "tsiang2017", "tsiang2019")
