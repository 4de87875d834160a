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
# - reproduce a published post-test probability together with the convention that made it;
# - say how much it means that a number can be reproduced.
#
# You need a pencil, [notebook 01](01_likelihood_ratios.ipynb), and some mistrust.

# %%
from exercises import check
from references import references

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. A number that cannot be
#
# Deyo and Diehl's study had 13 patients with cancer. For "pain for more than a month" a review
# prints sensitivity 0.50, specificity 0.81. Half of thirteen is not a number of patients.

# %%
print(bps.reconstruct(n=1975, n_cases=13, sensitivity="0.50", specificity="0.81").explanation)

# %% [markdown]
# Nobody need have cheated. The likeliest reason is that some of the 13 were not asked. Then the
# denominator is not 13, and nothing that uses 13 for this row is right. The package keeps the row,
# says why it cannot be used, and uses it in no calculation:

# %%
ratios = bps.likelihood_ratios(evidence, target="malignancy", flag="pain_duration_1_month")
for row in ratios.itertuples():
    print(f"{row.cohort_id}: {row.verdict}; usable: {row.usable}\n  {row.reason}")

# %%
check("05.1", ...)  # Can 17 cases print a sensitivity of 0.823? "yes" or "no"

# %% [markdown]
# ## 2. A likelihood ratio from nowhere
#
# For a history of cancer one review prints LR+ 23.7, another "6.4 to 15.3". Can either figure come
# from Deyo's 1975 patients, with sensitivity 0.31?

# %%
for lr in ("23.7", "15.3"):
    print(f"LR+ {lr}")
    print(bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", lr_positive=lr).explanation)
    print()

# %% [markdown]
# Neither can. So they rest on other studies, on other tables, or on patients left out, and whoever
# quotes them beside Deyo's name has mixed two things. What they rest on we cannot say: the tables
# of both reviews were not available.
#
# ## 3. Three digits, one table
#
# A rounded figure leaves many tables; two of them together leave fewer. A study of suspected cauda
# equina syndrome prints, for 200 mL or more left in the bladder, sensitivity 0.941 and specificity
# 0.668, of 260 patients. Its abstract does not say how many of them had the syndrome. From the
# sensitivity alone nobody could tell:

# %%
print(bps.reconstruct(n=260, sensitivity="0.941").explanation[:70], "...")

# %%
check("05.2", ...)  # And with the specificity as well: how many of the 260 had it?

# %% [markdown]
# The predictive values were printed too, 0.299 and 0.987. Do they agree with that table?

# %%
four = {"sensitivity": "0.941", "specificity": "0.668", "ppv": "0.299", "npv": "0.987"}
print("verdict, all four figures:", bps.reconstruct(n=260, **four).verdict)

# %% [markdown]
# ## 4. Downie's 33%
#
# The review in the BMJ gives a post-test probability of 33% (22 to 46%) for a history of cancer in
# emergency care, as a secondary page quotes it. The study seems to be Reinus 1998: 482 patients, 7
# cancers, all 7 with a history; 4% of all patients had one.

# %%
reinus = {"n": 482, "n_cases": 7, "sensitivity": "1.00", "test_positive_rate": "0.04"}
print(bps.reconstruct(**reinus).explanation)

# %% [markdown]
# Which of the five tables prints 33 (22 to 46)? The pre-test is the study's own 7 of 482. The usual
# interval of a ratio is on the log scale, and it does not exist with a zero cell unless something
# is added. Many add half a patient to each cell:

# %%
for interval, correction in (("log", "none"), ("log", "all"), ("score", "none")):
    found = bps.reconstruct(
        **reinus,
        posttest="0.33 (0.22-0.46)",
        pretest="cohort",
        interval_methods=interval,
        corrections=correction,
    )
    tables = ", ".join(f"fp {fp}" for fp in found.tables["fp"]) or "no table"
    print(f"{interval:6} interval, correction {correction:5}: {tables}")

# %% [markdown]
# So two readings print it: 13 false positives and half a patient added to each cell, or 14 and a
# score interval. The first is the common recipe. A convention that nobody states decides which
# table you believe in.

# %%
check("05.3", ...)  # How many false positives has the table of the common recipe?

# %% [markdown]
# How surprising is it to hit 33 (22 to 46)? The ledger tries many conventions (tables, corrections,
# intervals, pre-tests), and says how many fitted:

# %%
claims = bps.reproduce(evidence)
downie = claims.set_index("claim_id").loc["downie2013_malignancy_cancer_history_ed"]
for name in ("printed", "recomputed", "verdict", "conventions_tried", "conventions_fitting"):
    print(f"{name:20} {downie[name]}")

# %% [markdown]
# The point and both ends of the interval fit at once, so this is no accident. A lone rounded figure
# that one convention in a hundred reaches would be.
#
# ## 5. The whole ledger
#
# Every published result in the evidence, recomputed where its inputs were read:

# %%
claims["finding"].value_counts().rename("claims").to_frame()

# %% [markdown]
# Most cannot be recomputed: what was read does not print their inputs. *Inferred* means that a
# report prints the figure, and that nothing but the fit says that it was used. These differ:

# %%
differs = claims["finding"] == "differs"
differing = claims.loc[differs, ["claim_id", "statistic", "printed", "recomputed"]]
differing.reset_index(drop=True)

# %% [markdown]
# The column `explanation` says, for each, what was tried and what came nearest. One of them:

# %%
print(claims.set_index("claim_id").loc[differing["claim_id"].iloc[0], "explanation"])

# %% [markdown]
# ## What to remember
#
# - Counts are whole numbers. Most printed percentages can be checked with a pencil and the
#   denominator.
# - "Impossible" often means "some patients were not assessed, and the paper does not say so".
# - Reproducing a number means finding its inputs *and* its convention. Ask how many were tried.
# - A figure whose inputs you have not read can only be believed.
#
# ## References

# %%
references(
    evidence,
    *("deyo1992", "henschke2007", "verhagen2017", "katzouraki2020"),
    *("reinus1998", "downie2013", "venkatesan2019"),
)

# %% [markdown]
# - Whole numbers behind printed ones: Brown NJL, Heathers JAJ. The GRIM test. Soc Psychol Personal
#   Sci 2017;8:363-369. <https://doi.org/10.1177/1948550616673876>
