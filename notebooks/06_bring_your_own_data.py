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
# # 06 · Bring your own data: check it, add it to the evidence, compute with it
#
# **In ten minutes you will be able to**
#
# - write your own study in the package's format, and have every mistake in it named;
# - add it to the published evidence, or use it alone;
# - compute, pool and combine with it.
#
# The study below is **made up**. It is there to be replaced by yours.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from exercises import check

import backpain_stats as bps

evidence = bps.load_evidence()
folder = Path(tempfile.mkdtemp())  # take a folder of your own

# %% [markdown]
# ## 1. Three small files
#
# A source, a cohort and a result: three CSV files with one row each. A folder needs only the files
# and the columns it has something to say in. (`backpain-stats template FOLDER` writes all of them
# empty, with a page that explains every column; `backpain-stats flags` lists the flags.)

# %%
source = {
    "source_id": "mine2026",
    "kind": "primary study",
    "citation": "An invented study for a notebook",
    "year": 2026,
    "what_was_read": "full text",
}
cohort = {
    "cohort_id": "mine2026_malignancy",
    "study_id": "mine2026",
    "target": "malignancy",
    "setting": "primary_care",
    "n": 900,
    "n_cases": 6,
    "source_id": "mine2026",
    "status": "seen_primary",
    "low_back_pain_only": "yes",
}
result = {
    "report_id": "mine2026_cancer_history",
    "cohort_id": "mine2026_malignancy",
    "flag_id": "cancer_histroy",
    "definition": "any cancer before",
    "tp": 2,
    "fp": 31,
    "fn": 5,
    "tn": 863,
    "reported_in": "mine2026",
    "status": "seen_primary",
}


def save(name, row):
    """Write one row as a CSV file of the folder."""
    pd.DataFrame([row]).to_csv(folder / f"{name}.csv", index=False)


save("sources", source)
save("cohorts", cohort)
save("accuracy", result)

# %% [markdown]
# There are two mistakes in it. All problems are reported at once, each with its place (line 1 holds
# the names of the columns). One wrong count is seen from two sides:

# %%
try:
    bps.load_evidence(folder, add=True)
except bps.EvidenceError as error:
    problems = error.problems
problems.loc[problems["severity"] == "error", ["file", "line", "column", "problem", "allowed"]]

# %%
check("06.1", ...)  # The cohort has 6 cases, and 2 of them had the flag. What should fn be?

# %% [markdown]
# With both mistakes put right it loads, and stands beside the published study everywhere:

# %%
save("accuracy", result | {"flag_id": "cancer_history", "fn": 4})
with_mine = bps.load_evidence(folder, add=True)
ratios = bps.likelihood_ratios(with_mine, "malignancy", "primary_care", "cancer_history")
shown = ["study", "tables", "tp", "fp", "fn", "tn", "lr_positive"]
ratios[[*shown, "lr_positive_low", "lr_positive_high"]].round(2)

# %%
check("06.2", ...)  # LR+ of the invented study, by hand: tp 2, fp 31, fn 4, tn 863

# %% [markdown]
# ## 2. Pool it
#
# The same call with and without the invented study. Two or three studies are too few to tell how
# much studies differ; what is done then, and why, is in [notebook 03](03_meta_analysis.ipynb).

# %%
for words, which in (("published", evidence), ("with mine", with_mine)):
    pooled = bps.pool(which, target="malignancy", flag="cancer_history", setting="primary_care")
    print(f"{words}: {pooled.cohorts} cohorts, LR+ {pooled.lr_positive}")

# %% [markdown]
# ## 3. A frame is enough
#
# No files are needed to compute with counts of your own.

# %%
mine = pd.DataFrame(
    {
        "flag": ["cancer_history", "weight_loss"],
        "tp": [2, 1],
        "fp": [31, 40],
        "fn": [4, 5],
        "tn": [863, 854],
    }
)
bps.accuracy(mine).query("measure in ['lr_positive', 'lr_negative']").round(2)

# %% [markdown]
# And for a patient with the one finding and without the other ([notebook
# 02](02_combining_red_flags.ipynb)):

# %% alt="Waterfall of one patient's risk: the history raises it, no weight loss hardly lowers it."
model = bps.RiskModel.from_frame(mine, pretest="6/900")
risk = model.risk(present=["cancer_history"], absent=["weight_loss"])
print(risk.posttest)
fig, ax = plt.subplots(figsize=(7.6, 2.8), layout="constrained")
ax = bps.plots.risk_waterfall(risk, ax=ax)

# %%
check("06.3", ...)  # The same patient at a pre-test probability of 2%

# %% [markdown]
# ## 4. Share it
#
# If you hold a full table of a published study, the evidence here is better with it than without.
# `CONTRIBUTING.md` says how to add it. Figures go in as printed, each with its source.
#
# ## What to remember
#
# - Enter what is printed; compute nothing yourself. An empty cell means "not printed".
# - The check names file, line, column, what was given and what is allowed.
# - Your data alone, or added to the published evidence: both work everywhere.
# - Six cases are six cases, also when they are yours.
#
# ## References
#
# - The format: `data/README.md` and, for machines, `data/datapackage.json` (a Frictionless Data
#   Package, <https://specs.frictionlessdata.io/data-package/>).
