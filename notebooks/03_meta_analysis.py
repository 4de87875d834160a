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
# # 03 · Several studies of one flag: what they say together, and where they stop
#
# **In ten minutes you will be able to**
#
# - pool sensitivity and specificity together, and say why not the likelihood ratios;
# - read a summary ROC plot;
# - tell the summary from the prediction for a new practice, and say which one a panel needs;
# - say what two or three studies cannot tell, and what a prior does about it.
#
# [Notebook 01](01_likelihood_ratios.ipynb) comes before this one.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from exercises import check
from references import references

import backpain_stats as bps
from backpain_stats import Priors

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. Four cohorts, one flag
#
# Who measured "history of cancer" as a sign of cancer behind back pain?

# %%
ratios = bps.likelihood_ratios(evidence, target="malignancy", flag="cancer_history")
columns = ["study", "setting", "tables", "tp", "fp", "fn", "tn", "counted", "lr_positive"]
ratios[columns].round(1)

# %% [markdown]
# Three things to see before any pooling.
#
# - Tsiang's patients were published twice. They count once (`counted`).
# - Henschke found no cancer in 1172 patients. There is no sensitivity and no likelihood ratio, yet
#   those patients say much about the specificity.
# - Most reports are rounded, so several 2x2 tables fit them (`tables`); the counts shown are the
#   middle one.
#
# And the LR+ differ widely. Chance, or different settings?
#
# ## 2. A method needs more studies: a detour
#
# Four cohorts are too few to *learn* how studies differ. So first a case with fourteen: the
# AUDIT-C questionnaire as a test for unhealthy drinking, from Kriston et al. (2008).

# %%
audit_c = pd.DataFrame(
    [
        (47, 101, 9, 738), (126, 272, 51, 1543), (19, 12, 10, 192), (36, 78, 3, 276),
        (130, 211, 19, 959), (84, 68, 2, 89), (68, 112, 0, 423), (752, 3226, 0, 2977),
        (59, 55, 5, 136), (142, 571, 50, 2788), (137, 107, 24, 358), (57, 103, 3, 437),
        (34, 21, 1, 56), (152, 88, 51, 264),
    ],
    columns=["tp", "fp", "fn", "tn"],
)  # fmt: skip
audit_c.insert(0, "study", [f"study {row + 1}" for row in range(len(audit_c))])
fit = bps.fit_bivariate(audit_c)
fit.summary()

# %% [markdown]
# What happened? Each study has its own true sensitivity and specificity. Their logits are taken as
# drawn from a two-dimensional normal distribution, which gives five numbers to estimate: two means,
# two spreads, and how the two hang together. Within a study the counts are binomial. Nothing has to
# be done about the two zeros in the table.
#
# The correlation is negative: studies with a higher sensitivity have a lower specificity. That is
# what a moving threshold does, and it is why the two must be pooled *together*.

# %% alt="Summary ROC plot of AUDIT-C: studies, summary point, two regions and curve."
ax = bps.plots.sroc(fit)

# %% [markdown]
# - The **diamond** is the summary: sensitivity and specificity in the middle setting.
# - The small region is how sure we are of the diamond. More studies shrink it.
# - The large region is where the next setting may lie. More studies do **not** shrink it to a
#   point, because settings really differ.

# %%
check("03.1", ...)  # LR+ from the summary sensitivity and specificity, by hand

# %% [markdown]
# ### Why not pool the likelihood ratios themselves?
#
# Older reviews pooled LR+ alone and LR- alone:

# %%
for measure in ("lr_positive", "lr_negative"):
    alone, together = bps.pool_univariate(audit_c, measure).pooled, getattr(fit, measure)
    print(f"{measure}: alone {alone.estimate:.3f}, together {together.estimate:.3f}")

# %% [markdown]
# A study with no missed case has an LR- of 0, whose logarithm does not exist: half a patient was
# added before the first method could start, and it moved the answer. The two ratios pooled apart
# need not belong to any possible test, either.
#
# ## 3. The summary and the new practice

# %%
expected = fit.predict(pretest=0.10).set_index("measure")
for measure in ("lr_positive", "posttest_positive"):
    row = expected.loc[measure]
    print(f"{measure} in a new practice: {row.ci_low:.2f} to {row.ci_high:.2f}")
print("summary LR+:", fit.lr_positive)

# %% [markdown]
# The summary interval answers "where is the middle?". The prediction interval answers "what may I
# find in *my* setting?". A guideline panel decides for settings; it needs the second.

# %%
check("03.2", ...)  # How many times wider is the prediction interval of LR+ (ratio of its ends)?

# %% [markdown]
# ## 4. Back to the history of cancer
#
# Ask the same method for it, and it refuses:

# %%
try:
    bps.pool(evidence, target="malignancy", flag="cancer_history", inference="likelihood")
except bps.NotEstimableError as error:
    print(error)

# %% [markdown]
# Three cohorts with cases say nearly nothing about how far settings differ. Something must: a
# **prior**, stated in the open. The default says that settings differ as much as studies of other
# tests do: it was learned from 18 public meta-analyses (`reports/heterogeneity.md`).

# %%
pooled = bps.pool(evidence, target="malignancy", flag="cancer_history")
print(pooled)

# %% alt="Two summary ROC plots: the prediction region of the history covers most of the square."
fig, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
bps.plots.sroc(pooled.fit, label=True, ax=axes[0])
bps.plots.sroc(fit, ax=axes[1])
axes[0].set_title("History of cancer: 4 cohorts")
_ = axes[1].set_title("AUDIT-C: 14 studies")

# %% [markdown]
# The left prediction region covers most of the square. Downie et al. (2013) looked at such data and
# declined to pool, because the studies were too different. The picture shows what they meant: an
# average can be computed, but it promises little about the next clinic.
#
# How much of this is the prior? Fit again with between-setting SDs half and twice as large:


# %%
def with_sds(times):
    """Pool again, with between-setting SDs expected so many times as large."""
    median = times * Priors().sensitivity_sd_median
    priors = Priors(sensitivity_sd_median=median, specificity_sd_median=median)
    return bps.pool(evidence, target="malignancy", flag="cancer_history", priors=priors)


for times, again in ((0.5, with_sds(0.5)), (1.0, pooled), (2.0, with_sds(2.0))):
    row = again.frame().set_index("measure").loc["lr_positive"]
    print(
        f"{times} times: LR+ {row.estimate:.1f} ({row.ci_low:.1f} to {row.ci_high:.1f}), "
        f"new practice {row.prediction_low:.1f} to {row.prediction_high:.0f}"
    )

# %% [markdown]
# The middle stays, the ends move. That is the honest state of the evidence: the flag raises the
# odds of cancer, probably about tenfold in the middle setting, and how far a given clinic is from
# that middle is not known. Report the range, and the prior.

# %%
check("03.3", ...)  # In a new practice, pre-test 1%: the chance of cancer with the flag (expected)

# %% [markdown]
# ## What to remember
#
# - Sensitivity and specificity trade off: pool them together, with the exact counts.
# - One group of patients counts once; a study without cases still counts for what it saw.
# - The summary is about the middle, the prediction about the next setting. Quote both.
# - Below four studies the spread comes from a prior. Say so, and show what another prior does.
#
# ## References

# %%
references(
    evidence, "deyo1988", "henschke2009", "reinus1998", "tsiang2019", "downie2013", "henschke2013"
)

# %% [markdown]
# - Chu H, Cole SR. Bivariate meta-analysis of sensitivity and specificity with sparse data. J Clin
#   Epidemiol 2006;59:1331-2. <https://doi.org/10.1016/j.jclinepi.2006.06.011>
# - Kriston L et al. Meta-analysis: are 3 questions enough to detect unhealthy alcohol use? Ann
#   Intern Med 2008;149:879-88. The counts are those of the data set `AuditC` of the R package mada.
