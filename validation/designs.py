"""Coverage of the models of several tests and of several thresholds, on simulated studies.

    python validation/designs.py [--replicates 100] [--jobs 1]

writes reports/simulation_designs.csv and .md. Studies are drawn from the models themselves. Every
replicate has a seed of its own, so that the numbers do not depend on where it runs.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special

from backpain_stats.errors import BackpainStatsError
from backpain_stats.meta.designs import (
    ComparedTests,
    FittedThresholds,
    compare_tests,
    fit_thresholds,
)
from backpain_stats.meta.designs.delta import Inference
from backpain_stats.sampling import DEFAULT_SEED

ROOT = Path(__file__).resolve().parents[1]
LEVEL, NODES = 0.95, 3
# Two tests: they differ in sensitivity and do not in specificity.
SENSITIVITIES, SPECIFICITY = (0.85, 0.75), 0.80
SDS, CORRELATION, OWN_SD = (0.7, 0.5), -0.4, 0.4
# One test by threshold, log scale: locations and scales of cases and of non-cases; between-study
# SDs of the locations (correlation 0.5) and of the common log scale.
LOCATIONS, SCALES = (3.6, 2.8), (0.5, 0.4)
LOCATION_SDS, LOCATION_CORRELATION, SCALE_SD = (0.35, 0.25), 0.5, 0.15
CUTS = (8.0, 12.0, 18.0, 27.0, 40.0, 60.0)
THRESHOLD, VALUE = 25.0, 35.0


class Scenario(NamedTuple):
    """What is drawn, what is fitted to it, and how large it is.

    Cases and non-cases of a study are uniform from half to twice ``patients``.
    """

    design: str
    fitted: str
    patients: int
    studies: int


SCENARIOS = [
    Scenario(design, fitted, patients, studies)
    for design, fitted in (
        ("tests, moving together", "common"),
        ("tests, each by itself", "arm_based"),
        ("tests, each by itself", "common"),
        ("thresholds", "common_scale"),
    )
    for patients in (20, 80)
    for studies in (5, 10, 20)
    # how tests move by themselves shows in large studies
    if (design, patients) != ("tests, each by itself", 20)
]


def draw_tests(scenario: Scenario, source: np.random.Generator) -> pd.DataFrame:
    """Draw the tables of two tests in the same patients."""
    cross = CORRELATION * SDS[0] * SDS[1]
    covariance = [[SDS[0] ** 2, cross], [cross, SDS[1] ** 2]]
    own_sd = OWN_SD if scenario.design == "tests, each by itself" else 0.0
    rows = []
    for study in range(scenario.studies):
        shared = source.multivariate_normal([0.0, 0.0], covariance)
        cases, noncases = draw_sizes(scenario, source)
        for test, sensitivity in zip("AB", SENSITIVITIES, strict=True):
            logits = (
                special.logit([sensitivity, SPECIFICITY]) + shared + own_sd * source.normal(size=2)
            )
            tp, tn = source.binomial([cases, noncases], special.expit(logits))
            rows.append((f"study {study}", test, tp, noncases - tn, cases - tp, tn))
    return pd.DataFrame(rows, columns=["study", "test", "tp", "fp", "fn", "tn"])


def draw_thresholds(scenario: Scenario, source: np.random.Generator) -> pd.DataFrame:
    """Draw the patients of studies that report one to four thresholds of those in ``CUTS``."""
    cross = LOCATION_CORRELATION * LOCATION_SDS[0] * LOCATION_SDS[1]
    covariance = [[LOCATION_SDS[0] ** 2, cross], [cross, LOCATION_SDS[1] ** 2]]
    rows = []
    for study in range(scenario.studies):
        shift = source.multivariate_normal([0.0, 0.0], covariance)
        stretch = np.exp(-SCALE_SD * source.normal())
        cases, noncases = (
            np.exp(source.logistic(location + move, scale * stretch, size))
            for location, scale, move, size in zip(
                LOCATIONS, SCALES, shift, draw_sizes(scenario, source), strict=True
            )
        )
        # the first four studies report several thresholds, so that scales can be estimated
        most = source.integers(2, 5) if study < 4 else source.integers(1, 5)
        for cut in np.sort(source.choice(CUTS, most, replace=False)):
            tp, fp = int((cases > cut).sum()), int((noncases > cut).sum())
            rows.append((f"study {study}", cut, tp, fp, len(cases) - tp, len(noncases) - fp))
    return pd.DataFrame(rows, columns=["study", "threshold", "tp", "fp", "fn", "tn"])


def draw_sizes(scenario: Scenario, source: np.random.Generator) -> tuple[int, int]:
    """Draw the numbers of cases and of non-cases of a study."""
    low, high = scenario.patients // 2, 2 * scenario.patients
    cases, noncases = source.integers(low, high, size=2, endpoint=True)
    return int(cases), int(noncases)


def tests_measured(fit: ComparedTests) -> Iterator[tuple[str, Any, float]]:
    """Yield what is estimated of two tests, and its truth."""
    point = fit.point("A")
    first, second = SENSITIVITIES
    yield "sensitivity", point.sensitivity, first
    yield "specificity", point.specificity, SPECIFICITY
    yield "LR+", point.lr_positive, first / (1 - SPECIFICITY)
    for name, measure, kind, truth in (
        ("difference of sensitivities", "sensitivity", "difference", first - second),
        ("difference of specificities", "specificity", "difference", 0.0),
        ("ratio of LR+", "lr_positive", "ratio", first / second),
        ("ratio of LR-", "lr_negative", "ratio", (1 - first) / (1 - second)),
    ):
        yield name, fit.contrast(measure, "A", "B", kind=kind).estimate, truth


def thresholds_measured(fit: FittedThresholds) -> Iterator[tuple[str, Any, float]]:
    """Yield what is estimated of a test by threshold, and its truth."""
    point = fit.point(THRESHOLD)
    z = (np.array(LOCATIONS) - np.log(THRESHOLD)) / np.array(SCALES)
    sensitivity, false_positive = special.expit(z)
    yield "sensitivity at 25", point.sensitivity, sensitivity
    yield "specificity at 25", point.specificity, 1 - false_positive
    yield "LR+ at 25", point.lr_positive, sensitivity / false_positive
    z = (np.array(LOCATIONS) - np.log(VALUE)) / np.array(SCALES)
    density = special.expit(z) * special.expit(-z) / np.array(SCALES)
    yield "LR of the value 35", fit.likelihood_ratio(VALUE), density[0] / density[1]
    grid = np.linspace(np.log(CUTS[0]), np.log(CUTS[-1]), 200_001)
    tails = [special.expit((m - grid) / s) for m, s in zip(LOCATIONS, SCALES, strict=True)]
    best = float(np.exp(grid[int(np.argmax(tails[0] - tails[1]))]))
    yield "optimal threshold", fit.optimal_threshold(), best


def fit_one(scenario: Scenario, data: pd.DataFrame) -> ComparedTests | FittedThresholds:
    """Fit what the scenario says."""
    if scenario.design == "thresholds":
        return fit_thresholds(
            data, transform="log", effects=scenario.fitted, nodes=NODES, level=LEVEL
        )
    return compare_tests(data, covariance=scenario.fitted, nodes=NODES, level=LEVEL)


def replicate(scenario: Scenario, seed: np.random.SeedSequence) -> list[dict[str, Any]]:
    """Return one row per kind of interval and measure of one simulated meta-analysis."""
    draw = draw_thresholds if scenario.design == "thresholds" else draw_tests
    common = scenario._asdict()
    try:
        fit = fit_one(scenario, draw(scenario, np.random.default_rng(seed)))
        measured = thresholds_measured if isinstance(fit, FittedThresholds) else tests_measured
        rows = []
        normal = Inference.normal(fit.inference.covariance, LEVEL)
        for name, inference in (("t", fit.inference), ("normal", normal)):
            for measure, estimate, truth in measured(replace(fit, inference=inference)):
                numbers = {
                    "truth": truth,
                    "estimate": estimate.estimate,
                    "covered": estimate.ci_low <= truth <= estimate.ci_high,
                    "no_interval": bool(np.isnan(estimate.ci_low)),
                    "boundary": fit.boundary,
                }
                rows.append({**common, "intervals": name, "measure": measure, **numbers})
    except BackpainStatsError as error:
        return [{**common, "refused": type(error).__name__}]
    if isinstance(fit, ComparedTests):
        equal = next(test for test in fit.equality if test.equal == "specificity")
        rows[0]["rejected"] = equal.p_value < 1 - LEVEL
    return [{**row, "refused": ""} for row in rows]


def simulate(
    replicates: int,
    *,
    scenarios: list[Scenario] = SCENARIOS,
    seed: int = DEFAULT_SEED,
    jobs: int = 1,
) -> pd.DataFrame:
    """Return one row per scenario, replicate, kind of interval and measure."""
    seeds = np.random.SeedSequence(seed).spawn(len(SCENARIOS))
    tasks = [
        delayed(replicate)(scenario, one)
        for scenario, own in zip(SCENARIOS, seeds, strict=True)
        for one in own.spawn(replicates)
    ]
    return pd.DataFrame([row for rows in Parallel(n_jobs=jobs)(tasks) for row in rows])


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage and median error per scenario, kind of interval and measure.

    A replicate without an interval (an optimum at an end of the range observed) is counted, and
    left out of the coverage.
    """
    keys = [*Scenario._fields, "measure"]
    summary = []
    for key, own in rows[rows["refused"] == ""].groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        for name in ("t", "normal"):
            kind = own[(own["intervals"] == name) & ~own["no_interval"].astype(bool)]
            row[f"coverage_{name}"] = float(kind["covered"].mean())
        row["replicates"], row["with_interval"] = int((own["intervals"] == "t").sum()), len(kind)
        row["median_error"] = float((own["estimate"] - own["truth"]).median())
        row["boundary"] = int(own.loc[own["intervals"] == "t", "boundary"].sum())
        summary.append(row)
    return pd.DataFrame(summary)


def rejections(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how often the test of equal specificities, which are equal, rejects."""
    own = rows.dropna(subset=["rejected"])
    share = own.groupby(list(Scenario._fields), sort=False)["rejected"].agg(["mean", "size"])
    return share.rename(columns={"mean": "rejected", "size": "tested"}).reset_index()


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a frame as a pipe table, shares in percent."""
    shares = [name for name in frame if name.startswith("coverage") or name == "rejected"]
    shown = frame.assign(**{name: frame[name].map("{:.1%}".format) for name in shares})
    if "median_error" in shown:
        shown["median_error"] = shown["median_error"].map("{:+.3f}".format)
    lines = ["| " + " | ".join(shown.columns) + " |", "|---" * shown.shape[1] + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in shown.itertuples(index=False)]
    return "\n".join(lines)


def findings(summary: pd.DataFrame, error: float) -> list[str]:
    """Say what came out; every word that depends on a number is computed."""
    lines = []
    for (design, fitted), own in summary.groupby(["design", "fitted"], sort=False):
        for name in ("t", "normal"):
            coverage = own[f"coverage_{name}"]
            worst = own.loc[coverage.idxmin()]
            short = int((coverage < LEVEL - 2 * error).sum())
            lines.append(
                f"* {design}, fitted as {fitted}, {name} intervals: {coverage.min():.1%} to "
                f"{coverage.max():.1%} covered; {int(coverage.between(0.93, 0.97).sum())} of "
                f"{len(own)} situations from 93% to 97%, {short} more than two standard errors "
                f"short of {LEVEL:.0%}; lowest: {worst['measure']}, {worst['studies']} studies of "
                f"about {worst['patients']} patients a group."
            )
    return lines


def report(rows: pd.DataFrame, replicates: int, minutes: float) -> str:
    """Return the Markdown report."""
    summary, error = summarise(rows), float(np.sqrt(LEVEL * (1 - LEVEL) / replicates))
    refused = rows[rows["refused"] != ""].groupby(list(Scenario._fields)).size()
    return "\n".join(
        [
            "# Several tests and several thresholds on simulated studies\n",
            f"Made by `python validation/designs.py --replicates {replicates}` in {minutes:.0f} "
            f"minutes (Python {platform.python_version()}, numpy {np.__version__}).\n",
            f"{replicates} meta-analyses per situation; the standard error of a coverage of "
            f"{LEVEL:.0%} is {100 * error:.1f} percentage points. Cases and non-cases of a study "
            f"are uniform from half to twice `patients`. {NODES} quadrature nodes per random "
            "effect.\n",
            f"Tests: sensitivities {SENSITIVITIES[0]} and {SENSITIVITIES[1]}, specificity "
            f"{SPECIFICITY} of both, between-study SDs {SDS[0]} and {SDS[1]} (logits), correlation "
            f"{CORRELATION}; where each moves by itself, with an SD of {OWN_SD} on top. Given the "
            "study, results of the two tests are independent.\n",
            f"Thresholds: logs of values logistic with locations {LOCATIONS} and scales {SCALES} "
            f"(cases, non-cases), between-study SDs of the locations {LOCATION_SDS} with "
            f"correlation {LOCATION_CORRELATION}, of the common log scale {SCALE_SD}; one to four "
            f"of the thresholds {CUTS}, the first four studies at least two.\n",
            "## What came out\n",
            *findings(summary, error),
            f"\nRefused or not fitted: {int(refused.sum())} of {replicates * len(SCENARIOS)}.",
            "\nOptimal thresholds at an end of the range observed have no interval: "
            "`with_interval` says how many had one.",
            f"\n## Coverage of the {LEVEL:.0%} interval\n",
            markdown_table(summary),
            "\n## Likelihood-ratio test of equal specificities, which are equal: rejected at 5%\n",
            markdown_table(rejections(rows)),
            "",
        ]
    )


@click.command()
@click.option("--replicates", default=100, show_default=True)
@click.option("--jobs", default=1, show_default=True, help="Processes; the result is the same.")
def main(replicates: int, jobs: int) -> None:
    """Run the simulation and write the two files."""
    start = time.perf_counter()
    rows = simulate(replicates, jobs=jobs)
    minutes = (time.perf_counter() - start) / 60
    path = ROOT / "reports/simulation_designs.csv"
    summarise(rows).to_csv(path, index=False, float_format="%.6g")
    text = report(rows, replicates, minutes)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    print(f"written: {path.name} and .md ({minutes:.1f} minutes)")


if __name__ == "__main__":
    main()
