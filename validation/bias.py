"""Coverage of the bias curves where the truth is known, on simulated studies.

    python validation/bias.py [--replicates 100]

writes reports/simulation_bias.csv and .md. Every replicate has a seed of its own.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd

import backpain_stats as bps
from backpain_stats.sampling import DEFAULT_SEED

ROOT = Path(__file__).resolve().parents[1]
SE, SP = 0.7, 0.85
COUNTS = ("tp", "fp", "fn", "tn")
Row = dict[str, object]


def main_rows(replicates: int) -> Iterator[Row]:
    """Yield one row per situation, quantity and method."""
    for patients, prevalence in ((300, 0.3), (2000, 0.02)):
        yield from _repeat(
            f"Begg and Greenes, {patients} patients, prevalence {prevalence:g}",
            lambda rng, n=patients, p=prevalence: _verification(rng, n, p),
            replicates,
        )
    for studies in (10, 20):
        yield from _repeat(
            f"selective publication, {studies} published, 50% of all",
            lambda rng, k=studies: _publication(rng, k),
            replicates,
        )
    for patients in (300, 1500):
        yield from _repeat(
            f"latent classes, 4 tests, {patients} patients",
            lambda rng, n=patients: _latent(rng, n),
            replicates,
        )
    for studies in (10, 20):
        yield from _repeat(
            f"bivariate Egger test, {studies} studies, no small-study effect",
            lambda rng, k=studies: _egger(rng, k),
            replicates,
        )


def _repeat(
    situation: str,
    once: Callable[[np.random.Generator], dict[str, bool]],
    replicates: int,
) -> Iterator[Row]:
    hits: dict[str, list[bool]] = {}
    failed = 0
    for replicate in range(replicates):
        rng = np.random.default_rng([DEFAULT_SEED, replicate])
        try:
            for name, hit in once(rng).items():
                hits.setdefault(name, []).append(bool(hit))
        except bps.BackpainStatsError:
            failed += 1
    for name, found in hits.items():
        share = float(np.mean(found))
        error = float(np.sqrt(share * (1 - share) / len(found)))
        yield {"situation": situation, "quantity": name, "share": share, "error": error,
               "replicates": len(found), "failed": failed}  # fmt: skip


def _holds(frame: pd.DataFrame, truth: dict[str, float], label: str) -> dict[str, bool]:
    rows = frame.set_index("measure")
    return {
        f"{name}, {label}": rows.loc[name, "ci_low"] <= value <= rows.loc[name, "ci_high"]
        for name, value in truth.items()
    }


TRUTH = {"sensitivity": SE, "specificity": SP, "lr_positive": SE / (1 - SP)}


def _verification(rng: np.random.Generator, patients: int, prevalence: float) -> dict[str, bool]:
    """Verify 90% of the positive and 30% of the negative results."""
    case = rng.random(patients) < prevalence
    positive = rng.random(patients) < np.where(case, SE, 1 - SP)
    seen = rng.random(patients) < np.where(positive, 0.9, 0.3)
    groups = (case & positive, ~case & positive, case & ~positive, ~case & ~positive)
    counts = [int((one & seen).sum()) for one in groups]
    table = bps.TwoByTwo(**dict(zip(COUNTS, counts, strict=True)))
    others = int((positive & ~seen).sum()), int((~positive & ~seen).sum())
    found = _holds(bps.begg_greenes(table, *others).frame, TRUTH, "posterior")
    if min(counts) > 0:
        delta = bps.begg_greenes(table, *others, interval="delta").frame
        found |= _holds(delta, TRUTH, "delta method where no cell is 0")
    naive = [getattr(table, name)().as_dict() for name in TRUTH]
    return found | _holds(pd.DataFrame(naive), TRUTH, "verified patients only")


def _publication(rng: np.random.Generator, studies: int) -> dict[str, bool]:
    """Publish half of all studies, by a probit of the t statistic with slope 1."""
    mean, k = np.array([0.8, 1.4]), 4 * studies
    root = np.array([[0.5, 0.0], [-0.15, 0.4]])
    logits = mean + rng.standard_normal((k, 2)) @ root.T
    size = rng.integers(40, 240, (k, 2))
    found = rng.binomial(size, 1 / (1 + np.exp(-logits)))
    tp, tn = found.T
    fn, fp = (size - found).T
    a, b, c, d = (one + 0.5 for one in (tp, fp, fn, tn))
    t = np.log(a * d / (b * c)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    # the constant that publishes half of very many such studies
    kept = np.flatnonzero(rng.standard_normal(k) < t - np.median(t))[:studies]
    table = pd.DataFrame({"study": kept, "tp": tp[kept], "fp": fp[kept], "fn": fn[kept],
                          "tn": tn[kept]})  # fmt: skip
    fit = bps.fit_bivariate(table, "normal", "ml", correction="zero_cells")
    truth = dict(zip(("sensitivity", "specificity"), 1 / (1 + np.exp(-mean)), strict=True))
    curve = bps.publication_bias(fit, [0.5]).frame
    return _holds(curve, truth, "selection model") | _holds(
        pd.DataFrame([fit.estimate(name).as_dict() for name in truth]), truth, "as it stands"
    )


def _latent(rng: np.random.Generator, patients: int) -> dict[str, bool]:
    sensitivity, specificity = np.array([[0.9, 0.8, 0.7, 0.85], [0.95, 0.9, 0.8, 0.85]])
    case = rng.random(patients) < 0.3
    rate = np.where(case[:, None], sensitivity, 1 - specificity)
    data = pd.DataFrame((rng.random(rate.shape) < rate).astype(int), columns=list("ABCD"))
    frame = bps.fit_latent_class(data, list("ABCD")).to_frame()
    known = frame[frame["reason_code"] == ""].set_index(["test", "measure"])
    truth = {("", "prevalence"): 0.3} | {
        (test, name): value
        for name, values in (("sensitivity", sensitivity), ("specificity", specificity))
        for test, value in zip("ABCD", values, strict=True)
    }
    return {
        f"{name} {test}".strip(): known.loc[(test, name), "ci_low"] <= value
        <= known.loc[(test, name), "ci_high"]
        for (test, name), value in truth.items()
        if (test, name) in known.index
    }  # fmt: skip


def _egger(rng: np.random.Generator, studies: int) -> dict[str, bool]:
    size = rng.integers(15, 300, (studies, 2))
    logits = rng.multivariate_normal([0.5, 1.0], [[0.16, -0.05], [-0.05, 0.16]], studies)
    found = rng.binomial(size, 1 / (1 + np.exp(-logits)))
    data = pd.DataFrame({"study": range(studies), "tp": found[:, 0], "fn": (size - found)[:, 0],
                         "tn": found[:, 1], "fp": (size - found)[:, 1]})  # fmt: skip
    p = bps.small_study_test(data, likelihood="normal", correction="zero_cells").p_value
    return {"p below 0.05": p < 0.05, "p below 0.10": p < 0.10}


def report(frame: pd.DataFrame, seconds: float) -> str:
    """Return the page: what was simulated, and every share with its error."""
    lines = [
        "# Bias curves, simulated",
        "",
        "Made by `python validation/bias.py`. Shares of 95% intervals that hold the truth, with",
        "their standard errors; for the Egger test, shares of p-values, where nothing is to be",
        "found. The truths are the models' own: verification depends on the result only, the",
        "share published is known, tests are independent given the class.",
        "",
        "| situation | quantity | share | standard error | replicates | no answer |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.situation} | {row.quantity.replace('_', ' ')} | {100 * row.share:.1f}% "
        f"| {100 * row.error:.1f}% | {row.replicates} | {row.failed} |"
        for row in frame.itertuples()
    ]
    lines += [
        "",
        f"{seconds:.0f} s, Python {platform.python_version()}, numpy {np.__version__}.",
        "",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--replicates", default=100, show_default=True)
def main(replicates: int) -> None:
    """Simulate and write the reports."""
    start = time.perf_counter()
    frame = pd.DataFrame(list(main_rows(replicates)))
    frame.to_csv(ROOT / "reports" / "simulation_bias.csv", index=False)
    page = report(frame, time.perf_counter() - start)
    (ROOT / "reports" / "simulation_bias.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
