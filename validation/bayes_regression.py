"""Coverage of a covariate's coefficient, by the posterior and by maximum likelihood, simulated.

    python validation/bayes_regression.py [--replicates 200] [--jobs 1]

writes reports/bayes_regression.csv and .md. Studies are drawn from the bivariate model with one
covariate, a measured one or two groups, and fitted with it. In the last situation the truth
itself is drawn from the default priors: there the posterior's intervals hold 95% if the sampler is
right, whatever the number of studies. Every replicate has a seed of its own.
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
from joblib import Parallel, delayed
from markdown_tables import markdown_table
from scipy.special import expit, logit

from backpain_stats import Priors, fit_bivariate
from backpain_stats.errors import BackpainStatsError
from backpain_stats.sampling import DEFAULT_SEED

ROOT = Path(__file__).resolve().parents[1]
MEANS = (logit(0.8), logit(0.9))
SDS, CORRELATION = (0.8, 0.6), -0.4
CASES, NONCASES = 40, 100
LEVEL = 0.95
OUTCOMES = ("sensitivity", "specificity")
METHODS: dict[str, dict[str, Any]] = {
    "exact ML": {"nodes": 7},
    "Bayes": {"inference": "bayes", "nodes": 5, "effective_size": 400},
}


class Scenario(NamedTuple):
    """The covariate, the true coefficient per SD of it (NaN: from the prior), the studies."""

    covariate: str
    slope: float
    studies: int


SCENARIOS = [
    Scenario(covariate, slope, studies)
    for covariate, slope in (
        ("measured", 0.0), ("measured", 0.5), ("two groups", 0.0), ("two groups", 0.5),
        ("measured", np.nan),
    )
    for studies in (5, 10, 20)
]  # fmt: skip


def draw_studies(
    scenario: Scenario, source: np.random.Generator
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Draw the tables of one meta-analysis, and say which coefficients are true."""
    k = scenario.studies
    x = source.normal(size=k) if scenario.covariate == "measured" else np.arange(k) % 2.0
    unit = (x - x.mean()) / x.std()
    if np.isnan(scenario.slope):
        priors = Priors()
        drawn = priors.from_standard_normal(source.standard_normal(5))
        means, sds, correlation = drawn[:2], drawn[2:4], drawn[4]
        slopes = np.array(priors.coefficient_scales) * source.standard_normal(2)
    else:
        means, sds, correlation = np.array(MEANS), np.array(SDS), CORRELATION
        slopes = scenario.slope * np.array([1.0, -1.0])
    covariance = np.outer(sds, sds) * np.array([[1, correlation], [correlation, 1]])
    effects = source.multivariate_normal([0, 0], covariance, size=k)
    chances = expit(means + np.outer(unit, slopes) + effects)
    cases, noncases = (
        source.integers(size // 2, 2 * size, size=k, endpoint=True) for size in (CASES, NONCASES)
    )
    tp, tn = source.binomial(cases, chances[:, 0]), source.binomial(noncases, chances[:, 1])
    names = [f"study {one + 1}" for one in range(k)]
    frame = pd.DataFrame({"study": names, "tp": tp, "fp": noncases - tn, "fn": cases - tp})
    first, second = slopes / x.std()
    return frame.assign(tn=tn, x=x), (float(first), float(second))


def replicate(scenario: Scenario, number: int, seed: np.random.SeedSequence) -> list[dict]:
    """Return one row a method and outcome of one simulated meta-analysis."""
    data, truth = draw_studies(scenario, np.random.default_rng(seed))
    scale, rows = data["x"].std(ddof=0), []
    for method, options in METHODS.items():
        common = {**scenario._asdict(), "replicate": number, "method": method}
        try:
            table = fit_bivariate(data, formula="~ x", **options).coefficient_table()
        except BackpainStatsError as error:
            rows += [{**common, "outcome": name, "refused": str(error)} for name in OUTCOMES]
            continue
        table = table.set_index("coefficient")
        for name, true in zip(OUTCOMES, truth, strict=True):
            # In SDs of the covariate, so that situations can be compared.
            one = scale * table.loc[f"logit_{name}:x", ["estimate", "ci_low", "ci_high"]]
            numbers = dict(zip(("estimate", "low", "high"), map(float, one), strict=True))
            refused = "" if np.isfinite(list(numbers.values())).all() else "no interval"
            rows.append(
                {**common, "outcome": name, "truth": scale * true, **numbers, "refused": refused}
            )
    return rows


def simulate(
    replicates: int,
    *,
    scenarios: Sequence[Scenario] = tuple(SCENARIOS),
    seed: int = DEFAULT_SEED,
    jobs: int = 1,
) -> pd.DataFrame:
    """Return one row a scenario, replicate, method and outcome."""
    seeds = np.random.SeedSequence(seed).spawn(len(scenarios))
    tasks = [
        delayed(replicate)(scenario, number, one)
        for scenario, own in zip(scenarios, seeds, strict=True)
        for number, one in enumerate(own.spawn(replicates))
    ]
    found = Parallel(n_jobs=jobs)(tasks)
    return pd.DataFrame([row for rows in found for row in rows])


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, bias, error and width a scenario, method and outcome."""
    summary = []
    keys = ["covariate", "slope", "studies", "outcome", "method"]
    for values, own in rows.groupby(keys, sort=False, dropna=False):
        fitted = own[own["refused"] == ""]
        change = fitted["estimate"] - fitted["truth"]
        coverage = fitted["truth"].between(fitted["low"], fitted["high"]).mean()
        summary.append(
            {
                **dict(zip(keys, values, strict=True)),
                "replicates": len(own),
                "fitted": len(fitted),
                "coverage": coverage,
                "coverage_se": np.sqrt(coverage * (1 - coverage) / max(len(fitted), 1)),
                "bias": change.mean(),
                "rms_error": np.sqrt((change**2).mean()),
                "median_width": (fitted["high"] - fitted["low"]).median(),
            }
        )
    found = pd.DataFrame(summary)
    found["slope"] = found["slope"].map(lambda one: "prior" if np.isnan(one) else f"{one:g}")
    return found


def findings(summary: pd.DataFrame) -> list[str]:
    """Say what came out; every word that depends on a number is computed."""
    lines = []
    for (drawn, method, studies), own in summary.groupby(
        [summary["slope"] == "prior", "method", "studies"], sort=True
    ):
        error = np.sqrt(LEVEL * (1 - LEVEL) / own["replicates"].min())
        short = int((own["coverage"] < LEVEL - 2 * error).sum())
        truth = "truth from the priors" if drawn else "truth fixed"
        lines.append(
            f"* {truth}, {method}, {studies} studies: coverage {own['coverage'].min():.1%} to "
            f"{own['coverage'].max():.1%} (mean {own['coverage'].mean():.1%}), {short} of "
            f"{len(own)} situations more than two standard errors short of {LEVEL:.0%}; root mean "
            f"square error {own['rms_error'].mean():.2f}, median width "
            f"{own['median_width'].mean():.2f}; not fitted "
            f"{int((own['replicates'] - own['fitted']).sum())} of {int(own['replicates'].sum())}."
        )
    return lines


def report(summary: pd.DataFrame, replicates: int, minutes: float) -> str:
    """Return the Markdown report."""
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / replicates)
    shown = summary.drop(columns=["replicates", "coverage_se"])
    shown["coverage"] = shown["coverage"].map("{:.1%}".format)
    shown["bias"] = shown["bias"].map("{:+.2f}".format)
    return "\n".join(
        [
            "# The coefficient of a covariate on simulated studies\n",
            f"Made by `python validation/bayes_regression.py --replicates {replicates}` in "
            f"{minutes:.1f} minutes (Python {platform.python_version()}, numpy "
            f"{np.__version__}).\n",
            f"Truth: mean sensitivity 0.8, specificity 0.9, between-study SDs {SDS[0]} and "
            f"{SDS[1]} (logits), correlation {CORRELATION}; the coefficient per SD of the "
            "covariate is `slope` for sensitivity and minus that for specificity. Where it says "
            "prior, means, SDs, correlation and coefficients were drawn from the default priors. "
            f"{CASES // 2} to {2 * CASES} cases and {NONCASES // 2} to {2 * NONCASES} non-cases a "
            "study. Fits: exact ML with 7 x 7 nodes and Wald intervals; Bayes with the default "
            "priors (a coefficient is Normal(0, 1) per SD), 5 x 5 nodes and at least 400 "
            f"effective draws. {replicates} meta-analyses a situation; the standard error of a "
            f"coverage of {LEVEL:.0%} is {error:.1f} percentage points. All numbers are per SD "
            "of the covariate.\n",
            "## What came out\n",
            *findings(summary),
            f"\n## Coverage of the {LEVEL:.0%} interval, bias, error and width\n",
            markdown_table(shown, "{:.2f}"),
            "",
        ]
    )


@click.command()
@click.option("--replicates", default=200, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes; the result is the same.")
def main(replicates: int, jobs: int) -> None:
    """Run the simulation and write the two files."""
    start = time.perf_counter()
    summary = summarise(simulate(replicates, jobs=jobs))
    minutes = (time.perf_counter() - start) / 60
    summary.to_csv(ROOT / "reports/bayes_regression.csv", index=False, float_format="%.6g")
    text = report(summary, replicates, minutes)
    (ROOT / "reports/bayes_regression.md").write_text(text, encoding="utf-8")
    print(f"written: reports/bayes_regression.csv and .md ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
