"""How `RiskModel` itself is calibrated on patients.

    python validation/risk_on_patients.py DIR

writes reports/risk_on_patients.csv and .md. DIR holds patient-level sets (`patients/*.csv`: an
outcome and findings); none of their rows is kept. Protocol, fixed before any result was seen:

* Sets and findings as in validation/dependence.py: findings with 70% recorded and 10 patients in
  the rarer state, complete rows, 40 cases and 40 non-cases or more.
* Up to four random subsets of 3 and of 6 findings a set; five folds. The model sees only what a
  paper would print of the four training folds: one 2x2 table a finding, and cases of patients
  as the pre-test. It predicts every patient of the fifth.
* Analyses: the default; the same with means Normal(0, 2); the default with practices taken as
  alike (these patients are of the very practice that was studied); multiplying, practices alike.
* Scores: mean log loss, and slope and intercept of the logistic regression of the outcome on the
  predicted log odds. Medians over subsets, then over sets. A calibrated risk has slope 1 and
  intercept 0.
* Changed after the first run, which had Normal(0, 2) as the default prior of the mean logits
  (slopes 1.27 and 1.29: too timid, a single cohort's ratios being drawn towards 1): the means of
  a flag's accuracy are Normal(0, 5) now, and the former are kept in the table.
"""

from __future__ import annotations

import platform
from pathlib import Path

import click
import numpy as np
import pandas as pd
from dependence_protocol import Array, PatientSet, read_sets
from scipy.optimize import minimize
from scipy.special import expit, logit

from backpain_stats import Independent, Priors, RiskModel, Shrunken

ROOT = Path(__file__).resolve().parents[1]
SIZES = (3, 6)
SUBSETS = 4
FOLDS = 5
SEED = 20131
ANALYSES = {
    "default": (Shrunken(), "random", None),
    "default, means Normal(0, 2)": (Shrunken(), "random", Priors()),
    "default, practices alike": (Shrunken(), "common", None),
    "multiplying, practices alike": (Independent(), "common", None),
}


def tables(present: Array, outcome: Array, names: list[str]) -> pd.DataFrame:
    """Return what a paper would print: one 2x2 table a finding."""
    tp, fp = present[outcome].sum(axis=0), present[~outcome].sum(axis=0)
    frame = pd.DataFrame({"flag": names, "tp": tp, "fp": fp})
    return frame.assign(fn=outcome.sum() - tp, tn=(~outcome).sum() - fp, cohort_id="cohort")


def predicted(patients: PatientSet, columns: Array, random: np.random.Generator) -> pd.DataFrame:
    """Return every patient's log odds under each analysis, from the other folds."""
    present, outcome = patients.present[:, columns], patients.outcome
    names = [patients.findings[column] for column in columns]
    fold = np.empty(len(outcome), dtype=int)
    for group in (outcome, ~outcome):
        rows = random.permutation(np.flatnonzero(group))
        fold[rows] = np.arange(len(rows)) % FOLDS
    found = pd.DataFrame({"outcome": outcome})
    for name, (dependence, effects, priors) in ANALYSES.items():
        odds = np.empty(len(outcome))
        for one in range(FOLDS):
            train, test = fold != one, fold == one
            model = RiskModel.from_frame(
                tables(present[train], outcome[train], names),
                f"{outcome[train].sum()}/{train.sum()}",
                dependence=dependence,
                effects=effects,
                priors=priors,
                draws=1024,
            )
            asked = pd.DataFrame(present[test].astype(int), columns=names)
            odds[test] = logit(model.risks(asked)["posttest"].to_numpy())
        found[name] = odds
    return found


def scores(odds: Array, outcome: Array) -> dict[str, float]:
    """Return log loss, calibration slope and intercept."""

    def loss(line: Array) -> tuple[float, Array]:
        value = line[0] + line[1] * odds
        residual = expit(value) - outcome
        total = np.sum(np.logaddexp(0, value) - outcome * value)
        return float(total), np.array([residual.sum(), residual @ odds])

    line = minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS").x
    return {"log_loss": loss(np.array([0.0, 1.0]))[0] / len(odds), "slope": line[1],
            "intercept": line[0]}  # fmt: skip


def study(sets: list[PatientSet]) -> pd.DataFrame:
    """Return one row a set, size and analysis: medians over its subsets."""
    rows = []
    for number, patients in enumerate(sets):
        random = np.random.default_rng([SEED, number])
        for size in SIZES:
            if len(patients.findings) < size:
                continue
            for _ in range(SUBSETS):
                columns = random.choice(len(patients.findings), size, replace=False)
                found = predicted(patients, columns, random)
                rows += [
                    {"set": patients.name, "findings": size, "analysis": name}
                    | scores(found[name].to_numpy(), found["outcome"].to_numpy(dtype=float))
                    for name in ANALYSES
                ]
    frame = pd.DataFrame(rows).groupby(["set", "findings", "analysis"], sort=False)
    return frame.median().reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Return the report."""
    lines = [
        "# How the risk model is calibrated on patients",
        "",
        f"Made by `python validation/risk_on_patients.py DIR` (Python {platform.python_version()}, "
        f"numpy {np.__version__}).",
        "",
        *(line.rstrip() for line in (__doc__ or "").split("seen:", 1)[1].strip().splitlines()),
        "",
        *table_lines(table),
        "",
    ]
    return "\n".join(lines)


def table_lines(table: pd.DataFrame) -> list[str]:
    """Return the table of the report."""
    lines = [
        f"{table['set'].nunique()} sets. Median over sets (quartiles); log loss: mean change "
        "against multiplying, negative is better.",
        "",
        "| findings | analysis | slope | intercept | change of log loss |",
        "|---|---|---|---|---|",
    ]
    for size, of_size in table.groupby("findings"):
        base = of_size[of_size["analysis"].str.startswith("multiplying")].set_index("set")
        for name in ANALYSES:
            rows = of_size[of_size["analysis"] == name].set_index("set")
            low, middle, high = rows["slope"].quantile([0.25, 0.5, 0.75])
            gain = (rows["log_loss"] - base["log_loss"]).mean()
            lines.append(
                f"| {size} | {name} | {middle:.2f} ({low:.2f} to {high:.2f}) | "
                f"{rows['intercept'].median():+.3f} | {gain:+.4f} |"
            )
    return lines


@click.command(help="Calibrate RiskModel on patient-level sets.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "reports")
def main(folder: Path, out: Path) -> None:
    """Run the study."""
    table = study([one for one in read_sets(folder) if one.usable])
    table.to_csv(out / "risk_on_patients.csv", index=False, float_format="%.4f")
    (out / "risk_on_patients.md").write_text(markdown(table), "utf-8")


if __name__ == "__main__":
    main()
