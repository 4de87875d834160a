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
# # 06 · Bring your own data
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

import pandas as pd
from exercises import check

import backpain_stats as bps

evidence = bps.load_evidence()
folder = Path(tempfile.mkdtemp()) / "my_evidence"
folder.mkdir()

# %% [markdown]
# ## 1. Three small files
#
# A source, a cohort and a result. (`backpain-stats template FOLDER` writes empty files with all
# columns and a guide; `backpain-stats flags` lists the flags there are.)

# %%
(folder / "sources.csv").write_text(
    "source_id,kind,citation,year,doi,what_was_read,note\n"
    "mine2026,primary study,An invented study for a notebook,2026,,full text,made up\n"
)
cohort_columns = list(evidence.cohorts.columns)
cohort = dict.fromkeys(cohort_columns, "") | {
    "cohort_id": "mine2026_malignancy",
    "study_id": "mine2026",
    "target": "malignancy",
    "setting": "primary_care",
    "n": "900",
    "n_cases": "6",
    "source_id": "mine2026",
    "status": "seen_primary",
    "low_back_pain_only": "yes",
}
result_columns = list(evidence.accuracy.columns)
result = dict.fromkeys(result_columns, "") | {
    "report_id": "mine2026_cancer_history",
    "cohort_id": "mine2026_malignancy",
    "flag_id": "cancer_histroy",
    "definition": "any cancer before",
    "tp": "2",
    "fp": "31",
    "fn": "5",
    "tn": "863",
    "reported_in": "mine2026",
    "status": "seen_primary",
}
pd.DataFrame([cohort]).to_csv(folder / "cohorts.csv", index=False)
pd.DataFrame([result]).to_csv(folder / "accuracy.csv", index=False)

# %% [markdown]
# There are two mistakes in it. All of them are reported at once, with file, line and column:

# %%
try:
    bps.load_evidence(folder, add=True)
except bps.EvidenceError as error:
    print(error)

# %%
check("06.1", ...)  # How many cases does the cohort have, according to cohorts.csv?

# %%
result |= {"flag_id": "cancer_history", "fn": "4"}
pd.DataFrame([result]).to_csv(folder / "accuracy.csv", index=False)
with_mine = bps.load_evidence(folder, add=True)
bps.likelihood_ratios(with_mine, target="malignancy", setting="primary_care", flag="cancer_history")[
    ["cohort_id", "tp", "fp", "fn", "tn", "lr_positive", "lr_positive_low", "lr_positive_high"]
]

# %% [markdown]
# ## 2. Pool, and combine
#
# For a meta-analysis of your own a frame with five columns is enough; for a risk model, one with
# `flag` and the four counts.

# %%
mine = pd.DataFrame(
    {
        "flag": ["cancer_history", "weight_loss"],
        "tp": [4, 3],
        "fp": [41, 120],
        "fn": [9, 10],
        "tn": [1921, 1842],
    }
)
model = bps.RiskModel.from_frame(mine, pretest=0.007)
model.risk(present=["cancer_history"], absent=["weight_loss"])

# %%
bps.accuracy(mine).query("measure == 'lr_positive'")

# %%
check("06.2", ...)  # LR+ of the invented study: tp 2, fp 31, fn 4, tn 863

# %% [markdown]
# ## 3. Share it
#
# If you hold a full table of a published study, the evidence here is better with it than without.
# `CONTRIBUTING.md` says how to add it. Figures go in as printed, each with its source.
#
# ## What to remember
#
# - Enter what is printed; compute nothing yourself. An empty cell means "not printed".
# - The check names file, line, column, what was given and what is allowed.
# - Your data alone, or added to the published evidence: both work everywhere.
#
# ## References
#
# - The format is described in `data/README.md` and, for machines, in `data/datapackage.json`
#   (Frictionless Data Package).
