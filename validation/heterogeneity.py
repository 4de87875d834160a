"""How much studies of one test differ, learned from 18 public meta-analyses.

    python validation/heterogeneity.py DIR

DIR holds ``NAME.csv`` (``study, tp, fp, fn, tn``) and ``MANIFEST.json`` (what
each set is and where it came from). Writes data/heterogeneity.csv (estimates of
each set, never its rows), reports/heterogeneity.csv and .md, and
reports/figures/heterogeneity_coverage.svg (about ten minutes on one core).

The question
------------
Two or three studies do not say how much studies of a test differ: the prior of
the two between-study SDs and of the correlation does. What prior do other tests
suggest, and do prediction intervals then hold what they promise?

The model
---------
Set s: exact bivariate model, mean logits Normal(0, 2), SDs and correlation from
a population. Candidates for the population of the SDs: half-normal, half-t with
4 degrees of freedom, log-normal; one population for both outcomes or one each.
For the correlation: density proportional to (1 - rho^2)^(a - 1), or a skewed
beta on (-1, 1). Twelve candidates. Each set's five parameters are integrated
out by draws from its posterior under a broad prior (half-normal(2) SDs, flat
correlation, Normal(0, 3) means), reweighted; the hyper-parameters have wide
priors and are integrated too. What ships is the population averaged over them
(same family, same mean and variance of log SD or second moment): the doubt
about the population is in it.

The rule, fixed before any result was seen
------------------------------------------
Score: log predictive density of each block of sets, learned from the others,
summed over blocks. **The default is the candidate with fewest hyper-parameters
among those within one standard error (paired over blocks) of the best score;
between equally many, the better score.** The mean logits keep Normal(0, 2)
whatever the sets say: they are tests that somebody thought worth a
meta-analysis, a red flag is not one of them.

Blocks: smoking1 repeats the studies of SAQ1 and IAQ. It is not learned from,
and the three are left out together; so are the two tests of Scheidler 1997.

Prediction
----------
For each set, the prior learned from the other blocks; up to 20 different random
subsets of 1, 2 and 3 studies, ``fit_bivariate(subset, inference="bayes")``, and
its 95% prediction interval of sensitivity and specificity. Each of the other
studies is held or not, in three senses:

* ``true``: the share of the study's posterior inside ``fit.predict()``, which
  speaks of the true value in a new study; the posterior is that of the study's
  counts with the distribution fitted to the whole set (broad prior) before them.
  **The target: 93 to 97% from 1, 2 and 3 studies, mean over subsets, then sets.**
* ``jeffreys``: the same with a Jeffreys prior before the study's counts.
* ``observed``: its observed proportion in ``fit.predict()``. This cannot reach
  95%: 12% of the arms observed 0 or 100%, which no interval of a true value
  holds.
* ``printed``: its observed proportion in ``fit.predict_study()``, the interval
  for what a study of its size will print.

The same for the previous default (half-normal(1) SDs, shape 2), half-normal(1.75)
and wider means (Normal(0, 3)). The seeds are fixed.

Changed after the first run, and why
------------------------------------
The first run (8 subsets) chose the population, and that stayed. Its prediction
intervals held 92 to 95% of the true values from 2 and 3 studies, and 89 to 91% in
the sense ``jeffreys``: short, perhaps because the random effects of a set are
taken as normal. Therefore the median of both SDs is multiplied by a
factor: **the smallest of those tried with which the intervals from 2 and from 3
studies hold 93% or more in the sense jeffreys, the harder one** (mean over
outcomes). It was chosen on all sets, the numbers it multiplies without each set.
The second run tried 1, 1.25 and 1.5: 1.25 missed by 0.2 points (92.8% from 3
studies), and 1.5 held 98% of the true values, more than wanted. 1.3, where a line
between the two reaches 93%, was added. Ten subsets a set and size, not 20: the
machine was shared.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from heterogeneity_coverage import chosen_factor, coverage, wide_means
from heterogeneity_model import (
    CANDIDATES,
    Candidate,
    StudySet,
    compare,
    learn,
    others,
    population,
    read_sets,
    verdict,
)
from heterogeneity_text import write_text

from backpain_stats import Priors, load_evidence, pool_all

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("malignancy", "fracture", "infection", "cauda_equina")


def set_estimates(sets: Sequence[StudySet]) -> pd.DataFrame:
    """Return one row per set: its size, SDs and correlation under the broad prior."""
    rows = []
    for one in sets:
        tp, fp, fn, tn = one.data[["tp", "fp", "fn", "tn"]].sum()
        found: dict[str, object] = {
            "set": one.name, "studies": len(one.data), "cases": tp + fn, "noncases": fp + tn,
            "learned_from": "yes" if one.learned_from else "no", "block": one.block,
        }  # fmt: skip
        spread = one.fit.heterogeneity().set_index("measure")
        for name in ("sd_sensitivity", "sd_specificity", "correlation"):
            found[name] = spread.loc[name, "estimate"]
            found[f"{name}_low"] = spread.loc[name, "ci_low"]
            found[f"{name}_high"] = spread.loc[name, "ci_high"]
        rows.append({**found, "source": one.source})
    return pd.DataFrame(rows)


def populations(candidate: Candidate, sets: Sequence[StudySet]) -> pd.DataFrame:
    """Return the numbers that ship, and those learned without each block."""
    rows = []
    for block in ["", *sorted({one.block for one in sets})]:
        found = population(candidate, *learn(candidate, others(sets, block)))
        rows += [{"set": block, "quantity": name, "value": value}
                 for name, value in found.items()]  # fmt: skip
    return pd.DataFrame(rows)


def pools() -> pd.DataFrame:
    """Return LR+ and LR- of every pooled flag under the previous and the present priors."""
    evidence = load_evidence()
    blocks = []
    for prior, priors in (("before", Priors.weakly_informative()), ("after", Priors())):
        for target in TARGETS:
            found = pool_all(evidence, target, priors=priors)
            if found.empty:
                continue
            long = found.melt(["flag_id", "target", "cohorts"], var_name="quantity")
            ratio = long[long["quantity"].str.startswith("lr_")]
            blocks.append(ratio.assign(model=prior))
    table = pd.concat(blocks).rename(columns={"flag_id": "set", "cohorts": "size"})
    return table.assign(value=table["value"].astype(float))


def main() -> None:
    """Compute everything and write the files."""
    start = time.perf_counter()
    sets = read_sets(Path(sys.argv[1]))
    set_estimates(sets).to_csv(
        ROOT / "data/heterogeneity.csv", index=False, float_format="%.4g", lineterminator="\n"
    )
    scores = compare(sets)
    chosen = next(one for one in CANDIDATES if one.name == verdict(scores)["chosen"].idxmax())
    print(f"{chosen.name}: {time.perf_counter() - start:.0f} s", flush=True)
    shares = coverage(sets, chosen)
    factor = chosen_factor(shares)
    print(f"factor {factor}: {time.perf_counter() - start:.0f} s", flush=True)
    shares = pd.concat([shares, wide_means(sets, chosen)])
    parts = {
        "score": scores.rename(columns={"candidate": "model", "block": "set", "parameters": "size",
                                        "score": "value"}),
        "population": populations(chosen, sets).assign(model=chosen.name),
        "coverage": shares.melt(["set", "model", "size", "outcome"], var_name="quantity"),
        "pool": pools(),
    }  # fmt: skip
    table = pd.concat([part.assign(analysis=name) for name, part in parts.items()])
    columns = ["analysis", "model", "set", "target", "size", "outcome", "quantity", "value"]
    table[columns].to_csv(
        ROOT / "reports/heterogeneity.csv", index=False, float_format="%.5g", lineterminator="\n"
    )
    write_text()
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
