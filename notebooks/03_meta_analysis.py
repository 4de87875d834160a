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
# **In fifteen minutes you will be able to**
#
# - pool sensitivity and specificity together, and say why not the likelihood ratios;
# - read a summary ROC plot;
# - tell the summary from the prediction for a new practice, and say which one a panel needs;
# - say what two or three studies cannot tell, and what a prior does about it.
#
# [Notebook 01](01_likelihood_ratios.ipynb) comes before this one.

# %% jupyter={"source_hidden": true}
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
from exercises import check
from references import references
from show import percent, ratio, say, studies, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. Four studies, one flag
#
# Who measured "history of cancer" as a sign of cancer behind back pain?

# %%
ratios = bps.likelihood_ratios(evidence, target="malignancy", flag="cancer_history")
names = studies(evidence)
samples = {"unselected": "unselected", "case_control": "case-control", "imaged": "imaged"}
table(
    [
        {
            "study": names[row.study],
            "setting": row.setting.replace("_", " "),
            "sample": samples.get(row.sample, "not stated"),
            "tables that fit": row.tables,
            "with the flag: cancer / no cancer": f"{row.tp} / {row.fp}",
            "without": f"{row.fn} / {row.tn}",
            "LR+": "" if pd.isna(row.lr_positive) else f"{row.lr_positive:.1f}",
            "counted": "yes" if row.counted else "no",
        }
        for row in ratios.itertuples()
    ]
)

# %% [markdown]
# Four things to see before any pooling.
#
# - Tsiang's patients were published twice. They count once.
# - They are a **case-control** sample: cases were picked because they were cases. The share of
#   cases means nothing, and the sensitivity may flatter ([notebook 08](08_bias.ipynb)).
# - Henschke found no cancer in 1172 patients. There is no sensitivity and no likelihood ratio, yet
#   those patients say much about the specificity.
# - The reports are rounded, so several 2x2 tables fit each; the counts shown are the middle one.
#   For Tsiang even the number of cases is not printed.
#
# And the LR+ differ widely. Chance, different settings, or different ways of sampling?
#
# ## 2. A method needs more studies: a detour
#
# Four studies are too few to *learn* how studies differ. So first a case with fourteen: the
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
table(
    [
        {"summary of AUDIT-C": words, "estimate": show(one.estimate, one.ci_low, one.ci_high)}
        for words, one, show in (
            ("sensitivity", fit.sensitivity, percent),
            ("specificity", fit.specificity, percent),
            ("LR+", fit.lr_positive, ratio),
            ("LR−", fit.lr_negative, ratio),
        )
    ]
)

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
# - The **diamond** is the summary: sensitivity and specificity of the average place.
# - The small region is how sure we are of the diamond. More studies shrink it.
# - The large region is where the next place may lie. More studies do **not** shrink it to a point,
#   because places really differ.

# %%
check("03.1", ...)

# %% [markdown]
# ### Why not pool the likelihood ratios themselves?
#
# Older reviews pooled LR+ alone and LR- alone:

# %%
rows = []
for words, measure in (("LR+", "lr_positive"), ("LR−", "lr_negative")):
    alone, together = bps.pool_univariate(audit_c, measure).pooled, getattr(fit, measure)
    rows.append(
        {
            "": words,
            "pooled alone": f"{alone.estimate:.3f}",
            "from both": f"{together.estimate:.3f}",
        }
    )
table(rows)

# %% [markdown]
# A study with no missed case has an LR- of 0, whose logarithm does not exist: half a patient was
# added before the first method could start, and it moved the answer. The two ratios pooled apart
# need not belong to any possible test, either.
#
# ## 3. The average practice and a new one

# %%
expected = fit.predict(pretest=0.10).set_index("measure").loc["lr_positive"]
one = fit.lr_positive
say(
    f"""LR+ of the average place: {ratio(one.estimate, one.ci_low, one.ci_high)}. In a new place:
    anywhere from {expected.ci_low:.2f} to {expected.ci_high:.1f}."""
)

# %% [markdown]
# The first interval answers "where is the mean of places?". The prediction interval answers "what
# may I find in *mine*?". A guideline panel decides for places that were in no study; it needs the
# second.

# %%
check("03.2", ...)

# %% [markdown]
# ## 4. Back to the history of cancer
#
# Ask the same method for it, and it refuses: it needs four studies that inform both. Three cohorts
# with cases say nearly nothing about how far settings differ. Something must: a
# **prior**, stated in the open. The default says that settings differ as much as studies of other
# tests do: it was learned from 18 public meta-analyses (`reports/heterogeneity.md`).


# %%
def words_of(pooled):
    """Return the pooled figures as rows, the average practice beside a new one."""
    frame = pooled.frame().set_index("measure")
    kinds = {"sensitivity": percent, "specificity": percent, "lr_positive": ratio}
    heads = {"sensitivity": "sensitivity", "specificity": "specificity", "lr_positive": "LR+"}
    rows = []
    for measure, show in kinds.items():
        one = frame.loc[measure]
        new = show(one.estimate, one.prediction_low, one.prediction_high)
        rows.append(
            {
                "history of cancer": heads[measure],
                "average practice": show(one.estimate, one.ci_low, one.ci_high),
                "in a new practice": new.partition(" (")[2].rstrip(")"),
            }
        )
    return rows


pooled = bps.pool(evidence, target="malignancy", flag="cancer_history")
table(words_of(pooled))

# %% [markdown]
# How much of this is the prior? Let it expect places to differ less, or more:


# %%
def with_sds(times):
    """Pool again, with between-study SDs expected so many times as large."""
    default = pooled.fit.priors
    median = times * default.sensitivity_sd_median
    priors = replace(default, sensitivity_sd_median=median, specificity_sd_median=median)
    again = bps.pool(evidence, target="malignancy", flag="cancer_history", priors=priors)
    bps.plots.sroc(again.fit)
    plt.gcf().set_size_inches(5, 5)
    row = again.frame().set_index("measure").loc["lr_positive"]
    return f"""Spread expected {times:g} times the default: LR+ of the average practice
        {ratio(row.estimate, row.ci_low, row.ci_high)}, in a new practice
        {row.prediction_low:.2g} to {row.prediction_high:.3g}."""


slider(with_sds, [0.25, 0.5, 0.75, 1.0, 1.5, 2.0], 1.0, label="spread expected, times the default")

# %% [markdown]
# At the default the prediction region covers most of the square. Downie et al. (2013) looked at
# such data and declined to pool, because the studies were too different. The picture shows what
# they meant: an average can be computed, but it promises little about the next clinic.
#
# The estimate moves little, the ends move much, and with them what you may promise. That is the
# state of the evidence: a history of cancer raises the odds in the average practice, by how much is
# known within a factor of ten or more, and how far your clinic is from that average is hardly known
# at all. Report both intervals, and the prior.

# %%
check("03.3", ...)

# %%
check("03.4", ...)

# %% [markdown]
# ## What to remember
#
# - Sensitivity and specificity trade off: pool them together, with the exact counts.
# - One group of patients counts once; a study without cases still counts for what it saw.
# - The summary is about the average practice, the prediction about a new one. Quote both.
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
