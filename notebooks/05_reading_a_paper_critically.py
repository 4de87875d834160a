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
# **In fifteen minutes you will be able to**
#
# - find the table behind a paper's percentages, or show that there is none;
# - tell a rounding from an error, and an error from missing patients;
# - reproduce a published post-test probability together with the convention that made it;
# - say how much it means that a number can be reproduced;
# - ask what arithmetic cannot answer.
#
# You need a pencil, [notebook 01](01_likelihood_ratios.ipynb), and some mistrust.

# %% jupyter={"source_hidden": true}
import matplotlib.pyplot as plt
import numpy as np
from exercises import check
from references import references
from show import labels, say, studies, table
from sliders import slider

import backpain_stats as bps

evidence = bps.load_evidence()

# %% [markdown]
# ## 1. A number that cannot be
#
# Deyo and Diehl's study had 13 patients with cancer. For "pain for more than a month" a review
# prints sensitivity 0.50, specificity 0.81. Half of thirteen is not a number of patients.

# %%
impossible = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.50", specificity="0.81")
say(f"Tables that fit: **{impossible.count}**. (6 of 13 is {6 / 13:.2f}, 7 of 13 is {7 / 13:.2f}.)")

# %% [markdown]
# Nobody need have cheated. The likeliest reason is that some of the 13 were not asked. Then the
# denominator is not 13, and nothing that uses 13 for this row is right. The package keeps the row,
# says why it cannot be used, and uses it in no calculation.
#
# Which sensitivities are possible at all? Each dot is one; with few cases they lie far apart:


# %%
def possible(cases):
    """Draw every sensitivity that this many cases can have."""
    values = np.arange(cases + 1) / cases
    printed = {f"{value:.2f}" for value in values}
    _, ax = plt.subplots(figsize=(6.4, 1.6), layout="constrained")
    ax.plot(values, np.zeros_like(values), "|", ms=22, color="#0072b2")
    ax.set(yticks=[], xlabel="sensitivity", xlim=(-0.02, 1.02))
    return f"""{cases} cases can print {len(printed)} of the 101 numbers from 0.00 to 1.00. 0.50 is
        {"one of them" if "0.50" in printed else "not one of them"}."""


slider(possible, [5, 7, 10, 12, 13, 14, 17, 20, 25, 30, 50, 75, 100], 13, label="cases")

# %%
check("05.1", ...)

# %% [markdown]
# ## 2. A likelihood ratio from elsewhere
#
# For a history of cancer one review prints LR+ 23.7, another "6.4 to 15.3". Can these figures come
# from Deyo's 1975 patients, with sensitivity 0.31?

# %%
rows = []
for printed in ("23.7", "15.3", "6.4"):
    found = bps.reconstruct(n=1975, n_cases=13, sensitivity="0.31", lr_positive=printed)
    rows.append({"printed LR+": printed, "tables of 13 and 1962 that print both": found.count})
table(rows)

# %% [markdown]
# A figure without a table rests on other studies, on another table, or on patients left out. That
# is no error of the review: "6.4 to 15.3" is a range over several studies. The mistake would be
# ours, if we quoted it beside Deyo's name. What the figures rest on we cannot say; the tables of
# both reviews were not read.
#
# ## 3. Three digits, one table
#
# A rounded figure leaves many tables; two of them together leave fewer. A study of suspected cauda
# equina syndrome prints, for 200 mL or more left in the bladder, sensitivity 0.941 and specificity
# 0.668, of 260 patients. Its abstract does not say how many of them had the syndrome. From the
# sensitivity alone nobody could tell:

# %%
one = bps.reconstruct(n=260, sensitivity="0.941")
four = {"sensitivity": "0.941", "specificity": "0.668", "ppv": "0.299", "npv": "0.987"}
both = bps.reconstruct(n=260, sensitivity="0.941", specificity="0.668")
every = bps.reconstruct(n=260, **four)
table(
    [
        {"what is printed": words, "tables that fit": f"{found.count:,}"}
        for words, found in (
            ("sensitivity 0.941", one),
            ("and specificity 0.668", both),
            ("and the predictive values, 0.299 and 0.987", every),
        )
    ]
)

# %% [markdown]
# Two figures of three digits leave a single table, and the predictive values agree with it. The
# abstract told more than it meant to.

# %%
check("05.2", ...)

# %% [markdown]
# ## 4. Downie's 33%
#
# The review in the BMJ gives a post-test probability of 33% (22 to 46%) for a history of cancer in
# emergency care, as a secondary page quotes it. The study seems to be Reinus 1998: 482 patients, 7
# cancers, all 7 with a history; 4% of all patients had one.

# %%
reinus = {"n": 482, "n_cases": 7, "sensitivity": "1.00", "test_positive_rate": "0.04"}
fits = bps.reconstruct(**reinus).tables["fp"]
say(f"{len(fits)} tables fit, with {fits.min()} to {fits.max()} false positives.")

# %% [markdown]
# Which of them prints 33 (22 to 46)? The pre-test is the study's own 7 of 482. The usual
# interval of a ratio is on the log scale, and it does not exist with a zero cell unless something
# is added. Many add half a patient to each cell:

# %%
rows = []
for words, interval, correction in (
    ("log interval, nothing added", "log", "none"),
    ("log interval, half a patient added to each cell", "log", "all"),
    ("score interval, nothing added", "score", "none"),
):
    found = bps.reconstruct(
        **reinus,
        posttest="0.33 (0.22-0.46)",
        pretest="cohort",
        interval_methods=interval,
        corrections=correction,
    )
    false = ", ".join(str(fp) for fp in found.tables["fp"]) or "no table"
    rows.append({"recipe": words, "false positives that print 33 (22 to 46)": false})
table(rows)

# %% [markdown]
# Two recipes print it, from different tables. A convention that nobody states decides which table
# you believe in.

# %% [markdown]
# How surprising is it to hit 33 (22 to 46)? The ledger tries many conventions (tables, corrections,
# intervals, pre-tests), and says how many fitted:

# %%
claims = bps.reproduce(evidence)
downie = claims.set_index("claim_id").loc["downie2013_malignancy_cancer_history_ed"]
say(
    f"""Conventions tried: {downie["conventions_tried"]}; fitting:
    {downie["conventions_fitting"]}."""
)

# %% [markdown]
# Is that a proof? Point and both ends fit at once, which few conventions manage. But the three
# numbers hang together, more than one table fits, and that the study is Reinus was our guess. So it
# is a good explanation, found by searching. A lone rounded figure that one convention in a hundred
# reaches would be none.
#
# ## 5. The whole ledger
#
# Every published result in the evidence, recomputed where its inputs were read:

# %%
words = {
    "not_read": "its inputs were not read",
    "not_on_file": "inputs read, but in no usable row",
    "inferred": "follows from a report that the claim does not name",
    "conditional": "reproduced only with a stated choice",
    "reproduced": "reproduced from inputs it names",
    "differs": "differs from what was read",
}
counts = claims["finding"].value_counts()
table([{"finding": words.get(name, name), "claims": n} for name, n in counts.items()])

# %% [markdown]
# Most cannot be recomputed: what was read does not print their inputs. *Differs* is no verdict of
# error either. Some of these claims summarise studies that were not read; some quote a range. Three
# of them:

# %%
names, sources = labels(evidence), studies(evidence)
differing = claims[claims["finding"] == "differs"]
table(
    [
        {
            "claim": f"{names.get(row.flag_id, row.flag_id)}, {row.statistic.replace('_', ' ')}",
            "printed in": sources.get(row.reported_in, row.reported_in),
            "printed": row.printed,
            "from what was read": row.recomputed,
        }
        for row in differing.head(3).itertuples()
    ]
)

# %%
check("05.3", ...)

# %% [markdown]
# ## 6. Beyond arithmetic
#
# A paper may be consistent to the last digit and still mislead. In this order:
#
# 1. **What was the question?** A finding at a first visit, or among those already suspected?
# 2. **Who was sampled, who was verified, by what?** [Notebook 08](08_bias.ipynb).
# 3. **What was chosen after seeing the data?** A cut-off that looks best in its own patients looks
#    worse in the next. How many flags were tried, and how many are reported?
# 4. **How many cases?** Count those, not the patients.
# 5. **What is missing?** Patients not asked, flags measured and not shown, an interval not printed.
# 6. **Who says so?** The study itself, a review of it, or a page that quotes the review? Each step
#    may drop the population, the denominator or the interval.
# 7. **What would change my mind?** If no result could, reading on is no use.

# %%
check("05.4", ...)

# %% [markdown]
# ## What to remember
#
# - Counts are whole numbers. Most printed percentages can be checked with a pencil and the
#   denominator.
# - "Impossible" often means "some patients were not assessed, and the paper does not say so".
# - Reproducing a number means finding its inputs *and* its convention. Ask how many were tried.
# - A figure whose inputs you have not read can only be believed.
# - Consistent is not the same as right: ask who, by what, and what was left out.
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
