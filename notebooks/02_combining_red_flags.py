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
# **In fifteen minutes you will be able to**
#
# - multiply likelihood ratios, and say what that assumes;
# - show on real patients that it is overconfident;
# - compute the effective number of findings by hand, and shrink the product by it;
# - say whether a risk speaks of the average practice or of a new one;
# - tell a finding that is absent from one that nobody asked about.
#
# [Notebook 01](01_likelihood_ratios.ipynb) comes before this one, and
# [07](07_what_an_interval_is.ipynb) says what its intervals are.

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from exercises import check
from references import references
from show import percent, ratio, say, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. The patient
#
# > Aged 60. Cancer ten years ago. No weight loss. Nobody asked whether bed rest helps.
#
# Textbooks say: multiply. Each finding has its likelihood ratio; the odds are multiplied by one
# after the other. The ratios for primary care, each from all cohorts that asked about the flag:

# %%
multiplying = bps.RiskModel(evidence, dependence=bps.Independent())
known = multiplying.flags.set_index("flag_id")
table(
    [
        {
            "finding": row.label,
            "cancers": row.n_cases,
            "LR+ if present": ratio(row.lr_positive, row.lr_positive_low, row.lr_positive_high),
            "LR− if absent": ratio(row.lr_negative, row.lr_negative_low, row.lr_negative_high),
        }
        for row in known.itertuples()
    ]
)

# %%
present, absent = ["age_50", "cancer_history"], ["weight_loss_unexplained"]
three = [*known.loc[present, "lr_positive"], *known.loc[absent, "lr_negative"]]
multiplied = multiplying.risk(present, absent)
say(
    f"""For this patient: {" × ".join(f"{one:.3g}" for one in three)} = {np.prod(three):.0f}. That
    makes {percent(multiplied.posttest.estimate)} of a pre-test probability of
    {percent(multiplied.pretest)}. (The library takes the median over everything that is uncertain,
    so its product is {multiplied.lr.estimate:.0f}.)"""
)

# %% [markdown]
# Multiplying is right if, *among people with cancer*, the findings have nothing to do with each
# other, and the same *among people without*. Is that nearly so?
#
# ## 2. Ask patients
#
# No study of cancer red flags prints its patients one by one. One study of back pain does: 464
# people, eleven clinical criteria each, and the pain type that clinicians assigned. **The target is
# the pain type, not cancer.** What we learn is how multiplying behaves. Each tenth of the patients
# is predicted from the other nine.

# %% alt="Calibration of two ways to combine: multiplying is flatter than the diagonal."
patients = bps.load_patients()
models = {"multiplied": bps.Independent(), "shrunken": bps.Shrunken()}
predicted = bps.calibration.predictions(
    patients, patients["pain_type"] == "nociceptive", models=models
)
fig, ax = plt.subplots(figsize=(5.4, 5.4), layout="constrained")
ax = bps.plots.calibration(bps.calibration.calibration_curve(predicted), ax=ax)

# %%
slopes = bps.calibration.scores(predicted).set_index("model")["slope"]
sets = pd.read_csv("../reports/dependence.csv")
sets = sets[(sets["analysis"] == "leave one set out") & (sets["model"] == "multiplying")]
by_size = sets.groupby("size")["slope"].median()
say(
    f"""On the dashed line, what was called 80% comes true 80 times in 100. Multiplying runs
    flatter: it promises too much at both ends. Its **calibration slope** is
    {slopes["multiplied"]:.2f}; 1 would be right, below 1 is overconfident. (The other curve, slope
    {slopes["shrunken"]:.2f}, is what section 4 makes of it.) This is no accident of one study: in
    {sets["set"].nunique()} public sets of patients with other conditions the median slope was
    {by_size[2]:.2f} for two findings and {by_size[8]:.2f} for eight."""
)

# %% [markdown]
# ## 3. Which way does dependence go?
#
# Not always down. Take two findings, each present in 50% of cases and 10% of non-cases, and let
# them go together:

# %%
pair = pd.DataFrame({"flag": ["first", "second"], "sensitivity": 0.5, "specificity": 0.9})
kinds = {
    "not at all (multiplied)": bps.Independent(),
    "among cases and non-cases alike": bps.OneFactor(0.4, 0.4),
    "only among non-cases": bps.OneFactor(0.0, 0.4),
    "only among cases": bps.OneFactor(0.4, 0.0),
}
rows = []
for words, dependence in kinds.items():
    model = bps.RiskModel.from_frame(pair, pretest=0.01, dependence=dependence)
    both = model.risk(present=["first", "second"]).lr.estimate
    rows.append({"the findings go together": words, "LR of both": f"{both:.1f}"})
table(rows)

# %%
check("02.1", ...)

# %% [markdown]
# Nobody has printed which of these holds for red flags of cancer. What patient data do show is how
# much a product is worth on the whole: the more findings carry it, the less.
#
# ## 4. The effective number of findings
#
# Write each ratio as its logarithm *l*. The **effective number of findings** is
#
# > k_eff = (sum of |l|)² / (sum of l²)
#
# Four equal findings count as 4. One strong finding among weak ones counts as little more than 1,
# because the weak ones hardly matter. The correction is one line: multiply, then
#
# > combined LR = product to the power k_eff^−0.27
#
# By hand:

# %%
examples = {
    "one finding of LR 16": [16.0],
    "four findings of LR 2": [2.0] * 4,
    "one of LR 16, three of LR 1.1": [16.0, 1.1, 1.1, 1.1],
}
rows = []
for words, ratios in examples.items():
    logs = np.log(ratios)
    effective = np.abs(logs).sum() ** 2 / (logs**2).sum()
    rows.append(
        {
            "findings": words,
            "product": f"{np.prod(ratios):.1f}",
            "k_eff": f"{effective:.2f}",
            "power": f"{effective**-0.27:.2f}",
            "combined LR": f"{np.prod(ratios) ** effective**-0.27:.1f}",
        }
    )
table(rows)

# %% [markdown]
# The exponent 0.27 was learned from those public sets of patients, none of back pain, by a rule
# fixed before looking. It differs between sets (standard deviation 0.08), and that doubt enters
# every interval.
#
# Three findings of LR 2, and a fourth that you choose:


# %%
def fourth(strength):
    """Draw the product and the shrunken ratio with a fourth finding of this strength."""
    logs = np.log([2.0, 2.0, 2.0, strength])
    effective = np.abs(logs).sum() ** 2 / (logs**2).sum()
    product = float(np.exp(logs.sum()))
    shrunken = float(np.exp(logs.sum() * effective**-0.27))
    _, ax = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
    ax.barh(["shrunken", "multiplied"], [shrunken, product], left=1, color=["#0072b2", "#999999"])
    ax.set(xscale="log", xlim=(1, 400), xlabel="combined likelihood ratio")
    return f"""Fourth finding LR {strength:g}: multiplied {product:.0f}, effective number
        {effective:.1f}, shrunken {shrunken:.1f}."""


slider(fourth, [1.2, 1.5, 2, 3, 5, 8, 12, 20, 30], 2, label="LR of the fourth finding")

# %%
check("02.2", ...)

# %%
check("02.3", ...)

# %% [markdown]
# ## 5. Back to the patient, and to whose practice
#
# This is the default of the library:

# %% alt="Waterfall of one risk: age and history raise it, no weight loss lowers it."
model = bps.RiskModel(evidence)
risk = model.risk(present, absent)
fig, ax = plt.subplots(figsize=(7.6, 3.2), layout="constrained")
ax = bps.plots.risk_waterfall(risk, ax=ax)

# %%
average, new = risk.posttest, risk.new_practice
table(
    [
        {"speaks of": words, "risk": percent(one.estimate, one.ci_low, one.ci_high)}
        for words, one in (("the average practice", average), ("a new practice", new))
    ]
)

# %% [markdown]
# Practices differ: in how many cancers walk in, in how a finding is asked for, in whom they see.
# The *average practice* interval says how well the mean of all practices is known. A *new practice*
# is one that nobody studied, such as yours: its interval holds the difference between practices
# too. For a patient in front of you the second is the one to quote.

# %%
names = {"practice": "difference between practices", "accuracy": "accuracy of the findings"}
shares = {names.get(name, name): share for name, share in risk.width_shares.items()}
said = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
say(f"What makes the second interval so wide: {said}.")

# %%
check("02.4", ...)

# %% [markdown]
# ## 6. Absent is not the same as not asked
#
# Nobody asked whether bed rest helps. That is no answer, and it is not a "no". The library averages
# over both answers, each as likely as it is in such a patient; the risk lies between.

# %%
bed_rest = ["no_relief_bed_rest"]
answers = {"it helps": ([], bed_rest), "nobody asked": ([], []), "it does not help": (bed_rest, [])}
table(
    [
        {
            "bed rest": words,
            "risk": percent(model.risk(present + more, absent + less).posttest.estimate),
        }
        for words, (more, less) in answers.items()
    ]
)

# %% [markdown]
# ## 7. And if we assume nothing?
#
# *Bounds* are the lowest and highest risk over **every** way in which the findings may go together.

# %%
rows = []
everything = list(known.index)
for words, dependence in {
    "multiplied": bps.Independent(),
    "shrunken (the default)": bps.Shrunken(),
    "one shared factor": bps.OneFactor(),
    "maximum entropy, with the published combinations": bps.MaximumEntropy(),
}.items():
    one = model.with_dependence(dependence).risk(present=everything).posttest
    rows.append({"all five present": words, "risk": percent(one.estimate, one.ci_low, one.ci_high)})
low, high = model.risk(present=everything).bounds
limits = "anything" if low < 0.001 and high > 0.999 else f"{percent(low)} to {percent(high)}"
rows.append({"all five present": "nothing assumed", "risk": f"{limits} (bounds, no interval)"})
table(rows)

# %% [markdown]
# That is not a failure of the method; it is the finding. The printed figures do not say what the
# risk is. Every narrower answer rests on an assumption, so say which.
#
# ## What to remember
#
# - Multiplying assumes that findings are independent within cases and within non-cases. In real
#   patients that was overconfident, the more so the more findings.
# - Shrink the product by the effective number of findings. For cancer that is an assumption learned
#   elsewhere: name it.
# - A risk for your own patient is a risk in a new practice. Its interval is wide.
# - Not asked is not absent.
#
# ## References
#
# - How the default was chosen, and what lost: `reports/dependence.md`.
# - Van Calster B, et al. Calibration: the Achilles heel of predictive analytics. BMC Med 2019.
#   <https://doi.org/10.1186/s12916-019-1466-7>
# - The patients: Smart KM, et al. Clin J Pain 2011;27:655-63; criteria as in Fop M, et al. Ann Appl
#   Stat 2017. <https://doi.org/10.1214/17-AOAS1061>

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2009")
