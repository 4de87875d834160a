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
# # 02 · Combining red flags: several findings in one patient
#
# **In ten minutes you will be able to**
#
# - multiply likelihood ratios, and say what that assumes;
# - show on real patients that it is overconfident;
# - say what can be said instead: a shared factor, maximum entropy, bounds;
# - tell a finding that is absent from one that nobody asked about.
#
# [Notebook 01](01_likelihood_ratios.ipynb) comes before this one.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from exercises import check
from references import references
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. The patient
#
# > Aged 60. Cancer ten years ago. No weight loss. Nobody asked whether bed rest helps.
#
# Textbooks say: multiply. Each finding has its likelihood ratio; the odds are multiplied by one
# after the other.

# %%
multiplying = bps.RiskModel(evidence, dependence=bps.Independent())
multiplying.flags[["flag_id", "n_cases", "n", "lr_positive", "lr_negative"]].round(2)

# %%
found = {"present": ["age_50", "cancer_history"], "absent": ["weight_loss_unexplained"]}
ratios = multiplying.flags.set_index("flag_id")
product = (
    ratios.loc["age_50", "lr_positive"]
    * ratios.loc["cancer_history", "lr_positive"]
    * ratios.loc["weight_loss_unexplained", "lr_negative"]
)
by_the_library = multiplying.risk(**found)
print(f"by hand: LR {product:.1f}    the library: LR {by_the_library.lr.estimate:.1f}")
print(by_the_library.posttest)

# %%
check("02.1", ...)  # The product if weight loss is present as well

# %% [markdown]
# Multiplying is right if, *among people with cancer*, the findings have nothing to do with each
# other, and the same *among people without*. Older people more often have had cancer. People who
# lose weight are more often those who do not improve. Is it nearly right all the same?
#
# ## 2. Ask patients
#
# No study of cancer red flags has published its patients one by one. One study of back pain has:
# 464 people, eleven clinical criteria each, and the pain type that clinicians assigned. **The
# target is the pain type, not cancer**; nothing here is evidence about cancer. What we can learn is
# how multiplying behaves when several findings are present in one back-pain patient.
#
# Each tenth of the patients is predicted from the other nine tenths, by multiplying.

# %% alt="Calibration curve of multiplying: flatter than the diagonal."
patients = bps.load_patients()
nociceptive = patients["pain_type"] == "nociceptive"
models = {
    "multiplied": bps.Independent(),
    "shared factor, rho 0.2": bps.OneFactor(0.2, 0.2),
}
predictions = bps.calibration.predictions(patients, nociceptive, models=models)
multiplied = predictions[predictions["model"] == "multiplied"]
fig, ax = plt.subplots(figsize=(5.4, 5.4), layout="constrained")
ax = bps.plots.calibration(bps.calibration.calibration_curve(multiplied), ax=ax)

# %% [markdown]
# Honest probabilities lie on the dashed line. These run flatter: what was called 99% came true less
# often than that, what was called 1% more often. The **calibration slope** puts a number on it: 1
# is honest, below 1 is overconfident.

# %%
shown = ["model", "n", "log_loss", "slope", "slope_low", "slope_high"]
scored = bps.calibration.scores(predictions)
scored.loc[:0, shown].round(2)

# %% [markdown]
# Why? Findings tell much the same story twice. Multiplying counts the story twice.
#
# ## 3. One shared factor
#
# Give the findings something in common. Within each group, every finding depends on one hidden
# quantity (how typical the disease is, how frail the person), with correlation *rho* between any
# two; each finding alone stays as frequent as it was. At rho 0 we are back at multiplying.

# %% alt="Two calibration curves; that of the shared factor lies nearer the diagonal."
fig, ax = plt.subplots(figsize=(5.4, 5.4), layout="constrained")
ax = bps.plots.calibration(bps.calibration.calibration_curve(predictions), ax=ax)

# %%
targets = {name: patients["pain_type"] == name for name in patients["pain_type"].unique()}
table = pd.concat(
    bps.calibration.cross_validate(patients, outcome, models=models).assign(target=name)
    for name, outcome in targets.items()
)
table.pivot_table(index="target", columns="model", values=["log_loss", "slope"]).round(2)

# %%
check("02.2", ...)  # The slope of multiplying for central neuropathic pain, from the table

# %% [markdown]
# A little dependence brings the slope nearer to 1 and the log loss down, for all three pain types.
# That is why 0.2 is the default here. What it is not:
#
# - a measurement for cancer: nobody has the patients;
# - the *true* correlation of these patients. The likelihood says something else:

# %%
for name, outcome in targets.items():
    fit = bps.calibration.fit_dependence(patients, outcome, marginals="observed")
    print(f"{name}\n  cases     {fit.rho_cases}\n  non-cases {fit.rho_noncases}")

# %% [markdown]
# One common correlation is a coarse picture of eleven findings. Part of what 0.2 does is to be
# cautious. `reports/patients_dependence.md` has the whole table, with a fitted correlation and with
# logistic regression, which needs patients and so cannot be had for red flags.
#
# ## 4. Back to the patient

# %%
model = bps.RiskModel(evidence)
risk = model.risk(**found)
risk


# %% alt="Waterfall of one risk: age and history raise it, no weight loss lowers it."
def waterfall(rho):
    """Draw this patient's risk with a correlation of rho between findings."""
    assumed = model.with_dependence(bps.OneFactor(rho, rho))
    _, ax = plt.subplots(figsize=(7.6, 3.2), layout="constrained")
    bps.plots.risk_waterfall(assumed.risk(**found), ax=ax)
    plt.show()


waterfall(0.2)

# %% [markdown]
# The open diamond is where multiplying would have ended. Each bar is what a finding adds *beside
# the others*; by itself it would add more, or less. Move the correlation:

# %%
slider(waterfall, 0.2, 0.0, 0.9, label="correlation between findings")

# %% [markdown]
# With two findings present the dependence moves the risk little, beside its interval. With all five
# it moves it a lot:

# %% alt="The risk over the assumed correlation, with its interval and the bounds."
rho = [step / 10 for step in range(10)]
everything = list(multiplying.flags["flag_id"])
fig, ax = plt.subplots(figsize=(6.6, 4.6), layout="constrained")
ax = bps.plots.dependence(model.sensitivity(present=everything, rho=rho), ax=ax)

# %% [markdown]
# ## 5. Absent is not the same as not asked
#
# Nobody asked whether bed rest helps. That is no answer, and it is not a "no". The library averages
# over both answers, each as likely as it is in such a patient; the risk lies between.

# %%
for words, present, absent in [
    ("relieved by bed rest", [], ["no_relief_bed_rest"]),
    ("not asked", [], []),
    ("not relieved", ["no_relief_bed_rest"], []),
]:
    one = model.risk(found["present"] + present, found["absent"] + absent)
    print(f"{words:22}", one.posttest)

# %%
check("02.3", ...)  # Odds times what, if all five flags are absent (shared factor, rho 0.2)?

# %% [markdown]
# ## 6. What was published about findings together
#
# Deyo and Diehl also printed a *combination*: at least one of four findings, sensitivity 1.00 and
# specificity 0.60. That says something about dependence. **Maximum entropy** uses it and adds
# nothing else: among all joint distributions with the printed figures it takes the least committal.
# Without combinations it is multiplying again.
#
# And if we refuse to assume anything? **Bounds** are the lowest and highest risk over *every* joint
# distribution that fits the printed figures.

# %%
choices = {
    "multiplied": bps.Independent(),
    "shared factor, rho 0.2": bps.OneFactor(0.2, 0.2),
    "maximum entropy": bps.MaximumEntropy(),
    "bounds": bps.Bounds(),
}
for name, dependence in choices.items():
    one = bps.RiskModel(evidence, dependence=dependence).risk(**found)
    print(f"{name:24}", one.posttest)

# %% [markdown]
# From 0 to 100%. That is not a failure of the method; it is the finding. The printed figures do not
# say what the risk of this patient is. Every narrower answer rests on an assumption, so say which.
#
# Two findings, in 77% and 31% of cases, are together in at most 31% of them. At least?

# %%
check("02.4", ...)  # The smallest share of cases that can have both

# %% [markdown]
# ## 7. How sure?
#
# All sensitivities here come from 13 cancers. The interval carries that. It does not carry the
# doubt about rho, unless you say how far it might reach:

# %%
doubtful = bps.RiskModel(evidence, rho_prior=(0.0, 0.5)).risk(present=everything)
certain = model.risk(present=everything)
for words, one in (("rho 0.2", certain), ("rho anywhere from 0 to 0.5", doubtful)):
    shares = ", ".join(f"{name} {share:.0%}" for name, share in one.width_shares.items())
    print(f"{words:28}{one.posttest.ci_low:.1%} to {one.posttest.ci_high:.1%}   ({shares})")

# %% [markdown]
# Does a 95% interval hold the truth 95 times in 100? If the assumed dependence is right, nearly. If
# it is wrong, no, and with more patients less often: the interval narrows around the wrong place.
# `reports/simulation_risk.md` shows how often.
#
# ## 8. All patterns at once

# %% alt="Every pattern of four findings, with its risk and how often it occurs."
four = ["age_50", "cancer_history", "weight_loss_unexplained", "no_improvement_1_month"]
fig, ax = plt.subplots(figsize=(7, 6.6), layout="constrained")
ax = bps.plots.risk_patterns(bps.RiskModel(evidence, flags=four).profile(), ax=ax)

# %% [markdown]
# Most patients stand at the bottom. The patterns at the top are alarming, rare, and the ones about
# which least is known.
#
# ## What to remember
#
# - Multiplying likelihood ratios assumes that findings are independent within each group. In real
#   back-pain patients that was overconfident.
# - A modest shared factor was more honest there. For cancer it is an assumption: vary it.
# - Without any assumption the published figures often allow every risk from 0 to 100%.
# - Not asked is not absent.
# - One patient, many findings: report the pre-test, the assumption and the interval with the risk.
#
# ## References
#
# - Qu Y, Tan M, Kutner MH. Random effects models in latent class analysis for evaluating accuracy
#   of diagnostic tests. Biometrics 1996. <https://doi.org/10.2307/2533043>
# - Van Calster B, et al. Calibration: the Achilles heel of predictive analytics. BMC Med 2019.
#   <https://doi.org/10.1186/s12916-019-1466-7>
# - Jaynes ET. Information theory and statistical mechanics. Physical Review 1957.
#   <https://doi.org/10.1103/PhysRev.106.620>
# - The patients: Smart KM, et al. Clin J Pain 2011;27:655-63; criteria as in Fop M, et al. Ann Appl
#   Stat 2017. <https://doi.org/10.1214/17-AOAS1061>

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2013")
