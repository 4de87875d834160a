"""Several studies of one flag: fits, bootstrap and large data beside R's metafor and lme4."""

from __future__ import annotations

import atexit
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backpain_stats import compare_tests, fit_bivariate
from backpain_stats.meta.after.bootstrap import bootstrap
from backpain_stats.meta.likelihood.parameters import root_from_sds

HERE = Path(__file__).resolve().parent
ORACLES = HERE.parent / "tests" / "oracles"
AUDIT_C = ORACLES / "r" / "data" / "AuditC.csv"
ASCUS = ORACLES / "designs" / "ascus.csv"
NORMAL = {"likelihood": "normal", "correction": "zero_cells"}


@cache
def _r_process() -> subprocess.Popen[str]:
    """Start R once, with its packages and the data loaded."""
    command = ["Rscript", str(HERE / "meta_peers.R"), str(AUDIT_C), str(ASCUS)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    atexit.register(process.kill)
    return process


def _r_job(name: str) -> Callable[[], object] | None:
    """Return a callable that has R do a job and waits for it, where R has the packages."""
    if shutil.which("Rscript") is None:
        return None
    probe = "stopifnot(requireNamespace('metafor'), requireNamespace('lme4'))"
    ready = subprocess.run(["Rscript", "-e", probe], capture_output=True, check=False)
    if ready.returncode:
        return None

    def run() -> None:
        process = _r_process()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("R has no pipes")
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        if process.stdout.readline().strip() != "done":
            raise RuntimeError(f"R did not finish {name}")

    return run


def simulated_studies(studies: int, seed: int = 1) -> pd.DataFrame:
    """Return studies simulated from the model, with 5 to 400 patients an arm."""
    rng = np.random.default_rng(seed)
    l11, l21, l22 = root_from_sds(1.0, 0.8, -0.4)
    b1, b2 = rng.standard_normal((2, studies))
    cases, noncases = rng.integers(5, 400, (2, studies))
    tp = rng.binomial(cases, 1 / (1 + np.exp(-1.5 - l11 * b1)))
    tn = rng.binomial(noncases, 1 / (1 + np.exp(-2.0 - l21 * b1 - l22 * b2)))
    return pd.DataFrame(
        {"study": np.arange(studies), "tp": tp, "fp": noncases - tn, "fn": cases - tp, "tn": tn}
    )


def cases() -> list[dict[str, Any]]:
    """Return what to time; see run.py."""
    audit = pd.read_csv(AUDIT_C)
    normal, exact = fit_bivariate(audit, **NORMAL), fit_bivariate(audit, nodes=9)
    thousands = {k: simulated_studies(k) for k in (1000, 2000)}
    ascus = pd.read_csv(ASCUS)
    reml, laplace, paired = _r_job("reml"), _r_job("laplace"), _r_job("paired")
    glmer = "R lme4::glmer, Laplace"
    rows: list[dict[str, Any]] = [
        {
            "name": "normal model, REML, 14 studies (AUDIT-C)",
            "callable": lambda: fit_bivariate(audit, **NORMAL),
            "peer_name": "R metafor::rma.mv, REML",
            "peer_callable": reml,
            "repeats": 51,
        },
        *(
            {
                "name": f"exact model, {label}, 14 studies (AUDIT-C)",
                "callable": lambda nodes=nodes: fit_bivariate(audit, nodes=nodes),
                "peer_name": glmer,
                "peer_callable": laplace,
                "repeats": 21,
            }
            for nodes, label in ((1, "Laplace"), (9, "9 x 9 nodes"), (None, "21 x 21 nodes"))
        ),
        *(
            {
                "name": f"two tests in the same patients, five models, {label}, 10 studies (ASCUS)",
                "callable": lambda nodes=nodes: compare_tests(ascus, nodes=nodes),
                "peer_name": f"{glmer}, four of the models",
                "peer_callable": paired,
                "repeats": 21,
            }
            for nodes, label in ((1, "Laplace"), (None, "converged nodes"))
        ),
        {
            "name": "200 bootstrap refits of the normal model (AUDIT-C)",
            "callable": lambda: bootstrap(normal, replicates=200),
        },
        {
            "name": "200 bootstrap refits of the exact model, 9 x 9 nodes (AUDIT-C)",
            "callable": lambda: bootstrap(exact, replicates=200),
        },
        {
            "name": "profile intervals of SDs and correlation, exact model (AUDIT-C)",
            "callable": exact.heterogeneity,
        },
        {
            "name": "leave-one-out influence, exact model (AUDIT-C)",
            "callable": exact.influence,
        },
        {
            "name": "posterior of the exact model, effective size 4,000 or more (AUDIT-C)",
            "callable": lambda: fit_bivariate(audit, inference="bayes", effective_size=4000),
            "repeats": 3,
        },
    ]
    rows += [
        {
            "name": f"exact model, 5 x 5 nodes, {k:,} simulated studies",
            "callable": lambda data=data: fit_bivariate(data, nodes=5),
            "repeats": 3,
        }
        for k, data in thousands.items()
    ]
    for row in rows:
        if row.get("peer_callable") is None:
            row["peer_name"] = None
    return rows
