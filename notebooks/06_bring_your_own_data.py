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
# - compute, pool and combine with it;
# - say how many cases a study needs.
#
# The study below is **made up**. It is there to be replaced by yours. This notebook is for those
# who compute: unfold the code.

# %% jupyter={"source_hidden": true}
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from exercises import check
from show import percent, ratio, say, studies, table
from sliders import slider

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
errors = problems[problems["severity"] == "error"]
table(
    [
        {
            "file": row.file,
            "line": row.line,
            "column": row.column,
            "problem": row.problem,
            "allowed": row.allowed,
        }
        for row in errors.itertuples()
    ]
)

# %%
check("06.1", ...)

# %% [markdown]
# With both mistakes put right it loads, and stands beside the published study everywhere:

# %%
save("accuracy", result | {"flag_id": "cancer_history", "fn": 4})
with_mine = bps.load_evidence(folder, add=True)
ratios = bps.likelihood_ratios(with_mine, "malignancy", "primary_care", "cancer_history")
names = studies(with_mine)
table(
    [
        {
            "study": names[row.study],
            "with the flag: cancer / no cancer": f"{row.tp} / {row.fp}",
            "without": f"{row.fn} / {row.tn}",
            "tables that fit": row.tables,
            "LR+": "no case, no ratio"
            if pd.isna(row.lr_positive)
            else ratio(row.lr_positive, row.lr_positive_low, row.lr_positive_high),
        }
        for row in ratios.itertuples()
    ]
)

# %%
check("06.2", ...)

# %% [markdown]
# ## 2. Pool it
#
# The same call with and without the invented study. A handful of studies is too few to tell how
# much practices differ; what is done then, and why, is in [notebook 03](03_meta_analysis.ipynb).

# %%
rows = []
for words, which in (("published", evidence), ("with mine", with_mine)):
    pooled = bps.pool(which, target="malignancy", flag="cancer_history", setting="primary_care")
    one = pooled.frame().set_index("measure").loc["lr_positive"]
    new = ratio(one.estimate, one.prediction_low, one.prediction_high).partition(" (")[2]
    rows.append(
        {
            "evidence": words,
            "cohorts": pooled.cohorts,
            "LR+, average practice": ratio(one.estimate, one.ci_low, one.ci_high),
            "in a new practice": new.rstrip(")"),
        }
    )
table(rows)

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
accuracy = bps.accuracy(mine).set_index(["flag", "measure"])
rows = []
for flag in mine["flag"]:
    row = {"flag": flag.replace("_", " ")}
    for measure, head in (("lr_positive", "LR+"), ("lr_negative", "LR−")):
        one = accuracy.loc[(flag, measure)]
        row[head] = ratio(one.estimate, one.ci_low, one.ci_high)
    rows.append(row)
table(rows)

# %% [markdown]
# And for a patient with the one finding and without the other ([notebook
# 02](02_combining_red_flags.ipynb)):

# %% alt="Waterfall of one patient's risk: the history raises it, no weight loss hardly lowers it."
model = bps.RiskModel.from_frame(mine, pretest="6/900")
risk = model.risk(present=["cancer_history"], absent=["weight_loss"])
fig, ax = plt.subplots(figsize=(7.6, 2.8), layout="constrained")
ax = bps.plots.risk_waterfall(risk, ax=ax)

# %%
average, new = risk.posttest, risk.new_practice
say(
    f"""In the average practice {percent(average.estimate, average.ci_low, average.ci_high)}, in a
    new one {percent(new.estimate, new.ci_low, new.ci_high)}. One study, and still both: how far
    practices differ is then the prior's word."""
)

# %%
check("06.3", ...)

# %% [markdown]
# ## 4. How many cases?
#
# Before you begin a study of your own: one patient in three with cancer has the flag, say. How wide
# will the interval of the sensitivity be?


# %%
def planned(cases):
    """Draw the interval of a sensitivity of a third with this many cases."""
    found = round(cases / 3)
    low, high = bps.proportion_interval(found, cases)
    _, ax = plt.subplots(figsize=(6.4, 1.6), layout="constrained")
    ax.plot([low, high], [0, 0], lw=3, color="#0072b2")
    ax.plot(found / cases, 0, "o", color="#0072b2")
    ax.set(xlim=(0, 1), yticks=[], xlabel="sensitivity")
    return f"""{found} of {cases} cases: {percent(found / cases, low, high)}. At a prevalence of
        0.3% that takes about {cases / 0.003:,.0f} patients."""


slider(planned, [3, 6, 12, 24, 48, 99, 201, 402], 12, label="cases")

# %%
check("06.4", ...)

# %% [markdown]
# ## 5. Share it
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
