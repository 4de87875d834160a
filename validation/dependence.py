"""What the product of k likelihood ratios is worth, in real patients, and what corrects it best.

    python validation/dependence.py DIR

DIR holds ``patients/NAME.csv`` (``outcome`` 1 for a case, then findings 1, 0 or
empty) and ``MANIFEST.csv`` (what each set is and where it came from). Writes
data/dependence.csv (estimates of each set, never its rows),
reports/dependence.csv and .md, and reports/figures/dependence_shrinkage.svg.

The question
------------
Predicted log odds = log prior odds + sum of k log likelihood ratios. The
calibration slope of these log odds (1 is honest, below 1 overconfident) says
what the product was worth; a dependence model is judged by the same measure.

The rule, fixed before any result was seen
------------------------------------------
The default is the eligible model with **the smallest mean log loss over k and
sets (both equally weighted) among those whose median slope lies in 0.9 to 1.1
and whose median intercept lies within 0.05 of 0 for every k = 2, 3, 4, 6, 8.**
A model is eligible if it needs nothing but each finding's own sensitivity and
specificity, and numbers learned from *other* sets. Maximum entropy with rules
("at least one of these") and logistic regression need patients of the same
kind; they are shown as what such patients would add. The whole table is
published, the losers too.

The protocol
------------
Findings with at least 70% recorded and 10 patients in the rarer state;
complete rows; sets with 40 cases and 40 non-cases or more. For each k up to 8
different random subsets of k findings; 5-fold cross-validation, stratified by
outcome; marginals of the training folds, 0.5 added to each cell. Slope and
intercept: median over the subsets of a set, then over sets. Log loss: mean over
subsets, then over sets, then over k. Whatever a model learns, it learns from
the other sets (leave one set out): its parameter is the value with the smallest
mean log loss there (k and sets equally weighted). The seed is fixed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from dependence_models import (
    Family,
    Remembered,
    correlation_prior,
    correlations_of_set,
    exponent_between_sets,
    exponent_of_set,
    families,
)
from dependence_protocol import Array, Cell, calibration_lines, cells_of, log_losses, read_sets
from dependence_protocol import PatientSet as Patients

from backpain_stats.combine.dependence.mixed_factor import MixedOneFactor

ROOT = Path(__file__).resolve().parents[1]
SEED = 20131
SLOPES = (0.9, 1.1)
LARGEST_INTERCEPT = 0.05


def set_estimates(sets: list[Patients], cells: dict[str, list[Cell]]) -> pd.DataFrame:
    """Return one row per set: its size, exponent and correlations, with standard errors."""
    rows = []
    for patients in sets:
        exponent, error = exponent_of_set(cells[patients.name])
        rows.append(
            {
                "set": patients.name,
                "patients": len(patients.outcome),
                "cases": int(patients.outcome.sum()),
                "findings": len(patients.findings),
                "exponent": exponent,
                "exponent_se": error,
                **correlations_of_set(patients),
            }
        )
    return pd.DataFrame(rows)


def learned_factor(estimates: pd.DataFrame) -> MixedOneFactor:
    """Return one-factor dependence with correlations as they are spread over these sets."""
    priors = [
        correlation_prior(
            estimates[f"rho_{group}"].to_numpy(), estimates[f"rho_{group}_se"].to_numpy()
        )
        for group in ("cases", "noncases")
    ]
    return MixedOneFactor(*priors)


def loss_table(family: Family, cells: dict[str, list[Cell]]) -> pd.DataFrame:
    """Return the mean log loss of each set and size (rows) at each value (columns)."""
    rows = {}
    for name, own in cells.items():
        for size in sorted({cell.size for cell in own}):
            losses = [
                log_losses(cell, family.log_ratio(cell, family.values))
                for cell in own
                if cell.size == size
            ]
            rows[name, size] = np.mean(losses, axis=0)
    table = pd.DataFrame(rows, index=family.values).T
    return table.rename_axis(["set", "size"])


def best_value(losses: pd.DataFrame) -> float:
    """Return the value with the smallest mean loss: over sets, then over sizes."""
    return float(losses.groupby("size").mean().mean().idxmin())


def left_out(family: Family, cells: dict[str, list[Cell]]) -> pd.DataFrame:
    """Score a model on every set with what it learned from the others; one row per set and size."""
    losses = loss_table(family, cells)
    rows = []
    for name, own in cells.items():
        value = best_value(losses.drop(index=name)) if family.parameter else family.values[0]
        rows += scored(family, own, np.array([value]))
    return pd.DataFrame(rows)


def scored(family: Family, cells: list[Cell], value: Array) -> list[dict[str, object]]:
    """Return one row per size of one set: loss, and median slope and intercept over subsets."""
    rows: list[dict[str, object]] = []
    for size in sorted({cell.size for cell in cells}):
        found = []
        for cell in cells:
            if cell.size == size:
                ratio = family.log_ratio(cell, value)
                slope, intercept = calibration_lines(cell, ratio)
                found.append([log_losses(cell, ratio)[0], slope[0], intercept[0]])
        losses, slopes, intercepts = np.array(found).T
        rows.append(
            {
                "model": family.name,
                "eligible": family.eligible,
                "set": cells[0].name,
                "size": size,
                "value": value[0] if family.parameter else np.nan,
                "log_loss": losses.mean(),
                "slope": np.nanmedian(slopes),
                "intercept": np.nanmedian(intercepts),
            }
        )
    return rows


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model and size: change of log loss, slopes and intercepts over sets."""
    base = scores[scores["model"] == "multiplying"].set_index(["set", "size"])["log_loss"]
    change = (
        scores["log_loss"].to_numpy()
        - base.loc[pd.MultiIndex.from_frame(scores[["set", "size"]])].to_numpy()
    )
    grouped = scores.assign(change=change).groupby(["model", "size"], sort=False)
    return grouped.agg(
        eligible=("eligible", "first"),
        sets=("set", "nunique"),
        change=("change", "mean"),
        slope=("slope", "median"),
        slope_low=("slope", lambda values: values.quantile(0.25)),
        slope_high=("slope", lambda values: values.quantile(0.75)),
        intercept=("intercept", "median"),
    ).reset_index()


def verdict(table: pd.DataFrame) -> pd.DataFrame:
    """Apply the rule: one row per model, the smallest loss first; ``chosen`` for the default."""
    honest = table["slope"].between(*SLOPES) & (table["intercept"].abs() <= LARGEST_INTERCEPT)
    rows = table.assign(honest=honest).groupby("model", sort=False).agg(
        eligible=("eligible", "first"), honest=("honest", "all"), change=("change", "mean"),
        slope_least=("slope", "min"), slope_most=("slope", "max"),
        intercept_most=("intercept", lambda values: values.abs().max()),
    ).reset_index()  # fmt: skip
    rows = rows.sort_values("change", ignore_index=True)
    admitted = rows.index[rows["eligible"] & rows["honest"]]
    return rows.assign(chosen=rows.index == admitted[0] if len(admitted) else False)


def main() -> None:
    """Compute everything and write the files."""
    start = time.perf_counter()
    sets = [one for one in read_sets(Path(sys.argv[1])) if one.usable]
    cells = {one.name: list(cells_of(one, SEED)) for one in sets}
    estimates = set_estimates(sets, cells)
    mean, spread = exponent_between_sets(
        estimates["exponent"].to_numpy(), estimates["exponent_se"].to_numpy()
    )
    print(estimates.round(3).to_string(), f"exponent {mean:.3f}, spread {spread:.3f}", flush=True)
    learned = {
        name: learned_factor(estimates[estimates["set"] != name]) for name in estimates["set"]
    }
    print(learned_factor(estimates), flush=True)
    scores = []
    for family in families(Remembered(learned)):
        scores.append(left_out(family, cells))
        print(f"{family.name}: {time.perf_counter() - start:.0f} s", flush=True)
    table = summary(pd.concat(scores, ignore_index=True))
    print(table.round(4).to_string())
    print(verdict(table).round(4).to_string())


if __name__ == "__main__":
    main()
