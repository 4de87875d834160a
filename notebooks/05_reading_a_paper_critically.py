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
# # 05 · Reading a paper critically: reconstruct, find the impossible number, reproduce
#
# **In ten minutes you will be able to**
#
# - find the table behind a paper's percentages, or show that there is none;
# - tell a rounding from an error, and an error from missing patients;
# - reproduce a published post-test probability together with the convention that made it.
#
# You need a pencil, notebook 01, and some mistrust.

# %%
from exercises import check

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. A number that cannot be
#
# Deyo and Diehl's study had 13 patients with cancer. For "pain for more than a month" the review
# prints sensitivity 0.50, specificity 0.81. Half of thirteen is not a number of patients.

# %%
print(bps.reconstruct(n=1975, n_cases=13, sensitivity="0.50", specificity="0.81").explanation)

# %% [markdown]
# Nobody need have cheated. The likeliest reason is that some of the 13 were not asked. Then the
# denominator is not 13, and nothing that uses 13 for this row is right. The package keeps the row,
# shows why it cannot be used, and uses it in no calculation:

# %%
ratios = bps.likelihood_ratios(evidence, target="malignancy", flag="pain_duration_1_month")
ratios[["cohort_id", "verdict", "usable", "reason"]].to_dict("records")

# %%
check("05.1", ...)  # Can 17 cases print a sensitivity of 0.823? ("yes" or "no")

# %% [markdown]
# ## 2. A likelihood ratio from nowhere
#
# A review quotes an LR+ of 15.3 for a history of cancer, another 23.7. Is either the ratio of the
# study with sensitivity 0.31 and 13 cases?

# %%
for printed in ("14.7", "15.3", "23.7"):
    answer = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", lr_positive=printed)
    also = bps.reconstruct(
        n=1975, n_cases=13, sensitivity="0.31", specificity="0.98", lr_positive=printed
    )
    print(f"LR+ {printed}: {answer.verdict} without the specificity, {also.verdict} with it")

# %%
check("05.2", ...)  # tp, fp, fn, tn of the only table behind 0.31, 0.98 and 14.7, as a tuple

# %% [markdown]
# ## 3. Downie's 33%
#
# The review in the BMJ gives a post-test probability of 33% (22 to 46%) for a history of cancer in
# emergency care. The study is Reinus 1998: 482 patients, 7 cancers, all 7 with a history; 4% of
# all patients had one. Which table, and which convention, print 33 (22 to 46)?

# %%
five = bps.reconstruct(n=482, n_cases=7, sensitivity="1.00", test_positive_rate="0.04")
five.tables

# %%
claims = bps.reproduce(evidence)
claims[claims.claim_id == "downie2013_malignancy_cancer_history_ed"].T

# %% [markdown]
# One table, and only with half a patient added to each cell. Without the correction no table gives
# the interval. A convention nobody states decides whether you can reproduce a number.

# %%
check("05.3", ...)  # How many false positives does the reproducing table have?

# %% [markdown]
# ## 4. The whole ledger

# %%
claims.verdict.str.split(" only with").str[0].value_counts()

# %%
claims[claims.verdict == "differs"][["claim_id", "printed", "explanation"]]

# %% [markdown]
# ## What to remember
#
# - Counts are integers. Most printed percentages can be checked with a pencil and the denominator.
# - "Impossible" often means "some patients were not assessed, and the paper does not say so".
# - A figure that can be reproduced in one way out of hundreds tried is a weaker finding than one
#   that had only one way to come out: the ledger says how many were tried.
#
# ## References

# %%
evidence.sources.query("source_id in ['deyo1988', 'deyo1992', 'reinus1998', 'downie2013']")[
    ["citation", "doi"]
]
