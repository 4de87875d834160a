"""Bias and coverage of the bivariate model's three fits, on simulated studies.

    python validation/simulate_meta.py [--replicates 300] [--jobs 1]
    python validation/simulate_meta.py --scheduler tcp://HOST:8786   # a dask cluster

writes reports/simulation_meta.csv and .md. Studies are drawn from the model itself, with few or
many patients, and fitted by exact maximum likelihood, by the normal model (REML, 0.5 added to
studies with a zero), and by the posterior under the default priors. Every replicate has a seed of
its own, so that the numbers do not depend on where it runs.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from markdown_tables import markdown_table
from scipy.special import expit, logit

from backpain_stats import Priors, fit_bivariate
from backpain_stats.errors import BackpainStatsError
from backpain_stats.sampling import DEFAULT_SEED

ROOT = Path(__file__).resolve().parents[1]
SENSITIVITY, SPECIFICITY = 0.80, 0.90
SDS, CORRELATION = (0.8, 0.6), -0.4
LEVEL = 0.95
MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative")
TRUTH = {
    "sensitivity": SENSITIVITY,
    "specificity": SPECIFICITY,
    "lr_positive": SENSITIVITY / (1 - SPECIFICITY),
    "lr_negative": (1 - SENSITIVITY) / SPECIFICITY,
}
METHODS: dict[str, dict[str, Any]] = {
    "exact ML": {"nodes": 9},
    "normal REML": {"likelihood": "normal", "correction": "zero_cells"},
    "Bayes": {"inference": "bayes", "nodes": 5, "effective_size": 400},
}
# The three fits in words a reader of the report needs.
METHOD_NOTES = (
    "exact ML with 9 x 9 nodes; normal REML with 0.5 added to studies with a zero; Bayes with "
    "the default priors, 5 x 5 nodes and at least 400 effective draws"
)


class Scenario(NamedTuple):
    """How many studies, and how large: cases and non-cases are uniform from half to twice."""

    cells: str
    studies: int
    cases: int
    noncases: int


SIZES = {"sparse": (10, 40), "dense": (80, 160)}
SCENARIOS = [
    Scenario(cells, studies, *sizes) for cells, sizes in SIZES.items() for studies in (5, 10, 20)
]


def draw_studies(scenario: Scenario, source: np.random.Generator) -> pd.DataFrame:
    """Draw the 2x2 tables of one meta-analysis."""
    cross = CORRELATION * SDS[0] * SDS[1]
    covariance = [[SDS[0] ** 2, cross], [cross, SDS[1] ** 2]]
    means = [logit(SENSITIVITY), logit(SPECIFICITY)]
    chances = expit(source.multivariate_normal(means, covariance, size=scenario.studies))
    cases, noncases = (
        source.integers(size // 2, 2 * size, size=scenario.studies, endpoint=True)
        for size in (scenario.cases, scenario.noncases)
    )
    tp, tn = source.binomial(cases, chances[:, 0]), source.binomial(noncases, chances[:, 1])
    return pd.DataFrame(
        {
            "study": [f"study {one + 1}" for one in range(scenario.studies)],
            "tp": tp,
            "fp": noncases - tn,
            "fn": cases - tp,
            "tn": tn,
        }
    )


def replicate(scenario: Scenario, number: int, seed: np.random.SeedSequence) -> list[dict]:
    """Return one row a method and measure of one simulated meta-analysis."""
    data = draw_studies(scenario, np.random.default_rng(seed))
    rows = []
    for method, options in METHODS.items():
        common = {"cells": scenario.cells, "studies": scenario.studies}
        common |= {"replicate": number, "method": method}
        try:
            fit = fit_bivariate(data, **options)
        except BackpainStatsError as error:
            rows += [{**common, "measure": name, "refused": str(error)} for name in MEASURES]
            continue
        for name in MEASURES:
            one = getattr(fit, name)
            numbers = {"estimate": one.estimate, "low": one.ci_low, "high": one.ci_high}
            boundary = bool(getattr(fit, "boundary", False))
            rows.append({**common, "measure": name, **numbers, "boundary": boundary, "refused": ""})
    return rows


def simulate(
    replicates: int,
    *,
    scenarios: Sequence[Scenario] = tuple(SCENARIOS),
    seed: int = DEFAULT_SEED,
    jobs: int = 1,
    backend: str | None = None,
) -> pd.DataFrame:
    """Return one row a scenario, replicate, method and measure.

    ``backend`` is joblib's: None for its own choice, "dask" for the dask client
    that is active.
    """
    tasks = []
    seeds = np.random.SeedSequence(seed).spawn(len(scenarios))
    for scenario, own in zip(scenarios, seeds, strict=True):
        for number, one in enumerate(own.spawn(replicates)):
            tasks.append(delayed(replicate)(scenario, number, one))
    if backend is None:
        found = Parallel(n_jobs=jobs)(tasks)
    else:
        with parallel_config(backend=backend):
            found = Parallel(n_jobs=-1)(tasks)
    return pd.DataFrame([row for rows in found for row in rows])


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, bias and width a scenario, method and measure."""
    summary = []
    keys = ["cells", "studies", "method", "measure"]
    for (cells, studies, method, measure), own in rows.groupby(keys, sort=False):
        fitted = own[own["refused"] == ""]
        true = TRUTH[str(measure)]
        covered = (fitted["low"] <= true) & (true <= fitted["high"])
        coverage = covered.mean()
        scale = logit if measure in ("sensitivity", "specificity") else np.log
        summary.append(
            {
                "cells": cells,
                "studies": studies,
                "method": method,
                "measure": measure,
                "truth": true,
                "replicates": len(own),
                "fitted": len(fitted),
                "boundary": int(fitted["boundary"].sum()),
                "coverage": coverage,
                "coverage_se": np.sqrt(coverage * (1 - coverage) / max(len(fitted), 1)),
                "bias": (scale(fitted["estimate"]) - scale(true)).mean(),
                "median_width": (scale(fitted["high"]) - scale(fitted["low"])).median(),
            }
        )
    return pd.DataFrame(summary)


def wide(summary: pd.DataFrame, value: str, text: str) -> pd.DataFrame:
    """Return one value: a row a scenario and measure, a column a method."""
    shown = summary.assign(shown=summary[value].map(text.format))
    index = ["measure", "cells", "studies"]
    table = shown.pivot_table(
        index=index, columns="method", values="shown", aggfunc="first", sort=False
    )
    return table.reset_index().sort_values("measure", kind="stable")


def findings(summary: pd.DataFrame) -> list[str]:
    """Say what came out; every word that depends on a number is computed."""
    lines = []
    for method, own in summary.groupby("method", sort=False):
        short = own[own["coverage"] < LEVEL - 2 * own["coverage_se"]]
        error = np.sqrt(LEVEL * (1 - LEVEL) / own["replicates"])
        long = own[own["coverage"] > LEVEL + 2 * error]
        worst = own.loc[own["coverage"].idxmin()]
        lines.append(
            f"* {method}: coverage {own['coverage'].min():.0%} to {own['coverage'].max():.0%}, "
            f"more than two standard errors below {LEVEL:.0%} in {len(short)} of {len(own)} "
            f"situations, above in {len(long)}; lowest for {worst['measure']} ({worst['cells']} "
            f"cells, {worst['studies']} studies). Largest bias on the logit or log scale "
            f"{own['bias'].abs().max():.2f}. Boundary fits: {int(own['boundary'].max())} of "
            f"{int(own['replicates'].max())} where they are most frequent; refused: "
            f"{int((own['replicates'] - own['fitted']).max())}."
        )
    return lines


def prior_against_truth() -> str:
    """Say where the true SDs lie in the default prior, which decides how wide the posterior is."""
    drawn = Priors().draws(2**14, seed=DEFAULT_SEED)[["sd_sensitivity", "sd_specificity"]]
    below = (drawn.to_numpy() < np.array(SDS)).mean(axis=0)
    return (
        f"The default prior expects SDs of {drawn.median().iloc[0]:.2f} and "
        f"{drawn.median().iloc[1]:.2f} (medians), learned from tests whose studies differ more: "
        f"{below[0]:.1%} and {below[1]:.1%} of it lie below the true ones. Where studies differ "
        "as little as here its intervals are wider than they need be; where they differ more "
        "than it expects they would cover less."
    )


def report(summary: pd.DataFrame, replicates: int, minutes: float) -> str:
    """Return the Markdown report."""
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / replicates)
    sizes = "; ".join(
        f"{name}: {cases // 2} to {2 * cases} cases and {noncases // 2} to {2 * noncases} "
        "non-cases a study"
        for name, (cases, noncases) in SIZES.items()
    )
    return "\n".join(
        [
            "# Bias and coverage of the bivariate model on simulated studies\n",
            f"Made by `python validation/simulate_meta.py --replicates {replicates}` in "
            f"{minutes:.1f} minutes (Python {platform.python_version()}, numpy "
            f"{np.__version__}).\n",
            f"Truth: sensitivity {SENSITIVITY}, specificity {SPECIFICITY}, between-study SDs "
            f"{SDS[0]} and {SDS[1]} (logits), correlation {CORRELATION}. {sizes}. {replicates} "
            f"meta-analyses a situation. Fits: {METHOD_NOTES}. The standard error of a coverage "
            f"of {LEVEL:.0%} is {error:.1f} percentage points. Bias is on the logit scale for "
            "proportions, on the log scale for ratios.\n",
            "## What came out\n",
            *findings(summary),
            "\nMaximum likelihood intervals treat the between-study covariance as known, which is "
            f"why they are short of their level where studies are few. {prior_against_truth()}",
            f"\n## Coverage of the {LEVEL:.0%} interval\n",
            markdown_table(wide(summary, "coverage", "{:.1%}")),
            "\n## Bias\n",
            markdown_table(wide(summary, "bias", "{:+.3f}")),
            "\n## Median width of the interval (logit or log scale)\n",
            markdown_table(wide(summary, "median_width", "{:.2f}")),
            "",
        ]
    )


@click.command()
@click.option("--replicates", default=300, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes; the result is the same.")
@click.option("--scheduler", help="Address of a dask scheduler to run on.")
def main(replicates: int, jobs: int, scheduler: str | None) -> None:
    """Run the simulation and write the two files."""
    start = time.perf_counter()
    if scheduler:
        from distributed import Client

        with Client(scheduler):
            rows = simulate(replicates, backend="dask")
    else:
        rows = simulate(replicates, jobs=jobs)
    summary = summarise(rows)
    minutes = (time.perf_counter() - start) / 60
    summary.to_csv(ROOT / "reports/simulation_meta.csv", index=False, float_format="%.6g")
    text = report(summary, replicates, minutes)
    (ROOT / "reports/simulation_meta.md").write_text(text, encoding="utf-8")
    print(f"written: reports/simulation_meta.csv and .md ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
