"""Dependence models on the patients of Smart 2011: cross-validated scores.

    python validation/patients_table.py

writes reports/patients_dependence.csv and .md (about five minutes on one core).
The published table it is compared with is read from data/patients/README.md.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from markdown_tables import markdown_table
from scipy.special import log_ndtr, logsumexp, ndtri

from backpain_stats import OneFactor, calibration, load_patients
from backpain_stats.combine.dependence.base import Group, PatternModel
from backpain_stats.evidence import PAIN_TYPES

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 20
TOLERANCE = 0.02
PUBLISHED_MODELS = ("independent", "one-factor, rho 0.2", "one-factor, rho 0.4")
NUMBERS = ["log_loss", "slope"]
COMMAND = "python validation/patients_table.py"


@dataclass(frozen=True, slots=True)
class GaussHermite31(PatternModel):
    """The published rule: 31 fixed Gauss-Hermite nodes, whatever the pattern."""

    rho: float

    def describe(self) -> str:
        """Return the model in words."""
        return f"one-factor, rho {self.rho:g}, 31 Gauss-Hermite nodes"

    def group_log_probabilities(self, group: Group, patterns: np.ndarray) -> np.ndarray:
        """Return log pattern probabilities by plain quadrature."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        slope = group.signs[:, None] * np.sqrt(self.rho) * nodes
        rows = []
        for present in group.present:
            position = (ndtri(present)[:, None] + slope) / np.sqrt(1 - self.rho)
            terms = (patterns == 1) @ log_ndtr(position) + (patterns == 0) @ log_ndtr(-position)
            log_weights = np.log(weights / np.sqrt(2 * np.pi))
            rows.append(logsumexp(terms + log_weights, axis=1))
        return np.array(rows)


def published_table() -> pd.DataFrame:
    """Read the table of data/patients/README.md: one row a target and model."""
    rows = []
    for line in (ROOT / "data/patients/README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        target = cells[0].replace(" ", "_")
        if target in PAIN_TYPES and len(cells) == 4:
            for model, cell in zip(PUBLISHED_MODELS, cells[1:], strict=True):
                log_loss, slope = map(float, cell.split(","))
                rows.append(
                    {"target": target, "model": model, "log_loss": log_loss, "slope": slope}
                )
    return pd.DataFrame(rows)


def scored(patients: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores of every target, sample and model, and those of single splits."""
    tables, splits = [], []
    for target in PAIN_TYPES:
        for sample, missing in (("complete", "drop"), ("all", "integrate")):
            made = calibration.predictions(
                patients, patients["pain_type"] == target, missing=missing, repeats=REPEATS
            )
            tables.append(calibration.scores(made).assign(target=target, patients=sample))
            if sample == "complete":
                published = made[made["model"].isin(PUBLISHED_MODELS)]
                for split, one in published.groupby("repeat"):
                    splits.append(calibration.scores(one).assign(target=target, split=split))
            print(f"{target}, {sample} patients: done", flush=True)
    table = pd.concat(tables, ignore_index=True)
    first = ["target", "patients", "model"]
    return table[[*first, *table.columns.difference(first, sort=False)]], pd.concat(splits)


def compared(table: pd.DataFrame, splits: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set the published table beside ours; and the largest difference of each single split."""
    keys = ["target", "model"]
    complete = table[table["patients"] == "complete"]
    both = published_table().merge(complete, on=keys, suffixes=("_published", ""))
    single = splits.merge(published_table(), on=keys, suffixes=("", "_published"))
    differences = pd.concat(
        [(single[name] - single[f"{name}_published"]).abs() for name in NUMBERS],
        axis=1,
    ).max(axis=1)
    return both, differences.groupby(single["split"]).max().rename("largest").reset_index()


def hermite_difference(patients: pd.DataFrame) -> pd.DataFrame:
    """Return what the published 31-node rule changes, against the exact integral."""
    rows = []
    for target in PAIN_TYPES:
        for rho in (0.2, 0.4, 0.8):
            made = calibration.predictions(
                patients,
                patients["pain_type"] == target,
                models={"exact": OneFactor(rho, rho), "31 nodes": GaussHermite31(rho)},
                missing="drop",
            )
            odds = made.pivot_table(index="row", columns="model", values="log_odds")
            found = calibration.scores(made).set_index("model")
            change = found.loc["31 nodes", NUMBERS] - found.loc["exact", NUMBERS]
            rows.append(
                {
                    "target": target,
                    "rho": f"{rho:g}",
                    "largest change of a log odds": (odds["31 nodes"] - odds["exact"]).abs().max(),
                    "change of log loss": change["log_loss"],
                    "change of slope": change["slope"],
                }
            )
    return pd.DataFrame(rows)


def estimated_dependence(patients: pd.DataFrame) -> pd.DataFrame:
    """Return the maximum-likelihood rho of each target and group, all patients."""
    blocks = []
    for target in PAIN_TYPES:
        fit = calibration.fit_dependence(patients, patients["pain_type"] == target)
        frame = fit.to_frame().assign(target=target)
        frame["gain"] = 2 * (fit.log_likelihood - fit.log_likelihood_independent)
        blocks.append(frame)
    found = pd.concat(blocks)
    found["rho (95% interval)"] = interval(found, "estimate", "ci_low", "ci_high")
    return found[["target", "group", "n", "rho (95% interval)", "gain"]].rename(
        columns={"gain": "likelihood-ratio statistic, both groups"}
    )


def interval(frame: pd.DataFrame, middle: str, low: str, high: str, digits: int = 2) -> pd.Series:
    """Return "middle (low to high)" for every row."""
    return frame.apply(
        lambda row: f"{row[middle]:.{digits}f} ({row[low]:.{digits}f} to {row[high]:.{digits}f})",
        axis=1,
    )


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scores as they are printed."""
    columns = {"target": table["target"], "model": table["model"]}
    for name, digits in (("log_loss", 3), ("brier", 3), ("slope", 2), ("intercept", 2)):
        columns[name.replace("_", " ")] = interval(
            table, name, f"{name}_low", f"{name}_high", digits
        )
    for name, digits in (("log_loss", 4), ("slope", 3)):
        columns[f"spread of {name.replace('_', ' ')}"] = table[f"{name}_spread"].map(
            f"{{:.{digits}f}}".format
        )
    return pd.DataFrame(columns)


def findings(table: pd.DataFrame) -> list[str]:
    """Say what the scores say; every word that depends on a number is computed."""
    lines = []
    complete = table[table["patients"] == "complete"]
    targets = complete["target"].nunique()
    for model, own in complete.groupby("model", sort=False):
        over = int((own["slope_high"] < 1).sum())
        under = int((own["slope_low"] > 1).sum())
        slopes = ", ".join(f"{value:.2f}" for value in own["slope"])
        lines.append(
            f"* {model}: slopes {slopes}; the interval lies below 1 (overconfident) for {over} "
            f"and above 1 (too timid) for {under} of {targets} targets."
        )
    losses = complete.pivot_table(index="target", columns="model", values="log_loss", sort=False)
    for target, row in losses.iterrows():
        lines.append(
            f"* {target}: the smallest log loss is that of {row.idxmin()} ({row.min():.3f}); "
            + ", ".join(f"{model} {value:.3f}" for model, value in row.items())
            + "."
        )
    return lines


def main() -> None:
    """Compute everything and write the two files."""
    start = time.perf_counter()
    patients = load_patients()
    table, splits = scored(patients)
    table.to_csv(ROOT / "reports/patients_dependence.csv", index=False, float_format="%.6f")
    both, single = compared(table, splits)
    worst = max((both[name] - both[f"{name}_published"]).abs().max() for name in NUMBERS)
    within = int((single["largest"] <= TOLERANCE).sum())
    beside = pd.DataFrame({"target": both["target"], "model": both["model"]})
    for name, digits in (("log_loss", 3), ("slope", 2)):
        label = name.replace("_", " ")
        for suffix, head in (("_published", "published"), ("", "mean of splits")):
            beside[f"{label}, {head}"] = both[f"{name}{suffix}"].map(f"{{:.{digits}f}}".format)
        beside[f"{label}, spread"] = both[f"{name}_spread"].map(f"{{:.{digits + 1}f}}".format)
    complete, every = (table[table["patients"] == one] for one in ("complete", "all"))
    minutes = (time.perf_counter() - start) / 60
    sections = [
        "# Dependence models on patients\n",
        f"Made by `{COMMAND}` in {minutes:.1f} minutes ({platform.python_implementation()} "
        f"{platform.python_version()}, numpy {np.__version__}).\n",
        "464 patients with low back pain, eleven criteria; the target is the clinicians' *pain "
        "type*, not cancer. Nothing here is evidence about malignancy. Source: "
        "`data/patients/README.md`. Ten-fold cross-validation, folds stratified by the outcome, "
        f"{REPEATS} random splits; marginals from the training folds only, 0.5 added to each "
        "cell. The intervals (95%) are for other patients of the same source; *spread* is the "
        "standard deviation between splits. Slope 1 and intercept 0 are honest.\n",
        "## What it says\n",
        *findings(table),
        f"\n## The {complete['n'].iloc[0]} complete patients\n",
        markdown_table(shown(complete)),
        f"\n## All {every['n'].iloc[0]} patients, missing findings integrated out\n",
        markdown_table(shown(every)),
        "\n## Beside the published table\n",
        f"The published figures are those of one split whose folds are not known. The largest "
        f"difference from the mean of {REPEATS} splits is {worst:.3f}. Single splits differ by "
        f"more: {within} of {REPEATS} give all {2 * len(both)} figures to within {TOLERANCE:g}; "
        f"the largest difference of a split ranges from {single['largest'].min():.3f} to "
        f"{single['largest'].max():.3f}.\n",
        markdown_table(beside),
        "\n## The published quadrature beside the exact integral\n",
        "The published table used 31 fixed Gauss-Hermite nodes; same folds, one split.\n",
        markdown_table(hermite_difference(patients), "{:.1e}"),
        "\n## The correlation by maximum likelihood\n",
        "One-factor dependence, all patients, marginals fitted, profile-likelihood intervals. The "
        "non-cases of each target are a mixture of the two other pain types, so one common "
        "correlation is a coarse description of them.\n",
        markdown_table(estimated_dependence(patients), "{:.1f}"),
    ]
    text = "\n".join(sections) + "\n"
    (ROOT / "reports/patients_dependence.md").write_text(text, encoding="utf-8")
    print(f"written: reports/patients_dependence.csv and .md ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
