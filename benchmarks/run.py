"""Time the package beside its peers: ``python benchmarks/run.py [name ...]``.

Every module ``bench_NAME.py`` beside this file has a function ``cases()`` that
returns a list of dictionaries:

``name``
    What is timed, in words, sizes included.
``callable``
    What is timed: a callable without arguments.
``peer_name``, ``peer_callable``
    Another tool or way that does the same job, and how it does it, or None.
``repeats``
    Optional: how many timed runs; 5 if it is missing.
``at_most``
    Optional: what the project promises, in times of the peer's time.

Each callable runs once untimed; the median of the timed runs is reported.
Without names all modules run and ``reports/benchmark.md`` and
``reports/benchmark.csv`` are written; with names the table is only printed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
REPORTS = HERE.parent / "reports"
PACKAGES = ("backpain-stats", "numpy", "scipy", "pandas", "statsmodels")


def median_seconds(statement: Callable[[], object], repeats: int) -> float:
    """Return the median time of ``repeats`` runs after one untimed run."""
    statement()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        statement()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def load_cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of ``bench_NAME.py``."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", HERE / f"bench_{name}.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cases()


def measure(names: list[str]) -> pd.DataFrame:
    """Time every case of the modules named, one row a case."""
    rows = []
    for name in names:
        for case in load_cases(name):
            repeats = case.get("repeats", 5)
            print(f"{name}: {case['name']}", end=" ", file=sys.stderr, flush=True)
            ours = median_seconds(case["callable"], repeats)
            peer = case.get("peer_callable")
            theirs = median_seconds(peer, min(repeats, 3)) if peer else None
            print(f"{ours:.3g} s", f"({ours / theirs:.3g})" if theirs else "", file=sys.stderr)
            rows.append(
                {
                    "part": name,
                    "job": case["name"],
                    "seconds": ours,
                    "repeats": repeats,
                    "peer": case.get("peer_name") or "",
                    "peer_seconds": theirs,
                    "times_faster": theirs / ours if theirs else None,
                    "of_the_peer": ours / theirs if theirs else None,
                    "at_most": case.get("at_most"),
                }
            )
    return pd.DataFrame(rows)


def machine() -> str:
    """Return processor, cores and versions as one line."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{model}, {os.cpu_count()} cores; {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def as_markdown(table: pd.DataFrame) -> str:
    """Return the page: machine, table, how to read it."""

    def seconds(value: float | None) -> str:
        if value is None or pd.isna(value):
            return ""
        return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"

    lines = [
        "# Benchmark",
        "",
        "Written by `make bench`. Median times; a peer does the same job on the same data, or is "
        "the unit. *Of its time* is the time in times of the peer's; *at most* is what the project "
        "promises of it.",
        "",
        f"Machine: {machine()}.",
        "",
        "| part | job | time | peer | its time | times faster | of its time | at most |",
        "|---|---|--:|---|--:|--:|--:|--:|",
    ]
    for row in table.to_dict("records"):
        ratios = " | ".join(
            "" if pd.isna(row[name]) else f"{row[name]:.3g}"
            for name in ("times_faster", "of_the_peer", "at_most")
        )
        lines.append(
            f"| {row['part']} | {row['job']} | {seconds(row['seconds'])} | {row['peer']} "
            f"| {seconds(row['peer_seconds'])} | {ratios} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Run the modules named, or all of them and write the report."""
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    unknown = [name for name in arguments if name not in known]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    table = measure(arguments or known)
    page = as_markdown(table)
    print(page)
    if not arguments:
        REPORTS.mkdir(exist_ok=True)
        (REPORTS / "benchmark.md").write_text(page, encoding="utf-8")
        table.assign(machine=machine()).to_csv(REPORTS / "benchmark.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
