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
# # 07 · What an interval is: sampling, posterior, prediction, and the level
#
# **In ten minutes you will be able to**
#
# - say what "95%" promises, and what it does not;
# - tell a sampling interval from a posterior and from a prediction;
# - read seven intervals of one likelihood ratio, and pick the one that answers your question;
# - say what no interval holds.
#
# It is read after [notebook 01](01_likelihood_ratios.ipynb).

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
from exercises import check
from references import references
from show import percent, ratio, say, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. A study is one of many that might have been
#
# Suppose that in truth 31% of people with cancer had cancer before. A study finds 13 of them and
# counts. Another study, equally good, finds another 13 and counts something else. Here are 40 such
# studies. Each line is one study's 95% interval for the sensitivity; the truth is the vertical
# line. Move the number of cases:


# %%
def forty(cases):
    """Draw the intervals of forty invented studies with this many cases."""
    truth = 0.31
    counts = np.random.default_rng(7).binomial(int(cases), truth, size=40)
    low, high = bps.proportion_interval(counts, np.full(40, int(cases)))
    holds = (low <= truth) & (truth <= high)
    _, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    for which, colour in ((holds, "#0072b2"), (~holds, "#d55e00")):
        ax.hlines(np.flatnonzero(which), low[which], high[which], colors=colour, lw=2)
    ax.axvline(truth, color="black", lw=1)
    ax.set(xlim=(0, 1), yticks=[], xlabel="sensitivity", title="Forty studies, one truth")
    return f"""{cases} cases a study: {holds.sum()} of 40 intervals hold the truth; on average they
        are {(high - low).mean() * 100:.0f} percentage points wide."""


slider(forty, [5, 13, 25, 50, 100, 200, 400], 13, label="cases in each study")

# %% [markdown]
# More cases make the intervals narrower. They do not make them more often right: about 95 in 100
# are, whatever the number. That is the **level**. It is a promise about the *procedure*, over many
# studies. Your one interval holds the truth or does not, and it does not say which.
#
# The promise can fail. Many recipes keep it only roughly when counts are small.

# %%
check("07.1", ...)

# %% [markdown]
# ## 2. Three questions

# %%
table(
    [
        {
            "interval": "sampling (confidence)",
            "the question": "Which true values would make this study unsurprising?",
            "with ever more data": "shrinks to a point",
        },
        {
            "interval": "posterior (credible)",
            "the question": "Where is the true value, given the data and a stated prior?",
            "with ever more data": "shrinks to a point",
        },
        {
            "interval": "prediction",
            "the question": "Where is the true value in a new practice, if practices differ?",
            "with ever more data": "stays wide",
        },
    ]
)

# %% [markdown]
# A sampling interval speaks of procedures, a posterior of the value itself. The price of the second
# is a prior: what was held likely before. Over the 13 cancers a prior has a say; over 1,000 it has
# hardly any.
#
# ## 3. Seven intervals of one likelihood ratio
#
# History of cancer, LR+. All are 95% intervals. None is wrong.

# %%
row = bps.likelihood_ratios(evidence, "malignancy", "primary_care", "cancer_history").iloc[0]
middle = bps.TwoByTwo(tp=row.tp, fp=row.fp, fn=row.fn, tn=row.tn)
recipes = {
    "log": ("sampling", "log-normal: what most papers print"),
    "score": ("sampling", "score: keeps its promise better in small counts"),
    "bayes": ("posterior", "Jeffreys prior, which says very little"),
}
rows = []
for method, (kind, words) in recipes.items():
    one = middle.lr_positive(method=method)
    rows.append(
        {
            "whose ratio": "Deyo's patients, one table",
            "kind": kind,
            "recipe": words,
            "LR+": ratio(one.estimate, one.ci_low, one.ci_high),
        }
    )
rows.append(
    {
        "whose ratio": f"Deyo's patients, any of {row.tables} tables",
        "kind": "sampling, envelope",
        "recipe": "the widest over all tables that the print allows",
        "LR+": ratio(row.lr_positive, row.lr_positive_low, row.lr_positive_high),
    }
)
everywhere = bps.pool(evidence, target="malignancy", flag="cancer_history")
primary = bps.pool(evidence, target="malignancy", flag="cancer_history", setting="primary_care")
for words, pooled in (("the middle setting", everywhere), ("average primary care", primary)):
    one = pooled.lr_positive
    rows.append(
        {
            "whose ratio": words,
            "kind": "posterior",
            "recipe": f"{pooled.cohorts} cohorts, one model",
            "LR+": ratio(one.estimate, one.ci_low, one.ci_high),
        }
    )
new = primary.frame().set_index("measure").loc["lr_positive"]
rows.append(
    {
        "whose ratio": "a new primary-care practice",
        "kind": "prediction",
        "recipe": f"the same {primary.cohorts} cohorts, and how practices differ",
        "LR+": ratio(new.estimate, new.prediction_low, new.prediction_high),
    }
)
table(rows)

# %%
span = new.prediction_high / new.prediction_low
first = middle.lr_positive(method="log")
say(
    f"""The first runs over a factor of {first.ci_high / first.ci_low:.0f}, the last over one of
    {span:.0f}. The first three answer the same question by other arithmetic. From there on each row
    answers another question, and each admits a doubt that the rows above it leave out: that the
    table is not printed, that other studies found something else, that practices differ."""
)

# %% [markdown]
# - *What did the study show?* The envelope, since its table is not printed.
# - *What is known of the flag in primary care?* The average practice.
# - *What may I expect in my practice?* The prediction.

# %%
check("07.2", ...)

# %%
check("07.3", ...)

# %% [markdown]
# ## 4. A prior, at work
#
# With few cases a posterior is partly prior. The sensitivity 4 of 13, under three priors: Jeffreys
# (very little said before), one as if 10 of 20 had been seen before, and one as if 1 of 20 had.

# %%
from scipy.stats import beta

rows = []
for words, (seen, unseen) in {
    "Jeffreys": (0.5, 0.5),
    "as if 10 of 20 were seen before": (10, 10),
    "as if 1 of 20 was seen before": (1, 19),
}.items():
    cells = {"prior": words}
    for tp, cases in ((4, 13), (400, 1300)):
        found = beta(tp + seen, cases - tp + unseen)
        cells[f"{tp} of {cases:,}"] = percent(found.median(), *found.interval(0.95))
    rows.append(cells)
table(rows)

# %% [markdown]
# With 13 cases the answer follows the prior; with 1,300 the prior hardly matters. So a posterior
# from few cases needs its prior beside it, and a second prior to show how much hangs on it.

# %%
check("07.4", ...)

# %% [markdown]
# ## 5. What no interval holds
#
# An interval holds the doubt it was built for. None of the seven knows that the patients were
# picked, that some were never verified, that the model is wrong, or that a review misquoted the
# study. A large biased study has a narrow interval around the wrong value.
# [Notebook 08](08_bias.ipynb) is about that.
#
# ## What to remember
#
# - "95%" is a promise of a procedure or of a model. Ask which.
# - More patients narrow a sampling interval. They do not narrow a prediction below what practices
#   differ.
# - Say with every interval whose value it is: this study's, the average practice's, a new one's.
# - Bias is in no interval.
#
# ## References
#
# - The intervals of the package, one by one: the page "What an interval is here" of the
#   documentation, and the policies on each default.
# - Newcombe RG. Two-sided confidence intervals for the single proportion. Stat Med 1998;17:857-72.
#   <https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C857::AID-SIM777%3E3.0.CO;2-E>

# %%
references(evidence, "deyo1988", "deyo1992", "henschke2009", "reinus1998", "tsiang2019")
