"""Coverage of the interval of a patient's risk when findings depend on each other.

    python validation/simulate_risk.py [--replicates 200] [--jobs 1]

writes reports/simulation_risk.csv and .md. Cohorts are drawn from a known joint distribution of
four findings; only what a study prints (one 2x2 table a finding, cases and patients) reaches the
model. The interval of the post-test probability is then compared with the true one.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.optimize import brentq
from scipy.special import expit, logit

from backpain_stats import Independent, OneFactor, RiskModel
from backpain_stats.combine.dependence.base import Marginals
from backpain_stats.combine.dependence.patterns import all_patterns
from backpain_stats.sampling import DEFAULT_SEED

ROOT = Path(__file__).resolve().parents[1]
# What writes the tables belongs to the benchmarks.
sys.path.append(str(ROOT / "benchmarks"))
from markdown_tables import markdown_table  # noqa: E402

# Like the flags of the one primary-care cohort with cancers (data/accuracy.csv, deyo1988).
FLAGS = ("cancer_history", "age_50", "weight_loss", "no_improvement")
SENSITIVITY = np.array([0.31, 0.77, 0.15, 0.31])
FALSE_POSITIVE = 1 - np.array([0.98, 0.71, 0.94, 0.90])
PREVALENCE = 13 / 1975
CASES = (13, 200)  # expected numbers; a cohort's own number is binomial
LEVEL = 0.95
DRAWS = 512
RHO_PRIOR = (0.0, 0.5)
# 1 present, 0 absent, -1 not assessed, in the order of FLAGS.
PATTERNS = {
    "history alone assessed, present": (1, -1, -1, -1),
    "nothing present": (0, 0, 0, 0),
    "history present, rest absent": (1, 0, 0, 0),
    "history and age present, rest absent": (1, 1, 0, 0),
    "all but weight loss present": (1, 1, 0, 1),
    "all four present": (1, 1, 1, 1),
}
ANALYSES = {
    "independent": {"dependence": Independent()},
    "one-factor, rho 0.2": {"dependence": OneFactor(0.2, 0.2)},
    "one-factor, rho uniform 0 to 0.5": {
        "dependence": OneFactor(0.2, 0.2),
        "rho_prior": RHO_PRIOR,
    },
}
TABLE = all_patterns([(column,) for column in range(len(FLAGS))])


class Truth(NamedTuple):
    """Probabilities of all complete patterns among cases and non-cases."""

    cases: np.ndarray
    noncases: np.ndarray

    def risk(self, pattern: tuple[int, ...]) -> float:
        """Return the true risk of a pattern, unassessed findings summed over."""
        known = np.array(pattern) >= 0
        match = (TABLE[:, known] == np.array(pattern)[known]).all(axis=1)
        ratio = self.cases[match].sum() / self.noncases[match].sum()
        return float(expit(logit(PREVALENCE) + np.log(ratio)))


def one_factor(rho_cases: float, rho_noncases: float) -> Truth:
    """Findings share one factor in each group."""
    table = OneFactor(rho_cases, rho_noncases).log_table(Marginals(SENSITIVITY, FALSE_POSITIVE))
    return Truth(np.exp(table.cases[0]), np.exp(table.noncases[0]))


def two_classes(odds_ratio: float, share_cases: float, share_noncases: float) -> Truth:
    """A share of each group has every finding at higher odds; within a class, independence.

    Advanced disease among cases, frailty among non-cases. The marginals stay as they are.
    """
    groups = []
    for marginal, share in ((SENSITIVITY, share_cases), (FALSE_POSITIVE, share_noncases)):
        low = np.array(
            [
                brentq(
                    lambda x, p=p, w=share: (
                        w * expit(x + np.log(odds_ratio)) + (1 - w) * expit(x) - p
                    ),
                    -30,
                    30,
                )
                for p in marginal
            ]
        )
        classes = [expit(low + np.log(odds_ratio)), expit(low)]
        parts = [np.where(TABLE == 1, one, 1 - one).prod(axis=1) for one in classes]
        groups.append(share * parts[0] + (1 - share) * parts[1])
    return Truth(*groups)


TRUTHS = {
    "independent": one_factor(0.0, 0.0),
    "one factor, rho 0.2": one_factor(0.2, 0.2),
    "one factor, rho 0.4": one_factor(0.4, 0.4),
    "one factor, rho 0 and 0.4": one_factor(0.0, 0.4),
    "two classes": two_classes(8.0, 0.4, 0.15),
}


def cohort(truth: Truth, expected_cases: int, source: np.random.Generator) -> pd.DataFrame:
    """Draw a cohort and return what is printed of it: one 2x2 table a finding."""
    patients = round(expected_cases / PREVALENCE)
    cases = 0
    while cases < 1:
        cases = int(source.binomial(patients, PREVALENCE))
    with_pattern = [
        source.multinomial(size, share / share.sum())
        for size, share in ((cases, truth.cases), (patients - cases, truth.noncases))
    ]
    tp, fp = (counts @ TABLE for counts in with_pattern)
    return pd.DataFrame(
        {"flag": FLAGS, "tp": tp, "fp": fp, "fn": cases - tp, "tn": patients - cases - fp}
    )


def intervals(frame: pd.DataFrame, analysis: str) -> np.ndarray:
    """Return estimate, low and high of every pattern, as ``RiskModel.risk`` gives them."""
    cases = int(frame["tp"].iloc[0] + frame["fn"].iloc[0])
    patients = int(frame.drop(columns="flag").iloc[0].sum())
    model = RiskModel.from_frame(
        frame, pretest=f"{cases}/{patients}", draws=DRAWS, **ANALYSES[analysis]
    )
    patients = pd.DataFrame(PATTERNS.values(), columns=FLAGS).replace(-1, np.nan)
    return model.risks(patients, level=LEVEL)[["posttest", "ci_low", "ci_high"]].to_numpy()


def replicate(truth: str, cases: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Return the intervals of one cohort, shape (analyses, patterns, 3)."""
    frame = cohort(TRUTHS[truth], cases, np.random.default_rng(seed))
    return np.array([intervals(frame, analysis) for analysis in ANALYSES])


def simulate(replicates: int, jobs: int, seed: int = DEFAULT_SEED) -> pd.DataFrame:
    """Return one row a truth, size, analysis and pattern.

    Every replicate has its own seed, so the result does not depend on ``jobs``.
    """
    rows = []
    settings = [(truth, cases) for truth in TRUTHS for cases in CASES]
    for setting, own in zip(
        settings, np.random.SeedSequence(seed).spawn(len(settings)), strict=True
    ):
        truth, cases = setting
        found = np.array(
            Parallel(n_jobs=jobs)(
                delayed(replicate)(truth, cases, one) for one in own.spawn(replicates)
            )
        )
        for a, analysis in enumerate(ANALYSES):
            for p, (name, pattern) in enumerate(PATTERNS.items()):
                true = TRUTHS[truth].risk(pattern)
                estimate, low, high = found[:, a, p].T
                covered = (low <= true) & (true <= high)
                rows.append(
                    {
                        "truth": truth,
                        "expected_cases": cases,
                        "analysis": analysis,
                        "pattern": name,
                        "true_risk": true,
                        "coverage": covered.mean(),
                        "coverage_se": np.sqrt(covered.mean() * (1 - covered.mean()) / len(low)),
                        "interval_above_truth": (low > true).mean(),
                        "interval_below_truth": (high < true).mean(),
                        "median_estimate": np.median(estimate),
                        "median_low": np.median(low),
                        "median_high": np.median(high),
                        "replicates": len(low),
                    }
                )
        print(f"{truth}, {cases} cases: done", flush=True)
    return pd.DataFrame(rows)


def pivot(table: pd.DataFrame, cases: int) -> pd.DataFrame:
    """Return coverage in percent: a row a truth and pattern, a column an analysis."""
    own = table[table["expected_cases"] == cases].copy()
    own["shown"] = [
        f"{100 * row.coverage:.0f}%"
        + (f" ({direction(row)})" if row.coverage < LEVEL - 2 * row.coverage_se else "")
        for row in own.itertuples()
    ]
    wide = own.pivot_table(
        index=["truth", "pattern", "true_risk"],
        columns="analysis",
        values="shown",
        aggfunc="first",
        sort=False,
    ).reset_index()
    wide["true_risk"] = wide["true_risk"].map(lambda risk: f"{100 * risk:.2g}%")
    return wide.rename(columns={"true_risk": "true risk"})


def direction(row: object) -> str:
    """Say on which side of the truth most of the failing intervals lie."""
    above = row.interval_above_truth > row.interval_below_truth
    return "too high" if above else "too low"


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean and smallest coverage over the patterns, by truth, size and analysis."""
    grouped = table.groupby(["truth", "expected_cases", "analysis"], sort=False)
    found = grouped["coverage"].agg(["mean", "min"]).reset_index()
    found["shown"] = [
        f"{100 * mean:.0f}% / {100 * least:.0f}%"
        for mean, least in zip(found["mean"], found["min"], strict=True)
    ]
    wide = found.pivot_table(
        index=["truth", "expected_cases"], columns="analysis", values="shown",
        aggfunc="first", sort=False,
    )  # fmt: skip
    return wide.reset_index().rename(columns={"expected_cases": "expected cases"})


def findings(table: pd.DataFrame) -> list[str]:
    """Say what came out; every word that depends on a number is computed."""
    lines = []
    for (analysis, cases), own in table.groupby(["analysis", "expected_cases"], sort=False):
        worst = own.loc[own["coverage"].idxmin()]
        short = own["coverage"] < LEVEL - 2 * own["coverage_se"]
        lines.append(
            f"* {analysis}, {cases} cases expected: coverage is below {LEVEL:.0%} by more than two "
            f"standard errors in {int(short.sum())} of {len(own)} situations; mean "
            f"{own['coverage'].mean():.0%}, lowest {worst['coverage']:.0%} (truth "
            f"{worst['truth']}; {worst['pattern']}: true risk {100 * worst['true_risk']:.2g}%, "
            f"median interval {100 * worst['median_low']:.2g}% to "
            f"{100 * worst['median_high']:.2g}%)."
        )
    return lines


@click.command()
@click.option("--replicates", default=200, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes; the result is the same.")
def main(replicates: int, jobs: int) -> None:
    """Run the simulation and write the two files."""
    start = time.perf_counter()
    table = simulate(replicates, jobs)
    minutes = (time.perf_counter() - start) / 60
    table.to_csv(ROOT / "reports/simulation_risk.csv", index=False, float_format="%.6g")
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / replicates)
    sections = [
        "# Coverage of the interval of a patient's risk\n",
        f"Made by `python validation/simulate_risk.py --replicates {replicates}` in {minutes:.1f} "
        f"minutes with {jobs} process(es) (Python {platform.python_version()}, numpy "
        f"{np.__version__}).\n",
        f"Four findings with the sensitivities {', '.join(map(str, SENSITIVITY))} and "
        f"specificities {', '.join(f'{1 - p:.2f}' for p in FALSE_POSITIVE)}; prevalence 13/1975. "
        f"{replicates} cohorts a situation; each is reduced to one 2x2 table a finding, which is "
        f"all the model sees. Intervals: Jeffreys posterior, {DRAWS} quasi-random draws, "
        f"prevalence from the same cohort. The standard error of a coverage of {LEVEL:.0%} is "
        f"{error:.1f} percentage points. In *two classes* a share of the cases (40%) and of the "
        "non-cases (15%) has every finding at eight times the odds; within a class findings are "
        "independent. In *one factor, rho 0 and 0.4* only the non-cases' findings depend on each "
        "other. (too high) and (too low) say on which side of the truth the intervals fail.\n",
        "## What came out\n",
        *findings(table),
        "\nA wide interval is not a cure for a wrong dependence: the interval holds sampling "
        "error, and more patients make it narrower around the wrong place. Only the prior over "
        "rho carries some of the doubt about the dependence itself.\n",
        "## Mean and lowest coverage over the patterns\n",
        markdown_table(summary(table)),
    ]
    for cases in CASES:
        sections += [
            f"\n## {cases} cases expected among {round(cases / PREVALENCE)} patients\n",
            markdown_table(pivot(table, cases)),
        ]
    text = "\n".join(sections) + "\n"
    (ROOT / "reports/simulation_risk.md").write_text(text, encoding="utf-8")
    print(f"written: reports/simulation_risk.csv and .md ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
