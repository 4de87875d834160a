"""Whether prediction intervals hold in meta-analyses from which nothing was learned.

    python validation/unseen_meta_analyses.py DIR

writes reports/unseen_meta_analyses.csv and .md (five minutes on one core). DIR holds ``NAME.csv``
(``study, tp, fp, fn, tn``) and ``MANIFEST.json`` (where each was read); no row of them is here.

Fixed before any result was seen. The sets: every table of at least six studies that could be
read in public repositories and is none of those in data/heterogeneity.csv, one set per test. The
prior: the default of the package, as it ships. The protocol: that of heterogeneity.py (up to ten
random subsets of 1, 2 and 3 studies; the other studies are held or not). The target: **95%
prediction intervals from 2 and from 3 studies hold 93 to 97% of the true values of the others**,
mean over subsets, then over sets, then over sensitivity and specificity. Nothing is chosen from
this table.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from heterogeneity_coverage import SENSES, held
from heterogeneity_model import StudySet, read_sets
from markdown_tables import markdown_table

from backpain_stats import Priors

ROOT = Path(__file__).resolve().parents[1]
TARGET = (0.93, 0.97)
SHIPPED = "learned, SDs times 1.3"  # as the default prior was made; see heterogeneity.py
MEANING = {
    "true": "the true value, of which a study's counts leave a posterior (whole set before it)",
    "jeffreys": "the same with a Jeffreys prior before the counts, the harder check",
    "observed": "the proportion a study observed, in the interval for a true value",
    "printed": "the proportion a study observed, in `predict_study`, which is made for it",
}


def verdict(means: pd.DataFrame) -> str:
    """Return in words whether the target is met, from the numbers."""
    shares = means.groupby("studies")["true"].mean().loc[[2, 3]]
    said = " and ".join(f"{share:.1%} from {size}" for size, share in shares.items())
    low, high = TARGET
    met = "missed: the intervals are too short"
    if shares.between(low, high).all():
        met = "met"
    elif shares.max() > high:
        met = "missed: the intervals are too wide"
    return f"**{said} studies. The target is {met}.**"


def both_collections(means: pd.DataFrame) -> pd.DataFrame:
    """Return what is held here, in the sets learned from (each left out), and in all of them."""
    table = pd.read_csv(ROOT / "reports/heterogeneity.csv")
    shipped = (table["analysis"] == "coverage") & (table["model"] == SHIPPED)
    shares = table[shipped & (table["size"] > 1)]
    learned = shares.pivot_table(index="set", columns="quantity", values="value")[[*SENSES]]
    here = means[means["studies"] > 1].groupby("set")[[*SENSES]].mean()
    collections = {
        "these sets": here,
        "those learned from, each left out": learned,
        "all": pd.concat([here, learned]),
    }
    rows = [{"sets": name, "number": len(own), **own.mean()} for name, own in collections.items()]
    return pd.DataFrame(rows)


def described(sets: list[StudySet]) -> pd.DataFrame:
    """Return one row a set: its size and how much its studies differ."""
    rows = []
    for one in sets:
        spread = one.fit.heterogeneity().set_index("measure")["estimate"]
        rows.append({
            "set": one.name, "studies": len(one.data),
            "cases": int(one.data[["tp", "fn"]].to_numpy().sum()),
            "non-cases": int(one.data[["fp", "tn"]].to_numpy().sum()),
            "SD of logit sensitivity": spread["sd_sensitivity"],
            "SD of logit specificity": spread["sd_specificity"],
            "correlation": spread["correlation"], "source": one.source,
        })  # fmt: skip
    return pd.DataFrame(rows)


def in_percent(table: pd.DataFrame) -> pd.DataFrame:
    """Return the shares as text."""
    return table.assign(**{sense: table[sense].map("{:.1%}".format) for sense in SENSES})


def main() -> None:
    """Run the study."""
    sets = read_sets(Path(sys.argv[1]))
    blocks = []
    for one in sets:
        blocks.append(held(one, Priors(), "default"))
        print(one.name, file=sys.stderr, flush=True)
    table = pd.concat(blocks, ignore_index=True).rename(columns={"size": "studies"})
    columns = ["studies", "outcome", *SENSES, "width"]
    means = table.groupby(["studies", "outcome"], as_index=False)[[*SENSES, "width"]].mean()
    by_set = table[table["studies"] > 1].groupby("set", as_index=False)[[*SENSES, "width"]].mean()
    beside = both_collections(table)
    last = beside.iloc[-1]
    table[["set", *columns]].to_csv(
        ROOT / "reports/unseen_meta_analyses.csv", index=False, float_format="%.5g"
    )
    lines = [
        "# Prediction intervals in meta-analyses from which nothing was learned",
        "",
        f"Made by `python validation/unseen_meta_analyses.py DIR` (Python "
        f"{platform.python_version()}, numpy {np.__version__}). {len(sets)} sets, "
        f"{sum(len(one.data) for one in sets)} studies; no row of them is in this repository.",
        "",
        "Fixed" + (__doc__ or "").split("Fixed", 1)[1].rstrip(),
        "",
        verdict(means),
        f"Over all {last['number']} sets of both collections, by the harder check below, they hold "
        f"{last['jeffreys']:.1%}.",
        "",
        *(f"* **{sense}**: {meaning}." for sense, meaning in MEANING.items()),
        "",
        markdown_table(in_percent(means), "{:.2f}"),
        "",
        "Beside the sets from which the default was learned (`heterogeneity.md`, each left out), "
        "mean over 2 and 3 studies and both outcomes:",
        "",
        markdown_table(in_percent(beside)),
        "",
        "By set, mean over 2 and 3 studies and both outcomes:",
        "",
        markdown_table(in_percent(by_set), "{:.2f}"),
        "",
        "## The sets",
        "",
        "SDs and correlation: posterior medians under a broad prior, by the set alone.",
        "",
        markdown_table(described(sets), "{:.2f}"),
        "",
    ]
    (ROOT / "reports/unseen_meta_analyses.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
