"""Whether the interval of a risk holds in a practice that nobody studied.

    python validation/simulate_risk.py [--replicates 100] [--jobs 1]

writes reports/simulation_risk.csv and .md. One cohort is drawn in one practice; only its printed
2x2 tables (one a finding) reach the model. The risk is then asked for in another practice, whose
sensitivities, specificities and prevalence differ. The protocol was fixed before any result was
seen:

* Six findings. Their mean logits are those of SENSITIVITY and
  SPECIFICITY. In each practice every finding's logit
  sensitivity and specificity deviate from the mean, normally and independently of other
  findings, by the SDs of WORLDS.
* Dependence within either group: none; one latent factor alike in both groups; more of it among
  cases; more among non-cases; or two blocks of three findings with a factor each.
* The cohort has 13 or 200 cases and 1962 non-cases; findings of a patient are drawn jointly. Its
  figures reach the model as counts, or as sensitivity and specificity rounded to two digits
  and counted back.
* Asked for: the post-test probability of PATTERNS in a new practice, at a known pre-test
  probability of 0.5%.
* Coverage: the share of replicates whose 95% interval holds the truth. The truth of the average
  practice is the risk at the mean logits; that of a new practice is drawn anew each time.
"""

from __future__ import annotations

import itertools
import platform
import time
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit, ndtr, ndtri

from backpain_stats import Independent, OneFactor, RiskModel, Shrunken

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ("first", "second", "third", "fourth", "fifth", "sixth")
# Sensitivities 0.31 to 0.77 and specificities 0.70 to 0.98: like the flags of primary care.
SENSITIVITY = np.array([0.31, 0.77, 0.31, 0.50, 0.40, 0.60])
SPECIFICITY = np.array([0.98, 0.70, 0.90, 0.85, 0.92, 0.75])
PRETEST = 0.005
NONCASES = 1962
CASES = (13, 200)
LEVEL = 0.95
DRAWS = 1024
# Loading of each finding on its group's factors, squared: (cases, non-cases).
DEPENDENCE = {
    "none": (0.0, 0.0, False),
    "alike in both groups": (0.25, 0.25, False),
    "more among cases": (0.4, 0.1, False),
    "more among non-cases": (0.1, 0.4, False),
    "two blocks": (0.5, 0.5, True),
}
# SD of a practice's logits around the mean: (sensitivity, specificity).
WORLDS = {"practices alike": (0.0, 0.0), "practices differ": (0.5, 0.5), "much": (0.9, 0.7)}
# 1 present, 0 absent, -1 not assessed.
PATTERNS = {
    "one present": (1, -1, -1, -1, -1, -1),
    "one absent": (-1, 0, -1, -1, -1, -1),
    "two present": (1, 1, -1, -1, -1, -1),
    "two present, two absent": (1, 1, 0, 0, -1, -1),
    "four present": (1, 1, 1, 1, -1, -1),
    "six absent": (0, 0, 0, 0, 0, 0),
}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


class Analysis(NamedTuple):
    """One way to make the interval."""

    dependence: object
    effects: str


ANALYSES = {
    "default": Analysis(Shrunken(), "random"),
    "one-factor, rho 0.2, practices alike": Analysis(OneFactor(0.2, 0.2), "common"),
    "multiplying, practices alike": Analysis(Independent(), "common"),
}


def log_pattern(
    shares: np.ndarray, loading: float, blocks: bool, pattern: tuple[int, ...]
) -> float:
    """Return the log probability of a pattern under latent normal factors, by quadrature."""
    total = 0.0
    for block in (range(3), range(3, 6)) if blocks else (range(6),):
        value = np.ones(len(NODES))
        for column in block:
            if pattern[column] >= 0:
                given = ndtr(
                    (ndtri(shares[column]) + np.sqrt(loading) * NODES) / np.sqrt(1 - loading)
                )
                value = value * (given if pattern[column] else 1 - given)
        total += np.log(WEIGHTS @ value)
    return float(total)


def true_risk(logits: tuple[np.ndarray, np.ndarray], kind: str, pattern: tuple[int, ...]) -> float:
    """Return the post-test probability of a pattern in a practice."""
    cases, noncases, blocks = DEPENDENCE[kind]
    ratio = log_pattern(expit(logits[0]), cases, blocks, pattern) - log_pattern(
        expit(-logits[1]), noncases, blocks, pattern
    )
    return float(expit(np.log(PRETEST / (1 - PRETEST)) + ratio))


def patients(
    shares: np.ndarray, loading: float, blocks: bool, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how many of ``size`` patients have each finding, drawn jointly."""
    factor = rng.standard_normal((size, 2 if blocks else 1))
    own = factor[:, [0, 0, 0, 1, 1, 1]] if blocks else factor
    latent = np.sqrt(loading) * own + np.sqrt(1 - loading) * rng.standard_normal((size, 6))
    return (latent < ndtri(shares)).sum(axis=0)


def practice(world: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the logit sensitivities and specificities of one practice."""
    first, second = WORLDS[world]
    mean = [np.log(share / (1 - share)) for share in (SENSITIVITY, SPECIFICITY)]
    return (
        mean[0] + first * rng.standard_normal(6),
        mean[1] + second * rng.standard_normal(6),
    )


def cohort_frame(tp: np.ndarray, fp: np.ndarray, cases: int, rounded: bool) -> pd.DataFrame:
    """Return what the cohort prints; rounding keeps two digits of either proportion."""
    if rounded:
        tp = np.rint(np.round(tp / cases, 2) * cases).astype(int)
        fp = np.rint(np.round(fp / NONCASES, 2) * NONCASES).astype(int)
    frame = pd.DataFrame({"flag": FLAGS, "tp": tp, "fp": fp})
    return frame.assign(fn=cases - tp, tn=NONCASES - fp, cohort_id="cohort")


def replicate(
    world: str, kind: str, cases: int, rounded: bool, seed: int
) -> list[dict[str, object]]:
    """Draw a cohort and a new practice, and return every interval beside its truth."""
    rng = np.random.default_rng(seed)
    studied, new = practice(world, rng), practice(world, rng)
    mean = practice("practices alike", rng)
    among_cases, among_noncases, blocks = DEPENDENCE[kind]
    tp = patients(expit(studied[0]), among_cases, blocks, cases, rng)
    fp = patients(expit(-studied[1]), among_noncases, blocks, NONCASES, rng)
    frame = cohort_frame(tp, fp, cases, rounded)
    rows: list[dict[str, object]] = []
    for name, analysis in ANALYSES.items():
        model = RiskModel.from_frame(
            frame, PRETEST, dependence=analysis.dependence, effects=analysis.effects, draws=DRAWS
        )
        for pattern_name, pattern in PATTERNS.items():
            risk = model.risk(
                [flag for flag, state in zip(FLAGS, pattern, strict=True) if state == 1],
                [flag for flag, state in zip(FLAGS, pattern, strict=True) if state == 0],
                level=LEVEL,
            )
            for face, one, truth in (
                ("average practice", risk.posttest, true_risk(mean, kind, pattern)),
                ("new practice", risk.new_practice, true_risk(new, kind, pattern)),
            ):
                rows.append(
                    {
                        "world": world,
                        "dependence": kind,
                        "cases": cases,
                        "printed": "rounded" if rounded else "counts",
                        "analysis": name,
                        "pattern": pattern_name,
                        "practice": face,
                        "held": one.ci_low <= truth <= one.ci_high,
                        "too_low": truth > one.ci_high,
                        "width": np.log(
                            one.ci_high / (1 - one.ci_high) / (one.ci_low / (1 - one.ci_low))
                        ),
                        "error": np.log(one.estimate / (1 - one.estimate) / (truth / (1 - truth))),
                    }
                )
    return rows


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return coverage, side of the misses, median width and bias of every situation."""
    keys = ["analysis", "practice", "world", "dependence", "cases", "printed", "pattern"]
    found = rows.groupby(keys, sort=False).agg(
        coverage=("held", "mean"),
        too_low=("too_low", "mean"),
        median_width=("width", "median"),
        median_error=("error", "median"),
        replicates=("held", "size"),
    )
    return found.reset_index()


def markdown(table: pd.DataFrame, replicates: int, minutes: float) -> str:
    """Return the report."""
    lines = [
        "# Coverage of the interval of a patient's risk",
        "",
        f"Made by `python validation/simulate_risk.py --replicates {replicates}` in {minutes:.0f} "
        f"minutes (Python {platform.python_version()}, numpy {np.__version__}).",
        "",
        *(line.rstrip() for line in (__doc__ or "").split("seen:", 1)[1].strip().splitlines()),
        "",
        f"A coverage of 95% has a standard error of {100 * np.sqrt(0.95 * 0.05 / replicates):.1f} "
        "percentage points in one row and less in a mean. Width: the length of the interval on "
        "the log-odds scale; 2.3 is a factor of 10.",
        "",
        "## All worlds and patterns together",
        "",
    ]
    overall = table.groupby(["analysis", "practice"], sort=False).agg(
        mean=("coverage", "mean"), lowest=("coverage", "min"), width=("median_width", "mean")
    )
    lines += [
        "| analysis | interval for | mean coverage | lowest | mean width |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {face} | {row['mean']:.1%} | {row['lowest']:.0%} | {row['width']:.1f} |"
            for (name, face), row in overall.iterrows()
        ),
        "",
    ]
    new = table[table["practice"] == "new practice"]
    lines += ["## In a new practice, by world", ""]
    names = list(ANALYSES)
    lines += [
        "| practices | dependence | cases | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for world, kind, cases in itertools.product(WORLDS, DEPENDENCE, CASES):
        cells = []
        for name in names:
            part = new[
                (new["analysis"] == name)
                & (new["world"] == world)
                & (new["dependence"] == kind)
                & (new["cases"] == cases)
            ]
            cells.append(
                f"{part['coverage'].mean():.0%} (lowest {part['coverage'].min():.0%}, width "
                f"{part['median_width'].mean():.1f})"
            )
        lines.append(f"| {world} | {kind} | {cases} | " + " | ".join(cells) + " |")
    worst = new[new["analysis"] == "default"].nsmallest(10, "coverage")
    lines += ["", "## Where the default does worst in a new practice", ""]
    lines += [
        "| practices | dependence | cases | printed | pattern | coverage | truth above |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['world']} | {row['dependence']} | {row['cases']} | {row['printed']} | "
        f"{row['pattern']} | {row['coverage']:.0%} | {row['too_low']:.0%} |"
        for row in worst.to_dict("records")
    ]
    return "\n".join([*lines, ""])


@click.command(help="Simulate cohorts and new practices, and see whether the intervals hold.")
@click.option("--replicates", type=click.IntRange(1), default=100, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "reports")
def main(replicates: int, jobs: int, out: Path) -> None:
    """Run the study."""
    started = time.perf_counter()
    situations = list(itertools.product(WORLDS, DEPENDENCE, CASES, (False, True)))
    parts = Parallel(n_jobs=jobs)(
        delayed(replicate)(*situation, seed)
        for situation in situations
        for seed in range(replicates)
    )
    table = summarise(pd.DataFrame(itertools.chain.from_iterable(parts)))
    table.to_csv(out / "simulation_risk.csv", index=False, float_format="%.4f")
    minutes = (time.perf_counter() - started) / 60
    (out / "simulation_risk.md").write_text(markdown(table, replicates, minutes), "utf-8")


if __name__ == "__main__":
    main()
